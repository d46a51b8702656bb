"""What the form turns into: progress while links go out, then the result."""

from __future__ import annotations

from dataclasses import replace

from bot.ids import Action, View
from bot.progress import build_progress, build_result
from storage.records import LessonDetails, NoticeState, Role
from tests.bot.plain import find_button, read
from tests.records import NOW, make_details, make_lesson, make_link, make_person, make_seat

ADA, OLIVE = make_person("Ada"), make_person("Olive")


def make_booked(*, failure: str | None = None) -> LessonDetails:
    """Ada leads, Ben learns and is new to her; `failure`: why Ben was not reached."""
    lesson = make_lesson(booked_by=OLIVE.id)
    leader = make_seat(lesson, ADA, Role.LEADER, invited=NoticeState.SENT)
    learner = make_seat(lesson, make_person("Ben"), position=1, invited=NoticeState.SENT)
    learner = replace(learner, participant=replace(learner.participant, failure=failure, is_new_to_leader=True))
    seats = [replace(seat, link=make_link(seat.participant)) for seat in (leader, learner)]
    return make_details(lesson, *seats, booked_by=OLIVE)


def test_progress_says_how_far_it_is_and_that_nobody_must_wait() -> None:
    """A figure, the lesson, and that the view may be closed; closing is reported."""
    view = build_progress(make_booked(), reader=OLIVE, done=7, total=12, now=NOW, metadata="m")

    assert "*Algebra*: 4:00 PM on Mon, Nov 23" in read(view["blocks"])
    assert "Sent 7 of 12.\nYou can close this; it goes on by itself." in read(view["blocks"])
    assert (view["callback_id"], view["notify_on_close"], view["private_metadata"]) == (View.PROGRESS, True, "m")


def test_the_result_names_everybody_reached() -> None:
    """And nothing to try again."""
    view = build_result(make_booked(), reader=OLIVE, now=NOW)

    assert "Everybody has been reached.\nAda (leader): sent" in read(view["blocks"])
    assert find_button(view["blocks"], Action.TRY_AGAIN) is None


def test_the_result_does_not_say_reached_of_who_sleeps() -> None:
    """Ben's invitation waits for his morning."""
    details = make_booked()
    ben = replace(details.seats[1], invited=NoticeState.WAITING, link=None)
    view = build_result(replace(details, seats=(details.seats[0], ben)), reader=OLIVE, now=NOW)

    assert "1 person is told in the morning: it is night there now.\nAda (leader): sent" in read(view["blocks"])


def test_the_result_says_who_was_not_reached_and_why() -> None:
    """With the next step, and a button for it."""
    view = build_result(make_booked(failure="room_down"), reader=OLIVE, now=NOW)

    assert "1 person was not reached." in read(view["blocks"])
    assert "could not be reached. The room service does not answer." in read(view["blocks"])
    assert find_button(view["blocks"], Action.TRY_AGAIN) is not None


def test_first_lessons_are_said_from_where_the_reader_stands() -> None:
    """To the leader "with you", to a booker who does not lead "with the leader"."""
    details = make_booked()

    assert "Ben (first lesson with the leader): sent" in read(build_result(details, reader=OLIVE, now=NOW)["blocks"])
    assert "Ben (first lesson with you): sent" in read(build_result(details, reader=ADA, now=NOW)["blocks"])
