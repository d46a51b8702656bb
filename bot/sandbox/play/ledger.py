"""What is stored of lessons for which something is not settled yet, read once for everybody who looks at it.

Reading three classes of a hundred takes longer than a page may take to be drawn, and several pages are drawn several
times a second. So it is read again only when the bot has committed something since, and while it commits all the time,
for a part of the time only: who only looks may see what was so a moment ago. Who moves time must know, and says so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.calm import OPEN
from bot.sandbox.play.playground import Playground
from storage.records import Card, LessonDetails, Notice, NoticeState, PersonId, WorkspaceId
from storage.sqlite import SqliteStore
from storage.store import Transaction

BEHIND = timedelta(days=8)
"""Lessons that ended before have nothing left to happen: the last of it is a summary after seven days."""
SHARE = 4
"""At most one in so many seconds is spent on reading."""
WITHOUT_BOT_SECONDS = 0.4
"""Nobody commits then; but it may be dying still."""

UNSETTLED = frozenset({*OPEN, NoticeState.FAILED})
"""States of notices that are neither done nor dropped."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One lesson, and what of it is not settled."""

    details: LessonDetails
    notices: tuple[Notice, ...]
    cards: tuple[Card, ...]
    names: Mapping[str, str]
    """What people call those to whom these notices go, by their own id or their channel's."""

    def name_recipient(self, notice: Notice) -> str:
        """To whom it goes; empty for work."""
        return self.names.get(notice.channel_id or notice.person_id or "", "")


Books = tuple[Entry, ...]
Key = tuple[int, SqliteStore | None, int]
"""Which school, the store of the bot that runs in it, and how often that has committed."""


def read_books(tx: Transaction, now: datetime) -> Books:
    """All entries, by their lessons' start. A unit of work."""
    return tuple(
        _read_entry(tx, workspace.id, tx.lessons.get_details(workspace.id, lesson.id))
        for workspace in tx.workspaces.list_all()
        for lesson in tx.lessons.list_between(workspace.id, ends_after=now - BEHIND)
    )


def _read_entry(tx: Transaction, workspace_id: WorkspaceId, details: LessonDetails) -> Entry:
    lesson_id = details.lesson.id
    owed = [one for one in tx.notices.list_for_lesson(workspace_id, lesson_id) if one.state in UNSETTLED]
    names: dict[str, str] = {seat.person.id: seat.person.name for seat in details.seats}
    for notice in owed:
        if notice.channel_id is not None and notice.channel_id not in names:
            channel = tx.people.find_channel(workspace_id, notice.channel_id)
            names[notice.channel_id] = f"#{channel.name}" if channel is not None else "the channel"
        elif notice.person_id is not None and notice.person_id not in names:
            names[notice.person_id] = tx.people.get(workspace_id, PersonId(notice.person_id)).name
    cards = tuple(one for one in tx.cards.list_for_lesson(workspace_id, lesson_id) if not one.is_final)
    return Entry(details=details, notices=tuple(owed), cards=cards, names=names)


class Ledger:
    """The books of whichever school is open."""

    def __init__(self, playground: Playground, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._playground = playground
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._books: Books = ()
        self._key: Key = (0, None, 0)
        self._read_at = self._rests_until = monotonic()

    async def look(self, *, is_exact: bool = False) -> Books:
        """As they are; or not `is_exact`, as they were a moment ago. The same object where nothing changed.

        StoreClosed while a school begins.
        """
        async with self._lock:
            key = self._find_key()
            if not self._is_good(key, is_exact=is_exact):
                began = self._monotonic()
                now = self._playground.school.clock.now()
                self._books = await self._playground.read(lambda tx: read_books(tx, now))
                self._key, self._read_at = key, self._monotonic()
                self._rests_until = self._read_at + SHARE * (self._read_at - began)
            return self._books

    def _is_good(self, key: Key, *, is_exact: bool) -> bool:
        number, store, _ = key
        if number != self._key[0]:
            return False
        if store is None:
            return not is_exact and key == self._key and self._monotonic() < self._read_at + WITHOUT_BOT_SECONDS
        return key == self._key or (not is_exact and self._monotonic() < self._rests_until)

    def _find_key(self) -> Key:
        """What is another as soon as something may be another."""
        hallpass = self._playground.school.hallpass
        store = hallpass.store if self._playground.is_running and hallpass is not None else None
        return self._playground.number, store, store.commit_count if store is not None else 0
