"""People at their clients: what Slack lets them do, what the app gets to hear, what its answers do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox.slack.deliveries import Trouble
from bot.sandbox.slack.inputs import ImpossibleInput
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.people import UserKind
from bot.sandbox.slack.standin import SlackStandIn
from tests.bot.sandbox.apps import RecordingApp
from tests.bot.sandbox.conftest import HandClock
from tests.bot.sandbox.test_slack_views import Json, build_field, build_form, open_view


def build_input(block_id: str, element: Json, **more: Any) -> Json:
    """An input block around an element whose action id is the block's."""
    label = {"type": "plain_text", "text": block_id}
    return {"type": "input", "block_id": block_id, "label": label, "element": element | {"action_id": block_id}} | more


def build_button(action_id: str, **more: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": action_id}} | more


def actions_of(*elements: Json) -> Json:
    return {"type": "actions", "block_id": "row", "elements": list(elements)}


OPTIONS = [{"text": {"type": "plain_text", "text": name.title()}, "value": name} for name in ("record", "warn")]


async def post_buttons(slack: SlackStandIn, client: AsyncWebClient, *buttons: Json) -> Message:
    """A message to Ada with these buttons."""
    ada = slack.as_user("Ada")
    blocks = [actions_of(*buttons)]
    await client.chat_postMessage(channel=ada.user.id, text="Card", blocks=blocks)
    return ada.messages()[-1]


async def test_commands_arrive_with_mentions_and_escapes(slack: SlackStandIn, app: RecordingApp) -> None:
    """Names that exist become ids; what could be markup is escaped; other words stay as typed."""
    slack.add_user("Ada Lane")
    group_id = slack.add_group("class-7", ["Ada"])

    await slack.as_user("Ben").slash("/lesson", "@Ada Lane @ada @Nobody @class-7 <b> & 4pm")

    lane, ada = slack.as_user("Ada Lane").user.id, slack.as_user("Ada").user.id
    expected = f"<@{lane}|ada.lane> <@{ada}|ada> @Nobody <!subteam^{group_id}|@class-7> &lt;b&gt; &amp; 4pm"
    assert expected == app.payloads[0]["text"]
    assert ("/lesson", slack.as_user("Ben").user.id) == (app.payloads[0]["command"], app.payloads[0]["user_id"])


async def test_outsiders_have_neither_commands_nor_shortcuts(slack: SlackStandIn, app: RecordingApp) -> None:
    """Nothing is sent; buttons on their messages do work for them."""
    slack.add_user("Kim", kind=UserKind.EXTERNAL)
    kim = slack.as_user("Kim")

    assert not (await kim.slash("/lesson")).was_sent
    assert not (await kim.shortcut("book_lesson")).was_sent
    assert app.payloads == []


async def test_acknowledgement_with_text_is_a_private_answer(slack: SlackStandIn, app: RecordingApp) -> None:
    """Unless it says in_channel."""
    channel = slack.add_channel("maths", ["Ada", "Ben"])
    app.answers += [(200, "Only you"), (200, {"response_type": "in_channel", "text": "Everybody"})]
    ada = slack.as_user("Ada")
    await ada.slash("/lesson", "help", channel=channel)
    await ada.slash("/lesson", "help", channel=channel)

    assert [message.text for message in ada.private_answers()] == ["Only you"]
    assert [message.text for message in slack.as_user("Ben").messages(channel)] == ["Everybody"]


async def test_late_and_failing_answers_are_trouble(slack: SlackStandIn, app: RecordingApp) -> None:
    """The person sees that something went wrong, whatever the app does later."""
    slack.deliveries.ack_limit = timedelta(seconds=0.05)
    app.may_answer.clear()
    assert Trouble.TIMEOUT is (await slack.as_user("Ada").slash("/lesson")).trouble
    app.may_answer.set()
    app.answers.append((500, ""))
    slack.deliveries.ack_limit = timedelta(seconds=3)
    assert Trouble.STATUS is (await slack.as_user("Ada").slash("/lesson")).trouble
    slack.events_url = None

    assert Trouble.CONNECTION is (await slack.as_user("Ada").slash("/lesson")).trouble


async def test_required_fields_never_reach_the_app_empty(
    slack: SlackStandIn, app: RecordingApp, client: AsyncWebClient
) -> None:
    """Slack's client complains itself, field by field."""
    ada = slack.as_user("Ada")
    required = build_field("title") | {"optional": False}
    number = {"type": "number_input", "is_decimal_allowed": False, "min_value": "1"}
    form = build_form(required, build_input("length", number), build_field("note", min_length=3))
    view = await open_view(ada, app, client, form)
    await ada.fill(view, {"length": "0", "note": "ab"})
    sent = len(app.payloads)

    outcome = await ada.submit()

    assert {"title", "length", "note"} == set(outcome.complaints)
    assert not outcome.was_sent
    assert sent == len(app.payloads)


async def test_fields_take_only_what_a_person_could_enter(
    slack: SlackStandIn, app: RecordingApp, client: AsyncWebClient
) -> None:
    """No option that is not offered, no more people than allowed, no text beyond the field's end."""
    ada = slack.as_user("Ada")
    people = build_input("people", {"type": "multi_users_select", "max_selected_items": 1})
    choices = build_input("choices", {"type": "checkboxes", "options": OPTIONS})
    view = await open_view(ada, app, client, build_form(build_field("title", max_length=5), people, choices))

    for values in (
        {"title": "too long"},
        {"title": "a\nb"},
        {"people": ["Ada", "Ben"]},
        {"choices": ["dance"]},
        {"room": "A"},
    ):
        with pytest.raises(ImpossibleInput):
            await ada.fill(view, values)


async def test_state_has_slacks_shapes(slack: SlackStandIn, app: RecordingApp, client: AsyncWebClient) -> None:
    """Every kind of element under its own name; untouched ones null or empty."""
    ada = slack.as_user("Ada")
    starts_at = datetime(2030, 1, 7, 16, tzinfo=UTC)
    maths = slack.add_channel("maths")
    form = build_form(
        build_input("people", {"type": "multi_users_select"}),
        build_input("starts", {"type": "datetimepicker"}),
        build_input("choices", {"type": "checkboxes", "options": OPTIONS}, optional=True),
        build_input("rule", {"type": "radio_buttons", "options": OPTIONS, "initial_option": OPTIONS[1]}),
        build_input("channel", {"type": "conversations_select"}, optional=True),
        build_input("other", {"type": "conversations_select"}, optional=True),
        build_input("more", {"type": "multi_users_select"}, optional=True),
    )
    view = await open_view(ada, app, client, form)
    await ada.fill(view, {"people": ["Ben"], "starts": starts_at, "choices": ["record"], "channel": maths})
    await ada.submit()

    values = {block_id: fields[block_id] for block_id, fields in app.payloads[-1]["view"]["state"]["values"].items()}
    assert [slack.as_user("Ben").user.id] == values["people"]["selected_users"]
    assert int(starts_at.timestamp()) == values["starts"]["selected_date_time"]
    assert [OPTIONS[0]] == values["choices"]["selected_options"]
    assert OPTIONS[1] == values["rule"]["selected_option"]
    assert maths.id == values["channel"]["selected_conversation"]
    assert values["other"]["selected_conversation"] is None
    assert values["more"]["selected_users"] == []


async def test_reporting_fields_report_at_once(slack: SlackStandIn, app: RecordingApp, client: AsyncWebClient) -> None:
    """Selects with dispatch_action send block_actions with the state; plain ones wait for the form."""
    ada = slack.as_user("Ada")
    quiet = build_input("quiet", {"type": "multi_users_select"})
    loud = build_input("loud", {"type": "multi_users_select"}, dispatch_action=True)
    view = await open_view(ada, app, client, build_form(quiet, loud))

    outcomes = await ada.fill(view, {"quiet": ["Ada"], "loud": ["Ben"]})

    (outcome,) = outcomes
    assert outcome.is_fine
    payload = app.payloads[-1]
    ben = slack.as_user("Ben").user.id
    assert ("block_actions", "loud", [ben]) == (
        payload["type"],
        payload["actions"][0]["action_id"],
        payload["actions"][0]["selected_users"],
    )
    assert [slack.as_user("Ada").user.id] == payload["view"]["state"]["values"]["quiet"]["quiet"]["selected_users"]


@pytest.mark.parametrize(
    ("answer", "titles"),
    [
        ({}, []),
        ({"response_action": "clear"}, []),
        ({"response_action": "update", "view": build_form(title={"type": "plain_text", "text": "New"})}, ["New"]),
        (
            {"response_action": "push", "view": build_form(title={"type": "plain_text", "text": "On top"})},
            ["Form", "On top"],
        ),
    ],
)
async def test_answers_to_a_submission(
    slack: SlackStandIn, app: RecordingApp, client: AsyncWebClient, answer: Json, titles: list[str]
) -> None:
    """Nothing closes the view; clear, update and push do what they say."""
    ada = slack.as_user("Ada")
    await open_view(ada, app, client, build_form())
    app.answers.append((200, answer))

    outcome = await ada.submit()

    assert outcome.is_fine
    assert titles == [view.title for view in ada.stack]


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"nowhere": "Wrong"}},
        {"response_action": "errors", "errors": {}},
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "dance"},
        {"text": "Thanks"},
    ],
)
async def test_answers_that_slack_cannot_use(
    slack: SlackStandIn, app: RecordingApp, client: AsyncWebClient, answer: Json
) -> None:
    """The person sees trouble, and the form stays."""
    ada = slack.as_user("Ada")
    view = await open_view(ada, app, client, build_form())
    app.answers.append((200, answer))

    assert Trouble.UNREADABLE is (await ada.submit()).trouble
    assert view is ada.view


async def test_closing_is_told_only_where_asked(slack: SlackStandIn, app: RecordingApp, client: AsyncWebClient) -> None:
    """Cancel sends the view's own id, the X the root's with is_cleared."""
    ada = slack.as_user("Ada")
    await open_view(ada, app, client, build_form())
    assert not (await ada.close()).was_sent

    view = await open_view(ada, app, client, build_form(notify_on_close=True))
    await ada.close()
    closed = app.payloads[-1]
    assert ("view_closed", view.id, False) == (closed["type"], closed["view"]["id"], closed["is_cleared"])

    root = await open_view(ada, app, client, build_form(notify_on_close=True))
    app.answers.append((200, {"response_action": "push", "view": build_form()}))
    await ada.submit()
    await ada.close(closes_all=True)
    assert (root.id, True) == (app.payloads[-1]["view"]["id"], app.payloads[-1]["is_cleared"])
    assert ada.stack == []


async def test_button_reports_itself_and_its_message(
    slack: SlackStandIn, app: RecordingApp, client: AsyncWebClient
) -> None:
    """Link buttons too: the browser opens the address, and the app hears of it."""
    link = "https://rooms.example/secret"
    card = await post_buttons(slack, client, build_button("join", url=link, value="link-1"))

    outcome = await slack.as_user("Ada").press(card, "join")

    payload = app.payloads[-1]
    assert link == outcome.url
    assert link not in repr(outcome)
    assert payload["actions"][0]["value"] == "link-1"
    assert (card.ts, card.channel_id) == (payload["container"]["message_ts"], payload["channel"]["id"])
    assert card.ts == payload["message"]["ts"]


async def test_dialog_is_asked_before_the_press_counts(
    slack: SlackStandIn, app: RecordingApp, client: AsyncWebClient
) -> None:
    """Dismissed, nothing is sent."""
    parts = {name: {"type": "plain_text", "text": name} for name in ("title", "text", "confirm", "deny")}
    card = await post_buttons(slack, client, build_button("cancel", confirm=parts))
    ada = slack.as_user("Ada")

    dismissed = await ada.press(card, "cancel", confirms=False)
    confirmed = await ada.press(card, "cancel")

    assert (dismissed.was_sent, confirmed.was_sent) == (False, True)
    assert parts == dismissed.confirm == confirmed.confirm


async def test_only_buttons_that_are_there_can_be_pressed(
    slack: SlackStandIn, app: RecordingApp, client: AsyncWebClient
) -> None:
    """The error says which there are; somebody else's message has none."""
    card = await post_buttons(slack, client, build_button("join", value="1"), build_button("extend"))

    with pytest.raises(ImpossibleInput, match="only: extend, join"):
        await slack.as_user("Ada").press(card, "cancel")
    with pytest.raises(ImpossibleInput, match="does not see"):
        await slack.as_user("Ben").press(card, "join")


async def test_private_message_is_pressed_by_its_reader_only(
    slack: SlackStandIn, app: RecordingApp, client: AsyncWebClient
) -> None:
    """The payload says it is ephemeral and does not repeat it."""
    channel = slack.add_channel("maths", ["Ada", "Ben"])
    ada = slack.as_user("Ada")
    blocks = [actions_of(build_button("join"))]
    await client.chat_postEphemeral(channel=channel.id, user=ada.user.id, text="Psst", blocks=blocks)
    (private,) = ada.private_answers()

    assert (await ada.press(private, "join")).is_fine
    assert app.payloads[-1]["container"]["is_ephemeral"] is True
    assert "message" not in app.payloads[-1]
    with pytest.raises(ImpossibleInput, match="does not see"):
        await slack.as_user("Ben").press(private, "join")


async def test_outdated_button_can_still_be_pressed(
    slack: SlackStandIn, app: RecordingApp, client: AsyncWebClient
) -> None:
    """By somebody whose client is behind: the payload carries what they saw."""
    card = await post_buttons(slack, client, build_button("extend", value="revision-1"))
    await client.chat_update(channel=card.channel_id, ts=card.ts, text="Over")

    with pytest.raises(ImpossibleInput):
        await slack.as_user("Ada").press(card, "extend")
    await slack.as_user("Ada").press(card, "extend", revision=0)

    assert app.payloads[-1]["actions"][0]["value"] == "revision-1"


async def test_message_shortcut_carries_the_message(
    slack: SlackStandIn, app: RecordingApp, client: AsyncWebClient
) -> None:
    """With channel and response_url; a global one has neither."""
    card = await post_buttons(slack, client, build_button("join"))
    ada = slack.as_user("Ada")

    await ada.message_shortcut("book_with", card)
    await ada.shortcut("book")

    on_message, everywhere = app.payloads
    assert ("message_action", card.ts) == (on_message["type"], on_message["message"]["ts"])
    assert "response_url" in on_message
    assert not {"response_url", "channel"} & set(everywhere)


async def test_people_without_hands_do_nothing(slack: SlackStandIn, app: RecordingApp) -> None:
    """A deactivated person cannot type a command; a test that tries is wrong."""
    slack.add_user("Kim", kind=UserKind.DEACTIVATED)

    with pytest.raises(ImpossibleInput):
        await slack.as_user("Kim").slash("/lesson")


async def test_response_url_works_five_times(slack: SlackStandIn, app: RecordingApp) -> None:
    """Then it is used up. Answers go even where the bot is not a member."""
    channel = slack.add_channel("staff", ["Ada"], has_bot=False)
    ada = slack.as_user("Ada")
    await ada.slash("/lesson", channel=channel)
    answering = AsyncWebhookClient(app.payloads[-1]["response_url"])

    statuses = [(await answering.send(text=str(n))).status_code for n in range(6)]

    assert statuses == [200] * 5 + [404]
    assert [message.text for message in ada.private_answers()] == ["0", "1", "2", "3", "4"]
    assert ada.messages(channel) == []


async def test_response_url_lives_thirty_minutes(slack: SlackStandIn, app: RecordingApp, machine: HandClock) -> None:
    """To the moment."""
    await slack.as_user("Ada").slash("/lesson")
    answering = AsyncWebhookClient(app.payloads[-1]["response_url"])
    machine.pass_by(timedelta(minutes=30))

    response = await answering.send(text="Late")

    assert (response.status_code, response.body) == (404, '{"ok": false, "error": "expired_url"}')


async def test_response_url_replaces_and_deletes_what_was_pressed(
    slack: SlackStandIn, app: RecordingApp, client: AsyncWebClient
) -> None:
    """What a command's text became cannot be deleted."""
    card = await post_buttons(slack, client, build_button("join"))
    ada = slack.as_user("Ada")
    await ada.press(card, "join")
    pressed = AsyncWebhookClient(app.payloads[-1]["response_url"])
    await pressed.send(text="Replaced", replace_original=True)
    assert [message.text for message in ada.messages()] == ["Replaced"]
    await pressed.send(delete_original=True)
    assert ada.messages() == []

    await ada.slash("/lesson")
    typed = AsyncWebhookClient(app.payloads[-1]["response_url"])
    assert (await typed.send(delete_original=True)).status_code == 400
    assert (await typed.send(text="")).status_code == 400


async def test_messages_to_the_bot_are_events(slack: SlackStandIn, app: RecordingApp) -> None:
    """`message.im`, from the person."""
    ada = slack.as_user("Ada")

    await ada.say("Hello?")

    event = app.payloads[-1]["event"]
    assert ("message", "im", ada.user.id, "Hello?") == (
        event["type"],
        event["channel_type"],
        event["user"],
        event["text"],
    )
