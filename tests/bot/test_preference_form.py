"""The preferences form: it shows what was chosen, and reads back exactly what it shows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.blocks import Block
from bot.ids import Field
from bot.preference_form import build_preferences_form, describe_wrong_minutes, read_preferences_form
from bot.quiet import OFF, QuietHours
from bot.quiet import USUAL as NIGHT
from bot.wishes import Preferences
from tests.bot.plain import read
from tests.records import NOW, make_person

BEN = make_person("Ben")
USUAL = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)


def build(chosen: Preferences, *, usual: timedelta = USUAL, quiet: QuietHours = NIGHT) -> Block:
    return build_preferences_form(chosen, reader=BEN, usual=usual, quiet=quiet, now=NOW)


def as_shown(form: Block) -> dict[str, Any]:
    """What Slack sends of the form when nothing was touched."""
    state: dict[str, Any] = {}
    for made in form["blocks"]:
        if made["type"] == "input":
            element = made["element"]
            value = {"selected_options": element.get("initial_options", []), "value": element.get("initial_value")}
            state[made["block_id"]] = {element["action_id"]: value}
    return state


def type_minutes(text: str | None) -> dict[str, Any]:
    return as_shown(build(Preferences())) | {Field.REMIND_BEFORE.value: {Field.REMIND_BEFORE.value: {"value": text}}}


@pytest.mark.parametrize(
    "chosen",
    [
        Preferences(),
        Preferences(reminds=False),
        Preferences(nudges=False),
        Preferences(reminds=False, nudges=False),
        Preferences(remind_before=90 * MINUTE),
    ],
)
def test_saved_untouched_it_changes_nothing(chosen: Preferences) -> None:
    """There and back."""
    assert chosen == read_preferences_form(as_shown(build(chosen)))


@pytest.mark.parametrize(
    # typed; how long before the start, or None where nothing was chosen
    ("text", "minutes"),
    [("1", 1), (" 15 ", 15), ("1440", 1440), ("", None), ("  ", None), (None, None)],
)
def test_minutes_are_read(text: str | None, minutes: int | None) -> None:
    """Up to a day; empty means as usual."""
    read_back = read_preferences_form(type_minutes(text))

    assert read_back is not None
    assert (None if minutes is None else minutes * MINUTE) == read_back.remind_before


@pytest.mark.parametrize("text", ["0", "1441", "-5", "1.5", "ten", "10m", "٣", "99999999999"])
def test_other_minutes_are_not_guessed(text: str) -> None:
    """Nothing is saved, and the field says what can be typed."""
    assert read_preferences_form(type_minutes(text)) is None
    assert "from 1 to 1,440" in describe_wrong_minutes(BEN)


def test_it_says_what_is_usual_and_what_always_arrives() -> None:
    """So that an empty field and an unticked box hold no surprise."""
    assert "Left empty, it is as usual here: 10 minutes." in str(build(Preferences()))
    assert "usually remind nobody" in str(build(Preferences(), usual=timedelta(0)))
    told = read(build(Preferences())["blocks"])
    assert "moved or cancelled, and word that people wait for you in the room always arrive" in told


def test_it_names_the_quiet_hours_in_force() -> None:
    """As the reader's clock writes them; where there are none, that."""
    night = read(build(Preferences())["blocks"])
    german = make_person("Ben", locale="de-DE")
    form = build_preferences_form(Preferences(), reader=german, usual=USUAL, quiet=NIGHT, now=NOW)

    assert "From 9:30 PM to 7:00 AM on your own clock it is quiet" in night
    assert "news of lessons more than 12 hours away wait" in night
    assert "From 21:30 to 07:00" in read(form["blocks"])
    assert "no quiet hours here" in read(build(Preferences(), quiet=OFF)["blocks"])
