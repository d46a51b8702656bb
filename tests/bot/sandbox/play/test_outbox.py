"""The notices table in words: what is owed, to whom, what became of it, and which row has just changed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.cast import at
from bot.sandbox.faults import Fault
from bot.sandbox.play.outbox import MARKED_FOR, MOST_LESSONS, Marks, Owed, read_owed
from bot.sandbox.play.playground import Playground
from storage.records import (
    LessonId,
    Notice,
    NoticeId,
    NoticeKind,
    NoticeState,
    PersonId,
    WorkspaceId,
)
from tests.acceptance.telling import book

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
MACHINE_NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
LATER = timedelta(minutes=1)
BEFORE_THE_START = at("14:50")

NOTICE = Notice(
    id=NoticeId("n"),
    workspace_id=WorkspaceId("w"),
    lesson_id=LessonId("l"),
    kind=NoticeKind.JOIN_LINK,
    person_id=PersonId("p"),
    occasion="1",
    due_at=NOW - LATER,
    lesson_starts_at=NOW,
    created_at=NOW,
)


def tell(notice: Notice) -> str:
    return Owed(notice=notice, lesson="Algebra", person="Ben", about="").tell_state(NOW, MACHINE_NOW)


WORK = replace(NOTICE, person_id=None, kind=NoticeKind.READ_SESSIONS)


@pytest.mark.parametrize(
    "notice, words",
    [
        (replace(NOTICE, due_at=NOW + LATER), "waiting"),
        (NOTICE, "due"),
        (replace(NOTICE, not_before=MACHINE_NOW + LATER), "tried again soon"),
        (replace(NOTICE, not_before=MACHINE_NOW), "due"),
        (replace(NOTICE, state=NoticeState.CLAIMED, leased_until=MACHINE_NOW + LATER), "being sent"),
        (replace(NOTICE, state=NoticeState.BEGUN, leased_until=MACHINE_NOW + LATER), "being sent"),
        (replace(NOTICE, state=NoticeState.BEGUN, leased_until=MACHINE_NOW), "not known"),
        (replace(NOTICE, state=NoticeState.BEGUN), "not known"),
        (replace(NOTICE, state=NoticeState.SENT), "sent"),
        (replace(NOTICE, state=NoticeState.DROPPED), "dropped"),
        (replace(NOTICE, state=NoticeState.FAILED), "given up"),
        (replace(WORK, state=NoticeState.CLAIMED, leased_until=MACHINE_NOW + LATER), "being done"),
        (replace(WORK, state=NoticeState.SENT), "done"),
    ],
)
def test_a_state_is_told_by_both_clocks(notice: Notice, words: str) -> None:
    """Lesson time says what is due, machine time what is held back or was left by a sender that is gone."""
    assert words == tell(notice)


async def test_what_is_open_stands_first_by_its_time(playground: Playground) -> None:
    """Then what is done with, the latest first; each with its lesson and whom it is for."""
    await book(playground.school, playground.cast.ada, "@Ben today 3pm 30m Algebra")

    rows = await playground.read(read_owed)

    told = [(row.kind, row.person) for row in rows if row.is_open]
    assert ("start reminder", "Ben") in told[:2]
    assert [("go live", ""), ("end warning", "Ada"), ("read sessions", "")] == told[2:]
    done = [(row.kind, row.person) for row in rows[len(told) :]]
    assert {("join link", "Ada"), ("join link", "Ben")} == set(done)
    assert {"Algebra"} == {row.lesson for row in rows}


async def test_a_reply_says_whom_it_is_about(playground: Playground) -> None:
    """Told to the leader, about a learner; the recipient themselves are not named twice."""
    ben = playground.cast.ben
    await book(playground.school, playground.cast.ada, "@Ben today 3pm 30m Algebra")
    await ben.press(ben.messages()[0], "reply_not_coming")
    await playground.school.slack.wait_for(lambda: len(playground.cast.ada.messages()) > 1)

    rows = await playground.read(read_owed)

    assert [("Ada", "Ben")] == [(row.person, row.about) for row in rows if row.kind == "reply"]
    assert {""} == {row.about for row in rows if row.kind == "join link"}


async def test_why_something_waits_is_told_also_without_a_bot(playground: Playground) -> None:
    """Slack had enough; then the bot was killed, and the row still says so."""
    school = playground.school
    await book(school, playground.cast.ada, "@Ben today 3pm 30m Algebra")
    school.slack.faults.switch_on("chat.postMessage", Fault.rate_limited(30))
    school.clock.move_to(BEFORE_THE_START)
    async with asyncio.timeout(10):
        while not await find_busy(playground):  # noqa: ASYNC110 - a row that is put off rings no bell
            await asyncio.sleep(0.01)
    await playground.kill_bot()

    row, *_ = await find_busy(playground)
    assert ("start reminder", True, "tried again soon") == (
        row.kind,
        row.is_open,
        row.tell_state(school.clock.now(), school.clock.machine_now()),
    )


async def find_busy(playground: Playground) -> list[Owed]:
    return [row for row in await playground.read(read_owed) if row.reason == "slack busy"]


async def test_only_the_last_lessons_are_read(playground: Playground) -> None:
    """Whoever plays for a day does not read all of it twice a second."""
    for number in range(MOST_LESSONS + 1):
        hour, quarter = divmod(number, 4)
        text = f"@Ben today {15 + hour}:{15 * quarter:02} 15m Lesson{number}"
        await book(playground.school, playground.cast.ada, text)

    titles = {row.lesson for row in await playground.read(read_owed)}
    assert {f"Lesson{number}" for number in range(1, MOST_LESSONS + 1)} == titles


def test_a_row_that_changed_is_marked_for_a_moment() -> None:
    """Not what was there at the first look; a new one, and one that is another than before."""
    marks = Marks()

    assert set() == marks.note({"a": 1, "b": 1}, MACHINE_NOW)
    assert {"b", "c"} == marks.note({"a": 1, "b": 2, "c": 1}, MACHINE_NOW)
    almost = MACHINE_NOW + MARKED_FOR - timedelta(milliseconds=1)
    assert {"b", "c"} == marks.note({"a": 1, "b": 2, "c": 1}, almost)
    assert set() == marks.note({"a": 1, "b": 2, "c": 1}, MACHINE_NOW + MARKED_FOR)
