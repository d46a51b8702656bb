"""How the bot stands, read for `/readyz` and `/metrics`: what is owed and waiting, and what came in. Judges nothing."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from bot.clock import Clock
from bot.web import Readiness
from bot.webhooks import Taken, Webhooks
from storage.errors import HallpassError
from storage.store import Store

UNSENT_PATIENCE = timedelta(minutes=5)
"""Readiness gives up on a notice that is owed for longer than this."""


async def read_readiness(
    store: Store, *, clock: Clock, webhooks: Webhooks | None, is_slack_connected: bool
) -> Readiness:
    """A store that does not answer is a fact like the others."""
    now, machine_now = clock.now(), clock.machine_now()
    try:
        pending = await store.read(lambda tx: tx.notices.pending(now=now, machine_now=machine_now))
        waiting = await store.read(lambda tx: tx.deliveries.count_unworked())
    except HallpassError:
        pending, waiting = None, 0
    taken = webhooks.counts if webhooks is not None else Counter[Taken]()
    oldest = pending.oldest_due_at if pending else None
    return Readiness(
        store=pending is not None,
        slack=is_slack_connected,
        oldest_unsent_seconds=max((now - oldest).total_seconds(), 0.0) if oldest else 0.0,
        waiting_count=pending.waiting_count if pending else 0,
        unknown_count=pending.unknown_count if pending else 0,
        stale_card_count=pending.stale_card_count if pending else 0,
        dropped_late_count=pending.dropped_late_count if pending else 0,
        failed_count=pending.failed_count if pending else 0,
        webhooks_waiting_count=waiting,
        webhooks_stored_count=taken[Taken.STORED],
        webhooks_repeated_count=taken[Taken.REPEATED],
        webhooks_refused_count=taken.total() - taken[Taken.STORED] - taken[Taken.REPEATED],
        patience_seconds=UNSENT_PATIENCE.total_seconds(),
    )
