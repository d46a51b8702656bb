"""The admins' form of settings, from Home."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.house_forms import build_house_form, read_house_form
from bot.house_rules import read_house_rules, rules_of, save_house_rules, to_value
from bot.ids import Action, View
from bot.seeing import require_admin
from commands.desk import Desk
from commands.failures import read_asked
from commands.home import publish

Ack = Callable[..., Awaitable[Any]]


def register(app: AsyncApp, desk: Desk) -> None:
    """Name the button and the form."""

    @app.action(Action.HOUSE_RULES.value)
    async def open_form(ack: Ack, body: dict[str, Any]) -> None:
        asked, policy = read_asked(body), desk.policy()
        if asked is not None and asked.trigger_id is not None:
            person, rules = await desk.store.read(
                lambda tx: (
                    require_admin(tx, desk.workspace_id, user_id=asked.user_id, policy=policy),
                    read_house_rules(tx, desk.workspace_id),
                )
            )
            form = build_house_form(to_value(rules), policy.defaults, reach=policy.reach, reader=person)
            await desk.delivery.open_view(asked.trigger_id, form)
        await ack()

    @app.view(View.HOUSE_RULES.value)
    async def submit(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        user_id = str(body["user"]["id"])
        values = (view.get("state") or {}).get("values") or {}
        chosen, problems = read_house_form(values, reader=desk.reader(user_id))
        if problems:
            await ack(response_action="errors", errors=problems)
            return
        policy, now = desk.policy(), desk.now()
        await desk.store.write(
            lambda tx: save_house_rules(
                tx, desk.workspace_id, rules_of(chosen), user_id=user_id, policy=policy, now=now
            )
        )
        desk.run(publish(desk, user_id))
        await ack()
