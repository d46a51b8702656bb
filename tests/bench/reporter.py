"""Rooms that report: so many webhooks a second for so long, one in ten of them twice. A process of its own.

    python -m tests.bench.reporter PORT ROOMS_FILE PER_SECOND SECONDS

`ROOMS_FILE` is a list of rooms: path, secret, and ids of people. One line of JSON before the first webhook, one after
the last answer. It keeps its pace whatever the answers do, as many rooms at once would, and what found its connection
closed is sent once more under the same id.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp


def build(room: dict[str, Any], number: int) -> tuple[bytes, dict[str, str]]:
    """Somebody comes, and at the next turn leaves."""
    people = room["people"]
    turn, who = divmod(number, len(people))
    said = {
        "user": {"id": people[who], "meta": {"name": "Learner"}},
        "session": {"id": f"session-of-{room['path'][-8:]}"},
        "time": datetime.now(UTC).isoformat(),
    }
    body = json.dumps(said).encode()
    return body, {
        "x-webhook-id": f"{room['path'][-8:]}-{number}",
        "x-webhook-event": "webhooks.user.leave" if turn % 2 else "webhooks.user.join",
        "x-webhook-signature": hmac.new(room["secret"].encode(), body, hashlib.sha256).hexdigest(),
    }


async def send(port: int, rooms: list[dict[str, Any]], per_second: int, seconds: float) -> dict[str, Any]:
    """Post them all; what became of them."""
    answers: Counter[int] = Counter()
    took: list[float] = []
    sent_count = round(per_second * seconds)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:

        async def post(room: dict[str, Any], body: bytes, headers: dict[str, str]) -> None:
            began = time.perf_counter()
            for is_last in (False, True):
                try:
                    answers[await deliver(room, body, headers)] += 1
                    break
                except aiohttp.ClientConnectionError:  # a connection kept from before, closed in that moment
                    if is_last:
                        raise
            took.append(time.perf_counter() - began)

        async def deliver(room: dict[str, Any], body: bytes, headers: dict[str, str]) -> int:
            async with client.post(f"http://127.0.0.1:{port}{room['path']}", data=body, headers=headers) as response:
                await response.read()
                return response.status

        began, tasks = time.perf_counter(), []
        for number in range(sent_count):
            wait = began + number / per_second - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            room = rooms[number % len(rooms)]
            body, headers = build(room, number // len(rooms))
            tasks += [asyncio.create_task(post(room, body, headers)) for _ in range(2 if number % 10 == 0 else 1)]
        await asyncio.gather(*tasks)
        lasted = time.perf_counter() - began
    return {"answers": answers, "took": sorted(took), "sent_count": sent_count, "seconds": lasted}


def main() -> None:
    port, path, per_second, seconds = sys.argv[1:]
    rooms = json.loads(Path(path).read_text())
    print(json.dumps({"rooms": len(rooms)}), flush=True)
    print(json.dumps(asyncio.run(send(int(port), rooms, int(per_second), float(seconds)))), flush=True)


if __name__ == "__main__":
    main()
