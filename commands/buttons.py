"""Buttons on cards and messages: one unit of work each, then a private answer where the card alone says too little."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot import confirmations, lifecycle
from bot.errors import Outdated
from bot.ids import Action
from bot.presses import Press, read_press
from commands import opening
from commands.desk import Asked, Desk
from commands.failures import read_asked
from commands.lesson import open_form
from commands.parsing import OpenForm
from commands.watching import Watcher
from storage.records import LessonDetails
from storage.store import Transaction

Ack = Callable[..., Awaitable[Any]]


def register(app: AsyncApp, desk: Desk, watcher: Watcher) -> None:
    """Name every button."""
    workspace_id = desk.workspace_id

    @app.action(Action.JOIN.value)
    async def join(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        """The browser opens by itself; we only note that the link was opened."""
        press = read_press(action.get("value"))
        link_id = press.link_id if press else None
        if press is not None and link_id is not None:
            now = desk.now()
            await desk.store.write(
                lambda tx: lifecycle.note_opened(tx, workspace_id, press.lesson_id, link_id, now=now)
            )
        await ack()

    @app.action(Action.NEW_LINK.value)
    async def new_link(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press = _read(body, action)
        participant_id, number, now = press.participant_id, press.link_number, desk.now()
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
            )
            return tx.lessons.get_details(workspace_id, press.lesson_id)

        details = await desk.store.write(work)
        desk.answer(asked, confirmations.build_new_link(details, reader=desk.reader(asked.user_id), now=now))
        await ack()

    @app.action(Action.EXTEND.value)
    async def extend(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press = _read(body, action)
        policy, now = desk.policy(), desk.now()

        def work(tx: Transaction) -> tuple[lifecycle.Extended, LessonDetails]:
            extended = lifecycle.extend(
                tx,
                workspace_id,
                press.lesson_id,
                user_id=asked.user_id,
                revision=_revision(press),
                policy=policy,
                now=now,
            )
            return extended, tx.lessons.get_details(workspace_id, press.lesson_id)

        extended, details = await desk.store.write(work)
        reader = desk.reader(asked.user_id)
        desk.answer(
            asked, confirmations.build_extended(details, reader=reader, relinked_count=extended.relinked_count, now=now)
        )
        await ack()

    @app.action(Action.LET_END.value)
    async def let_end(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press = _read(body, action)
        policy, now = desk.policy(), desk.now()

        def work(tx: Transaction) -> LessonDetails:
            lifecycle.let_end(
                tx,
                workspace_id,
                press.lesson_id,
                user_id=asked.user_id,
                revision=_revision(press),
                policy=policy,
                now=now,
            )
            return tx.lessons.get_details(workspace_id, press.lesson_id)

        details = await desk.store.write(work)
        desk.answer(asked, confirmations.build_let_end(details, reader=desk.reader(asked.user_id), now=now))
        await ack()

    @app.action(Action.CANCEL.value)
    async def cancel(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press = _read(body, action)
        policy, now = desk.policy(), desk.now()

        def work(tx: Transaction) -> tuple[lifecycle.Cancelled, LessonDetails]:
            cancelled = lifecycle.cancel(
                tx,
                workspace_id,
                press.lesson_id,
                user_id=asked.user_id,
                revision=_revision(press),
                policy=policy,
                now=now,
            )
            return cancelled, tx.lessons.get_details(workspace_id, press.lesson_id)

        cancelled, details = await desk.store.write(work)
        desk.answer(
            asked,
            confirmations.build_cancelled(
                details,
                reader=desk.reader(asked.user_id),
                told_count=cancelled.told_count,
                valid_count=cancelled.valid_count,
                valid_until=cancelled.valid_until,
                now=now,
            ),
        )
        await ack()

    @app.action(Action.TRY_AGAIN.value)
    async def try_again(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press = _read(body, action)
        policy, now = desk.policy(), desk.now()

        def work(tx: Transaction) -> tuple[int, LessonDetails]:
            count = lifecycle.try_again(
                tx, workspace_id, press.lesson_id, user_id=asked.user_id, policy=policy, now=now
            )
            return count, tx.lessons.get_details(workspace_id, press.lesson_id)

        count, details = await desk.store.write(work)
        reader = desk.reader(asked.user_id)
        if view_id := _find_view(body):  # pressed in the form's result: that shows how it goes
            watcher.start(press.lesson_id, view_id=view_id, user_id=asked.user_id)
        else:
            desk.answer(asked, confirmations.build_trying_again(details, reader=reader, count=count, now=now))
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


def _revision(press: Press) -> int:
    if press.revision is None:
        raise Outdated
    return press.revision
