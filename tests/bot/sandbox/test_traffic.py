"""What went to and fro in a school: each request told once, with its status, how long it took, and nothing secret."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.faults import Fault, FaultKind
from bot.sandbox.lessonspace.mishaps import Mishap, MishapKind
from bot.sandbox.lessonspace.stand_in import LessonspaceStandIn
from bot.sandbox.school import open_school
from bot.sandbox.slack.standin import SlackStandIn
from bot.sandbox.traffic import Book, Call, Party
from tests.bot.sandbox.apps import RecordingApp, serve
from tests.bot.sandbox.callers import Caller, Machine
from tests.bot.sandbox.refusing import refusal_of

MOMENT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def build_call(number: int = 1, *, sender: Party = Party.BOT, receiver: Party = Party.SLACK) -> Call:
    return Call(
        sender=sender,
        receiver=receiver,
        name=f"call {number}",
        verb="POST",
        path="",
        status=200,
        at=MOMENT,
        taken=timedelta(0),
    )


class Listener:
    """Hears what goes to and fro."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def find(self, name: str) -> Call:
        """The only one of this name."""
        [found] = [call for call in self.calls if call.name == name]
        return found


@pytest.fixture
def listener(slack: SlackStandIn) -> Listener:
    listener = Listener()
    slack.wire.on_call(listener.calls.append)
    return listener


async def test_what_the_bot_asks_slack_is_told_with_its_verdict(
    slack: SlackStandIn, client: AsyncWebClient, listener: Listener
) -> None:
    """The method, the route, Slack's own word for what was wrong; none where nothing was."""
    await client.team_info()
    await refusal_of(client.chat_postMessage(channel="C404", text="Hello"))

    good, bad = listener.calls
    assert ("team.info", "/api/{method}", 200, None) == (good.name, good.path, good.status, good.error)
    assert ("chat.postMessage", 200, "channel_not_found") == (bad.name, bad.status, bad.error)
    assert {(Party.BOT, Party.SLACK)} == {(call.sender, call.receiver) for call in listener.calls}


async def test_a_method_that_slack_does_not_have_is_not_told_by_its_name(
    client: AsyncWebClient, listener: Listener
) -> None:
    """What stands in the address is the caller's text."""
    await refusal_of(client.api_call("xoxb-very-secret"))

    assert ["unknown method"] == [call.name for call in listener.calls]


@pytest.mark.parametrize(
    "fault, status, error",
    [
        (Fault.slow(timedelta(milliseconds=150)), 200, None),
        (Fault.rate_limited(7), 429, "ratelimited"),
        (Fault.failing(502), 502, "status"),
        (Fault.refusing("fatal_error"), 200, "fatal_error"),
        (Fault.dropping(), None, "dropped"),
        (Fault.dropping(does_work=True), None, "dropped"),
        (Fault.garbage(), 200, "garbage"),
    ],
)
async def test_a_fault_at_slack_is_told_with_what_the_bot_saw_of_it(
    slack: SlackStandIn, listener: Listener, fault: Fault, status: int | None, error: str | None
) -> None:
    """Status and trouble by name; how long it took counts what it was made to wait."""
    slack.faults.switch_on("team.info", fault, count=1)
    async with aiohttp.ClientSession() as session:
        try:
            async with session.post(f"{slack.api_url}team.info", headers=_prove(slack)) as response:
                await response.read()
        except aiohttp.ClientError:
            assert status is None
    await slack.wait_for(lambda: bool(listener.calls))

    call = listener.find("team.info")
    assert (status, error, fault.kind) == (call.status, call.error, call.fault)
    assert call.taken >= fault.delay


async def test_a_caller_that_gave_up_was_told_nothing(slack: SlackStandIn, listener: Listener) -> None:
    """An answer that comes when nobody waits any more has no status."""
    slack.latency = timedelta(milliseconds=300)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.05)) as session:
        with pytest.raises(TimeoutError):
            await session.post(f"{slack.api_url}team.info", headers=_prove(slack))
    await slack.wait_for(lambda: bool(listener.calls))

    assert listener.find("team.info").status is None


async def test_what_slack_brings_is_told_with_how_long_the_app_took(
    slack: SlackStandIn, app: RecordingApp, listener: Listener
) -> None:
    """Over HTTP: the command, the app's status, and Slack's trouble with it."""
    slack.deliveries.ack_limit = timedelta(milliseconds=100)
    app.answers += [(200, ""), (500, "")]
    for _ in range(2):
        await slack.as_user("Ada").slash("/lesson")
    app.may_answer.clear()
    await slack.as_user("Ada").slash("/lesson")
    app.may_answer.set()

    assert {(Party.SLACK, Party.BOT, "/lesson", "POST", "")} == {
        (call.sender, call.receiver, call.name, call.verb, call.path) for call in listener.calls
    }
    seen = [(call.status, call.error) for call in listener.calls]
    assert [(200, None), (500, "http_error"), (None, "operation_timeout")] == seen
    assert listener.calls[-1].taken >= slack.deliveries.ack_limit


async def test_an_event_that_comes_again_says_so(slack: SlackStandIn, app: RecordingApp, listener: Listener) -> None:
    """The same event, and which time of bringing it again."""
    slack.deliveries.retry_delays = (timedelta(0),)
    app.answers += [(500, ""), (200, "")]

    await slack.as_user("Ada").open_home()
    await slack.wait_for(lambda: slack.deliveries.retrying_count == 0)

    assert ["app_home_opened", "app_home_opened again, 1"] == [call.name for call in listener.calls]


async def test_without_an_app_slack_reaches_nobody(slack: SlackStandIn, listener: Listener) -> None:
    """In Socket Mode, with no connection open."""
    await slack.as_user("Ada").slash("/lesson")

    call = listener.find("/lesson")
    assert ("WebSocket", None, "connection_failed") == (call.verb, call.status, call.error)


async def test_calls_to_a_room_service_are_told_by_their_route(caller: Caller) -> None:
    """Ids that stand in the address are left out; what a fault did shows."""
    told: list[Call] = []
    caller.room.wire.on_call(told.append)
    caller.room.faults.switch_on("users", Fault.rate_limited(3), count=1)

    await caller.ask("GET", f"{caller.org}users/")
    await caller.ask("GET", f"{caller.org}sessions/very-secret/", key="Organisation wrong")

    limited, refused = told
    assert ("users", 429, FaultKind.RATE_LIMITED) == (limited.name, limited.status, limited.fault)
    assert ("session", 403, None) == (refused.name, refused.status, refused.fault)
    assert "/v2/organisations/{organisation}/sessions/{session}/" == refused.path
    assert {(Party.BOT, Party.LESSONSPACE)} == {(call.sender, call.receiver) for call in told}


async def test_latency_counts_as_time_taken(clock: Machine) -> None:
    """Of a room service, as its caller feels it."""
    latency = timedelta(milliseconds=100)
    async with LessonspaceStandIn(clock, latency=latency) as room, aiohttp.ClientSession() as client:
        await Caller(room, client).ask("GET", "hello/")

    [call] = room.asked
    assert call.taken >= latency


@pytest.mark.parametrize(
    "mishap, seen",
    [
        (None, [(200, None)]),
        (Mishap.repeating(), [(200, MishapKind.REPEAT), (200, MishapKind.REPEAT)]),
        (Mishap.losing(), [(None, MishapKind.LOSE)]),
    ],
)
async def test_webhooks_are_told_by_their_event(
    caller: Caller, mishap: Mishap | None, seen: list[tuple[int | None, MishapKind | None]]
) -> None:
    """Twice where one comes twice, and also where it is lost on its way; never with its address."""
    told: list[Call] = []
    caller.room.wire.on_call(told.append)
    if mishap is not None:
        caller.room.webhooks.mishaps.switch_on("user.join", mishap, count=1)
    async with serve(RecordingApp().build_server()) as url:
        await caller.enter("Ben", webhooks={"user": {"join": url}})
        await caller.room.deliver_all()

    joins = [call for call in told if call.name == "user.join"]
    assert seen == [(call.status, call.fault) for call in joins]
    assert {(Party.LESSONSPACE, Party.BOT, "")} == {(call.sender, call.receiver, call.path) for call in joins}


def test_a_book_keeps_the_last_and_counts_all() -> None:
    """Newest first, numbered in the order of their ends, with lesson time."""
    book = Book(lambda: MOMENT, most=3)
    for number in range(1, 6):
        book.write(build_call(number))

    entries = book.list_newest()
    assert [(5, "call 5", MOMENT), (4, "call 4", MOMENT), (3, "call 3", MOMENT)] == [
        (entry.number, entry.call.name, entry.lesson_at) for entry in entries
    ]
    assert [5] == [entry.number for entry in book.list_newest(most=1)]
    assert 5 == book.count


def test_a_book_is_read_by_party() -> None:
    """Whoever sent it or was sent it."""
    book = Book(lambda: MOMENT)
    book.write(build_call(1))
    book.write(build_call(2, sender=Party.SLACK, receiver=Party.BOT))
    book.write(build_call(3, receiver=Party.LOOP))

    assert [2, 1] == [entry.number for entry in book.list_newest(Party.SLACK)]
    assert [3, 2, 1] == [entry.number for entry in book.list_newest(Party.BOT)]


async def test_a_school_writes_down_what_goes_between_all_of_them(tmp_path: Path) -> None:
    """From Slack's envelopes to the rooms' reports: whoever is in it."""
    async with open_school(tmp_path, services=("lessonspace", "loop"), is_socket_mode=True) as school:
        async with aiohttp.ClientSession() as client:
            await client.get(f"{school.slack.api_url}team.info")
            await client.get(f"{school.lessonspace.api_url}hello/")
            await client.get(f"{school.houses['loop'].stand_in.origin}/v0/")
        await school.add("Ada").slash("/lesson")

        pairs = [(entry.call.sender, entry.call.receiver) for entry in school.traffic.list_newest()]
    assert [
        (Party.SLACK, Party.BOT),
        (Party.BOT, Party.LOOP),
        (Party.BOT, Party.LESSONSPACE),
        (Party.BOT, Party.SLACK),
    ] == pairs


def _prove(slack: SlackStandIn) -> dict[str, str]:
    return {"Authorization": f"Bearer {slack.bot_token}"}
