"""What browsers are shown in the stand-ins of Loop, Videsk and Agora, and how open pages go along with time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import aiohttp
import pytest

from bot.sandbox.agora.rooms import Reason
from bot.sandbox.agora.stand_in import AgoraStandIn
from bot.sandbox.agora.tokens import Power
from bot.sandbox.loop.inside import LEFT, OVER
from bot.sandbox.loop.stand_in import LoopStandIn
from bot.sandbox.videsk.stand_in import VideskStandIn
from bot.sandbox.videsk.tokens import sign_pass
from tests.bot.sandbox.callers import START, Machine
from tests.bot.sandbox.inside.tabs import list_missing_files, name_people, open_page
from tests.bot.sandbox.loop_callers import LoopCaller
from tests.bot.sandbox.test_agora import Caller as BoardCaller
from tests.bot.sandbox.test_loop import basic

SEAT = timedelta(minutes=5)


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client:
        yield client


@pytest.fixture
async def loop(clock: Machine, client: aiohttp.ClientSession) -> AsyncIterator[LoopCaller]:
    async with LoopStandIn(clock) as server:
        caller = LoopCaller(server, client)
        await caller.register()
        yield caller


@pytest.fixture
async def boards(clock: Machine, client: aiohttp.ClientSession) -> AsyncIterator[BoardCaller]:
    async with AgoraStandIn(clock) as stand_in:
        yield BoardCaller(stand_in, client)


async def test_looking_at_a_conversation_takes_no_seat(loop: LoopCaller, client: aiohttp.ClientSession) -> None:
    """The page has all it loads, asks for a name, and knows where the room's calls are."""
    token = await loop.make()
    async with client.get(f"{loop.server.origin}/go/{token}") as answer:
        html = await answer.text()

    assert [] == loop.server.list_present(token)
    assert [] == await list_missing_files(client, loop.server.origin, html)
    assert (f"/v0/rooms/{token}", True) == (answer.headers["X-Room"], 'name="shown"' in html)


async def test_an_open_page_keeps_its_seat_through_moved_time(loop: LoopCaller, client: aiohttp.ClientSession) -> None:
    """It would have refreshed it; a seat without a page lapses, as ever."""
    token = await loop.make(maxSize=5)
    ben, cara = [str((await loop.join(token, name=name)).body["sessionToken"]) for name in ("Ben", "Cara")]
    async with open_page(client, f"{loop.server.origin}/go/{token}/live", ben) as page:
        assert ["Ben (me)", "Cara"] == name_people(await page.hear(lambda told: "people" in told))
        move(loop, 3 * SEAT)
        told = await page.hear(lambda told: len(told["people"]) == 1)
        assert (["Ben (me)"], "for 15 min") == (name_people(told), told["people"][0]["detail"])
        assert 200 == (await loop.show(token, basic(ben))).status
        assert 401 == (await loop.show(token, basic(cara))).status
    async with asyncio.timeout(10):
        while loop.server.list_present(token):  # until the server has seen that the page is gone
            move(loop, SEAT)
            await asyncio.sleep(0)


async def test_whoever_leaves_a_conversation_is_told_so(loop: LoopCaller, client: aiohttp.ClientSession) -> None:
    """And who is in it when it is over."""
    token = await loop.make()
    ben = str((await loop.join(token)).body["sessionToken"])
    async with open_page(client, f"{loop.server.origin}/go/{token}/live", ben) as page:
        await loop.act(token, "leave", basic(ben))
        assert LEFT == (await page.hear(lambda told: "end" in told))["end"]
    cara = str((await loop.join(token)).body["sessionToken"])
    async with open_page(client, f"{loop.server.origin}/go/{token}/live", cara) as page:
        await page.hear(lambda told: "people" in told)
        await loop.ask("DELETE", f"/rooms/{token}")
        assert OVER == (await page.hear(lambda told: "end" in told))["end"]
    async with client.get(f"{loop.server.origin}/go/{token}") as answer:
        assert (404, True) == (answer.status, OVER in await answer.text())


async def test_a_board_shows_who_is_inside(boards: BoardCaller, client: aiohttp.ClientSession, clock: Machine) -> None:
    """Those who only watch see themselves, and are seen by nobody; a page that is closed has left."""
    uuid = await boards.make_room()
    addresses = {power: await join(boards, client, uuid, power) for power in (Power.WRITER, Power.READER)}
    async with open_page(client, addresses[Power.WRITER]) as writer, open_page(client, addresses[Power.READER]) as one:
        told = await one.hear(lambda told: "people" in told)
        assert (["READER (me)", "WRITER"], False) == (name_people(told), told["isWriter"])
        assert START == datetime.fromisoformat(told["now"])
        clock.move_by(timedelta(minutes=2))
        told = await writer.hear(lambda told: told["now"] == clock.now().isoformat())
        assert (["WRITER (me)"], True) == (name_people(told), told["isWriter"])
        await writer.close()
        await one.hear(lambda told: len(told["people"]) == 1)

    assert [] == boards.boards.list_members(uuid)


async def test_a_ban_is_told(boards: BoardCaller, client: aiohttp.ClientSession) -> None:
    """With the reason that the page around it is handed."""
    uuid = await boards.make_room()
    async with open_page(client, await join(boards, client, uuid, Power.WRITER)) as page:
        await page.hear(lambda told: "people" in told)
        await boards.ask("PATCH", f"rooms/{uuid}", {"isBan": True})

        assert Reason.BANNED.value == (await page.hear(lambda told: "end" in told))["reason"]


async def test_the_scripts_are_for_pages_of_any_origin(
    boards: BoardCaller, client: aiohttp.ClientSession, clock: Machine
) -> None:
    """Beside each is what it draws its room with; the board's own last page is there too."""
    async with VideskStandIn(clock) as videsk:
        for script in (videsk.script_url, boards.boards.script_url):
            for address in (script, f"{script.rpartition('/')[0]}/room.js"):
                async with client.get(address) as answer:
                    assert (200, "*") == (answer.status, answer.headers["Access-Control-Allow-Origin"])
    async with client.get(f"{boards.boards.origin}/left") as answer:
        html = await answer.text()
    assert [] == await list_missing_files(client, boards.boards.origin, html)


async def test_a_call_hears_what_time_it_is_whenever_that_is_moved(
    client: aiohttp.ClientSession, clock: Machine
) -> None:
    """By that its page says that it is still open."""
    async with VideskStandIn(clock) as videsk:
        room = videsk.rooms.create({}, clock.now())
        token = sign_pass(videsk.account_secret, videsk.rooms.issue(room))
        async with client.ws_connect(f"{videsk.origin}/exchange") as socket, asyncio.timeout(10):
            await socket.send_json({"accessToken": token, "alias": "Ben"})
            joined = await socket.receive_json()
            clock.move_by(timedelta(minutes=1))
            told = await socket.receive_json()

    assert ("joined", START.isoformat()) == (joined["type"], joined["now"])
    assert {"type": "time", "now": (START + timedelta(minutes=1)).isoformat()} == told


async def join(boards: BoardCaller, client: aiohttp.ClientSession, uuid: str, power: Power) -> str:
    """A connection's live address."""
    told = {
        "appIdentifier": boards.boards.app_identifier,
        "region": "eu",
        "uuid": uuid,
        "roomToken": boards.sign("room", power, uuid=uuid, expires_at=START + timedelta(hours=1)),
        "uid": power.name,
        "isWritable": power is not Power.READER,
        "userPayload": {"nickName": power.name},
    }
    async with client.post(f"{boards.boards.origin}/connections/", json=told) as answer:
        return f"{boards.boards.origin}/connections/{(await answer.json())['connection']}/live/"


def move(loop: LoopCaller, duration: timedelta) -> None:
    clock = loop.server.clock
    assert isinstance(clock, Machine)
    clock.move_by(duration)
