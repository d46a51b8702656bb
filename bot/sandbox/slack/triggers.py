"""Trigger ids: the right to open one view, for three seconds, once."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.slack.refusals import Refused

LIFETIME = timedelta(seconds=3)


@dataclass(kw_only=True)
class Trigger:
    """Given to the app with something that a person did. `view_id`: they did it inside that open view."""

    user_id: str
    view_id: str | None
    expires_at: datetime
    is_spent: bool = False


class Triggers:
    """Every trigger id ever given out."""

    def __init__(self, machine_now: Callable[[], datetime]) -> None:
        self._machine_now = machine_now
        self._given: dict[str, Trigger] = {}

    def issue(self, user_id: str, *, view_id: str | None = None) -> str:
        """A new trigger id for what this person just did."""
        trigger_id = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._given[trigger_id] = Trigger(user_id=user_id, view_id=view_id, expires_at=self._machine_now() + LIFETIME)
        return trigger_id

    def spend(self, trigger_id: str) -> Trigger:
        """Use it up. Refused when unknown, used before, or older than three seconds."""
        trigger = self._given.get(trigger_id)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.is_spent:
            raise Refused("exchanged_trigger_id")
        if self._machine_now() >= trigger.expires_at:
            raise Refused("expired_trigger_id")
        trigger.is_spent = True
        return trigger
