"""What is made of reports between two readings: any order, lost ones, doubled ones, and the log as the last word."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.attendance import SessionFacts, compute_attendance
from bot.provisional import ENDED, LOGGED, REPORTED, list_logged_sessions, make_picture
from storage.records import Attendance, AttendanceEvent, Verdict
from tests.records import STARTS_AT, make_event, make_lesson, make_participant, make_person

LESSON = make_lesson()
MINUTE = timedelta(minutes=1)
BEN = make_participant(LESSON, make_person("Ben"), provider_user_id="ben")


def at(minute: float) -> datetime:
    return STARTS_AT + minute * MINUTE


def logged(kind: str, minute: float, connection: str = "c1", **more: Any) -> AttendanceEvent:
    return make_event(
        LESSON, kind, **{"source": LOGGED, "who": "ben", "connection": connection, "at": at(minute), **more}
    )


def told(kind: str, minute: float, **more: Any) -> AttendanceEvent:
    return make_event(LESSON, kind, **{"source": REPORTED, "who": "ben", "connection": None, "at": at(minute), **more})


def see(*events: AttendanceEvent, read: float | None, now: float = 30, is_known: bool | None = None) -> Attendance:
    """Ben, as he stands so many minutes after the start."""
    read_at = None if read is None else at(read)
    picture = make_picture(events, list_logged_sessions(events), read_at=read_at)
    _, attendance = compute_attendance(
        lesson=LESSON,
        participants=[BEN],
        events=picture.events,
        sessions=picture.sessions,
        is_known=read is not None if is_known is None else is_known,
        read_at=at(now),
        is_provisional=True,
    )
    return attendance[0]


def test_a_join_alone_shows_somebody_there() -> None:
    """Without any reading, and before the session's own start is heard of."""
    ben = see(told("joined", 2), read=None)

    assert (Verdict.PRESENT, at(2), None) == (ben.verdict, ben.joined_at, ben.left_at)


def test_who_was_not_reported_is_not_absent_for_it() -> None:
    """Silence is no reading."""
    assert Verdict.UNKNOWN is see(told("joined", 2, who="cleo"), read=None).verdict


def test_a_leave_closes_what_the_log_had_open() -> None:
    """Whichever connection it was: a report does not say."""
    assert at(20) == see(logged("joined", 1), told("left", 20), read=10).left_at


def test_with_two_connections_one_leave_is_not_enough() -> None:
    """Two tabs, one closed; then the other."""
    events = [logged("joined", 1, "c1"), logged("joined", 2, "c2"), told("left", 20)]

    assert see(*events, read=10).left_at is None
    assert at(21) == see(*events, told("left", 21), read=10).left_at


def test_coming_back_counts_as_being_there() -> None:
    """Also within one instant: somebody reloads, and the two reports come in any order."""
    assert see(logged("joined", 1), told("left", 20), told("joined", 22), read=10).left_at is None
    assert see(logged("joined", 1), told("left", 20), told("joined", 20), read=10).left_at is None


def test_what_the_log_has_already_is_not_counted_twice() -> None:
    """The report came after the reading, of something a moment before it, told a second apart."""
    late_report = told("joined", 10 - 1 / 60)

    ben = see(logged("joined", 10), late_report, told("left", 20), read=10)

    assert at(20) == ben.left_at


@pytest.mark.parametrize(("minute", "is_there"), [(9, False), (9.9, True), (10, True), (11, True)])
def test_the_log_is_the_last_word_on_what_was_before_it(minute: float, is_there: bool) -> None:
    """Somebody reported well before a reading that does not know them was not there; a log may lag ten seconds."""
    assert is_there is (see(told("joined", minute), read=10).joined_at is not None)


def test_the_end_of_a_session_takes_everybody_out() -> None:
    """Also whose leave was lost; who comes afterwards is there again."""
    end = told(ENDED, 20, who="")

    assert at(20) == see(logged("joined", 1), end, read=10).left_at
    again = told("joined", 25, session_id="session-2")
    assert see(again, end, logged("joined", 1), read=10).left_at is None


def test_another_session_means_that_the_one_before_is_over() -> None:
    """Its end was lost: who was in it and did not come again has left by then."""
    cleo = told("joined", 25, session_id="session-2", who="cleo")

    assert at(25) == see(logged("joined", 1), cleo, read=10).left_at


def test_a_session_that_the_log_knows_to_be_over_stays_so() -> None:
    """The mark that a reading left is read again later."""
    marks = [logged("joined", 1), logged(ENDED, 8, who="")]

    assert at(8) == see(*marks, told("joined", 12, who="cleo", session_id="session-2"), read=10).left_at


def test_somebody_heard_of_without_their_join_was_there() -> None:
    """It was lost: they idle, so they are inside; they leave, so they have left."""
    assert (at(12), None) == (see(told("idled", 12), read=None).joined_at, see(told("idled", 12), read=None).left_at)
    assert at(12) == see(told("left", 12), read=None).left_at


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[AttendanceEvent], bool]:
    """One person's tabs opening and closing after the last reading, as reported; and whether they end up inside."""
    inside, minute, events = 0, 11.0, []
    for _ in range(draw(st.integers(1, 8))):
        minute += draw(st.integers(1, 3))
        opens = inside == 0 or draw(st.booleans())
        inside += 1 if opens else -1
        events.append(told("joined" if opens else "left", minute))
    return events, inside > 0


@given(history=histories(), data=st.data())
def test_order_and_doubles_mean_nothing(history: tuple[list[AttendanceEvent], bool], data: st.DataObject) -> None:
    """However they arrive, and however often: the truth that was reported, and minutes like the log's own."""
    events, is_inside = history
    doubled = events + [
        told(one.kind, (one.at - STARTS_AT) / MINUTE) for one in data.draw(st.lists(st.sampled_from(events)))
    ]
    shuffled = data.draw(st.permutations(doubled))

    ben = see(*shuffled, read=10, now=60)

    assert is_inside is (ben.left_at is None)
    assert see(*events, read=10, now=60) == ben


@given(history=histories(), read=st.integers(10, 40))
def test_reading_the_log_takes_the_place_of_reports(history: tuple[list[AttendanceEvent], bool], read: int) -> None:
    """After any reading, whatever was reported before it changes nothing."""
    events, _ = history
    log = [logged("joined", 1), logged("left", 9)]
    before = [one for one in events if one.at < at(read) - timedelta(seconds=10)]

    assert see(*log, read=read, now=60) == see(*log, *before, read=read, now=60)


def test_sessions_are_known_by_their_first_and_last_word() -> None:
    """What readings left in the store, oldest first."""
    events = [
        logged("joined", 30, session_id="s2"),
        logged("joined", 1, session_id="s1"),
        logged(ENDED, 20, who="", session_id="s1"),
        told("joined", 50, session_id="s3"),
    ]

    assert [
        SessionFacts(session_id="s1", started_at=at(1), ended_at=at(20)),
        SessionFacts(session_id="s2", started_at=at(30), ended_at=None),
    ] == list_logged_sessions(events)
