"""*I'll be there*, *I can't come*, *Running late* on a participant's card."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot import replying
from bot.attending import ANSWER_OF, build_replied
from bot.errors import Outdated
from bot.ids import Action
from bot.presses import read_press
from commands.desk import Desk
from commands.failures import read_asked
from storage.records import Reply

Ack = Callable[..., Awaitable[Any]]


def register(app: AsyncApp, desk: Desk) -> None:
    """Name the three buttons."""

    @app.action(Action.REPLY_COMING.value)
    @app.action(Action.REPLY_NOT_COMING.value)
    @app.action(Action.REPLY_LATE.value)
    async def reply(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press, now = read_asked(body), read_press(action.get("value")), desk.now()
        if asked is None or press is None or press.participant_id is None or press.reply not in set(Reply):
            raise Outdated
        answering = replying.Answering(
            workspace_id=desk.workspace_id,
            lesson_id=press.lesson_id,
            participant_id=press.participant_id,
            user_id=asked.user_id,
            answer=ANSWER_OF[Action(action["action_id"])],
            shown=Reply(press.reply),
            now=now,
        )
        replied = await desk.store.write(lambda tx: replying.reply(tx, answering))
        if answering.answer is Reply.NOT_COMING:  # what the card alone says too little about
            reader = desk.reader(asked.user_id)
            desk.answer(asked, build_replied(replied.details, reader=reader, told_count=replied.told_count, now=now))
        await ack()
