"""Videsk's settings: what is taken, what is refused with its mend, and the service that is built of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.assembly import build_videsk
from bot.identity import StartRefused
from bot.rooms.http import open_client
from bot.sandbox.clock import MovableClock
from bot.sandbox.videsk.stand_in import VideskStandIn
from bot.settings import Settings, SettingsError, load_settings
from tests.bot.rooms.recorded import START
from tests.bot.rooms.test_videsk import LEARNER, token_of


async def test_the_service_that_is_built_keeps_to_its_settings() -> None:
    """Address, token, script, and lesson time: a room made tomorrow ends after tomorrow's lesson."""
    clock = MovableClock(START - timedelta(days=7))
    async with VideskStandIn(clock) as room, open_client(connections=1) as client:
        settings = load_settings(
            {
                "VIDESK_API_TOKEN": f" {room.api_token} ",
                "VIDESK_API_URL": room.origin,
                "VIDESK_SCRIPT_URL": room.script_url,
            },
            env_file=None,
            is_for_slack=False,
        )
        clock.move_to(START)
        launch = await build_videsk(settings, client, now=clock.now).launch(LEARNER)

        assert launch.embed is not None
        assert launch.embed.values["script"] == room.script_url
        assert (await room.browser().enter(token_of(launch))).is_inside
    assert room.api_token in settings.list_secrets()
    assert room.api_token not in repr(settings)


async def test_without_a_token_there_is_no_service() -> None:
    """With where to get one."""
    async with open_client(connections=1) as client:
        with pytest.raises(StartRefused, match="VIDESK_API_TOKEN"):
            build_videsk(Settings(), client)


@pytest.mark.parametrize(
    "variable, value",
    [
        ("VIDESK_API_TOKEN", "Bearer eyJhbGciOi"),
        ("VIDESK_API_TOKEN", "schlüssel"),
        ("VIDESK_API_URL", "http://api.videsk.io/"),
        ("VIDESK_SCRIPT_URL", "http://cdn.videsk.io/sdk/webrtc.esm.js"),
        ("VIDESK_SCRIPT_URL", "sdk/webrtc.esm.js"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused_without_being_repeated(variable: str, value: str) -> None:
    """One line, with the mend."""
    with pytest.raises(SettingsError) as caught:
        load_settings({variable: value}, env_file=None, is_for_slack=False)

    [problem] = caught.value.problems
    assert problem.variable == variable
    assert value not in str(caught.value)
