"""Looks, one after the other, against a service that says what it is told to: what is kept, owed, and left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot import comings, whereabouts
from bot.clock import SystemClock
from bot.errors import RoomServiceBusy, RoomServiceDown
from bot.lateness import is_inside
from bot.presence import Presence
from bot.rooms.base import Capabilities, Happening, LiveSession, Present, RoomService, Session, SessionEvent
from bot.rooms.registry import RoomServices
from bot.sandbox.clock import MovableClock
from bot.whereabouts import Alerting
from storage.records import (
    CardKind,
    Lesson,
    LessonDetails,
    LessonState,
    LinkId,
    LinkWay,
    Notice,
    NoticeKind,
    Seat,
    new_id,
)
from storage.store import Transaction
from tests.bot.lessons_in_store import StoredSchool
from tests.bot.told_rooms import ToldRooms
from tests.records import ENDS_AT, STARTS_AT, make_card, make_event, make_link

MINUTE = timedelta(minutes=1)


class LiveRooms(ToldRooms):
    """The same, with a list of all that runs."""

    def __init__(self) -> None:
        super().__init__()
        self.capabilities = Capabilities(attendance=True)
        self.present: list[Present] = []
        self.lists = 0
        self.fault: Exception | None = None

    async def list_present(self, room_id: str) -> list[Present]:
        return self.present

    async def list_live_sessions(self) -> list[LiveSession]:
        self.lists += 1
        if self.fault is not None:
            raise self.fault
        return [
            LiveSession(
                session_id=one.session_id,
                room_id=None,
                started_at=one.started_at,
                who=frozenset(event.who for event in one.events),
            )
            for one in self.sessions
            if one.ended_at is None
        ]


class Watched:
    """Ada's lesson with Ben and Cleo, everybody with a link on a card, looked at from ten minutes before the start."""

    def __init__(self, stored: StoredSchool, lesson: Lesson) -> None:
        self.stored = stored
        self.lesson = lesson
        self.rooms = LiveRooms()
        self.clock = MovableClock(STARTS_AT - 10 * MINUTE, is_frozen=True, machine=SystemClock())
        self.presence = self.start()

    def start(self, *, beside: Sequence[RoomService] = ()) -> Presence:
        """As after a restart: nothing is remembered. `beside`: further services."""
        return Presence(
            store=self.stored.store,
            services=RoomServices([self.rooms, *beside]),
            clock=self.clock,
            alerting=Alerting(late_after=5 * MINUTE, admin_channel="C1"),
        )

    async def look(self, minutes: float) -> None:
        """Look so many minutes after the start."""
        self.clock.move_to(STARTS_AT + minutes * MINUTE)
        await self.presence.look()

    def let_in(self, **people: tuple[float, float | None]) -> None:
        """These are, or were, in the room from which minute to which; a session runs."""
        events = []
        for name, (came, left) in people.items():
            for kind, minute in ((Happening.JOINED, came), (Happening.LEFT, left)):
                if minute is not None:
                    events.append(
                        SessionEvent(
                            id=f"{name}{kind.value}",
                            happening=kind,
                            who=f"p-{name}",
                            connection=name,
                            at=STARTS_AT + minute * MINUTE,
                        )
                    )
        began = min(event.at for event in events)
        self.rooms.sessions = [Session(session_id="s1", started_at=began, ended_at=None, events=tuple(events))]

    async def details(self) -> LessonDetails:
        return await self.stored.details(self.lesson)

    async def seat(self, name: str) -> Seat:
        return next(seat for seat in (await self.details()).seats if seat.person.name == name)

    async def list_owed(self, kind: NoticeKind) -> list[Notice]:
        return await self.stored.notices(self.lesson, kind)


@pytest.fixture
async def watched(stored: StoredSchool) -> Watched:
    lesson = await stored.book(stored.ben, stored.cleo)
    details = await stored.details(lesson)
    owed = await stored.notices(lesson, NoticeKind.JOIN_LINK)

    def launch(tx: Transaction) -> None:
        tx.lessons.update_room(replace(details.room, room_id="space-1"))
        for seat, notice in zip(details.seats, owed, strict=True):
            known = replace(seat.participant, provider_user_id=f"p-{seat.person.name}")
            tx.lessons.update_participant(known)
            tx.lessons.insert_link(make_link(known, id=LinkId(new_id()), way=LinkWay.DIRECT, url_sealed=None))
            kind = CardKind.LEADER if known.is_leader else CardKind.PARTICIPANT
            tx.cards.insert(make_card(notice, kind, person_id=seat.person.id))

    await stored.write(launch)
    return Watched(stored, lesson)


async def test_the_first_join_makes_the_lesson_live_and_is_kept(watched: Watched) -> None:
    """Also before the start; the events are there, and when it was read."""
    await watched.look(-9)
    assert LessonState.BOOKED is (await watched.details()).lesson.state
    watched.let_in(Ben=(-5, None))
    await watched.look(-4)

    details = await watched.details()
    ben = await watched.seat("Ben")
    assert LessonState.LIVE is details.lesson.state
    assert ben.attendance is not None
    assert (STARTS_AT - 5 * MINUTE, None) == (ben.attendance.joined_at, ben.attendance.left_at)
    assert details.totals is not None
    assert watched.clock.now() == details.totals.read_at


async def test_cards_are_wanted_only_where_people_read_something_new(watched: Watched) -> None:
    """Ten looks at two who sit there change no card, but say when they were last seen."""

    async def wanted() -> dict[CardKind, int]:
        found = await watched.stored.store.read(
            lambda tx: tx.cards.list_for_lesson(watched.stored.workspace.id, watched.lesson.id)
        )
        return {card.kind: card.revision_wanted for card in found}

    watched.let_in(Ada=(0, None), Ben=(0, None))
    await watched.look(1)
    before = await wanted()
    assert (True, 0) == (before[CardKind.LEADER] > 0, before[CardKind.PARTICIPANT])
    for look in range(10):
        await watched.look(2 + look / 3)
    totals = (await watched.details()).totals
    assert before == await wanted()
    assert totals is not None
    assert watched.clock.now() == totals.read_at


async def test_nudges_and_the_missing_leader_are_owed_once_whatever_is_looked_at_again(watched: Watched) -> None:
    """By many looks, by a restart, by two processes."""
    watched.let_in(Ben=(-2, None))
    for minutes in (1, 5, 6, 7):
        await watched.look(minutes)
    watched.presence = watched.start()
    await watched.look(8)
    await asyncio.gather(watched.presence.look(), watched.start().look())

    ada, cleo = (await watched.seat("Ada")).person, (await watched.seat("Cleo")).person
    assert {ada.id, cleo.id} == {notice.person_id for notice in await watched.list_owed(NoticeKind.LATE_NUDGE)}
    assert 2 == len(await watched.list_owed(NoticeKind.LATE_NUDGE))
    missing = await watched.list_owed(NoticeKind.LEADER_MISSING)
    assert [(None, "C1")] == [(notice.person_id, notice.channel_id) for notice in missing], "Ada booked it herself"


async def test_without_an_answer_nobody_is_missing(watched: Watched) -> None:
    """Neither list nor room: nothing is owed, nothing kept, and the reading grows old."""
    await watched.look(-9)
    watched.rooms.fault = RoomServiceDown("Lessonspace", "no answer")
    with pytest.raises(RoomServiceDown):
        await watched.look(6)
    watched.rooms.fault = None
    watched.let_in(Ben=(1, None))
    watched.rooms.is_down = True
    await watched.look(7)

    assert not await watched.list_owed(NoticeKind.LATE_NUDGE)
    details = await watched.details()
    assert details.totals is not None
    assert STARTS_AT - 9 * MINUTE == details.totals.read_at

    watched.rooms.is_down = False
    watched.presence._quiet_until.clear()  # the pause after a failure is over
    await watched.look(9)
    assert 2 == len(await watched.list_owed(NoticeKind.LATE_NUDGE)), "Cleo, and Ada for whom Ben waits"


async def test_who_came_was_reached(watched: Watched) -> None:
    """Whatever could not be delivered before, nobody has to be told of it any more."""
    ben = await watched.seat("Ben")
    await watched.stored.write(lambda tx: tx.lessons.update_participant(replace(ben.participant, failure="room_down")))
    watched.let_in(Ben=(0, None))

    await watched.look(1)

    assert (await watched.seat("Ben")).participant.failure is None


async def test_lessons_that_are_over_or_not_open_yet_are_not_asked_for(watched: Watched) -> None:
    """Nor cancelled ones."""
    watched.clock = MovableClock(STARTS_AT - 11 * MINUTE, is_frozen=True, machine=SystemClock())
    watched.presence = watched.start()
    await watched.presence.look()
    assert 0 == watched.rooms.lists

    await watched.look(1)
    assert 1 == watched.rooms.lists
    await watched.stored.write(
        lambda tx: tx.lessons.update(replace(watched.lesson, state=LessonState.ENDED, ended_at=ENDS_AT))
    )
    await watched.look(2)
    assert 1 == watched.rooms.lists


async def test_a_lesson_that_ends_while_we_ask_keeps_what_its_end_found(watched: Watched) -> None:
    """The look began before; its reading is the older one."""
    watched.let_in(Ada=(0, None), Ben=(0, None))
    await watched.look(1)
    totals = (await watched.details()).totals
    assert totals is not None
    final = replace(totals, together=17 * MINUTE)
    told = watched.rooms.list_live_sessions

    async def end_meanwhile() -> list[LiveSession]:
        await watched.stored.write(
            lambda tx: tx.lessons.update(replace(watched.lesson, state=LessonState.ENDED, ended_at=ENDS_AT))
        )
        await watched.stored.write(lambda tx: tx.attendance.save_totals(final))
        return await told()

    watched.rooms.list_live_sessions = end_meanwhile  # type: ignore[method-assign]
    await watched.look(1.5)

    assert final == (await watched.details()).totals


async def test_a_busy_service_is_left_alone_as_long_as_it_says(watched: Watched) -> None:
    """By machine time, and afterwards looked at again; a lesson's time alone does not bring the look on."""
    watched.rooms.fault = RoomServiceBusy("Lessonspace", retry_after=timedelta(minutes=3))
    running = asyncio.create_task(watched.presence.run())
    try:
        await wait_until_calm(watched.presence)
        watched.rooms.fault = None
        watched.clock.move_to(STARTS_AT)
        await wait_until_calm(watched.presence)
        assert 1 == watched.rooms.lists
        until = watched.presence._quiet_until[watched.rooms.name]
        assert timedelta(minutes=2, seconds=50) < until - watched.clock.machine_now() <= timedelta(minutes=3)

        watched.presence._quiet_until[watched.rooms.name] = watched.clock.machine_now()
        watched.clock.move_by(MINUTE)
        await wait_until_calm(watched.presence)
        assert 2 == watched.rooms.lists
    finally:
        watched.presence.stop()
        await running


async def test_a_service_that_fails_keeps_no_other_waiting(watched: Watched) -> None:
    """It is left alone for a while; lessons elsewhere are looked at as ever."""
    other = LiveRooms()
    other.name = "another"
    presence = watched.start(beside=[other])
    presence._keep_quiet(other, RoomServiceBusy("Another", retry_after=timedelta(minutes=3)))
    watched.clock.move_to(STARTS_AT)
    running = asyncio.create_task(presence.run())
    try:
        await wait_until_calm(presence)
        assert 1 == watched.rooms.lists
        watched.clock.move_by(MINUTE)
        await wait_until_calm(presence)
        assert 2 == watched.rooms.lists
        assert presence._is_quiet(other)
    finally:
        presence.stop()
        await running


async def wait_until_calm(presence: Presence) -> None:
    """Until no look goes on or is due."""
    async with asyncio.timeout(5):
        await asyncio.sleep(0)
        while presence.is_busy:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_a_service_that_keeps_no_record_is_never_asked_for_it(watched: Watched) -> None:
    """What our own door saw is looked at instead: that nobody came is known, and told in time."""
    watched.rooms.capabilities = Capabilities()
    watched.clock.move_to(STARTS_AT + 6 * MINUTE)

    await watched.presence.look()
    details = await watched.details()

    assert 0 == watched.rooms.lists
    assert details.totals is not None
    assert (True, watched.clock.now()) == (details.totals.is_known, details.totals.read_at)


async def test_who_is_inside_is_counted_where_nobody_is_named(watched: Watched) -> None:
    """Two looks, compared: nobody is taken for one of the participants, by name or otherwise."""
    watched.rooms.capabilities = Capabilities(presence=True)
    watched.clock.move_to(STARTS_AT)
    counts, boards = [], []
    for inside in (["c1"], ["c1", "c2"], ["c2"], []):
        watched.rooms.present = [Present(connection=one, shown_name="Ben") for one in inside]
        await watched.presence.look()
        events = await watched.stored.store.read(
            lambda tx: tx.attendance.list_events(watched.lesson.workspace_id, watched.lesson.id)
        )
        counts.append(len(comings.list_inside(events)))
        totals = (await watched.details()).totals
        boards.append(totals.inside_count if totals else None)
        watched.clock.move_by(MINUTE)
    details = await watched.details()

    assert [1, 2, 1, 0] == counts == boards
    assert {None} == {seat.attendance and seat.attendance.joined_at for seat in details.seats}
    assert () == details.unknown


async def report(watched: Watched, name: str, minute: float) -> None:
    """Somebody's coming, reported and kept, as the presence hears of it."""
    details = await watched.details()
    event = make_event(
        watched.lesson,
        source="webhook",
        session_id="s1",
        who=f"p-{name}",
        connection=None,
        at=STARTS_AT + minute * MINUTE,
    )
    await watched.stored.write(
        lambda tx: whereabouts.keep_reports(tx, details, [event], now=watched.clock.now(), late_after=5 * MINUTE)
    )
    watched.presence.note_reported(details.room.id)


async def test_a_report_that_no_reading_confirms_is_taken_back(watched: Watched) -> None:
    """The list says that nobody is there, well after somebody was said to be: it is the last word."""
    await watched.look(-9)
    await watched.look(-1)
    await report(watched, "Ben", -1)
    assert is_inside(await watched.seat("Ben"))

    await watched.look(-1 + 1 / 12)
    assert is_inside(await watched.seat("Ben")), "the list may be some seconds behind"
    await watched.look(-1 + 1 / 3)
    assert not is_inside(await watched.seat("Ben"))
    assert (await watched.details()).totals is not None


async def test_what_was_reported_while_we_asked_is_not_written_over(watched: Watched) -> None:
    """The answer is older than the report, which came while it was on its way."""
    watched.let_in(Ada=(0, None))
    await watched.look(1)
    told = watched.rooms.list_sessions

    async def report_meanwhile(room_id: str, **about: datetime) -> list[Session]:
        found = await told(room_id, **about)
        await report(watched, "Ben", 2.5)
        return found

    watched.rooms.list_sessions = report_meanwhile  # type: ignore[method-assign]
    await watched.look(2.5)

    assert [True, True] == [is_inside(await watched.seat(name)) for name in ("Ada", "Ben")]


async def test_a_room_that_was_asked_for_is_read_at_once(watched: Watched) -> None:
    """Its session is said to be over: also between two looks, and although nothing else changed."""
    watched.let_in(Ada=(0, None))
    running = asyncio.create_task(watched.presence.run())
    watched.clock.move_to(STARTS_AT + MINUTE)
    async with asyncio.timeout(5):
        while watched.presence.is_busy:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        before = len(watched.rooms.asked)
        watched.presence.ask_for((await watched.details()).room.id)
        while len(watched.rooms.asked) == before:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        watched.presence.stop()
        await running

    assert before + 1 == len(watched.rooms.asked)
