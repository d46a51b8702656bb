"""A school on this machine: the stand-ins, and the bot as it is, in this process, with lesson time in our hands.

The bot is built by `bot.app` from settings like everywhere; only addresses and the clock differ. Both the demo and the
tests live in it. It starts and stops the bot as often as asked, also without letting it finish (`kill`).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.app import Hallpass, open_hallpass
from bot.sandbox.clock import MovableClock, SkippingMachine
from bot.sandbox.houses import LESSONSPACE, House, open_house
from bot.sandbox.lessonspace.stand_in import LessonspaceStandIn
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.people import UserKind
from bot.sandbox.slack.standin import SlackStandIn
from bot.sandbox.traffic import Book
from bot.settings import Settings, load_settings

START_WITHIN_SECONDS = 20.0


class School:
    """One workspace, one Lessonspace organisation, one bot."""

    def __init__(
        self,
        *,
        slack: SlackStandIn,
        lessonspace: LessonspaceStandIn,
        clock: MovableClock,
        machine: SkippingMachine,
        folder: Path,
        is_socket_mode: bool,
        settings: Mapping[str, str],
        has_webhooks: bool = False,
        services: Sequence[str] = (LESSONSPACE,),
        houses: Mapping[str, House] | None = None,
    ) -> None:
        self.services = tuple(services)
        self.houses = dict(houses or {})
        """By the service's name; Lessonspace's stand-in is beside them."""
        self.slack = slack
        self.lessonspace = lessonspace
        self.clock = clock
        self.traffic = Book(clock.now)
        """What went to and fro between all of them."""
        for stand_in in (slack, lessonspace, *(house.stand_in for house in self.houses.values())):
            stand_in.wire.on_call(self.traffic.write)
        self._machine = machine
        self.folder = folder
        self.is_socket_mode = is_socket_mode
        self.hallpass: Hallpass | None = None
        self._settings = dict(settings)
        if self.houses:
            chosen = {"HALLPASS_ROOM_SERVICE": services[0], "HALLPASS_ROOM_SERVICES": ",".join(services)}
            told = [house.settings for house in self.houses.values()]
            self._settings = {name: text for each in (chosen, *told) for name, text in each.items()} | self._settings
        if has_webhooks:
            listen = f"127.0.0.1:{_find_free_port()}"
            self._settings = {
                "HALLPASS_LISTEN": listen,
                "HALLPASS_PUBLIC_URL": f"http://{listen}/",
                "HALLPASS_LINKS": "" if self.houses else "direct",
            } | self._settings
        self._stop = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Was the bot started, and neither stopped nor killed since?"""
        return self._running is not None

    @property
    def database_path(self) -> Path:
        """The bot's database file."""
        return self.folder / "hallpass.db"

    def build_environment(self) -> dict[str, str]:
        """What a `hallpass run` in this school has in its environment."""
        environment = {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_API_URL": self.slack.api_url,
            "LESSONSPACE_API_KEY": self.lessonspace.api_key if LESSONSPACE in self.services else "",
            "LESSONSPACE_API_URL": self.lessonspace.api_url,
            "HALLPASS_DATABASE_URL": f"sqlite:///{self.database_path}",
            "HALLPASS_LISTEN": "127.0.0.1:0",
        }
        if self.is_socket_mode:
            environment["SLACK_APP_TOKEN"] = self.slack.app_token
        else:
            environment["SLACK_SIGNING_SECRET"] = self.slack.signing_secret
        return environment | self._settings

    def load_settings(self) -> Settings:
        """The same, as the bot reads it."""
        return load_settings(self.build_environment(), env_file=None)

    def list_origins(self) -> frozenset[str]:
        """Where browsers are sent: to the bot's own pages, where it has any, and to rooms."""
        page = self._settings.get("HALLPASS_PUBLIC_URL", "").rstrip("/")
        rooms = [self.lessonspace.origin, *(house.stand_in.origin for house in self.houses.values())]
        return frozenset([*rooms, *([page] if page else [])])

    def count_pages(self) -> int:
        """Pages of the bot's own that people have open with a room in them: each says so once a minute."""
        return sum(house.count_pages() for house in self.houses.values())

    def change_setting(self, variable: str, value: str) -> None:
        """Put another value into the environment; it counts from the bot's next start on."""
        self._settings[variable] = value

    async def start(self, *, seconds: float | None = START_WITHIN_SECONDS) -> Hallpass:
        """Start the bot and wait until it listens and knows who it is; `seconds` None: however long that takes."""
        self._stop, self.hallpass = asyncio.Event(), None
        ready: asyncio.Future[Hallpass] = asyncio.get_running_loop().create_future()

        async def run() -> None:
            async with open_hallpass(self.load_settings(), clock=self.clock) as hallpass:
                ready.set_result(hallpass)
                await hallpass.run(self._stop)

        self._running = asyncio.create_task(run())
        async with asyncio.timeout(seconds):
            hallpass = await self._wait_for(ready)
            await self._wait_for(asyncio.ensure_future(_wait_until_started(hallpass)))
        if not self.is_socket_mode:
            self.slack.events_url = f"http://127.0.0.1:{hallpass.port}/slack/events"
        self.hallpass = hallpass
        return hallpass

    async def _wait_for(self, awaited: asyncio.Future[Hallpass]) -> Hallpass:
        """What is awaited, or the error that ended the bot before."""
        running = self._running
        if running is None:
            raise RuntimeError("the bot was not started")
        waits: set[asyncio.Future[Any]] = {running, awaited}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if not awaited.done():
            awaited.cancel()
            self._running = None  # its error is told here, and not once more by `stop`
            await running
        return await awaited

    async def stop(self) -> None:
        """Ask the bot to stop, and wait until it has."""
        self._stop.set()
        if self._running is not None:
            await self._running
        self._running = None

    async def kill(self) -> None:
        """End the bot wherever it is: what is in flight is cut off, not finished, and nobody says good-bye."""
        running, hallpass = self._running, self.hallpass
        self._running = None
        if running is None:
            return
        running.cancel()
        while not running.done():  # also what is begun while the rest is dying
            for task in hallpass.list_tasks() if hallpass is not None else ():
                task.cancel()
            await asyncio.wait([running], timeout=0.001)
        with contextlib.suppress(asyncio.CancelledError):
            await running

    async def wait_until_looked(self, *, seconds: float) -> None:
        """Until the bot has asked who is where, as far as the present lesson time has it ask."""
        async with asyncio.timeout(seconds):
            # A look that finds nothing rings no bell.
            while self.hallpass is None or self.hallpass.presence is None or self.hallpass.presence.is_busy:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    @property
    def machine_skipped(self) -> timedelta:
        """How far machine time was put forward; the bot's alarm clock goes by the real one, and rings too late then."""
        return self._machine.skipped

    def skip(self, delta: timedelta) -> None:
        """Let machine time pass for the bot: back-offs and leases run out. Lesson time stays."""
        self._machine.skip(delta)
        self.clock.move_by(timedelta(0))

    def add(self, name: str, *, kind: UserKind = UserKind.MEMBER, zone: str = "Europe/Berlin") -> Actor:
        """Somebody new in the workspace."""
        return self.slack.as_user(self.slack.add_user(name, kind=kind, zone=zone))


def _find_free_port() -> int:
    """Of loopback; the same for each start of a bot whose rooms know where to report to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def _wait_until_started(hallpass: Hallpass) -> Hallpass:
    await hallpass.is_started.wait()
    return hallpass


@asynccontextmanager
async def open_school(
    folder: Path,
    *,
    starts_at: datetime | None = None,
    is_frozen: bool = True,
    is_socket_mode: bool = False,
    settings: Mapping[str, str] | None = None,
    manifest: Mapping[str, Any] | None = None,
    has_webhooks: bool = False,
    services: Sequence[str] = (LESSONSPACE,),
) -> AsyncIterator[School]:
    """The stand-ins, running; the bot is started by `School.start`. Everything is closed on leaving.

    `has_webhooks`: the bot has an address to which rooms report. `services`: where lessons can take place, the first
    unless their booker chooses; where rooms of one need a page of ours, the bot has an address too.
    """
    machine = SkippingMachine()
    clock = MovableClock(starts_at, is_frozen=is_frozen, machine=machine)
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(SlackStandIn(manifest=manifest))
        lessonspace = await stack.enter_async_context(LessonspaceStandIn(clock))
        houses = {
            name: await stack.enter_async_context(open_house(name, clock)) for name in services if name != LESSONSPACE
        }
        school = School(
            slack=slack,
            lessonspace=lessonspace,
            clock=clock,
            machine=machine,
            folder=folder,
            is_socket_mode=is_socket_mode,
            settings=settings or {},
            has_webhooks=has_webhooks or any(house.needs_page for house in houses.values()),
            services=services,
            houses=houses,
        )
        stack.push_async_callback(school.stop)
        yield school
