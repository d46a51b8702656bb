"""Messages with a moment of their own: reminder, warning, moved, cancelled, not reached; and what is left of each.

Cards follow a lesson, these announce one fact once. Pure; none repeats what its reader's card says at length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.blocks import Block, Message, actions, button, context, divider, lines, pack, section
from bot.cards import canceller_name, coming_line, extend_button, reason_blocks, still_valid_line
from bot.ids import Action
from bot.joining import is_open, join_button, ways_in, what_to_know
from bot.moves import Move
from bot.presses import Press
from bot.readers import Reader, Said, Span, Strong, channel_reader, reader_of
from bot.roster import Reach, reach_of, trouble_lines
from bot.words import DEFAULT_LOCALE, Markup
from storage.records import CardKind, EndRule, LessonDetails, LessonState, Person, Seat


@dataclass(frozen=True, kw_only=True)
class NextLesson:
    """A leader's other lesson, mentioned in the end warning of this one."""

    details: LessonDetails
    seat: Seat  # the leader's place in it
    join_url: str | None = None


def build_start_reminder(details: LessonDetails, seat: Seat, *, join_url: str | None, now: datetime) -> Message:
    """Shortly before the start: when, and Join."""
    reader = reader_of(seat.person, now=now, lesson_zone=details.lesson.zone)
    lesson = details.lesson
    title, start = Strong(lesson.title), lesson.starts_at
    if start <= now:  # its moment has passed: one line, and Join until the end for who comes late
        said = reader.both("{title} began at {time}.", title=title, time=start)
        return Message(said.spoken, [section(said.shown), *ways_in(details, seat, reader, join_url=join_url)])
    said = reader.both("{title} starts at {time}.", title=title, time=start)
    return Message(said.spoken, [section(said.shown), *_join_row(details, seat, reader, join_url=join_url)])


def _join_row(details: LessonDetails, seat: Seat, reader: Reader, *, join_url: str | None) -> list[Block]:
    if not is_open(details, seat, now=reader.now):
        return []
    if join_url is None:
        return [context(reader.words.mark("Your link is not ready yet. It comes as a message, as soon as it is."))]
    row = ways_in(details, seat, reader, join_url=join_url)
    return [*row, context(what_to_know(details, seat, reader))]


def build_end_warning(
    details: LessonDetails,
    *,
    seat: Seat | None,
    now: datetime,
    next_lessons: Sequence[NextLesson] = (),
    channel_locale: str = DEFAULT_LOCALE,
) -> Message:
    """Shortly before the end. To a leader with the question; to the channel (`seat` None) only the fact."""
    lesson = details.lesson
    if seat is None:
        said = _ends(details, channel_reader(now=now, lesson_zone=lesson.zone, locale=channel_locale))
        return Message(said.spoken, [section(said.shown)])
    reader = reader_of(seat.person, now=now, lesson_zone=lesson.zone)
    said = _ends(details, reader)
    blocks = [section(lines(said.shown, _question(details, reader))), *actions(_warning_buttons(details, reader))]
    for coming in list(next_lessons)[:5]:
        blocks += _next_lesson(coming, reader)
    return Message(said.spoken, blocks)


def _ends(details: LessonDetails, reader: Reader) -> Said:
    lesson = details.lesson
    return reader.both("{title} ends at {time}.", title=Strong(lesson.title), time=lesson.ends_at)


def _question(details: LessonDetails, reader: Reader) -> Markup:
    options, words = details.lesson.options, reader.words
    length = words.length(options.extension)
    if details.lesson.is_let_end:
        return words.mark("It ends then, as you said. You can still extend it by {length}.", length=length)
    if options.end_rule is EndRule.EVERYONE_LEAVES:
        return words.mark(
            "Everyone leaves the room then. If you extend by {length}, everybody gets a new link.", length=length
        )
    return words.mark("Do you need {length} more?", length=length)


def _warning_buttons(details: LessonDetails, reader: Reader) -> list[Block]:
    lesson = details.lesson
    if lesson.state not in (LessonState.BOOKED, LessonState.LIVE):
        return []
    row = [extend_button(details, reader, style="primary")]
    if not lesson.is_let_end:
        press = Press(lesson_id=lesson.id, revision=lesson.revision).to_value()
        row.append(button(reader.words._("Let it end"), Action.LET_END, press))
    return row


def _next_lesson(coming: NextLesson, reader: Reader) -> list[Block]:
    lesson = coming.details.lesson
    line = reader.words.mark(
        "Your next lesson, *{title}*, starts at {time}.",
        title=lesson.title,
        time=reader.stamp_time(lesson.starts_at),
    )
    if coming.join_url is None or not is_open(coming.details, coming.seat, now=reader.now):
        return [divider(), section(line)]
    return [
        divider(),
        section(line),
        *actions([join_button(coming.details, coming.seat, reader, join_url=coming.join_url)]),
    ]


def build_moved(
    details: LessonDetails,
    seat: Seat,
    *,
    join_url: str | None,
    now: datetime,
    move: Move,
) -> Message:
    """The lesson has other times, from when to when; and by which link to come, where it is another one now."""
    reader = reader_of(seat.person, now=now, lesson_zone=details.lesson.zone)
    lesson, title = details.lesson, Strong(details.lesson.title)
    if move.was_start == lesson.starts_at:
        said = reader.both(
            "{title} now ends at {time}, not at {before}.", title=title, time=lesson.ends_at, before=move.was_end
        )
    else:
        said = reader.both(
            "{title} was moved from {before} to {when}.",
            title=title,
            before=Span(move.was_start, move.was_end),
            when=Span(lesson.starts_at, lesson.ends_at),
        )
    if not is_open(details, seat, now=reader.now):
        return Message(said.spoken, [section(said.shown)])
    link = _which_link(reader, move, is_there=join_url is not None)
    text = Markup(f"{said.spoken} {link.spoken}") if link else said.spoken
    blocks = [section(lines(said.shown, link.shown if link else None))]
    if join_url is None:
        return Message(text, [*blocks, context(coming_line(details, seat, reader))])
    return Message(text, [*blocks, *_join_row(details, seat, reader, join_url=join_url)])


def _which_link(reader: Reader, move: Move, *, is_there: bool) -> Said | None:
    """What becomes of the link they had, if they had one."""
    time = move.old_closes_at
    if time is None:
        return None
    if is_there and time <= reader.now:
        return reader.both("Please come in with the new link. The one you had stopped at {time}.", time=time)
    if is_there:
        return reader.both("Please come in with the new link. The one you had stops at {time}.", time=time)
    return reader.both("Please do not use the link you had; it stops at {time}.", time=time)


def build_cancelled(details: LessonDetails, recipient: Seat | Person, *, now: datetime) -> Message:
    """The lesson will not take place; said once, without buttons."""
    person = recipient.person if isinstance(recipient, Seat) else recipient
    reader = reader_of(person, now=now, lesson_zone=details.lesson.zone)
    lesson, name = details.lesson, canceller_name(details)
    title, when = Strong(lesson.title), Span(lesson.starts_at, lesson.ends_at)
    if name is None or person.id == lesson.cancelled_by:
        said = reader.both("{title}, {when}, was cancelled.", title=title, when=when)
    else:
        said = reader.both("{name} cancelled {title}, {when}.", name=name, title=title, when=when)
    blocks = [section(lines(said.shown, _after_cancelling(details, person, reader))), *reason_blocks(details, reader)]
    return Message(said.spoken, blocks)


def _after_cancelling(details: LessonDetails, person: Person, reader: Reader) -> Markup:
    """What is left to know: to who is in charge, what cannot be taken back."""
    seat = details.find_seat(person.id)
    if seat is not None and not seat.participant.is_leader:
        return reader.words.mark("There is nothing you need to do. Please do not use the link you were sent.")
    return still_valid_line(details, reader) or reader.words.mark("Everybody has been told.")


def build_not_reached(details: LessonDetails, *, reader: Person, now: datetime) -> Message:
    """To the booker: who could not be reached, why, and what to do."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    lesson = details.lesson
    troubled = [seat for seat in details.seats if reach_of(seat) is Reach.TROUBLE]
    said = reads.nboth(
        "{count} person could not be reached for {title}, {when}.",
        "{count} people could not be reached for {title}, {when}.",
        len(troubled),
        title=Strong(lesson.title),
        when=Span(lesson.starts_at, lesson.ends_at),
    )
    named = pack(
        trouble_lines(troubled, reads),
        at_most=20,
        more=lambda count: reads.words.nmark("and {count} more", "and {count} more", count),
    )
    blocks = [section(said.shown), *named]
    return Message(said.spoken, blocks + try_again_row(details, reads))


def try_again_row(details: LessonDetails, reader: Reader) -> list[Block]:
    """*Try again*, while it is of use: somebody was not reached and the lesson is not over."""
    lesson = details.lesson
    is_over = lesson.state not in (LessonState.BOOKED, LessonState.LIVE)
    if is_over or not any(reach_of(seat) is Reach.TROUBLE for seat in details.seats):
        return []
    press = Press(lesson_id=lesson.id, revision=lesson.revision).to_value()
    return actions([button(reader.words._("Try again"), Action.TRY_AGAIN, press)])


def build_shrunk(
    kind: CardKind,
    details: LessonDetails,
    *,
    reader: Person | None,
    now: datetime,
    channel_locale: str = DEFAULT_LOCALE,
) -> Message:
    """The one line that is left of a reminder, warning or *moved* when its moment has passed; no buttons."""
    lesson = details.lesson
    if reader is None:
        reads = channel_reader(now=now, lesson_zone=lesson.zone, locale=channel_locale)
    else:
        reads = reader_of(reader, now=now, lesson_zone=lesson.zone)
    said = _what_is_left(kind, details, reads)
    return Message(said.spoken, [context(said.shown)])


def _what_is_left(kind: CardKind, details: LessonDetails, reader: Reader) -> Said:
    lesson = details.lesson
    title, start, end = lesson.title, lesson.starts_at, lesson.ends_at
    if lesson.state is LessonState.CANCELLED:
        return reader.both("{title}, {when}, was cancelled.", title=title, when=Span(start, end))
    if lesson.state is LessonState.ENDED:
        return reader.both("{title} ended at {time}.", title=title, time=lesson.ended_at or end)
    if kind in (CardKind.REMINDER, CardKind.NUDGE) and start <= reader.now:
        return reader.both("{title} began at {time}.", title=title, time=start)
    if kind is CardKind.REMINDER:
        return reader.both("{title} starts at {time}.", title=title, time=start)
    if kind is CardKind.WARNING and end <= reader.now:
        return reader.both("{title} was to end at {time}.", title=title, time=end)
    if kind is CardKind.MOVED and start > reader.now:
        return reader.both("{title} has other times since then: {when}.", title=title, when=Span(start, end))
    if lesson.extension_count and not lesson.is_let_end:
        return reader.both("{title} now ends at {time}.", title=title, time=end)
    return reader.both("{title} ends at {time}.", title=title, time=end)
