"""The way in, as every card, reminder and reply shows it: Join, *I need a new link*, what to know before pressing.

One place decides whether Join is shown, so that no two messages disagree. The link itself goes into the button's
address and nowhere else.
"""

from __future__ import annotations

from datetime import datetime

from bot import windows
from bot.blocks import Block, actions, button, cut
from bot.ids import Action
from bot.presses import Press
from bot.readers import Reader
from bot.words import Markup
from storage.records import EndRule, LessonDetails, LessonState, LinkWay, Seat

PRESSED = ""
"""In place of Join's address, where a press is answered in Slack and leads nowhere by itself."""
_SPOKEN_TITLE = 40
"""Of a title in a button's spoken label: with the date it must fit into 75 characters."""


def is_open(details: LessonDetails, seat: Seat, *, now: datetime) -> bool:
    """Is there still something to come to: the lesson neither over nor cancelled, the window not closed?"""
    return details.lesson.state in (LessonState.BOOKED, LessonState.LIVE) and now < closes_at(details, seat)


def opens_at(details: LessonDetails, seat: Seat) -> datetime:
    """When the way in begins to work: the link's own window, once there is one."""
    return seat.link.opens_at if seat.link else windows.window_of(details.lesson, seat.participant).opens_at


def closes_at(details: LessonDetails, seat: Seat) -> datetime:
    """When the way in stops working."""
    return seat.link.closes_at if seat.link else windows.window_of(details.lesson, seat.participant).closes_at


def join_button(details: LessonDetails, seat: Seat, reader: Reader, *, join_url: str) -> Block:
    """Join itself, with a label that a screen reader can tell from other lessons' Join."""
    lesson = details.lesson
    press = Press(lesson_id=lesson.id, participant_id=seat.participant.id, link_id=seat.link.id if seat.link else None)
    spoken = reader.words._(
        "Join {title}, {day}, {time}",
        title=cut(lesson.title, _SPOKEN_TITLE),
        day=reader.day(lesson.starts_at),
        time=reader.time(lesson.starts_at),
    )
    address = join_url or None  # `PRESSED`: Slack tells us of the press, and we answer it
    return button(reader.words._("Join"), Action.JOIN, press.to_value(), url=address, spoken=spoken, style="primary")


def new_link_button(details: LessonDetails, seat: Seat, reader: Reader) -> Block:
    """*I need a new link*; carries the link number that this card knows."""
    press = Press(
        lesson_id=details.lesson.id, participant_id=seat.participant.id, link_number=seat.participant.link_number
    )
    return button(reader.words._("I need a new link"), Action.NEW_LINK, press.to_value())


def device_button(details: LessonDetails, seat: Seat, reader: Reader) -> Block:
    """*Another device*: a second way in, beside this one."""
    press = Press(lesson_id=details.lesson.id, participant_id=seat.participant.id)
    return button(reader.words._("Another device"), Action.DEVICE, press.to_value())


def ways_in(
    details: LessonDetails,
    seat: Seat,
    reader: Reader,
    *,
    join_url: str | None,
    with_new_link: bool = True,
    with_device: bool = False,
) -> list[Block]:
    """The row with Join and *I need a new link*; nothing while there is no link or when there is nothing to come to.

    `with_device`: and *Another device*, which a card has room for.
    """
    if join_url is None or not is_open(details, seat, now=reader.now):
        return []
    row = [join_button(details, seat, reader, join_url=join_url)]
    if join_url == PRESSED:  # each press is a new way in, on whichever device
        return actions(row)
    row += [new_link_button(details, seat, reader)] if with_new_link else []
    row += [device_button(details, seat, reader)] if with_device else []
    return actions(row)


def what_to_know(details: LessonDetails, seat: Seat, reader: Reader) -> Markup:
    """What to know before pressing Join: when it opens, whose it is, when it closes and who is put out then."""
    words, lesson = reader.words, details.lesson
    facts = {"opens": reader.stamp_time(opens_at(details, seat)), "closes": reader.stamp_time(closes_at(details, seat))}
    if seat.link is not None and seat.link.way is LinkWay.PRESS:
        how = words.mark("Join works from {opens} until {closes}, on any device of yours, for you alone.", **facts)
    else:
        how = words.mark(
            "Join works from {opens} until {closes}, in the first browser that opens it. It is yours alone.", **facts
        )
    if lesson.options.end_rule is EndRule.EVERYONE_LEAVES:
        return _together(how, words.mark("At {closes} everyone leaves the room.", **facts))
    if windows.leaves_at_close(lesson, seat.participant):
        return _together(how, words.mark("You leave the room at {closes} at the latest.", **facts))
    return how


def _together(*sentences: Markup) -> Markup:
    """In one paragraph."""
    return Markup(" ".join(sentences))


def recording_line(details: LessonDetails, reader: Reader) -> Markup | None:
    """Whether the lesson is recorded or transcribed: what the room said, before that what was asked for."""
    lesson, words = details.lesson, reader.words
    recorded = lesson.options.records if lesson.is_recorded is None else lesson.is_recorded
    transcribed = lesson.options.transcribes if lesson.is_transcribed is None else lesson.is_transcribed
    is_asked_only = lesson.is_recorded is None and lesson.is_transcribed is None
    match (recorded, transcribed, is_asked_only):
        case (True, True, True):
            return words.mark("This lesson will be recorded and transcribed.")
        case (True, False, True):
            return words.mark("This lesson will be recorded.")
        case (False, True, True):
            return words.mark("This lesson will be transcribed.")
        case (True, True, False):
            return words.mark("This lesson is recorded and transcribed.")
        case (True, False, False):
            return words.mark("This lesson is recorded.")
        case (False, True, False):
            return words.mark("This lesson is transcribed.")
        case _:
            return None
