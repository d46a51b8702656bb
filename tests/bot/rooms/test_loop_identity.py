"""Who we are to a Loop server: kept over restarts, mended where it can be, and never thrown away for nothing."""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.errors import RoomServiceDown, RoomServiceNonsense, RoomServiceRefused
from bot.rooms.hawk import derive_credentials
from bot.rooms.http import HttpClient, open_client
from bot.rooms.loop_answers import LoopRefused
from bot.rooms.loop_names import name_room
from bot.sandbox.faults import Fault
from bot.sandbox.loop.stand_in import LoopStandIn
from tests.bot.rooms.loop_callers import LEARNER, TOKEN, Memory, build_loop, build_recorded
from tests.bot.rooms.recorded import START, RecordedServer, answer
from tests.bot.sandbox.callers import Machine

OTHER = "b0" * 32
NOT_KNOWN = answer({"code": 401, "errno": 110, "error": {}}, 401, WWW_Authenticate="Hawk")
REGISTERED = answer('""', 200, Hawk_Session_Token=OTHER)


@pytest.fixture
def clock() -> Machine:
    return Machine(START, is_frozen=True)


@pytest.fixture
async def server(clock: Machine) -> AsyncIterator[LoopStandIn]:
    async with LoopStandIn(clock) as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with open_client(connections=8) as client:
        yield client


async def test_the_token_is_kept_before_anything_is_made_with_it(
    client: HttpClient, server: LoopStandIn, clock: Machine
) -> None:
    """So that a restart finds the same rooms; it is asked for once."""
    keeper = Memory()
    first = await build_loop(client, server.api_url, clock=clock, keeper=keeper).launch(LEARNER)
    after_restart = build_loop(client, server.api_url, clock=clock, keeper=keeper)

    [room] = await after_restart.list_rooms()
    assert name_room(room.room_token) == first.room_id
    assert len(keeper.saved) == 1
    assert keeper.saved == [keeper.kept]


async def test_a_token_that_cannot_be_kept_makes_no_room(
    client: HttpClient, server: LoopStandIn, clock: Machine
) -> None:
    """The room would belong to nobody after a restart."""

    class Broken(Memory):
        async def save(self, session_token: str, *, instead_of: str | None) -> str:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        await build_loop(client, server.api_url, clock=clock, keeper=Broken()).launch(LEARNER)

    assert server.list_rooms() == []


async def test_of_two_that_register_at_once_the_first_one_s_token_holds(
    client: HttpClient, server: LoopStandIn, clock: Machine
) -> None:
    """Two processes, one account: each sees the other's rooms."""
    keeper = Memory()
    one, two = [build_loop(client, server.api_url, clock=clock, keeper=keeper) for _ in range(2)]

    launches = await asyncio.gather(one.launch(LEARNER), two.launch(LEARNER))

    assert len(keeper.saved) == 1
    assert {name_room(room.room_token) for room in await one.list_rooms()} == {launch.room_id for launch in launches}


async def test_a_token_that_lapsed_is_replaced(client: HttpClient, server: LoopStandIn, clock: Machine) -> None:
    """After 30 days without use, in the middle of a call that then goes well; use renews it."""
    keeper = Memory()
    loop = build_loop(client, server.api_url, clock=clock, keeper=keeper)
    await loop.check_account()
    for _ in range(2):
        clock.move_by(timedelta(days=29))
        await loop.check_account()
    assert len(keeper.saved) == 1

    clock.move_by(timedelta(days=30))
    launch = await loop.launch(LEARNER)

    assert len(keeper.saved) == 2
    assert [name_room(room.token) for room in server.list_rooms()] == [launch.room_id]


async def test_another_process_newer_token_is_taken_over(
    client: HttpClient, server: LoopStandIn, clock: Machine
) -> None:
    """Rather than a third one."""
    keeper = Memory()
    one, two = [build_loop(client, server.api_url, clock=clock, keeper=keeper) for _ in range(2)]
    await one.check_account()
    await two.check_account()
    server.sessions.forget_all()
    made = await one.launch(LEARNER)

    assert [name_room(room.room_token) for room in await two.list_rooms()] == [made.room_id]
    assert len(keeper.saved) == 2


async def test_many_that_are_refused_at_once_register_once(
    client: HttpClient, server: LoopStandIn, clock: Machine
) -> None:
    """They wait for the one that does."""
    keeper = Memory()
    loop = build_loop(client, server.api_url, clock=clock, keeper=keeper)
    await loop.check_account()
    server.sessions.forget_all()

    await asyncio.gather(*(loop.list_rooms() for _ in range(10)))

    assert len(keeper.saved) == 2


async def test_an_identity_that_was_given_up_is_followed_by_another(
    client: HttpClient, server: LoopStandIn, clock: Machine
) -> None:
    """Its rooms are nobody's then."""
    keeper = Memory()
    loop = build_loop(client, server.api_url, clock=clock, keeper=keeper)
    await loop.launch(LEARNER)

    await loop.delete_registration()

    with pytest.raises(LoopRefused) as caught:
        await loop.fetch_room(server.list_rooms()[0].token)
    assert caught.value.is_about_another_s_room
    assert len(keeper.saved) == 2


@pytest.mark.parametrize("skew", [timedelta(minutes=5), timedelta(days=-400)], ids=str)
async def test_a_server_whose_clock_differs_is_answered_by_its_clock(
    client: HttpClient, server: LoopStandIn, clock: Machine, skew: timedelta
) -> None:
    """From the second try on; the difference is noted, so that it is asked about once."""
    server.clock_skew = skew
    loop = build_loop(client, server.api_url, clock=clock)

    await loop.launch(LEARNER)
    clock.move_by(timedelta(hours=1))
    await loop.list_rooms()

    assert [call.status for call in server.asked].count(401) == 1


@pytest.mark.parametrize("skew", [timedelta(seconds=60), timedelta(seconds=-60)], ids=str)
async def test_a_minute_is_no_difference(
    client: HttpClient, server: LoopStandIn, clock: Machine, skew: timedelta
) -> None:
    """That much a server allows."""
    server.clock_skew = skew

    await build_loop(client, server.api_url, clock=clock).check_account()

    assert [call.status for call in server.asked].count(401) == 0


async def test_a_time_that_is_not_proved_is_not_believed() -> None:
    """And costs us neither our clock nor our token."""
    stale = answer({"errno": 110}, 401, WWW_Authenticate='Hawk ts="1", tsm="AAAA", error="Stale timestamp"')
    keeper = Memory(TOKEN)
    async with RecordedServer(stale, answer([])) as server, open_client(connections=1) as client:
        loop = build_recorded(client, server.url, keeper=keeper)
        with pytest.raises(LoopRefused) as caught:
            await loop.list_rooms()
        await loop.list_rooms()
        stamps = [find_stamp(request.headers["authorization"]) for request in server.requests]

    assert (caught.value.status, keeper.saved) == (401, [])
    assert stamps == [int(START.timestamp())] * 2


def find_stamp(header: str) -> int:
    found = re.search(r'ts="(\d+)"', header)
    assert found
    return int(found[1])


async def test_a_token_is_not_thrown_away_for_one_that_works_no_better() -> None:
    """Behind a wrong address or a proxy every signature is wrong; our rooms still belong to the token we have."""
    keeper = Memory(TOKEN)
    scripts = [NOT_KNOWN, REGISTERED, NOT_KNOWN]
    async with RecordedServer(*scripts) as server, open_client(connections=1) as client:
        with pytest.raises(LoopRefused) as caught:
            await build_recorded(client, server.url, keeper=keeper).list_rooms()

    assert (caught.value.status, len(server.requests)) == (401, 3)
    assert (keeper.kept, keeper.saved) == (TOKEN, [])


async def test_a_new_token_that_is_refused_as_well_ends_it() -> None:
    """No round and round."""
    keeper = Memory(TOKEN)
    scripts = [NOT_KNOWN, REGISTERED, answer('""'), NOT_KNOWN]
    async with RecordedServer(*scripts) as server, open_client(connections=1) as client:
        with pytest.raises(LoopRefused):
            await build_recorded(client, server.url, keeper=keeper).list_rooms()

    assert len(server.requests) == 4
    assert keeper.saved == [OTHER]


@pytest.mark.parametrize(
    ("refused", "errno"),
    [(answer({"errno": 999}, 401), 999), (answer("<html>", 401), None), (answer({"errno": 110}, 403), 110)],
    ids=["another number", "a page", "forbidden"],
)
async def test_what_is_not_about_our_token_leaves_it_alone(refused: bytes, errno: int | None) -> None:
    """Asked once, refused once."""
    keeper = Memory(TOKEN)
    async with RecordedServer(refused) as server, open_client(connections=1) as client:
        with pytest.raises(LoopRefused) as caught:
            await build_recorded(client, server.url, keeper=keeper).list_rooms()

    assert (caught.value.errno, len(server.requests), keeper.saved) == (errno, 1, [])


@pytest.mark.parametrize("headers", [{}, {"Hawk_Session_Token": "no-token"}], ids=["none", "no token"])
async def test_a_registration_without_a_token_is_nonsense(headers: dict[str, str]) -> None:
    """Named by its header; what came instead is not repeated."""
    async with RecordedServer(answer('""', 200, **headers)) as server, open_client(connections=1) as client:
        with pytest.raises(RoomServiceNonsense) as caught:
            await build_recorded(client, server.url, keeper=Memory()).list_rooms()

    assert caught.value.field == "Hawk-Session-Token"
    assert "no-token" not in str(caught.value)


async def test_a_kept_token_that_is_none_is_replaced(client: HttpClient, server: LoopStandIn, clock: Machine) -> None:
    """Somebody's hand, or another version's way of keeping it."""
    keeper = Memory("not a token")

    await build_loop(client, server.api_url, clock=clock, keeper=keeper).launch(LEARNER)

    assert len(keeper.saved) == 1


async def test_a_server_that_is_down_is_told_as_such(client: HttpClient, server: LoopStandIn, clock: Machine) -> None:
    """Also while registering."""
    server.faults.switch_on("registration", Fault.failing(503))

    with pytest.raises(RoomServiceDown):
        await build_loop(client, server.api_url, clock=clock).check_account()


async def test_neither_token_nor_key_comes_out(
    client: HttpClient, server: LoopStandIn, clock: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """In no error, repr or log, and the token not even in a request."""
    keeper = Memory()
    loop = build_loop(client, server.api_url, clock=clock, keeper=keeper)
    with caplog.at_level(logging.DEBUG):
        await loop.check_account()
        with pytest.raises(RoomServiceRefused) as caught:
            await loop.delete_room("missing")

    told = "".join(traceback.format_exception(caught.value)) + repr(loop) + caplog.text
    assert keeper.kept
    assert keeper.kept not in told
    assert derive_credentials(keeper.kept).key not in told
