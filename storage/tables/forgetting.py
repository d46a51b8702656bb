"""One person taken out of every table, and nothing of them left but places without a name."""

from __future__ import annotations

from storage.columns import Columns
from storage.queries import load_queries
from storage.records import FORGOTTEN_NAME, Lesson, PersonId, WorkspaceId
from storage.store import Forgotten
from storage.tables.table import Table

LESSON = Columns(Lesson, "options")
SQL = load_queries("forgetting", lesson=LESSON)
COUNTED = {
    "transcript_lines": SQL["forget_lines"],
    "summaries": SQL["forget_summaries"],
    "events": SQL["forget_events"],
    "attendances": SQL["forget_attendance"],
    "deliveries": SQL["forget_deliveries"],
    "links": SQL["forget_links"],
    "cards": SQL["forget_cards"],
    "notices": SQL["forget_notices"],
    "reasons": SQL["forget_reasons"],
    "settings": SQL["forget_settings"],
    "places": SQL["forget_places"],
}
"""In this order: places say which reports are theirs, so they go last."""


class ForgettingTable(Table):
    """`storage.store.Forgetting`."""

    def list_lessons(self, workspace_id: WorkspaceId, person_id: PersonId) -> list[Lesson]:
        rows = self._all(SQL["list_lessons"], workspace_id=workspace_id, person_id=person_id)
        return [LESSON.from_row(row) for row in rows]

    def list_needed(self, workspace_id: WorkspaceId, person_id: PersonId) -> list[Lesson]:
        rows = self._all(SQL["list_needed"], workspace_id=workspace_id, person_id=person_id)
        return [LESSON.from_row(row) for row in rows]

    def list_provider_ids(self, workspace_id: WorkspaceId, person_id: PersonId) -> list[tuple[str, str]]:
        rows = self._all(SQL["list_provider_ids"], workspace_id=workspace_id, person_id=person_id)
        return [(service, provider_user_id) for service, provider_user_id in rows]

    def forget(self, workspace_id: WorkspaceId, person_id: PersonId) -> Forgotten | None:
        key = {"workspace_id": workspace_id, "person_id": person_id}
        values = {
            **key,
            "whos": [row[0] for row in self._all(SQL["list_whos"], **key)],
            "names": [row[0] for row in self._all(SQL["list_shown_names"], **key)],
            "forgotten": FORGOTTEN_NAME,
        }
        if not self._change(SQL["forget_person"], **values):
            return None
        counts = {name: self._change(sql, **values) for name, sql in COUNTED.items()}
        self._change(SQL["forget_addresses"], **key)
        self._change(SQL["leave_no_address"], **key)
        return Forgotten(**counts)
