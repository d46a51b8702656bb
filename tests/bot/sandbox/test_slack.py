"""The stand-in workspace as real clients meet it: slack_sdk's client, and Bolt over signed HTTP and Socket Mode."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.deliveries import Trouble
from bot.sandbox.slack.standin import SlackStandIn
from tests.bot.sandbox.apps import RecordingApp, serve, serve_socket
from tests.bot.sandbox.refusing import refusal_of

FORM = {
    "type": "modal",
    "callback_id": "booking",
    "title": {"type": "plain_text", "text": "Book a lesson"},
    "submit": {"type": "plain_text", "text": "Book"},
    "blocks": [
        {
            "type": "input",
            "block_id": "title",
            "label": {"type": "plain_text", "text": "Title"},
            "element": {"type": "plain_text_input", "action_id": "title"},
        }
    ],
}


class LessonApp:
    """A small Bolt app: a command opens a form, the form is kept, a button is answered, Home openings are counted."""

    def __init__(self, client: AsyncWebClient, signing_secret: str) -> None:
        self.bolt = AsyncApp(client=client, signing_secret=signing_secret, process_before_response=True)
        self.states: list[dict[str, Any]] = []
        self.homes: list[str] = []
        self.bolt.command("/lesson")(self.open_form)
        self.bolt.view("booking")(self.take_form)
        self.bolt.action("join")(self.answer_button)
        self.bolt.event("app_home_opened")(self.take_home)

    async def open_form(self, ack: AsyncAck, body: dict[str, str], client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)
        await ack()

    async def take_form(self, ack: AsyncAck, view: dict[str, Any]) -> None:
        self.states.append(view["state"]["values"])
        title = view["state"]["values"]["title"]["title"]["value"]
        if title == "?":
            await ack(response_action="errors", errors={"title": "Give it a name."})
        else:
            await ack()

    async def answer_button(self, ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond("You are in.")

    async def take_home(self, event: dict[str, str]) -> None:
        self.homes.append(event["user"])


@pytest.fixture(params=["http", "socket"])
async def lesson_app(
    slack: SlackStandIn, client: AsyncWebClient, request: pytest.FixtureRequest
) -> AsyncIterator[LessonApp]:
    """The same app, over each way in."""
    app = LessonApp(client, slack.signing_secret)
    if request.param == "http":
        async with serve(app.bolt.web_app()) as url:
            slack.events_url = url
            yield app
    else:
        async with serve_socket(app.bolt, app_token=slack.app_token):
            yield app


async def test_command_opens_a_form_that_comes_back_filled_in(slack: SlackStandIn, lesson_app: LessonApp) -> None:
    """The whole way: command, trigger, view, submission, state."""
    ada = slack.as_user("Ada")
    assert (await ada.slash("/lesson")).is_fine
    assert ada.view is not None
    await ada.fill(ada.view, {"title": "Algebra"})

    outcome = await ada.submit()

    assert outcome.is_fine
    assert lesson_app.states == [{"title": {"title": {"type": "plain_text_input", "value": "Algebra"}}}]
    assert ada.view is None


async def test_errors_on_fields_come_back_and_keep_the_form_open(slack: SlackStandIn, lesson_app: LessonApp) -> None:
    """An error names its block; what was typed stays."""
    ada = slack.as_user("Ada")
    await ada.slash("/lesson")
    form = ada.view
    assert form is not None
    await ada.fill(form, {"title": "?"})

    outcome = await ada.submit()

    assert outcome.errors == {"title": "Give it a name."}
    assert form is ada.view
    assert "! Give it a name." in ada.read(form)
    assert "Title: ?" in ada.read(form)


async def test_button_is_answered_privately(slack: SlackStandIn, lesson_app: LessonApp, client: AsyncWebClient) -> None:
    """An answer by response_url is seen only by the person who pressed."""
    ada = slack.as_user("Ada")
    button = {"type": "button", "action_id": "join", "text": {"type": "plain_text", "text": "Join"}}
    await client.chat_postMessage(
        channel=ada.user.id, text="Your lesson", blocks=[{"type": "actions", "elements": [button]}]
    )

    outcome = await ada.press(ada.messages()[0], "join")
    await slack.wait_for(lambda: bool(ada.private_answers()))

    assert outcome.is_fine
    assert [answer.text for answer in ada.private_answers()] == ["You are in."]
    assert slack.as_user("Ben").private_answers() == []


async def test_opening_home_reaches_the_app(slack: SlackStandIn, lesson_app: LessonApp) -> None:
    """Events come through as events_api envelopes or signed JSON."""
    ada = slack.as_user("Ada")

    outcome = await ada.open_home()

    assert outcome.is_fine
    assert [ada.user.id] == lesson_app.homes


async def test_address_is_verified_by_a_challenge(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """Bolt answers it; an address that answers something else is not verified."""
    async with serve(LessonApp(client, slack.signing_secret).bolt.web_app()) as url:
        slack.events_url = url
        assert await slack.deliveries.verify_url()
    async with serve(RecordingApp().build_server()) as url:
        slack.events_url = url
        assert not await slack.deliveries.verify_url()


async def test_wrong_signing_secret_is_refused_by_bolt(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """Deliveries carry a signature that a real verifier checks."""
    app = LessonApp(client, "another secret")
    async with serve(app.bolt.web_app()) as url:
        slack.events_url = url

        outcome = await slack.as_user("Ada").slash("/lesson")

    assert outcome.status == 401
    assert Trouble.STATUS is outcome.trouble


async def test_disconnected_client_comes_again(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """Slack asks for a new connection; the SDK makes one with a fresh ticket, and deliveries go on."""
    app = LessonApp(client, slack.signing_secret)
    async with serve_socket(app.bolt, app_token=slack.app_token):
        await slack.wait_for(lambda: slack.sockets.connection_count == 1)
        await slack.sockets.disconnect("refresh_requested")
        await slack.wait_for(
            lambda: slack.sockets.connection_count == 1 and slack.log.count("apps.connections.open") == 2
        )

        assert (await slack.as_user("Ada").open_home()).is_fine


async def test_envelopes_take_turns_among_connections(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """State kept in one connection's process would show: each gets its share."""
    apps = [LessonApp(client, slack.signing_secret) for _ in range(2)]
    async with (
        serve_socket(apps[0].bolt, app_token=slack.app_token),
        serve_socket(apps[1].bolt, app_token=slack.app_token),
    ):
        await slack.wait_for(lambda: slack.sockets.connection_count == 2)
        for _ in range(4):
            await slack.as_user("Ada").open_home()

    assert [len(app.homes) for app in apps] == [2, 2]


async def test_socket_address_opens_one_connection(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """The address from apps.connections.open is for one use."""
    answer = await client.apps_connections_open(app_token=slack.app_token)
    assert client.session is not None
    async with client.session.ws_connect(answer["url"]) as socket:
        async with asyncio.timeout(5):
            hello = await socket.receive_json()

        second = await client.session.get(answer["url"])

    assert hello["type"] == "hello"
    assert hello["num_connections"] == 1
    assert second.status == 408


async def test_socket_mode_needs_the_app_token(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """A bot token opens no connection."""
    assert await refusal_of(client.apps_connections_open(app_token=slack.bot_token)) == "not_allowed_token_type"
