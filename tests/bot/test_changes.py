"""Audit facts: what changed, before and after, and nobody's words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.changes import facts_of, pair_facts
from storage.records import LessonState
from tests.records import ENDS_AT, make_lesson


def test_only_what_changed_is_told_with_both_sides() -> None:
    """The end moved and was counted; nothing else is there, the revision least of all."""
    before = make_lesson()
    after = replace(before, ends_at=ENDS_AT + timedelta(minutes=10), extension_count=1, revision=2)

    assert {
        "ends_at_before": "2026-11-23T17:00:00+00:00",
        "ends_at_after": "2026-11-23T17:10:00+00:00",
        "extension_count_before": 0,
        "extension_count_after": 1,
    } == facts_of(before, after)


def test_what_people_wrote_is_not_kept_twice() -> None:
    """A changed title is a fact, its words are not."""
    before = make_lesson("Algebra with Ben", note="bring the book")

    facts = facts_of(before, replace(before, title="Geometry", note=""))

    assert {"title_changed": True, "note_changed": True} == facts


def test_facts_are_read_in_pairs() -> None:
    """Before and after belong together, also where there was nothing before; single facts stand alone."""
    before = make_lesson()
    after = replace(before, state=LessonState.CANCELLED, cancelled_by=before.booked_by)

    assert [
        ("state", "booked", "cancelled"),
        ("cancelled_by", None, before.booked_by),
        ("participants", None, 3),
    ] == pair_facts({**facts_of(before, after), "participants": 3})
