"""A stand-in Loop server over real HTTP on loopback, for the demo and the tests.

It keeps to what the server's public source does, oddities included, and is the stricter of two guesses where that is
not known. What it was asked and who sits where can be read off it; what it does wrong on purpose is switched on by its
`faults`. Rooms and seats live by lesson time, signatures by machine time.
"""

from __future__ import annotations

from datetime import timedelta
from html import escape
from types import TracebackType
from typing import Self

from aiohttp import ClientSession, DummyCookieJar, web

from bot.clock import Clock
from bot.sandbox.loop.api import Api
from bot.sandbox.loop.browser import Browser
from bot.sandbox.loop.gate import lead_on
from bot.sandbox.loop.rooms import Rooms

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{name}</title>
<h1>{name}</h1>
<form><label>Your name <input name="shown" required maxlength="255"></label> <button>Join</button></form>
<p role="status"></p>
<script>
const room = "{room}", said = document.querySelector("[role=status]");
let token = null;
const send = (action, more) => fetch(room, {{method: "POST", keepalive: true, body: JSON.stringify({{action, ...more}}),
  headers: {{"Content-Type": "application/json", ...(token && {{Authorization: "Basic " + btoa(token + ":")}})}}}});
document.querySelector("form").addEventListener("submit", async event => {{
  event.preventDefault();
  const answer = await send("join", {{displayName: event.target.elements.shown.value, clientMaxSize: 5}});
  token = answer.ok ? (await answer.json()).sessionToken : null;
  said.textContent = token ? "You are inside." : "The room is full.";
  event.target.hidden = token !== null;
}});
setInterval(() => token && send("refresh"), 240000);
addEventListener("pagehide", () => token && send("leave"));
</script>"""


class LoopStandIn(Api):
    """The server, from `async with` until its end. `latency` is what every call takes."""

    def __init__(self, clock: Clock, *, port: int = 0, latency: timedelta = timedelta(0)) -> None:
        super().__init__(clock, latency=latency)
        self.rooms = Rooms()
        self._port = port

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[lead_on])
        app.add_routes([*self.build_routes(), web.get("/go/{token}", self._show_page)])
        # Requests that a fault holds back are not waited for.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
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

    def browser(self, name: str) -> Browser:
        """A browser whose owner calls themselves so."""
        return Browser(name, self._client)

    async def _show_page(self, request: web.Request) -> web.StreamResponse:
        """The page behind a room's address. Opening it takes no seat."""
        room = self.find_room(request.match_info["token"])
        if room is None:
            text = "<!doctype html><title>Gone</title><p>This conversation is over."
            return web.Response(status=404, text=text, content_type="text/html")
        at = f"/v0/rooms/{room.token}"
        text = _PAGE.format(name=escape(str(room.fields.get("roomName", "A conversation"))), room=at)
        return web.Response(text=text, content_type="text/html", headers={"X-Room": at})
