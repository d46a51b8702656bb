"""The stand-in Loop server answers as the reference page says the real one does, oddities included."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from bot.rooms.hawk import build_header, derive_credentials, parse_challenge, read_server_time
from bot.sandbox.faults import Fault
from bot.sandbox.loop.stand_in import LoopStandIn
from tests.bot.sandbox.callers import START, Machine
from tests.bot.sandbox.loop_callers import CONTEXT, ROOM, LoopCaller

AT = int(START.timestamp())


@pytest.fixture
async def server(clock: Machine) -> AsyncIterator[LoopStandIn]:
    async with LoopStandIn(clock) as server:
        yield server


@pytest.fixture
async def ada(server: LoopStandIn) -> AsyncIterator[LoopCaller]:
    async with aiohttp.ClientSession() as client:
        caller = LoopCaller(server, client)
        await caller.register()
        yield caller


def basic(session_token: str) -> str:
    return f"Basic {base64.b64encode(f'{session_token}:'.encode()).decode()}"


# Registration and signatures


async def test_a_registration_gives_a_token_once(ada: LoopCaller) -> None:
    """With good credentials it gives none; the proof of the answer comes with it."""
    again = await ada.ask("POST", "/registration", {})

    assert (again.status, again.body) == (200, "")
    assert "Hawk-Session-Token" not in again.headers
    assert again.headers["Server-Authorization"].startswith("Hawk mac=")
    assert again.headers["Timestamp"] == str(AT)


async def test_where_to_push_is_an_address(ada: LoopCaller) -> None:
    """Of calls and of rooms."""
    good = await ada.ask("POST", "/registration", {"simplePushURLs": {"rooms": "https://push.example/1"}})
    bad = await ada.ask("POST", "/registration", {"simplePushURLs": {"rooms": "ftp://push.example"}})

    assert (good.status, bad.status, bad.errno) == (200, 400, 107)


async def test_a_signature_is_checked(ada: LoopCaller, server: LoopStandIn) -> None:
    """Somebody else's, none, half of one, another scheme's: 401 with what is asked for."""
    other = LoopCaller(server, ada._client)
    other.token = "c0" * 32
    path = "/rooms"
    right = 'Hawk id="x", ts="1", nonce="n"'

    unknown = await other.ask("GET", path)
    for said in (unknown, await ada.ask("GET", path, by=None), await ada.ask("GET", path, by=right),
                 await ada.ask("GET", path, by=basic("x"))):  # fmt: skip
        assert (said.status, said.errno) == (401, 110)
        assert said.headers["WWW-Authenticate"].startswith("Hawk")
        assert "Timestamp" in said.headers
    assert isinstance(unknown.body["error"], dict)


async def test_a_signature_is_of_one_request(ada: LoopCaller, server: LoopStandIn) -> None:
    """For another address it is wrong; for the same it may come twice."""
    header = build_header(
        derive_credentials(ada.token), method="GET", url=f"{server.origin}/rooms", at=START, nonce="n"
    )
    statuses = [(await ada.ask("GET", path, by=header)).status for path in ("/rooms", "/rooms", "/v0/rooms")]

    assert statuses == [200, 200, 401]


@pytest.mark.parametrize(("off", "status"), [(60, 200), (-60, 200), (61, 401), (-61, 401)])
async def test_a_clock_may_be_a_minute_off(ada: LoopCaller, off: int, status: int) -> None:
    """Further off, the server tells its own time, proved."""
    said = await ada.ask("GET", "/rooms", at=START + timedelta(seconds=off))

    assert said.status == status
    if status == 401:
        challenge = parse_challenge(said.headers["WWW-Authenticate"])
        assert challenge
        assert read_server_time(challenge, derive_credentials(ada.token)) == START


async def test_a_token_lives_30_days_after_its_last_use(ada: LoopCaller, clock: Machine) -> None:
    """And after the registration was deleted, not at all."""
    statuses = []
    for days in (29, 29, 30):
        clock.move_by(timedelta(days=days))
        statuses.append((await ada.ask("GET", "/rooms")).status)
    await ada.register()
    statuses += [(await ada.ask("DELETE", "/registration")).status, (await ada.ask("GET", "/rooms")).status]

    assert statuses == [200, 200, 401, 204, 401]


async def test_a_session_s_end_is_for_others(ada: LoopCaller) -> None:
    """For people with a Firefox Account."""
    said = await ada.ask("DELETE", "/session")

    assert (said.status, said.errno) == (403, 110)


# Form


async def test_both_prefixes_lead_to_the_same(ada: LoopCaller) -> None:
    """What is nowhere is looked for under the longer one."""
    token = await ada.make()

    assert [(await ada.ask("GET", f"{prefix}/rooms/{token}")).status for prefix in ("", "/v0")] == [200, 200]
    astray, nowhere = await ada.ask("GET", "/hats?a=1"), await ada.ask("GET", "/v0/hats")
    assert (astray.status, astray.headers["Location"]) == (307, "/v0/hats?a=1")
    assert nowhere.body == {"code": 404, "errno": 999, "error": "Resource not found."}
    for path in ("/", "/__lbheartbeat__", "/v0/__heartbeat__"):
        assert (await ada.ask("GET", path, by=None)).status == 200


async def test_what_is_no_json_is_answered_by_a_page(ada: LoopCaller) -> None:
    """And so is a name that is null: an error need not be JSON."""
    broken = await ada.ask("POST", "/rooms", b"{", headers={"Content-Type": "application/json"})
    crashed = await ada.ask("POST", "/rooms", ROOM | {"roomName": None})
    refused = await ada.ask("GET", "/rooms", headers={"Accept": "text/html"})

    assert (broken.status, crashed.status) == (400, 500)
    assert "<pre>" in broken.body
    assert "<pre>" in crashed.body
    assert (refused.status, refused.errno) == (406, 106)


# Rooms


async def test_a_room_is_made(ada: LoopCaller, server: LoopStandIn) -> None:
    """201 without a timestamp, with a warning of the old way to name it."""
    said = await ada.ask("POST", "/rooms", ROOM)
    token = said.body["roomToken"]
    quiet = await ada.ask("POST", "/rooms", {"context": CONTEXT, "roomOwner": "Ada", "maxSize": 2})

    assert said.status == 201
    assert said.body == {"roomToken": token, "roomUrl": f"{server.origin}/go/{token}", "expiresAt": AT + 7200}
    assert len(token) == 11
    assert ("Alert" in said.headers, "Alert" in quiet.headers, "Timestamp" in said.headers) == (True, False, False)
    assert quiet.body["expiresAt"] == AT + 1344 * 3600


WRONG_ROOMS: dict[str, tuple[dict[str, object], int, str]] = {
    "nothing": ({}, 108, "Missing: context,roomName, roomOwner, maxSize"),
    "no name": ({"roomOwner": "Ada", "maxSize": 1}, 108, "Missing: context,roomName"),
    "no size": ({"roomName": "x", "roomOwner": "Ada"}, 108, "Missing: maxSize"),
    "a long name": (ROOM | {"roomName": "x" * 101}, 107, "roomName"),
    "a long owner": (ROOM | {"roomOwner": "x" * 256}, 107, "roomOwner"),
    "both": (ROOM | {"context": CONTEXT}, 107, "context, roomName"),
    "half a context": ({"context": {"value": "v"}, "roomOwner": "Ada", "maxSize": 1}, 107, "context"),
    "too large": (ROOM | {"maxSize": 6}, 107, "maxSize"),
    "too long": (ROOM | {"expiresIn": 1345}, 107, "expiresIn"),
    "no number": (ROOM | {"expiresIn": "2"}, 107, "expiresIn"),
    "no channel": (ROOM | {"channel": 1}, 107, "channel"),
    "a field that is none": (ROOM | {"roomname": "x"}, 107, "roomname"),
}


@pytest.mark.parametrize("case", WRONG_ROOMS.values(), ids=WRONG_ROOMS.keys())
async def test_a_wrong_room_is_refused(ada: LoopCaller, case: tuple[dict[str, object], int, str]) -> None:
    """With the number for missing or for wrong, and what it is about."""
    body, errno, about = case
    said = await ada.ask("POST", "/rooms", body)

    assert (said.status, said.errno) == (400, errno)
    assert about in said.body["error"]
    assert "Timestamp" not in said.headers


@pytest.mark.parametrize(
    ("sent", "told"), [({"maxSize": "abc"}, None), ({"maxSize": 0}, 0), ({"maxSize": 5}, 5)], ids=str
)
async def test_odd_sizes_pass(ada: LoopCaller, sent: dict[str, object], told: object) -> None:
    """As they do there."""
    token = await ada.make(**sent)

    assert (await ada.show(token)).body["maxSize"] == told


@pytest.mark.parametrize(("hours", "lives"), [(1.5, True), (0, False), (-3, False)])
async def test_odd_lives_pass(ada: LoopCaller, hours: float, lives: bool) -> None:
    """A fraction is cut; a room of none is gone at once."""
    said = await ada.ask("POST", "/rooms", ROOM | {"expiresIn": hours})

    assert said.body["expiresAt"] == AT + int(hours) * 3600
    assert (await ada.show(said.body["roomToken"])).status == (200 if lives else 404)


async def test_a_change_always_moves_the_end(ada: LoopCaller) -> None:
    """To eight weeks from now, where it does not say."""
    token = await ada.make()
    told = await ada.ask("PATCH", f"/rooms/{token}", {"expiresIn": 5})
    untold = await ada.ask("PATCH", f"/rooms/{token}", {"roomOwner": "Ben"})
    wrong = await ada.ask("PATCH", f"/rooms/{token}", {"maxSize": 9})

    assert (told.status, told.body) == (200, {"expiresAt": AT + 5 * 3600})
    assert untold.body == {"expiresAt": AT + 1344 * 3600}
    assert (wrong.status, wrong.errno) == (400, 107)


async def test_only_its_owner_may_change_or_delete_a_room(ada: LoopCaller, server: LoopStandIn) -> None:
    """And once only."""
    token = await ada.make()
    ben = LoopCaller(server, ada._client)
    await ben.register()

    changed, deleted = (
        await ben.ask("PATCH", f"/rooms/{token}", {"expiresIn": 1}),
        await ben.ask("DELETE", f"/rooms/{token}"),
    )
    for said in (changed, deleted):
        assert (said.status, said.errno) == (403, 999)
    assert (await ben.show(token)).status == 403
    assert (await ada.ask("DELETE", f"/rooms/{token}")).status == 204
    again = await ada.ask("DELETE", f"/rooms/{token}")
    assert (again.status, again.errno, again.body["error"]) == (404, 105, "Token not found.")


async def test_several_are_deleted_each_with_its_own_answer(ada: LoopCaller) -> None:
    """207, or 404 where there was none."""
    token = await ada.make()
    some = await ada.ask("PATCH", "/rooms", {"deleteRoomTokens": [token, "x"]})
    none = await ada.ask("PATCH", "/rooms", {"deleteRoomTokens": [token]})
    wrong_bodies: tuple[dict[str, object], ...] = ({"deleteRoomTokens": []}, {})
    wrong = [await ada.ask("PATCH", "/rooms", body) for body in wrong_bodies]

    missing = {"code": 404, "errno": 105, "error": "Room not found."}
    assert (some.status, some.body) == (207, {"responses": {token: {"code": 200}, "x": missing}})
    assert (none.status, none.body) == (404, {"responses": {token: missing}})
    assert [said.errno for said in wrong] == [107, 108]


async def test_a_list_tells_what_changed(ada: LoopCaller, clock: Machine) -> None:
    """The oldest change first; what was deleted is told for 27 minutes."""
    first, second, third = [await ada.make() for _ in range(3)]
    clock.move_by(timedelta(minutes=10))
    await ada.ask("PATCH", f"/rooms/{first}", {"expiresIn": 5})
    await ada.ask("DELETE", f"/rooms/{third}")

    async def tokens(path: str) -> list[Any]:
        return [(room["roomToken"], room.get("deleted", False)) for room in (await ada.ask("GET", path)).body]

    assert await tokens("/rooms") == [(second, False), (first, False)]
    assert await tokens(f"/rooms?version={AT + 600}") == [(first, False), (third, True)]
    assert await tokens(f"/rooms?version={AT + 601}") == []
    clock.move_by(timedelta(seconds=1620))
    assert await tokens(f"/rooms?version={AT}") == [(second, False), (first, False)]


# Faults


@pytest.mark.parametrize(
    ("fault", "status", "errno"),
    [
        (Fault.failing(503), 503, None),
        (Fault.rate_limited(30), 429, 999),
        (Fault.refusing(), 403, 999),
        (Fault.garbage(), 200, None),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
async def test_faults_are_as_the_server_has_them(
    ada: LoopCaller, server: LoopStandIn, fault: Fault, status: int, errno: int | None
) -> None:
    """Once, then it works again."""
    server.faults.switch_on("list_rooms", fault, count=1)
    said = await ada.ask("GET", "/rooms")

    assert (said.status, said.errno) == (status, errno)
    assert ("Retry-After" in said.headers) is (status in (429, 503))
    assert (await ada.ask("GET", "/rooms")).status == 200


async def test_a_cut_may_come_after_the_work(ada: LoopCaller, server: LoopStandIn) -> None:
    """The room is there; the caller cannot know."""
    server.faults.switch_on("make_room", Fault.dropping(does_work=True), count=1)
    with pytest.raises(aiohttp.ClientError):
        await ada.make()

    assert len(server.list_rooms()) == 1
    assert server.asked[-1].status is None


async def test_a_slow_answer_comes_all_the_same(ada: LoopCaller, server: LoopStandIn) -> None:
    """Later."""
    server.faults.switch_on("make_room", Fault.slow(timedelta(milliseconds=1)), count=1)

    assert await ada.make()
