"""What a claimed notice ends as: sent, dropped, given up visibly, or given back for later. One commit each.

Sends nothing and decides nothing; the sender does. Every write asks whether the claim still holds, so that a notice
whose lease ran out, and which another sender took, is never touched by the first one.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import structlog

from bot import lifecycle, notices
from bot.clock import Clock
from storage.records import CardKind, ClaimId, LessonDetails, Notice, NoticeState, Person, Seat
from storage.store import Store, Transaction

log = structlog.get_logger("hallpass.sending")

LEASE = timedelta(seconds=60)
"""How long a claim holds unless it is renewed; far longer than a launch and a post may take."""
PROBLEM_KINDS = notices.CARRIES_WAY_IN
"""Kinds whose failure means that somebody has no way in: their leaders and the booker are told."""


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A notice that is ours for now, and its lesson as it was when it was claimed."""

    notice: Notice
    claim_id: ClaimId
    details: LessonDetails

    @cached_property
    def seat(self) -> Seat | None:
        """The recipient's place in the lesson; None for a channel, a booker who takes no part, and work."""
        return self.details.find_seat(self.notice.person_id) if self.notice.person_id else None

    @cached_property
    def person(self) -> Person | None:
        """The recipient, when it is a person."""
        if self.seat is not None:
            return self.seat.person
        removed = self.details.find_removed(self.notice.person_id) if self.notice.person_id else None
        if removed is not None:
            return removed.person
        is_booker = self.notice.person_id == self.details.booked_by.id
        return self.details.booked_by if is_booker else None

    def get_seat(self) -> Seat:
        """The recipient's place. ValueError where there is none: such a notice is dropped before anybody asks."""
        if self.seat is None:
            raise ValueError(f"notice {self.notice.id} has no seat")
        return self.seat


Keep = Callable[[Transaction], Claimed]
"""Stores a link that was just made, and says what the claim is with it: a unit of work for the poster's *begin* to
take along, or to be done before it where the post has to wait for its turn."""


class Claims:
    """Writes the ends of claimed notices. `admin_channel`: where admins are told of whom nobody can reach in time."""

    def __init__(self, *, store: Store, clock: Clock, admin_channel: str | None = None) -> None:
        self._store = store
        self._clock = clock
        self._admin_channel = admin_channel

    async def finish(self, claimed: Claimed, state: NoticeState, *, reason: str | None = None) -> None:
        """SENT (also: work done) or DROPPED."""
        sent_at = self._clock.now() if state is NoticeState.SENT else None
        await self._store.write(
            lambda tx: tx.notices.finish(
                claimed.notice.id, claim_id=claimed.claim_id, state=state, reason=reason, sent_at=sent_at
            ),
            is_patient=True,
        )

    async def drop(self, claimed: Claimed, reason: str) -> None:
        """No longer wanted. Somebody's way in that comes too late is not just dropped: it was missed."""
        log.info("dropped", notice=claimed.notice.id, kind=claimed.notice.kind.value, reason=reason)
        if reason == "too_late" and claimed.notice.kind in notices.BRINGS_CARD:
            await self.fail(claimed, reason)
        else:
            await self.finish(claimed, NoticeState.DROPPED, reason=reason)

    async def fail(self, claimed: Claimed, code: str) -> None:
        """Give up, visibly: on the leaders' cards, and to the booker."""
        log.error("gave_up", notice=claimed.notice.id, kind=claimed.notice.kind.value, code=code)

        def work(tx: Transaction) -> None:
            is_ours = tx.notices.finish(
                claimed.notice.id, claim_id=claimed.claim_id, state=NoticeState.FAILED, reason=code
            )
            if is_ours and claimed.notice.kind in PROBLEM_KINDS:
                self._tell(tx, claimed, code)
            elif is_ours and claimed.notice.channel_id is not None:
                tx.cards.want(claimed.notice.workspace_id, claimed.notice.lesson_id, kinds=(CardKind.LEADER,))

        await self._store.write(work)

    async def note_trouble(self, claimed: Claimed, code: str) -> None:
        """Still trying, but the leaders should know."""
        await self._store.write(lambda tx: self._tell(tx, claimed, code))

    def _tell(self, tx: Transaction, claimed: Claimed, code: str) -> None:
        seat, now = claimed.seat, self._clock.now()
        if seat is None:
            return
        lifecycle.note_failure(
            tx, claimed.details, seat.participant.id, code, now=now, admin_channel=self._admin_channel
        )
        if seat.participant.is_leader and seat.card is None and code.startswith("room_"):
            # Without the card nobody would see what is wrong, nor find *Try again*.
            tx.notices.insert(notices.plan_card_without_link(claimed.details.lesson, seat.participant, now=now))

    async def release(
        self,
        claimed: Claimed,
        *,
        until: datetime | None = None,
        due_at: datetime | None = None,
        is_unknown: bool = False,
        reason: str | None = None,
    ) -> None:
        """Give it back until `until` (machine time), by default for a back-off that grows with each attempt."""
        not_before = until or self._clock.machine_now() + back_off(claimed.notice.attempts)
        await self._store.write(
            lambda tx: tx.notices.release(
                claimed.notice.id,
                claim_id=claimed.claim_id,
                not_before=not_before,
                due_at=due_at,
                is_unknown=is_unknown,
                reason=reason,
            ),
            is_patient=True,
        )


def back_off(attempts: int) -> timedelta:
    """One second, doubled with each attempt up to a minute, and up to a half more so that not all come back at once."""
    seconds = min(2.0 ** min(max(attempts - 1, 0), 6), 60.0)
    return timedelta(seconds=seconds * random.uniform(1.0, 1.5))
