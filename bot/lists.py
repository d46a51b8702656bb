"""Somebody's lessons as a private list, a page at a time, and the answer that shows one of them. Pure.

A list names to its reader whom a lesson's line names to them; nothing in it opens anything but its next page.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from bot.blocks import Message, actions, button, pack, section
from bot.boards import build_board
from bot.cards import leader_buttons
from bot.ids import Action
from bot.readers import Reader, reader_of
from bot.replies import build_lesson_list, lesson_line
from storage.records import LessonDetails, Person

LESSONS_A_PAGE = 10


def build_list_page(
    lessons: Sequence[LessonDetails], *, offset: int, reader: Person, can_book: bool = True, now: datetime
) -> Message:
    """The lessons of one page; a page beyond the end shows the last. With *More* and *Back* where there is more."""
    reads = reader_of(reader, now=now)
    words = reads.words
    title = words._("Your lessons")
    if not lessons:
        return build_lesson_list([], reader, title, now, can_book=can_book)
    offset = max(min(offset, (len(lessons) - 1) // LESSONS_A_PAGE * LESSONS_A_PAGE), 0)
    shown = lessons[offset : offset + LESSONS_A_PAGE]
    first, last = offset + 1, offset + len(shown)
    if len(lessons) <= LESSONS_A_PAGE:
        spoken = words.nmark("Your lessons: {count}.", "Your lessons: {count}.", len(lessons))
        top = words.mark("*{title}*", title=title)
    else:
        place = {"first": first, "last": last, "total": len(lessons)}
        spoken = words.mark("Your lessons: {first} to {last} of {total}.", **place)
        top = words.mark("*{title}*, {first} to {last} of {total}", title=title, **place)
    entries = [lesson_line(details, reader, reads) for details in shown]
    listed = pack(entries, at_most=10, more=lambda count: words.nmark("and {count} more", "and {count} more", count))
    return Message(spoken, [section(top), *listed, *_turning(offset, len(lessons), reads)])


def _turning(offset: int, total: int, reader: Reader) -> list[dict[str, object]]:
    row = []
    if offset:
        row.append(button(reader.words._("Back"), Action.LIST_BACK, to_value(offset - LESSONS_A_PAGE)))
    if offset + LESSONS_A_PAGE < total:
        row.append(button(reader.words._("More"), Action.LIST_MORE, to_value(offset + LESSONS_A_PAGE)))
    return actions(row)


def to_value(offset: int) -> str:
    """What *More* carries."""
    return json.dumps({"offset": max(offset, 0)})


def read_offset(value: str | None) -> int | None:
    """Where the page behind the button begins; None when it is not one of ours (any more)."""
    try:
        offset = json.loads(value or "")["offset"]
    except (ValueError, TypeError, KeyError):
        return None
    return offset if type(offset) is int and offset >= 0 else None


def find_lesson(lessons: Sequence[LessonDetails], typed: str) -> LessonDetails | None:
    """The first whose title holds every word typed, however it is written; without words the first of all."""
    wanted = typed.casefold().split()
    return next(
        (details for details in lessons if all(word in details.lesson.title.casefold() for word in wanted)), None
    )


def build_bookers_card(details: LessonDetails, *, reader: Person, now: datetime) -> Message:
    """How the lesson stands, for who booked it and takes no part: with what they may do about it."""
    board = build_board(details, reader=reader, now=now)
    if not details.lesson.is_open:
        return board
    return Message(board.text, [*board.blocks, *leader_buttons(details, reader_of(reader, now=now))])


def build_not_found(reader: Person, *, typed: str, now: datetime) -> Message:
    """`/lesson show` where nothing is like what was typed."""
    words = reader_of(reader, now=now).words
    if typed:
        line = words.mark(
            "None of your lessons now or soon has “{typed}” in its title. Type /lesson list to see them.",
            typed=typed[:200],
        )
    else:
        line = words.mark("You have no lesson now or soon. Type /lesson to book one.")
    return Message(line, [section(line)])
