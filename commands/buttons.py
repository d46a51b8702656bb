"""Buttons on cards and messages: one unit of work each, then a private answer where the card alone says too little."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from slack_bolt.async_app import AsyncApp

from bot import confirmations, extending, lifecycle
from bot.errors import Outdated
from bot.ids import Action
from bot.presses import Press, read_press
from commands import opening
from commands.desk import Asked, Desk
from commands.failures import read_asked
from commands.lesson import open_form
from commands.parsing import OpenForm
from commands.watching import Watcher
from storage.records import LessonDetails, Person
from storage.store import Transaction

T = TypeVar("T")

Ack = Callable[..., Awaitable[Any]]


def register(app: AsyncApp, desk: Desk, watcher: Watcher) -> None:
    """Name every button."""
    workspace_id = desk.workspace_id

    @app.action(Action.NEW_LINK.value)
    async def new_link(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press = _read(body, action)
        participant_id, number, now = press.participant_id, press.link_number, desk.now()
        limit = desk.policy().new_links
        if participant_id is None or number is None:
            raise Outdated

        def work(tx: Transaction) -> LessonDetails:
            lifecycle.request_new_link(
                tx,
                workspace_id,
                press.lesson_id,
                participant_id=participant_id,
                number=number,
                user_id=asked.user_id,
                now=now,
                limit=limit,
            )
            return tx.lessons.get_details(workspace_id, press.lesson_id)

        details = await desk.store.write(work)
        desk.answer(asked, confirmations.build_new_link(details, reader=desk.reader(asked.user_id), now=now))
        await ack()

    @app.action(Action.LET_END.value)
    async def let_end(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        change = await _change(desk, body, action, extending.let_end)
        desk.answer(change.asked, confirmations.build_let_end(change.details, reader=change.reader, now=change.now))
        await ack()

    @app.action(Action.TRY_AGAIN.value)
    async def try_again(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        change = await _change(desk, body, action, lifecycle.try_again)
        if view_id := _find_view(body):  # pressed in the form's result: that shows how it goes
            watcher.start(change.details.lesson.id, view_id=view_id, user_id=change.asked.user_id)
        else:
            message = confirmations.build_trying_again(
                change.details, reader=change.reader, count=change.result, now=change.now
            )
            desk.answer(change.asked, message)
        await ack()

    @app.action(Action.BOOK.value)
    async def book(ack: Ack, body: dict[str, Any]) -> None:
        asked = read_asked(body)
        if asked is not None:
            await open_form(desk, asked, OpenForm(draft=opening.start_draft(desk, asked.user_id)))
        await ack()


def _read(body: dict[str, Any], action: dict[str, Any]) -> tuple[Asked, Press]:
    """Who pressed what. Raises Outdated for a value that is not understood (any more)."""
    asked, press = read_asked(body), read_press(action.get("value"))
    if asked is None or press is None:
        raise Outdated
    return asked, press


def _find_view(body: dict[str, Any]) -> str | None:
    """The modal in which it was pressed; None: a message."""
    view = body.get("view") or {}
    return str(view["id"]) if view.get("type") == "modal" else None


@dataclass(frozen=True, kw_only=True)
class _Change(Generic[T]):
    """A change that was made: who asked, what came of it, and the lesson as it is now."""

    asked: Asked
    reader: Person
    result: T
    details: LessonDetails
    now: datetime


async def _change(
    desk: Desk, body: dict[str, Any], action: dict[str, Any], work: Callable[[Transaction, lifecycle.Ask], T]
) -> _Change[T]:
    """The listener's one commit: the unit of work for the lesson and revision that the button carries."""
    asked, press = _read(body, action)
    if press.revision is None:
        raise Outdated
    ask = lifecycle.Ask(
        workspace_id=desk.workspace_id,
        lesson_id=press.lesson_id,
        user_id=asked.user_id,
        revision=press.revision,
        policy=desk.policy(),
        now=desk.now(),
    )

    def run(tx: Transaction) -> tuple[T, LessonDetails]:
        return work(tx, ask), tx.lessons.get_details(ask.workspace_id, ask.lesson_id)

    result, details = await desk.store.write(run)
    return _Change(asked=asked, reader=desk.reader(asked.user_id), result=result, details=details, now=ask.now)
