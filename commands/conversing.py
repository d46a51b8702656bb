"""What people type to Hallpass in its Messages tab: the word *link* gives them their way in, anything else some help.

The answer is shown to them in that conversation and not kept there: a link that stayed would outlive its lesson. Each
message is answered once, however often Slack tells of it (it repeats what was not acknowledged in time, for some six
minutes); which ones were answered is kept in memory, since after a restart one more answer harms nobody. Bots, edits
and our own messages are not answered, so that no two programs talk to each other for ever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp

from bot.replies import build_conversation_help
from commands.desk import Desk
from commands.lesson import find_link

log = structlog.get_logger("hallpass.commands")

REMEMBERED = 1000
"""Events that were answered last: far more than come in the minutes for which Slack repeats one."""
SAID_BY_PEOPLE = frozenset({None, "file_share", "thread_broadcast"})
"""Subtypes of a message that somebody just wrote; edits, deletions and joins have others."""


@dataclass(frozen=True, kw_only=True)
class Typed:
    """Somebody wrote to us."""

    user_id: str
    conversation: str
    text: str
    thread_ts: str | None  # where they answered below a message of ours


def read_typed(event: Mapping[str, Any], *, bot_user_id: str | None) -> Typed | None:
    """The message, if a person wrote it to us just now; None: not one to answer."""
    user_id, conversation = event.get("user"), event.get("channel")
    if event.get("channel_type") != "im" or event.get("subtype") not in SAID_BY_PEOPLE:
        return None
    if event.get("bot_id") or event.get("edited") or event.get("hidden") or user_id in (bot_user_id, "USLACKBOT"):
        return None
    if not isinstance(user_id, str) or not isinstance(conversation, str):
        return None
    thread_ts = event.get("thread_ts")
    return Typed(
        user_id=user_id,
        conversation=conversation,
        text=str(event.get("text") or ""),
        thread_ts=str(thread_ts) if thread_ts else None,
    )


def asks_for_link(text: str) -> bool:
    """Whether the word is in it, in any case: "Link", "my link please?"."""
    return re.search(r"\blinks?\b", text, re.IGNORECASE) is not None


class Answered:
    """Which events were answered already; the oldest are forgotten."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def note(self, event_id: str) -> bool:
        """True the first time."""
        if event_id in self._ids:
            return False
        self._ids[event_id] = None
        if len(self._ids) > REMEMBERED:
            del self._ids[next(iter(self._ids))]
        return True


def register(app: AsyncApp, desk: Desk) -> None:
    """Name the event."""
    answered = Answered()

    @app.event("message")
    async def hear(event: dict[str, Any], body: dict[str, Any], context: dict[str, Any]) -> None:
        typed = read_typed(event, bot_user_id=context.get("bot_user_id"))
        if typed is not None and answered.note(str(body.get("event_id") or event.get("ts"))):
            desk.run(answer(desk, typed))


async def answer(desk: Desk, typed: Typed) -> None:
    """Show them their way in, or what can be typed."""
    reader = await desk.look_up_reader(typed.user_id)
    if asks_for_link(typed.text):
        message = await find_link(desk, typed.user_id)
    else:
        message = build_conversation_help(reader, can_book=desk.policy().may_book(reader), now=desk.now())
    await desk.delivery.post_ephemeral(
        typed.conversation, typed.user_id, message.text, message.blocks, thread_ts=typed.thread_ts
    )
