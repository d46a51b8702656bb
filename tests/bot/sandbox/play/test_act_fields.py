"""Fields that no form of the bot has now, and might: what reports while it is typed, choices in rows and messages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.sandbox.play.playground import Playground
from bot.sandbox.slack.views import OpenView
from tests.bot.sandbox.play.hands import Hands

HandsOf = Callable[[str], Hands]
DONE = (204, "", None)
TWICE_A_YEAR = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
"""02:30 in Berlin for the second time that night."""


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def build_input(name: str, kind: str, *, reports: bool = False, **more: Any) -> dict[str, Any]:
    element = {"type": kind, "action_id": name, **more}
    return {
        "type": "input",
        "block_id": name,
        "label": plain(name),
        "element": element,
        "optional": True,
        "dispatch_action": reports,
    }


SOUGHT = build_input(
    "sought",
    "plain_text_input",
    reports=True,
    dispatch_action_config={"trigger_actions_on": ["on_character_entered"]},
)
AT = build_input("at", "datetimepicker", reports=True, initial_date_time=int(TWICE_A_YEAR.timestamp()))
SOUND = {
    "type": "static_select",
    "action_id": "sound",
    "options": [{"text": plain(one), "value": one} for one in ("loud", "quiet")],
}
ROW = {"type": "actions", "block_id": "row", "elements": [SOUND, {"type": "timepicker", "action_id": "time"}]}


@pytest.fixture
def ada(playground: Playground, hands_of: HandsOf) -> Hands:
    """With a form of these fields open; the bot knows none of them."""
    given = {"type": "modal", "title": plain("Fields"), "submit": plain("Send"), "blocks": [SOUGHT, AT, ROW]}
    playground.school.slack.views.open(playground.cast.ada.user.id, given)
    playground.school.slack.deliveries.ack_limit /= 10  # nobody answers to these
    return hands_of("ada")


def list_heard(hands: Hands) -> list[str]:
    """What reached the bot."""
    return [answer.name for answer in hands.playground.school.slack.deliveries.log if answer.name != "message"]


def read(view: OpenView, block_id: str, action_id: str) -> Any:
    return view.inputs[block_id, action_id]


async def test_typed_text_is_told_when_its_person_pauses(ada: Hands) -> None:
    """Only the field that says so; what is typed meanwhile in passing is kept and not told."""
    told = await ada.enter(ada.view, sought="common denominator")

    assert "common denominator" == read(ada.view, "sought", "sought")
    assert (["sought"], 200) == (list_heard(ada)[-1:], told.status)

    before = list_heard(ada)
    assert await ada.post(f"{ada.address}/view/{ada.view.id}", [("sought/sought", "fractions")]) == DONE
    assert ("fractions", before) == (read(ada.view, "sought", "sought"), list_heard(ada))


async def test_an_hour_that_comes_twice_stays_as_it_was(ada: Hands) -> None:
    """A picker shows both alike; untouched it does not report, nor lose its hour."""
    before = list_heard(ada)

    assert await ada.enter(ada.view, at="2026-10-25T02:30") == DONE
    assert (TWICE_A_YEAR.timestamp(), before) == (read(ada.view, "at", "at"), list_heard(ada))

    await ada.enter(ada.view, at="2026-10-25T04:00")
    assert datetime(2026, 10, 25, 3, tzinfo=UTC).timestamp() == read(ada.view, "at", "at")


async def test_choices_in_a_row_report_one_by_one(ada: Hands) -> None:
    """Several in one block are told apart."""
    form = ada.draw(ada.view)
    action = form.attributes["action"]

    await ada.post(action, [("row/sound", "quiet"), ("row/time", ""), ("reports", "row/sound")])
    await ada.post(action, [("row/sound", "quiet"), ("row/time", "16:00"), ("reports", "row/time")])

    assert ["sound", "time"] == list_heard(ada)[-2:]
    assert ("quiet", "16:00") == (read(ada.view, "row", "sound")["value"], read(ada.view, "row", "time"))


async def test_a_choice_in_a_message_is_told_and_stays_chosen(playground: Playground, hands_of: HandsOf) -> None:
    """Posted again unchanged, it is not told again."""
    ben = hands_of("ben")
    slack = playground.school.slack
    slack.deliveries.ack_limit /= 10
    message = slack.workspace.post(
        slack.workspace.open_direct([ben.actor.user.id]), text="Sound", blocks=[ROW], author_id=slack.bot_user_id
    )

    action = ben.draw(message).attributes["action"]
    for _ in range(2):
        await ben.post(action, [("row/sound", "loud"), ("reports", "row/sound")])

    assert 1 == list_heard(ben).count("sound")
    (chosen,) = [node for node in ben.draw(message).find_all("option") if "selected" in node.attributes]
    assert "loud" == chosen.attributes["value"]
