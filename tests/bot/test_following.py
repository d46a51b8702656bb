"""A leader's lessons back to back: the next reminder joins the running lesson's end warning, and only there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.claims import Claimed
from bot.drawing import Drawer
from bot.following import AFTER_WARNING, NextLessons
from bot.sandbox.clock import MovableClock
from storage.records import ClaimId, Lesson, NoticeKind, Person
from storage.sealing import Sealer, new_key
from tests.bot.lessons_in_store import StoredSchool
from tests.records import STARTS_AT

LATER = STARTS_AT + timedelta(minutes=62)
"""Two minutes after the first lesson's end: its reminder falls into the first lesson, before that one's warning."""
REMINDED_AT = LATER - timedelta(minutes=10)
WARNED_AT = STARTS_AT + timedelta(minutes=55)


async def claim(stored: StoredSchool, lesson: Lesson, kind: NoticeKind, person: Person) -> Claimed:
    notice = next(one for one in await stored.notices(lesson, kind) if one.person_id == person.id)
    return Claimed(notice=notice, claim_id=ClaimId("claim"), details=await stored.details(lesson))


def look(stored: StoredSchool, clock: MovableClock) -> NextLessons:
    drawer = Drawer(sealer=Sealer([new_key()]), service_name="Lessonspace")
    return NextLessons(store=stored.store, drawer=drawer, clock=clock)


async def book_two(stored: StoredSchool, **changes: Any) -> tuple[Lesson, Lesson]:
    """Ada teaches Ben, and right after that Cleo."""
    return await stored.book(stored.ben, **changes), await stored.book(stored.cleo, title="Next", starts_at=LATER)


async def test_a_leaders_reminder_waits_for_the_warning_that_carries_it(stored: StoredSchool) -> None:
    """Told once instead of twice within minutes, in the middle of a lesson."""
    running, coming = await book_two(stored)
    clock = MovableClock(REMINDED_AT, is_frozen=True)

    reminder = await claim(stored, coming, NoticeKind.START_REMINDER, stored.ada)
    assert WARNED_AT == await look(stored, clock).find_warning(reminder)
    clock.move_to(WARNED_AT)
    warning = await claim(stored, running, NoticeKind.END_WARNING, stored.ada)
    ahead = await look(stored, clock).list_next(warning)
    assert ["Next"] == [coming.details.lesson.title for coming in ahead]


async def test_a_learners_reminder_waits_for_nothing(stored: StoredSchool) -> None:
    """Learners get no end warning that could carry it."""
    _, coming = await book_two(stored)
    reminder = await claim(stored, coming, NoticeKind.START_REMINDER, stored.cleo)

    clock = MovableClock(REMINDED_AT, is_frozen=True)
    assert await look(stored, clock).find_warning(reminder) is None


@pytest.mark.parametrize("case", ["no warnings", "warned already", "another leader"])
async def test_without_a_warning_to_come_the_reminder_goes_by_itself(stored: StoredSchool, case: str) -> None:
    """Switched off, past, or somebody else's lesson: nothing is held back."""
    if case == "another leader":
        await stored.book(stored.ben, leader_ids=(stored.olga.user_id,))
        coming = await stored.book(stored.cleo, title="Next", starts_at=LATER)
    else:
        _, coming = await book_two(stored, warns=case != "no warnings")
    moment = WARNED_AT + AFTER_WARNING if case == "warned already" else REMINDED_AT
    reminder = await claim(stored, coming, NoticeKind.START_REMINDER, stored.ada)

    assert await look(stored, MovableClock(moment, is_frozen=True)).find_warning(reminder) is None


async def test_a_warning_says_nothing_of_lessons_whose_reminder_was_sent(stored: StoredSchool) -> None:
    """Announced once."""
    running, coming = await book_two(stored)
    kinds = (NoticeKind.START_REMINDER,)
    await stored.write(
        lambda tx: tx.notices.drop_waiting(stored.workspace.id, coming.id, kinds=kinds, reason="sent before")
    )
    warning = await claim(stored, running, NoticeKind.END_WARNING, stored.ada)

    assert [] == await look(stored, MovableClock(WARNED_AT, is_frozen=True)).list_next(warning)


async def test_a_warning_does_not_look_beyond_the_reminders_time(stored: StoredSchool) -> None:
    """A lesson in an hour has its own reminder in good time."""
    running = await stored.book(stored.ben)
    await stored.book(stored.cleo, title="Much later", starts_at=LATER + timedelta(hours=1))
    warning = await claim(stored, running, NoticeKind.END_WARNING, stored.ada)

    assert [] == await look(stored, MovableClock(WARNED_AT, is_frozen=True)).list_next(warning)
