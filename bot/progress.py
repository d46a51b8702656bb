"""What the booking form turns into: how far the links have come, then who was reached and who was not. Pure views."""

from __future__ import annotations

from datetime import datetime

from bot.blocks import VIEW_LABEL, Block, context, plain, section
from bot.ids import View
from bot.messages import try_again_row
from bot.readers import Reader, reader_of
from bot.roster import Reach, reach_blocks, reach_of
from storage.records import LessonDetails, NoticeState, Person


def build_progress(
    details: LessonDetails, *, reader: Person, done: int, total: int, now: datetime, metadata: str = ""
) -> Block:
    """ "Sent 7 of 12", while links go out."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    words = reads.words
    sent = words.mark("Sent {done} of {total}.", done=done, total=total)
    hint = words.mark("You can close this; it goes on by itself.")
    return _view(words._("Sending links"), [_booked(details, reads), section(sent), context(hint)], reads, metadata)


def build_result(details: LessonDetails, *, reader: Person, now: datetime, metadata: str = "") -> Block:
    """Who was reached, who was not and why, with *Try again* where that helps."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    words = reads.words
    troubled = sum(reach_of(seat) is Reach.TROUBLE for seat in details.seats)
    if troubled:
        line = words.nmark("{count} person was not reached.", "{count} people were not reached.", troubled)
    elif asleep := sum(seat.invited is NoticeState.WAITING for seat in details.seats):
        # A result is shown when nothing is due: what still waits then waits for the quiet hours to end.
        line = words.nmark(
            "{count} person is told in the morning: it is night there now.",
            "{count} people are told in the morning: it is night there now.",
            asleep,
        )
    else:
        line = words.mark("Everybody has been reached.")
    blocks = [
        _booked(details, reads),
        section(line),
        *reach_blocks(details, details.seats, reads, reader=reader),
        *try_again_row(details, reads),
    ]
    return _view(words._("Lesson booked"), blocks, reads, metadata)


def _booked(details: LessonDetails, reader: Reader) -> Block:
    lesson = details.lesson
    return section(
        reader.words.mark(
            "*{title}*: {when}.", title=lesson.title, when=reader.stamp_span(lesson.starts_at, lesson.ends_at)
        )
    )


def _view(title: str, blocks: list[Block], reader: Reader, metadata: str) -> Block:
    return {
        "type": "modal",
        "callback_id": View.PROGRESS.value,
        "title": plain(title, VIEW_LABEL),
        "close": plain(reader.words._("Close"), VIEW_LABEL),
        "blocks": blocks,
        "private_metadata": metadata,
        "notify_on_close": True,
    }
