"""`hallpass lessons`: what is stored, in tables, JSON and CSV, while a bot runs and without any secret."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from storage.records import Attendance, Lesson, LessonState, NoticeState, Verdict
from storage.sqlite import open_store
from tests.bot.commandline import CommandLine
from tests.bot.lessons_in_store import StoredSchool, found_school
from tests.records import STARTS_AT, make_attendance, make_link, make_notice, make_totals

MONDAY = ("--from", "2026-11-23", "--to", "2026-11-23")


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[StoredSchool]:
    """A bot holds the file, as `hallpass run` does."""
    async with open_store(tmp_path / "hallpass.db", is_exclusive=True) as store:
        yield await found_school(store)


async def list_titles(line: CommandLine, *days: str) -> list[str]:
    ran = await line.run_beside("lessons", "list", "--json", *days)
    assert 0 == ran.status, ran.err
    return [lesson["title"] for lesson in json.loads(ran.out)]


async def export(line: CommandLine, *days: str) -> list[dict[str, str]]:
    ran = await line.run_beside("lessons", "export", "--csv", *(days or MONDAY))
    assert 0 == ran.status, ran.err
    return list(csv.DictReader(io.StringIO(ran.out)))


# list


async def test_lessons_are_listed_by_start(school: StoredSchool, line: CommandLine) -> None:
    """In the lesson's own zone, with who leads, how many take part, and an id to ask further with."""
    later = await school.book(school.cleo, title="Later", starts_at=STARTS_AT + timedelta(hours=3))
    await school.book(school.ben, school.cleo, title="Algebra", zone="America/New_York")

    ran = await line.run_beside("lessons", "list", *MONDAY)

    header, first, second = (row.split() for row in ran.out.splitlines())
    assert ["Starts", "Ends", "Title", "Leaders", "People", "State", "Id"] == header
    assert ["2026-11-23", "11:00", "12:00", "Algebra", "Ada", "2", "booked"] == first[:7]
    assert ["2026-11-23", "19:00", "20:00", "Later", "Ada", "1", "booked", later.id[-12:]] == second


async def test_days_are_those_of_the_lessons_own_zone(school: StoredSchool, line: CommandLine) -> None:
    """Both ends included: half past midnight in Kyiv is Tuesday there, although it is Monday elsewhere."""
    late = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
    await school.book(school.ben, title="Kyiv", starts_at=late, zone="Europe/Kyiv")
    await school.book(
        school.cleo,
        title="Lisbon",
        starts_at=late + timedelta(hours=1),
        zone="Europe/Lisbon",
        leader_ids=(school.olga.user_id,),
    )

    assert ["Lisbon"] == await list_titles(line, *MONDAY)
    assert ["Kyiv"] == await list_titles(line, "--from", "2026-11-24", "--to", "2026-11-24")
    assert ["Kyiv", "Lisbon"] == await list_titles(line, "--to", "2026-11-24")
    assert [] == await list_titles(line, "--from", "2026-11-25")


async def test_a_list_can_be_read_by_machines(school: StoredSchool, line: CommandLine) -> None:
    """CSV and JSON say the same, times with their offset."""
    lesson = await school.book(school.ben, zone="America/New_York")

    [told] = json.loads((await line.run_beside("lessons", "list", "--json", *MONDAY)).out)
    [row] = csv.DictReader(io.StringIO((await line.run_beside("lessons", "list", "--csv", *MONDAY)).out))

    assert (lesson.id, "2026-11-23T11:00:00-05:00") == (told["lesson_id"], told["starts"])
    assert {name: str(value) for name, value in told.items()} == row


async def test_nothing_to_list_is_said(school: StoredSchool, line: CommandLine) -> None:
    """An empty answer is one that reads so; as CSV it still has its header."""
    ran = await line.run_beside("lessons", "list", *MONDAY)
    table = await line.run_beside("lessons", "list", "--csv", *MONDAY)

    assert (0, "No lessons on these days.\n") == (ran.status, ran.out)
    assert table.out.startswith("lesson_id,title,state,")


# show


async def test_a_lesson_is_shown_with_what_is_owed(school: StoredSchool, line: CommandLine) -> None:
    """By its id or how it ends: everybody in it, and what was not sent, with the reason."""
    lesson = await school.book(school.ben, title="Algebra [easy]")
    failed = make_notice(
        lesson, school.ben, occasion="9", state=NoticeState.FAILED, reason="account_inactive", attempts=3
    )
    await school.write(lambda tx: tx.notices.insert([failed]))

    ran = await line.run_beside("lessons", "show", lesson.id[-12:])

    assert 0 == ran.status
    assert ran.out.startswith("Algebra [easy]  booked\n2026-11-23 16:00 to 17:00 (Europe/London), booked by Ada")
    rows = [" ".join(row.split()) for row in ran.out.splitlines()]
    assert any(row.startswith("Ada U") and " leader waiting 1" in row for row in rows)
    assert any(row.startswith("join_link Ben failed") and row.endswith("3 account_inactive") for row in rows)
    assert ran.out == (await line.run_beside("lessons", "show", lesson.id.upper())).out


async def test_nothing_that_is_shown_holds_a_secret(school: StoredSchool, line: CommandLine) -> None:
    """Neither links nor what they are sealed as, in any form."""
    lesson = await school.book(school.ben)
    seat = (await school.details(lesson)).seats[0]
    await school.write(
        lambda tx: tx.lessons.insert_link(
            make_link(seat.participant, url_sealed=b"sealed-address", token_digest=b"digest")
        )
    )

    commands = (("show", lesson.id), ("show", lesson.id, "--json"), ("list", "--json"), ("export", "--json", *MONDAY))
    told = [(await line.run_beside("lessons", *command)).out for command in commands]

    assert all("Algebra" in one for one in told)
    assert [] == [one for one in told if "sealed" in one or "digest" in one]


@pytest.mark.parametrize("wanted", ["ffffffffffff", "", "-"])
async def test_an_unknown_lesson_is_refused(school: StoredSchool, line: CommandLine, wanted: str) -> None:
    """In one line; an ending that several ids share is not taken for one of them."""
    await school.book(school.ben)

    ran = await line.run_beside("lessons", "show", "--", wanted)

    assert (2, "") == (ran.status, ran.out)
    assert f"hallpass: no lesson {wanted}\n" == ran.err


async def test_an_ending_of_several_ids_is_refused(school: StoredSchool, line: CommandLine) -> None:
    """Rather than guessed at."""
    ids: list[str] = []
    while len({one[-1] for one in ids}) == len(ids):
        start = STARTS_AT + timedelta(hours=2 * len(ids))
        ids.append((await school.book(school.ben, starts_at=start)).id)

    ran = await line.run_beside("lessons", "show", ids[-1][-1])

    assert 2 == ran.status
    assert "several ids end so" in ran.err


# export


async def _sum_up(school: StoredSchool, lesson: Lesson, *extra: Attendance, **totals: Any) -> None:
    details = await school.details(lesson)
    ada, ben, cleo = (seat.participant for seat in details.seats)
    attendance = [
        make_attendance(lesson, ada, who="1"),
        make_attendance(lesson, ben, who="2", late_by=timedelta(minutes=7, seconds=30), present=timedelta(minutes=31)),
        make_attendance(
            lesson, cleo, who="3", verdict=Verdict.ABSENT, joined_at=None, left_at=None, present=timedelta(0)
        ),
        *extra,
    ]
    await school.write(lambda tx: tx.attendance.save(make_totals(lesson, **totals), attendance))
    await _end(school, lesson)


async def _end(school: StoredSchool, lesson: Lesson) -> None:
    ended = replace(lesson, state=LessonState.ENDED, ended_at=lesson.ends_at)
    await school.write(lambda tx: tx.lessons.update(ended))


async def test_attendance_is_exported_for_billing(school: StoredSchool, line: CommandLine) -> None:
    """One row for each participant: planned and actual, in the lesson's zone, with its offset, and figures."""
    lesson = await school.book(school.ben, school.cleo, zone="Europe/Berlin")
    await _sum_up(school, lesson)

    ada, ben, cleo = await export(line)

    assert ("2026-11-23T17:00:00+01:00", "2026-11-23T18:00:00+01:00", "60.0") == (
        ada["planned_start"],
        ada["planned_end"],
        ada["planned_minutes"],
    )
    assert ("2026-11-23T17:01:00+01:00", "2026-11-23T18:00:00+01:00") == (ada["actual_start"], ada["actual_end"])
    assert ("Ada", "leader", "present", "40.0", "") == _figures(ada)
    assert ("Ben", "learner", "present", "31.0", "7.5") == _figures(ben)
    assert ("2026-11-23T17:02:00+01:00", "2026-11-23T17:42:00+01:00") == (ben["joined"], ben["left"])
    assert ("Cleo", "learner", "absent", "0.0", "") == _figures(cleo)
    assert {("38.0", "60.0")} == {
        (row["lesson_together_minutes"], row["lesson_billable_minutes"]) for row in (ada, ben, cleo)
    }
    assert school.ben.user_id == ben["slack_id"]


def _figures(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in ("name", "role", "attendance", "minutes", "late_minutes"))


async def test_what_is_not_known_stays_empty(school: StoredSchool, line: CommandLine) -> None:
    """The service did not answer: nobody is absent, no minutes are made up. Before the end there is nothing at all."""
    silent = await school.book(school.ben, title="Silent")
    seats = (await school.details(silent)).seats
    unknown = [
        make_attendance(
            silent, seat.participant, verdict=Verdict.UNKNOWN, joined_at=None, left_at=None, present=timedelta(0)
        )
        for seat in seats
    ]
    totals = make_totals(
        silent, is_known=False, really_started_at=None, really_ended_at=None, together=timedelta(0), billable=None
    )
    await school.write(lambda tx: tx.attendance.save(totals, unknown))
    await _end(school, silent)
    await school.book(school.cleo, title="To come", starts_at=STARTS_AT + timedelta(hours=4))

    rows = await export(line)

    empty = ("actual_start", "actual_end", "joined", "left", "minutes", "late_minutes")
    figures = (*empty, "lesson_together_minutes", "lesson_billable_minutes")
    assert {"Silent": {"not known"}, "To come": {""}} == {
        title: {row["attendance"] for row in rows if row["title"] == title} for title in ("Silent", "To come")
    }
    assert {""} == {row[name] for row in rows for name in figures}


async def test_who_came_without_a_link_is_listed_last(school: StoredSchool, line: CommandLine) -> None:
    """Under the name that the service shows, and as what they are."""
    lesson = await school.book(school.ben, school.cleo)
    await _sum_up(school, lesson, make_attendance(lesson, None, shown_name="Somebody"))

    rows = await export(line)

    assert ("Somebody", "", "uninvited", "40.0", "") == _figures(rows[-1])
    assert 4 == len(rows)


async def test_what_a_person_corrected_is_what_counts(school: StoredSchool, line: CommandLine) -> None:
    """And it says that it was corrected."""
    lesson = await school.book(school.ben, school.cleo)
    await _sum_up(school, lesson)
    [ada, *_] = (await school.details(lesson)).seats
    corrected = make_attendance(
        lesson, ada.participant, who="1", corrected_present=timedelta(minutes=55), corrected_by=school.olga.id
    )
    others = [seat.attendance for seat in (await school.details(lesson)).seats[1:] if seat.attendance]
    await school.write(lambda tx: tx.attendance.save(make_totals(lesson), [corrected, *others]))

    first, second, _ = await export(line)

    assert ("55.0", "True") == (first["minutes"], first["is_corrected"])
    assert ("31.0", "False") == (second["minutes"], second["is_corrected"])


async def test_text_that_a_spreadsheet_would_run_is_defused(school: StoredSchool, line: CommandLine) -> None:
    """Titles are other people's text; as JSON they are as they were."""
    await school.book(school.ben, title="=HYPERLINK(1)")

    rows = await export(line)
    told = json.loads((await line.run_beside("lessons", "export", "--json", *MONDAY)).out)

    assert {"'=HYPERLINK(1)"} == {row["title"] for row in rows}
    assert {"=HYPERLINK(1)"} == {row["title"] for row in told}


async def test_an_export_goes_to_a_file_as_csv(school: StoredSchool, line: CommandLine) -> None:
    """Where no form is asked for and nobody looks."""
    lesson = await school.book(school.ben, school.cleo)

    ran = await line.run_beside("lessons", "export", *MONDAY)

    assert ran.out.startswith("workspace,lesson_id,title,state,")
    assert 3 == ran.out.count(lesson.id)


# What it reads from


def test_no_database_is_said_and_none_is_made(line: CommandLine) -> None:
    """Looking makes nothing."""
    ran = line.run("lessons", "list")

    assert 2 == ran.status
    assert "hallpass.db: there is no such file" in ran.err
    assert [] == list(line.folder.iterdir())


async def test_a_file_at_rest_can_be_read_too(line: CommandLine) -> None:
    """No bot runs; the file stays as it was (SQLite's own two beside it are empty and come and go)."""
    path = line.folder / "hallpass.db"
    async with open_store(path) as store:
        school = await found_school(store)
        await school.book(school.ben)
    before = path.read_bytes()

    assert ["Algebra"] == await list_titles(line, *MONDAY)
    assert before == path.read_bytes()
    assert {"hallpass.db", "hallpass.db-shm", "hallpass.db-wal"} >= {one.name for one in line.folder.iterdir()}
