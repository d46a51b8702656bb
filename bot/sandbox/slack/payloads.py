"""The payloads of what people do, as Slack writes them (docs.slack.dev/reference/interaction-payloads). Pure."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack.conversations import Conversation
from bot.sandbox.slack.inputs import keeps_value, name_of_value
from bot.sandbox.slack.messages import Json, Message, Revision
from bot.sandbox.slack.people import User
from bot.sandbox.slack.views import OpenView
from bot.sandbox.slack.workspace import Workspace


def build_interaction(workspace: Workspace, user: User, kind: str) -> Json:
    """What every interaction says."""
    return {
        "type": kind,
        "team": {"id": workspace.team_id, "domain": workspace.domain},
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
        "api_app_id": workspace.app.app_id,
        "token": workspace.app.verification_token,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def build_command(workspace: Workspace, user: User, command: str, text: str, channel: Conversation) -> Json:
    """A slash command's form fields, without trigger and response_url."""
    return {
        "token": workspace.app.verification_token,
        "team_id": workspace.team_id,
        "team_domain": workspace.domain,
        "channel_id": channel.id,
        "channel_name": channel.name,
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": workspace.app.app_id,
        "is_enterprise_install": "false",
    }


def build_action(block: Json, element: Json, *, value: Any, action_ts: str) -> Json:
    """One entry of a block_actions payload's `actions`."""
    action: Json = {"type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"]}
    action["action_ts"] = action_ts
    if keeps_value(element):
        return action | {name_of_value(element): value}
    if element["type"] == "overflow":
        return action | {"selected_option": value}
    return action | {name: element[name] for name in ("text", "value", "style", "url") if name in element}


def build_view_place(view: OpenView) -> Json:
    """Where an action in a view happened."""
    return {"container": {"type": "view", "view_id": view.id}, "view": view.to_json()}


def build_message_place(channel: Conversation, message: Message, revision: Revision) -> Json:
    """Where an action in a message happened. An ephemeral message is not repeated in the payload."""
    is_ephemeral = message.ephemeral_to is not None
    place: Json = {
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": is_ephemeral,
        },
        "channel": {"id": channel.id, "name": channel.name},
        "state": {"values": _read_values(message)},
    }
    if not is_ephemeral:
        place["message"] = message.to_json() | {"text": revision.text, "blocks": revision.blocks}
    return place


def _read_values(message: Message) -> Json:
    values: dict[str, Json] = {}
    for (block_id, action_id), state in message.inputs.items():
        values.setdefault(block_id, {})[action_id] = state
    return values
