"""Somebody's browser before our join page, and then inside whichever room it leads to.

It does what a person does (look, press, go where it is sent) and what our page's script does: it says when the room is
open and when it was left. It judges nothing: what a page says is handed back.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum, auto
from html import unescape
from typing import Any

from aiohttp import ClientSession, CookieJar
from yarl import URL

from bot.join_pages import Face
from bot.sandbox.agora.browser import Browser as BoardTab
from bot.sandbox.agora.stand_in import AgoraStandIn
from bot.sandbox.houses import House
from bot.sandbox.loop.browser import Browser as LoopTab
from bot.sandbox.loop.stand_in import LoopStandIn
from bot.sandbox.videsk.browser import Browser as CallTab
from bot.sandbox.videsk.stand_in import VideskStandIn

_VALUES = re.compile(r'<script type="application/json" id="values">(.*?)</script>', re.DOTALL)
_FACE = re.compile(r'<body class="(\w+)">')
_UNSEEN = re.compile(r"<(head|style|script)\b.*?</\1>", re.DOTALL)
_LINE_ENDS = re.compile(r"</(?:h1|p|div|form)>")
_LABEL_ENDS = "</dt>"
_TAGS = re.compile(r"<[^>]+>")
_SECRET_VALUES = ("accessToken", "roomToken", "address")


class Turned(Enum):
    """Why a browser was not let in, as far as somebody tells the reasons apart who only looks at it."""

    TOO_EARLY = auto()
    USED_ELSEWHERE = auto()
    OTHERWISE = auto()


@dataclass(frozen=True, kw_only=True)
class Coming:
    """What came of following a link: inside, or why not, and what the browser then shows."""

    turned: Turned | None = None
    text: str = "Welcome to the room."

    @property
    def is_inside(self) -> bool:
        return self.turned is None


_TURNED = {Face.TOO_EARLY.value: Turned.TOO_EARLY, Face.USED_ELSEWHERE.value: Turned.USED_ELSEWHERE}


class Visitor:
    """One browser of somebody's, with its own cookies, until `close`.

    `shown_name`: what they type where they are asked for it. `handed`: what it was given to open rooms with.
    """

    def __init__(self, house: House, shown_name: str) -> None:
        self._house = house
        self._shown_name = shown_name
        self._session = ClientSession(cookie_jar=CookieJar(unsafe=True))  # loopback has no name
        self._page: str | None = None  # our page, whose room is open
        self._tab: CallTab | BoardTab | LoopTab | None = None
        self.handed: list[str] = []

    @property
    def is_inside(self) -> bool:
        """Is a room open in it, as far as it knows?"""
        return self._tab is not None

    async def close(self) -> None:
        """Let go of everything, without a word to anybody."""
        await self._session.close()

    async def come_in(self, url: str) -> Coming:
        """Open the link, press Join, and go where it leads."""
        async with self._session.get(url):
            pass  # looking spends nothing
        async with self._session.post(url, allow_redirects=False) as answer:
            if answer.status != 303:
                return _read_refusal(await answer.text())
            onward = URL(url).join(URL(answer.headers["Location"]))
        if not onward.path.endswith("/room"):
            return await self._enter({"address": str(onward)})
        async with self._session.get(onward) as answer:
            html = await answer.text()
        values = _VALUES.search(html)
        if values is None:
            return _read_refusal(html)
        coming = await self._enter(json.loads(values[1]))
        if coming.is_inside:
            self._page = url
            await self._tell("joined")
        return coming

    async def say(self, words: str) -> None:
        """Say something aloud. None of these rooms writes it down."""

    async def leave(self) -> None:
        """Close the tab."""
        if self._tab is not None:
            await self._tab.leave()
        if self._page is not None:
            await self._tell("left")
        self._tab = self._page = None

    async def stay(self) -> None:
        """What a page that stays open does by itself."""
        if isinstance(self._tab, LoopTab):
            await self._tab.refresh()
        if self._page is not None:
            await self._tell("joined")

    async def _enter(self, values: dict[str, Any]) -> Coming:
        self.handed += [str(values[name]) for name in _SECRET_VALUES if name in values]
        stand_in = self._house.stand_in
        if isinstance(stand_in, VideskStandIn):
            self._tab = call = stand_in.browser()
            refusal: object = (await call.enter(values["accessToken"], alias=values["alias"])).refusal
        elif isinstance(stand_in, LoopStandIn):
            self._tab = room = stand_in.browser(self._shown_name)
            refusal = (await room.join(values["address"])).refusal
        else:
            self._tab = board = stand_in.browser()
            refusal = (await board.join(values)).refusal
        if refusal is None:
            return Coming()
        self._tab = None
        return Coming(turned=Turned.OTHERWISE, text=f"The room says: {refusal}")

    async def _tell(self, word: str) -> None:
        async with self._session.post(f"{self._page}/here", data=word):
            return


def list_inside(house: House) -> list[str]:
    """Who is in any room of this service now, by the name that others see."""
    stand_in = house.stand_in
    if isinstance(stand_in, VideskStandIn):
        return [name for room in stand_in.rooms.every for name in stand_in.list_present(room)]
    if isinstance(stand_in, AgoraStandIn):
        return [member.shown_name for uuid in stand_in.rooms for member in stand_in.list_inside(uuid)]
    return [name for room in stand_in.rooms.list_all() for name in stand_in.list_present(room.token)]


def _read_refusal(html: str) -> Coming:
    """A page of ours that leads nowhere yet, or no more."""
    face = _FACE.search(html)
    return Coming(turned=_TURNED.get(face[1] if face else "", Turned.OTHERWISE), text=_read(html))


def _read(html: str) -> str:
    """The words of a page, a line for each paragraph."""
    seen = _UNSEEN.sub("", html).replace(_LABEL_ENDS, ": ")
    text = unescape(_TAGS.sub("", _LINE_ENDS.sub("\n", seen)))
    return "\n".join(line for line in (" ".join(line.split()) for line in text.splitlines()) if line)
