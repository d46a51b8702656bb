"""How a workspace's launch options lie in each other: what holds for a role, and what replaces what."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bot.rooms.options import (
    HIDDEN,
    NotOptions,
    hide_secrets,
    list_names,
    list_secrets,
    merge,
    merge_options,
    read_options,
    restore_secrets,
)
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


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not JSON from line 1, column 1 on"),
        ('{"locale":\n xyz}', "is not JSON from line 2, column 2 on"),
        ("[1]", "is not an object"),
        ("[" * 100_000, "is nested too deeply"),
    ],
)
def test_text_that_is_no_object_is_refused(text: str, problem: str) -> None:
    """It is said where, and nothing of it is repeated: it may hold a secret."""
    with pytest.raises(NotOptions, match=problem) as caught:
        read_options(text)

    assert "xyz" not in str(caught.value)


def test_what_is_set_is_named_without_its_values() -> None:
    """A role's own under the role; nothing deeper."""
    assert ["features", "learner.features", "locale", "observer.locale", "observer.user"] == list_names(OPTIONS)


TOKEN = "s3cret"
AUTH: dict[str, Any] = {"url": "https://a.example/", "token": TOKEN}


def test_a_secret_is_hidden_and_put_back() -> None:
    """Wherever it lies; who leaves it hidden keeps it, who writes another one has that."""
    options = {"locale": "fr", "auth_external": AUTH, "learner": {"auth_external": AUTH}}
    hidden = hide_secrets(options)

    assert TOKEN not in str(hidden)
    assert [TOKEN, TOKEN] == list_secrets(options)
    assert options == restore_secrets(hidden, options)
    changed = {"auth_external": {**AUTH, "token": "new"}}
    assert changed == restore_secrets(changed, options)


def test_nothing_is_put_back_where_nothing_was() -> None:
    """The service then says that it is missing."""
    assert {"auth_external": {}} == restore_secrets({"auth_external": {"token": HIDDEN}}, {"auth_external": "odd"})
