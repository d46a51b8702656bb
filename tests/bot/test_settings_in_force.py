"""What `hallpass doctor` says of settings: the value that counts, and where it comes from."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bot.house_rules import NAME, Bookers, HouseRules, to_value
from bot.settings import Source, load_settings
from bot.settings_in_force import VARIABLES, describe_in_force, read_rules
from storage.sealing import Sealer, new_key
from storage.sqlite import open_store
from tests.bot.lessons_in_store import found_school


async def test_what_is_set_in_home_is_shown_with_its_source(tmp_path: Path) -> None:
    """Over the environment; everything else stays as it is, and so does everything where there is no database."""
    path = tmp_path / "hallpass.db"
    environment = {"HALLPASS_DATABASE_URL": f"sqlite:///{path}", "HALLPASS_REACH": "50", "HALLPASS_EXTENSION": "5m"}
    settings = load_settings(environment, env_file=None, is_for_slack=False)
    before = describe_in_force(settings)
    groups = ("S0TUTORS", "S0OFFICE")
    rules = HouseRules(
        extension=timedelta(minutes=15), channel_names=True, bookers=Bookers.GROUPS, booker_groups=groups
    )
    async with open_store(path) as store:
        school = await found_school(store)
        await store.write(lambda tx: tx.settings.save(school.workspace.id, NAME, to_value(rules)))

    shown = {line.variable: (line.shown, line.source) for line in describe_in_force(settings)}

    assert settings.describe() == before
    assert ("15m", Source.HOME) == shown["HALLPASS_EXTENSION"]
    assert ("S0TUTORS, S0OFFICE", Source.HOME) == shown["HALLPASS_BOOKERS"]
    assert rules == read_rules(settings)
    assert ("on", Source.HOME) == shown["HALLPASS_CHANNEL_NAMES"]
    assert ("50", Source.ENVIRONMENT) == shown["HALLPASS_REACH"]
    assert set(VARIABLES) <= set(shown)


def has_key_file(folder: Path) -> bool:
    return any("key" in one.name for one in folder.iterdir())


async def test_launch_options_set_in_home_are_named_with_their_source(tmp_path: Path) -> None:
    """Together with the environment's, without a value; with keys that do not open them, only the environment's."""
    path, key = tmp_path / "hallpass.db", new_key()
    environment = {
        "HALLPASS_DATABASE_URL": f"sqlite:///{path}",
        "HALLPASS_ENCRYPTION_KEYS": key,
        "LESSONSPACE_LAUNCH": '{"locale": "fr"}',
    }
    async with open_store(path) as store:
        school = await found_school(store)
        sealed = Sealer([key]).seal('{"learner": {"features": {"chat": false}}}')
        account_id = school.policy.account_id
        await store.write(lambda tx: tx.workspaces.keep_account_settings(school.workspace.id, account_id, sealed))

    def show(**changes: str) -> tuple[str, Source]:
        settings = load_settings(environment | changes, env_file=None, is_for_slack=False)
        [line] = [line for line in describe_in_force(settings) if line.variable == "LESSONSPACE_LAUNCH"]
        return line.shown, line.source

    assert ("learner.features, locale", Source.HOME) == show()
    assert ("locale", Source.ENVIRONMENT) == show(HALLPASS_ENCRYPTION_KEYS=new_key())
    assert ("locale", Source.ENVIRONMENT) == show(HALLPASS_ENCRYPTION_KEYS="")
    assert not has_key_file(tmp_path)
