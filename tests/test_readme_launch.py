"""The README's table of a launch's fields: each documented one, once, and who decides it as the client has it."""

from __future__ import annotations

import json

import pytest

from bot.rooms.lessonspace_launch import find_option_problems
from tests.bot.rooms.lessonspace_reference import LAUNCH, Sent
from tests.documents import find_section, list_fenced, list_rows, strip_code

SECTION = "### What a launch says, and who decides it"
BOTH = {"features", "locale", "session_tags"}
"""Said by the lesson and by options."""


def list_deciders() -> dict[str, str]:
    """Who decides, by field."""
    rows = list_rows(find_section(SECTION), "Field")
    fields = [strip_code(row[0]) for row in rows]
    assert len(fields) == len(set(fields))
    return dict(zip(fields, (row[2] for row in rows), strict=True))


def find_row(path: str, fields: set[str]) -> str | None:
    """The row that tells of this field: its own, else that of what it lies in."""
    while path not in fields and "." in path:
        path = path.rpartition(".")[0]
    return path if path in fields else None


def test_every_field_has_its_row_and_every_row_its_field() -> None:
    """None forgotten, none invented."""
    fields = set(list_deciders())

    assert fields == {find_row(sent.path, fields) for sent in LAUNCH} | {"user.custom_jwt_parameters"}


@pytest.mark.parametrize("sent", LAUNCH, ids=lambda sent: sent.path)
def test_it_says_of_each_field_whether_options_decide_it(sent: Sent) -> None:
    """As the client itself takes or refuses it."""
    deciders = list_deciders()
    row = find_row(sent.path, set(deciders))
    assert row is not None

    assert ("options" in deciders[row]) is (sent.by is None or row in BOTH)


def test_the_example_is_one() -> None:
    """It can be pasted as it is."""
    [example] = list_fenced("json", find_section(SECTION))

    assert {} == find_option_problems(json.loads(example))
