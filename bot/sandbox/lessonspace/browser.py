"""Somebody's browser: opens a link as a person would, over HTTP, and tells what they get to see.

It knows the stand-in only by the link's address. Its name stands for what a real one keeps in its local storage: two
with the same name are two tabs of one browser, another name is another device.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from aiohttp import ClientSession

from bot.sandbox.lessonspace.spaces import Reason


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What came of opening a link: inside, or why not."""

    refusal: Reason | None = None

    @property
    def is_inside(self) -> bool:
        return self.refusal is None


class Browser:
    """One tab. Opening a link again in it leaves first, as a reload does."""

    def __init__(self, name: str, client: ClientSession) -> None:
        self.name = name
        self._client = client
        self._address: str | None = None  # of the open connection

    async def join(self, url: str) -> Visit:
        """Follow a link and connect. Every answer but yes and no is a RuntimeError: the stand-in is broken."""
        await self.leave()
        # The page first: fetching it alone, as a link preview does, must not spend anything.
        async with self._client.get(url) as page:
            place = urlsplit(str(page.url))
        query = parse_qs(place.query)
        origin = f"{place.scheme}://{place.netloc}"
        told = {name: query.get(name, [""])[0] for name in ("user", "room")} | {"browser": self.name}
        async with self._client.post(f"{origin}/connections/", json=told) as response:
            answer = await response.json()
            if response.status == 403:
                return Visit(refusal=Reason(answer["reason"]))
            if response.status != 201:
                raise RuntimeError(f"connecting answered {response.status}")
        self._address = f"{origin}/connections/{answer['connection']}/"
        return Visit()

    async def open_page(self, url: str) -> bool:
        """Open a page that is no space, like a recording's. False when it says no."""
        async with self._client.get(url) as page:
            return page.status == 200

    async def leave(self) -> bool:
        """Close the tab. False when it was not connected any more."""
        was_inside = await self._act("leave")
        self._address = None
        return was_inside

    async def idle(self) -> bool:
        """Do nothing from now on. False when not connected."""
        return await self._act("idle")

    async def stir(self) -> bool:
        """Do something again. False when not connected."""
        return await self._act("stir")

    async def extend(self) -> bool:
        """Answer the question near the end with ten minutes more. False when nobody asked."""
        return await self._act("extend")

    async def say(self, text: str) -> bool:
        """Say something aloud, as a transcript has it. False when not connected."""
        return await self._act("say", told={"text": text})

    async def write(self, text: str) -> bool:
        """Write into the chat. False when not connected."""
        return await self._act("write", told={"text": text})

    async def begin_browsing(self) -> bool:
        """Open a browser that all in the space see. False when not connected."""
        return await self._act("begin-browsing")

    async def end_browsing(self) -> bool:
        """Close it. False when not connected."""
        return await self._act("end-browsing")

    async def is_inside(self) -> bool:
        """Still connected? Somebody may have been put out, or the session may have ended."""
        return await self._act("")

    async def _act(self, deed: str, *, told: dict[str, str] | None = None) -> bool:
        if self._address is None:
            return False
        address = self._address + (f"{deed}/" if deed else "")
        async with self._client.request("POST" if deed else "GET", address, json=told) as response:
            if response.status not in (200, 409, 404):
                raise RuntimeError(f"{deed or 'looking'} answered {response.status}")
            return response.status == 200
