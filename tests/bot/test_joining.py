"""The way in: shown where there is something to come to, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.joining import closes_at, is_open, opens_at, ways_in
from bot.readers import reader_of
from storage.records import LessonState
from tests.records import ENDS_AT, NOW, STARTS_AT, make_details, make_lesson, make_link

URL = "https://room.example/join"
CLOSES_AT = ENDS_AT + timedelta(minutes=30)


@pytest.mark.parametrize(
    "state, now, expected",
    [
        (LessonState.BOOKED, NOW, True),
        (LessonState.LIVE, CLOSES_AT - timedelta(seconds=1), True),
        (LessonState.LIVE, CLOSES_AT, False),
        (LessonState.ENDED, NOW, False),
        (LessonState.CANCELLED, NOW, False),
    ],
)
def test_join_is_shown_while_there_is_something_to_come_to(state: LessonState, now: datetime, expected: bool) -> None:
    """Columns: the lesson's state, the moment, whether Join is there. The window is half-open."""
    details = make_details(make_lesson(state=state))
    seat = replace(details.seats[1], link=make_link(details.seats[1].participant))
    reader = reader_of(seat.person, now=now)

    assert is_open(details, seat, now=now) is expected
    assert bool(ways_in(details, seat, reader, join_url=URL)) is expected
    assert ways_in(details, seat, reader, join_url=None) == []


def test_a_links_own_window_counts_once_it_is_made() -> None:
    """A direct link keeps the window it was made with, also after the lesson was extended."""
    details = make_details(make_lesson(ends_at=ENDS_AT + timedelta(minutes=10)))
    seat = details.seats[1]
    linked = replace(seat, link=make_link(seat.participant, opens_at=STARTS_AT, closes_at=ENDS_AT))

    assert (opens_at(details, linked), closes_at(details, linked)) == (STARTS_AT, ENDS_AT)
    assert closes_at(details, seat) == ENDS_AT + timedelta(minutes=40)
