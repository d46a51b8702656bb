"""Sends webhooks as real HTTP requests, and keeps what became of each.

Theory of operation. Reports to one address from one space form a line; the next is sent when the one before was
taken, or given up after five attempts. Between attempts the line pauses, in machine time and longer each time; a
delayed report pauses its line in lesson time. Nothing here sleeps: a pause ends when its clock has passed it, which is
looked at again whenever `wake` is called (by a clock that is moved), or at once while `deliver_all` runs.

It does not know what a report says.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import aiohttp

from bot.clock import Clock
from bot.sandbox.lessonspace.mishaps import MishapBoard, MishapKind
from bot.sandbox.traffic import Call, Party, Wire

MOST_ATTEMPTS = 5
ANSWER_LIMIT = timedelta(seconds=30)


class Fate(StrEnum):
    """What became of a delivery."""

    WAITING = "waiting"  # in its line, or between two attempts
    TAKEN = "taken"  # answered with 2xx in time
    GIVEN_UP = "given up"  # after the last attempt
    LOST = "lost"  # on purpose


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One request and its answer; `status` None: none in time."""

    at: datetime  # machine time
    status: int | None

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(kw_only=True)
class WebhookDelivery:
    """One report on its way. Its address and its body are secrets of the receiver: repr leaves them out."""

    event: str  # "user.join"
    at: datetime  # of the event, lesson time
    room_id: str
    address: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    fate: Fate = Fate.WAITING
    mishap: MishapKind | None = None
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The same on every attempt."""
        return self.headers["x-webhook-id"]


@dataclass(kw_only=True)
class _Line:
    """What is to be sent to one address from one space, in its order."""

    waiting: deque[tuple[WebhookDelivery, datetime | None]] = field(default_factory=deque)  # and not before when
    held: WebhookDelivery | None = None  # to be sent after the next one
    worker: asyncio.Task[None] | None = None
    pause: tuple[Callable[[], datetime], datetime] | None = None  # by which clock, until when

    @property
    def is_pausing(self) -> bool:
        """Not so from the moment at which the clock has passed it, even where nobody has looked yet."""
        if self.pause is None:
            return False
        read_clock, until = self.pause
        return read_clock() < until


class Webhooks:
    """The way out. Open between `open` and `close`; what was not sent by then never is."""

    def __init__(self, clock: Clock, wire: Wire) -> None:
        self._clock = clock
        self._wire = wire
        self._lines: dict[tuple[str, str], _Line] = {}
        self._woken = asyncio.Event()
        self._is_hurrying = False
        self._client: aiohttp.ClientSession | None = None
        self.mishaps = MishapBoard()
        self.deliveries: list[WebhookDelivery] = []
        """All that were to be sent, in the order of what they report, also those that were lost."""
        self.answer_limit = ANSWER_LIMIT
        self.first_pause = timedelta(seconds=5)
        """After the first attempt; doubled after each one more."""

    async def open(self) -> None:
        """Be ready to send."""
        self._client = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        """Cut off what is under way, and send nothing more."""
        workers = [line.worker for line in self._lines.values() if line.worker]
        self._lines.clear()
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
        self._client = None

    def send(self, delivery: WebhookDelivery) -> None:
        """Put it at the end of its line, unless something goes wrong with it."""
        self.deliveries.append(delivery)
        mishap = self.mishaps.take(delivery.event)
        delivery.mishap = kind = mishap.kind if mishap else None
        if kind is MishapKind.LOSE or self._client is None:
            delivery.fate = Fate.LOST
            self._tell(delivery, Attempt(at=self._clock.machine_now(), status=None), timedelta(0))
            return
        line = self._lines.setdefault((delivery.room_id, delivery.address), _Line())
        if kind is MishapKind.REORDER and line.held is None and not self._is_hurrying:
            line.held = delivery
            return
        not_before = self._clock.now() + mishap.delay if mishap and kind is MishapKind.DELAY else None
        line.waiting.append((delivery, not_before))
        if kind is MishapKind.REPEAT:
            line.waiting.append((delivery, None))
        self._release(line)

    def wake(self) -> None:
        """Look at the clocks again: one of them was moved."""
        self._woken.set()
        self._woken = asyncio.Event()

    @property
    def is_quiet(self) -> bool:
        """Nothing is under way at this moment. What pauses, or is held back for the next one, does not count."""
        return all(line.is_pausing or not line.waiting for line in self._lines.values())

    @property
    def waiting_count(self) -> int:
        """How many are still to be sent, those included that pause or are held back."""
        return sum(len(line.waiting) + (line.held is not None) for line in self._lines.values())

    def find_retry(self) -> datetime | None:
        """When, by machine time, the first that pauses between two attempts is tried again; None: none does."""
        pauses = [line.pause for line in self._lines.values() if line.pause is not None]
        return min((until for read_clock, until in pauses if read_clock == self._clock.machine_now), default=None)

    async def wait_until_quiet(self) -> None:
        """Until nothing is under way. What pauses is left pausing."""
        await self._wait_for(lambda: self.is_quiet)

    async def deliver_all(self) -> None:
        """Send everything there is, without any pause, until each was taken or given up."""
        self._is_hurrying = True
        try:
            for line in self._lines.values():
                self._release(line)
            self.wake()
            await self._wait_for(lambda: not self.waiting_count)
        finally:
            self._is_hurrying = False

    async def _wait_for(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            await self._woken.wait()

    def _release(self, line: _Line) -> None:
        """Send what was held back too, and see that somebody works."""
        if line.held:
            line.waiting.append((line.held, None))
            line.held = None
        if line.waiting and line.worker is None:
            line.worker = asyncio.create_task(self._work(line))

    async def _work(self, line: _Line) -> None:
        while line.waiting:
            delivery, not_before = line.waiting[0]
            if not_before:
                await self._pause(line, self._clock.now, not_before)
            await self._bring(line, delivery)
            line.waiting.popleft()
            self.wake()
        line.worker = None

    async def _bring(self, line: _Line, delivery: WebhookDelivery) -> None:
        """Try until it is taken. One that is brought again after it was taken is tried afresh."""
        pause = self.first_pause
        for number in range(1, MOST_ATTEMPTS + 1):
            began = asyncio.get_running_loop().time()
            attempt = await self._post(delivery)
            delivery.attempts.append(attempt)
            self._tell(delivery, attempt, timedelta(seconds=asyncio.get_running_loop().time() - began))
            if attempt.is_taken:
                delivery.fate = Fate.TAKEN
                return
            if number < MOST_ATTEMPTS:
                await self._pause(line, self._clock.machine_now, self._clock.machine_now() + pause)
                pause *= 2
        if delivery.fate is Fate.WAITING:
            delivery.fate = Fate.GIVEN_UP

    async def _post(self, delivery: WebhookDelivery) -> Attempt:
        at = self._clock.machine_now()
        status = None
        if self._client is None:
            return Attempt(at=at, status=None)
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with (
                asyncio.timeout(self.answer_limit.total_seconds()),
                self._client.post(
                    delivery.address, data=delivery.body, headers=delivery.headers, allow_redirects=False
                ) as response,
            ):
                await response.read()  # "over 30 s in all": an answer that does not end is none
                status = response.status
        return Attempt(at=at, status=status)

    def _tell(self, delivery: WebhookDelivery, attempt: Attempt, taken: timedelta) -> None:
        """By its event. The address is the receiver's secret, all of it."""
        self._wire.tell(
            Call(
                sender=Party.LESSONSPACE,
                receiver=Party.BOT,
                name=delivery.event,
                verb="POST",
                path="",
                status=attempt.status,
                fault=delivery.mishap,
                at=attempt.at,
                taken=taken,
            )
        )

    async def _pause(self, line: _Line, read_clock: Callable[[], datetime], until: datetime) -> None:
        line.pause = (read_clock, until)
        self.wake()
        try:
            while not self._is_hurrying and (left := until - read_clock()) > timedelta(0):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left.total_seconds()):
                        await self._woken.wait()
        finally:
            line.pause = None
