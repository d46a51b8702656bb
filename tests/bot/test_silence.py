"""Silence where reports should be: only where lessons were held in rooms that report, and nothing came since."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.silence import Silence, find_silence
from storage.records import Delivery, LessonState, new_id
from storage.store import Transaction
from tests.bot.lessons_in_store import StoredSchool
from tests.records import STARTS_AT, make_totals

EVENING = STARTS_AT + timedelta(hours=4)
MINUTE = timedelta(minutes=1)


async def hold(stored: StoredSchool, *, has_address: bool = True, session_count: int = 1, **changes: Any) -> None:
    """A lesson that is over, with so many sessions."""
    lesson = await stored.book(**changes)
    room = (await stored.details(lesson)).room

    def work(tx: Transaction) -> None:
        tx.lessons.update_room(replace(room, webhook_digest="ab" * 32 if has_address else None))
        tx.lessons.update(replace(lesson, state=LessonState.ENDED))
        tx.attendance.save(make_totals(lesson, session_count=session_count), [])

    await stored.write(work)


async def report(stored: StoredSchool, at: datetime) -> None:
    lesson = (await stored.store.read(lambda tx: tx.lessons.list_between(stored.workspace.id)))[0]
    delivery = Delivery(
        id=new_id(), workspace_id=stored.workspace.id, room=lesson.room, delivery_id=new_id(), event="x", headers="{}",
        body_sealed=b"", received_at=at,
    )  # fmt: skip
    await stored.write(lambda tx: tx.deliveries.add(delivery))


async def listen(stored: StoredSchool, service: str = "lessonspace") -> Silence | None:
    return await stored.store.read(lambda tx: find_silence(tx, service=service, now=EVENING))


async def test_nothing_was_held_so_nothing_is_missing(stored: StoredSchool) -> None:
    """No lessons; none in which somebody was; none whose room has an address to report to; none today."""
    assert await listen(stored) is None
    await hold(stored, session_count=0)
    await hold(stored, has_address=False, starts_at=STARTS_AT + 2 * timedelta(hours=1))
    assert await listen(stored) is None


async def test_silence_since_ever_is_heard(stored: StoredSchool) -> None:
    """With how many lessons it was."""
    await hold(stored)

    assert Silence(lesson_count=1, last_at=None) == await listen(stored)
    assert await listen(stored, "bell") is None, "no lesson was held there"


@pytest.mark.parametrize(("minutes", "is_silent"), [(-61, True), (-59, False), (0, False), (30, False)])
async def test_reports_since_the_first_lesson_are_enough(stored: StoredSchool, minutes: int, is_silent: bool) -> None:
    """Or from an hour before it, when somebody may have come."""
    await hold(stored)
    at = STARTS_AT + minutes * MINUTE
    await report(stored, at)

    assert (Silence(lesson_count=1, last_at=at) if is_silent else None) == await listen(stored)
