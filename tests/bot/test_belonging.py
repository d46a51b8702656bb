"""Which lesson a session was held for: by its tag where that can be right, else by time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.belonging import bill, choose_sessions, leave_out_early
from bot.rooms.base import LESSON_TAG, Happening, Session, SessionEvent
from storage.records import LessonId, LessonState
from tests.records import ENDS_AT, STARTS_AT, make_lesson

MINUTE = timedelta(minutes=1)
FIRST, SECOND = make_lesson("First"), make_lesson("Second", starts_at=ENDS_AT)
PLACES = {FIRST.id: frozenset({"ada", "ben"}), SECOND.id: frozenset({"ada", "cleo"})}


def meet(name: str, start: datetime, minutes: int = 60, *, whom: str = "ada", tag: str | None = None) -> Session:
    """A session in which these people were from beginning to end."""
    return Session(
        session_id=name,
        started_at=start,
        ended_at=start + minutes * MINUTE,
        events=tuple(
            SessionEvent(id=f"{who}{kind}", happening=kind, who=who, connection=who, at=at)
            for who in whom.split()
            for kind, at in ((Happening.JOINED, start), (Happening.LEFT, start + minutes * MINUTE))
        ),
        tags={LESSON_TAG: tag} if tag else {},
    )


@pytest.mark.parametrize(
    ("owner", "session"),
    [  # whose it is, and the session
        (FIRST, meet("before everything", STARTS_AT - 20 * MINUTE, 5)),
        (FIRST, meet("runs over", STARTS_AT, 70)),
        (FIRST, meet("begins in the first, mostly the second's", ENDS_AT - 10 * MINUTE)),
        (SECOND, meet("begins as the second does", ENDS_AT, tag=FIRST.id)),
        (SECOND, meet("the same, tagged", ENDS_AT - 10 * MINUTE, tag=SECOND.id)),
        (SECOND, meet("after everything", ENDS_AT + 70 * MINUTE, 5)),
        (SECOND, meet("early comers, tagged", ENDS_AT - 8 * MINUTE, 5, tag=SECOND.id)),
        (FIRST, meet("early comers, not tagged", ENDS_AT - 8 * MINUTE, 5)),
        (FIRST, meet("links of the second made before the first began", STARTS_AT, tag=SECOND.id)),
        (SECOND, meet("another device's link near the end of the first", ENDS_AT + MINUTE, 50, tag=FIRST.id)),
        (FIRST, meet("a tag that is none of this room's", STARTS_AT, tag="another")),
    ],
    ids=lambda case: case.session_id if isinstance(case, Session) else case.title,
)
def test_each_session_belongs_to_one_lesson(owner: object, session: Session) -> None:
    """By its tag, if that lesson's links can have begun it; else that in which it began, or lies next to."""
    owners = [one for one in (FIRST, SECOND) if choose_sessions(one, [FIRST, SECOND], [session])]

    assert [owner] == owners


@pytest.mark.parametrize(
    ("owner", "began"),
    [  # the third begins half an hour after the second: whose is a session of that pause?
        ("Second", 61),
        ("Second", 74),
        ("Third", 76),
        ("Third", 89),
    ],
)
def test_a_session_that_began_in_a_pause_is_the_nearest_lesson_s(owner: str, began: int) -> None:
    """Of the lesson before, which still runs over; or of the next, for which somebody comes early."""
    lessons = [FIRST, SECOND, make_lesson("Third", starts_at=ENDS_AT + 90 * MINUTE)]
    session = meet("s", ENDS_AT + began * MINUTE, 100)

    assert [owner] == [one.title for one in lessons if choose_sessions(one, lessons, [session])]


@given(
    pauses=st.lists(st.integers(0, 40), min_size=1, max_size=4),
    meetings=st.lists(st.tuples(st.integers(-30, 400), st.integers(1, 200), st.integers(0, 5)), max_size=6),
    looks=st.lists(st.integers(-30, 700), min_size=2, max_size=5),
)
def test_whose_a_session_is_does_not_depend_on_when_it_is_asked(
    pauses: list[int], meetings: list[tuple[int, int, int]], looks: list[int]
) -> None:
    """Whatever is tagged, and whoever still runs: one lesson, the same at each look, which is billed for the whole."""
    starts_at, lessons = STARTS_AT, []
    for number, pause in enumerate(pauses):
        lessons.append(make_lesson(f"L{number}", starts_at=starts_at))
        starts_at = lessons[-1].ends_at + pause * MINUTE
    tags = [None, "another", *(lesson.id for lesson in lessons)]
    held = [
        replace(
            meet(f"s{number}", STARTS_AT + began * MINUTE, length, tag=tags[tag % len(tags)]),
            billable=length * MINUTE,
        )
        for number, (began, length, tag) in enumerate(meetings)
    ]
    owners: dict[str, set[LessonId]] = defaultdict(set)
    for look in [*looks, 700]:
        now = STARTS_AT + look * MINUTE
        told = [see(session, now) for session in held if session.started_at <= now]
        for asked in lessons:
            for session in choose_sessions(asked, reversed(lessons), told):
                owners[session.session_id].add(asked.id)
        count = sum(len(choose_sessions(asked, lessons, told)) for asked in lessons)
        assert len(told) == count

    assert [1] * len(held) == [len(owners[session.session_id]) for session in held]
    bills = [bill(lesson, choose_sessions(lesson, lessons, held)) or timedelta(0) for lesson in lessons]
    begin = {lesson.id: lesson.starts_at for lesson in lessons}
    counted = [one for one in held if one.ended_at and one.ended_at > begin[min(owners[one.session_id])]]
    assert sum((one.billable or timedelta(0) for one in counted), timedelta(0)) == sum(bills, timedelta(0))


def see(session: Session, now: datetime) -> Session:
    """The session as the service tells of it then."""
    return session if session.ended_at and session.ended_at <= now else replace(session, ended_at=None)


def test_a_session_that_runs_is_not_billed_yet() -> None:
    """Its figure is one so far. Nor is one that was over before the lesson began, or of which none is told."""
    whole = replace(meet("s", STARTS_AT), billable=60 * MINUTE)

    assert 60 * MINUTE == bill(FIRST, [whole, meet("t", STARTS_AT)])
    assert bill(FIRST, [replace(whole, ended_at=None)]) is None
    assert bill(FIRST, [replace(meet("u", STARTS_AT - 9 * MINUTE, 9), billable=9 * MINUTE)]) is None


def test_no_session_belongs_to_a_cancelled_lesson() -> None:
    """Neither by its tag nor by time: the one that took place has it."""
    cancelled = make_lesson("Cancelled", starts_at=ENDS_AT, state=LessonState.CANCELLED)
    session = meet("s", ENDS_AT, tag=cancelled.id)

    assert [session] == choose_sessions(FIRST, [FIRST, cancelled], [session])


def who_counts(*sessions: Session) -> list[tuple[str, list[str]]]:
    """In the first lesson, by session."""
    kept = leave_out_early(FIRST, [SECOND], sessions, list_places=lambda lesson_id: PLACES[lesson_id])
    return [(one.session_id, sorted({event.who for event in one.events})) for one in kept]


def test_who_came_early_for_the_next_lesson_was_not_in_this_one() -> None:
    """People of the next lesson, and strangers, do not count; somebody who has a place only here does."""
    early = meet("early", ENDS_AT - 8 * MINUTE, whom="ada ben cleo mallory", tag=SECOND.id)

    assert [("early", ["ben"])] == who_counts(early)
    assert [] == who_counts(meet("early", ENDS_AT - 8 * MINUTE, 5, whom="cleo", tag=SECOND.id))


def test_who_was_here_already_and_reconnects_still_counts() -> None:
    """The room dropped everybody near the end, and the next lesson's links were made meanwhile."""
    main = meet("main", STARTS_AT, 50, whom="ada ben")
    again = meet("again", ENDS_AT - 9 * MINUTE, whom="ada ben cleo", tag=SECOND.id)

    assert [("main", ["ada", "ben"]), ("again", ["ada", "ben"])] == who_counts(again, main)


@pytest.mark.parametrize(
    "tag", [None, FIRST.id, "another", SECOND.id], ids=["none", "its own", "no lesson", "the next"]
)
def test_no_tag_takes_anybody_out_of_a_session_that_began_before_the_next_could(tag: str | None) -> None:
    """Tags are put by the latest launch: a wrong one costs nobody the lesson."""
    assert [("main", ["ada", "ben", "mallory"])] == who_counts(meet("main", STARTS_AT, whom="ada ben mallory", tag=tag))
