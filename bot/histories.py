"""A lesson's history in words, for admins: who did what and when, and what it was before and after. Pure.

Every action that is ever noted has its words here; `tests/bot/test_histories.py` finds one that has none. Facts that we
have no word for are shown by their stored name, never left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.blocks import Block, divider, header, lines, pack
from bot.changes import Fact, name_ids, pair_facts
from bot.readers import Reader
from bot.words import Markup, Words, escape
from storage.records import AuditEntry, LessonState, Reply


def history_blocks(entries: Sequence[AuditEntry], names: Mapping[str, str], reader: Reader) -> list[Block]:
    """Oldest first, a line or two each; nothing where nothing happened."""
    if not entries:
        return []
    told = [_entry(entry, names, reader) for entry in entries]
    words = reader.words
    listed = pack(told, at_most=12, more=lambda count: words.nmark("and {count} more", "and {count} more", count))
    return [divider(), header(words._("History")), *listed]


def _entry(entry: AuditEntry, names: Mapping[str, str], reader: Reader) -> Markup:
    words = reader.words
    who = names.get(entry.actor, words._("somebody")) if entry.actor else words._("Hallpass")
    when, what = reader.stamp(entry.at), describe_action(entry.action, words) or entry.action
    line = words.mark("{when}: {who}: {what}", when=when, who=who, what=what)
    facts = [_fact(*pair, names=names, reader=reader) for pair in pair_facts(entry.facts)]
    return lines(line, *facts)


def describe_action(action: str, words: Words) -> str | None:
    """What was done, after the name of who did it; None: we have no words for it."""
    known = {
        "booked": words._("booked"),
        "extended": words._("extended"),
        "moved": words._("moved"),
        "let_end": words._("let it end"),
        "cancelled": words._("cancelled"),
        "live": words._("began"),
        "ended": words._("ended"),
        "ended_now": words._("ended it now"),
        "added": words._("added people"),
        "removed": words._("removed people"),
        "replaced": words._("put somebody in another’s place"),
        "resent": words._("sent the way in once more"),
        "tried_again": words._("sent again to who was not reached"),
        "replied": words._("answered"),
        "new_link": words._("asked for a new link"),
        "renewed_links": words._("made new links"),
        "watched": words._("watched the recording"),
        "transcript_read": words._("read the transcript"),
        "another_device": words._("asked for another device"),
        "redeemed": words._("pressed Join"),
        "preferred": words._("changed their preferences"),
        "house_rules": words._("changed the settings"),
        "launch_defaults": words._("changed what every launch says"),
        "forget_person": words._("erased somebody"),
    }
    return known.get(action)


def _fact(name: str, before: Fact, after: Fact, *, names: Mapping[str, str], reader: Reader) -> Markup:
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
        "is_let_end": words._("ends without another question"),
        "zone": words._("time zone"),
        "channel_id": words._("channel"),
        "room": words._("room"),
        "is_recorded": words._("recorded"),
        "is_transcribed": words._("transcribed"),
        "cancelled_by": words._("cancelled by"),
        "title_changed": words._("another title"),
        "note_changed": words._("another note"),
        "participant": words._("who"),
        "participants": words._("people"),
        "participant_count": words._("number of people"),
        "link_number": words._("link number"),
        "device": words._("devices"),
        "reply": words._("answer"),
    }
    return known.get(name, name)


def _value(value: Fact, names: Mapping[str, str], reader: Reader) -> Markup:
    words, value = reader.words, name_ids(value, names)
    if value is None:
        return words.mark("none")
    if isinstance(value, bool):
        return words.mark("yes") if value else words.mark("no")
    if isinstance(value, int):
        return escape(words.number(value))
    if (moment := _read_instant(value)) is not None:
        return reader.stamp(moment)
    return escape(_code(value, words))


def _code(value: str, words: Words) -> str:
    """A lesson's state, or an answer; anything else as it was written."""
    known = {
        LessonState.BOOKED.value: words._("booked"),
        LessonState.LIVE.value: words._("on"),
        LessonState.ENDED.value: words._("over"),
        LessonState.CANCELLED.value: words._("cancelled"),
        Reply.NONE.value: words._("none"),
        Reply.COMING.value: words._("will be there"),
        Reply.NOT_COMING.value: words._("can’t come"),
        Reply.LATE.value: words._("running late"),
    }
    return known.get(value, value)


def _read_instant(text: str) -> datetime | None:
    """An instant as it was stored, with its offset; None for any other text."""
    try:
        moment = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
