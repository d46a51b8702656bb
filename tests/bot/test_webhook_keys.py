"""The address to which a room reports: one for good, unguessable, and never a reason to launch nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import structlog

from bot.webhook_keys import WebhookKeys, digest_of
from storage.records import Room
from storage.sealing import Sealer, new_key
from tests.bot.lessons_in_store import StoredSchool
from tests.records import STARTS_AT


def make_keys(stored: StoredSchool, sealer: Sealer) -> WebhookKeys:
    return WebhookKeys(store=stored.store, sealer=sealer, public_url="https://hallpass.example.org/bot/")


@pytest.fixture
async def room(stored: StoredSchool) -> Room:
    """Of a lesson that was just booked: as all launches of it read it before any of them was made."""
    return (await stored.details(await stored.book(stored.ben))).room


async def test_launches_at_once_are_given_the_same_address(stored: StoredSchool, room: Room) -> None:
    """Each of them believed that there was none; so does a later one, and one after a restart."""
    sealer = Sealer([new_key()])
    keys = make_keys(stored, sealer)

    addresses = await asyncio.gather(*(keys.find_address(room, service="lessonspace") for _ in range(20)))
    kept = stored.store.glance(lambda tx: tx.lessons.get_room(stored.workspace.id, room.id))
    later = await make_keys(stored, sealer).find_address(kept, service="lessonspace")

    assert {later} == set(addresses)
    assert later is not None
    assert later.startswith("https://hallpass.example.org/bot/rooms/lessonspace/")


async def test_the_key_is_long_and_stored_only_as_digest_and_sealed(stored: StoredSchool, room: Room) -> None:
    """At least 128 bits, another one for each room, found again by its digest."""
    address = await make_keys(stored, Sealer([new_key()])).find_address(room, service="lessonspace")
    other = (await stored.details(await stored.book(stored.cleo, starts_at=STARTS_AT + timedelta(days=1)))).room
    assert address is not None
    key = urlsplit(address).path.rpartition("/")[2]
    kept = stored.store.glance(lambda tx: tx.lessons.find_room_by_webhook(digest_of(key)))

    assert len(key) * 6 >= 128
    assert kept is not None
    assert room.id == kept.id
    assert kept.webhook_key_sealed is not None
    assert key.encode() not in kept.webhook_key_sealed
    assert key != kept.webhook_digest
    assert address != await make_keys(stored, Sealer([new_key()])).find_address(other, service="lessonspace")


async def test_a_key_that_cannot_be_read_any_more_stops_no_launch(stored: StoredSchool, room: Room) -> None:
    """Our own keys were lost: the room is asked instead of reporting, and the log says so, without the key."""
    await make_keys(stored, Sealer([new_key()])).find_address(room, service="lessonspace")
    kept = stored.store.glance(lambda tx: tx.lessons.get_room(stored.workspace.id, room.id))

    with structlog.testing.capture_logs() as logs:
        assert await make_keys(stored, Sealer([new_key()])).find_address(kept, service="lessonspace") is None

    assert ["webhook_key_unreadable"] == [line["event"] for line in logs]
    assert kept == replace(room, webhook_digest=kept.webhook_digest, webhook_key_sealed=kept.webhook_key_sealed)
