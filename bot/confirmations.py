"""What somebody who pressed a button is told, privately: what was done, and what it could not do. Pure."""

from __future__ import annotations

from datetime import datetime

from bot.blocks import Message, lines, section
from bot.readers import Strong, reader_of
from storage.records import LessonDetails, Person


def build_extended(details: LessonDetails, *, reader: Person, relinked_count: int, now: datetime) -> Message:
    """The new end, and whether people must come in again."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    said = reads.both("{title} now ends at {time}.", title=Strong(details.lesson.title), time=details.lesson.ends_at)
    if relinked_count:
        then = reads.words.nmark(
            "{count} person gets a new link now and must come in again with it: the old one stops before the new end.",
            "{count} people get a new link now and must come in again with it: the old ones stop before the new end.",
            relinked_count,
        )
    else:
        then = reads.words.mark("Everybody can stay; the links they have go on working.")
    return Message(said.spoken, [section(lines(said.shown, then))])


def build_let_end(details: LessonDetails, *, reader: Person, now: datetime) -> Message:
    """Nobody is asked again."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    said = reads.both(
        "{title} ends at {time}. I will not ask again; you can still extend it from the lesson’s card.",
        title=Strong(details.lesson.title),
        time=details.lesson.ends_at,
    )
    return Message(said.spoken, [section(said.shown)])


def build_new_link(details: LessonDetails, *, reader: Person, now: datetime) -> Message:
    """A new link is on its way to the card."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    said = reads.both(
        "Your new link for {title} will be behind Join on the lesson’s card in a moment. Use that one from now on.",
        title=Strong(details.lesson.title),
    )
    return Message(said.spoken, [section(said.shown)])


def build_cancelled(
    details: LessonDetails,
    *,
    reader: Person,
    told_count: int,
    valid_count: int,
    valid_until: datetime | None,
    now: datetime,
) -> Message:
    """Who is told, and which links the room service cannot take back."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    words = reads.words
    said = reads.nboth(
        "{title} is cancelled. {count} person is told now.",
        "{title} is cancelled. {count} people are told now.",
        told_count,
        title=Strong(details.lesson.title),
    )
    if told_count == 0:
        said = reads.both("{title} is cancelled. Nobody else had heard of it yet.", title=Strong(details.lesson.title))
    if not valid_count or valid_until is None:
        return Message(said.spoken, [section(said.shown)])
    still = words.nmark(
        "{count} link already sent stays valid until {when}; the room service cannot take it back.",
        "{count} links already sent stay valid until {when}; the room service cannot take them back.",
        valid_count,
        when=reads.stamp(valid_until),
    )
    return Message(said.spoken, [section(lines(said.shown, still))])


def build_trying_again(details: LessonDetails, *, reader: Person, count: int, now: datetime) -> Message:
    """To how many it is sent again."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    if count == 0:
        said = reads.both("Everybody was reached for {title} meanwhile.", title=Strong(details.lesson.title))
    else:
        said = reads.nboth(
            "Sending again to {count} person for {title}. The lesson’s card shows how it goes.",
            "Sending again to {count} people for {title}. The lesson’s card shows how it goes.",
            count,
            title=Strong(details.lesson.title),
        )
    return Message(said.spoken, [section(said.shown)])
