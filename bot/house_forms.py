"""The admins' form of settings, and its reading: what a workspace sets for itself. Pure.

An empty field means "as the environment says"; what that is stands in the field in grey.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.blocks import Block, context, plain
from bot.ids import View
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
UNSET = "unset"


def build_house_form(chosen: Mapping[str, Any], in_force: LessonOptions, *, reach: int, reader: Person) -> Block:
    """`chosen`: what is set in Home, as it is stored. `in_force`: what counts now."""
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
    booking = {
        UNSET: words._("As installed"),
        "members": words._("Members, no guests"),
        "everyone": words._("Everyone, guests too"),
    }
    blocks.append(_select("bookers", words._("Who may book"), booking, chosen.get("bookers")))
    naming = {UNSET: words._("As installed"), "on": words._("Yes"), "off": words._("No")}
    names = chosen.get("channel_names")
    label = words._("Channels may read names (never where guests read along)")
    blocks.append(_select("channel_names", label, naming, None if names is None else "on" if names else "off"))
    return {
        "type": "modal",
        "callback_id": View.HOUSE_RULES.value,
        "title": plain(words._("Settings")),
        "submit": plain(words._("Save")),
        "close": plain(words._("Cancel")),
        "blocks": blocks,
    }


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


def read_house_form(values: Mapping[str, Any], *, reader: Person) -> tuple[dict[str, Any], dict[str, str]]:
    """What was chosen, as it is stored, and by field what is wrong with the rest."""
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
    if (names := _picked(values, "channel_names")) != UNSET:
        chosen["channel_names"] = names == "on"
    return chosen, problems


def _say_range(words: Words, lowest: int, highest: int) -> str:
    return words._("Please type a whole number from {lowest} to {highest}.", lowest=lowest, highest=highest)


def _read_count(text: str, lowest: int, highest: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and lowest <= int(text[:9]) <= highest else None


def _typed(values: Mapping[str, Any], name: str) -> str:
    return str((values.get(name) or {}).get(name, {}).get("value") or "").strip()


def _picked(values: Mapping[str, Any], name: str) -> str:
    option = (values.get(name) or {}).get(name, {}).get("selected_option") or {}
    return str(option.get("value", UNSET))


def rule_lines(in_force: LessonOptions, *, books: str, reach: int, names: bool, words: Words) -> Sequence[Markup]:
    """What counts now, for Home; who may book first. `books`: the rule's own word, or "groups"."""
    told = {
        "members": words._("members, no guests"),
        "everyone": words._("everyone, guests too"),
        "groups": words._("the user groups named where Hallpass is installed"),
        "admins": words._("admins only"),
    }
    short = words.short_length
    return [
        words.mark("Who may book: {who}. At most {reach} people an hour.", who=told[books], reach=reach),
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
    ]
