"""At the door: one room for everybody however many come first, and who came is noted where nobody else does it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from bot import issuing
from bot.entering import Entrance
from bot.errors import RoomServiceDown
from bot.launching import Launcher
from bot.rooms.base import Capabilities, Launch, LaunchRequest
from bot.rooms.registry import RoomServices
from bot.sandbox.clock import MovableClock
from bot.whereabouts import Alerting
from storage.records import Lesson, LessonState, LinkWay, Person
from storage.sealing import Sealer, new_key
from tests.bot.lessons_in_store import StoredSchool
from tests.bot.told_rooms import ToldRooms
from tests.records import ENDS_AT, NOW, STARTS_AT

SEALER = Sealer([new_key()])
MINUTE = timedelta(minutes=1)


class MakesRooms(ToldRooms):
    """Makes another room for each launch that names none, and answers when it is let."""

    def __init__(self, capabilities: Capabilities | None = None) -> None:
        super().__init__(capabilities or Capabilities())
        self.requests: list[LaunchRequest] = []
        self.made_count = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.two_asked = asyncio.Event()

    async def launch(self, request: LaunchRequest) -> Launch:
        self.requests.append(request)
        if len(self.requests) == 2:
            self.two_asked.set()
        await self.gate.wait()
        if self.is_down:
            raise RoomServiceDown("Rooms", "no answer")
        room_id = request.room_id
        if room_id is None:
            self.made_count += 1
            room_id = f"room-{self.made_count}"
        return Launch(url=f"https://rooms.example/{room_id}", room_id=room_id)


@dataclass(kw_only=True)
class House:
    """One process: its own launcher before the same store."""

    stored: StoredSchool
    rooms: MakesRooms
    clock: MovableClock = field(default_factory=lambda: MovableClock(STARTS_AT, is_frozen=True))

    def __post_init__(self) -> None:
        directory: Any = None  # nobody is looked up at the door
        launcher = Launcher(
            store=self.stored.store,
            services=RoomServices([self.rooms]),
            directory=directory,
            sealer=SEALER,
            clock=self.clock,
            at_once=8,
        )
        self.entrance = Entrance(
            store=self.stored.store,
            services=RoomServices([self.rooms]),
            launcher=launcher,
            clock=self.clock,
            alerting=Alerting(late_after=5 * MINUTE),
        )

    async def enter(self, lesson: Lesson, person: Person) -> Launch:
        details = await self.stored.details(lesson)
        seat = details.find_seat(person.id)
        assert seat is not None
        assert seat.link is not None
        return await self.entrance.enter(seat.link, details, seat, visitor_address="192.0.2.7")


async def book(stored: StoredSchool) -> Lesson:
    """Ada with Ben and Cleo, each with a link of ours."""
    lesson = await stored.book(stored.ben, stored.cleo)
    seats = (await stored.details(lesson)).seats
    links = [issuing.issue(lesson, seat.participant, way=LinkWay.PRESS, sealer=SEALER, now=NOW) for seat in seats]
    await stored.write(lambda tx: [tx.lessons.insert_link(link) for link in links])
    return lesson


async def test_two_who_come_first_at_once_meet_in_one_room(stored: StoredSchool) -> None:
    """The second waits for the room that the first makes."""
    house = House(stored=stored, rooms=MakesRooms())
    lesson = await book(stored)

    launches = await asyncio.gather(house.enter(lesson, stored.ben), house.enter(lesson, stored.cleo))

    assert ["room-1", "room-1"] == [launch.room_id for launch in launches]
    assert 1 == house.rooms.made_count


async def test_of_two_processes_that_made_a_room_the_first_to_store_it_wins(stored: StoredSchool) -> None:
    """The other launches once more, into that room: else two would sit apart, each waiting for the other."""
    lesson = await book(stored)
    rooms = MakesRooms()
    rooms.gate.clear()
    here, there = House(stored=stored, rooms=rooms), House(stored=stored, rooms=rooms)
    tasks = [
        asyncio.create_task(here.enter(lesson, stored.ben)),
        asyncio.create_task(there.enter(lesson, stored.cleo)),
    ]
    async with asyncio.timeout(5):
        await rooms.two_asked.wait()
    rooms.gate.set()

    launches = await asyncio.gather(*tasks)

    assert 1 == len({launch.room_id for launch in launches})
    assert launches[0].room_id == (await stored.details(lesson)).room.room_id
    assert [None, None, launches[0].room_id] == [request.room_id for request in rooms.requests]


async def test_the_room_is_told_who_stands_there_and_how_long_it_is_needed(stored: StoredSchool) -> None:
    """The widest window of all, the number of places, and the visitor's address."""
    house = House(stored=stored, rooms=MakesRooms())
    lesson = await book(stored)

    await house.enter(lesson, stored.ben)
    [request] = house.rooms.requests

    assert (STARTS_AT - 10 * MINUTE, ENDS_AT + 30 * MINUTE) == (request.room_opens_at, request.room_closes_at)
    assert (3, "192.0.2.7") == (request.seats, request.visitor_address)
    assert "192.0.2.7" not in repr(request)


async def test_who_came_in_by_our_door_came(stored: StoredSchool) -> None:
    """With a service that keeps no record: the board says so and the lesson is live, though nobody else tells."""
    house = House(stored=stored, rooms=MakesRooms())
    lesson = await book(stored)

    await house.enter(lesson, stored.ben)
    details = await stored.details(lesson)
    joined = {seat.person.name: seat.attendance and seat.attendance.joined_at for seat in details.seats}

    assert {"Ada": None, "Ben": STARTS_AT, "Cleo": None} == joined
    assert LessonState.LIVE == details.lesson.state


async def test_coming_in_again_is_still_one_coming(stored: StoredSchool) -> None:
    """Pressed twice, somebody was there once, from the first time on."""
    house = House(stored=stored, rooms=MakesRooms())
    lesson = await book(stored)

    await house.enter(lesson, stored.ben)
    house.clock.move_by(5 * MINUTE)
    await house.enter(lesson, stored.ben)
    [ben] = [seat for seat in (await stored.details(lesson)).seats if seat.person.id == stored.ben.id]

    assert ben.attendance is not None
    assert (STARTS_AT, None) == (ben.attendance.joined_at, ben.attendance.left_at)


async def test_a_service_that_tells_who_came_is_believed_alone(stored: StoredSchool) -> None:
    """What its record says is not mixed with what our door saw."""
    house = House(stored=stored, rooms=MakesRooms(Capabilities(attendance=True)))
    lesson = await book(stored)

    await house.enter(lesson, stored.ben)
    events = await stored.store.read(lambda tx: tx.attendance.list_events(stored.workspace.id, lesson.id))

    assert [] == events


async def test_a_room_that_does_not_open_lets_nobody_in(stored: StoredSchool) -> None:
    """Nobody is said to have come."""
    house = House(stored=stored, rooms=MakesRooms())
    house.rooms.is_down = True
    lesson = await book(stored)

    with pytest.raises(RoomServiceDown):
        await house.enter(lesson, stored.ben)
    details = await stored.details(replace(lesson))

    assert [None, None, None] == [seat.attendance for seat in details.seats]
