"""What is made of stored deliveries: whose lesson, whose coming, and that a rotten one stops none of the others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot import booking, notices
from bot import reports as reports_module
from bot.clock import SystemClock
from bot.lateness import has_joined
from bot.presence import Presence
from bot.reports import Reports
from bot.rooms import lessonspace_webhooks
from bot.rooms.base import Capabilities, Incoming, Report
from bot.rooms.registry import RoomServices
from bot.sandbox.clock import MovableClock
from bot.whereabouts import Alerting
from storage.errors import StorageError
from storage.records import (
    Attendance,
    CardKind,
    Delivery,
    HeldSession,
    Lesson,
    LessonDetails,
    LessonState,
    LinkId,
    LinkWay,
    NoticeKind,
    Produced,
    Verdict,
    new_id,
)
from storage.sealing import Sealer, new_key
from storage.store import Transaction
from tests import budget
from tests.bot.lessons_in_store import StoredSchool
from tests.bot.told_rooms import ToldRooms
from tests.records import ENDS_AT, STARTS_AT, make_card, make_link

MINUTE = timedelta(minutes=1)
SECRET = "the room's secret"


class ReportingRooms(ToldRooms):
    """Lessonspace's way of reporting."""

    def __init__(self) -> None:
        super().__init__(Capabilities(attendance=True, webhooks=True))

    def open_webhook(self, headers: Mapping[str, str]) -> Incoming | None:
        return lessonspace_webhooks.open_webhook(headers)

    def read_webhook(self, headers: Mapping[str, str], body: bytes, *, secret: str, received_at: datetime) -> Report:
        return lessonspace_webhooks.read_webhook(headers, body, secret=secret, received_at=received_at)


class Room:
    """Ada's lesson with Ben and Cleo, who have links, and whoever reports of their room."""

    def __init__(self, stored: StoredSchool, lesson: Lesson, *, sealer: Sealer | None = None) -> None:
        self.stored = stored
        self.lesson = lesson
        self.rooms = ReportingRooms()
        self.sealer = sealer or Sealer([new_key()])
        self.clock = MovableClock(STARTS_AT + 3 * MINUTE, is_frozen=True, machine=SystemClock())
        common: dict[str, Any] = {"store": stored.store, "clock": self.clock}
        alerting = Alerting(late_after=5 * MINUTE)
        self.presence = Presence(**common, services=RoomServices([self.rooms]), alerting=alerting)
        common |= {"services": RoomServices([self.rooms]), "presence": self.presence}
        self.reports = Reports(**common, sealer=self.sealer, late_after=5 * MINUTE)
        self.count = 0

    async def prepare(self) -> None:
        details = await self.details()
        owed = await self.stored.notices(self.lesson, NoticeKind.JOIN_LINK)

        def work(tx: Transaction) -> None:
            room = replace(
                details.room,
                room_id=f"space-{details.room.id}",
                webhook_digest=details.room.id,
                secret_sealed=self.sealer.seal(SECRET),
            )
            tx.lessons.update_room(room)
            for seat, notice in zip(details.seats, owed, strict=True):
                known = replace(seat.participant, provider_user_id=f"p-{seat.person.name}")
                tx.lessons.update_participant(known)
                tx.lessons.insert_link(make_link(known, id=LinkId(new_id()), way=LinkWay.DIRECT, url_sealed=None))
                kind = CardKind.LEADER if known.is_leader else CardKind.PARTICIPANT
                tx.cards.insert(make_card(notice, kind, person_id=seat.person.id))

        await self.stored.write(work)

    async def report(self, event: str, minute: float = 1, *, who: str | None = None, **told: Any) -> Delivery:
        """Store a delivery as it would have come; `told` over what is usual. `event` "user.join"."""
        self.count += 1
        at = STARTS_AT + minute * MINUTE
        said: dict[str, Any] = {"session": {"id": "s1"}, "time": at.isoformat(), **told}
        if who is not None:
            said["user"] = {"id": who, "meta": {"name": who.removeprefix("p-")}}
        body = json.dumps(said).encode()
        headers = {
            "x-webhook-event": f"webhooks.{event}",
            "x-webhook-signature": lessonspace_webhooks.sign(body, secret=SECRET),
        }
        return await self.store(headers, body)

    async def store(self, headers: Mapping[str, str], body: bytes, *, sealed: bytes | None = None) -> Delivery:
        delivery = Delivery(
            id=new_id(),
            workspace_id=self.stored.workspace.id,
            room=self.lesson.room,
            delivery_id=f"delivery-{self.count}",
            event=headers.get("x-webhook-event", ""),
            headers=json.dumps(dict(headers)),
            body_sealed=sealed or self.sealer.seal(body.decode("latin-1")),
            received_at=self.clock.now(),
        )
        assert await self.stored.write(lambda tx: tx.deliveries.add(delivery))
        return delivery

    async def work(self) -> None:
        while await self.reports.work():
            pass

    async def settle(self) -> None:
        async with asyncio.timeout(20):
            while self.reports.is_busy:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    async def problem_of(self, delivery: Delivery) -> str | None:
        found = await self.stored.store.read(
            lambda tx: tx.deliveries.find(delivery.workspace_id, delivery.delivery_id, room=delivery.room)
        )
        assert found is not None
        assert found.worked_at is not None
        return found.problem

    async def details(self, lesson: Lesson | None = None) -> LessonDetails:
        return await self.stored.details(lesson or self.lesson)

    async def seen(self, name: str, lesson: Lesson | None = None) -> Attendance | None:
        seats = (await self.details(lesson)).seats
        return next(seat.attendance for seat in seats if seat.person.name == name)


@pytest.fixture
async def room(stored: StoredSchool) -> Room:
    found = Room(stored, await stored.book(stored.ben, stored.cleo))
    await found.prepare()
    return found


@pytest.mark.parametrize("event", ["user.join", "user.joined"])
async def test_somebody_is_known_by_either_id(room: Room, event: str) -> None:
    """The provider's number, or ours: the documents disagree. In both spellings of the event."""
    cleo = next(seat.person for seat in (await room.details()).seats if seat.person.name == "Cleo")
    await room.report(event, 1, who="p-Ben")
    await room.report(event, 2, who=cleo.id)
    await room.work()

    found = [await room.seen(name) for name in ("Ben", "Cleo")]
    assert [STARTS_AT + MINUTE, STARTS_AT + 2 * MINUTE] == [one.joined_at for one in found if one]
    assert {"p-Ben", "p-Cleo"} == {one.who for one in found if one}
    assert not (await room.details()).unknown


async def test_who_has_no_place_is_unknown_and_nobody_becomes_absent(room: Room) -> None:
    """A guest came; of Ben and Cleo nothing was heard, and no reading says that they are missing."""
    await room.report("user.join", who="guest-7")
    await room.work()

    assert ["guest-7"] == [one.who for one in (await room.details()).unknown]
    ben = await room.seen("Ben")
    assert ben is not None
    assert Verdict.UNKNOWN is ben.verdict
    totals = (await room.details()).totals
    assert totals is not None
    assert not totals.is_known


async def test_the_first_join_makes_it_live_and_the_board_is_wanted_once_for_a_class(room: Room) -> None:
    """All that wait together are judged together."""
    for name in ("Ada", "Ben", "Cleo"):
        await room.report("user.join", who=f"p-{name}")
    await room.work()

    assert LessonState.LIVE is (await room.details()).lesson.state
    cards = await room.stored.store.read(lambda tx: tx.cards.list_for_lesson(room.stored.workspace.id, room.lesson.id))
    board = next(card for card in cards if card.kind is CardKind.LEADER)
    assert 2 == board.revision_wanted, "who is there, and that it is live"


@pytest.mark.parametrize("later", [timedelta(minutes=100), timedelta(days=1)])
async def test_a_lesson_to_come_in_the_same_room_hears_nothing_of_it(room: Room, later: timedelta) -> None:
    """Several lessons share a room; what happens before the doors of the next one open is none of its business."""
    following = await room.stored.book(room.stored.ben, room.stored.cleo, starts_at=STARTS_AT + later)
    assert following.room == room.lesson.room
    room.clock.move_to(STARTS_AT + 46 * MINUTE)
    await room.report("user.join", 45, who="p-Ben")
    await room.work()

    assert await room.seen("Ben") is not None
    assert (await room.details(following)).totals is None


async def test_a_lesson_that_is_over_keeps_what_its_end_found(room: Room) -> None:
    """A report that comes too late changes no figure."""
    over = replace(room.lesson, state=LessonState.ENDED, ended_at=ENDS_AT)
    await room.stored.write(lambda tx: tx.lessons.update(over))
    late = await room.report("user.join", who="p-Ben")
    await room.work()

    assert await room.problem_of(late) is None
    assert await room.seen("Ben") is None


async def test_what_cannot_be_read_is_set_aside_with_its_reason(room: Room) -> None:
    """Lost keys, another secret since, something that was never a report; what comes behind them is worked on."""
    sealed = await room.store({}, b"", sealed=Sealer([new_key()]).seal("{}"))
    room.count += 1
    forged = await room.store({"x-webhook-signature": "0" * 64}, b"{}")
    room.count += 1
    signature = lessonspace_webhooks.sign(b"nonsense", secret=SECRET)
    nonsense = await room.store({"x-webhook-signature": signature}, b"nonsense")
    fine = await room.report("user.join", who="p-Ben")
    await room.work()

    problems = [await room.problem_of(one) for one in (sealed, forged, nonsense, fine)]
    assert ["sealed", "secret_changed", "unreadable", None] == problems
    assert room.presence.is_busy, "what an old secret signed is asked for instead"
    assert await room.seen("Ben") is not None


async def test_one_that_breaks_us_takes_no_other_along(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its transaction fails, the others of its batch are done one by one, and it is marked as failed."""
    real = reports_module._list_events

    def break_on_cleo(tx: Transaction, details: LessonDetails, items: Any) -> Any:
        items = list(items)
        if any(item.report.who == "p-Cleo" for item in items):
            raise RuntimeError("a bug of ours")
        return real(tx, details, items)

    monkeypatch.setattr(reports_module, "_list_events", break_on_cleo)
    before, rotten, after = [await room.report("user.join", who=f"p-{name}") for name in ("Ada", "Cleo", "Ben")]
    with structlog.testing.capture_logs() as logs:
        await room.work()

    assert [None, "failed", None] == [await room.problem_of(one) for one in (before, rotten, after)]
    assert await room.seen("Ada") is not None
    assert ["report_failed"] == [line["event"] for line in logs if line["log_level"] == "error"]
    cleo = await room.seen("Cleo")
    assert cleo is None or cleo.joined_at is None


async def test_a_store_that_is_out_costs_no_delivery(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is nobody's fault but the disk's: the same delivery is worked on later."""

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise StorageError("the disk is full")

    delivery = await room.report("user.join", who="p-Ben")
    with monkeypatch.context() as patched:
        patched.setattr(reports_module, "apply_reports", fail)
        with pytest.raises(StorageError):
            await room.reports.work()
    await room.work()

    assert await room.problem_of(delivery) is None
    assert await room.seen("Ben") is not None


async def test_a_report_that_names_no_session_is_of_the_one_last_heard_of(room: Room) -> None:
    """So that a leave closes the join before it."""
    await room.report("user.join", 1, who="p-Ben", session={"id": "s7"})
    await room.report("user.leave", 2, who="p-Ben", session=None)
    await room.work()

    ben = await room.seen("Ben")
    assert ben is not None
    assert STARTS_AT + 2 * MINUTE == ben.left_at


async def test_nothing_but_attendance_comes_of_comings_and_goings(room: Room) -> None:
    """Who idles is there; a session that starts or idles, and what nobody knows, is only marked as done."""
    for event in ("session.start", "session.idle", "chat.message", "knock.request", "user.join"):
        await room.report(event)  # of nobody
    await room.work()
    assert (await room.details()).totals is None

    await room.report("user.idle", who="p-Ben")
    await room.work()
    ben = await room.seen("Ben")
    assert ben is not None
    assert (STARTS_AT + MINUTE, None) == (ben.joined_at, ben.left_at)


@pytest.mark.parametrize("event", ["transcription.finish", "summary.finish"])
async def test_what_is_ready_is_collected_at_once(room: Room, event: str) -> None:
    """By its session, or, where none is told, of all lessons in the room that still wait; the summary is kept."""
    over = replace(room.lesson, state=LessonState.ENDED, ended_at=ENDS_AT)
    room.clock.move_to(ENDS_AT + 2 * MINUTE)
    key = (room.stored.workspace.id, room.lesson.id)
    due_at = ENDS_AT + timedelta(hours=3)

    def end(tx: Transaction) -> None:
        tx.lessons.update(over)
        held = HeldSession(
            workspace_id=key[0],
            lesson_id=key[1],
            session_id="s1",
            started_at=STARTS_AT,
            ended_at=ENDS_AT,
            transcript=Produced.AWAITED,
        )
        tx.sessions.save([held])
        tx.notices.insert([notices.plan_collecting(over, "ended", due_at=due_at, now=ENDS_AT)])

    async def find_due() -> datetime:
        [owed] = await room.stored.notices(room.lesson, NoticeKind.COLLECT)
        return owed.due_at

    await room.stored.write(end)
    await room.report(event, session={"id": "somebody else's"})
    await room.work()
    assert due_at == await find_due()

    await room.report(event, session={"id": "s1"}, summary="They added.")
    await room.work()
    assert room.clock.now() == await find_due()
    [held] = await room.stored.store.read(lambda tx: tx.sessions.list_for_lesson(*key))
    assert ("They added." if event == "summary.finish" else None) == held.summary


async def test_words_are_kept_no_second_time_in_the_report_that_brought_them(room: Room) -> None:
    """Nor the address of a transcript; who came and went stays as it was reported, for as long as events are kept."""
    events = ("user.join", "transcription.finish", "summary.finish")
    reported = [await room.report(event, who="p-Ben", summary="They added.") for event in events]
    await room.work()

    def find(tx: Transaction) -> list[Delivery | None]:
        return [tx.deliveries.find(one.workspace_id, one.delivery_id, room=one.room) for one in reported]

    found = await room.stored.store.read(find)
    assert [False, True, True] == [one is not None and one.body_sealed is None for one in found]


async def test_a_lesson_running_over_is_looked_at_when_its_session_is_said_to_be_over(room: Room) -> None:
    """Its end is not waited for."""
    room.clock.move_to(ENDS_AT + 5 * MINUTE)
    await room.stored.write(
        lambda tx: tx.notices.reschedule(
            room.stored.workspace.id,
            room.lesson.id,
            kinds=(NoticeKind.READ_SESSIONS,),
            due_at=ENDS_AT + 8 * MINUTE,
            lesson_starts_at=STARTS_AT,
        )
    )
    await room.report("session.end", 64.5, id="s1")
    await room.work()

    [look] = await room.stored.notices(room.lesson, NoticeKind.READ_SESSIONS)
    assert room.clock.now() == look.due_at
    assert room.presence.is_busy


@pytest.fixture
async def rooms(stored: StoredSchool, room: Room) -> list[Room]:
    """Three, each with its own people; the first one's `reports` works on all."""
    found = [room]
    for person in (stored.ben, stored.cleo):
        draft = stored.draft(person)
        asked = await stored.submit(draft)
        assert isinstance(asked, booking.AskedBack), "they have the first lesson at that time"
        booked = await stored.submit(draft, confirmed=asked.digest)
        assert isinstance(booked, booking.Booked)
        found.append(Room(stored, await stored.get(booked.lesson_id), sealer=room.sealer))
        await found[-1].prepare()
    return found


async def test_rooms_share_a_transaction(rooms: list[Room]) -> None:
    """Each board hears of its own people, at the cost of one commit."""
    for one, who in zip(rooms, ("Cleo", "Ben", "Cleo"), strict=True):
        await one.report("user.join", who=f"p-{who}")
    store = rooms[0].stored.store
    before = store.commit_count
    await rooms[0].reports.work()

    assert 1 == store.commit_count - before
    came = [{seat.person.name for seat in (await one.details()).seats if has_joined(seat)} for one in rooms]
    assert [{"Cleo"}, {"Ben"}, {"Cleo"}] == came


async def test_one_that_breaks_us_takes_no_other_room_along(rooms: list[Room], monkeypatch: pytest.MonkeyPatch) -> None:
    """The rooms of its transaction are done one by one, and so are the others of its own room."""
    real = reports_module._list_events

    def break_on_guests(tx: Transaction, details: LessonDetails, items: Any) -> Any:
        if any(item.report.who == "guest-1" for item in items):
            raise RuntimeError("a bug of ours")
        return real(tx, details, items)

    monkeypatch.setattr(reports_module, "_list_events", break_on_guests)
    first, middle, last = rooms
    fine = [await first.report("user.join", who="p-Cleo"), await middle.report("user.join", who="p-Ben")]
    rotten = await middle.report("user.join", who="guest-1")
    fine.append(await last.report("user.join", who="p-Cleo"))
    with structlog.testing.capture_logs():
        await first.work()

    assert [None, None, None] == [await first.problem_of(one) for one in fine]
    assert "failed" == await first.problem_of(rotten)
    assert await middle.seen("Ben") is not None


@pytest.fixture
async def running(room: Room, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.Task[None]]:
    """Gathering lasts longer than any test."""
    monkeypatch.setattr(reports_module, "GATHERED_WITHIN", timedelta(hours=1))
    task = asyncio.create_task(room.reports.run())
    yield task
    room.reports.stop()
    async with asyncio.timeout(5):
        await task


async def test_it_takes_all_there_is_until_it_is_stopped(
    room: Room, monkeypatch: pytest.MonkeyPatch, running: asyncio.Task[None]
) -> None:
    """More than are read at once, what was there before it began, and what comes while it rests."""
    monkeypatch.setattr(reports_module, "TOGETHER", 15)
    for number in range(40):
        await room.report("user.join", who=f"guest-{number}")
    room.reports.wake()
    await room.settle()
    last = await room.report("user.join", who="p-Ben")
    room.reports.wake()
    await room.settle()

    assert await room.problem_of(last) is None
    assert 40 == len((await room.details()).unknown)
    assert not running.done()


async def test_while_many_rooms_report_more_is_gathered(
    room: Room, monkeypatch: pytest.MonkeyPatch, running: asyncio.Task[None]
) -> None:
    """What comes after a crowded round waits for the next; a stop does not."""
    gathers, real = asyncio.Event(), reports_module._wait

    async def wait(event: asyncio.Event, seconds: float) -> None:
        if event is room.reports._stopped:
            gathers.set()
        await real(event, seconds)

    monkeypatch.setattr(reports_module, "_wait", wait)
    monkeypatch.setattr(reports_module, "FEW_ROOMS", 0)
    first = await room.report("user.join", who="p-Ben")
    room.reports.wake()
    async with asyncio.timeout(10):
        await gathers.wait()
    assert await room.problem_of(first) is None

    await room.report("user.join", who="p-Cleo")
    room.reports.wake()
    cleo = await room.seen("Cleo")
    assert cleo is not None
    assert cleo.joined_at is None
    assert room.reports.is_busy
    assert not running.done()


async def test_a_backlog_is_not_gathered_for(
    room: Room, monkeypatch: pytest.MonkeyPatch, running: asyncio.Task[None]
) -> None:
    """While a round does not take all that waits, the next one follows at once, however many rooms there are."""
    monkeypatch.setattr(reports_module, "FEW_ROOMS", 0)
    monkeypatch.setattr(reports_module, "TOGETHER", 2)
    told = [await room.report("user.join", who=f"p-{name}") for name in ("Ada", "Ben", "Cleo")]
    room.reports.wake()
    await room.settle()

    assert [None, None, None] == [await room.problem_of(one) for one in told]
    assert not running.done()


@st.composite
def afternoons(draw: st.DrawFn) -> list[tuple[str, str, float]]:
    """What is reported of three people in one session, in the order of time."""
    inside: dict[str, int] = {"Ada": 0, "Ben": 0, "Cleo": 0}
    minute, told = 0.0, []
    for _ in range(draw(st.integers(1, 10))):
        minute += draw(st.sampled_from([0.05, 0.5, 1]))
        name = draw(st.sampled_from(sorted(inside)))
        leaves = inside[name] > 0 and draw(st.booleans())
        inside[name] += -1 if leaves else 1
        told.append(("user.leave" if leaves else "user.join", f"p-{name}", round(minute, 2)))
    return told


@budget.examples(10)
@given(afternoon=afternoons(), data=st.data())
async def test_whatever_order_they_come_in_the_same_is_known(
    stored: StoredSchool, afternoon: list[tuple[str, str, float]], data: st.DataObject
) -> None:
    """Shuffled, doubled, and worked on in any batches: as when they came as it was."""

    async def tell(reports: list[tuple[str, str, float]], cuts: list[bool]) -> list[tuple[object, ...]]:
        room = Room(stored, await stored.book(stored.ben, stored.cleo))
        await room.prepare()
        room.clock.move_to(STARTS_AT + 20 * MINUTE)
        for (event, who, minute), is_cut in zip(reports, cuts, strict=True):
            await room.report(event, minute, who=who)
            if is_cut:
                await room.work()
        await room.work()
        found = [await room.seen(name) for name in ("Ada", "Ben", "Cleo")]
        off = replace((await room.details()).lesson, state=LessonState.CANCELLED)  # out of the next one's way
        await stored.write(lambda tx: tx.lessons.update(off))
        return [(one.joined_at, one.left_at) for one in found if one is not None]

    shuffled = data.draw(st.permutations(afternoon + data.draw(st.lists(st.sampled_from(afternoon), max_size=4))))
    cuts = data.draw(st.lists(st.booleans(), min_size=len(shuffled), max_size=len(shuffled)))

    assert await tell(afternoon, [False] * len(afternoon)) == await tell(shuffled, cuts)
