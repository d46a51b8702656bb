"""Rooms that people have open in pages of Hallpass's own, while the school's time is moved: they stay open."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import aiohttp
import pytest

from bot.comings import BEACON
from bot.ids import Field
from bot.sandbox.agora.stand_in import AgoraStandIn
from bot.sandbox.calm import have_pages_spoken
from bot.sandbox.cast import at
from bot.sandbox.play.ledger import Ledger
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.ticking import Timekeeper
from bot.sandbox.videsk.stand_in import VideskStandIn
from storage.records import Attendance
from storage.store import Transaction
from tests.acceptance.telling import book, find_card, find_url, get_lesson_details, move_to, settle

CHOSEN = pytest.mark.parametrize("service", ["videsk", "agora_whiteboard"])
VALUES = re.compile(r'<script type="application/json" id="values">(.*?)</script>', re.DOTALL)


class Page:
    """A tab with a room in it, as its scripts have it: it says that it is open once a minute of what it is told."""

    def __init__(self, client: aiohttp.ClientSession, url: str) -> None:
        self._client = client
        self._url = url
        self.speaks = True
        self._said_at: datetime | None = None

    async def say(self, word: str) -> None:
        async with self._client.post(f"{self._url}/here", data=word) as answer:
            assert 204 == answer.status

    async def keep_up(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """As long as its room is open."""
        async for message in socket:
            now = json.loads(message.data).get("now")
            if now is None:
                continue
            present = datetime.fromisoformat(now)
            self._said_at = self._said_at or present
            if self.speaks and present - self._said_at >= timedelta(seconds=50):
                self._said_at = present
                await self.say("joined")


@asynccontextmanager
async def open_room(playground: Playground, service: str) -> AsyncIterator[Page]:
    """A lesson there, and Ben's page of it, open and inside."""
    school, cast = playground.school, playground.cast
    await book(school, cast.ada, "@Ben today 3pm 45m Algebra", **{Field.SERVICE: service})
    await move_to(school, 14)
    url = str(find_url(find_card(cast.ben)))
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        async with client.get(url):
            pass
        async with client.post(url) as answer:
            values = VALUES.search(await answer.text())
            assert values is not None
        page = Page(client, url)
        async with connect(playground, client, service, json.loads(values[1])) as socket:
            await page.say("joined")
            listening = asyncio.create_task(page.keep_up(socket))
            await settle(school)
            yield page
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


@asynccontextmanager
async def connect(
    playground: Playground, client: aiohttp.ClientSession, service: str, values: dict[str, str]
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """As the service's script does it."""
    stand_in = playground.school.houses[service].stand_in
    if isinstance(stand_in, VideskStandIn):
        async with client.ws_connect(f"{stand_in.origin}/exchange") as socket:
            await socket.send_json({"accessToken": values["accessToken"], "alias": values["alias"], "page": True})
            yield socket
        return
    assert isinstance(stand_in, AgoraStandIn)
    told = {name: values[name] for name in ("appIdentifier", "region", "uuid", "roomToken", "uid")}
    async with client.post(f"{stand_in.origin}/connections/", json=told) as answer:
        connection = (await answer.json())["connection"]
    async with client.ws_connect(f"{stand_in.origin}/connections/{connection}/live/") as socket:
        yield socket


async def read_ben(playground: Playground) -> Attendance:
    details = await get_lesson_details(playground.school)
    [attendance] = [seat.attendance for seat in details.seats if seat.person.name == "Ben"]
    assert attendance is not None
    return attendance


async def count_words(playground: Playground) -> int:
    def count(tx: Transaction) -> int:
        [workspace] = tx.workspaces.list_all()
        [lesson] = tx.lessons.list_between(workspace.id)
        events = tx.attendance.list_events(workspace.id, lesson.id)
        return sum(event.source == BEACON and event.kind == "joined" for event in events)

    return await playground.read(count)


@CHOSEN
async def test_an_open_page_stays_open_through_moved_time(playground: Playground, service: str) -> None:
    """It says so each minute of half an hour that takes a moment; and leaving afterwards is leaving, then and there."""
    timekeeper = Timekeeper(playground, Ledger(playground))
    async with open_room(playground, service) as page:
        assert await timekeeper.move_to(at("15:30"))
        assert 31 == await count_words(playground)
        assert (await read_ben(playground)).left_at is None

        await page.say("left")
        await settle(playground.school)
        left_at = (await read_ben(playground)).left_at

    assert left_at is not None
    assert at("15:30") == left_at.replace(microsecond=0)


@CHOSEN
async def test_a_page_that_fell_silent_is_waited_for_and_then_no_more(playground: Playground, service: str) -> None:
    """Time goes on without it, and it is said that something hangs."""
    timekeeper = Timekeeper(playground, Ledger(playground))
    async with open_room(playground, service) as page:
        assert await have_pages_spoken(playground.school)
        page.speaks = False

        async with asyncio.timeout(30):
            assert not await timekeeper.move_to(at("15:01"))
        assert not await have_pages_spoken(playground.school)

    assert at("15:01") <= playground.school.clock.now() < at("15:02")


async def test_nobody_waits_for_pages_where_there_are_none(playground: Playground) -> None:
    """Nor for those of a bot that is dead."""
    assert await have_pages_spoken(playground.school)
    async with open_room(playground, "videsk"):
        await playground.kill_bot()
        playground.school.clock.move_by(timedelta(minutes=5))
        assert (1, True) == (playground.school.count_pages(), await have_pages_spoken(playground.school))
