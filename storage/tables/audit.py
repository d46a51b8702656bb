"""Who did what. Entries are added and read, never changed."""

from __future__ import annotations

from storage.columns import Columns
from storage.queries import load_queries
from storage.records import AuditEntry, LessonId, WorkspaceId
from storage.tables.table import Table

ENTRY = Columns(AuditEntry)
SQL = load_queries("audit", entry=ENTRY)
INSERT = ENTRY.insert_into("audit")


class AuditTable(Table):
    """`storage.store.Audit`."""

    def add(self, entry: AuditEntry) -> None:
        self._put(INSERT, ENTRY.to_row(entry))

    def list_for_lesson(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> list[AuditEntry]:
        rows = self._all(SQL["list_of_lesson"], workspace_id=workspace_id, lesson_id=lesson_id)
        return [ENTRY.from_row(row) for row in rows]

    def list_latest(self, workspace_id: WorkspaceId, action: str, *, limit: int) -> list[AuditEntry]:
        rows = self._all(SQL["list_latest"], workspace_id=workspace_id, action=action, limit=limit)
        return [ENTRY.from_row(row) for row in rows]
