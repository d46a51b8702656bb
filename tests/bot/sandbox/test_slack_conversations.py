"""Finding out whether a post landed, who is where, and which scopes that takes."""

from __future__ import annotations

from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.people import UserKind
from bot.sandbox.slack.standin import SlackStandIn
from tests.bot.sandbox.refusing import full_refusal_of, refusal_of


async def test_history_gives_metadata_only_when_asked(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """That is how a post without an answer is found again."""
    metadata = {"event_type": "hallpass_notice", "event_payload": {"notice_id": "n-1"}}
    posted = await client.chat_postMessage(channel=slack.as_user("Ada").user.id, text="Hi", metadata=metadata)

    plain = await client.conversations_history(channel=posted["channel"])
    whole = await client.conversations_history(channel=posted["channel"], include_all_metadata=True)

    assert "metadata" not in plain["messages"][0]
    assert metadata == whole["messages"][0]["metadata"]


async def test_history_comes_in_pages_newest_first(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """Every message once, whatever the page size; `has_more` and the cursor end together."""
    user_id = slack.as_user("Ada").user.id
    stamps = [(await client.chat_postMessage(channel=user_id, text=str(n)))["ts"] for n in range(5)]
    channel = slack.as_user("Ada").messages()[0].channel_id
    read, cursor = [], ""
    while True:
        page = await client.conversations_history(channel=channel, limit=2, cursor=cursor or None)
        read += [message["ts"] for message in page["messages"]]
        cursor = page["response_metadata"]["next_cursor"] if "response_metadata" in page else ""
        assert bool(cursor) is page["has_more"]
        if not cursor:
            break

    assert stamps[::-1] == read


async def test_full_last_page_is_the_last(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """No cursor leads to an empty page."""
    posted = await client.chat_postMessage(channel=slack.as_user("Ada").user.id, text="Hi")

    page = await client.conversations_history(channel=posted["channel"], limit=1)

    assert page["has_more"] is False
    assert "response_metadata" not in page.data


async def test_history_between_two_instants(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """The bounds themselves belong to it only when `inclusive` says so."""
    user_id = slack.as_user("Ada").user.id
    first, second, third = [(await client.chat_postMessage(channel=user_id, text=str(n)))["ts"] for n in range(3)]
    channel = slack.as_user("Ada").messages()[0].channel_id

    async def read(**bounds: str | bool) -> list[str]:
        page = await client.conversations_history(channel=channel, **bounds)  # type: ignore[arg-type]
        return [message["ts"] for message in page["messages"]]

    assert [second] == await read(oldest=first, latest=third)
    assert [third, second, first] == await read(oldest=first, latest=third, inclusive=True)
    assert await refusal_of(client.conversations_history(channel=channel, oldest="yesterday")) == "invalid_ts_oldest"
    assert await refusal_of(client.conversations_history(channel=channel, cursor="nonsense")) == "invalid_cursor"
    assert await refusal_of(client.conversations_history(channel=channel, limit=2000)) == "invalid_limit"


async def test_replies_stay_in_their_thread(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """History leaves them out; conversations.replies gives the message, then them."""
    channel = slack.add_channel("maths")
    parent = await client.chat_postMessage(channel=channel.id, text="Parent")
    await client.chat_postMessage(channel=channel.id, text="Reply", thread_ts=parent["ts"])

    history = await client.conversations_history(channel=channel.id)
    replies = await client.conversations_replies(channel=channel.id, ts=parent["ts"])

    assert [message["text"] for message in history["messages"]] == ["Parent"]
    assert [message["text"] for message in replies["messages"]] == ["Parent", "Reply"]
    assert await refusal_of(client.conversations_replies(channel=channel.id, ts="1.0")) == "thread_not_found"


async def test_history_needs_the_scope_of_its_kind(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """`im:history` for direct messages, `channels:history` for channels; the refusal names what is needed."""
    slack.app.scopes = {"chat:write", "channels:history"}
    posted = await client.chat_postMessage(channel=slack.as_user("Ada").user.id, text="Hi")
    channel = slack.add_channel("maths")

    answer = await full_refusal_of(client.conversations_history(channel=posted["channel"]))

    assert (answer["error"], answer["needed"]) == ("missing_scope", "im:history")
    assert answer["provided"] == "channels:history,chat:write"
    assert (await client.conversations_history(channel=channel.id))["ok"]


async def test_opening_a_conversation_names_what_is_wrong(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """Clearer than posting does: slack.md section 6."""
    expected = {
        UserKind.DEACTIVATED: "user_disabled",
        UserKind.STRANGER: "user_not_visible",
        UserKind.INVITED: "user_not_found",
        UserKind.BOT: "cannot_dm_bot",
    }
    for kind, error in expected.items():
        user = slack.add_user(f"Kim {kind}", kind=kind)
        assert error == await refusal_of(client.conversations_open(users=user.id))

    assert await refusal_of(client.conversations_open(users="U0NOBODY")) == "user_not_found"
    assert await refusal_of(client.conversations_open(users="")) == "users_list_not_supplied"
    crowd = [slack.add_user(f"Pupil {n}").id for n in range(9)]
    assert await refusal_of(client.conversations_open(users=crowd)) == "too_many_users"


async def test_opening_can_only_look(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """`prevent_creation` opens nothing."""
    ada = slack.as_user("Ada")

    refused = client.conversations_open(users=ada.user.id, prevent_creation=True)

    assert await refusal_of(refused) == "channel_not_found"
    assert ada.direct is None


async def test_group_conversations_need_their_own_scope(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """`im:write` opens conversations with one person only."""
    slack.app.scopes = {"im:write"}
    both = [slack.as_user(name).user.id for name in ("Ada", "Ben")]

    assert (await client.conversations_open(users=both[:1]))["ok"]
    assert await refusal_of(client.conversations_open(users=both)) == "missing_scope"


async def test_channels_tell_what_they_are(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """Membership, archive, sharing; private channels the bot is not in are unknown."""
    shared = slack.add_channel("shared", ["Ada"], is_ext_shared=True)
    old = slack.add_channel("old", is_archived=True, has_bot=False)
    hidden = slack.add_channel("hidden", has_bot=False, is_private=True)

    info = (await client.conversations_info(channel=shared.id, include_num_members=True))["channel"]
    members = (await client.conversations_members(channel=shared.id))["members"]
    listed = (await client.conversations_list(types="public_channel,private_channel"))["channels"]
    fresh = (await client.conversations_list(exclude_archived=True))["channels"]

    assert (info["is_member"], info["is_ext_shared"], info["num_members"]) == (True, True, 2)
    assert {slack.as_user("Ada").user.id, slack.bot_user_id} == set(members)
    assert [shared.id, old.id] == [channel["id"] for channel in listed]
    assert [shared.id] == [channel["id"] for channel in fresh]
    assert await refusal_of(client.conversations_info(channel=hidden.id)) == "channel_not_found"
