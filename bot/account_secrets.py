"""What a room service gave a workspace's account to be known by, kept sealed over restarts and for every process.

A registration that rooms belong to is the case. It is replaced only by who says what it replaces: of two that register
at once the first one's is kept, and both go on with it. What cannot be opened any more (our own keys were lost) counts
as nothing: the service is asked for another. Never logged, and in no repr or error.
"""

from __future__ import annotations

import structlog

from storage.errors import Unreadable
from storage.records import AccountId, WorkspaceId
from storage.sealing import Sealer
from storage.store import Store, Transaction

log = structlog.get_logger("hallpass.account_secrets")


class AccountSecret:
    """The secret of one account. Safe to use from many tasks."""

    def __init__(self, *, store: Store, sealer: Sealer, workspace_id: WorkspaceId, account_id: AccountId) -> None:
        self._store = store
        self._sealer = sealer
        self._workspace_id = workspace_id
        self._account_id = account_id

    async def load(self) -> str | None:
        """As it is kept now; None: there is none that can be read."""
        return await self._store.read(lambda tx: self._open(self._find(tx)))

    async def save(self, secret: str, *, instead_of: str | None) -> str:
        """Keep it where `instead_of` is kept (None: none). What is kept now, which may be somebody else's."""
        return await self._store.write(lambda tx: self._save(tx, secret, instead_of), is_patient=True)

    def _save(self, tx: Transaction, secret: str, instead_of: str | None) -> str:
        while True:
            sealed = self._find(tx)
            kept = self._open(sealed)
            if kept is not None and kept != instead_of:
                return kept
            made = self._sealer.seal(secret)
            # Another process may write between the two statements; then what it wrote is looked at.
            if tx.workspaces.keep_account_secret(self._workspace_id, self._account_id, made, instead_of=sealed):
                return secret

    def _find(self, tx: Transaction) -> bytes | None:
        return tx.workspaces.get_account(self._workspace_id, self._account_id).secret_sealed

    def _open(self, sealed: bytes | None) -> str | None:
        if sealed is None:
            return None
        try:
            return self._sealer.unseal(sealed)
        except Unreadable:
            log.warning("account_secret_unreadable", account=self._account_id, mend="hallpass doctor names the keys")
            return None
