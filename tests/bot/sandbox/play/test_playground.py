"""The school that the page shows: the bot in it killed and started, and what it has stored read all the same."""

from __future__ import annotations

import asyncio

import pytest

from bot.sandbox.faults import EVERY_METHOD, Fault
from bot.sandbox.play.playground import Playground
from storage.errors import StoreClosed
from storage.store import Transaction
from tests.acceptance.telling import book


def count_lessons(tx: Transaction) -> int:
    return sum(len(tx.lessons.list_between(workspace.id)) for workspace in tx.workspaces.list_all())


async def test_what_is_stored_is_read_whether_the_bot_runs_or_not(playground: Playground) -> None:
    """Before the kill, while it is dead, and after the next start: the same lesson."""
    await book(playground.school, playground.cast.ada, "@Ben today 3pm 30m Algebra")
    counts = [await playground.read(count_lessons)]

    await playground.kill_bot()
    counts.append(await playground.read(count_lessons))
    await playground.start_bot()
    counts.append(await playground.read(count_lessons))

    assert [1, 1, 1] == counts
    assert playground.is_running


async def test_a_fresh_school_has_nothing_stored(playground: Playground) -> None:
    """What is read is the present school's, not that of the one before."""
    await book(playground.school, playground.cast.ada, "@Ben today 3pm 30m Algebra")

    await playground.start_over()

    assert (0, 2) == (await playground.read(count_lessons), playground.number)


async def test_nothing_can_be_read_of_a_school_that_is_not_open() -> None:
    """It says so as a store does that is closed."""
    with pytest.raises(StoreClosed):
        await Playground().read(count_lessons)


async def test_a_bot_that_slack_does_not_answer_goes_on_starting(playground: Playground) -> None:
    """Whoever asked for the start may leave; once Slack answers, it runs."""
    await playground.kill_bot()
    playground.school.slack.faults.switch_on(EVERY_METHOD, Fault.failing())
    asked = asyncio.create_task(playground.start_bot())
    await playground.school.slack.wait_for(lambda: playground.school.slack.log.calls[-1].status == 503)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    assert (True, False) == (playground.is_starting, playground.is_running)

    playground.school.slack.faults.switch_off()
    async with asyncio.timeout(10):
        await playground.start_bot()

    assert (False, True) == (playground.is_starting, playground.is_running)


async def test_a_bot_that_is_starting_can_be_killed(playground: Playground) -> None:
    """It does not come up afterwards."""
    await playground.kill_bot()
    playground.school.slack.faults.switch_on(EVERY_METHOD, Fault.failing())
    asked = asyncio.create_task(playground.start_bot())
    await playground.school.slack.wait_for(lambda: playground.school.slack.log.calls[-1].status == 503)

    await playground.kill_bot()

    await asyncio.gather(asked, return_exceptions=True)
    assert (False, False, False) == (playground.is_starting, playground.is_running, playground.school.is_running)


async def test_starting_over_twice_at_once_leaves_one_school(playground: Playground) -> None:
    """A double click: every school but the last is closed, its folder gone."""
    folders = [playground.school.folder]
    playground.changes.on_ring(lambda: folders.append(playground.school.folder))

    await asyncio.gather(playground.start_over(), playground.start_over())

    assert (3, True) == (playground.number, playground.is_running)
    assert [playground.school.folder] == [folder for folder in dict.fromkeys(folders) if folder.exists()]
    assert 3 == len(set(folders))


async def test_a_start_that_was_killed_is_no_error_to_who_waits_for_it(playground: Playground) -> None:
    """They are simply done, and nobody takes it for their own end."""
    await playground.kill_bot()
    playground.school.slack.faults.switch_on(EVERY_METHOD, Fault.failing())
    asked = asyncio.create_task(playground.start_bot())
    await playground.school.slack.wait_for(lambda: playground.school.slack.log.calls[-1].status == 503)

    await playground.kill_bot()
    async with asyncio.timeout(10):
        await asked

    assert not asked.cancelled()
