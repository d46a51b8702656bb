"""How a workspace's launch options lie in each other: what holds for a role, and what replaces what."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bot.rooms.options import merge, merge_options
from storage.records import Role

OPTIONS: dict[str, Any] = {
    "locale": "en",
    "features": {"chat": True, "timer": True},
    "learner": {"features": {"chat": False}},
    "observer": {"user": {"ghost": True}, "locale": "fr"},
}


@pytest.mark.parametrize(
    "role, expected",
    [
        (Role.LEADER, {"locale": "en", "features": {"chat": True, "timer": True}}),
        (Role.LEARNER, {"locale": "en", "features": {"chat": False, "timer": True}}),
        (Role.OBSERVER, {"locale": "fr", "features": {"chat": True, "timer": True}, "user": {"ghost": True}}),
    ],
)
def test_a_role_s_own_options_go_over_the_common_ones(role: Role, expected: dict[str, object]) -> None:
    """Inside objects too, and without a trace of what other roles have."""
    before = copy.deepcopy(OPTIONS)

    assert merge_options(OPTIONS, role) == expected
    assert merge_options(merge_options(OPTIONS, role), role) == expected
    assert before == OPTIONS


@pytest.mark.parametrize(
    "lower, upper, expected",
    [
        ({}, {}, {}),
        ({"a": 1}, {"a": {"b": 2}}, {"a": {"b": 2}}),  # an object replaces what is none,
        ({"a": {"b": 2}}, {"a": 1}, {"a": 1}),  # and is replaced by it
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),  # lists are not joined
        ({"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"c": 3}}}, {"a": {"b": {"c": 3, "d": 2}}}),
        ({"a": 1}, {"a": None}, {"a": None}),  # null is a value
    ],
)
def test_only_objects_are_merged(lower: Any, upper: Any, expected: object) -> None:
    """For all else the upper one holds whole."""
    assert merge(lower, upper) == expected


def test_options_of_a_role_that_are_no_object_change_nothing() -> None:
    """They are complained of where they are set; a lesson is not the place."""
    assert merge_options({"locale": "fr", "learner": "quiet"}, Role.LEARNER) == {"locale": "fr"}
