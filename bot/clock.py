"""What time it is, by two clocks: the only place that asks the machine; everything else is told.

Two, because a sandbox may move lessons through time but never a lease:
*lesson time* decides what is due, *machine time* decides leases, back-off, gates and signatures.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Both clocks. Every datetime is aware and in UTC."""

    def now(self) -> datetime:
        """Lesson time: what people's calendars say."""
        ...

    def machine_now(self) -> datetime:
        """Machine time: never moved by anybody."""
        ...

    def on_move(self, wake: Callable[[], None]) -> None:
        """Call `wake` whenever lesson time is moved by hand. A real clock never calls it."""
        ...


class SystemClock:
    """The machine's clock, for both."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def machine_now(self) -> datetime:
        return datetime.now(UTC)

    def on_move(self, wake: Callable[[], None]) -> None:
        """Nothing moves this clock by hand."""
