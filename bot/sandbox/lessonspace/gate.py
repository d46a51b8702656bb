"""What every call of the stand-in's API passes before its work: key and rate; faults come after them.

It knows nothing of what a call is for.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from uuid import uuid4

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.gates import ServiceGate, Work
from bot.sandbox.traffic import Party

LIMITED = ("space_sessions", "sessions", "session", "change_session", "transcript")
"""Calls that the documentation marks as limited."""


class Gate(ServiceGate):
    """Lets calls through. Rates are machine time; `latency` is what every call takes."""

    party = Party.LESSONSPACE

    def __init__(
        self,
        clock: Clock,
        *,
        api_key: str | None,
        latency: timedelta,
        launches_per_second: int | None,
        limited_per_second: int | None,
        port: int,
    ) -> None:
        super().__init__(clock, latency=latency, port=port)
        self.api_key = api_key or str(uuid4())
        self.rates = {"launch": launches_per_second} | dict.fromkeys(LIMITED, limited_per_second)
        self.sends_retry_after = True
        self._recent: dict[str, deque[datetime]] = {}

    def as_call(self, name: str, work: Work) -> Work:
        """A call of the API: key, rate and faults come before the work, and it is noted down."""
        return self.watch(name, lambda request: self._pass(name, work, request))

    async def _pass(self, name: str, work: Work, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Organisation {self.api_key}":
            return answer({"detail": "Invalid organisation key."}, 403)
        if self._is_too_fast(name):
            return self.slow_down(1)
        return await self.meet_fault(name, request, lambda: work(request))

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

    def refuse(self, error: str) -> web.Response:
        """403, with its reason."""
        return answer({"detail": error}, 403)

    def slow_down(self, retry_after_seconds: int) -> web.Response:
        """429, with or without the time to wait."""
        response = answer({"detail": "Request was throttled."}, 429)
        if self.sends_retry_after:
            response.headers["Retry-After"] = str(retry_after_seconds)
        return response


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
