"""Messages about who is missing: to the late, with the way in; to those in charge, with what to do. Pure.

A nudge goes to one person and names nobody but the leaders. What goes to the admins' channel has times and counts only.
"""

from __future__ import annotations

from datetime import datetime

from bot import lateness
from bot.blocks import Message, context, pack, section
from bot.joining import is_open, ways_in, what_to_know
from bot.messages import try_again_row
from bot.readers import Reader, Span, Strong, channel_reader, reader_of
from bot.roster import Reach, reach_of, trouble_lines
from bot.words import DEFAULT_LOCALE, Markup
from storage.records import LessonDetails, Person, Seat

NAMES_IN_LINE = 5


def build_late_nudge(details: LessonDetails, seat: Seat, *, join_url: str | None, now: datetime) -> Message:
    """The lesson has begun and this person is not in it, with Join; to a leader, how many wait."""
    reader = reader_of(seat.person, now=now, lesson_zone=details.lesson.zone)
    title, start = Strong(details.lesson.title), details.lesson.starts_at
    waiting = len(lateness.find_waiting(details))
    if seat.participant.is_leader and waiting:
        said = reader.nboth(
            "{title} began at {time}, and {count} person is waiting for you in the room.",
            "{title} began at {time}, and {count} people are waiting for you in the room.",
            waiting,
            title=title,
            time=start,
        )
    else:
        said = reader.both("{title} began at {time}, and we do not see you there yet.", title=title, time=start)
    blocks = [section(said.shown)]
    if is_open(details, seat, now=reader.now):
        blocks += ways_in(details, seat, reader, join_url=join_url)
        blocks += [context(what_to_know(details, seat, reader))] if join_url is not None else []
    return Message(said.spoken, blocks)


def build_leader_missing(
    details: LessonDetails,
    *,
    reader: Person | None,
    now: datetime,
    shows_names: bool = True,
    channel_locale: str = DEFAULT_LOCALE,
) -> Message:
    """Learners are inside without a leader: since when, and what to do. `reader` None: for the admins' channel."""
    reads = _reader(details, reader, now, channel_locale)
    lesson = details.lesson
    waiting = lateness.find_waiting(details)
    said = reads.nboth(
        "{count} person has been in {title} without a leader since {time}.",
        "{count} people have been in {title} without a leader since {time}.",
        len(waiting),
        title=Strong(lesson.title),
        time=lateness.alone_since(details) or lesson.starts_at,
    )
    named = _names(details, reads) if shows_names else []
    return Message(said.spoken, [section(said.shown), *map(section, named), section(_advice(reads))])


def _names(details: LessonDetails, reader: Reader) -> list[Markup]:
    words = reader.words
    names = [seat.person.name for seat in details.leaders]
    told = [words.nmark("*Leader:* {names}", "*Leaders:* {names}", len(names), names=_join(names, reader))]
    inside = [seat.person.name for seat in lateness.find_waiting(details)]
    return [*told, words.mark("*In the room:* {names}", names=_join(inside, reader))] if inside else told


def _join(names: list[str], reader: Reader) -> Markup:
    return reader.words.join_marked(names, at_most=NAMES_IN_LINE)


def _advice(reader: Reader) -> Markup:
    return reader.words.mark("Please reach the leader, or have somebody else look after them.")


def build_still_not_reached(
    details: LessonDetails,
    *,
    reader: Person | None,
    now: datetime,
    shows_names: bool = True,
    channel_locale: str = DEFAULT_LOCALE,
) -> Message:
    """The start is near and somebody has no way in yet. `reader` None: for the admins' channel."""
    reads = _reader(details, reader, now, channel_locale)
    lesson = details.lesson
    troubled = [seat for seat in details.seats if reach_of(seat) is Reach.TROUBLE]
    said = reads.nboth(
        "{count} person still cannot be reached for {title}, {when}.",
        "{count} people still cannot be reached for {title}, {when}.",
        len(troubled),
        title=Strong(lesson.title),
        when=Span(lesson.starts_at, lesson.ends_at),
    )
    blocks = [section(said.shown)]
    if shows_names:
        blocks += pack(
            trouble_lines(troubled, reads),
            at_most=20,
            more=lambda count: reads.words.nmark("and {count} more", "and {count} more", count),
        )
    return Message(said.spoken, blocks + (try_again_row(details, reads) if reader is not None else []))


def _reader(details: LessonDetails, reader: Person | None, now: datetime, channel_locale: str) -> Reader:
    if reader is None:
        return channel_reader(now=now, lesson_zone=details.lesson.zone, locale=channel_locale)
    return reader_of(reader, now=now, lesson_zone=details.lesson.zone)
