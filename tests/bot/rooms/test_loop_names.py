"""What a Loop room is called outside of its client: nothing that opens it, and found again by any process of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.rooms.http import HttpClient, open_client
from bot.rooms.loop_names import RoomNames, name_room
from bot.sandbox.faults import Fault
from bot.sandbox.loop.stand_in import LoopStandIn
from storage.migrations.sqlite import digest_of_loop_room
from tests.bot.rooms.loop_callers import END, LEARNER, Memory, build_loop, refusal_of
from tests.bot.rooms.recorded import START
from tests.bot.sandbox.callers import Machine


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


def test_a_name_is_always_the_same_and_tells_no_token() -> None:
    """Stored rows rest on it, and those that were there before were named alike."""
    names = RoomNames()

    room_id = names.give("9ADcnzpb0sI")

    assert room_id == name_room("9ADcnzpb0sI") == digest_of_loop_room("9ADcnzpb0sI")
    assert room_id == "4828938ba3e728447e245bf1b1377c60"
    assert (names.find(room_id), names.find("9ADcnzpb0sI")) == ("9ADcnzpb0sI", None)
    assert "9ADcnzpb0sI" not in repr(names)


async def test_a_room_s_id_opens_nothing(client: HttpClient, server: LoopStandIn, clock: Machine) -> None:
    """Neither as an address nor to the server."""
    loop = build_loop(client, server.api_url, clock=clock)
    launch = await loop.launch(LEARNER)
    [room] = server.list_rooms()

    astray = launch.url.replace(room.token, launch.room_id)

    assert room.token not in repr(launch)
    assert (await server.browser("Ben").join(launch.url)).is_inside
    assert not (await server.browser("Cleo").join(astray)).is_inside
    assert (await refusal_of(loop.fetch_room(launch.room_id))).is_about_no_room


async def test_another_process_finds_the_room_by_one_look(
    client: HttpClient, server: LoopStandIn, clock: Machine
) -> None:
    """However many ask it at once after its start; then it knows."""
    keeper = Memory()
    first = await build_loop(client, server.api_url, clock=clock, keeper=keeper).launch(LEARNER)
    other = await build_loop(client, server.api_url, clock=clock, keeper=keeper).launch(
        replace(LEARNER, launch_id="0198c0de-room-2-11112222")
    )
    await server.browser("Ben").join(first.url)
    after = build_loop(client, server.api_url, clock=clock, keeper=keeper)

    again = await asyncio.gather(*(after.launch(replace(LEARNER, room_id=first.room_id)) for _ in range(10)))
    present = await after.list_present(first.room_id)
    await after.close_room(other.room_id)

    assert {(one.url, one.room_id) for one in again} == {(first.url, first.room_id)}
    assert [one.shown_name for one in present] == ["Ben"]
    assert [name_room(room.token) for room in server.list_rooms()] == [first.room_id]
    assert [call.name for call in server.asked].count("list_rooms") == 1


async def test_a_room_that_nobody_knows_is_gone(client: HttpClient, server: LoopStandIn, clock: Machine) -> None:
    """Nobody is in it, shutting it is done, it cannot be kept open; and the next launch makes another."""
    loop = build_loop(client, server.api_url, clock=clock)

    assert await loop.list_present("nobody-knows") == []
    await loop.close_room("nobody-knows")
    assert (await refusal_of(loop.extend_room("nobody-knows", closes_at=END))).is_about_no_room
    assert (await loop.launch(replace(LEARNER, room_id="nobody-knows"))).is_new_room


async def test_a_look_that_fails_makes_no_second_room(client: HttpClient, server: LoopStandIn, clock: Machine) -> None:
    """Who cannot be told which rooms are ours may not take this one for gone."""
    keeper = Memory()
    first = await build_loop(client, server.api_url, clock=clock, keeper=keeper).launch(LEARNER)
    after = build_loop(client, server.api_url, clock=clock, keeper=keeper)
    server.faults.switch_on("list_rooms", Fault.refusing(), count=1)

    refused = await refusal_of(after.close_room(first.room_id))

    assert not refused.is_about_no_room
    assert len(server.list_rooms()) == 1
    assert (await after.launch(replace(LEARNER, room_id=first.room_id))).url == first.url
