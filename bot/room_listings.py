"""What `hallpass room` shows of the provider's sessions, spaces and users: their records as rows, printed as they come.

Left out is whatever may be a way in: addresses of spaces and recordings, their passwords, pictures, and fields that we
do not know. Names and titles are other people's text: nothing in them moves a terminal's cursor or runs in a
spreadsheet.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from bot.billing import Cell, Fields, write_csv
from bot.rooms.lessonspace_records import LogRecord, SessionRecord, SpaceRecord, UserRecord
from bot.transcripts import clean

AT_ONCE = 20
"""Rows of a table that are laid out together: about one page of the provider's list."""
NARROW = 100
"""Columns of a terminal; half of them are taken by times and ids, which must not be cut."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """How one kind of row is shown. `columns` are those of a table: header, and width where it is fixed; of them,
    `spare` ones are left out on a narrow terminal."""

    noun: str
    fields: tuple[str, ...]
    columns: Mapping[str, tuple[str, int | None]]
    spare: tuple[str, ...] = ()


SESSIONS = Sheet(
    noun="sessions",
    fields=(
        *("session_id", "name", "started", "ended", "minutes", "billable_minutes", "people", "guest_count"),
        *("has_recording", "has_summary", "may_watch", "space_id", "tags"),
    ),
    columns={
        "started": ("Started", 16),
        "minutes": ("Minutes", 7),
        "name": ("Name", None),
        "people": ("People", None),
        "has_recording": ("Rec.", 4),
        "session_id": ("Id", 36),
    },
    spare=("people",),
)
SPACES = Sheet(
    noun="spaces",
    fields=("space_id", "name", "alias", "made", "region", "is_locked", "records_av", "tags"),
    columns={
        "name": ("Name", None),
        "alias": ("Alias", None),
        "made": ("Made", 16),
        "region": ("Region", 10),
        "space_id": ("Id", 36),
    },
    spare=("alias",),
)
USERS = Sheet(
    noun="users",
    fields=("user_id", "name", "role", "email"),
    columns={"name": ("Name", None), "role": ("Role", 8), "email": ("E-mail", None), "user_id": ("Id", 12)},
)


def describe_session(record: SessionRecord) -> Fields:
    """One line of a list."""
    guests = [guest.name or "guest" for guest in record.guests]
    return {
        "session_id": record.uuid,
        "name": record.name,
        "started": _local(record.start_time),
        "ended": _local(record.end_time),
        "minutes": _minutes((record.end_time - record.start_time).total_seconds()) if record.end_time else None,
        "billable_minutes": None if record.billable_seconds is None else _minutes(record.billable_seconds),
        "people": ", ".join([*(profile.name or "?" for profile in record.profiles), *guests]),
        "guest_count": len(record.guests),
        "has_recording": record.has_recording,
        "has_summary": record.summary is not None,
        "may_watch": describe_policy(record.recording_access_policy),
        "space_id": record.space.slug if record.space else None,
        "tags": _describe_tags(record.tags),
    }


def describe_whole_session(record: SessionRecord, log: Iterable[LogRecord] | None) -> dict[str, object]:
    """Everything about one. `log` None: it was not asked for."""
    told: dict[str, object] = {
        **describe_session(record),
        "number": record.id,
        "summary": record.summary,
        "space": describe_space(record.space) if record.space else None,
        "people": [
            {"user_id": person.user, "name": person.name, "role": person.role, "email": person.email}
            for person in record.profiles
        ]
        + [{"user_id": None, "name": guest.name, "role": "guest", "email": None} for guest in record.guests],
    }
    if log is not None:
        names = _name_people(record)
        told["log"] = [describe_entry(entry, names) for entry in sorted(log, key=lambda entry: entry.date)]
    return told


def describe_entry(entry: LogRecord, names: Mapping[str, str]) -> Fields:
    """One coming or going."""
    who = entry.profile or entry.guest_uuid
    return {
        "at": _local(entry.date),
        "what": entry.log_type,
        "who": names.get(who, who) if who else None,
        "connection": entry.user_socket_id,
    }


def describe_space(record: SpaceRecord) -> Fields:
    """One line of a list."""
    return {
        "space_id": record.slug,
        "name": record.name,
        "alias": record.alias,
        "made": _local(record.created_at),
        "region": record.region,
        "is_locked": record.is_locked,
        "records_av": record.record_av,
        "tags": _describe_tags(record.tags),
    }


def describe_user(record: UserRecord) -> Fields:
    """One line of a list."""
    return {"user_id": record.id, "name": record.name, "role": record.role, "email": record.email}


def describe_policy(policy: tuple[str, ...] | None) -> str | None:
    """Who may watch a recording at the provider; None: not told."""
    return None if policy is None else ", ".join(policy) or "as the organisation has it"


async def print_rows(rows: AsyncIterator[Fields], sheet: Sheet, *, form: str, stream: TextIO | None = None) -> None:
    """Each as soon as it is there: as a "table", as "json" (an array, a row a line) or as "csv"."""
    stream = stream or sys.stdout
    with _watch(sheet.noun, stream) as watched:
        match form:
            case "json":
                await _print_json(_count(rows, watched), stream)
            case "csv":
                await _print_csv(_count(rows, watched), sheet, stream)
            case _:
                await _print_table(_count(rows, watched), sheet, stream)


def _watch(noun: str, stream: TextIO) -> AbstractContextManager[Progress | None]:
    """How far it is, for somebody at a terminal who sees no rows because they go elsewhere."""
    if stream.isatty() or not sys.stderr.isatty():
        return nullcontext()
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.completed} {task.description} so far"),
        console=Console(file=sys.stderr),
        transient=True,
    )
    progress.add_task(noun, total=None)
    return progress


async def _count(rows: AsyncIterator[Fields], watched: Progress | None) -> AsyncIterator[Fields]:
    async for row in rows:
        if watched is not None:
            watched.advance(watched.task_ids[0])
        yield row


async def _print_json(rows: AsyncIterator[Fields], stream: TextIO) -> None:
    before = "["
    async for row in rows:
        stream.write(f"{before}\n  {json.dumps(row, ensure_ascii=False)}")
        stream.flush()  # whoever reads it may have seen enough, and then no more is asked for
        before = ","
    stream.write("[]\n" if before == "[" else "\n]\n")


async def _print_csv(rows: AsyncIterator[Fields], sheet: Sheet, stream: TextIO) -> None:
    write_csv([], stream, fields=sheet.fields)
    async for row in rows:
        write_csv([row], stream, fields=sheet.fields, has_header=False)
        stream.flush()


async def _print_table(rows: AsyncIterator[Fields], sheet: Sheet, stream: TextIO) -> None:
    console, is_first, batch = Console(file=stream), True, list[Fields]()
    names = [name for name in sheet.columns if console.width >= NARROW or name not in sheet.spare]
    async for row in rows:
        batch.append(row)
        if len(batch) == AT_ONCE:
            console.print(_lay_out(batch, sheet, names, has_header=is_first))
            stream.flush()
            is_first, batch = False, []
    if batch:
        console.print(_lay_out(batch, sheet, names, has_header=is_first))
    elif is_first:
        console.print(f"No {sheet.noun}.")


def print_session(console: Console, told: Mapping[str, object]) -> None:
    """One session as `describe_whole_session` tells it, for people."""
    console.print(f"[bold]{escape(show_cell(told['name']) or 'Session')}[/bold]", soft_wrap=True)
    facts = {name: value for name, value in told.items() if name != "name" and not isinstance(value, list | dict)}
    space = told["space"]
    if isinstance(space, dict):
        facts |= {"space_id": space["space_id"], "space": space["name"]}
    grid = Table.grid(padding=(0, 2, 0, 0))
    for name, value in facts.items():
        if shown := show_cell(value):
            grid.add_row(escape(_head(name)), escape(shown))
    console.print(grid)
    for name in ("people", "log"):
        rows = told.get(name)
        if isinstance(rows, list) and rows:
            console.print(f"\n[bold]{_head(name)}[/bold]")
            console.print(_tabulate(rows))


def _tabulate(rows: list[Fields]) -> Table:
    """Rows of the same fields as they are, empty columns left out."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    names = [name for name in rows[0] if any(show_cell(row[name]) for row in rows)]
    for name in names:
        table.add_column(_head(name), overflow="fold")
    for row in rows:
        # A log is read for who was thrown out and came back within the minute.
        table.add_row(*(escape(show_cell(row[name], has_seconds=True)) for name in names))
    return table


def _head(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _lay_out(rows: Iterable[Fields], sheet: Sheet, names: Sequence[str], *, has_header: bool) -> Table:
    """Columns of the same widths whatever is in them: the next part of a long table stands under this one."""
    table = Table(
        box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", show_header=has_header, expand=True
    )
    for header, width in (sheet.columns[name] for name in names):
        table.add_column(header, width=width, ratio=None if width else 1, overflow="fold")
    for row in rows:
        table.add_row(*(escape(show_cell(row[name])) for name in names))
    return table


def show_cell(value: object, *, has_seconds: bool = False) -> str:
    """As eyes read it: on one line, times to the minute on this machine's clock."""
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    if isinstance(value, float):
        return f"{value:.0f}"
    text = clean(str(value))
    return text[: 19 if has_seconds else 16].replace("T", " ") if _is_moment(text) else text


def _is_moment(text: str) -> bool:
    return len(text) == 25 and text[10] == "T" and text[19] in "+-"


def _local(moment: datetime | None) -> str | None:
    """ISO 8601 on this machine's clock, with its offset."""
    return moment.astimezone().isoformat(timespec="seconds") if moment else None


def _minutes(seconds: float) -> float:
    return round(seconds / 60, 2)


def _describe_tags(tags: Mapping[str, str]) -> Cell:
    return "; ".join(f"{name}={value}" for name, value in tags.items()) or None


def _name_people(record: SessionRecord) -> dict[str, str]:
    known = {person.user: person.name for person in record.profiles}
    known |= {guest.uuid: guest.name or "guest" for guest in record.guests}
    return {who: name for who, name in known.items() if who and name}
