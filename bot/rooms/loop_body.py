"""What is said to a Loop server of a room, and in whose name. Pure.

`expiresIn` goes with every change: left out, the server puts the room's end eight weeks off. It is whole hours, cut
down by the server, so it is rounded up here; and it is no promise, since whoever comes or goes puts it off as well.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bot.rooms.base import LaunchRequest

LARGEST_ROOM = 5
"""Seats that a server allows, ours among them."""
MOST_GUESTS = LARGEST_ROOM - 1
"""One seat is kept for the owner, who is us and never comes."""
LONGEST_NAME = 100
"""As JavaScript counts: in UTF-16's units."""
LONGEST_LIFE = timedelta(hours=1344)
"""Eight weeks."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """In whose name a room is spoken to: its owner's, a guest's who has a seat, or nobody's."""

    is_owner: bool = False
    session_token: str | None = field(default=None, repr=False)  # of a guest's seat

    def build_headers(self) -> dict[str, str]:
        """A guest's: the token as user, no password. An owner's are signed for each request, elsewhere."""
        if self.session_token is None:
            return {}
        return {"Authorization": f"Basic {base64.b64encode(f'{self.session_token}:'.encode()).decode('ascii')}"}


OWNER: Final = Caller(is_owner=True)
NOBODY: Final = Caller()


@dataclass(frozen=True, kw_only=True)
class Context:
    """A room's name and more, encrypted by whoever made it. Hallpass sends a plain name instead."""

    value: str = field(repr=False)
    alg: str
    wrapped_key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A room as it should be. Exactly one of `name` and `context`."""

    name: str | None = None
    context: Context | None = None
    owner: str  # as people are shown whose room it is
    max_size: int
    closes_at: datetime
    channel: str | None = None  # the server's own grouping of rooms; None: its "default"

    def build_body(self, now: datetime) -> dict[str, object]:
        """As `POST` and `PATCH` take it. ValueError with both or none of name and context: the server refuses both."""
        if (self.name is None) == (self.context is None):
            raise ValueError("a room has a name or a context")
        body: dict[str, object] = {
            "roomOwner": self.owner,
            "maxSize": self.max_size,
            "expiresIn": count_hours(self.closes_at, now=now),
        }
        if self.name is not None:
            body["roomName"] = cut_name(self.name)
        if self.context is not None:
            context = self.context
            body["context"] = {"value": context.value, "alg": context.alg, "wrappedKey": context.wrapped_key}
        return body if self.channel is None else body | {"channel": self.channel}


@dataclass(frozen=True, kw_only=True)
class CallStatus:
    """What a participant's browser tells of its call."""

    event: str
    state: str
    connections: int
    send_streams: int
    recv_streams: int

    def build_body(self) -> dict[str, object]:
        """With its action."""
        return {
            "action": "status",
            "event": self.event,
            "state": self.state,
            "connections": self.connections,
            "sendStreams": self.send_streams,
            "recvStreams": self.recv_streams,
        }


def build_wanted(request: LaunchRequest) -> Wanted:
    """The room of a launch, as large as can be: a browser that crashed keeps its seat for five minutes.

    The owner's name carries the end of our own name for the room, so that a room whose making was never answered is
    found again; a title alone is not ours alone.
    """
    return Wanted(
        name=request.room_name,
        owner=f"Hallpass {request.launch_id[-8:]}",
        max_size=LARGEST_ROOM,
        closes_at=request.room_closes_at or request.closes_at,
    )


def count_hours(closes_at: datetime, *, now: datetime) -> int:
    """Hours from now, rounded up: 1 at least, since a room of none is gone at once, and at most what is allowed."""
    hour = timedelta(hours=1)
    return min(LONGEST_LIFE // hour, max(1, -(-(closes_at - now) // hour)))


def cut_name(name: str) -> str:
    """As much of it as the server takes, no letter halved."""
    return name.encode("utf-16-le")[: 2 * LONGEST_NAME].decode("utf-16-le", errors="ignore")
