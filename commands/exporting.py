"""*Export attendance* from an admin's Home: the form, the rows read a day at a time, the file by direct message.

However much there is to export, no more than one day's rows are held at once: they go into a file without a name, and
from there to Slack.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any, BinaryIO

import structlog
from slack_bolt.async_app import AsyncApp

from bot.billing import Days, Fields, Wanted, is_trial, rows_of, write_csv
from bot.blocks import Block, Message
from bot.errors import SlackError
from bot.export_forms import (
    build_export_form,
    build_exported,
    build_exporting,
    build_not_exported,
    describe_export,
    read_export_form,
)
from bot.home import build_small_view
from bot.ids import Action, View
from bot.readers import reader_of
from bot.seeing import require_admin
from commands.desk import Desk
from commands.failures import read_asked
from storage.records import Person, Workspace
from storage.store import Transaction

log = structlog.get_logger("hallpass.commands")

Ack = Callable[..., Awaitable[Any]]

DAY = timedelta(days=1)
"""Read at once: the store's readers share a thread, and nobody may wait for a year's rows."""


def register(app: AsyncApp, desk: Desk) -> None:
    """Name the button and the form."""

    @app.action(Action.EXPORT.value)
    async def open_form(ack: Ack, body: dict[str, Any]) -> None:
        asked = read_asked(body)
        if asked is not None and asked.trigger_id is not None:
            person = await _check(desk, asked.user_id)
            today = reader_of(person, now=desk.now()).local_day(desk.now())
            await desk.delivery.open_view(asked.trigger_id, build_export_form(reader=person, today=today))
        await ack()

    @app.view(View.EXPORT.value)
    async def submit(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        person = await _check(desk, str(body["user"]["id"]))
        days, problems = read_export_form((view.get("state") or {}).get("values") or {}, reader=person)
        if days is None:
            await ack(response_action="errors", errors=problems)
            return
        await ack(response_action="update", view=_answer(build_exporting(reader=person), person))
        desk.run(_export(desk, person, str(view["id"]), *days))


async def _check(desk: Desk, user_id: str) -> Person:
    policy = desk.policy()
    return await desk.store.read(lambda tx: require_admin(tx, desk.workspace_id, user_id=user_id, policy=policy))


def _answer(message: Message, person: Person) -> Block:
    return build_small_view(message, reader=person)


async def _export(desk: Desk, person: Person, view_id: str, first: date, last: date) -> None:
    """Send it, and say in the view how that went."""
    try:
        count = await _send(desk, person, first, last)
    except SlackError as error:
        log.warning("export_not_sent", method=error.method, code=error.code)
        await desk.fill(person.user_id, view_id, build_not_exported(reader=person, code=error.code))
    else:
        await desk.redraw(view_id, _answer(build_exported(reader=person, count=count), person))


async def _send(desk: Desk, person: Person, first: date, last: date) -> int:
    """How many rows it has."""
    with tempfile.TemporaryFile() as content:
        count = await _write(desk, first, last, content)
        name = f"attendance-{first.isoformat()}-to-{last.isoformat()}.csv"
        comment = describe_export(reader=person, first=first, last=last, count=count)
        await desk.delivery.send_file(person.user_id, name=name, content=content, comment=comment)
    log.info("exported", person=person.id, rows=count)
    return count


async def _write(desk: Desk, first: date, last: date, content: BinaryIO) -> int:
    """Every row of these days into the file, day by day. How many."""
    # With a mark in front, or a spreadsheet takes names in UTF-8 for something else.
    stream = io.TextIOWrapper(content, encoding="utf-8-sig", newline="")
    write_csv((), stream)
    day, count = first, 0
    while day <= last:
        wanted = Wanted(days=Days(first=day, last=day))
        rows = await desk.store.read(lambda tx, wanted=wanted: _read(tx, desk, wanted))  # type: ignore[misc]
        if rows:
            await asyncio.to_thread(write_csv, rows, stream, has_header=False)
        count += len(rows)
        day += DAY
    stream.detach()  # flushed, and the file stays open
    return count


def _read(tx: Transaction, desk: Desk, wanted: Wanted) -> list[Fields]:
    workspace = _find_workspace(tx, desk)
    days = wanted.days
    found = tx.lessons.iterate_between(workspace.id, ends_after=days.starts_after, starts_before=days.starts_before)
    return [
        row
        for lesson in found
        if days.holds(lesson) and not is_trial(lesson)
        for row in rows_of(
            workspace,
            tx.lessons.get_details(workspace.id, lesson.id),
            tx.attendance.list_for_lesson(workspace.id, lesson.id),
            wanted,
        )
    ]


def _find_workspace(tx: Transaction, desk: Desk) -> Workspace:
    return next(one for one in tx.workspaces.list_all() if one.id == desk.workspace_id)
