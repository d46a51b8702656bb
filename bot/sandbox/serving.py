"""What a stand-in is served by: one HTTP server on loopback, and the client that its people's browsers share.

It listens on no other address, and keeps its port when it is left and entered again, as a service keeps its address.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from aiohttp import ClientSession, DummyCookieJar, web

HOST = "127.0.0.1"


class Served(ABC):
    """Something that answers over HTTP, from `async with` until its end."""

    _shutdown_seconds = 0.1
    """How long requests under way are waited for on leaving: not long, since a fault may hold them back."""

    def __init__(self, *, port: int = 0) -> None:
        self._port = port

    @abstractmethod
    def _build_app(self) -> web.Application:
        """What it answers."""

    async def _begin(self) -> None:  # noqa: B027 - most have nothing to add
        """What begins once it listens; nothing here."""

    async def _end(self) -> None:  # noqa: B027
        """What ends before it stops listening; nothing here."""

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(self._build_app(), access_log=None, shutdown_timeout=self._shutdown_seconds)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._port, backlog=1024).start()
        self._port = int(self._runner.addresses[0][1])
        self._client = ClientSession(cookie_jar=DummyCookieJar())
        await self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()
        await self._client.close()
        await self._runner.cleanup()

    @property
    def origin(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self._port}"
