"""One person erased at the room services that know them: each asked, and of each said what it could and could not do.

A service knows somebody from their first way in on, by an id of its own or by ours. All are asked that do, also where
they can erase nobody: whoever looks after a school must know where else to ask. Where one that could does not answer,
nothing is said to be done at all, and nothing here may be erased before it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from bot.assembly import open_each_service
from bot.errors import RoomServiceError
from bot.rooms.base import RoomService
from bot.settings import Settings
from storage.errors import HallpassError

MEND = "nothing was erased here; try again later, or leave the room services out with --only-here"


class NotErased(HallpassError):
    """A room service that knows them could not be asked."""


class Outcome(Enum):
    """What a service made of it."""

    ERASED = "erased"
    NOT_KNOWN = "not known"  # it could, and has no such user (any more)
    NOT_POSSIBLE = "not possible"  # it has no way to erase one person
    NOT_THERE = "not there"  # it is not set up here any more


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One service that knew them."""

    shown_name: str
    outcome: Outcome
    user_count: int = 0  # erased there


async def erase_everywhere(settings: Settings, provider_ids: Sequence[tuple[str, str]]) -> list[Asked]:
    """Ask each service of `provider_ids` (its name, and its id of them). Asked again, nothing more is erased.

    Raises NotErased.
    """
    if not provider_ids:
        return []
    ids: dict[str, list[str]] = {}
    for name, provider_user_id in provider_ids:
        ids.setdefault(name, []).append(provider_user_id)
    async with open_each_service(settings) as (services, unusable):
        for one in unusable:
            if one.name in ids:
                raise NotErased(f"room service {one.name} {one.what}: {one.mend}; {MEND}")
        usable = {service.name: service for service in services}
        return [
            await _erase(usable[name], own) if name in usable else Asked(shown_name=name, outcome=Outcome.NOT_THERE)
            for name, own in ids.items()
        ]


async def _erase(service: RoomService, provider_user_ids: Sequence[str]) -> Asked:
    try:
        done = [await service.forget_person(one) for one in provider_user_ids]
    except RoomServiceError as error:
        raise NotErased(f"{service.shown_name}: {error.detail}: {MEND}") from error
    if any(done):
        return Asked(shown_name=service.shown_name, outcome=Outcome.ERASED, user_count=sum(done))
    outcome = Outcome.NOT_KNOWN if service.capabilities.forgetting else Outcome.NOT_POSSIBLE
    return Asked(shown_name=service.shown_name, outcome=outcome)


def tell_erased(asked: Sequence[Asked]) -> Iterator[str]:
    """What was done there, as lines."""
    for one in asked:
        match one.outcome:
            case Outcome.ERASED:
                yield f"Forgotten at {one.shown_name}:"
                yield "  their user was deleted" if one.user_count == 1 else f"  {one.user_count} users were deleted"
            case Outcome.NOT_KNOWN:
                yield f"Nothing to forget at {one.shown_name}:"
                yield "  it knows no such user"
            case Outcome.NOT_POSSIBLE:
                yield f"Not forgotten at {one.shown_name}:"
                yield "  it has no way to erase one person"
            case Outcome.NOT_THERE:
                yield f"Not forgotten at {one.shown_name}:"
                yield "  it was not asked, for it is not set up here any more"


def list_kept(asked: Sequence[Asked]) -> Iterator[str]:
    """What is still there, and what to do about it."""
    for one in asked:
        match one.outcome:
            case Outcome.ERASED | Outcome.NOT_KNOWN:
                yield f"at {one.shown_name}: recordings, transcripts, and their name in sessions that were held"
            case Outcome.NOT_POSSIBLE:
                yield f"at {one.shown_name}: whatever it keeps of those who were in its rooms; only {one.shown_name}"
                yield "  itself can erase that"
            case Outcome.NOT_THERE:
                yield f"at {one.shown_name}: all of it; set it up again and repeat this command, or ask whoever runs it"
