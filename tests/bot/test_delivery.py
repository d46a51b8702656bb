"""Delivery against the stand-in workspace, and against a server that answers as no Slack should."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.clock import SystemClock
from bot.delivery import POST, UPDATE, Delivery, build_client
from bot.errors import SlackBusy, SlackDown, SlackError, SlackRefused, SlackUnknown, SlackUnreachable
from bot.sandbox.faults import Fault
from bot.sandbox.slack.people import UserKind
from bot.sandbox.slack.standin import SlackStandIn

BLOCKS: list[dict[str, Any]] = [{"type": "section", "text": {"type": "mrkdwn", "text": "Algebra at four."}}]
VIEW: dict[str, Any] = {"type": "home", "blocks": BLOCKS}
LINK = "https://go.example.org/space?jwt=eyJhbGciOiJIUzI1NiJ9.e30.c2ln"


@asynccontextmanager
async def open_session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10, connect=5)) as session:
        yield session


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session() as session:
        yield session


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as slack:
        slack.add_user("Ada")
        yield slack


def make_delivery(slack: SlackStandIn, session: aiohttp.ClientSession, **changes: Any) -> Delivery:
    values: dict[str, Any] = {
        "token": slack.bot_token,
        "base_url": slack.api_url,
        "session": session,
        "clock": SystemClock(),
    }
    return Delivery(**(values | changes))


@pytest.fixture
def delivery(slack: SlackStandIn, session: aiohttp.ClientSession) -> Delivery:
    return make_delivery(slack, session)


@pytest.fixture
def ada(slack: SlackStandIn) -> str:
    return slack.workspace.get_user("Ada").id


def now() -> datetime:
    return datetime.now(UTC)


# Posting


async def test_a_post_to_a_person_lands_in_their_direct_message(
    slack: SlackStandIn, delivery: Delivery, ada: str
) -> None:
    """The answer names the conversation that an update will need; the message is marked, and never unfurls."""
    posted = await delivery.post(ada, "Algebra at four.", BLOCKS, notice_id="notice-1")

    (message,) = slack.as_user("Ada").messages()
    assert (posted.conversation, posted.ts) == (message.channel_id, message.ts)
    assert posted.conversation.startswith("D")
    assert message.metadata == {"event_type": "hallpass_notice", "event_payload": {"notice_id": "notice-1"}}
    assert (message.unfurl_links, message.unfurl_media) == (False, False)
    assert (message.text, message.blocks[0]["text"]) == ("Algebra at four.", BLOCKS[0]["text"])


async def test_an_update_changes_the_message_and_keeps_its_mark(
    slack: SlackStandIn, delivery: Delivery, ada: str
) -> None:
    """The notice's id must still be found after the card was redrawn."""
    posted = await delivery.post(ada, "Algebra at four.", BLOCKS, notice_id="notice-1")

    await delivery.update(posted.conversation, posted.ts, "Algebra is over.", BLOCKS)

    (message,) = slack.as_user("Ada").messages()
    assert message.text == "Algebra is over."
    assert message.metadata is not None
    assert await delivery.find_post(posted.conversation, "notice-1", since=now()) == posted


async def test_posts_wait_for_their_turn(slack: SlackStandIn, session: aiohttp.ClientSession, ada: str) -> None:
    """With a burst of two, the third post sleeps; updates and reads do not count as posts."""
    slept: list[float] = []
    at = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal at
        slept.append(seconds)
        at += seconds

    delivery = make_delivery(slack, session, posts_per_second=4.0, burst=2, monotonic=lambda: at, sleep=sleep)
    for number in range(3):
        posted = await delivery.post(ada, "Hello.", BLOCKS, notice_id=str(number))
        await delivery.update(posted.conversation, posted.ts, "Hello again.", BLOCKS)

    assert slept == [pytest.approx(0.25, abs=0.001)]


async def test_a_turn_taken_before_is_not_taken_twice(
    slack: SlackStandIn, session: aiohttp.ClientSession, ada: str
) -> None:
    """Turn, begin, post: the sender's order costs one turn, and a turn given back costs none."""

    async def never(seconds: float) -> None:
        raise AssertionError("waited")

    delivery = make_delivery(slack, session, posts_per_second=1.0, burst=1, monotonic=lambda: 0.0, sleep=never)

    await delivery.take_turn()
    delivery.give_turn_back()
    await delivery.take_turn()
    await delivery.post(ada, "Hello.", BLOCKS, notice_id="1", has_turn=True)

    with pytest.raises(AssertionError, match="waited"):
        await delivery.take_turn()


# 429


async def test_a_429_shuts_the_gate_of_that_method_alone(
    slack: SlackStandIn, session: aiohttp.ClientSession, ada: str
) -> None:
    """For Retry-After further posts fail at once, without asking Slack; updates go on; then posts go again."""
    at = 50.0
    delivery = make_delivery(slack, session, monotonic=lambda: at)
    earlier = await delivery.post(ada, "Hello.", BLOCKS, notice_id="0")
    slack.faults.switch_on(POST, Fault.rate_limited(30), count=1)

    with pytest.raises(SlackBusy) as refused:
        await delivery.post(ada, "Hello.", BLOCKS, notice_id="1")
    assert refused.value.retry_after == timedelta(seconds=30)
    assert not delivery.is_open(POST)
    assert delivery.opens_at(POST) - now() == pytest.approx(timedelta(seconds=30), abs=timedelta(seconds=5))

    asked = slack.log.count(POST)
    with pytest.raises(SlackBusy):
        await delivery.post(ada, "Hello.", BLOCKS, notice_id="1")
    assert slack.log.count(POST) == asked
    assert delivery.is_open(UPDATE)
    await delivery.update(earlier.conversation, earlier.ts, "Hello again.", BLOCKS)

    at += 30
    assert delivery.is_open(POST)
    await delivery.post(ada, "Hello.", BLOCKS, notice_id="1")


async def test_who_waits_for_a_turn_is_told_when_the_gate_shuts(
    slack: SlackStandIn, session: aiohttp.ClientSession, ada: str
) -> None:
    """Waiting in the bucket behind a shut gate would hold a lease for nothing."""
    waits = asyncio.Event()
    shut = asyncio.Event()
    at = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal at
        waits.set()
        await shut.wait()
        at += seconds

    delivery = make_delivery(slack, session, posts_per_second=1.0, burst=2, monotonic=lambda: at, sleep=sleep)
    slack.faults.switch_on(POST, Fault.rate_limited(30), count=1)
    await delivery.take_turn()
    await delivery.take_turn()
    waiting = asyncio.create_task(delivery.take_turn())
    async with asyncio.timeout(5):
        await waits.wait()
    with pytest.raises(SlackBusy):
        await delivery.post(ada, "Hello.", BLOCKS, notice_id="1", has_turn=True)
    shut.set()

    with pytest.raises(SlackBusy):
        await waiting


# Definite or not


@pytest.mark.parametrize(
    ("fault", "expected", "code"),
    [
        (Fault.failing(503), SlackUnknown, "http_503"),
        (Fault.failing(503, does_work=True), SlackUnknown, "http_503"),
        (Fault.failing(404), SlackRefused, "http_404"),
        (Fault.refusing("internal_error"), SlackUnknown, "internal_error"),
        (Fault.refusing("fatal_error", does_work=True), SlackUnknown, "fatal_error"),
        (Fault.refusing("service_unavailable"), SlackDown, "service_unavailable"),
        (Fault.refusing("rate_limited"), SlackBusy, "ratelimited"),
        (Fault.refusing("token_revoked"), SlackRefused, "token_revoked"),
        (Fault.refusing("messages_tab_disabled"), SlackUnreachable, "messages_tab_disabled"),
        (Fault.refusing("something_new"), SlackRefused, "something_new"),
        (Fault.dropping(), SlackUnknown, "connection_lost"),
        (Fault.dropping(does_work=True), SlackUnknown, "connection_lost"),
        (Fault.garbage(does_work=True), SlackUnknown, "unreadable_body"),
        (Fault.slow(timedelta(seconds=30), after_work=True), SlackUnknown, "timeout"),
    ],
)
async def test_each_failure_says_whether_anything_was_done(
    slack: SlackStandIn, session: aiohttp.ClientSession, ada: str, fault: Fault, expected: type[SlackError], code: str
) -> None:
    """Unknown exactly where the message may be there. `fault`: what Slack does; `code`: what the error carries."""
    delivery = make_delivery(slack, session, time_limit=timedelta(seconds=0.5))
    slack.faults.switch_on(POST, fault, count=1)

    with pytest.raises(SlackError) as failed:
        await delivery.post(ada, "Hello.", BLOCKS, notice_id="1")

    assert (type(failed.value), failed.value.code, failed.value.method) == (expected, code, POST)
    assert slack.log.count(POST) <= 1  # nothing is ever repeated in here; a call under way is logged later


async def test_nobody_listening_is_definitely_not_done(slack: SlackStandIn, session: aiohttp.ClientSession) -> None:
    """A connection that was never made may be tried again without looking."""
    delivery = make_delivery(slack, session, base_url="http://127.0.0.1:9/api/")

    with pytest.raises(SlackDown):
        await delivery.post("U1", "Hello.", BLOCKS, notice_id="1")


async def test_after_closing_nothing_is_sent_behind_our_back(slack: SlackStandIn, ada: str) -> None:
    """With a closed session the SDK would open one of its own, with its own time limit."""
    async with open_session() as session:
        delivery = make_delivery(slack, session)

    with pytest.raises(SlackDown):
        await delivery.post(ada, "Hello.", BLOCKS, notice_id="1")
    assert slack.log.count(POST) == 0


@pytest.mark.parametrize("kind", [UserKind.STRANGER, UserKind.DEACTIVATED, UserKind.BOT])
async def test_people_who_cannot_be_written_to_are_unreachable(
    slack: SlackStandIn, delivery: Delivery, kind: UserKind
) -> None:
    """Trouble with one person, not with our installation: the next person may well be reached."""
    user = slack.add_user("Ben", kind=kind)

    with pytest.raises(SlackUnreachable):
        await delivery.post(user.id, "Hello.", BLOCKS, notice_id="1")


async def test_a_missing_scope_is_our_own_trouble(slack: SlackStandIn, delivery: Delivery, ada: str) -> None:
    """No person is to blame, so nobody is marked as unreachable."""
    slack.app.scopes.discard("chat:write")

    with pytest.raises(SlackRefused) as refused:
        await delivery.post(ada, "Hello.", BLOCKS, notice_id="1")
    assert refused.value.code == "missing_scope"


async def test_no_failure_carries_what_was_posted(
    slack: SlackStandIn, session: aiohttp.ClientSession, ada: str
) -> None:
    """Neither the error nor anything chained to it holds the link, whatever Slack answered."""
    blocks = [{"type": "actions", "elements": [{"type": "button", "url": LINK, "text": "not an object"}]}]
    delivery = make_delivery(slack, session, time_limit=timedelta(seconds=0.5))
    for fault in (None, Fault.garbage(), Fault.failing(500), Fault.dropping(), Fault.refusing()):
        if fault is not None:
            slack.faults.switch_on(POST, fault, count=1)
        with pytest.raises(SlackError) as failed:
            await delivery.post(ada, "Hello.", blocks, notice_id="1")

        chain: BaseException | None = failed.value
        while chain is not None:
            assert "go.example.org" not in f"{chain!r}{chain}"
            assert slack.bot_token not in f"{chain!r}{chain}"
            chain = chain.__cause__ or chain.__context__


# Looking for a post


async def test_a_post_with_an_unknown_outcome_is_found(
    slack: SlackStandIn, session: aiohttp.ClientSession, ada: str
) -> None:
    """It was done and the answer lost: the notice's id tells, knowing only the person."""
    delivery = make_delivery(slack, session)
    began_at = now()
    slack.faults.switch_on(POST, Fault.dropping(does_work=True), count=1)
    with pytest.raises(SlackUnknown):
        await delivery.post(ada, "Hello.", BLOCKS, notice_id="notice-1")

    found = await delivery.find_post(ada, "notice-1", since=began_at)

    (message,) = slack.as_user("Ada").messages()
    assert found is not None
    assert (found.conversation, found.ts) == (message.channel_id, message.ts)


async def test_what_was_never_posted_is_not_found(delivery: Delivery, ada: str) -> None:
    """None is an answer: other notices' posts are not this one."""
    await delivery.post(ada, "Hello.", BLOCKS, notice_id="notice-1")

    assert await delivery.find_post(ada, "notice-2", since=now()) is None


async def test_every_page_is_read(slack: SlackStandIn, delivery: Delivery, ada: str) -> None:
    """The message may have hundreds after it; the search does not end at the first page."""
    began_at = now()
    posted = await delivery.post(ada, "Hello.", BLOCKS, notice_id="the-first")
    for number in range(450):
        await delivery.post(ada, "Hello.", BLOCKS, notice_id=str(number), has_turn=True)

    assert await delivery.find_post(posted.conversation, "the-first", since=began_at) == posted
    assert slack.log.count("conversations.history") >= 3


async def test_history_that_cannot_be_read_is_no_answer(slack: SlackStandIn, delivery: Delivery, ada: str) -> None:
    """Without it, None would mean a second message."""
    posted = await delivery.post(ada, "Hello.", BLOCKS, notice_id="notice-1")
    slack.app.scopes.discard("im:history")

    with pytest.raises(SlackRefused):
        await delivery.find_post(posted.conversation, "notice-2", since=now())


async def test_a_reply_in_a_thread_is_found(slack: SlackStandIn, delivery: Delivery) -> None:
    """A channel's history leaves replies out; they are asked for by their thread."""
    channel = slack.add_channel("lessons", ["Ada"])
    parent = await delivery.post(channel.id, "Algebra.", BLOCKS, notice_id="parent")
    reply = await delivery.post(channel.id, "It ends.", BLOCKS, notice_id="reply", thread_ts=parent.ts)

    assert await delivery.find_post(channel.id, "reply", since=now(), thread_ts=parent.ts) == reply


# A Slack whose answers are wrong


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serve(answer: Answer) -> AsyncIterator[str]:
    server = web.Application()
    server.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(server, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"[]", "application/json"),
        (b"{}", "application/json"),
        (b"null", "application/json"),
        (b'{"ok": true}', "application/json"),
        (b'{"ok": true, "channel": 1, "ts": 2}', "application/json"),
        (b'{"ok": fal', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"ok", "text/plain"),
        (b"<html>", "text/html"),
        (b"", "application/json"),
        (b"bytes", "application/gzip"),
    ],
)
async def test_an_answer_that_is_none_is_unknown(
    slack: SlackStandIn, session: aiohttp.ClientSession, body: bytes, content_type: str
) -> None:
    """200 and nonsense: the message may be there all the same."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=content_type)

    async with serve(answer) as url:
        delivery = make_delivery(slack, session, base_url=url)
        with pytest.raises(SlackUnknown) as failed:
            await delivery.post("U1", "Hello.", BLOCKS, notice_id="1")

    assert failed.value.code == "unreadable_body"


async def test_a_429_with_a_page_instead_of_an_answer_is_still_busy(
    slack: SlackStandIn, session: aiohttp.ClientSession
) -> None:
    """Proxies answer for Slack; without a number of seconds half a minute is waited."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=429, text="<html>slow down</html>", content_type="application/json")

    async with serve(answer) as url:
        delivery = make_delivery(slack, session, base_url=url)
        with pytest.raises(SlackBusy) as busy:
            await delivery.post("U1", "Hello.", BLOCKS, notice_id="1")

    assert busy.value.retry_after == timedelta(seconds=30)


@pytest.mark.parametrize("more", [{"has_more": True}, {"response_metadata": {"next_cursor": "again"}}])
async def test_pages_that_do_not_end_are_no_answer(
    slack: SlackStandIn, session: aiohttp.ClientSession, more: dict[str, Any]
) -> None:
    """More is promised and the way to it missing, or leading in a circle: never take that for the end."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "messages": []} | more)

    async with serve(answer) as url:
        delivery = make_delivery(slack, session, base_url=url)
        with pytest.raises(SlackUnknown):
            await delivery.find_post("C1", "1", since=now())


async def test_slacks_clock_is_read_from_its_answers(slack: SlackStandIn, session: aiohttp.ClientSession) -> None:
    """Ten minutes behind ours: history is asked for from a minute before the post on *its* clock."""
    asked: list[float] = []

    async def answer(request: web.Request) -> web.Response:
        if "oldest" in request.query:
            asked.append(float(request.query["oldest"]))
        date = (now() - timedelta(minutes=10)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return web.json_response({"ok": True, "messages": [], "channel": {"id": "D1"}}, headers={"Date": date})

    async with serve(answer) as url:
        delivery = make_delivery(slack, session, base_url=url)
        since = now()
        await delivery.find_post("U1", "1", since=since)

    assert delivery.skew == pytest.approx(timedelta(minutes=-10), abs=timedelta(seconds=5))
    assert asked == [pytest.approx(since.timestamp() - 660, abs=5)]


# Private answers and views


async def test_a_private_answer_reaches_only_the_one_who_typed(slack: SlackStandIn, delivery: Delivery) -> None:
    """By the `response_url` of a command, for its author's eyes."""
    replied = asyncio.Event()

    async def take_command(request: web.Request) -> web.Response:
        form = await request.post()
        await delivery.reply_private(str(form["response_url"]), "Only for you.", BLOCKS)
        replied.set()
        return web.Response()

    async with serve(take_command) as url:
        slack.events_url = url
        await slack.as_user("Ada").slash("/lesson", "help")
    async with asyncio.timeout(5):
        await replied.wait()

    (answer,) = slack.as_user("Ada").private_answers()
    assert answer.text == "Only for you."


@pytest.mark.parametrize(
    ("status", "expected"),
    [(404, SlackUnreachable), (410, SlackUnreachable), (429, SlackBusy), (500, SlackUnknown), (302, SlackUnreachable)],
)
async def test_a_response_url_that_fails_says_how(
    slack: SlackStandIn, session: aiohttp.ClientSession, status: int, expected: type[SlackError]
) -> None:
    """And its address, which is a key by itself, is in no error. `status`: what it answers."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text="used_url", headers={"Location": "https://elsewhere.example.org/"})

    async with serve(answer) as url:
        with pytest.raises(expected) as failed:
            await make_delivery(slack, session).reply_private(f"{url}secret-part", "Hello.", BLOCKS)

    assert "secret-part" not in f"{failed.value!r}{failed.value.__cause__!r}{failed.value.__context__!r}"


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/secret-part", "no address: secret-part"])
async def test_a_response_url_nobody_answers_is_not_told(
    slack: SlackStandIn, session: aiohttp.ClientSession, address: str
) -> None:
    """The connection's own error names the address; what travels on does not."""
    with pytest.raises(SlackDown) as failed:
        await make_delivery(slack, session).reply_private(address, "Hello.", BLOCKS)

    assert "secret-part" not in f"{failed.value!r}"
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__


async def test_an_ephemeral_answer_is_seen_by_one_member(slack: SlackStandIn, delivery: Delivery, ada: str) -> None:
    """In the conversation, but only for them."""
    channel = slack.add_channel("lessons", ["Ada"])

    await delivery.post_ephemeral(channel.id, ada, "Only for you.", BLOCKS)

    assert [answer.text for answer in slack.as_user("Ada").private_answers()] == ["Only for you."]
    assert slack.as_user("Ada").messages(channel) == []


async def test_a_home_tab_is_drawn(slack: SlackStandIn, delivery: Delivery, ada: str) -> None:
    """The answer names the view and the hash that guards its next update."""
    drawn = await delivery.publish_view(ada, VIEW)

    assert drawn.view_id
    assert drawn.hash


async def test_a_trigger_that_expired_is_refused(slack: SlackStandIn, delivery: Delivery) -> None:
    """Nobody is unreachable; the form just came too late."""
    view = {"type": "modal", "title": {"type": "plain_text", "text": "Book"}, "blocks": BLOCKS}

    with pytest.raises(SlackRefused):
        await delivery.open_view("1.2.3", view)


async def test_a_closed_view_is_unreachable(delivery: Delivery) -> None:
    """Whoever redraws a progress view stops then, and nothing is wrong."""
    view = {"type": "modal", "title": {"type": "plain_text", "text": "Book"}, "blocks": BLOCKS}

    with pytest.raises(SlackUnreachable):
        await delivery.update_view("V0000000000", view)


async def test_no_proxy_is_used_for_loopback(monkeypatch: pytest.MonkeyPatch, session: aiohttp.ClientSession) -> None:
    """A company's proxy cannot reach the stand-in on this machine."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.org:3128")

    assert build_client(token="xoxb-1", base_url="http://127.0.0.1:9/api/", session=session).proxy is None
    assert build_client(token="xoxb-1", base_url="https://slack.com/api/", session=session).proxy is not None
