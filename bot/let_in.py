"""What somebody reads who pressed Join in Slack: the way in, made a moment ago, or why there is none. Pure."""

from __future__ import annotations

from datetime import datetime

from bot.blocks import Message, actions, button, context, cut, section
from bot.ids import Action
from bot.presses import Press
from bot.readers import Reader, Strong, reader_of
from bot.words import Markup
from storage.records import LessonDetails, Seat

_SPOKEN_TITLE = 40
"""Of a title in a button's spoken label, which holds 75 characters."""


def build_way_in(details: LessonDetails, seat: Seat, *, url: str, is_shared: bool, now: datetime) -> Message:
    """A button that leads into the room. The address stands in the button and nowhere else.

    `is_shared`: it is the same for everybody.
    """
    words = _reader(details, seat, now).words
    if is_shared:
        hint = words.mark(
            "The room has one address for everybody, so please pass it on to nobody. If it does not open, press Join "
            "again."
        )
    else:
        hint = words.mark("This is yours alone. If it does not open, or for another device, press Join again.")
    return _build_door(details, seat, url=url, hint=hint, now=now)


def build_page_link(details: LessonDetails, seat: Seat, *, url: str, now: datetime) -> Message:
    """A button that leads to the page of ours in which the room runs; Join is pressed there once more."""
    hint = _reader(details, seat, now).words.mark(
        "This opens the lesson’s page: press Join there once more. It is yours alone, and works in the first browser "
        "that opens it. For another device, press Join here again."
    )
    return _build_door(details, seat, url=url, hint=hint, now=now)


def _build_door(details: LessonDetails, seat: Seat, *, url: str, hint: Markup, now: datetime) -> Message:
    reader, title = _reader(details, seat, now), details.lesson.title
    said = reader.both("The door to {title} is open for you. Press Go in now.", title=Strong(title))
    press = Press(lesson_id=details.lesson.id, participant_id=seat.participant.id).to_value()
    row = actions(
        [
            button(
                reader.words._("Go in"),
                Action.GO_IN,
                press,
                url=url,
                spoken=reader.words._("Go in to {title}", title=cut(title, _SPOKEN_TITLE)),
                style="primary",
            )
        ]
    )
    return Message(said.spoken, [section(said.shown), *row, context(hint)])


def build_opening(details: LessonDetails, seat: Seat, *, now: datetime) -> Message:
    """While the room is asked, where the answer comes in a view."""
    said = _reader(details, seat, now).both("One moment: opening {title}…", title=Strong(details.lesson.title))
    return Message(said.spoken, [section(said.shown)])


def build_not_opened(details: LessonDetails, seat: Seat, *, is_busy: bool, now: datetime) -> Message:
    """The room service did not open. `is_busy`: it only asked for a pause, so nobody was told."""
    reader = _reader(details, seat, now)
    if is_busy:
        said = reader.both(
            "Many people are coming in at this moment. Please wait a few seconds, then press Join for {title} again.",
            title=Strong(details.lesson.title),
        )
    elif seat.participant.is_leader:
        said = reader.both(
            "The room for {title} did not open. Please press Join again in a minute; if it stays so, tell an admin.",
            title=Strong(details.lesson.title),
        )
    else:
        said = reader.both(
            "The room for {title} did not open. Please press Join again in a minute. Your leader can see that you are "
            "waiting.",
            title=Strong(details.lesson.title),
        )
    return Message(said.spoken, [section(said.shown)])


def _reader(details: LessonDetails, seat: Seat, now: datetime) -> Reader:
    return reader_of(seat.person, now=now, lesson_zone=details.lesson.zone)
