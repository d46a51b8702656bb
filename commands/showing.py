"""A lesson looked at: its summary from Home, and for admins its board and its history."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.blocks import Block
from bot.boards import build_lesson_view
from bot.errors import NotAllowed, Outdated
from bot.ids import Action
from bot.presses import read_press
from bot.seeing import Seen, see
from bot.watchers import rights_of
from commands.desk import Desk
from commands.failures import read_asked

Ack = Callable[..., Awaitable[Any]]


def register(app: AsyncApp, desk: Desk) -> None:
    """Name the buttons that open a lesson."""

    @app.action(Action.SUMMARY.value)
    @app.action(Action.SHOW_LESSON.value)
    async def show(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press = read_asked(body), read_press(action.get("value"))
        if asked is None or press is None or asked.trigger_id is None:
            raise Outdated
        policy = desk.policy()
        seen = await desk.store.read(
            lambda tx: see(tx, desk.workspace_id, press.lesson_id, user_id=asked.user_id, policy=policy)
        )
        if action["action_id"] == Action.SHOW_LESSON.value and not seen.is_admin:
            raise NotAllowed("administer")
        view = _build(desk, seen)
        is_in_form = (body.get("view") or {}).get("type") == "modal"
        open_it = desk.delivery.push_view if is_in_form else desk.delivery.open_view
        await open_it(asked.trigger_id, view)
        await ack()


def _build(desk: Desk, seen: Seen) -> Block:
    watchers = desk.policy().watchers
    return build_lesson_view(
        seen.details,
        reader=seen.person,
        runs=seen.runs,
        history=seen.history,
        names=seen.names,
        service_name=desk.policy().at(seen.details.service).service_name,
        now=desk.now(),
        rights=rights_of(seen.details, seen.person, watchers=watchers, is_admin=seen.is_admin),
    )
