"""`hallpass lessons list` and `show`: what is stored, for whoever looks after it, while `run` goes on undisturbed.

The file is opened read-only and without its lock: nothing here writes, migrates or makes one. No link, token or key is
ever among what is read out, also not sealed ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.billing import Days, Fields, local, minutes_of
from bot.changes import name_ids, pair_facts
from bot.seeing import name_people
from storage.database import connect, pending_migrations
from storage.errors import NotStored, StoreUnusable
from storage.records import (
    AuditEntry,
    Lesson,
    LessonDetails,
    Notice,
    NoticeState,
    Seat,
    Workspace,
)
from storage.sqlite import SqliteTransaction
from storage.store import Transaction

LIST_FIELDS = (
    *("lesson_id", "title", "state", "starts", "ends", "zone", "leaders", "participants", "booked_by", "not_reached"),
)
"""The columns of a list; new ones are put at the end."""
ID_SHOWN = 12
"""The last part of an id: random, so that a few dozen lessons never share it, and short enough to be typed."""


@contextmanager
def open_reading(path: Path) -> Iterator[Transaction]:
    """One consistent view of the file, whoever writes to it meanwhile. Raises StoreUnusable where there is none."""
    if not path.exists():
        raise StoreUnusable(str(path), "there is no such file: `hallpass run` makes it, HALLPASS_DATABASE_URL names it")
    if lacking := pending_migrations(path):
        raise StoreUnusable(str(path), f"its schema is behind ({', '.join(lacking)}): run hallpass migrate")
    with closing(connect(path, is_read_only=True)) as connection:
        connection.execute("BEGIN")
        yield SqliteTransaction(connection)


def find_lessons(tx: Transaction, days: Days) -> Iterator[tuple[Workspace, Lesson]]:
    """Every lesson that starts on these days, by workspace and start, cancelled ones included, one by one."""
    for workspace in tx.workspaces.list_all():
        found = tx.lessons.iterate_between(workspace.id, ends_after=days.starts_after, starts_before=days.starts_before)
        yield from ((workspace, lesson) for lesson in found if days.holds(lesson))


def find_lesson(tx: Transaction, wanted: str) -> LessonDetails:
    """The lesson with this id, or whose id ends so. Raises NotStored where that is none, or several."""
    found = [
        (workspace, lesson)
        for workspace, lesson in find_lessons(tx, Days())
        if wanted and lesson.id.endswith(wanted.lower())
    ]
    if len(found) != 1:
        raise NotStored("lesson", wanted if not found else f"{wanted}: several ids end so")
    workspace, lesson = found[0]
    return tx.lessons.get_details(workspace.id, lesson.id)


def describe_lesson(details: LessonDetails) -> Fields:
    """One line of a list."""
    lesson = details.lesson
    return {
        "lesson_id": lesson.id,
        "title": lesson.title,
        "state": lesson.state.value,
        "starts": local(lesson.starts_at, lesson),
        "ends": local(lesson.ends_at, lesson),
        "zone": lesson.zone,
        "leaders": ", ".join(seat.person.name for seat in details.leaders),
        "participants": len(details.others),
        "booked_by": details.booked_by.name,
        "not_reached": sum(seat.participant.failure is not None for seat in details.seats),
    }


def describe_seat(seat: Seat, lesson: Lesson) -> Fields:
    """One participant: how far their way in has come, and what is known of their presence."""
    return {
        "name": seat.person.name,
        "slack_id": seat.person.user_id,
        "role": seat.participant.role.value,
        "invited": seat.invited.value if seat.invited else None,
        "failure": seat.participant.failure,
        "link_number": seat.participant.link_number,
        "opened": local(seat.link.opened_at, lesson) if seat.link else None,
        "attendance": seat.attendance.verdict.value if seat.attendance else None,
        "minutes": minutes_of(seat.attendance),
        "removed": local(seat.participant.removed_at, lesson),
    }


def describe_notice(notice: Notice, lesson: Lesson, names: Mapping[str, str]) -> Fields:
    """One thing that is owed, was sent, or was not."""
    return {
        "kind": notice.kind.value,
        "to": names.get(notice.person_id, "") if notice.person_id else notice.channel_id,
        "state": notice.state.value,
        "due": local(notice.due_at, lesson),
        "sent": local(notice.sent_at, lesson),
        "attempts": notice.attempts,
        "reason": notice.reason,
    }


def describe_entry(entry: AuditEntry, lesson: Lesson, names: Mapping[str, str]) -> Fields:
    """One change: when, who, what, and what it was before and after."""
    actor = names.get(entry.actor, entry.actor) if entry.actor else "Hallpass"
    told = [
        f"{name}: {name_ids(after, names)}"
        if before is None
        else f"{name}: {name_ids(before, names)} → {name_ids(after, names)}"
        for name, before, after in pair_facts(entry.facts)
    ]
    return {"at": local(entry.at, lesson), "who": actor, "action": entry.action, "facts": "; ".join(told) or None}


def describe_all(tx: Transaction, details: LessonDetails) -> dict[str, object]:
    """A lesson with everybody in it and everything owed, for `show`."""
    lesson = details.lesson
    history = tx.audit.list_for_lesson(lesson.workspace_id, lesson.id)
    names = name_people(tx, details, history)
    notices = tx.notices.list_for_lesson(lesson.workspace_id, lesson.id)
    return {
        **describe_lesson(details),
        "channel_id": lesson.channel_id,
        "is_recorded": lesson.is_recorded,
        "is_transcribed": lesson.is_transcribed,
        "people": [describe_seat(seat, lesson) for seat in (*details.seats, *details.removed)],
        "notices": [describe_notice(notice, lesson, names) for notice in notices],
        "history": [describe_entry(entry, lesson, names) for entry in history],
    }


def print_list(console: Console, lessons: list[LessonDetails]) -> None:
    """As a table, for people."""
    if not lessons:
        console.print("No lessons on these days.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Starts", "Ends", "Title", "Leaders", "People", "State", "Id"):
        table.add_column(
            name, no_wrap=name in {"Starts", "Ends", "Id"}, justify="right" if name == "People" else "left"
        )
    for details in lessons:
        lesson, told = details.lesson, describe_lesson(details)
        table.add_row(
            show_moment(lesson.starts_at, lesson),
            show_moment(lesson.ends_at, lesson)[-5:],
            escape(lesson.title),
            escape(str(told["leaders"])),
            str(told["participants"]),
            lesson.state.value,
            lesson.id[-ID_SHOWN:],
        )
    console.print(table)


def print_lesson(console: Console, tx: Transaction, details: LessonDetails) -> None:
    """One lesson, for people: the facts, who takes part, and what is still owed or went wrong."""
    lesson, told = details.lesson, describe_all(tx, details)
    console.print(f"[bold]{escape(lesson.title)}[/bold]  {lesson.state.value}")
    console.print(
        f"{show_moment(lesson.starts_at, lesson)} to {show_moment(lesson.ends_at, lesson)[-5:]} ({lesson.zone}), "
        f"booked by {escape(details.booked_by.name)}, id {lesson.id}",
        soft_wrap=True,
    )
    console.print(_tabulate(told["people"]))
    notices = told["notices"]
    settled = {NoticeState.SENT.value}
    open_ones = [one for one in notices if one["state"] not in settled] if isinstance(notices, list) else []
    if open_ones:
        console.print("\n[bold]Not sent, or not yet[/bold]")
        console.print(_tabulate(open_ones))
    if told["history"]:
        console.print("\n[bold]History[/bold]")
        console.print(_tabulate(told["history"]))


def _tabulate(rows: object) -> Table:
    """Rows of the same fields as they are, empty columns left out."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    listed = rows if isinstance(rows, list) else []
    names = [name for name in (listed[0] if listed else {}) if any(row[name] not in (None, "") for row in listed)]
    for name in names:
        table.add_column(name.replace("_", " ").capitalize(), overflow="fold")
    for row in listed:
        table.add_row(*("" if row[name] is None else escape(str(row[name])) for name in names))
    return table


def show_moment(moment: datetime, lesson: Lesson) -> str:
    """`2026-11-23 16:00`, on the clock of the lesson's own zone."""
    return moment.astimezone(ZoneInfo(lesson.zone)).strftime("%Y-%m-%d %H:%M")
