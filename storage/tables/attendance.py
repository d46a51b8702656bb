"""Who came, as reported (append-only) and as computed. What a person corrected is never computed over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from storage.columns import Columns
from storage.queries import load_queries
from storage.records import Attendance, AttendanceEvent, LessonId, LessonTotals, WorkspaceId
from storage.tables.table import Table

EVENT = Columns(AttendanceEvent)
ATTENDANCE = Columns(Attendance)
TOTALS = Columns(LessonTotals)
SQL = load_queries("attendance", event=EVENT, attendance=ATTENDANCE, totals=TOTALS)
INSERT_EVENT = EVENT.insert_into("attendance_events") + " ON CONFLICT (lesson_id, source, source_id) DO NOTHING"
CORRECTED = ("corrected_present_seconds", "corrected_by")


def _upsert(columns: Columns[Attendance] | Columns[LessonTotals], table: str, key: str, skip: Sequence[str]) -> str:
    changes = [f"{name} = excluded.{name}" for name in columns.names if name not in skip]
    kept = [f"{name} = COALESCE(excluded.{name}, {name})" for name in columns.names if name in CORRECTED]
    return f"{columns.insert_into(table)} ON CONFLICT ({key}) DO UPDATE SET {', '.join(changes + kept)}"


SAVE = _upsert(ATTENDANCE, "attendance", "lesson_id, COALESCE(participant_id, who)", CORRECTED)
SAVE_TOTALS = _upsert(TOTALS, "lesson_totals", "lesson_id", ())


class AttendanceTable(Table):
    """`storage.store.AttendanceRecords`."""

    def add_events(self, events: Iterable[AttendanceEvent]) -> int:
        return self._put_all(INSERT_EVENT, [EVENT.to_row(event) for event in events])

    def list_events(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> list[AttendanceEvent]:
        rows = self._all(SQL["list_events"], workspace_id=workspace_id, lesson_id=lesson_id)
        return [EVENT.from_row(row) for row in rows]

    def save(self, totals: LessonTotals, attendance: Sequence[Attendance]) -> None:
        self.save_totals(totals)
        self._put_all(SAVE, [ATTENDANCE.to_row(one) for one in attendance])
        self._change(
            SQL["forget"],
            workspace_id=totals.workspace_id,
            lesson_id=totals.lesson_id,
            kept=[one.participant_id or one.who for one in attendance],
        )

    def save_totals(self, totals: LessonTotals) -> None:
        self._put(SAVE_TOTALS, TOTALS.to_row(totals))

    def list_for_lesson(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> list[Attendance]:
        rows = self._all(SQL["list_of_lesson"], workspace_id=workspace_id, lesson_id=lesson_id)
        return [ATTENDANCE.from_row(row) for row in rows]

    def find_totals(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> LessonTotals | None:
        row = self._one(SQL["find_totals"], workspace_id=workspace_id, lesson_id=lesson_id)
        return TOTALS.from_row(row) if row else None
