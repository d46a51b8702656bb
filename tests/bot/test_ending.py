"""*End now*: over at once, and nothing more owed but the look at who came, with the room closed where it can be."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import ending, lifecycle, notices
from bot.clock import SystemClock
from bot.ending import EndedNow
from bot.errors import NotAllowed, Outdated, RoomServiceDown, WrongState
from bot.lifecycle import Ask
from bot.reading import LookAgain, SessionReader
from bot.rooms.base import Capabilities
from bot.rooms.registry import RoomServices
from bot.sandbox.clock import MovableClock
from storage.records import Lesson, LessonState, NoticeKind, NoticeState, Person
from storage.store import Transaction
from tests.bot.lessons_in_store import StoredSchool
from tests.bot.told_rooms import ToldRooms, meet
from tests.records import ENDS_AT, STARTS_AT, make_link

DURING = STARTS_AT + timedelta(minutes=20)


async def begin(stored: StoredSchool) -> Lesson:
    """Ada's lesson with Ben is on, in a room that was launched; both have a link."""
    lesson = await stored.book(stored.ben)
    details = await stored.details(lesson)

    def work(tx: Transaction) -> None:
        lifecycle.go_live(tx, lesson.workspace_id, lesson.id, now=STARTS_AT)
        tx.lessons.update_room(replace(details.room, room_id="space-1", region="eu"))
        for seat in details.seats:
            tx.lessons.update_participant(replace(seat.participant, provider_user_id=f"p-{seat.person.name}"))
            closes_at = ENDS_AT + timedelta(minutes=30)
            tx.lessons.insert_link(make_link(seat.participant, closes_at=closes_at, delivered_at=STARTS_AT))

    await stored.write(work)
    return await stored.get(lesson.id)


async def end_now(stored: StoredSchool, lesson: Lesson, *, by: Person | None = None) -> EndedNow:
    ask = Ask(
        workspace_id=stored.workspace.id,
        lesson_id=lesson.id,
        user_id=(by or stored.ada).user_id,
        revision=lesson.revision,
        policy=stored.policy,
        now=DURING,
    )
    return await stored.write(lambda tx: ending.end_now(tx, ask))


async def look(stored: StoredSchool, lesson: Lesson, rooms: ToldRooms, *, attempts: int = 1) -> LookAgain | None:
    """The work that ending leaves."""
    clock = MovableClock(DURING, is_frozen=True, machine=SystemClock())
    reader = SessionReader(
        store=stored.store, services=RoomServices([rooms]), clock=clock, late_after=timedelta(minutes=5)
    )
    [notice] = [one for one in await stored.notices(lesson) if notices.is_ended_now(one)]
    details = await stored.details(lesson)
    assert notices.find_reason_to_drop(notice, details, now=DURING) is None
    return await reader.look(replace(notice, attempts=attempts), details)


async def test_it_is_over_at_once_and_owes_nothing_but_the_look(stored: StoredSchool) -> None:
    """No warning, no later look; the links that were sent are counted."""
    lesson = await begin(stored)

    result = await end_now(stored, lesson)

    assert EndedNow(valid_count=2, valid_until=ENDS_AT + timedelta(minutes=30)) == result
    over = await stored.get(lesson.id)
    assert (LessonState.ENDED, DURING, 2) == (over.state, over.ended_at, over.revision)
    owed = [one for one in await stored.notices(lesson) if one.state is NoticeState.WAITING]
    assert [(NoticeKind.READ_SESSIONS, "ended_now", DURING)] == [(one.kind, one.occasion, one.due_at) for one in owed]


async def test_only_a_leader_ends_it_once_and_only_while_it_is_on(stored: StoredSchool) -> None:
    """A learner may not; a second press changes nothing; before the start there is nothing to end."""
    lesson = await begin(stored)
    with pytest.raises(NotAllowed):
        await end_now(stored, lesson, by=stored.ben)
    with pytest.raises(Outdated):
        await end_now(stored, replace(lesson, revision=7))
    await end_now(stored, lesson)
    with pytest.raises(WrongState):
        await end_now(stored, lesson)
    booked = await stored.book(stored.cleo, title="Geometry", starts_at=STARTS_AT + timedelta(hours=3))
    with pytest.raises(WrongState):
        await end_now(stored, booked)


async def test_the_summary_waits_for_the_room_to_empty(stored: StoredSchool) -> None:
    """While somebody is inside it is looked at again; then who was there is kept, and the summary owed once."""
    lesson, rooms = await begin(stored), ToldRooms()
    await end_now(stored, lesson)
    rooms.sessions = [meet("p-Ada", STARTS_AT, None)]

    assert isinstance(await look(stored, lesson, rooms), LookAgain)
    assert not (await stored.get(lesson.id)).is_running_over
    assert [] == await stored.notices(lesson, NoticeKind.SUMMARY)
    rooms.sessions = [meet("p-Ada", STARTS_AT, DURING)]
    assert await look(stored, lesson, rooms) is None

    details = await stored.details(lesson)
    [ada] = [seat.attendance for seat in details.leaders]
    assert ada is not None
    assert timedelta(minutes=20) == ada.present
    assert 1 == len(await stored.notices(lesson, NoticeKind.SUMMARY))


async def test_a_room_that_can_be_closed_is(stored: StoredSchool) -> None:
    """Where it is; at the first look, not again at those that follow."""
    lesson, rooms = await begin(stored), ToldRooms(Capabilities(attendance=True, close_room=True))
    await end_now(stored, lesson)
    rooms.sessions = [meet("p-Ada", STARTS_AT, None)]

    await look(stored, lesson, rooms)
    await look(stored, lesson, rooms, attempts=2)

    assert [("space-1", "eu")] == rooms.closed


async def test_a_room_that_fails_to_close_keeps_no_summary_back(stored: StoredSchool) -> None:
    """People leave by themselves in the end."""
    lesson, rooms = await begin(stored), ToldRooms(Capabilities(attendance=True, close_room=True))
    rooms.fails_to_close = RoomServiceDown("Lessonspace", "no answer")
    await end_now(stored, lesson)

    assert await look(stored, lesson, rooms) is None

    assert 1 == len(await stored.notices(lesson, NoticeKind.SUMMARY))


async def test_a_room_in_which_the_next_lesson_waits_stays_open(stored: StoredSchool) -> None:
    """Others are in it, or will be in a moment."""
    lesson, rooms = await begin(stored), ToldRooms(Capabilities(attendance=True, close_room=True))
    other = await stored.book(stored.ben, title="Geometry", starts_at=ENDS_AT, wants_new_room=True)
    await stored.write(lambda tx: tx.lessons.update(replace(other, room=lesson.room)))
    await end_now(stored, lesson)

    await look(stored, lesson, rooms)

    assert [] == rooms.closed


async def test_a_lesson_moved_while_the_service_was_asked_goes_on(stored: StoredSchool) -> None:
    """The look that belongs to the old end ends nothing."""
    lesson, rooms = await begin(stored), ToldRooms()
    [notice] = await stored.notices(lesson, NoticeKind.READ_SESSIONS)
    stale = await stored.details(lesson)
    later = replace(lesson, ends_at=ENDS_AT + timedelta(minutes=10), revision=2)
    await stored.write(lambda tx: tx.lessons.update(later))
    clock = MovableClock(ENDS_AT, is_frozen=True, machine=SystemClock())
    reader = SessionReader(
        store=stored.store, services=RoomServices([rooms]), clock=clock, late_after=timedelta(minutes=5)
    )

    assert await reader.look(notice, stale) is None

    assert LessonState.LIVE == (await stored.get(lesson.id)).state
