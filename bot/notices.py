"""Which notices a lesson owes, when each is due, and whether its fact still holds when its turn comes. Pure.

A notice announces one fact, its *occasion*. A fact announced once is not announced again, whatever else changed: the
unique key (lesson, kind, recipient, about, occasion) sees to that, so planning may be repeated freely. A notice whose
fact no longer holds is not hunted down; `find_reason_to_drop` answers when its turn comes, and once more in the
transaction that begins sending it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot import lateness, windows
from bot.moves import Move, read_move
from storage.records import (
    Lesson,
    LessonDetails,
    LessonState,
    Notice,
    NoticeId,
    NoticeKind,
    NoticeState,
    Participant,
    ParticipantId,
    PersonId,
    Reply,
    Seat,
    new_id,
)

SUMMARY_PATIENCE = timedelta(days=7)
"""How long a summary is worth sending after the end."""

NOT_REACHED_GATHERS = timedelta(seconds=20)
"""Failures to reach people gather this long before their booker is told, so that one message tells of all."""

NEAR = timedelta(hours=2)
"""Somebody not reached so shortly before the start is told of to the booker and the admins."""

ENDED_NOW = "ended_now"
"""The occasion of the look at who came when a leader ended the lesson."""

WORK = frozenset(
    {
        NoticeKind.GO_LIVE,
        NoticeKind.READ_SESSIONS,
        NoticeKind.COLLECT,
        NoticeKind.KEEP_ROOM,
        NoticeKind.ERASE_SECRETS,
    }
)
"""Kinds that send nothing to anybody."""

BRINGS_CARD = frozenset({NoticeKind.INVITATION, NoticeKind.JOIN_LINK})
"""Kinds that post a person's card where there is none yet."""

CARRIES_WAY_IN = BRINGS_CARD | {NoticeKind.MOVED, NoticeKind.RESENT}
"""Kinds without which somebody may have no way in that they know of."""

NEEDS_LAUNCH = frozenset({NoticeKind.JOIN_LINK})
"""Kinds that may ask the room service for a way in."""


def instant(moment: datetime) -> str:
    """An instant as an occasion."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def plan_booking(lesson: Lesson, participants: Sequence[Participant], *, now: datetime) -> list[Notice]:
    """Everything owed for a lesson that was just booked, in the order in which each person is to get it."""
    owed = []
    for participant in participants:
        owed += plan_way_in(lesson, participant, now=now) + plan_reminder(lesson, participant, now=now)
    leaders = [participant.person_id for participant in participants if participant.is_leader]
    owed.append(_plan_start(lesson, now=now))
    owed += _owe_channel(lesson, NoticeKind.CHANNEL, "booked", due_at=now, now=now)
    return owed + plan_end(lesson, leaders, now=now)


def plan_times(lesson: Lesson, participants: Sequence[Participant], *, now: datetime) -> list[Notice]:
    """What hangs on a lesson's times alone, for those it has now; after a move, what has not had its moment yet."""
    owed = [reminder for participant in participants for reminder in plan_reminder(lesson, participant, now=now)]
    owed.append(_plan_start(lesson, now=now))
    leaders = [participant.person_id for participant in participants if participant.is_leader]
    owed += plan_end(lesson, leaders, now=now)
    return [notice for notice in owed if notice.kind is not NoticeKind.END_WARNING or notice.due_at > now]


def plan_move(lesson: Lesson, participant: Participant, move: Move, *, now: datetime) -> list[Notice]:
    """One word to somebody who knows of other times."""
    return [_owe(lesson, NoticeKind.MOVED, move.to_occasion(), due_at=now, now=now, to=participant)]


def _plan_start(lesson: Lesson, *, now: datetime) -> Notice:
    return _owe(lesson, NoticeKind.GO_LIVE, instant(lesson.starts_at), due_at=lesson.starts_at, now=now)


def plan_reminder(
    lesson: Lesson, participant: Participant, *, now: datetime, due_at: datetime | None = None
) -> list[Notice]:
    """The participant's own start reminder; none once its moment has passed. `due_at`: at a moment of their choice."""
    reminds_at = windows.reminds_at(lesson) if due_at is None else due_at
    if not now < reminds_at < lesson.starts_at:
        return []
    occasion = instant(lesson.starts_at)
    return [_owe(lesson, NoticeKind.START_REMINDER, occasion, due_at=reminds_at, now=now, to=participant)]


def plan_joining(lesson: Lesson, participant: Participant, *, now: datetime) -> list[Notice]:
    """What somebody is owed who was added after booking: their way in, and what has not had its moment yet.

    A leader's warning says whom it is about, so that somebody taken out and added again has one of their own.
    """
    owed = plan_way_in(lesson, participant, now=now) + plan_reminder(lesson, participant, now=now)
    warns_at = windows.warns_at(lesson)
    if participant.is_leader and warns_at is not None and warns_at > now:
        occasion = instant(warns_at)
        owed.append(_owe(lesson, NoticeKind.END_WARNING, occasion, due_at=warns_at, now=now, to=participant))
    return owed


def plan_removal(lesson: Lesson, participant: Participant, *, now: datetime) -> list[Notice]:
    """The word to somebody who was taken out."""
    return [_owe(lesson, NoticeKind.REMOVED, "removed", due_at=now, now=now, to=participant)]


def plan_resending(lesson: Lesson, participant: Participant, *, now: datetime) -> list[Notice]:
    """The participant's way in once more, in a message of its own, once for each revision of the lesson."""
    occasion = f"revision:{lesson.revision}"
    return [_owe(lesson, NoticeKind.RESENT, occasion, due_at=now, now=now, to=participant)]


def plan_way_in(lesson: Lesson, participant: Participant, *, now: datetime) -> list[Notice]:
    """The participant's present link, and before it the card alone where the link is not to be made yet."""
    due_at = windows.links_at(lesson, now)
    owed = []
    if due_at > now:
        owed.append(_owe(lesson, NoticeKind.INVITATION, "booked", due_at=now, now=now, to=participant))
    occasion = f"link:{participant.link_number}"
    owed.append(_owe(lesson, NoticeKind.JOIN_LINK, occasion, due_at=due_at, now=now, to=participant))
    return owed


def plan_card_without_link(lesson: Lesson, participant: Participant, *, now: datetime) -> list[Notice]:
    """The card at once although the link cannot be made now: a leader must see what is wrong."""
    return [_owe(lesson, NoticeKind.INVITATION, "booked", due_at=now, now=now, to=participant)]


def plan_end(lesson: Lesson, leaders: Sequence[PersonId], *, now: datetime) -> list[Notice]:
    """What the present end brings: the look at who came, warnings to leaders and channel. Anew for each new end."""
    owed = [_owe(lesson, NoticeKind.READ_SESSIONS, instant(lesson.ends_at), due_at=lesson.ends_at, now=now)]
    warns_at = windows.warns_at(lesson)
    if warns_at is None:
        return owed
    occasion = instant(warns_at)
    owed += [
        _owe(lesson, NoticeKind.END_WARNING, occasion, due_at=warns_at, now=now, person_id=leader) for leader in leaders
    ]
    return owed + _owe_channel(lesson, NoticeKind.END_WARNING, occasion, due_at=warns_at, now=now)


def plan_look(lesson: Lesson, *, now: datetime) -> list[Notice]:
    """The look at who came to a lesson that somebody ended before its end."""
    return [_owe(lesson, NoticeKind.READ_SESSIONS, ENDED_NOW, due_at=now, now=now)]


def is_ended_now(notice: Notice) -> bool:
    """Is this the look that follows *End now*? The lesson is over already then."""
    return notice.kind is NoticeKind.READ_SESSIONS and notice.occasion == ENDED_NOW


def plan_new_link(lesson: Lesson, participant: Participant, *, now: datetime) -> list[Notice]:
    """A further link for somebody whose `link_number` was just counted up."""
    occasion = f"link:{participant.link_number}"
    return [_owe(lesson, NoticeKind.JOIN_LINK, occasion, due_at=now, now=now, to=participant)]


def plan_cancellation(details: LessonDetails, told: Iterable[PersonId], *, now: datetime) -> list[Notice]:
    """One word to everybody who was ever told of the lesson."""
    lesson = details.lesson
    owed = [_owe(lesson, NoticeKind.ERASE_SECRETS, "cancelled", due_at=now, now=now)]
    owed += [_owe(lesson, NoticeKind.CANCELLED, "cancelled", due_at=now, now=now, person_id=person) for person in told]
    return owed


def plan_summary(details: LessonDetails, *, now: datetime) -> list[Notice]:
    """The summary to leaders, booker and channel, and the erasing of links once none of them works any more."""
    lesson = details.lesson
    readers = dict.fromkeys([seat.person.id for seat in details.leaders] + [details.booked_by.id])
    owed = [
        _owe(lesson, NoticeKind.SUMMARY, "ended", due_at=now, now=now, person_id=person_id) for person_id in readers
    ]
    owed += _owe_channel(lesson, NoticeKind.SUMMARY, "ended", due_at=now, now=now)
    closes_at = windows.last_close(lesson, [seat.participant for seat in details.seats])
    owed.append(_owe(lesson, NoticeKind.ERASE_SECRETS, "ended", due_at=max(now, closes_at), now=now))
    return owed


def plan_collecting(lesson: Lesson, occasion: str, *, due_at: datetime, now: datetime) -> Notice:
    """The work on what the lesson left at the room service. `occasion`: its end, or the instant of a report."""
    return _owe(lesson, NoticeKind.COLLECT, occasion, due_at=due_at, now=now)


def find_end_of_patience(lesson: Lesson) -> datetime:
    """Until when a summary is worth sending, and what it tells of is worth waiting for."""
    return (lesson.ended_at or lesson.ends_at) + SUMMARY_PATIENCE


def plan_keeping(lesson: Lesson, closes_at: datetime, *, now: datetime) -> Notice:
    """The work of keeping the room itself open until the last door closes."""
    return _owe(lesson, NoticeKind.KEEP_ROOM, instant(closes_at), due_at=now, now=now)


def plan_erasing(lesson: Lesson, *, due_at: datetime, now: datetime) -> Notice:
    """The erasing of a room's secret, later than that of the lesson's links: its reports may still come."""
    return _owe(lesson, NoticeKind.ERASE_SECRETS, f"room:{instant(due_at)}", due_at=due_at, now=now)


def plan_reply(
    lesson: Lesson, participant: Participant, leaders: Iterable[PersonId], *, number: int, now: datetime
) -> list[Notice]:
    """Tell these leaders that the participant can't come, or can after all. `number`: of their answer, each its own."""
    occasion = f"{participant.reply.value}:{number}"
    owed = [_owe(lesson, NoticeKind.REPLY, occasion, due_at=now, now=now, person_id=leader) for leader in leaders]
    return [replace(notice, about=participant.id) for notice in owed]


def says_not_coming(notice: Notice) -> bool:
    """Which of the two a REPLY says."""
    return notice.occasion.partition(":")[0] == Reply.NOT_COMING.value


def plan_not_reached(lesson: Lesson, *, now: datetime) -> Notice:
    """Tell the booker who could not be reached. Failures within `NOT_REACHED_GATHERS` share one notice."""
    due_at = _gathered(now)
    return _owe(lesson, NoticeKind.NOT_REACHED, instant(due_at), due_at=due_at, now=now, person_id=lesson.booked_by)


def _gathered(now: datetime) -> datetime:
    gathers = int(NOT_REACHED_GATHERS.total_seconds())
    return datetime.fromtimestamp((int(now.timestamp()) // gathers + 1) * gathers, now.tzinfo)


def plan_still_not_reached(
    lesson: Lesson, *, admin_channel: str | None, now: datetime, is_known: bool = False
) -> list[Notice]:
    """Somebody cannot be reached and the start is near: once for each start, to admins where they have a channel.

    The booker hears it by `plan_not_reached`, and here once more where that was long before, or of another start
    (`is_known`).
    """
    near_at, occasion, owed = lesson.starts_at - NEAR, instant(lesson.starts_at), []
    due_at = max(_gathered(now), near_at)
    if near_at > now or is_known:
        owed.append(
            _owe(lesson, NoticeKind.STILL_NOT_REACHED, occasion, due_at=due_at, now=now, person_id=lesson.booked_by)
        )
    if admin_channel is not None:
        owed.append(
            _owe(lesson, NoticeKind.STILL_NOT_REACHED, occasion, due_at=due_at, now=now, channel_id=admin_channel)
        )
    return owed


def plan_late_nudge(lesson: Lesson, participant: Participant, *, now: datetime) -> Notice:
    """The lesson has begun without this participant: once for each start."""
    return _owe(lesson, NoticeKind.LATE_NUDGE, instant(lesson.starts_at), due_at=now, now=now, to=participant)


def plan_leader_missing(details: LessonDetails, *, admin_channel: str | None, now: datetime) -> list[Notice]:
    """Learners are inside without a leader: to the booker, unless they are the one who was nudged, and to admins."""
    lesson, since = details.lesson, lateness.alone_since(details)
    if since is None:
        return []
    occasion, owed = instant(since), []
    own_seat = details.find_seat(lesson.booked_by)
    if own_seat is None or not own_seat.participant.is_leader or lateness.has_joined(own_seat):
        owed.append(_owe(lesson, NoticeKind.LEADER_MISSING, occasion, due_at=now, now=now, person_id=lesson.booked_by))
    if admin_channel is not None:
        owed.append(_owe(lesson, NoticeKind.LEADER_MISSING, occasion, due_at=now, now=now, channel_id=admin_channel))
    return owed


def _owe(
    lesson: Lesson,
    kind: NoticeKind,
    occasion: str,
    *,
    due_at: datetime,
    now: datetime,
    to: Participant | None = None,
    person_id: PersonId | None = None,
    channel_id: str | None = None,
) -> Notice:
    return Notice(
        id=NoticeId(new_id()),
        workspace_id=lesson.workspace_id,
        lesson_id=lesson.id,
        kind=kind,
        person_id=to.person_id if to else person_id,
        channel_id=channel_id,
        about=to.id if to else None,
        occasion=occasion,
        due_at=due_at,
        lesson_starts_at=lesson.starts_at,
        created_at=now,
    )


def _owe_channel(lesson: Lesson, kind: NoticeKind, occasion: str, *, due_at: datetime, now: datetime) -> list[Notice]:
    """The same to the channel, where one was chosen."""
    if lesson.channel_id is None:
        return []
    return [_owe(lesson, kind, occasion, due_at=due_at, now=now, channel_id=lesson.channel_id)]


def find_too_late(notice: Notice, details: LessonDetails) -> datetime | None:
    """From when on the notice is of no use; None: never (work)."""
    lesson = details.lesson
    match notice.kind:
        case NoticeKind.JOIN_LINK | NoticeKind.RESENT:
            seat = _find_seat(notice, details)
            return windows.window_of(lesson, seat.participant).closes_at if seat else lesson.ends_at
        case NoticeKind.START_REMINDER:
            return lesson.starts_at
        case (
            NoticeKind.INVITATION | NoticeKind.END_WARNING | NoticeKind.MOVED | NoticeKind.CANCELLED | NoticeKind.REPLY
        ):
            return lesson.ends_at
        case NoticeKind.CHANNEL | NoticeKind.REMOVED | NoticeKind.LATE_NUDGE | NoticeKind.STILL_NOT_REACHED:
            return lesson.ends_at
        case NoticeKind.LEADER_MISSING | NoticeKind.KEEP_ROOM:
            return windows.last_close(lesson, [seat.participant for seat in details.seats])
        case NoticeKind.NOT_REACHED:
            return lesson.ends_at + timedelta(days=1)
        case NoticeKind.SUMMARY:
            return find_end_of_patience(lesson)
        case _:
            return None


def find_reason_to_drop(notice: Notice, details: LessonDetails, *, now: datetime) -> str | None:
    """Why the notice must not be sent now, as a code; None: it is wanted."""
    reason = _find_state_reason(notice, details.lesson) or _find_fact_reason(notice, details)
    if reason is not None:
        return reason
    too_late_at = find_too_late(notice, details)
    return "too_late" if too_late_at is not None and now >= too_late_at else None


def _find_state_reason(notice: Notice, lesson: Lesson) -> str | None:
    if notice.kind is NoticeKind.ERASE_SECRETS:
        return None
    if notice.kind is NoticeKind.CANCELLED:
        return None if lesson.state is LessonState.CANCELLED else "not_cancelled"
    if lesson.state is LessonState.CANCELLED:
        return "cancelled"
    if notice.kind in (NoticeKind.SUMMARY, NoticeKind.COLLECT):
        return None if lesson.state is LessonState.ENDED else "not_ended"
    if lesson.state is LessonState.ENDED and notice.kind is not NoticeKind.NOT_REACHED and not is_ended_now(notice):
        return "ended"
    return None


def _find_fact_reason(notice: Notice, details: LessonDetails) -> str | None:
    lesson = details.lesson
    seat = _find_seat(notice, details)
    if notice.kind is NoticeKind.REMOVED:
        return None if notice.person_id and details.find_removed(notice.person_id) else "back_in"
    if notice.about is not None and seat is None:
        return "removed"
    match notice.kind:
        case NoticeKind.START_REMINDER:
            if notice.occasion != instant(lesson.starts_at):
                return "moved"
            if seat is not None and seat.participant.reply is Reply.NOT_COMING:
                return "not_coming"
            return "card_is_fresh" if seat and _is_card_fresh(notice, seat, lesson) else None
        case NoticeKind.END_WARNING:
            if notice.person_id is not None and details.find_seat(notice.person_id) is None:
                return "removed"
            warns_at = windows.warns_at(lesson)
            if warns_at is None or notice.occasion != instant(warns_at):
                return "moved"
            return "answered" if lesson.is_let_end else None
        case NoticeKind.GO_LIVE:
            return None if notice.occasion == instant(lesson.starts_at) else "moved"
        case NoticeKind.READ_SESSIONS if not is_ended_now(notice):
            return None if notice.occasion == instant(lesson.ends_at) else "moved"
        case NoticeKind.MOVED:
            move = read_move(notice.occasion)
            return None if move is not None and move.holds(lesson) else "moved"
        case NoticeKind.JOIN_LINK:
            is_current = seat is not None and notice.occasion == f"link:{seat.participant.link_number}"
            return None if is_current else "replaced"
        case NoticeKind.INVITATION:
            return "card_is_there" if seat and seat.card else None
        case NoticeKind.REPLY:
            is_off = seat is not None and seat.participant.reply is Reply.NOT_COMING
            return None if says_not_coming(notice) is is_off else "answered_anew"
        case NoticeKind.LATE_NUDGE | NoticeKind.LEADER_MISSING | NoticeKind.STILL_NOT_REACHED:
            return lateness.find_reason_to_drop(notice, details)
        case NoticeKind.NOT_REACHED:
            return None if any(seat.participant.failure for seat in details.seats) else "reached"
        case _:
            return None


def _is_card_fresh(notice: Notice, seat: Seat, lesson: Lesson) -> bool:
    """The card came so shortly before the reminder that the reminder would only repeat it."""
    before = max(lesson.options.remind_before, lesson.starts_at - notice.due_at)  # earlier, where somebody chose so
    return seat.card is not None and seat.card.posted_at > notice.due_at - before / 2


def _find_seat(notice: Notice, details: LessonDetails) -> Seat | None:
    return next((seat for seat in details.seats if seat.participant.id == notice.about), None)


def list_unsent_moves(notices: Iterable[Notice]) -> dict[ParticipantId, Move]:
    """Words of earlier moves that nobody has read: what their readers know is older."""
    waiting = (NoticeState.WAITING, NoticeState.CLAIMED)
    found: dict[ParticipantId, Move] = {}
    for notice in notices:
        word = read_move(notice.occasion) if notice.kind is NoticeKind.MOVED and notice.state in waiting else None
        if word is not None and notice.about is not None:
            found[notice.about] = word
    return found


def list_told(notices: Iterable[Notice]) -> list[PersonId]:
    """Everybody to whom a card was sent, or may have been, in order and once; not who was told of their removal since.

    `notices` by due_at.
    """
    told: dict[PersonId, None] = {}
    for notice in notices:
        if notice.person_id is None or notice.state not in (NoticeState.SENT, NoticeState.BEGUN):
            continue
        if notice.kind in BRINGS_CARD:
            told[notice.person_id] = None
        elif notice.kind is NoticeKind.REMOVED:
            told.pop(notice.person_id, None)
    return list(told)
