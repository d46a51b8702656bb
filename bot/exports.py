"""`hallpass lessons export`: attendance for billing, one row for each participant and lesson.

What was not reported stays empty and is never filled in: `absent` is a fact, `not known` is the lack of one. Minutes
of the whole lesson stand on each of its rows and must not be added up over them; their names begin with `lesson_`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.listings import Days, Fields, find_lessons, local, minutes, minutes_of
from storage.records import Attendance, LessonDetails, Verdict, Workspace
from storage.store import Transaction

SHOWN = {
    Verdict.PRESENT: "present",
    Verdict.ABSENT: "absent",
    Verdict.UNKNOWN: "not known",
    Verdict.UNINVITED: "uninvited",
}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes text that begins so for a formula and runs it; titles and names are other people's text."""
FIELDS = (
    *("workspace", "lesson_id", "title", "state", "zone", "planned_start", "planned_end", "planned_minutes"),
    *("actual_start", "actual_end", "booked_by", "name", "slack_id", "role", "attendance", "joined", "left"),
    *("minutes", "late_minutes", "is_corrected", "lesson_together_minutes", "lesson_billable_minutes"),
)
"""The columns, in their order; new ones are put at the end."""
TABLE = ("planned_start", "title", "name", "role", "attendance", "minutes", "late_minutes", "lesson_billable_minutes")


def export_rows(tx: Transaction, days: Days) -> Iterator[Fields]:
    """Every row, by workspace, start, and place in the lesson; who came without a link last."""
    for workspace, lesson in find_lessons(tx, days):
        details = tx.lessons.get_details(workspace.id, lesson.id)
        yield from _rows_of(workspace, details, tx.attendance.list_for_lesson(workspace.id, lesson.id))


def write_csv(rows: Iterable[Fields], stream: TextIO, *, fields: Sequence[str] = FIELDS) -> None:
    """With a header, also where nothing follows; empty where nothing is known."""
    writer = csv.DictWriter(stream, fieldnames=fields, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _defuse(value) for name, value in row.items()} for row in rows)


def print_export(console: Console, rows: Iterable[Fields]) -> None:
    """The columns that a person looks at, as a table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in TABLE:
        table.add_column(name.replace("_", " ").capitalize(), no_wrap=name == "planned_start")
    for row in rows:
        shown = {name: "" if row[name] is None else str(row[name]) for name in TABLE}
        shown["planned_start"] = shown["planned_start"][:16].replace("T", " ")
        table.add_row(*(escape(text) for text in shown.values()))
    console.print(table)


def _rows_of(workspace: Workspace, details: LessonDetails, attendance: Iterable[Attendance]) -> Iterator[Fields]:
    seated = {seat.participant.id for seat in details.seats}
    for seat in details.seats:
        person = {"name": seat.person.name, "slack_id": seat.person.user_id, "role": seat.participant.role.value}
        yield _row(workspace, details, person, seat.attendance)
    for one in attendance:  # taken off the lesson after they had come, or never in it
        if one.participant_id is None or one.participant_id not in seated:
            yield _row(workspace, details, {"name": one.shown_name, "slack_id": None, "role": None}, one)


def _row(
    workspace: Workspace, details: LessonDetails, person: Mapping[str, str | None], attendance: Attendance | None
) -> Fields:
    lesson, totals = details.lesson, details.totals
    return {
        "workspace": workspace.external_id,
        "lesson_id": lesson.id,
        "title": lesson.title,
        "state": lesson.state.value,
        "zone": lesson.zone,
        "planned_start": local(lesson.starts_at, lesson),
        "planned_end": local(lesson.ends_at, lesson),
        "planned_minutes": minutes(lesson.ends_at - lesson.starts_at),
        "actual_start": local(totals.really_started_at, lesson) if totals else None,
        "actual_end": local(totals.really_ended_at, lesson) if totals else None,
        "booked_by": details.booked_by.name,
        **person,
        "attendance": SHOWN[attendance.verdict] if attendance else None,
        "joined": local(attendance.joined_at, lesson) if attendance else None,
        "left": local(attendance.left_at, lesson) if attendance else None,
        "minutes": minutes_of(attendance),
        "late_minutes": minutes(attendance.late_by) if attendance else None,
        "is_corrected": attendance.corrected_present is not None if attendance else None,
        "lesson_together_minutes": minutes(totals.together) if totals and totals.is_known else None,
        "lesson_billable_minutes": minutes(totals.billable) if totals else None,
    }


def _defuse(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
