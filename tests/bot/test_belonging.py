"""Which lesson a session was held for: by its tag where that can be right, else by time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.belonging import choose_sessions, leave_out_early
from bot.rooms.base import LESSON_TAG, Happening, Session, SessionEvent
from storage.records import LessonState
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
        (SECOND, meet("begins early, mostly the second's", ENDS_AT - 10 * MINUTE)),
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
    """By its tag, if that lesson's links can have begun it; else the lesson that it overlaps most, or lies next to."""
    owners = [one for one in (FIRST, SECOND) if choose_sessions(one, [FIRST, SECOND], [session])]

    assert [owner] == owners


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
