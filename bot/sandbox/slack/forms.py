"""What Slack's client does with a form before and after sending it: finds a field, complains, shows errors. Pure."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack.inputs import ImpossibleInput, find_complaint
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.refusals import Refused
from bot.sandbox.slack.views import OpenView


def find_field(view: OpenView, block_id: str) -> tuple[Json, Json]:
    """The field in that block, with the block; ImpossibleInput where there is none."""
    found = [(block, element) for block, element in view.list_fields() if block["block_id"] == block_id]
    if not found:
        names = ", ".join(block["block_id"] for block, _ in view.list_fields()) or "none"
        raise ImpossibleInput(f"There is no field {block_id} here, only: {names}.")
    return found[0]


def find_complaints(view: OpenView) -> dict[str, str]:
    """What keeps Slack's client from sending the form, by block: the app never hears of it."""
    complaints: dict[str, str] = {}
    for block, element in view.list_fields():
        if block["type"] == "input":
            value = view.inputs[block["block_id"], element["action_id"]]
            complaint = find_complaint(element, value, is_optional=bool(block.get("optional")))
            if complaint is not None:
                complaints[block["block_id"]] = complaint
    return complaints


def check_errors(view: OpenView, errors: Any) -> dict[str, str]:
    """Errors belong to input blocks of this very view; anything else Slack cannot show."""
    places = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not all(isinstance(text, str) for text in errors.values()):
        raise Refused("invalid_errors")
    if not set(errors) <= places:
        raise Refused("invalid_errors")
    return dict(errors)
