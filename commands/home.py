"""The Home tab, and what Slack tells us of people and channels."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from slack_bolt.async_app import AsyncApp

from bot.home import build_home
from commands.desk import Desk
from storage.records import LessonDetails, Person
from storage.store import Transaction

AHEAD = timedelta(days=14)
BACK = timedelta(days=7)
MOST = 30
VISITED = "visited_home"


def register(app: AsyncApp, desk: Desk) -> None:
    """Name the events."""

    @app.event("app_home_opened")
    async def open_home(event: dict[str, Any]) -> None:
        if event.get("tab") == "home":
            desk.run(publish(desk, str(event["user"])))

    @app.event("user_change")
    async def change_user(event: dict[str, Any]) -> None:
        desk.run(desk.directory.note_user_change(event.get("user") or {}))


async def publish(desk: Desk, user_id: str) -> None:
    """Draw somebody's Home tab as it is now."""
    await desk.directory.ensure_known([user_id], within=timedelta(seconds=5))
    person = desk.reader(user_id)
    now = desk.now()

    def read(tx: Transaction) -> tuple[list[LessonDetails], bool]:
        if not person.id:
            return [], True
        found = tx.lessons.list_between(
            desk.workspace_id, ends_after=now - BACK, starts_before=now + AHEAD, person_id=person.id, limit=MOST
        )
        visited = tx.settings.find(desk.workspace_id, VISITED, person_id=person.id)
        return [tx.lessons.get_details(desk.workspace_id, lesson.id) for lesson in found], visited is None

    lessons, is_first_visit = await desk.store.read(read)
    today, upcoming, past = _sort(lessons, person, now)
    view = build_home(
        reader=person,
        now=now,
        today=today,
        upcoming=upcoming,
        past=past,
        is_first_visit=is_first_visit,
        can_book=desk.policy().may_book(person),
    )
    await desk.delivery.publish_view(user_id, view)
    if is_first_visit and person.id:
        await desk.store.write(lambda tx: tx.settings.save(desk.workspace_id, VISITED, {}, person_id=person.id))


def _sort(
    lessons: list[LessonDetails], person: Person, now: datetime
) -> tuple[list[LessonDetails], list[LessonDetails], list[LessonDetails]]:
    """Still to come or on today (the reader's day), later, and over."""
    zone = ZoneInfo(person.zone or "UTC")
    today, upcoming, past = [], [], []
    for details in lessons:
        lesson = details.lesson
        if not lesson.is_open:
            past.append(details)
        elif lesson.starts_at.astimezone(zone).date() <= now.astimezone(zone).date():
            today.append(details)
        else:
            upcoming.append(details)
    return today, upcoming, past[::-1]
