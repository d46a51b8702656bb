"""Housekeeping: what has been kept long enough is erased, once a day and at the start, while the bot works.

What is to go is listed on the reading side and erased a few rows at a time, each few in a commit of their own with a
pause behind it, so that no press waits for it. Stopped anywhere, the next time goes on; done again, nothing is left to
do. Ages count on the lesson clock, as everything that people see; who was looked at in Slack when, on the machine's.
Nothing of an open lesson goes, and nothing of one of which something is still owed: that is the store's rule.

The file does not shrink: SQLite uses the freed space again. What was erased is overwritten in it.
"""

from __future__ import annotations

import asyncio

import structlog

from bot.clock import Clock
from bot.retention import Past, Retention, list_past
from storage.records import CardKind, LessonId, Workspace
from storage.store import Kept, Store, Transaction

log = structlog.get_logger("hallpass.keeping")

AT_ONCE = {Kept.LESSONS: 5, Kept.PEOPLE: 1, Kept.DELIVERIES: 100, Kept.AUDIT: 100, Kept.ROOMS: 20}
"""Rows to a commit where not 10; a lesson brings hundreds of its own along, a person is looked for in whole tables."""
LISTED = 500
PAUSE_SECONDS = 0.02


class Housekeeper:
    """Erases what `retention` says."""

    def __init__(
        self, *, store: Store, clock: Clock, retention: Retention, pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        self._store = store
        self._clock = clock
        self._retention = retention
        self._pause_seconds = pause_seconds
        self._turn = asyncio.Lock()

    async def tidy(self) -> dict[Kept, int]:
        """Erase all that is past its time. How many rows of each kind; what there was nothing of is left out."""
        async with self._turn:
            erased: dict[Kept, int] = {}
            workspaces = await self._store.read(lambda tx: tx.workspaces.list_all())
            for past in list_past(self._retention, now=self._clock.now(), machine_now=self._clock.machine_now()):
                count = sum([await self._erase_all(workspace, past) for workspace in workspaces])
                if count:
                    erased[past.kind] = count
            if erased.keys() & {Kept.TRANSCRIPTS, Kept.LESSONS}:
                await self._compact_words()
        log.info("house_kept", **{f"{kind.value}_count": count for kind, count in erased.items()})
        return erased

    async def _erase_all(self, workspace: Workspace, past: Past) -> int:
        total, is_more = 0, True
        while is_more:
            ids = await self._store.read(
                lambda tx: tx.keeping.list_past(
                    past.kind, workspace.id, before=past.before, settled_before=past.settled_before, limit=LISTED
                )
            )
            size, count = AT_ONCE.get(past.kind, 10), 0
            for start in range(0, len(ids), size):
                few = ids[start : start + size]
                count += await self._store.write(lambda tx, few=few: _erase(tx, workspace, past, few))  # type: ignore[misc]
                await asyncio.sleep(self._pause_seconds)
            total += count
            # Some that were listed may have come to life meanwhile, or be named where listing does not look: they
            # stay, and would be listed for ever.
            is_more = len(ids) == LISTED and count > 0
        return total

    async def _compact_words(self) -> None:
        begins = True
        while await self._store.write(lambda tx, begins=begins: tx.keeping.compact_words(begins=begins)):  # type: ignore[misc]
            begins = False
            await asyncio.sleep(self._pause_seconds)


def _erase(tx: Transaction, workspace: Workspace, past: Past, ids: list[str]) -> int:
    """These few, and where a summary in Slack shows something of it, it is drawn again without."""
    count = tx.keeping.erase(past.kind, workspace.id, ids, before=past.before, settled_before=past.settled_before)
    if past.kind is Kept.TRANSCRIPTS and count:
        for lesson_id in ids:
            tx.cards.want(workspace.id, LessonId(lesson_id), kinds=(CardKind.SUMMARY,))
    return count
