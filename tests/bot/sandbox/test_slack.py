"""The stand-in workspace as the real clients meet it: slack_sdk over HTTP, Bolt behind a signed endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.standin import SlackStandIn
from tests.bot.sandbox.bolt import serve_http

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


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as standin:
        standin.add_user("Ada")
        yield standin


@pytest.fixture
def client(slack: SlackStandIn) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])


async def test_posting_to_a_person_opens_their_conversation(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """The answer names the D… conversation, which is the person's own."""
    ada = slack.as_user("Ada")

    answer = await client.chat_postMessage(channel=ada.user.id, text="Hello")

    assert answer["channel"].startswith("D")
    assert [message.text for message in ada.messages()] == ["Hello"]


async def test_a_command_opens_a_form_that_comes_back_filled_in(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """The whole way over signed HTTP: command, trigger, view, submission, state."""
    app = AsyncApp(client=client, signing_secret=slack.signing_secret, process_before_response=True)
    seen = []

    @app.command("/lesson")
    async def open_form(ack: AsyncAck, body: dict[str, str]) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)
        await ack()

    @app.view("booking")
    async def take_form(ack: AsyncAck, view: dict[str, dict[str, object]]) -> None:
        seen.append(view["state"]["values"])
        await ack()

    ada = slack.as_user("Ada")
    async with serve_http(app) as url:
        slack.events_url = url
        assert (await ada.slash("/lesson")).is_fine
        form = ada.view
        assert form is not None
        await ada.fill(form, {"title": "Algebra"})
        outcome = await ada.submit()

    assert outcome.is_fine
    assert seen == [{"title": {"title": {"type": "plain_text_input", "value": "Algebra"}}}]
    assert ada.view is None
