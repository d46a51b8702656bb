"""The Home tab: lessons in three groups, a welcome, and nothing that does not work."""

from __future__ import annotations

from datetime import timedelta

from bot.blocks import VIEW_BLOCKS, Block
from bot.home import HomeLesson, build_home, build_small_view
from bot.ids import Action, View
from bot.replies import build_no_link
from storage.records import LessonState, Person, Role
from tests.bot.plain import list_buttons, read
from tests.records import NOW, make_details, make_lesson, make_person, make_seat

ADA = make_person("Ada")


def test_lessons_stand_in_their_groups() -> None:
    """Today, next, past, in this order; past only where there is one."""
    today, coming, past = (
        HomeLesson(details=make_details(make_lesson(title, booked_by=ADA.id))) for title in ("One", "Two", "Three")
    )
    text = read(build_home(reader=ADA, now=NOW, today=[today], upcoming=[coming], past=[past])["blocks"])
    places = [text.index(part) for part in ("Today", "*One*", "Next", "*Two*", "Past", "*Three*")]

    assert places == sorted(places)
    assert "Past" not in read(build_home(reader=ADA, now=NOW)["blocks"])


def test_an_empty_home_says_so() -> None:
    """No bare headings."""
    text = read(build_home(reader=ADA, now=NOW)["blocks"])

    assert "Today\nNo lessons today." in text
    assert "Next\nNothing booked after today." in text


def test_a_day_whose_lessons_are_over_is_no_day_without() -> None:
    """By the reader's own day."""
    over = make_details(make_lesson("One", booked_by=ADA.id, starts_at=NOW - timedelta(hours=2)))
    earlier = make_details(make_lesson("Two", booked_by=ADA.id, starts_at=NOW - timedelta(days=1)))

    assert "No more lessons today." in read(build_home(reader=ADA, now=NOW, past=[HomeLesson(details=over)])["blocks"])
    assert "No lessons today." in read(build_home(reader=ADA, now=NOW, past=[HomeLesson(details=earlier)])["blocks"])


def test_the_first_visit_is_a_welcome_that_fits_the_reader() -> None:
    """Who may book reads how; who may not reads where their lessons come."""
    booker = read(build_home(reader=ADA, now=NOW, is_first_visit=True)["blocks"])
    learner = read(build_home(reader=ADA, now=NOW, is_first_visit=True, can_book=False)["blocks"])

    assert booker.startswith("Welcome to Hallpass\nBook a lesson here")
    assert learner.startswith("Welcome to Hallpass\nYour lessons are listed here.")
    assert "Welcome" not in read(build_home(reader=ADA, now=NOW)["blocks"])


def test_only_who_may_book_sees_the_button() -> None:
    """In an empty Home there is nothing else but one's own preferences."""
    assert list(list_buttons(build_home(reader=ADA, now=NOW)["blocks"])) == [Action.BOOK, Action.PREFERENCES]
    assert list(list_buttons(build_home(reader=ADA, now=NOW, can_book=False)["blocks"])) == [Action.PREFERENCES]


def test_each_reader_gets_the_buttons_of_their_card() -> None:
    """Who runs a lesson may extend and cancel it; a learner has their own way in and their answer; nobody has both."""
    ben = make_person("Ben")
    lesson = make_lesson("One", booked_by=ADA.id)
    details = make_details(lesson, make_seat(lesson, ADA, Role.LEADER), make_seat(lesson, ben, Role.LEARNER))

    def buttons(reader: Person, *, runs: bool) -> set[str]:
        home = HomeLesson(details=details, join_url="https://room.example/1", runs=runs)
        return set(list_buttons(build_home(reader=reader, now=NOW, today=[home], can_book=False)["blocks"]))

    assert {Action.JOIN, Action.NEW_LINK, Action.EXTEND, Action.CANCEL} <= buttons(ADA, runs=True)
    assert {Action.JOIN, Action.NEW_LINK, Action.REPLY_COMING} <= buttons(ben, runs=False)
    assert not {Action.EXTEND, Action.CANCEL, Action.TRY_AGAIN} & buttons(ben, runs=False)


def test_only_a_lesson_that_is_over_has_a_summary() -> None:
    """A cancelled one came to nothing."""
    ended, cancelled = (
        HomeLesson(details=make_details(make_lesson(state.value, state=state)))
        for state in (LessonState.ENDED, LessonState.CANCELLED)
    )
    blocks = build_home(reader=ADA, now=NOW, past=[ended, cancelled])["blocks"]

    assert [Action.SUMMARY] == [made["accessory"]["action_id"] for made in blocks if "accessory" in made]


def test_home_holds_any_number_of_lessons() -> None:
    """None, one, 30 and 100 of each sort, all with their buttons, beside the most that an admin is shown."""
    for count in (0, 1, 30, 100):
        lessons = [
            HomeLesson(details=make_details(make_lesson(f"{number}", booked_by=ADA.id)), runs=True)
            for number in range(count)
        ]
        admin: list[Block] = [{"type": "divider"}] * 19
        home = build_home(
            reader=ADA, now=NOW, today=lessons, upcoming=lessons, past=lessons, is_first_visit=True, for_admin=admin
        )

        assert len(home["blocks"]) <= VIEW_BLOCKS, count
        assert f"*{count - 1}*" in read(home["blocks"]) or count in (0, 100)


def test_a_private_answer_fits_into_a_view() -> None:
    """For who pressed something where there is no conversation."""
    view = build_small_view(build_no_link(ADA, now=NOW), reader=ADA)

    assert view["callback_id"] == View.MESSAGE
    assert read(view["blocks"]).startswith("You have no lesson now or soon.")
