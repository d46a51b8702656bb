"""The school's page, served on loopback: its routes, put together. Begin here, or with `hallpass play`.

    async with Playground() as playground, open_play(playground, listen(0)) as address:
        ...

Opening somebody's page is told to the bot as Slack's client tells it, without waiting for what it says to that.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from bot.identity import StartRefused
from bot.manifest import load_manifest
from bot.sandbox.play.act_routes import ActRoutes
from bot.sandbox.play.behind import Behind
from bot.sandbox.play.clock_panel import ClockPanel
from bot.sandbox.play.conversations import NEWEST
from bot.sandbox.play.curtain import Curtain
from bot.sandbox.play.frame import Frame, NobodyThere
from bot.sandbox.play.gallery import Gallery
from bot.sandbox.play.guard import Guard
from bot.sandbox.play.guide import Guide
from bot.sandbox.play.ledger import Ledger
from bot.sandbox.play.live import Live
from bot.sandbox.play.offers import read_offers
from bot.sandbox.play.owed import OwedPanel
from bot.sandbox.play.panels import Looking, Panel
from bot.sandbox.play.person import find_person
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.rendering import render_page
from bot.sandbox.play.rooms import RoomsPanel
from bot.sandbox.play.ticking import Timekeeper
from bot.sandbox.play.trouble import TroublePanel, Troubles
from bot.serving import QuietServer, stop_server

PORT = 8780
STATIC = Path(__file__).with_name("static")
MOST = 2_000
"""Messages on one page; more is not read by anybody."""


def list_top(playground: Playground) -> list[Panel]:
    """The panels above the conversation."""
    return [Guide(playground)]


def list_panels(playground: Playground) -> list[Panel]:
    """The panels beside it, in this order."""
    ledger = Ledger(playground)
    return [
        ClockPanel(playground, Timekeeper(playground, ledger)),
        RoomsPanel(playground),
        OwedPanel(playground, ledger),
        TroublePanel(playground, Troubles(playground)),
        Curtain(playground),
    ]


def list_more_routes(playground: Playground, live: Live) -> list[BaseRoute]:
    """What is no panel's: acts, files, pages of their own."""
    return [
        *Gallery().list_routes(),
        *ActRoutes(playground, read_offers(load_manifest())).list_routes(),
        *Behind(playground, live).list_routes(),
    ]


class Pages:
    """The routes of the page itself."""

    def __init__(self, playground: Playground, frame: Frame, live: Live) -> None:
        self._playground = playground
        self._frame = frame
        self._live = live
        self._told: set[asyncio.Task[Any]] = set()

    def list_routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.lead),
            Route("/again", self.begin_again),
            Route("/as/{user_id}/", self.show_direct),
            Route("/as/{user_id}/home", self.show_home),
            Route("/as/{user_id}/in/{channel_id}", self.show_channel),
            Route("/as/{user_id}/file/{file_id}", self.show_file),
            Route("/as/{user_id}/live", self.keep_up),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]

    async def lead(self, request: Request) -> Response:
        """To the leader's conversation with the bot."""
        return RedirectResponse(f"/as/{self._playground.cast.ada.user.id}/", status_code=303)

    async def begin_again(self, request: Request) -> Response:
        """The same, for a page that was told so by its stream (htmx's own header)."""
        return Response(headers={"HX-Redirect": "/"})

    async def show_direct(self, request: Request) -> Response:
        """Somebody's conversation with the bot."""
        person = find_person(self._playground, request.path_params["user_id"])
        if person is None:
            return _say_nobody()
        channel_id = person.direct.id
        return await self._show(request, channel_id, tells=person.actor.open_home(tab="messages"))

    async def show_home(self, request: Request) -> Response:
        """The app's Home tab."""
        person = find_person(self._playground, request.path_params["user_id"])
        if person is None:
            return _say_nobody()
        return await self._show(request, "", tells=person.actor.open_home())

    async def show_channel(self, request: Request) -> Response:
        """A conversation they are in."""
        return await self._show(request, request.path_params["channel_id"])

    async def _show(
        self, request: Request, channel_id: str, *, tells: Coroutine[Any, Any, Any] | None = None
    ) -> Response:
        looking = Looking(user_id=request.path_params["user_id"], channel_id=channel_id)
        newest = _read_newest(request)
        live = f"/as/{looking.user_id}/live?in={channel_id}&newest={newest}&school={self._playground.token}"
        if tells is not None:
            self._tell(tells)
        try:
            return HTMLResponse(await self._frame.draw_page(looking, newest=newest, live=live))
        except NobodyThere:
            return _say_nobody()

    def _tell(self, what: Coroutine[Any, Any, Any]) -> None:
        """Slack's client does not wait for the app either."""
        told = asyncio.create_task(what)
        self._told.add(told)
        told.add_done_callback(self._told.discard)

    async def close(self) -> None:
        """Leave alone what was still being told."""
        for told in tuple(self._told):
            told.cancel()
        await asyncio.gather(*self._told, return_exceptions=True)

    async def keep_up(self, request: Request) -> Response:
        """What a page is told while it is open."""
        looking = Looking(user_id=request.path_params["user_id"], channel_id=request.query_params.get("in", ""))
        events = self._live.stream(looking, newest=_read_newest(request), school=request.query_params.get("school", ""))
        return StreamingResponse(events, media_type="text/event-stream")

    async def show_file(self, request: Request) -> Response:
        """A file of a conversation that they are in."""
        person = find_person(self._playground, request.path_params["user_id"])
        files = self._playground.school.slack.uploads.files
        found = next((one for one in files if one.id == request.path_params["file_id"]), None)
        if person is None or found is None or found.content is None or not person.find_place(found.channel_id or ""):
            return _say_nobody()
        return Response(found.content, media_type="text/plain; charset=utf-8")


def _read_newest(request: Request) -> int:
    given = request.query_params.get("newest", "")
    return min(max(int(given), NEWEST), MOST) if given.isdecimal() and len(given) < 6 else NEWEST


def _say_nobody() -> Response:
    return HTMLResponse(render_page("nobody.html"), status_code=404)


async def serve_play(port: int, *, stop: asyncio.Event, tell: Callable[[str], None]) -> None:
    """A school and its page until `stop` is set. `tell` is called with the address once it answers. StartRefused."""
    listener = listen(port)  # before the school is opened: a port that is taken is said at once
    async with Playground() as playground, open_play(playground, listener) as address:
        tell(address)
        await stop.wait()


@asynccontextmanager
async def open_play(
    playground: Playground, listener: socket.socket, *, panels: Sequence[Panel] | None = None
) -> AsyncIterator[str]:
    """The page, served until this is left; its address. `panels`: others than `list_panels` has."""
    top, panels = list_top(playground), list_panels(playground) if panels is None else panels
    frame = Frame(playground, panels, top=top)
    live = Live(playground, frame)
    pages = Pages(playground, frame, live)
    more = [route for panel in (*top, *panels) for route in panel.list_routes()] + list_more_routes(playground, live)
    server = QuietServer(
        uvicorn.Config(
            build_play(pages, more),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=3,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        live.close()
        await stop_server(server, serving)
        await pages.close()


def build_play(pages: Pages, more: Sequence[BaseRoute]) -> ASGIApp:
    """All routes behind the guard, whatever becomes of them."""
    return Guard(Starlette(routes=[*more, *pages.list_routes()]))


def listen(port: int) -> socket.socket:
    """On loopback, and nowhere else; 0: any free port. StartRefused where that one is taken."""
    try:
        made = socket.create_server(("127.0.0.1", port), backlog=128)
    except OSError as error:
        what = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise StartRefused(f"port {port} {what}", "choose another with --port, or stop what uses it") from error
    return socket.socket(made.family, made.type, socket.IPPROTO_TCP, fileno=made.detach())
