"""Webhooks' deliveries, each kept once."""

from __future__ import annotations

from datetime import datetime

from storage.columns import Columns
from storage.queries import load_queries
from storage.records import Delivery, RoomRef, WorkspaceId
from storage.tables.table import Table

DELIVERY = Columns(Delivery)
SQL = load_queries("deliveries", delivery=DELIVERY)
INSERT = DELIVERY.insert_into("deliveries") + " ON CONFLICT (room, delivery_id) DO NOTHING"


class DeliveryTable(Table):
    """`storage.store.Deliveries`."""

    def add(self, delivery: Delivery) -> bool:
        return self._put(INSERT, DELIVERY.to_row(delivery)) == 1

    def list_unworked(self, *, limit: int) -> list[Delivery]:
        return [DELIVERY.from_row(row) for row in self._all(SQL["list_unworked"], limit=limit)]

    def count_unworked(self) -> int:
        row = self._one(SQL["count_unworked"])
        return int(row[0]) if row else 0

    def find(self, workspace_id: WorkspaceId, delivery_id: str, *, room: RoomRef) -> Delivery | None:
        row = self._one(SQL["find"], workspace_id=workspace_id, delivery_id=delivery_id, room=room)
        return DELIVERY.from_row(row) if row else None

    def find_last(self, workspace_id: WorkspaceId, *, service: str) -> datetime | None:
        row = self._one(SQL["find_last"], workspace_id=workspace_id, service=service)
        return datetime.fromisoformat(row[0]) if row else None

    def empty(self, delivery: Delivery) -> None:
        self._change(SQL["empty"], id=delivery.id, workspace_id=delivery.workspace_id)

    def mark_worked(self, delivery: Delivery, *, at: datetime, problem: str | None = None) -> bool:
        return (
            self._change(SQL["mark_worked"], id=delivery.id, workspace_id=delivery.workspace_id, at=at, problem=problem)
            == 1
        )
