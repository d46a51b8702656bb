"""The school that the page shows: its people, the bot in it, and both begun again when somebody asks for that.

The bot is killed and started as often as asked; Slack's and the rooms' stand-ins go on meanwhile. Starting over is
another school in another folder.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.manifest import load_manifest
from bot.sandbox.cast import Cast, add_cast, at
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.changes import Changes

BEGINS = "14:00"


class Playground:
    """One school at a time, from `async with` until it is closed. `changes` rings when something beside Slack did."""

    def __init__(self) -> None:
        self.changes = Changes()
        self.is_running = False
        self.number = 0
        self._school: School | None = None
        self._cast: Cast | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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

    def ring(self) -> None:
        """Something changed that Slack's own bell does not tell."""
        self.changes.ring()

    async def start_over(self) -> None:
        """A fresh school: nobody has booked anything."""
        self.is_running = False
        await self._stack.aclose()
        await self._open()

    async def kill_bot(self) -> None:
        """End the bot wherever it is; nothing in flight finishes."""
        self.is_running = False
        await self.school.kill()
        self.ring()

    async def start_bot(self) -> None:
        """Start the bot again; what it had stored it goes on with."""
        if not self.is_running:
            await self.school.start()
            self.is_running = True
            self.ring()

    async def _open(self) -> None:
        self._stack = AsyncExitStack()
        folder = Path(tempfile.mkdtemp(prefix="hallpass-play-"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self._school = await self._stack.enter_async_context(
            open_school(folder, starts_at=at(BEGINS), is_socket_mode=True, manifest=load_manifest(), has_webhooks=True)
        )
        self._cast = add_cast(self._school)
        self.number += 1
        await self.start_bot()
