"""Somebody's Home as it is now: what is read for it, and the view made of that. Publishes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.blocks import Block
from bot.home import HomeLesson, build_home
from commands.desk import Desk
from commands.overview import build_admin_part
from storage.records import LessonDetails, Person
from storage.store import Transaction

AHEAD = timedelta(days=14)
BACK = timedelta(days=7)
MOST = 30
VISITED = "visited_home"


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A Home as it is to be shown, with whether its reader never saw theirs before."""

    person: Person
    view: Block
    is_first_visit: bool


async def draw(desk: Desk, user_id: str, *, welcomes: bool = False) -> Drawing:
    """The Home of this person. `welcomes`: as on a first visit, also where it is none any more."""
    person, now, policy = await desk.look_up_reader(user_id), desk.now(), desk.policy()
    can_book, is_admin = policy.may_book(person), policy.is_admin(person)

    def read(tx: Transaction) -> tuple[list[LessonDetails], bool]:
        if not person.id:
            return [], True
        visited = tx.settings.find(desk.workspace_id, VISITED, person_id=person.id)
        return _list_own(tx, desk, person, now), visited is None

    lessons, is_first_visit = await desk.store.read(read)
    today, upcoming, past = _sort([_prepare(desk, details, person, now) for details in lessons], person, now)
    is_welcome = is_first_visit or welcomes
    view = build_home(
        reader=person,
        now=now,
        today=today,
        upcoming=upcoming,
        past=past,
        is_first_visit=is_welcome,
        can_book=can_book,
        for_admin=await build_admin_part(desk, person, is_first_visit=is_welcome) if is_admin else (),
    )
    return Drawing(person=person, view=view, is_first_visit=is_first_visit)


async def note_visit(desk: Desk, person: Person) -> None:
    """This person saw their Home: the next visit is not the first."""
    if person.id:
        await desk.store.write(lambda tx: tx.settings.save(desk.workspace_id, VISITED, {}, person_id=person.id))


def _list_own(tx: Transaction, desk: Desk, person: Person, now: datetime) -> list[LessonDetails]:
    """The latest past ones, and those to come, by start: a long past takes no place from what is next."""
    past = tx.lessons.list_between(
        desk.workspace_id, ends_after=now - BACK, starts_before=now, person_id=person.id, limit=MOST * 10
    )
    coming = tx.lessons.list_between(
        desk.workspace_id, ends_after=now - BACK, starts_before=now + AHEAD, person_id=person.id, limit=MOST * 10
    )
    chosen = past[-MOST:] + [lesson for lesson in coming if lesson.starts_at >= now][:MOST]
    return [tx.lessons.get_details(desk.workspace_id, lesson.id) for lesson in chosen]


def _prepare(desk: Desk, details: LessonDetails, person: Person, now: datetime) -> HomeLesson:
    seat = details.find_seat(person.id)
    is_theirs = (seat is not None and seat.participant.is_leader) or details.booked_by.id == person.id
    join_url = desk.drawer.find_join_url(details, seat, now=now) if seat else None
    return HomeLesson(details=details, join_url=join_url, runs=is_theirs)


def _sort(
    lessons: list[HomeLesson], person: Person, now: datetime
) -> tuple[list[HomeLesson], list[HomeLesson], list[HomeLesson]]:
    """Still to come or on today (the reader's day), later, and over, newest first."""
    zone = ZoneInfo(person.zone or "UTC")
    today, upcoming, past = [], [], []
    for prepared in lessons:
        lesson = prepared.details.lesson
        if not lesson.is_open:
            past.append(prepared)
        elif lesson.starts_at.astimezone(zone).date() <= now.astimezone(zone).date():
            today.append(prepared)
        else:
            upcoming.append(prepared)
    return today, upcoming, past[::-1]
