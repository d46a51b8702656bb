"""Who has a place in a lesson that is booked or live: added, taken out, replaced, written to once more.

Units of work, as in `bot/lifecycle.py`: each checks who asks and against which revision, changes the places, plans what
is owed because of it, and has those cards redrawn on which it shows. What newcomers are checked for is what a booking
checks. A place that was taken away is kept, with the moment: whoever comes back has a new place, with a card and links
of its own, so that nothing owed to the old one can reach the new one. A lesson keeps a leader and a participant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot import booking, drafts, lifecycle, notices, preferences, pressing, renewing, windows
from bot.booking import AskedBack, Declined
from bot.drafts import Newcomers, Problem, ProblemCode
from bot.errors import LastOne, Outdated, TooLate, WrongState
from bot.ids import Field
from bot.lifecycle import Ask
from storage.records import (
    CardKind,
    LessonDetails,
    Link,
    NoticeKind,
    NoticeState,
    Participant,
    ParticipantId,
    Person,
    Role,
    Seat,
    new_id,
)
from storage.store import Transaction

SHOWS_PLACES = (CardKind.LEADER, CardKind.WARNING, CardKind.CHANNEL)
"""Cards on which participants, or the lesson's revision, stand. Everybody's card names the leaders."""

NOT_AS_SEATED = frozenset(
    {NoticeKind.NOT_REACHED, NoticeKind.LEADER_MISSING, NoticeKind.STILL_NOT_REACHED, NoticeKind.SUMMARY}
)
"""Owed to whoever booked or administers, with a place in the lesson or without."""


@dataclass(frozen=True, kw_only=True)
class Added:
    """These have a place now."""

    people: tuple[Person, ...]


@dataclass(frozen=True, kw_only=True)
class Removed:
    """They have no place any more. `valid_until`: until when a link that they were sent opens the room all the same."""

    people: tuple[Person, ...]
    valid_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """One came for another."""

    added: Added
    removed: Removed


@dataclass(frozen=True, kw_only=True)
class Resent:
    """Their way in is on its way to them once more."""

    person: Person


def add(tx: Transaction, ask: Ask, newcomers: Newcomers) -> Added | Declined | AskedBack:
    """Give people a place, or say what is wrong with them, or what to confirm. Raises Outdated, WrongState, TooLate."""
    details, actor = _open(tx, ask, "add")
    people = _ensure(tx, ask, newcomers)
    refused = _judge(tx, ask, details, newcomers, people, actor=actor)
    if refused is not None:
        return refused
    found = list(people.values())
    placed = _seat(tx, ask, details, found, newcomers.role, actor=actor)
    _save(tx, ask, details, action="added", actor=actor, changed=placed)
    return Added(people=tuple(found))


def remove(tx: Transaction, ask: Ask, participant_ids: Sequence[ParticipantId]) -> Removed:
    """Take people out: told once, their links revoked where that is ours. Raises Outdated, WrongState, LastOne."""
    details, actor = _open(tx, ask, "remove")
    leaving = [_find_seat(details, participant_id) for participant_id in dict.fromkeys(participant_ids)]
    staying = [seat for seat in details.seats if seat not in leaving]
    for is_leader in (True, False):
        if not any(seat.participant.is_leader is is_leader for seat in staying):
            raise LastOne(is_leader=is_leader)
    valid_until = _take_out(tx, ask, details, leaving, actor=actor)
    _save(tx, ask, details, action="removed", actor=actor, changed=[seat.participant for seat in leaving])
    return Removed(people=tuple(seat.person for seat in leaving), valid_until=valid_until)


def replace_one(
    tx: Transaction, ask: Ask, participant_id: ParticipantId, newcomers: Newcomers
) -> Replaced | Declined | AskedBack:
    """Somebody takes another's place, in the same role: cover for an ill tutor. One change, so that none is without."""
    details, actor = _open(tx, ask, "replace")
    leaving = _find_seat(details, participant_id)
    newcomers = replace(newcomers, role=leaving.participant.role)
    people = _ensure(tx, ask, newcomers)
    refused = _judge(tx, ask, details, newcomers, people, actor=actor, leaving=leaving)
    if refused is not None:
        return refused
    placed = _seat(tx, ask, details, list(people.values()), newcomers.role, actor=actor)
    valid_until = _take_out(tx, ask, details, [leaving], actor=actor)
    _save(tx, ask, details, action="replaced", actor=actor, changed=[leaving.participant, *placed])
    return Replaced(
        added=Added(people=tuple(people.values())),
        removed=Removed(people=(leaving.person,), valid_until=valid_until),
    )


def resend(tx: Transaction, ask: Ask, participant_id: ParticipantId) -> Resent:
    """Somebody's way in once more, in a message of its own: the link they have, a new one where it was opened already
    or where Join was pressed as often as it may be.

    What could not be sent to them is tried again instead. Raises Outdated, WrongState, TooLate.
    """
    details, actor = _open(tx, ask, "resend")
    seat = _find_seat(details, participant_id)
    closes_at = windows.window_of(details.lesson, seat.participant).closes_at
    if ask.now >= closes_at:
        raise TooLate(closes_at)
    if seat.participant.failure is not None or seat.invited is NoticeState.FAILED:
        lifecycle.wake_missed(tx, seat)
    else:
        renew = renewing.renew if pressing.is_used_up(tx, seat.participant) else renewing.renew_opened
        participant = renew(tx, details.lesson, seat, now=ask.now)
        tx.notices.insert(notices.plan_resending(details.lesson, participant, now=ask.now))
    _save(tx, ask, details, action="resent", actor=actor, changed=[seat.participant])
    return Resent(person=seat.person)


def _open(tx: Transaction, ask: Ask, action: str) -> tuple[LessonDetails, Person]:
    """The lesson and who asks, if it is theirs to run, still on, and as they saw it."""
    details, actor = lifecycle.admit(tx, ask, action)
    if not details.lesson.is_open:
        raise WrongState(details.lesson.state, action)
    lifecycle.check_revision(details, ask.revision)
    return details, actor


def _find_seat(details: LessonDetails, participant_id: ParticipantId) -> Seat:
    seat = next((seat for seat in details.seats if seat.participant.id == participant_id), None)
    if seat is None:
        raise Outdated
    return seat


def _ensure(tx: Transaction, ask: Ask, newcomers: Newcomers) -> dict[str, Person]:
    """Whom the form named, each once, in its order."""
    user_ids = list(dict.fromkeys(newcomers.user_ids))
    known = tx.people.ensure(ask.workspace_id, user_ids, now=ask.now)
    return {user_id: known[user_id] for user_id in user_ids}


def _judge(
    tx: Transaction,
    ask: Ask,
    details: LessonDetails,
    newcomers: Newcomers,
    people: Mapping[str, Person],
    *,
    actor: Person,
    leaving: Seat | None = None,
) -> Declined | AskedBack | None:
    """What is wrong with adding these, or to be confirmed; None: nothing. `leaving` makes room for them."""
    closes_at = windows.default_window(
        details.lesson.starts_at, details.lesson.ends_at, details.lesson.options
    ).closes_at
    if ask.now >= closes_at:
        raise TooLate(closes_at)
    problems = _check(details, newcomers, people, ask=ask, leaving=leaving)
    if not problems:
        count = sum(person.id != actor.id for person in people.values())
        problems = booking.check_reach(tx, actor, count, where=Field.ADD, policy=ask.policy, now=ask.now)
    if problems:
        return Declined(problems=tuple(problems))
    found = list(people.values())
    leads = {person.id for person in found} if newcomers.role is Role.LEADER else set()
    cautions = booking.find_overlaps(tx, details.lesson, found, leads=leads, asker=actor, policy=ask.policy)
    digest = booking.digest_of(cautions)
    if cautions and newcomers.confirmed != digest:
        return AskedBack(cautions=tuple(cautions), digest=digest)
    return None


def _check(
    details: LessonDetails, newcomers: Newcomers, people: Mapping[str, Person], *, ask: Ask, leaving: Seat | None
) -> list[Problem]:
    """What a booking would refuse, and people who are in it already."""
    if not people:
        return [Problem(where=Field.ADD, code=ProblemCode.MISSING)]
    problems = list(drafts.check_kinds(Field.ADD, people, people))
    is_leader = newcomers.role is Role.LEADER
    there = [seat for seat in details.seats if seat.person.id in {person.id for person in people.values()}]
    for code, found in (
        (ProblemCode.ALREADY_THERE, [seat for seat in there if seat.participant.is_leader is is_leader]),
        (ProblemCode.LEADER_AND_PARTICIPANT, [seat for seat in there if seat.participant.is_leader is not is_leader]),
    ):
        if found:
            problems.append(Problem(where=Field.ADD, code=code, names=tuple(seat.person.name for seat in found)))
    count = len(details.seats) + len(people) - len(there) - (1 if leaving else 0)
    policy = ask.policy.at(details.service)
    problems += drafts.check_count(Field.ADD, count, policy.service_name, policy.capabilities.max_participants)
    return problems


def _seat(
    tx: Transaction, ask: Ask, details: LessonDetails, people: Sequence[Person], role: Role, *, actor: Person
) -> list[Participant]:
    """Places for these, with their way in and what has not had its moment yet."""
    lesson = details.lesson
    leader_ids = [seat.person.id for seat in details.leaders]
    met = tx.lessons.list_met_before(ask.workspace_id, leader_ids, [person.id for person in people])
    first = max((seat.participant.position for seat in details.seats), default=-1) + 1
    placed = [
        Participant(
            id=ParticipantId(new_id()),
            workspace_id=lesson.workspace_id,
            lesson_id=lesson.id,
            person_id=person.id,
            role=role,
            position=position,
            is_new_to_leader=role is not Role.LEADER and person.id not in met,
            added_by=actor.id,
            added_at=ask.now,
        )
        for position, person in enumerate(people, start=first)
    ]
    tx.lessons.add_participants(placed)
    announced = {
        (notice.kind, notice.person_id, notice.occasion)
        for notice in tx.notices.list_for_lesson(ask.workspace_id, lesson.id)
        if notice.state in (NoticeState.SENT, NoticeState.BEGUN)
    }
    for participant in placed:
        tx.notices.drop_waiting(
            ask.workspace_id,
            lesson.id,
            kinds=(NoticeKind.REMOVED,),
            reason="back_in",
            person_id=participant.person_id,
        )
        owed = notices.plan_joining(lesson, participant, now=ask.now)
        # Somebody who had a place before may have heard of this start: the same fact is not told them twice.
        tx.notices.insert(
            notice
            for notice in owed
            if notice.kind in notices.BRINGS_CARD or (notice.kind, notice.person_id, notice.occasion) not in announced
        )
        if (NoticeKind.START_REMINDER, participant.person_id, notices.instant(lesson.starts_at)) not in announced:
            preferences.fit_reminders(tx, lesson, [participant], now=ask.now)
    return placed


def _take_out(
    tx: Transaction, ask: Ask, details: LessonDetails, leaving: Sequence[Seat], *, actor: Person
) -> datetime | None:
    """Take these places away. Returns until when a link already sent opens the room all the same; None: none does."""
    lesson = details.lesson
    told = notices.list_told(tx.notices.list_for_lesson(ask.workspace_id, lesson.id))
    valid: list[Link] = []
    for seat in leaving:
        participant, person = seat.participant, seat.person
        tx.lessons.update_participant(replace(participant, removed_at=ask.now))
        tx.notices.drop_waiting(
            ask.workspace_id, lesson.id, kinds=tuple(NoticeKind), reason="removed", about=participant.id
        )
        tx.notices.drop_waiting(
            ask.workspace_id,
            lesson.id,
            kinds=tuple(set(NoticeKind) - NOT_AS_SEATED),
            reason="removed",
            person_id=person.id,
        )
        sent = lifecycle.revoke_links(tx, participant, now=ask.now)
        valid += [] if ask.policy.at(details.service).capabilities.revocation else sent
        if person.id in told and person.id != actor.id:
            tx.notices.insert(notices.plan_removal(lesson, participant, now=ask.now))
        tx.cards.want(ask.workspace_id, lesson.id, person_id=person.id)
    return max((link.closes_at for link in valid), default=None)


def _save(
    tx: Transaction,
    ask: Ask,
    details: LessonDetails,
    *,
    action: str,
    actor: Person,
    changed: Sequence[Participant],
) -> None:
    """A new revision, so that the same press a second time changes nothing."""
    touches_leaders = action != "resent" and any(participant.is_leader for participant in changed)
    facts: dict[str, str | int | bool | None] = {
        "participants": " ".join(participant.id for participant in changed),
        "participant_count_before": len(details.seats),
        "participant_count_after": len(tx.lessons.get_details(ask.workspace_id, ask.lesson_id).seats),
    }
    lifecycle.save_change(
        tx,
        replace(details.lesson, revision=details.lesson.revision + 1),
        action=action,
        actor=actor.id,
        now=ask.now,
        facts=facts,
        kinds=None if touches_leaders else SHOWS_PLACES,
    )
