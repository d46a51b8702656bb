"""Join, pressed in Slack: who pressed is judged, the link redeemed, and the door asked. Units of work; no words.

Slack says who pressed, so nobody else can come in by this button however the message travels. Each press is another way
in for the same person: on a second device, after a crash, or because the first was not used in time. The link is
redeemed by the person and not by a browser, in the same one statement as at the page's door.
"""

from __future__ import annotations

from datetime import datetime

from bot import lifecycle
from bot.door import Visit, note_redeemed
from bot.errors import Outdated
from bot.links import Standing, digest_of
from bot.presses import Press
from storage.records import LessonId, Link, LinkWay, PersonId, WorkspaceId
from storage.store import Transaction


def press(tx: Transaction, workspace_id: WorkspaceId, pressed: Press, *, user_id: str, now: datetime) -> Visit | None:
    """Somebody pressed Join: they stand before the door, redeemed. None: their browser is on its way by itself.

    Raises NotAllowed, WrongState, TooEarly, TooLate; Outdated while their link is still being made.
    """
    link = _find_link(tx, workspace_id, pressed)
    if link is None or link.way is not LinkWay.PRESS:
        if pressed.link_id is not None:
            lifecycle.note_opened(tx, workspace_id, pressed.lesson_id, pressed.link_id, now=now)
        return None
    details, seat = lifecycle.admit_participant(
        tx,
        workspace_id,
        pressed.lesson_id,
        participant_id=link.participant_id,
        user_id=user_id,
        action="join",
        now=now,
    )
    own = seat.link  # which counts now, whichever message was pressed
    if own is None or own.way is not LinkWay.PRESS:
        raise Outdated
    if not tx.lessons.redeem(workspace_id, own.id, now=now, browser_digest=_digest_of(seat.person.id)):
        raise Outdated
    visit = Visit(link=own, details=details, seat=seat, standing=Standing.COMES_BACK, team_id="")
    note_redeemed(tx, visit, now=now)
    return visit


def _find_link(tx: Transaction, workspace_id: WorkspaceId, pressed: Press) -> Link | None:
    if pressed.link_id is None:
        return None
    links = tx.lessons.list_links(workspace_id, LessonId(pressed.lesson_id))
    return next((link for link in links if link.id == pressed.link_id), None)


def _digest_of(person_id: PersonId) -> bytes:
    """In place of a browser: the person."""
    return digest_of(f"person:{person_id}")
