"""What every listener is handed: the store to write to, the hands that answer, and the tasks that outlive a listener.

A listener reads its payload into a type, makes one unit of work, acknowledges and returns. What takes longer, such as
filling a loading form or a private reply, runs in a task that belongs to the desk, so that stopping can wait for it and
a failure in it is told to the person instead of being lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.blocks import Block, Message
from bot.booking import BookingPolicy
from bot.clock import Clock
from bot.delivery import Delivery
from bot.door import Entry, Visit
from bot.drawing import Drawer
from bot.errors import SlackBusy, SlackDown, SlackError, ViewGone
from bot.home import build_small_view
from bot.launch_defaults import LaunchDefaults
from bot.people import Directory
from bot.quiet import QuietHours
from storage.records import LessonDetails, Link, Person, PersonId, Seat, WorkspaceId, new_id
from storage.store import Store

log = structlog.get_logger("hallpass.commands")

LOOK_UP_WITHIN = timedelta(seconds=5)
"""An answer that is being made waits this long for who asked to be looked up, then says what is known."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who asked, and where a private answer goes: a `response_url`, else the conversation, else nowhere but a view."""

    user_id: str
    response_url: str | None = None
    conversation: str | None = None
    trigger_id: str | None = None


INSISTS_FOR = timedelta(minutes=1)
"""How long an answer that Slack would not take yet is held ready; by then its reader has typed again."""
INSISTS_AFTER = timedelta(seconds=1)


@dataclass(kw_only=True)
class Desk:
    """Everything a listener needs, of one workspace."""

    store: Store
    delivery: Delivery
    directory: Directory
    drawer: Drawer
    clock: Clock
    workspace_id: WorkspaceId
    policy: Callable[[], BookingPolicy]  # asked each time: user groups change
    make_device_link: Callable[[LessonDetails, Seat, int], Awaitable[Link]]  # raises RoomServiceError, Outdated
    enter: Callable[[Visit], Awaitable[Entry]]  # the way in of whoever has redeemed their link
    fetch_recording: Callable[[str, str], Awaitable[str | None]]  # by service and session; raises RoomServiceError
    launch_defaults: LaunchDefaults
    quiet_hours: QuietHours  # in force for everybody, on each reader's own clock
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    watches: set[asyncio.Task[None]] = field(default_factory=set)  # wait for others, and are let go of at once

    def find_person(self, user_id: str) -> Person | None:
        """Who that is, from the stored directory."""
        return self.store.glance(lambda tx: tx.people.find(self.workspace_id, user_id))

    def reader(self, user_id: str) -> Person:
        """The person as reader; somebody not known yet reads American English, in UTC, until looked up."""
        known = self.find_person(user_id)
        return known or Person(id=PersonId(""), workspace_id=self.workspace_id, user_id=user_id, name="", zone="UTC")

    async def look_up_reader(self, user_id: str) -> Person:
        """The same, looked up first where it takes that."""
        await self.directory.ensure_known([user_id], within=LOOK_UP_WITHIN)
        return self.reader(user_id)

    def now(self) -> datetime:
        """Lesson time."""
        return self.clock.now()

    def run(self, work: Coroutine[Any, Any, None], *, is_watch: bool = False) -> None:
        """Do this after the listener has returned. `is_watch`: it mostly waits, so stopping does not wait for it."""
        tasks = self.watches if is_watch else self.tasks
        task = asyncio.get_running_loop().create_task(self._guard(work))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        # Let go of before it began, work would complain that nobody ever awaited it.
        task.add_done_callback(lambda _: work.close())

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except SlackError as error:
            log.warning("afterwork_failed", method=error.method, code=error.code)
        except Exception:
            log.exception("afterwork_failed_unexpectedly", error_id=new_id())

    def answer(self, asked: Asked, message: Message) -> None:
        """Tell this person, privately, after the listener has returned."""
        self.run(self.answer_now(asked, message))

    async def answer_now(self, asked: Asked, message: Message, *, replaces: bool = False) -> None:
        """Tell this person, privately. `replaces`: in place of the private answer whose button was pressed."""
        url, conversation, told = asked.response_url, asked.conversation, (message.text, message.blocks)
        if url is not None:
            await self._insist(lambda: self.delivery.reply_private(url, *told, replaces=replaces))
        elif conversation is not None:
            await self._insist(lambda: self.delivery.post_ephemeral(conversation, asked.user_id, *told))
        elif asked.trigger_id is not None:  # pressed in Home, or a global shortcut
            await self._open_small(asked, asked.trigger_id, message)

    async def _insist(self, say: Callable[[], Awaitable[None]]) -> None:
        """Say it; once more where Slack definitely did not take it, while the person may still be waiting for it."""
        patience = INSISTS_FOR
        while True:
            try:
                await say()
                return
            except (SlackBusy, SlackDown) as refused:
                pause = refused.retry_after if isinstance(refused, SlackBusy) else INSISTS_AFTER
                patience -= pause
                if patience < timedelta(0):
                    raise
                await asyncio.sleep(pause.total_seconds())

    async def _open_small(self, asked: Asked, trigger_id: str, message: Message) -> None:
        """In a form of its own; where Slack takes none, in their conversation with us, if there is one."""
        reader = self.reader(asked.user_id)
        try:
            await self.delivery.open_view(trigger_id, build_small_view(message, reader=reader))
        except SlackError:  # what failed before may have spent the trigger, or taken longer than it lives
            if reader.conversation is None:
                raise
            await self.delivery.post_ephemeral(reader.conversation, asked.user_id, message.text, message.blocks)

    async def redraw(self, view_id: str, view: Block, *, seen_hash: str | None = None) -> bool:
        """Draw an open form anew. False: its person was quicker, and there is nothing to draw on any more."""
        try:
            await self.delivery.update_view(view_id, view, seen_hash=seen_hash)
        except ViewGone as gone:
            log.info("view_gone", code=gone.code)
            return False
        return True

    async def fill(self, user_id: str, view_id: str, message: Message) -> None:
        """Answer in the view that waits for it; where it was closed meanwhile, in their conversation with us."""
        if not await self.redraw(view_id, build_small_view(message, reader=self.reader(user_id))):
            await self.tell(user_id, message)

    async def tell(self, user_id: str, message: Message) -> None:
        """Say it privately in their conversation with us; nowhere, where there is none yet."""
        conversation = self.reader(user_id).conversation
        if conversation is not None:
            await self.delivery.post_ephemeral(conversation, user_id, message.text, message.blocks)

    async def close(self) -> None:
        """Wait briefly for what is still running, then let go of it."""
        for watch in self.watches:
            watch.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=2)
        left = [*self.tasks, *self.watches]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
