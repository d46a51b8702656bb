"""`hallpass run` with a second hand: how late its event loop is at most, and how often its store commits.

The bot itself is the same, built by `bot.app`; one task ticks beside it, every two milliseconds, unless it is told
not to: where CPU is counted, the ticking would be. On SIGUSR1 it tells what it has seen since it was last asked, as one
line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time

from bot.app import open_hallpass
from bot.cli import quieten_collector
from bot.logs import configure_logs
from bot.settings import load_settings

TICK_SECONDS = 0.002
UNTIMED = "untimed"


class Stopwatch:
    """How late the loop came round to us, at the worst."""

    def __init__(self) -> None:
        self.longest_seconds = 0.0
        self.busy_seconds = 0.0
        """CPU time that the process spent during that longest stall: far less, and the machine was busy elsewhere."""

    async def tick(self) -> None:
        """Until cancelled."""
        while True:
            began, busy = time.perf_counter(), time.process_time()
            await asyncio.sleep(TICK_SECONDS)
            late = time.perf_counter() - began - TICK_SECONDS
            if late > self.longest_seconds:
                self.longest_seconds, self.busy_seconds = late, time.process_time() - busy

    def read(self) -> dict[str, float]:
        """The worst since the last reading."""
        told = {"longest_seconds": self.longest_seconds, "busy_seconds": self.busy_seconds}
        self.longest_seconds = self.busy_seconds = 0.0
        return told


async def run(*, is_timed: bool) -> None:
    """Until SIGTERM."""
    settings = load_settings()
    configure_logs(sys.stderr, secrets=settings.list_secrets())
    stop, stopwatch, loop = asyncio.Event(), Stopwatch(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    async with open_hallpass(settings) as hallpass:

        def tell() -> None:
            seen = {**stopwatch.read(), "commit_count": hallpass.store.commit_count}
            print(json.dumps(seen), flush=True)

        loop.add_signal_handler(signal.SIGUSR1, tell)
        quieten_collector()
        ticking = asyncio.create_task(stopwatch.tick()) if is_timed else None
        await hallpass.run(stop)
        if ticking is not None:
            ticking.cancel()


if __name__ == "__main__":
    asyncio.run(run(is_timed=sys.argv[1:] != [UNTIMED]))
