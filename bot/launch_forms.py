"""The admins' form of launch options, and its reading: what schools want most by fields, all else as JSON. Pure.

The options are the room service's own words, and whether they are right is its to say: `find_field` tells where in the
form a problem with one of them belongs. Secrets are not here: they come and go hidden (`rooms/options`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.blocks import OPTION_TEXT, VIEW_LABEL, Block, context, plain
from bot.ids import View
from bot.wording import describe_feature
from bot.words import Words, words_for
from storage.records import Person, Role

LAYOUT, GUESTS, REST = "video_layout_mode", "allow_guests", "rest"
TEXTS = ("server", "invite_url", "resource_url")
OFF = {"off_leader": Role.LEADER.value, "off_learner": Role.LEARNER.value}
"""Fields of what is switched off for a role."""
UNSET = "unset"
REST_LENGTH = 3000
"""Slack's limit for a text field."""
PROBLEM_LENGTH = 300


def build_launch_form(
    chosen: Mapping[str, Any], *, installed: Sequence[str], features: Sequence[str], reader: Person
) -> Block:
    """`chosen`: what is set in Home, secrets hidden. `installed`: what the environment sets, by name. `features`: what
    can be switched off, by the service's names.
    """
    words = words_for(reader.locale)
    told = words.mark("What every link says, from the next one on; what a lesson says of itself wins.")
    blocks = [context(told)]
    if installed:
        names = words.join_some(list(installed))
        blocks.append(context(words.mark("Set where Hallpass is installed: {names}. What you set wins.", names=names)))
    layouts = {
        UNSET: words._("As installed"),
        "grid": words._("Grid"),
        "sidebar": words._("Sidebar"),
        "floating": words._("Floating"),
    }
    guests = {UNSET: words._("As installed"), "on": words._("Yes"), "off": words._("No")}
    is_open = chosen.get(GUESTS)
    texts = {
        "server": words._("Region of the rooms’ server"),
        "invite_url": words._("Address behind the room’s Invite"),
        "resource_url": words._("Address of the room’s resources"),
    }
    labels = {
        "off_leader": words._("Switched off for leaders"),
        "off_learner": words._("Switched off for learners"),
    }
    blocks.append(_select(LAYOUT, words._("Pictures are arranged as"), layouts, chosen.get(LAYOUT)))
    opened = None if is_open is None else "on" if is_open else "off"
    blocks.append(_select(GUESTS, words._("Guests without a link may come in"), guests, opened))
    blocks += [_features(name, labels[name], _list_off(chosen, role), features, words) for name, role in OFF.items()]
    blocks += [_text(name, texts[name], str(chosen.get(name) or "")) for name in TEXTS]
    rest = _text(REST, words._("Anything else, as JSON"), _write(_leave_rest(chosen)), is_long=True)
    rest["hint"] = plain(words._("In the room service’s words, like {example}.", example='{"locale": "fr"}'))
    return {
        "type": "modal",
        "callback_id": View.LAUNCH_DEFAULTS.value,
        "title": plain(words._("Rooms"), VIEW_LABEL),
        "submit": plain(words._("Save"), VIEW_LABEL),
        "close": plain(words._("Cancel"), VIEW_LABEL),
        "blocks": [*blocks, rest],
    }


def read_launch_form(values: Mapping[str, Any], *, reader: Person) -> tuple[dict[str, Any], dict[str, str]]:
    """What was chosen, as the options say it, and by field what cannot be read."""
    words = words_for(reader.locale)
    chosen, problem = _read_rest(str(_given(values, REST).get("value") or "").strip(), words)
    if problem:
        return {}, {REST: problem}
    if (layout := _picked(values, LAYOUT)) != UNSET:
        chosen[LAYOUT] = layout
    if (guests := _picked(values, GUESTS)) != UNSET:
        chosen[GUESTS] = guests == "on"
    for name in TEXTS:
        if text := str(_given(values, name).get("value") or "").strip():
            chosen[name] = text
    for name, role in OFF.items():
        off = [str(option.get("value")) for option in _given(values, name).get("selected_options") or []]
        if off:
            own = _object(chosen.get(role))
            chosen[role] = {**own, "features": {**_object(own.get("features")), **dict.fromkeys(off, False)}}
    return chosen, {}


def describe_problems(problems: Mapping[str, str]) -> dict[str, str]:
    """The same by field: what each path's problem is, in the room service's words."""
    by_field: dict[str, list[str]] = {}
    for path, problem in problems.items():
        by_field.setdefault(find_field(path), []).append(f"{path} {problem}.")
    return {name: " ".join(told)[:PROBLEM_LENGTH] for name, told in by_field.items()}


def find_field(path: str) -> str:
    """Where in the form the option of this path is set."""
    if path in (LAYOUT, GUESTS, *TEXTS):
        return path
    return next((name for name, role in OFF.items() if path == f"{role}.features"), REST)


def _read_rest(text: str, words: Words) -> tuple[dict[str, Any], str]:
    try:
        rest = json.loads(text or "{}")
    except json.JSONDecodeError as error:
        return {}, words._(
            "This is not JSON: look at line {line}, column {column}.", line=error.lineno, column=error.colno
        )
    except RecursionError:
        rest = None
    if not isinstance(rest, dict):
        return {}, words._("Please write an object, like {example}.", example='{"locale": "fr"}')
    if twice := [name for name in (LAYOUT, GUESTS, *TEXTS) if name in rest]:
        return {}, words._("For {names} there is a field above.", names=words.join_some(twice))
    return rest, ""


def _object(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _leave_rest(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """What no other field shows."""
    rest = {name: value for name, value in chosen.items() if name not in (LAYOUT, GUESTS, *TEXTS)}
    for role in OFF.values():
        own = _object(rest.get(role))
        own["features"] = {name: is_on for name, is_on in _object(own.get("features")).items() if is_on}
        rest[role] = {name: value for name, value in own.items() if value != {}}
    return {name: value for name, value in rest.items() if name not in OFF.values() or value}


def _write(rest: Mapping[str, Any]) -> str:
    if not rest:
        return ""
    wide = json.dumps(rest, ensure_ascii=False, indent=2)
    return wide if len(wide) <= REST_LENGTH else json.dumps(rest, ensure_ascii=False, separators=(",", ":"))


def _list_off(chosen: Mapping[str, Any], role: str) -> list[str]:
    features = _object(_object(chosen.get(role)).get("features"))
    return [name for name, is_on in features.items() if is_on is False]


def _features(name: str, label: str, off: Sequence[str], features: Sequence[str], words: Words) -> Block:
    # What is off under its newer name stands beside the others, so that saving the form does not switch it on.
    options = {
        feature: {"text": plain(describe_feature(feature, words), OPTION_TEXT), "value": feature}
        for feature in dict.fromkeys([*features, *off])
    }
    element: Block = {"type": "multi_static_select", "action_id": name, "options": list(options.values())}
    if off:
        element["initial_options"] = [options[feature] for feature in off]
    return {"type": "input", "block_id": name, "label": plain(label), "element": element, "optional": True}


def _select(name: str, label: str, options: Mapping[str, str], chosen: str | None) -> Block:
    made = {value: {"text": plain(text), "value": value} for value, text in options.items()}
    initial = made.get(chosen or UNSET, made[UNSET])
    element: Block = {
        "type": "static_select",
        "action_id": name,
        "options": [*made.values()],
        "initial_option": initial,
    }
    return {"type": "input", "block_id": name, "label": plain(label), "element": element}


def _text(name: str, label: str, value: str, *, is_long: bool = False) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": name, "multiline": is_long, "max_length": REST_LENGTH}
    if value:
        element["initial_value"] = value
    return {"type": "input", "block_id": name, "label": plain(label), "element": element, "optional": True}


def _given(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    given: dict[str, Any] = (values.get(name) or {}).get(name) or {}
    return given


def _picked(values: Mapping[str, Any], name: str) -> str:
    return str((_given(values, name).get("selected_option") or {}).get("value", UNSET))
