"""What all stand-in room services have in common: where they listen, how they fail on purpose, and what they note."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox.agora.stand_in import AgoraStandIn
from bot.sandbox.agora.tokens import Power, make_token
from bot.sandbox.clock import MovableClock
from bot.sandbox.faults import Fault
from bot.sandbox.gates import ServiceGate
from bot.sandbox.lessonspace.stand_in import LessonspaceStandIn
from bot.sandbox.loop.stand_in import LoopStandIn
from bot.sandbox.serving import Served
from bot.sandbox.traffic import Call, Party
from bot.sandbox.videsk.stand_in import VideskStandIn


@dataclass(frozen=True, kw_only=True)
class Door:
    """One call of one service that succeeds."""

    build: Callable[[MovableClock], ServiceGate]
    party: Party
    name: str
    path: str
    headers: Callable[[ServiceGate], dict[str, str]] = field(default=lambda _: {})


def prove_key(service: ServiceGate) -> dict[str, str]:
    assert isinstance(service, LessonspaceStandIn)
    return {"Authorization": f"Organisation {service.api_key}"}


def prove_token(service: ServiceGate) -> dict[str, str]:
    assert isinstance(service, VideskStandIn)
    return {"Authorization": f"Bearer {service.api_token}"}


DOORS = {
    "lessonspace": Door(
        build=LessonspaceStandIn, party=Party.LESSONSPACE, name="hello", path="/v2/hello/", headers=prove_key
    ),
    "videsk": Door(build=VideskStandIn, party=Party.VIDESK, name="list", path="/vpaas/rooms", headers=prove_token),
    "agora": Door(
        build=AgoraStandIn,
        party=Party.AGORA,
        name="list_rooms",
        path="/v5/rooms",
        headers=lambda service: {"region": "eu", "token": make_board_token(service)},
    ),
    "loop": Door(build=LoopStandIn, party=Party.LOOP, name="metadata", path="/v0/"),
}


def make_board_token(service: ServiceGate) -> str:
    assert isinstance(service, AgoraStandIn)
    keys = {"access_key": service.access_key, "secret_key": service.secret_key}
    return make_token("sdk", power=Power.ADMIN, expires_at=None, **keys)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody who may ask, at an open door."""

    door: Door
    service: ServiceGate
    client: aiohttp.ClientSession

    async def ask(self) -> aiohttp.ClientResponse:
        headers = self.door.headers(self.service)
        async with self.client.get(f"{self.service.origin}{self.door.path}", headers=headers) as answer:
            await answer.read()
            return answer


@pytest.fixture(params=DOORS)
async def caller(request: pytest.FixtureRequest) -> AsyncIterator[Caller]:
    door = DOORS[request.param]
    async with door.build(MovableClock()) as service, aiohttp.ClientSession() as client:
        yield Caller(door=door, service=service, client=client)


async def test_a_call_is_noted_once(caller: Caller) -> None:
    """By name, route and status, from the bot to this service; whoever listens is told the same."""
    heard: list[Call] = []
    caller.service.wire.on_call(heard.append)

    assert (await caller.ask()).status == 200

    [call] = caller.service.asked
    assert (caller.door.name, "GET", caller.door.path, 200) == (call.name, call.verb, call.path, call.status)
    assert (Party.BOT, caller.door.party, None) == (call.sender, call.receiver, call.fault)
    assert [call] == heard


@pytest.mark.parametrize(
    "fault, status",
    [
        (Fault.slow(timedelta(milliseconds=50)), 200),
        (Fault.slow(timedelta(milliseconds=50), after_work=True), 200),
        (Fault.rate_limited(7), 429),
        (Fault.failing(502), 502),
        (Fault.refusing("no"), 403),
        (Fault.garbage(), 200),
        (Fault.dropping(), None),
    ],
)
async def test_a_fault_is_met_once_and_noted(caller: Caller, fault: Fault, status: int | None) -> None:
    """With the status that the caller saw, and how long that took; the next call goes well."""
    caller.service.faults.switch_on(caller.door.name, fault, count=1)
    with contextlib.suppress(aiohttp.ServerDisconnectedError):  # aiohttp itself asks again after the first of them
        assert (await caller.ask()).status == (status or 200)
    assert (await caller.ask()).status == 200

    met, *_, fine = caller.service.asked
    assert (status, fault.kind) == (met.status, met.fault)
    assert met.taken >= fault.delay
    assert (200, None) == (fine.status, fine.fault)


async def test_a_limit_and_its_time_to_wait_are_told(caller: Caller) -> None:
    """As every client reads it."""
    caller.service.faults.switch_on(caller.door.name, Fault.rate_limited(7), count=1)

    assert "7" == (await caller.ask()).headers["Retry-After"]


async def test_an_answer_is_dated_by_the_service_s_own_clock(caller: Caller) -> None:
    """Which may go wrong."""
    caller.service.clock_skew = timedelta(hours=1)

    dated = parsedate_to_datetime((await caller.ask()).headers["Date"])

    assert timedelta(minutes=59) < dated - caller.service.clock.machine_now() <= timedelta(hours=1)


async def test_it_keeps_its_port_when_it_opens_again(caller: Caller) -> None:
    """A service that comes back is where it was."""
    before = caller.service.origin
    await caller.service.__aexit__(None, None, None)
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.ask()

    await caller.service.__aenter__()

    assert before == caller.service.origin
    assert (await caller.ask()).status == 200


class Sleeper(Served):
    """Answers when nobody waits any more; and tells in which order it was opened and closed."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = asyncio.Event()
        self.told: list[str] = []

    def _build_app(self) -> web.Application:
        self.told.append("built")
        app = web.Application()
        app.add_routes([web.get("/", self.sleep)])
        return app

    async def _begin(self) -> None:
        self.told.append(f"begun at {self.origin}")

    async def _end(self) -> None:
        self.told.append("ended")

    async def sleep(self, request: web.Request) -> web.Response:
        self.asleep.set()
        await asyncio.Event().wait()
        return web.Response()


async def test_closing_does_not_wait_for_who_holds_an_answer_back() -> None:
    """A fault may; they are cut off. What it lives by begins when it listens, and ends once."""
    async with aiohttp.ClientSession() as client:
        async with asyncio.timeout(10), Sleeper() as sleeper:
            asking = asyncio.create_task(client.get(sleeper.origin))
            await sleeper.asleep.wait()
        with pytest.raises(aiohttp.ClientError):
            await asking

    assert ["built", f"begun at {sleeper.origin}", "ended"] == sleeper.told
    assert sleeper.origin.startswith("http://127.0.0.1:")
