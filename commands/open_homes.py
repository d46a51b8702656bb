"""Homes that somebody looked at lately: published, and drawn anew when something in them changed later.

Slack says when a Home is opened, never when it is left, and lets us publish some hundred a minute. So a Home is
followed for a while after its reader opened it or pressed something in it; changes are gathered for a moment; and only
a Home that would read differently is published, one a second. Kept in memory only: after a restart, the next opening
draws it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from bot.blocks import Block
from bot.errors import SlackBusy, SlackError
from commands.desk import Desk
from commands.home_drawing import draw, note_visit
from storage.errors import NotStored
from storage.records import LessonId, WorkspaceId
from storage.store import Transaction

log = structlog.get_logger("hallpass.commands")

PACE = timedelta(seconds=1)
"""From a change to the first Home drawn for it, and between two: well below Slack's limit, which openings share."""
FOLLOWED = timedelta(minutes=15)
"""After the last opening or press; by machine time."""
MOST = 50
"""Homes that are followed at once: the latest."""


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """What somebody sees: since when they look, and a digest of the view (never the view: it holds their links)."""

    seen_at: datetime
    digest: bytes
    welcomes: bool
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class OpenHomes:
    """Publishes Homes and follows them."""

    def __init__(self, desk: Desk, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._desk = desk
        self._sleep = sleep
        self._shown: dict[str, _Shown] = {}
        self._changed: set[LessonId] = set()
        self._is_all_changed = False
        self._is_following = False

    async def publish(self, user_id: str) -> None:
        """Somebody opened their Home, or pressed something in it: draw it as it is now."""
        known = self._shown.pop(user_id, None) or _Shown(
            seen_at=self._desk.clock.machine_now(), digest=b"", welcomes=False
        )
        self._shown[user_id] = replace(known, seen_at=self._desk.clock.machine_now())
        while len(self._shown) > MOST:
            del self._shown[next(iter(self._shown))]
        async with known.lock:
            drawing = await draw(self._desk, user_id)
            await self._show(user_id, drawing.view, welcomes=drawing.is_first_visit)
        if drawing.is_first_visit:
            await note_visit(self._desk, drawing.person)

    def note_done(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> None:
        """Something of this lesson was sent, drawn or done: its people's Homes may read differently now."""
        if workspace_id == self._desk.workspace_id and self._list_followed():
            self._changed.add(lesson_id)
            self._start()

    def note_house_rules(self) -> None:
        """An admin changed the workspace's settings: any Home may offer other buttons now."""
        self._is_all_changed = True
        self._start()

    def _start(self) -> None:
        if not self._is_following:
            self._is_following = True
            self._desk.run(self._follow(), is_watch=True)

    def _list_followed(self) -> list[str]:
        since = self._desk.clock.machine_now() - FOLLOWED
        return [user_id for user_id, shown in self._shown.items() if shown.seen_at > since]

    async def _follow(self) -> None:
        try:
            while self._changed or self._is_all_changed:
                await self._sleep(PACE.total_seconds())
                lessons, self._changed = self._changed, set()
                is_all, self._is_all_changed = self._is_all_changed, False
                for user_id in self._list_followed() if is_all else await self._find_readers(lessons):
                    await self._redraw(user_id)
        finally:
            self._is_following = False

    async def _find_readers(self, lessons: Iterable[LessonId]) -> list[str]:
        """Those followed who are in one of these lessons, or were, or booked it; and admins, who see all of them."""
        desk, policy, followed = self._desk, self._desk.policy(), self._list_followed()

        def read(tx: Transaction) -> set[str]:
            known = tx.people.list_by_user_ids(desk.workspace_id, followed)
            found = {user_id for user_id, person in known.items() if policy.is_admin(person)}
            for lesson_id in lessons:
                try:
                    details = tx.lessons.get_details(desk.workspace_id, lesson_id)
                except NotStored:
                    continue
                found |= {seat.person.user_id for seat in (*details.seats, *details.removed)}
                found.add(details.booked_by.user_id)
            return found

        concerned = await desk.store.read(read)
        return [user_id for user_id in followed if user_id in concerned]

    async def _redraw(self, user_id: str) -> None:
        """Publish it where it reads differently now. One that Slack does not take is followed no longer."""
        shown = self._shown.get(user_id)
        if shown is None:
            return
        try:
            async with shown.lock:
                drawing = await draw(self._desk, user_id, welcomes=shown.welcomes)
                if _digest(drawing.view) == self._shown.get(user_id, shown).digest:
                    return
                await self._show(user_id, drawing.view, welcomes=shown.welcomes)
        except SlackBusy as error:
            await self._sleep(error.retry_after.total_seconds())
            await self._redraw(user_id)
        except SlackError as error:
            log.info("home_not_followed", code=error.code)
            self._shown.pop(user_id, None)
        else:
            await self._sleep(PACE.total_seconds())

    async def _show(self, user_id: str, view: Block, *, welcomes: bool) -> None:
        await self._desk.delivery.publish_view(user_id, view)
        if (shown := self._shown.get(user_id)) is not None:
            self._shown[user_id] = replace(shown, digest=_digest(view), welcomes=welcomes)


def _digest(view: Block) -> bytes:
    return hashlib.sha256(json.dumps(view, sort_keys=True).encode()).digest()
