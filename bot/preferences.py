"""What somebody would rather get of reminders and nudges, and how early. Kept as one setting of that person.

Only courtesies can be switched off: that a lesson moved, was cancelled, or has a way in arrives whatever is set here.
A reminder switched off is dropped when its turn comes, so switching it on again in time brings it back. Earlier or
later is another due time of the same notice; so nothing here can remind anybody twice of one start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot import notices
from storage.records import AuditEntry, Lesson, NoticeKind, Participant, Person, PersonId, WorkspaceId, new_id
from storage.store import Transaction

NAME = "preferences"
LONGEST = timedelta(days=1)
"""Of one's own time before the start: the link is there by then."""


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """One person's choice; as it stands here for who never made one."""

    reminds: bool = True
    remind_before: timedelta | None = None  # None: as each lesson was booked with
    nudges: bool = True

    def reminds_at(self, lesson: Lesson) -> datetime | None:
        """When this person is reminded of the start; None: not at all."""
        before = lesson.options.remind_before if self.remind_before is None else self.remind_before
        return lesson.starts_at - before if self.reminds and before else None

    def wants(self, kind: NoticeKind, lesson: Lesson) -> bool:
        """Whether a notice of this kind is welcome; whatever is no courtesy always is."""
        if kind is NoticeKind.START_REMINDER:
            return self.reminds_at(lesson) is not None
        return self.nudges or kind is not NoticeKind.LATE_NUDGE


def read_preferences(tx: Transaction, person: Person) -> Preferences:
    """What this person chose; the defaults where they never did."""
    return _read(tx, person.workspace_id, person.id)


def save_preferences(tx: Transaction, person: Person, chosen: Preferences, *, now: datetime) -> None:
    """Keep the choice, and bring what is still to come of this person's reminders in line with it."""
    before = read_preferences(tx, person)
    if chosen == before:
        return
    tx.settings.save(person.workspace_id, NAME, _to_value(chosen), person_id=person.id)
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
    return _of_value(tx.settings.find(workspace_id, NAME, person_id=person_id) or {})


def _to_value(chosen: Preferences) -> dict[str, Any]:
    seconds = None if chosen.remind_before is None else chosen.remind_before.total_seconds()
    return {"reminds": chosen.reminds, "remind_before_seconds": seconds, "nudges": chosen.nudges}


def _of_value(value: Mapping[str, Any]) -> Preferences:
    seconds = value.get("remind_before_seconds")
    return Preferences(
        reminds=bool(value.get("reminds", True)),
        remind_before=timedelta(seconds=seconds) if isinstance(seconds, int | float) else None,
        nudges=bool(value.get("nudges", True)),
    )


def _to_facts(chosen: Preferences, when: str) -> dict[str, str | int | bool | None]:
    return {f"{name}_{when}": value for name, value in _to_value(chosen).items()}
