"""Bolt apps served as a real process would serve them, for tests of the stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp


@asynccontextmanager
async def serve_http(app: AsyncApp) -> AsyncIterator[str]:
    """The app behind `/slack/events` on loopback; yields that address."""
    server = web.AppRunner(app.web_app(), access_log=None, shutdown_timeout=1)
    await server.setup()
    await web.TCPSite(server, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{server.addresses[0][1]}/slack/events"
    finally:
        await server.cleanup()


@asynccontextmanager
async def serve_socket(app: AsyncApp, *, app_token: str) -> AsyncIterator[AsyncSocketModeHandler]:
    """The app with one Socket Mode connection."""
    handler = AsyncSocketModeHandler(app, app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]
