"""Tells whoever waits that something in the workspace changed, so that nobody has to look again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Changes:
    """A bell: every change rings it, and waiters look whether what they wait for has come true."""

    def __init__(self) -> None:
        self.count = 0
        """How often it has rung: whoever remembers this knows whether they missed something."""
        self._next = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    def ring(self) -> None:
        """Wake every waiter. Cheap when nobody waits."""
        self.count += 1
        self._next.set()
        self._next = asyncio.Event()
        for listener in self._listeners:
            listener()

    def on_ring(self, listener: Callable[[], None]) -> None:
        """Call this at each change from now on, at once and within it: it is to be quick, and changes nothing."""
        self._listeners.append(listener)

    async def wait_for(self, condition: Callable[[], bool], *, seconds: float) -> None:
        """Return once `condition` holds, at once if it does already; TimeoutError after `seconds`.

        The condition is asked after each change, never in between: it must depend on the workspace only.
        """
        async with asyncio.timeout(seconds):
            while True:
                upcoming = self._next  # taken before asking, so that a change during the asking is not missed
                if condition():
                    return
                await upcoming.wait()
