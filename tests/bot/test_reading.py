"""After the end: look, wait while people are inside, end the lesson, never take silence for absence."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.clock import SystemClock
from bot.errors import RoomServiceDown
from bot.reading import LookAgain, SessionReader
from bot.rooms.base import LESSON_TAG
from bot.rooms.registry import RoomServices
from bot.sandbox.clock import MovableClock
from storage.records import Lesson, LessonState, NoticeKind, Verdict
from storage.store import Transaction
from tests.bot.lessons_in_store import StoredSchool
from tests.bot.told_rooms import ToldRooms, meet
from tests.records import ENDS_AT, STARTS_AT

GIVES_UP_AT = ENDS_AT + timedelta(minutes=45)
"""Links close half an hour after the end; a quarter of an hour later nobody is asked any more."""


class Told:
    """A live lesson of Ada with Ben whose room was launched, and who reads its sessions."""

    def __init__(self, stored: StoredSchool, lesson: Lesson) -> None:
        self.stored = stored
        self.lesson = lesson
        self.rooms = ToldRooms()
        self.clock = MovableClock(ENDS_AT, is_frozen=True, machine=SystemClock())
        self._reader = SessionReader(
            store=stored.store, services=RoomServices([self.rooms]), clock=self.clock, late_after=timedelta(minutes=5)
        )

    async def look(self) -> LookAgain | None:
        notice = next(one for one in await self.stored.notices(self.lesson) if one.kind is NoticeKind.READ_SESSIONS)
        return await self._reader.look(replace(notice, attempts=1), await self.stored.details(self.lesson))

    async def state(self) -> LessonState:
        return (await self.stored.get(self.lesson.id)).state


@pytest.fixture
async def told(stored: StoredSchool) -> Told:
    lesson = await stored.book(stored.ben)
    details = await stored.details(lesson)

    def launch(tx: Transaction) -> None:
        tx.lessons.update_room(replace(details.room, room_id="space-1"))
        for seat in details.seats:
            tx.lessons.update_participant(replace(seat.participant, provider_user_id=f"p-{seat.person.name}"))

    await stored.write(launch)
    return Told(stored, lesson)


async def test_a_lesson_without_a_running_session_ends(told: Told) -> None:
    """Who came is kept, who did not is absent, and the summary is owed."""
    told.rooms.sessions = [meet("p-Ada", STARTS_AT, ENDS_AT)]

    assert await told.look() is None

    assert LessonState.ENDED == await told.state()
    details = await told.stored.details(told.lesson)
    verdicts = {seat.person.name: seat.attendance.verdict for seat in details.seats if seat.attendance}
    assert {"Ada": Verdict.PRESENT, "Ben": Verdict.ABSENT} == verdicts
    assert 1 == len(await told.stored.notices(told.lesson, NoticeKind.SUMMARY))


async def test_while_people_are_inside_the_lesson_runs_over(told: Told) -> None:
    """It is looked at again, and the summary waits."""
    told.rooms.sessions = [meet("p-Ada", STARTS_AT, None)]

    again = await told.look()

    assert isinstance(again, LookAgain)
    assert ENDS_AT < again.due_at <= ENDS_AT + timedelta(minutes=1)
    assert (await told.stored.get(told.lesson.id)).is_running_over
    assert [] == await told.stored.notices(told.lesson, NoticeKind.SUMMARY)


async def test_patience_ends_and_with_it_the_lesson(told: Told) -> None:
    """A quarter of an hour after the last link closed, also with somebody still there."""
    told.rooms.sessions = [meet("p-Ada", STARTS_AT, None)]
    told.clock.move_to(GIVES_UP_AT - timedelta(seconds=1))
    again = await told.look()
    assert isinstance(again, LookAgain)
    assert GIVES_UP_AT == again.due_at

    told.clock.move_to(GIVES_UP_AT)
    assert await told.look() is None
    assert LessonState.ENDED == await told.state()


async def test_a_service_that_does_not_answer_makes_nobody_absent(told: Told) -> None:
    """Asked again while there is patience; then the summary says that it is not known."""
    told.rooms.is_down = True
    with pytest.raises(RoomServiceDown):
        await told.look()
    assert LessonState.BOOKED == await told.state()

    told.clock.move_to(GIVES_UP_AT)
    assert await told.look() is None
    details = await told.stored.details(told.lesson)
    assert details.totals is not None
    assert not details.totals.is_known
    assert {Verdict.UNKNOWN} == {seat.attendance.verdict for seat in details.seats if seat.attendance}


async def test_a_room_that_was_never_launched_is_not_asked_for(stored: StoredSchool) -> None:
    """Nobody ever had a way in: there is nothing to ask."""
    told = Told(stored, await stored.book(stored.ben))

    assert await told.look() is None
    assert [] == told.rooms.asked
    assert LessonState.ENDED == await told.state()


async def test_sessions_of_an_hour_before_are_asked_for_too(told: Told) -> None:
    """Somebody came early, alone, and left before the others came: a session of its own."""
    await told.look()

    [(room_id, overlaps_from, overlaps_until)] = told.rooms.asked
    assert ("space-1", STARTS_AT - timedelta(hours=1)) == (room_id, overlaps_from)
    assert overlaps_until > ENDS_AT


async def test_minutes_stop_where_the_neighbour_in_the_same_room_begins(told: Told) -> None:
    """Two lessons share a room one after the other: minutes of the second are not the first one's."""
    neighbour = await told.stored.book(told.stored.ben, starts_at=ENDS_AT + timedelta(hours=2), title="Next")
    await told.stored.write(lambda tx: tx.lessons.update(replace(neighbour, room=told.lesson.room, starts_at=ENDS_AT)))
    told.rooms.sessions = [meet("p-Ada", STARTS_AT, ENDS_AT + timedelta(minutes=30))]
    told.clock.move_to(ENDS_AT + timedelta(minutes=31))

    await told.look()

    details = await told.stored.details(told.lesson)
    ada = details.find_seat(told.stored.ada.id)
    assert ada is not None
    assert ada.attendance is not None
    assert timedelta(hours=1) == ada.attendance.present


async def follow(told: Told, *, starts_at: datetime) -> Lesson:
    """Another lesson in the same room, of Ada with Cleo."""
    later = await told.stored.book(told.stored.cleo, starts_at=starts_at, title="Next")

    def work(tx: Transaction) -> None:
        tx.lessons.update(replace(later, room=told.lesson.room))
        for seat in tx.lessons.get_details(later.workspace_id, later.id).seats:
            tx.lessons.update_participant(replace(seat.participant, provider_user_id=f"p-{seat.person.name}"))

    await told.stored.write(work)
    return later


async def test_a_lesson_runs_over_only_until_the_next_in_its_room_begins(told: Told) -> None:
    """Whoever is inside then is in that one: the summary of the first does not wait for its end."""
    next_starts_at = ENDS_AT + timedelta(seconds=20)
    await follow(told, starts_at=next_starts_at)
    told.rooms.sessions = [meet("p-Ada", STARTS_AT, None)]

    again = await told.look()
    assert isinstance(again, LookAgain)
    assert next_starts_at == again.due_at

    told.clock.move_to(next_starts_at)
    assert await told.look() is None
    assert LessonState.ENDED == await told.state()


async def test_a_session_that_spans_two_lessons_is_billed_to_one(told: Told) -> None:
    """To that in which it began; so is its recording. Both lessons have its minutes, cut between them."""
    later = await follow(told, starts_at=ENDS_AT)
    long = meet("p-Ada", STARTS_AT + timedelta(minutes=50), ENDS_AT + timedelta(minutes=20))
    told.rooms.sessions = [replace(long, billable=timedelta(minutes=30), has_recording=True)]
    told.clock.move_to(ENDS_AT + timedelta(hours=1, minutes=1))

    await told.look()
    first = await told.stored.details(told.lesson)
    told.lesson = later
    await told.look()
    second = await told.stored.details(later)

    assert first.totals is not None
    assert second.totals is not None
    assert (timedelta(minutes=30), None) == (first.totals.billable, second.totals.billable)
    assert (True, False) == (first.totals.has_recording, second.totals.has_recording)
    assert (1, 1) == (first.totals.session_count, second.totals.session_count)
    present = [found.attendance.present for one in (first, second) for found in one.leaders if found.attendance]
    assert [timedelta(minutes=10), timedelta(minutes=20)] == present


@pytest.mark.parametrize(("is_tagged", "verdict"), [(True, Verdict.ABSENT), (False, Verdict.PRESENT)])
async def test_who_came_early_for_the_next_lesson_was_not_in_this_one(
    told: Told, *, is_tagged: bool, verdict: Verdict
) -> None:
    """Ada teaches both, missed the first, and waits in the room for the second: the session's tag tells."""
    later = await follow(told, starts_at=ENDS_AT + timedelta(minutes=5))
    waiting = meet("p-Ada", ENDS_AT - timedelta(minutes=3), None)
    told.rooms.sessions = [replace(waiting, tags={LESSON_TAG: later.id} if is_tagged else {})]

    again = await told.look()

    assert is_tagged is (again is None)
    if again is not None:
        told.clock.move_to(again.due_at)
        await told.look()
    told.clock.move_to(ENDS_AT + timedelta(minutes=5))
    await told.look()
    ada = (await told.stored.details(told.lesson)).find_seat(told.stored.ada.id)
    assert ada is not None
    assert ada.attendance is not None
    assert verdict is ada.attendance.verdict


async def test_a_cancelled_lesson_is_not_ended(told: Told) -> None:
    """Nothing is asked, nothing owed."""
    await told.stored.write(lambda tx: tx.lessons.update(replace(told.lesson, state=LessonState.CANCELLED)))

    assert await told.look() is None
    assert LessonState.CANCELLED == await told.state()
    assert [] == told.rooms.asked
