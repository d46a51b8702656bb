"""What goes to and fro between the bot, Slack and the rooms: one entry for each request, whoever sent it.

An entry is written by allow-list. Of a path it holds the route that answered, as our own code writes it with its
placeholders; of a body, a header or a query nothing at all. So there is nothing to hide in it, and whoever reads it
needs to hide nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from aiohttp import web


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
    path: str  # the route, with its placeholders; empty for an envelope
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
