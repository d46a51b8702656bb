"""Works on what room services reported: finds the lesson, and lets follow what a reading would bring. One task.

Theory of operation. Deliveries lie in the store until they are worked on; each stored one wakes us, and a start finds
what a death left behind. A *round* takes all that wait. Those of one room are judged together, with the marks that say
that they are done: a class of a hundred that comes in at once is judged once, not a hundred times. A few rooms share a
transaction, and after each transaction there is a short rest, for others. What one delivery does never depends on which
came before it (`provisional.py`), so neither order nor repetition matters.

What a round costs is its rooms, hardly their deliveries. So while many rooms report, the next round waits until more
has gathered: nothing is seen of who came before a board is redrawn, which is not done more often than once a second
either. While few do, each delivery is worked on as it comes.

A delivery that nothing can be made of is marked with its problem and stands in nobody's way: where a transaction
fails, its rooms are tried one by one, then the room's deliveries, and the one that fails is set aside.

    somebody joins, leaves, idles    the boards, *live*, nudges: as after a reading, only that it never says *absent*
    a session ends                   the same, fresh links for who had used theirs, and the room is read at once
    transcript or summary ready      the work that collects them is due now
    anything else                    nothing
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot import collecting, provisional, whereabouts
from bot.clock import Clock
from bot.errors import RoomServiceError, WebhookForged
from bot.presence import Presence
from bot.reading import EARLY_LOOK
from bot.rooms.base import Report, Reported, RoomService
from bot.rooms.registry import RoomServices
from bot.rooms.reporting import read_delivery
from storage.errors import NotStored, StorageError, StoreClosed, Unreadable
from storage.records import (
    AttendanceEvent,
    Delivery,
    Lesson,
    LessonDetails,
    LessonState,
    Room,
    RoomRef,
    WorkspaceId,
    new_id,
)
from storage.sealing import Sealer
from storage.store import Store, Transaction

log = structlog.get_logger("hallpass.webhooks")

TOGETHER = 1_000
"""Deliveries read at once."""
ROOMS_TOGETHER = 4
"""Rooms in one transaction: they wait once for the writer and the disk, and a listener's write still waits no longer
for them than for a large lesson."""
READ_BETWEEN_BREATHS = 10
"""Unsealing and parsing ten takes about a millisecond; then others on the event loop have their turn."""
SAFETY_NET = timedelta(seconds=30)
LONGEST_REST_SECONDS = 0.05
"""After each transaction there is a rest as long as it took, this at most: listeners share disk and processor with
us."""
FEW_ROOMS = 8
GATHERED_WITHIN = timedelta(seconds=2)
"""Machine time between the beginnings of two rounds, where the first was over more than `FEW_ROOMS`."""
AFTERWARDS = timedelta(days=7)
"""How long after a lesson its transcript or summary is waited for."""

KINDS = {
    Reported.JOINED: "joined",
    Reported.LEFT: "left",
    Reported.IDLED: "idled",
    Reported.SESSION_ENDED: provisional.ENDED,
}
"""Reports that say where people are, as kinds of attendance events."""
COMINGS_AND_GOINGS = frozenset({Reported.JOINED, Reported.LEFT, Reported.IDLED})
READY = frozenset({Reported.TRANSCRIPT_READY, Reported.SUMMARY_READY})


@dataclass(frozen=True, kw_only=True)
class Item:
    """A delivery and what it says; `report` None: nothing, for this `problem`."""

    delivery: Delivery
    report: Report | None
    problem: str | None = None


class Reports:
    """Works until it is stopped. `presence` hears which rooms report, and which are to be read at once."""

    def __init__(
        self,
        *,
        store: Store,
        services: RoomServices,
        sealer: Sealer,
        clock: Clock,
        presence: Presence,
        late_after: timedelta,
    ) -> None:
        self._store = store
        self._services = services
        self._sealer = sealer
        self._clock = clock
        self._presence = presence
        self._late_after = late_after
        self._wake = asyncio.Event()
        self._wake.set()
        self._stopped = asyncio.Event()
        self._is_working = False
        self._is_crowded = False  # the last round was over many rooms, and took all that waited

    @property
    def is_busy(self) -> bool:
        """Is something worked on, or waiting to be?"""
        return self._is_working or (self._wake.is_set() and not self._stopped.is_set())

    def wake(self) -> None:
        """Something was stored. From the event loop only."""
        self._wake.set()

    def stop(self) -> None:
        """Work no more; what waits is found at the next start."""
        self._stopped.set()
        self._wake.set()

    async def run(self) -> None:
        """Until `stop`. Whatever goes wrong, the next delivery or the safety net comes."""
        loop = asyncio.get_running_loop()
        while not self._stopped.is_set():
            self._is_working = True
            self._wake.clear()
            began = loop.time()
            try:
                if await self.work() == TOGETHER:
                    self._wake.set()  # there may be more
            except StoreClosed:
                return
            except Exception:  # also a defect of ours: this task is to outlive it, for nobody else works on reports
                log.exception("reports_failed")
            finally:
                self._is_working = False
            if self._is_crowded:
                await _wait(self._stopped, began + GATHERED_WITHIN.total_seconds() - loop.time())
            await _wait(self._wake, SAFETY_NET.total_seconds())

    async def work(self) -> int:
        """Work on the deliveries that wait, at most `TOGETHER`. How many there were."""
        waiting = await self._store.read(lambda tx: tx.deliveries.list_unworked(limit=TOGETHER))
        by_room: dict[tuple[WorkspaceId, RoomRef], list[Delivery]] = {}
        for delivery in waiting:
            by_room.setdefault((delivery.workspace_id, delivery.room), []).append(delivery)
        rooms = list(by_room.values())
        self._is_crowded = len(rooms) > FEW_ROOMS and len(waiting) < TOGETHER
        loop = asyncio.get_running_loop()
        for start in range(0, len(rooms), ROOMS_TOGETHER):
            began = loop.time()
            await self._work_on([await self._read_room(room) for room in rooms[start : start + ROOMS_TOGETHER]])
            await asyncio.sleep(min(loop.time() - began, LONGEST_REST_SECONDS))
        return len(waiting)

    async def _read_room(self, deliveries: Sequence[Delivery]) -> list[Item]:
        """What deliveries of one room say, each read once more as it came."""
        room, service_name = self._store.glance(lambda tx: _find_room(tx, deliveries[0]))
        service = self._services.find(service_name)
        if service is None:
            return [Item(delivery=delivery, report=None, problem="service_gone") for delivery in deliveries]
        try:
            secret = self._sealer.unseal(room.secret_sealed) if room.secret_sealed is not None else ""
        except Unreadable:
            return [Item(delivery=delivery, report=None, problem="sealed") for delivery in deliveries]
        items = []
        for number, delivery in enumerate(deliveries, start=1):
            items.append(self._read(delivery, service, secret))
            if number % READ_BETWEEN_BREATHS == 0:
                await asyncio.sleep(0)
        return items

    def _read(self, delivery: Delivery, service: RoomService, secret: str) -> Item:
        try:
            body = self._sealer.unseal(delivery.body_sealed or b"").encode("latin-1")
            headers = json.loads(delivery.headers)
            report = read_delivery(service, headers, body, secret=secret, received_at=delivery.received_at)
        except WebhookForged:  # it was genuine when it came: the room has another secret since
            self._presence.ask_for(delivery.room)
            return Item(delivery=delivery, report=None, problem="secret_changed")
        except Unreadable:
            return Item(delivery=delivery, report=None, problem="sealed")
        except (RoomServiceError, ValueError):
            return Item(delivery=delivery, report=None, problem="unreadable")
        return Item(delivery=delivery, report=report)

    async def _work_on(self, rooms: Sequence[Sequence[Item]]) -> None:
        """All in one transaction; where that fails, in smaller ones."""
        try:
            await self._apply(rooms)
        except StoreClosed:
            raise
        except Exception as error:  # whatever one delivery set off: alone it is logged, set aside, or tried again
            parts = _split(rooms)
            for part in parts:
                await self._work_on(part)
            if parts:
                return
            if isinstance(error, StorageError) and not isinstance(error, NotStored):
                raise  # not the delivery's fault: it is tried again
            delivery = rooms[0][0].delivery
            log.exception("report_failed", delivery=delivery.id, event_name=delivery.event)
            await self._apply([[Item(delivery=delivery, report=None, problem="failed")]])

    async def _apply(self, rooms: Sequence[Sequence[Item]]) -> None:
        now = self._clock.now()

        def work(tx: Transaction) -> list[list[Report]]:
            return [apply_reports(tx, items, now=now, late_after=self._late_after) for items in rooms]

        done = await self._store.write(work, is_patient=True)
        for items, reports in zip(rooms, done, strict=True):
            room = items[0].delivery.room
            if any(report.kind in COMINGS_AND_GOINGS for report in reports):
                self._presence.note_reported(room)
            if any(report.kind is Reported.SESSION_ENDED for report in reports):
                self._presence.ask_for(room)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Until then, or for the event."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(seconds, 0)):
            await event.wait()


def _split(rooms: Sequence[Sequence[Item]]) -> list[list[Sequence[Item]]]:
    """The same as several: each room alone, and of one room each delivery. Of one delivery: nothing."""
    if len(rooms) > 1:
        return [[items] for items in rooms]
    return [[[item]] for item in rooms[0]] if len(rooms[0]) > 1 else []


def _find_room(tx: Transaction, delivery: Delivery) -> tuple[Room, str]:
    """Of which room it is, and of which service that is."""
    room = tx.lessons.get_room(delivery.workspace_id, delivery.room)
    return room, tx.workspaces.get_account(room.workspace_id, room.account_id).service


def apply_reports(tx: Transaction, items: Sequence[Item], *, now: datetime, late_after: timedelta) -> list[Report]:
    """Mark these deliveries of one room as worked on, with all that follows. The reports that were not before."""
    fresh = [
        item for item in items if tx.deliveries.mark_worked(item.delivery, at=now, problem=item.problem) and item.report
    ]
    if not fresh:
        return []
    delivery = fresh[0].delivery
    lessons = tx.lessons.list_in_room(delivery.workspace_id, delivery.room)
    for lesson in lessons:
        if lesson.is_open and lesson.starts_at - lesson.options.join_early <= now:
            details = tx.lessons.get_details(lesson.workspace_id, lesson.id)
            events = _list_events(tx, details, fresh)
            whereabouts.keep_reports(tx, details, events, now=now, late_after=late_after)
    for item in fresh:
        if item.report is not None and item.report.kind in READY:
            tx.deliveries.empty(item.delivery)  # it holds what was said in words, or the way to it
    reports = [item.report for item in fresh if item.report is not None]
    ready = [report for report in reports if report.kind in READY]
    if ready:
        _hurry_collecting(tx, lessons, ready, now=now)
    return reports


def _list_events(tx: Transaction, details: LessonDetails, items: Iterable[Item]) -> list[AttendanceEvent]:
    """What the reports say of this lesson, by whoever they mean by whichever id."""
    lesson = details.lesson
    ids: dict[str, str] = {}
    for seat in (*details.seats, *details.removed):
        if seat.participant.provider_user_id is not None:
            ids[seat.person.id] = seat.participant.provider_user_id
    events = []
    for item in items:
        report = item.report
        if report is None or report.kind not in KINDS or report.at < lesson.starts_at - EARLY_LOOK:
            continue
        if report.who is None and report.kind in COMINGS_AND_GOINGS:
            continue  # somebody, but nobody knows who
        who = "" if report.who is None or report.kind is Reported.SESSION_ENDED else report.who
        events.append(
            AttendanceEvent(
                id=new_id(),
                workspace_id=lesson.workspace_id,
                lesson_id=lesson.id,
                source=provisional.REPORTED,
                source_id=item.delivery.delivery_id,
                session_id=report.session_id or _guess_session(tx, lesson, report.at),
                kind=KINDS[report.kind],
                who=ids.get(who, who),
                connection=None,
                shown_name=report.shown_name,
                at=report.at,
            )
        )
    return events


def _guess_session(tx: Transaction, lesson: Lesson, at: datetime) -> str:
    """Where a report does not say which session it means: the last that anything was heard of by then."""
    known = [one for one in tx.attendance.list_events(lesson.workspace_id, lesson.id) if one.at <= at]
    return known[-1].session_id if known else "untold"


def _hurry_collecting(tx: Transaction, lessons: Iterable[Lesson], reports: Iterable[Report], *, now: datetime) -> None:
    """What was made of a lesson's sessions is there: collect it now. Not told of which session: of all that wait."""
    for lesson in lessons:
        if lesson.state is not LessonState.ENDED or now - (lesson.ended_at or lesson.ends_at) > AFTERWARDS:
            continue
        held = {one.session_id for one in tx.sessions.list_for_lesson(lesson.workspace_id, lesson.id)}
        told = [report for report in reports if report.session_id is None or report.session_id in held]
        for report in told:
            if report.session_id is not None and report.summary:
                key = (lesson.workspace_id, lesson.id, report.session_id)
                collecting.note_summary(tx, *key, summary=report.summary)
        if told:
            collecting.hasten(tx, lesson.workspace_id, lesson.id, now=now)
