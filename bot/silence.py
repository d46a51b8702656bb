"""Webhooks that do not come: lessons were held, their rooms knew where to report to, and nothing was heard.

For `doctor`.
A single lesson may be one in which somebody was alone; so what counts is that nothing came since the first of the last
day's lessons. Without webhooks everything works, only later: rooms are asked instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.records import Lesson
from storage.store import Transaction

LOOKED_BACK = timedelta(days=1)
EARLY = timedelta(hours=1)
"""Somebody may have come so long before the start, and been reported then."""


@dataclass(frozen=True, kw_only=True)
class Silence:
    """So many lessons were held in the last day, and the last report came then; None: none that is still stored."""

    lesson_count: int
    last_at: datetime | None


def find_silence(tx: Transaction, *, service: str, now: datetime) -> Silence | None:
    """Of this room service. None: it was heard of since the first of them began, or there was nothing to hear of."""
    for workspace in tx.workspaces.list_all():
        found = tx.lessons.list_between(workspace.id, ends_after=now - LOOKED_BACK, starts_before=now)
        held = [lesson for lesson in found if _was_held(tx, lesson, service)]
        last_at = tx.deliveries.find_last(workspace.id, service=service)
        if held and (last_at is None or last_at < held[0].starts_at - EARLY):
            return Silence(lesson_count=len(held), last_at=last_at)
    return None


def _was_held(tx: Transaction, lesson: Lesson, service: str) -> bool:
    """Somebody was there, in a room of this service's that reports."""
    details = tx.lessons.get_details(lesson.workspace_id, lesson.id)
    totals = details.totals
    if details.service != service:
        return False
    return details.room.webhook_digest is not None and totals is not None and totals.session_count > 0
