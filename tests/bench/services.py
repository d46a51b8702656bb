"""Slack and Lessonspace as far as a speed needs them: answers of the right shape after a fixed time, and a count.

The strict stand-ins of `bot/sandbox/` check every message against Slack's limits, which costs several times what
sending it costs us; on two cores that would be the figure. Whether what we send is right is the tests' business; this
server only keeps time. It runs as a process of its own, and a latency counts from the arrival of the request, whatever
else is going on, as a far service's would.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

POST = "/api/chat.postMessage"
LAUNCH = "/v2/spaces/launch/"
NOTICE_ID = re.compile(rb'"notice_id": ?"([^"]+)"')
CHANNEL = re.compile(rb'"channel": ?"([^"]+)"')
LENGTH = re.compile(rb"\r\ncontent-length: ?(\d+)", re.IGNORECASE)
PROOF = "".join("eyJub3RoaW5nIjoidG8gc2VlIGhlcmUifQ"[place % 34] for place in range(600))
"""As long as the signed part of a real link."""

AUTH = {
    "ok": True,
    "team_id": "T0BENCH001",
    "team": "Maple Tutors",
    "user_id": "U0BENCHBOT",
    "bot_id": "B0BENCHBOT",
    "user": "hallpass",
}
ORGANISATION = {"id": 7, "name": "Maple Tutors"}
SESSIONS: dict[str, Any] = {"count": 0, "next": None, "previous": None, "results": []}


@dataclass(kw_only=True)
class Counted:
    """What arrived since the last reset. Moments are of the machine's monotonic clock, which all processes share."""

    posted_at: list[float] = field(default_factory=list)  # when each message was answered
    notice_ids: set[bytes] = field(default_factory=set)
    launch_count: int = 0
    update_count: int = 0
    refused_count: int = 0


class Services:
    """Both services behind one address."""

    def __init__(self) -> None:
        self.counted = Counted()
        self.launch_seconds = 0.0
        self.post_seconds = 0.0
        self.per_second: float | None = None
        self._saved = 0.0
        self._saved_at = 0.0
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._number = 0

    def configure(self, told: dict[str, Any]) -> None:
        """Latencies and Slack's limit from now on; what was counted is forgotten."""
        self.counted = Counted()
        self.launch_seconds = told.get("launch_seconds", 0.0)
        self.post_seconds = told.get("post_seconds", 0.0)
        self.per_second = told.get("per_second")
        self._saved, self._saved_at = self.per_second or 0.0, time.monotonic()

    def answer(self, path: str, body: bytes) -> tuple[float, int, dict[str, Any]]:
        """After how many seconds, with which status, what."""
        if path == POST:
            return self._answer_post(body)
        if path == LAUNCH:
            return self._answer_launch()
        if path.startswith("/v2/my-organisation"):
            return 0.0, 200, ORGANISATION
        if path.startswith("/v2/"):
            return 0.0, 200, SESSIONS
        if path == "/api/auth.test":
            return 0.0, 200, AUTH
        self.counted.update_count += 1
        return self.post_seconds, 200, {"ok": True, "view": {"id": "V1", "hash": "1.a"}, "channel": "D1", "ts": "1.1"}

    def _answer_post(self, body: bytes) -> tuple[float, int, dict[str, Any]]:
        if not self._may_post():
            self.counted.refused_count += 1
            return 0.0, 429, {"ok": False, "error": "ratelimited"}
        self._number += 1
        notice_id, channel = NOTICE_ID.search(body), CHANNEL.search(body)
        self.counted.notice_ids.add(notice_id[1] if notice_id else body)
        name = channel[1].decode() if channel else ""
        return self.post_seconds, 200, {"ok": True, "channel": f"D{name[1:]}", "ts": f"1795446000.{self._number:06d}"}

    def _may_post(self) -> bool:
        if self.per_second is None:
            return True
        now = time.monotonic()
        self._saved = min(self.per_second, self._saved + (now - self._saved_at) * self.per_second)
        self._saved_at = now
        if self._saved < 1:
            return False
        self._saved -= 1
        return True

    def _answer_launch(self) -> tuple[float, int, dict[str, Any]]:
        self._number += 1
        self.counted.launch_count += 1
        return (
            self.launch_seconds,
            200,
            {
                "client_url": f"https://rooms.example/room?t={self._number}.{PROOF}",
                "api_base": "https://api.example/v2/",
                "room_id": "room-1",
                "secret": "secret-of-the-room",
                "session_id": "session-1",
                "user_id": self._number,
                "room_settings": {"record_av": False, "record_content": False, "transcribe": False},
            },
        )

    def note_posted(self) -> None:
        """A message was answered."""
        self.counted.posted_at.append(time.monotonic())
        for count, waiter in self._waiters:
            if count <= len(self.counted.posted_at) and not waiter.done():
                waiter.set_result(None)

    async def wait_for(self, count: int) -> dict[str, Any]:
        """The counts, as soon as so many messages were answered."""
        if len(self.counted.posted_at) < count:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append((count, waiter))
            await waiter
            self._waiters = [(asked, one) for asked, one in self._waiters if one is not waiter]
        return self.tell()

    def tell(self) -> dict[str, Any]:
        """The counts."""
        counted = self.counted
        return {
            "posted_at": counted.posted_at,
            "distinct_count": len(counted.notice_ids),
            "launch_count": counted.launch_count,
            "update_count": counted.update_count,
            "refused_count": counted.refused_count,
        }


class Wire(asyncio.Protocol):
    """One connection of HTTP/1.1, kept alive; one request at a time, which is all that our clients do."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._received = b""
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, mark, rest = self._received.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        size = int(length[1]) if length else 0
        if not mark or len(rest) < size:
            return
        self._received = rest[size:]
        path = head.split(b" ", 2)[1].decode()
        if path.startswith("/control/"):
            self._control(path.removeprefix("/control/"), rest[:size])
            return
        seconds, status, answer = self._services.answer(path, rest[:size])
        if seconds:
            asyncio.get_running_loop().call_later(seconds, self._write, path, status, answer)
        else:
            self._write(path, status, answer)

    def _write(self, path: str, status: int, answer: dict[str, Any]) -> None:
        if self._transport.is_closing():
            return
        body = json.dumps(answer).encode()
        self._transport.write(
            b"HTTP/1.1 %d Told\r\nContent-Type: application/json\r\nRetry-After: 1\r\nContent-Length: %d\r\n\r\n%s"
            % (status, len(body), body)
        )
        if path == POST and status == 200:
            self._services.note_posted()

    def _control(self, what: str, body: bytes) -> None:
        told = json.loads(body) if body else {}
        if what == "configure":
            self._services.configure(told)
            self._write("", 200, {})
            return

        async def wait() -> None:
            self._write("", 200, await self._services.wait_for(told.get("posts", 0)))

        task = asyncio.get_running_loop().create_task(wait())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def serve() -> None:
    """Until the process is ended. Tells its port on the first line."""
    services = Services()
    server = await asyncio.get_running_loop().create_server(lambda: Wire(services), "127.0.0.1", 0, backlog=1024)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
