"""The overflow menu of the leader's card: one action id, many choices, each with a handler of its own.

Here is only the switch. What a choice does is its own module's; it is put here by `Menu.on` when listeners are named,
and offered on the card by `bot/cards.py`. A choice that nobody answers (an old card's) is outdated.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.errors import Outdated
from bot.ids import Action, Choice
from bot.presses import Press, read_press
from commands.desk import Asked
from commands.failures import read_asked

Ack = Callable[..., Awaitable[Any]]
Handler = Callable[[Asked, Press], Awaitable[None]]
"""Is given who chose, with a trigger to spend, and the lesson with the revision that the card showed."""


class Menu:
    """Which handler answers which choice."""

    def __init__(self) -> None:
        self._handlers: dict[Choice, Handler] = {}

    def on(self, choice: Choice, handler: Handler) -> None:
        """From now on this answers the choice."""
        self._handlers[choice] = handler

    def find(self, value: str | None) -> Handler | None:
        """The handler of an option's value; None: nobody answers it (any more)."""
        return self._handlers.get(Choice(value)) if value in {choice.value for choice in Choice} else None


def register(app: AsyncApp, menu: Menu) -> None:
    """Name the menu's one action."""

    @app.action(Action.MORE.value)
    async def choose(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press = read_asked(body), read_press(action.get("block_id"))
        handler = menu.find((action.get("selected_option") or {}).get("value"))
        if asked is None or press is None or handler is None:
            raise Outdated
        await handler(asked, press)
        await ack()
