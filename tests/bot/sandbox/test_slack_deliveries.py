"""How things reach the app: wire formats, time limits, and what is brought again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.deliveries import Trouble
from bot.sandbox.slack.outcomes import Outcome
from bot.sandbox.slack.standin import SlackStandIn
from tests.bot.sandbox.apps import RecordingApp


async def test_signature_is_slacks(slack: SlackStandIn) -> None:
    """The SDK's own verifier accepts it, and only for this very body."""
    headers = slack.deliveries.sign(b"payload=1")

    verifier = SignatureVerifier(slack.signing_secret)
    assert verifier.is_valid_request("payload=1", headers)
    assert not verifier.is_valid_request("payload=2", headers)


async def test_event_that_was_not_taken_comes_again(slack: SlackStandIn, app: RecordingApp) -> None:
    """The same event id, with the number and reason of the retry, until it is taken."""
    slack.deliveries.retry_delays = (timedelta(0), timedelta(0), timedelta(0))
    app.answers += [(500, ""), (503, ""), (200, "")]

    first = await slack.as_user("Ada").open_home()
    await slack.wait_for(lambda: slack.deliveries.retrying_count == 0)

    assert len(slack.deliveries.log) == 3
    assert Trouble.STATUS is first.trouble
    assert len({payload["event_id"] for payload in app.payloads}) == 1
    assert [headers.get("x-slack-retry-num") for headers in app.headers] == [None, "1", "2"]
    assert [headers.get("x-slack-retry-reason") for headers in app.headers] == [None, "http_error", "http_error"]


async def test_event_comes_four_times_at_most(slack: SlackStandIn, app: RecordingApp) -> None:
    """Once, and three times again."""
    slack.deliveries.retry_delays = (timedelta(0), timedelta(0), timedelta(0))
    app.answers += [(500, "")] * 9

    await slack.as_user("Ada").open_home()
    await slack.wait_for(lambda: len(slack.deliveries.log) == 4)
    await slack.as_user("Ada").slash("/lesson")

    assert [answer.name for answer in slack.deliveries.log] == ["app_home_opened"] * 4 + ["/lesson"]


async def test_app_can_stop_the_retries(slack: SlackStandIn, app: RecordingApp) -> None:
    """By `x-slack-no-retry: 1` on an answer other than 200, to the first delivery or to a later one."""
    slack.deliveries.retry_delays = (timedelta(0), timedelta(minutes=1))
    app.answers += [(500, ""), (500, ""), (500, "")]
    await slack.as_user("Ada").open_home()
    assert slack.deliveries.retrying_count == 1

    app.answer_headers["x-slack-no-retry"] = "1"
    await slack.wait_for(lambda: slack.deliveries.retrying_count == 0)
    await slack.as_user("Ada").open_home()

    assert slack.deliveries.retrying_count == 0
    assert len(slack.deliveries.log) == 3


async def test_commands_are_never_brought_again(slack: SlackStandIn, app: RecordingApp) -> None:
    """People press again; Slack does not."""
    slack.deliveries.retry_delays = (timedelta(0),)
    app.answers.append((500, ""))

    await slack.as_user("Ada").slash("/lesson")
    await slack.as_user("Ada").open_home()

    assert [answer.name for answer in slack.deliveries.log] == ["/lesson", "app_home_opened"]


async def test_taken_is_measured(slack: SlackStandIn, app: RecordingApp) -> None:
    """How long the acknowledgement took is told, and never more than the limit."""
    outcome = await slack.as_user("Ada").slash("/lesson")

    assert timedelta(0) < outcome.taken < timedelta(seconds=3)


@pytest.mark.parametrize("kind", ["command", "interaction", "event"])
async def test_envelopes_have_slacks_shape(slack: SlackStandIn, client: AsyncWebClient, kind: str) -> None:
    """Type, id, payload, and whether the acknowledgement may carry something; events tell of retries."""
    ada = slack.as_user("Ada")
    acts: dict[str, Callable[[], Coroutine[Any, Any, Outcome]]] = {
        "command": lambda: ada.slash("/lesson"),
        "interaction": lambda: ada.shortcut("x"),
        "event": ada.open_home,
    }
    address = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    assert client.session is not None
    async with asyncio.timeout(5), client.session.ws_connect(address) as socket:
        await socket.receive_json()
        acting = asyncio.create_task(acts[kind]())
        envelope: dict[str, Any] = await socket.receive_json()
        await socket.send_str(json.dumps({"envelope_id": envelope["envelope_id"], "payload": {"text": "Hi"}}))
        outcome = await acting

    expected = {"command": "slash_commands", "interaction": "interactive", "event": "events_api"}
    assert expected[kind] == envelope["type"]
    assert (kind != "event") is envelope["accepts_response_payload"]
    assert (kind == "event") is ("retry_attempt" in envelope)
    assert ({} if kind == "event" else {"text": "Hi"}) == outcome.body


async def test_envelope_without_acknowledgement_is_late(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """An answer for another envelope, or one that is no JSON, is none."""
    slack.deliveries.ack_limit = timedelta(seconds=0.1)
    address = (await client.apps_connections_open(app_token=slack.app_token))["url"]
    assert client.session is not None
    async with asyncio.timeout(5), client.session.ws_connect(address) as socket:
        await socket.receive_json()
        acting = asyncio.create_task(slack.as_user("Ada").slash("/lesson"))
        await socket.receive_json()
        await socket.send_str("not json")
        await socket.send_str('{"envelope_id": "another"}')

        assert Trouble.TIMEOUT is (await acting).trouble


async def test_waiting_ends_with_the_change_or_the_limit(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """A waiter wakes when its condition comes true, and gives up in time when it does not."""
    ada = slack.as_user("Ada")
    waiting = asyncio.create_task(slack.wait_for(lambda: len(ada.messages()) == 2))
    await client.chat_postMessage(channel=ada.user.id, text="1")
    assert not waiting.done()
    await client.chat_postMessage(channel=ada.user.id, text="2")
    async with asyncio.timeout(5):
        await waiting

    with pytest.raises(TimeoutError):
        await slack.wait_for(lambda: False, timeout=0.01)
