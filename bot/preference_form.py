"""The form of somebody's preferences, and back: a choice into fields, what was typed into a choice again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.blocks import OPTION_TEXT, VIEW_LABEL, Block, context, plain
from bot.ids import Field, View
from bot.quiet import NEAR, QuietHours
from bot.readers import Reader, reader_of
from bot.wishes import LONGEST, Preferences
from bot.words import Markup, Words, words_for
from storage.records import Person

REMINDS, NUDGES = "reminds", "nudges"
_MINUTE = timedelta(minutes=1)


def build_preferences_form(
    chosen: Preferences, *, reader: Person, usual: timedelta, quiet: QuietHours, now: datetime
) -> Block:
    """The choice as it is. `usual`: how long before the start new lessons here remind who has no time of their own.

    `quiet`: the hours in which their messages wait; a reminder at minutes of their own only where the lesson is later.
    """
    reads = reader_of(reader, now=now)
    words = reads.words
    minutes = {
        "type": "input",
        "block_id": Field.REMIND_BEFORE.value,
        "optional": True,
        "label": plain(words._("Minutes before the start")),
        "hint": plain(_say_usual(usual, words)),
        "element": _minutes(chosen),
    }
    always = words.mark(
        "Your links, word of a lesson that was moved or cancelled, and word that people wait for you in the room "
        "always arrive."
    )
    return {
        "type": "modal",
        "callback_id": View.PREFERENCES.value,
        "title": plain(words._("Preferences"), VIEW_LABEL),
        "submit": plain(words._("Save"), VIEW_LABEL),
        "close": plain(words._("Cancel"), VIEW_LABEL),
        "blocks": [_courtesies(chosen, words), minutes, context(always), context(_say_quiet(quiet, reads))],
    }


def _say_quiet(quiet: QuietHours, reader: Reader) -> Markup:
    words = reader.words
    if quiet.start == quiet.end:
        return words.mark("There are no quiet hours here: messages come at any time.")
    return words.mark(
        "From {start} to {end} on your own clock it is quiet: reminders, word that a lesson began without you, and "
        "news of lessons more than {near} away wait until then. A link that is due comes at any time, and so does the "
        "reminder of a lesson that starts in these hours if you set your own minutes above.",
        start=reader.clock(quiet.start.hour, quiet.start.minute),
        end=reader.clock(quiet.end.hour, quiet.end.minute),
        near=words.length(NEAR),
    )


def _courtesies(chosen: Preferences, words: Words) -> Block:
    offered = {
        REMINDS: (words._("Remind me before a lesson starts"), chosen.reminds),
        NUDGES: (words._("Tell me when a lesson has begun without me"), chosen.nudges),
    }
    options = {value: {"value": value, "text": plain(text, OPTION_TEXT)} for value, (text, _) in offered.items()}
    ticked = [options[value] for value, (_, is_ticked) in offered.items() if is_ticked]
    element: Block = {
        "type": "checkboxes",
        "action_id": Field.COURTESIES.value,
        "options": list(options.values()),
        **({"initial_options": ticked} if ticked else {}),
    }
    label = plain(words._("Messages"))
    block_id = Field.COURTESIES.value
    return {"type": "input", "block_id": block_id, "optional": True, "label": label, "element": element}


def _minutes(chosen: Preferences) -> Block:
    made: Block = {"type": "plain_text_input", "action_id": Field.REMIND_BEFORE.value}
    if chosen.remind_before is None:
        return made
    return {**made, "initial_value": f"{chosen.remind_before / _MINUTE:g}"}


def _say_usual(usual: timedelta, words: Words) -> str:
    if not usual:
        return words._("Left empty, you are not reminded: here lessons usually remind nobody.")
    return words._("Left empty, it is as usual here: {length}.", length=words.length(usual))


def read_preferences_form(values: Mapping[str, Any]) -> Preferences | None:
    """What was chosen; None: the minutes are none that can be used."""
    ticked = _read(values, Field.COURTESIES).get("selected_options") or []
    chosen = {str(option.get("value")) for option in ticked}
    text = str(_read(values, Field.REMIND_BEFORE).get("value") or "").strip()
    before = None
    if text:
        if not (text.isascii() and text.isdigit() and len(text) <= 4):
            return None
        before = int(text) * _MINUTE
        if not _MINUTE <= before <= LONGEST:
            return None
    return Preferences(reminds=REMINDS in chosen, remind_before=before, nudges=NUDGES in chosen)


def describe_wrong_minutes(reader: Person) -> str:
    """For the field with the minutes."""
    words = words_for(reader.locale)
    return words._("Type whole minutes, from 1 to {most}, or leave it empty.", most=LONGEST // _MINUTE)


def _read(values: Mapping[str, Any], where: Field) -> Mapping[str, Any]:
    found = (values.get(where.value) or {}).get(where.value)
    return found if isinstance(found, dict) else {}
