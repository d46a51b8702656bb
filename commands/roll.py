"""*See all* on the leader's card, and turning its pages: for those who run the lesson."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot import lifecycle
from bot.blocks import Block
from bot.errors import Outdated
from bot.ids import Action
from bot.presses import read_press
from bot.roll import build_roll
from commands.desk import Desk
from commands.failures import read_asked

Ack = Callable[..., Awaitable[Any]]


def register(app: AsyncApp, desk: Desk) -> None:
    """Name the buttons."""

    @app.action(Action.SEE_ALL.value)
    async def see_all(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        view = await _build(desk, body, action)
        await desk.delivery.open_view(str(body["trigger_id"]), view)
        await ack()

    @app.action(Action.ROLL_BACK.value)
    @app.action(Action.ROLL_ON.value)
    async def turn(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        view = await _build(desk, body, action)
        desk.run(_turn(desk, str(body["view"]["id"]), view))
        await ack()


async def _build(desk: Desk, body: dict[str, Any], action: dict[str, Any]) -> Block:
    """The page that was asked for. Raises NotAllowed for whom the lesson is not theirs to run."""
    asked, press = read_asked(body), read_press(action.get("value"))
    if asked is None or press is None:
        raise Outdated
    ask = lifecycle.Ask(
        workspace_id=desk.workspace_id,
        lesson_id=press.lesson_id,
        user_id=asked.user_id,
        revision=0,  # looking changes nothing, so any card may ask
        policy=desk.policy(),
        now=desk.now(),
    )
    details, person = await desk.store.read(lambda tx: lifecycle.admit(tx, ask, "see"))
    return build_roll(details, reader=person, page=press.page or 0, now=ask.now)


async def _turn(desk: Desk, view_id: str, view: Block) -> None:
    await desk.redraw(view_id, view)
