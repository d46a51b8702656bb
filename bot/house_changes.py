"""What admins changed in Home's settings: who, when, from what to what, the latest first. A view, pure.

It tells what the audit keeps and nothing else: ids and numbers, put into words here. What was never set reads as it is,
"as installed", since only whoever runs the bot knows what that was then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.blocks import VIEW_LABEL, Block, lines, pack, plain, section
from bot.changes import AFTER, BEFORE, Fact
from bot.ids import View
from bot.readers import Reader, reader_of
from bot.words import Markup, Words
from storage.records import AuditEntry, Person, PersonId

LATEST = 30
"""So many changes are shown."""
_DURATIONS = frozenset({"join_early", "link_lead", "remind_before", "warn_before", "extension"})


def build_house_changes(
    entries: Sequence[AuditEntry],
    *,
    names: Mapping[PersonId, str],
    name_group: Callable[[str], str],
    reader: Person,
    now: datetime,
) -> Block:
    """The view. `entries`: the latest first. `name_group`: a user group by its id, as people know it."""
    reads = reader_of(reader, now=now)
    words = reads.words
    told = [_entry(entry, names, name_group, reads) for entry in entries]
    shown = pack(told, at_most=20, more=lambda count: words.nmark("and {count} more", "and {count} more", count))
    nothing = section(words.mark("Nothing was changed yet: all settings are as installed."))
    return {
        "type": "modal",
        "callback_id": View.MESSAGE.value,
        "title": plain(words._("Changed settings"), VIEW_LABEL),
        "close": plain(words._("Close"), VIEW_LABEL),
        "blocks": shown or [nothing],
    }


def _entry(
    entry: AuditEntry, names: Mapping[PersonId, str], name_group: Callable[[str], str], reader: Reader
) -> Markup:
    words = reader.words
    who = names.get(entry.actor, words._("somebody")) if entry.actor else words._("Hallpass")
    facts = entry.facts
    changed = dict.fromkeys(name.removesuffix(BEFORE).removesuffix(AFTER) for name in facts)
    return lines(
        words.mark("*{when}: {who}*", when=reader.stamp(entry.at), who=who),
        *(
            words.mark("• {name}: {changed}", name=_name(name, words), changed=str(facts[name]))
            if name in facts
            else words.mark(
                "• {name}: {before} → {after}",
                name=_name(name, words),
                before=_value(name, facts.get(name + BEFORE), name_group, words),
                after=_value(name, facts.get(name + AFTER), name_group, words),
            )
            for name in changed
        ),
    )


def _name(name: str, words: Words) -> str:
    known = {
        "join_early": words._("Coming early"),
        "link_lead": words._("Links before the start"),
        "remind_before": words._("Reminder before the start"),
        "warn_before": words._("Question before the end"),
        "extension": words._("One extension"),
        "bookers": words._("Who may book"),
        "booker_groups": words._("User groups"),
        "reach": words._("People whom a booker may reach in an hour"),
        "channel_names": words._("Names in channels"),
        "watchers": words._("Who may watch recordings"),
        "launch_defaults": words._("Rooms"),
    }
    return known.get(name, name)


def _value(name: str, value: Fact, name_group: Callable[[str], str], words: Words) -> str:
    if value is None:
        return words._("none") if name == "booker_groups" else words._("as installed")
    if isinstance(value, bool):
        return words._("yes") if value else words._("no")
    if isinstance(value, int):
        return words.length(timedelta(seconds=value)) if name in _DURATIONS else words.number(value)
    if name == "booker_groups":
        return words.join_some(map(name_group, value.split(",")))
    known = {
        "members": words._("members, no guests"),
        "everyone": words._("everyone, guests too"),
        "groups": words._("people in user groups"),
        "leaders": words._("who led the lesson, and admins"),
        "participants": words._("everybody in the lesson, and admins"),
        "admins": words._("admins only"),
    }
    return known.get(value, value)
