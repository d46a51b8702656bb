"""Whether somebody will come, in words: the buttons on a participant's card, the leader's board, the leaders' message.

Pure. What was answered is shown as text, and what was not stays a button, so pressing another is how an answer is taken
back. Leaders are not asked: a lesson without them is one to move or to hand over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from bot.blocks import Block, Message, actions, button, context, lines, section
from bot.ids import Action
from bot.joining import is_open
from bot.presses import Press
from bot.readers import Reader, Span, Strong, reader_of
from bot.words import Markup, Words
from storage.records import LessonDetails, Person, Reply, Seat

ANSWER_OF = {
    Action.REPLY_COMING: Reply.COMING,
    Action.REPLY_NOT_COMING: Reply.NOT_COMING,
    Action.REPLY_LATE: Reply.LATE,
}
"""What each button says."""


def reply_blocks(details: LessonDetails, seat: Seat, reader: Reader) -> list[Block]:
    """What this participant answered, and a row with what else they may; nothing for leaders and after the lesson."""
    if seat.participant.is_leader or not is_open(details, seat, now=reader.now):
        return []
    reply = seat.participant.reply
    value = Press(lesson_id=details.lesson.id, participant_id=seat.participant.id, reply=reply.value).to_value()
    row = [
        button(_label(answer, reader.words), action, value)
        for action, answer in ANSWER_OF.items()
        if answer is not reply
    ]
    answered = _say_answer(reply, reader.words)
    return [*([context(answered)] if answered else []), *actions(row)]


def _label(answer: Reply, words: Words) -> str:
    match answer:
        case Reply.COMING:
            return words._("I’ll be there")
        case Reply.NOT_COMING:
            return words._("I can’t come")
        case _:
            return words._("Running late")


def _say_answer(reply: Reply, words: Words) -> Markup | None:
    match reply:
        case Reply.COMING:
            return words.mark("You said that you will be there.")
        case Reply.NOT_COMING:
            return words.mark("You said that you can’t come. The leaders are told, and you get no reminder.")
        case Reply.LATE:
            return words.mark("You said that you are running late. The leaders see it.")
        case _:
            return None


def with_reply(line: Markup, seat: Seat, reader: Reader) -> Markup:
    """A participant's line on the leader's board, with what they answered, until they are seen in the room."""
    words = reader.words
    if seat.attendance is not None and seat.attendance.joined_at is not None:
        return line
    match seat.participant.reply:
        case Reply.COMING:
            return words.mark("{state} · will be there", state=line)
        case Reply.NOT_COMING:
            return words.mark("{state} · *can’t come*", state=line)
        case Reply.LATE:
            return words.mark("{state} · running late", state=line)
        case _:
            return line


def reply_counts(seats: Sequence[Seat], reader: Reader) -> Markup | None:
    """How many answered what, where there are too many to list; None: nobody did."""
    words, counts = reader.words, Counter(seat.participant.reply for seat in seats)
    parts = {
        Reply.COMING: words.ngettext("{count} will be there", "{count} will be there", counts[Reply.COMING]),
        Reply.NOT_COMING: words.ngettext("{count} can’t come", "{count} can’t come", counts[Reply.NOT_COMING]),
        Reply.LATE: words.ngettext("{count} running late", "{count} running late", counts[Reply.LATE]),
    }
    there = [part for reply, part in parts.items() if counts[reply]]
    return words.mark("Answered: {parts}.", parts=words.join(there)) if there else None


def build_reply_notice(details: LessonDetails, seat: Seat, *, reader: Person, is_off: bool, now: datetime) -> Message:
    """To a leader: this participant can't come, or (told that before) can after all."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    lesson = details.lesson
    title, when = Strong(lesson.title), Span(lesson.starts_at, lesson.ends_at)
    if is_off:
        said = reads.both("{name} can’t come to {title}, {when}.", name=seat.person.name, title=title, when=when)
        then = reads.words.mark("The lesson stays booked. What can be done about it is on its card.")
    else:
        said = reads.both(
            "{name} can come to {title}, {when}, after all.", name=seat.person.name, title=title, when=when
        )
        then = None
    return Message(said.spoken, [section(lines(said.shown, then))])


def build_replied(details: LessonDetails, *, reader: Person, told_count: int, now: datetime) -> Message:
    """To the participant, privately, after *I can't come*: who hears of it, and how to take it back."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    said = reads.nboth(
        "{count} leader of {title} is told now that you can’t come.",
        "{count} leaders of {title} are told now that you can’t come.",
        told_count,
        title=Strong(details.lesson.title),
    )
    if told_count == 0:
        said = reads.both("The leaders of {title} know that you can’t come.", title=Strong(details.lesson.title))
    then = reads.words.mark("If that changes, press *I’ll be there* on the lesson’s card.")
    return Message(said.spoken, [section(lines(said.shown, then))])
