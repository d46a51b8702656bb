"""Giving a lesson other times: one unit of work that checks, asks back, or moves it with everything it owes.

Theory of operation. What was owed for the old times is dropped and what the new ones owe is planned; a fact that was
announced stays announced, one that was dropped and holds again is owed again (`Notices.insert`). A link of the
service's own keeps the window it was made with, so whoever has one gets another; a link that was not made yet is made
for the new window, when its turn comes by the new start. Who knows the lesson's times is told once of both. What was
never sent of an earlier move is not sent any more: its reader is told of both moves at once.

Extending asks here too whether somebody's next lesson is in the way. It sends nothing; it does not end or cancel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot import drafts, extending, issuing, lifecycle, notices, preferences, windows
from bot.booking import AskedBack, BookingPolicy, Declined, digest_of
from bot.drafts import BookingDraft, Caution, CautionCode, Problem, ProblemCode
from bot.errors import WrongState
from bot.ids import Field
from bot.lifecycle import Ask
from bot.moves import Move
from storage.records import (
    Lesson,
    LessonDetails,
    LessonState,
    Link,
    Notice,
    NoticeKind,
    NoticeState,
    Participant,
    ParticipantId,
    Person,
    PersonId,
    Seat,
)
from storage.store import Transaction

HANGS_ON_TIMES = (
    NoticeKind.START_REMINDER,
    NoticeKind.END_WARNING,
    NoticeKind.GO_LIVE,
    NoticeKind.READ_SESSIONS,
    NoticeKind.MOVED,
)
"""Kinds whose fact is one of the lesson's times: a move drops what waits of them."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """It has its new times. `valid_count` links sent before cannot be taken back and work until `valid_until`."""

    told_count: int = 0
    relinked_count: int = 0
    valid_count: int = 0
    valid_until: datetime | None = None
    is_changed: bool = True  # False: those were its times already


def move(
    tx: Transaction, ask: Ask, *, starts_at: datetime | None, length_text: str, confirmed: str | None = None
) -> Moved | Declined | AskedBack:
    """Move the lesson, or say what is wrong, or what to confirm. `starts_at` None: only the length changes.

    A lesson that has begun keeps its start. Raises NotAllowed, WrongState, Outdated.
    """
    details, actor = lifecycle.admit(tx, ask, "move")
    lesson = details.lesson
    if not lesson.is_open:
        raise WrongState(lesson.state, "move")
    lifecycle.check_revision(details, ask.revision)
    problems = _find_problems(details, starts_at or lesson.starts_at, length_text, ask)
    if problems:
        return Declined(problems=tuple(problems))
    wanted = _retime(lesson, starts_at or lesson.starts_at, length_text, now=ask.now)
    if (wanted.starts_at, wanted.ends_at) == (lesson.starts_at, lesson.ends_at):
        return Moved(is_changed=False)
    taken = _find_taken_room(tx, wanted)
    if taken:
        return Declined(problems=(taken,))
    cautions = find_overlaps(
        tx, details, starts_at=wanted.starts_at, ends_at=wanted.ends_at, asker=actor, policy=ask.policy
    )
    digest = digest_of(cautions)
    if cautions and confirmed != digest:
        return AskedBack(cautions=cautions, digest=digest)
    return _store(tx, details, wanted, actor=actor, policy=ask.policy, now=ask.now)


def extend(tx: Transaction, ask: Ask, *, confirmed: str | None = None) -> extending.Extended | AskedBack:
    """As `extending.extend`, but first asks back where somebody's next lesson begins before the new end."""
    details, actor = lifecycle.admit(tx, ask, "extend")
    lesson = details.lesson
    if lesson.is_open and lesson.revision == ask.revision:
        new_end = extending.extended_end(lesson, ask.now)
        cautions = find_overlaps(tx, details, starts_at=lesson.ends_at, ends_at=new_end, asker=actor, policy=ask.policy)
        digest = digest_of(cautions)
        if cautions and confirmed != digest:
            return AskedBack(cautions=cautions, digest=digest)
    return extending.extend(tx, ask)


def find_overlaps(
    tx: Transaction,
    details: LessonDetails,
    *,
    starts_at: datetime,
    ends_at: datetime,
    asker: Person,
    policy: BookingPolicy,
) -> tuple[Caution, ...]:
    """Other lessons of this lesson's people at that time; each named only to who may know of it."""
    seats = {seat.person.id: seat for seat in details.seats}
    found = tx.lessons.list_overlapping(
        details.lesson.workspace_id, seats.keys(), starts_at=starts_at, ends_at=ends_at, without=details.lesson.id
    )
    return tuple(
        Caution(
            code=_overlap_code(seats[person_id]),
            names=(seats[person_id].person.name,),
            title=other.title if _may_read_title(other, person_id, asker, policy) else "",
            starts_at=other.starts_at,
            ends_at=other.ends_at,
        )
        for other, person_id in found
    )


def _overlap_code(seat: Seat) -> CautionCode:
    return CautionCode.LEADER_OVERLAP if seat.participant.is_leader else CautionCode.PARTICIPANT_OVERLAP


def _may_read_title(other: Lesson, person_id: PersonId, asker: Person, policy: BookingPolicy) -> bool:
    return policy.is_admin(asker) or other.booked_by == asker.id or person_id == asker.id


def _find_problems(details: LessonDetails, starts_at: datetime, length_text: str, ask: Ask) -> list[Problem]:
    """What is wrong with the fields, by the rules of booking and those of a lesson that has begun."""
    lesson, policy = details.lesson, ask.policy.at(details.service)
    longest, is_ahead = policy.capabilities.longest_window, policy.launches_ahead
    draft = BookingDraft(
        starts_at=starts_at, length_text=length_text, end_rule=lesson.options.end_rule, zone=lesson.zone
    )
    if starts_at != lesson.starts_at and lesson.state is LessonState.LIVE:
        return [Problem(where=Field.STARTS_AT, code=ProblemCode.HAS_BEGUN)]
    if starts_at != lesson.starts_at:
        return list(drafts.check_times(draft, longest, lesson.options, ask.now, launches_ahead=is_ahead))
    length = drafts.read_length(length_text)
    if length is None:
        return [Problem(where=Field.LENGTH, code=ProblemCode.LENGTH_NOT_MINUTES)]
    if starts_at + length <= ask.now:
        return [Problem(where=Field.LENGTH, code=ProblemCode.ENDS_PAST)]
    launched_at = windows.earliest_launch_at(starts_at, lesson.options, ask.now, launches_ahead=is_ahead)
    closes_at = windows.default_window(starts_at, starts_at + length, lesson.options).closes_at
    if longest is not None and closes_at - launched_at > longest:
        return [Problem(where=Field.LENGTH, code=ProblemCode.CLOSES_TOO_LATE, facts={"days": longest.days})]
    return []


def _retime(lesson: Lesson, starts_at: datetime, length_text: str, *, now: datetime) -> Lesson:
    """The lesson with its new times; the wall time is kept in the lesson's own zone."""
    length = timedelta(minutes=int(length_text))
    if starts_at == lesson.starts_at:
        start, wall = lesson.starts_at, lesson.wall_start
    else:
        start = drafts.effective_start(BookingDraft(starts_at=starts_at), now)
        wall = windows.to_wall(start, lesson.zone)
    is_other_start = start != lesson.starts_at
    return replace(
        lesson,
        starts_at=start,
        ends_at=start + length,
        wall_start=wall,
        original_wall_start=lesson.original_wall_start or (lesson.wall_start if is_other_start else None),
        extension_count=0,
        is_let_end=False,
        is_running_over=False,
        revision=lesson.revision + 1,
    )


def _find_taken_room(tx: Transaction, wanted: Lesson) -> Problem | None:
    """Two lessons in one room at the same time: everybody would meet everybody."""
    for other in tx.lessons.list_in_room(wanted.workspace_id, wanted.room):
        overlaps = other.starts_at < wanted.ends_at and wanted.starts_at < other.ends_at
        if other.id != wanted.id and other.is_open and overlaps:
            where = Field.STARTS_AT if wanted.state is LessonState.BOOKED else Field.LENGTH
            return Problem(where=where, code=ProblemCode.ROOM_TAKEN, names=(other.title,))
    return None


def _store(
    tx: Transaction, details: LessonDetails, wanted: Lesson, *, actor: Person, policy: BookingPolicy, now: datetime
) -> Moved:
    lesson = details.lesson
    owed_before = tx.notices.list_for_lesson(lesson.workspace_id, lesson.id)
    tx.notices.drop_waiting(lesson.workspace_id, lesson.id, kinds=HANGS_ON_TIMES, reason="moved")
    tx.notices.reschedule(
        lesson.workspace_id,
        lesson.id,
        kinds=(NoticeKind.JOIN_LINK,),
        due_at=windows.links_at(wanted, now),
        lesson_starts_at=wanted.starts_at,
    )
    participants: list[Participant] = []
    relinked: set[ParticipantId] = set()
    valid: list[Link] = []
    for seat in details.seats:
        participant = _shift_window(seat.participant, lesson, wanted)
        if _has_link_to_replace(wanted, seat, participant, owed_before):
            valid += lifecycle.revoke_links(tx, participant, now=now)
            lifecycle.drop_old_links(tx, participant)
            participant = replace(participant, link_number=participant.link_number + 1)
            relinked.add(participant.id)
        if participant != seat.participant:
            tx.lessons.update_participant(participant)
        tx.notices.insert(notices.plan_way_in(wanted, participant, now=now))
        participants.append(participant)
    issuing.fit_windows(tx, wanted, participants, capabilities=policy.at(details.service).capabilities, now=now)
    tx.notices.insert(notices.plan_times(wanted, participants, now=now))
    preferences.fit_reminders(tx, wanted, participants, now=now)
    if wanted.starts_at != lesson.starts_at and any(participant.failure for participant in participants):
        channel = policy.admin_channel
        tx.notices.insert(notices.plan_still_not_reached(wanted, admin_channel=channel, now=now, is_known=True))
    told = _plan_word(tx, details, wanted, participants, owed_before, actor=actor, relinked=relinked, now=now)
    lifecycle.save_change(tx, wanted, action="moved", actor=actor.id, now=now)
    return Moved(
        told_count=told,
        relinked_count=len(relinked),
        valid_count=len(valid),
        valid_until=max((link.closes_at for link in valid), default=None),
    )


def _shift_window(participant: Participant, lesson: Lesson, wanted: Lesson) -> Participant:
    """A window of one's own moves along: so much before the start, so much after the end as before."""
    opens_at, closes_at = participant.opens_at, participant.closes_at
    return replace(
        participant,
        opens_at=opens_at and opens_at + (wanted.starts_at - lesson.starts_at),
        closes_at=closes_at and closes_at + (wanted.ends_at - lesson.ends_at),
    )


def _has_link_to_replace(wanted: Lesson, seat: Seat, participant: Participant, owed_before: Sequence[Notice]) -> bool:
    """Was a link made for the old window, or is it being made at this moment?"""
    if seat.link is not None:
        return windows.needs_new_link(wanted, seat.link, participant)  # one of ours follows by itself
    in_flight = (NoticeState.CLAIMED, NoticeState.BEGUN)
    return any(
        notice.kind is NoticeKind.JOIN_LINK and notice.about == participant.id and notice.state in in_flight
        for notice in owed_before
    )


def _plan_word(
    tx: Transaction,
    details: LessonDetails,
    wanted: Lesson,
    participants: Sequence[Participant],
    owed_before: Sequence[Notice],
    *,
    actor: Person,
    relinked: set[ParticipantId],
    now: datetime,
) -> int:
    """One word to everybody who knows of other times, except who moved it. How many are told."""
    lesson, told = details.lesson, 0
    knowing = set(notices.list_told(owed_before))
    unsent = notices.list_unsent_moves(owed_before)
    old_links = {seat.participant.id: seat.link for seat in details.seats}
    for participant in participants:
        if participant.person_id not in knowing or participant.person_id == actor.id:
            continue
        link = old_links[participant.id] if participant.id in relinked else None
        had_link = link is not None and link.delivered_at is not None
        before = unsent.get(participant.id)
        word = Move(
            was_start=before.was_start if before else lesson.starts_at,
            was_end=before.was_end if before else lesson.ends_at,
            starts_at=wanted.starts_at,
            ends_at=wanted.ends_at,
            old_closes_at=link.closes_at if link and had_link else (before.old_closes_at if before else None),
            revision=wanted.revision,
        )
        if word.is_nothing:  # whoever gets another link finds it on the card
            continue
        told += tx.notices.insert(notices.plan_move(wanted, participant, word, now=now))
    return told
