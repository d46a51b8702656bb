"""A page of a stand-in's room as its script has it open: it says what it must, and hears what there is to see."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

Told = dict[str, Any]


class OpenPage:
    """What one page hears."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self.told: Told = {}

    async def hear(self, is_so: Callable[[Told], bool]) -> Told:
        """The next that is told of which this is so."""
        async with asyncio.timeout(10):
            while True:
                self.told = await self._socket.receive_json()
                if is_so(self.told):
                    return self.told

    async def close(self) -> None:
        """As a tab that is closed."""
        await self._socket.close()

    async def wait_closed(self) -> None:
        """Until the room has nothing more to say."""
        async with asyncio.timeout(10):
            while (await self._socket.receive()).type is WSMsgType.TEXT:
                pass


@asynccontextmanager
async def open_page(client: ClientSession, address: str, opening: str | None = None) -> AsyncIterator[OpenPage]:
    """The page's own connection. `opening`: what its script says first."""
    async with client.ws_connect(address) as socket:
        if opening is not None:
            await socket.send_str(opening)
        yield OpenPage(socket)


def name_people(told: Told) -> list[str]:
    """Who is shown, "me" marked."""
    return [one["name"] + (" (me)" if one["isMe"] else "") for one in told.get("people", [])]


async def list_missing_files(client: ClientSession, origin: str, html: str) -> list[str]:
    """What a page loads and the server does not have, and what it would load from elsewhere."""
    names = re.findall(r'(?:src|href)="([^"]+)"', html)
    missing = [name for name in names if not name.startswith(("/inside/", "data:"))]
    for name in [name for name in names if name.startswith("/")]:
        async with client.get(origin + name) as answer:
            text = await answer.text()
            imported = re.findall(r'^import .* from "([^"]+)";$', text, re.MULTILINE)
            missing += [name] * (answer.status != 200)
        for other in imported:
            async with client.get(origin + other) as answer:
                missing += [other] * (answer.status != 200)
    return missing
