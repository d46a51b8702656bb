"""Typed values out of a provider's JSON, and complaints that name the field but never its value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from bot.errors import RoomServiceNonsense
from bot.rooms.answers import Fields, list_entries, list_fields, parse_moment, read_fields
from storage.records import Record

NINE = datetime(2030, 3, 4, 9, 0, tzinfo=UTC)


def fields(**values: object) -> Fields:
    return Fields(provider="Somebody", values=dict(values))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2030-03-04T09:00:00Z", NINE),
        ("2030-03-04T09:00:00+00:00", NINE),
        ("2030-03-04T11:00:00+02:00", NINE),
        ("2030-03-04T09:00:00", NINE),  # without an offset: UTC
        ("2030-03-04T09:00", NINE),
        ("2030-03-04 09:00:00.000", NINE),
        ("2030-03-04T09:00:00.250Z", NINE.replace(microsecond=250_000)),
        ("2030-03-04T09:00:00.123456789Z", NINE.replace(microsecond=123_456)),
        (" 2030-03-04T09:00:00Z ", NINE),
        ("2030-03-04", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("tomorrow", None),
        ("T", None),
        ("", None),
    ],
)
def test_timestamps_in_every_spelling_seen(text: str, expected: datetime | None) -> None:
    """Any offset becomes UTC, any fraction is read, anything else is None."""
    assert parse_moment(text) == expected


Read = Callable[[Fields], object]


@pytest.mark.parametrize(
    "read, value, expected",
    [
        (lambda f: f.get_text("x"), "a", "a"),
        (lambda f: f.get_id("x"), 7, "7"),
        (lambda f: f.get_id("x"), "7", "7"),
        (lambda f: f.get_moment("x"), "2030-03-04T09:00Z", NINE),
        (lambda f: f.get_list("x"), [], []),
        (lambda f: f.find_text("x"), 7, None),
        (lambda f: f.find_text("x"), "", None),
        (lambda f: f.find_id("x"), True, None),
        (lambda f: f.find_flag("x"), False, False),
        (lambda f: f.find_flag("x"), 0, None),
        (lambda f: f.find_count("x"), 0, 0),
        (lambda f: f.find_count("x"), -1, None),
        (lambda f: f.find_count("x"), True, None),
        (lambda f: f.find_count("x"), 1.5, None),
        (lambda f: f.find_moment("x"), None, None),
        (lambda f: f.find_fields("x"), [], None),
    ],
)
def test_what_is_there_is_read_and_what_is_optional_may_be_missing(read: Read, value: object, expected: object) -> None:
    """`get_` returns the value in its type; `find_` gives None for every other type."""
    assert read(fields(x=value)) == expected


@pytest.mark.parametrize(
    "read, value, complaint",
    [
        (lambda f: f.get_text("x"), None, "x is missing"),
        (lambda f: f.get_text("x"), "", "x is missing"),
        (lambda f: f.get_text("x"), ["private"], "x is not text"),
        (lambda f: f.get_id("x"), None, "x is missing"),
        (lambda f: f.get_id("x"), {"private": 1}, "x is not an id"),
        (lambda f: f.get_moment("x"), "private", "x is not a timestamp"),
        (lambda f: f.get_moment("x"), 1_899_000_000, "x is not text"),
        (lambda f: f.find_moment("x"), "private", "x is not a timestamp"),
        (lambda f: f.get_list("x"), None, "x is missing"),
        (lambda f: f.get_list("x"), "private", "x is not a list"),
        (lambda f: list(f.list_fields("x")), [{}, "private"], "x[1] is not an object"),
    ],
)
def test_a_broken_promise_names_the_field_and_keeps_its_value(read: Read, value: object, complaint: str) -> None:
    """The error's text is the whole of what may be logged."""
    with pytest.raises(RoomServiceNonsense) as caught:
        read(fields(x=value))

    assert str(caught.value) == f"Somebody: answer not understood: {complaint}"


def test_a_field_deep_inside_is_named_with_its_path() -> None:
    """Which entry of which list it was."""
    entry = next(fields(results=[{"logs": [{}]}]).list_fields("results"))

    with pytest.raises(RoomServiceNonsense) as caught:
        next(entry.list_fields("logs")).get_id("id")

    assert caught.value.field == "results[0].logs[0].id"


def test_an_answer_of_the_wrong_shape_is_named_by_what_was_asked() -> None:
    """A list where an object was promised, and the reverse inside a list."""
    with pytest.raises(RoomServiceNonsense, match="launch is not an object"):
        read_fields([], provider="Somebody", what="launch")
    with pytest.raises(RoomServiceNonsense, match=r"sessions\[0\] is not an object"):
        list(list_fields([7], provider="Somebody", path="sessions"))


def test_repr_leaves_values_out() -> None:
    """They may be links and secrets."""
    assert "private" not in repr(fields(secret="private"))


@dataclass(frozen=True, kw_only=True)
class Chair(Record):
    seat_count: int | None = None
    extra: dict[str, object] = field(default_factory=dict, repr=False)


def test_what_a_record_has_no_field_for_is_kept() -> None:
    """Under the provider's own spelling; a field of theirs that is called `extra` is one of those."""
    found = read_fields({"seat_count": 1, "seatCount": 2, "colour": "red", "extra": 3}, provider="P", what="chair")

    assert {"seatCount": 2, "colour": "red", "extra": 3} == found.keep_rest(Chair)
    assert {"seat_count": 1, "colour": "red", "extra": 3} == found.keep_rest(Chair, spell=lambda _: "seatCount")


def test_an_answer_that_is_a_list_is_read_entry_by_entry() -> None:
    """In its order; an answer that is none, or an entry that is no object, is named."""
    entries = [found.get_text("name") for found in list_entries([{"name": "a"}, {"name": "b"}], provider="P", what="x")]

    assert ["a", "b"] == entries
    with pytest.raises(RoomServiceNonsense, match="x is not a list"):
        list(list_entries({}, provider="P", what="x"))
    with pytest.raises(RoomServiceNonsense, match=re.escape("x[1]")):
        list(list_entries([{}, 7], provider="P", what="x"))


def test_a_hint_that_cannot_be_read_is_not_told() -> None:
    """Nothing depends on it."""
    found = read_fields({"good": "2026-11-23T14:00:00Z", "bad": "soon", "odd": 7}, provider="P", what="x")

    assert datetime(2026, 11, 23, 14, tzinfo=UTC) == found.find_hint("good")
    assert [None, None, None] == [found.find_hint(name) for name in ("bad", "odd", "none")]
