"""Rooms as the server keeps them: who owns them, who sits in them, and when they go away.

Whoever comes, goes or lapses puts a room's end eight weeks off. A seat lives 300 s unless it is refreshed. One seat is
kept for the owner as long as they are not in. Things happen when time passes them: `advance` first, always.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from uuid import uuid4

SEAT_LIVES = timedelta(seconds=300)
ROOM_LIVES = timedelta(hours=1344)
DELETED_IS_TOLD = timedelta(seconds=1620)


class Errno(IntEnum):
    """The server's own numbers."""

    INVALID_TOKEN = 105
    BAD_JSON = 106
    INVALID_PARAMETERS = 107
    MISSING_PARAMETERS = 108
    INVALID_AUTH = 110
    EXPIRED = 111
    CLIENT_FULL = 121
    ROOM_FULL = 202
    NOT_INSIDE = 203
    UNDEFINED = 999


class TurnedAway(Exception):
    """No seat: why."""

    def __init__(self, errno: Errno) -> None:
        super().__init__(errno.name)
        self.errno = errno


@dataclass(kw_only=True)
class Seat:
    """Somebody inside. `who`: a Hawk id, or a guest's session token."""

    who: str
    display_name: str
    client_max_size: int
    is_owner: bool
    joined_at: datetime
    expires_at: datetime
    connection_id: str = field(default_factory=lambda: str(uuid4()))


@dataclass(kw_only=True)
class Room:
    """One room."""

    owner_id: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(8))
    fields: dict[str, object]  # roomName or context, roomOwner, channel
    max_size: int | None  # None: what was sent was no number
    created_at: datetime
    expires_at: datetime
    changed_at: datetime
    seats: dict[str, Seat] = field(default_factory=dict)

    def advance(self, now: datetime) -> None:
        """Let seats lapse that were not refreshed, each at its moment."""
        while lapsed := [seat for seat in self.seats.values() if seat.expires_at <= min(now, self.expires_at)]:
            first = min(lapsed, key=lambda seat: seat.expires_at)
            del self.seats[first.who]
            self._stir(first.expires_at)

    def change(self, fields: dict[str, object], *, now: datetime, expires_at: datetime) -> None:
        """The owner's change. Nobody is put out by it."""
        if "maxSize" in fields:
            size = fields.pop("maxSize")
            self.max_size = size if isinstance(size, int) else None
        self.fields |= fields
        self.expires_at, self.changed_at = expires_at, now

    @property
    def client_max_size(self) -> int | None:
        """What those present can show, at most what the room has."""
        if self.max_size is None:
            return None
        return min([self.max_size, *(seat.client_max_size for seat in self.seats.values())])

    def join(self, who: str, *, display_name: str, client_max_size: int, now: datetime) -> Seat:
        """A seat for 300 s; who is the same sits on another instead of their old one. Raises TurnedAway."""
        others = [seat for seat in self.seats.values() if seat.who != who]
        is_owner = who == self.owner_id
        limit = min([self.max_size or 0, *(seat.client_max_size for seat in others)])
        is_kept = not is_owner and not any(seat.is_owner for seat in others)
        if len(others) >= limit - is_kept:
            raise TurnedAway(Errno.ROOM_FULL)
        if client_max_size <= len(others):
            raise TurnedAway(Errno.CLIENT_FULL)
        self.seats[who] = Seat(
            who=who,
            display_name=display_name,
            client_max_size=client_max_size,
            is_owner=is_owner,
            joined_at=now,
            expires_at=now + SEAT_LIVES,
        )
        self._stir(now)
        return self.seats[who]

    def refresh(self, who: str, now: datetime) -> bool:
        """Keep a seat. False: there is none."""
        if who not in self.seats:
            return False
        self.seats[who].expires_at = now + SEAT_LIVES
        return True

    def leave(self, who: str, now: datetime) -> bool:
        """Give a seat up. False: there is none."""
        if self.seats.pop(who, None) is None:
            return False
        self._stir(now)
        return True

    def _stir(self, at: datetime) -> None:
        self.changed_at, self.expires_at = at, at + ROOM_LIVES


class Rooms:
    """All rooms, and those deleted a little while ago."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}
        self._deleted: list[tuple[str, str, datetime]] = []  # token, owner, when

    def advance(self, now: datetime) -> None:
        """Let pass what passed up to now."""
        for room in list(self._rooms.values()):
            room.advance(now)
            if room.expires_at <= now:
                del self._rooms[room.token]
        self._deleted = [entry for entry in self._deleted if entry[2] + DELETED_IS_TOLD > now]

    def add(self, room: Room) -> None:
        self._rooms[room.token] = room

    def find(self, token: str) -> Room | None:
        return self._rooms.get(token)

    def delete(self, room: Room, now: datetime) -> None:
        """With everybody's seats."""
        del self._rooms[room.token]
        self._deleted.append((room.token, room.owner_id, now))

    def list_all(self) -> list[Room]:
        """Every room, in the order of making."""
        return list(self._rooms.values())

    def list_of(self, owner_id: str) -> list[Room]:
        """An owner's, the oldest change first."""
        own = [room for room in self._rooms.values() if room.owner_id == owner_id]
        return sorted(own, key=lambda room: room.changed_at)

    def list_deleted(self, owner_id: str, since: datetime) -> list[str]:
        """Tokens of an owner's rooms that were deleted since then, and not too long ago."""
        return [token for token, owner, at in self._deleted if owner == owner_id and at >= since]
