"""Modals and Home: triggers, hashes, the stack, and what stays typed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.standin import SlackStandIn
from bot.sandbox.slack.views import OpenView
from tests.bot.sandbox.apps import RecordingApp
from tests.bot.sandbox.conftest import HandClock
from tests.bot.sandbox.refusing import full_refusal_of, refusal_of

Json = dict[str, Any]


def build_form(*blocks: Json, **more: Any) -> Json:
    """A modal with these blocks."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Form"},
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": list(blocks) or [build_field("title")],
    } | more


def build_field(block_id: str, *, action_id: str = "typed", **more: Any) -> Json:
    """One line to type in."""
    element = {"type": "plain_text_input", "action_id": action_id} | more
    label = {"type": "plain_text", "text": "Label"}
    return {"type": "input", "block_id": block_id, "label": label, "element": element, "optional": True}


async def get_trigger(actor: Actor, app: RecordingApp) -> str:
    """A trigger id for something they just did."""
    await actor.shortcut("book_lesson")
    return str(app.payloads[-1]["trigger_id"])


async def open_view(actor: Actor, app: RecordingApp, client: AsyncWebClient, view: Json) -> OpenView:
    """A view opened for them, as the app would."""
    await client.views_open(trigger_id=await get_trigger(actor, app), view=view)
    assert actor.view is not None
    return actor.view


async def test_trigger_opens_one_view(slack: SlackStandIn, client: AsyncWebClient, app: RecordingApp) -> None:
    """A second use is refused, and so is one that was never given."""
    trigger = await get_trigger(slack.as_user("Ada"), app)
    await client.views_open(trigger_id=trigger, view=build_form())

    again = client.views_open(trigger_id=trigger, view=build_form())

    assert await refusal_of(again) == "exchanged_trigger_id"
    assert await refusal_of(client.views_open(trigger_id="1.2.x", view=build_form())) == "invalid_trigger_id"


async def test_trigger_lives_three_seconds(
    slack: SlackStandIn, client: AsyncWebClient, app: RecordingApp, machine: HandClock
) -> None:
    """By machine time, to the moment."""
    early = await get_trigger(slack.as_user("Ada"), app)
    late = await get_trigger(slack.as_user("Ben"), app)
    machine.pass_by(timedelta(seconds=2.999))
    await client.views_open(trigger_id=early, view=build_form())
    machine.pass_by(timedelta(seconds=0.001))

    assert await refusal_of(client.views_open(trigger_id=late, view=build_form())) == "expired_trigger_id"


async def test_refused_view_leaves_the_trigger_unspent(
    slack: SlackStandIn, client: AsyncWebClient, app: RecordingApp
) -> None:
    """What is wrong is said with its place."""
    trigger = await get_trigger(slack.as_user("Ada"), app)
    wrong = build_form(title={"type": "plain_text", "text": "x" * 25})

    answer = await full_refusal_of(client.views_open(trigger_id=trigger, view=wrong))

    assert answer["error"] == "invalid_arguments"
    assert (answer["response_metadata"]["messages"]) == [
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    ]
    assert (await client.views_open(trigger_id=trigger, view=build_form()))["ok"]


async def test_hash_stops_an_update_from_older_state(
    slack: SlackStandIn, client: AsyncWebClient, app: RecordingApp
) -> None:
    """Each update makes a new hash; without a hash the update always wins."""
    view = await open_view(slack.as_user("Ada"), app, client, build_form())
    old = view.hash
    await client.views_update(view_id=view.id, hash=old, view=build_form())

    assert old != view.hash
    assert await refusal_of(client.views_update(view_id=view.id, hash=old, view=build_form())) == "hash_conflict"
    assert (await client.views_update(view_id=view.id, view=build_form()))["ok"]


async def test_typed_values_stay_where_both_ids_stay(
    slack: SlackStandIn, client: AsyncWebClient, app: RecordingApp
) -> None:
    """A new block id, action id or kind of element begins empty; a later initial value does not overwrite."""
    ada = slack.as_user("Ada")
    view = await open_view(ada, app, client, build_form(build_field("a"), build_field("b"), build_field("c")))
    await ada.fill(view, {"a": "one", "b": "two", "c": "three"})

    number = {"type": "number_input", "action_id": "typed", "is_decimal_allowed": False}
    changed = [build_field("a", initial_value="new"), build_field("b", action_id="other"), build_field("d")]
    await client.views_update(view_id=view.id, view=build_form(*changed, build_field("c") | {"element": number}))

    values = view.read_state()["values"]
    assert values["a"]["typed"]["value"] == "one"
    assert values["b"]["other"]["value"] is None
    assert values["c"]["typed"]["value"] is None
    assert values["d"]["typed"]["value"] is None


async def test_closed_view_cannot_be_updated(slack: SlackStandIn, client: AsyncWebClient, app: RecordingApp) -> None:
    """It is not_found, by either id."""
    ada = slack.as_user("Ada")
    view = await open_view(ada, app, client, build_form(external_id="form-1"))
    await client.views_update(external_id="form-1", view=build_form(external_id="form-1"))
    await ada.close()

    assert await refusal_of(client.views_update(view_id=view.id, view=build_form())) == "not_found"
    assert await refusal_of(client.views_update(external_id="form-1", view=build_form())) == "not_found"


async def test_external_ids_are_unique(slack: SlackStandIn, client: AsyncWebClient, app: RecordingApp) -> None:
    """In the whole workspace, while the view is open."""
    await open_view(slack.as_user("Ada"), app, client, build_form(external_id="form-1"))
    trigger = await get_trigger(slack.as_user("Ben"), app)

    refused = client.views_open(trigger_id=trigger, view=build_form(external_id="form-1"))

    assert await refusal_of(refused) == "duplicate_external_id"


async def test_three_views_can_be_stacked(slack: SlackStandIn, client: AsyncWebClient, app: RecordingApp) -> None:
    """Pushing needs a trigger from inside the modal; the fourth view is refused."""
    ada = slack.as_user("Ada")
    button = {"type": "button", "action_id": "more", "text": {"type": "plain_text", "text": "More"}}
    form = build_form({"type": "actions", "elements": [button]})
    root = await open_view(ada, app, client, form)
    outside = await get_trigger(ada, app)
    for _ in range(2):
        assert ada.view is not None
        await ada.press(ada.view, "more")
        await client.views_push(trigger_id=app.payloads[-1]["trigger_id"], view=form)

    assert [root.id] * 3 == [view.root_view_id for view in ada.stack]
    assert [None, root.id, ada.stack[1].id] == [view.previous_view_id for view in ada.stack]
    assert await refusal_of(client.views_push(trigger_id=outside, view=form)) == "invalid_trigger_id"
    await ada.press(ada.stack[-1], "more")
    last = client.views_push(trigger_id=app.payloads[-1]["trigger_id"], view=form)
    assert await refusal_of(last) == "push_limit_reached"


async def test_view_over_250_kb_is_too_large(slack: SlackStandIn, client: AsyncWebClient, app: RecordingApp) -> None:
    """Judged before its parts are."""
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2990}}
    trigger = await get_trigger(slack.as_user("Ada"), app)

    assert await refusal_of(client.views_open(trigger_id=trigger, view=build_form(*[section] * 84))) == "view_too_large"


async def test_home_is_published_for_one_person(slack: SlackStandIn, client: AsyncWebClient) -> None:
    """Each has one; the hash guards it as it guards modals."""
    ada = slack.as_user("Ada")
    home = {"type": "home", "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "Welcome"}}]}
    first = (await client.views_publish(user_id=ada.user.id, view=home))["view"]
    await client.views_publish(user_id=ada.user.id, view=home, hash=first["hash"])

    assert ada.home is not None
    assert ada.read(ada.home) == "Welcome"
    assert slack.as_user("Ben").home is None
    stale = client.views_publish(user_id=ada.user.id, view=home, hash=first["hash"])
    assert await refusal_of(stale) == "hash_conflict"
    assert await refusal_of(client.views_publish(user_id="U0NOBODY", view=home)) == "user_not_found"
    assert await refusal_of(client.views_publish(user_id=ada.user.id, view=build_form())) == "invalid_arguments"
    slack.app.has_home_tab = False
    assert await refusal_of(client.views_publish(user_id=ada.user.id, view=home)) == "not_enabled"
