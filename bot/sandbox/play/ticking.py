"""Moves the school's lesson time: as far as somebody wants, or on and on at a speed, through all that is on the way.

Theory of operation. Nothing is jumped over. A move goes from one event to the next, and at each of them waits until
the bot and the rooms are calm, so that a reminder is sent at its minute and not at the target's. The waits are bounded:
where something hangs, time goes on without it, as it does in life.

Machine time is what back-offs and leases run on, and it is the machine's own. But whoever presses *+1 min* lets a
minute pass for everybody: what waits for another try has that try within the move, up to the time that was moved over.
So machine time is put forward only where something waits for it, never further than lesson time was, and only while
nothing is in flight: a post whose lease is skipped would be sent twice. A running speed, however high, leaves it alone.

Pages of the bot's own that people have open say so once a minute, and one that does not has been closed. So while there
are any, time goes on by a minute at most at once, and each is heard before it goes further. By the machine's clock they
are heard only so often: it goes on by some seconds with each of these minutes, also at a running speed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import IntEnum

import structlog

from bot.sandbox.calm import PAGES_SPEAK_EVERY, have_pages_spoken, wait_until_calm
from bot.sandbox.play.events import Agenda, Event, build_agenda
from bot.sandbox.play.ledger import Books, Ledger
from bot.sandbox.play.playground import Playground
from bot.sandbox.school import School
from storage.errors import StoreClosed
from storage.store import Transaction

log = structlog.get_logger("hallpass.play")

BEAT_SECONDS = 0.25
LONGEST_BEAT = timedelta(seconds=1)
"""A machine that slept for an hour does not make the lesson leap by one."""
STEP_PATIENCE_SECONDS = 3.0
"""How long one event may take to be done with."""
MOVE_PATIENCE_SECONDS = 10.0
"""All of those on the way, in a move by hand; after it each has only a moment."""
BEAT_PATIENCE_SECONDS = 1.0
A_MOMENT_SECONDS = 0.05
A_TICK = timedelta(milliseconds=1)
BETWEEN_WORDS = timedelta(seconds=4)
"""Of machine time: Hallpass hears a page twenty times a minute at most, and pages speak as fast as lesson time goes."""


class Speed(IntEnum):
    """How many seconds of lesson time pass in one of the machine's."""

    PAUSED = 0
    REAL = 1
    TEN = 10
    SIXTY = 60


class Timekeeper:
    """Of whichever school is open. A fresh school stands still."""

    def __init__(
        self,
        playground: Playground,
        ledger: Ledger,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._playground = playground
        self._ledger = ledger
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = asyncio.Lock()
        self._beat_at = monotonic()
        self._speed = Speed.PAUSED
        self._beating_in = 0  # the number of the school for which the beats go on
        self._late_after = (0, timedelta(0))  # likewise, and what its setting says
        self._agenda: tuple[Books, datetime, Agenda] | None = None

    @property
    def speed(self) -> Speed:
        """Of the present school."""
        return self._speed if self._beating_in == self._playground.number else Speed.PAUSED

    def run_at(self, speed: Speed) -> None:
        """From now on lesson time passes like this."""
        self._begin_beating()
        self._speed = speed
        self._beat_at = self._monotonic()
        self._playground.ring()

    async def move_by(self, delta: timedelta) -> bool:
        """So much further than it is when our turn comes; as `move_to`."""
        async with self._lock:
            return await self._move(self._playground.school.clock.now() + delta)

    async def move_to(self, target: datetime) -> bool:
        """Lesson time is `target` then, or later where it was; all on the way has happened. False: something hangs."""
        async with self._lock:
            return await self._move(target)

    async def _move(self, target: datetime) -> bool:
        self._begin_beating()
        try:
            return await self._go(target, seconds=MOVE_PATIENCE_SECONDS, is_by_hand=True)
        finally:
            self._beat_at = self._monotonic()

    async def look_ahead(self, *, is_exact: bool = True) -> Agenda:
        """What is to come; not `is_exact`, as of a moment ago. StoreClosed while a school begins."""
        books = await self._ledger.look(is_exact=is_exact)
        school = self._playground.school
        agenda = self._build_agenda(school, books)
        in_room, now = school.lessonspace.organisation.find_next(), school.clock.now()
        if in_room is None or in_room <= now or any(event.at == in_room for event in agenda.events):
            return agenda
        event = Event(at=in_room, what="something happens in the room")
        return replace(agenda, events=tuple(sorted((*agenda.events, event))))

    def _build_agenda(self, school: School, books: Books) -> Agenda:
        """Kept while nothing of it changes: every page asks for it, several times a second."""
        now = school.clock.now()
        if self._agenda is None or self._agenda[0] is not books or self._agenda[1] != now:
            agenda = build_agenda(books, after=now, late_after=self._find_late_after(school))
            self._agenda = (books, now, agenda)
        return self._agenda[2]

    async def beat(self) -> None:
        """Let lesson time pass, as fast as it does, since the beat before."""
        async with self._lock:
            now = self._monotonic()
            passed = min(timedelta(seconds=now - self._beat_at), LONGEST_BEAT)
            self._beat_at = now
            school = self._playground.school
            if self.speed is not Speed.PAUSED:
                target = school.clock.now() + passed * self.speed
                await self._go(target, seconds=BEAT_PATIENCE_SECONDS, is_by_hand=False)
            elif school.machine_skipped:
                school.skip(timedelta(0))  # the bot's alarm clock cannot be put forward: ring in its place

    def _begin_beating(self) -> None:
        if self._beating_in != self._playground.number:
            self._speed, self._beating_in = Speed.PAUSED, self._playground.number
            self._playground.run_beside(self._beat_on())

    async def _beat_on(self) -> None:
        while True:
            await self._sleep(BEAT_SECONDS)
            try:
                await self.beat()
            except StoreClosed:
                return
            except Exception:  # whatever one beat met is in the log: time goes on with the next
                log.exception("beat_failed")

    async def _go(self, target: datetime, *, seconds: float, is_by_hand: bool) -> bool:
        school, until = self._playground.school, self._monotonic() + seconds
        is_calm = True
        while (now := school.clock.now()) < target:
            next_at = (await self.look_ahead()).find_next()
            step = target if next_at is None else min(target, next_at)
            if school.count_pages():
                step = min(step, now + PAGES_SPEAK_EVERY)
            if is_by_hand:
                await self._wait_out(school, step - now, until)
            school.clock.move_to(max(step, school.clock.now()))
            self._playground.ring()
            must_speak = not await have_pages_spoken(school)
            is_calm = await self._calm_down(school, until)
            if must_speak and is_calm:
                school.skip(BETWEEN_WORDS)
        if is_by_hand and school.count_pages():
            # A page that is closed at the very instant of its last word was reloaded, as far as anybody can tell.
            school.clock.move_by(A_TICK)
        return is_calm

    async def _wait_out(self, school: School, allowed: timedelta, until: float) -> None:
        """Whatever waits for machine time within this much of it has its other try, before lesson time goes on."""
        while await self._calm_down(school, until) and school.is_running:
            machine_now = school.clock.machine_now()
            retry_at = await self._find_retry(school, machine_now)
            if retry_at is None or retry_at - machine_now > allowed or self._monotonic() >= until:
                return
            allowed -= retry_at - machine_now
            school.skip(retry_at - machine_now)

    async def _find_retry(self, school: School, machine_now: datetime) -> datetime | None:
        """When, by machine time, the next thing that is held back may be tried again."""

        def find(tx: Transaction) -> datetime | None:
            return tx.notices.next_retry_at(after=machine_now)

        presence = school.hallpass.presence if school.hallpass is not None else None
        moments = [
            await self._playground.read(find),
            presence.quiet_until if presence is not None else None,
            school.lessonspace.webhooks.find_retry(),
        ]
        return min((moment for moment in moments if moment is not None and moment > machine_now), default=None)

    async def _calm_down(self, school: School, until: float) -> bool:
        """The bot's turn and the rooms'. False: they need longer than they are given."""
        left = min(until - self._monotonic(), STEP_PATIENCE_SECONDS)
        try:
            await wait_until_calm(school, seconds=max(left, A_MOMENT_SECONDS))
        except TimeoutError:
            return False
        return True

    def _find_late_after(self, school: School) -> timedelta:
        """As the bot has it; settings are read once for each school."""
        if self._late_after[0] != self._playground.number:
            self._late_after = (self._playground.number, school.load_settings().hallpass_late_after)
        return self._late_after[1]
