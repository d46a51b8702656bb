"""What every call of a stand-in room service meets: latency, the faults that are switched on, and who notes it down.

Each service's own gate says who may come in, and how it says no. This one knows nothing of what a call is for.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.faults import Fault, FaultBoard, FaultKind
from bot.sandbox.serving import Served
from bot.sandbox.traffic import Call, Party, Wire, read_route

Work = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HTML = "<!doctype html><title>Maintenance</title><p>We will be back soon.</p>"
_FAULT = web.RequestKey("fault", str)


class ServiceGate(Served):
    """Lets calls through. `latency` is what every call takes."""

    party: Party

    def __init__(self, clock: Clock, *, latency: timedelta, port: int) -> None:
        super().__init__(port=port)
        self.clock = clock
        self.latency = latency
        self.faults = FaultBoard()
        self.wire = Wire()
        self.asked: list[Call] = []
        """Every call that reached the API, in the order of their answers."""
        self.clock_skew = timedelta(0)
        """How far its own clock is from machine time."""

    @property
    def machine_now(self) -> datetime:
        """Its own clock."""
        return self.clock.machine_now() + self.clock_skew

    @abstractmethod
    def refuse(self, error: str) -> web.Response:
        """Say no, in the service's own words."""

    @abstractmethod
    def slow_down(self, retry_after_seconds: int) -> web.Response:
        """Say that this was one call too many."""

    def fail(self, status: int) -> web.Response:
        """Answer as what stands in front of the service does while that is broken."""
        return web.Response(status=status, text=_HTML, content_type="text/html")

    def talk_nonsense(self) -> web.Response:
        """Answer with what nobody can read."""
        return self.fail(200)

    def dress(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add the headers that every answer has."""
        response.headers["Date"] = format_datetime(self.machine_now, usegmt=True)

    def find_region(self, request: web.Request) -> str | None:
        """Which of its regions is meant; None where the service has none."""
        return None

    def watch(self, name: str, work: Work) -> Work:
        """The same work, with latency before it, and noted down after it."""

        async def handle(request: web.Request) -> web.StreamResponse:
            at, began = self.clock.machine_now(), asyncio.get_running_loop().time()
            if self.latency:
                await asyncio.sleep(self.latency.total_seconds())
            response = await work(request)
            self._note_down(name, request, response, at=at, began=began)
            if not response.prepared:
                self.dress(request, response)
            return response

        return handle

    def _note_down(
        self, name: str, request: web.Request, response: web.StreamResponse, *, at: datetime, began: float
    ) -> None:
        is_cut = request.transport is None or request.transport.is_closing()
        call = Call(
            sender=Party.BOT,
            receiver=self.party,
            name=name,
            verb=request.method,
            path=read_route(request),
            status=None if is_cut else response.status,
            fault=request.get(_FAULT),
            region=self.find_region(request),
            at=at,
            taken=timedelta(seconds=asyncio.get_running_loop().time() - began),
        )
        self.asked.append(call)
        self.wire.tell(call)

    async def meet_fault(
        self, name: str, request: web.Request, work: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """The work, unless a fault is switched on for this call: then what that leaves of it."""
        fault = self.faults.take(name)
        if fault is None:
            return await work()
        request[_FAULT] = fault.kind.value
        done = await work() if fault.does_work else None
        if fault.kind is FaultKind.DELAY:
            await asyncio.sleep(fault.delay.total_seconds())
            return done or await work()
        return self._break(fault, request)

    def _break(self, fault: Fault, request: web.Request) -> web.Response:
        match fault.kind:
            case FaultKind.RATE_LIMITED:
                return self.slow_down(fault.retry_after_seconds)
            case FaultKind.STATUS:
                return self.fail(fault.status)
            case FaultKind.REFUSAL:
                return self.refuse(fault.error)
            case FaultKind.GARBAGE:
                return self.talk_nonsense()
            case _:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
