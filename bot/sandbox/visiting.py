"""Somebody's browser before our join page, and then inside whichever room it leads to.

It does what a person does (look, press, go where it is sent) and what our page's script does: it says when the room is
open and when it was left. It judges nothing: what a page says is handed back.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientSession, CookieJar
from yarl import URL

from bot.sandbox.agora.browser import Browser as BoardTab
from bot.sandbox.houses import House
from bot.sandbox.loop.browser import Browser as LoopTab
from bot.sandbox.loop.stand_in import LoopStandIn
from bot.sandbox.videsk.browser import Browser as CallTab
from bot.sandbox.videsk.stand_in import VideskStandIn

_VALUES = re.compile(r'<script type="application/json" id="values">(.*?)</script>', re.DOTALL)
_TAGS = re.compile(r"<(title|style|script)\b.*?</\1>|<[^>]+>", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a browser shows of ours."""

    status: int
    text: str


class Visitor:
    """One browser, with its own cookies, from `async with` until it is closed."""

    def __init__(self, house: House, name: str) -> None:
        self._house = house
        self._name = name
        self._page: str | None = None  # our page, whose room is open
        self._tab: CallTab | BoardTab | LoopTab | None = None

    async def __aenter__(self) -> Self:
        self._session = ClientSession(cookie_jar=CookieJar(unsafe=True))  # loopback has no name
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def look(self, url: str) -> Page:
        """Open the link and read."""
        async with self._session.get(url) as answer:
            return Page(status=answer.status, text=_read(await answer.text()))

    async def come_in(self, url: str) -> bool:
        """Open the link, press Join, and go where it leads. Are they inside?"""
        await self.look(url)
        async with self._session.post(url, allow_redirects=False) as answer:
            if answer.status != 303:
                return False
            onward = URL(url).join(URL(answer.headers["Location"]))
        if not onward.path.endswith("/room"):
            return await self._enter({"address": str(onward)})
        async with self._session.get(onward) as answer:
            values = _VALUES.search(await answer.text())
        if values is None or not await self._enter(json.loads(values[1])):
            return False
        self._page = url
        await self._say("joined")
        return True

    async def leave(self) -> None:
        """Close the tab."""
        if self._tab is not None:
            await self._tab.leave()
        if self._page is not None:
            await self._say("left")

    async def stay(self) -> None:
        """What a page that stays open does by itself."""
        if isinstance(self._tab, LoopTab):
            await self._tab.refresh()
        if self._page is not None:
            await self._say("joined")

    async def _enter(self, values: dict[str, Any]) -> bool:
        stand_in = self._house.stand_in
        if isinstance(stand_in, VideskStandIn):
            self._tab = call = stand_in.browser()
            return (await call.enter(values["accessToken"], alias=values["alias"])).is_inside
        if isinstance(stand_in, LoopStandIn):
            self._tab = room = stand_in.browser(self._name)
            return (await room.join(values["address"])).is_inside
        self._tab = board = stand_in.browser()
        return (await board.join(values)).is_inside

    async def _say(self, word: str) -> None:
        async with self._session.post(f"{self._page}/here", data=word):
            return


def _read(html: str) -> str:
    """The words of a page."""
    return " ".join(_TAGS.sub(" ", html).split())
