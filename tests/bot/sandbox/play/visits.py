"""Visits to the school's page over real HTTP: pages as a browser reads them, and the stream that an open one has."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from bot.sandbox.houses import EVERY
from bot.sandbox.play.panels import Panel
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.server import listen, open_play
from tests.bot.sandbox.html_pages import Node, parse_html

PATIENCE = 10.0
"""Seconds that something may take to come; nothing is judged by them."""


@dataclass(frozen=True)
class Partial:
    """One change to a page."""

    target: str
    swap: str
    html: str


@dataclass(frozen=True)
class Event:
    """One event of a stream; unnamed, it holds changes."""

    name: str
    partials: tuple[Partial, ...]

    def find(self, target: str) -> Partial | None:
        """The change of that element."""
        return next((one for one in self.partials if one.target == target), None)

    @property
    def targets(self) -> list[str]:
        return [one.target for one in self.partials]


class Stream:
    """What an open page is told."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def next(self) -> Event:
        """The next event, as soon as it comes."""
        name, data = "", []
        async with asyncio.timeout(PATIENCE):
            while line := (await self._response.content.readline()).decode():
                field, _, value = line.removesuffix("\n").partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    data.append(value)
                elif not field:
                    return Event(name, tuple(_read_partials("\n".join(data))))
        raise EOFError("the stream ended")

    async def wait_for(self, target: str, *, saying: str = "") -> Partial:
        """The next change of that element in which this stands."""
        while True:
            found = (await self.next()).find(target)
            if found is not None and saying in found.html:
                return found


def _read_partials(text: str) -> list[Partial]:
    found = re.findall(r'<hx-partial hx-target="([^"]*)" hx-swap="(\w+)">(.*?)</hx-partial>', text, re.DOTALL)
    return [Partial(*one) for one in found]


@dataclass(frozen=True)
class Visit:
    """Somebody's browser at a school's page."""

    playground: Playground
    address: str
    client: aiohttp.ClientSession

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Status and text."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.get(self.address + path, headers=named, allow_redirects=False) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str) -> tuple[int, str]:
        """Status and text of what the page itself posts there."""
        async with self.client.post(self.address + path, headers={"Origin": self.address.rstrip("/")}) as answer:
            return answer.status, await answer.text()

    async def open(self, name: str, rest: str = "") -> Node:
        """The page of somebody in the cast."""
        status, text = await self.get(self.find_path(name, rest))
        assert status == 200, text
        return parse_html(text)

    def find_path(self, name: str, rest: str = "") -> str:
        return f"as/{self.playground.cast.people[name].user.id}/{rest}"

    @asynccontextmanager
    async def watch(self, page: Node) -> AsyncIterator[Stream]:
        """The stream of an open page."""
        path = page.find_by_id("live").attributes["hx-sse:connect"].removeprefix("/")
        async with self.client.get(self.address + path) as response:
            assert response.status == 200
            assert response.content_type == "text/event-stream"
            yield Stream(response)


@asynccontextmanager
async def open_visit(*, panels: Sequence[Panel] | None = None, services: Sequence[str] = EVERY) -> AsyncIterator[Visit]:
    """A school of its own, its page served; with these panels and room services, where it matters."""
    async with (
        Playground(services=services) as playground,
        open_play(playground, listen(0), panels=panels) as address,
        aiohttp.ClientSession() as client,
    ):
        yield Visit(playground, address, client)
