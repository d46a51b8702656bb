"""Somebody's browser at a room's address: comes in, keeps its seat and leaves as a guest, over HTTP.

It knows the stand-in only by the address. A guest proves nothing but their seat, so a browser that comes in twice
without leaving sits there twice until the first seat lapses, as a reload in a hurry does.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from aiohttp import ClientSession

from bot.sandbox.loop.rooms import Errno

_SHOWS = 5
"""People whom it can show at once."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What came of an address: inside, or why not."""

    refusal: Errno | None = None

    @property
    def is_inside(self) -> bool:
        return self.refusal is None


class Browser:
    """One tab, in which somebody typed the name that others see."""

    def __init__(self, name: str, client: ClientSession) -> None:
        self.name = name
        self._client = client
        self._room = ""  # the room's address at the server
        self._session_token: str | None = None

    async def join(self, url: str, *, shows: int = _SHOWS) -> Visit:
        """Open a room's address and take a seat. The page alone takes none."""
        async with self._client.get(url) as page:
            if page.status == 404:
                return Visit(refusal=Errno.INVALID_TOKEN)
            self._room = str(page.url.origin()) + page.headers["X-Room"]
        told = {"action": "join", "displayName": self.name, "clientMaxSize": shows}
        async with self._client.post(self._room, json=told) as response:
            answer = await response.json()
        if response.status != 200:
            return Visit(refusal=Errno(answer["errno"]))
        self._session_token = answer["sessionToken"]
        return Visit()

    async def refresh(self) -> bool:
        """Keep the seat. False when it lapsed, or was never there."""
        return await self._act("refresh", 200)

    async def leave(self) -> bool:
        """Close the tab as it should be. False when not inside any more."""
        was_inside = await self._act("leave", 204)
        self._session_token = None
        return was_inside

    def crash(self) -> None:
        """Be gone without a word: the seat lapses."""
        self._session_token = None

    async def is_inside(self) -> bool:
        """Does the server still tell us who is there, as it tells those inside?"""
        if self._session_token is None:
            return False
        async with self._client.get(self._room, headers=self._prove()) as response:
            return response.status == 200

    async def _act(self, action: str, expected: int) -> bool:
        if self._session_token is None:
            return False
        async with self._client.post(self._room, json={"action": action}, headers=self._prove()) as response:
            if response.status not in (expected, 400, 401, 404, 410):
                raise RuntimeError(f"{action} answered {response.status}")
            return response.status == expected

    def _prove(self) -> dict[str, str]:
        return {"Authorization": f"Basic {base64.b64encode(f'{self._session_token}:'.encode()).decode()}"}
