"""What every call of the stand-in's API passes before its work: key, rate, and the faults that are switched on.

It notes each call down, and knows nothing of what a call is for.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from uuid import uuid4

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.faults import Fault, FaultBoard, FaultKind

Work = Callable[[web.Request], Awaitable[web.StreamResponse]]

LIMITED = ("space_sessions", "sessions", "session", "change_session", "transcript")
"""Calls that the documentation marks as limited."""

_HTML = "<!doctype html><title>Maintenance</title><p>We will be back soon.</p>"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request that reached the API, and the status it got; None when it was cut off."""

    name: str
    at: datetime  # machine time
    status: int | None


class Gate:
    """Lets calls through. Rates are machine time; `latency` is what every call takes."""

    def __init__(
        self,
        clock: Clock,
        *,
        api_key: str | None,
        latency: timedelta,
        launches_per_second: int | None,
        limited_per_second: int | None,
    ) -> None:
        self.clock = clock
        self.api_key = api_key or str(uuid4())
        self.latency = latency
        self.rates = {"launch": launches_per_second} | dict.fromkeys(LIMITED, limited_per_second)
        self.faults = FaultBoard()
        self.asked: list[Asked] = []
        self.sends_retry_after = True
        self.clock_skew = timedelta(0)
        """How far its Date header is from machine time."""
        self._recent: dict[str, deque[datetime]] = {}

    def as_call(self, name: str, work: Work) -> Work:
        """A call of the API: key, rate and faults come before the work, and it is noted down."""

        async def handle(request: web.Request) -> web.StreamResponse:
            if self.latency:
                await asyncio.sleep(self.latency.total_seconds())
            at = self.clock.machine_now()
            response = await self._pass(name, work, request)
            is_cut = request.transport is None or request.transport.is_closing()
            self.asked.append(Asked(name=name, at=at, status=None if is_cut else response.status))
            if not response.prepared:
                stamp = self.clock.machine_now() + self.clock_skew
                response.headers["Date"] = format_datetime(stamp, usegmt=True)
            return response

        return handle

    async def _pass(self, name: str, work: Work, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Organisation {self.api_key}":
            return answer({"detail": "Invalid organisation key."}, 403)
        if self._is_too_fast(name):
            return self._slow_down(1)
        fault = self.faults.take(name)
        return await (self._fail(fault, work, request) if fault else work(request))

    def _is_too_fast(self, name: str) -> bool:
        """Counts the calls of the last second; a refused one does not count."""
        rate = self.rates.get(name)
        if rate is None:
            return False
        # The limit is the key's: all limited calls count together, launches by themselves.
        recent = self._recent.setdefault("launch" if name == "launch" else "limited", deque())
        now = self.clock.machine_now()
        while recent and now - recent[0] >= timedelta(seconds=1):
            recent.popleft()
        if len(recent) >= rate:
            return True
        recent.append(now)
        return False

    def _slow_down(self, retry_after_seconds: int) -> web.Response:
        response = answer({"detail": "Request was throttled."}, 429)
        if self.sends_retry_after:
            response.headers["Retry-After"] = str(retry_after_seconds)
        return response

    async def _fail(self, fault: Fault, work: Work, request: web.Request) -> web.StreamResponse:
        done = await work(request) if fault.does_work else None
        match fault.kind:
            case FaultKind.DELAY:
                await asyncio.sleep(fault.delay.total_seconds())
                return done or await work(request)
            case FaultKind.RATE_LIMITED:
                return self._slow_down(fault.retry_after_seconds)
            case FaultKind.STATUS:
                return web.Response(status=fault.status, text=_HTML, content_type="text/html")
            case FaultKind.REFUSAL:
                return answer({"detail": fault.error}, 403)
            case FaultKind.GARBAGE:
                return web.Response(text=_HTML, content_type="text/html")
            case FaultKind.DROP:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()


@web.middleware
async def answer_in_json(request: web.Request, handler: Work) -> web.StreamResponse:
    """Whatever is not there, a path without its closing slash too, is a 404 in JSON."""
    try:
        return await handler(request)
    except web.HTTPException as raised:
        return answer({"detail": raised.reason}, raised.status)


def answer(body: object, status: int = 200) -> web.Response:
    """In JSON."""
    return web.json_response(body, status=status)


def not_found() -> web.Response:
    """Nothing there, or nothing of this organisation's."""
    return answer({"detail": "Not found."}, 404)
