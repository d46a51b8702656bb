"""What has been kept long enough, found and erased: one pair of queries for each kind."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from storage.queries import load_queries
from storage.records import WorkspaceId
from storage.store import Kept
from storage.tables.table import Table

SQL = load_queries("keeping")
LISTS = {
    Kept.LESSONS: SQL["list_lessons"],
    Kept.ATTENDANCE: SQL["list_attendance"],
    Kept.EVENTS: SQL["list_events"],
    Kept.TRANSCRIPTS: SQL["list_transcripts"],
    Kept.DELIVERIES: SQL["list_deliveries"],
    Kept.AUDIT: SQL["list_audit"],
    Kept.ROOMS: SQL["list_rooms"],
    Kept.PEOPLE: SQL["list_people"],
}
ERASURES = {
    Kept.LESSONS: (SQL["erase_lessons"],),
    Kept.ATTENDANCE: (SQL["erase_attendance"],),
    Kept.EVENTS: (SQL["erase_events"],),
    Kept.TRANSCRIPTS: (SQL["erase_summaries"], SQL["erase_transcripts"]),
    Kept.DELIVERIES: (SQL["erase_deliveries"],),
    Kept.AUDIT: (SQL["erase_audit"],),
    Kept.ROOMS: (SQL["erase_rooms_deliveries"], SQL["erase_rooms"]),
    Kept.PEOPLE: (SQL["erase_people"],),
}
"""In this order; what the last one erased is counted, and where that is nothing, what the first one changed."""
WORDS_PAGES = 64  # of the index of words, to a transaction: some milliseconds


class KeepingTable(Table):
    """`storage.store.Keeping`."""

    def list_past(
        self,
        kind: Kept,
        workspace_id: WorkspaceId,
        *,
        before: datetime,
        settled_before: datetime | None = None,
        limit: int,
    ) -> list[str]:
        rows = self._all(
            LISTS[kind],
            workspace_id=workspace_id,
            before=before,
            settled_before=settled_before or "",
            limit=limit,
        )
        return [row[0] for row in rows]

    def erase(
        self,
        kind: Kept,
        workspace_id: WorkspaceId,
        ids: Collection[str],
        *,
        before: datetime,
        settled_before: datetime | None = None,
    ) -> int:
        counts = [
            self._change(
                sql, workspace_id=workspace_id, ids=list(ids), before=before, settled_before=settled_before or ""
            )
            for sql in ERASURES[kind]
        ]
        return counts[-1] or counts[0]

    def compact_words(self, *, begins: bool) -> bool:
        before = self._connection.total_changes
        # Less than nothing: whatever parts the index has come into the merge, however few; more goes on with that.
        self._change(SQL["compact_words"], pages=-WORDS_PAGES if begins else WORDS_PAGES)
        # FTS5's own sign that there was something to do: it writes the statement's row, and more where it merged.
        return self._connection.total_changes - before >= 2
