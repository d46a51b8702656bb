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
from bot.drawing import Drawer, find_former, find_next_change
from bot.errors import SlackBusy, SlackError, SlackRefused, SlackUnreachable
from bot.house_rules import may_name
from bot.sending import INSTALLATION_CODES
from storage.records import Card, CardId, CardKind, ClaimId, LessonDetails
from storage.store import Store

log = structlog.get_logger("hallpass.cards")

FOR_A_MOMENT = (CardKind.REMINDER, CardKind.WARNING, CardKind.MOVED, CardKind.NUDGE, CardKind.RESENT)
"""Messages with a moment of their own: once the lesson is over, nothing changes them any more."""
BREATH = timedelta(seconds=1)
"""A leader's card and a channel's post change at most this often: a class arriving is one update and not thirty."""


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
            message = self._drawer.draw_card(
                card,
                details,
                now=now,
                shows_names=self._shows_names(card),
                occasion=self._find_occasion(card),
            )
            if message is not None:
                await self._delivery.update(card.conversation, card.ts, message.text, message.blocks)
            is_final = message is None or find_former(card, details) is not None
            await self._finish(card, details, claim_id, drawn_at=now, is_final=is_final)
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
        except Exception:  # one card that cannot be drawn stops no other; its claim is given back for later
            log.exception("card_failed_unexpectedly", card=card.id, kind=card.kind.value)
            await self._release(card, claim_id, machine_now + timedelta(minutes=1))

    def _find_occasion(self, card: Card) -> str | None:
        """What the message announced, where that is more than the lesson as it is now tells: word of a move."""
        if card.kind is not CardKind.MOVED:
            return None
        return self._store.glance(lambda tx: tx.notices.get(card.workspace_id, card.notice_id)).occasion

    def _shows_names(self, card: Card) -> bool:
        """Whether the card's channel may read names, as far as is stored: the post itself looked at Slack."""
        channel_id = card.channel_id
        if channel_id is None:
            return False
        otherwise = self._drawer.shows_channel_names
        if not self._store.glance(lambda tx: may_name(tx, card.workspace_id, otherwise=otherwise)):
            return False
        channel = self._store.glance(lambda tx: tx.people.find_channel(card.workspace_id, channel_id))
        return channel is not None and not channel.is_external and not channel.has_guests

    async def _finish(
        self, card: Card, details: LessonDetails, claim_id: ClaimId, *, drawn_at: datetime, is_final: bool
    ) -> None:
        is_over = not details.lesson.is_open
        is_final = is_final or (is_over and card.kind in FOR_A_MOMENT)
        if is_over or is_final:
            self._next_update.pop(card.id, None)
        elif card.kind in (CardKind.LEADER, CardKind.CHANNEL):
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
