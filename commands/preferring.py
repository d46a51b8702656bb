"""*Preferences* in the Home tab: its form, and what becomes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.errors import NotAllowed
from bot.ids import Action, Field, View
from bot.preference_form import build_preferences_form, describe_wrong_minutes, read_preferences_form
from bot.preferences import read_preferences, save_preferences
from commands.desk import Desk
from commands.failures import read_asked

Ack = Callable[..., Awaitable[Any]]


def register(app: AsyncApp, desk: Desk) -> None:
    """Name the button and the form."""

    @app.action(Action.PREFERENCES.value)
    async def open_form(ack: Ack, body: dict[str, Any]) -> None:
        asked = read_asked(body)
        person = desk.find_person(asked.user_id) if asked else None
        if asked is not None and asked.trigger_id is not None and person is not None:
            chosen = desk.store.glance(lambda tx: read_preferences(tx, person))
            usual = desk.policy().defaults.remind_before
            form = build_preferences_form(chosen, reader=person, usual=usual, quiet=desk.quiet_hours, now=desk.now())
            await desk.delivery.open_view(asked.trigger_id, form)
        await ack()

    @app.view(View.PREFERENCES.value)
    async def save(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Whose preferences they are is who sends the form, whatever it says."""
        person, now = desk.find_person(str(body["user"]["id"])), desk.now()
        if person is None:
            raise NotAllowed("prefer")
        chosen = read_preferences_form((view.get("state") or {}).get("values") or {})
        if chosen is None:
            errors = {Field.REMIND_BEFORE.value: describe_wrong_minutes(person)}
            await ack(response_action="errors", errors=errors)
            return
        await desk.store.write(lambda tx: save_preferences(tx, person, chosen, now=now))
        await ack()
