"""Exports: whose rows, one lesson at a time, without what was only tried out, as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot import exports
from bot.billing import FIELDS, Days, Fields, Wanted
from bot.exports import export_rows, print_export, write_json
from bot.trials import try_on_myself
from storage.records import LessonDetails, LessonState
from storage.sqlite import open_store
from storage.store import Transaction
from tests.bot.commandline import CommandLine
from tests.bot.lessons_in_store import StoredSchool, found_school
from tests.records import ENDS_AT, NOW, STARTS_AT, make_attendance, make_totals

EVER = Days()


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[StoredSchool]:
    """Two lessons: Ada's with Ben and Cleo, Olga's with Ben; and one that Olga only tried out."""
    async with open_store(tmp_path / "hallpass.db", is_exclusive=True) as store:
        school = await found_school(store)
        await school.book(school.ben, school.cleo, title="Algebra")
        await school.book(
            school.ben, title="Botany", leader_ids=(school.olga.user_id,), starts_at=STARTS_AT + timedelta(hours=2)
        )
        policy = replace(school.policy, admin_ids=frozenset({school.olga.user_id}))
        await school.write(
            lambda tx: try_on_myself(
                tx, school.workspace.id, user_id=school.olga.user_id, title="Tried", policy=policy, now=NOW
            )
        )
        yield school


async def rows(school: StoredSchool, **wanted: str) -> list[tuple[object, object]]:
    found: list[Fields] = await school.store.read(lambda tx: list(export_rows(tx, Wanted(days=EVER, **wanted))))
    return [(row["title"], row["name"]) for row in found]


async def test_everybody_is_in_it_but_no_trial(school: StoredSchool) -> None:
    """By start and place in the lesson."""
    assert [
        *(("Algebra", name) for name in ("Ada", "Ben", "Cleo")),
        *(("Botany", name) for name in ("Olga", "Ben")),
    ] == await rows(school)


async def test_what_is_known_while_a_lesson_goes_on_is_not_billed(school: StoredSchool) -> None:
    """Nobody is absent yet, and a stranger is nobody's row; once it has ended they are."""
    found = await school.store.read(lambda tx: tx.lessons.list_between(school.workspace.id))
    lesson = next(one for one in found if one.title == "Algebra")
    [ada, *_] = (await school.details(lesson)).seats
    seen = [make_attendance(lesson, ada.participant), make_attendance(lesson, shown_name="Visitor")]
    await school.write(lambda tx: tx.attendance.save(make_totals(lesson), seen))

    async def read() -> list[tuple[object, object]]:
        found: list[Fields] = await school.store.read(lambda tx: list(export_rows(tx, Wanted(days=EVER))))
        return [(row["name"], row["attendance"]) for row in found if row["title"] == "Algebra"]

    assert [("Ada", None), ("Ben", None), ("Cleo", None)] == await read()
    await school.write(lambda tx: tx.lessons.update(replace(lesson, state=LessonState.ENDED, ended_at=ENDS_AT)))
    assert [("Ada", "present"), ("Ben", None), ("Cleo", None), ("Visitor", "uninvited")] == await read()


async def test_by_leader_are_all_rows_of_their_lessons(school: StoredSchool) -> None:
    """By name however written, or by Slack id; a learner leads nothing."""
    assert {"Botany"} == {title for title, _ in await rows(school, leader="olga")}
    assert 3 == len(await rows(school, leader=school.ada.user_id))
    assert [] == await rows(school, leader="Ben")


async def test_by_participant_are_their_own_rows(school: StoredSchool) -> None:
    """In whichever lesson; nobody whose name only begins alike."""
    assert [("Algebra", "Ben"), ("Botany", "Ben")] == await rows(school, participant="Ben")
    assert [("Botany", "Ben")] == await rows(school, participant="Ben", leader="Olga")
    assert [] == await rows(school, participant="Be")


async def test_one_lesson_is_read_at_a_time(school: StoredSchool) -> None:
    """The first row needs the first lesson only, however many follow."""

    def read(tx: Transaction) -> int:
        read_count = 0
        get_details = tx.lessons.get_details

        def count(*ids: Any) -> LessonDetails:
            nonlocal read_count
            read_count += 1
            return get_details(*ids)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tx.lessons, "get_details", count)
            next(export_rows(tx, Wanted(days=EVER)))
        return read_count

    assert 1 == await school.store.read(read)


async def test_a_bar_takes_no_row_away(school: StoredSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rows with it; and it knows how many lessons there are."""
    monkeypatch.setattr(exports, "LONG", 1)
    told: list[float] = []

    def track(found: Iterable[Any], _: str, *, total: float, **__: Any) -> Iterable[Any]:
        told.append(total)
        return found

    monkeypatch.setattr(exports, "track", track)

    plain, watched = await school.store.read(
        lambda tx: [list(export_rows(tx, Wanted(days=EVER), shows_progress=shows)) for shows in (False, True)]
    )

    assert plain == watched
    assert [3] == told


@pytest.mark.parametrize("found", [[], [{"a": "é"}], [{"a": 1}, {"a": None}]])
def test_json_is_whole_however_many_rows(found: list[Fields]) -> None:
    """Written row by row, read as one array."""
    stream = io.StringIO()
    write_json(iter(found), stream)

    assert found == json.loads(stream.getvalue())


async def test_the_command_takes_both(
    school: StoredSchool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As CSV and as JSON."""
    line = CommandLine(folder=tmp_path, monkeypatch=monkeypatch, capsys=capsys)
    typed = ("lessons", "export", "--to", "2026-11-30", "--participant", "ben", "--leader", "Ada")

    as_csv, as_json = await line.run_beside(*typed, "--csv"), await line.run_beside(*typed, "--json")

    assert ["Ben"] == [row["name"] for row in csv.DictReader(io.StringIO(as_csv.out))]
    assert ["Ben"] == [row["name"] for row in json.loads(as_json.out)]


def make_rows(count: int, told: list[int]) -> Iterator[Fields]:
    """So many rows, noting how many were asked for."""
    for number in range(count):
        told.append(number)
        row: Fields = dict.fromkeys(FIELDS)
        yield row | {"title": f"Class {number}", "planned_start": "2026-11-23T16:00:00+01:00"}


class Watching(io.StringIO):
    """A terminal that notes how many rows were asked for before each thing was written."""

    def __init__(self, asked: list[int]) -> None:
        super().__init__()
        self._asked = asked
        self.most_behind = 0

    def write(self, text: str) -> int:
        behind = len(self._asked) - self.getvalue().count("Class ")
        self.most_behind = max(self.most_behind, behind)
        return super().write(text)


def test_a_table_is_printed_as_the_rows_come() -> None:
    """However many they are, only some are held; one header, and every part lies under it."""
    asked: list[int] = []
    terminal = Watching(asked)

    print_export(Console(file=terminal, width=100), make_rows(5000, asked))

    lines = terminal.getvalue().splitlines()
    assert [f"Class {number}" for number in range(5000)] == [
        line.partition(":00")[2].strip() for line in lines if "Class " in line
    ]
    assert terminal.most_behind <= 500
    assert 1 == sum("Title" in line for line in lines)
    assert 1 == len({line.index("Class ") for line in lines if "Class " in line})


def test_an_empty_table_has_its_header() -> None:
    """So that somebody sees that there was nothing, not that nothing was done."""
    terminal = io.StringIO()

    print_export(Console(file=terminal, width=100), iter(()))

    assert "Planned start" in terminal.getvalue()
