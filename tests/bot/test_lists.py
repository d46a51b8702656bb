"""Lists by page, and finding one lesson by the words of its title."""

from __future__ import annotations

import pytest

from bot.ids import Action
from bot.lists import build_list_page, find_lesson, read_offset
from tests.bot.plain import list_buttons, read
from tests.records import NOW, make_details, make_lesson, make_person

ADA = make_person("Ada")


@pytest.mark.parametrize(
    # how many there are, from where; which are shown, and where the buttons lead
    ("count", "offset", "shown", "back", "more"),
    [
        (1, 0, "0", None, None),
        (10, 0, "0123456789", None, None),
        (11, 0, "0123456789", None, 10),
        (11, 10, "A", 0, None),
        (25, 10, "ABCDEFGHIJ", 0, 20),
        (5, 40, "01234", None, None),  # the rest was cancelled meanwhile
    ],
)
def test_a_page_has_ten_and_leads_on(count: int, offset: int, shown: str, back: int | None, more: int | None) -> None:
    """Nothing is shown twice or left out, and no button leads nowhere."""
    titles = [f"Lesson-{'0123456789ABCDEFGHIJKLMNOP'[number]}-" for number in range(count)]
    lessons = [make_details(make_lesson(title, booked_by=ADA.id)) for title in titles]

    page = build_list_page(lessons, offset=offset, reader=ADA, now=NOW)

    text, buttons = read(page.blocks), list_buttons(page.blocks)
    assert shown == "".join(title[7] for title in titles if title in text)
    for action, wanted in ((Action.LIST_BACK, back), (Action.LIST_MORE, more)):
        assert (wanted is not None) is (action in buttons)
        assert wanted is None or wanted == read_offset(buttons[action]["value"])


@pytest.mark.parametrize("value", [None, "", "7", "[]", '{"offset": -1}', '{"offset": true}', '{"offset": "1"}'])
def test_what_is_no_page_of_ours_is_none(value: str | None) -> None:
    """Pressed months later, or forged."""
    assert None is read_offset(value)


def test_a_lesson_is_found_by_words_of_its_title() -> None:
    """In any order and case; the first of several; without words the first of all."""
    first, second = make_details(make_lesson("Algebra for Ben")), make_details(make_lesson("Early algebra"))

    assert first is find_lesson([first, second], "")
    assert first is find_lesson([first, second], "ALGEBRA")
    assert second is find_lesson([first, second], "algebra early")
    assert None is find_lesson([first, second], "botany")
