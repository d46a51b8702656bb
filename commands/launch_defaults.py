"""The admins' form of what every launch says, from Home."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.errors import Outdated
from bot.ids import Action, View
from bot.launch_forms import build_launch_form, describe_problems, read_launch_form
from bot.rooms.options import hide_secrets, list_names
from bot.seeing import require_admin
from commands.desk import Desk
from commands.failures import read_asked

Ack = Callable[..., Awaitable[Any]]


def register(app: AsyncApp, desk: Desk) -> None:
    """Name the button and the form."""
    defaults = desk.launch_defaults

    @app.action(Action.LAUNCH_DEFAULTS.value)
    async def open_form(ack: Ack, body: dict[str, Any]) -> None:
        asked, policy = read_asked(body), desk.policy().at(defaults.service)
        if not defaults.is_offered:
            raise Outdated
        if asked is not None and asked.trigger_id is not None:
            person, chosen = await desk.store.read(
                lambda tx: (
                    require_admin(tx, desk.workspace_id, user_id=asked.user_id, policy=policy),
                    defaults.find_chosen(tx, desk.workspace_id, policy.account_id),
                )
            )
            form = build_launch_form(
                hide_secrets(chosen),
                installed=list_names(defaults.installed),
                features=policy.capabilities.features,
                reader=person,
            )
            await desk.delivery.open_view(asked.trigger_id, form)
        await ack()

    @app.view(View.LAUNCH_DEFAULTS.value)
    async def submit(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        user_id, policy, now = str(body["user"]["id"]), desk.policy().at(defaults.service), desk.now()
        person = await desk.store.read(lambda tx: require_admin(tx, desk.workspace_id, user_id=user_id, policy=policy))
        values = (view.get("state") or {}).get("values") or {}
        chosen, problems = read_launch_form(values, reader=person)
        if not problems:
            found = await desk.store.write(
                lambda tx: defaults.save(tx, desk.workspace_id, chosen, user_id=user_id, policy=policy, now=now)
            )
            problems = describe_problems(found)
        if problems:
            await ack(response_action="errors", errors=problems)
            return
        await ack()
