"""A stand-in Loop server over real HTTP on loopback, for the demo and the tests.

It keeps to what the server's public source does, oddities included, and is the stricter of two guesses where that is
not known. What it was asked and who sits where can be read off it; what it does wrong on purpose is switched on by its
`faults`. Rooms and seats live by lesson time, signatures by machine time.
"""

from __future__ import annotations

from datetime import timedelta
from html import escape

from aiohttp import web

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
        super().__init__(clock, latency=latency, port=port)
        self.rooms = Rooms()

    def _build_app(self) -> web.Application:
        app = web.Application(middlewares=[lead_on])
        app.add_routes([*self.build_routes(), web.get("/go/{token}", self._show_page)])
        return app

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
