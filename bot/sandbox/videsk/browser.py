"""Somebody's browser, as far as a room goes: it enters with a token as the page's script does, and is inside until it
leaves or is put out."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from bot.sandbox.videsk.exchange import LEAVING


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What came of entering: inside, or why not, in the service's words."""

    code: int | None = None
    refusal: str | None = None

    @property
    def is_inside(self) -> bool:
        return self.refusal is None


class Browser:
    """One tab. Entering again in it leaves first, as a reload does."""

    def __init__(self, exchange_url: str, client: ClientSession) -> None:
        self._exchange_url = exchange_url
        self._client = client
        self._socket: ClientWebSocketResponse | None = None
        self._stays: asyncio.Task[None] | None = None

    @property
    def is_inside(self) -> bool:
        """As far as this tab has heard: `wait_until_out` waits for the news."""
        return self._stays is not None and not self._stays.done()

    async def enter(self, access_token: str, *, alias: str = "") -> Entry:
        """Go into the room that the token is for."""
        await self.leave()
        self._socket = await self._client.ws_connect(self._exchange_url)
        await self._socket.send_json({"accessToken": access_token, "alias": alias})
        told = await self._socket.receive_json()
        if told["type"] == "joined":
            self._stays = asyncio.create_task(self._stay(self._socket))
            return Entry()
        await self._socket.close()
        return Entry(code=told["code"], refusal=told["message"])

    async def leave(self) -> bool:
        """Close the tab. False when it was not inside any more."""
        was_inside = self.is_inside
        if self._socket is not None:
            with contextlib.suppress(ConnectionError):
                await self._socket.send_str(LEAVING)
            await self.wait_until_out()
            await self._socket.close()
        return was_inside

    async def wait_until_out(self) -> None:
        """Return once it is no longer inside, for whatever reason."""
        if self._stays is not None:
            await self._stays

    async def _stay(self, socket: ClientWebSocketResponse) -> None:
        while (await socket.receive()).type is WSMsgType.TEXT:
            pass  # others come and go, or the room has ended and the closing follows
