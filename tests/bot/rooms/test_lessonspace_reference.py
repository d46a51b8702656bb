"""The API reference and our client hold each other: no endpoint, filter or field is without its place, or out of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from pydantic import BaseModel

from bot.rooms.answers import parse_moment
from bot.rooms.http import open_client
from bot.rooms.lessonspace import Lessonspace
from bot.rooms.lessonspace_body import FEATURES, SPELLINGS, LaunchBody
from bot.rooms.lessonspace_launch import MORE_REPORTS, build_launch_body, find_option_problems
from storage.records import Role
from tests.bot.rooms.lessonspace_reference import (
    ENDPOINTS,
    LAUNCH,
    NEWER_FEATURES,
    OLDER_FEATURES,
    UNDOCUMENTED_CALLS,
    Endpoint,
    Sent,
    Told,
)
from tests.bot.rooms.recorded import HandWound, RecordedServer, answer
from tests.bot.rooms.test_lessonspace import KEY, LEARNER

PLAIN = replace(LEARNER, role=Role.OBSERVER, records=True, transcribes=True, leaves_at_close=False)
"""A lesson and a person for whom every option makes sense."""

by_line = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.line)


def test_every_endpoint_has_its_row() -> None:
    """As the reference lists them; a new one there gets its row here first."""
    assert [endpoint.line for endpoint in ENDPOINTS] == [
        "GET /organisations/{organisation}/sessions/",
        "GET /organisations/{organisation}/sessions/{session}/",
        "PATCH /organisations/{organisation}/sessions/{session}/",
        "GET /organisations/{organisation}/sessions/{session}/transcript/",
        "GET /organisations/{organisation}/spaces/",
        "GET /organisations/{organisation}/users/",
        "DELETE /organisations/{organisation}/users/{user}/",
        "GET /sessions/{session}/playback/",
        "POST /spaces/launch/",
        "GET /spaces/{space}/sessions/",
    ]


@by_line
async def test_every_endpoint_is_asked_where_it_is_documented(endpoint: Endpoint) -> None:
    """Method, address with its trailing slash, and, where it is limited, in its turn."""
    lines, _, turns = await ask(endpoint, times=2)

    assert endpoint.line in lines
    assert {line for line in lines if line != endpoint.line} <= set(UNDOCUMENTED_CALLS)
    assert turns == (1 if endpoint.is_limited else 0)


@by_line
async def test_every_filter_is_sent(endpoint: Endpoint) -> None:
    """Each of the row's, under the API's own name, and no other; what is left out says why."""
    _, queries, _ = await ask(endpoint, times=1)
    ours = {item.name for item in fields(endpoint.filters_in)} if endpoint.filters_in else set()

    assert queries[-1].keys() == endpoint.filters.keys()
    assert ours - endpoint.filters.keys() <= endpoint.left_out.keys()
    assert all(endpoint.left_out.values())


async def ask(endpoint: Endpoint, *, times: int) -> tuple[list[str], list[dict[str, list[str]]], int]:
    """The requests' lines and parameters, and how often one had to wait for its turn."""
    time = HandWound()
    async with RecordedServer() as server, open_client(connections=1) as client:
        service = Lessonspace(client, api_key=KEY, api_url=server.url, timing=time.as_timing())
        if "{organisation}" in endpoint.line:
            server.scripts.append(answer({"id": 4711}))
        server.scripts += [answer(endpoint.answers)] * times
        for _ in range(times):
            await endpoint.ask(service)
        asked = [request.line.split() for request in server.requests]
    addresses = [urlsplit(address) for _, address, _ in asked]
    lines = [
        f"{method} {unquote(parts.path).removeprefix('/v2').replace('/4711/', '/{organisation}/')}"
        for (method, _, _), parts in zip(asked, addresses, strict=True)
    ]
    return lines, [parse_qs(parts.query) for parts in addresses], len(time.sleeps)


@pytest.mark.parametrize("row", LAUNCH, ids=lambda row: row.path)
def test_every_field_of_a_launch_can_be_said(row: Sent) -> None:
    """By what decides it: the lesson and the person, or the workspace's options; and never by both unchecked."""
    options = nest(row.path, row.value)
    if row.path.startswith("auth_external."):  # one whole, or none
        options["auth_external"] = {"method": "child", "url": "https://x.example/", "token": "x"} | options[
            "auth_external"
        ]
    by: dict[str, Any] = {"options": options} if row.by is None else dict(row.by)

    body = build_launch_body(replace(PLAIN, **by), more_reports=[*MORE_REPORTS])

    assert find(body, row.path) == row.value
    assert find(build_launch_body(PLAIN, more_reports=[*MORE_REPORTS]), row.path) != row.value
    if row.by is None:
        assert find_option_problems(options) == {}


def test_every_field_of_a_launch_has_its_row() -> None:
    """The model knows no field that the table does not, nor the reverse."""
    assert sorted(list_model_paths(LaunchBody)) == sorted(row.path for row in LAUNCH)


def test_every_feature_is_known_in_its_spelling() -> None:
    """Both documents' names, each of them sent."""
    assert {*OLDER_FEATURES, *NEWER_FEATURES} == {*FEATURES, *SPELLINGS.values()}
    assert set(SPELLINGS) <= set(OLDER_FEATURES)
    assert set(SPELLINGS.values()) <= set(NEWER_FEATURES)


with_told = pytest.mark.parametrize(
    "endpoint", [endpoint for endpoint in ENDPOINTS if endpoint.told], ids=lambda endpoint: endpoint.line
)


@with_told
def test_every_field_of_an_answer_is_read(endpoint: Endpoint) -> None:
    """Into the record's field of the same name, with its value; nothing that is documented lands in `extra`."""
    assert endpoint.read is not None
    record = endpoint.read(build_sample(endpoint.told))

    for row in endpoint.told:
        assert is_same(find(record, row.path), row.value), row.path
    assert [extra for extra in list_extras(record) if extra] == []


@with_told
def test_every_field_of_a_record_has_its_row(endpoint: Endpoint) -> None:
    """In the row of one endpoint that gives this record, or of another."""
    same = {row.path for other in ENDPOINTS if other.told_in is endpoint.told_in for row in other.told}
    assert endpoint.told_in is not None

    assert set(list_record_paths(endpoint.told_in)) == same


def test_a_field_that_went_missing_is_noticed() -> None:
    """The checks above see a field that a model or a record lost, or has too many."""

    class Smaller(BaseModel):
        user: dict[str, str] = {}

    assert list(list_model_paths(Smaller)) == ["user"]
    sample = build_sample((Told(path="logs[].hat", value=1), Told(path="logs[].id", value=2)))
    assert sample == {"logs": [{"hat": 1, "id": 2}]}
    assert not is_same(None, 1)
    assert not is_same("x", "y")


def nest(path: str, value: object) -> dict[str, Any]:
    """`{"a": {"b": value}}` for `a.b`."""
    name, _, rest = path.partition(".")
    return {name: nest(rest, value) if rest else value}


def find(whole: Any, path: str) -> Any:
    """What lies at the path of a body or of a record; the first of each array."""
    for name in path.split("."):
        plain = name.removesuffix("[]")
        whole = whole.get(plain) if isinstance(whole, dict) else getattr(whole, plain, None)
        if name.endswith("[]"):
            whole = whole[0] if whole else None
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


def is_same(read: Any, told: object) -> bool:
    """Whether that was made of this: ids are text, stamps instants, tags objects, arrays tuples."""
    if isinstance(told, list):
        return bool(read == tuple(told))
    if isinstance(read, dict):
        return str(read).replace("'", '"') == told
    if isinstance(told, str) and (moment := parse_moment(told)):
        return bool(read == moment)
    return bool(read == told) or (isinstance(told, int) and not isinstance(told, bool) and read == str(told))


def list_model_paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every field without fields of its own, by the API's names."""
    for name, item in model.model_fields.items():
        path = prefix + (item.alias or name)
        inner = [kind for kind in (item.annotation, *get_args(item.annotation)) if is_model(kind)]
        if inner:
            yield from list_model_paths(inner[0], f"{path}.")
        else:
            yield path


def is_model(kind: Any) -> bool:
    return isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, BaseModel)


def list_record_paths(record: Any, prefix: str = "") -> Iterator[str]:
    """Every field without fields of its own, but `extra`."""
    for name, hint in get_type_hints(record).items():
        if name == "extra":
            continue
        parts = [part for part in get_args(hint) if part is not type(None)] if is_union(hint) else [hint]
        is_array = get_origin(parts[0]) is tuple
        inner = get_args(parts[0])[0] if is_array else parts[0]
        if is_dataclass(inner):
            yield from list_record_paths(inner, f"{prefix}{name}{'[]' if is_array else ''}.")
        else:
            yield prefix + name


def is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType)


def list_extras(record: Any) -> Iterator[dict[str, object]]:
    """What was not known, at every depth."""
    if isinstance(record, tuple):
        for item in record:
            yield from list_extras(item)
    elif is_dataclass(record):
        for item in fields(record):
            value = getattr(record, item.name)
            if item.name == "extra":
                yield value
            else:
                yield from list_extras(value)
