"""What goes to and fro between the bot, Slack and the rooms: one entry for each request, whoever sent it.

An entry is written by allow-list. Of a path it holds the route that answered, as our own code writes it with its
placeholders; of a body, a header or a query nothing at all. So there is nothing to hide in it, and whoever reads it
needs to hide nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice

from aiohttp import web

MOST_KEPT = 500
"""More than a lesson with twenty participants causes, and more than anybody reads."""


class Party(StrEnum):
    """Who sends, or answers. The value of a room service is its name in the settings."""

    BOT = "bot"
    SLACK = "slack"
    LESSONSPACE = "lessonspace"
    VIDESK = "videsk"
    AGORA = "agora_whiteboard"
    LOOP = "loop"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request and what became of it."""

    sender: Party
    receiver: Party
    name: str  # what was asked, or is told, by its kind: "chat.postMessage", "launch", "user.join"
    verb: str  # of HTTP; "WebSocket" for an envelope
    path: str  # the route, with its placeholders; empty where the receiver's address is its own affair
    status: int | None  # of HTTP; None: no answer in time, or the connection was cut
    error: str | None = None  # the receiver's own word for what was wrong; None: nothing was
    fault: str | None = None  # which trouble that was switched on it met
    region: str | None = None  # which part of the world it was about, where the service asks that
    at: datetime  # machine time, when it began
    taken: timedelta


class Wire:
    """Tells whoever listens of each request, when it has ended."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Call], None]] = []

    def on_call(self, listen: Callable[[Call], None]) -> None:
        """Tell `listen` of each one from now on."""
        self._listeners.append(listen)

    def tell(self, call: Call) -> None:
        """Pass it on."""
        for listen in self._listeners:
            listen(call)


def read_route(request: web.Request) -> str:
    """The path as the route has it, without anything that stood in the address."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A request as it stands in the book."""

    number: int  # counted from 1 in the order of their ends
    call: Call
    lesson_at: datetime  # lesson time when it ended


class Book:
    """The last requests of a school. What is older than `most` of them is forgotten."""

    def __init__(self, now: Callable[[], datetime], *, most: int = MOST_KEPT) -> None:
        self._now = now
        self._entries: deque[Entry] = deque(maxlen=most)
        self.count = 0
        """How many were ever written."""

    def write(self, call: Call) -> None:
        """Add one, as of now."""
        self.count += 1
        self._entries.append(Entry(number=self.count, call=call, lesson_at=self._now()))

    def list_newest(self, party: Party | None = None, *, most: int = MOST_KEPT) -> list[Entry]:
        """Newest first; with a party only what it sent or was sent."""
        wanted = (one for one in reversed(self._entries) if party in (None, one.call.sender, one.call.receiver))
        return list(islice(wanted, most))
