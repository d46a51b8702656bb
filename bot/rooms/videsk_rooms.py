"""Videsk's rooms: what may be said of one, which of them a list has, and what is answered. Pure.

What Videsk says nothing about and what would do harm is refused here, before it is sent: an end in the past, more than
72 hours of access, a name that is too long. An answer without id or window is an error and not half a room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.errors import RoomServiceRefused
from bot.rooms.answers import Fields, parse_moment, read_fields
from bot.rooms.http import Answer
from storage.records import Record

PROVIDER: Final = "Videsk"

LONGEST_ACCESS = timedelta(hours=72)
"""From a room's `nbf` to its `exp`. Their introduction alone says so, and not from where it counts; its own example, a
room booked years ahead, speaks for this."""

LONGEST_EXTERNAL_ID = 100
LONGEST_NAME = 500
LARGEST_PAGE = 100


class SortBy(StrEnum):
    """What a list can be sorted by, of the fields that an answer shows or that the default sorts by."""

    CREATED_AT = "createdAt"
    NAME = "name"
    NBF = "nbf"
    EXP = "exp"


@dataclass(frozen=True, kw_only=True)
class RoomFilters(Record):
    """Which rooms. None: as the service has it by itself."""

    limit: int | None = None  # 1 to 100; by itself 10
    skip: int | None = None
    ended: bool | None = None  # by itself False: rooms that have ended are in no list unless asked for
    external_id: str | None = None
    sort: Mapping[SortBy, int] | None = None  # 1 upward, -1 downward; by itself the newest first

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.limit is not None and not 1 <= self.limit <= LARGEST_PAGE:
            raise ValueError(f"a page has 1 to {LARGEST_PAGE} rooms")
        if self.skip is not None and self.skip < 0:
            raise ValueError("a list begins at 0")
        if any(direction not in (1, -1) for direction in (self.sort or {}).values()):
            raise ValueError("a list is sorted upward (1) or downward (-1)")

    def build_query(self) -> dict[str, str | list[str]]:
        """As the API reads it."""
        query: dict[str, str | list[str]] = {}
        if self.limit is not None:
            query["$limit"] = str(self.limit)
        if self.skip is not None:
            query["$skip"] = str(self.skip)
        # How a sorting is written in an address is not documented, only that it is an object: this is how their
        # framework reads one. A spelling that they refuse would cost the list, so without a wish none is sent.
        query |= {f"$sort[{name}]": str(direction) for name, direction in (self.sort or {}).items()}
        if self.ended is not None:
            query["ended"] = str(self.ended).lower()
        if self.external_id is not None:
            query["externalId"] = self.external_id
        return query


@dataclass(frozen=True, kw_only=True)
class RoomSettings(Record):
    """A room's settings, as far as an example of theirs shows any. They are said once, when it is made. None: not said,
    or not told."""

    max_participants: int | None = None
    recording_enabled: bool | None = None

    def build_body(self) -> dict[str, object]:
        """As the API reads it."""
        told = {"maxParticipants": self.max_participants, "recordingEnabled": self.recording_enabled}
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class NewRoom(Record):
    """A room to be made. None: as the service has it by itself."""

    external_id: str  # always ours: else a lost answer would leave a room that nobody finds again
    name: str | None = None
    nbf: datetime | None = None  # by itself now
    exp: datetime | None = None  # by itself three hours later
    settings: RoomSettings | None = None

    def build_body(self, *, now: datetime) -> dict[str, object]:
        """As the API reads it. RoomServiceRefused when it could not be meant."""
        if not 1 <= len(self.external_id) <= LONGEST_EXTERNAL_ID:
            raise RoomServiceRefused(PROVIDER, f"room: its own id has 1 to {LONGEST_EXTERNAL_ID} characters")
        check_window(self.nbf or now, self.exp, now=now)
        settings = self.settings.build_body() if self.settings else None
        said = {"externalId": self.external_id, **_build_common(self.name, self.nbf, self.exp), "settings": settings}
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class RoomChanges(Record):
    """What is to be changed of a room that has not ended. None: left alone."""

    exp: datetime | None = None
    nbf: datetime | None = None
    ended: bool | None = None  # True: everybody is put out, for good
    name: str | None = None
    generate_token: bool | None = None

    def build_body(self, *, now: datetime) -> dict[str, object]:
        """As the API reads it. RoomServiceRefused when it could not be meant."""
        check_window(self.nbf, self.exp, now=now)
        said = {
            **_build_common(self.name, self.nbf, self.exp),
            "ended": self.ended,
            "generateToken": self.generate_token,
        }
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Authorization(Record):
    """An attempt to come in that was let through: when, from where, by which token. Never who: no token has a name."""

    jti: str
    created_at: datetime
    ip: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class RoomRecord(Record):
    """One room as it is answered. None: not told."""

    id: str
    nbf: datetime
    exp: datetime
    external_id: str | None = None
    name: str | None = None
    authorizations: tuple[Authorization, ...] = ()
    access_token: str | None = field(default=None, repr=False)  # where one was asked for
    ended: bool | None = None  # can be said and asked for; in no example of an answer, like the next two
    settings: RoomSettings | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RoomPage(Record):
    """One page of a list."""

    total: int  # of all that the filters find
    limit: int
    skip: int
    data: tuple[RoomRecord, ...]


def check_window(nbf: datetime | None, exp: datetime | None, *, now: datetime) -> None:
    """RoomServiceRefused for an end in the past, before the beginning, or more than 72 hours after it."""
    if exp is None:
        return
    if exp <= now:
        raise RoomServiceRefused(PROVIDER, "room: its end would be in the past")
    if nbf is not None and exp <= nbf:
        raise RoomServiceRefused(PROVIDER, "room: it would end before it begins")
    if nbf is not None and exp - nbf > LONGEST_ACCESS:
        raise RoomServiceRefused(PROVIDER, "room: it can be open for 72 hours at most")


def parse_room(found: Fields) -> RoomRecord:
    """One room. RoomServiceNonsense naming the field where id or window are not what they should be."""
    settings, created_at = found.find_fields("settings"), found.find_text("createdAt")
    has_authorizations = found.values.get("authorizations") is not None
    return RoomRecord(
        id=found.get_text("id"),
        nbf=found.get_moment("nbf"),
        exp=found.get_moment("exp"),
        external_id=found.find_text("externalId"),
        name=found.find_text("name"),
        authorizations=tuple(map(_parse_authorization, found.list_fields("authorizations")))
        if has_authorizations
        else (),
        access_token=found.find_text("accessToken"),
        ended=found.find_flag("ended"),
        settings=RoomSettings(
            max_participants=settings.find_count("maxParticipants"),
            recording_enabled=settings.find_flag("recordingEnabled"),
        )
        if settings
        else None,
        created_at=parse_moment(created_at) if created_at else None,
    )


def parse_room_answer(answer: Answer) -> RoomRecord:
    """The room of an answer that is one."""
    return parse_room(read_fields(answer.body, provider=PROVIDER, what="room"))


def parse_page(answer: Answer) -> RoomPage:
    """One page. RoomServiceNonsense where it cannot be told how much there is."""
    found = read_fields(answer.body, provider=PROVIDER, what="rooms")
    counts = {name: found.find_count(name) for name in ("total", "limit", "skip")}
    for name, count in counts.items():
        if count is None:
            raise found.complain(name, "is not a whole number")
    return RoomPage(
        data=tuple(map(parse_room, found.list_fields("data"))),
        **{name: count for name, count in counts.items() if count is not None},
    )


def parse_join(answer: Answer) -> str:
    """The token of whoever comes in next."""
    return read_fields(answer.body, provider=PROVIDER, what="join").get_text("accessToken")


def format_moment(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and Z, as all of theirs are."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _build_common(name: str | None, nbf: datetime | None, exp: datetime | None) -> dict[str, object]:
    if name is not None and not 1 <= len(name) <= LONGEST_NAME:
        raise RoomServiceRefused(PROVIDER, f"room: its name has 1 to {LONGEST_NAME} characters")
    return {"name": name, "nbf": format_moment(nbf) if nbf else None, "exp": format_moment(exp) if exp else None}


def _parse_authorization(found: Fields) -> Authorization:
    return Authorization(jti=found.get_text("jti"), created_at=found.get_moment("createdAt"), ip=found.find_text("ip"))
