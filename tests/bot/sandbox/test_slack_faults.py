"""Faults and rate limits that can be switched on, and the log of what was asked."""

from __future__ import annotations

from datetime import timedelta

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.faults import EVERY_METHOD, Fault, FaultBoard
from bot.sandbox.slack.standin import SlackStandIn
from tests.bot.sandbox.conftest import HandClock
from tests.bot.sandbox.refusing import refusal_of

POST = "chat.postMessage"


def test_faults_of_a_method_queue_up() -> None:
    """Each for its count; then the calls go well again."""
    board = FaultBoard()
    drop, failing = Fault.dropping(), Fault.failing(502)
    board.switch_on(POST, drop, count=1)
    board.switch_on(POST, failing, count=2)

    assert [drop, failing, failing, None] == [board.take(POST) for _ in range(4)]


def test_faults_stay_until_switched_off() -> None:
    """A method's own come before those of every method."""
    board = FaultBoard()
    general, own = Fault.failing(), Fault.garbage()
    board.switch_on(EVERY_METHOD, general)
    board.switch_on(POST, own)
    assert [own, own, general] == [board.take(POST), board.take(POST), board.take("auth.test")]

    board.switch_off(POST)
    assert general is board.take(POST)
    board.switch_off()
    assert board.take(POST) is None


@pytest.mark.parametrize("does_work", [False, True])
@pytest.mark.parametrize(
    ("fault", "logged"),
    [
        ("dropping", "dropped"),
        ("failing", "status"),
        ("refusing", "internal_error"),
        ("garbage", "garbage"),
    ],
)
async def test_fault_hides_whether_the_work_was_done(
    slack: SlackStandIn, client: AsyncWebClient, fault: str, logged: str, does_work: bool
) -> None:
    """The caller sees the same failure; the workspace knows whether the message is there."""
    ada = slack.as_user("Ada")
    slack.faults.switch_on(POST, getattr(Fault, fault)(does_work=does_work), count=1)

    with pytest.raises((SlackApiError, aiohttp.ClientError)):
        await client.chat_postMessage(channel=ada.user.id, text="Hi")

    assert (["Hi"] if does_work else []) == [message.text for message in ada.messages()]
    assert [logged] == [call.error for call in slack.log.list_calls(POST)]
    assert (await client.chat_postMessage(channel=ada.user.id, text="Again"))["ok"]


async def test_rate_limited_fault_says_when_to_come_back(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """429 with Retry-After in whole seconds."""
    slack.faults.switch_on(POST, Fault.rate_limited(7), count=1)

    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=slack.as_user("Ada").user.id, text="Hi")

    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize(("after_work", "posted"), [(False, 0), (True, 1)])
async def test_slow_answer_loses_the_caller(
    slack: SlackStandIn, client: AsyncWebClient, after_work: bool, posted: int
) -> None:
    """A caller that does not wait long enough cannot know whether its message was posted."""
    ada = slack.as_user("Ada")
    slack.faults.switch_on(POST, Fault.slow(timedelta(seconds=30), after_work=after_work), count=1)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.1)) as hasty:
        client.session = hasty
        with pytest.raises(TimeoutError):
            await client.chat_postMessage(channel=ada.user.id, text="Hi")

    assert posted == len(ada.messages())


async def test_response_urls_can_fail_too(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """Under the name `response_url`."""
    slack.faults.switch_on("response_url", Fault.failing(500), count=1)
    assert client.session is not None
    url = slack.api_url.replace("/api/", "/commands/T/1/x")
    async with client.session.post(url, json={"text": "Hi"}) as response:
        assert response.status == 500
    async with client.session.post(url, json={"text": "Hi"}) as response:
        assert response.status == 404


async def test_tier_closes_a_method_until_retry_after(
    slack: SlackStandIn, client: AsyncWebClient, machine: HandClock
) -> None:
    """chat.update: fifty a minute; other methods go on."""
    slack.limits.limit_tiers()
    posted = await client.chat_postMessage(channel=slack.as_user("Ada").user.id, text="0")
    place = {"channel": posted["channel"], "ts": posted["ts"]}
    for n in range(50):
        await client.chat_update(**place, text=str(n))
    machine.pass_by(timedelta(seconds=20))

    with pytest.raises(SlackApiError) as caught:
        await client.chat_update(**place, text="too many")

    assert caught.value.response.headers["Retry-After"] == "40"
    assert (await client.chat_delete(**place))["ok"]
    machine.pass_by(timedelta(seconds=39))
    assert await refusal_of(client.chat_update(**place, text="still")) == "ratelimited"
    machine.pass_by(timedelta(seconds=1))
    assert await refusal_of(client.chat_update(**place, text="open again")) == "message_not_found"
    assert slack.limits.refusals["chat.update"] == 2


async def test_posts_a_second_in_the_workspace(slack: SlackStandIn, client: AsyncWebClient, machine: HandClock) -> None:
    """A burst at once, then so many a second; refusals are counted."""
    slack.limits.limit_posts(2, burst=3)
    ada = slack.as_user("Ada").user.id
    for n in range(3):
        await client.chat_postMessage(channel=ada, text=str(n))

    assert await refusal_of(client.chat_postMessage(channel=ada, text="too many")) == "ratelimited"
    machine.pass_by(timedelta(seconds=0.5))
    assert (await client.chat_postMessage(channel=ada, text="one more"))["ok"]
    assert await refusal_of(client.chat_postMessage(channel=ada, text="too many")) == "ratelimited"
    assert slack.limits.refusals[POST] == 2


async def test_posts_a_second_in_one_conversation(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """Each direct conversation is its own channel."""
    slack.limits.limit_posts(None, channel_per_second=1, channel_burst=1)
    ada, ben = (slack.as_user(name).user.id for name in ("Ada", "Ben"))

    await client.chat_postMessage(channel=ada, text="1")
    await client.chat_postMessage(channel=ben, text="1")

    assert await refusal_of(client.chat_postMessage(channel=ada, text="2")) == "ratelimited"


async def test_calls_take_the_latency_they_are_given(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """For all, or for one method; the log tells what each took."""
    slack.latency = timedelta(milliseconds=200)
    slack.latencies["auth.test"] = timedelta(0)

    await client.team_info()
    await client.auth_test()

    slow, _ = slack.log.calls
    assert slow.taken >= timedelta(milliseconds=200)
    assert (slow.name, slow.status, slow.error) == ("team.info", 200, None)


async def test_log_holds_no_secret(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """Neither tokens nor what was said."""
    await client.chat_postMessage(channel=slack.as_user("Ada").user.id, text="https://rooms.example/secret")

    logged = repr(slack.log.calls) + repr(slack.app)
    for secret in ("rooms.example", slack.bot_token, slack.app_token, slack.signing_secret):
        assert secret not in logged
