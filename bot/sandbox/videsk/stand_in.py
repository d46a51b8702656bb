"""A stand-in Videsk over real HTTP on loopback, for the demo and the tests: its API, its browser script, its rooms.

It keeps to what is documented, refuses what the real one refuses, and where the documents are silent it is the stricter
of the two guesses or has a switch. What it was asked and who was where can be read off it; what it does wrong on
purpose is switched on by its `faults`.

People are put out when lesson time passes their room's end: on each request, on each move of a clock that is moved by
hand, and at the moment itself on a clock that runs.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.clock import MovableClock
from bot.sandbox.gates import Work
from bot.sandbox.inside.pages import list_file_routes
from bot.sandbox.videsk.api import Api
from bot.sandbox.videsk.browser import Browser
from bot.sandbox.videsk.errors import Turned
from bot.sandbox.videsk.exchange import Exchange, Visit
from bot.sandbox.videsk.rooms import Room, Rooms

SCRIPT = Path(__file__).with_name("webrtc.esm.js")


class VideskStandIn(Api):
    """The service, from `async with` until its end. Times are `clock`'s lesson time; rates are machine time.

    `latency` is what every API call takes; `calls_per_second` None: nobody counts.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        port: int = 0,
        latency: timedelta = timedelta(0),
        calls_per_second: int | None = 20,
    ) -> None:
        super().__init__(clock, latency=latency, calls_per_second=calls_per_second, port=port)
        self.rooms = Rooms()
        self.exchange = Exchange(clock, self.rooms, secret=self.account_secret, admitted=self._note_use)
        self._is_open = False
        self._stirred = asyncio.Event()
        self._was_moved = False
        if isinstance(clock, MovableClock):
            clock.on_move(self._note_move)

    async def _begin(self) -> None:
        self._is_open = True
        self._timekeeper = asyncio.create_task(self._keep_time())

    async def _end(self) -> None:
        self._is_open = False
        self._timekeeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._timekeeper
        self.exchange.close()

    @property
    def api_url(self) -> str:
        """What `VIDESK_API_URL` is set to."""
        return f"{self.origin}/"

    @property
    def script_url(self) -> str:
        """What `VIDESK_SCRIPT_URL` is set to."""
        return f"{self.origin}/sdk/{SCRIPT.name}"

    @property
    def visits(self) -> list[Visit]:
        """Everybody who was in a room, now or before, in the order of coming."""
        return self.exchange.visits

    def browser(self) -> Browser:
        """One tab of somebody's."""
        return Browser(f"{self.origin}/exchange", self._client)

    def list_present(self, room: Room) -> list[str]:
        """Aliases of who is in the room now, in the order of coming."""
        self.exchange.advance(self.clock.now())
        return [visit.alias for visit in self.exchange.list_open(room)]

    def list_pages(self) -> list[tuple[str, str]]:
        """Room and alias of each that has a page open."""
        return [(visit.room.id, visit.alias) for visit in self.exchange.list_open() if visit.is_page]

    def notice_change(self) -> None:
        """A room's end may have come, or moved."""
        if self._is_open:
            self.exchange.advance(self.clock.now())
            self._stirred.set()

    def _note_move(self) -> None:
        self._was_moved = True
        self.notice_change()

    def _note_use(self, room: Room, jti: str, request: web.Request) -> None:
        if not self.notes_tokens_given:
            self.authorize(room, jti, request)
        self._stirred.set()

    async def _keep_time(self) -> None:
        """On a clock that runs, what is due must happen although nobody asks."""
        while True:
            self._stirred.clear()
            now = self.clock.now()
            self.exchange.advance(now)
            if self._was_moved:
                self._was_moved = False
                await self.exchange.tell_time()
            due = self.exchange.find_next()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout((due - now).total_seconds() if due else None):
                    await self._stirred.wait()

    def _build_app(self) -> web.Application:
        app = web.Application(middlewares=[_answer_as_framework])
        app.add_routes(
            [
                *self.build_routes(),
                web.get(f"/sdk/{SCRIPT.name}", self._script),
                *list_file_routes("room.js", below="/sdk"),
                web.get("/exchange", self.exchange.serve),
            ]
        )
        return app

    async def _script(self, request: web.Request) -> web.StreamResponse:
        """For pages of any origin, as a script that others embed is."""
        text = await asyncio.to_thread(SCRIPT.read_text, encoding="utf-8")
        headers = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
        return web.Response(text=text, content_type="text/javascript", headers=headers)


@web.middleware
async def _answer_as_framework(request: web.Request, handler: Work) -> web.StreamResponse:
    """What is not there, or may not be asked so, is refused in the framework's shape too."""
    try:
        return await handler(request)
    except web.HTTPException as raised:
        return Turned(raised.status, raised.reason).as_answer()
