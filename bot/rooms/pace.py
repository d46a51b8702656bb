"""Keeps our requests to a provider's pace, so that one 429 holds everybody back instead of each finding out alone.

A `Pace` is shared by all calls that the provider counts together. It knows nothing about HTTP: the door asks it for a
turn before each try and tells it when the provider asked for silence. First come, first served.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.errors import RoomServiceBusy


class Pace:
    """At most `per_second` turns a second, evenly spaced; None: no rate, but `hold` still stops everybody.

    A turn further away than `longest_wait` is refused at once: the caller has something better to do than to stand in
    a queue, and every wait has a limit. `monotonic` and `sleep` are handed in so that a test needs no time.
    """

    def __init__(
        self,
        provider: str,
        *,
        per_second: float | None,
        longest_wait: timedelta = timedelta(seconds=10),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._provider = provider
        self._interval = 1 / per_second if per_second else 0.0
        self._longest_wait = longest_wait
        self._monotonic = monotonic
        self._sleep = sleep
        self._free_at = float("-inf")
        self._waiting_count = 0
        self._queue = asyncio.Lock()

    async def wait_turn(self) -> None:
        """Return when it is the caller's turn. RoomServiceBusy when that would take longer than allowed."""
        self._refuse_long(max(0.0, self._free_at - self._monotonic()) + self._waiting_count * self._interval)
        self._waiting_count += 1
        try:
            async with self._queue:
                # Looked at again after each sleep: somebody may have been told to hold meanwhile.
                while (left := self._free_at - self._monotonic()) > 0:
                    self._refuse_long(left)
                    await self._sleep(left)
                self._free_at = self._monotonic() + self._interval
        finally:
            self._waiting_count -= 1

    def hold(self, duration: timedelta) -> None:
        """Let nobody through for `duration` from now; a longer hold that is already there stays."""
        self._free_at = max(self._free_at, self._monotonic() + duration.total_seconds())

    def _refuse_long(self, seconds: float) -> None:
        if seconds > self._longest_wait.total_seconds():
            raise RoomServiceBusy(self._provider, retry_after=timedelta(seconds=seconds))
