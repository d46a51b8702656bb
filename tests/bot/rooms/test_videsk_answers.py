"""What Videsk answers, recorded and broken: what is enough, what is nonsense, and what we say before we ask."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from bot.errors import RoomServiceNonsense, RoomServiceRefused
from bot.rooms.base import Launch
from bot.rooms.http import Patience, open_client
from bot.rooms.videsk import MOST_REPLACEMENTS, Videsk
from bot.rooms.videsk_rooms import Authorization, NewRoom, RoomChanges, RoomFilters, RoomSettings, SortBy, format_moment
from tests.bot.rooms.recorded import START, HandWound, RecordedServer, answer
from tests.bot.rooms.test_videsk import END, LEARNER

TOKEN = "room-token-that-nobody-may-read"
API_TOKEN = "api-token-that-nobody-may-read"
ROOM: dict[str, Any] = {
    "id": "64f1a2b3c4d5e6f7a8b9c0d1",
    "name": "Algebra",
    "externalId": "room-1.20300304T1450",
    "exp": "2030-03-04T16:30:00.000Z",
    "nbf": "2030-03-04T15:00:00.000Z",
    "authorizations": [{"ip": "192.0.2.1", "jti": "t-1", "createdAt": "2030-03-04T15:00:00.000Z"}],
}
MADE = ROOM | {"accessToken": TOKEN}


def build_service(client: Any, url: str) -> Videsk:
    timing = HandWound().as_timing()
    return Videsk(client, api_token=API_TOKEN, api_url=url, patience=Patience(tries=1), timing=timing)


async def launch_from(*recorded: bytes, room_id: str | None = None) -> Launch:
    async with RecordedServer(*recorded) as server, open_client(connections=1) as client:
        return await build_service(client, server.url).launch(replace(LEARNER, room_id=room_id))


@pytest.mark.parametrize("status", [200, 201])
async def test_a_new_room_is_taken_by_either_good_status(status: int) -> None:
    """ "Created" is documented without its number."""
    launch = await launch_from(answer(MADE, status))

    assert launch.embed is not None
    assert launch.embed.values == {
        "accessToken": TOKEN,
        "alias": "Ben",
        "script": "https://cdn.videsk.io/sdk/webrtc.esm.js",
    }
    assert (launch.room_id, launch.is_recorded) == (ROOM["id"], None)


async def test_the_requests_are_those_of_the_reference() -> None:
    """Method, address, token and body of a launch into a room that has ended meanwhile."""
    recorded = [answer({"code": 404}, 404), answer({"code": 409}, 409), answer({}, 404), answer(ROOM, 201)]
    async with (
        RecordedServer(*recorded, answer({"accessToken": TOKEN})) as server,
        open_client(connections=1) as client,
    ):
        await build_service(client, server.url).launch(replace(LEARNER, room_id="a/b"))
        requests = server.requests

    new = {
        "externalId": "room-1.20300304T1450",
        "name": "Algebra",
        "exp": "2030-03-04T16:30:00.000Z",
        "settings": {"recordingEnabled": False},
    }
    assert [(request.line.split()[0], request.line.split()[1], request.get_json()) for request in requests] == [
        ("PATCH", "/v2/vpaas/rooms/a%2Fb", {"name": "Algebra"}),
        ("POST", "/v2/vpaas/rooms", new),
        ("PATCH", "/v2/vpaas/rooms/room-1.20300304T1450", {"name": "Algebra"}),
        ("POST", "/v2/vpaas/rooms", new | {"externalId": "room-1.20300304T1450.2"}),
        ("POST", f"/v2/vpaas/rooms/{ROOM['id']}/join", {}),
    ]
    assert {request.headers["authorization"] for request in requests} == {f"Bearer {API_TOKEN}"}
    assert {request.headers["content-type"] for request in requests} == {"application/json"}


async def test_a_room_that_is_told_to_have_ended_is_replaced() -> None:
    """Though the change of it was taken."""
    launch = await launch_from(
        answer(ROOM | {"ended": True}), answer(MADE | {"id": "another"}, 201), room_id=ROOM["id"]
    )

    assert launch.room_id == "another"


async def test_an_account_where_every_room_has_ended_is_given_up() -> None:
    """After a bounded number of tries, as a refusal."""
    recorded = [answer({}, 409), answer({}, 404)] * MOST_REPLACEMENTS
    with pytest.raises(RoomServiceRefused, match="ended already"):
        await launch_from(*recorded)


NO_TEXTS: tuple[object, ...] = (None, "", 7, [], {})


@pytest.mark.parametrize(
    "changes, field",
    [
        *[({name: value}, name) for name in ("id", "exp", "nbf") for value in NO_TEXTS],
        ({"exp": "tomorrow"}, "exp"),
        ({"nbf": "2030-03-04"}, "nbf"),
        ({"authorizations": "none"}, "authorizations"),
        ({"authorizations": ["t-1"]}, "authorizations[0]"),
        ({"authorizations": [{"createdAt": "2030-03-04T15:00:00.000Z"}]}, "authorizations[0].jti"),
        ({"authorizations": [{"jti": "t-1", "createdAt": 7}]}, "authorizations[0].createdAt"),
    ],
)
async def test_a_room_without_id_or_window_is_no_room(changes: dict[str, object], field: str) -> None:
    """RoomServiceNonsense names the field, and repeats nothing of the answer."""
    with pytest.raises(RoomServiceNonsense) as caught:
        await launch_from(answer(MADE | changes))

    assert caught.value.field == field
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("body", [{}, {"accessToken": ""}, {"accessToken": 7}, {"accessToken": None}, []])
async def test_a_joining_without_token_is_no_way_in(body: object) -> None:
    """A room is known, and the token is missing."""
    with pytest.raises(RoomServiceNonsense):
        await launch_from(answer(ROOM), answer(body, 201), room_id=ROOM["id"])


@pytest.mark.parametrize("body", ["[]", '"text"', "<html>", ""])
async def test_an_answer_of_another_shape_is_nonsense(body: str) -> None:
    """A list, a text, a page, nothing."""
    with pytest.raises(RoomServiceNonsense):
        await launch_from(answer(body))


async def test_the_smallest_answer_that_is_enough() -> None:
    """Id and window; the rest is not told."""
    async with (
        RecordedServer(answer({name: ROOM[name] for name in ("id", "exp", "nbf")})) as server,
        open_client(connections=1) as client,
    ):
        room = await build_service(client, server.url).fetch_room("r")

    assert (room.id, room.nbf, room.exp) == (ROOM["id"], START, END)
    assert (room.external_id, room.name, room.authorizations, room.access_token) == (None, None, (), None)
    assert (room.ended, room.settings, room.created_at) == (None, None, None)


async def test_a_room_s_token_is_in_no_repr() -> None:
    """Nor is it in that of a way in."""
    async with RecordedServer(answer(MADE), answer(MADE)) as server, open_client(connections=1) as client:
        service = build_service(client, server.url)
        made = [await service.create_room(NewRoom(external_id="r")), await service.launch(LEARNER)]

    assert TOKEN not in repr(made)


async def test_authorizations_come_in_the_order_of_time() -> None:
    """However they are listed."""
    later = {"jti": "t-2", "createdAt": "2030-03-04T15:05:00.000Z"}
    async with (
        RecordedServer(answer(ROOM | {"authorizations": [later, *ROOM["authorizations"]]})) as server,
        open_client(connections=1) as client,
    ):
        noted = await build_service(client, server.url).fetch_authorizations("r")

    assert noted == (
        Authorization(jti="t-1", created_at=START, ip="192.0.2.1"),
        Authorization(jti="t-2", created_at=START + timedelta(minutes=5), ip=None),
    )


PAGE: dict[str, Any] = {"total": 1, "limit": 10, "skip": 0, "data": [ROOM]}


@pytest.mark.parametrize(
    "changes",
    [{"total": None}, {"limit": "10"}, {"skip": -1}, {"data": None}, {"data": {}}, {"data": [7]}, {"data": [{}]}],
)
async def test_a_list_that_cannot_be_read_whole_is_nonsense(changes: dict[str, object]) -> None:
    """Never a shorter list."""
    async with RecordedServer(answer(PAGE | changes)) as server, open_client(connections=1) as client:
        with pytest.raises(RoomServiceNonsense):
            await build_service(client, server.url).fetch_page()


async def test_a_list_that_promises_more_than_it_has_ends() -> None:
    """An empty page is the end, whatever the total says."""
    pages = [answer(PAGE | {"total": 5}), answer(PAGE | {"total": 5, "skip": 1, "data": []})]
    async with RecordedServer(*pages) as server, open_client(connections=1) as client:
        found = [room.id async for room in build_service(client, server.url).iterate_rooms()]
        lines = [request.line for request in server.requests]

    assert found == [ROOM["id"]]
    assert [line.split()[1] for line in lines] == [
        "/v2/vpaas/rooms?$limit=100&$skip=0",
        "/v2/vpaas/rooms?$limit=100&$skip=1",
    ]


async def test_a_refused_address_is_told_as_what_it_may_be() -> None:
    """An account may list the addresses that are allowed: at night, somebody wonders about the token."""
    refused = json.dumps({"name": "Forbidden", "message": f"{API_TOKEN} is not welcome", "code": 403})
    with pytest.raises(RoomServiceRefused, match="not from this address") as caught:
        await launch_from(answer(refused, 403))

    assert API_TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "filters",
    [{"limit": 0}, {"limit": 101}, {"skip": -1}, {"sort": {SortBy.NAME: 2}}],
)
def test_a_filter_out_of_bounds_is_an_error_of_ours(filters: dict[str, Any]) -> None:
    """And none that the service hears of."""
    with pytest.raises(ValueError, match=r"list|page"):
        RoomFilters(**filters)


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "said",
    [
        NewRoom(external_id=""),
        NewRoom(external_id="x" * 101),
        NewRoom(external_id="r", name=""),
        NewRoom(external_id="r", name="x" * 501),
        NewRoom(external_id="r", exp=START),
        NewRoom(external_id="r", exp=START + 72 * HOUR + timedelta(seconds=1)),
        NewRoom(external_id="r", nbf=START + HOUR, exp=START + HOUR),
        RoomChanges(exp=START),
        RoomChanges(exp=START - HOUR),
        RoomChanges(nbf=START + 2 * HOUR, exp=START + HOUR),
        RoomChanges(nbf=START, exp=START + 73 * HOUR),
        RoomChanges(name=""),
    ],
)
def test_what_cannot_be_meant_is_refused_before_it_is_sent(said: NewRoom | RoomChanges) -> None:
    """With a reason and without the value."""
    with pytest.raises(RoomServiceRefused):
        said.build_body(now=START)


@pytest.mark.parametrize(
    "said, expected",
    [
        (NewRoom(external_id="x" * 100), {"externalId": "x" * 100}),
        (
            NewRoom(external_id="r", nbf=START, exp=START + 72 * HOUR, settings=RoomSettings(max_participants=2)),
            {
                "externalId": "r",
                "nbf": "2030-03-04T15:00:00.000Z",
                "exp": "2030-03-07T15:00:00.000Z",
                "settings": {"maxParticipants": 2},
            },
        ),
        (RoomChanges(), {}),
        (RoomChanges(ended=False, generate_token=False), {"ended": False, "generateToken": False}),
    ],
)
def test_only_what_is_said_is_sent(said: NewRoom | RoomChanges, expected: dict[str, object]) -> None:
    """False is something that is said."""
    assert said.build_body(now=START) == expected


def test_moments_are_utc_with_milliseconds() -> None:
    """As all of theirs; whatever zone ours come in."""
    moment = datetime(2030, 3, 4, 16, 0, 0, 123_456, tzinfo=timezone(HOUR))

    assert format_moment(moment) == "2030-03-04T15:00:00.123Z"
    assert format_moment(moment.astimezone(UTC)) == "2030-03-04T15:00:00.123Z"
