"""Everything that changes a lesson after it was booked, each change one transaction with all it owes.

Every function here is a unit of work: it runs inside a store's transaction, checks who asks and against which state,
writes the change, plans the notices, wants the cards redrawn, notes it in the audit, and returns what the person is
told. It sends nothing. Whoever calls it does not write to the store otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot import changes, issuing, notices, states, windows
from bot.booking import BookingPolicy
from bot.errors import LimitReached, NoLongerKept, NotAllowed, Outdated, WrongState
from storage.errors import NotStored
from storage.records import (
    Attendance,
    AttendanceEvent,
    AuditEntry,
    CardKind,
    Lesson,
    LessonDetails,
    LessonId,
    LessonState,
    LessonTotals,
    Link,
    LinkId,
    LinkWay,
    NoticeKind,
    NoticeState,
    Participant,
    ParticipantId,
    Person,
    PersonId,
    Seat,
    WorkspaceId,
    new_id,
)
from storage.store import Transaction

REPORTS_FOR = timedelta(days=7)
"""How long after its last lesson a room's reports are still verified."""


@dataclass(frozen=True, kw_only=True)
class Cancelled:
    """The lesson is off. `valid_count` links already sent cannot be taken back and work until `valid_until`."""

    told_count: int
    valid_count: int
    valid_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Somebody asks for a change of a lesson, on a card that showed it at `revision`."""

    workspace_id: WorkspaceId
    lesson_id: LessonId
    user_id: str
    revision: int
    policy: BookingPolicy
    now: datetime


def admit(tx: Transaction, ask: Ask, action: str) -> tuple[LessonDetails, Person]:
    """The lesson and who asks, if it is theirs to run: leaders, booker, admins. Raises NotAllowed."""
    person = tx.people.find(ask.workspace_id, ask.user_id)
    try:
        details = tx.lessons.get_details(ask.workspace_id, ask.lesson_id)
    except NotStored as error:
        raise NoLongerKept(action) from error
    if person is None or not may_run(details, person, policy=ask.policy):
        raise NotAllowed(action)
    return details, person


def may_run(details: LessonDetails, person: Person, *, policy: BookingPolicy) -> bool:
    """Whether the lesson is theirs to extend, cancel and resend."""
    seat = details.find_seat(person.id)
    is_leader = seat is not None and seat.participant.is_leader
    return is_leader or details.booked_by.id == person.id or policy.is_admin(person)


def cancel(tx: Transaction, ask: Ask, *, reason: str = "") -> Cancelled:
    """Call the lesson off: waiting notices die, everybody who knew of it is told once. They all read the reason."""
    details, actor = admit(tx, ask, "cancel")
    lesson = details.lesson
    state = states.next_state(lesson.state, states.Event.CANCEL)
    check_revision(details, ask.revision)
    told = [
        person_id
        for person_id in notices.list_told(tx.notices.list_for_lesson(ask.workspace_id, ask.lesson_id))
        if person_id != actor.id
    ]
    owed = notices.plan_cancellation(details, told, now=ask.now)
    tx.notices.drop_waiting(ask.workspace_id, ask.lesson_id, kinds=tuple(NoticeKind), reason="cancelled")
    tx.notices.insert(owed)
    links = tx.lessons.list_links(ask.workspace_id, ask.lesson_id)
    sent = [link for link in links if issuing.is_beyond_recall(link, now=ask.now)]
    off = replace(
        lesson,
        state=state,
        cancelled_at=ask.now,
        cancelled_by=actor.id,
        cancel_reason=reason.strip() or None,
        revision=lesson.revision + 1,
    )
    save_change(tx, off, action="cancelled", actor=actor.id, now=ask.now)
    return Cancelled(
        told_count=len(told),
        valid_count=len(sent),
        valid_until=max((link.closes_at for link in sent), default=None),
    )


def request_new_link(
    tx: Transaction,
    workspace_id: WorkspaceId,
    lesson_id: LessonId,
    *,
    participant_id: ParticipantId,
    number: int,
    user_id: str,
    now: datetime,
    limit: int = 5,
) -> None:
    """Another way in for the person who asks, at once, in place of the one they have.

    Raises TooEarly, TooLate, Outdated, NotAllowed, WrongState; LimitReached for one more than `limit`.
    """
    details, seat = admit_participant(
        tx, workspace_id, lesson_id, participant_id=participant_id, user_id=user_id, action="new_link", now=now
    )
    person = seat.person
    if seat.participant.link_number != number or seat.link is None:
        raise Outdated
    asked = tx.audit.list_for_lesson(workspace_id, lesson_id)
    if sum(entry.action == "new_link" and entry.actor == person.id for entry in asked) >= limit:
        names = (leader.person.name for leader in details.leaders if leader.person.id != person.id)
        raise LimitReached(limit, tuple(names))
    revoke_links(tx, seat.participant, now=now)
    renewed = replace(seat.participant, link_number=number + 1, failure=None)
    tx.lessons.update_participant(renewed)
    drop_old_links(tx, renewed)
    tx.notices.insert(notices.plan_new_link(details.lesson, renewed, now=now))
    tx.cards.want(workspace_id, lesson_id, kinds=(CardKind.LEADER,))
    facts: dict[str, changes.Fact] = {
        "participant": participant_id,
        "link_number_before": number,
        "link_number_after": number + 1,
    }
    _note(tx, details, action="new_link", actor=person.id, now=now, facts=facts)


def admit_participant(
    tx: Transaction,
    workspace_id: WorkspaceId,
    lesson_id: LessonId,
    *,
    participant_id: ParticipantId,
    user_id: str,
    action: str,
    now: datetime,
) -> tuple[LessonDetails, Seat]:
    """The lesson and the place of who asks about their own way in, inside its window.

    Raises NotAllowed for anybody else, and with "removed" for who was taken out; WrongState, TooEarly, TooLate.
    """
    person = tx.people.find(workspace_id, user_id)
    try:
        details = tx.lessons.get_details(workspace_id, lesson_id)
    except NotStored as error:
        raise NoLongerKept(action) from error
    seat = details.find_seat(person.id) if person else None
    if person is None or seat is None or seat.participant.id != participant_id:
        is_removed = person is not None and details.find_removed(person.id) is not None
        raise NotAllowed("removed" if is_removed else action)
    if not details.lesson.is_open:
        raise WrongState(details.lesson.state, action)
    windows.window_of(details.lesson, seat.participant).check(now)
    return details, seat


def revoke_links(tx: Transaction, participant: Participant, *, now: datetime) -> list[Link]:
    """None of the participant's links counts any more. Returns those that were sent and open the room all the same."""
    links = [
        link
        for link in tx.lessons.list_links(participant.workspace_id, participant.lesson_id)
        if link.participant_id == participant.id
    ]
    for link in links:
        if link.revoked_at is None:
            tx.lessons.update_link(replace(link, revoked_at=now))
    return [link for link in links if link.delivered_at is not None and issuing.is_beyond_recall(link, now=now)]


def drop_old_links(tx: Transaction, participant: Participant) -> None:
    """Links that were to be made for this participant are not wanted any more: another one will be."""
    tx.notices.drop_waiting(
        participant.workspace_id,
        participant.lesson_id,
        kinds=(NoticeKind.JOIN_LINK,),
        reason="replaced",
        about=participant.id,
    )


def note_opened(
    tx: Transaction, workspace_id: WorkspaceId, lesson_id: LessonId, link_id: LinkId, *, now: datetime
) -> None:
    """Somebody pressed Join while it works: the leaders' cards say so. Pressed too early it opened nothing.

    Of a link of ours the press says nothing yet: whoever comes in by it is noted at the door.
    """
    link = next((link for link in tx.lessons.list_links(workspace_id, lesson_id) if link.id == link_id), None)
    if link is None or link.way is not LinkWay.DIRECT or not link.opens_at <= now < link.closes_at:
        return
    if tx.lessons.mark_opened(workspace_id, link_id, at=now):
        tx.cards.want(workspace_id, lesson_id, kinds=(CardKind.LEADER,))


def try_again(tx: Transaction, ask: Ask) -> int:
    """Send again to everybody who was not reached. Returns to how many."""
    details, actor = admit(tx, ask, "try_again")
    if not details.lesson.is_open:
        raise WrongState(details.lesson.state, "try_again")
    missed = [seat for seat in details.seats if seat.participant.failure is not None]
    for seat in missed:
        wake_missed(tx, seat)
    if missed:
        tx.cards.want(ask.workspace_id, ask.lesson_id, kinds=(CardKind.LEADER,))
        _note(tx, details, action="tried_again", actor=actor.id, now=ask.now, facts={"participants": len(missed)})
    return len(missed)


def wake_missed(tx: Transaction, seat: Seat) -> None:
    """What could not be sent to this participant is to be tried once more."""
    participant = seat.participant
    tx.people.save(replace(seat.person, unreachable=None))
    tx.lessons.update_participant(replace(participant, failure=None))
    tx.notices.wake(
        participant.workspace_id, participant.lesson_id, kinds=tuple(notices.CARRIES_WAY_IN), about=participant.id
    )


def note_result_seen(tx: Transaction, workspace_id: WorkspaceId, lesson_id: LessonId) -> None:
    """The booker saw in the open form who was not reached: no message about it is owed any more."""
    tx.notices.drop_waiting(workspace_id, lesson_id, kinds=(NoticeKind.NOT_REACHED,), reason="seen_in_form")


def note_failure(
    tx: Transaction,
    details: LessonDetails,
    participant_id: ParticipantId,
    reason: str,
    *,
    now: datetime,
    admin_channel: str | None = None,
) -> None:
    """Somebody cannot be reached, or not yet: leaders' cards show it; the booker is told, near the start admins too."""
    # Anew: `details` may be older than a reply, a new link or a removal, none of which may be undone by this.
    participant = tx.lessons.find_participant(details.lesson.workspace_id, participant_id)
    if participant is None or participant.removed_at is not None or participant.failure == reason:
        return
    tx.lessons.update_participant(replace(participant, failure=reason))
    tx.notices.insert([notices.plan_not_reached(details.lesson, now=now)])
    tx.notices.insert(notices.plan_still_not_reached(details.lesson, admin_channel=admin_channel, now=now))
    tx.cards.want(details.lesson.workspace_id, details.lesson.id, kinds=(CardKind.LEADER,))


def go_live(tx: Transaction, workspace_id: WorkspaceId, lesson_id: LessonId, *, now: datetime) -> None:
    """The start has come. Harmless when the lesson is live already."""
    lesson = tx.lessons.get(workspace_id, lesson_id)
    if lesson.state is not LessonState.BOOKED:
        return
    state = states.next_state(lesson.state, states.Event.START)
    live = replace(lesson, state=state, live_at=now)
    tx.lessons.update(live)
    tx.cards.want(workspace_id, lesson_id, kinds=(CardKind.LEADER, CardKind.CHANNEL))
    tx.audit.add(_entry(live, action="live", actor=None, now=now, facts=changes.facts_of(lesson, live)))


def note_running_over(
    tx: Transaction, workspace_id: WorkspaceId, lesson_id: LessonId, *, is_running_over: bool
) -> None:
    """People are still inside after the end: cards say so and keep Join."""
    lesson = tx.lessons.get(workspace_id, lesson_id)
    if lesson.is_running_over == is_running_over:
        return
    tx.lessons.update(replace(lesson, is_running_over=is_running_over))
    tx.cards.want(workspace_id, lesson_id, kinds=(CardKind.LEADER, CardKind.PARTICIPANT, CardKind.CHANNEL))


def end(
    tx: Transaction,
    details: LessonDetails,
    *,
    events: Sequence[AttendanceEvent],
    totals: LessonTotals,
    attendance: Sequence[Attendance],
    now: datetime,
) -> None:
    """The lesson is over for us: keep who came, take Join off every card, owe the summary."""
    lesson = tx.lessons.get(details.lesson.workspace_id, details.lesson.id)
    if not lesson.is_open:
        return
    state = states.next_state(lesson.state, states.Event.END)
    tx.notices.drop_waiting(
        lesson.workspace_id,
        lesson.id,
        kinds=tuple(set(NoticeKind) - {NoticeKind.READ_SESSIONS, NoticeKind.NOT_REACHED}),
        reason="ended",
    )
    ended = replace(lesson, state=state, ended_at=now, is_running_over=False, revision=lesson.revision + 1)
    save_change(tx, ended, action="ended", actor=None, now=now)
    sum_up(tx, details, events=events, totals=totals, attendance=attendance, now=now)


def sum_up(
    tx: Transaction,
    details: LessonDetails,
    *,
    events: Sequence[AttendanceEvent],
    totals: LessonTotals,
    attendance: Sequence[Attendance],
    now: datetime,
) -> None:
    """Keep who came, and owe the summary of a lesson that is over."""
    lesson = tx.lessons.get(details.lesson.workspace_id, details.lesson.id)
    if lesson.state is not LessonState.ENDED:
        return
    tx.attendance.add_events(events)
    tx.attendance.save(totals, attendance)
    tx.notices.insert(notices.plan_summary(replace(details, lesson=lesson), now=now))
    tx.cards.want(lesson.workspace_id, lesson.id)


def is_settled(tx: Transaction, workspace_id: WorkspaceId, lesson_id: LessonId) -> bool:
    """Whether everybody's first way in was sent, given up, or has to wait for its day."""
    open_states = (NoticeState.WAITING, NoticeState.CLAIMED, NoticeState.BEGUN)
    return not any(
        notice.state in open_states and notice.due_at <= notice.created_at
        for notice in tx.notices.list_for_lesson(workspace_id, lesson_id)
        if notice.kind in notices.BRINGS_CARD
    )


def erase(tx: Transaction, workspace_id: WorkspaceId, lesson_id: LessonId, *, now: datetime) -> None:
    """Nothing of the lesson's links is needed any more, nor the room's secret unless another lesson there is on.

    A room that reports by itself may do so for days (a transcript is ready): its secret, without which no report can
    be believed, is kept until `REPORTS_FOR` after its last lesson, and work for that moment is owed. Its key stays: a
    later lesson in this room must give the same address.
    """
    tx.lessons.erase_secrets(workspace_id, lesson_id)
    details = tx.lessons.get_details(workspace_id, lesson_id)
    in_room = tx.lessons.list_in_room(workspace_id, details.room.id)
    if any(lesson.is_open for lesson in in_room):
        return
    ends = [lesson.ended_at or lesson.ends_at for lesson in in_room]
    until = max(ends) + REPORTS_FOR if ends and details.room.webhook_digest is not None else now
    if until > now:
        tx.notices.insert([notices.plan_erasing(details.lesson, due_at=until, now=now)])
    else:
        tx.lessons.update_room(replace(details.room, secret_sealed=None))


def patience_until(details: LessonDetails) -> datetime:
    """Until when the room service is asked who came: 15 minutes after the last link closed."""
    return windows.gives_up_at(details.lesson, [seat.participant for seat in details.seats])


def next_look(attempts: int) -> timedelta:
    """How long until a lesson that runs over is looked at again: 30 s at first, up to 3 minutes."""
    seconds = 30 * 2 ** min(max(attempts - 1, 0), 3)
    return timedelta(seconds=min(seconds, 180))


def check_revision(details: LessonDetails, revision: int) -> None:
    """Raises Outdated where the lesson was changed since somebody's card showed it at `revision`."""
    if details.lesson.revision != revision:
        raise Outdated


def save_change(
    tx: Transaction,
    lesson: Lesson,
    *,
    action: str,
    actor: PersonId | None,
    now: datetime,
    facts: Mapping[str, changes.Fact] | None = None,
    kinds: Collection[CardKind] | None = None,
) -> None:
    """Store the changed lesson, have its cards (of these kinds) redrawn, note before and after, with `facts`."""
    before = tx.lessons.get(lesson.workspace_id, lesson.id)
    tx.lessons.update(lesson)
    tx.cards.want(lesson.workspace_id, lesson.id, kinds=kinds)
    all_facts = {**changes.facts_of(before, lesson), **(facts or {})}
    tx.audit.add(_entry(lesson, action=action, actor=actor, now=now, facts=all_facts))


def _note(
    tx: Transaction,
    details: LessonDetails,
    *,
    action: str,
    actor: PersonId,
    now: datetime,
    facts: dict[str, changes.Fact],
) -> None:
    tx.audit.add(_entry(details.lesson, action=action, actor=actor, now=now, facts=facts))


def _entry(
    lesson: Lesson, *, action: str, actor: PersonId | None, now: datetime, facts: dict[str, changes.Fact]
) -> AuditEntry:
    return AuditEntry(
        id=new_id(),
        workspace_id=lesson.workspace_id,
        lesson_id=lesson.id,
        actor=actor,
        action=action,
        facts=facts,
        at=now,
    )
