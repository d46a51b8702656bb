"""Private answers: what one person gets back for something they typed or pressed, seen by nobody else.

Each says what happened and what to do next. A refusal changes nothing, and says so by being only an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.blocks import Message, context, lines, pack, section
from bot.errors import LastOne, LimitReached, NoLongerKept, NotAllowed, Outdated, Refused, TooEarly, TooLate, WrongState
from bot.joining import is_open, ways_in, what_to_know
from bot.readers import Reader, Said, Span, Strong, reader_of
from bot.words import Markup
from storage.records import Lesson, LessonDetails, LessonState, Person, Seat


def describe_refusal(refused: Refused, reader: Person, *, now: datetime) -> Message:
    """Why something is not possible now, and what is."""
    reads = reader_of(reader, now=now)
    said = _say_refusal(refused, reads)
    return Message(said.spoken, [section(said.shown)])


def _say_refusal(refused: Refused, reader: Reader) -> Said:
    if isinstance(refused, TooEarly):
        opens_at = refused.opens_at
        return reader.both("It is too early. You can come in from {time}; the link you have works then.", time=opens_at)
    if isinstance(refused, TooLate):
        return reader.both("It is too late. The way in closed at {time}; ask the leader.", time=refused.closed_at)
    if isinstance(refused, NoLongerKept):
        return reader.both("This lesson is no longer kept here, so there is nothing to show or to change.")
    if isinstance(refused, NotAllowed):
        return _say_not_allowed(refused, reader)
    if isinstance(refused, Outdated):
        return reader.both("That message was out of date, so nothing was changed. It now shows how things stand.")
    if isinstance(refused, WrongState):
        return _say_state(refused.state, reader)
    if isinstance(refused, LimitReached):
        return _say_limit(refused, reader)
    if isinstance(refused, LastOne):
        return _say_last_one(refused, reader)
    return reader.both("That is not possible now, so nothing was changed. Type /lesson help to see what is.")


def _say_limit(refused: LimitReached, reader: Reader) -> Said:
    if not refused.leaders:
        return reader.both(
            "That was asked for {limit} times for this lesson, which is the limit. On your card, choose Add or remove "
            "people, then Resend beside your name.",
            limit=refused.limit,
        )
    names = reader.words.join_marked(refused.leaders, at_most=3)
    return reader.both(
        "You have asked for that {limit} times for this lesson, which is the limit. Write to {names}: they can send "
        "you your way in again.",
        limit=refused.limit,
        names=names,
    )


def _say_last_one(refused: LastOne, reader: Reader) -> Said:
    if refused.is_leader:
        return reader.both("A lesson needs a leader. Add another leader first, or press Replace, or cancel the lesson.")
    return reader.both("A lesson needs a participant. Add another first, or press Replace, or cancel the lesson.")


def _say_not_allowed(refused: NotAllowed, reader: Reader) -> Said:
    if refused.action == "administer":
        return reader.both("Only admins can do that. Ask one of them.")
    if refused.action == "book":
        return reader.both("You cannot book lessons here. Ask a member of this workspace to book it for you.")
    if refused.action == "removed":
        return reader.both("You are no longer in this lesson, so there is no way in for you. Ask its leader.")
    if refused.action in ("new_link", "device", "join"):
        return reader.both("A way in is its person's alone. Use the buttons on your own card.")
    if refused.action == "watch":
        return reader.both("You may not watch this recording. Ask the lesson’s leader.")
    if refused.action == "transcript":
        return reader.both("Only the lesson’s leaders and admins can read what was said in it. Ask one of them.")
    if refused.action == "reply":
        return reader.both("Only the participant whose card this is can answer on it.")
    return reader.both("Only the lesson's leaders, whoever booked it, and admins can do that. Ask one of them.")


def _say_state(state: LessonState, reader: Reader) -> Said:
    match state:
        case LessonState.CANCELLED:
            return reader.both("This lesson was cancelled, so there is nothing to change any more.")
        case LessonState.ENDED:
            return reader.both("This lesson is over, so there is nothing to change any more.")
        case LessonState.LIVE:
            return reader.both("This lesson has begun already. Nothing was changed.")
        case _:
            return reader.both("This lesson has not begun yet. Nothing was changed.")


def build_help(reader: Person, *, can_book: bool = True, now: datetime) -> Message:
    """What can be typed, with examples; nothing of booking to who may not."""
    words = reader_of(reader, now=now).words
    shown = lines(
        words.mark("*Book a lesson*"),
        words.mark("`/lesson` opens the form."),
        words.mark("`/lesson @Ben tomorrow 4pm 45m Algebra` opens it filled in."),
        words.mark("`/lesson now @Ben` is for a lesson that starts at once."),
    )
    others = lines(
        words.mark("*See your lessons*"),
        words.mark("`/lesson list` or `/lessons` shows what is coming."),
        words.mark("`/lesson show Algebra` shows that lesson’s card; `/lesson show` the one that is on or next."),
        words.mark("`/lesson link` gives you the way into your lesson, now or next."),
        words.mark("`/lesson transcript common denominator` finds where these words were said in lessons you led."),
        words.mark("`/lesson help` shows this."),
    )
    if not can_book:
        return Message(words.mark("Type /lesson list to see your lessons, or /lesson link to join."), [section(others)])
    spoken = words.mark("Type /lesson to book a lesson, or /lesson list to see yours.")
    return Message(spoken, [section(shown), section(others)])


def build_conversation_help(reader: Person, *, can_book: bool, now: datetime) -> Message:
    """What can be typed in the conversation with Hallpass itself; the commands too, to who may book."""
    words = reader_of(reader, now=now).words
    line = words.mark("Type the word *link* here, and I give you the way into your lesson, now or next.")
    spoken = words.mark("Type the word link here, and I give you the way into your lesson, now or next.")
    about = words.mark("Cards and reminders come here by themselves. I cannot read anything else that is typed here.")
    more = build_help(reader, now=now).blocks if can_book else []
    return Message(spoken, [section(lines(line, about)), *more])


def build_unknown_command(reader: Person, *, typed: str, can_book: bool = True, now: datetime) -> Message:
    """What was typed was not understood; the help with it."""
    words = reader_of(reader, now=now).words
    line = words.mark("“{typed}” is not something I understand. Here is what I do.", typed=typed[:200])
    return Message(line, [section(line), *build_help(reader, can_book=can_book, now=now).blocks])


def build_apology(reader: Person, error_id: str, *, now: datetime) -> Message:
    """Our own fault; the id is in the log too."""
    words = reader_of(reader, now=now).words
    line = words.mark(
        "Sorry, something went wrong on our side. Please try once more. If it happens again, tell an admin this code: "
        "{code}.",
        code=error_id,
    )
    return Message(line, [section(line)])


def build_lesson_list(
    lessons: Sequence[LessonDetails | Lesson], reader: Person, title: str, now: datetime, *, can_book: bool = True
) -> Message:
    """Lessons in the order given, a line each. `title` is said by the caller, through the reader's words."""
    reads = reader_of(reader, now=now)
    words = reads.words
    if not lessons:
        line = (
            words.mark("No lesson is on or coming. Type /lesson to book one.")
            if can_book
            else words.mark("No lesson is on or coming. When one is booked for you, you get a message.")
        )
        return Message(line, [section(lines(words.mark("*{title}*", title=title), line))])
    spoken = words.nmark("{title}: {count} lesson.", "{title}: {count} lessons.", len(lessons), title=title)
    entries = [lesson_line(lesson, reader, reads) for lesson in lessons]
    listed = pack(entries, at_most=20, more=lambda count: words.nmark("and {count} more", "and {count} more", count))
    return Message(spoken, [section(words.mark("*{title}*", title=title)), *listed])


def lesson_line(lesson: LessonDetails | Lesson, reader: Person, reads: Reader) -> Markup:
    """One lesson in one line: when, what, with whom (where known), how it stands."""
    words = reads.words
    plain_lesson = lesson.lesson if isinstance(lesson, LessonDetails) else lesson
    facts = {
        "when": reads.stamp_span(plain_lesson.starts_at, plain_lesson.ends_at),
        "title": plain_lesson.title,
        "state": _state_word(plain_lesson, reads),
    }
    names = _others(lesson, reader) if isinstance(lesson, LessonDetails) else []
    if not names:
        return words.mark("{when}: *{title}* ({state})", **facts)
    return words.mark("{when}: *{title}* with {names} ({state})", names=words.join_marked(names, at_most=4), **facts)


def _others(details: LessonDetails, reader: Person) -> list[str]:
    """Whom to name to this reader: a learner is told the leaders only."""
    seat = details.find_seat(reader.id)
    is_in_charge = details.booked_by.id == reader.id or (seat is not None and seat.participant.is_leader)
    named = details.seats if is_in_charge else details.leaders
    return [seat.person.name for seat in named if seat.person.id != reader.id]


def _state_word(lesson: Lesson, reader: Reader) -> str:
    words = reader.words
    if lesson.is_running_over:
        return words._("running over")
    match lesson.state:
        case LessonState.BOOKED:
            return words._("booked")
        case LessonState.LIVE:
            return words._("on now")
        case LessonState.ENDED:
            return words._("over")
        case LessonState.CANCELLED:
            return words._("cancelled")


def build_link_reply(details: LessonDetails, seat: Seat, *, join_url: str | None, now: datetime) -> Message:
    """One's own way in, asked for: by `/lesson link`, or by *I need a new link*."""
    reader = reader_of(seat.person, now=now, lesson_zone=details.lesson.zone)
    facts: dict[str, Strong | Span] = {
        "title": Strong(details.lesson.title),
        "when": Span(details.lesson.starts_at, details.lesson.ends_at),
    }
    if not is_open(details, seat, now=now):
        said = reader.both("The way into {title}, {when}, is closed.", **facts)
        return Message(said.spoken, [section(said.shown)])
    if join_url is None:
        said = reader.both("Your link for {title}, {when}, comes in your messages from Hallpass.", **facts)
        return Message(said.spoken, [section(said.shown)])
    said = reader.both("Your way into {title}: {when}.", **facts)
    row = ways_in(details, seat, reader, join_url=join_url, with_new_link=False)
    return Message(said.spoken, [section(said.shown), *row, context(what_to_know(details, seat, reader))])


def build_no_link(reader: Person, *, now: datetime) -> Message:
    """`/lesson link` by somebody who has no lesson now or next."""
    words = reader_of(reader, now=now).words
    line = words.mark("You have no lesson now or soon. Type /lesson list to see what is coming.")
    return Message(line, [section(line)])
