"""Whose lesson is whose to see: one rule for every list, view and button that shows a lesson to a person.

Its leaders, its booker and admins see all of it; a participant sees their own place in it; nobody else sees that it
exists: a lesson that is not there and one that is not theirs are refused alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.booking import BookingPolicy
from bot.errors import NoLongerKept, NotAllowed
from bot.lifecycle import may_run
from storage.errors import NotStored
from storage.records import AuditEntry, LessonDetails, LessonId, ParticipantId, Person, Seat, WorkspaceId
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
    names: Mapping[str, str]  # of whoever the history mentions, by their ids and their places' ids


def see(
    tx: Transaction, workspace_id: WorkspaceId, lesson_id: LessonId, *, user_id: str, policy: BookingPolicy
) -> Seen:
    """The lesson for this person. Raises NotAllowed."""
    person = tx.people.find(workspace_id, user_id)
    try:
        details = tx.lessons.get_details(workspace_id, lesson_id)
    except NotStored as error:
        raise NoLongerKept("see") from error
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


def name_people(tx: Transaction, details: LessonDetails, history: Sequence[AuditEntry]) -> dict[str, str]:
    """Everybody who is or was in the lesson, who booked it, and whoever changed it, an admin for instance.

    By their ids, and by those of the places that they had in it.
    """
    names: dict[str, str] = {details.booked_by.id: details.booked_by.name}
    for seat in (*details.seats, *details.removed):
        names[seat.person.id] = names[seat.participant.id] = seat.person.name
    for entry in history:
        if entry.actor is not None and entry.actor not in names:
            names[entry.actor] = tx.people.get(entry.workspace_id, entry.actor).name
        for place in _list_places(entry):
            if place not in names and (had := tx.lessons.find_participant(entry.workspace_id, place)) is not None:
                names[place] = tx.people.get(entry.workspace_id, had.person_id).name
    return names


def _list_places(entry: AuditEntry) -> list[ParticipantId]:
    """The places that an entry is about, also those of people who came back to another one since."""
    told = (entry.facts.get(name) for name in ("participant", "participants"))
    return [ParticipantId(place) for value in told if isinstance(value, str) for place in value.split()]


def require_admin(tx: Transaction, workspace_id: WorkspaceId, *, user_id: str, policy: BookingPolicy) -> Person:
    """The person, if all lessons are theirs to look after. Raises NotAllowed."""
    person = tx.people.find(workspace_id, user_id)
    if person is None or not policy.is_admin(person):
        raise NotAllowed("administer")
    return person
