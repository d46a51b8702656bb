"""Whose lesson is whose to see: one rule for every list, view and button that shows a lesson to a person.

Its leaders, its booker and admins see all of it; a participant sees their own place in it; nobody else sees that it
exists: a lesson that is not there and one that is not theirs are refused alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.booking import BookingPolicy
from bot.errors import NotAllowed
from bot.lifecycle import may_run
from storage.errors import NotStored
from storage.records import AuditEntry, LessonDetails, LessonId, Person, PersonId, Seat, WorkspaceId
from storage.store import Transaction


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A lesson as one person may see it. `seat` None: they take no part. `history` is empty unless they are admin."""

    details: LessonDetails
    person: Person
    seat: Seat | None
    runs: bool
    is_admin: bool
    history: tuple[AuditEntry, ...] = ()
    names: Mapping[PersonId, str]  # of whoever the history mentions


def see(
    tx: Transaction, workspace_id: WorkspaceId, lesson_id: LessonId, *, user_id: str, policy: BookingPolicy
) -> Seen:
    """The lesson for this person. Raises NotAllowed."""
    person = tx.people.find(workspace_id, user_id)
    try:
        details = tx.lessons.get_details(workspace_id, lesson_id)
    except NotStored as error:
        raise NotAllowed("see") from error
    seat = details.find_seat(person.id) if person else None
    runs = person is not None and may_run(details, person, policy=policy)
    if person is None or not (runs or seat):
        raise NotAllowed("see")
    is_admin = policy.is_admin(person)
    history = tuple(tx.audit.list_for_lesson(workspace_id, lesson_id)) if is_admin else ()
    return Seen(
        details=details,
        person=person,
        seat=seat,
        runs=runs,
        is_admin=is_admin,
        history=history,
        names=name_people(tx, details, history),
    )


def name_people(tx: Transaction, details: LessonDetails, history: tuple[AuditEntry, ...]) -> dict[PersonId, str]:
    """Everybody in the lesson, who booked it, and whoever changed it, an admin for instance."""
    names = {seat.person.id: seat.person.name for seat in details.seats}
    names[details.booked_by.id] = details.booked_by.name
    for entry in history:
        if entry.actor is not None and entry.actor not in names:
            names[entry.actor] = tx.people.get(entry.workspace_id, entry.actor).name
    return names


def require_admin(tx: Transaction, workspace_id: WorkspaceId, *, user_id: str, policy: BookingPolicy) -> Person:
    """The person, if all lessons are theirs to look after. Raises NotAllowed."""
    person = tx.people.find(workspace_id, user_id)
    if person is None or not policy.is_admin(person):
        raise NotAllowed("administer")
    return person
