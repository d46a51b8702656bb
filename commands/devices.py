"""*Another device*: a second way in for who pressed it, made after the listener has returned and answered privately."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp

from bot import devices, places
from bot.devices import DeviceAnswer
from bot.errors import Outdated, Refused, RoomServiceError
from bot.ids import Action
from bot.presses import read_press
from bot.replies import describe_refusal
from commands.desk import Asked, Desk
from commands.failures import read_asked

log = structlog.get_logger("hallpass.commands")

Ack = Callable[..., Awaitable[Any]]


def register(app: AsyncApp, desk: Desk) -> None:
    """Name the button."""

    @app.action(Action.DEVICE.value)
    async def another_device(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press, now = read_asked(body), read_press(action.get("value")), desk.now()
        participant_id = press.participant_id if press else None
        if asked is None or press is None or participant_id is None:
            raise Outdated
        answer = await desk.store.read(
            lambda tx: devices.ask(
                tx,
                desk.workspace_id,
                press.lesson_id,
                participant_id=participant_id,
                user_id=asked.user_id,
                now=now,
            )
        )
        desk.run(_answer(desk, asked, answer))
        await ack()


async def _answer(desk: Desk, asked: Asked, answer: DeviceAnswer) -> None:
    """Make the link where there is none yet, and hand it over."""
    details, seat = answer.details, answer.seat
    try:
        link = answer.link or await desk.make_device_link(details, seat, answer.device)
    except RoomServiceError as error:
        log.warning("device_not_launched", lesson=details.lesson.id, error=str(error))
        await desk.answer_now(asked, places.build_device_failure(details, seat, now=desk.now()))
        return
    except Refused as refused:
        await desk.answer_now(asked, describe_refusal(refused, seat.person, now=desk.now()))
        return
    join_url = desk.drawer.unseal(link)
    if join_url is None:
        await desk.answer_now(asked, describe_refusal(Outdated(), seat.person, now=desk.now()))
        return
    await desk.answer_now(asked, places.build_device_link(details, seat, link, join_url=join_url, now=desk.now()))
