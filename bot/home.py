"""The App Home tab, and the small view for an answer where there is no conversation to answer in. Pure views.

Home is private to its viewer: it names to each person only whom they may know of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.blocks import Block, Message, actions, button, divider, header, pack, plain, section
from bot.ids import Action, View
from bot.readers import Reader, reader_of
from bot.replies import lesson_line
from bot.words import escape, words_for
from storage.records import LessonDetails, Person


def build_home(
    *,
    reader: Person,
    now: datetime,
    today: Sequence[LessonDetails] = (),
    upcoming: Sequence[LessonDetails] = (),
    past: Sequence[LessonDetails] = (),
    is_first_visit: bool = False,
    can_book: bool = True,
) -> Block:
    """Today's, the next and the past lessons of one person, and *Book a lesson* where they may."""
    reads = reader_of(reader, now=now)
    words = reads.words
    blocks = _welcome(reads, can_book=can_book) if is_first_visit else []
    if can_book:
        blocks += actions([button(words._("Book a lesson"), Action.BOOK, "home", style="primary")])
    blocks += _lessons(words._("Today"), today, reader, reads, nothing=words._("No lessons today."))
    blocks += _lessons(words._("Next"), upcoming, reader, reads, nothing=words._("Nothing booked after today."))
    if past:
        blocks += _lessons(words._("Past"), past, reader, reads, nothing="")
    return {"type": "home", "callback_id": View.HOME.value, "blocks": blocks}


def _welcome(reader: Reader, *, can_book: bool) -> list[Block]:
    words = reader.words
    if can_book:
        line = words.mark(
            "Book a lesson here, or type /lesson anywhere. Everybody gets a link of their own in a direct message, a "
            "reminder before the start, and you get a summary after the end."
        )
    else:
        line = words.mark(
            "Your lessons are listed here. The way into each comes as a direct message from Hallpass: see Messages."
        )
    return [header(words._("Welcome to Hallpass")), section(line)]


def _lessons(
    title: str, lessons: Sequence[LessonDetails], reader: Person, reads: Reader, *, nothing: str
) -> list[Block]:
    words = reads.words
    if not lessons:
        return [divider(), header(title), section(escape(nothing))]
    entries = [lesson_line(lesson, reader, reads) for lesson in lessons]
    listed = pack(entries, at_most=20, more=lambda count: words.nmark("and {count} more", "and {count} more", count))
    return [divider(), header(title), *listed]


def build_small_view(message: Message, *, reader: Person) -> Block:
    """A private answer as a view, for who pressed something in Home."""
    words = words_for(reader.locale)
    return {
        "type": "modal",
        "callback_id": View.MESSAGE.value,
        "title": plain(words._("Hallpass")),
        "close": plain(words._("Close")),
        "blocks": message.blocks,
    }
