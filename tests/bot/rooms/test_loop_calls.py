"""Every other call of our Loop client, and what its refusals say."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.rooms.http import HttpClient
from bot.rooms.loop import Loop
from bot.rooms.loop_body import NOBODY, OWNER, Caller, CallStatus, Context
from bot.rooms.loop_records import DeletedRecord, RoomRecord
from bot.sandbox.loop.rooms import Errno
from bot.sandbox.loop.stand_in import LoopStandIn
from tests.bot.rooms.loop_callers import END, LEARNER, WANTED, Memory, build_loop, refusal_of
from tests.bot.rooms.recorded import START
from tests.bot.rooms.test_loop import client, clock, loop, server
from tests.bot.sandbox.callers import Machine

__all__ = ["client", "clock", "loop", "server"]


async def test_rooms_are_listed_and_deleted_several_at_once(loop: Loop, server: LoopStandIn, clock: Machine) -> None:
    """The oldest change first; those deleted are told of for a while."""
    tokens = []
    for _ in range(3):
        tokens.append((await loop.make_room(WANTED)).room_token)
        clock.move_by(timedelta(seconds=1))
    changed_at = await loop.change_room(tokens[0], closes_at=END, name="Algebra", owner="Ben", max_size=2)

    everything = await loop.list_rooms()
    codes = await loop.delete_rooms([tokens[1], "missing-one"])
    again = await loop.delete_rooms([tokens[1]])
    since = await loop.list_rooms(changed_since=START + timedelta(seconds=3))

    assert [room.room_token for room in everything] == [tokens[1], tokens[2], tokens[0]]
    assert (codes, again) == ({tokens[1]: 200, "missing-one": 404}, {tokens[1]: 404})
    assert [(type(room), room.room_token) for room in since] == [
        (RoomRecord, tokens[0]),
        (DeletedRecord, tokens[1]),
    ]
    assert changed_at == START + timedelta(hours=1, seconds=3)
    assert await loop.delete_rooms([]) == {}


async def test_a_room_may_have_a_context_instead_of_a_name(loop: Loop) -> None:
    """As other programs make them; one of both it has."""
    context = Context(value="encrypted", alg="AES-GCM", wrapped_key="key")
    made = await loop.make_room(replace(WANTED, name=None, context=context, channel="spring"))

    room = await loop.fetch_room(made.room_token)

    assert room.context
    assert (room.room_name, room.context.value, room.context.alg, room.context.wrapped_key) == (
        None,
        "encrypted",
        "AES-GCM",
        "key",
    )
    for both_or_none in (replace(WANTED, context=context), replace(WANTED, name=None)):
        with pytest.raises(ValueError):
            await loop.make_room(both_or_none)


async def test_a_room_shows_each_what_they_may_see(loop: Loop, server: LoopStandIn, client: HttpClient,
                                                   clock: Machine) -> None:  # fmt: skip
    """All to its owner and to guests inside, a part to nobody in particular, nothing to others."""
    made = await loop.make_room(WANTED)
    seat = await loop.join(made.room_token, display_name="Ben", client_max_size=5)
    guest = Caller(session_token=seat.session_token)

    whole = [await loop.fetch_room(made.room_token, caller=caller) for caller in (OWNER, guest)]
    part = await loop.fetch_room(made.room_token, caller=NOBODY)
    stranger = await refusal_of(build_loop(client, server.api_url, clock=clock).fetch_room(made.room_token))
    await loop.leave(made.room_token, caller=guest)
    gone = await refusal_of(loop.fetch_room(made.room_token, caller=guest))

    assert whole[0] == whole[1]
    assert [one.display_name for one in whole[0].participants or ()] == ["Ben"]
    assert (part.room_name, part.room_owner, part.room_url) == ("Geometry", "Ada", made.room_url)
    assert (part.participants, part.max_size, part.expires_at) == (None, None, None)
    assert (stranger.status, stranger.is_about_another_s_room) == (403, True)
    assert (gone.status, gone.errno) == (401, Errno.INVALID_AUTH)


async def test_a_seat_is_taken_kept_and_left(loop: Loop, server: LoopStandIn) -> None:
    """With everything that a browser inside may tell."""
    made = await loop.make_room(WANTED)
    seat = await loop.join(made.room_token, display_name="Ben", client_max_size=5)
    guest = Caller(session_token=seat.session_token)

    kept_for = await loop.refresh(made.room_token, caller=guest)
    status = CallStatus(event="Session.connectionCreated", state="sendrecv", connections=2, send_streams=1,
                        recv_streams=1)  # fmt: skip
    await loop.report_status(made.room_token, status, caller=guest)
    await loop.report_domains(made.room_token, {"school.example": 2}, caller=guest)
    await loop.leave(made.room_token, caller=guest)

    assert (seat.expires, kept_for) == (timedelta(seconds=300), timedelta(seconds=300))
    assert (seat.session_id is not None, seat.api_key is not None) == (True, True)
    assert server.list_present(made.room_token) == []
    for secret in (seat.session_token, seat.api_key or "?"):
        assert secret not in repr((seat, guest))


async def test_each_refusal_says_why(loop: Loop, clock: Machine) -> None:
    """By the server's number, in words that a leader can be told."""
    made = await loop.make_room(replace(WANTED, max_size=2))
    token = made.room_token
    seat = await loop.join(token, display_name="Ben", client_max_size=5)
    full = await refusal_of(loop.join(token, display_name="Cleo", client_max_size=5))
    crowded = await refusal_of(loop.join(token, display_name="Office", client_max_size=1, caller=OWNER))
    outside = await refusal_of(loop.leave(token, caller=OWNER))
    lapsed = await refusal_of(loop.refresh(token, caller=OWNER))
    await loop.leave(token, caller=Caller(session_token=seat.session_token))
    unknown = await refusal_of(loop.delete_room("missing"))

    assert [(one.status, one.errno, one.detail) for one in (full, crowded, outside, lapsed, unknown)] == [
        (400, 202, "join: the room is full"),
        (400, 121, "join: more are in the room than this participant can show"),
        (400, 203, "leave: not in this room"),
        (410, 111, "refresh: the seat has lapsed"),
        (404, 105, "room: there is no such room"),
    ]
    assert [str(one) for one in (full,)] == ["Mozilla Loop: join: the room is full (HTTP 400)"]


async def test_a_wrong_address_is_not_taken_for_a_missing_room(
    client: HttpClient, server: LoopStandIn, clock: Machine
) -> None:
    """Or we would make room after room."""
    keeper = Memory()
    first = await build_loop(client, server.api_url, clock=clock, keeper=keeper).launch(LEARNER)
    astray = build_loop(client, f"{server.api_url}else/", clock=clock, keeper=keeper)

    refused = await refusal_of(astray.launch(replace(LEARNER, room_id=first.room_id)))

    assert (refused.status, refused.errno, refused.is_about_no_room) == (404, 999, False)
    assert len(server.list_rooms()) == 1


async def test_many_ask_at_once_as_one(loop: Loop, server: LoopStandIn) -> None:
    """One registration for all; one room where each knows it."""
    first = await loop.launch(LEARNER)
    launches = await asyncio.gather(*(loop.launch(replace(LEARNER, room_id=first.room_id)) for _ in range(20)))

    assert {launch.room_id for launch in launches} == {first.room_id}
    assert [call.name for call in server.asked].count("registration") == 2
