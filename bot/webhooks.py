"""What room services send us by themselves, taken in: key and signature checked, each delivery stored once. No HTTP.

Nothing is believed before the signature over the raw body is found to be made with the room's own secret, and nothing
is done with it here: a sender waits for the answer, so a delivery is stored, and worked on afterwards (`reports.py`).

    key unknown, or another service's      UNKNOWN        nothing says whether the address was ever good
    of a service that is not here any more UNKNOWN        nor that it was
    no id by which to know it again        UNNUMBERED
    not signed, or by an old secret        FORGED         also when our copy of the secret is erased already
    genuine, but not readable at all       UNREADABLE     sending it again cannot mend it
    stored before                          REPEATED       the sender did not hear our answer
    too many at once, or the store is out  BUSY           to be sent again
    stored now                             STORED

Neither the time nor the id of a delivery is signed. So a genuine body sent again under another id is stored again, and
must change nothing: what it says is known by session, person and instant.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import structlog

from bot.clock import Clock
from bot.errors import RoomServiceError, WebhookForged
from bot.rooms.base import Incoming, RoomService
from bot.rooms.registry import RoomServices
from bot.rooms.reporting import choose_headers, open_delivery, read_delivery
from bot.webhook_keys import digest_of
from storage.errors import StorageError, Unreadable
from storage.records import AccountId, Delivery, Room, new_id
from storage.sealing import Sealer
from storage.store import Store

log = structlog.get_logger("hallpass.webhooks")

MOST_AT_ONCE = 1_000
"""Deliveries that wait for the disk at the same time, a kilobyte each as a rule; more are asked to come again. At two
hundred a second, a store or a machine that is held up for five seconds refuses none."""
LONGEST_EVENT = 100
SECRETS_AT_HAND = 1_000
"""Rooms' secrets kept unsealed in memory, so that not every delivery pays for it. What is sealed anew is unsealed
anew."""


class Taken(StrEnum):
    """What became of a delivery."""

    STORED = "stored"
    REPEATED = "repeated"
    UNKNOWN = "unknown"
    UNNUMBERED = "unnumbered"
    FORGED = "forged"
    UNREADABLE = "unreadable"
    BUSY = "busy"


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a room reports, found by its key."""

    room: Room
    service: RoomService  # whose room it is


class Webhooks:
    """Takes deliveries in, of every service that reports. `on_stored` is called after each that was stored."""

    def __init__(
        self,
        *,
        store: Store,
        services: RoomServices,
        sealer: Sealer,
        clock: Clock,
        on_stored: Callable[[], None] = lambda: None,
        most_at_once: int = MOST_AT_ONCE,
    ) -> None:
        self._store = store
        self._services = services
        self._sealer = sealer
        self._unseal_secret = lru_cache(SECRETS_AT_HAND)(sealer.unseal)
        self._clock = clock
        self._on_stored = on_stored
        self._most_at_once = most_at_once
        self._at_once = 0
        self._service_names: dict[AccountId, str] = {}
        self.counts: Counter[Taken] = Counter()
        """How many of each since the start, for metrics."""

    def find_address(self, service_name: str, key: str) -> Address | None:
        """Whose address it is. The digest is computed and looked up whatever the key is like."""
        try:
            room = self._store.glance(lambda tx: tx.lessons.find_room_by_webhook(digest_of(key)))
            is_its = room is not None and self._find_service_name(room) == service_name
        except StorageError:
            room, is_its = None, False
        service = self._services.find(service_name)
        if room is None or not is_its or service is None or not service.capabilities.webhooks:
            self.counts[Taken.UNKNOWN] += 1
            return None
        return Address(room=room, service=service)

    def _find_service_name(self, room: Room) -> str:
        """Whose room it is. Looked up once: an account is one service's for good."""
        name = self._service_names.get(room.account_id)
        if name is None:
            name = self._store.glance(lambda tx: tx.workspaces.get_account(room.workspace_id, room.account_id)).service
            self._service_names[room.account_id] = name
        return name

    async def take(self, address: Address, headers: Mapping[str, str], body: bytes) -> Taken:
        """Check and store. `headers` with names in lower case. Never raises."""
        taken = await self._judge(address, choose_headers(headers), body)
        self.counts[taken] += 1
        if taken is Taken.STORED:
            self._on_stored()
        elif taken in (Taken.FORGED, Taken.UNREADABLE, Taken.UNNUMBERED):
            log.warning("webhook_refused", service=address.service.name, room=address.room.id, why=taken.value)
        return taken

    async def _judge(self, address: Address, headers: Mapping[str, str], body: bytes) -> Taken:
        room, service = address.room, address.service
        incoming = open_delivery(service, headers)
        if incoming is None:
            return Taken.UNNUMBERED
        secret = self._find_secret(room)
        if secret is None:
            return Taken.FORGED
        try:
            read_delivery(service, headers, body, secret=secret, received_at=self._clock.now())
        except WebhookForged:
            return Taken.FORGED
        except RoomServiceError:
            return Taken.UNREADABLE
        if self._at_once >= self._most_at_once:
            return Taken.BUSY
        self._at_once += 1
        try:
            return await self._store_once(room, incoming, headers, body)
        finally:
            self._at_once -= 1

    async def _store_once(self, room: Room, incoming: Incoming, headers: Mapping[str, str], body: bytes) -> Taken:
        delivery = Delivery(
            id=new_id(),
            workspace_id=room.workspace_id,
            room=room.id,
            delivery_id=incoming.delivery_id,
            event=incoming.event[:LONGEST_EVENT],
            headers=json.dumps(dict(headers)),
            body_sealed=self._sealer.seal(body.decode("latin-1")),  # bytes as they came, whatever they are
            received_at=self._clock.now(),
        )
        try:
            is_new = await self._store.write(lambda tx: tx.deliveries.add(delivery), is_patient=True)
        except StorageError as error:
            log.warning("webhook_not_stored", room=room.id, error=str(error))
            return Taken.BUSY
        return Taken.STORED if is_new else Taken.REPEATED

    def _find_secret(self, room: Room) -> str | None:
        try:
            return self._unseal_secret(room.secret_sealed) if room.secret_sealed is not None else None
        except Unreadable:
            return None
