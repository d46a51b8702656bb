"""Turns at a provider's pace."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.errors import RoomServiceBusy
from bot.rooms.pace import Pace
from tests.bot.rooms.recorded import HandWound


def build_pace(time: HandWound, *, per_second: float | None = 5, longest_wait: float = 10) -> Pace:
    return Pace(
        "Somebody",
        per_second=per_second,
        longest_wait=timedelta(seconds=longest_wait),
        monotonic=lambda: time.seconds,
        sleep=time.sleep,
    )


async def test_turns_are_spaced_evenly_from_the_second_on() -> None:
    """The first caller goes at once, the others each a fifth of a second later."""
    time = HandWound()
    pace = build_pace(time)

    for _ in range(4):
        await pace.wait_turn()

    assert time.sleeps == [0.2, 0.2, 0.2]


async def test_callers_at_the_same_moment_share_one_rate() -> None:
    """Ten at once take nine intervals together, not one."""
    time = HandWound()
    pace = build_pace(time)

    await asyncio.gather(*(pace.wait_turn() for _ in range(10)))

    assert round(time.seconds, 6) == 1.8


async def test_after_a_quiet_time_nobody_waits() -> None:
    """What was not used is not owed back."""
    time = HandWound()
    pace = build_pace(time)
    await pace.wait_turn()
    time.seconds += 60

    await pace.wait_turn()

    assert time.sleeps == []


@pytest.mark.parametrize("per_second", [5, None])
async def test_a_hold_stops_everybody_also_without_a_rate(per_second: float | None) -> None:
    """After `hold`, the next turn comes when the hold is over."""
    time = HandWound()
    pace = build_pace(time, per_second=per_second)
    pace.hold(timedelta(seconds=3))
    pace.hold(timedelta(seconds=1))

    await pace.wait_turn()

    assert time.sleeps == [3.0]


async def test_a_turn_too_far_away_is_refused_at_once_with_how_far() -> None:
    """Longer than allowed: RoomServiceBusy carries the wait, and nobody slept."""
    time = HandWound()
    pace = build_pace(time, longest_wait=10)
    pace.hold(timedelta(seconds=11))

    with pytest.raises(RoomServiceBusy) as caught:
        await pace.wait_turn()

    assert (timedelta(seconds=11), []) == (caught.value.retry_after, time.sleeps)


async def test_the_queue_itself_counts_as_waiting() -> None:
    """With 5 a second and a good second allowed, the sixth to stand in the queue is refused at once."""
    may_wake = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await may_wake.wait()
        await time.sleep(seconds)

    time = HandWound()
    pace = Pace(
        "Somebody", per_second=5, longest_wait=timedelta(seconds=1.1), monotonic=lambda: time.seconds, sleep=sleep
    )
    await pace.wait_turn()
    waiting = [asyncio.create_task(pace.wait_turn()) for _ in range(8)]
    async with asyncio.timeout(5):
        refused, queued = await asyncio.wait(waiting, return_when=asyncio.FIRST_EXCEPTION)
        may_wake.set()
        await asyncio.gather(*queued)

    assert [isinstance(task.exception(), RoomServiceBusy) for task in waiting] == [False] * 5 + [True] * 3
    assert len(refused) == 3


async def test_a_hold_that_comes_while_somebody_waits_counts_for_them_too() -> None:
    """Who already sleeps looks again on waking, and is refused when the new hold is too long."""
    time = HandWound()
    pace: Pace

    async def sleep(seconds: float) -> None:
        await time.sleep(seconds)
        pace.hold(timedelta(seconds=30))

    pace = Pace("Somebody", per_second=5, monotonic=lambda: time.seconds, sleep=sleep)
    await pace.wait_turn()

    with pytest.raises(RoomServiceBusy) as caught:
        await pace.wait_turn()

    assert caught.value.retry_after == timedelta(seconds=30)


async def test_a_cancelled_caller_leaves_no_gap_in_the_queue() -> None:
    """Cancelled while waiting, a caller no longer delays the next."""
    time = HandWound()
    is_asleep = asyncio.Event()

    async def sleep(seconds: float) -> None:
        is_asleep.set()
        await asyncio.Event().wait()

    pace = Pace("Somebody", per_second=5, monotonic=lambda: time.seconds, sleep=sleep)
    await pace.wait_turn()
    task = asyncio.create_task(pace.wait_turn())
    async with asyncio.timeout(5):
        await is_asleep.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    time.seconds += 0.2

    async with asyncio.timeout(5):
        await pace.wait_turn()
