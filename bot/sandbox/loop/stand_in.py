"""A stand-in Loop server over real HTTP on loopback, for the demo and the tests.

It keeps to what the server's public source does, oddities included, and is the stricter of two guesses where that is
not known. What it was asked and who sits where can be read off it; what it does wrong on purpose is switched on by its
`faults`. Rooms and seats live by lesson time, signatures by machine time.
"""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.clock import MovableClock
from bot.sandbox.inside.pages import answer_page, answer_room, list_file_routes
from bot.sandbox.loop.api import Api
from bot.sandbox.loop.browser import Browser
from bot.sandbox.loop.gate import lead_on
from bot.sandbox.loop.inside import OVER, OpenPages
from bot.sandbox.loop.rooms import Rooms


class LoopStandIn(Api):
    """The server, from `async with` until its end. `latency` is what every call takes."""

    def __init__(self, clock: Clock, *, port: int = 0, latency: timedelta = timedelta(0)) -> None:
        super().__init__(clock, latency=latency, port=port)
        self.rooms = Rooms()
        self._pages = OpenPages(self.rooms, clock)
        if isinstance(clock, MovableClock):
            clock.on_move(self._pages.keep_seats)

    def _build_app(self) -> web.Application:
        app = web.Application(middlewares=[lead_on])
        app.add_routes(
            [
                *self.build_routes(),
                web.get("/go/{token}", self._show_page),
                web.get("/go/{token}/live", self._pages.serve),
                *list_file_routes("room.js", "room.css", "loop.js"),
            ]
        )
        return app

    def browser(self, name: str) -> Browser:
        """A browser whose owner calls themselves so."""
        return Browser(name, self._client)

    async def _show_page(self, request: web.Request) -> web.StreamResponse:
        """The page behind a room's address. Opening it takes no seat."""
        room = self.find_room(request.match_info["token"])
        if room is None:
            return answer_page(OVER, "Nobody can come in any more.", status=404)
        at = f"/v0/rooms/{room.token}"
        facts = {"room": at, "live": f"/go/{room.token}/live"}
        title = str(room.fields.get("roomName", "A conversation"))
        response = answer_room("conversation.html", title=title, script="loop.js", facts=facts)
        response.headers["X-Room"] = at
        return response
