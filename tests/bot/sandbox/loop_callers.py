"""A program that speaks to the stand-in Loop server, and says exactly what it is told to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import aiohttp

from bot.rooms.hawk import build_header, derive_credentials
from bot.sandbox.loop.stand_in import LoopStandIn

ROOM: dict[str, object] = {"roomName": "Algebra", "roomOwner": "Ada", "maxSize": 3, "expiresIn": 2}
CONTEXT = {"value": "v", "alg": "AES-GCM", "wrappedKey": "k"}


class Said:
    """An answer: status, headers, and the body as JSON where it is."""

    def __init__(self, status: int, headers: Any, body: Any) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def errno(self) -> int | None:
        return self.body.get("errno") if isinstance(self.body, dict) else None


class LoopCaller:
    """Somebody with a registration of their own."""

    def __init__(self, server: LoopStandIn, client: aiohttp.ClientSession) -> None:
        self.server = server
        self._client = client
        self.token = ""

    async def register(self) -> None:
        said = await self.ask("POST", "/registration", {}, by=None)
        assert (said.status, said.body) == (200, "")
        self.token = said.headers["Hawk-Session-Token"]

    async def ask(
        self, method: str, path: str, body: object = None, *, by: str | None = "hawk", at: datetime | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Said:  # fmt: skip
        """`by`: "hawk" (ourselves), None (nobody) or an `Authorization` as it stands."""
        url = self.server.origin + path
        if by == "hawk":
            when = at or self.server.clock.machine_now()
            by = build_header(derive_credentials(self.token), method=method, url=url, at=when, nonce="n")
        more = {**(headers or {}), **({"Authorization": by} if by is not None else {})}
        told = {"json": body} if not isinstance(body, bytes) else {"data": body}
        if body is None:
            told = {}
        async with self._client.request(method, url, headers=more, allow_redirects=False, **told) as found:
            is_json = found.content_type == "application/json"
            return Said(found.status, found.headers, await (found.json() if is_json else found.text()))

    async def make(self, **changes: object) -> str:
        """A room's token."""
        said = await self.ask("POST", "/rooms", ROOM | changes)
        assert said.status == 201, said.body
        return str(said.body["roomToken"])

    async def act(self, token: str, action: str, by: str | None = "hawk", **more: object) -> Said:
        return await self.ask("POST", f"/rooms/{token}", {"action": action, **more}, by=by)

    async def join(self, token: str, by: str | None = None, *, shows: int = 5, name: str = "Ben") -> Said:
        return await self.act(token, "join", by, displayName=name, clientMaxSize=shows)

    async def show(self, token: str, by: str | None = "hawk") -> Said:
        return await self.ask("GET", f"/rooms/{token}", by=by)
