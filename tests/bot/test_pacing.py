"""Buckets and gates, on a clock that only moves when somebody sleeps."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta

import pytest

from bot.errors import SlackBusy
from bot.pacing import Bucket, Gates, Turnstile


class Hands:
    """A monotonic clock and its sleep: sleeping moves it, at once."""

    def __init__(self) -> None:
        self.at = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds
        await asyncio.sleep(0)


@pytest.fixture
def hands() -> Hands:
    return Hands()


def make_bucket(hands: Hands, *, per_second: float = 5, burst: int = 3) -> Bucket:
    return Bucket(per_second=per_second, burst=burst, monotonic=hands.monotonic, sleep=hands.sleep)


async def test_a_burst_goes_at_once_and_the_rest_at_the_rate(hands: Hands) -> None:
    """Three saved turns cost no time; each further one a fifth of a second."""
    bucket = make_bucket(hands)

    for _ in range(3):
        await bucket.take()
    assert hands.slept == []

    for _ in range(10):
        await bucket.take()
    assert hands.at - 100.0 == pytest.approx(2.0, abs=0.01)


async def test_a_quiet_while_saves_up_no_more_than_the_burst(hands: Hands) -> None:
    """An hour of silence is worth three turns, like a second."""
    bucket = make_bucket(hands)
    hands.at += 3600

    for _ in range(4):
        await bucket.take()

    assert len(hands.slept) == 1


async def test_turns_go_in_the_order_of_asking(hands: Hands) -> None:
    """First come, first served, also where many wait."""
    bucket = make_bucket(hands, burst=1)
    order: list[int] = []

    async def take(number: int) -> None:
        await bucket.take()
        order.append(number)

    await asyncio.gather(*(take(number) for number in range(20)))

    assert order == list(range(20))


async def test_who_stops_waiting_takes_nothing_with_them(hands: Hands) -> None:
    """A cancelled waiter costs those behind it no turn."""
    release = asyncio.Event()

    async def stuck(seconds: float) -> None:
        await release.wait()
        await hands.sleep(seconds)

    bucket = Bucket(per_second=1, burst=1, monotonic=hands.monotonic, sleep=stuck)
    await bucket.take()
    waiting = [asyncio.create_task(bucket.take()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[1].cancel()
    release.set()
    async with asyncio.timeout(5):
        await waiting[2]

    assert hands.at - 100.0 == pytest.approx(1.0, abs=0.01)


async def test_a_check_that_raises_takes_no_turn(hands: Hands) -> None:
    """Somebody turned away at the gate leaves the turn for the next."""
    bucket = make_bucket(hands, burst=1)

    def refuse() -> None:
        raise SlackBusy("chat.postMessage", retry_after=timedelta(seconds=1))

    with pytest.raises(SlackBusy):
        await bucket.take(check=refuse)
    await bucket.take()

    assert hands.slept == []


async def test_a_turn_given_back_is_there_for_the_next(hands: Hands) -> None:
    """Taken and not used counts as not taken, and never makes more than the burst."""
    bucket = make_bucket(hands, burst=1)

    await bucket.take()
    bucket.give_back()
    bucket.give_back()
    await bucket.take()
    assert hands.slept == []

    await bucket.take()
    assert len(hands.slept) == 1


async def test_a_turn_is_there_while_one_is_saved_up_and_nobody_waits(hands: Hands) -> None:
    """What it says holds for the very next `take`."""
    bucket = make_bucket(hands, per_second=2, burst=1)
    assert bucket.has_turn()

    await bucket.take()
    assert not bucket.has_turn()

    hands.at += 0.5
    assert bucket.has_turn()
    await bucket.take()
    assert hands.slept == []

    waiting = asyncio.create_task(bucket.take())
    await asyncio.sleep(0)
    hands.at += 10
    assert not bucket.has_turn()
    await waiting


@pytest.mark.parametrize(("per_second", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_bucket_that_never_lets_anybody_through_is_refused(hands: Hands, per_second: float, burst: int) -> None:
    """A rate or a burst of nothing would wait for ever."""
    with pytest.raises(ValueError, match="above 0"):
        make_bucket(hands, per_second=per_second, burst=burst)


def test_a_gate_opens_by_itself(hands: Hands) -> None:
    """Shut for as long as was asked, then open; other methods never notice."""
    gates = Gates(monotonic=hands.monotonic)
    gates.shut("chat.update", timedelta(seconds=30))

    assert gates.remaining("chat.update") == timedelta(seconds=30)
    assert gates.remaining("chat.postMessage") == timedelta(0)

    hands.at += 30
    assert gates.remaining("chat.update") == timedelta(0)


def test_a_shorter_complaint_does_not_open_a_gate_earlier(hands: Hands) -> None:
    """Two answers to two calls under way: the longer wait counts."""
    gates = Gates(monotonic=hands.monotonic)
    gates.shut("chat.update", timedelta(seconds=30))
    gates.shut("chat.update", timedelta(seconds=1))

    assert gates.remaining("chat.update") == timedelta(seconds=30)


async def test_a_turnstile_lets_others_have_the_loop_in_between() -> None:
    """Many who are woken together pass one by one, in order, and whoever else has something to do is served between."""
    turnstile, seen = Turnstile(), list[str]()

    async def pass_through(name: str) -> None:
        await turnstile.go_through()
        seen.append(name)

    async def listen() -> None:
        while len(seen) < 12:
            seen.append("listener")
            await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await asyncio.gather(*(pass_through(name) for name in "abcd"), listen())

    assert list("abcd") == [name for name in seen if name != "listener"]
    places = [seen.index(name) for name in "abcd"]
    assert all("listener" in seen[one:other] for one, other in itertools.pairwise(places)), seen
