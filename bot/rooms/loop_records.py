"""What a Loop server answers, as typed records under its own field names, written as Python writes them.

They hold what was told and judge nothing: None is "not told". Instants are UTC. A room's token is all of its address's
secret, and a seat's session token opens the room: neither address nor session token shows in repr.
Fields that are not known here are kept in `extra`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from storage.records import Record

PROVIDER: Final = "Mozilla Loop"


@dataclass(frozen=True, kw_only=True)
class ContextRecord(Record):
    """A room's name as its owner's program encrypted it. We read and write none, and show those of others."""

    value: str = field(repr=False)
    alg: str
    wrapped_key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ParticipantRecord(Record):
    """Somebody who has a seat. `display_name` is what they typed, and proves nothing."""

    room_connection_id: str  # new each time they come in
    display_name: str | None = None
    owner: bool | None = None
    account: str | None = None  # of people with a Firefox Account, of which there are none any more
    extra: dict[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class RoomRecord(Record):
    """A room. What only its owner and those inside are told is None for others."""

    room_token: str
    room_url: str | None = field(default=None, repr=False)
    room_owner: str | None = None
    room_name: str | None = None
    context: ContextRecord | None = None
    max_size: int | None = None
    client_max_size: int | None = None
    creation_time: datetime | None = None
    expires_at: datetime | None = None
    ctime: datetime | None = None  # of its last change: made, changed, somebody came or went
    participants: tuple[ParticipantRecord, ...] | None = None
    extra: dict[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class DeletedRecord(Record):
    """In a list of changes: a room that was deleted."""

    room_token: str


@dataclass(frozen=True, kw_only=True)
class MadeRecord(Record):
    """The answer to making a room."""

    room_token: str
    room_url: str = field(repr=False)
    expires_at: datetime | None = None
    extra: dict[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class SeatRecord(Record):
    """The answer to joining: the way into the call. `session_token` speaks for a guest while the seat lives."""

    expires: timedelta
    session_token: str = field(repr=False)
    session_id: str | None = None
    api_key: str | None = field(default=None, repr=False)
    extra: dict[str, object] = field(default_factory=dict, repr=False)
