"""The least that N links can cost with these libraries: a launch and a post each, nothing stored, nothing drawn.

`httpx` over aiohttp for the launch, `AsyncWebClient` with a shared session for the post, two bounded stages, messages
and bodies ready-made. With `script` as last argument: the same, one person after the other, as one would write it down.
Prints one line of JSON for each line that it is told on its standard input: how many links.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from slack_sdk.web.async_client import AsyncWebClient

AT_ONCE = 32


class TwoCalls:
    """A launch, then a post."""

    def __init__(self, base: str, http: httpx.AsyncClient, session: aiohttp.ClientSession) -> None:
        self._base = base
        self._http = http
        self._slack = AsyncWebClient(token="xoxb-1", base_url=f"{base}/api/", session=session, retry_handlers=[])
        self._launches = asyncio.Semaphore(AT_ONCE)
        self._posts = asyncio.Semaphore(AT_ONCE)

    async def one(self, number: int) -> None:
        async with self._launches:
            url = await self._launch(number)
        async with self._posts:
            await self._slack.chat_postMessage(
                channel=f"U{number:010d}",
                text="Algebra",
                blocks=[{"type": "actions", "elements": [{"type": "button", "action_id": "join", "url": url}]}],
                metadata={"event_type": "hallpass_notice", "event_payload": {"notice_id": str(number)}},
                unfurl_links=False,
                unfurl_media=False,
            )

    async def _launch(self, number: int) -> str:
        body = {
            "id": "hp-room",
            "name": "Algebra",
            "allow_guests": False,
            "user": {"id": str(number), "name": "Ben", "role": "student", "leader": False, "single_use": True},
            "timeouts": {"not_before": "2026-11-23T15:50:00Z", "not_after": "2026-11-23T17:30:00Z"},
        }
        answer = await self._http.post(
            f"{self._base}/v2/spaces/launch/", json=body, headers={"Authorization": "Organisation key"}
        )
        told: dict[str, Any] = answer.json()
        return str(told["client_url"])

    async def many(self, count: int, *, is_script: bool) -> None:
        if is_script:
            for number in range(count):
                await self.one(number)
        else:
            await asyncio.gather(*map(self.one, range(count)))


async def serve(base: str, *, is_script: bool) -> None:
    """Until the input ends."""
    limits = httpx.Limits(max_connections=AT_ONCE + 8, max_keepalive_connections=AT_ONCE + 8)
    async with (
        httpx.AsyncClient(transport=AiohttpTransport(limits=limits), timeout=30) as http,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE + 8)) as session,
    ):
        calls = TwoCalls(base, http, session)
        loop = asyncio.get_running_loop()
        print(json.dumps({"ready": True}), flush=True)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            began, cpu = time.monotonic(), _cpu_seconds()
            await calls.many(int(line), is_script=is_script)
            told = {"seconds": time.monotonic() - began, "cpu_seconds": _cpu_seconds() - cpu}
            print(json.dumps(told), flush=True)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], is_script=sys.argv[2:] == ["script"]))
