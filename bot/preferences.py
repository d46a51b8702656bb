"""What somebody prefers, kept as one setting of theirs, and followed by the reminders that are still to come.

A reminder switched off is dropped when its turn comes, so switching it on again in time brings it back. Earlier or
later is another due time of the same notice; so nothing here can remind anybody twice of one start.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot import notices
from bot.wishes import Preferences, read_value
from storage.records import AuditEntry, Lesson, NoticeKind, Participant, Person, PersonId, WorkspaceId, new_id
from storage.store import Transaction

NAME = "preferences"


def read_preferences(tx: Transaction, person: Person) -> Preferences:
    """What this person chose; the defaults where they never did."""
    return _read(tx, person.workspace_id, person.id)


def save_preferences(tx: Transaction, person: Person, chosen: Preferences, *, now: datetime) -> None:
    """Keep the choice, and bring what is still to come of this person's reminders in line with it."""
    before = read_preferences(tx, person)
    if chosen == before:
        return
    tx.settings.save(person.workspace_id, NAME, chosen.to_value(), person_id=person.id)
    for lesson in tx.lessons.list_between(person.workspace_id, ends_after=now, person_id=person.id):
        seat = tx.lessons.get_details(person.workspace_id, lesson.id).find_seat(person.id)
        if seat is not None and lesson.is_open:
            _fit(tx, lesson, seat.participant, chosen, now=now)
    tx.audit.add(
        AuditEntry(
            id=new_id(),
            workspace_id=person.workspace_id,
            actor=person.id,
            action="preferred",
            facts=_to_facts(before, "before") | _to_facts(chosen, "after"),
            at=now,
        )
    )


def fit_reminders(tx: Transaction, lesson: Lesson, participants: Iterable[Participant], *, now: datetime) -> None:
    """After start reminders were planned: those of people with a time of their own are due then instead."""
    for participant in participants:
        chosen = _read(tx, lesson.workspace_id, participant.person_id)
        if chosen.remind_before is not None:
            _fit(tx, lesson, participant, chosen, now=now)


def _fit(tx: Transaction, lesson: Lesson, participant: Participant, chosen: Preferences, *, now: datetime) -> None:
    """A moment that has passed already moves nothing: the reminder that is planned still comes."""
    due_at = chosen.reminds_at(lesson)
    if due_at is None or not now < due_at < lesson.starts_at:
        return
    tx.notices.insert(notices.plan_reminder(lesson, participant, now=now, due_at=due_at))
    tx.notices.reschedule(
        lesson.workspace_id,
        lesson.id,
        kinds=(NoticeKind.START_REMINDER,),
        due_at=due_at,
        lesson_starts_at=lesson.starts_at,
        person_id=participant.person_id,
    )


def _read(tx: Transaction, workspace_id: WorkspaceId, person_id: PersonId) -> Preferences:
    return read_value(tx.settings.find(workspace_id, NAME, person_id=person_id) or {})


def _to_facts(chosen: Preferences, when: str) -> dict[str, str | int | bool | None]:
    return {f"{name}_{when}": value for name, value in chosen.to_value().items()}
