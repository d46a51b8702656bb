"""The App Home tab, and the small view for an answer where there is no conversation to answer in. Pure views.

Home is private to its viewer: it names to each person only whom they may know of, and offers only what they may do.
The buttons are those of the cards, so that they act, refuse and grow old in the same way. What only admins see is in
`bot/overview.py`, and is handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.attending import reply_blocks
from bot.blocks import VIEW_LABEL, Block, Message, actions, button, divider, header, pack, plain, section
from bot.cards import leader_buttons
from bot.ids import Action, View
from bot.joining import is_open, ways_in
from bot.presses import Press
from bot.readers import Reader, reader_of
from bot.replies import lesson_line
from bot.words import escape, words_for
from storage.records import LessonDetails, LessonState, Person

WITH_BUTTONS = 10
"""Lessons that stand with their buttons, up to five blocks each; of the 100 of a view that leaves half."""
PAST_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class HomeLesson:
    """A lesson in somebody's Home. `join_url`: their own way in, while it works; `runs`: theirs to run."""

    details: LessonDetails
    join_url: str | None = None
    runs: bool = False


def build_home(
    *,
    reader: Person,
    now: datetime,
    today: Sequence[HomeLesson] = (),
    upcoming: Sequence[HomeLesson] = (),
    past: Sequence[HomeLesson] = (),
    is_first_visit: bool = False,
    can_book: bool = True,
    for_admin: Sequence[Block] = (),
) -> Block:
    """Today's, the next and the past lessons of one person, with what they may do. `for_admin` stands first."""
    reads = reader_of(reader, now=now)
    words = reads.words
    blocks = _welcome(reads, can_book=can_book) if is_first_visit else []
    row = [button(words._("Book a lesson"), Action.BOOK, "home", style="primary")] if can_book else []
    row.append(button(words._("Preferences"), Action.PREFERENCES, "home"))
    blocks += actions(row, block_id="book")
    blocks += for_admin
    left = WITH_BUTTONS
    blocks += _group(words._("Today"), today, reads, reader, _say_none_left(past, reads), at_most=left)
    left = max(left - len(today), 0)
    blocks += _group(words._("Next"), upcoming, reads, reader, words._("Nothing booked after today."), at_most=left)
    if past:
        blocks += [divider(), header(words._("Past"))]
        blocks += [_past(lesson, reader, reads) for lesson in past[:PAST_SHOWN]]
        blocks += _rest(past[PAST_SHOWN:], reader, reads)
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


def _say_none_left(past: Sequence[HomeLesson], reads: Reader) -> str:
    """Of a day without lessons, or of one whose lessons are over."""
    today = reads.local_day(reads.now)
    had_some = any(reads.local_day(one.details.lesson.starts_at) == today for one in past)
    return reads.words._("No more lessons today.") if had_some else reads.words._("No lessons today.")


def _group(
    title: str, lessons: Sequence[HomeLesson], reads: Reader, reader: Person, nothing: str, *, at_most: int
) -> list[Block]:
    """The first ones with their buttons, the rest in lines."""
    top = [divider(), header(title)]
    if not lessons:
        return [*top, section(escape(nothing))]
    entries = [made for lesson in lessons[:at_most] for made in _coming(lesson, reader, reads)]
    return [*top, *entries, *_rest(lessons[at_most:], reader, reads)]


def _coming(lesson: HomeLesson, reader: Person, reads: Reader) -> list[Block]:
    """One lesson that is on or to come: the line, the viewer's own way in, what they may do about it."""
    details = lesson.details
    made = [section(lesson_line(details, reader, reads))]
    if not details.lesson.is_open:
        return made
    seat = details.find_seat(reader.id)
    if seat is not None and is_open(details, seat, now=reads.now):
        made += ways_in(details, seat, reads, join_url=lesson.join_url)
        if not seat.participant.is_leader:
            made += reply_blocks(details, seat, reads)
    return made + (leader_buttons(details, reads) if lesson.runs else [])


def _past(lesson: HomeLesson, reader: Person, reads: Reader) -> Block:
    """One lesson that is over, with its summary a press away."""
    made = section(lesson_line(lesson.details, reader, reads))
    if lesson.details.lesson.state is LessonState.ENDED:
        press = Press(lesson_id=lesson.details.lesson.id)
        made["accessory"] = button(reads.words._("Summary"), Action.SUMMARY, press.to_value())
    return made


def _rest(lessons: Sequence[HomeLesson], reader: Person, reads: Reader) -> list[Block]:
    entries = [lesson_line(lesson.details, reader, reads) for lesson in lessons]
    return pack(entries, at_most=2, more=lambda count: reads.words.nmark("and {count} more", "and {count} more", count))


def build_small_view(message: Message, *, reader: Person, title: str | None = None) -> Block:
    """A private answer as a view, for who pressed something in Home."""
    words = words_for(reader.locale)
    return {
        "type": "modal",
        "callback_id": View.MESSAGE.value,
        "title": plain(title or words._("Hallpass"), VIEW_LABEL),
        "close": plain(words._("Close"), VIEW_LABEL),
        "blocks": message.blocks,
    }
