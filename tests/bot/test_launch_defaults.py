"""A workspace's own launch options: over the environment's, by admins, sealed, audited without a value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.errors import NotAllowed
from bot.launch_defaults import NAME, LaunchDefaults
from bot.rooms.lessonspace_launch import find_option_problems
from bot.rooms.options import hide_secrets
from storage.records import Person
from storage.sealing import Sealer, new_key
from tests.bot.lessons_in_store import StoredSchool
from tests.records import NOW

INSTALLED: dict[str, Any] = {"locale": "fr", "features": {"chat": False, "timer": False}}
TOKEN = "s3cret"
CHOSEN: dict[str, Any] = {
    "features": {"chat": True},
    "learner": {"features": {"emojis": False}},
    "auth_external": {"method": "redirect", "url": "https://door.example/", "token": TOKEN},
}


def make_defaults(sealer: Sealer | None = None) -> LaunchDefaults:
    return LaunchDefaults(installed=INSTALLED, sealer=sealer or Sealer([new_key()]), find_problems=find_option_problems)


async def save(
    stored: StoredSchool, defaults: LaunchDefaults, chosen: dict[str, Any], *, by: Person | None = None
) -> dict[str, str]:
    policy = replace(stored.policy, admin_ids=frozenset({stored.olga.user_id}))
    user_id = (by or stored.olga).user_id
    return await stored.write(
        lambda tx: defaults.save(tx, stored.workspace.id, chosen, user_id=user_id, policy=policy, now=NOW)
    )


async def find(stored: StoredSchool, defaults: LaunchDefaults) -> dict[str, object]:
    return await stored.store.read(lambda tx: defaults.find_in_force(tx, stored.workspace.id, stored.policy.account_id))


async def test_what_home_says_wins_name_by_name(stored: StoredSchool) -> None:
    """The rest of the environment's stays; taking all out again leaves the environment's."""
    defaults = make_defaults()
    assert INSTALLED == await find(stored, defaults)

    assert {} == await save(stored, defaults, CHOSEN)
    assert CHOSEN | {"locale": "fr", "features": {"chat": True, "timer": False}} == await find(stored, defaults)

    assert {} == await save(stored, defaults, {})
    assert INSTALLED == await find(stored, defaults)


async def test_it_is_sealed_and_noted_down_by_name_alone(stored: StoredSchool) -> None:
    """No value in the database in the clear, none in the audit; a save that changes nothing is no change."""
    defaults = make_defaults()
    await save(stored, defaults, CHOSEN)
    await save(stored, defaults, CHOSEN)
    await save(stored, defaults, {**CHOSEN, "features": {"chat": False}})
    account, noted = await stored.store.read(
        lambda tx: (
            tx.workspaces.get_account(stored.workspace.id, stored.policy.account_id),
            tx.audit.list_latest(stored.workspace.id, NAME, limit=9),
        )
    )

    assert account.settings_sealed is not None
    assert TOKEN.encode() not in account.settings_sealed
    assert ["features", "auth_external, features, learner.features"] == [entry.facts[NAME] for entry in noted]


async def test_a_hidden_secret_stays_as_it_is(stored: StoredSchool) -> None:
    """The form never shows it, so it comes back hidden."""
    defaults = make_defaults()
    await save(stored, defaults, CHOSEN)

    assert {} == await save(stored, defaults, {**hide_secrets(CHOSEN), "locale": "it"})

    assert CHOSEN["auth_external"] == (await find(stored, defaults))["auth_external"]


async def test_what_the_service_does_not_take_is_not_kept(stored: StoredSchool) -> None:
    """Said by path, and what was set before stays."""
    defaults = make_defaults()
    await save(stored, defaults, {"locale": "it"})

    problems = await save(stored, defaults, {"locale": "xx", "learner": {"features": {"chats": True}}})

    assert {"locale", "learner.features"} == set(problems)
    assert "it" == (await find(stored, defaults))["locale"]


async def test_only_admins_set_it(stored: StoredSchool) -> None:
    """Nobody else, whatever they send."""
    defaults = make_defaults()

    with pytest.raises(NotAllowed):
        await save(stored, defaults, CHOSEN, by=stored.ada)
    assert INSTALLED == await find(stored, defaults)


async def test_what_cannot_be_used_any_more_keeps_nobody_out(stored: StoredSchool) -> None:
    """Sealed with a lost key, or no option of the service's any more: as if it were not set."""
    sealer = Sealer([new_key()])
    await save(stored, make_defaults(sealer), CHOSEN)
    stricter = LaunchDefaults(installed=INSTALLED, sealer=sealer, find_problems=lambda options: {"features": "gone"})

    assert INSTALLED == await find(stored, make_defaults())
    assert INSTALLED == await find(stored, stricter)
