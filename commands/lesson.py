"""`/lesson`, `/lessons` and the two shortcuts: what somebody asks for, into a form or a private answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot import windows
from bot.blocks import Message
from bot.errors import NotAllowed
from bot.forms import build_loading_form
from bot.ids import Shortcut
from bot.replies import build_help, build_link_reply, build_no_link, build_unknown_command
from bot.words import words_for
from commands import opening
from commands.desk import Asked, Desk
from commands.failures import read_asked
from commands.finding import answer_search
from commands.lists import answer_list, answer_show, list_coming
from commands.parsing import (
    Help,
    ListLessons,
    MyLink,
    OpenForm,
    SearchTranscripts,
    ShowLesson,
    Unknown,
    parse_lesson_command,
    parse_lessons_command,
)

Ack = Callable[..., Awaitable[Any]]


def register(app: AsyncApp, desk: Desk) -> None:
    """Name the commands and shortcuts."""

    @app.command("/lesson")
    async def lesson(ack: Ack, command: dict[str, Any]) -> None:
        asked = _read_command(command)
        text = str(command.get("text") or "")
        base = opening.start_draft(desk, asked.user_id)
        request = parse_lesson_command(text, now=desk.now(), zone=base.zone, caller_id=asked.user_id, base=base)
        match request:
            case OpenForm():
                await open_form(desk, asked, request, text=text)
            case ListLessons():
                desk.run(answer_list(desk, asked))
            case ShowLesson():
                desk.run(answer_show(desk, asked, request.typed))
            case SearchTranscripts():
                desk.run(answer_search(desk, asked, request.typed))
            case MyLink():
                desk.run(_answer_link(desk, asked))
            case Help():
                desk.run(_answer_help(desk, asked))
            case Unknown():
                desk.run(_answer_help(desk, asked, unknown=request.typed))
        await ack()

    @app.command("/lessons")
    async def lessons(ack: Ack, command: dict[str, Any]) -> None:
        asked = _read_command(command)
        match parse_lessons_command(str(command.get("text") or "")):
            case ListLessons():
                desk.run(answer_list(desk, asked))
            case Unknown(typed=typed):
                desk.run(_answer_help(desk, asked, unknown=typed))
            case _:
                desk.run(_answer_help(desk, asked))
        await ack()

    @app.shortcut(Shortcut.BOOK.value)
    async def book(ack: Ack, shortcut: dict[str, Any]) -> None:
        asked = read_asked(shortcut)
        if asked is not None:
            await open_form(desk, asked, OpenForm(draft=opening.start_draft(desk, asked.user_id)))
        await ack()

    @app.shortcut(Shortcut.BOOK_WITH.value)
    async def book_with(ack: Ack, shortcut: dict[str, Any]) -> None:
        asked = read_asked(shortcut)
        author = (shortcut.get("message") or {}).get("user")
        if asked is not None:
            draft = opening.start_draft(desk, asked.user_id)
            if author and author != asked.user_id:
                draft = replace(draft, participant_ids=(str(author),))
            await open_form(desk, asked, OpenForm(draft=draft))
        await ack()


async def open_form(desk: Desk, asked: Asked, request: OpenForm, *, text: str | None = None) -> None:
    """Spend the trigger on the booking form, or on a loading view where the person must be looked up first.

    `text`: what was typed after the command; it is read again in the person's zone once that is known.
    """
    person = desk.find_person(asked.user_id)
    if asked.trigger_id is None:
        return
    if person is None or person.checked_at is None:
        opened = await desk.delivery.open_view(asked.trigger_id, build_loading_form(words_for(None)))
        desk.run(opening.fill_form(desk, asked, request, opened, text=text))
        return
    if not desk.policy().may_book(person):
        raise NotAllowed("book")
    draft = opening.preset(desk, person, request.draft, has_length=request.has_length)
    view = await opening.build_form(desk, person, draft, not_understood=request.not_understood)
    await desk.delivery.open_view(asked.trigger_id, view)
    desk.run(desk.directory.refresh([*draft.leader_ids, *draft.participant_ids]))


async def _answer_help(desk: Desk, asked: Asked, *, unknown: str | None = None) -> None:
    """What they can type; `unknown`: what they typed that nobody understood."""
    reader, now = await desk.look_up_reader(asked.user_id), desk.now()
    can_book = desk.policy().may_book(reader)
    if unknown is None:
        message = build_help(reader, can_book=can_book, now=now)
    else:
        message = build_unknown_command(reader, typed=unknown, can_book=can_book, now=now)
    await desk.answer_now(asked, message)


def _read_command(command: dict[str, Any]) -> Asked:
    return Asked(
        user_id=str(command["user_id"]),
        response_url=command.get("response_url"),
        conversation=command.get("channel_id"),
        trigger_id=command.get("trigger_id"),
    )


async def _answer_link(desk: Desk, asked: Asked) -> None:
    await desk.answer_now(asked, await find_link(desk, asked.user_id))


async def find_link(desk: Desk, user_id: str) -> Message:
    """Somebody's own way into the lesson that is on, else the next one; or that there is none."""
    reader, now = desk.reader(user_id), desk.now()
    for details in await list_coming(desk, reader):
        seat = details.find_seat(reader.id)
        if seat is not None and now < windows.window_of(details.lesson, seat.participant).closes_at:
            join_url = desk.drawer.find_join_url(details, seat, now=now)
            return build_link_reply(details, seat, join_url=join_url, now=now)
    return build_no_link(reader, now=now)
