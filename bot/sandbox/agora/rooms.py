"""Rooms and who is in them: who may join, whom a ban puts out, and who is counted. Knows no HTTP.

A room lives for ever. Whoever holds a token for it may join under any name, as often as they like: no single use, no
beginning, and nothing is remembered of who was there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from bot.sandbox.agora.tokens import Power


class Reason(StrEnum):
    """Why somebody does not get in, or was put out."""

    BAD_TOKEN = "bad token"
    SPENT = "token is spent"
    OTHER_ROOM = "token access room forbidden"
    OTHER_APP = "unknown app identifier"
    OTHER_REGION = "no such room in this region"
    NO_ROOM = "no such room"
    NO_UID = "uid is required"
    WATCHES_ONLY = "reader is not writable"
    FULL = "room is full"
    BANNED = "roomBan"


class TurnedAway(Exception):
    """Does not get in."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Member:
    """Somebody who is inside."""

    connection: str
    uid: str
    shown_name: str
    power: Power
    joined_at: datetime

    @property
    def is_seen(self) -> bool:
        """Readers are neither listed nor counted."""
        return self.power is not Power.READER


@dataclass(kw_only=True)
class Room:
    """A board."""

    uuid: str = field(default_factory=lambda: uuid4().hex)
    region: str
    team_uuid: str
    app_uuid: str
    limit: int
    name: str | None
    created_at: datetime
    is_ban: bool = False
    members: dict[str, Member] = field(default_factory=dict)  # by connection
    put_out: set[str] = field(default_factory=set)  # connections that a ban ended

    def join(self, *, uid: str, shown_name: str, power: Power, now: datetime) -> Member:
        """Somebody comes in. TurnedAway when they cannot."""
        if self.is_ban:
            raise TurnedAway(Reason.BANNED)
        member = Member(connection=uuid4().hex, uid=uid, shown_name=shown_name, power=power, joined_at=now)
        if member.is_seen and self.limit and len(self.list_members()) >= self.limit:
            raise TurnedAway(Reason.FULL)
        self.members[member.connection] = member
        return member

    def leave(self, connection: str) -> bool:
        """False: was not inside any more."""
        return self.members.pop(connection, None) is not None

    def list_members(self) -> list[Member]:
        """Who is inside as the room's own list shows it, in the order of coming."""
        return [member for member in self.members.values() if member.is_seen]

    def set_ban(self, is_ban: bool) -> None:
        """A ban puts everybody out."""
        self.is_ban = is_ban
        if is_ban:
            self.put_out |= self.members.keys()
            self.members.clear()
