"""Socket Mode: one-use addresses, hello, envelopes with acknowledgements, and disconnecting on demand.

Any envelope may go to any of the app's connections; here they take turns, so that state kept in one of them shows.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from aiohttp import WSCloseCode, WSMsgType, web

from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.methods import Method, Tier, TokenKind
from bot.sandbox.slack.workspace import InstalledApp

MOST_CONNECTIONS = 10
TICKET_LIFETIME = timedelta(seconds=30)
CONNECTION_SECONDS = 18_060
"""The "approximate connection time" that hello announces: about five hours."""


class NoConnection(Exception):
    """The app has no connection open."""


class SocketMode:
    """The app's WebSocket connections."""

    def __init__(self, *, app: InstalledApp, machine_now: Callable[[], datetime], changes: Changes) -> None:
        self._app = app
        self._machine_now = machine_now
        self._changes = changes
        self._tickets: dict[str, datetime] = {}
        self._open: list[web.WebSocketResponse] = []
        self._turn = itertools.count()
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self.base_url = ""
        """Where this workspace answers, `ws://…`; set when it has started."""

    @property
    def connection_count(self) -> int:
        """How many connections are open now."""
        return len(self._open)

    def build_table(self) -> dict[str, Method]:
        """`apps.connections.open`, for the app-level token."""
        method = Method(handle=self._issue, tier=Tier.THREE, scopes=("connections:write",), token=TokenKind.APP)
        return {"apps.connections.open": method}

    def _issue(self, arguments: Arguments) -> Json:
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = self._machine_now() + TICKET_LIFETIME
        return {"url": f"{self.base_url}/link/?ticket={ticket}&app_id={self._app.app_id}"}

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """One connection, until it ends. A ticket opens one; an old or used one is refused."""
        expires_at = self._tickets.pop(request.query.get("ticket", ""), None)
        if expires_at is None or self._machine_now() >= expires_at:
            return web.Response(status=408, text="This address was used, or is too old.")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if len(self._open) >= MOST_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        self._open.append(socket)
        try:
            await socket.send_json(self._build_hello())
            self._changes.ring()
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._read(message.data)
        finally:
            self._open.remove(socket)
            self._changes.ring()
        return socket

    async def send(self, kind: str, payload: Json, *, takes_payload: bool, **more: Any) -> Json:
        """Send one envelope and wait for its acknowledgement, for ever; the caller sets the limit."""
        if not self._open:
            raise NoConnection
        socket = self._open[next(self._turn) % len(self._open)]
        envelope_id = str(uuid4())
        envelope = {"envelope_id": envelope_id, "payload": payload, "type": kind}
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = waiting
        try:
            await socket.send_json(envelope | {"accepts_response_payload": takes_payload} | more)
            return await waiting
        except ConnectionError as error:
            raise NoConnection from error
        finally:
            del self._waiting[envelope_id]

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to come anew. After `warning` they stay open for now; after the others they are cut."""
        for socket in list(self._open):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "stand-in"}})
            if reason != "warning":
                await socket.close(code=WSCloseCode.GOING_AWAY)

    async def close(self) -> None:
        """Cut every connection."""
        for socket in list(self._open):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    def _read(self, text: str) -> None:
        try:
            answer = json.loads(text)
        except ValueError:
            return  # the SDK never sends this; Slack ignores it
        waiting = self._waiting.get(str(answer.get("envelope_id"))) if isinstance(answer, dict) else None
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def _build_hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._open),
            "debug_info": {"host": "stand-in", "approximate_connection_time": CONNECTION_SECONDS},
            "connection_info": {"app_id": self._app.app_id},
        }
