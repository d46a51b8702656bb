"""The admins' form of settings, and its reading: what a workspace sets for itself. Pure.

An empty field means "as the environment says"; what that is stands in the field in grey.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.blocks import OPTION_TEXT, VIEW_LABEL, Block, context, plain
from bot.ids import View
from bot.watchers import Watchers
from bot.words import Markup, Words, words_for
from storage.records import LessonOptions, Person

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Duration:
    """A field of the form: its unit, and from how many to how many of it."""

    unit: timedelta
    lowest: int
    highest: int


DURATIONS = {
    "join_early": Duration(unit=MINUTE, lowest=0, highest=720),
    "link_lead": Duration(unit=HOUR, lowest=0, highest=144),
    "remind_before": Duration(unit=MINUTE, lowest=0, highest=1440),
    "warn_before": Duration(unit=MINUTE, lowest=0, highest=720),
    "extension": Duration(unit=MINUTE, lowest=1, highest=720),
}
REACH_HIGHEST = 1_000_000
UNSET, GROUPS = "unset", "groups"
OFFERED = 100
"""Slack's limit for the options of a select; of more user groups the handles are typed."""
_GROUP_ID = re.compile(r"S[A-Z0-9]{2,}")


def build_house_form(
    chosen: Mapping[str, Any],
    in_force: LessonOptions,
    *,
    reach: int,
    groups: Mapping[str, str] | None,
    reader: Person,
) -> Block:
    """`chosen`: what is set in Home, as it is stored. `in_force`: what counts now.

    `groups`: the workspace's user groups, handles by id; None: Slack did not say.
    """
    words = words_for(reader.locale)
    labels = {
        "join_early": words._("People may come early by (minutes)"),
        "link_lead": words._("Links are sent before the start by (hours)"),
        "remind_before": words._("Reminder before the start (minutes, 0: none)"),
        "warn_before": words._("Question before the end (minutes, 0: none)"),
        "extension": words._("One extension adds (minutes)"),
    }
    blocks = [context(words.mark("Leave a field empty to keep what was set where Hallpass is installed."))]
    for name, field in DURATIONS.items():
        stored = chosen.get(name)
        value = "" if stored is None else _count(timedelta(seconds=stored), field)
        blocks.append(_number(name, labels[name], value, _count(getattr(in_force, name), field), words))
    own_reach = "" if chosen.get("reach") is None else str(chosen["reach"])
    label = words._("People whom a booker may reach in an hour")
    blocks.append(_number("reach", label, own_reach, str(reach), words))
    blocks += _booking(chosen, groups, words)
    naming = {UNSET: words._("As installed"), "on": words._("Yes"), "off": words._("No")}
    names = chosen.get("channel_names")
    label = words._("Channels may read names (never where guests read along)")
    blocks.append(_select("channel_names", label, naming, None if names is None else "on" if names else "off"))
    watching = {
        UNSET: words._("As installed"),
        Watchers.LEADERS.value: words._("Who led the lesson"),
        Watchers.PARTICIPANTS.value: words._("Everybody in the lesson"),
        Watchers.ADMINS.value: words._("Only admins"),
    }
    label = words._("Who may watch recordings (admins always may)")
    blocks.append(_select("watchers", label, watching, chosen.get("watchers")))
    return {
        "type": "modal",
        "callback_id": View.HOUSE_RULES.value,
        "title": plain(words._("Settings"), VIEW_LABEL),
        "submit": plain(words._("Save"), VIEW_LABEL),
        "close": plain(words._("Cancel"), VIEW_LABEL),
        "blocks": blocks,
    }


def _booking(chosen: Mapping[str, Any], groups: Mapping[str, str] | None, words: Words) -> list[Block]:
    """Who may book, and which user groups, where there are any. Slack has no element of its own for those."""
    booking = {
        UNSET: words._("As installed"),
        "members": words._("Members, no guests"),
        "everyone": words._("Everyone, guests too"),
    }
    label, kept = words._("Who may book"), _split(chosen.get("booker_groups"))
    if groups == {} and not kept:
        return [_select("bookers", label, booking, chosen.get("bookers"))]
    booking[GROUPS] = words._("People in user groups")
    names = dict.fromkeys(kept, "") | dict(groups or {})
    shown = {group_id: f"@{handle}" if handle else group_id for group_id, handle in names.items()}
    element: Block
    if groups is not None and len(shown) <= OFFERED:
        options = {group_id: {"text": plain(text, OPTION_TEXT), "value": group_id} for group_id, text in shown.items()}
        element = {"type": "multi_static_select", "action_id": "booker_groups", "options": list(options.values())}
        if kept:
            element["initial_options"] = [options[group_id] for group_id in kept]
    else:
        typed = {"initial_value": ", ".join(shown[group_id] for group_id in kept)} if kept else {}
        placeholder = plain(words._("@tutors, @office"))
        element = {"type": "plain_text_input", "action_id": "booker_groups", "placeholder": placeholder, **typed}
    field = {
        "type": "input",
        "block_id": "booker_groups",
        "label": plain(words._("User groups")),
        "hint": plain(words._("Only for “People in user groups”. Who is in one is asked of Slack every few minutes.")),
        "element": element,
        "optional": True,
    }
    return [_select("bookers", label, booking, chosen.get("bookers")), field]


def _split(text: object) -> list[str]:
    return _GROUP_ID.findall(text) if isinstance(text, str) else []


def _count(duration: timedelta, field: Duration) -> str:
    return f"{duration / field.unit:g}"


def _number(name: str, label: str, value: str, otherwise: str, words: Words) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": name, "placeholder": plain(otherwise)}
    if value:
        element["initial_value"] = value
    return {"type": "input", "block_id": name, "label": plain(label), "element": element, "optional": True}


def _select(name: str, label: str, options: Mapping[str, str], chosen: str | None) -> Block:
    made = [{"text": plain(text), "value": value} for value, text in options.items()]
    initial = next(option for option in made if option["value"] == (chosen or UNSET))
    element: Block = {"type": "static_select", "action_id": name, "options": made, "initial_option": initial}
    return {"type": "input", "block_id": name, "label": plain(label), "element": element}


def read_house_form(
    values: Mapping[str, Any], *, groups: Mapping[str, str] | None, reader: Person
) -> tuple[dict[str, Any], dict[str, str]]:
    """What was chosen, as it is stored, and by field what is wrong with the rest. `groups`: as for the form."""
    words = words_for(reader.locale)
    chosen: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, field in DURATIONS.items():
        text = _typed(values, name)
        if text and (count := _read_count(text, field.lowest, field.highest)) is None:
            problems[name] = _say_range(words, field.lowest, field.highest)
        elif text:
            chosen[name] = round((count or 0) * field.unit.total_seconds())
    text = _typed(values, "reach")
    if text and (reach := _read_count(text, 1, REACH_HIGHEST)) is None:
        problems["reach"] = _say_range(words, 1, REACH_HIGHEST)
    elif text:
        chosen["reach"] = reach
    if (bookers := _picked(values, "bookers")) != UNSET:
        chosen["bookers"] = bookers
    group_ids, unknown = _read_groups(values, groups)
    if (problem := _judge_groups(bookers, group_ids, unknown, words)) is not None:
        problems["booker_groups"] = problem
    elif group_ids:
        chosen["booker_groups"] = ",".join(group_ids)
    if (names := _picked(values, "channel_names")) != UNSET:
        chosen["channel_names"] = names == "on"
    if (watchers := _picked(values, "watchers")) != UNSET:
        chosen["watchers"] = watchers
    return chosen, problems


def _read_groups(values: Mapping[str, Any], groups: Mapping[str, str] | None) -> tuple[list[str], list[str]]:
    """The user groups chosen or typed, by id, and what was typed that is none."""
    picked = (values.get("booker_groups") or {}).get("booker_groups", {}).get("selected_options") or []
    found, unknown = [str(option.get("value")) for option in picked], []
    by_handle = {handle.casefold(): group_id for group_id, handle in (groups or {}).items()}
    for part in _typed(values, "booker_groups").replace(",", " ").split():
        group_id = by_handle.get(part.removeprefix("@").casefold())
        if group_id is None and _GROUP_ID.fullmatch(part):
            group_id = part
        if group_id is None:
            unknown.append(part)
        else:
            found.append(group_id)
    return list(dict.fromkeys(found)), unknown


def _judge_groups(bookers: str, group_ids: Sequence[str], unknown: Sequence[str], words: Words) -> str | None:
    """What is wrong with the user groups, beside who may book."""
    if unknown:
        return words._(
            "Slack knows no user group {name}. Type handles like @tutors, separated by commas.",
            name=words.join_some(unknown),
        )
    if bookers == GROUPS and not group_ids:
        return words._("Choose at least one user group.")
    if bookers != GROUPS and group_ids:
        return words._("Choose “People in user groups” above, or take the groups out here.")
    return None


def describe_unknown_group(names: Sequence[str], *, reader: Person) -> str:
    """For the field with the user groups: Slack did not say who is in these."""
    words = words_for(reader.locale)
    return words._("Slack does not say who is in {names}. Choose another, or try again.", names=words.join_some(names))


def _say_range(words: Words, lowest: int, highest: int) -> str:
    return words._("Please type a whole number from {lowest} to {highest}.", lowest=lowest, highest=highest)


def _read_count(text: str, lowest: int, highest: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and lowest <= int(text[:9]) <= highest else None


def _typed(values: Mapping[str, Any], name: str) -> str:
    return str((values.get(name) or {}).get(name, {}).get("value") or "").strip()


def _picked(values: Mapping[str, Any], name: str) -> str:
    option = (values.get(name) or {}).get(name, {}).get("selected_option") or {}
    return str(option.get("value", UNSET))


def rule_lines(
    in_force: LessonOptions,
    *,
    books: str,
    groups: Sequence[str] = (),
    reach: int,
    names: bool,
    watchers: Watchers,
    words: Words,
) -> Sequence[Markup]:
    """What counts now, for Home; who may book first. `books`: the rule's own word. `groups`: as chosen in Home."""
    named = words._("people in {groups}", groups=words.join_some(groups))
    told = {
        "members": words._("members, no guests"),
        "everyone": words._("everyone, guests too"),
        "groups": named if groups else words._("the user groups named where Hallpass is installed"),
        "admins": words._("admins only"),
    }
    watching = {
        Watchers.LEADERS: words._("who led the lesson, and admins"),
        Watchers.PARTICIPANTS: words._("everybody in the lesson, and admins"),
        Watchers.ADMINS: words._("admins only"),
    }
    short = words.short_length
    return [
        words.nmark(
            "Who may book: {who}. At most {reach} person an hour.",
            "Who may book: {who}. At most {reach} people an hour.",
            reach,
            who=told[books],
            reach=reach,
        ),
        words.mark(
            "Coming early: {early}. Links: {lead} ahead. Reminder: {remind} before. Question: {warn} before the end. "
            "Extension: {extension}.",
            early=short(in_force.join_early),
            lead=words.length(in_force.link_lead),
            remind=short(in_force.remind_before),
            warn=short(in_force.warn_before),
            extension=short(in_force.extension),
        ),
        words.mark("Names in channels: {names}.", names=words._("yes") if names else words._("no")),
        words.mark("Who may watch recordings: {who}.", who=watching[watchers]),
    ]
