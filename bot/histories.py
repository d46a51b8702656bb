"""A lesson's history in words, for admins: who did what and when, and what it was before and after. Pure.

Facts that we have no word for are shown by their stored name, never left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.blocks import Block, divider, header, lines, pack
from bot.changes import Fact, pair_facts
from bot.readers import Reader
from bot.words import Markup, Words, escape
from storage.records import AuditEntry, PersonId


def history_blocks(entries: Sequence[AuditEntry], names: Mapping[PersonId, str], reader: Reader) -> list[Block]:
    """Oldest first, a line or two each; nothing where nothing happened."""
    if not entries:
        return []
    told = [_entry(entry, names, reader) for entry in entries]
    words = reader.words
    listed = pack(told, at_most=12, more=lambda count: words.nmark("and {count} more", "and {count} more", count))
    return [divider(), header(words._("History")), *listed]


def _entry(entry: AuditEntry, names: Mapping[PersonId, str], reader: Reader) -> Markup:
    words = reader.words
    who = names.get(entry.actor, words._("somebody")) if entry.actor else words._("Hallpass")
    when, what = reader.stamp(entry.at), _action(entry.action, words)
    line = words.mark("{when}: {who}: {what}", when=when, who=who, what=what)
    facts = [_fact(*pair, names=names, reader=reader) for pair in pair_facts(entry.facts)]
    return lines(line, *facts)


def _action(action: str, words: Words) -> str:
    known = {
        "booked": words._("booked"),
        "extended": words._("extended"),
        "moved": words._("moved"),
        "let_end": words._("let it end"),
        "cancelled": words._("cancelled"),
        "live": words._("began"),
        "ended": words._("ended"),
        "new_link": words._("asked for a new link"),
        "tried_again": words._("sent again"),
    }
    return known.get(action, action)


def _fact(name: str, before: Fact, after: Fact, *, names: Mapping[PersonId, str], reader: Reader) -> Markup:
    words = reader.words
    shown = _fact_name(name, words)
    new = _value(after, names, reader)
    if before is None:
        return words.mark("• {name}: {after}", name=shown, after=new)
    return words.mark("• {name}: {before} → {after}", name=shown, before=_value(before, names, reader), after=new)


def _fact_name(name: str, words: Words) -> str:
    known = {
        "state": words._("state"),
        "starts_at": words._("start"),
        "ends_at": words._("end"),
        "extension_count": words._("extensions"),
        "participants": words._("people"),
        "link_number": words._("link number"),
        "cancelled_by": words._("cancelled by"),
    }
    return known.get(name, name)


def _value(value: Fact, names: Mapping[PersonId, str], reader: Reader) -> Markup:
    words = reader.words
    if value is None:
        return words.mark("none")
    if isinstance(value, bool):
        return words.mark("yes") if value else words.mark("no")
    if isinstance(value, int):
        return escape(words.number(value))
    if (moment := _read_instant(value)) is not None:
        return reader.stamp(moment)
    return escape(names.get(PersonId(value), value))


def _read_instant(text: str) -> datetime | None:
    """An instant as it was stored, with its offset; None for any other text."""
    try:
        moment = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
