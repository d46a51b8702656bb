"""Who is missing from a lesson that has begun, and since when: the late, and a leader whom learners wait for. Pure.

Decides from the lesson as it is stored, so the same question has the same answer when a notice is owed and when its
turn comes. Silence is not absence: nothing here is to be asked without a reading of the room service, and whether a
reading is fresh enough is answered here too.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from storage.records import LessonDetails, Notice, NoticeKind, Reply, Role, Seat

FRESH_FOR = timedelta(minutes=1)
"""A reading older than this says nothing about who is missing now."""
ALONE_FOR = timedelta(minutes=5)
"""Learners inside without a leader for so long: somebody in charge is told."""


def has_joined(seat: Seat) -> bool:
    """Was this participant ever seen in the room?"""
    return seat.attendance is not None and seat.attendance.joined_at is not None


def is_inside(seat: Seat) -> bool:
    """Were they in the room at the last reading?"""
    return has_joined(seat) and seat.attendance is not None and seat.attendance.left_at is None


def is_read_lately(details: LessonDetails, *, now: datetime) -> bool:
    """Did the room service answer within the last minute, so that who was not seen is not there?"""
    totals = details.totals
    return totals is not None and totals.is_known and now - totals.read_at <= FRESH_FOR


def find_waiting(details: LessonDetails) -> list[Seat]:
    """Those who are inside while no leader is. Observers wait for nobody."""
    if any(is_inside(seat) for seat in details.leaders):
        return []
    return [seat for seat in details.others if is_inside(seat) and seat.participant.role is Role.LEARNER]


def alone_since(details: LessonDetails) -> datetime | None:
    """Since when people wait inside without a leader; never before the start. None: nobody does."""
    came = [seat.attendance.joined_at for seat in find_waiting(details) if seat.attendance]
    joined = [moment for moment in came if moment is not None]
    if not joined:
        return None
    left = [seat.attendance.left_at for seat in details.leaders if seat.attendance]
    return max([details.lesson.starts_at, min(joined), *(moment for moment in left if moment is not None)])


def is_missing(seat: Seat, details: LessonDetails) -> bool:
    """Is this participant expected and not seen? A leader only while somebody waits for them."""
    if has_joined(seat) or seat.participant.reply is Reply.NOT_COMING or seat.participant.failure is not None:
        return False
    if seat.participant.is_leader:
        return bool(find_waiting(details))
    return True


def late_at(seat: Seat, details: LessonDetails, *, late_after: timedelta) -> datetime | None:
    """From when this participant counts as late: after the start, and after they heard of the lesson at all."""
    if seat.card is None or seat.link is None:
        return None
    return max(details.lesson.starts_at, seat.card.posted_at, seat.link.made_at) + late_after


def find_late(details: LessonDetails, *, now: datetime, late_after: timedelta) -> list[Seat]:
    """Those who should be told that the lesson has begun without them."""
    if now >= details.lesson.ends_at:
        return []
    moments = [(seat, late_at(seat, details, late_after=late_after)) for seat in details.seats]
    return [seat for seat, moment in moments if moment is not None and moment <= now and is_missing(seat, details)]


def is_left_alone(details: LessonDetails, *, now: datetime) -> bool:
    """Have learners been inside without a leader for too long?"""
    since = alone_since(details)
    return since is not None and now - since >= ALONE_FOR


def find_reason_to_drop(notice: Notice, details: LessonDetails) -> str | None:
    """Why such a notice has nothing to say any more, as a code; None: what it announces is still so.

    Of a nudge the occasion is the start; of a missing leader, since when learners are alone.
    """
    if notice.kind is NoticeKind.LEADER_MISSING:
        since = alone_since(details)
        return None if since is not None and notice.occasion == occasion_of(since) else "leader_came"
    if notice.occasion != occasion_of(details.lesson.starts_at):
        return "moved"
    if notice.kind is NoticeKind.STILL_NOT_REACHED:
        return None if any(seat.participant.failure for seat in details.seats) else "reached"
    seat = next((seat for seat in details.seats if seat.participant.id == notice.about), None)
    if seat is None:
        return "removed"
    if has_joined(seat):
        return "joined"
    if seat.participant.reply is Reply.NOT_COMING:
        return "not_coming"
    return None if is_missing(seat, details) else "nobody_waits"


def occasion_of(moment: datetime) -> str:
    """An instant as an occasion."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
