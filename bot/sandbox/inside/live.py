"""Tells open pages of rooms what there is to see, as often as that is another, until either goes away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.clock import MovableClock

LOOKS_EVERY_SECONDS = 0.2
END = "end"
"""Its words are the last that a page is told: why it is out."""


class LivePages:
    """Those of one stand-in. When lesson time is moved by hand, all of them are told at once."""

    def __init__(self, clock: Clock) -> None:
        self._bells: set[asyncio.Event] = set()
        if isinstance(clock, MovableClock):
            clock.on_move(self._ring)

    async def keep_telling(self, socket: web.WebSocketResponse, describe: Callable[[], Mapping[str, Any]]) -> None:
        """Until the page goes away, or what it is told has an `end`; then the socket is closed."""
        bell = asyncio.Event()
        self._bells.add(bell)
        gone = asyncio.ensure_future(socket.receive())  # pages say nothing here: whatever comes is the end
        try:
            with contextlib.suppress(ConnectionError):  # it went away while it was told
                await _tell(socket, describe, gone, bell)
        finally:
            self._bells.discard(bell)
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
            with contextlib.suppress(ConnectionError):
                await socket.close()

    def _ring(self) -> None:
        for bell in self._bells:
            bell.set()


async def _tell(
    socket: web.WebSocketResponse,
    describe: Callable[[], Mapping[str, Any]],
    gone: asyncio.Future[Any],
    bell: asyncio.Event,
) -> None:
    known: Mapping[str, Any] | None = None
    while not gone.done():
        bell.clear()
        told = describe()
        if told != known:
            known = told
            await socket.send_json(told)
        if END in told:
            return
        moved = asyncio.ensure_future(bell.wait())
        try:
            await asyncio.wait((gone, moved), timeout=LOOKS_EVERY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            moved.cancel()
