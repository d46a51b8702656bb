"""The Home tab: lessons in three groups, a welcome, and nothing that does not work."""

from __future__ import annotations

from bot.home import build_home, build_small_view
from bot.ids import Action, View
from bot.replies import build_no_link
from tests.bot.plain import list_buttons, read
from tests.records import NOW, make_details, make_lesson, make_person

ADA = make_person("Ada")


def test_lessons_stand_in_their_groups() -> None:
    """Today, next, past, in this order; past only where there is one."""
    today, coming, past = (make_details(make_lesson(title, booked_by=ADA.id)) for title in ("One", "Two", "Three"))
    text = read(build_home(reader=ADA, now=NOW, today=[today], upcoming=[coming], past=[past])["blocks"])
    places = [text.index(part) for part in ("Today", "*One*", "Next", "*Two*", "Past", "*Three*")]

    assert places == sorted(places)
    assert "Past" not in read(build_home(reader=ADA, now=NOW)["blocks"])


def test_an_empty_home_says_so() -> None:
    """No bare headings."""
    text = read(build_home(reader=ADA, now=NOW)["blocks"])

    assert "Today\nNo lessons today." in text
    assert "Next\nNothing booked after today." in text


def test_the_first_visit_is_a_welcome_that_fits_the_reader() -> None:
    """Who may book reads how; who may not reads where their lessons come."""
    booker = read(build_home(reader=ADA, now=NOW, is_first_visit=True)["blocks"])
    learner = read(build_home(reader=ADA, now=NOW, is_first_visit=True, can_book=False)["blocks"])

    assert booker.startswith("Welcome to Hallpass\nBook a lesson here")
    assert learner.startswith("Welcome to Hallpass\nYour lessons are listed here.")
    assert "Welcome" not in read(build_home(reader=ADA, now=NOW)["blocks"])


def test_only_who_may_book_sees_the_button() -> None:
    """The only button there is."""
    assert list(list_buttons(build_home(reader=ADA, now=NOW)["blocks"])) == [Action.BOOK]
    assert list_buttons(build_home(reader=ADA, now=NOW, can_book=False)["blocks"]) == {}


def test_a_private_answer_fits_into_a_view() -> None:
    """For who pressed something where there is no conversation."""
    view = build_small_view(build_no_link(ADA, now=NOW), reader=ADA)

    assert view["callback_id"] == View.MESSAGE
    assert read(view["blocks"]).startswith("You have no lesson now or soon.")
