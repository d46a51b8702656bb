"""What has been kept long enough is gone when the bot starts the next time, and nobody stumbles over it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from bot.ids import Action
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from storage.store import Kept, Transaction
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM

YEARS = timedelta(days=3 * 365)


def count_lessons(tx: Transaction) -> int:
    return sum(tx.lessons.count_between(workspace.id) for workspace in tx.workspaces.list_all())


async def wait_for_the_housekeeper(school: School, lessons: int) -> None:
    """Until so many lessons are left."""
    assert school.hallpass is not None
    async with asyncio.timeout(20):
        while await school.hallpass.store.read(count_lessons) != lessons:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def hold_lesson(school: School) -> tuple[Actor, Actor]:
    """Ada taught Ben, and everything about it is over."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 13, 58)
    for person in (ada, ben):
        assert None is await telling.join(school, person)
    await telling.move_to(school, 14, 40)
    await telling.leave_all(school)
    await telling.move_to(school, 16, 30)
    return ada, ben


async def test_an_old_lesson_is_gone_and_its_buttons_say_so(tmp_path: Path) -> None:
    """Years later: the next start erases it; whoever then presses its old buttons is told, and nothing breaks."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM) as school:
        await school.start()
        ada, _ = await hold_lesson(school)
        await school.stop()
        school.clock.move_to(school.clock.now() + YEARS)
        await school.start()
        await telling.settle(school)
        await wait_for_the_housekeeper(school, 0)

        summary = telling.find_message(ada, "2 of 2 came.")
        outcome = await ada.press(summary, Action.AGAIN)
        assert outcome.is_fine, outcome
        await telling.wait_for_answer(school, ada, "This lesson is no longer kept here")
        listed = await ada.slash("/lesson", "list")
        assert listed.is_fine, listed


async def test_what_is_younger_stays(tmp_path: Path) -> None:
    """The next day there is nothing to erase; the housekeeper comes at each start all the same."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM) as school:
        await school.start()
        await hold_lesson(school)
        await school.stop()
        school.clock.move_to(school.clock.now() + timedelta(days=1))
        hallpass = await school.start()
        erased = await hallpass.housekeeper.tidy()

        assert {} == erased
        assert 1 == await hallpass.store.read(count_lessons)


async def test_a_setting_says_how_long(tmp_path: Path) -> None:
    """With everything kept for ever, years change nothing."""
    settings = {"HALLPASS_KEEP": "forever"}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=settings) as school:
        await school.start()
        await hold_lesson(school)
        await school.stop()
        school.clock.move_to(school.clock.now() + YEARS)
        hallpass = await school.start()
        erased = await hallpass.housekeeper.tidy()

        assert set() == erased.keys() - {Kept.PEOPLE}
        assert 1 == await hallpass.store.read(count_lessons)
