"""`hallpass run` as a process of its own, as somebody runs it: an environment, a folder, signals, and what it logs.

The stand-ins live in the test's process; nothing but HTTP, WebSockets and the file is between them and the bot.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from bot.billing import Days
from bot.listings import find_lessons, open_reading
from bot.manifest import load_manifest
from bot.sandbox.school import School, open_school
from storage.records import NoticeKind, NoticeState

WITHIN_SECONDS = 20.0
"""Longer than any start or stop takes on a busy machine; nothing waits for it to pass."""


class BotProcess:
    """One `hallpass run`, from `start` on. Everything that any of its lives logged is in `lines`."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.environment = dict(environment)
        self.folder = folder
        self.lines: list[str] = []
        self._heard = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def launch(self) -> None:
        """Start it, and wait for nothing."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"),
            cwd=self.folder,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.create_task(self._read())

    async def start(self) -> int:
        """Start it and wait until it has said that it started; the port on which it listens."""
        before = len(self.lines)
        await self.launch()
        await self.wait_for_event("started", after=before)
        return int((await self.wait_for_event("listening", after=before))["port"])

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """SIGTERM, or another way of asking, and its exit status."""
        return await self._end(how)

    async def kill(self) -> None:
        """SIGKILL: nothing in it gets to finish."""
        await self._end(signal.SIGKILL)

    async def wait(self) -> int:
        """Its exit status, once it has ended by itself."""
        assert self._process is not None
        assert self._reading is not None
        async with asyncio.timeout(WITHIN_SECONDS):
            status = await self._process.wait()
            await self._reading
        return status

    async def _end(self, how: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        return await self.wait()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def wait_for_event(self, event: str, *, after: int = 0) -> dict[str, Any]:
        """The first log record of this name among the lines from `after` on."""
        async with asyncio.timeout(WITHIN_SECONDS), self._heard:
            while True:
                for line in self.lines[after:]:
                    record = json.loads(line) if line.startswith("{") else {}
                    if record.get("event") == event:
                        return dict(record)
                assert self.is_running, "\n".join(self.lines[after:])
                await self._heard.wait()

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            async with self._heard:
                self.lines.append(line.decode().rstrip("\n"))
                self._heard.notify_all()
        await self._process.wait()
        async with self._heard:
            self._heard.notify_all()


@asynccontextmanager
async def open_process_school(
    folder: Path, *, is_socket_mode: bool = False, settings: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[School, BotProcess]]:
    """Stand-ins in real time, and a bot that is not started yet; killed at the end where it still runs."""
    async with open_school(
        folder, is_frozen=False, is_socket_mode=is_socket_mode, settings=settings, manifest=load_manifest()
    ) as school:
        bot = BotProcess(school.build_environment(), folder)
        try:
            yield school, bot
        finally:
            if bot.is_running:
                await bot.kill()


async def start(school: School, bot: BotProcess) -> None:
    """Start the bot, and let Slack know where it is."""
    port = await bot.start()
    if not school.is_socket_mode:
        school.slack.events_url = f"http://127.0.0.1:{port}/slack/events"


def let_a_minute_pass(database: Path) -> None:
    """What a bot that was down for a minute finds: leases run out, waiting times over, begun posts a minute old.

    Another process's clock cannot be moved, so its machine times are put back instead.
    """
    changes = {"notices": ("not_before", "leased_until", "begun_at"), "cards": ("not_before", "leased_until")}
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, columns in changes.items():
            for column in columns:
                earlier = f"strftime('%Y-%m-%dT%H:%M:%f', {column}, '-60 seconds') || '000Z'"
                connection.execute(f"UPDATE {table} SET {column} = {earlier} WHERE {column} IS NOT NULL")


async def wait_until_all_sent(database: Path, *, count: int) -> None:
    """Until the bot has settled this many join links: nothing is under way that could still be posted again."""
    async with asyncio.timeout(WITHIN_SECONDS):
        while count != _count_sent(database):  # noqa: ASYNC110 - another process's database rings no bell
            await asyncio.sleep(0.02)


def _count_sent(database: Path) -> int:
    with open_reading(database) as tx:
        return sum(
            notice.kind is NoticeKind.JOIN_LINK and notice.state is NoticeState.SENT
            for workspace, lesson in find_lessons(tx, Days())
            for notice in tx.notices.list_for_lesson(workspace.id, lesson.id)
        )


def assert_nothing_in_the_clear(school: School, bot: BotProcess, *, beside: str) -> None:
    """No link, token, key or secret in what the bot wrote: its files, -wal and all, and its logs. `beside` is there."""
    slack, keys = school.slack, bot.folder / "hallpass.db.keys"
    secrets = [slack.bot_token, slack.app_token, slack.signing_secret, school.lessonspace.api_key]
    for launch in school.lessonspace.launches:
        secrets += [launch.url, launch.secret, launch.url.partition("user=")[2][:40]]
    secrets += keys.read_text().split()
    files = sorted(path for path in bot.folder.iterdir() if path.is_file() and path != keys)
    written = b"".join(path.read_bytes() for path in files) + "\n".join(bot.lines).encode()

    assert all(len(secret) > 20 for secret in secrets), "no empty text is looked for"
    assert beside.encode() in written, "the search looks in the right place"
    assert [] == [secret[:6] for secret in secrets if secret.encode() in written]
