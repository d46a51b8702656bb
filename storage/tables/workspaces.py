"""Workspaces and our accounts at room services. Tokens are not here: see installations."""

from __future__ import annotations

from datetime import datetime

from storage.columns import Columns
from storage.errors import NotStored
from storage.queries import load_queries
from storage.records import AccountId, RoomAccount, Workspace, WorkspaceId, new_id
from storage.tables.table import Table

WORKSPACE = Columns(Workspace)
ACCOUNT = Columns(RoomAccount)
SQL = load_queries("workspaces", workspace=WORKSPACE, account=ACCOUNT)


class WorkspaceTable(Table):
    """`storage.store.Workspaces`."""

    def ensure(self, external_id: str, *, name: str, bot_user_id: str | None, now: datetime) -> Workspace:
        (row,) = self._all(
            SQL["ensure"], id=new_id(), external_id=external_id, name=name, bot_user_id=bot_user_id, now=now
        )
        return WORKSPACE.from_row(row)

    def get(self, workspace_id: WorkspaceId) -> Workspace:
        row = self._one(SQL["get"], workspace_id=workspace_id)
        if row is None:
            raise NotStored("workspace", workspace_id)
        return WORKSPACE.from_row(row)

    def find(self, external_id: str) -> Workspace | None:
        row = self._one(SQL["find"], external_id=external_id)
        return WORKSPACE.from_row(row) if row else None

    def list_all(self) -> list[Workspace]:
        return [WORKSPACE.from_row(row) for row in self._all(SQL["list_all"])]

    def ensure_account(
        self, workspace_id: WorkspaceId, service: str, *, external_id: str | None, now: datetime
    ) -> AccountId:
        (row,) = self._all(
            SQL["ensure_account"],
            id=new_id(),
            workspace_id=workspace_id,
            service=service,
            external_id=external_id,
            now=now,
        )
        return AccountId(row[0])

    def get_account(self, workspace_id: WorkspaceId, account_id: AccountId) -> RoomAccount:
        row = self._one(SQL["get_account"], workspace_id=workspace_id, account_id=account_id)
        if row is None:
            raise NotStored("room account", account_id)
        return ACCOUNT.from_row(row)

    def find_account(self, workspace_id: WorkspaceId, service: str) -> RoomAccount | None:
        row = self._one(SQL["find_account"], workspace_id=workspace_id, service=service)
        return ACCOUNT.from_row(row) if row else None

    def keep_account_settings(self, workspace_id: WorkspaceId, account_id: AccountId, sealed: bytes | None) -> None:
        self._change(SQL["keep_account_settings"], workspace_id=workspace_id, account_id=account_id, sealed=sealed)

    def keep_account_secret(
        self, workspace_id: WorkspaceId, account_id: AccountId, sealed: bytes, *, instead_of: bytes | None
    ) -> bool:
        changed = self._change(
            SQL["keep_account_secret"],
            workspace_id=workspace_id,
            account_id=account_id,
            sealed=sealed,
            instead_of=instead_of,
        )
        return changed == 1
