"""Videsk's rooms API as a table: every call, parameter, field sent and field answered, and where it is ours.

A row of an answer is a path in JSON (`[]`: each of an array), a value as it comes, and the path in our record.
What can be said or asked for but is in no example of an answer says so in `seen`. What we leave out says why.
`test_videsk_reference.py` holds client and table to each other, in both directions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.rooms.videsk import Videsk
from bot.rooms.videsk_rooms import NewRoom, RoomChanges, RoomFilters, RoomPage, RoomRecord, RoomSettings, SortBy
from tests.bot.rooms.recorded import START
from tests.bot.rooms.test_videsk import END

AT = "2030-03-04T15:00:00.000Z"
LATER = "2030-03-04T16:30:00.000Z"
IN_NO_EXAMPLE = "in no example of an answer"


@dataclass(frozen=True, kw_only=True)
class Told:
    """One field of an answer, with a value as it comes. `ours`: where it is in the record."""

    path: str
    value: object
    ours: str
    seen: str = "the reference"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call. `ask` is ours with every wish there is, `answers` what it is answered in the test."""

    line: str
    ask: Callable[[Videsk], Awaitable[Any]]
    answers: object
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    told: tuple[Told, ...] = ()
    told_in: type | None = None


def told(path: str, value: object, ours: str, *, seen: str = "the reference") -> Told:
    return Told(path=path, value=value, ours=ours, seen=seen)


ROOM = (
    told("id", "64f1a2b3c4d5e6f7a8b9c0d1", "id"),
    told("name", "Algebra", "name"),
    told("externalId", "lesson-7", "external_id"),
    told("exp", LATER, "exp"),
    told("nbf", AT, "nbf"),
    told("authorizations[].ip", "192.0.2.1", "authorizations[].ip"),
    told("authorizations[].jti", "f47ac10b", "authorizations[].jti"),
    told("authorizations[].createdAt", AT, "authorizations[].created_at"),
    told("accessToken", "eyJ", "access_token"),
    told("ended", True, "ended", seen=IN_NO_EXAMPLE),
    told("settings.maxParticipants", 10, "settings.max_participants", seen=IN_NO_EXAMPLE),
    told("settings.recordingEnabled", True, "settings.recording_enabled", seen=IN_NO_EXAMPLE),
    told("createdAt", AT, "created_at", seen=IN_NO_EXAMPLE),
)

ONE = {"id": "64f1a2b3c4d5e6f7a8b9c0d1", "exp": LATER, "nbf": AT}

FILTERS = RoomFilters(limit=10, skip=20, ended=True, external_id="lesson-7", sort={SortBy.CREATED_AT: -1})

NEW = NewRoom(
    external_id="lesson-7",
    name="Algebra",
    nbf=START,
    exp=END,
    settings=RoomSettings(max_participants=10, recording_enabled=True),
)

CHANGES = RoomChanges(exp=END, nbf=START, ended=False, name="Algebra", generate_token=True)

CALLS: tuple[Call, ...] = (
    Call(
        line="GET /vpaas/rooms",
        ask=lambda service: service.fetch_page(FILTERS),
        answers={"total": 0, "limit": 10, "skip": 20, "data": []},
        query={"$limit": "10", "$skip": "20", "$sort[createdAt]": "-1", "ended": "true", "externalId": "lesson-7"},
        told=(
            told("total", 25, "total"),
            told("limit", 10, "limit"),
            told("skip", 20, "skip"),
            *(told(f"data[].{row.path}", row.value, f"data[].{row.ours}", seen=row.seen) for row in ROOM),
        ),
        told_in=RoomPage,
    ),
    Call(
        line="POST /vpaas/rooms",
        ask=lambda service: service.create_room(NEW),
        answers=ONE,
        body={
            "externalId": "lesson-7",
            "name": "Algebra",
            "exp": LATER,
            "nbf": AT,
            "settings": {"maxParticipants": 10, "recordingEnabled": True},
        },
        told=ROOM,
        told_in=RoomRecord,
    ),
    Call(
        line="GET /vpaas/rooms/{room}",
        ask=lambda service: service.fetch_room("{room}"),
        answers=ONE,
        told=ROOM,
        told_in=RoomRecord,
    ),
    Call(
        line="PATCH /vpaas/rooms/{room}",
        ask=lambda service: service.change_room("{room}", CHANGES),
        answers=ONE,
        body={"exp": LATER, "nbf": AT, "ended": False, "name": "Algebra", "generateToken": True},
        told=ROOM,
        told_in=RoomRecord,
    ),
    Call(
        line="POST /vpaas/rooms/{room}/join",
        ask=lambda service: service.join_room("{room}"),
        answers={"accessToken": "eyJ"},
        body={},
        told=(told("accessToken", "eyJ", ""),),
    ),
)

REFUSED_THERE = {"DELETE /vpaas/rooms/{room}": "always answers 403: a room ends by a change of it"}
"""Documented, and of no use: the client does not know them."""

SAID_IN = {RoomFilters: FILTERS, RoomSettings: NEW.settings, NewRoom: NEW, RoomChanges: CHANGES}
"""What the calls above say, of each type in which anything can be said: with nothing left out."""
