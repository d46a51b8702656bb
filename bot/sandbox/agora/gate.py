"""What every call of the stand-in's API passes before its work: region, token and role; faults come after them.

It knows nothing of what a call is for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.agora.tokens import BadToken, Power, Token, open_token
from bot.sandbox.gates import ServiceGate
from bot.sandbox.gates import Work as Handler
from bot.sandbox.traffic import Party

REGIONS = ("us-sv", "sg", "in-mum", "eu", "cn-hz")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request that is let through. `token` None: the call needs none."""

    request: web.Request
    region: str
    token: Token | None


Work = Callable[[Call], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Which tokens a call takes. `power` None: no token at all."""

    power: Power | None
    kinds: tuple[str, ...] = ("sdk",)


class Refusal(Exception):
    """An answer that says no."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Gate(ServiceGate):
    """Lets calls through. Tokens for the whole project live by machine time, a room's by lesson time, since a lesson
    that a sandbox moves through time takes its rooms along, and our own calls stay where they are."""

    party = Party.AGORA

    def __init__(self, clock: Clock, *, access_key: str, secret_key: str, latency: timedelta, port: int) -> None:
        super().__init__(clock, latency=latency, port=port)
        self.access_key = access_key
        self.secret_key = secret_key

    def as_call(self, name: str, needs: Needs, work: Work) -> Handler:
        """A call of the API: region, token and faults come before the work, and it is noted down."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                call = self._let_in(needs, request)
                return await self.meet_fault(name, request, lambda: work(call))
            except Refusal as refusal:
                return answer({"message": refusal.message}, refusal.status)

        return self.watch(name, handle)

    def refuse(self, error: str) -> web.Response:
        """403, with its reason."""
        return answer({"message": error}, 403)

    def slow_down(self, retry_after_seconds: int) -> web.Response:
        """429."""
        response = answer({"message": "too many requests"}, 429)
        response.headers["Retry-After"] = str(retry_after_seconds)
        return response

    def find_region(self, request: web.Request) -> str | None:
        """Which of its regions is meant; None for none of them."""
        region = request.headers.get("region")
        return region if region in REGIONS else None

    def check_token(self, text: str) -> Token:
        """A genuine token that still lives. Refusal 401 for any other."""
        try:
            token = open_token(text, access_key=self.access_key, secret_key=self.secret_key)
        except BadToken as error:
            raise Refusal(401, "invalid token") from error
        if token.is_spent(self.machine_now if token.kind == "sdk" else self.clock.now()):
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
