"""What admins do in Home beyond their own lessons: look at every lesson, and what the bot could not do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.blocks import Block
from bot.confirmations import build_notices_tried, build_trying_out
from bot.errors import Outdated
from bot.given_up import list_given_up, try_notices_again
from bot.house_forms import rule_lines
from bot.house_rules import may_name, read_house_rules
from bot.ids import Action, View
from bot.overview import GivenUp, Page, build_admin_blocks, build_all_lessons, read_page
from bot.presses import read_press
from bot.readers import reader_of
from bot.seeing import require_admin
from bot.trials import try_on_myself
from bot.words import Markup, words_for
from commands.desk import Asked, Desk
from commands.failures import read_asked
from storage.records import LessonDetails, NoticeKind, Person
from storage.store import Pending, Transaction

Ack = Callable[..., Awaitable[Any]]

TROUBLE_LOOKS_BACK = timedelta(days=1)
"""A lesson that runs over is still to be reached for."""
MOST_TROUBLED = 50
MOST_A_DAY = 500


def register(app: AsyncApp, desk: Desk) -> None:
    """Name the buttons."""

    @app.action(Action.ALL_LESSONS.value)
    @app.action(Action.ALL_LESSONS_BACK.value)
    async def turn(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, page = read_asked(body), read_page(action.get("value"))
        if asked is None or page is None or asked.trigger_id is None:
            raise Outdated
        view = await _build_page(desk, asked, page)
        shown = body.get("view") or {}
        if shown.get("callback_id") == View.ALL_LESSONS.value:
            await desk.redraw(str(shown["id"]), view)
        else:
            await desk.delivery.open_view(asked.trigger_id, view)
        await ack()

    @app.action(Action.TRY_MYSELF.value)
    async def try_myself(ack: Ack, body: dict[str, Any]) -> None:
        asked = read_asked(body)
        if asked is not None:
            await _try_myself(desk, asked)
        await ack()

    @app.action(Action.TRY_NOTICES.value)
    async def try_notices(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        asked, press = read_asked(body), read_press(action.get("value"))
        if asked is None or press is None or press.kind not in set(NoticeKind):
            raise Outdated
        kind, policy, now = NoticeKind(press.kind), desk.policy(), desk.now()
        count = await desk.store.write(
            lambda tx: try_notices_again(
                tx, desk.workspace_id, press.lesson_id, kind, user_id=asked.user_id, policy=policy, now=now
            )
        )
        desk.answer(asked, build_notices_tried(reader=desk.reader(asked.user_id), count=count))
        await ack()

    @app.view(View.ALL_LESSONS.value)
    async def submit_nothing(ack: Ack) -> None:
        await ack()


async def build_admin_part(desk: Desk, person: Person, *, is_first_visit: bool) -> list[Block]:
    """The admins' part of this person's Home. Only for who is one: the caller has asked."""
    now, machine_now = desk.now(), desk.clock.machine_now()

    def read(tx: Transaction) -> tuple[list[LessonDetails], Pending, list[GivenUp]]:
        found = tx.lessons.list_troubled(desk.workspace_id, ends_after=now - TROUBLE_LOOKS_BACK, limit=MOST_TROUBLED)
        troubled = [tx.lessons.get_details(desk.workspace_id, lesson.id) for lesson in found]
        given_up = list_given_up(tx, desk.workspace_id, now=now)
        return troubled, tx.notices.pending(now=now, machine_now=machine_now), given_up

    troubled, pending, given_up = await desk.store.read(read)
    return build_admin_blocks(
        reader=person,
        now=now,
        troubled=troubled,
        pending=pending,
        given_up=given_up,
        rules=_rules(desk, person),
        is_first_visit=is_first_visit,
        has_room_options=desk.launch_defaults.is_offered,
    )


def _rules(desk: Desk, person: Person) -> Sequence[Markup]:
    """The settings in force, in words."""
    policy, otherwise = desk.policy(), desk.drawer.shows_channel_names
    names = desk.store.glance(lambda tx: may_name(tx, desk.workspace_id, otherwise=otherwise))
    if policy.booker_ids:
        books = "groups"
    elif policy.everyone_may_book:
        books = "everyone"
    else:
        books = "members" if policy.members_may_book else "admins"
    chosen = desk.store.glance(lambda tx: read_house_rules(tx, desk.workspace_id)).booker_groups
    groups = [desk.directory.peek_group_name(group_id) for group_id in chosen]
    return rule_lines(
        policy.defaults,
        books="groups" if chosen else books,
        groups=groups,
        reach=policy.reach,
        names=names,
        watchers=policy.watchers,
        words=words_for(person.locale),
    )


async def _build_page(desk: Desk, asked: Asked, page: Page) -> Block:
    now, policy = desk.now(), desk.policy()

    def read(tx: Transaction) -> tuple[Person, list[LessonDetails]]:
        person = require_admin(tx, desk.workspace_id, user_id=asked.user_id, policy=policy)
        starts_at, ends_at = _bounds(person, page, now)
        found = tx.lessons.list_between(
            desk.workspace_id, ends_after=starts_at, starts_before=ends_at, limit=MOST_A_DAY
        )
        of_day = [lesson for lesson in found if lesson.starts_at >= starts_at]
        return person, [tx.lessons.get_details(desk.workspace_id, lesson.id) for lesson in of_day]

    person, lessons = await desk.store.read(read)
    return build_all_lessons(lessons, reader=person, now=now, page=page)


def _bounds(person: Person, page: Page, now: datetime) -> tuple[datetime, datetime]:
    reader = reader_of(person, now=now)
    return reader.midnight_of(page.day), reader.midnight_of(page.day + timedelta(days=1))


async def _try_myself(desk: Desk, asked: Asked) -> None:
    """A lesson for one, told in a small view; its card comes as a message."""
    now, policy, reader = desk.now(), desk.policy(), desk.reader(asked.user_id)
    title = words_for(reader.locale)._("A lesson to try")

    def work(tx: Transaction) -> LessonDetails:
        lesson = try_on_myself(tx, desk.workspace_id, user_id=asked.user_id, title=title, policy=policy, now=now)
        return tx.lessons.get_details(desk.workspace_id, lesson.id)

    details = await desk.store.write(work)
    desk.answer(asked, build_trying_out(details, reader=reader, now=now))
