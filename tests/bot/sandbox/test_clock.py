"""The clock that a sandbox moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.clock import Clock
from bot.sandbox.clock import MovableClock

START = datetime(2030, 3, 4, 15, 0, tzinfo=UTC)


class Machine:
    """A machine clock that the test winds."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def machine_now(self) -> datetime:
        return self.instant

    def on_move(self, wake: Callable[[], None]) -> None:
        """Nobody moves it."""


def test_lesson_time_runs_on_at_real_speed_from_where_it_was_put() -> None:
    """After a move, lesson time and machine time advance together."""
    machine = Machine()
    clock: Clock = MovableClock(START, machine=machine)
    assert isinstance(clock, MovableClock)

    machine.instant += timedelta(seconds=3)
    clock.move_by(timedelta(minutes=10))
    machine.instant += timedelta(seconds=4)

    assert START + timedelta(minutes=10, seconds=7) == clock.now()


def test_machine_time_is_never_moved() -> None:
    """Moving lesson time leaves machine time alone."""
    machine = Machine()
    clock = MovableClock(START, machine=machine)

    clock.move_by(timedelta(days=30))

    assert machine.instant == clock.machine_now()


def test_a_frozen_clock_stands_until_it_is_moved() -> None:
    """With `is_frozen`, only a move changes lesson time."""
    machine = Machine()
    clock = MovableClock(START, is_frozen=True, machine=machine)

    machine.instant += timedelta(hours=1)
    before = clock.now()
    clock.move_to(START + timedelta(minutes=5))

    assert (START, START + timedelta(minutes=5)) == (before, clock.now())


def test_a_move_by_nothing_is_no_step_back_on_a_running_clock() -> None:
    """Real time passing inside the call is not mistaken for a move into the past."""
    clock = MovableClock(START)
    woken: list[bool] = []
    clock.on_move(lambda: woken.append(True))

    clock.move_by(timedelta(0))

    assert woken == [True]


def test_without_a_start_it_begins_at_the_machine_s_time() -> None:
    """No start given: lesson time is machine time until the first move."""
    machine = Machine()

    assert machine.instant == MovableClock(machine=machine).now()


def test_each_move_wakes_everybody_who_asked_with_the_new_time_in_place() -> None:
    """A wake that reads the clock sees the time moved to."""
    clock = MovableClock(START, is_frozen=True)
    seen: list[tuple[str, datetime]] = []
    clock.on_move(lambda: seen.append(("first", clock.now())))
    clock.on_move(lambda: seen.append(("second", clock.now())))

    clock.move_by(timedelta(minutes=1))

    moved = START + timedelta(minutes=1)
    assert [("first", moved), ("second", moved)] == seen


def test_other_zones_are_taken_as_the_same_instant_in_utc() -> None:
    """`move_to` and the start accept any zone; `now()` is UTC."""
    clock = MovableClock(START.astimezone(timezone(timedelta(hours=5))), is_frozen=True)

    assert (START, timedelta(0)) == (clock.now(), clock.now().utcoffset())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda clock: clock.move_to(START - timedelta(seconds=1)),
        lambda clock: clock.move_by(timedelta(seconds=-1)),
        lambda clock: clock.move_to(START.replace(tzinfo=None)),
        lambda clock: MovableClock(START.replace(tzinfo=None)),
    ],
    ids=["back to an instant", "back by a duration", "to a naive instant", "from a naive instant"],
)
def test_it_refuses_to_go_back_and_refuses_naive_times(wrong: Callable[[MovableClock], object]) -> None:
    """A refused move changes nothing."""
    clock = MovableClock(START, is_frozen=True)

    with pytest.raises(ValueError):
        wrong(clock)

    assert clock.now() == START
