"""Apps for the stand-in workspace to talk to: Bolt as a real process would serve it, and one that only records."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp


@asynccontextmanager
async def serve(server: web.Application) -> AsyncIterator[str]:
    """Any web application behind `/slack/events` on loopback; yields that address."""
    runner = web.AppRunner(server, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def serve_socket(app: AsyncApp, *, app_token: str) -> AsyncIterator[AsyncSocketModeHandler]:
    """A Bolt app with one Socket Mode connection."""
    handler = AsyncSocketModeHandler(app, app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


class RecordingApp:
    """Takes whatever comes, keeps it, and answers what the test laid ready; an empty 200 otherwise."""

    def __init__(self) -> None:
        self.payloads: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: deque[tuple[int, dict[str, Any] | str]] = deque()
        self.answer_headers: dict[str, str] = {}
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    def build_server(self) -> web.Application:
        """It as a web application."""
        server = web.Application()
        server.router.add_post("/slack/events", self._take)
        return server

    async def _take(self, request: web.Request) -> web.Response:
        text = await request.text()
        if request.content_type == "application/json":
            payload = json.loads(text)
        else:
            form = dict(parse_qsl(text, keep_blank_values=True))
            payload = json.loads(form["payload"]) if "payload" in form else form
        self.payloads.append(payload)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        status, body = self.answers.popleft() if self.answers else (200, "")
        await self.may_answer.wait()
        if isinstance(body, dict):
            return web.json_response(body, status=status, headers=self.answer_headers)
        return web.Response(status=status, text=body, headers=self.answer_headers)
