"""Mozilla Loop from its one setting."""

from __future__ import annotations

import pytest

from bot.assembly import build_loop
from bot.identity import StartRefused
from bot.rooms.http import open_client
from bot.rooms.loop_names import name_room
from bot.sandbox.clock import MovableClock
from bot.sandbox.loop.stand_in import LoopStandIn
from bot.settings import Settings, SettingsError, load_settings
from tests.bot.rooms.loop_callers import LEARNER, Memory


def load(**environ: str) -> Settings:
    return load_settings(environ, env_file=None, is_for_slack=False)


@pytest.mark.parametrize("path", ["/v0/", "/v0", "", "/"])
async def test_the_server_is_spoken_to_where_it_is_set(path: str) -> None:
    """With or without its version, and with what the account is known by."""
    keeper = Memory()
    async with LoopStandIn(MovableClock()) as server, open_client(connections=2) as client:
        service = build_loop(load(LOOP_URL=server.origin + path), client, keeper)
        launch = await service.launch(LEARNER)

        assert [name_room(room.token) for room in server.list_rooms()] == [launch.room_id]
        assert keeper.kept


async def test_without_an_address_there_is_no_service() -> None:
    """Mozilla's own is gone, so that there is no default."""
    async with open_client(connections=1) as client:
        with pytest.raises(StartRefused, match="LOOP_URL is not set"):
            build_loop(load(), client, Memory())


@pytest.mark.parametrize("url", ["loop.example", "http://loop.example/", "https://ada:x@loop.example/"])
def test_an_address_must_be_one_and_encrypted(url: str) -> None:
    """As every service's."""
    with pytest.raises(SettingsError, match="LOOP_URL"):
        load(LOOP_URL=url)
