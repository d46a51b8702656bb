"""`hallpass lessons export`: rows for billing out of the store, as they are asked for.

However many lessons there are, only one of them is held at a time, and of a table some rows. What a row says is
`bot/billing.py`'s.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from bot.billing import Fields, Wanted, is_trial, rows_of
from bot.listings import find_lessons
from storage.records import Lesson, Workspace
from storage.store import Transaction

TABLE = {
    "planned_start": 16,
    "title": None,
    "name": None,
    "role": 8,
    "attendance": 9,
    "minutes": 7,
    "late_minutes": 7,
    "lesson_billable_minutes": 8,
}
"""The columns of a table with their widths; None: as much as there is."""
AT_ONCE = 200
"""Rows of a table that are laid out together."""
LONG = 200
"""So many lessons take long enough for somebody at a terminal to wonder."""


def export_rows(tx: Transaction, wanted: Wanted, *, shows_progress: bool = False) -> Iterator[Fields]:
    """Every row wanted, by workspace, start, and place in the lesson; lessons that were only tried out are left out."""
    for workspace, lesson in _watch(tx, wanted) if shows_progress else find_lessons(tx, wanted.days):
        if is_trial(lesson):
            continue
        details = tx.lessons.get_details(workspace.id, lesson.id)
        yield from rows_of(workspace, details, tx.attendance.list_for_lesson(workspace.id, lesson.id), wanted)


def _watch(tx: Transaction, wanted: Wanted) -> Iterable[tuple[Workspace, Lesson]]:
    """The lessons, with a bar on the terminal's other stream when they are many."""
    days = wanted.days
    total = sum(
        tx.lessons.count_between(workspace.id, ends_after=days.starts_after, starts_before=days.starts_before)
        for workspace in tx.workspaces.list_all()
    )
    found = find_lessons(tx, days)
    if total < LONG:
        return found
    console = Console(file=sys.stderr)
    return track(found, "Exporting", total=total, console=console, transient=True)


def write_json(rows: Iterable[Fields], stream: TextIO) -> None:
    """One array, a row a line, written as the rows come."""
    before = "["
    for row in rows:
        stream.write(f"{before}\n  {json.dumps(row, ensure_ascii=False)}")
        before = ","
    stream.write("[]\n" if before == "[" else "\n]\n")


def print_export(console: Console, rows: Iterable[Fields]) -> None:
    """The columns that a person looks at, as a table that is printed as the rows come."""
    left, has_header = iter(rows), True
    while (batch := list(islice(left, AT_ONCE))) or has_header:
        console.print(_tabulate(batch, has_header=has_header))
        has_header = False


def _tabulate(rows: Iterable[Fields], *, has_header: bool) -> Table:
    """Columns of the same widths whatever is in them: the next part of a long table stands under this one."""
    table = Table(
        box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", show_header=has_header, expand=True
    )
    for name, width in TABLE.items():
        header = name.replace("_", " ").capitalize()
        table.add_column(header, width=width, ratio=None if width else 1, overflow="fold")
    for row in rows:
        shown = {name: "" if row[name] is None else str(row[name]) for name in TABLE}
        shown["attendance"] = shown["attendance"] or ("removed" if row["removed"] else "")
        shown["planned_start"] = shown["planned_start"][:16].replace("T", " ")
        table.add_row(*(escape(text) for text in shown.values()))
    return table
