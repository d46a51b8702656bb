"""A participant's own answer: will they come? One unit of work, for nobody but that participant.

*I can't come* is owed to the leaders at once, and so is taking it back once they were told. Nothing else an answer
brings is a message: the leaders' board shows it. Reminders are not planned anew for it: one whose turn comes while the
answer is *I can't come* is dropped, so an answer taken back in time costs nothing.

A button says which answer its card showed. Pressed on a card that is behind, it changes nothing, unless what it asks
for is so already; so two presses are one answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot import notices, windows
from bot.errors import NoLongerKept, NotAllowed, Outdated, TooLate, WrongState
from storage.errors import NotStored
from storage.records import (
    AuditEntry,
    CardKind,
    LessonDetails,
    LessonId,
    NoticeKind,
    NoticeState,
    Participant,
    ParticipantId,
    PersonId,
    Reply,
    Seat,
    WorkspaceId,
    new_id,
)
from storage.store import Transaction


@dataclass(frozen=True, kw_only=True)
class Answering:
    """Somebody answers on a card that showed `shown`."""

    workspace_id: WorkspaceId
    lesson_id: LessonId
    participant_id: ParticipantId
    user_id: str
    answer: Reply
    shown: Reply
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Replied:
    """The lesson with the answer in it. `told_count`: leaders who get a message about it."""

    details: LessonDetails
    told_count: int = 0


def reply(tx: Transaction, asked: Answering) -> Replied:
    """Note the answer. Raises NotAllowed, WrongState, TooLate, Outdated."""
    details, seat = _admit(tx, asked)
    if not details.lesson.is_open:
        raise WrongState(details.lesson.state, "reply")
    closes_at = windows.window_of(details.lesson, seat.participant).closes_at
    if asked.now >= closes_at:
        raise TooLate(closes_at)
    before = seat.participant.reply
    if before is asked.answer:
        return Replied(details=details)
    if before is not asked.shown:
        raise Outdated
    answered = replace(seat.participant, reply=asked.answer)
    tx.lessons.update_participant(answered)
    told = _tell_leaders(tx, details, answered, now=asked.now)
    if asked.answer is Reply.NOT_COMING:
        _drop_due_reminder(tx, details, answered, now=asked.now)
    tx.cards.want(asked.workspace_id, asked.lesson_id, kinds=(CardKind.LEADER,))
    tx.cards.want(asked.workspace_id, asked.lesson_id, person_id=seat.person.id)
    _note(tx, asked, seat, before)
    return Replied(details=tx.lessons.get_details(asked.workspace_id, asked.lesson_id), told_count=len(told))


def _admit(tx: Transaction, asked: Answering) -> tuple[LessonDetails, Seat]:
    """The lesson and the place in it, if who asks is the participant themself, and no leader."""
    person = tx.people.find(asked.workspace_id, asked.user_id)
    try:
        details = tx.lessons.get_details(asked.workspace_id, asked.lesson_id)
    except NotStored as error:
        raise NoLongerKept("reply") from error
    seat = details.find_seat(person.id) if person else None
    if seat is None or seat.participant.id != asked.participant_id or seat.participant.is_leader:
        raise NotAllowed("reply")
    return details, seat


def _tell_leaders(
    tx: Transaction, details: LessonDetails, participant: Participant, *, now: datetime
) -> list[PersonId]:
    """Owe a message to each leader who knows otherwise, and none to those who were not told what no longer holds."""
    lesson, is_off = details.lesson, participant.reply is Reply.NOT_COMING
    tx.notices.drop_waiting(
        lesson.workspace_id, lesson.id, kinds=(NoticeKind.REPLY,), reason="answered_anew", about=participant.id
    )
    earlier = [
        notice
        for notice in tx.notices.list_for_lesson(lesson.workspace_id, lesson.id)
        if notice.kind is NoticeKind.REPLY and notice.about == participant.id
    ]
    heard = {
        notice.person_id: notices.says_not_coming(notice)
        for notice in sorted(earlier, key=lambda notice: notice.id)
        if notice.state in (NoticeState.SENT, NoticeState.BEGUN)
    }
    told = [seat.person.id for seat in details.leaders if heard.get(seat.person.id, False) is not is_off]
    number = len({notice.occasion for notice in earlier}) + 1
    tx.notices.insert(notices.plan_reply(lesson, participant, told, number=number, now=now))
    return told


def _drop_due_reminder(tx: Transaction, details: LessonDetails, participant: Participant, *, now: datetime) -> None:
    """A reminder whose turn is now may be in a sender's hands: it must not be begun any more."""
    lesson = details.lesson
    is_due = any(
        notice.kind is NoticeKind.START_REMINDER and notice.about == participant.id and notice.due_at <= now
        for notice in tx.notices.list_for_lesson(lesson.workspace_id, lesson.id)
    )
    if is_due:
        tx.notices.drop_waiting(
            lesson.workspace_id,
            lesson.id,
            kinds=(NoticeKind.START_REMINDER,),
            reason="not_coming",
            about=participant.id,
        )


def _note(tx: Transaction, asked: Answering, seat: Seat, before: Reply) -> None:
    entry = AuditEntry(
        id=new_id(),
        workspace_id=asked.workspace_id,
        lesson_id=asked.lesson_id,
        actor=seat.person.id,
        action="replied",
        facts={
            "participant": asked.participant_id,
            "reply_before": before.value,
            "reply_after": asked.answer.value,
        },
        at=asked.now,
    )
    tx.audit.add(entry)
