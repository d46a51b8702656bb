"""A lesson's life, as one table. Nothing else decides what state a lesson may go to.

    booked ──start──▶ live ──end──▶ ended
       │               │
       ├─────end───────┼──────────▶ ended      (nobody came, or the service never said so)
       └────cancel─────┴──────────▶ cancelled

This module does not know when any of this happens, nor who may ask for it; and it writes nothing.
A move that is not in the table is refused, also one to the state that the lesson is in already: whoever asks
twice is told so instead of having things happen twice.
"""

from __future__ import annotations

from enum import StrEnum

from bot.errors import WrongState
from storage.records import LessonState


class Event(StrEnum):
    """What can happen to a lesson. The values are what a refusal says could not be done."""

    START = "start"  # the first join was seen, or `starts_at` has come
    END = "end"  # End now, or after `ends_at` when nobody is there any more, or when waiting makes no more sense
    CANCEL = "cancel"  # somebody who may do so called it off


_NEXT: dict[tuple[LessonState, Event], LessonState] = {
    (LessonState.BOOKED, Event.START): LessonState.LIVE,
    (LessonState.BOOKED, Event.END): LessonState.ENDED,
    (LessonState.BOOKED, Event.CANCEL): LessonState.CANCELLED,
    (LessonState.LIVE, Event.END): LessonState.ENDED,
    (LessonState.LIVE, Event.CANCEL): LessonState.CANCELLED,
}


def next_state(state: LessonState, event: Event) -> LessonState:
    """The state after `event`. Raises WrongState, with the state as it is, where the table has no such move."""
    try:
        return _NEXT[state, event]
    except KeyError:
        raise WrongState(state, event.value) from None
