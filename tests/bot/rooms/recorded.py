"""A server that answers each request with the next recorded answer, byte for byte, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from bot.rooms.http import Timing

START = datetime(2030, 3, 4, 15, 0, tzinfo=UTC)

Script = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]
"""What is written before the connection is closed, or what does the writing."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes

    def get_json(self) -> Any:
        return json.loads(self.body)


@dataclass
class HandWound:
    """Time that only passes when somebody sleeps; each sleep is kept."""

    seconds: float = 0.0
    sleeps: list[float] = field(default_factory=list)

    def as_timing(self) -> Timing:
        """For a door, without jitter."""
        return Timing(
            now=lambda: START + timedelta(seconds=self.seconds),
            monotonic=lambda: self.seconds,
            sleep=self.sleep,
            jitter=lambda: 0.0,
        )

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(round(seconds, 6))
        self.seconds += seconds


class RecordedServer:
    """Answers in the order of `scripts`; one request a connection. Asked once too often, it cuts the connection."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = deque(scripts)
        self.requests: list[Request] = []

    @property
    def port(self) -> int:
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v2/"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            """The client went away: a test of that."""
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *rest = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (item.partition(":") for item in rest)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append(Request(line=line, headers=headers, body=body))
        script = self.scripts.popleft() if self.scripts else b""
        if callable(script):
            await script(writer)
        else:
            writer.write(script)
            await writer.drain()


def answer(body: object = None, status: int = 200, **headers: str) -> bytes:
    """A whole answer with a JSON body (text is sent as it is). Header names are written with `_`."""
    content = body.encode() if isinstance(body, str) else json.dumps({} if body is None else body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def half(whole: bytes) -> bytes:
    """An answer that breaks off in the middle of its body."""
    head, _, body = whole.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" + body[: len(body) // 2]
