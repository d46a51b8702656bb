"""`hallpass room`: what it asks of the provider, what people and programs read, and that no way in slips out."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import pty
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.room_options import parse_since, parse_until
from tests.bot.commandline import CommandLine, Ran
from tests.bot.rooms.recorded import RecordedServer, Request, answer, half
from tests.bot.rooms.test_downloads import FILM, film
from tests.documents import ROOT, list_fenced

KEY = "0b9d7c1e-0000-4000-8000-00000000000a"
SESSION_ID = "0e7a51c2-52a8-4f0e-9d52-5f3c1f6f2f10"
ORGANISATION = answer({"id": 4711, "name": "Brook Lane Tutors"})
SECRETS = ("way-in", "password-nobody-reads", KEY)

ELSEWHERE = {"HALLPASS_ROOM_SERVICE": "loop", "LOOP_URL": "http://127.0.0.1:9/"}
"""Lessons take place in another room service."""

SESSION: dict[str, Any] = {
    "id": 77,
    "uuid": SESSION_ID,
    "name": "Algebra",
    "start_time": "2026-11-23T15:00:00.123456Z",
    "end_time": "2026-11-23T15:45:30.123456Z",
    "profiles": [
        {"user": 7, "name": "Ada", "role": "teacher", "email": "ada@example.org"},
        {"user": 8, "name": "=Ben", "role": "student", "email": None},
    ],
    "guests": [{"id": 1, "uuid": "3f2a9c81-0000-4000-8000-000000000001", "session": 77, "name": "Cleo"}],
    "billable_seconds": 2700,
    "tags": '{"hallpass_lesson": "abc"}',
    "recording_access_policy": ["participant"],
    "playback_url": "https://api.example.org/way-in",
    "playback_password": "password-nobody-reads",
    "brand_new": "https://example.org/way-in",
}
SPACE = {
    "id": "room",
    "slug": "5a0d0d7e-0000-4000-8000-000000000002",
    "name": "Ada and Ben",
    "organisation": 4711,
    "url": "https://www.example.org/space/way-in",
    "created_at": "2026-09-01T08:00:00Z",
    "region": "eu-west-2",
}
SPOKEN = [
    {"start_time": 1.5, "end_time": 3.0, "user": {"id": 7, "name": "Ada"}, "text": "Shall we begin?"},
    {"start_time": 4.0, "end_time": 5.0, "user": {"id": 8, "name": "Ben"}, "text": "Yes."},
]


@pytest.fixture(autouse=True)
def clock_on_the_wall() -> Iterator[None]:
    """This machine stands in Greenwich, where nobody says otherwise."""
    with stand_in("UTC"):
        yield


@contextmanager
def stand_in(zone: str) -> Iterator[None]:
    """On that zone's clock."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        yield
    time.tzset()


async def ask(
    line: CommandLine, *typed: str, answers: tuple[Any, ...] = (), columns: int = 250
) -> tuple[Ran, list[Request]]:
    """Typed, with these answers in this order, and what was asked for them."""
    async with RecordedServer(*answers) as server:
        environment = {"LESSONSPACE_API_KEY": KEY, "LESSONSPACE_API_URL": server.url, "COLUMNS": str(columns)}
        ran = await line.run_beside("room", *typed, environment=environment)
    return ran, server.requests


def page(*results: object, next_page: str | None = None) -> bytes:
    return answer({"count": 9, "next": next_page, "previous": None, "results": list(results)})


def read_query(request: Request) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.line.split()[1]).query)


def get_path(request: Request) -> str:
    method, address, _ = request.line.split()
    return f"{method} {urlsplit(address).path}"


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


# Lists


async def test_sessions_are_a_table_for_eyes(line: CommandLine) -> None:
    """When, how long, what, who, whether recorded, and the id to ask further with."""
    ran, asked = await ask(line, "sessions", answers=(ORGANISATION, page(SESSION)))

    header, row = (text.split() for text in ran.out.splitlines())
    assert ["Started", "Minutes", "Name", "People", "Rec.", "Id"] == header
    assert ["2026-11-23", "15:00", "46", "Algebra", "Ada,", "=Ben,", "Cleo", "yes", SESSION_ID] == row
    assert (0, "") == (ran.status, ran.err)
    assert "GET /v2/organisations/4711/sessions/" == get_path(asked[1])


async def test_a_narrow_table_leaves_people_out(line: CommandLine) -> None:
    """The id stays whole on one line, since it is what one asks further with; many rows keep their columns."""
    many = [SESSION | {"uuid": f"{SESSION_ID[:-2]}{number}"} for number in range(10, 55)]

    ran, _ = await ask(line, "sessions", answers=(ORGANISATION, page(*many)), columns=80)

    header, *rows = ran.out.splitlines()
    assert ["Started", "Minutes", "Name", "Rec.", "Id"] == header.split()
    assert [f"{SESSION_ID[:-2]}{number}" for number in range(10, 55)] == [row.split()[-1] for row in rows]
    assert {80} == {len(row) for row in rows}


async def test_sessions_can_be_read_by_programs(line: CommandLine) -> None:
    """JSON and CSV say the same, over all pages; nothing in CSV runs in a spreadsheet."""
    two = (ORGANISATION, page(SESSION, next_page="?page=2"), page(SESSION | {"uuid": "second", "name": "=1+1"}))

    told = json.loads((await ask(line, "sessions", "--json", answers=two))[0].out)
    rows = list(csv.DictReader(io.StringIO((await ask(line, "sessions", "--csv", answers=two))[0].out)))

    assert [SESSION_ID, "second"] == [one["session_id"] for one in told] == [row["session_id"] for row in rows]
    assert [("=1+1", "'=1+1")] == [(told[1]["name"], rows[1]["name"])]
    assert list(told[0]) == list(rows[0])
    assert "2026-11-23T15:00:00+00:00" == told[0]["started"]
    assert (45.5, 45.0, 1, "participant", "hallpass_lesson=abc") == tuple(
        told[0][name] for name in ("minutes", "billable_minutes", "guest_count", "may_watch", "tags")
    )


async def test_every_filter_reaches_the_provider_under_its_own_name(line: CommandLine) -> None:
    """Sessions of one person are asked for too unless told; days are whole days."""
    typed = (
        "--search alg --since 2026-11-01 --until 2026-11-30 --ended-since 2026-11-01T16:00+01:00 "
        "--ended-until 2026-12-01T00:00 --made-since 2026-10-01 --made-until 2026-12-31 --min-minutes 5 "
        "--max-minutes 90.5 --live --no-solo --user 7 --user 8 --space r1 --space r2 --launch-id L --person k-ben "
        "--name en --tag subject=algebra --tag hallpass_lesson --page 3"
    )

    _, asked = await ask(line, "sessions", *typed.split(), answers=(ORGANISATION, page()))

    query = {name: value for name, [value] in read_query(asked[1]).items()}
    assert {"subject": "algebra", "hallpass_lesson": ""} == json.loads(query.pop("tags"))
    assert query == {
        "search": "alg",
        "start_time_after": "2026-11-01T00:00:00Z",
        "start_time_before": "2026-12-01T00:00:00Z",
        "end_time_after": "2026-11-01T15:00:00Z",
        "end_time_before": "2026-12-01T00:00:00Z",
        "date_after": "2026-10-01T00:00:00Z",
        "date_before": "2027-01-01T00:00:00Z",
        "duration_min": "300",
        "duration_max": "5430",
        "in_progress_only": "true",
        "user": "7&8",
        "space": "r1&r2",
        "launch_id": "L",
        "user_external_id": "k-ben",
        "user_name": "en",
        "page": "3",
    }
    _, asked = await ask(line, "sessions", answers=(ORGANISATION, page()))
    assert {"include_single_user": ["true"]} == read_query(asked[1])


async def test_spaces_and_users_have_filters_of_their_own(line: CommandLine) -> None:
    """Given twice means either, as these lists read it."""
    spaces = "spaces --search x --session a --session b --user 7 --assigned-to 9 --tag k=v --since 2026-11-01"
    users = "users --search x --role teacher --role admin --space r1 --session a --page 2"

    _, [_, for_spaces] = await ask(line, *spaces.split(), answers=(ORGANISATION, page()))
    _, [_, for_users] = await ask(line, *users.split(), answers=(ORGANISATION, page()))

    assert ("GET /v2/organisations/4711/spaces/", "GET /v2/organisations/4711/users/") == (
        get_path(for_spaces),
        get_path(for_users),
    )
    assert read_query(for_spaces) == {
        "search": ["x"],
        "session": ["a", "b"],
        "user": ["7"],
        "assigned_to": ["9"],
        "tag_key": ["k"],
        "tag_value": ["v"],
        "date_after": ["2026-11-01T00:00:00Z"],
    }
    assert read_query(for_users) == {
        "search": ["x"],
        "role": ["teacher", "admin"],
        "space": ["r1"],
        "session": ["a"],
        "page": ["2"],
    }


async def test_spaces_and_users_are_listed(line: CommandLine) -> None:
    """With the ids that other commands take."""
    spaces, _ = await ask(line, "spaces", answers=(ORGANISATION, page(SPACE)))
    users, _ = await ask(line, "users", "--csv", answers=(ORGANISATION, page(SESSION["profiles"][0] | {"id": 7})))

    assert ["Ada", "and", "Ben", "2026-09-01", "08:00", "eu-west-2", SPACE["slug"]] == spaces.out.splitlines()[
        1
    ].split()
    assert [{"user_id": "7", "name": "Ada", "role": "teacher", "email": "ada@example.org"}] == list(
        csv.DictReader(io.StringIO(users.out))
    )


async def test_what_lies_beyond_the_limit_is_not_asked_for(line: CommandLine) -> None:
    """A long list is read no further than somebody wants to see."""
    first = page(*(SESSION | {"uuid": f"s{number}"} for number in range(3)), next_page="?page=2")

    ran, asked = await ask(line, "sessions", "--limit", "3", "--json", answers=(ORGANISATION, first))

    assert (0, 3, 2) == (ran.status, len(json.loads(ran.out)), len(asked))


async def test_an_empty_list_is_said(line: CommandLine) -> None:
    """In words, as an empty array, as a header."""
    outs = [(await ask(line, *typed.split(), answers=(ORGANISATION, page())))[0].out for typed in (
        "sessions", "spaces --json", "users --csv",
    )]  # fmt: skip

    assert ["No sessions.\n", "[]\n", "user_id,name,role,email\n"] == outs


async def test_a_list_that_breaks_off_is_no_list(line: CommandLine) -> None:
    """What came is shown, what went wrong is told, and the status says that it is not all."""
    lost = (half(page(SESSION)),) * 3

    ran, _ = await ask(line, "sessions", "--csv", answers=(ORGANISATION, page(SESSION, next_page="?page=2"), *lost))

    assert (2, 2) == (ran.status, len(ran.out.splitlines()))
    assert ran.err.startswith("hallpass: Lessonspace: sessions: ")
    assert 1 == len(ran.err.splitlines())


async def test_names_move_no_cursor(line: CommandLine) -> None:
    """Sessions are named by people: no control character and no markup of theirs is obeyed."""
    named = SESSION | {"name": "\x1b[2J[bold]\nAl\x9bgebra", "profiles": []}

    ran, _ = await ask(line, "sessions", answers=(ORGANISATION, page(named)))

    assert {"\x1b", "\x9b"}.isdisjoint(ran.out)
    assert "[2J[bold] Al gebra" in ran.out


def test_a_day_is_all_of_it_on_this_machines_clock() -> None:
    """Also on the day that the clocks change, which has 25 hours; an offset that is written wins."""
    with stand_in("Europe/Berlin"):
        assert datetime(2026, 10, 24, 22, 0, tzinfo=UTC) == parse_since("2026-10-25")
        assert datetime(2026, 10, 25, 23, 0, tzinfo=UTC) == parse_until("2026-10-25")
        assert datetime(2026, 10, 25, 15, 0, tzinfo=UTC) == parse_since("2026-10-25 16:00")
        assert datetime(2026, 10, 25, 14, 0, tzinfo=UTC) == parse_until("2026-10-25T16:00+02:00")


# One session


async def test_a_session_is_shown_with_its_people(line: CommandLine) -> None:
    """Facts, then everybody; who came and went only where that is asked for, from the room's own list."""
    whole = answer(SESSION | {"space": SPACE, "summary": "They began."})
    entry = {"id": 1, "log_type": "user-joined", "date": "2026-11-23T15:00:00Z", "profile": "7", "user_socket_id": "c1"}
    log = page({**SESSION, "uuid": "other", "logs": []}, {**SESSION, "logs": [entry]})

    ran, asked = await ask(line, "session", SESSION_ID, "--log", answers=(ORGANISATION, whole, log))

    rows = [" ".join(row.split()) for row in ran.out.splitlines()]
    assert ["Algebra", f"Session id {SESSION_ID}", "Started 2026-11-23 15:00"] == rows[:3]
    assert {"Summary They began.", "May watch participant", "Space Ada and Ben"} <= set(rows)
    assert "7 Ada teacher ada@example.org" in rows
    assert "2026-11-23 15:00:00 user-joined Ada c1" in rows
    assert f"GET /v2/spaces/{SPACE['slug']}/sessions/" == get_path(asked[2])
    told = json.loads((await ask(line, "session", SESSION_ID, "--json", answers=(ORGANISATION, whole)))[0].out)
    assert "log" not in told
    assert "Ada and Ben" == told["space"]["name"]


async def test_a_session_is_renamed(line: CommandLine) -> None:
    """And what it is called then is told, as the provider says."""
    named = SESSION | {"name": "Geometry", "space": SPACE}

    ran, asked = await ask(line, "rename", SESSION_ID, "Geometry", answers=(ORGANISATION, answer(named), answer(named)))

    assert (0, "The session is called Geometry now.\n") == (ran.status, ran.out)
    assert f"PATCH /v2/organisations/4711/sessions/{SESSION_ID}/" == get_path(asked[1])
    assert {"name": "Geometry"} == asked[1].get_json()


@pytest.mark.parametrize(
    ("typed", "sent", "said"),
    [
        ("participant teacher", ["participant", "teacher"], "participant, teacher"),
        ("organisation", [], "as the organisation has it"),
        ("public", ["public"], "public"),
    ],
)
async def test_who_may_watch_is_set_under_the_name_that_is_there(
    line: CommandLine, typed: str, sent: list[str], said: str
) -> None:
    """Their API takes a policy only with a name, and renaming is not what was asked for."""
    before = answer(SESSION | {"space": SPACE})
    after = answer(SESSION | {"space": SPACE, "recording_access_policy": sent})

    ran, asked = await ask(line, "policy", SESSION_ID, *typed.split(), answers=(ORGANISATION, before, after, after))

    assert (0, f"Who may watch the recording of Algebra: {said}.\n") == (ran.status, ran.out)
    assert {"name": "Algebra", "recording_access_policy": sent} == asked[2].get_json()
    assert ("public means anybody" in ran.err) == (typed == "public")


@pytest.mark.parametrize("typed", ["session", "rename", "policy", "transcript", "recording"])
async def test_a_session_that_is_not_there_is_named(line: CommandLine, typed: str) -> None:
    """In one line, with a status of its own."""
    rest = {"rename": ["Geometry"], "policy": ["admin"]}.get(typed, [])
    missing = answer({}, 404)
    # A recording is asked for at two addresses, of which only the second has the organisation in it.
    answers = (missing, ORGANISATION, missing) if typed == "recording" else (ORGANISATION, missing)

    ran, _ = await ask(line, typed, "no-such", *rest, answers=answers)

    assert (1, "") == (ran.status, ran.out)
    [told] = ran.err.splitlines()
    assert told.startswith("hallpass: Lessonspace ")
    assert "session no-such" in told


# Transcripts and recordings


def speak(port: int) -> bytes:
    return answer({"transcriptionUrl": f"http://127.0.0.1:{port}/file?way-in"})


async def hand_over(line: CommandLine, *typed: str) -> tuple[Ran, list[Request]]:
    """A transcript, which lies on another server than the API."""
    async with RecordedServer(answer(SPOKEN)) as elsewhere:
        answers = (ORGANISATION, answer(SESSION | {"space": SPACE}), speak(elsewhere.port))
        ran, _ = await ask(line, "transcript", SESSION_ID, *typed, answers=answers)
    return ran, elsewhere.requests


async def test_a_transcript_is_read(line: CommandLine) -> None:
    """As text, on the clock that was asked for; the key does not go where the file lies."""
    ran, [asked] = await hand_over(line, "--zone", "Europe/Berlin")

    assert 0 == ran.status
    assert ["Algebra", "2026-11-23 16:00 (Europe/Berlin)"] == ran.out.splitlines()[:2]
    assert ran.out.endswith("[16:00:01] Ada: Shall we begin?\n[16:00:04] Ben: Yes.\n")
    assert "authorization" not in asked.headers


@pytest.mark.parametrize(
    ("typed", "begins"),
    [
        ("-o said.vtt", "WEBVTT"),
        ("-o said.json", "{"),
        ("-o said", "Algebra"),
        ("-o said.txt --format vtt", "WEBVTT"),
    ],
)
async def test_a_transcript_is_saved_as_its_name_ends(line: CommandLine, typed: str, begins: str) -> None:
    """Unless told otherwise; nobody else may read it."""
    path = line.folder / typed.split()[1]

    ran, _ = await hand_over(line, *typed.split())

    assert (0, f"Saved {path.name}.\n") == (ran.status, ran.out)
    assert read(path).startswith(begins)
    assert [path.name] == os.listdir(line.folder)
    assert 0o600 == os.stat(path).st_mode & 0o777


async def test_no_transcript_is_said(line: CommandLine) -> None:
    """With why that may be; nothing is left where it would have been saved."""
    answers = (ORGANISATION, answer(SESSION | {"space": SPACE}), answer({}, 404))

    ran, _ = await ask(line, "transcript", SESSION_ID, "-o", "said.txt", answers=answers)

    assert (1, "") == (ran.status, ran.out)
    assert f"has no transcript of session {SESSION_ID}: it is not ready yet, or" in ran.err
    assert [] == os.listdir(line.folder)


async def watch(line: CommandLine, *scripts: bytes, typed: tuple[str, ...] = ("-o", "film.mp4")) -> Ran:
    """A recording, which lies on another server than the API."""
    async with RecordedServer(*scripts) as elsewhere:
        address = answer({"recording_url": f"http://127.0.0.1:{elsewhere.port}/film?way-in"})
        ran, _ = await ask(line, "recording", SESSION_ID, *typed, answers=(address,))
    assert all("authorization" not in one.headers for one in elsewhere.requests)
    return ran


async def test_a_recordings_address_is_given_to_who_asks(line: CommandLine) -> None:
    """The address alone, for a browser or another program."""
    ran = await watch(line, typed=())

    assert 0 == ran.status
    assert ran.out.startswith("http://127.0.0.1:")
    assert ran.out.endswith("/film?way-in\n")
    assert "" == ran.err


async def test_a_recording_is_saved_and_gone_on_with(line: CommandLine) -> None:
    """Broken off, it says what is there; the same command brings the rest, and a third does not write over it."""
    broken = await watch(line, half(film()), answer({}, 403))

    assert 1 == broken.status
    assert f"hallpass: {len(FILM) / 2000:.1f} kB of it are in film.mp4.part: the same command goes on from there" in (
        broken.err.splitlines()
    )
    whole = await watch(line, film(len(FILM) // 2))
    assert (0, f"Saved film.mp4 ({len(FILM) / 1000:.1f} kB).\n") == (whole.status, whole.out)
    assert FILM == read(line.folder / "film.mp4")

    refused = await watch(line)
    assert (2, "hallpass: film.mp4: is there already; --force writes over it\n") == (refused.status, refused.err)
    assert 0 == (await watch(line, film(), typed=("-o", "film.mp4", "--force"))).status


async def test_a_recording_that_is_a_page_is_not_saved(line: CommandLine) -> None:
    """As Lessonspace mostly gives: told so, without the address."""
    ran = await watch(line, answer("<title>Watch</title>", Content_Type="text/html"))

    assert (1, "") == (ran.status, ran.out)
    assert "leads to a page to look at, not to a file to save" in ran.err
    assert "way-in" not in ran.err
    assert [] == os.listdir(line.folder)


# People


async def test_nobody_is_removed_without_being_asked_about(line: CommandLine) -> None:
    """Where there is no terminal to ask on, it wants to be told; nothing reaches the provider."""
    ran, asked = await ask(line, "forget-user", "8")

    assert (2, "hallpass: there is no terminal to ask on: add --yes\n") == (ran.status, ran.err)
    assert [] == asked


async def test_somebody_is_removed(line: CommandLine) -> None:
    """It says what it did, and what it did not."""
    gone = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"

    ran, asked = await ask(line, "forget-user", "8", "--yes", answers=(ORGANISATION, gone))

    assert 0 == ran.status
    assert ran.out.startswith("User 8 was removed from the organisation at Lessonspace.\n")
    assert "DELETE /v2/organisations/4711/users/8/" == get_path(asked[1])
    again, _ = await ask(line, "forget-user", "8", "--yes", answers=(ORGANISATION, answer({}, 404)))
    assert (1, "hallpass: Lessonspace knows no user 8\n") == (again.status, again.err)


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A terminal as standard input, and a way to type on it."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r", encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield lambda text: os.write(ours, text.encode())
    os.close(ours)


@pytest.mark.parametrize(("typed", "status", "requests"), [("y\n", 0, 4), ("\n", 1, 2), ("n\n", 1, 2), ("\x04", 1, 2)])
async def test_a_person_sees_whom_they_remove(
    line: CommandLine, keyboard: Any, typed: str, status: int, requests: int
) -> None:
    """By name, since a number is soon mistyped; anything but yes is no."""
    keyboard(typed)
    gone = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
    users = page({"id": 7, "name": "Ada", "role": "teacher"}, {"id": 8, "name": "Ben", "role": "student"})

    ran, asked = await ask(line, "forget-user", "8", answers=(ORGANISATION, users, ORGANISATION, gone))

    assert "Remove Ben (student, user 8) for good? [y/N] " in ran.err
    assert (status, requests) == (ran.status, len(asked))


async def test_a_number_that_nobody_has_is_not_asked_about(line: CommandLine, keyboard: Any) -> None:
    """It is told at once."""
    ran, asked = await ask(line, "forget-user", "9", answers=(ORGANISATION, page()))

    assert (1, 2) == (ran.status, len(asked))
    assert "Lessonspace lists no user 9" in ran.err


# Manners


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("room", "hallpass room: the following arguments are required: command"),
        ("room sessions --since monday", "argument --since: monday is not a day or time"),
        ("room sessions --until 2026-13-01", "argument --until: 2026-13-01 is not a day or time"),
        ("room sessions --min-minutes -5", "argument --min-minutes"),
        ("room sessions --tag =x", "argument --tag: =x is not a tag"),
        ("room spaces --tag x", "argument --tag: x has no value"),
        ("room sessions --limit 0", "argument --limit: 0 is not a number from 1 on"),
        ("room users --role pupil", "argument --role: invalid choice: 'pupil'"),
        ("room policy x", "hallpass room policy: the following arguments are required: AUDIENCE"),
        ("room policy x everybody", "argument AUDIENCE: invalid choice: 'everybody'"),
        ("room transcript x --zone Berlin", "argument --zone: Berlin is not a time zone"),
    ],
)
def test_wrong_arguments_are_refused_in_a_line(line: CommandLine, typed: str, said: str) -> None:
    """Before anything is asked or needed."""
    ran = line.run(*typed.split())

    assert (2, "") == (ran.status, ran.out)
    [told] = ran.err.splitlines()
    assert said in told


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        ((answer({}, 403),), 1, "hallpass: Lessonspace: organisation: our key is not accepted, or may not do this"),
        ((ORGANISATION, answer({"tags": ["no"]}, 400)), 1, "hallpass: Lessonspace: sessions: not accepted"),
        ((ORGANISATION, answer("<html>")), 2, "hallpass: Lessonspace: answer not understood: sessions is not a JSON"),
    ],
)
async def test_what_goes_wrong_is_one_line(
    line: CommandLine, answers: tuple[bytes, ...], status: int, said: str
) -> None:
    """Refused or not understood, without a trace."""
    ran, _ = await ask(line, "sessions", answers=answers)

    assert (status, "") == (ran.status, ran.out)
    [told] = ran.err.splitlines()
    assert told.startswith(said)


def test_a_key_is_needed_and_nothing_else(line: CommandLine) -> None:
    """No Slack, no database: the key's lack is told in a line."""
    ran = line.run("room", "users")

    assert (2, "") == (ran.status, ran.out)
    assert ran.err.startswith("hallpass: LESSONSPACE_API_KEY is not set")
    assert [] == os.listdir(line.folder)


def test_another_room_service_is_told_plainly(line: CommandLine) -> None:
    """Its sessions are not Lessonspace's."""
    ran = line.run("room", "users", environment=ELSEWHERE)

    assert 2 == ran.status
    assert "`hallpass room` is for Lessonspace only; lessons here take place at Mozilla Loop" in ran.err


async def test_lessonspace_need_not_be_the_first(line: CommandLine) -> None:
    """Where lessons take place there too, it is the one that is asked."""
    both = {**ELSEWHERE, "HALLPASS_ROOM_SERVICES": "loop, lessonspace"}
    async with RecordedServer(ORGANISATION, page()) as server:
        environment = both | {"LESSONSPACE_API_KEY": KEY, "LESSONSPACE_API_URL": server.url}
        ran = await line.run_beside("room", "users", environment=environment)

    assert (0, "") == (ran.status, ran.err)
    assert 2 == len(server.requests)


async def test_no_way_in_is_ever_shown(line: CommandLine) -> None:
    """Neither addresses nor passwords nor what we do not know, in any form."""
    whole = answer(SESSION | {"space": SPACE})
    lists = [("sessions", SESSION), ("spaces", SPACE)]
    told = [
        (await ask(line, noun, *form, answers=(ORGANISATION, page(one))))[0]
        for noun, one in lists
        for form in ((), ("--json",), ("--csv",))
    ]
    told += [
        (await ask(line, "session", SESSION_ID, *form, answers=(ORGANISATION, whole)))[0] for form in ((), ("--json",))
    ]

    assert [0] * 8 == [ran.status for ran in told]
    assert [] == [secret for secret in SECRETS for ran in told if secret in ran.out + ran.err]


async def test_progress_is_for_a_terminal(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """While rows go into a file, somebody who waits sees how many there are; a log gets none of that."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stderr, os.fdopen(ours, "r", encoding="utf-8") as seen:
        monkeypatch.setattr("sys.stderr", stderr)
        ran, _ = await ask(line, "sessions", "--json", answers=(ORGANISATION, page(SESSION)))
        stderr.write("\nover\n")
        stderr.flush()
        told = "".join(iter(seen.readline, "over\n"))

    assert SESSION_ID == json.loads(ran.out)[0]["session_id"]
    assert "sessions so far" in told


@dataclass
class Typed:
    """A command in a process of its own."""

    process: asyncio.subprocess.Process

    async def end(self) -> tuple[int | None, str]:
        """Its status, and what it said on standard error."""
        async with asyncio.timeout(30):
            _, err = await self.process.communicate()
        return self.process.returncode, err.decode()


async def type_in(folder: Path, *typed: str, url: str, stdout: int) -> Typed:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    environment |= {"LESSONSPACE_API_KEY": KEY, "LESSONSPACE_API_URL": url, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-m", "bot", "room", *typed]
    return Typed(
        await asyncio.create_subprocess_exec(
            *arguments, cwd=folder, env=environment, stdout=stdout, stderr=asyncio.subprocess.PIPE
        )
    )


@pytest.mark.parametrize("form", ["--json", "--csv"])
async def test_a_reader_that_goes_away_is_no_error(tmp_path: Path, form: str) -> None:
    """`hallpass room sessions --json | head -1`: what nobody reads is not asked for any more."""
    reading, writing = os.pipe()
    os.close(reading)
    pages = [page(SESSION | {"uuid": f"s{number}"}, next_page=f"?page={number}") for number in range(2, 9)]
    async with RecordedServer(ORGANISATION, *pages) as server:
        typed = await type_in(tmp_path, "sessions", form, url=server.url, stdout=writing)
        os.close(writing)

        assert (0, "") == await typed.end()
        assert len(server.requests) < 4


async def test_ctrl_c_is_clean(tmp_path: Path) -> None:
    """While it waits for an answer: no trace, and the status that shells know."""
    is_asked, is_over = asyncio.Event(), asyncio.Event()

    async def never(writer: asyncio.StreamWriter) -> None:
        is_asked.set()
        await is_over.wait()

    async with RecordedServer(never) as server:
        typed = await type_in(tmp_path, "users", url=server.url, stdout=asyncio.subprocess.DEVNULL)
        async with asyncio.timeout(30):
            await is_asked.wait()
        typed.process.send_signal(signal.SIGINT)

        assert (130, "") == await typed.end()
        is_over.set()


EXAMPLES = sorted(
    {one for block in list_fenced("sh") for one in block.splitlines() if one.startswith("hallpass room ")}
)


@pytest.mark.parametrize("typed", EXAMPLES)
async def test_what_the_readme_shows_runs(line: CommandLine, typed: str) -> None:
    """Each example as it stands there, up to where its output goes."""
    _, _, noun, *words = shlex.split(typed.partition(" > ")[0])
    if noun == "transcript":
        ran, _ = await hand_over(line, *words[1:])
    else:
        answers = {
            "sessions": [page(SESSION)],
            "session": [answer(SESSION | {"space": SPACE}), page(SESSION)],
            "users": [page(SESSION["profiles"][0] | {"id": 7})],
        }
        ran, _ = await ask(line, noun, *words, answers=(ORGANISATION, *answers[noun]))

    assert (0, "") == (ran.status, ran.err)
    assert ran.out


def test_the_readme_shows_some() -> None:
    assert len(EXAMPLES) > 3
