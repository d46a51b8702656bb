"""Inside the stand-in's rooms: who is let in by which token, who sees whom, and who is put out when."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from bot.sandbox.clock import MovableClock
from bot.sandbox.videsk.rooms import Room
from bot.sandbox.videsk.stand_in import VideskStandIn
from bot.sandbox.videsk.tokens import Pass, sign, sign_pass
from tests.bot.sandbox.callers import START, Machine
from tests.bot.sandbox.test_videsk import EVERY, Customer, clock, customer, videsk

__all__ = ["clock", "customer", "videsk"]

NOON = datetime(2030, 3, 4, 12, tzinfo=UTC)


async def open_room(customer: Customer, **said: object) -> tuple[Room, str]:
    """A new room and its first token."""
    made = await customer.create(**said)
    return customer.room.rooms.get(made["id"]), made["accessToken"]


async def wait_for(socket: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, object]:
    """The next thing that is said, which must be of this kind."""
    async with asyncio.timeout(5):
        said: dict[str, object] = await socket.receive_json()
    assert said["type"] == kind
    return said


async def test_a_token_lets_in_and_is_noted_when_it_is_used(customer: Customer, clock: Machine) -> None:
    """Each use; a token that was only given out is not noted."""
    room, token = await open_room(customer)
    await customer.ask("POST", f"{EVERY}/{room.id}/join", {})
    for _ in range(2):
        clock.move_by(timedelta(minutes=1))
        assert (await customer.room.browser().enter(token, alias="Ben")).is_inside

    _, told = await customer.ask("GET", f"{EVERY}/{room.id}")
    assert [one["createdAt"] for one in told["authorizations"]] == [
        "2030-03-04T15:01:00.000Z",
        "2030-03-04T15:02:00.000Z",
    ]
    assert {one["jti"] for one in told["authorizations"]} == {customer.room.visits[0].told.jti}


async def test_a_token_can_be_noted_when_it_is_given_out(customer: Customer) -> None:
    """The other reading of the documents: then its use is not."""
    customer.room.notes_tokens_given = True
    room, token = await open_room(customer)
    await customer.room.browser().enter(token)

    assert len(room.authorizations) == 1


async def test_a_token_that_is_none_opens_nothing(customer: Customer, clock: Machine) -> None:
    """In the words that the real script is documented to tell."""
    room, _ = await open_room(customer, nbf="2030-03-04T16:00:00.000Z", exp="2030-03-04T17:00:00.000Z")
    videsk, hour = customer.room, timedelta(hours=1)
    ours = Pass(jti="t", room_id=room.id, nbf=START, exp=START + hour)
    tokens = {
        "nonsense": "jwt malformed",
        videsk.api_token: "jwt malformed",
        sign_pass("x" * 32, ours): "invalid signature",
        sign_pass(videsk.account_secret, Pass(jti="t", room_id=room.id, nbf=START - hour, exp=START)): "jwt expired",
        sign_pass(videsk.account_secret, videsk.rooms.issue(room)): "jwt not active",
        sign_pass(videsk.account_secret, Pass(jti="t", room_id="gone", nbf=START, exp=START + hour)): "jwt expired",
    }
    told = {token: await videsk.browser().enter(token) for token in tokens}

    assert {token: entry.refusal for token, entry in told.items()} == tokens
    assert {entry.code for entry in told.values()} == {4401}
    assert videsk.visits == []


@pytest.mark.parametrize("opening", ["nonsense", "[]", "{}", '{"accessToken": 7}', '{"accessToken": "x", "alias": 7}'])
async def test_who_speaks_another_language_is_sent_away(customer: Customer, opening: str) -> None:
    """4403, with a closed connection."""
    async with customer.client.ws_connect(f"{customer.room.origin}/exchange") as socket:
        await socket.send_str(opening)
        said = await wait_for(socket, "error")
        await socket.receive()

    assert (said["code"], socket.close_code) == (4403, 4403)


async def test_who_is_inside_sees_others_come_and_go(customer: Customer) -> None:
    """By their aliases, which nobody has checked; and a second word from inside is one too many."""
    room, token = await open_room(customer)
    ben = customer.room.browser()
    async with customer.client.ws_connect(f"{customer.room.origin}/exchange") as ada:
        await ada.send_json({"accessToken": token, "alias": "Ada"})
        assert (await wait_for(ada, "joined"))["others"] == []
        await ben.enter(token, alias="Ben")
        came = await wait_for(ada, "participant")
        present = customer.room.list_present(room)
        await ben.leave()
        went = await wait_for(ada, "participant")
        await ada.send_str("hello")
        await wait_for(ada, "error")
        await ada.receive()

    assert present == ["Ada", "Ben"]
    assert [(said["action"], said["alias"]) for said in (came, went)] == [("added", "Ben"), ("removed", "Ben")]
    assert came["peer"] == went["peer"]
    assert ada.close_code == 4403
    assert customer.room.list_present(room) == []


async def test_a_room_is_full_when_it_says_so(customer: Customer) -> None:
    """Who leaves makes a place."""
    _, token = await open_room(customer, settings={"maxParticipants": 1})
    first, second = customer.room.browser(), customer.room.browser()
    await first.enter(token)

    assert (await second.enter(token)).refusal == "the room is full"
    assert await first.leave()
    assert not await first.leave()
    assert (await second.enter(token)).is_inside
    assert (await second.enter(token)).is_inside  # a reload leaves first


async def test_a_tab_that_just_closes_has_left(customer: Customer) -> None:
    """As most people's do, without a word; whoever is still there is told."""
    room, token = await open_room(customer)
    async with customer.client.ws_connect(f"{customer.room.origin}/exchange") as ada:
        await ada.send_json({"accessToken": token, "alias": "Ada"})
        await wait_for(ada, "joined")
        async with customer.client.ws_connect(f"{customer.room.origin}/exchange") as ben:
            await ben.send_json({"accessToken": token, "alias": "Ben"})
            await wait_for(ada, "participant")
        went = await wait_for(ada, "participant")

        assert (went["action"], customer.room.list_present(room)) == ("removed", ["Ada"])


async def test_everybody_is_put_out_when_the_room_ends(customer: Customer) -> None:
    """At once, and nobody of another room."""
    room, token = await open_room(customer)
    other, other_token = await open_room(customer)
    tabs = [customer.room.browser() for _ in range(3)]
    for tab, key in zip(tabs, (token, token, other_token), strict=True):
        await tab.enter(key, alias="Ben")

    await customer.ask("PATCH", f"{EVERY}/{room.id}", {"ended": True})
    async with asyncio.timeout(5):
        for tab in tabs[:2]:
            await tab.wait_until_out()

    assert [tab.is_inside for tab in tabs] == [False, False, True]
    assert [customer.room.list_present(one) for one in (room, other)] == [[], ["Ben"]]
    assert {visit.left_at for visit in customer.room.visits} == {START, None}


async def test_a_clock_moved_past_the_end_puts_out_at_the_end(customer: Customer, clock: Machine) -> None:
    """However far it is moved, they left when the room closed; a later end keeps them."""
    room, token = await open_room(customer, exp="2030-03-04T16:00:00.000Z")
    tab = customer.room.browser()
    await tab.enter(token)
    await customer.ask("PATCH", f"{EVERY}/{room.id}", {"exp": "2030-03-04T16:10:00.000Z"})
    clock.move_by(timedelta(minutes=65))
    assert len(customer.room.list_present(room)) == 1

    clock.move_by(timedelta(hours=3))
    async with asyncio.timeout(5):
        await tab.wait_until_out()

    assert customer.room.visits[0].left_at == START + timedelta(minutes=70)


async def test_a_token_can_end_by_itself(customer: Customer, clock: Machine) -> None:
    """The stricter reading: who is inside by an old one is put out at its end, though the room stays open."""
    customer.room.rooms.limits_new_tokens = True
    room, token = await open_room(customer, exp="2030-03-04T16:00:00.000Z")
    tab = customer.room.browser()
    await tab.enter(token)
    await customer.ask("PATCH", f"{EVERY}/{room.id}", {"exp": "2030-03-04T17:00:00.000Z"})

    clock.move_by(timedelta(minutes=60))
    async with asyncio.timeout(5):
        await tab.wait_until_out()

    assert not room.is_over(clock.now())


async def test_on_a_clock_that_runs_the_end_comes_by_itself() -> None:
    """Nobody asks, and nobody moves anything."""
    clock = MovableClock(NOON)
    async with VideskStandIn(clock) as videsk:
        room = videsk.rooms.create({}, clock.now())
        tab = videsk.browser()
        await tab.enter(sign_pass(videsk.account_secret, videsk.rooms.issue(room)))
        room.exp = clock.now() + timedelta(milliseconds=200)
        videsk.notice_change()

        async with asyncio.timeout(10):
            await tab.wait_until_out()

    assert videsk.visits[0].left_at == room.exp


async def test_leaving_the_stand_in_ends_every_visit(clock: Machine) -> None:
    """No tab waits for a server that is gone."""
    async with VideskStandIn(clock) as videsk:
        room = videsk.rooms.create({}, clock.now())
        tab = videsk.browser()
        await tab.enter(sign_pass(videsk.account_secret, videsk.rooms.issue(room)))
    async with asyncio.timeout(5):
        await tab.wait_until_out()

    assert not tab.is_inside


async def test_the_script_is_served_to_pages_of_any_origin(customer: Customer) -> None:
    """As a module with the documented surface, from beside the exchange."""
    status, text = await customer.ask("GET", "/sdk/webrtc.esm.js")

    assert status == 200
    assert customer.headers["Content-Type"].startswith("text/javascript")
    assert customer.headers["Access-Control-Allow-Origin"] == "*"
    assert customer.room.script_url == f"{customer.room.origin}/sdk/webrtc.esm.js"
    for name in ("export default class WebRTC", "create(accessToken)", "set alias(", '"disconnected"', '"participant"'):
        assert name in text
    assert sign("x" * 32) not in text
