"""The audit trail: every change says who, what, before and after, and `hallpass lessons show` tells it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import extending, lifecycle
from bot.errors import Outdated
from storage.records import AuditEntry, Lesson
from storage.sqlite import open_store
from tests.bot.commandline import CommandLine
from tests.bot.lessons_in_store import StoredSchool, found_school
from tests.records import STARTS_AT

DURING = STARTS_AT + timedelta(minutes=20)


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[StoredSchool]:
    """A school whose file a command line can read beside it."""
    async with open_store(tmp_path / "hallpass.db", is_exclusive=True) as store:
        yield await found_school(store)


def ask(school: StoredSchool, lesson: Lesson) -> lifecycle.Ask:
    return lifecycle.Ask(
        workspace_id=school.workspace.id,
        lesson_id=lesson.id,
        user_id=school.ada.user_id,
        revision=lesson.revision,
        policy=school.policy,
        now=DURING,
    )


async def trail(school: StoredSchool, lesson: Lesson) -> list[AuditEntry]:
    return await school.store.read(lambda tx: tx.audit.list_for_lesson(school.workspace.id, lesson.id))


async def test_an_extension_says_both_ends(school: StoredSchool) -> None:
    """From when to when the end moved, and by whom."""
    lesson = await school.book(school.ben)
    await school.write(lambda tx: extending.extend(tx, ask(school, lesson)))

    entry = (await trail(school, lesson))[-1]

    assert ("extended", school.ada.id, DURING) == (entry.action, entry.actor, entry.at)
    assert ("2026-11-23T17:00:00+00:00", "2026-11-23T17:10:00+00:00") == (
        entry.facts["ends_at_before"],
        entry.facts["ends_at_after"],
    )


async def test_a_refused_change_leaves_no_trace(school: StoredSchool) -> None:
    """The second press on the same card changed nothing, so it says nothing."""
    lesson = await school.book(school.ben)
    await school.write(lambda tx: extending.extend(tx, ask(school, lesson)))
    with pytest.raises(Outdated):
        await school.write(lambda tx: extending.extend(tx, ask(school, lesson)))

    assert ["booked", "extended"] == [entry.action for entry in await trail(school, lesson)]


async def test_the_trail_is_read_with_show(
    school: StoredSchool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In order, on the lesson's clock, as a table and as JSON; Hallpass itself is named where nobody asked."""
    lesson = await school.book(school.ben)
    await school.write(lambda tx: lifecycle.go_live(tx, school.workspace.id, lesson.id, now=STARTS_AT))
    await school.write(lambda tx: lifecycle.cancel(tx, ask(school, lesson)))
    line = CommandLine(folder=tmp_path, monkeypatch=monkeypatch, capsys=capsys)

    told = json.loads((await line.run_beside("lessons", "show", lesson.id, "--json")).out)["history"]
    table = (await line.run_beside("lessons", "show", lesson.id)).out

    assert [("Ada", "booked"), ("Hallpass", "live"), ("Ada", "cancelled")] == [
        (one["who"], one["action"]) for one in told
    ]
    assert "2026-11-23T16:20:00+00:00" == told[-1]["at"]
    assert told[-1]["facts"].startswith("state: live → cancelled")
    assert "History" in table
