"""What a search found: marked, escaped, by lesson, page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.found_lines import (
    LINE_LENGTH,
    TYPED_LENGTH,
    Hit,
    Search,
    build_found,
    build_no_search,
    mark_words,
    read_search,
)
from storage.records import Lesson, TranscriptLine
from tests.bot.plain import read
from tests.records import NOW, STARTS_AT, make_lesson, make_person

ADA = make_person("Ada", zone="Europe/Berlin", locale="en-GB")


def make_hit(lesson: Lesson, text: str, *, minute: int = 3, speaker: str = "Ben") -> Hit:
    line = TranscriptLine(
        workspace_id=lesson.workspace_id,
        lesson_id=lesson.id,
        session_id="s1",
        position=minute,
        starts=timedelta(minutes=minute),
        ends=timedelta(minutes=minute),
        speaker=speaker,
        text=text,
    )
    return Hit(lesson=lesson, line=line, said_at=lesson.starts_at + timedelta(minutes=minute))


def show(*hits: Hit, typed: str = "half", offset: int = 0, has_more: bool = False) -> str:
    search = Search(typed=typed, offset=offset)
    message = build_found(hits, search=search, has_more=has_more, reader=ADA, now=NOW)
    return read(message.blocks)


def test_lines_stand_under_their_lesson() -> None:
    """When it was, when it was said, by whom, and what, with the words marked."""
    algebra, botany = make_lesson("Algebra"), make_lesson("Botany", starts_at=STARTS_AT - timedelta(days=1))
    text = show(make_hit(algebra, "one half"), make_hit(algebra, "Half of it", minute=4), make_hit(botany, "halfway"))

    assert [
        "3 lines with “half”:",
        "*Algebra*, 17:00 on Mon 23 Nov (Berlin time)",
        "17:03 (Berlin time) Ben: one *half*",
        "17:04 (Berlin time) Ben: *Half* of it",
        "*Botany*, 17:00 on Sun 22 Nov (Berlin time)",
        "17:03 (Berlin time) Ben: *halfway*",
    ] == text.splitlines()


def test_a_page_in_between_has_both_buttons() -> None:
    """With the search in them, and where the other page begins."""
    hits = [make_hit(make_lesson(), "half")] * 10
    message = build_found(hits, search=Search(typed="half", offset=10), has_more=True, reader=ADA, now=NOW)
    row = {one["action_id"]: read_search(one["value"]) for one in message.blocks[-1]["elements"]}

    assert {"found_back": Search(typed="half"), "found_more": Search(typed="half", offset=20)} == row
    assert "11 to 20" in message.text
    assert "actions" not in [
        block["type"]
        for block in build_found(hits, search=Search(typed="half"), has_more=False, reader=ADA, now=NOW).blocks
    ]


def test_nothing_found_says_what_can_be_searched() -> None:
    """Somebody who leads nothing reads why as well."""
    assert "“half” was not found. You can search what was said in lessons that you lead" in show()
    assert "/lesson transcript" in build_no_search(ADA, now=NOW).text


@pytest.mark.parametrize(
    # what is sought; what was said; how it reads
    ("sought", "text", "marked"),
    [
        ("half", "a half, behalf, HALVES half-time", "a *half*, behalf, HALVES *half*-time"),
        ("cafe uber", "Café über alles", "*Café* *über* alles"),
        ("don't", "I don't know, Don", "I *don*'*t* know, *Don*"),
        ("b", "<b> & B", "&lt;*b*&gt; &amp; *B*"),
        ("---", "nothing", "nothing"),
    ],
)
def test_words_are_marked_as_they_were_found(sought: str, text: str, marked: str) -> None:
    """By their beginnings, whatever case and accents; what was said stays text."""
    assert marked == mark_words(text, sought.split())


@given(st.text(max_size=60), st.text(max_size=10))
def test_marking_changes_nothing_but_the_marks(text: str, sought: str) -> None:
    """Without them it is the text, escaped; no letter of it is lost."""
    plain = mark_words(text, ())
    marked = mark_words(text, sought.split())

    assert plain.replace("*", "") == marked.replace("*", "")
    assert not set("<>") & set(marked)


def test_a_long_line_is_shown_around_the_word() -> None:
    """Not so long that ten of them are no answer any more."""
    text = show(make_hit(make_lesson(), "before " * 200 + "half " + "after " * 200))

    assert "before *half* after" in text
    assert "Ben: …before before" in text
    assert len(text) < LINE_LENGTH + 200


def test_a_button_carries_no_more_than_slack_takes() -> None:
    """And what is no search of ours is none."""
    value = Search(typed="ä" * 3000, offset=5).to_value()
    search = read_search(value)

    assert len(value) < 2000
    assert search == Search(typed="ä" * TYPED_LENGTH, offset=5)
    assert [None] * 5 == [read_search(one) for one in (None, "", "[]", '{"typed": 1, "offset": 0}', '{"typed": "x"}')]
    assert read_search('{"typed": "x", "offset": -1}') is None
