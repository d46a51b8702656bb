"""The admins' form of settings, from Home, and what was changed in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.blocks import Block
from bot.errors import SlackError
from bot.house_changes import LATEST, build_house_changes
from bot.house_forms import build_house_form, describe_unknown_group, read_house_form
from bot.house_rules import NAME, read_house_rules, rules_of, save_house_rules, to_value
from bot.ids import Action, View
from bot.launch_defaults import NAME as LAUNCHES
from bot.seeing import require_admin
from commands.desk import Desk
from commands.failures import read_asked
from commands.open_homes import OpenHomes
from storage.records import AuditEntry, Person, PersonId
from storage.store import Transaction

Ack = Callable[..., Awaitable[Any]]

GROUPS_WITHIN = timedelta(seconds=1)
"""Slack lists its user groups in this time, or their handles are typed: the trigger of a form lives three seconds."""


def register(app: AsyncApp, desk: Desk, homes: OpenHomes) -> None:
    """Name the buttons and the form."""

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
            groups = await _list_groups(desk)
            form = build_house_form(to_value(rules), policy.defaults, reach=policy.reach, groups=groups, reader=person)
            await desk.delivery.open_view(asked.trigger_id, form)
        await ack()

    @app.action(Action.HOUSE_CHANGES.value)
    async def show_changes(ack: Ack, body: dict[str, Any]) -> None:
        asked = read_asked(body)
        if asked is not None and asked.trigger_id is not None:
            await desk.delivery.open_view(asked.trigger_id, await _build_changes(desk, asked.user_id))
        await ack()

    @app.view(View.HOUSE_RULES.value)
    async def submit(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        user_id, policy, now = str(body["user"]["id"]), desk.policy(), desk.now()
        person = await desk.store.read(lambda tx: require_admin(tx, desk.workspace_id, user_id=user_id, policy=policy))
        values = (view.get("state") or {}).get("values") or {}
        chosen, problems = read_house_form(values, groups=await _list_groups(desk), reader=person)
        rules = rules_of(chosen)
        if not problems and (unknown := await _find_unknown(desk, rules.booker_groups)):
            problems = {"booker_groups": describe_unknown_group(unknown, reader=person)}
        if problems:
            await ack(response_action="errors", errors=problems)
            return
        await desk.store.write(
            lambda tx: save_house_rules(tx, desk.workspace_id, rules, user_id=user_id, policy=policy, now=now)
        )
        desk.run(homes.publish(user_id))
        homes.note_house_rules()
        await ack()


async def _build_changes(desk: Desk, user_id: str) -> Block:
    policy = desk.policy()

    def read(tx: Transaction) -> tuple[Person, list[AuditEntry], dict[PersonId, str]]:
        person = require_admin(tx, desk.workspace_id, user_id=user_id, policy=policy)
        found = [
            *tx.audit.list_latest(desk.workspace_id, NAME, limit=LATEST),
            *tx.audit.list_latest(desk.workspace_id, LAUNCHES, limit=LATEST),
        ]
        entries = sorted(found, key=lambda entry: (entry.at, entry.id), reverse=True)[:LATEST]
        actors = {entry.actor for entry in entries if entry.actor is not None}
        return person, entries, {actor: tx.people.get(desk.workspace_id, actor).name for actor in actors}

    person, entries, names = await desk.store.read(read)
    return build_house_changes(
        entries, names=names, name_group=desk.directory.peek_group_name, reader=person, now=desk.now()
    )


async def _list_groups(desk: Desk) -> Mapping[str, str] | None:
    """The workspace's user groups, handles by id. None: Slack does not say, or not in time."""
    try:
        async with asyncio.timeout(GROUPS_WITHIN.total_seconds()):
            return await desk.directory.list_group_names()
    except (SlackError, TimeoutError):
        return None


async def _find_unknown(desk: Desk, group_ids: Iterable[str]) -> list[str]:
    """Those of whom Slack does not say who is in them; of the others the directory knows it from now on."""

    async def is_known(group_id: str) -> bool:
        try:
            async with asyncio.timeout(GROUPS_WITHIN.total_seconds()):
                await desk.directory.list_group(group_id)
        except (SlackError, TimeoutError):
            return False
        return True

    wanted = list(group_ids)
    answers = await asyncio.gather(*map(is_known, wanted))
    return [desk.directory.peek_group_name(one) for one, known in zip(wanted, answers, strict=True) if not known]
