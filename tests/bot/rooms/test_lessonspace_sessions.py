"""After a lesson: one session, its name and policy, its transcript and recording, and forgetting somebody."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from bot.errors import RoomServiceBusy, RoomServiceDown, RoomServiceError, RoomServiceNonsense, RoomServiceRefused
from bot.rooms.base import Audience, Line
from bot.rooms.http import LARGEST_BODY_BYTES, HttpClient, Patience, open_client
from bot.rooms.lessonspace import Lessonspace
from tests.bot.rooms.recorded import RecordedServer, Request, Script, answer, half
from tests.bot.rooms.test_lessonspace import KEY, build_service

OWN = answer({"id": 4711})
ROOT = "/v2/organisations/4711"
SESSION = {
    "uuid": "s-1",
    "name": "Algebra",
    "start_time": "2030-03-04T15:00:00Z",
    "end_time": "2030-03-04T16:00:00Z",
    "profiles": [],
    "guests": [],
    "space": {"slug": "r-1", "organisation": 4711, "created_at": "2030-03-01T08:00:00Z"},
}
SIGNED = "/files/t.json?X-Amz-Signature=that%2Fnobody%2Bmay-read%3D&a=b%20c+d"

Call = Callable[[Lessonspace], Awaitable[Any]]
SESSION_CALL: Call = lambda service: service.fetch_session("s/1?")  # noqa: E731
TRANSCRIPT: Call = lambda service: service.fetch_transcript("s-1")  # noqa: E731
RECORDING: Call = lambda service: service.fetch_recording("s-1")  # noqa: E731
DELETE: Call = lambda service: service.delete_user("50/1")  # noqa: E731


async def ask(call: Call, *recorded: Script) -> tuple[Any, list[Request]]:
    """What it came to, and the requests; the first recorded answer is to the first of them."""
    async with RecordedServer(*recorded) as server, open_client(connections=1) as client:
        found = await call(build_service(client, server.url, patience=Patience(tries=1)))
        assert not server.scripts, "not every answer was asked for"
        return found, server.requests


async def test_a_session_is_read_with_its_space() -> None:
    """Its id is quoted in the address."""
    record, requests = await ask(SESSION_CALL, OWN, answer(SESSION))

    assert (record.uuid, record.name, record.space.slug) == ("s-1", "Algebra", "r-1")
    assert requests[1].line == f"GET {ROOT}/sessions/s%2F1%3F/ HTTP/1.1"


async def test_a_session_without_its_space_is_nonsense() -> None:
    """For one session it is promised: whose room it is must not be guessed."""
    with pytest.raises(RoomServiceNonsense) as caught:
        await ask(SESSION_CALL, OWN, answer(SESSION | {"space": None}))

    assert caught.value.field == "space"


@pytest.mark.parametrize(
    "audiences, sent",
    [
        (None, {"name": "Algebra II"}),
        ([], {"name": "Algebra II", "recording_access_policy": []}),
        (
            [Audience.TEACHER, Audience.PARTICIPANT, Audience.TEACHER],
            {"name": "Algebra II", "recording_access_policy": ["teacher", "participant"]},
        ),
    ],
)
async def test_a_session_is_renamed_and_its_recording_s_audience_set(
    audiences: list[Audience] | None, sent: dict[str, object]
) -> None:
    """None leaves the audience alone, an empty list is the organisation's own. Read again: the answer is short."""
    changed = SESSION | {"name": "Algebra II"}
    record, requests = await ask(
        lambda service: service.change_session("s-1", name="Algebra II", audiences=audiences),
        *(OWN, answer({"name": "Algebra II", "recording_access_policy": []}), answer(changed)),
    )

    assert record.name == "Algebra II"
    assert [request.line.split()[0] for request in requests] == ["GET", "PATCH", "GET"]
    assert requests[1].line == f"PATCH {ROOT}/sessions/s-1/ HTTP/1.1"
    assert requests[1].get_json() == sent


async def test_settling_a_session_costs_one_call() -> None:
    """The domain needs nothing back."""
    _, requests = await ask(
        lambda service: service.settle_session("s-1", name="Algebra", audiences=[Audience.ADMIN]),
        *(OWN, answer({"name": "Algebra"})),
    )

    assert len(requests) == 2


async def test_a_blank_name_is_not_sent() -> None:
    """It is required there; said here in words, before anything leaves us."""
    with pytest.raises(RoomServiceRefused, match="a session needs a name"):
        await ask(lambda service: service.settle_session("s-1", name=" ", audiences=None))


async def test_a_change_whose_answer_lacks_the_name_is_nonsense() -> None:
    """Promised there, and the sign that it was done."""
    with pytest.raises(RoomServiceNonsense) as caught:
        await ask(lambda service: service.settle_session("s-1", name="x", audiences=None), OWN, answer({}))

    assert caught.value.field == "name"


LINE = {"start_time": 1.5, "end_time": 3, "user": {"id": 501, "name": "Ben"}, "breakout_id": None, "text": "Seven?"}


async def fetch_lines(body: object, *, key: str = "transcriptionUrl") -> tuple[Any, list[Request], list[Request]]:
    """The lines, and what was asked of the API and of the foreign server that has the file."""
    file = body if isinstance(body, bytes) else answer(body)
    async with RecordedServer(file) as foreign, open_client(connections=2) as client:
        address = f"http://127.0.0.1:{foreign.port}{SIGNED}"
        async with RecordedServer(OWN, answer({key: address})) as server:
            lines = await build_service(client, server.url, patience=Patience(tries=1)).fetch_transcript("s-1")
            return lines, server.requests, foreign.requests


@pytest.mark.parametrize("key", ["transcriptionUrl", "transcription_url", "url"])
async def test_a_transcript_is_fetched_where_it_lies_without_our_key(key: str) -> None:
    """The signed address arrives as it was given; the foreign server learns nothing of us."""
    lines, asked, foreign = await fetch_lines([LINE], key=key)

    assert lines == (
        Line(starts=timedelta(seconds=1.5), ends=timedelta(seconds=3), speaker="Ben", who="501", text="Seven?"),
    )
    assert asked[1].line == f"GET {ROOT}/sessions/s-1/transcript/ HTTP/1.1"
    told, given = urlsplit(foreign[0].line.split()[1]), urlsplit(SIGNED)
    assert (told.path, parse_qsl(told.query)) == (given.path, parse_qsl(given.query))
    assert "authorization" not in foreign[0].headers
    assert KEY not in str(foreign[0])


async def test_lines_come_in_the_order_of_time() -> None:
    """Speakers whom nobody knows, silence and side rooms included."""
    early = {"start_time": 0, "end_time": 0, "user": None, "breakout_id": 3, "text": ""}

    lines, _, _ = await fetch_lines([LINE, early])

    assert [line.text for line in lines] == ["", "Seven?"]
    assert (lines[0].speaker, lines[0].who, lines[0].breakout) == ("", None, "3")
    assert "Seven" not in repr(lines)


async def test_an_empty_transcript_is_one() -> None:
    """Nobody said anything: that is not "not ready"."""
    assert (await fetch_lines([]))[0] == ()


@pytest.mark.parametrize(
    "line, field",
    [
        ("Seven?", "transcript[1]"),
        (LINE | {"text": None}, "transcript[1].text"),
        (LINE | {"text": 7}, "transcript[1].text"),
        (LINE | {"start_time": None}, "transcript[1].start_time"),
        (LINE | {"start_time": "1.5"}, "transcript[1].start_time"),
        (LINE | {"start_time": True}, "transcript[1].start_time"),
        (LINE | {"start_time": -1}, "transcript[1].start_time"),
        (LINE | {"end_time": 1}, "transcript[1].end_time"),
        (LINE | {"end_time": 1e300}, "transcript[1].end_time"),
        (LINE | {"end_time": float("nan")}, "transcript[1].end_time"),
        ({}, "transcript[1].start_time"),
    ],
)
async def test_a_line_that_cannot_be_read_is_no_gap(line: object, field: str) -> None:
    """What was said is told whole or not at all; the error names where, never what."""
    with pytest.raises(RoomServiceNonsense) as caught:
        await fetch_lines([LINE, line])

    assert caught.value.field == field
    assert "Seven" not in str(caught.value)


@pytest.mark.parametrize(
    "file, error",
    [
        (answer({"lines": []}), RoomServiceNonsense),
        (answer("<Error><Code>ExpiredToken</Code></Error>"), RoomServiceNonsense),
        (answer("<Error><Code>AccessDenied</Code></Error>", 403), RoomServiceRefused),
        (answer({}, 302, Location="https://elsewhere.example/"), RoomServiceNonsense),
        (answer({}, 500), RoomServiceDown),
        (half(answer([LINE])), RoomServiceDown),
        (answer(" " * (LARGEST_BODY_BYTES + 1)), RoomServiceNonsense),
    ],
)
async def test_a_file_that_is_no_transcript_is_an_error(file: bytes, error: type[RoomServiceError]) -> None:
    """Expired, moved on, cut, too long. Nothing that is said of it holds the address."""
    with pytest.raises(error) as caught:
        await fetch_lines(file)

    told = "".join(traceback.format_exception(caught.value))
    assert "may-read" not in told
    assert "our key" not in str(caught.value)


@pytest.mark.parametrize(
    "body, problem",
    [
        ({}, "is missing"),
        ({"transcriptionUrl": None}, "is missing"),
        ({"transcriptionUrl": "http://files.example/t.json"}, "is not an https address"),
        ({"transcriptionUrl": "file:///etc/passwd"}, "is not an https address"),
        ({"transcriptionUrl": "//files.example/t.json"}, "is not an https address"),
    ],
)
async def test_a_transcript_s_address_must_be_one_to_go_to(body: object, problem: str) -> None:
    """https, or this very machine for a stand-in."""
    with pytest.raises(RoomServiceNonsense, match=f"transcriptionUrl {problem}"):
        await ask(TRANSCRIPT, OWN, answer(body))


@pytest.mark.parametrize("host", ["127.0.0.1:8710", "[::1]", "localhost"])
async def test_a_transcript_is_not_looked_for_on_this_machine(host: str) -> None:
    """Unless the service itself is a stand-in here: nobody outside may send us to what only listens inside."""
    asked: list[str] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        is_own = request.url.path.endswith("/my-organisation/")
        return httpx.Response(200, json={"id": 4711} if is_own else {"transcriptionUrl": f"https://{host}/t.json"})

    async with HttpClient(transport=httpx.MockTransport(reply), timeout=httpx.Timeout(5)) as client:
        with pytest.raises(RoomServiceNonsense, match="leads to this machine"):
            await Lessonspace(client, api_key=KEY).fetch_transcript("s-1")

    assert set(asked) == {"api.thelessonspace.com"}


async def test_a_transcript_that_is_not_ready_is_none() -> None:
    """404 is how that is said, now and for good."""
    assert (await ask(TRANSCRIPT, OWN, answer({"detail": "Not found."}, 404)))[0] is None


async def test_a_recording_s_address_is_fetched_where_the_reference_says() -> None:
    """Fresh each time."""
    address, requests = await ask(RECORDING, answer({"recording_url": "https://watch.example/?t=x"}))

    assert address == "https://watch.example/?t=x"
    assert requests[0].line == "GET /v2/sessions/s-1/playback/ HTTP/1.1"


async def test_a_recording_is_also_looked_for_where_newer_clients_do() -> None:
    """The reference does not mention that address; only a 404 at the documented one leads there."""
    address, requests = await ask(RECORDING, answer({}, 404), OWN, answer({"recording_url": "https://watch.example/"}))

    assert address == "https://watch.example/"
    assert requests[2].line == f"GET {ROOT}/sessions/s-1/playback/ HTTP/1.1"


async def test_no_recording_anywhere_is_none() -> None:
    """There is none, or not yet."""
    assert (await ask(RECORDING, answer({}, 404), OWN, answer({}, 404)))[0] is None


@pytest.mark.parametrize("url", [None, "", 7, "http://watch.example/", "javascript:alert(1)"])
async def test_a_recording_s_address_must_be_one_to_press(url: object) -> None:
    """It is handed to a person."""
    with pytest.raises(RoomServiceNonsense) as caught:
        await ask(RECORDING, answer({"recording_url": url}))

    assert caught.value.field == "recording_url"


async def test_somebody_is_forgotten() -> None:
    """204 has no body."""
    is_gone, requests = await ask(DELETE, OWN, b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    assert is_gone is True
    assert requests[1].line == f"DELETE {ROOT}/users/50%2F1/ HTTP/1.1"


async def test_somebody_whom_the_service_does_not_know_is_told_so() -> None:
    """Also the second time."""
    assert (await ask(lambda service: service.forget_person("501"), OWN, answer({}, 404)))[0] is False


@pytest.mark.parametrize("call", [SESSION_CALL, TRANSCRIPT, RECORDING, DELETE])
@pytest.mark.parametrize(
    "broken, error",
    [
        (answer("<!doctype html><title>Maintenance</title>"), RoomServiceNonsense),
        (answer("<!doctype html><title>Maintenance</title>", 502), RoomServiceDown),
        (half(answer(SESSION)), RoomServiceDown),
        (answer({}, 403), RoomServiceRefused),
        (answer({}, 301, Location="/elsewhere/"), RoomServiceNonsense),
        (answer({}, 429, Retry_After="60"), RoomServiceBusy),
    ],
)
async def test_a_broken_answer_is_neither_yes_nor_no(call: Call, broken: bytes, error: type[RoomServiceError]) -> None:
    """Only a 404 means that there is nothing."""
    own = () if call is RECORDING else (OWN,)

    with pytest.raises(error):
        await ask(call, *own, broken)


@pytest.mark.parametrize("call", [SESSION_CALL, TRANSCRIPT, RECORDING])
async def test_a_list_where_an_object_is_promised_is_nonsense(call: Call) -> None:
    """Empty or not."""
    own = () if call is RECORDING else (OWN,)

    with pytest.raises(RoomServiceNonsense):
        await ask(call, *own, answer([SESSION]))


async def test_whose_key_it_is_is_asked_once_however_many_want_to_know() -> None:
    """A key belongs to one organisation for good; many at once wait for the one answer."""
    async with RecordedServer(OWN, *[answer(SESSION)] * 5) as server, open_client(connections=5) as client:
        service = build_service(client, server.url)
        await asyncio.gather(*(service.fetch_session(f"s-{number}") for number in range(5)))

    assert [request.line for request in server.requests].count("GET /v2/my-organisation/ HTTP/1.1") == 1
