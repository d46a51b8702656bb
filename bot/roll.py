"""Everybody in a lesson with where they stand, a page at a time: *See all* of a board that only counts. Pure view.

Drawn from what is true when it is opened or turned; it does not follow the lesson as cards do.
"""

from __future__ import annotations

from datetime import datetime

from bot.blocks import VIEW_LABEL, Block, actions, button, context, pack, plain, section
from bot.ids import Action, View
from bot.presses import Press
from bot.readers import Reader, reader_of
from bot.roster import more_line, reach_lines, stranger_lines
from storage.records import LessonDetails, Person

PER_PAGE = 25


def build_roll(details: LessonDetails, *, reader: Person, page: int, now: datetime) -> Block:
    """This page of everybody; one that is not there (any more) is the last."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    words = reads.words
    entries = [*reach_lines(details, details.seats, reads, reader=reader), *stranger_lines(details, reads)]
    last = max(len(entries) - 1, 0) // PER_PAGE
    page = min(max(page, 0), last)
    shown = entries[page * PER_PAGE : (page + 1) * PER_PAGE]
    head = words.mark(
        "*{title}*: {when}.",
        title=details.lesson.title,
        when=reads.stamp_span(details.lesson.starts_at, details.lesson.ends_at),
    )
    asked_at = words.mark("As it was at {time}.", time=reads.stamp_time(now))
    return {
        "type": "modal",
        "callback_id": View.ROLL.value,
        "title": plain(words._("Who is there"), VIEW_LABEL),
        "close": plain(words._("Close"), VIEW_LABEL),
        "blocks": [
            section(head),
            *pack(shown, at_most=20, more=more_line(reads)),
            context(asked_at),
            *_turns(details, page, last, reads),
        ],
    }


def _turns(details: LessonDetails, page: int, last: int, reader: Reader) -> list[Block]:
    words, row = reader.words, []
    if page > 0:
        row.append(button(words._("Previous"), Action.ROLL_BACK, _press(details, page - 1)))
    if page < last:
        row.append(button(words._("Next"), Action.ROLL_ON, _press(details, page + 1)))
    return actions(row)


def _press(details: LessonDetails, page: int) -> str:
    return Press(lesson_id=details.lesson.id, page=page).to_value()
