"""Pages that fall silent, by what they said before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.attendance import SessionFacts, compute_attendance
from bot.comings import (
    BEACON,
    EVERY,
    PRESENCE,
    REDEMPTION,
    SILENCE,
    build_coming,
    find_emptied,
    mark_silences,
    take_last_words,
)
from storage.records import AttendanceEvent, Verdict
from tests.records import STARTS_AT, make_lesson, make_link, make_person, make_seat

MINUTE = timedelta(minutes=1)
SEAT = make_seat(make_lesson(), make_person("Ben"))
LINK = make_link(SEAT.participant)


def word(minute: float, kind: str = "joined", source: str = BEACON) -> AttendanceEvent:
    return build_coming(LINK, SEAT, source=source, kind=kind, now=STARTS_AT + minute * MINUTE)


@pytest.mark.parametrize(
    "said, now, left_at",
    [
        ([word(0), word(1)], 2, []),
        ([word(0), word(1)], 3, []),
        ([word(0), word(1)], 3.1, [2]),  # crashed: gone when the next word was due
        ([word(0), word(1), word(10)], 11, [2]),  # and back
        ([word(0), word(10), word(20)], 30, [1, 11, 21]),
        ([word(0), word(1, "left")], 30, []),  # it said so itself
        ([word(0, source=REDEMPTION)], 30, []),  # a page without scripts tells nothing
        ([word(0, source=REDEMPTION), word(0)], 30, [1]),
        ([word(1), word(0)], 2, []),  # in whatever order they are read
    ],
)
def test_a_page_that_fell_silent_was_closed(said: list[AttendanceEvent], now: float, left_at: list[float]) -> None:
    """`said` and `left_at` in minutes of the lesson; what was said stays as it was."""
    marked = mark_silences(said, now=STARTS_AT + now * MINUTE)

    assert said == marked[: len(said)]
    assert left_at == [(one.at - STARTS_AT) / MINUTE for one in marked[len(said) :]]
    assert all(one.kind == "left" for one in marked[len(said) :])
    assert EVERY < SILENCE


@pytest.mark.parametrize(
    ("kinds", "is_there"),
    [(("joined", "left"), False), (("left", "joined"), True), (("joined",), True), (("left",), False)],
)
def test_of_words_at_one_instant_the_last_one_holds(kinds: tuple[str, ...], *, is_there: bool) -> None:
    """Somebody who is in closes the page as it says that it is open, or loads it anew. In whatever order it is read."""
    said = [word(0), *(word(1, kind) for kind in kinds)]

    for read in (said, said[::-1]):
        _, [ben] = compute_attendance(
            lesson=make_lesson(),
            participants=[replace(SEAT.participant, provider_user_id=SEAT.person.id)],
            events=take_last_words(read),
            sessions=[SessionFacts(session_id=said[0].session_id, started_at=STARTS_AT, ended_at=None)],
            is_known=True,
            read_at=STARTS_AT + 2 * MINUTE,
        )
        assert (ben.verdict, ben.left_at) == (Verdict.PRESENT, None if is_there else STARTS_AT + MINUTE)


def test_a_room_that_emptied_is_known_since_when() -> None:
    """From the last one's leaving, until somebody comes again; a room that nobody counts is never known to be empty."""
    came, left, again = word(0, source=PRESENCE), word(1, "left", source=PRESENCE), word(2, source=PRESENCE)
    named = word(3, source=REDEMPTION)

    assert find_emptied([came, left, named]) == STARTS_AT + MINUTE
    assert find_emptied([came, left, again]) is None
    assert find_emptied([named]) is None
