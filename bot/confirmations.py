"""What somebody who pressed a button is told, privately: what was done, and what it could not do. Pure."""

from __future__ import annotations

from datetime import datetime

from bot.blocks import Message, lines, section
from bot.readers import Reader, Span, Strong, reader_of
from bot.words import Markup, words_for
from storage.records import LessonDetails, Person


def build_extended(
    details: LessonDetails,
    *,
    reader: Person,
    relinked_count: int,
    old_closes_at: datetime | None = None,
    now: datetime,
) -> Message:
    """The new end, and whether people must come in again. `old_closes_at`: when the links they had stop working."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    said = reads.both("{title} now ends at {time}.", title=Strong(details.lesson.title), time=details.lesson.ends_at)
    if relinked_count:
        then = _come_again(relinked_count, old_closes_at, reads)
    else:
        then = reads.words.mark("Everybody can stay; the links they have go on working.")
    return Message(said.spoken, [section(lines(said.shown, then))])


def _come_again(count: int, old_closes_at: datetime | None, reader: Reader) -> Markup:
    words = reader.words
    if old_closes_at is None:
        return words.nmark(
            "{count} person gets a new link now and must come in with it.",
            "{count} people get a new link now and must come in with it.",
            count,
        )
    time = reader.stamp_time(old_closes_at)
    if old_closes_at <= reader.now:
        return words.nmark(
            "{count} person gets a new link now and must come in again with it: the old one stopped at {time}.",
            "{count} people get a new link now and must come in again with it: the old ones stopped at {time}.",
            count,
            time=time,
        )
    return words.nmark(
        "{count} person gets a new link now and must come in again with it: the old one stops at {time}.",
        "{count} people get a new link now and must come in again with it: the old ones stop at {time}.",
        count,
        time=time,
    )


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
    said = reads.nboth(
        "{title} is cancelled. {count} person is told now.",
        "{title} is cancelled. {count} people are told now.",
        told_count,
        title=Strong(details.lesson.title),
    )
    if told_count == 0:
        said = reads.both("{title} is cancelled. Nobody else had heard of it yet.", title=Strong(details.lesson.title))
    return Message(said.spoken, [section(lines(said.shown, _still_valid(valid_count, valid_until, reads)))])


def build_unmoved(details: LessonDetails, *, reader: Person, now: datetime) -> Message:
    """Those were its times already."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    when = Span(details.lesson.starts_at, details.lesson.ends_at)
    said = reads.both("{title} stays as it is: {when}.", title=Strong(details.lesson.title), when=when)
    return Message(said.spoken, [section(said.shown)])


def build_moved(
    details: LessonDetails,
    *,
    reader: Person,
    told_count: int,
    relinked_count: int,
    valid_count: int,
    valid_until: datetime | None,
    now: datetime,
) -> Message:
    """The new times, how many are told, whose link is another, and which old links go on working."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    lesson, words = details.lesson, reads.words
    when = Span(lesson.starts_at, lesson.ends_at)
    said = reads.both("{title} has its new times: {when}.", title=Strong(lesson.title), when=when)
    if told_count:
        told = words.nmark("{count} person is told now.", "{count} people are told now.", told_count)
    else:
        told = words.mark("Nobody else had heard of its times yet.")
    links = words.nmark("{count} link is replaced.", "{count} links are replaced.", relinked_count)
    still = _still_valid(valid_count, valid_until, reads)
    return Message(said.spoken, [section(lines(said.shown, told, links if relinked_count else None, still))])


def build_ended(
    details: LessonDetails, *, reader: Person, valid_count: int, valid_until: datetime | None, now: datetime
) -> Message:
    """It is over; what follows, and what cannot be taken back."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    said = reads.both(
        "{title} is over. The summary comes as a message when the room is empty.", title=Strong(details.lesson.title)
    )
    return Message(said.spoken, [section(lines(said.shown, _still_valid(valid_count, valid_until, reads)))])


def _still_valid(count: int, until: datetime | None, reader: Reader) -> Markup | None:
    """Links that the room service cannot take back."""
    if not count or until is None:
        return None
    return reader.words.nmark(
        "{count} link already sent stays valid until {when}; the room service cannot take it back.",
        "{count} links already sent stay valid until {when}; the room service cannot take them back.",
        count,
        when=reader.stamp(until),
    )


def build_trying_out(details: LessonDetails, *, reader: Person, now: datetime) -> Message:
    """A trial has begun; everything about it comes as it does to everybody."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    said = reads.both(
        "{title} has begun and ends at {time}. Its card is in your messages from Hallpass, as everybody gets theirs.",
        title=Strong(details.lesson.title),
        time=details.lesson.ends_at,
    )
    note = reads.words.mark("It is left out of every export.")
    return Message(said.spoken, [section(lines(said.shown, note))])


def build_notices_tried(*, reader: Person, count: int) -> Message:
    """How many messages that were given up are sent again."""
    words = words_for(reader.locale)
    if count:
        line = words.nmark(
            "{count} message is sent again. If it fails once more, Home says why.",
            "{count} messages are sent again. If they fail once more, Home says why.",
            count,
        )
    else:
        line = words.mark("There is nothing to send again: it arrived meanwhile, or it would be of no use now.")
    return Message(line, [section(line)])


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
