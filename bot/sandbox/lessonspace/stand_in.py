"""A stand-in Lessonspace over real HTTP on loopback, for the demo and the tests.

It keeps to what is documented, refuses what the real one refuses, and where the documents are silent it is the
stricter of the two guesses or has a switch. What it was asked and what happened can be read off it; what it does wrong
on purpose is switched on by its `faults`, under the name of the call: launch, space_sessions, sessions, session,
playback, hello, my_organisation.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from aiohttp import ClientSession, DummyCookieJar, web

from bot.clock import Clock
from bot.sandbox.faults import Fault, FaultBoard, FaultKind
from bot.sandbox.lessonspace.browser import Browser
from bot.sandbox.lessonspace.links import read_link
from bot.sandbox.lessonspace.listing import Listed, build_page, choose_sessions, describe_session
from bot.sandbox.lessonspace.organisation import LaunchRecord, Organisation
from bot.sandbox.lessonspace.spaces import Prompt, Reason, Space, SpaceSession, TurnedAway

_Work = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HTML = "<!doctype html><title>Maintenance</title><p>We will be back soon.</p>"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request that reached the API, and the status it got; None when it was cut off."""

    name: str
    at: datetime  # machine time
    status: int | None


class LessonspaceStandIn:
    """The service, from `async with` until its end. Times are `clock`'s lesson time; rates are machine time.

    `latency` is what every API call takes. `launches_per_second`: None for no limit, as documented.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        api_key: str | None = None,
        port: int = 0,
        latency: timedelta = timedelta(0),
        launches_per_second: int | None = None,
        limited_per_second: int | None = 5,
    ) -> None:
        self.clock = clock
        self.api_key = api_key or str(uuid4())
        self.latency = latency
        self.rates = {"launch": launches_per_second} | dict.fromkeys(
            ("space_sessions", "sessions", "session"), limited_per_second
        )
        self.organisation = Organisation()
        self.faults = FaultBoard()
        self.asked: list[Asked] = []
        self.lists_bare_arrays = False
        """List sessions as a bare array, as one client reads them, instead of an envelope."""
        self.page_size = 20
        self.sends_retry_after = True
        self.clock_skew = timedelta(0)
        """How far its Date header is from machine time."""
        self.left_out: set[str] = set()
        """Fields that launches leave out of their answer."""
        self._port = port
        self._recent: dict[str, deque[datetime]] = {}

    async def __aenter__(self) -> Self:
        # Requests that a fault holds back are not waited for.
        self._runner = web.AppRunner(self._build_app(), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self._client = ClientSession(cookie_jar=DummyCookieJar())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()
        await self._runner.cleanup()

    @property
    def origin(self) -> str:
        """Where it listens. Keeps its port when it is left and entered again."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_url(self) -> str:
        """What `LESSONSPACE_API_URL` is set to."""
        return f"{self.origin}/v2/"

    @property
    def launches(self) -> list[LaunchRecord]:
        """Every launch that was done, in its order, also those whose answer was lost."""
        return self.organisation.launches

    @property
    def prompts(self) -> list[Prompt]:
        """Every question put to a leader up to now, oldest first."""
        return sorted((p for space in self._list_spaces() for p in space.prompts), key=lambda prompt: prompt.at)

    def browser(self, name: str) -> Browser:
        """A browser of that name; the same name twice is two tabs of one."""
        return Browser(name, self._client)

    def list_present(self, launch_id: str) -> list[str]:
        """Names of who is in the space now, in the order of coming."""
        space = self.organisation.spaces.get(launch_id)
        if space is None:
            return []
        space.advance(self.clock.now())
        return [c.ticket.person.name for c in space.running.list_open()] if space.running else []

    def _list_spaces(self) -> list[Space]:
        now = self.clock.now()
        for space in self.organisation.spaces.values():
            space.advance(now)
        return list(self.organisation.spaces.values())

    def _build_app(self) -> web.Application:
        app = web.Application(middlewares=[_answer_in_json])
        org = "/v2/organisations/{organisation}/sessions/"
        app.add_routes(
            [
                web.post("/v2/spaces/launch/", self._as_call("launch", self._launch)),
                web.get("/v2/spaces/{space}/sessions/", self._as_call("space_sessions", self._space_sessions)),
                web.get(org, self._as_call("sessions", self._organisation_sessions)),
                web.get(org + "{session}/", self._as_call("session", self._one_session)),
                web.get("/v2/sessions/{session}/playback/", self._as_call("playback", self._playback)),
                web.get("/v2/hello/", self._as_call("hello", self._hello)),
                web.get("/v2/my-organisation/", self._as_call("my_organisation", self._my_organisation)),
                web.get("/join", self._join_page),
                web.post("/connections/", self._connect),
                web.get("/connections/{connection}/", self._look),
                web.post("/connections/{connection}/{deed}/", self._act),
            ]
        )
        return app

    def _as_call(self, name: str, work: _Work) -> _Work:
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

    async def _pass(self, name: str, work: _Work, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Organisation {self.api_key}":
            return _json({"detail": "Invalid organisation key."}, 403)
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
        response = _json({"detail": "Request was throttled."}, 429)
        if self.sends_retry_after:
            response.headers["Retry-After"] = str(retry_after_seconds)
        return response

    async def _fail(self, fault: Fault, work: _Work, request: web.Request) -> web.StreamResponse:
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
                return _json({"detail": fault.error}, 403)
            case FaultKind.GARBAGE:
                return web.Response(text=_HTML, content_type="text/html")
            case FaultKind.DROP:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()

    async def _launch(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.json()
        except json.JSONDecodeError:
            return _json({"detail": "JSON parse error."}, 400)
        launched = self.organisation.launch(body, origin=self.origin, now=self.clock.now())
        if not isinstance(launched, LaunchRecord):
            return _json(launched, 400)
        answer = {
            "client_url": launched.url,
            "api_base": f"{self.origin}/v1/room/{launched.room_id}",
            "room_id": launched.room_id,
            "secret": launched.secret,
            "session_id": launched.session_id,
            "user_id": launched.user_id,
            "room_settings": launched.settings,
        }
        return _json({k: v for k, v in answer.items() if k not in self.left_out}, 201 if launched.is_new else 200)

    async def _space_sessions(self, request: web.Request) -> web.StreamResponse:
        space = self.organisation.find_space(request.match_info["space"])
        if space is None:
            return _json({"detail": "Not found."}, 404)
        space.advance(self.clock.now())
        return self._list(request, [(space, session) for session in space.sessions])

    async def _organisation_sessions(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["organisation"] != str(self.organisation.id):
            return _json({"detail": "Not found."}, 404)
        return self._list(request, self._list_sessions(), leave_out=("logs", "connected_users"))

    def _list_sessions(self) -> Listed:
        return [(space, session) for space in self._list_spaces() for session in space.sessions]

    def _list(self, request: web.Request, listed: Listed, *, leave_out: tuple[str, ...] = ()) -> web.StreamResponse:
        chosen = choose_sessions(listed, request.query)
        if isinstance(chosen, dict):
            return _json(chosen, 400)
        items = [self._describe(pair, leave_out) for pair in chosen]
        if self.lists_bare_arrays:
            return _json(items)
        own_query = {name: value for name, value in request.query.items() if name != "page"}
        address = f"{self.origin}{request.rel_url.with_query(own_query)}"
        page = build_page(items, page=int(request.query.get("page", "1")), size=self.page_size, address=address)
        return _json({"detail": "Invalid page."}, 404) if page is None else _json(page)

    def _describe(self, pair: tuple[Space, SpaceSession], leave_out: tuple[str, ...]) -> dict[str, Any]:
        space, session = pair
        described = describe_session(space, session, now=self.clock.now(), api_url=self.api_url)
        return {name: value for name, value in described.items() if name not in leave_out}

    async def _one_session(self, request: web.Request) -> web.StreamResponse:
        pair = self._find_session(request.match_info["session"])
        if pair is None or request.match_info["organisation"] != str(self.organisation.id):
            return _json({"detail": "Not found."}, 404)
        space = {"id": 1, "slug": pair[0].room_id, "name": pair[0].name, "organisation": self.organisation.id}
        return _json(self._describe(pair, ("logs", "connected_users")) | {"space": space})

    async def _playback(self, request: web.Request) -> web.StreamResponse:
        pair = self._find_session(request.match_info["session"])
        if pair is None or not self._describe(pair, ())["playback_url"]:
            return _json({"detail": "Not found."}, 404)
        return _json({"recording_url": f"{self.origin}/recordings/{uuid4()}"})

    def _find_session(self, session_id: str) -> tuple[Space, SpaceSession] | None:
        return next((pair for pair in self._list_sessions() if pair[1].session_id == session_id), None)

    async def _hello(self, request: web.Request) -> web.StreamResponse:
        return _json({"response": f"Hello, {self.organisation.name}!"})

    async def _my_organisation(self, request: web.Request) -> web.StreamResponse:
        return _json({"id": self.organisation.id, "name": self.organisation.name})

    async def _join_page(self, request: web.Request) -> web.StreamResponse:
        """The page behind a link. It spends nothing: only the connection that its script opens does."""
        return web.Response(text="<!doctype html><title>Opening your space</title>", content_type="text/html")

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        space = self.organisation.find_space(asked["room"])
        try:
            if space is None:
                raise TurnedAway(Reason.NOT_GENUINE)
            ticket = read_link(asked["user"], secret=space.secret)
            connection = space.connect(ticket, asked["browser"], self.clock.now())
        except TurnedAway as turned_away:
            return _json({"reason": turned_away.reason.value}, 403)
        return _json({"connection": connection.id, "session": space.session_id}, 201)

    async def _look(self, request: web.Request) -> web.StreamResponse:
        connection_id = request.match_info["connection"]
        is_open = any(space.find_open(connection_id) for space in self._list_spaces())
        return _json({}, 200 if is_open else 404)

    async def _act(self, request: web.Request) -> web.StreamResponse:
        connection_id, deed, now = request.match_info["connection"], request.match_info["deed"], self.clock.now()
        deeds: dict[str, Callable[[Space], bool]] = {
            "leave": lambda space: space.leave(connection_id, now),
            "idle": lambda space: space.rest(connection_id, now, is_idle=True),
            "stir": lambda space: space.rest(connection_id, now, is_idle=False),
            "extend": lambda space: space.extend(connection_id, now),
        }
        if deed not in deeds:
            return _json({"detail": "Not found."}, 404)
        # At most one space has this connection; the others say no.
        is_done = any(deeds[deed](space) for space in self._list_spaces())
        return _json({}, 200 if is_done else 409)


@web.middleware
async def _answer_in_json(request: web.Request, handler: _Work) -> web.StreamResponse:
    """Whatever is not there, a path without its closing slash too, is a 404 in JSON."""
    try:
        return await handler(request)
    except web.HTTPException as answer:
        return _json({"detail": answer.reason}, answer.status)


def _json(body: object, status: int = 200) -> web.Response:
    return web.json_response(body, status=status)
