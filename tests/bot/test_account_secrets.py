"""What a room service knows us by: kept sealed, once, and never lost to whoever comes second."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import structlog

from bot.account_secrets import AccountSecret
from bot.rooms.http import open_client
from bot.rooms.loop import Loop
from bot.rooms.loop_identity import SessionKeeper
from bot.sandbox.clock import MovableClock
from bot.sandbox.loop.stand_in import LoopStandIn
from storage.sealing import Sealer, new_key
from tests.bot.lessons_in_store import StoredSchool
from tests.bot.rooms.loop_callers import LEARNER


def make_secret(stored: StoredSchool, sealer: Sealer) -> AccountSecret:
    return AccountSecret(
        store=stored.store, sealer=sealer, workspace_id=stored.workspace.id, account_id=stored.policy.account_id
    )


@pytest.fixture
def sealer() -> Sealer:
    return Sealer([new_key()])


async def test_it_comes_back_after_a_restart_and_lies_sealed(stored: StoredSchool, sealer: Sealer) -> None:
    """None before it was kept."""
    first = await make_secret(stored, sealer).load()
    kept = await make_secret(stored, sealer).save("the-secret", instead_of=None)
    account = await stored.store.read(
        lambda tx: tx.workspaces.get_account(stored.workspace.id, stored.policy.account_id)
    )

    assert (first, kept, await make_secret(stored, sealer).load()) == (None, "the-secret", "the-secret")
    assert account.secret_sealed is not None
    assert b"the-secret" not in account.secret_sealed


async def test_of_many_at_once_one_is_kept_and_all_are_told_which(stored: StoredSchool, sealer: Sealer) -> None:
    """So that all go on with the same."""
    secrets = [make_secret(stored, sealer) for _ in range(10)]

    told = await asyncio.gather(*(each.save(f"s{number}", instead_of=None) for number, each in enumerate(secrets)))

    assert len(set(told)) == 1
    assert await secrets[0].load() == told[0]


async def test_it_is_replaced_by_who_says_what_it_replaces(stored: StoredSchool, sealer: Sealer) -> None:
    """Who did not know of the newer one gets that."""
    secret = make_secret(stored, sealer)
    await secret.save("one", instead_of=None)

    assert await secret.save("two", instead_of="one") == "two"
    assert await secret.save("three", instead_of="one") == "two"
    assert await secret.save("four", instead_of=None) == "two"


async def test_what_nobody_can_open_any_more_counts_as_nothing(stored: StoredSchool, sealer: Sealer) -> None:
    """Our own keys were lost: another secret takes its place, and the log says so without it."""
    await make_secret(stored, sealer).save("one", instead_of=None)
    secret = make_secret(stored, Sealer([new_key()]))

    with structlog.testing.capture_logs() as lines:
        found = await secret.load()

    assert found is None
    assert [line["event"] for line in lines] == ["account_secret_unreadable"]
    assert await secret.save("two", instead_of=None) == "two"
    assert await secret.load() == "two"


async def test_a_loop_server_knows_us_again_after_a_restart(stored: StoredSchool, sealer: Sealer) -> None:
    """The room that was made before is ours after."""
    keeper: SessionKeeper = make_secret(stored, sealer)
    async with LoopStandIn(MovableClock()) as server, open_client(connections=2) as client:
        launch = await Loop(client, url=server.api_url, keeper=keeper).launch(LEARNER)
        again = Loop(client, url=server.api_url, keeper=make_secret(stored, sealer))

        assert await again.list_present(launch.room_id) == []
        await again.extend_room(launch.room_id, closes_at=LEARNER.closes_at + timedelta(hours=1))
        assert [call.name for call in server.asked].count("registration") == 2
