"""Another device: a second way in for the same person, beside the one they have. Units of work; it launches nothing.

Links of one number work side by side, told apart by their device; 1 is the link on the card. A new link or a new time
is a new number, and with it every device starts again. A link that was made and not opened yet is given once more
instead of making another, so pressing twice makes one; and there is an end to it, or a link could be had for everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot import lifecycle
from bot.errors import LimitReached, Outdated
from storage.records import (
    AuditEntry,
    LessonDetails,
    LessonId,
    Link,
    ParticipantId,
    PersonId,
    Seat,
    WorkspaceId,
    new_id,
)
from storage.store import Transaction

MOST_DEVICES = 5
"""Links of one number, the card's included."""


@dataclass(frozen=True, kw_only=True)
class DeviceAnswer:
    """Whose further way in it is, and the link that is there for it already. `link` None: to be made, for `device`."""

    details: LessonDetails
    seat: Seat
    device: int
    link: Link | None


def ask(
    tx: Transaction,
    workspace_id: WorkspaceId,
    lesson_id: LessonId,
    *,
    participant_id: ParticipantId,
    user_id: str,
    now: datetime,
) -> DeviceAnswer:
    """A further device for the person who asks; only reads.

    Works from the card's link number on, whichever card was pressed: it takes nothing away from anybody. Raises
    NotAllowed, WrongState, TooEarly, TooLate, LimitReached; Outdated while the person's own link is still being made.
    """
    details, seat = lifecycle.admit_participant(
        tx, workspace_id, lesson_id, participant_id=participant_id, user_id=user_id, action="device", now=now
    )
    if seat.link is None:
        raise Outdated
    number = seat.participant.link_number
    links = [
        link
        for link in tx.lessons.list_links(workspace_id, lesson_id)
        if link.participant_id == participant_id and link.number == number
    ]
    latest = max(links, key=lambda link: link.device)
    if latest.device > 1 and latest.opened_at is None and latest.revoked_at is None and now < latest.closes_at:
        return DeviceAnswer(details=details, seat=seat, device=latest.device, link=latest)
    if latest.device >= MOST_DEVICES:
        names = (leader.person.name for leader in details.leaders if leader.person.id != seat.person.id)
        raise LimitReached(MOST_DEVICES, tuple(names))
    return DeviceAnswer(details=details, seat=seat, device=latest.device + 1, link=None)


def keep(tx: Transaction, link: Link, *, person_id: PersonId) -> Link:
    """Store a link that was just made, if it is still wanted. Returns the one that counts. Raises Outdated."""
    participant = tx.lessons.find_participant(link.workspace_id, link.participant_id)
    lesson = tx.lessons.get(link.workspace_id, link.lesson_id)
    if participant is None or participant.removed_at is not None or participant.link_number != link.number:
        raise Outdated
    if not lesson.is_open:
        raise Outdated
    stored = tx.lessons.insert_link(link)
    if stored.id == link.id:
        tx.audit.add(
            AuditEntry(
                id=new_id(),
                workspace_id=link.workspace_id,
                lesson_id=link.lesson_id,
                actor=person_id,
                action="another_device",
                facts={"participant": participant.id, "device_before": link.device - 1, "device_after": link.device},
                at=link.made_at,
            )
        )
    return stored
