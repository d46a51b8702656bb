"""The panel of rooms: who is inside as each room has it, and what somebody can do at tabs of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette

from bot.ids import Field
from bot.sandbox.houses import EVERY, LESSONSPACE
from bot.sandbox.play.open_rooms import IDLE, LEAVE, STIR, OpenRoom, list_rooms
from bot.sandbox.play.panels import Looking
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.rooms import GONE, RoomsPanel
from bot.sandbox.slack.actors import Actor
from bot.sandbox.visiting import Visitor
from tests.acceptance.telling import book, find_card, find_url, move_to
from tests.bot.sandbox.html_pages import Node, parse_html

CHOSEN = pytest.mark.parametrize("service", EVERY)
SHOWN = {
    "lessonspace": "Lessonspace",
    "videsk": "Videsk",
    "agora_whiteboard": "Agora Whiteboard",
    "loop": "Mozilla Loop",
}


class Hands:
    """People come into rooms and use the panel."""

    def __init__(self, playground: Playground, client: httpx.AsyncClient, stack: AsyncExitStack) -> None:
        self.playground = playground
        self.client = client
        self.panel = RoomsPanel(playground)
        self._stack = stack

    async def book(self, service: str) -> None:
        """A lesson there, whose doors are open."""
        await book(
            self.playground.school, self.playground.cast.ada, "@Ben today 3pm 45m Algebra", **{Field.SERVICE: service}
        )
        await move_to(self.playground.school, 13, 55)

    async def come_in(self, service: str, actor: Actor) -> None:
        """Through Hallpass's page."""
        url, school = str(find_url(find_card(actor))), self.playground.school
        if service == LESSONSPACE:
            answer = await self.client.post(url)
            browser = school.lessonspace.browser(f"{actor.user.real_name}’s laptop 1")
            assert (await browser.join(answer.headers["Location"])).is_inside
            return
        visitor = Visitor(school.houses[service], actor.user.real_name)
        self._stack.push_async_callback(visitor.close)
        assert (await visitor.come_in(url)).is_inside

    def room(self) -> OpenRoom:
        return list_rooms(self.playground.school)[0]

    async def draw(self, actor: Actor) -> Node:
        return parse_html(await self.panel.draw(Looking(user_id=actor.user.id)))

    async def press(self, actor: Actor, deed: str, tab_id: str | None = None) -> tuple[int, str]:
        """At the first tab that is shown under their name, or at that one."""
        own = [tab.id for tab in self.room().tabs if tab.who.name == actor.user.real_name]
        answer = await self.client.post(f"http://panel/rooms/{actor.user.id}/{tab_id or own[0]}/{deed}")
        return answer.status_code, answer.text


@pytest.fixture
async def hands(playground: Playground) -> AsyncIterator[Hands]:
    app = Starlette(routes=list(RoomsPanel(playground).list_routes()))
    mounts = {"http://panel": httpx.ASGITransport(app)}
    async with httpx.AsyncClient(mounts=mounts) as client, AsyncExitStack() as stack:
        yield Hands(playground, client, stack)


def read(node: Node) -> str:
    return " ".join(node.read().split())


async def test_no_room_is_told_of_before_there_is_one(hands: Hands) -> None:
    """With page links nothing is made before somebody comes."""
    await hands.book(LESSONSPACE)

    assert "No room was made yet" in read(await hands.draw(hands.playground.cast.ada))


@CHOSEN
async def test_who_is_inside_stands_there_since_when(hands: Hands, service: str) -> None:
    """By the names that the room shows, with the lesson's title and the service's name."""
    cast = hands.playground.cast
    await hands.book(service)
    await hands.come_in(service, cast.ben)
    await hands.come_in(service, cast.ada)
    hands.playground.school.clock.move_by(timedelta(minutes=3))

    shown = read(await hands.draw(cast.gwen))

    assert f"Algebra {SHOWN[service]}" in shown
    assert 2 == shown.count("for 3 min")
    assert shown.index("Ben") < shown.index("Ada")


@CHOSEN
async def test_only_ones_own_tab_is_left(hands: Hands, service: str) -> None:
    """Whoever has none there has no button, and whoever tries all the same is told that there is none."""
    cast = hands.playground.cast
    await hands.book(service)
    await hands.come_in(service, cast.ben)
    tab_id = hands.room().tabs[0].id

    assert [] == (await hands.draw(cast.gwen)).find_all("button")
    assert (200, GONE) == await hands.press(cast.gwen, LEAVE, tab_id)
    assert 1 == len(hands.room().tabs)
    assert "Leave" in read((await hands.draw(cast.ben)).find_all("button")[0])
    assert (204, "") == await hands.press(cast.ben, LEAVE, tab_id)
    async with asyncio.timeout(10):
        while hands.room().tabs:  # noqa: ASYNC110 - a call closes a moment later, and rings no bell
            await asyncio.sleep(0.005)
    assert (200, GONE) == await hands.press(cast.ben, LEAVE, tab_id)


async def test_idle_is_where_the_service_has_it(hands: Hands) -> None:
    """And coming back from it."""
    ben = hands.playground.cast.ben
    await hands.book(LESSONSPACE)
    await hands.come_in(LESSONSPACE, ben)

    assert (204, "") == await hands.press(ben, IDLE)
    assert "Ben on Ben’s laptop · idle, just came" in read(await hands.draw(ben))
    assert (200, GONE) == await hands.press(ben, IDLE)
    assert (204, "") == await hands.press(ben, STIR)
    assert {LEAVE, IDLE} == set(hands.room().tabs[0].deeds)


async def test_an_empty_room_says_so(hands: Hands) -> None:
    """Somebody was there before."""
    ben = hands.playground.cast.ben
    await hands.book(LESSONSPACE)
    await hands.come_in(LESSONSPACE, ben)
    await hands.press(ben, LEAVE)

    assert "Empty again." in read(await hands.draw(ben))


async def test_a_closed_room_says_so(hands: Hands) -> None:
    """After the end nobody comes in any more."""
    await hands.book("videsk")
    await hands.come_in("videsk", hands.playground.cast.ben)
    await move_to(hands.playground.school, 16, 0)

    assert "Closed." in read(await hands.draw(hands.playground.cast.ben))
