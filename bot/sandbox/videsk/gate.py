"""What every call of the stand-in's API passes before its work: token, rate, and the faults that are switched on.

It notes each call down, and knows nothing of what a call is for.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from math import ceil

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.faults import Fault, FaultBoard, FaultKind
from bot.sandbox.videsk.errors import Turned
from bot.sandbox.videsk.tokens import BadToken, read, sign

Work = Callable[[web.Request], Awaitable[web.StreamResponse]]

RATE_SPAN = timedelta(seconds=1)

_HTML = "<!doctype html><title>Maintenance</title><p>We will be back soon.</p>"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request that reached the API, and the status it got; None when it was cut off."""

    name: str
    at: datetime  # machine time
    status: int | None


class Gate:
    """Lets calls through. Rates are machine time."""

    def __init__(self, clock: Clock, *, latency: timedelta, calls_per_second: int | None) -> None:
        self.clock = clock
        self.latency = latency
        self.calls_per_second = calls_per_second
        self.account_secret = secrets.token_hex(32)
        self.api_token = self.sign_token()
        self.faults = FaultBoard()
        self.asked: list[Asked] = []
        self.clock_skew = timedelta(0)
        """How far its Date header is from machine time."""
        self._span_began_at = clock.machine_now()
        self._span_count = 0

    def sign_token(self, kind: str = "api-token", **claims: object) -> str:
        """Another token of the account; only an `api-token` opens the rooms."""
        return sign(self.account_secret, kind=kind, **claims)

    def as_call(self, name: str, work: Work) -> Work:
        """A call of the API: token, rate and faults come before the work, and it is noted down."""

        async def handle(request: web.Request) -> web.StreamResponse:
            if self.latency:
                await asyncio.sleep(self.latency.total_seconds())
            at = self.clock.machine_now()
            response = await self._pass(name, work, request)
            is_cut = request.transport is None or request.transport.is_closing()
            self.asked.append(Asked(name=name, at=at, status=None if is_cut else response.status))
            response.headers["Date"] = format_datetime(self.clock.machine_now() + self.clock_skew, usegmt=True)
            return response

        return handle

    async def _pass(self, name: str, work: Work, request: web.Request) -> web.StreamResponse:
        try:
            self._judge_token(request.headers.get("Authorization", ""))
        except Turned as turned:
            return turned.as_answer()
        left = self._count()
        if left is not None and left < 0:
            response: web.StreamResponse = Turned(429, "Too many requests").as_answer()
        else:
            response = await self._work_with_faults(name, work, request)
        if self.calls_per_second is not None and left is not None:
            response.headers.update(self._describe_rate(self.calls_per_second, max(left, 0)))
        return response

    def _judge_token(self, header: str) -> None:
        scheme, _, token = header.partition(" ")
        if scheme != "Bearer" or not token:
            raise Turned(401, "Authorization header with valid JWT is required.")
        try:
            claims = read(token, secret=self.account_secret, now=self.clock.machine_now())
        except BadToken as bad:
            raise Turned(401, str(bad)) from None
        if claims.get("kind") != "api-token":
            raise Turned(403, "Insufficient permissions")

    def _count(self) -> int | None:
        """How many calls are left in this second; below 0: this one was too many. None: nobody counts."""
        if self.calls_per_second is None:
            return None
        now = self.clock.machine_now()
        if now - self._span_began_at >= RATE_SPAN:
            self._span_began_at, self._span_count = now, 0
        self._span_count += 1
        return self.calls_per_second - self._span_count

    def _describe_rate(self, limit: int, left: int) -> dict[str, str]:
        ends_in = self._span_began_at + RATE_SPAN - self.clock.machine_now()
        return {
            "Ratelimit-Limit": str(limit),
            "Ratelimit-Remaining": str(left),
            "Ratelimit-Reset": str(max(1, ceil(ends_in.total_seconds()))),
            "Ratelimit-Policy": f"{limit};w={ceil(RATE_SPAN.total_seconds())}",
        }

    async def _work_with_faults(self, name: str, work: Work, request: web.Request) -> web.StreamResponse:
        fault = self.faults.take(name)
        return await (self._fail(fault, work, request) if fault else _work_safely(work, request))

    async def _fail(self, fault: Fault, work: Work, request: web.Request) -> web.StreamResponse:
        done = await _work_safely(work, request) if fault.does_work else None
        match fault.kind:
            case FaultKind.DELAY:
                await asyncio.sleep(fault.delay.total_seconds())
                return done or await _work_safely(work, request)
            case FaultKind.RATE_LIMITED:
                response = Turned(429, "Too many requests").as_answer()
                response.headers["Retry-After"] = str(fault.retry_after_seconds)
                return response
            case FaultKind.STATUS:
                return web.Response(status=fault.status, text=_HTML, content_type="text/html")
            case FaultKind.REFUSAL:
                return Turned(403, fault.error).as_answer()
            case FaultKind.GARBAGE:
                return web.Response(text=_HTML, content_type="text/html")
            case FaultKind.DROP:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()


async def _work_safely(work: Work, request: web.Request) -> web.StreamResponse:
    try:
        return await work(request)
    except Turned as turned:
        return turned.as_answer()
