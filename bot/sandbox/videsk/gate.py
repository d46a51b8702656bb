"""What every call of the stand-in's API passes before its work: token and rate; faults come after them.

It knows nothing of what a call is for.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from math import ceil

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.gates import ServiceGate, Work
from bot.sandbox.traffic import Party
from bot.sandbox.videsk.errors import Turned
from bot.sandbox.videsk.tokens import BadToken, read, sign

RATE_SPAN = timedelta(seconds=1)


class Gate(ServiceGate):
    """Lets calls through. Rates are machine time."""

    party = Party.VIDESK

    def __init__(self, clock: Clock, *, latency: timedelta, calls_per_second: int | None, port: int) -> None:
        super().__init__(clock, latency=latency, port=port)
        self.calls_per_second = calls_per_second
        self.account_secret = secrets.token_hex(32)
        self.api_token = self.sign_token()
        self._span_began_at = clock.machine_now()
        self._span_count = 0

    def sign_token(self, kind: str = "api-token", **claims: object) -> str:
        """Another token of the account; only an `api-token` opens the rooms."""
        return sign(self.account_secret, kind=kind, **claims)

    def as_call(self, name: str, work: Work) -> Work:
        """A call of the API: token, rate and faults come before the work, and it is noted down."""
        return self.watch(name, lambda request: self._pass(name, work, request))

    def refuse(self, error: str) -> web.Response:
        """403, with its reason."""
        return Turned(403, error).as_answer()

    def slow_down(self, retry_after_seconds: int) -> web.Response:
        """429."""
        response = _refuse_rate()
        response.headers["Retry-After"] = str(retry_after_seconds)
        return response

    async def _pass(self, name: str, work: Work, request: web.Request) -> web.StreamResponse:
        try:
            self._judge_token(request.headers.get("Authorization", ""))
        except Turned as turned:
            return turned.as_answer()
        left = self._count()
        if left is not None and left < 0:
            response: web.StreamResponse = _refuse_rate()
        else:
            response = await self.meet_fault(name, request, lambda: _work_safely(work, request))
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


def _refuse_rate() -> web.Response:
    return Turned(429, "Too many requests").as_answer()


async def _work_safely(work: Work, request: web.Request) -> web.StreamResponse:
    try:
        return await work(request)
    except Turned as turned:
        return turned.as_answer()
