"""The alarm clock and the hand that picks up what is due.

The table is the truth. APScheduler only wakes us: one date job for the earliest thing owed, re-armed whenever nothing
more is due now, and an interval job as a safety net. Neither job does anything but set an event. A third keeps house
once a day and touches nothing that is owed. A commit that owes something sets the same event, and so does a sandbox
that moves the clock. Nothing here is lost at a restart, because nothing is kept here; and what starting costs does not
depend on how much is owed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.cardkeeping import CardKeeper
from bot.claims import LEASE, Claimed
from bot.clock import Clock
from bot.delivery import POST, UPDATE, Delivery
from bot.notices import NEEDS_LAUNCH, WORK
from bot.sending import NoticeSender
from storage.errors import NotStored, StoreClosed
from storage.records import Card, ClaimId, LessonDetails, LessonId, Notice, NoticeKind, WorkspaceId, new_id
from storage.store import Store, Transaction

log = structlog.get_logger("hallpass.scheduler")

SAFETY_NET = timedelta(seconds=30)
HOUSE_KEPT_EVERY = timedelta(hours=24)
STOP_WITHIN = timedelta(seconds=10)
"""How long what is in flight may take to finish when the process is asked to stop."""
BREATH_SECONDS = 0.02
"""Between two looks. One claim for all that became free meanwhile costs what a claim for one of them would: each
reads whole lessons. Slots are twice what is launched at once, so nothing stands idle for it."""
DEEP_BREATH_SECONDS = 0.04
"""The same while most slots are taken, as they are while a class is sent its links. At 32 launches of 200 ms each, six
links are done in it, and as many wait in the slots that neither launch nor post."""
ALARM = "alarm"
POSTS = frozenset(NoticeKind) - WORK


class Scheduler:
    """Claims what is due and hands it to the sender and the card keeper, never more than they have room for."""

    def __init__(
        self,
        *,
        store: Store,
        sender: NoticeSender,
        cards: CardKeeper,
        delivery: Delivery,
        clock: Clock,
        slots: int,
        on_done: Callable[[WorkspaceId, LessonId], None] = lambda workspace_id, lesson_id: None,
        keep_house: Callable[[], Coroutine[Any, Any, object]] | None = None,
    ) -> None:
        """`keep_house` is done at the start and then once a day, beside everything else."""
        self._store = store
        self._sender = sender
        self._cards = cards
        self._delivery = delivery
        self._clock = clock
        self._slots = slots
        self._on_done = on_done
        self._keep_house = keep_house
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._alarms = AsyncIOScheduler(timezone=UTC)
        self._is_stopping = False

    def wake(self) -> None:
        """Look now. Safe from the event loop only; see `wake_from_anywhere`."""
        self._wake.set()

    def wake_from_anywhere(self) -> None:
        """Look now; callable from any thread."""
        self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Until `stop`. An error in one look is logged and the next look comes with the safety net."""
        self._alarms.start()
        self._alarms.add_job(
            self._ring,
            IntervalTrigger(seconds=int(SAFETY_NET.total_seconds()), timezone=UTC),
            misfire_grace_time=None,
            coalesce=True,
            max_instances=10,
        )
        if self._keep_house is not None:
            self._alarms.add_job(
                self._tidy,
                IntervalTrigger(seconds=int(HOUSE_KEPT_EVERY.total_seconds()), timezone=UTC),
                next_run_time=self._clock.machine_now(),
                misfire_grace_time=None,
                coalesce=True,
            )
        self._clock.on_move(self.wake_from_anywhere)
        self._wake.set()
        while not self._is_stopping:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._look()
            except StoreClosed:
                return
            except Exception:  # also a defect of ours: whatever one look met, what is owed is looked for again
                log.exception("look_failed")
            # The first thing to do after a quiet time is looked for at once; while there is much to do, many together.
            await asyncio.sleep(DEEP_BREATH_SECONDS if self._is_crowded else BREATH_SECONDS)

    async def stop(self) -> None:
        """Claim nothing more, let what is in flight finish within a limit, leave the rest to be claimed again."""
        self._is_stopping = True
        self._wake.set()
        if self._alarms.running:
            self._alarms.shutdown(wait=False)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_WITHIN.total_seconds())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def _is_crowded(self) -> bool:
        """Are most slots taken? Then a claim has time to go with the commits of those that are being sent."""
        return len(self._tasks) > self._slots // 2

    @property
    def in_flight_count(self) -> int:
        """How many notices and cards are being sent now."""
        return len(self._tasks)

    def list_tasks(self) -> list[asyncio.Task[None]]:
        """The same, each as its task."""
        return list(self._tasks)

    async def _ring(self) -> None:
        """The only job. A coroutine, because a plain function would be run in a thread."""
        self._wake.set()

    async def _tidy(self) -> None:
        """What fails today is tried again tomorrow; nothing waits for it. A stop cuts it off."""
        try:
            if self._keep_house is not None:
                await self._keep_house()
        except StoreClosed:
            return
        except asyncio.CancelledError:
            if not self._is_stopping:
                raise
        except Exception:  # tomorrow it is tried again, and until then nothing but tidiness is missing
            log.exception("house_not_kept")

    async def _look(self) -> None:
        """Claim until there is nothing due or no room; then set the alarm for what is due next."""
        while not self._is_stopping and (free := self._slots - len(self._tasks)) > 0:
            now, machine_now = self._clock.now(), self._clock.machine_now()
            taken = await self._take_notices(free, now, machine_now)
            if taken < free:
                taken += await self._take_cards(free - taken, now, machine_now)
            if taken < free:
                await self._set_alarm(now, machine_now)
                return

    async def _take_notices(self, free: int, now: datetime, machine_now: datetime) -> int:
        claim_id = ClaimId(new_id())
        closed = self._find_closed_kinds(machine_now)
        claimed = await self._store.write(
            lambda tx: tx.notices.claim(
                now=now, machine_now=machine_now, limit=free, claim_id=claim_id, lease=LEASE, closed_kinds=closed
            ),
            is_patient=bool(self._tasks),
            rides=self._is_crowded,
        )
        lessons = await self._read_lessons(claimed)
        for notice in claimed:
            details = lessons[notice.workspace_id, notice.lesson_id]
            if details is not None:
                claim = Claimed(notice=notice, claim_id=claim_id, details=details)
                self._start(self._sender.handle(claim), details)
        return len(claimed)

    async def _take_cards(self, free: int, now: datetime, machine_now: datetime) -> int:
        if not self._delivery.is_open(UPDATE):
            return 0
        claim_id = ClaimId(new_id())
        claimed = await self._store.write(
            lambda tx: tx.cards.claim(now=now, machine_now=machine_now, limit=free, claim_id=claim_id, lease=LEASE),
            is_patient=True,
        )
        lessons = await self._read_lessons(claimed)
        for card in claimed:
            details = lessons[card.workspace_id, card.lesson_id]
            if details is not None:
                self._start(self._cards.handle(card, details, claim_id=claim_id), details)
        return len(claimed)

    async def _read_lessons(
        self, claimed: Sequence[Notice] | Sequence[Card]
    ) -> dict[tuple[WorkspaceId, LessonId], LessonDetails | None]:
        """Each lesson once, however many of its notices were claimed together."""
        keys = {(each.workspace_id, each.lesson_id) for each in claimed}
        if not keys:
            return {}
        return await self._store.read(lambda tx: {key: _find_details(tx, *key) for key in keys})

    def _start(self, work: Coroutine[Any, Any, None], details: LessonDetails) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._note_done(done, details))

    def _note_done(self, task: asyncio.Task[None], details: LessonDetails) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("task_failed", exc_info=task.exception())
        self._wake.set()
        self._on_done(details.lesson.workspace_id, details.lesson.id)

    def _find_closed_kinds(self, machine_now: datetime) -> frozenset[NoticeKind]:
        """Kinds that cannot be sent now: Slack or the room service asked us to wait."""
        closed: frozenset[NoticeKind] = frozenset()
        if not self._delivery.is_open(POST):
            closed |= POSTS
        opens_at = self._sender.launches_open_at
        if opens_at is not None and machine_now < opens_at:
            closed |= NEEDS_LAUNCH
        return closed

    async def _set_alarm(self, now: datetime, machine_now: datetime) -> None:
        """One date job, in machine time, for the earliest thing owed after the moment of the last look.

        What was due at that moment and not taken waits for something that will wake us by itself.
        """
        due_at, retry_at = await self._store.read(
            lambda tx: (tx.notices.next_due_at(after=now), tx.notices.next_retry_at(after=machine_now))
        )
        moments = [machine_now + (due_at - now)] if due_at else []
        moments += [retry_at] if retry_at else []
        moments += [self._delivery.opens_at(method) for method in (POST, UPDATE) if not self._delivery.is_open(method)]
        if self._sender.launches_open_at and self._sender.launches_open_at > machine_now:
            moments.append(self._sender.launches_open_at)
        coming = [moment for moment in moments if moment > machine_now]
        if not coming or self._is_stopping:
            with contextlib.suppress(LookupError):
                self._alarms.remove_job(ALARM)
            return
        self._alarms.add_job(
            self._ring,
            DateTrigger(run_date=min(coming), timezone=UTC),
            id=ALARM,
            replace_existing=True,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=10,
        )


def _find_details(tx: Transaction, workspace_id: WorkspaceId, lesson_id: LessonId) -> LessonDetails | None:
    try:
        return tx.lessons.get_details(workspace_id, lesson_id)
    except NotStored:
        return None
