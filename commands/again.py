"""*Book again*: the booking form filled from an earlier lesson, a week later by the clock on the wall.

It only opens the form; what is booked from it is a lesson of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot import lifecycle, windows
from bot.drafts import BookingDraft
from bot.errors import NotAllowed, Outdated
from bot.ids import Action, Choice
from bot.lesson_forms import minutes_of
from bot.lifecycle import Ask
from bot.presses import Press, read_press
from bot.windows import NoSuchWallTime
from commands import opening
from commands.desk import Asked, Desk
from commands.failures import read_asked
from commands.more import Menu
from storage.records import EndRule, Lesson, LessonDetails, LessonOptions, PersonKind, Role

Ack = Callable[..., Awaitable[Any]]

WEEK = timedelta(weeks=1)
MINUTE = timedelta(minutes=1)


def register(app: AsyncApp, desk: Desk, menu: Menu) -> None:
    """Name the menu's choice, and the button of a lesson that is over."""

    async def book_again(asked: Asked, press: Press, *, is_in_form: bool = False) -> None:
        ask = Ask(
            workspace_id=desk.workspace_id,
            lesson_id=press.lesson_id,
            user_id=asked.user_id,
            revision=press.revision or 0,
            policy=desk.policy(),
            now=desk.now(),
        )
        details, person = await desk.store.read(lambda tx: lifecycle.admit(tx, ask, "book_again"))
        if not ask.policy.may_book(person):
            raise NotAllowed("book")
        if asked.trigger_id is None:
            raise Outdated
        draft = draft_again(details, defaults=ask.policy.defaults, now=ask.now)
        open_it = desk.delivery.push_view if is_in_form else desk.delivery.open_view
        await open_it(asked.trigger_id, await opening.build_form(desk, person, draft))

    menu.on(Choice.AGAIN, book_again)

    @app.action(Action.AGAIN.value)
    async def press_again(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press = read_asked(body), read_press(action.get("value"))
        if asked is None or press is None:
            raise Outdated
        await book_again(asked, press, is_in_form=(body.get("view") or {}).get("type") == "modal")
        await ack()


def draft_again(details: LessonDetails, *, defaults: LessonOptions, now: datetime) -> BookingDraft:
    """The same people in their parts, length, options, room and title; the next week whose day is still to come.

    Who is forgotten is not among them: nobody knows any more who that was.

    All fields are shown, since the form takes for one that it does not show what its sender chose last.
    """
    lesson, options = details.lesson, details.lesson.options
    leaders, others = (
        [seat for seat in seats if seat.person.kind is not PersonKind.FORGOTTEN]
        for seats in (details.leaders, details.others)
    )
    booked_end = lesson.ends_at - lesson.extension_count * options.extension
    is_late_typed = options.join_late != defaults.join_late and options.end_rule is not EndRule.EVERYONE_LEAVES
    return BookingDraft(
        title=lesson.title,
        leader_ids=tuple(seat.person.user_id for seat in leaders),
        participant_ids=tuple(seat.person.user_id for seat in others),
        observer_ids=tuple(seat.person.user_id for seat in others if seat.participant.role is Role.OBSERVER),
        starts_at=find_next_start(lesson, now=now),
        length_text=minutes_of(lesson.starts_at, booked_end),
        records=options.records,
        transcribes=options.transcribes,
        end_rule=options.end_rule,
        warns=options.warns,
        channel_id=lesson.channel_id,
        has_more=True,
        join_early_text=str(options.join_early // MINUTE) if options.join_early != defaults.join_early else "",
        join_late_text=str(options.join_late // MINUTE) if is_late_typed else "",
        language=options.language,
        features=options.features,
        room=lesson.room,
        zone=lesson.zone,
    )


def find_next_start(lesson: Lesson, *, now: datetime) -> datetime:
    """A week later, or as many as it takes to be in the future, at the same time of day in the lesson's zone.

    Where the clocks leave that time out, as long after the last as they stood still: nobody misses a lesson for it.
    """
    wall = datetime.fromisoformat(lesson.wall_start)
    while True:
        wall += WEEK
        try:
            start = windows.from_wall(wall, lesson.zone)
        except NoSuchWallTime:
            start = windows.from_wall(wall + timedelta(hours=1), lesson.zone)
        if start > now:
            return start
