"""Block Kit as Slack judges it: every limit and allowed field, so that a stand-in refuses what Slack refuses.

Messages and views are judged whole and every fault is named with its place (a JSON pointer), as Slack does in
`response_metadata.messages`. Pure: it knows no workspace, so whether a user or channel exists is not asked here.
A block or element of which Hallpass makes no use (video, tables, workflow buttons) is refused as unknown.
Limits: docs.slack.dev, Block Kit reference; elements' homes: the "works with block types" of each element's page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from bot.sandbox.shapes import Check, Object, anything, boolean, integer, list_of, one_of, say, string, typed

Json = dict[str, Any]
BLOCKS_IN_MESSAGE = 50
BLOCKS_IN_VIEW = 100
VIEW_BYTES = 250_000  # 250 kB, measured as compact JSON
IDS = 255
SECTION_TEXT = 3000
URL = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE)


class Surface(StrEnum):
    """Where blocks are shown; it decides how many and which."""

    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


def check_blocks(blocks: Any, *, surface: Surface = Surface.MESSAGE) -> list[str]:
    """What Slack would refuse in these blocks, in their order; an empty list when it would take them."""
    return list(_check_blocks(blocks, surface))


def check_view(view: Any) -> list[str]:
    """What Slack would refuse in this modal or Home view; an empty list when it would take it. Size: `is_too_large`."""
    if not isinstance(view, dict):
        return [say("must be an object", "/view")]
    kind = view.get("type")
    if kind == "modal":
        return [*_MODAL(view, "/view"), *_check_modal_rules(view)]
    if kind == "home":
        return [*_HOME(view, "/view"), *_check_blocks(view.get("blocks"), Surface.HOME, "/view/blocks")]
    return [say(f"unsupported type: {kind}", "/view/type")]


def is_too_large(view: Json) -> bool:
    """Is the whole view over 250 kB (`view_too_large`)?"""
    return len(json.dumps(view, separators=(",", ":"), ensure_ascii=False).encode()) > VIEW_BYTES


def list_elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Every interactive element with its block, in order of appearance."""
    for block in blocks:
        if block["type"] == "actions":
            yield from ((block, element) for element in block["elements"])
        elif block["type"] == "input":
            yield block, block["element"]
        elif block["type"] == "section" and block.get("accessory", {}).get("type") not in (None, "image"):
            yield block, block["accessory"]


# -- Composition objects -------------------------------------------------------------------------------------------


def _plain(most: int) -> Check:
    return Object({"type!": one_of("plain_text"), "text!": string(most), "emoji": boolean})


def _text(most: int) -> Check:
    rich = Object({"type!": one_of("mrkdwn"), "text!": string(most), "verbatim": boolean})
    return typed({"plain_text": _plain(most), "mrkdwn": rich}, "text")


_CONFIRM = Object(
    {"title!": _plain(100), "text!": _text(300), "confirm!": _plain(30), "deny!": _plain(30)}
    | {"style": one_of("primary", "danger")}
)


def _option(text: Check) -> Check:
    fields = {"text!": text, "value!": string(150), "description": _text(75), "url": string(3000, pattern=URL)}
    return Object(fields)


_PLAIN_OPTION = _option(_plain(75))
_RICH_OPTION = _option(_text(75))
_OPTION_GROUP = Object({"label!": _plain(75), "options!": list_of(_PLAIN_OPTION, most=100)})
_FILTER = Object(
    {"include": list_of(one_of("im", "mpim", "private", "public"), most=4)}
    | {"exclude_external_shared_channels": boolean, "exclude_bot_users": boolean}
)
_ID = string(IDS)
_DISPATCH = Object(
    {"trigger_actions_on": list_of(one_of("on_enter_pressed", "on_character_entered"), most=2)},
)

# -- Elements ------------------------------------------------------------------------------------------------------

_COMMON: dict[str, Check] = {"type!": anything, "action_id": _ID, "confirm": _CONFIRM, "focus_on_load": boolean}
_SELECT: dict[str, Check] = _COMMON | {"placeholder": _plain(150)}
_MULTI: dict[str, Check] = _SELECT | {"max_selected_items": integer(1, 10_000)}
_IDS: Check = list_of(string(64), most=10_000, least=0)
_OPTIONS: dict[str, Check] = {
    "options": list_of(_PLAIN_OPTION, most=100),
    "option_groups": list_of(_OPTION_GROUP, most=100),
}
_CONVERSATION: dict[str, Check] = {
    "default_to_current_conversation": boolean,
    "filter": _FILTER,
    "response_url_enabled": boolean,
}
_TYPED: dict[str, Check] = {
    "type!": anything,
    "action_id": _ID,
    "placeholder": _plain(150),
    "focus_on_load": boolean,
    "dispatch_action_config": _DISPATCH,
}
_BUTTON = Object(
    {
        "type!": anything,
        "text!": _plain(75),
        "action_id": _ID,
        "url": string(3000, pattern=URL),
        "value": string(2000, least=0),
        "style": one_of("primary", "danger"),
        "confirm": _CONFIRM,
        "accessibility_label": string(75),
    }
)
_IMAGE: dict[str, Check] = {
    "type!": anything,
    "image_url!": string(3000, pattern=URL),
    "alt_text!": string(2000),
}
_PLAIN_INPUT = Object(
    _TYPED
    | {
        "multiline": boolean,
        "initial_value": string(3000, least=0),
        "min_length": integer(0, 3000),
        "max_length": integer(1, 3000),
    }
)
_NUMBER_INPUT = Object(
    _TYPED
    | {
        "is_decimal_allowed!": boolean,
        "initial_value": string(3000, least=0),
        "min_value": string(3000),
        "max_value": string(3000),
    }
)
_TEXT_INPUT = Object(_TYPED | {"initial_value": string(3000, least=0)})

_ELEMENTS: dict[str, Check] = {
    "button": _BUTTON,
    "image": Object(_IMAGE),
    "static_select": Object(_SELECT | _OPTIONS | {"initial_option": _PLAIN_OPTION}),
    "multi_static_select": Object(_MULTI | _OPTIONS | {"initial_options": list_of(_PLAIN_OPTION, most=100)}),
    "users_select": Object(_SELECT | {"initial_user": string(64)}),
    "multi_users_select": Object(_MULTI | {"initial_users": _IDS}),
    "conversations_select": Object(_SELECT | _CONVERSATION | {"initial_conversation": string(64)}),
    "multi_conversations_select": Object(_MULTI | _CONVERSATION | {"initial_conversations": _IDS}),
    "channels_select": Object(_SELECT | {"initial_channel": string(64), "response_url_enabled": boolean}),
    "multi_channels_select": Object(_MULTI | {"initial_channels": _IDS}),
    "overflow": Object(
        {"type!": anything, "action_id": _ID, "options!": list_of(_PLAIN_OPTION, most=5), "confirm": _CONFIRM}
    ),
    "checkboxes": Object(
        _COMMON | {"options!": list_of(_RICH_OPTION, most=10), "initial_options": list_of(_RICH_OPTION, most=10)}
    ),
    "radio_buttons": Object(_COMMON | {"options!": list_of(_RICH_OPTION, most=10), "initial_option": _RICH_OPTION}),
    "datepicker": Object(_SELECT | {"initial_date": string(10, pattern=re.compile(r"\d{4}-\d\d-\d\d"))}),
    "timepicker": Object(
        _SELECT | {"initial_time": string(5, pattern=re.compile(r"\d\d:\d\d")), "timezone": string(64)}
    ),
    "datetimepicker": Object(_COMMON | {"initial_date_time": integer(1_000_000_000, 9_999_999_999)}),
    "plain_text_input": _PLAIN_INPUT,
    "number_input": _NUMBER_INPUT,
    "email_text_input": _TEXT_INPUT,
    "url_text_input": _TEXT_INPUT,
}
_SINGLE_SELECTS = frozenset({"static_select", "users_select", "conversations_select", "channels_select"})
_MULTI_SELECTS = frozenset(f"multi_{kind}" for kind in _SINGLE_SELECTS)
_CHOICES = frozenset({"checkboxes", "radio_buttons"})
_DATES = frozenset({"datepicker", "timepicker"})
_WRITTEN = frozenset({"plain_text_input", "number_input", "email_text_input", "url_text_input"})


def _elements(kinds: frozenset[str], what: str) -> Check:
    return typed({kind: _ELEMENTS[kind] for kind in kinds}, what)


_IN_SECTION = _elements(
    _SINGLE_SELECTS | _MULTI_SELECTS | _CHOICES | _DATES | {"button", "image", "overflow"}, "accessory"
)
_IN_ACTIONS = _elements(_SINGLE_SELECTS | _CHOICES | _DATES | {"button", "overflow", "datetimepicker"}, "element")
_IN_INPUT = _elements(_SINGLE_SELECTS | _MULTI_SELECTS | _CHOICES | _DATES | _WRITTEN | {"datetimepicker"}, "element")
_IN_CONTEXT = typed(
    {"image": _ELEMENTS["image"], "plain_text": _plain(SECTION_TEXT), "mrkdwn": _text(SECTION_TEXT)}, "element"
)

# -- Blocks --------------------------------------------------------------------------------------------------------

_BASE: dict[str, Check] = {"type!": anything, "block_id": _ID}
_BLOCKS: dict[str, Check] = {
    "actions": Object(_BASE | {"elements!": list_of(_IN_ACTIONS, most=25)}),
    "context": Object(_BASE | {"elements!": list_of(_IN_CONTEXT, most=10)}),
    "divider": Object(_BASE),
    "header": Object(_BASE | {"text!": _plain(150)}),
    "image": Object(_BASE | _IMAGE | {"title": _plain(2000)}),
    "input": Object(
        _BASE
        | {
            "label!": _plain(2000),
            "element!": _IN_INPUT,
            "dispatch_action": boolean,
            "hint": _plain(2000),
            "optional": boolean,
        }
    ),
    "section": Object(
        _BASE
        | {
            "text": _text(SECTION_TEXT),
            "fields": list_of(_text(2000), most=10),
            "accessory": _IN_SECTION,
            "expand": boolean,
        }
    ),
    "markdown": Object(_BASE | {"text!": string(12_000)}),
    "rich_text": Object(_BASE | {"elements!": list_of(anything, most=1000)}),
}
_IN_MESSAGE = typed(_BLOCKS, "block")
_IN_VIEW = typed({kind: shape for kind, shape in _BLOCKS.items() if kind != "markdown"}, "block")

_VIEW: dict[str, Check] = {
    "type!": anything,
    "blocks!": anything,
    "private_metadata": string(3000, least=0),
    "callback_id": string(255, least=0),
    "external_id": string(255, least=0),
    "clear_on_close": boolean,
    "notify_on_close": boolean,
}
_MODAL = Object(_VIEW | {"title!": _plain(24), "submit": _plain(24), "close": _plain(24), "submit_disabled": boolean})
_HOME = Object(_VIEW)


def _check_modal_rules(view: Json) -> Iterator[str]:
    blocks = view.get("blocks")
    yield from _check_blocks(blocks, Surface.MODAL, "/view/blocks")
    has_input = isinstance(blocks, list) and any(isinstance(b, dict) and b.get("type") == "input" for b in blocks)
    if has_input and view.get("submit") is None:
        yield say("`submit` is required when an `input` block is in the `blocks` array", "/view/submit")


def _check_blocks(blocks: Any, surface: Surface, where: str = "/blocks") -> Iterator[str]:
    most = BLOCKS_IN_MESSAGE if surface is Surface.MESSAGE else BLOCKS_IN_VIEW
    block = _IN_MESSAGE if surface is Surface.MESSAGE else _IN_VIEW
    faults = list(list_of(block, most=most, least=0)(blocks, where))
    yield from faults
    if not faults:  # the rules between parts speak only of parts that are whole
        yield from _check_ids(blocks, where)
        for place, block in enumerate(blocks):
            yield from _check_block_rules(block, f"{where}/{place}")


def _check_ids(blocks: list[Json], where: str) -> Iterator[str]:
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        block_id = block.get("block_id")
        if isinstance(block_id, str):
            if block_id in seen:
                yield say(f"`block_id` {block_id} already exists", f"{where}/{place}/block_id")
            seen.add(block_id)
        actions = [e.get("action_id") for e in block.get("elements", []) if isinstance(e, dict) and e.get("action_id")]
        if block["type"] == "actions" and len(actions) != len(set(actions)):
            yield say("`action_id` must be unique within its block", f"{where}/{place}/elements")
    focused = [element for _, element in list_elements(blocks) if element.get("focus_on_load")]
    if len(focused) > 1:
        yield say("only one element may have `focus_on_load`", where)


def _check_block_rules(block: Json, where: str) -> Iterator[str]:
    if block["type"] == "section" and block.get("text") is None and not block.get("fields"):
        yield say("missing required field: text or fields", where)
    for _, element in list_elements([block]):
        yield from _check_options(element, where)
        yield from _check_bounds(element, where)


def _check_options(element: Json, where: str) -> Iterator[str]:
    if element["type"] in ("static_select", "multi_static_select"):
        if ("options" in element) == ("option_groups" in element):
            yield say("exactly one of options and option_groups is required", where)
            return
        offered = [*element.get("options", []), *(o for g in element.get("option_groups", []) for o in g["options"])]
    elif element["type"] in _CHOICES:
        offered = element["options"]
    else:
        return
    chosen = [*element.get("initial_options", []), *filter(None, [element.get("initial_option")])]
    if any(option not in offered for option in chosen):
        yield say("initial options must be among the options, exactly", where)


def _check_bounds(element: Json, where: str) -> Iterator[str]:
    most = element.get("max_selected_items")
    for name in ("initial_users", "initial_conversations", "initial_channels", "initial_options"):
        if most is not None and len(element.get(name, [])) > most:
            yield say(f"{name} holds more than max_selected_items", where)
    if element["type"] == "plain_text_input":
        least, longest = element.get("min_length", 0), element.get("max_length", 3000)
        initial = element.get("initial_value") or ""
        if least > longest:
            yield say("min_length is more than max_length", where)
        if len(initial) > longest:
            yield say("initial_value is longer than max_length", where)
