"""Reads a Loop server's answers into records, and its refusals into errors that say why. Pure.

`sessionToken` and `apiKey` belong to OpenTok, whose calls are none of ours. A participant without a connection id is
nonsense and not left out: who is missing from a list would be taken for gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from bot.errors import RoomServiceError, RoomServiceRefused
from bot.rooms.addresses import is_loopback, is_safe_link
from bot.rooms.answers import Fields, list_entries, read_fields
from bot.rooms.http import Answer, Refusal
from bot.rooms.loop_records import (
    PROVIDER,
    ContextRecord,
    DeletedRecord,
    MadeRecord,
    ParticipantRecord,
    RoomRecord,
    SeatRecord,
)

T = TypeVar("T")

INVALID_TOKEN, INVALID_AUTH, EXPIRED = 105, 110, 111
CLIENT_FULL, ROOM_FULL, NOT_INSIDE = 121, 202, 203

_REASONS = {
    INVALID_TOKEN: "there is no such room",
    EXPIRED: "the seat has lapsed",
    CLIENT_FULL: "more are in the room than this participant can show",
    ROOM_FULL: "the room is full",
    NOT_INSIDE: "not in this room",
}


class LoopRefused(RoomServiceRefused):
    """4xx, with the server's own number for why; None: it told none. Holds nothing else of the answer that is theirs.

    `challenge`: what a 401 asks for. `told`: the names at the top of its answer.
    """

    def __init__(self, detail: str, *, status: int, errno: int | None, challenge: str, told: frozenset[str]) -> None:
        super().__init__(PROVIDER, detail, status=status)
        self.errno = errno
        self.challenge = challenge
        self.told = told

    @property
    def is_about_no_room(self) -> bool:
        """There is no such room, or not any more; another 404 means that the server's address is wrong."""
        return self.status == 404 and self.errno == INVALID_TOKEN

    @property
    def is_about_another_s_room(self) -> bool:
        """It belongs to another identity: to one of ours that is lost, where it was ours."""
        return self.status == 403


def explain(refusal: Refusal) -> RoomServiceError:
    """The error for a refusal. `error` in the answer is text, an object or missing, and is not looked at."""
    body: Mapping[str, object] = refusal.body if isinstance(refusal.body, dict) else {}
    errno = body.get("errno")
    number = errno if isinstance(errno, int) and not isinstance(errno, bool) else None
    reason = _REASONS.get(number or 0) if refusal.status != 401 else None
    return LoopRefused(
        f"{refusal.what}: {reason}" if reason else refusal.detail,
        status=refusal.status,
        errno=number,
        challenge=refusal.headers.get("www-authenticate", ""),
        told=frozenset(body),
    )


def build_no_room() -> LoopRefused:
    """As the server refuses what it is asked of a room that is gone."""
    return LoopRefused(
        f"room: {_REASONS[INVALID_TOKEN]}", status=404, errno=INVALID_TOKEN, challenge="", told=frozenset()
    )


def parse_made(answer: Answer, *, origin: str) -> MadeRecord:
    """A new room's token and address. RoomServiceNonsense when one is missing, or leads where nobody can go."""
    found = read_fields(answer.body, provider=PROVIDER, what="room")
    return MadeRecord(
        room_token=found.get_text("roomToken"),
        room_url=parse_address(found, origin=origin),
        expires_at=_find_instant(found, "expiresAt"),
        extra=found.keep_rest(MadeRecord, spell=name_field),
    )


def parse_address(found: Fields, *, origin: str) -> str:
    """`roomUrl`, where others can follow it. A server that was never told its own address gives one on `localhost`."""
    url = found.get_text("roomUrl")
    if not is_safe_link(url):
        raise found.complain("roomUrl", "is not an https address")
    if is_loopback(urlsplit(url).hostname or "") and not is_loopback(urlsplit(origin).hostname or ""):
        raise found.complain("roomUrl", "leads to the server's own machine; set its webAppUrl")
    return url


def parse_room(found: Fields) -> RoomRecord:
    """One room, as much of it as the caller is told. RoomServiceNonsense when it does not say which."""
    context = found.find_fields("context")
    told = found.values.get("participants")
    return RoomRecord(
        room_token=found.get_text("roomToken"),
        room_url=found.find_text("roomUrl"),
        room_owner=found.find_text("roomOwner"),
        room_name=found.find_text("roomName"),
        context=_parse_context(context) if context else None,
        max_size=found.find_count("maxSize"),
        client_max_size=found.find_count("clientMaxSize"),
        creation_time=_find_instant(found, "creationTime"),
        expires_at=_find_instant(found, "expiresAt"),
        ctime=_find_instant(found, "ctime"),
        participants=None if told is None else tuple(map(_parse_participant, found.list_fields("participants"))),
        extra=found.keep_rest(RoomRecord, spell=name_field),
    )


def parse_rooms(answer: Answer) -> list[RoomRecord | DeletedRecord]:
    """A list of rooms, in the server's order: the oldest change first."""
    return [
        DeletedRecord(room_token=entry.get_text("roomToken")) if entry.find_flag("deleted") else parse_room(entry)
        for entry in list_entries(answer.body, provider=PROVIDER, what="rooms")
    ]


def parse_expiry(answer: Answer) -> datetime | None:
    """When the room goes away after it was changed, as the server says."""
    return _find_instant(read_fields(answer.body, provider=PROVIDER, what="room"), "expiresAt")


def parse_seat(answer: Answer) -> SeatRecord:
    """A seat that was taken. RoomServiceNonsense when it cannot be kept or left."""
    found = read_fields(answer.body, provider=PROVIDER, what="join")
    return SeatRecord(
        session_token=found.get_text("sessionToken"),
        expires=parse_lifetime(found),
        session_id=found.find_text("sessionId"),
        api_key=found.find_id("apiKey"),
        extra=found.keep_rest(SeatRecord, spell=name_field),
    )


def parse_lifetime(found: Fields) -> timedelta:
    """How long a seat lives without a refresh."""
    seconds = found.find_count("expires")
    if seconds is None:
        raise found.complain("expires", "is not a number of seconds")
    return _read_number(found, "expires", lambda: timedelta(seconds=seconds))


def parse_deletions(answer: Answer) -> dict[str, int]:
    """What became of each room, as an HTTP status by token."""
    found = read_fields(answer.body, provider=PROVIDER, what="rooms").find_fields("responses")
    if found is None:
        raise read_fields(answer.body, provider=PROVIDER, what="rooms").complain("responses", "is missing")
    statuses: dict[str, int] = {}
    for token in found.values:
        each = found.find_fields(token)
        code = each.find_count("code") if each else None
        if code is None:
            # By its place and not by its name: a token is the secret of a room's address.
            raise Fields(provider=PROVIDER, values={}, path=f"responses[{len(statuses)}]").complain(
                "code", "is missing"
            )
        statuses[token] = code
    return statuses


def _parse_participant(found: Fields) -> ParticipantRecord:
    return ParticipantRecord(
        room_connection_id=found.get_text("roomConnectionId"),
        display_name=found.find_text("displayName"),
        owner=found.find_flag("owner"),
        account=found.find_text("account"),
        extra=found.keep_rest(ParticipantRecord, spell=name_field),
    )


def _parse_context(found: Fields) -> ContextRecord:
    return ContextRecord(
        value=found.get_text("value"), alg=found.get_text("alg"), wrapped_key=found.get_text("wrappedKey")
    )


def _find_instant(found: Fields, name: str) -> datetime | None:
    """From seconds since 1970; None where it is not told or no number."""
    seconds = found.find_count(name)
    return None if seconds is None else _read_number(found, name, lambda: datetime.fromtimestamp(seconds, UTC))


def _read_number(found: Fields, name: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (OverflowError, ValueError, OSError) as error:
        raise found.complain(name, "is out of all bounds") from error


def name_field(name: str) -> str:
    """As the server writes a field of ours: `room_token` is `roomToken`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
