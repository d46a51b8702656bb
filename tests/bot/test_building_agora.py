"""Agora's whiteboard out of settings: each of them is used, none is guessed, and a wrong one says how to mend it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.assembly import build_agora
from bot.errors import RoomServiceBusy
from bot.identity import StartRefused
from bot.rooms.http import HttpClient, open_client
from bot.sandbox.agora.stand_in import AgoraStandIn
from bot.sandbox.clock import MovableClock
from bot.settings import Settings, SettingsError, load_settings
from tests.bot.rooms.test_agora_whiteboard import get_values
from tests.bot.rooms.test_lessonspace import LEARNER


def load(**told: str) -> Settings:
    return load_settings(told, env_file=None, is_for_slack=False)


def settings_for(boards: AgoraStandIn) -> dict[str, str]:
    return {
        "AGORA_APP_IDENTIFIER": boards.app_identifier,
        "AGORA_ACCESS_KEY": boards.access_key,
        "AGORA_SECRET_KEY": boards.secret_key,
        "AGORA_REGION": "in-mum",
        "AGORA_API_URL": boards.api_url,
        "AGORA_SCRIPT_URL": boards.script_url,
    }


@pytest.fixture
async def boards() -> AsyncIterator[AgoraStandIn]:
    async with AgoraStandIn(MovableClock(is_frozen=True)) as boards:
        yield boards


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with open_client(connections=1) as client:
        yield client


async def test_every_setting_is_used(boards: AgoraStandIn, client: HttpClient) -> None:
    """Keys, region, both addresses: the way in works, and its page loads the script from where it was said to be."""
    launch = await build_agora(load(**settings_for(boards)), client).launch(LEARNER)

    values = get_values(launch)
    assert ("in-mum", boards.script_url) == (values["region"], values["script"])
    assert boards.app_identifier == values["appIdentifier"]
    assert "in-mum" == boards.rooms[launch.room_id].region


async def test_the_rate_is_kept(boards: AgoraStandIn, client: HttpClient) -> None:
    """The one that is set for launches holds here too: a second call within a day would be too soon to wait for."""
    service = build_agora(load(**settings_for(boards), HALLPASS_LAUNCH_RATE="0.001/m"), client)

    await service.check_account()
    with pytest.raises(RoomServiceBusy):
        await service.check_account()


@pytest.mark.parametrize("missing", ["AGORA_APP_IDENTIFIER", "AGORA_ACCESS_KEY", "AGORA_SECRET_KEY", "AGORA_REGION"])
async def test_what_is_missing_is_named(boards: AgoraStandIn, client: HttpClient, missing: str) -> None:
    """It alone; where rooms are kept is nobody's to guess."""
    told = {name: text for name, text in settings_for(boards).items() if name != missing}

    with pytest.raises(StartRefused) as refused:
        build_agora(load(**told), client)

    assert f"not set: {missing}" in str(refused.value)
    assert not any(text in str(refused.value) for text in told.values())


async def test_without_any_all_are_named(client: HttpClient) -> None:
    """One line, and where to find them."""
    with pytest.raises(StartRefused) as refused:
        build_agora(load(), client)

    assert "AGORA_APP_IDENTIFIER, AGORA_ACCESS_KEY, AGORA_SECRET_KEY, AGORA_REGION" in str(refused.value)


@pytest.mark.parametrize(
    "variable, text, says",
    [
        ("AGORA_REGION", "gb-lon", "us-sv, sg, in-mum, eu, cn-hz"),
        ("AGORA_ACCESS_KEY", "two words", "console"),
        ("AGORA_SECRET_KEY", "ключ", "console"),
        ("AGORA_APP_IDENTIFIER", "two words", "console"),
        ("AGORA_API_URL", "http://api.example/", "https"),
        ("AGORA_SCRIPT_URL", "http://sdk.example/sdk.js", "https"),
    ],
)
def test_a_wrong_value_says_how_to_mend_it(variable: str, text: str, says: str) -> None:
    """At the start, on one line, without the value."""
    with pytest.raises(SettingsError) as refused:
        load(**{variable: text})

    [problem] = refused.value.problems
    assert variable == problem.variable
    assert says in str(problem)
    assert text not in str(problem)


def test_a_region_s_case_does_not_matter_and_keys_are_secret() -> None:
    """As people type; the log's redaction knows both keys."""
    settings = load(AGORA_REGION=" EU ", AGORA_ACCESS_KEY="ak-1", AGORA_SECRET_KEY="sk-1", AGORA_APP_IDENTIFIER="a/b")

    assert "eu" == settings.agora_region
    assert {"ak-1", "sk-1"} <= {*settings.list_secrets()}
    shown = {line.variable: line.shown for line in settings.describe()}
    assert ("set", "set", "a/b") == tuple(
        shown[f"AGORA_{name}"] for name in ("ACCESS_KEY", "SECRET_KEY", "APP_IDENTIFIER")
    )
