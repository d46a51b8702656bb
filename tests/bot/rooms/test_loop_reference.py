"""The protocol and our client hold each other: no call, field or way of asking is without its place, or out of it."""

from __future__ import annotations

import json
from dataclasses import fields
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.rooms.answers import Fields
from bot.rooms.http import Answer, open_client
from bot.rooms.loop import Loop
from bot.rooms.loop_answers import name_field, parse_made, parse_room, parse_rooms, parse_seat
from bot.rooms.loop_records import PROVIDER, DeletedRecord, MadeRecord, ParticipantRecord, RoomRecord, SeatRecord
from bot.sandbox.loop.bodies import _ACTION_FIELDS, _NAMES
from bot.sandbox.loop.rooms import Errno
from bot.sandbox.loop.stand_in import LoopStandIn
from storage.records import Record
from tests.bot.rooms.loop_callers import TOKEN, Memory, build_recorded
from tests.bot.rooms.loop_reference import ERRNOS, LEFT_OUT, NEVER_SENT, RECORDS, ROOM, ROWS, Row
from tests.bot.rooms.recorded import START, RecordedServer, answer
from tests.bot.sandbox.callers import Machine

DOMAIN = {"launch", "close_room", "extend_room", "list_present", "list_sessions", "list_live_sessions"}
"""What the domain calls: made of the rows' calls."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.line} {row.sends.get('action', '')} {row.by}")
async def test_every_call_is_asked_as_documented(row: Row) -> None:
    """Method, address, parameters, body, and who proves how that it is them."""
    async with (
        RecordedServer(answer(row.answers, row.status)) as server,
        open_client(connections=1) as client,
        build_recorded(client, server.url, keeper=Memory(TOKEN)) as loop,
    ):
        await row.ask(loop)
    [request] = server.requests
    method, address, _ = request.line.split()
    parts = urlsplit(address)

    assert f"{method} {parts.path.removeprefix('/v2').replace('/t', '/{t}')}" == row.line
    assert dict(parse_qsl(parts.query)) == row.query
    assert (json.loads(request.body) if request.body else {}) == row.sends
    assert request.headers.get("authorization", "").partition(" ")[0] == row.by


async def test_every_call_of_the_server_has_its_row() -> None:
    """The stand-in has no route that the table does not know, nor the reverse."""
    server = LoopStandIn(Machine(START, is_frozen=True))
    routes = {f"{route.method} {route.path}".replace("{token}", "{t}") for route in server.build_routes()}

    assert {line for line in routes if " /v0" not in line} == {row.line for row in ROWS} | set(LEFT_OUT)
    assert {line.replace(" /v0/", " /") for line in routes if " /v0" in line} == {
        line for line in routes if " /v0" not in line
    }
    assert all([*LEFT_OUT.values(), *NEVER_SENT.values()])


def test_every_field_that_may_be_sent_is_in_a_row() -> None:
    """Of rooms and of every action."""
    sent: dict[str, set[str]] = {}
    for row in ROWS:
        sent.setdefault(str(row.sends.get("action", row.line)), set()).update(row.sends)

    assert sent["POST /rooms"] == _NAMES
    assert {action: sent[action] - {"action"} for action in _ACTION_FIELDS} == _ACTION_FIELDS


def test_every_call_of_the_client_has_its_row() -> None:
    """What a row asks is what the client has, and the client has nothing besides."""
    used = {name for row in ROWS for name in row.ask.__code__.co_names}
    own = {name for name, value in vars(Loop).items() if callable(value) and not name.startswith("_")}

    assert own - DOMAIN == own & used
    assert own >= DOMAIN


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_field_of_an_answer_is_read(record: type[Record]) -> None:
    """Each has its place in the record, and the record has no other."""
    assert {name_field(item.name) for item in fields(record) if item.name != "extra"} == set(RECORDS[record])  # type: ignore[arg-type]


def test_no_documented_field_is_left_over() -> None:
    """Read with their values; what nobody documented is kept aside."""
    room = parse_room(Fields(provider=PROVIDER, values=dict(ROOM) | {"newer": 1}))
    made = parse_made(Answer(status=201, body=dict(RECORDS[MadeRecord]), server_time=None), origin="http://127.0.0.1")
    seat = parse_seat(Answer(status=200, body=dict(RECORDS[SeatRecord]), server_time=None))
    [person] = room.participants or ()

    for record in (room, made, seat, person):
        missing = [item.name for item in fields(record) if getattr(record, item.name) is None]
        assert missing == []
    assert (room.extra, made.extra, seat.extra, person.extra) == ({"newer": 1}, {}, {}, {})
    assert person == ParticipantRecord(
        room_connection_id="c", display_name="Ada", owner=True, account="ada@school.example"
    )


def test_a_list_tells_rooms_from_those_that_are_gone() -> None:
    """In the server's order."""
    listed = parse_rooms(
        Answer(status=200, body=[{"roomToken": "u", "deleted": True}, {"roomToken": "t"}], server_time=None)
    )

    assert listed == [DeletedRecord(room_token="u"), RoomRecord(room_token="t")]


def test_the_stand_in_answers_with_the_documented_numbers() -> None:
    """And no others."""
    assert {int(number) for number in Errno} == set(ERRNOS)
