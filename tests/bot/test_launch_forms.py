"""The form of launch options: what is set comes back as it was, by field and as JSON, and problems find their field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.blocks import Block
from bot.launch_forms import REST_LENGTH, build_launch_form, describe_problems, read_launch_form
from bot.rooms.lessonspace_body import FEATURES
from tests.bot.plain import read
from tests.records import make_person

OLGA = make_person("Olga")
FIELDS: dict[str, Any] = {
    "video_layout_mode": "sidebar",
    "allow_guests": False,
    "server": "eu-west-2",
    "invite_url": "https://invite.example/",
    "resource_url": "https://books.example/",
    "learner": {"features": {"chat": False, "emojis": False}},
}
REST: dict[str, Any] = {
    "theme": {"colour": "#123456"},
    "features": {"timer": False},
    "leader": {"features": {"chat": True}, "locale": "fr"},
    "observer": {"user": {"ghost": True}},
}
BOTH = {**FIELDS, **REST}
MIXED: dict[str, Any] = {"learner": {"features": {"chat": False, "timer": True}, "locale": "it"}}


def build(chosen: dict[str, Any], *installed: str) -> Block:
    return build_launch_form(chosen, installed=installed, features=FEATURES, reader=OLGA)


def fill(form: Block) -> dict[str, Any]:
    """The form's state when nobody changes anything in it."""
    initial = {"initial_value": "value", "initial_option": "selected_option", "initial_options": "selected_options"}
    return {
        block["block_id"]: {
            block["element"]["action_id"]: {
                initial[name]: value for name, value in block["element"].items() if name in initial
            }
        }
        for block in form["blocks"]
        if block["type"] == "input"
    }


@pytest.mark.parametrize(
    "chosen",
    [{}, FIELDS, REST, BOTH, MIXED, {"allow_guests": True}, {"learner": {"features": {"people.invite": False}}}],
)
def test_saving_an_unchanged_form_changes_nothing(chosen: dict[str, Any]) -> None:
    """Whatever is set, in fields of its own or in none."""
    assert (chosen, {}) == read_launch_form(fill(build(chosen)), reader=OLGA)


def test_what_has_a_field_is_not_in_the_json() -> None:
    """Each thing is set in one place."""
    state = fill(build(BOTH))

    assert REST == json.loads(state["rest"]["rest"]["value"])
    assert "value" not in fill(build(FIELDS))["rest"]["rest"]


def test_much_json_still_fits_into_slack_s_field() -> None:
    """Written close together where it would be too long otherwise."""
    theme = {f"colour{number}": "#123456" for number in range(100)}

    value = fill(build({"theme": theme}))["rest"]["rest"]["value"]

    assert len(value) <= REST_LENGTH
    assert {"theme": theme} == json.loads(value)


def test_the_form_names_what_is_installed() -> None:
    """And no value of it."""
    assert "Set where Hallpass is installed: auth_external and locale. What you set wins." in read(
        build({}, "auth_external", "locale")["blocks"]
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"locale": fr}', "not JSON: look at line 1, column 12"),
        ("[]", "write an object, like"),
        ("[" * 100_000, "write an object, like"),
        ('{"server": "eu-west-2", "allow_guests": true}', "For allow_guests and server there is a field above."),
    ],
)
def test_json_that_cannot_be_read_is_said_at_its_field(text: str, problem: str) -> None:
    """With where, or what instead."""
    chosen, problems = read_launch_form({"rest": {"rest": {"value": text}}}, reader=OLGA)

    assert {} == chosen
    assert problem in problems["rest"]


def test_each_problem_is_said_at_the_field_it_belongs_to() -> None:
    """What has none of its own, beside the JSON."""
    told = {
        "server": "must be text",
        "learner.features": "knows no chats",
        "observer.features": "knows no chats",
        "locale": "must be 'en'",
    }

    assert {
        "server": "server must be text.",
        "off_learner": "learner.features knows no chats.",
        "rest": "observer.features knows no chats. locale must be 'en'.",
    } == describe_problems(told)
