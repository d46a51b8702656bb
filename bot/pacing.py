"""How fast we may call somebody: a token bucket, one gate a method, and a turnstile. Floor 2; no network, no settings.

A bucket spaces calls out before anybody complains; a gate is shut by a complaint (429) for as long as it asks for.
Both run on a monotonic clock, so that a machine's clock set back by an hour stops nothing.
Neither decides what happens to whom is turned away: they raise or answer, the caller judges.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta


class Turnstile:
    """Lets one task through each time the event loop comes round.

    Thirty answers that arrive together wake thirty tasks together, and nobody else gets a word in until the last of
    them has drawn its message. Those who pass one by one leave room between them for somebody who waits for an answer.
    """

    def __init__(self) -> None:
        self._queue = asyncio.Lock()

    async def go_through(self) -> None:
        """Return when it is our turn: first come, first served."""
        async with self._queue:
            await asyncio.sleep(0)


class Bucket:
    """So many turns a second, with a burst saved up. First come, first served."""

    def __init__(
        self,
        *,
        per_second: float,
        burst: int,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`per_second` must be above 0; `burst` at least 1."""
        if per_second <= 0 or burst < 1:
            raise ValueError("a bucket needs a rate above 0 and a burst of at least 1")
        self._per_second = per_second
        self._burst = burst
        self._monotonic = monotonic
        self._sleep = sleep
        self._saved = float(burst)
        self._counted_at = monotonic()
        # asyncio.Lock wakes its waiters in the order in which they came, and a cancelled one takes nothing with it.
        self._queue = asyncio.Lock()

    async def take(self, *, check: Callable[[], None] | None = None) -> None:
        """Return when it is our turn. `check` is called whenever we are about to go; if it raises, nothing is taken."""
        async with self._queue:
            while True:
                if check is not None:
                    check()
                self._save_up()
                if self._saved >= 1:
                    self._saved -= 1
                    return
                # A hair more than is missing: rounding must not make us ask twice.
                await self._sleep((1 - self._saved) / self._per_second + 1e-6)

    def has_turn(self) -> bool:
        """Would `take` return at once?"""
        self._save_up()
        return self._saved >= 1 and not self._queue.locked()

    def give_back(self) -> None:
        """A turn that was taken and not used."""
        self._saved = min(self._burst, self._saved + 1)

    def _save_up(self) -> None:
        now = self._monotonic()
        self._saved = min(self._burst, self._saved + (now - self._counted_at) * self._per_second)
        self._counted_at = now


class Gates:
    """One gate for each method of one workspace. Open until somebody shuts it, and again when its time has passed."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._opens: dict[str, float] = {}

    def shut(self, method: str, wait: timedelta) -> None:
        """Shut for `wait` from now. A gate already shut for longer stays so."""
        self._opens[method] = max(self._opens.get(method, 0.0), self._monotonic() + wait.total_seconds())

    def remaining(self, method: str) -> timedelta:
        """How long it stays shut; zero when it is open."""
        opens = self._opens.get(method)
        if opens is None:
            return timedelta(0)
        seconds = opens - self._monotonic()
        if seconds <= 0:
            del self._opens[method]
            return timedelta(0)
        return timedelta(seconds=seconds)
