"""What a move announces, as text and back, and for how long it is true."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.moves import Move, read_move
from tests.records import ENDS_AT, STARTS_AT, make_lesson

HOUR = timedelta(hours=1)
LATER = Move(was_start=STARTS_AT, was_end=ENDS_AT, starts_at=STARTS_AT + HOUR, ends_at=ENDS_AT + HOUR, revision=2)


@pytest.mark.parametrize("move", [LATER, replace(LATER, old_closes_at=ENDS_AT + HOUR / 2)])
def test_a_move_comes_back_from_its_occasion(move: Move) -> None:
    """All of it, in time's own zone."""
    assert move == read_move(move.to_occasion())


@pytest.mark.parametrize("occasion", ["link:2", "", "booked", "move/1/2", "move/a/b/c/d/e/f/g"])
def test_other_occasions_are_no_moves(occasion: str) -> None:
    """A new link within the same times has an occasion of its own."""
    assert read_move(occasion) is None


def test_moved_there_and_back_and_there_again_are_three_facts() -> None:
    """The same times at another revision are another occasion."""
    assert LATER.to_occasion() != replace(LATER, revision=4).to_occasion()


def test_a_move_holds_as_long_as_its_start_does() -> None:
    """A longer lesson is told in the same words; another start, or the times before, make it untrue."""
    lesson = make_lesson(starts_at=LATER.starts_at)
    longer = replace(lesson, ends_at=lesson.ends_at + HOUR)
    earlier = replace(lesson, starts_at=lesson.starts_at - HOUR / 2)

    assert [True, True, False] == [LATER.holds(one) for one in (lesson, longer, earlier)]
    assert not LATER.holds(make_lesson())


def test_another_end_alone_holds_until_it_is_taken_back() -> None:
    """The start never changed, so only the end can tell."""
    shorter = replace(LATER, starts_at=STARTS_AT, ends_at=ENDS_AT - HOUR / 2)

    assert shorter.holds(make_lesson(ends_at=ENDS_AT - HOUR / 2))
    assert not shorter.holds(make_lesson())
    assert not shorter.is_nothing
    assert replace(shorter, ends_at=ENDS_AT).is_nothing
