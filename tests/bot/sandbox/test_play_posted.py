"""What a browser posts, as acts: what was pressed, what was typed in whose time, and what is there no more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.sandbox.play.posted import read_posted
from bot.sandbox.slack.inputs import ImpossibleInput

SAID = {"type": "plain_text", "text": "Hello"}


def build_input(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"type": "input", "block_id": name, "label": SAID, "element": {"type": kind, "action_id": name, **more}}


BLOCKS: list[dict[str, Any]] = [
    build_input("note", "plain_text_input", multiline=True),
    build_input("starts", "datetimepicker"),
    build_input("people", "multi_users_select"),
    {
        "type": "actions",
        "block_id": "row",
        "elements": [
            {"type": "button", "action_id": "move", "text": SAID, "value": "7"},
            {"type": "overflow", "action_id": "more", "options": [{"text": SAID, "value": "end"}]},
        ],
    },
]


def test_fields_are_read_as_people_meant_them() -> None:
    """Line breaks as Slack writes them, wall time in the person's own zone, all who were chosen."""
    people = [("people/people", "U1"), ("people/people", "U2")]
    pairs = [("note/note", "one\r\ntwo"), ("starts/starts", "2026-07-02T16:00"), *people]

    posted = read_posted(BLOCKS, pairs, zone="Europe/Berlin")

    assert posted.values["note", "note"] == "one\ntwo"
    assert posted.values["starts", "starts"].astimezone(UTC) == datetime(2026, 7, 2, 14, tzinfo=UTC)
    assert posted.values["people", "people"] == ["U1", "U2"]


def test_what_was_left_empty_is_nothing() -> None:
    """As Slack has it: null, or an empty list; a browser leaves out boxes that are not ticked."""
    posted = read_posted(BLOCKS, [("note/note", ""), ("starts/starts", ""), ("there", "people/people")], zone="UTC")

    expected: dict[Any, Any] = {("note", "note"): None, ("starts", "starts"): None, ("people", "people"): []}
    assert expected == posted.values


def test_what_a_page_did_not_have_is_not_taken_for_empty() -> None:
    """Fields that came after it was drawn keep what stands in them."""
    posted = read_posted(BLOCKS, [("note/note", "Bring paper")], zone="UTC")

    assert {("note", "note"): "Bring paper"} == posted.values


@pytest.mark.parametrize(("name", "value"), [("row/move", "7"), ("row/more", "end")])
def test_a_press_is_told(name: str, value: str) -> None:
    """With the button's value, or the entry that was chosen of a menu."""
    posted = read_posted(BLOCKS, [("note/note", ""), (name, value)], zone="UTC")

    assert posted.pressed == tuple(name.split("/"))
    assert (posted.value, posted.footer) == (value, None)


@pytest.mark.parametrize("value", ["submit", "close", "clear"])
def test_a_views_own_buttons_are_told_apart(value: str) -> None:
    """They belong to no element."""
    posted = read_posted(BLOCKS, [("view", value)], zone="UTC")

    assert (posted.footer, posted.pressed) == (value, None)


def test_what_is_gone_is_named_and_does_nothing() -> None:
    """The view changed between drawing and posting."""
    posted = read_posted(BLOCKS, [("row/cancel", "7"), ("csrf", "x")], zone="UTC")

    assert posted.gone == (("row", "cancel"),)
    assert (posted.pressed, posted.footer) == (None, None)


def test_no_time_at_all_is_impossible() -> None:
    """A picker gives nothing else; a script may."""
    with pytest.raises(ImpossibleInput):
        read_posted(BLOCKS, [("starts/starts", "soon")], zone="UTC")


def test_what_people_type_is_not_in_its_repr() -> None:
    """Notes and reasons are theirs."""
    assert "private" not in repr(read_posted(BLOCKS, [("note/note", "private")], zone="UTC"))
