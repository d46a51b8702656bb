"""The school that the page shows: its people, the bot in it, and both begun again when somebody asks for that.

The bot is killed and started as often as asked; Slack's and the rooms' stand-ins go on meanwhile. Starting over is
another school in another folder.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from bot.manifest import load_manifest
from bot.sandbox.cast import Cast, add_cast, at
from bot.sandbox.houses import EVERY
from bot.sandbox.play.postmarks import Postmarks
from bot.sandbox.play.readings import Readings
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.changes import Changes
from storage.errors import StoreClosed
from storage.sqlite import SqliteStore, open_store
from storage.store import Transaction

T = TypeVar("T")

BEGINS = "14:00"


class Playground:
    """One school at a time, from `async with` until it is closed. `changes` rings when something beside Slack did.

    `services`: where its lessons can take place, the first unless somebody chooses.
    """

    def __init__(self, services: Sequence[str] = EVERY) -> None:
        self._services = services
        self.changes = Changes()
        self.is_running = False
        self.number = 0
        self.token = ""
        """Unlike that of every other school there ever was: a page knows by it whether its own is still there."""
        self.readings = Readings()
        self.postmarks = Postmarks()
        self._school: School | None = None
        self._cast: Cast | None = None
        self._store: SqliteStore | None = None
        self._starting: asyncio.Task[None] | None = None
        self._stack = AsyncExitStack()
        self._turn = asyncio.Lock()
        """Buttons may be pressed twice, and in two windows: the bot is killed, started and replaced one by one."""

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._school is not None:
            await self.kill_bot()
        await self._stack.aclose()

    @property
    def school(self) -> School:
        """The present one."""
        if self._school is None:
            raise RuntimeError("the school is not open")
        return self._school

    @property
    def cast(self) -> Cast:
        """Its people."""
        if self._cast is None:
            raise RuntimeError("the school is not open")
        return self._cast

    @property
    def is_starting(self) -> bool:
        """Is the bot on its way, not yet let in by Slack?"""
        return self._starting is not None and not self._starting.done()

    def ring(self) -> None:
        """Something changed that Slack's own bell does not tell."""
        self.changes.ring()

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """What the bot has stored, read beside it, whether it runs or not. StoreClosed while a school begins."""
        if self._store is None:
            raise StoreClosed("the school is not open")
        return await self._store.read(work)

    def run_beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this until it is done or the present school ends; it must wait for nothing but time."""
        task = asyncio.create_task(work)
        self._stack.push_async_callback(_let_go, task)

    async def start_over(self) -> None:
        """A fresh school: nobody has booked anything."""
        async with self._turn:
            await self._kill()  # what hangs in it is not waited for
            await self._stack.aclose()
            await self._open()
            self.ring()

    async def kill_bot(self) -> None:
        """End the bot wherever it is; nothing in flight finishes."""
        async with self._turn:
            await self._kill()

    async def _kill(self) -> None:
        self.is_running = False
        await self._stop_starting()
        await self.school.kill()
        self.ring()

    async def start_bot(self) -> None:
        """Start the bot again; what it had stored it goes on with. Back once Slack has let it in, whenever that is.

        A caller that waits no longer leaves it starting; one whose bot is killed meanwhile waits no longer.
        """
        async with self._turn:
            starting = self._begin_starting()
        await _wait_for(starting)

    def _begin_starting(self) -> asyncio.Task[None] | None:
        if self.is_running:
            return None
        if not self.is_starting:
            self._starting = asyncio.create_task(self._start())
            self.ring()
        return self._starting

    async def _start(self) -> None:
        await self.school.start(seconds=None)
        self.is_running = True
        self.ring()

    async def _stop_starting(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
            self._starting = None

    def _begin(self, school: School) -> None:
        self.number += 1
        self.token = secrets.token_hex(8)
        self.readings, self.postmarks = Readings(), Postmarks()

        def hear() -> None:
            self.postmarks.note(school.slack.workspace, school.clock.now())
            self.ring()

        school.slack.changes.on_ring(hear)

    async def _open(self) -> None:
        self._stack = AsyncExitStack()
        folder = Path(tempfile.mkdtemp(prefix="hallpass-play-"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self._school = await self._stack.enter_async_context(
            open_school(
                folder,
                starts_at=at(BEGINS),
                is_socket_mode=True,
                manifest=load_manifest(),
                has_webhooks=True,
                services=self._services,
            )
        )
        self._cast = add_cast(self._school)
        self._begin(self._school)
        await _wait_for(self._begin_starting())
        self._store = await self._stack.enter_async_context(open_store(self._school.database_path, migrate=False))


async def _wait_for(starting: asyncio.Task[None] | None) -> None:
    """Until it is done; its error, if it has one. That it was cancelled is not our own being cancelled."""
    if starting is not None:
        await asyncio.wait([starting])
        if not starting.cancelled():
            starting.result()


async def _let_go(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
