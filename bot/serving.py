"""The web server's socket and process manners: it listens where it is told and leaves signals to the app."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn

from bot.identity import StartRefused


class QuietServer(uvicorn.Server):
    """uvicorn without its own signal handlers: the app stops as a whole, or not at all."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def open_listener(host: str, port: int) -> socket.socket:
    """A listening socket; port 0: a free one. Raises StartRefused."""
    try:
        made = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=512
        )
    except OSError as error:
        raise StartRefused(
            f"HALLPASS_LISTEN {host}:{port} cannot be used ({error.strerror})",
            "choose a free port, or stop what uses it",
        ) from error
    # The same socket, named as TCP's: only on those does asyncio switch Nagle's algorithm off, and with it on the
    # second packet of an answer waits up to 40 ms for the first to be confirmed.
    return socket.socket(made.family, made.type, socket.IPPROTO_TCP, fileno=made.detach())


async def stop_server(server: uvicorn.Server, web: asyncio.Task[None]) -> None:
    """Let answers under way finish, and wait for the server to end."""
    server.should_exit = True
    await web
