"""The door to room services: what it repeats, how long it waits, and how each failure is told."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.errors import RoomServiceBusy, RoomServiceDown, RoomServiceError, RoomServiceNonsense, RoomServiceRefused
from bot.rooms.http import LARGEST_BODY_BYTES, Answer, HttpClient, HttpDoor, Patience, Refusal, open_client
from bot.rooms.pace import Pace
from tests.bot.rooms.recorded import HandWound, RecordedServer, Script, answer, half

KEY = "5f0c7a52-key-that-nobody-may-read"
LINK = "https://go.example/?user=link-that-nobody-may-read"

GOOD = answer({"ok": True})
CUT = b""
HTML = answer("<html>back soon</html>", content_type="text/html")


def build_door(
    client: HttpClient, url: str, time: HandWound | None = None, *, patience: Patience | None = None
) -> HttpDoor:
    return HttpDoor(
        client,
        provider="Somebody",
        base_url=url,
        headers={"Authorization": f"Key {KEY}"},
        patience=patience,
        timing=(time or HandWound()).as_timing(),
    )


@asynccontextmanager
async def open_door(
    *scripts: Script, time: HandWound | None = None, patience: Patience | None = None
) -> AsyncIterator[tuple[HttpDoor, RecordedServer]]:
    async with RecordedServer(*scripts) as server, open_client(connections=4) as client:
        yield build_door(client, server.url, time, patience=patience), server


async def test_an_answer_carries_status_body_and_the_server_s_time() -> None:
    """2xx with JSON: all three are there; the request carried method, path, query, key and body."""
    recorded = answer({"a": [1]}, 201, Date="Mon, 04 Mar 2030 15:00:07 GMT")
    async with open_door(recorded) as (door, server):
        found = await door.fetch("POST", "things/", what="thing", query={"page": "2"}, body={"x": "é"})

    request = server.requests[0]
    assert Answer(status=201, body={"a": [1]}, server_time=datetime(2030, 3, 4, 15, 0, 7, tzinfo=UTC)) == found
    assert request.line == "POST /v2/things/?page=2 HTTP/1.1"
    assert (f"Key {KEY}", {"x": "é"}) == (request.headers["authorization"], request.get_json())
    assert request.headers["content-type"] == "application/json"


async def hang(writer: asyncio.StreamWriter) -> None:
    """Say nothing until the other side goes away."""
    await writer.wait_closed()


async def drip(writer: asyncio.StreamWriter) -> None:
    """Begin a body that goes on for ever, a byte at a time."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.005)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row of the table of repeats."""

    scripts: list[Script]  # what the server does, try after try
    is_repeatable: bool = True  # what the caller says
    error: type[RoomServiceError] | None = None  # what comes out; None: the answer
    tries: int  # how often the server was asked
    sleeps: list[float]  # seconds between


REPEATS = {
    "good at once": Case(scripts=[GOOD], tries=1, sleeps=[]),
    "failed, then good": Case(scripts=[answer(status=503), GOOD], tries=2, sleeps=[0.4]),
    "cut, then good": Case(scripts=[CUT, GOOD], tries=2, sleeps=[0.4]),
    "half a body, then good": Case(scripts=[half(GOOD), GOOD], tries=2, sleeps=[0.4]),
    "no HTTP at all, then good": Case(scripts=[b"SSH-2.0 hello\r\n\r\n", GOOD], tries=2, sleeps=[0.4]),
    "request time-out there": Case(scripts=[answer(status=408), GOOD], tries=2, sleeps=[0.4]),
    "failing on": Case(scripts=[answer(status=500)] * 5, error=RoomServiceDown, tries=3, sleeps=[0.4, 0.8]),
    "cut on": Case(scripts=[CUT] * 5, error=RoomServiceDown, tries=3, sleeps=[0.4, 0.8]),
    "failed, must not be repeated": Case(
        scripts=[answer(status=503), GOOD], is_repeatable=False, error=RoomServiceDown, tries=1, sleeps=[]
    ),
    "cut, must not be repeated": Case(
        scripts=[CUT, GOOD], is_repeatable=False, error=RoomServiceDown, tries=1, sleeps=[]
    ),
    "busy for a moment": Case(scripts=[answer(status=429, Retry_After="2"), GOOD], tries=2, sleeps=[2.2]),
    "busy, though not to be repeated: nothing was done": Case(
        scripts=[answer(status=429, Retry_After="2"), GOOD], is_repeatable=False, tries=2, sleeps=[2.2]
    ),
    "busy for long": Case(
        scripts=[answer(status=429, Retry_After="6"), GOOD], error=RoomServiceBusy, tries=1, sleeps=[]
    ),
    "busy on": Case(scripts=[answer(status=429)] * 5, error=RoomServiceBusy, tries=3, sleeps=[1.2, 1.4]),
    "not accepted": Case(scripts=[answer(status=400), GOOD], error=RoomServiceRefused, tries=1, sleeps=[]),
    "key not accepted": Case(scripts=[answer(status=403), GOOD], error=RoomServiceRefused, tries=1, sleeps=[]),
    "not there": Case(scripts=[answer(status=404), GOOD], error=RoomServiceRefused, tries=1, sleeps=[]),
    "a page instead": Case(scripts=[HTML, GOOD], error=RoomServiceNonsense, tries=1, sleeps=[]),
    "nothing instead": Case(scripts=[answer(""), GOOD], error=RoomServiceNonsense, tries=1, sleeps=[]),
    "a bare number": Case(scripts=[answer("7"), GOOD], error=RoomServiceNonsense, tries=1, sleeps=[]),
    "brackets without end": Case(scripts=[answer("[" * 200_000)], error=RoomServiceNonsense, tries=1, sleeps=[]),
    "not even text": Case(scripts=[answer("").replace(b"0", b"2") + b"\xff\xfe"], error=RoomServiceNonsense,
                          tries=1, sleeps=[]),
    "sent elsewhere": Case(
        scripts=[answer(status=302, Location="/v2/other/"), GOOD], error=RoomServiceNonsense, tries=1, sleeps=[]
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REPEATS.values(), ids=REPEATS.keys())
async def test_what_is_repeated_how_often_and_after_how_long(case: Case) -> None:
    """The table in the module's opening, row by row."""
    time = HandWound()
    async with open_door(*case.scripts, time=time) as (door, server):
        found: Answer | RoomServiceError
        try:
            found = await door.fetch("POST", "things/", what="thing", body={"a": 1}, is_repeatable=case.is_repeatable)
        except RoomServiceError as error:
            found = error

    assert (case.tries, case.sleeps) == (len(server.requests), time.sleeps)
    assert type(found) is (case.error or Answer)


@pytest.mark.parametrize("script", [hang, drip], ids=["silent", "dripping"])
async def test_a_try_ends_at_its_limit_however_the_other_side_keeps_it_open(script: Script) -> None:
    """Neither silence nor a body in drops lasts longer than one try may; it counts as sent."""
    patience = Patience(one_try=timedelta(milliseconds=60), tries=1)
    async with open_door(script, patience=patience) as (door, _), asyncio.timeout(10):
        with pytest.raises(RoomServiceDown) as caught:
            await door.fetch("GET", "things/", what="thing", is_repeatable=True)

    assert caught.value.was_sent


async def test_never_connected_is_repeated_even_when_the_call_must_not_be() -> None:
    """Nobody listens: nothing was sent, so trying again is safe; the error says so."""
    async with RecordedServer() as server:
        url = server.url
    time = HandWound()
    async with open_client(connections=1) as client:
        with pytest.raises(RoomServiceDown) as caught:
            await build_door(client, url, time).fetch("POST", "things/", what="thing", is_repeatable=False)

    assert not caught.value.was_sent
    assert time.sleeps == [0.4, 0.8]


async def test_a_cut_after_sending_says_that_it_was_sent() -> None:
    """The transport calls both the same; we tell them apart."""
    async with open_door(CUT) as (door, _):
        with pytest.raises(RoomServiceDown) as caught:
            await door.fetch("POST", "things/", what="thing")

    assert caught.value.was_sent


async def test_no_try_begins_that_would_end_after_the_whole_call_s_limit() -> None:
    """With three seconds for everything, a wait of three is not begun."""
    time = HandWound()
    patience = Patience(whole_call=timedelta(seconds=3))
    async with open_door(answer(status=429, Retry_After="3"), GOOD, time=time, patience=patience) as (door, server):
        with pytest.raises(RoomServiceBusy):
            await door.fetch("GET", "things/", what="thing", is_repeatable=True)

    assert (len(server.requests), time.sleeps) == (1, [])


async def test_who_waits_for_a_turn_past_the_whole_call_s_limit_asks_nobody() -> None:
    """The queue took all the time there was: told as never sent."""
    time = HandWound()
    pace = Pace("Somebody", per_second=None, monotonic=lambda: time.seconds, sleep=time.sleep)
    pace.hold(timedelta(seconds=4))
    async with open_door(GOOD, time=time, patience=Patience(whole_call=timedelta(seconds=3))) as (door, server):
        with pytest.raises(RoomServiceDown) as caught:
            await door.fetch("GET", "things/", what="thing", pace=pace)

    assert (caught.value.was_sent, server.requests) == (False, [])


async def test_jitter_shortens_the_back_off_by_up_to_half() -> None:
    """Two that failed together do not come back together."""
    time = HandWound()
    timing = time.as_timing()
    async with RecordedServer(CUT, GOOD) as server, open_client(connections=1) as client:
        door = HttpDoor(
            client,
            provider="Somebody",
            base_url=server.url,
            headers={},
            timing=type(timing)(now=timing.now, monotonic=timing.monotonic, sleep=time.sleep, jitter=lambda: 0.5),
        )
        await door.fetch("POST", "things/", what="thing", is_repeatable=True)

    assert time.sleeps == [0.3]


@pytest.mark.parametrize(
    "header, expected",
    [
        ({"Retry_After": "30"}, 30),
        ({"Retry_After": "Mon, 04 Mar 2030 15:01:00 GMT"}, 60),  # by our clock: the answer tells no time of its own
        ({"Retry_After": "Mon, 04 Mar 2030 19:00:20 GMT", "Date": "Mon, 04 Mar 2030 19:00:00 GMT"}, 20),  # by theirs
        ({"Retry_After": "999999999999999999999999"}, 86_400),
        ({"Retry_After": "Mon, 04 Mar 1999 15:01:00 GMT"}, 1),
        ({"Retry_After": "soon"}, 1),
        ({"Retry_After": "²"}, 1),
        ({"Retry_After": "-5"}, 1),
        ({"RateLimit_Reset": "7"}, 7),
        ({"RateLimit_Reset": "7", "Retry_After": "9"}, 9),
        ({}, 1),
    ],
)
async def test_retry_after_is_seconds_or_a_date_and_never_below_a_second(header: dict[str, str], expected: int) -> None:
    """Header as sent, and the wait that the error carries."""
    async with open_door(answer(status=429, **header), patience=Patience(tries=1)) as (door, _):
        with pytest.raises(RoomServiceBusy) as caught:
            await door.fetch("GET", "things/", what="thing")

    assert timedelta(seconds=expected) == caught.value.retry_after


async def test_one_refusal_for_being_busy_holds_back_every_call_of_that_pace() -> None:
    """The call that was told to wait a minute gives up; the next does not even ask."""
    time = HandWound()
    pace = Pace("Somebody", per_second=None, monotonic=lambda: time.seconds, sleep=time.sleep)
    async with open_door(answer(status=429, Retry_After="60"), GOOD, time=time) as (door, server):
        for _ in range(2):
            with pytest.raises(RoomServiceBusy):
                await door.fetch("GET", "things/", what="thing", pace=pace)
        asked_while_held = len(server.requests)
        time.seconds += 60
        await door.fetch("GET", "things/", what="thing", pace=pace)

    assert (asked_while_held, len(server.requests)) == (1, 2)


@pytest.mark.parametrize(
    "headers, expected",
    [
        ({"RateLimit_Remaining": "0", "RateLimit_Reset": "3"}, [3.0]),
        ({"RateLimit_Remaining": "0"}, [1.0]),
        ({"RateLimit_Remaining": "1", "RateLimit_Reset": "3"}, []),
        ({"RateLimit_Reset": "3"}, []),
    ],
)
async def test_the_last_call_that_is_let_through_holds_back_the_next(
    headers: dict[str, str], expected: list[float]
) -> None:
    """Told that none is left, nobody asks only to be told so: until the span is over, or a second where that is not
    told."""
    time = HandWound()
    pace = Pace("Somebody", per_second=None, monotonic=lambda: time.seconds, sleep=time.sleep)
    async with open_door(answer({}, 200, **headers), GOOD, time=time) as (door, _):
        await door.fetch("GET", "x", what="x", pace=pace)
        await door.fetch("GET", "x", what="x", pace=pace)

    assert time.sleeps == expected


async def test_an_endless_body_is_given_up() -> None:
    """One byte over the limit is nonsense, whatever it would have said."""
    async with open_door(answer('["' + "x" * LARGEST_BODY_BYTES + '"]')) as (door, _):
        with pytest.raises(RoomServiceNonsense):
            await door.fetch("GET", "things/", what="thing")


async def test_cookies_are_not_kept() -> None:
    """A cookie that one answer sets is not sent with the next request, on a named host too."""
    async with open_door(answer({}, Set_Cookie="a=b; Path=/"), GOOD) as (door, server):
        named = build_door(door._client, server.url.replace("127.0.0.1", "localhost"))
        for _ in range(2):
            await named.fetch("GET", "things/", what="thing")

    assert ["cookie" in request.headers for request in server.requests] == [False, False]


@pytest.mark.parametrize(
    "address",
    ["http://elsewhere.example/v2/things/", "https://{host}/v2/", "//elsewhere.example/", "http://[broken/"],
)
async def test_an_address_on_another_server_is_not_followed(address: str) -> None:
    """The key would go with it: RoomServiceNonsense, and nobody was asked."""
    async with open_door(GOOD) as (door, server):
        with pytest.raises(RoomServiceNonsense):
            await door.fetch("GET", address.format(host=f"127.0.0.1:{server.port}"), what="thing")

    assert server.requests == []


async def test_an_address_without_tls_on_the_same_server_is_asked_with_it() -> None:
    """Behind a proxy some services write `http://` into their next page; the key never travels in the clear."""
    asked: list[str] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={})

    async with HttpClient(transport=httpx.MockTransport(reply), timeout=httpx.Timeout(5)) as client:
        door = build_door(client, "https://api.example/v2/")
        await door.fetch("GET", "http://api.example/v2/things/?page=2", what="thing")

    assert asked == ["https://api.example/v2/things/?page=2"]


THEIR_NAME = "Ada"
SECRET_BODY = {"client_url": LINK, "secret": "room-secret-that-nobody-may-read", "user": [LINK]}


@pytest.mark.parametrize(
    "script",
    [
        *[answer(SECRET_BODY, status) for status in (302, 400, 401, 403, 404, 418, 429, 500)],
        answer(f'{{"client_url": "{LINK}"'),
        half(answer(SECRET_BODY)),
        b"HTTP/1.1 " + LINK.encode() + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + LINK.encode() + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 50\r\n\r\n" + LINK.encode()[:50],
    ],
)
async def test_no_failure_tells_a_key_an_address_or_a_body(script: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the error and its causes, nor in any log at any level."""
    caplog.set_level("DEBUG")
    async with open_door(script, patience=Patience(tries=1)) as (door, server):
        with pytest.raises(RoomServiceError) as caught:
            await door.fetch("POST", "things/", what="thing", body={"user": {"name": THEIR_NAME}})
        port = str(server.port)

    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    logged = "".join(record.getMessage() for record in caplog.records)
    assert [secret for secret in (KEY, "nobody-may-read", THEIR_NAME) if secret in told + logged] == []
    assert port not in str(caught.value)


async def test_a_refusal_names_the_fields_of_ours_that_it_complains_of() -> None:
    """Only names that we sent: the answer's own words may repeat what we sent in them."""
    complaint = answer({"user": ["Ada is not a name"], "timeouts": [], "Ada": ["x"]}, 400)
    async with open_door(complaint) as (door, _):
        with pytest.raises(RoomServiceRefused) as caught:
            await door.fetch("POST", "things/", what="launch", body={"user": {}, "timeouts": {}, "id": "x"})

    assert str(caught.value) == "Somebody: launch: not accepted, because of timeouts, user (HTTP 400)"


async def test_a_provider_s_own_words_for_a_refusal_come_first() -> None:
    """Who can say more than the door is given all that came, under lower names; a repr of it shows none of that."""
    seen: list[Refusal] = []

    def explain(refusal: Refusal) -> RoomServiceError:
        seen.append(refusal)
        return RoomServiceRefused("Somebody", "the room is full", status=refusal.status)

    scripts = answer({"errno": 202}, 400, X_Seat="nobody-may-read"), answer("<html>", 404)
    async with RecordedServer(*scripts) as server, open_client(connections=1) as client:
        door = HttpDoor(client, provider="Somebody", base_url=server.url, headers={}, explain=explain)
        for _ in scripts:
            with pytest.raises(RoomServiceRefused, match="the room is full"):
                await door.fetch("GET", "things/", what="thing")

    first, second = seen
    assert (first.what, first.status, first.body, first.headers["x-seat"]) == (
        "thing",
        400,
        {"errno": 202},
        "nobody-may-read",
    )
    assert (second.status, second.body, second.detail) == (404, None, "thing: there is no such thing")
    assert "nobody-may-read" not in repr(first)


async def test_a_body_that_nobody_wants_is_not_judged() -> None:
    """Some answer with a header and a body that is no object; the headers are there, under lower names."""
    async with open_door(answer('""', 200, X_Seat="7")) as (door, _):
        found = await door.fetch("POST", "things/", what="thing", reads_body=False)

    assert (found.body, found.headers["x-seat"]) == ({}, "7")


async def test_a_single_string_is_an_answer_where_it_is_asked_for() -> None:
    """Its value, without quotes; repr does not show it, since it may be a token."""
    async with open_door(answer('"a token"', 201)) as (door, _):
        found = await door.fetch("POST", "tokens/", what="token", takes_text=True)

    assert (found.status, found.body, found.text) == (201, {}, "a token")
    assert "a token" not in repr(found)


@pytest.mark.parametrize("body", ["a token", '""', "null", "7", '{"token": "a"}', '["a"]', ""])
async def test_what_is_no_string_is_nonsense_where_one_is_asked_for(body: str) -> None:
    """Half a token is none; and a string is nothing where an object is asked for."""
    async with open_door(answer(body or " ", 201), answer('"a"')) as (door, _):
        for takes_text in (True, False):
            with pytest.raises(RoomServiceNonsense):
                await door.fetch("POST", "tokens/", what="token", takes_text=takes_text)


async def test_an_address_to_sign_is_the_one_that_is_asked() -> None:
    """With path and parameters, as they are sent."""
    async with open_door(GOOD) as (door, server):
        address = door.find_address("things/a b", what="thing", query={"page": "2"})
        await door.fetch("GET", "things/a b", what="thing", query={"page": "2"})
        origin = f"http://127.0.0.1:{server.port}"

    assert origin + server.requests[0].line.split()[1] == address


async def test_at_most_the_given_connections_are_open_at_once() -> None:
    """With two connections, the third call waits until one of the first is answered."""
    may_answer = asyncio.Event()
    inside: list[int] = []
    most: list[int] = []

    async def hold(writer: asyncio.StreamWriter) -> None:
        inside.append(1)
        most.append(len(inside))
        if len(inside) == 2:
            # Two are here; the third had every chance to come as well before they are answered.
            asyncio.get_running_loop().call_later(0.05, may_answer.set)
        await may_answer.wait()
        inside.pop()
        writer.write(GOOD)

    async with RecordedServer(hold, hold, hold) as server, open_client(connections=2) as client:
        door = build_door(client, server.url)
        async with asyncio.timeout(10):
            await asyncio.gather(*(door.fetch("GET", "things/", what="thing") for _ in range(3)))

    assert max(most) == 2


async def test_a_closed_client_is_told_as_never_sent() -> None:
    """While we stop, a late caller gets one of our errors, at once."""
    time = HandWound()
    async with RecordedServer(GOOD) as server:
        async with open_client(connections=1) as client:
            door = build_door(client, server.url, time)
        with pytest.raises(RoomServiceDown) as caught:
            await door.fetch("GET", "things/", what="thing", is_repeatable=True)

    assert (caught.value.was_sent, time.sleeps) == (False, [])


def test_an_answer_s_repr_leaves_its_body_out() -> None:
    """It may be logged by somebody in a hurry."""
    build: Callable[[], Answer] = lambda: Answer(status=200, body={"secret": LINK}, server_time=None)  # noqa: E731

    assert "nobody-may-read" not in repr(build())
