"""Who may sit in a stand-in room, for how long, and what comes of coming and going."""

from __future__ import annotations

from datetime import timedelta

import aiohttp
import pytest

from bot.sandbox.loop.rooms import Errno
from bot.sandbox.loop.stand_in import LoopStandIn
from tests.bot.sandbox.callers import START, Machine
from tests.bot.sandbox.loop_callers import LoopCaller
from tests.bot.sandbox.test_loop import ada, basic, server

__all__ = ["ada", "server"]

AT = int(START.timestamp())
EIGHT_WEEKS = 1344 * 3600


async def test_a_seat_is_given_with_its_own_key(ada: LoopCaller) -> None:
    """For 300 seconds; the key opens the room while it lives."""
    token = await ada.make()
    said = await ada.join(token)
    key = basic(said.body["sessionToken"])

    assert (said.status, said.body["expires"], said.body.keys()) == (
        200,
        300,
        {"apiKey", "sessionId", "sessionToken", "expires"},
    )
    assert (await ada.show(token, key)).status == 200
    assert (await ada.act(token, "leave", key)).status == 204
    gone = await ada.show(token, key)
    assert (gone.status, gone.errno, gone.body["error"]) == (401, 110, "Invalid token; it may have expired.")


async def test_one_seat_is_kept_for_the_owner(ada: LoopCaller) -> None:
    """A second guest of two waits until the owner is in; then the room is full."""
    token = await ada.make(maxSize=3)
    guests = [await ada.join(token) for _ in range(3)]
    owner = await ada.join(token, "hawk")
    late = await ada.join(token)

    assert [said.status for said in guests] == [200, 200, 400]
    assert (guests[2].errno, late.errno) == (Errno.ROOM_FULL, Errno.ROOM_FULL)
    assert owner.status == 200
    assert [one["owner"] for one in (await ada.show(token)).body["participants"]] == [False, False, True]


async def test_the_owner_sits_once_and_a_guest_each_time(ada: LoopCaller) -> None:
    """Under another connection every time."""
    token = await ada.make(maxSize=5)
    connections = []
    for _ in range(2):
        await ada.join(token, "hawk")
        [one] = (await ada.show(token)).body["participants"]
        connections.append(one["roomConnectionId"])
    key = basic((await ada.join(token)).body["sessionToken"])
    await ada.join(token, key)

    assert connections[0] != connections[1]
    assert len((await ada.show(token)).body["participants"]) == 3


async def test_what_those_inside_can_show_limits_the_room(ada: LoopCaller) -> None:
    """And who can show too few does not come in."""
    token = await ada.make(maxSize=5)
    await ada.join(token, "hawk")
    crowded = await ada.join(token, shows=1)
    await ada.join(token, shows=2)
    room = (await ada.show(token)).body
    full = await ada.join(token, shows=5)

    assert (crowded.status, crowded.errno) == (400, Errno.CLIENT_FULL)
    assert (room["maxSize"], room["clientMaxSize"]) == (5, 2)
    assert full.errno == Errno.ROOM_FULL


async def test_fewer_seats_put_nobody_out(ada: LoopCaller) -> None:
    """The next one finds it full."""
    token = await ada.make(maxSize=4)
    for _ in range(3):
        await ada.join(token)
    await ada.ask("PATCH", f"/rooms/{token}", {"maxSize": 2, "expiresIn": 2})

    assert len((await ada.show(token)).body["participants"]) == 3
    assert (await ada.join(token)).errno == Errno.ROOM_FULL


async def test_a_seat_lapses_unless_it_is_refreshed(ada: LoopCaller, clock: Machine) -> None:
    """To the second; then its key is worth nothing."""
    token = await ada.make()
    key = basic((await ada.join(token)).body["sessionToken"])
    clock.move_by(timedelta(seconds=299))
    kept = await ada.act(token, "refresh", key)
    clock.move_by(timedelta(seconds=299))
    still = await ada.show(token, key)
    clock.move_by(timedelta(seconds=1))
    lapsed = await ada.act(token, "refresh", key)

    assert (kept.status, kept.body, still.status) == (200, {"expires": 300}, 200)
    assert (lapsed.status, lapsed.errno) == (401, 110)
    assert (await ada.show(token)).body["participants"] == []


async def test_coming_going_and_lapsing_put_the_end_eight_weeks_off(ada: LoopCaller, clock: Machine) -> None:
    """From their own moment, whenever somebody looks."""
    token = await ada.make()
    key = basic((await ada.join(token)).body["sessionToken"])
    told = [(await ada.show(token)).body]
    clock.move_by(timedelta(seconds=10))
    await ada.act(token, "leave", key)
    told.append((await ada.show(token)).body)
    await ada.join(token)
    clock.move_by(timedelta(hours=9))
    told.append((await ada.show(token)).body)

    assert [(room["ctime"] - AT, room["expiresAt"] - AT) for room in told] == [
        (0, EIGHT_WEEKS),
        (10, 10 + EIGHT_WEEKS),
        (310, 310 + EIGHT_WEEKS),
    ]


async def test_a_room_that_nobody_enters_is_gone_at_its_end(ada: LoopCaller, clock: Machine) -> None:
    """Not a second before."""
    token = await ada.make(expiresIn=1)
    clock.move_by(timedelta(seconds=3599))
    before = await ada.show(token)
    clock.move_by(timedelta(seconds=1))
    after = await ada.show(token)

    assert (before.status, after.status, after.errno) == (200, 404, 105)


async def test_nobody_in_particular_sees_the_public_part(ada: LoopCaller) -> None:
    """And may do nothing but join; another way of asking is none."""
    token = await ada.make()
    told = await ada.show(token, None)

    assert (told.status, told.body.keys()) == (200, {"roomToken", "roomName", "roomOwner", "roomUrl"})
    for action in ("refresh", "leave", "status", "hats"):
        said = await ada.act(token, action, None)
        assert (said.status, said.headers["WWW-Authenticate"]) == (401, "Token,Hawk")
    odd = await ada.show(token, "Bearer x")
    assert (odd.status, odd.headers["WWW-Authenticate"]) == (401, 'Basic,Hawk error="Unsupported"')


STATUS = {"event": "e", "state": "s", "connections": 1, "sendStreams": 1, "recvStreams": 1}


@pytest.mark.parametrize(
    ("body", "status", "errno"),
    [
        ({}, 400, 108),
        ({"action": "hats"}, 400, 107),
        ({"action": "join", "displayName": "Ben"}, 400, 108),
        ({"action": "join", "displayName": "Ben", "clientMaxSize": "5"}, 400, 107),
        ({"action": "join", "displayName": "Ben", "clientMaxSize": 5, "hat": 1}, 400, 107),
        ({"action": "refresh"}, 410, 111),
        ({"action": "leave"}, 400, 203),
        ({"action": "status"}, 400, 108),
        ({"action": "status", **STATUS}, 400, 203),
        ({"action": "logDomain"}, 400, 107),
        ({"action": "logDomain", "domains": [{"domain": "x.example"}]}, 400, 107),
        ({"action": "logDomain", "domains": []}, 400, 203),
    ],
    ids=str,
)
async def test_what_is_not_possible_is_refused(
    ada: LoopCaller, body: dict[str, object], status: int, errno: int
) -> None:
    """To the owner, who is not inside."""
    said = await ada.ask("POST", f"/rooms/{await ada.make()}", body)

    assert (said.status, said.errno) == (status, errno)


async def test_who_is_inside_may_tell_how_it_goes(ada: LoopCaller) -> None:
    """Calls and domains; noted with 204."""
    token = await ada.make()
    key = basic((await ada.join(token)).body["sessionToken"])

    told = [
        await ada.act(token, "status", key, **STATUS),
        await ada.act(token, "logDomain", key, domains=[{"domain": "x.example", "count": 1}]),
    ]

    assert [said.status for said in told] == [204, 204]


# The room's page and a browser at it


async def test_a_browser_comes_in_by_the_address_alone(ada: LoopCaller, server: LoopStandIn) -> None:
    """Keeps its seat, and leaves; looking at the page takes no seat."""
    token = await ada.make()
    url = f"{server.origin}/go/{token}"
    ben = server.browser("Ben")
    async with aiohttp.ClientSession() as client, client.get(url) as page:
        text = await page.text()

    assert "Algebra" in text
    assert server.list_present(token) == []
    assert (await ben.join(url)).is_inside
    assert (server.list_present(token), await ben.refresh(), await ben.is_inside()) == (["Ben"], True, True)
    assert (await ben.leave(), await ben.leave(), await ben.is_inside()) == (True, False, False)


async def test_a_crashed_browser_keeps_its_seat_until_that_lapses(
    ada: LoopCaller, server: LoopStandIn, clock: Machine
) -> None:
    """So a reload in a hurry may find the room full."""
    token = await ada.make(maxSize=2)
    url = f"{server.origin}/go/{token}"
    ben = server.browser("Ben")
    await ben.join(url)
    ben.crash()

    assert (await ben.join(url)).refusal is Errno.ROOM_FULL
    clock.move_by(timedelta(seconds=300))
    assert (await ben.join(url)).is_inside


async def test_a_deleted_room_puts_everybody_out(ada: LoopCaller, server: LoopStandIn) -> None:
    """And its page says so."""
    token = await ada.make()
    url = f"{server.origin}/go/{token}"
    ben = server.browser("Ben")
    await ben.join(url)
    await ada.ask("DELETE", f"/rooms/{token}")

    assert (await ben.is_inside(), await ben.refresh(), await ben.leave()) == (False, False, False)
    assert (await ben.join(url)).refusal is Errno.INVALID_TOKEN


async def test_names_on_the_page_are_only_text(ada: LoopCaller, server: LoopStandIn) -> None:
    """Whoever books may write what they like."""
    token = await ada.make(roomName="<script>x</script>")
    async with aiohttp.ClientSession() as client, client.get(f"{server.origin}/go/{token}") as page:
        assert "<script>x" not in await page.text()


async def test_addresses_may_lead_elsewhere(ada: LoopCaller, server: LoopStandIn) -> None:
    """As the server is told."""
    server.web_app_url = "https://loop.example/{token}"
    token = await ada.make()

    assert (await ada.show(token)).body["roomUrl"] == f"https://loop.example/{token}"
