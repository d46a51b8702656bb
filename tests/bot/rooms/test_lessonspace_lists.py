"""The service's lists: each filter as it is read there, pages only as far as wanted, both shapes, and broken ones."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.errors import RoomServiceBusy, RoomServiceDown, RoomServiceNonsense, RoomServiceRefused
from bot.rooms.http import Patience, open_client
from bot.rooms.lessonspace import Lessonspace
from bot.rooms.lessonspace_lists import SessionFilters, SpaceFilters, UserFilters
from tests.bot.rooms.recorded import START, HandWound, RecordedServer, answer, half
from tests.bot.rooms.test_lessonspace import KEY, build_service

OWN = answer({"id": 4711, "name": "North"})
"""The answer about whose key it is, which the organisation's lists ask for first."""

SPACE = {"slug": "r-1", "name": "Algebra", "created_at": "2030-03-01T08:00:00Z"}
USER = {"id": 501, "name": "Ben", "role": "student"}
ROOT = "/v2/organisations/4711"

Listing = Callable[[Lessonspace], AsyncIterator[Any]]
SESSIONS: Listing = lambda service: service.iterate_sessions()  # noqa: E731
SPACE_SESSIONS: Listing = lambda service: service.iterate_space_sessions("r/1?")  # noqa: E731
SPACES: Listing = lambda service: service.iterate_spaces()  # noqa: E731
USERS: Listing = lambda service: service.iterate_users()  # noqa: E731


def session(uuid: str, **more: object) -> dict[str, object]:
    return {"uuid": uuid, "start_time": "2030-03-04T15:00:00Z", "end_time": None, "profiles": [], "guests": []} | more


async def read(listing: Listing, *recorded: object, tries: int = 1) -> tuple[list[Any], list[str]]:
    """What was listed, and the request lines but for the one about whose key it is."""
    pages = [page if isinstance(page, bytes) else answer(page) for page in recorded]
    own = [] if listing is SPACE_SESSIONS else [OWN]
    async with RecordedServer(*own, *pages) as server, open_client(connections=1) as client:
        service = build_service(client, server.url, patience=Patience(tries=tries))
        found = [entry async for entry in listing(service)]
        assert not server.scripts, "not every page was asked for"
        return found, [request.line for request in server.requests[len(own) :]]


def ask(line: str) -> tuple[str, list[tuple[str, str]]]:
    """Path and parameters of a request line."""
    parts = urlsplit(line.split()[1])
    return parts.path, parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))


async def test_every_filter_of_sessions_as_the_api_reads_it() -> None:
    """Several people and rooms in one parameter with an encoded &, tags as JSON, seconds whole, stamps with a zone.

    Lengths and moments are cut outward: more may be found by it, never less.
    """
    filters = SessionFilters(
        search="Fractions & more",
        page=3,
        in_progress_only=True,
        duration_min=timedelta(seconds=90.5),
        duration_max=timedelta(seconds=90.5),
        start_time_after=datetime(2030, 3, 4, 16, 0, 0, 900_000, tzinfo=timezone(timedelta(hours=1))),
        start_time_before=START + timedelta(microseconds=1),
        end_time_after=START,
        end_time_before=START,
        date_after=START,
        date_before=START,
        user=("501", "502"),
        space=("r-1", "r-2"),
        launch_id="room 1",
        tags={"hallpass_lesson": "l-1", "any": ""},
        user_external_id="k-ben",
        user_name="Bén",
    )

    _, [line] = await read(lambda service: service.iterate_sessions(filters), [])

    path, query = ask(line)
    assert path == f"{ROOT}/sessions/"
    assert "user=501%26502" in line
    assert dict(query) == {
        "search": "Fractions & more",
        "page": "3",
        "include_single_user": "true",
        "in_progress_only": "true",
        "duration_min": "90",
        "duration_max": "91",
        "start_time_after": "2030-03-04T15:00:00Z",
        "start_time_before": "2030-03-04T15:00:01Z",
        "end_time_after": "2030-03-04T15:00:00Z",
        "end_time_before": "2030-03-04T15:00:00Z",
        "date_after": "2030-03-04T15:00:00Z",
        "date_before": "2030-03-04T15:00:00Z",
        "user": "501&502",
        "space": "r-1&r-2",
        "launch_id": "room 1",
        "tags": json.dumps({"hallpass_lesson": "l-1", "any": ""}, separators=(",", ":")),
        "user_external_id": "k-ben",
        "user_name": "Bén",
    }


@pytest.mark.parametrize(
    "listing, path, query",
    [
        (SESSIONS, f"{ROOT}/sessions/", [("include_single_user", "true")]),
        (SPACE_SESSIONS, "/v2/spaces/r%2F1%3F/sessions/", [("include_single_user", "true")]),
        (lambda service: service.iterate_sessions(SessionFilters(include_single_user=False)), f"{ROOT}/sessions/", []),
        (lambda service: service.iterate_sessions(SessionFilters(duration_min=timedelta(0))), f"{ROOT}/sessions/",
         [("include_single_user", "true"), ("duration_min", "0")]),
        (SPACES, f"{ROOT}/spaces/", []),
        (USERS, f"{ROOT}/users/", []),
        (
            lambda service: service.iterate_spaces(
                SpaceFilters(
                    session=("s-1", "s-2"), tag_key="year", tag_value="7", user=("501",), assigned_to=("1", "2"),
                    search="x", page=2, date_after=START, date_before=START,
                )
            ),
            f"{ROOT}/spaces/",
            [("search", "x"), ("page", "2"), ("session", "s-1"), ("session", "s-2"), ("tag_key", "year"),
             ("tag_value", "7"), ("user", "501"), ("assigned_to", "1"), ("assigned_to", "2"),
             ("date_after", "2030-03-04T15:00:00Z"), ("date_before", "2030-03-04T15:00:00Z")],
        ),
        (
            lambda service: service.iterate_users(
                UserFilters(role=("teacher", "admin"), space=("r-1",), session=("s-1",), search="Ben", page=1)
            ),
            f"{ROOT}/users/",
            [("search", "Ben"), ("page", "1"), ("role", "teacher"), ("role", "admin"), ("space", "r-1"),
             ("session", "s-1")],
        ),
    ],
)  # fmt: skip
async def test_only_what_was_asked_for_is_a_filter(listing: Listing, path: str, query: list[tuple[str, str]]) -> None:
    """Solo sessions are always asked for, since the service leaves them out by itself."""
    own = [] if listing is SPACE_SESSIONS else [OWN]
    async with RecordedServer(*own, answer([])) as server, open_client(connections=1) as client:
        found = [entry async for entry in listing(build_service(client, server.url))]

    assert found == []
    assert ask(server.requests[-1].line) == (path, query)


async def test_filters_that_cannot_be_are_refused() -> None:
    """The service would ignore them in silence."""
    client: Any = None
    service = Lessonspace(client, api_key=KEY)
    with pytest.raises(ValueError, match="no filter for spaces"):
        await anext(service.iterate_space_sessions("r-1", SessionFilters(space=("r-1",))))
    with pytest.raises(ValueError, match="only work together"):
        SpaceFilters(tag_key="year")
    with pytest.raises(ValueError, match="no time zone"):
        SessionFilters(date_after=START.replace(tzinfo=None))


@pytest.mark.parametrize(
    "listing, entries",
    [
        (SESSIONS, [session("s-1"), session("s-2"), session("s-3")]),
        (SPACE_SESSIONS, [session("s-1", logs=[]), session("s-2", logs=[]), session("s-3", logs=[])]),
        (SPACES, [SPACE, SPACE | {"slug": "r-2"}, SPACE | {"slug": "r-3"}]),
        (USERS, [USER, {"user": 502}, {"id": "503"}]),
    ],
)
async def test_both_shapes_give_the_same(listing: Listing, entries: list[Any]) -> None:
    """An envelope of pages, or one bare list: every entry once, in the service's order, repeated ones left out."""
    bare, lines = await read(listing, entries)
    first = {"count": 3, "next": "?page=2", "previous": None, "results": entries[:2]}
    second = {"count": 3, "next": None, "previous": "?page=1", "results": entries[1:]}
    paged, more_lines = await read(listing, first, second)

    assert len(bare) == 3
    assert bare == paged
    assert [len(lines), len(more_lines)] == [1, 2]


@pytest.mark.parametrize(
    "following",
    ["?page=2", f"{ROOT}/sessions/?page=2", "http://127.0.0.1:{port}" + f"{ROOT}/sessions/?page=2"],
)
async def test_the_next_page_is_where_it_is_said_to_be(following: str) -> None:
    """Absolute, from the root, or just its parameters."""
    async with RecordedServer(OWN) as server, open_client(connections=1) as client:
        page = {"results": [session("s-1")], "next": following.replace("{port}", str(server.port))}
        server.scripts += [answer(page), answer({"results": [session("s-2")], "next": None})]
        found = [entry.uuid async for entry in build_service(client, server.url).iterate_sessions()]

    assert found == ["s-1", "s-2"]
    assert ask(server.requests[-1].line) == (f"{ROOT}/sessions/", [("page", "2")])
    assert server.requests[-1].headers["authorization"] == f"Organisation {KEY}"


@pytest.mark.parametrize(
    "following",
    [
        "https://elsewhere.example/v2/organisations/4711/sessions/?page=2",
        "//elsewhere.example/v2/",
        "http://127.0.0.1:1/v2/",
        "ftp://127.0.0.1/",
        "http://[broken",
    ],
)
async def test_a_next_page_elsewhere_is_not_asked_for(following: str) -> None:
    """It would carry the key away."""
    with pytest.raises(RoomServiceNonsense):
        await read(SESSIONS, {"results": [], "next": following})


async def test_a_page_is_asked_for_when_its_first_entry_is_wanted() -> None:
    """Whoever wants three of a million does not wait for the rest."""
    page = {"results": [session("s-1"), session("s-2")], "next": "?page=2"}
    async with RecordedServer(OWN, answer(page)) as server, open_client(connections=1) as client:
        async with aclosing(build_service(client, server.url).iterate_sessions()) as found:  # type: ignore[type-var]
            assert [(await anext(found)).uuid, (await anext(found)).uuid] == ["s-1", "s-2"]

        assert len(server.requests) == 2


@pytest.mark.parametrize("listing", [SESSIONS, SPACE_SESSIONS, SPACES, USERS])
@pytest.mark.parametrize(
    "broken, error",
    [
        (answer("<!doctype html><title>Maintenance</title>", 200), RoomServiceNonsense),
        (answer("<!doctype html><title>Maintenance</title>", 503), RoomServiceDown),
        (half(answer({"results": [], "next": None})), RoomServiceDown),
        (answer({"results": {}}), RoomServiceNonsense),
        (answer({"results": ["x"]}), RoomServiceNonsense),
        (answer({"results": [{}]}), RoomServiceNonsense),
        (answer({"results": [], "next": 2}), RoomServiceNonsense),
        (answer([None]), RoomServiceNonsense),
        (answer({"count": 0}), RoomServiceNonsense),
        (answer({"detail": "No."}, 403), RoomServiceRefused),
        (answer({}, 429, Retry_After="60"), RoomServiceBusy),
        (b"", RoomServiceDown),
    ],
)
async def test_a_broken_list_is_an_error_and_not_a_shorter_one(
    listing: Listing, broken: bytes, error: type[Exception]
) -> None:
    """Pages, half pages, other shapes, entries that say not even which they are."""
    with pytest.raises(error):
        await read(listing, broken)


async def test_an_empty_list_is_empty() -> None:
    """In either shape."""
    pages: tuple[object, ...] = ([], {"count": 0, "next": None, "previous": None, "results": []})
    for page in pages:
        assert (await read(USERS, page))[0] == []


async def test_pages_in_a_circle_are_left() -> None:
    """Each names the other as the next."""
    pages = [{"results": [session(f"s-{number}")], "next": f"?page={number}"} for number in (2, 1, 2)]

    with pytest.raises(RoomServiceNonsense) as caught:
        await read(SESSIONS, *pages)

    assert caught.value.field == "next"


@pytest.mark.parametrize(
    "listing, entry, field",
    [
        (SESSIONS, {"start_time": "2030-03-04T15:00:00Z"}, "sessions[1].uuid"),
        (SESSIONS, {"uuid": "s-2"}, "sessions[1].start_time"),
        (SPACES, {"id": 3}, "spaces[1].slug"),
        (USERS, {"name": "Ben"}, "users[1].id"),
        (SPACE_SESSIONS, session("s-2", logs=[{"id": 1, "log_type": "user-joined"}]), "sessions[1].logs[0].date"),
    ],
)
async def test_a_missing_field_is_named(listing: Listing, entry: object, field: str) -> None:
    """With the place where it is missing."""
    good = {SPACES: SPACE, USERS: USER}.get(listing, session("s-1"))

    with pytest.raises(RoomServiceNonsense) as caught:
        await read(listing, [good, entry])

    assert caught.value.field == field


async def test_all_limited_calls_share_one_pace_and_the_others_keep_none() -> None:
    """Lists, one session, its change and its transcript are counted together; spaces, users and playback are not."""
    time = HandWound()
    whole = session("s-1", space=SPACE)
    answers = [
        OWN,
        answer([]),
        answer([]),
        answer(whole),
        answer({"name": "x"}),
        answer({}, 404),
        answer([]),
        answer([]),
    ]
    async with (
        RecordedServer(*answers, answer({}, 404), answer({}, 404)) as server,
        open_client(connections=1) as client,
    ):
        service = Lessonspace(client, api_key=KEY, api_url=server.url, timing=time.as_timing())
        assert [entry async for entry in service.iterate_sessions()] == []
        assert [entry async for entry in service.iterate_space_sessions("r-1")] == []
        await service.fetch_session("s-1")
        await service.settle_session("s-1", name="x", audiences=None)
        await service.fetch_transcript("s-1")
        limited_sleeps = len(time.sleeps)
        assert [entry async for entry in service.iterate_spaces()] == []
        assert [entry async for entry in service.iterate_users()] == []
        await service.fetch_recording("s-1")

    assert limited_sleeps == 4 == len(time.sleeps)


async def test_what_is_not_known_of_an_entry_is_kept() -> None:
    """At every depth, and beside what is."""
    entry = session("s-1", mood="good", profiles=[{"user": 501, "hat": "blue"}], space=SPACE | {"floor": 3})

    [[record], _] = await read(SESSIONS, [entry])

    assert record.extra == {"mood": "good"}
    assert record.profiles[0].extra == {"hat": "blue"}
    assert record.space.extra == {"floor": 3}


@pytest.mark.parametrize(
    "told, expected",
    [
        ('{"hallpass_lesson": "l-1", "any": ""}', {"hallpass_lesson": "l-1", "any": ""}),
        ({"hallpass_lesson": "l-1"}, {"hallpass_lesson": "l-1"}),
        ('{"year": 7, "a": "b"}', {"a": "b"}),
        ("", {}),
        ("maths, year 7", {}),
        ("[1]", {}),
        ("[" * 100_000, {}),
        (None, {}),
        (["hallpass_lesson"], {}),
    ],
)
async def test_tags_are_read_where_they_are_an_object(told: object, expected: dict[str, str]) -> None:
    """They come as a text; what is in it is not documented, and nothing is made up of it."""
    [[record], _] = await read(SESSIONS, [session("s-1", tags=told)])

    assert record.tags == expected


@pytest.mark.parametrize(
    "told, expected",
    [
        ({"playback_url": "https://api.example/p"}, True),
        ({"playback_url": ""}, False),
        ({}, False),
        ({"playback_url": "https://api.example/p", "recording_available": False}, False),
        ({"recording_available": True}, True),
        ({"recording_available": True, "recording_deleted": True}, False),
        ({"playback_url": "https://api.example/p", "recording_deleted": True}, False),
    ],
)
async def test_a_recording_is_there_as_newer_and_older_answers_say_so(told: dict[str, Any], expected: bool) -> None:
    """Older ones have an address or none, newer ones say it outright."""
    [[record], _] = await read(SESSIONS, [session("s-1", **told)])

    assert record.has_recording is expected
