"""Block Kit as Slack judges it: every limit and allowed field, so that a stand-in refuses what Slack refuses.

Messages and views are judged whole and every fault is named with its place (a JSON pointer), as Slack does in
`response_metadata.messages`. Pure: it knows no workspace, so whether a user or channel exists is not asked here.
A block or element of which Hallpass makes no use (video, tables, workflow buttons) is refused as unknown.
Limits: docs.slack.dev, Block Kit reference; elements' homes: the "works with block types" of each element's page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Json = dict[str, Any]
Check = Callable[[Any, str], Iterator[str]]
"""Judges one value at one place, and yields what is wrong with it."""

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
        return [_say("must be an object", "/view")]
    kind = view.get("type")
    if kind == "modal":
        return [*_MODAL(view, "/view"), *_check_modal_rules(view)]
    if kind == "home":
        return [*_HOME(view, "/view"), *_check_blocks(view.get("blocks"), Surface.HOME, "/view/blocks")]
    return [_say(f"unsupported type: {kind}", "/view/type")]


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


def _say(what: str, where: str) -> str:
    return f"{what} [json-pointer:{where}]"


# -- Values --------------------------------------------------------------------------------------------------------


def _string(most: int, *, least: int = 1, pattern: re.Pattern[str] | None = None) -> Check:
    def check(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield _say("must be a string", where)
        elif len(value) < least:
            yield _say(f"must be more than {least - 1} characters", where)
        elif len(value) > most:
            yield _say(f"must be less than {most + 1} characters", where)
        elif pattern is not None and not pattern.fullmatch(value):
            yield _say("failed to match the required pattern", where)

    return check


def _boolean(value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield _say("must be a boolean", where)


def _integer(lowest: int, highest: int) -> Check:
    def check(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield _say("must be an integer", where)
        elif not lowest <= value <= highest:
            yield _say(f"must be between {lowest} and {highest}", where)

    return check


def _one_of(*allowed: str) -> Check:
    def check(value: Any, where: str) -> Iterator[str]:
        if value not in allowed:
            yield _say(f"must be one of: {', '.join(allowed)}", where)

    return check


def _list(item: Check, *, most: int, least: int = 1) -> Check:
    def check(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield _say("must be an array", where)
            return
        if len(value) < least:
            yield _say(f"no fewer than {least} items allowed", where)
        if len(value) > most:
            yield _say(f"no more than {most} items allowed", where)
        for place, part in enumerate(value):
            yield from item(part, f"{where}/{place}")

    return check


@dataclass(frozen=True)
class _Object:
    """An object with exactly these fields; a name ending in `!` is required."""

    fields: Mapping[str, Check]

    def __call__(self, value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield _say("must be an object", where)
            return
        known = {name.rstrip("!"): check for name, check in self.fields.items()}
        for name in self.fields:
            if name.endswith("!") and value.get(name[:-1]) is None:
                yield _say(f"missing required field: {name[:-1]}", where)
        for name, part in value.items():
            if name not in known:
                yield _say(f"invalid additional property: {name}", where)
            elif part is not None:
                yield from known[name](part, f"{where}/{name}")


def _typed(shapes: Mapping[str, Check], what: str) -> Check:
    def check(value: Any, where: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in shapes:
            yield _say(f"unsupported type for {what}: {kind}", where)
        else:
            yield from shapes[kind](value, where)

    return check


def _anything(value: Any, where: str) -> Iterator[str]:
    yield from ()


# -- Composition objects -------------------------------------------------------------------------------------------


def _plain(most: int) -> Check:
    return _Object({"type!": _one_of("plain_text"), "text!": _string(most), "emoji": _boolean})


def _text(most: int) -> Check:
    rich = _Object({"type!": _one_of("mrkdwn"), "text!": _string(most), "verbatim": _boolean})
    return _typed({"plain_text": _plain(most), "mrkdwn": rich}, "text")


_CONFIRM = _Object(
    {"title!": _plain(100), "text!": _text(300), "confirm!": _plain(30), "deny!": _plain(30)}
    | {"style": _one_of("primary", "danger")}
)


def _option(text: Check) -> Check:
    fields = {"text!": text, "value!": _string(150), "description": _text(75), "url": _string(3000, pattern=URL)}
    return _Object(fields)


_PLAIN_OPTION = _option(_plain(75))
_RICH_OPTION = _option(_text(75))
_OPTION_GROUP = _Object({"label!": _plain(75), "options!": _list(_PLAIN_OPTION, most=100)})
_FILTER = _Object(
    {"include": _list(_one_of("im", "mpim", "private", "public"), most=4)}
    | {"exclude_external_shared_channels": _boolean, "exclude_bot_users": _boolean}
)
_ID = _string(IDS)
_DISPATCH = _Object(
    {"trigger_actions_on": _list(_one_of("on_enter_pressed", "on_character_entered"), most=2)},
)

# -- Elements ------------------------------------------------------------------------------------------------------

_COMMON: dict[str, Check] = {"type!": _anything, "action_id": _ID, "confirm": _CONFIRM, "focus_on_load": _boolean}
_SELECT: dict[str, Check] = _COMMON | {"placeholder": _plain(150)}
_MULTI: dict[str, Check] = _SELECT | {"max_selected_items": _integer(1, 10_000)}
_IDS: Check = _list(_string(64), most=10_000, least=0)
_OPTIONS: dict[str, Check] = {
    "options": _list(_PLAIN_OPTION, most=100),
    "option_groups": _list(_OPTION_GROUP, most=100),
}
_CONVERSATION: dict[str, Check] = {
    "default_to_current_conversation": _boolean,
    "filter": _FILTER,
    "response_url_enabled": _boolean,
}
_TYPED: dict[str, Check] = {
    "type!": _anything,
    "action_id": _ID,
    "placeholder": _plain(150),
    "focus_on_load": _boolean,
    "dispatch_action_config": _DISPATCH,
}
_BUTTON = _Object(
    {
        "type!": _anything,
        "text!": _plain(75),
        "action_id": _ID,
        "url": _string(3000, pattern=URL),
        "value": _string(2000, least=0),
        "style": _one_of("primary", "danger"),
        "confirm": _CONFIRM,
        "accessibility_label": _string(75),
    }
)
_IMAGE: dict[str, Check] = {
    "type!": _anything,
    "image_url!": _string(3000, pattern=URL),
    "alt_text!": _string(2000),
}
_PLAIN_INPUT = _Object(
    _TYPED
    | {
        "multiline": _boolean,
        "initial_value": _string(3000, least=0),
        "min_length": _integer(0, 3000),
        "max_length": _integer(1, 3000),
    }
)
_NUMBER_INPUT = _Object(
    _TYPED
    | {
        "is_decimal_allowed!": _boolean,
        "initial_value": _string(3000, least=0),
        "min_value": _string(3000),
        "max_value": _string(3000),
    }
)
_TEXT_INPUT = _Object(_TYPED | {"initial_value": _string(3000, least=0)})

_ELEMENTS: dict[str, Check] = {
    "button": _BUTTON,
    "image": _Object(_IMAGE),
    "static_select": _Object(_SELECT | _OPTIONS | {"initial_option": _PLAIN_OPTION}),
    "multi_static_select": _Object(_MULTI | _OPTIONS | {"initial_options": _list(_PLAIN_OPTION, most=100)}),
    "users_select": _Object(_SELECT | {"initial_user": _string(64)}),
    "multi_users_select": _Object(_MULTI | {"initial_users": _IDS}),
    "conversations_select": _Object(_SELECT | _CONVERSATION | {"initial_conversation": _string(64)}),
    "multi_conversations_select": _Object(_MULTI | _CONVERSATION | {"initial_conversations": _IDS}),
    "channels_select": _Object(_SELECT | {"initial_channel": _string(64), "response_url_enabled": _boolean}),
    "multi_channels_select": _Object(_MULTI | {"initial_channels": _IDS}),
    "overflow": _Object(
        {"type!": _anything, "action_id": _ID, "options!": _list(_PLAIN_OPTION, most=5), "confirm": _CONFIRM}
    ),
    "checkboxes": _Object(
        _COMMON | {"options!": _list(_RICH_OPTION, most=10), "initial_options": _list(_RICH_OPTION, most=10)}
    ),
    "radio_buttons": _Object(_COMMON | {"options!": _list(_RICH_OPTION, most=10), "initial_option": _RICH_OPTION}),
    "datepicker": _Object(_SELECT | {"initial_date": _string(10, pattern=re.compile(r"\d{4}-\d\d-\d\d"))}),
    "timepicker": _Object(
        _SELECT | {"initial_time": _string(5, pattern=re.compile(r"\d\d:\d\d")), "timezone": _string(64)}
    ),
    "datetimepicker": _Object(_COMMON | {"initial_date_time": _integer(1_000_000_000, 9_999_999_999)}),
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
    return _typed({kind: _ELEMENTS[kind] for kind in kinds}, what)


_IN_SECTION = _elements(
    _SINGLE_SELECTS | _MULTI_SELECTS | _CHOICES | _DATES | {"button", "image", "overflow"}, "accessory"
)
_IN_ACTIONS = _elements(_SINGLE_SELECTS | _CHOICES | _DATES | {"button", "overflow", "datetimepicker"}, "element")
_IN_INPUT = _elements(_SINGLE_SELECTS | _MULTI_SELECTS | _CHOICES | _DATES | _WRITTEN | {"datetimepicker"}, "element")
_IN_CONTEXT = _typed(
    {"image": _ELEMENTS["image"], "plain_text": _plain(SECTION_TEXT), "mrkdwn": _text(SECTION_TEXT)}, "element"
)

# -- Blocks --------------------------------------------------------------------------------------------------------

_BASE: dict[str, Check] = {"type!": _anything, "block_id": _ID}
_BLOCKS: dict[str, Check] = {
    "actions": _Object(_BASE | {"elements!": _list(_IN_ACTIONS, most=25)}),
    "context": _Object(_BASE | {"elements!": _list(_IN_CONTEXT, most=10)}),
    "divider": _Object(_BASE),
    "header": _Object(_BASE | {"text!": _plain(150)}),
    "image": _Object(_BASE | _IMAGE | {"title": _plain(2000)}),
    "input": _Object(
        _BASE
        | {
            "label!": _plain(2000),
            "element!": _IN_INPUT,
            "dispatch_action": _boolean,
            "hint": _plain(2000),
            "optional": _boolean,
        }
    ),
    "section": _Object(
        _BASE
        | {
            "text": _text(SECTION_TEXT),
            "fields": _list(_text(2000), most=10),
            "accessory": _IN_SECTION,
            "expand": _boolean,
        }
    ),
    "markdown": _Object(_BASE | {"text!": _string(12_000)}),
    "rich_text": _Object(_BASE | {"elements!": _list(_anything, most=1000)}),
}
_ONLY_IN_MESSAGES = frozenset({"markdown"})

_VIEW: dict[str, Check] = {
    "type!": _anything,
    "blocks!": _anything,
    "private_metadata": _string(3000, least=0),
    "callback_id": _string(255, least=0),
    "external_id": _string(255, least=0),
    "clear_on_close": _boolean,
    "notify_on_close": _boolean,
}
_MODAL = _Object(_VIEW | {"title!": _plain(24), "submit": _plain(24), "close": _plain(24), "submit_disabled": _boolean})
_HOME = _Object(_VIEW)


def _check_modal_rules(view: Json) -> Iterator[str]:
    blocks = view.get("blocks")
    yield from _check_blocks(blocks, Surface.MODAL, "/view/blocks")
    has_input = isinstance(blocks, list) and any(isinstance(b, dict) and b.get("type") == "input" for b in blocks)
    if has_input and view.get("submit") is None:
        yield _say("`submit` is required when an `input` block is in the `blocks` array", "/view/submit")


def _check_blocks(blocks: Any, surface: Surface, where: str = "/blocks") -> Iterator[str]:
    most = BLOCKS_IN_MESSAGE if surface is Surface.MESSAGE else BLOCKS_IN_VIEW
    shapes = {k: c for k, c in _BLOCKS.items() if surface is Surface.MESSAGE or k not in _ONLY_IN_MESSAGES}
    faults = list(_list(_typed(shapes, "block"), most=most, least=0)(blocks, where))
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
                yield _say(f"`block_id` {block_id} already exists", f"{where}/{place}/block_id")
            seen.add(block_id)
        actions = [e.get("action_id") for e in block.get("elements", []) if isinstance(e, dict) and e.get("action_id")]
        if block["type"] == "actions" and len(actions) != len(set(actions)):
            yield _say("`action_id` must be unique within its block", f"{where}/{place}/elements")
    focused = [element for _, element in list_elements(blocks) if element.get("focus_on_load")]
    if len(focused) > 1:
        yield _say("only one element may have `focus_on_load`", where)


def _check_block_rules(block: Json, where: str) -> Iterator[str]:
    if block["type"] == "section" and block.get("text") is None and not block.get("fields"):
        yield _say("missing required field: text or fields", where)
    for _, element in list_elements([block]):
        yield from _check_options(element, where)
        yield from _check_bounds(element, where)


def _check_options(element: Json, where: str) -> Iterator[str]:
    if element["type"] in ("static_select", "multi_static_select"):
        if ("options" in element) == ("option_groups" in element):
            yield _say("exactly one of options and option_groups is required", where)
            return
        offered = [*element.get("options", []), *(o for g in element.get("option_groups", []) for o in g["options"])]
    elif element["type"] in _CHOICES:
        offered = element["options"]
    else:
        return
    chosen = [*element.get("initial_options", []), *filter(None, [element.get("initial_option")])]
    if any(option not in offered for option in chosen):
        yield _say("initial options must be among the options, exactly", where)


def _check_bounds(element: Json, where: str) -> Iterator[str]:
    most = element.get("max_selected_items")
    for name in ("initial_users", "initial_conversations", "initial_channels", "initial_options"):
        if most is not None and len(element.get(name, [])) > most:
            yield _say(f"{name} holds more than max_selected_items", where)
    if element["type"] == "plain_text_input":
        least, longest = element.get("min_length", 0), element.get("max_length", 3000)
        initial = element.get("initial_value") or ""
        if least > longest:
            yield _say("min_length is more than max_length", where)
        if len(initial) > longest:
            yield _say("initial_value is longer than max_length", where)
