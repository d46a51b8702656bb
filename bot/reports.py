"""Works on what room services reported: finds the lesson, and lets follow what a reading would bring. One task.

Theory of operation. Deliveries lie in the store until they are worked on; each stored one wakes us, and a start finds
what a death left behind. All that wait are read together, and those of one room are one transaction with the marks
that say that they are done: a class of a hundred that comes in at once is judged once, not a hundred times. After each
room there is a short rest, for others and for more to gather. What one delivery does never depends on which came before
it (`provisional.py`), so neither order nor repetition matters.

A delivery that nothing can be made of is marked with its problem and stands in nobody's way: where the room's
transaction fails, its deliveries are tried one by one, and the one that fails is set aside.

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
from bot.rooms.base import Report, Reported
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

TOGETHER = 400
"""Deliveries read at once."""
READ_BETWEEN_BREATHS = 10
"""Unsealing and parsing ten takes about a millisecond; then others on the event loop have their turn."""
SAFETY_NET = timedelta(seconds=30)
LONGEST_REST_SECONDS = 0.05
"""Between two rooms there is a rest as long as the first one took, this at most: listeners share disk and processor
with us, and what comes meanwhile is done together with what waits."""
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
        self._is_working = False
        self._is_stopping = False

    @property
    def is_busy(self) -> bool:
        """Is something worked on, or waiting to be?"""
        return self._is_working or (self._wake.is_set() and not self._is_stopping)

    def wake(self) -> None:
        """Something was stored. From the event loop only."""
        self._wake.set()

    def stop(self) -> None:
        """Work no more; what waits is found at the next start."""
        self._is_stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Until `stop`. Whatever goes wrong, the next delivery or the safety net comes."""
        while not self._is_stopping:
            self._is_working = True
            self._wake.clear()
            try:
                if await self.work() == TOGETHER:
                    self._wake.set()  # there may be more
            except StoreClosed:
                return
            except Exception:  # also a defect of ours: this task is to outlive it, for nobody else works on reports
                log.exception("reports_failed")
            finally:
                self._is_working = False
            await self._rest()

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SAFETY_NET.total_seconds()):
                await self._wake.wait()

    async def work(self) -> int:
        """Work on the deliveries that wait, at most `TOGETHER`. How many there were."""
        waiting = await self._store.read(lambda tx: tx.deliveries.list_unworked(limit=TOGETHER))
        by_room: dict[tuple[WorkspaceId, RoomRef], list[Item]] = {}
        for number, delivery in enumerate(waiting, start=1):
            by_room.setdefault((delivery.workspace_id, delivery.room), []).append(await self._read(delivery))
            if number % READ_BETWEEN_BREATHS == 0:
                await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        for items in by_room.values():
            began = loop.time()
            await self._work_on_room(items)
            await asyncio.sleep(min(loop.time() - began, LONGEST_REST_SECONDS))
        return len(waiting)

    async def _read(self, delivery: Delivery) -> Item:
        """What it says, read once more as it came."""
        try:
            room, service_name = self._store.glance(lambda tx: _find_room(tx, delivery))
            service = self._services.find(service_name)
            if service is None:
                return Item(delivery=delivery, report=None, problem="service_gone")
            secret = self._sealer.unseal(room.secret_sealed) if room.secret_sealed is not None else ""
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

    async def _work_on_room(self, items: Sequence[Item]) -> None:
        """All in one transaction; where that fails, one by one."""
        try:
            await self._apply(items)
        except StoreClosed:
            raise
        except Exception as error:  # whatever one delivery set off: alone it is logged, set aside, or tried again
            if len(items) > 1:
                for item in items:
                    await self._work_on_room([item])
                return
            if isinstance(error, StorageError) and not isinstance(error, NotStored):
                raise  # not the delivery's fault: it is tried again
            delivery = items[0].delivery
            log.exception("report_failed", delivery=delivery.id, event_name=delivery.event)
            await self._apply([Item(delivery=delivery, report=None, problem="failed")])

    async def _apply(self, items: Sequence[Item]) -> None:
        now = self._clock.now()
        done = await self._store.write(
            lambda tx: apply_reports(tx, items, now=now, late_after=self._late_after), is_patient=True
        )
        room = items[0].delivery.room
        if any(report.kind in COMINGS_AND_GOINGS for report in done):
            self._presence.note_reported(room)
        if any(report.kind is Reported.SESSION_ENDED for report in done):
            self._presence.ask_for(room)


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
