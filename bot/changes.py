"""What an audit entry says of a change: each fact about the lesson that became another, before and after. Pure.

Facts are ids, instants, numbers and switches. What people wrote (title, note) is never kept twice: the entry only says
that it was changed. Knows no action's name and no reason; whoever writes the entry does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from storage.records import Lesson

Fact = str | int | bool | None

BEFORE, AFTER = "_before", "_after"

FACTS = (
    *("state", "starts_at", "ends_at", "extension_count", "is_let_end", "zone", "channel_id", "room"),
    *("is_recorded", "is_transcribed", "cancelled_by"),
)
"""The fields of a lesson that are told. Left out: what follows from them, and the revision, which every entry moves."""
WRITTEN = ("title", "note")
"""Fields in people's own words."""


def facts_of(before: Lesson, after: Lesson) -> dict[str, Fact]:
    """`{"ends_at_before": …, "ends_at_after": …}` for every fact that changed, in their order."""
    found: dict[str, Fact] = {}
    for name in FACTS:
        old, new = (_to_fact(getattr(lesson, name)) for lesson in (before, after))
        if old != new:
            found |= {name + BEFORE: old, name + AFTER: new}
    for name in WRITTEN:
        if getattr(before, name) != getattr(after, name):
            found[f"{name}_changed"] = True
    return found


def pair_facts(facts: Mapping[str, Fact]) -> list[tuple[str, Fact, Fact]]:
    """Each changed fact as (name, before, after), then every single one as (name, None, value), in their order."""
    pairs = [
        (name.removesuffix(AFTER), facts.get(name.removesuffix(AFTER) + BEFORE), value)
        for name, value in facts.items()
        if name.endswith(AFTER)
    ]
    single = [(name, None, value) for name, value in facts.items() if not name.endswith((BEFORE, AFTER))]
    return [*pairs, *single]


def name_ids(value: Fact, names: Mapping[str, str]) -> Fact:
    """The value with people's names where it is their ids, or their places'; any other as it is."""
    if not isinstance(value, str):
        return value
    parts = value.split()
    return ", ".join(names[part] for part in parts) if parts and all(part in names for part in parts) else value


def _to_fact(value: object) -> Fact:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if value is None or isinstance(value, bool | int):
        return value
    return str(value)
