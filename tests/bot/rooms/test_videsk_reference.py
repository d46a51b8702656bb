"""The rooms API's reference and our client hold each other: no call, parameter or field is without its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from bot.rooms.answers import parse_moment
from bot.rooms.http import open_client
from bot.rooms.videsk import CALLS_PER_SECOND, Videsk
from bot.sandbox.videsk.judging import CHANGED, CREATED, JOINED, judge_body, judge_query
from bot.sandbox.videsk.stand_in import VideskStandIn
from tests.bot.rooms.recorded import HandWound, RecordedServer, Request, answer
from tests.bot.rooms.test_videsk import clock, room
from tests.bot.rooms.videsk_reference import CALLS, REFUSED_THERE, SAID_IN, Call, Told, told

__all__ = ["clock", "room"]

by_line = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.line)


async def ask(call: Call, answers: object) -> tuple[Request, Any]:
    """Our call as it is sent, and what we make of this answer."""
    async with RecordedServer(answer(answers)) as server, open_client(connections=1) as client:
        url = server.url.removesuffix("v2/")
        service = Videsk(client, api_token="t", api_url=url, timing=HandWound().as_timing())
        made = await call.ask(service)
        [request] = server.requests
        return request, made


def test_every_call_has_its_row() -> None:
    """As the reference lists them; a new one there gets its row here first."""
    assert sorted([call.line for call in CALLS] + list(REFUSED_THERE)) == [
        "DELETE /vpaas/rooms/{room}",
        "GET /vpaas/rooms",
        "GET /vpaas/rooms/{room}",
        "PATCH /vpaas/rooms/{room}",
        "POST /vpaas/rooms",
        "POST /vpaas/rooms/{room}/join",
    ]


@by_line
async def test_every_call_is_asked_as_it_is_documented(call: Call) -> None:
    """Method, address, each parameter and each field under the API's own name, and no other."""
    request, _ = await ask(call, call.answers)
    method, address, _ = request.line.split()
    parts = urlsplit(address)

    assert f"{method} {unquote(parts.path)}" == call.line
    assert dict(parse_qsl(parts.query)) == call.query
    assert (request.get_json() if request.body else None) == call.body
    assert request.headers["authorization"] == "Bearer t"


@by_line
async def test_every_field_of_an_answer_is_read(call: Call) -> None:
    """Into the record's field, with its value."""
    _, made = await ask(call, build_sample(call.told))

    for row in call.told:
        assert is_same(find(made, row.ours), row.value), row.path


@pytest.mark.parametrize("call", [call for call in CALLS if call.told_in], ids=lambda call: call.line)
def test_every_field_of_a_record_has_its_row(call: Call) -> None:
    """A record has nothing that no answer is known to tell."""
    assert sorted(list_paths(call.told_in)) == sorted(row.ours for row in call.told)


@pytest.mark.parametrize("kind", SAID_IN, ids=lambda kind: kind.__name__)
def test_everything_that_can_be_said_is_said_in_the_table(kind: Any) -> None:
    """No parameter of ours is left out of the calls that are compared above."""
    said = SAID_IN[kind]

    assert [item.name for item in fields(kind) if getattr(said, item.name) is None] == []


@by_line
def test_the_stand_in_takes_each_call_as_the_table_has_it(call: Call) -> None:
    """So that it and the reference cannot drift apart either."""
    if call.body is not None:
        allowed = {"POST /vpaas/rooms": CREATED, "PATCH /vpaas/rooms/{room}": CHANGED}.get(call.line, JOINED)
        assert judge_body(dict(call.body), allowed) == call.body
        assert allowed.keys() == call.body.keys()
    if call.query:
        judge_query(list(call.query.items()))


async def test_what_is_always_refused_there_is_not_ours(room: VideskStandIn) -> None:
    """A stand-in refuses it too, and no method of the client is for it."""
    async with open_client(connections=1) as client:
        headers = {"Authorization": f"Bearer {room.api_token}"}
        refused = await client.delete(f"{room.api_url}vpaas/rooms/r-1", headers=headers)

    assert refused.status_code == 403
    assert refused.json()["message"] == "Not allowed"
    assert [name for name in dir(Videsk) if "delete" in name] == []


def test_the_pace_is_just_under_the_documented_rate() -> None:
    """20 a second, for the account."""
    assert 15 <= CALLS_PER_SECOND < 20


def test_a_field_that_went_missing_is_noticed() -> None:
    """The checks above see a field that a record lost, or has too many."""
    rows = (told("data[].hat", 1, "data[].hat"), told("data[].id", 2, "data[].id"))

    assert build_sample(rows) == {"data": [{"hat": 1, "id": 2}]}
    assert not is_same(None, 1)
    assert find({"data": [{"hat": 1}]}, "data[].hat") == 1


def find(whole: Any, path: str) -> Any:
    """What lies at the path of a record; the first of each array. No path: the whole."""
    for name in path.split(".") if path else ():
        plain = name.removesuffix("[]")
        whole = whole.get(plain) if isinstance(whole, dict) else getattr(whole, plain)
        if name.endswith("[]"):
            whole = whole[0]
    return whole


def build_sample(rows: tuple[Told, ...]) -> dict[str, Any]:
    """An answer with all the rows' values."""
    sample: dict[str, Any] = {}
    for row in rows:
        here = sample
        *outer, last = row.path.split(".")
        for name in outer:
            if name.endswith("[]"):
                here = here.setdefault(name.removesuffix("[]"), [{}])[0]
            else:
                here = here.setdefault(name, {})
        here[last] = row.value
    return sample


def is_same(read: Any, value: object) -> bool:
    """Whether that was made of this: stamps are instants."""
    moment = parse_moment(value) if isinstance(value, str) else None
    return bool(read == (moment or value))


def list_paths(record: Any, prefix: str = "") -> Iterator[str]:
    """Every field without fields of its own."""
    for name, hint in get_type_hints(record).items():
        parts = [part for part in get_args(hint) if part is not type(None)] or [hint]
        is_array = get_origin(hint) is tuple
        if is_dataclass(parts[0]):
            yield from list_paths(parts[0], f"{prefix}{name}{'[]' if is_array else ''}.")
        else:
            yield prefix + name
