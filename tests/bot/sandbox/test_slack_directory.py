"""What an app learns about people, and what opens the door at all: tokens, scopes, methods."""

from __future__ import annotations

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.people import SLACKBOT_ID, UserKind
from bot.sandbox.slack.standin import SlackStandIn
from tests.bot.sandbox.apps import RecordingApp
from tests.bot.sandbox.refusing import full_refusal_of, refusal_of


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (UserKind.MEMBER, {"deleted": False, "is_bot": False, "is_restricted": False, "is_admin": False}),
        (UserKind.ADMIN, {"is_admin": True, "is_owner": False}),
        (UserKind.OWNER, {"is_admin": True, "is_owner": True}),
        (UserKind.GUEST, {"is_restricted": True, "is_ultra_restricted": False}),
        (UserKind.SINGLE_CHANNEL_GUEST, {"is_restricted": True, "is_ultra_restricted": True}),
        (UserKind.EXTERNAL, {"is_stranger": False}),
        (UserKind.STRANGER, {"is_stranger": True}),
        (UserKind.INVITED, {"is_invited_user": True}),
        (UserKind.BOT, {"is_bot": True}),
        (UserKind.APP, {"is_app_user": True}),
        (UserKind.DEACTIVATED, {"deleted": True}),
    ],
)
async def test_each_kind_of_person_is_told_apart(
    slack: SlackStandIn, client: AsyncWebClient, kind: UserKind, told: dict[str, bool]
) -> None:
    """By the flags of users.info."""
    user = slack.add_user("Kim", kind=kind)

    answer = (await client.users_info(user=user.id))["user"]

    assert told == {name: answer[name] for name in told}


async def test_zone_and_locale(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """Locale only when asked for; outsiders have neither; deactivated people lose their zone."""
    ben = slack.as_user("Ben").user
    outsider = slack.add_user("Kim", kind=UserKind.EXTERNAL)
    gone = slack.add_user("Lee", kind=UserKind.DEACTIVATED)

    plain = (await client.users_info(user=ben.id))["user"]
    whole = (await client.users_info(user=ben.id, include_locale=True))["user"]

    assert plain["tz"] == "America/New_York"
    assert plain["tz_offset"] in (-5 * 3600, -4 * 3600)
    assert "locale" not in plain
    assert whole["locale"] == "en-US"
    for user in (outsider, gone):
        assert not {"tz", "locale"} & set((await client.users_info(user=user.id, include_locale=True))["user"])


async def test_outsiders_ids_do_not_begin_with_u(slack: SlackStandIn) -> None:
    """Whoever judges ids by their first letter finds out here."""
    assert slack.add_user("Kim", kind=UserKind.STRANGER).id.startswith("W")


async def test_slackbot_does_not_say_it_is_a_bot(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """A quirk of Slack's own."""
    assert (await client.users_info(user=SLACKBOT_ID))["user"]["is_bot"] is False


async def test_addresses_need_their_own_scope(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """`users:read` alone shows no e-mail."""
    user = slack.add_user("Kim", email="kim@school.example")
    without = (await client.users_info(user=user.id))["user"]["profile"]
    slack.app.scopes.add("users:read.email")

    assert "email" not in without
    assert (await client.users_info(user=user.id))["user"]["profile"]["email"] == "kim@school.example"


async def test_everybody_is_listed_but_strangers(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """In pages."""
    stranger = slack.add_user("Kim", kind=UserKind.STRANGER)
    first = await client.users_list(limit=2)
    rest = await client.users_list(limit=100, cursor=first["response_metadata"]["next_cursor"])

    listed = [member["id"] for member in first["members"] + rest["members"]]

    assert set(slack.workspace.users) - {stranger.id} == set(listed)
    assert rest["response_metadata"]["next_cursor"] == ""


async def test_groups_list_their_people(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """An unknown group is no_such_subteam."""
    group_id = slack.add_group("tutors", ["Ada", "Ben"])

    answer = await client.usergroups_users_list(usergroup=group_id)

    assert [slack.as_user(name).user.id for name in ("Ada", "Ben")] == answer["users"]
    assert await refusal_of(client.usergroups_users_list(usergroup="S0NONE")) == "no_such_subteam"
    listed = (await client.usergroups_list())["usergroups"]
    assert [(group_id, "tutors", 0)] == [(one["id"], one["handle"], one["date_delete"]) for one in listed]


async def test_token_tells_who_we_are_and_what_we_may(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """auth.test names team and bot; the scopes are in a header of every answer."""
    answer = await client.auth_test()

    assert (slack.team_id, slack.bot_user_id) == (answer["team_id"], answer["user_id"])
    assert ",".join(sorted(slack.app.scopes)) == answer.headers["x-oauth-scopes"]
    assert slack.team_id == (await client.team_info())["team"]["id"]


@pytest.mark.parametrize("error", ["token_revoked", "account_inactive", "token_expired"])
async def test_installation_can_end(slack: SlackStandIn, client: AsyncWebClient, error: str) -> None:
    """Every call is refused from then on."""
    slack.app.token_error = error

    assert error == await refusal_of(client.auth_test())


async def test_wrong_tokens_scopes_and_methods(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """The door's own refusals."""
    slack.app.scopes = {"commands"}

    assert await refusal_of(client.auth_test(token="xoxb-wrong")) == "invalid_auth"
    assert await refusal_of(client.auth_test(token=slack.app_token)) == "not_allowed_token_type"
    assert await refusal_of(AsyncWebClient(base_url=slack.api_url).auth_test()) == "not_authed"
    assert await refusal_of(client.api_call("chat.shout")) == "unknown_method"
    answer = await full_refusal_of(client.users_info(user="U1"))
    assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", "users:read", "commands")


async def test_people_change_and_the_app_is_told(slack: SlackStandIn, app: RecordingApp) -> None:
    """`user_change` carries the new person; a deactivated one is `deleted`."""
    await slack.change_user("Ada", zone="Asia/Tokyo")
    await slack.deactivate("Ben")

    first, second = (payload["event"] for payload in app.payloads)
    assert (first["type"], first["user"]["tz"]) == ("user_change", "Asia/Tokyo")
    assert second["user"]["deleted"] is True


async def test_manifest_decides_what_the_app_is(app: RecordingApp) -> None:
    """Scopes, commands, shortcuts, events and tabs are exactly those it names."""
    manifest = {
        "features": {
            "slash_commands": [{"command": "/lesson", "should_escape": True}],
            "shortcuts": [{"callback_id": "book_lesson", "type": "global"}],
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": False},
        },
        "oauth_config": {"scopes": {"bot": ["commands", "chat:write"]}},
        "settings": {"event_subscriptions": {"bot_events": ["app_home_opened"]}},
    }
    async with SlackStandIn(manifest=manifest) as slack:
        user = slack.add_user("Cleo")
        cleo = slack.as_user("Cleo")
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)

        assert (await cleo.slash("/meeting")).stopped == "There is no such command."
        assert (await cleo.shortcut("other")).stopped == "There is no such shortcut."
        assert await slack.change_user("Cleo", zone="Asia/Tokyo") is None
        assert await refusal_of(client.users_info(user=user.id)) == "missing_scope"
        assert await refusal_of(client.chat_postMessage(channel=user.id, text="Hi")) == "messages_tab_disabled"
