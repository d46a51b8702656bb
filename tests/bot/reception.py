"""A join page over real HTTP on loopback: one stored lesson with a link for Ben, and a room service that only notes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.attempts import Attempts
from bot.beacons import Beacons
from bot.delivery import Delivery
from bot.door import Door
from bot.join_web import JoinWeb
from bot.links import digest_of, new_token
from bot.rooms.base import Embed, Launch
from bot.sandbox.clock import MovableClock
from bot.sandbox.slack.standin import SlackStandIn
from bot.serving import QuietServer, open_listener, stop_server
from bot.sign_in import SignIn
from bot.whereabouts import Alerting
from storage.records import Lesson, LessonDetails, Link, LinkId, LinkWay, Seat, new_id
from storage.sealing import Sealer, new_key
from storage.sqlite import open_store
from storage.store import Store, Transaction
from tests.records import NOW, STARTS_AT, make_link
from tests.storage.contract import School, make_school

ROOM_URL = "https://rooms.example/space?jwt="
ELSEWHERE = "/elsewhere"
TEAM_ID = "T0000000001"
"""Slack's id of the workspace in which Ben is known."""


class Rooms:
    """Lets everybody in, by another address each time, or does as told."""

    def __init__(self) -> None:
        self.entered: list[tuple[Link, str | None]] = []
        self.trouble: Exception | None = None
        self.embed: Embed | None = None
        self.address = ROOM_URL
        self.ask: Callable[[], Awaitable[Launch]] | None = None  # a room service's client, in place of all this
        self.room_id: str | None = None
        self.arrivals: list[dict[str, str]] = []  # headers of those who came to `ELSEWHERE`

    async def __call__(self, link: Link, details: LessonDetails, seat: Seat, *, visitor_address: str | None) -> Launch:
        if self.trouble is not None:
            raise self.trouble
        self.entered.append((link, visitor_address))
        if self.ask is not None:
            launch = await self.ask()
            self.room_id = launch.room_id
            return launch
        if self.embed is not None:
            return Launch(embed=self.embed, room_id="room")
        return Launch(url=f"{self.address}{len(self.entered)}", room_id="room")

    async def arrive(self, request: Request) -> Response:
        """A room at another address than ours, for browsers that go where they are sent."""
        self.arrivals.append(dict(request.headers))
        return HTMLResponse("<title>Inside</title><h1>Inside</h1>")


@dataclass(kw_only=True)
class Reception:
    """Everything a test needs to stand before the door."""

    store: Store
    school: School
    clock: MovableClock
    rooms: Rooms
    origin: str
    lesson: Lesson
    token: str
    link: Link
    door: Door
    is_ready: bool = True
    stranger_id: str = ""  # Slack's id of somebody who is in no lesson, where Slack is there
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"/join/{self.token}"

    def browser(self, headers: Mapping[str, str] | None = None, *, has_cookies: bool = True) -> httpx.AsyncClient:
        """Somebody's browser; follows nothing by itself."""
        client = httpx.AsyncClient(base_url=self.origin, headers=headers)
        if not has_cookies:
            client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.clients.append(client)
        return client

    async def add_links(self, count: int) -> list[str]:
        """Further links of Ben's, each for a device of its own; their tokens."""
        tokens = [new_token() for _ in range(count)]

        def work(tx: Transaction) -> None:
            for device, token in enumerate(tokens, start=2):
                link = replace(self.link, id=LinkId(new_id()), device=device, token_digest=digest_of(token))
                tx.lessons.insert_link(link)

        await self.store.write(work)
        return tokens

    async def list_links(self) -> list[Link]:
        return await self.store.read(lambda tx: tx.lessons.list_links(self.lesson.workspace_id, self.lesson.id))

    async def read_link(self) -> Link:
        """As it is stored now."""
        return next(link for link in await self.list_links() if link.id == self.link.id)

    async def read_details(self) -> LessonDetails:
        return await self.store.read(lambda tx: tx.lessons.get_details(self.lesson.workspace_id, self.lesson.id))

    async def change_lesson(self, **changes: Any) -> None:
        await self.store.write(lambda tx: tx.lessons.update(replace(self.lesson, **changes)))

    async def change_link(self, **changes: Any) -> None:
        stored = await self.read_link()
        await self.store.write(lambda tx: tx.lessons.update_link(replace(stored, **changes)))

    async def change_place(self, **changes: Any) -> None:
        place = await self.school.seat(self.lesson, self.school.ben)
        await self.store.write(lambda tx: tx.lessons.update_participant(replace(place, **changes)))


@asynccontextmanager
async def open_reception(
    folder: Path,
    *,
    now: datetime = STARTS_AT,
    attempts: Attempts | None = None,
    title: str = "Algebra",
    public_url: str | None = None,
    slack: SlackStandIn | None = None,
) -> AsyncIterator[Reception]:
    """At the lesson's start unless told: the link works from ten minutes before. `slack`: it is asked who comes."""
    async with (
        open_store(folder / "hallpass.db", on_owed=lambda: None) as store,
        aiohttp.ClientSession() as session,
    ):
        school = await store.write(make_school(store))
        ben = replace(school.ben, conversation="D0000000BEN")
        if slack is not None:
            slack.workspace.team_id = TEAM_ID
            user = slack.add_user("Ben")
            slack.workspace.users[ben.user_id] = slack.workspace.users.pop(user.id)
            user.id = ben.user_id
        await store.write(lambda tx: tx.people.save(ben))
        lesson = await school.book(school.ben, title=title)
        token = new_token()
        place = await school.seat(lesson, school.ben)
        link = make_link(
            place, way=LinkWay.PAGE, url_sealed=None, token_digest=digest_of(token), token_sealed=b"sealed token"
        )
        await store.write(lambda tx: tx.lessons.insert_link(link))
        clock = MovableClock(now, is_frozen=True)
        rooms = Rooms()
        listener = open_listener("127.0.0.1", 0)
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        door = Door(store=store, clock=clock, find_enter=lambda: rooms if reception.is_ready else None)
        reception = Reception(
            store=store,
            school=school,
            clock=clock,
            rooms=rooms,
            origin=origin,
            lesson=lesson,
            token=token,
            link=link,
            door=door,
            stranger_id=slack.add_user("Eve").id if slack is not None else "",
        )
        beacons = Beacons(
            store=store,
            door=door,
            clock=clock,
            alerting=Alerting(late_after=timedelta(minutes=5)),
            runs_here=lambda _: rooms.embed is not None or rooms.ask is not None,
        )
        web = JoinWeb(
            door=door,
            beacons=beacons,
            clock=clock,
            public_url=public_url or f"{origin}/",
            sign_in=build_sign_in(slack, session, clock, public_url=f"{origin}/") if slack is not None else None,
            attempts=attempts,
        )
        server = QuietServer(
            uvicorn.Config(
                Starlette(routes=[*web.list_routes(), Route(ELSEWHERE, rooms.arrive)]),
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=1,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield reception
        finally:
            for client in reception.clients:
                await client.aclose()
            await stop_server(server, serving)


def build_sign_in(
    slack: SlackStandIn, session: aiohttp.ClientSession, clock: MovableClock, *, public_url: str
) -> SignIn:
    """Slack is told where people come back to, and that they may be asked who they are."""
    slack.app.user_scopes.add("openid")
    slack.app.redirect_urls.add(f"{public_url}join/signed-in")
    return SignIn(
        client_id=slack.app.client_id,
        client_secret=slack.app.client_secret,
        public_url=public_url,
        api_url=slack.api_url,
        delivery=Delivery(token="", base_url=slack.api_url, session=session, clock=clock),
        sealer=Sealer([new_key()]),
        now=clock.machine_now,
    )


EARLY = NOW
"""An hour before the lesson starts."""
LATE = STARTS_AT + timedelta(hours=1, minutes=30)
"""When the link has just stopped working."""
