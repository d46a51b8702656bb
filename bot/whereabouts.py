"""Who is where in a lesson that goes on, kept and made known: where every reading and every report ends. Units of work.

Whatever the news came from, the same follows: provisional attendance, *live* at the first join seen, the cards that
say who is there wanted where something on them changed, fresh links where a session took the old ones with it, and
what is owed to those who are missing. Being missing takes a reading: a report tells who is there, never who is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot import lateness, lifecycle, notices, provisional, renewing
from bot.reading import Judged, judge_own, judge_reports, judge_sessions
from bot.rooms.base import Session
from storage.records import (
    Attendance,
    AttendanceEvent,
    CardKind,
    Lesson,
    LessonDetails,
    NoticeKind,
    NoticeState,
    Seat,
    new_id,
)
from storage.store import Transaction

BOARDS = (CardKind.LEADER, CardKind.CHANNEL)
"""Cards that say who is there. Participants' cards do not, and are not redrawn for it."""
TOLD = (NoticeState.WAITING, NoticeState.CLAIMED, NoticeState.BEGUN, NoticeState.SENT)


@dataclass(frozen=True, kw_only=True)
class Alerting:
    """From when on somebody is late, and where a lesson without its leader is told, beside the booker."""

    late_after: timedelta
    admin_channel: str | None = None


def keep_reading(
    tx: Transaction,
    details: LessonDetails,
    sessions: Sequence[Session],
    *,
    read_at: datetime,
    alerting: Alerting,
) -> None:
    """What the room's own record says of this lesson."""
    if not details.lesson.is_open:
        return
    judged = judge_sessions(
        tx, details, sessions, is_known=True, now=read_at, late_after=alerting.late_after, is_provisional=True
    )
    ended = [session for session in sessions if session.ended_at is not None]
    tx.attendance.add_events([*judged.events, *(_mark_end(details, session) for session in ended)])
    has_joins = any(event.kind == "joined" for event in judged.events)
    _keep(tx, details, judged, has_joins=has_joins, now=read_at)
    present = tx.lessons.get_details(details.lesson.workspace_id, details.lesson.id)
    owe_alerts(tx, present, now=read_at, alerting=alerting)


def keep_reports(
    tx: Transaction,
    details: LessonDetails,
    reported: Sequence[AttendanceEvent],
    *,
    now: datetime,
    late_after: timedelta,
) -> None:
    """What was reported of this lesson since. In any order, and once more: the same comes of it."""
    lesson = details.lesson
    if not lesson.is_open or not tx.attendance.add_events(reported):
        return
    judged = judge_reports(tx, details, now=now, late_after=late_after)
    has_joins = any(one.joined_at is not None for one in judged.attendance)
    _keep(tx, details, judged, has_joins=has_joins, now=now)
    has_ended = any(event.kind == provisional.ENDED for event in reported)
    if has_ended and now >= lesson.ends_at:  # it ran over: whether it is over now is to be seen at once
        tx.notices.reschedule(
            lesson.workspace_id,
            lesson.id,
            kinds=(NoticeKind.READ_SESSIONS,),
            due_at=now,
            lesson_starts_at=lesson.starts_at,
        )


def keep_comings(
    tx: Transaction,
    details: LessonDetails,
    events: Iterable[AttendanceEvent],
    *,
    now: datetime,
    alerting: Alerting,
) -> None:
    """What our own door saw of this lesson, whose room service keeps no record: that is its reading."""
    lesson = details.lesson
    tx.attendance.add_events(events)
    if not lesson.is_open:
        return
    judged = judge_own(tx, details, now=now, late_after=alerting.late_after, is_provisional=True)
    _keep(tx, details, judged, has_joins=any(one.joined_at for one in judged.attendance), now=now)
    owe_alerts(tx, tx.lessons.get_details(lesson.workspace_id, lesson.id), now=now, alerting=alerting)


def keep_calm(
    tx: Transaction, details: LessonDetails, *, has_reports: bool, read_at: datetime, alerting: Alerting
) -> None:
    """Everybody is as they were at the last reading: only that it was read, and what time alone brings.

    `has_reports`: something was reported since, which may not be so.
    """
    lesson = details.lesson
    if not tx.lessons.get(lesson.workspace_id, lesson.id).is_open:
        return  # ended while we asked: what its end found is not to be written over
    totals = details.totals
    if totals is None or not totals.is_known:
        keep_reading(tx, details, (), read_at=read_at, alerting=alerting)
        return
    read = replace(details, totals=replace(totals, read_at=read_at))
    if has_reports:
        judged = judge_reports(tx, read, now=read_at, late_after=alerting.late_after)
        _keep(tx, details, judged, has_joins=False, now=read_at)
        read = tx.lessons.get_details(lesson.workspace_id, lesson.id)
    else:
        tx.attendance.save_totals(replace(totals, read_at=read_at))
    owe_alerts(tx, read, now=read_at, alerting=alerting)


def owe_alerts(tx: Transaction, details: LessonDetails, *, now: datetime, alerting: Alerting) -> None:
    """What is owed to those who are missing and those in charge. Owed before, it is not owed again."""
    lesson = details.lesson
    late = lateness.find_late(details, now=now, late_after=alerting.late_after)
    is_alone = lateness.is_left_alone(details, now=now)
    if not late and not is_alone:
        return
    _nudge(tx, lesson, late, now=now)
    owed = []
    before = tx.notices.list_for_lesson(lesson.workspace_id, lesson.id) if is_alone else []
    if is_alone and not any(one.kind is NoticeKind.LEADER_MISSING and one.state in TOLD for one in before):
        owed += notices.plan_leader_missing(details, admin_channel=alerting.admin_channel, now=now)
    tx.notices.insert(owed)


def _nudge(tx: Transaction, lesson: Lesson, late: Iterable[Seat], *, now: datetime) -> None:
    """The word to the late, each once, with a link that still works."""
    nudged = [seat for seat in late if tx.notices.insert([notices.plan_late_nudge(lesson, seat.participant, now=now)])]
    renewed = [seat for seat in nudged if renewing.renew_opened(tx, lesson, seat, now=now) != seat.participant]
    renewing.note_renewed(tx, lesson, len(renewed), now=now)


def _keep(
    tx: Transaction,
    details: LessonDetails,
    judged: Judged,
    *,
    has_joins: bool,
    now: datetime,
) -> None:
    lesson = details.lesson
    known = [seat.attendance for seat in details.seats if seat.attendance] + list(details.unknown)
    counted = details.totals.inside_count if details.totals is not None else None
    if _shown(known) == _shown(judged.attendance):
        tx.attendance.save_totals(judged.totals)
        if counted != judged.totals.inside_count:
            tx.cards.want(lesson.workspace_id, lesson.id, kinds=(CardKind.LEADER,))
    else:
        tx.attendance.save(judged.totals, judged.attendance)
        tx.cards.want(lesson.workspace_id, lesson.id, kinds=BOARDS)
        _greet(tx, details, judged.attendance)
    if has_joins:
        lifecycle.go_live(tx, lesson.workspace_id, lesson.id, now=now)
    if judged.ended_sessions:
        present = tx.lessons.get_details(lesson.workspace_id, lesson.id)
        renewing.renew_links(tx, present, judged.events, ended_sessions=judged.ended_sessions, now=now)


def _mark_end(details: LessonDetails, session: Session) -> AttendanceEvent:
    """That a session is over, kept beside its log, for what is reported afterwards."""
    return AttendanceEvent(
        id=new_id(),
        workspace_id=details.lesson.workspace_id,
        lesson_id=details.lesson.id,
        source=provisional.LOGGED,
        source_id=f"{session.session_id}:{provisional.ENDED}",
        session_id=session.session_id,
        kind=provisional.ENDED,
        who="",
        connection=None,
        shown_name="",
        at=session.ended_at or session.started_at,
    )


def _shown(attendance: Iterable[Attendance]) -> set[tuple[object, ...]]:
    """What people read of it while the lesson goes on; minutes are counted at its end."""
    return {(one.participant_id or one.who, one.joined_at, one.left_at) for one in attendance}


def _greet(tx: Transaction, details: LessonDetails, attendance: Iterable[Attendance]) -> None:
    """Who has come was reached, whatever failed before; and their nudge has had its moment."""
    came = {one.participant_id for one in attendance if one.joined_at is not None}
    for seat in details.seats:
        if seat.participant.id not in came or lateness.has_joined(seat):
            continue
        if seat.participant.failure is not None:
            tx.lessons.update_participant(replace(seat.participant, failure=None))
        lesson = details.lesson
        tx.cards.want(lesson.workspace_id, lesson.id, kinds=(CardKind.NUDGE,), person_id=seat.person.id)
