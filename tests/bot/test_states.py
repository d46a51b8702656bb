"""A lesson's life is one table: what it allows, and that it allows nothing else."""

from __future__ import annotations

import pytest

from bot.errors import WrongState
from bot.states import Event, next_state
from storage.records import LessonState

ALLOWED = [
    # where it is, what happens, where it goes
    (LessonState.BOOKED, Event.START, LessonState.LIVE),
    (LessonState.BOOKED, Event.END, LessonState.ENDED),
    (LessonState.BOOKED, Event.CANCEL, LessonState.CANCELLED),
    (LessonState.LIVE, Event.END, LessonState.ENDED),
    (LessonState.LIVE, Event.CANCEL, LessonState.CANCELLED),
]
REFUSED = [
    (state, event)
    for state in LessonState
    for event in Event
    if (state, event) not in {(before, what) for before, what, _ in ALLOWED}
]


@pytest.mark.parametrize("state, event, after", ALLOWED)
def test_a_lesson_moves_along_its_life(state: LessonState, event: Event, after: LessonState) -> None:
    """Each move of the design leads where the design says."""
    assert next_state(state, event) is after


@pytest.mark.parametrize("state, event", REFUSED)
def test_every_other_move_is_refused_with_the_state_as_it_is(state: LessonState, event: Event) -> None:
    """A move that is not in the design raises, and tells the caller where the lesson really is."""
    with pytest.raises(WrongState) as refusal:
        next_state(state, event)

    assert (state, event.value) == (refusal.value.state, refusal.value.wanted)


@pytest.mark.parametrize("state", [LessonState.ENDED, LessonState.CANCELLED])
def test_nothing_leaves_an_ended_or_cancelled_lesson(state: LessonState) -> None:
    """The two last states are last: also cancelling what is cancelled is refused, so nobody is told twice."""
    refused = {event for before, event in REFUSED if before is state}

    assert set(Event) == refused
