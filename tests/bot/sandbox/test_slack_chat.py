"""Posting, updating, deleting: what the stand-in takes and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.people import UserKind
from bot.sandbox.slack.standin import SlackStandIn
from tests.bot.sandbox.refusing import full_refusal_of, refusal_of

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "Hello"}}
METADATA = {"event_type": "hallpass_notice", "event_payload": {"notice_id": "n-1"}}


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (UserKind.DEACTIVATED, "channel_not_found"),
        (UserKind.STRANGER, "channel_not_found"),
        (UserKind.INVITED, "channel_not_found"),
        (UserKind.BOT, "cannot_dm_bot"),
        (UserKind.APP, "cannot_dm_bot"),
        (UserKind.MESSAGES_REFUSED, "messages_tab_disabled"),
    ],
)
async def test_people_who_cannot_be_written_to(
    slack: SlackStandIn, client: AsyncWebClient, kind: UserKind, error: str
) -> None:
    """Each kind of person refuses in its own words."""
    user = slack.add_user("Kim", kind=kind)

    assert error == await refusal_of(client.chat_postMessage(channel=user.id, text="Hello"))
    assert slack.as_user("Kim").messages() == []


@pytest.mark.parametrize("kind", [UserKind.GUEST, UserKind.SINGLE_CHANNEL_GUEST, UserKind.EXTERNAL, UserKind.ADMIN])
async def test_people_who_can(slack: SlackStandIn, client: AsyncWebClient, kind: UserKind) -> None:
    """Guests, and outsiders in a shared channel, get messages like members."""
    user = slack.add_user("Kim", kind=kind)
    await client.chat_postMessage(channel=user.id, text="Hello")

    assert [message.text for message in slack.as_user("Kim").messages()] == ["Hello"]


async def test_same_person_always_has_the_same_conversation(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """By person, by conversation id, and by conversations.open."""
    ada = slack.as_user("Ada")
    first = await client.chat_postMessage(channel=ada.user.id, text="1")
    second = await client.chat_postMessage(channel=first["channel"], text="2")
    opened = await client.conversations_open(users=[ada.user.id])

    assert first["channel"] == second["channel"] == opened["channel"]["id"]
    assert first["ts"] < second["ts"]


async def test_deactivated_person_is_not_reached_in_the_known_conversation(
    slack: SlackStandIn, client: AsyncWebClient
) -> None:
    """The D… id does not go around it."""
    answer = await client.chat_postMessage(channel=slack.as_user("Ada").user.id, text="1")
    slack.events_url = "http://127.0.0.1:9/"
    slack.deliveries.retry_delays = ()
    await slack.deactivate("Ada")

    assert await refusal_of(client.chat_postMessage(channel=answer["channel"], text="2")) == "channel_not_found"


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ({"has_bot": False}, "not_in_channel"),
        ({"has_bot": False, "is_private": True}, "channel_not_found"),
        ({"is_archived": True}, "is_archived"),
    ],
)
async def test_channels_where_the_bot_may_not_post(
    slack: SlackStandIn, client: AsyncWebClient, channel: dict[str, bool], error: str
) -> None:
    """Private ones it is not in do not exist for it."""
    place = slack.add_channel("maths", ["Ada"], **channel)

    assert error == await refusal_of(client.chat_postMessage(channel=place.id, text="Hello"))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, "no_text"),
        ({"text": "Hi", "blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"text": "Hi", "blocks": [SECTION] * 51}, "invalid_blocks"),
        ({"text": "Hi", "blocks": "[not json"}, "invalid_blocks_format"),
        ({"text": "Hi", "blocks": {"type": "section"}}, "invalid_blocks_format"),
        ({"text": 7}, "invalid_arguments"),
        ({"text": "Hi", "unfurl_links": "perhaps"}, "invalid_arguments"),
        ({"text": "Hi", "thread_ts": "1.000000"}, "thread_not_found"),
        ({"text": "Hi", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"text": "Hi", "metadata": METADATA | {"more": 1}}, "invalid_metadata_format"),
        (
            {"text": "Hi", "metadata": {"event_type": "x", "event_payload": {"long": "y" * 9000}}},
            "metadata_too_large",
        ),
    ],
)
async def test_posts_that_are_refused(
    slack: SlackStandIn, client: AsyncWebClient, arguments: dict[str, Any], error: str
) -> None:
    """Nothing is posted."""
    ada = slack.as_user("Ada")
    arguments = {"channel": ada.user.id} | arguments

    assert error == await refusal_of(client.api_call("chat.postMessage", json=arguments))
    assert ada.messages() == []


async def test_refused_blocks_are_explained(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """The answer says which block, which part, and why."""
    long_text = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}
    user_id = slack.as_user("Ada").user.id

    answer = await full_refusal_of(client.chat_postMessage(channel=user_id, text="Hi", blocks=[SECTION, long_text]))

    expected = "must be less than 3001 characters [json-pointer:/blocks/1/text/text]"
    assert [expected] == answer["errors"]
    assert [f"[ERROR] {expected}"] == answer["response_metadata"]["messages"]


async def test_form_encoded_posts_are_read_too(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """Structures arrive as JSON in a field."""
    ada = slack.as_user("Ada")
    form = {"channel": ada.user.id, "text": "Hi", "blocks": '[{"type": "divider"}]', "unfurl_links": "false"}

    await client.api_call("chat.postMessage", data=form)

    (message,) = ada.messages()
    assert message.blocks[0]["type"] == "divider"
    assert message.unfurl_links is False


async def test_update_keeps_metadata_and_its_history(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """Text and blocks are replaced, metadata left out stays; what it said before can still be asked."""
    ada = slack.as_user("Ada")
    posted = await client.chat_postMessage(channel=ada.user.id, text="1", blocks=[SECTION], metadata=METADATA)

    await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="2")

    (message,) = ada.messages()
    assert (message.text, message.blocks) == ("2", [])
    assert message.metadata == METADATA
    assert [revision.text for revision in message.revisions] == ["1", "2"]


async def test_edited_label_only_without_blocks(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """An update with blocks does not call itself edited."""
    posted = await client.chat_postMessage(channel=slack.as_user("Ada").user.id, text="1", blocks=[SECTION])
    place = {"channel": posted["channel"], "ts": posted["ts"]}

    with_blocks = await client.chat_update(**place, text="2", blocks=[SECTION])
    without = await client.chat_update(**place, text="3")

    assert "edited" not in with_blocks["message"]
    assert "edited" in without["message"]


async def test_updates_that_are_refused(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """Somebody else's message, one that is not there, one that is private, and a text too long for an update."""
    ada = slack.as_user("Ada")
    channel = slack.add_channel("maths", ["Ada"])
    theirs = slack.workspace.post(channel, text="Mine", blocks=[], author_id=ada.user.id)
    ours = await client.chat_postMessage(channel=channel.id, text="Ours")
    private = await client.chat_postEphemeral(channel=channel.id, user=ada.user.id, text="Psst")

    async def update(ts: str, text: str = "New") -> str:
        return await refusal_of(client.api_call("chat.update", json={"channel": channel.id, "ts": ts, "text": text}))

    assert await update(theirs.ts) == "cant_update_message"
    assert await update("1.000000") == "message_not_found"
    assert await update(private["message_ts"]) == "message_not_found"
    assert await update(ours["ts"], "x" * 4001) == "msg_too_long"
    assert await update(ours["ts"], "") == "no_text"
    channel.is_archived = True
    assert await update(ours["ts"]) == "is_inactive"


async def test_deleting_takes_away_only_what_is_ours(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """A deleted message is nowhere to be found."""
    ada = slack.as_user("Ada")
    ours = await client.chat_postMessage(channel=ada.user.id, text="Ours")
    assert ada.direct is not None
    theirs = slack.workspace.post(ada.direct, text="Theirs", blocks=[], author_id=ada.user.id)

    await client.chat_delete(channel=ours["channel"], ts=ours["ts"])

    assert [message.text for message in ada.messages()] == ["Theirs"]
    assert await refusal_of(client.chat_delete(channel=ours["channel"], ts=ours["ts"])) == "message_not_found"
    assert await refusal_of(client.chat_delete(channel=ours["channel"], ts=theirs.ts)) == "cant_delete_message"


async def test_ephemeral_messages_are_seen_by_one_person(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """And have no history."""
    channel = slack.add_channel("maths", ["Ada"])
    ada, ben = slack.as_user("Ada"), slack.as_user("Ben")
    await client.chat_postEphemeral(channel=channel.id, user=ada.user.id, text="Psst")

    assert [message.text for message in ada.private_answers()] == ["Psst"]
    assert ada.messages(channel) == []
    refused = client.chat_postEphemeral(channel=channel.id, user=ben.user.id, text="Psst")
    assert await refusal_of(refused) == "user_not_in_channel"


async def test_very_long_text_is_cut(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """After 40,000 characters, with a warning, as chat.postMessage does."""
    answer = await client.chat_postMessage(channel=slack.as_user("Ada").user.id, text="x" * 40_001)

    assert len(answer["message"]["text"]) == 40_000
    assert answer["response_metadata"]["warnings"] == ["message_truncated"]
