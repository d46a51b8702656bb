"""Webhooks' deliveries: each is kept once, and worked on once, in the order in which they came."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from storage.errors import StorageError
from storage.records import Delivery, RoomRef, new_id
from tests.records import NOW, make_room
from tests.storage.contract import School, changed, make_school

MINUTE = timedelta(minutes=1)


def make_delivery(school: School, delivery_id: str = "d1", **changes: Any) -> Delivery:
    values: dict[str, Any] = {
        "id": new_id(),
        "workspace_id": school.workspace.id,
        "room": school.room.id,
        "delivery_id": delivery_id,
        "event": "webhooks.user.join",
        "headers": '{"x-event": "webhooks.user.join"}',
        "body_sealed": b"\x00sealed",
        "received_at": NOW,
    }
    return Delivery(**{**values, **changes})


async def add(school: School, delivery: Delivery) -> bool:
    return await school.store.write(lambda tx: tx.deliveries.add(delivery))


async def unworked(school: School, limit: int = 10) -> list[Delivery]:
    return await school.store.read(lambda tx: tx.deliveries.list_unworked(limit=limit))


async def find(school: School, delivery_id: str, room: RoomRef | None = None, workspace_id: Any = None) -> Any:
    return await school.store.read(
        lambda tx: tx.deliveries.find(workspace_id or school.workspace.id, delivery_id, room=room or school.room.id)
    )


async def test_a_delivery_comes_back_as_it_came(school: School) -> None:
    """Every field survives; by the provider's id, in its room and workspace only."""
    first = make_delivery(school)
    stranger = await school.store.write(make_school(school.store, "T2"))

    assert await add(school, first)
    assert first == await find(school, "d1")
    assert await find(school, "d2") is None
    assert await find(school, "d1", room=stranger.room.id) is None
    assert await find(school, "d1", workspace_id=stranger.workspace.id) is None


async def test_a_delivery_is_kept_once(school: School) -> None:
    """Sent again it changes nothing, worked on or not; another room may use the same id."""
    room = make_room(id=RoomRef("other"), workspace_id=school.workspace.id, account_id=school.account_id)
    await school.store.write(lambda tx: tx.lessons.insert_room(room))
    first = make_delivery(school)
    again = make_delivery(school, event="another", body_sealed=b"another", received_at=NOW + MINUTE)
    elsewhere = make_delivery(school, room=room.id)

    assert [True, False, True] == [await add(school, one) for one in (first, again, elsewhere)]
    assert [first, elsewhere] == await unworked(school)
    await school.store.write(lambda tx: tx.deliveries.mark_worked(first, at=NOW))
    assert not await add(school, again)
    assert [elsewhere] == await unworked(school)


async def test_work_is_taken_in_the_order_of_receiving(school: School) -> None:
    """Of all workspaces, no more than asked for."""
    stranger = await school.store.write(make_school(school.store, "T2"))
    deliveries = [make_delivery(one, str(number)) for number, one in enumerate([school, stranger, school])]
    for delivery in reversed(deliveries):
        await add(school, delivery)

    assert deliveries == await unworked(school)
    assert deliveries[:2] == await unworked(school, limit=2)
    await school.store.write(lambda tx: tx.deliveries.mark_worked(deliveries[0], at=NOW))
    assert 2 == await school.store.read(lambda tx: tx.deliveries.count_unworked())


async def test_a_delivery_is_worked_on_once(school: School) -> None:
    """Whoever marks it first does its work; when, and what was wrong with it, are kept."""
    fine, odd = make_delivery(school, "1"), make_delivery(school, "2")
    await add(school, fine)
    await add(school, odd)

    async def mark(delivery: Delivery, minutes: int, problem: str | None = None) -> bool:
        at = NOW + minutes * MINUTE
        return await school.store.write(lambda tx: tx.deliveries.mark_worked(delivery, at=at, problem=problem))

    assert [True, False] == [await mark(fine, 1), await mark(fine, 2, "late")]
    assert await mark(odd, 3, "unreadable")
    assert [] == await unworked(school)
    assert changed(fine, worked_at=NOW + MINUTE) == await find(school, "1")
    assert changed(odd, worked_at=NOW + 3 * MINUTE, problem="unreadable") == await find(school, "2")
    stranger = await school.store.write(make_school(school.store, "T2"))
    waiting = make_delivery(school, "3")
    await add(school, waiting)
    assert not await mark(changed(waiting, workspace_id=stranger.workspace.id), 4)


async def test_the_latest_is_known(school: School) -> None:
    """Worked on or not; of this workspace, and of this room service."""
    stranger = (await school.store.write(make_school(school.store, "T2"))).workspace.id

    async def find_last(service: str = "lessonspace") -> object:
        return await school.store.read(lambda tx: tx.deliveries.find_last(school.workspace.id, service=service))

    assert await find_last() is None
    await add(school, make_delivery(school, "1"))
    late = make_delivery(school, "2", received_at=NOW + MINUTE)
    await add(school, late)
    await school.store.write(lambda tx: tx.deliveries.mark_worked(late, at=NOW))
    assert NOW + MINUTE == await find_last()
    assert await find_last("bell") is None
    assert None is await school.store.read(lambda tx: tx.deliveries.find_last(stranger, service="lessonspace"))


async def test_a_delivery_needs_its_room(school: School) -> None:
    """Whose room is not stored was never ours."""
    with pytest.raises(StorageError):
        await add(school, make_delivery(school, room=RoomRef("nowhere")))


async def test_a_room_is_found_by_its_webhooks_key(school: School) -> None:
    """By the key's digest alone, and as it is stored, key and secret included; no two rooms share one."""
    room = changed(school.room, webhook_digest="ab" * 32, webhook_key_sealed=b"key", secret_sealed=b"secret")
    await school.store.write(lambda tx: tx.lessons.update_room(room))
    other = make_room(
        id=RoomRef("other"),
        workspace_id=school.workspace.id,
        account_id=school.account_id,
        webhook_digest=room.webhook_digest,
    )

    assert room == school.store.glance(lambda tx: tx.lessons.find_room_by_webhook("ab" * 32))
    assert await school.store.read(lambda tx: tx.lessons.find_room_by_webhook("cd" * 32)) is None
    with pytest.raises(StorageError):
        await school.store.write(lambda tx: tx.lessons.insert_room(other))


async def test_an_emptied_one_is_still_known(school: School) -> None:
    """What it said is gone, in its own workspace only; sent again it is not new."""
    first = make_delivery(school)
    await add(school, first)
    stranger = await school.store.write(make_school(school.store, "T2"))
    await school.store.write(lambda tx: tx.deliveries.empty(changed(first, workspace_id=stranger.workspace.id)))
    assert first == await find(school, "d1")

    await school.store.write(lambda tx: tx.deliveries.empty(first))

    assert changed(first, body_sealed=None) == await find(school, "d1")
    assert not await add(school, make_delivery(school))
