"""The admins' form for an export, its reading, and what goes with the file. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from bot.blocks import VIEW_LABEL, Block, Message, context, plain, section
from bot.ids import View
from bot.words import words_for
from storage.records import Person

FIRST, LAST = "first", "last"
LONGEST = timedelta(days=366)


def build_export_form(*, reader: Person, today: date) -> Block:
    """From which day to which; this month unless told."""
    words = words_for(reader.locale)
    fields = ((FIRST, words._("First day"), today.replace(day=1)), (LAST, words._("Last day"), today))
    return {
        "type": "modal",
        "callback_id": View.EXPORT.value,
        "title": plain(words._("Export attendance"), VIEW_LABEL),
        "submit": plain(words._("Export"), VIEW_LABEL),
        "close": plain(words._("Cancel"), VIEW_LABEL),
        "blocks": [
            section(
                words.mark("A row for each participant and lesson, for billing. The file comes by direct message.")
            ),
            *(_day(name, label, initial) for name, label, initial in fields),
            context(words.mark("Days are days in each lesson’s own zone, both included.")),
        ],
    }


def _day(name: str, label: str, initial: date) -> Block:
    element = {"type": "datepicker", "action_id": name, "initial_date": initial.isoformat()}
    return {"type": "input", "block_id": name, "label": plain(label), "element": element}


def read_export_form(values: Mapping[str, Any], *, reader: Person) -> tuple[tuple[date, date] | None, dict[str, str]]:
    """The days chosen, or by field what is wrong with them."""
    words = words_for(reader.locale)
    found = [_read_day(values, name) for name in (FIRST, LAST)]
    for name, day in zip((FIRST, LAST), found, strict=True):
        if day is None:
            return None, {name: words._("Please choose a day.")}
    first, last = found
    if first is None or last is None or last < first:
        return None, {LAST: words._("The last day is before the first.")}
    if last - first > LONGEST:
        return None, {LAST: words._("At most a year at once, please.")}
    return (first, last), {}


def _read_day(values: Mapping[str, Any], name: str) -> date | None:
    try:
        return date.fromisoformat(values[name][name]["selected_date"])
    except (KeyError, TypeError, ValueError):
        return None


def build_exporting(*, reader: Person) -> Message:
    """The file is on its way."""
    line = words_for(reader.locale).mark("The file is being made. It comes as a message from Hallpass.")
    return Message(line, [section(line)])


def build_exported(*, reader: Person, count: int) -> Message:
    """The file is there."""
    line = words_for(reader.locale).nmark(
        "The file with {count} row is in your messages from Hallpass.",
        "The file with {count} rows is in your messages from Hallpass.",
        count,
    )
    return Message(line, [section(line)])


def build_not_exported(*, reader: Person, code: str) -> Message:
    """Slack did not take the file; `code` is its own word for why."""
    line = words_for(reader.locale).mark(
        "Slack did not take the file ({code}). Please try again; if it says missing_scope, whoever runs Hallpass must "
        "install the app anew: hallpass doctor says which permissions are missing.",
        code=code,
    )
    return Message(line, [section(line)])


def describe_export(*, reader: Person, first: date, last: date, count: int) -> str:
    """What stands beside the file."""
    words = words_for(reader.locale)
    return words.nmark(
        "Attendance from {first} to {last}: {count} row.",
        "Attendance from {first} to {last}: {count} rows.",
        count,
        first=first.isoformat(),
        last=last.isoformat(),
    )
