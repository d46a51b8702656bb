"""The door behind a join link's page: whose link it is, whether it lets them in now, and coming in. No HTTP, no words.

Looking spends nothing, however often and by whomever. Coming in is redeemed first, in one statement, and only then is
the room service asked: of two browsers at the same moment one is let in, and neither waits for the other. What was
redeemed stays redeemed for that browser, also where the room service fails then: pressing again is all there is to do.
The leaders see that somebody stands before a closed door.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

import structlog

from bot import lifecycle
from bot.clock import Clock
from bot.errors import RoomServiceBusy, RoomServiceError
from bot.links import Standing, digest_of, is_token, judge
from bot.rooms.base import Launch
from storage.records import AuditEntry, CardKind, LessonDetails, Link, LinkWay, Seat, new_id
from storage.store import Store, Transaction

log = structlog.get_logger("hallpass.door")

NOT_LET_IN = "room_at_door"
"""A participant's `failure` while the room service did not open for them."""


class Enter(Protocol):
    """Asks the room service for the way in of whoever has this place, now. Raises RoomServiceError."""

    async def __call__(
        self, link: Link, details: LessonDetails, seat: Seat, *, visitor_address: str | None
    ) -> Launch: ...


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Somebody stands before the door with a link that is stored."""

    link: Link
    details: LessonDetails
    seat: Seat  # whose link it is, removed or not
    standing: Standing
    team_id: str  # Slack's id of the workspace


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What became of a press. Exactly one of the first two is set."""

    visit: Visit
    launch: Launch | None = field(default=None, repr=False)
    trouble: RoomServiceError | None = None  # redeemed, but the room service did not open


class Door:
    """Looks at links and lets people in. `find_enter` answers None until rooms can be entered at all."""

    def __init__(self, *, store: Store, clock: Clock, find_enter: Callable[[], Enter | None]) -> None:
        self._store = store
        self._clock = clock
        self._find_enter = find_enter

    @property
    def is_ready(self) -> bool:
        """Can anybody come in, or has Hallpass only just started?"""
        return self._find_enter() is not None

    async def look(self, token: str, browser: str | None) -> Visit | None:
        """How things stand with this link for this browser; None: there is no such link. Changes nothing."""
        if not is_token(token):
            return None
        browser_digest = digest_of(browser) if browser else None
        return await self._store.read(lambda tx: find_visit(tx, token, browser_digest, now=self._clock.now()))

    async def come_in(self, token: str, browser: str, *, visitor_address: str | None) -> Visit | Entry | None:
        """Redeem and enter. A Visit: not let in, and its standing says why. None: there is no such link."""
        if not is_token(token):
            return None
        browser_digest = digest_of(browser)
        visit = await self._store.write(lambda tx: redeem(tx, token, browser_digest, now=self._clock.now()))
        if visit is None or visit.standing is not Standing.COMES_BACK:
            return visit
        return await self.enter(visit, visitor_address=visitor_address)

    async def enter(self, visit: Visit, *, visitor_address: str | None) -> Entry:
        """The way in for a browser that has redeemed its link."""
        enter = self._find_enter()
        if enter is None:
            raise RuntimeError("nobody can come in yet")
        link = visit.link
        try:
            launch = await enter(link, visit.details, visit.seat, visitor_address=visitor_address)
        except RoomServiceError as error:
            log.warning("room_did_not_open", lesson=link.lesson_id, link=link.id, error=str(error))
            if not isinstance(error, RoomServiceBusy):
                await self._store.write(
                    lambda tx: lifecycle.note_failure(
                        tx, visit.details, link.participant_id, NOT_LET_IN, now=self._clock.now()
                    )
                )
            return Entry(visit=visit, trouble=error)
        if visit.seat.participant.failure == NOT_LET_IN:
            await self._store.write(lambda tx: forget_failure(tx, visit))
        log.info("entered", lesson=link.lesson_id, link=link.id)
        return Entry(visit=visit, launch=launch)


def find_visit(tx: Transaction, token: str, browser_digest: bytes | None, *, now: datetime) -> Visit | None:
    """The stored link of this token with all that a page says of it; None: there is none."""
    link = tx.lessons.find_link_by_token(digest_of(token))
    if link is None or link.way is not LinkWay.PAGE:
        return None
    participant = tx.lessons.find_participant(link.workspace_id, link.participant_id)
    if participant is None:
        return None
    details = tx.lessons.get_details(link.workspace_id, link.lesson_id)
    seat = next((seat for seat in details.seats if seat.participant.id == participant.id), None)
    if seat is None:
        seat = Seat(participant=participant, person=tx.people.get(link.workspace_id, participant.person_id), link=link)
    standing = judge(link, lesson=details.lesson, participant=participant, now=now, browser_digest=browser_digest)
    return build_visit(tx, link, details, seat, standing)


def build_visit(tx: Transaction, link: Link, details: LessonDetails, seat: Seat, standing: Standing) -> Visit:
    """How somebody stands before the door."""
    team_id = tx.workspaces.get(link.workspace_id).external_id
    return Visit(link=link, details=details, seat=seat, standing=standing, team_id=team_id)


def redeem(tx: Transaction, token: str, browser_digest: bytes, *, now: datetime) -> Visit | None:
    """A unit of work: the link is this browser's, if it can be. COMES_BACK: it is; else what is in the way."""
    before = find_visit(tx, token, browser_digest, now=now)
    return before and (spend(tx, before, browser_digest, now=now) or before)


def spend(tx: Transaction, visit: Visit, by: bytes, *, now: datetime) -> Visit | None:
    """The link is theirs who came first, and theirs it stays: the one rule of the page's door and of a press in Slack.

    `by`: the digest of a browser, or of whoever pressed. None: the link is another's, or opens nothing now.
    """
    link = visit.link
    if not tx.lessons.redeem(link.workspace_id, link.id, now=now, browser_digest=by):
        return None
    if link.redeemed_at is None:
        _note_redeemed(tx, visit, now=now)
    return replace(visit, standing=Standing.COMES_BACK)


def _note_redeemed(tx: Transaction, visit: Visit, *, now: datetime) -> None:
    """For the first time, of which there is something to say. `visit` is from before."""
    link = visit.link
    tx.lessons.mark_opened(link.workspace_id, link.id, at=now)
    tx.cards.want(link.workspace_id, link.lesson_id, kinds=(CardKind.LEADER,))
    tx.audit.add(
        AuditEntry(
            id=new_id(),
            workspace_id=link.workspace_id,
            lesson_id=link.lesson_id,
            actor=visit.seat.person.id,
            action="redeemed",
            facts={"participant": link.participant_id, "number": link.number, "device": link.device},
            at=now,
        )
    )


def forget_failure(tx: Transaction, visit: Visit) -> None:
    """They are in after all: their leaders' cards say no more that they were not let in."""
    link = visit.link
    participant = tx.lessons.find_participant(link.workspace_id, link.participant_id)
    if participant is not None and participant.failure == NOT_LET_IN:
        tx.lessons.update_participant(replace(participant, failure=None))
        tx.cards.want(link.workspace_id, link.lesson_id, kinds=(CardKind.LEADER,))
