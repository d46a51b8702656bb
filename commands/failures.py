"""Errors into private replies. Every listener's failure comes here, and the person always learns something.

A refusal is worded for them. Anything else becomes an apology with an id that is also in the log. Bolt is always
answered with 200: anything else shows a warning sign without words, and over Socket Mode nothing at all.
"""

from __future__ import annotations

from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from bot.blocks import Message
from bot.errors import Refused
from bot.home import build_small_view
from bot.ids import Field, View
from bot.replies import build_apology, describe_refusal
from commands.desk import Asked, Desk
from storage.records import Person, new_id

log = structlog.get_logger("hallpass.commands")


def register(app: AsyncApp, desk: Desk) -> None:
    """The last net under every listener."""

    @app.error
    async def answer_failure(error: Exception, body: dict[str, Any]) -> BoltResponse:
        asked = read_asked(body)
        if asked is None:
            log.error("listener_failed", error_id=new_id(), exc_info=error)
            return BoltResponse(status=200, body="")
        reader = desk.reader(asked.user_id)
        if isinstance(error, Refused):
            message = describe_refusal(error, reader, now=desk.now())
        else:
            error_id = new_id()
            log.error("listener_failed", error_id=error_id, exc_info=error)
            message = build_apology(reader, error_id, now=desk.now())
        if body.get("type") == "view_submission":
            return _answer_form(body, message, reader)
        desk.answer(asked, message)
        return BoltResponse(status=200, body="")


def _answer_form(body: dict[str, Any], message: Message, reader: Person) -> BoltResponse:
    """Under the booking form's first field, so that it stays open with everything that was typed; else in its place."""
    view = body.get("view") or {}
    if view.get("callback_id") != View.BOOKING:
        small = build_small_view(message, reader=reader)
        return BoltResponse(status=200, body={"response_action": "update", "view": small})
    errors = {Field.TITLE.value: message.text}
    return BoltResponse(status=200, body={"response_action": "errors", "errors": errors})


def read_asked(body: dict[str, Any]) -> Asked | None:
    """Who asked, from any payload of Slack's."""
    user = body.get("user") or {}
    user_id = body.get("user_id") or (user.get("id") if isinstance(user, dict) else user)
    if not user_id:
        event = body.get("event") or {}
        user_id = event.get("user") if isinstance(event.get("user"), str) else None
        return Asked(user_id=user_id) if user_id else None
    container = body.get("container") or {}
    channel = body.get("channel") or {}
    conversation = container.get("channel_id") or (channel.get("id") if isinstance(channel, dict) else None)
    return Asked(
        user_id=str(user_id),
        response_url=body.get("response_url"),
        conversation=conversation,
        trigger_id=body.get("trigger_id"),
    )
