"""What is said of somebody's place in a lesson: that it was taken away, that the way in comes once more. Pure.

Who was taken out reads one message and, wherever a card of theirs stands, that it is over for them: never a Join, and
nothing of who else takes part but whom to ask.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.blocks import Block, Message, actions, context, header, lines, section
from bot.joining import is_open, join_button, ways_in, what_to_know
from bot.readers import Reader, Said, Span, Strong, reader_of
from bot.words import Markup
from storage.records import LessonDetails, Link, Person, Seat

NAMES_TO_ASK = 3


def build_removed(details: LessonDetails, person: Person, *, now: datetime) -> Message:
    """The one word to somebody who was taken out."""
    reader = _reader(details, person, now)
    said = _say_removed(details, reader)
    return Message(said.spoken, [section(lines(said.shown, _whom_to_ask(details, reader)))])


def build_removed_card(details: LessonDetails, person: Person, *, now: datetime) -> Message:
    """What their card of the lesson shows from then on."""
    reader = _reader(details, person, now)
    said = _say_removed(details, reader)
    blocks = [header(details.lesson.title), section(lines(said.shown, _whom_to_ask(details, reader)))]
    return Message(said.spoken, blocks)


def build_removed_line(details: LessonDetails, person: Person, *, now: datetime) -> Message:
    """What is left of their reminders and other messages of the lesson."""
    said = _say_removed(details, _reader(details, person, now))
    return Message(said.spoken, [context(said.shown)])


def build_older_card(details: LessonDetails, person: Person, *, now: datetime) -> Message:
    """What a card shows whose owner has a newer one of the same lesson."""
    reader = _reader(details, person, now)
    said = reader.both(
        "This card of {title}, {when}, is an old one. You have a newer one further down.",
        title=Strong(details.lesson.title),
        when=Span(details.lesson.starts_at, details.lesson.ends_at),
    )
    return Message(said.spoken, [context(said.shown)])


def _reader(details: LessonDetails, person: Person, now: datetime) -> Reader:
    return reader_of(person, now=now, lesson_zone=details.lesson.zone)


def _say_removed(details: LessonDetails, reader: Reader) -> Said:
    lesson = details.lesson
    return reader.both(
        "You are no longer in {title}, {when}.",
        title=Strong(lesson.title),
        when=Span(lesson.starts_at, lesson.ends_at),
    )


def _whom_to_ask(details: LessonDetails, reader: Reader) -> Markup:
    names = reader.words.join_marked((leader.person.name for leader in details.leaders), at_most=NAMES_TO_ASK)
    return reader.words.mark(
        "There is nothing you need to do. Please do not use a link you were sent. If this is a mistake, ask {names}.",
        names=names,
    )


def build_resent(details: LessonDetails, seat: Seat, *, join_url: str | None, now: datetime) -> Message:
    """Somebody's way in once more, because a leader asked for it."""
    reader = _reader(details, seat.person, now)
    lesson = details.lesson
    said = reader.both(
        "Here is your way into {title} once more: {when}.",
        title=Strong(lesson.title),
        when=Span(lesson.starts_at, lesson.ends_at),
    )
    return Message(said.spoken, [section(said.shown), *_row(details, seat, reader, join_url=join_url)])


def _row(details: LessonDetails, seat: Seat, reader: Reader, *, join_url: str | None) -> list[Block]:
    if not is_open(details, seat, now=reader.now):
        return []
    if join_url is None:
        return [context(reader.words.mark("Your link is not ready yet. It comes here as soon as it is."))]
    row = ways_in(details, seat, reader, join_url=join_url)
    return [*row, context(what_to_know(details, seat, reader))]


def build_device_link(details: LessonDetails, seat: Seat, link: Link, *, join_url: str, now: datetime) -> Message:
    """A second way in for the same person, as a private answer."""
    reader = _reader(details, seat.person, now)
    own = replace(seat, link=link)
    said = reader.both(
        "Here is a second way into {title}, for another device. The link on your card goes on working.",
        title=Strong(details.lesson.title),
    )
    row = actions([join_button(details, own, reader, join_url=join_url)])
    return Message(said.spoken, [section(said.shown), *row, context(what_to_know(details, own, reader))])


def build_device_failure(details: LessonDetails, seat: Seat, *, now: datetime) -> Message:
    """The room service did not give one."""
    reader = _reader(details, seat.person, now)
    said = reader.both(
        "The room service did not answer, so there is no second way into {title} yet. Please press Another device "
        "again in a minute.",
        title=Strong(details.lesson.title),
    )
    return Message(said.spoken, [section(said.shown)])
