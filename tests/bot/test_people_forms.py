"""The form of everybody in a lesson: what it asks before somebody is taken out."""

from __future__ import annotations

import pytest

from bot.blocks import Block
from bot.people_forms import build_people_form
from storage.records import LessonDetails, LinkWay
from tests.bot.test_cards import ADA, give_link, make_lesson_for_two
from tests.records import NOW, make_details


def list_questions(details: LessonDetails) -> list[str]:
    """What *Remove* asks of each, in order."""
    view: Block = build_people_form(details, reader=ADA, now=NOW)
    elements = [element for block in view["blocks"] for element in block.get("elements", [])]
    return [element["confirm"]["text"]["text"] for element in elements if "confirm" in element]


def make_lesson_by(way: LinkWay) -> LessonDetails:
    details = make_lesson_for_two()
    seats = [give_link(seat, way=way) for seat in details.seats]
    return make_details(details.lesson, *seats, booked_by=ADA)


def test_who_removes_somebody_reads_how_long_the_services_own_link_may_work() -> None:
    """It cannot always be taken back."""
    questions = list_questions(make_lesson_by(LinkWay.DIRECT))

    assert 2 == len(questions)
    for question in questions:
        assert "If the room service cannot take their link back, it opens the room until" in question


@pytest.mark.parametrize("way", [LinkWay.PAGE, LinkWay.PRESS])
def test_a_link_that_we_judge_ourselves_works_no_more(way: LinkWay) -> None:
    """Nobody is warned of what cannot happen."""
    questions = list_questions(make_lesson_by(way))

    assert ["They are told once, get no more reminders, and their link works no more."] * 2 == questions


def test_nothing_is_said_of_links_that_were_not_sent() -> None:
    """There is none to take back."""
    questions = list_questions(make_lesson_for_two(has_links=False))

    assert ["They are told once, and get no more reminders."] * 2 == questions
