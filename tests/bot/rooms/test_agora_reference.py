"""The API reference and our client hold each other: no call, parameter or field is without its place, or out of it."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.rooms.agora_rooms import REGIONS, RoomRecord
from bot.rooms.agora_tokens import TokenRole
from bot.rooms.agora_whiteboard import AgoraWhiteboard
from bot.rooms.base import NothingAfterwards
from bot.rooms.http import open_client
from bot.sandbox.agora import gate
from bot.sandbox.agora.tokens import Power, open_token
from tests.bot.rooms.agora_reference import ENDPOINTS, JOINING, ROOM, UUID, Endpoint
from tests.bot.rooms.recorded import RecordedServer, Request, answer
from tests.bot.rooms.test_agora_whiteboard import ACCESS, SECRET, build_service
from tests.bot.rooms.test_lessonspace import LEARNER

by_call = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.line)
_POWERS = dict(zip(TokenRole, Power, strict=True))


async def ask(endpoint: Endpoint) -> tuple[Request, Any]:
    """The one request that our call makes, and what it makes of the answer."""
    async with (
        RecordedServer(answer(endpoint.answers, endpoint.status)) as server,
        open_client(connections=1) as client,
    ):
        given = await endpoint.ask(build_service(client, server.url))
        [request] = server.requests
    return request, given


def test_every_call_has_its_row() -> None:
    """As the reference lists them; a new one there gets its row here first."""
    assert {endpoint.line for endpoint in ENDPOINTS} == {
        "POST /rooms",
        "GET /rooms/{uuid}",
        "GET /rooms",
        "PATCH /rooms/{uuid}",
        "POST /tokens/teams",
        "POST /tokens/rooms/{uuid}",
        "POST /tokens/tasks/{uuid}",
    }


async def test_every_call_of_ours_is_in_a_row() -> None:
    """Whatever the client has beside the `RoomService` is asked for by some row."""
    seen: set[str] = set()

    class Listening(AgoraWhiteboard):
        def __getattribute__(self, name: str) -> Any:
            seen.add(name)
            return super().__getattribute__(name)

    as_service = {name for name, _ in inspect.getmembers(NothingAfterwards)} | {"launch", "close_room", "check_account"}
    own = {name for name in vars(AgoraWhiteboard) if not name.startswith("_")} - as_service
    own -= {"name", "capabilities"}
    for endpoint in ENDPOINTS:
        recorded = RecordedServer(answer(endpoint.answers, endpoint.status))
        async with recorded as server, open_client(connections=1) as client:
            service = build_service(client, server.url)
            service.__class__ = Listening
            await endpoint.ask(service)

    assert own
    assert own <= seen


@by_call
async def test_every_call_is_asked_where_it_is_documented(endpoint: Endpoint) -> None:
    """Method and address, with its region, and with a token that may do this and no more."""
    request, _ = await ask(endpoint)

    method, address, _ = request.line.split()
    path = urlsplit(address).path.removeprefix("/v2").replace(UUID, "{uuid}")
    assert endpoint.line == f"{method} {path}"
    assert "eu" == request.headers["region"]
    assert "authorization" not in request.headers
    if endpoint.signs_as is None:
        assert "token" not in request.headers
    else:
        token = open_token(request.headers["token"], access_key=ACCESS, secret_key=SECRET)
        assert ("sdk", _POWERS[endpoint.signs_as]) == (token.kind, token.power)


@by_call
async def test_every_parameter_and_field_is_sent(endpoint: Endpoint) -> None:
    """Each of the row's with its value, and no other; a body says that it is JSON."""
    request, _ = await ask(endpoint)

    query = parse_qs(urlsplit(request.line.split()[1]).query)
    assert {row.name: [row.value] for row in endpoint.parameters} == query
    if endpoint.body:
        assert {row.name: row.value for row in endpoint.body} == request.get_json()
        assert "application/json" == request.headers["content-type"]
    else:
        assert b"" == request.body


@by_call
async def test_every_field_of_an_answer_is_read(endpoint: Endpoint) -> None:
    """Into the record's field, with its value; nothing that is documented lands in `extra`. A token is as it came."""
    _, given = await ask(endpoint)

    if endpoint.gives is not None:
        assert endpoint.gives == given
    elif endpoint.gives_room:
        [room] = given if isinstance(given, list) else [given]
        assert {row.field: row.read for row in ROOM} == {row.field: getattr(room, row.field) for row in ROOM}
        assert {} == room.extra
    else:
        assert (UUID, False) == (given.uuid, given.is_ban)


def test_every_field_of_a_room_has_its_row() -> None:
    """The record knows no field that the table does not, nor the reverse."""
    assert {item.name for item in fields(RoomRecord)} - {"extra"} == {row.field for row in ROOM}


async def test_every_region_of_the_reference_can_be_used() -> None:
    """And no other; the stand-in knows the same."""
    assert ("us-sv", "sg", "in-mum", "eu", "cn-hz") == REGIONS == gate.REGIONS
    for region in REGIONS:
        async with RecordedServer(answer([])) as server, open_client(connections=1) as client:
            await build_service(client, server.url, region=region).check_account()
            assert region == server.requests[0].headers["region"]


async def test_everything_that_joining_needs_is_handed_to_the_page() -> None:
    """As text, since it goes through the page's data."""
    async with RecordedServer(answer({"uuid": UUID}, 201)) as server, open_client(connections=1) as client:
        launch = await build_service(client, server.url).launch(LEARNER)

    assert launch.embed is not None
    assert JOINING.keys() == launch.embed.values.keys()
    assert all(value and isinstance(value, str) for value in launch.embed.values.values())
