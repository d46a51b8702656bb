"""Lesson time that a sandbox moves by hand, so that a lesson of an hour is seen in a minute.

Machine time is the machine's and is never moved: leases, back-off and signatures run on it. Lesson time only goes
forward, because everything that reads it (sessions, windows, notices) has already acted on what it said before.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.clock import Clock, SystemClock


class MovableClock:
    """A `Clock` whose lesson time can be put forward.

    From `starts_at` (the machine's time when left out) lesson time runs on at real speed, or stands still with
    `is_frozen` until it is moved. `machine` is what it asks for machine time.
    """

    def __init__(
        self, starts_at: datetime | None = None, *, is_frozen: bool = False, machine: Clock | None = None
    ) -> None:
        self._machine = machine or SystemClock()
        self._is_frozen = is_frozen
        self._wakes: list[Callable[[], None]] = []
        self._set(_aware(starts_at) if starts_at else self._machine.machine_now())

    def now(self) -> datetime:
        """Lesson time."""
        if self._is_frozen:
            return self._base
        return self._base + (self._machine.machine_now() - self._moved_at)

    def machine_now(self) -> datetime:
        """Machine time, whatever was moved."""
        return self._machine.machine_now()

    def on_move(self, wake: Callable[[], None]) -> None:
        """Call `wake` after each move; several are called in the order in which they asked."""
        self._wakes.append(wake)

    def move_to(self, instant: datetime) -> None:
        """Put lesson time to `instant` and wake who asked. ValueError when it lies in the past."""
        instant = _aware(instant)
        if instant < self.now():
            raise ValueError(f"lesson time does not go back: {instant.isoformat()} is past")
        self._move(instant)

    def move_by(self, delta: timedelta) -> None:
        """Put lesson time forward by `delta` and wake who asked. ValueError when `delta` is negative."""
        if delta < timedelta(0):
            raise ValueError("lesson time does not go back")
        self._move(self.now() + delta)

    def _move(self, instant: datetime) -> None:
        self._set(instant)
        for wake in tuple(self._wakes):
            wake()

    def _set(self, instant: datetime) -> None:
        self._base = instant
        self._moved_at = self._machine.machine_now()


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("lesson time needs a time zone")
    return instant.astimezone(UTC)


class SkippingMachine(SystemClock):
    """Machine time that can be put forward, so that a back-off or a lease of a minute need not be sat through."""

    def __init__(self) -> None:
        self._skipped = timedelta(0)

    def machine_now(self) -> datetime:
        """Machine time, with all that was skipped."""
        return super().machine_now() + self._skipped

    @property
    def skipped(self) -> timedelta:
        """How far it was put forward in all."""
        return self._skipped

    def skip(self, delta: timedelta) -> None:
        """Put machine time forward. ValueError when `delta` is negative."""
        if delta < timedelta(0):
            raise ValueError("machine time does not go back")
        self._skipped += delta
