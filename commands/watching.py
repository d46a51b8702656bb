"""The progress view of a form just submitted: "Sent 7 of 12", then who was reached and who was not.

Kept in memory only: when the process stops, the view stays as it was, and what matters (who could not be reached) comes
to the booker as a message, because only a result that was really shown takes that notice back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from bot import lifecycle
from bot.errors import SlackBusy, SlackError, SlackRefused, SlackUnreachable
from bot.progress import build_progress, build_result
from bot.roster import is_settled
from commands.desk import Desk
from storage.records import LessonDetails, LessonId, WorkspaceId
from storage.store import Transaction

PACE = timedelta(seconds=1)
"""The first update a second after booking, then at most one a second."""
PATIENCE = timedelta(minutes=10)
"""A form left open longer than this is no longer followed."""


@dataclass(kw_only=True)
class _Watch:
    lesson_id: LessonId
    view_id: str
    user_id: str
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    is_gone: bool = False


class Watcher:
    """Follows open progress views."""

    def __init__(self, desk: Desk, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._desk = desk
        self._sleep = sleep
        self._watches: dict[str, _Watch] = {}

    def start(self, lesson_id: LessonId, *, view_id: str, user_id: str) -> None:
        """Follow the lesson in this view until all is sent or the view is gone."""
        if view_id in self._watches:
            return
        watch = _Watch(lesson_id=lesson_id, view_id=view_id, user_id=user_id)
        self._watches[view_id] = watch
        self._desk.run(self._follow(watch), is_watch=True)

    def forget(self, view_id: str) -> None:
        """The view was closed: no update any more, and failures come by message."""
        watch = self._watches.pop(view_id, None)
        if watch is not None:
            watch.is_gone = True
            watch.changed.set()

    def note_done(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> None:
        """Something of this lesson was sent or given up."""
        for watch in self._watches.values():
            if watch.lesson_id == lesson_id:
                watch.changed.set()

    async def _follow(self, watch: _Watch) -> None:
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                while not watch.is_gone:
                    await self._sleep(PACE.total_seconds())
                    if await self._show(watch):
                        return
                    await watch.changed.wait()
                    watch.changed.clear()
        except (SlackUnreachable, SlackRefused, TimeoutError):
            return  # closed, or redrawn by somebody else
        finally:
            self._watches.pop(watch.view_id, None)

    async def _show(self, watch: _Watch) -> bool:
        """Draw how far it is. True when there is nothing left to follow."""
        if watch.is_gone:
            return True
        desk = self._desk

        def read(tx: Transaction) -> tuple[LessonDetails, bool]:
            details = tx.lessons.get_details(desk.workspace_id, watch.lesson_id)
            return details, lifecycle.is_settled(tx, desk.workspace_id, watch.lesson_id)

        details, is_nothing_due = await desk.store.read(read)
        reader, now = desk.reader(watch.user_id), desk.now()
        done = sum(is_settled(seat) for seat in details.seats)
        is_settled_all = done == len(details.seats) or is_nothing_due  # where it is night, it waits for the morning
        if is_settled_all:
            view = build_result(details, reader=reader, now=now)
        else:
            view = build_progress(details, reader=reader, done=done, total=len(details.seats), now=now)
        try:
            await desk.delivery.update_view(watch.view_id, view)
        except (SlackUnreachable, SlackRefused):
            raise
        except SlackBusy as error:
            await self._sleep(error.retry_after.total_seconds())
            watch.changed.set()
            return False
        except SlackError:
            watch.changed.set()
            return False
        if is_settled_all:
            await desk.store.write(_note_seen(desk.workspace_id, watch.lesson_id))
        return is_settled_all


def _note_seen(workspace_id: WorkspaceId, lesson_id: LessonId) -> Callable[[Transaction], None]:
    return lambda tx: lifecycle.note_result_seen(tx, workspace_id, lesson_id)
