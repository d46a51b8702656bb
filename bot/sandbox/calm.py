"""When a school is calm: all that is due by now was done, or waits for a later try. Who moves its clock waits for that.

What only takes a breath (a leader's card that changed a moment ago, the first back-off) is not sat through: machine
time is put forward. What waits longer than that waits for its retry, and is no reason to go on waiting.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from enum import Enum, auto

from bot.comings import BEACON, EVERY
from bot.sandbox.school import School
from storage.records import NoticeState
from storage.store import Transaction

OPEN = (NoticeState.WAITING, NoticeState.CLAIMED, NoticeState.BEGUN)
"""States of what is still owed."""
BREATH = timedelta(seconds=2)
PAGES_SPEAK_EVERY = EVERY
"""Lesson time must not be moved further at once while people have rooms open in pages of the bot's own."""
LOOK_EVERY_SECONDS = 0.005
"""Nothing rings when the last of it is done."""


class Calm(Enum):
    """How much is still going on."""

    BUSY = auto()
    BREATHING = auto()  # only what waits for a moment of machine time
    CALM = auto()


async def wait_until_calm(school: School, *, seconds: float) -> None:
    """Until nothing is due that could be sent now, no card is behind, nothing is in flight. TimeoutError after that."""
    async with asyncio.timeout(seconds):
        while (state := await look_around(school)) is not Calm.CALM:
            if state is Calm.BREATHING:
                school.skip(timedelta(seconds=1))
            elif school.machine_skipped:
                school.skip(timedelta(0))  # the alarm clock itself cannot be put forward: ring in its place
            await asyncio.sleep(LOOK_EVERY_SECONDS)


async def look_around(school: School) -> Calm:
    """How it is now. Of a bot that does not run, nothing is waited for."""
    if not school.lessonspace.is_quiet:
        return Calm.BUSY
    hallpass = school.hallpass
    if not school.is_running or hallpass is None:
        return Calm.CALM
    if hallpass.scheduler is None or hallpass.scheduler.in_flight_count:
        return Calm.BUSY
    if any(part is not None and part.is_busy for part in (hallpass.presence, hallpass.reports)):
        return Calm.BUSY
    if not await have_pages_spoken(school):
        return Calm.BUSY
    now, machine_now = school.clock.now(), school.clock.machine_now()
    waits = [until or machine_now for until in await hallpass.store.read(lambda tx: _list_held(tx, now))]
    if not waits or min(waits) > machine_now + BREATH:
        return Calm.CALM
    return Calm.BREATHING if min(waits) > machine_now else Calm.BUSY


async def have_pages_spoken(school: School) -> bool:
    """Has each page with a room in it said within the last minute that it is open? To a bot that does not run, none."""
    hallpass = school.hallpass
    if not school.is_running or hallpass is None or not (count := school.count_pages()):
        return True
    since = school.clock.now() - PAGES_SPEAK_EVERY
    return await hallpass.store.read(lambda tx: _count_heard(tx, since)) >= count


def _count_heard(tx: Transaction, since: datetime) -> int:
    """By how many links a page said later than that that it is open."""
    events = [
        event
        for workspace in tx.workspaces.list_all()
        for lesson in tx.lessons.list_between(workspace.id)
        for event in tx.attendance.list_events(workspace.id, lesson.id)
    ]
    heard = [event for event in events if event.source == BEACON and event.kind == "joined" and event.at > since]
    return len({event.connection for event in heard})


def _list_held(tx: Transaction, now: datetime) -> list[datetime | None]:
    """Until when each thing owed is held back."""
    held: list[datetime | None] = []
    for workspace in tx.workspaces.list_all():
        for lesson in tx.lessons.list_between(workspace.id):
            owed = tx.notices.list_for_lesson(workspace.id, lesson.id)
            held += [one.not_before for one in owed if one.state in OPEN and one.due_at <= now]
            cards = tx.cards.list_for_lesson(workspace.id, lesson.id)
            held += [one.not_before for one in cards if not one.is_final and one.revision_wanted > one.revision_shown]
    return held
