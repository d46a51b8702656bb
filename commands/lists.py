"""`/lesson list`, `/lessons` and `/lesson show`: one's own lessons, privately, page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.blocks import Message
from bot.errors import Outdated
from bot.ids import Action
from bot.lists import build_bookers_card, build_list_page, build_not_found, find_lesson, read_offset
from commands.desk import Asked, Desk
from commands.failures import read_asked
from storage.records import LessonDetails, Person
from storage.store import Transaction

Ack = Callable[..., Awaitable[Any]]

DAYS_LISTED = timedelta(days=60)
MOST_LISTED = 200


def register(app: AsyncApp, desk: Desk) -> None:
    """Name the list's buttons."""

    @app.action(Action.LIST_MORE.value)
    @app.action(Action.LIST_BACK.value)
    async def turn(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, offset = read_asked(body), read_offset(action.get("value"))
        if asked is None or offset is None or asked.response_url is None:
            raise Outdated
        desk.run(_turn(desk, asked, offset))
        await ack()


async def answer_list(desk: Desk, asked: Asked) -> None:
    """The first page of the caller's running and coming lessons."""
    await desk.answer_now(asked, await _build_page(desk, asked, 0))


async def answer_show(desk: Desk, asked: Asked, typed: str) -> None:
    """The card of the caller's present or next lesson, or of the first whose title has these words."""
    reader, now = desk.reader(asked.user_id), desk.now()
    details = find_lesson(await list_coming(desk, reader), typed)
    message = _draw(desk, details, reader) if details else build_not_found(reader, typed=typed, now=now)
    await desk.answer_now(asked, message)


async def list_coming(desk: Desk, reader: Person) -> list[LessonDetails]:
    """Running and coming lessons in which this person has a place or which they booked, by start."""
    now = desk.now()
    if not reader.id:
        return []

    def find(tx: Transaction) -> list[LessonDetails]:
        found = tx.lessons.list_between(
            desk.workspace_id,
            ends_after=now - timedelta(days=1),  # one that runs over is still on
            starts_before=now + DAYS_LISTED,
            person_id=reader.id,
            limit=MOST_LISTED,
        )
        return [tx.lessons.get_details(desk.workspace_id, lesson.id) for lesson in found if lesson.is_open]

    return await desk.store.read(find)


async def _turn(desk: Desk, asked: Asked, offset: int) -> None:
    message = await _build_page(desk, asked, offset)
    await desk.answer_now(asked, message, replaces=True)


async def _build_page(desk: Desk, asked: Asked, offset: int) -> Message:
    reader = await desk.look_up_reader(asked.user_id)
    coming, can_book = await list_coming(desk, reader), desk.policy().may_book(reader)
    return build_list_page(coming, offset=offset, reader=reader, can_book=can_book, now=desk.now())


def _draw(desk: Desk, details: LessonDetails, reader: Person) -> Message:
    seat, now = details.find_seat(reader.id), desk.now()
    if seat is None:
        return build_bookers_card(details, reader=reader, now=now)
    return desk.drawer.draw_own_card(details, seat, now=now)
