"""The small forms: what they start with, what they carry, and how what was typed is read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.blocks import Block
from bot.drafts import Caution, CautionCode
from bot.ids import Field
from bot.lesson_forms import (
    LessonForm,
    TypedTimes,
    build_cancel_form,
    build_end_form,
    build_extend_form,
    build_move_form,
    minutes_of,
    read_lesson_form,
    read_reason,
    read_times,
)
from bot.sandbox.gallery.party import EVERYDAY
from bot.sandbox.gallery.scenes import build_details
from storage.records import LessonId, LessonState
from tests.records import ENDS_AT, NOW, STARTS_AT

DETAILS = build_details(EVERYDAY)
LIVE = build_details(EVERYDAY, state=LessonState.LIVE)
READER = DETAILS.booked_by
CAUTION = Caution(code=CautionCode.LEADER_OVERLAP, names=("β",), starts_at=STARTS_AT, ends_at=ENDS_AT)


def find_fields(view: Block) -> dict[str, Block]:
    return {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}


def state_of(view: Block) -> dict[str, Any]:
    """What Slack would send back if nothing was touched."""
    kept = {
        "plain_text_input": ("value", "initial_value"),
        "datetimepicker": ("selected_date_time", "initial_date_time"),
    }
    return {
        name: {element["action_id"]: {kept[element["type"]][0]: element.get(kept[element["type"]][1])}}
        for name, element in find_fields(view).items()
    }


def test_the_move_form_starts_with_the_present_times() -> None:
    """Sent untouched it asks for what is there already."""
    view = build_move_form(DETAILS, reader=READER, now=NOW)

    assert TypedTimes(starts_at=STARTS_AT, length_text="60") == read_times(state_of(view))
    assert [Field.STARTS_AT, Field.LENGTH] == list(find_fields(view))
    assert "Save" == view["submit"]["text"]


def test_a_lesson_that_has_begun_is_asked_for_its_length_alone() -> None:
    """Its start stays."""
    view = build_move_form(LIVE, reader=READER, now=STARTS_AT)

    assert [Field.LENGTH] == list(find_fields(view))
    assert TypedTimes(starts_at=None, length_text="60") == read_times(state_of(view))


def test_a_caution_keeps_what_was_typed_and_what_is_confirmed() -> None:
    """The next submit is the answer to it."""
    typed = TypedTimes(starts_at=STARTS_AT + timedelta(hours=2), length_text="45")

    view = build_move_form(DETAILS, reader=READER, now=NOW, typed=typed, cautions=[CAUTION], confirmed="abc")

    assert typed == read_times(state_of(view))
    assert "Save anyway" == view["submit"]["text"]
    form = read_lesson_form(view["private_metadata"])
    assert LessonForm(lesson_id=DETAILS.lesson.id, revision=1, confirmed="abc") == form


@pytest.mark.parametrize("values", [{}, {"length": {}}, {"length": {"length": None}}])
def test_what_was_not_typed_is_nothing(values: dict[str, Any]) -> None:
    """Judged elsewhere, never guessed."""
    assert TypedTimes(starts_at=None, length_text="") == read_times(values)
    assert "" == read_reason(values)


def test_a_reason_is_read_without_the_blanks_around_it() -> None:
    """And may be left out."""
    view = build_cancel_form(DETAILS, reader=READER, now=NOW)
    [field] = [block for block in view["blocks"] if block["type"] == "input"]

    assert field["optional"]
    assert "ill" == read_reason({Field.REASON: {field["element"]["action_id"]: {"value": "  ill\n"}}})


def test_each_form_says_what_cannot_be_taken_back() -> None:
    """The links that were sent, and until when; nothing where none was."""
    without = build_details(EVERYDAY, has_links=False, state=LessonState.LIVE)
    for details, is_said in ((LIVE, True), (without, False)):
        texts = [
            str(build_move_form(details, reader=READER, now=NOW)),
            str(build_cancel_form(details, reader=READER, now=NOW)),
            str(build_end_form(details, reader=READER, now=NOW, closes_room=False)),
        ]
        assert [is_said] * 3 == ["4 links already sent stay valid" in text for text in texts]


def test_links_that_count_for_nothing_are_not_counted() -> None:
    """Revoked, or never shown to anybody."""
    ada, ben, *_ = LIVE.seats
    assert ada.link is not None
    assert ben.link is not None
    revoked = replace(ada, link=replace(ada.link, revoked_at=NOW))
    unsent = replace(ben, link=replace(ben.link, delivered_at=None))

    view = build_cancel_form(replace(LIVE, seats=(revoked, unsent)), reader=READER, now=NOW)

    assert "stay" not in str(view["blocks"])


def test_ending_says_what_becomes_of_who_is_inside() -> None:
    """Put out where the service can; else they are to be asked."""
    said = {closes: str(build_end_form(LIVE, reader=READER, now=NOW, closes_room=closes)) for closes in (True, False)}

    assert "is put out" in said[True]
    assert "is put out" not in said[False]


def test_extending_asks_about_every_lesson_in_the_way() -> None:
    """And carries the answer's digest."""
    cautions = [CAUTION, replace(CAUTION, names=("γ",))]
    view = build_extend_form(LIVE, reader=READER, now=NOW, cautions=cautions, confirmed="abc")

    assert all(name in str(view["blocks"]) for name in ("β", "γ"))
    form = read_lesson_form(view["private_metadata"])
    assert form is not None
    assert "abc" == form.confirmed


@pytest.mark.parametrize("metadata", ["", "[]", "{}", '{"lesson_id": 1, "revision": 1}', '{"lesson_id": "a"}'])
def test_metadata_that_is_not_ours_is_nothing(metadata: str) -> None:
    """The person is told that the form is out of date."""
    assert read_lesson_form(metadata) is None


def test_a_form_comes_back_from_its_metadata() -> None:
    """With and without an answer."""
    for confirmed in (None, "abc"):
        form = LessonForm(lesson_id=LessonId("1"), revision=7, confirmed=confirmed)
        assert form == read_lesson_form(form.to_metadata())


def test_a_length_is_written_in_whole_minutes() -> None:
    """A lesson of seconds, for trying things out, is not nothing."""
    assert "60" == minutes_of(STARTS_AT, ENDS_AT)
    assert "2" == minutes_of(STARTS_AT, STARTS_AT + timedelta(seconds=100))
    assert "1" == minutes_of(STARTS_AT, STARTS_AT + timedelta(seconds=20))
