"""Small named values as JSON objects. Secrets have no place here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from storage.queries import load_queries
from storage.records import PersonId, WorkspaceId
from storage.tables.table import Table

SQL = load_queries("settings")


class SettingTable(Table):
    """`storage.store.Settings`."""

    def find(self, workspace_id: WorkspaceId, name: str, *, person_id: PersonId | None = None) -> dict[str, Any] | None:
        row = self._one(SQL["find"], workspace_id=workspace_id, name=name, person_id=person_id)
        value: dict[str, Any] | None = json.loads(row[0]) if row else None
        return value

    def save(
        self, workspace_id: WorkspaceId, name: str, value: Mapping[str, Any], *, person_id: PersonId | None = None
    ) -> None:
        self._change(
            SQL["save"], workspace_id=workspace_id, name=name, person_id=person_id, value=json.dumps(dict(value))
        )
