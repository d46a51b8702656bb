"""The address to which a room reports: one for each room, the same in every launch, with a key that nobody can guess.

The documents disagree whether a later launch's address replaces the first one or is ignored. So a room's key is made
before its first launch, by whichever launch comes first, and kept for as long as the room is: every launch repeats the
identical address. The key alone proves nothing (a report must be signed with the room's secret as well), and nothing
here is ever logged.
"""

from __future__ import annotations

import hashlib
import secrets

import structlog

from storage.errors import Unreadable
from storage.records import Room
from storage.sealing import Sealer
from storage.store import Store

log = structlog.get_logger("hallpass.webhooks")

KEY_BYTES = 24
"""192 bits: 32 characters in an address."""


def digest_of(key: str) -> str:
    """How a key is looked up: SHA-256, in hex."""
    return hashlib.sha256(key.encode()).hexdigest()


class WebhookKeys:
    """Makes rooms' keys and builds their addresses, below `public_url` (with its closing slash)."""

    def __init__(self, *, store: Store, sealer: Sealer, public_url: str) -> None:
        self._store = store
        self._sealer = sealer
        self._stem = f"{public_url}rooms/"

    async def find_address(self, room: Room, *, service: str) -> str | None:
        """Where this room of that service reports; its key is made where it has none.

        None where the key cannot be read any more (our own keys were lost): the room is asked instead.
        """
        if room.webhook_key_sealed is None:
            room = await self._make(room)
        try:
            return f"{self._stem}{service}/{self._sealer.unseal(room.webhook_key_sealed or b'')}"
        except Unreadable:
            log.warning("webhook_key_unreadable", room=room.id, mend="hallpass doctor says which keys are missing")
            return None

    async def _make(self, room: Room) -> Room:
        key = secrets.token_urlsafe(KEY_BYTES)
        digest, key_sealed = digest_of(key), self._sealer.seal(key)
        return await self._store.write(
            lambda tx: tx.lessons.keep_webhook_key(room.workspace_id, room.id, digest=digest, key_sealed=key_sealed),
            is_patient=True,
        )
