"""One lesson as a view: what it came to, or how it stands, and for admins its history. Pure.

Whoever runs the lesson reads everybody's state; a participant reads only what is about themself. No link is in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.blocks import VIEW_LABEL, Block, Message, header, plain, section
from bot.cards import build_participant_card
from bot.histories import history_blocks
from bot.ids import View
from bot.readers import Reader, reader_of
from bot.replies import lesson_line
from bot.roster import reach_blocks
from bot.summaries import build_summary
from bot.watchers import NOTHING, Rights
from storage.records import AuditEntry, LessonDetails, LessonState, Person


def build_lesson_view(
    details: LessonDetails,
    *,
    reader: Person,
    runs: bool,
    history: Sequence[AuditEntry] = (),
    names: Mapping[str, str] | None = None,
    service_name: str,
    now: datetime,
    rights: Rights = NOTHING,
) -> Block:
    """The view for this reader. `runs`: the lesson is theirs to run, so they read of everybody.

    `rights`: what they may see of what was recorded and said.
    """
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    words = reads.words
    if runs and details.lesson.state is LessonState.ENDED:
        blocks = _summary(details, reader, rights, service_name)
    else:
        blocks = _board(details, reader, reads) if runs else _own(details, reader, now)
    is_over = details.lesson.state is LessonState.ENDED
    return {
        "type": "modal",
        "callback_id": View.MESSAGE.value,
        "title": plain(words._("Summary") if is_over else words._("Lesson"), VIEW_LABEL),
        "close": plain(words._("Close"), VIEW_LABEL),
        "blocks": [*blocks, *history_blocks(history, names or {}, reads)],
    }


def build_board(details: LessonDetails, *, reader: Person, now: datetime) -> Message:
    """How a lesson stands, for a booker or admin who has no card of their own."""
    reads = reader_of(reader, now=now, lesson_zone=details.lesson.zone)
    line = lesson_line(details, reader, reads)
    blocks = _standing(details, reader, reads)
    spoken = reads.words.mark(
        "{title}: {when}.",
        title=details.lesson.title,
        when=reads.span(details.lesson.starts_at, details.lesson.ends_at),
    )
    return Message(spoken, [section(line), *blocks])


def _summary(details: LessonDetails, reader: Person, rights: Rights, service_name: str) -> list[Block]:
    return build_summary(details, reader=reader, shows_names=True, service_name=service_name, rights=rights).blocks


def _board(details: LessonDetails, reader: Person, reads: Reader) -> list[Block]:
    line = section(lesson_line(details, reader, reads))
    return [header(details.lesson.title), line, *_standing(details, reader, reads)]


def _standing(details: LessonDetails, reader: Person, reads: Reader) -> list[Block]:
    return reach_blocks(details, details.seats, reads, reader=reader)


def _own(details: LessonDetails, reader: Person, now: datetime) -> list[Block]:
    """The participant's own card, without its ways in: those are on the card itself and in Home."""
    seat = details.find_seat(reader.id)
    if seat is None:
        return []
    card = build_participant_card(details, seat, join_url=None, now=now)
    return [block for block in card.blocks if block["type"] != "actions"]
