"""Private answers: each says what happened and what to do next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import NotAllowed, Outdated, Refused, TooEarly, TooLate, WrongState
from bot.ids import Action
from bot.replies import (
    build_apology,
    build_help,
    build_lesson_list,
    build_link_reply,
    build_no_link,
    build_unknown_command,
    describe_refusal,
)
from storage.records import LessonDetails, LessonState, NoticeState, Person, Role
from tests.bot.plain import find_button, list_buttons, read
from tests.records import ENDS_AT, NOW, STARTS_AT, make_details, make_lesson, make_link, make_person, make_seat

MINUTE = timedelta(minutes=1)
URL = "https://room.example/join"
ADA, BEN, OLIVE = make_person("Ada"), make_person("Ben", zone="America/New_York"), make_person("Olive")


def make_lesson_for_two(
    title: str = "Algebra", *, has_links: bool = True, state: LessonState = LessonState.BOOKED
) -> LessonDetails:
    """Ada leads, Ben learns, Olive booked it."""
    lesson = make_lesson(title, booked_by=OLIVE.id, state=state)
    seats = [make_seat(lesson, ADA, Role.LEADER), make_seat(lesson, BEN, position=1)]
    if has_links:
        seats = [replace(seat, link=make_link(seat.participant), invited=NoticeState.SENT) for seat in seats]
    return make_details(lesson, *seats, booked_by=OLIVE)


@pytest.mark.parametrize(
    "refused, expected",
    [
        (TooEarly(STARTS_AT - 10 * MINUTE), "You can come in from 10:50 AM on Mon, Nov 23 (New York time)"),
        (TooLate(ENDS_AT), "The way in closed at 12:00 PM on Mon, Nov 23 (New York time); ask the leader."),
        (NotAllowed("book"), "You cannot book lessons here."),
        (NotAllowed("extend"), "Ask one of them."),
        (Outdated("revision 1"), "It now shows how things stand."),
        (WrongState(LessonState.CANCELLED, "extend"), "This lesson was cancelled"),
        (WrongState(LessonState.ENDED, "extend"), "This lesson is over"),
        (WrongState(LessonState.LIVE, "book"), "has begun already"),
        (WrongState(LessonState.BOOKED, "end"), "has not begun yet"),
        (Refused("else"), "/lesson help"),
    ],
)
def test_a_refusal_says_why_and_what_to_do(refused: Refused, expected: str) -> None:
    """In the reader's own time, without our words for it."""
    message = describe_refusal(refused, BEN, now=NOW)

    assert expected in message.text
    assert str(refused) not in message.text
    assert len(message.blocks) == 1


def test_help_names_every_command_with_an_example() -> None:
    """What the manifest offers, and no more."""
    text = read(build_help(BEN, now=NOW).blocks)

    for command in ("/lesson", "/lesson @Ben tomorrow 4pm 45m Algebra", "/lesson now", "/lesson list", "/lesson link"):
        assert f"`{command}" in text
    assert "`/lessons`" in text


def test_help_does_not_tell_people_to_do_what_they_may_not() -> None:
    """Who cannot book reads how to see their lessons and come in, also after words that nobody understood."""
    for message in (
        build_help(BEN, can_book=False, now=NOW),
        build_unknown_command(BEN, typed="teach me", can_book=False, now=NOW),
    ):
        text = f"{message.text} {read(message.blocks)}"
        assert "/lesson link" in text
        assert "book" not in text
        assert "/lesson now" not in text


def test_unknown_words_are_repeated_with_the_help() -> None:
    """Cut when they are endless, and harmless."""
    message = build_unknown_command(BEN, typed="<!channel> " * 100, now=NOW)

    assert message.text.startswith("“&lt;!channel&gt;")
    assert len(message.text) < 1000
    assert read(build_help(BEN, now=NOW).blocks) in read(message.blocks)


def test_an_apology_carries_the_id_that_the_log_has() -> None:
    """So that an admin can find it."""
    assert "tell an admin this code: 7f3a." in build_apology(BEN, "7f3a", now=NOW).text


@pytest.mark.parametrize(
    "reader, names",
    [(BEN, " with Ada "), (ADA, " with Ben "), (OLIVE, " with Ada and Ben ")],
)
def test_a_list_names_to_each_whom_they_may_know(reader: Person, names: str) -> None:
    """Learners read the leader; leaders and the booker read everybody else."""
    message = build_lesson_list([make_lesson_for_two()], reader, "Your lessons", NOW)

    assert message.text == "Your lessons: 1 lesson."
    assert f"*Algebra*{names}(booked)" in read(message.blocks)


def test_a_learner_does_not_read_other_learners() -> None:
    """Many are minors."""
    details = make_lesson_for_two()
    other = make_seat(details.lesson, make_person("Cara"), position=2)
    details = replace(details, seats=(*details.seats, other))

    assert "Cara" not in read(build_lesson_list([details], BEN, "Your lessons", NOW).blocks)


def test_a_list_keeps_its_order_and_says_how_each_stands() -> None:
    """As given; a lesson without its people is listed too."""
    running = make_lesson_for_two("Running")
    running = replace(running, lesson=replace(running.lesson, is_running_over=True, state=LessonState.LIVE))
    lessons = [make_lesson("First", state=state) for state in LessonState]
    text = read(build_lesson_list([*lessons, running], ADA, "Your lessons", NOW).blocks)

    states = [line.rpartition("(")[2] for line in text.splitlines()[1:]]
    assert states == ["booked)", "on now)", "over)", "cancelled)", "running over)"]


def test_an_empty_list_says_what_to_do() -> None:
    """No dead end."""
    assert "Type /lesson to book one." in build_lesson_list([], ADA, "Your lessons", NOW).text
    assert "Type" not in build_lesson_list([], BEN, "Your lessons", NOW, can_book=False).text


def test_ones_own_way_in_is_a_button_and_not_a_text() -> None:
    """Join with what to know; the fallback holds no link."""
    details = make_lesson_for_two()
    message = build_link_reply(details, details.seats[1], join_url=URL, now=NOW)
    button = find_button(message.blocks, Action.JOIN)

    assert button is not None
    assert button["url"] == URL
    assert "http" not in message.text
    assert list(list_buttons(message.blocks)) == [Action.JOIN]


def test_a_way_in_that_is_not_there_is_explained() -> None:
    """Not made yet; closed; cancelled; no lesson at all."""
    waiting, ready = make_lesson_for_two(has_links=False), make_lesson_for_two()
    cancelled = make_lesson_for_two(state=LessonState.CANCELLED)

    assert "comes in your messages" in build_link_reply(waiting, waiting.seats[1], join_url=None, now=NOW).text
    assert "is closed" in build_link_reply(ready, ready.seats[1], join_url=URL, now=ENDS_AT + 30 * MINUTE).text
    assert "is closed" in build_link_reply(cancelled, cancelled.seats[1], join_url=URL, now=NOW).text
    assert "You have no lesson now or soon." in build_no_link(BEN, now=NOW).text
