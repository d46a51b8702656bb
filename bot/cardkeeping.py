"""Brings posted cards up to date: newest only, coalesced, and never more than one update a card at a time.

Updating is harmless to repeat, so none of the outbox's care is needed: the claim says which revision was wanted, the
card is drawn from what is true now, and what was wanted meanwhile simply leaves it behind again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.claims import back_off
from bot.clock import Clock
from bot.delivery import Delivery
from bot.drawing import Drawer, find_next_change
from bot.errors import SlackBusy, SlackError, SlackRefused, SlackUnreachable
from bot.sending import INSTALLATION_CODES
from storage.records import Card, CardId, CardKind, ClaimId, LessonDetails
from storage.store import Store

log = structlog.get_logger("hallpass.cards")

BREATH = timedelta(seconds=1)
"""A leader's card changes at most this often, so that a class arriving is one update and not thirty."""


class CardKeeper:
    """Draws claimed cards again and sends the update."""

    def __init__(self, *, store: Store, delivery: Delivery, drawer: Drawer, clock: Clock) -> None:
        self._store = store
        self._delivery = delivery
        self._drawer = drawer
        self._clock = clock
        self._next_update: dict[CardId, datetime] = {}

    async def handle(self, card: Card, details: LessonDetails, *, claim_id: ClaimId) -> None:
        """Update the card, or give it back for later. Never raises, except when cancelled."""
        now, machine_now = self._clock.now(), self._clock.machine_now()
        breathes_until = self._next_update.get(card.id)
        if breathes_until is not None and machine_now < breathes_until:
            await self._release(card, claim_id, breathes_until)
            return
        try:
            message = self._drawer.draw_card(card, details, now=now)
            if message is not None:
                await self._delivery.update(card.conversation, card.ts, message.text, message.blocks)
            await self._finish(card, details, claim_id, drawn_at=now, is_final=message is None)
        except SlackBusy as error:
            await self._release(card, claim_id, machine_now + error.retry_after)
        except SlackUnreachable as error:
            log.warning("card_gone", card=card.id, code=error.code)
            await self._finish(card, details, claim_id, drawn_at=now, is_final=True)
        except SlackError as error:
            log.warning("card_not_updated", card=card.id, code=error.code)
            is_ours_to_mend = isinstance(error, SlackRefused) and error.code not in INSTALLATION_CODES
            if is_ours_to_mend and card.attempts >= 3:
                await self._finish(card, details, claim_id, drawn_at=now, is_final=True)
            else:
                await self._release(card, claim_id, machine_now + back_off(card.attempts + 1))
        except Exception:
            log.exception("card_failed_unexpectedly", card=card.id, kind=card.kind.value)
            await self._release(card, claim_id, machine_now + timedelta(minutes=1))

    async def _finish(
        self, card: Card, details: LessonDetails, claim_id: ClaimId, *, drawn_at: datetime, is_final: bool
    ) -> None:
        is_over = not details.lesson.is_open
        is_final = is_final or (is_over and card.kind in (CardKind.REMINDER, CardKind.WARNING, CardKind.MOVED))
        if is_over or is_final:
            self._next_update.pop(card.id, None)
        elif card.kind is CardKind.LEADER:
            self._next_update[card.id] = self._clock.machine_now() + BREATH
        due_at = find_next_change(card.kind, details, drawn_at=drawn_at)
        await self._store.write(
            lambda tx: tx.cards.finish(
                card.id, claim_id=claim_id, shown=card.revision_wanted, due_at=due_at, is_final=is_final
            ),
            is_patient=True,
        )

    async def _release(self, card: Card, claim_id: ClaimId, not_before: datetime) -> None:
        await self._store.write(
            lambda tx: tx.cards.release(card.id, claim_id=claim_id, not_before=not_before), is_patient=True
        )
