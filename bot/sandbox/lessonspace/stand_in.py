"""A stand-in Lessonspace over real HTTP on loopback, for the demo and the tests.

It keeps to what is documented, refuses what the real one refuses, and where the documents are silent it is the
stricter of the two guesses or has a switch. What it was asked and what happened can be read off it; what it does wrong
on purpose is switched on by its `faults` (its API) and by its webhooks' `mishaps`.

Things happen in it when lesson time passes them: on each request, on each move of a clock that is moved by hand, and
at their moment on a clock that runs.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.clock import MovableClock
from bot.sandbox.inside.live import LivePages
from bot.sandbox.inside.pages import answer_page, answer_room, list_file_routes
from bot.sandbox.lessonspace.api import Api
from bot.sandbox.lessonspace.browser import Browser
from bot.sandbox.lessonspace.gate import answer, answer_in_json, not_found
from bot.sandbox.lessonspace.handouts import Handouts, Kind, build_summary, build_transcript
from bot.sandbox.lessonspace.inside import EXPIRED, RECORDED, REFUSALS, describe_inside
from bot.sandbox.lessonspace.links import read_link
from bot.sandbox.lessonspace.meetings import Occurrence, Prompt
from bot.sandbox.lessonspace.organisation import LaunchRecord, Organisation
from bot.sandbox.lessonspace.reports import Scene, Spelling, build_body, build_headers, build_report
from bot.sandbox.lessonspace.spaces import Reason, Space, TurnedAway
from bot.sandbox.lessonspace.webhooks import WebhookDelivery, Webhooks

TOLD_TRANSCRIPT_LIVES = timedelta(hours=24)
"""Of the address that a webhook tells."""


class LessonspaceStandIn(Api):
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
        super().__init__(
            clock,
            api_key=api_key,
            latency=latency,
            launches_per_second=launches_per_second,
            limited_per_second=limited_per_second,
            port=port,
        )
        self.organisation = Organisation(tell=self._report)
        self.handouts = Handouts()
        self.left_out = set()
        self.webhooks = Webhooks(clock, self.wire)
        self.spelling = Spelling()
        """How webhooks are written."""
        self.forgets_links = False
        """Links of a deleted user open nothing any more."""
        self._live_pages = LivePages(clock)
        self._is_open = False
        self._stirred = asyncio.Event()
        if isinstance(clock, MovableClock):
            clock.on_move(self._notice_move)

    async def _begin(self) -> None:
        await self.webhooks.open()
        self._is_open = True
        self._timekeeper = asyncio.create_task(self._keep_time())

    async def _end(self) -> None:
        self._is_open = False
        self._timekeeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._timekeeper
        await self.webhooks.close()

    @property
    def launches(self) -> list[LaunchRecord]:
        """Every launch that was done, in its order, also those whose answer was lost."""
        return self.organisation.launches

    @property
    def prompts(self) -> list[Prompt]:
        """Every question put to a leader up to now, oldest first."""
        return sorted((p for space in self.list_spaces() for p in space.prompts), key=lambda prompt: prompt.at)

    def browser(self, name: str) -> Browser:
        """A browser of that name; the same name twice is two tabs of one."""
        return Browser(name, self._client)

    def list_present(self, launch_id: str) -> list[str]:
        """Names of who is seen in the space now, in the order of coming. Ghosts are not."""
        space = self.organisation.spaces.get(launch_id)
        if space is None:
            return []
        space.advance(self.clock.now())
        inside = space.running.list_open() if space.running else []
        return [connection.ticket.person.name for connection in inside if not connection.ticket.is_ghost]

    async def deliver_all(self) -> None:
        """Send every webhook that is due by now, without any pause, until each was taken or given up."""
        self.organisation.advance(self.clock.now())
        await self.webhooks.deliver_all()

    @property
    def is_quiet(self) -> bool:
        """No webhook is under way at this moment; one that pauses between two attempts does not count."""
        return self.webhooks.is_quiet

    def _notice_move(self) -> None:
        if self._is_open:
            self.organisation.advance(self.clock.now())
            self.webhooks.wake()
            self._stirred.set()

    async def _keep_time(self) -> None:
        """On a clock that runs, what is due must happen although nobody asks."""
        while True:
            self._stirred.clear()
            now = self.clock.now()
            self.organisation.advance(now)
            due = self.organisation.find_next()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout((due - now).total_seconds() if due else None):
                    await self._stirred.wait()

    def _report(self, space: Space, occurrence: Occurrence) -> None:
        """Put what happened on its way, where the space's launches asked for it."""
        address = space.hooks.get(occurrence.event)
        if address is None:
            return
        user = self.organisation.users.find(occurrence.ticket.person.user_id) if occurrence.ticket else None
        session, is_written = occurrence.session, occurrence.event == "transcription.finish"
        scene = Scene(
            room_id=space.room_id,
            external_id=user.external_id if user else None,
            transcript_url=self.give_transcript(session, occurrence.at, lives=TOLD_TRANSCRIPT_LIVES)
            if is_written
            else "",
            summary=build_summary(session) if occurrence.event == "summary.finish" else "",
        )
        body = build_body(build_report(occurrence, scene, self.spelling))
        headers = build_headers(occurrence.event, body, secret=space.secret, at=occurrence.at, spelling=self.spelling)
        self.webhooks.send(
            WebhookDelivery(
                event=occurrence.event,
                at=occurrence.at,
                room_id=space.room_id,
                address=address,
                headers=headers,
                body=body,
            )
        )

    def _build_app(self) -> web.Application:
        app = web.Application(middlewares=[answer_in_json])
        app.add_routes(
            [
                *self.build_routes(),
                web.get("/join", self._join_page),
                web.post("/connections/", self._connect),
                web.get("/connections/{connection}/", self._look),
                web.get("/connections/{connection}/live/", self._live),
                web.post("/connections/{connection}/{deed}/", self._act),
                web.get("/recordings/{token}", self._recording_page),
                web.get("/transcripts/{file}", self._transcript_file),
                *list_file_routes("room.js", "room.css", "lessonspace.js"),
            ]
        )
        return app

    async def _join_page(self, request: web.Request) -> web.StreamResponse:
        """The page behind a link. It spends nothing: only the connection that its script opens does."""
        space = self.organisation.find_space(request.query.get("room", ""))
        title = space.name if space else "A space in Lessonspace"
        return answer_room("room.html", title=title, script="lessonspace.js")

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        space = self.organisation.find_space(asked["room"])
        try:
            if space is None:
                raise TurnedAway(Reason.NOT_GENUINE)
            ticket = read_link(asked["user"], secret=space.secret)
            number = ticket.person.user_id
            if self.forgets_links and number is not None and self.organisation.users.find(number) is None:
                raise TurnedAway(Reason.FORGOTTEN)
            connection = space.connect(ticket, asked["browser"], self.clock.now())
        except TurnedAway as turned_away:
            return answer({"reason": turned_away.reason.value, "words": REFUSALS[turned_away.reason]}, 403)
        self._stirred.set()
        return answer({"connection": connection.id, "session": space.session_id}, 201)

    async def _look(self, request: web.Request) -> web.StreamResponse:
        connection_id = request.match_info["connection"]
        is_open = any(space.find_open(connection_id) for space in self.list_spaces())
        return answer({}, 200 if is_open else 404)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """What the connection's page shows, as long as it is open; a page that went away has left."""
        connection_id = request.match_info["connection"]
        found = [(space, space.find_connection(connection_id)) for space in self.list_spaces()]
        space, connection = next(((one, its) for one, its in found if its is not None), (None, None))
        if space is None or connection is None:
            return not_found()
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        try:
            await self._live_pages.keep_telling(socket, lambda: describe_inside(space, connection, self.clock.now()))
        finally:
            space.leave(connection_id, self.clock.now())
            self._stirred.set()
        return socket

    async def _act(self, request: web.Request) -> web.StreamResponse:
        connection_id, deed, now = request.match_info["connection"], request.match_info["deed"], self.clock.now()
        said = (await request.json()).get("text", "") if request.can_read_body else ""
        deeds: dict[str, Callable[[Space], bool]] = {
            "leave": lambda space: space.leave(connection_id, now),
            "idle": lambda space: space.rest(connection_id, now, is_idle=True),
            "stir": lambda space: space.rest(connection_id, now, is_idle=False),
            "extend": lambda space: space.extend(connection_id, now),
            "say": lambda space: space.say(connection_id, said, now),
            "write": lambda space: space.write(connection_id, now),
            "begin-browsing": lambda space: space.browse_together(connection_id, now, is_begun=True),
            "end-browsing": lambda space: space.browse_together(connection_id, now, is_begun=False),
        }
        if deed not in deeds:
            return not_found()
        # At most one space has this connection; the others say no.
        is_done = any(deeds[deed](space) for space in self.list_spaces())
        self._stirred.set()
        return answer({}, 200 if is_done else 409)

    async def _recording_page(self, request: web.Request) -> web.StreamResponse:
        """Opens for whoever holds the address, while it lives."""
        session_id = self.handouts.open(Kind.RECORDING, request.match_info["token"], self.clock.now())
        held = self.find_session(session_id) if session_id else None
        if held is None:
            return answer_page("This recording’s address works no more", EXPIRED, status=403)
        people = [person.name for person in held.session.list_people()]
        return answer_page(f"Recording of {held.space.name}", RECORDED, people=people, note=f"Session {session_id}.")

    async def _transcript_file(self, request: web.Request) -> web.StreamResponse:
        """As a store of files does it: an address that is signed already takes no other credentials."""
        if "Authorization" in request.headers:
            return web.Response(status=400, text="Only one way of authentication is allowed.")
        session_id = self.handouts.open(Kind.TRANSCRIPT, request.query.get("token", ""), self.clock.now())
        held = self.find_session(session_id) if session_id else None
        if held is None or request.match_info["file"] != f"{session_id}.json":
            return web.Response(status=403, text="Request has expired.")
        return answer(build_transcript(held.session))
