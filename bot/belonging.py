"""Which lesson a session was held for, where several lessons share a room. Pure.

Theory of operation. A launch tags the session with its lesson, and that decides first. But a tag is put by the *latest*
launch, on the session that runs or else on the next to begin: links of two lessons in a row are both made before either
begins, and then the first lesson's session carries the second one's tag; a link for another device near the end may do
the reverse. So a tag is believed only of a session that began between the opening of the named lesson's links and its
end; of any other, and without a tag of this room's lessons, the time of its beginning decides: the lesson that is on
then; else the next one, if its links work already; else the nearest. When a session ends decides nothing: each lesson
asks when it is over itself, while the session may still run, and every one that asks must be told the same. So what a
session is billed counts in one lesson, whole, and as soon as it is over.

That is whose the session is as a whole (its recording, its transcript). Of who was there a session may tell two lessons
something, one after the other, and time cuts between them. Here a tag only keeps out who came early for a later
lesson: of a session held for that one, those count in this lesson who have a place here and either none there or were
here already. In doubt they count: the minutes lie in this lesson's time, and would be nobody's else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot import windows
from bot.rooms.base import LESSON_TAG, Session
from storage.records import Lesson, LessonId, LessonState


def choose_sessions(lesson: Lesson, in_room: Iterable[Lesson], sessions: Iterable[Session]) -> list[Session]:
    """Those that are this lesson's, of all that its room held around it. Each belongs to one lesson only."""
    others = [other for other in in_room if other.id != lesson.id and other.state is not LessonState.CANCELLED]

    def find_owner(session: Session) -> Lesson:
        tagged = find_tagged(session, [lesson, *others])
        return tagged or min([lesson, *others], key=lambda one: _distance(one, session.started_at))

    return [session for session in sessions if find_owner(session).id == lesson.id]


def bill(lesson: Lesson, own: Iterable[Session]) -> timedelta | None:
    """The service's own figure for the lesson's own sessions, without those that were over before it began.

    None: it told none. A session that runs is not billed yet.
    """
    ended = [one for one in own if one.ended_at is not None and one.ended_at > lesson.starts_at]
    told = [one.billable for one in ended if one.billable is not None]
    return sum(told, timedelta(0)) if told else None


def find_tagged(session: Session, lessons: Iterable[Lesson]) -> Lesson | None:
    """The lesson that the session's tag names; None: it has none of these lessons', or not one to be believed."""
    named = session.tags.get(LESSON_TAG)
    return next((one for one in lessons if one.id == named and _could_open(one, session)), None)


def leave_out_early(
    lesson: Lesson,
    later: Sequence[Lesson],
    sessions: Iterable[Session],
    *,
    list_places: Callable[[LessonId], frozenset[str]],
) -> list[Session]:
    """The sessions without what people did in them who came for a later one; oldest first.

    `later`: the lessons after it in the same room. `list_places`: who has a place in a lesson, as the room service
    calls them. A session of which nothing is left is left out.
    """
    kept: list[Session] = []
    here: set[str] = set()
    for session in sorted(sessions, key=lambda one: (one.started_at, one.session_id)):
        owner = find_tagged(session, later)
        if owner is not None and session.events:
            counting = list_places(lesson.id) - (list_places(owner.id) - here)
            session = replace(session, events=tuple(one for one in session.events if one.who in counting))
            if not session.events:
                continue
        kept.append(session)
        here |= {event.who for event in session.events if lesson.starts_at <= event.at < lesson.ends_at}
    return kept


def _could_open(lesson: Lesson, session: Session) -> bool:
    return _opens_at(lesson) <= session.started_at < lesson.ends_at


def _opens_at(lesson: Lesson) -> datetime:
    return windows.default_window(lesson.starts_at, lesson.ends_at, lesson.options).opens_at


def _distance(lesson: Lesson, began: datetime) -> tuple[int, timedelta, datetime, str]:
    """How far the lesson is from a session that began then. No two lessons are equally far."""
    is_on, is_open = lesson.starts_at <= began < lesson.ends_at, _opens_at(lesson) <= began < lesson.ends_at
    between = max(lesson.starts_at - began, began - lesson.ends_at, timedelta(0))
    return (0 if is_on else 1 if is_open else 2, between, lesson.starts_at, lesson.id)
