"""Join, pressed in Slack: who pressed is judged, the link redeemed, and the door asked. Units of work; no words.

Slack says who pressed, so nobody else can come in by this button however the message travels. Each press is another way
in for the same person: on a second device, after a crash, or because the first was not used in time. The link is
redeemed by the person and not by a browser, in the same one statement as at the page's door.

Where the room runs in a page of ours, a press leads there: by a link of the page's own, for whoever pressed, which the
first browser redeems. One that no browser has redeemed yet is given once more; and as with further devices there is an
end to it, or a link could be had for everybody. A leader who sends somebody their way in again begins anew.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from bot import issuing, lifecycle
from bot.devices import MOST_DEVICES
from bot.door import Visit, build_visit, spend
from bot.errors import LimitReached, Outdated
from bot.links import Standing, digest_of
from bot.presses import Press
from storage.records import LessonId, Link, LinkWay, Participant, PersonId, WorkspaceId
from storage.sealing import Sealer
from storage.store import Transaction


def press(
    tx: Transaction,
    workspace_id: WorkspaceId,
    pressed: Press,
    *,
    user_id: str,
    sealer: Sealer,
    paged: Collection[str],
    now: datetime,
) -> Visit | None:
    """Somebody pressed Join: they stand before the door, redeemed. None: their browser is on its way by itself.

    `paged`: services whose rooms run in a page of ours. There the visit's link is one of that page's, to be redeemed.
    Raises NotAllowed, WrongState, TooEarly, TooLate; Outdated while their link is still being made; LimitReached for
    one link to the page more than `MOST_DEVICES`.
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
    before = build_visit(tx, own, details, seat, Standing.FINE)
    visit = spend(tx, before, _digest_of(seat.person.id), now=now)
    if visit is None:
        raise Outdated
    if details.service not in paged:
        return visit
    return replace(visit, link=_issue_for_page(tx, visit, sealer=sealer, now=now), standing=Standing.FINE)


def _issue_for_page(tx: Transaction, visit: Visit, *, sealer: Sealer, now: datetime) -> Link:
    """A link to the page for who pressed: the last one if it is unspent, else one more beside it."""
    lesson, place = visit.details.lesson, visit.seat.participant
    links = _list_links(tx, place)
    last = max(links, key=lambda link: link.device)
    if last.way is LinkWay.PAGE and last.redeemed_at is None and last.revoked_at is None and last.token_sealed:
        return last
    if _count_pages(links) >= MOST_DEVICES:
        leaders = (one.person.name for one in visit.details.leaders if one.person.id != visit.seat.person.id)
        raise LimitReached(MOST_DEVICES, tuple(leaders))
    link = issuing.issue(lesson, place, way=LinkWay.PAGE, sealer=sealer, now=now, device=last.device + 1)
    return tx.lessons.insert_link(replace(link, delivered_at=now))


def is_used_up(tx: Transaction, place: Participant) -> bool:
    """Were they given all the links to the page that there are for their present number?"""
    return _count_pages(_list_links(tx, place)) >= MOST_DEVICES


def _list_links(tx: Transaction, place: Participant) -> list[Link]:
    links = tx.lessons.list_links(place.workspace_id, place.lesson_id)
    return [link for link in links if link.participant_id == place.id and link.number == place.link_number]


def _count_pages(links: Sequence[Link]) -> int:
    """Those that were given beside a press; by the page alone, the card's own is the first."""
    is_pressed = any(link.way is LinkWay.PRESS for link in links)
    return sum(link.way is LinkWay.PAGE for link in links) if is_pressed else 0


def _find_link(tx: Transaction, workspace_id: WorkspaceId, pressed: Press) -> Link | None:
    if pressed.link_id is None:
        return None
    links = tx.lessons.list_links(workspace_id, LessonId(pressed.lesson_id))
    return next((link for link in links if link.id == pressed.link_id), None)


def _digest_of(person_id: PersonId) -> bytes:
    """In place of a browser: the person."""
    return digest_of(f"person:{person_id}")
