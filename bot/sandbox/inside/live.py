"""Tells an open page of a room what there is to see, as often as that is another, until either goes away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

LOOKS_EVERY_SECONDS = 0.2
END = "end"
"""Its words are the last that a page is told: why it is out."""


async def keep_telling(socket: web.WebSocketResponse, describe: Callable[[], Mapping[str, Any]]) -> None:
    """Until the page goes away, or what it is told has an `end`; then the socket is closed."""
    gone = asyncio.ensure_future(socket.receive())  # pages say nothing here: whatever comes is the end
    known: Mapping[str, Any] | None = None
    try:
        while not gone.done():
            told = describe()
            if told != known:
                known = told
                await socket.send_json(told)
            if END in told:
                break
            await asyncio.wait((gone,), timeout=LOOKS_EVERY_SECONDS)
    except ConnectionError:
        return  # it went away while it was told
    finally:
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        with contextlib.suppress(ConnectionError):
            await socket.close()
