"""What every call of the stand-in's API passes before its work: region, token, role, and faults that are switched on.

It notes each call down, and knows nothing of what a call is for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.agora.tokens import BadToken, Power, Token, open_token
from bot.sandbox.faults import Fault, FaultBoard, FaultKind

REGIONS = ("us-sv", "sg", "in-mum", "eu", "cn-hz")

_HTML = "<!doctype html><title>Maintenance</title><p>We will be back soon.</p>"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request that is let through. `token` None: the call needs none."""

    request: web.Request
    region: str
    token: Token | None


Work = Callable[[Call], Awaitable[web.StreamResponse]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Which tokens a call takes. `power` None: no token at all."""

    power: Power | None
    kinds: tuple[str, ...] = ("sdk",)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request that reached the API, and the status it got; None when it was cut off."""

    name: str
    region: str | None
    status: int | None


class Refusal(Exception):
    """An answer that says no."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Gate:
    """Lets calls through. Tokens for the whole project live by machine time, a room's by lesson time, since a lesson
    that a sandbox moves through time takes its rooms along, and our own calls stay where they are."""

    def __init__(self, clock: Clock, *, access_key: str, secret_key: str, latency: timedelta) -> None:
        self.clock = clock
        self.access_key = access_key
        self.secret_key = secret_key
        self.latency = latency
        self.faults = FaultBoard()
        self.asked: list[Asked] = []
        self.clock_skew = timedelta(0)
        """How far its own clock is from machine time."""

    def as_call(self, name: str, needs: Needs, work: Work) -> Handler:
        """A call of the API: region, token and faults come before the work, and it is noted down."""

        async def handle(request: web.Request) -> web.StreamResponse:
            if self.latency:
                await asyncio.sleep(self.latency.total_seconds())
            try:
                call = self._let_in(needs, request)
                fault = self.faults.take(name)
                response = await (self._fail(fault, work, call) if fault else work(call))
            except Refusal as refusal:
                response = answer({"message": refusal.message}, refusal.status)
            is_cut = request.transport is None or request.transport.is_closing()
            status = None if is_cut else response.status
            self.asked.append(Asked(name=name, region=request.headers.get("region"), status=status))
            if not response.prepared:
                response.headers["Date"] = format_datetime(self._machine_now(), usegmt=True)
            return response

        return handle

    def check_token(self, text: str) -> Token:
        """A genuine token that still lives. Refusal 401 for any other."""
        try:
            token = open_token(text, access_key=self.access_key, secret_key=self.secret_key)
        except BadToken as error:
            raise Refusal(401, "invalid token") from error
        if token.is_spent(self._machine_now() if token.kind == "sdk" else self.clock.now()):
            raise Refusal(401, "token is expired")
        return token

    def _let_in(self, needs: Needs, request: web.Request) -> Call:
        region = request.headers.get("region", "")
        if region not in REGIONS:
            raise Refusal(400, "region is missing or unknown")
        if needs.power is None:
            return Call(request=request, region=region, token=None)
        token = self.check_token(request.headers.get("token", ""))
        if token.kind not in needs.kinds or token.power > needs.power:
            raise Refusal(403, "this token may not do this")
        if token.kind == "room" and request.match_info.get("uuid", token.uuid) != token.uuid:
            raise Refusal(403, "token access room forbidden")
        return Call(request=request, region=region, token=token)

    def _machine_now(self) -> datetime:
        return self.clock.machine_now() + self.clock_skew

    async def _fail(self, fault: Fault, work: Work, call: Call) -> web.StreamResponse:
        done = await work(call) if fault.does_work else None
        match fault.kind:
            case FaultKind.DELAY:
                await asyncio.sleep(fault.delay.total_seconds())
                return done or await work(call)
            case FaultKind.RATE_LIMITED:
                response = answer({"message": "too many requests"}, 429)
                response.headers["Retry-After"] = str(fault.retry_after_seconds)
                return response
            case FaultKind.STATUS:
                return web.Response(status=fault.status, text=_HTML, content_type="text/html")
            case FaultKind.REFUSAL:
                return answer({"message": fault.error}, 403)
            case FaultKind.GARBAGE:
                return web.Response(text=_HTML, content_type="text/html")
            case FaultKind.DROP:
                if call.request.transport is not None:
                    call.request.transport.abort()
                return web.Response()


def answer(body: object, status: int = 200) -> web.Response:
    """In JSON."""
    return web.json_response(body, status=status)


@web.middleware
async def answer_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever is not there is a 404 in JSON."""
    try:
        return await handler(request)
    except web.HTTPException as raised:
        return answer({"message": raised.reason}, raised.status)
