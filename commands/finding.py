"""`/lesson transcript`: lines of what was said in one's lessons, privately, page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot import recordings
from bot.blocks import Message
from bot.errors import Outdated
from bot.found_lines import LINES_A_PAGE, Search, build_found, build_no_search, read_search
from bot.ids import Action
from commands.desk import Asked, Desk
from commands.failures import read_asked

Ack = Callable[..., Awaitable[Any]]


def register(app: AsyncApp, desk: Desk) -> None:
    """Name the buttons of what was found."""

    @app.action(Action.FOUND_MORE.value)
    @app.action(Action.FOUND_BACK.value)
    async def turn(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, search = read_asked(body), read_search(action.get("value"))
        if asked is None or search is None or asked.response_url is None:
            raise Outdated
        desk.run(_turn(desk, asked, search))
        await ack()


async def answer_search(desk: Desk, asked: Asked, typed: str) -> None:
    """The first lines with all these words."""
    if not any(letter.isalnum() for letter in typed):
        await desk.answer_now(asked, build_no_search(desk.reader(asked.user_id), now=desk.now()))
        return
    await desk.answer_now(asked, await _build_page(desk, asked, Search(typed=typed)))


async def _turn(desk: Desk, asked: Asked, search: Search) -> None:
    message = await _build_page(desk, asked, search)
    await desk.answer_now(asked, message, replaces=True)


async def _build_page(desk: Desk, asked: Asked, search: Search) -> Message:
    """Judged anew for each page."""
    policy = desk.policy()
    found = await desk.store.read(
        lambda tx: recordings.search(
            tx,
            desk.workspace_id,
            search.words,
            user_id=asked.user_id,
            policy=policy,
            offset=search.offset,
            limit=LINES_A_PAGE,
        )
    )
    reader = desk.reader(asked.user_id)
    return build_found(found.hits, search=search, has_more=found.has_more, reader=reader, now=desk.now())
