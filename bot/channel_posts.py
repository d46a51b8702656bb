"""The one post that a lesson has in its channel, brought up to date in place: booked, on, over, cancelled. Pure.

A channel is read by people who have nothing to do with the lesson: the post never holds a link or a button, counts
people instead of naming them, and names leaders only where the workspace wants names and only its own members read.
The end warning and the summary stand in its thread.
"""

from __future__ import annotations

from datetime import datetime

from bot.blocks import Message, lines, section
from bot.readers import Reader, Said, Span, Strong, channel_reader
from bot.words import DEFAULT_LOCALE, Markup
from storage.records import LessonDetails, LessonState, Verdict

LEADERS_NAMED = 3


def build_channel_post(
    details: LessonDetails, *, now: datetime, shows_names: bool = False, channel_locale: str = DEFAULT_LOCALE
) -> Message:
    """What the channel reads of the lesson at this moment."""
    lesson = details.lesson
    reader = channel_reader(now=now, lesson_zone=lesson.zone, locale=channel_locale)
    said = _say_title(details, reader, shows_names=shows_names)
    state = _say_state(details, reader)
    spoken = Markup(f"{said.spoken} {state.spoken}")
    return Message(spoken, [section(lines(said.shown, state.shown))])


def count_inside(details: LessonDetails) -> int | None:
    """How many are in the room, as far as was read; None: nothing was."""
    known = [seat.attendance for seat in details.seats if seat.attendance is not None]
    if not known or all(attendance.verdict is Verdict.UNKNOWN for attendance in known):
        return None
    return sum(one.verdict is Verdict.PRESENT and one.left_at is None for one in known)


def _say_title(details: LessonDetails, reader: Reader, *, shows_names: bool) -> Said:
    lesson = details.lesson
    title, when = Strong(lesson.title), Span(lesson.starts_at, lesson.ends_at)
    if not shows_names:
        return reader.both("{title}: {when}.", title=title, when=when)
    names = [leader.person.name for leader in details.leaders]
    leaders = reader.words.join_some(names, at_most=LEADERS_NAMED)
    return reader.both("{title} with {leaders}: {when}.", title=title, leaders=leaders, when=when)


def _say_state(details: LessonDetails, reader: Reader) -> Said:
    lesson = details.lesson
    match lesson.state:
        case LessonState.CANCELLED:
            return reader.both("Cancelled.")
        case LessonState.ENDED:
            return reader.both("It ended at {time}.", time=lesson.ended_at or lesson.ends_at)
        case LessonState.LIVE:
            return _say_live(details, reader)
        case _:
            count = len(details.seats)
            return reader.nboth("{count} person is invited.", "{count} people are invited.", count)


def _say_live(details: LessonDetails, reader: Reader) -> Said:
    inside = count_inside(details)
    if details.lesson.is_running_over and not inside:
        return reader.both("It is running over.")
    if inside is None:
        return reader.both("It is on now.")
    if details.lesson.is_running_over:
        return reader.nboth(
            "It is running over, {count} person is in.", "It is running over, {count} people are in.", inside
        )
    return reader.nboth("It is on now, {count} person is in.", "It is on now, {count} people are in.", inside)
