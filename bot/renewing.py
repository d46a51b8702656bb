"""Fresh links in place of spent ones: a single-use link dies with the session in which it was used. Units of work.

Whoever had used theirs gets another on their card, silently, while the lesson is still to go on: somebody who came ten
minutes early to try the camera and left again would else stand before a closed door at the start. Who had not used
theirs keeps it. After `ends_at` nothing is renewed: the lesson is about to end.

Somebody whose link was opened and who is not there, and who is written to now, has another one made first: what they
are sent must work, and the opened one may have been spent in a browser that they closed.

The same session may be found to have ended many times, by reports and by readings. A link that was made after somebody
last came in was not used in it, so each is renewed once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from bot import lifecycle, notices, windows
from storage.records import (
    AttendanceEvent,
    AuditEntry,
    CardKind,
    Lesson,
    LessonDetails,
    LinkWay,
    Participant,
    Seat,
    new_id,
)
from storage.store import Transaction


def renew_links(
    tx: Transaction,
    details: LessonDetails,
    events: Iterable[AttendanceEvent],
    *,
    ended_sessions: Collection[str],
    now: datetime,
) -> int:
    """Count up the link number of everybody whose link died with one of these sessions. How many.

    `events`: who joined those sessions, and when, from whichever source.
    """
    lesson = details.lesson
    if not ended_sessions or not lesson.is_open or now >= lesson.ends_at:
        return 0
    joins = [event for event in events if event.kind == "joined" and event.session_id in ended_sessions]
    spent = [seat for seat in details.seats if _is_spent(seat, joins) and _is_window_open(details, seat, now)]
    for seat in spent:
        renew(tx, lesson, seat, now=now)
    note_renewed(tx, lesson, len(spent), now=now)
    return len(spent)


def renew_opened(tx: Transaction, lesson: Lesson, seat: Seat, *, now: datetime) -> Participant:
    """The participant, with a new link owed where the one they have was opened: it works in one browser only.

    A press works as often as they press.
    """
    if seat.link is None or seat.link.opened_at is None or seat.link.way is LinkWay.PRESS:
        return seat.participant
    return renew(tx, lesson, seat, now=now)


def renew(tx: Transaction, lesson: Lesson, seat: Seat, *, now: datetime) -> Participant:
    """The participant, with a new link owed in place of all that they have."""
    lifecycle.revoke_links(tx, seat.participant, now=now)
    renewed = replace(seat.participant, link_number=seat.participant.link_number + 1)
    tx.lessons.update_participant(renewed)
    lifecycle.drop_old_links(tx, renewed)
    tx.notices.insert(notices.plan_new_link(lesson, renewed, now=now))
    return renewed


def note_renewed(tx: Transaction, lesson: Lesson, count: int, *, now: datetime) -> None:
    """That Hallpass itself made so many people new links; nothing where nobody got one."""
    if not count:
        return
    tx.cards.want(lesson.workspace_id, lesson.id, kinds=(CardKind.LEADER,))
    tx.audit.add(
        AuditEntry(
            id=new_id(),
            workspace_id=lesson.workspace_id,
            lesson_id=lesson.id,
            action="renewed_links",
            facts={"participants": count},
            at=now,
        )
    )


def _is_spent(seat: Seat, joins: Iterable[AttendanceEvent]) -> bool:
    """Did they come in by the link that they have now?

    By the launch's own word (the session it was made for), else because it was there and open when they came: links
    of an earlier lesson in the same room are others.
    """
    link, who = seat.link, seat.participant.provider_user_id
    if link is None or who is None or link.way is not LinkWay.DIRECT or link.revoked_at is not None:
        return False
    return any(
        join.who == who and join.at >= link.opens_at and (join.at >= link.made_at or link.session_id == join.session_id)
        for join in joins
    )


def _is_window_open(details: LessonDetails, seat: Seat, now: datetime) -> bool:
    return now < windows.window_of(details.lesson, seat.participant).closes_at
