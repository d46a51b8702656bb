"""Messages with a moment of their own: what each announces, to whom, with which buttons, and what is left of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.ids import Action
from bot.messages import (
    NextLesson,
    build_cancelled,
    build_end_warning,
    build_moved,
    build_not_reached,
    build_shrunk,
    build_start_reminder,
)
from bot.moves import Move
from storage.records import CardKind, EndRule, LessonDetails, LessonOptions, LessonState, NoticeState, Role
from tests.bot.plain import find_button, list_buttons, read
from tests.records import ENDS_AT, NOW, STARTS_AT, make_details, make_lesson, make_link, make_person, make_seat

MINUTE = timedelta(minutes=1)
URL = "https://room.example/join"
ADA, BEN, OLIVE = make_person("Ada"), make_person("Ben", zone="America/New_York"), make_person("Olive")


def make_lesson_for_two(title: str = "Algebra", *, failure: str | None = None, **changes: Any) -> LessonDetails:
    """Ada leads, Ben learns; both have their link. `failure`: why Ben was not reached."""
    lesson = make_lesson(title, **{"booked_by": ADA.id, **changes})
    seats = []
    for position, (person, role) in enumerate(((ADA, Role.LEADER), (BEN, Role.LEARNER))):
        seat = make_seat(lesson, person, role, position=position, invited=NoticeState.SENT)
        participant = replace(seat.participant, failure=failure if position else None)
        seats.append(replace(seat, participant=participant, link=make_link(participant, delivered_at=NOW)))
    return make_details(lesson, *seats, booked_by=ADA)


def test_a_reminder_says_when_and_carries_join() -> None:
    """Ten minutes before: the time in the reader's zone, Join, and what to know."""
    details = make_lesson_for_two()
    message = build_start_reminder(details, details.seats[1], join_url=URL, now=STARTS_AT - 10 * MINUTE)

    assert message.text == "Algebra starts at 11:00 AM on Mon, Nov 23 (New York time)."
    assert "*Algebra* starts at 11:00 AM (New York time)." in read(message.blocks)
    button = find_button(message.blocks, Action.JOIN)
    assert button is not None
    assert button["url"] == URL


def test_a_reminder_redrawn_after_the_start_does_not_speak_of_the_future() -> None:
    """The lesson began; Join stays."""
    details = make_lesson_for_two(state=LessonState.LIVE)
    message = build_start_reminder(details, details.seats[1], join_url=URL, now=STARTS_AT)

    assert message.text.startswith("Algebra began at")
    assert find_button(message.blocks, Action.JOIN) is not None


def test_a_reminder_without_a_link_says_that_it_comes() -> None:
    """No button without a link, and no silence either."""
    details = make_lesson_for_two()
    message = build_start_reminder(details, details.seats[1], join_url=None, now=STARTS_AT - 10 * MINUTE)

    assert list_buttons(message.blocks) == {}
    assert "Your link is not ready yet." in read(message.blocks)


def test_a_leader_is_asked_near_the_end() -> None:
    """The end, the question, and both answers."""
    details = make_lesson_for_two(state=LessonState.LIVE)
    message = build_end_warning(details, seat=details.seats[0], now=ENDS_AT - 5 * MINUTE)

    assert message.text == "Algebra ends at 5:00 PM on Mon, Nov 23 (London time)."
    assert "Do you need 10 minutes more?" in read(message.blocks)
    assert list(list_buttons(message.blocks)) == [Action.EXTEND, Action.LET_END]


def test_where_everyone_leaves_the_leader_reads_what_extending_does() -> None:
    """New links for all: worth knowing before pressing."""
    details = make_lesson_for_two(options=LessonOptions(end_rule=EndRule.EVERYONE_LEAVES))
    message = build_end_warning(details, seat=details.seats[0], now=ENDS_AT - 5 * MINUTE)

    assert "everybody gets a new link" in read(message.blocks)


def test_an_answered_question_is_not_asked_again() -> None:
    """After *Let it end* only the way back is offered."""
    details = make_lesson_for_two(is_let_end=True)
    message = build_end_warning(details, seat=details.seats[0], now=ENDS_AT - 5 * MINUTE)

    assert "It ends then, as you said." in read(message.blocks)
    assert list(list_buttons(message.blocks)) == [Action.EXTEND]


def test_the_channel_reads_the_fact_only() -> None:
    """No names, no buttons, no question; the lesson's own zone."""
    details = make_lesson_for_two(zone="Asia/Tokyo")
    message = build_end_warning(details, seat=None, now=ENDS_AT - 5 * MINUTE)

    assert read(message.blocks) == "*Algebra* ends at 2:00 AM (Tokyo time)."
    assert message.text == "Algebra ends at 2:00 AM on Tue, Nov 24 (Tokyo time)."


def test_a_leaders_next_lesson_joins_the_warning() -> None:
    """With a Join of its own, told apart by what a screen reader says."""
    details = make_lesson_for_two(state=LessonState.LIVE)
    coming = make_lesson_for_two("Geometry", starts_at=ENDS_AT)
    following = NextLesson(details=coming, seat=coming.seats[0], join_url=URL)
    message = build_end_warning(
        details,
        seat=details.seats[0],
        now=ENDS_AT - 5 * MINUTE,
        next_lessons=[following, replace(following, join_url=None)],
    )

    assert read(message.blocks).count("Your next lesson, *Geometry*, starts at 5:00 PM (London time).") == 2
    assert [made["type"] for made in message.blocks[-5:]] == ["divider", "section", "actions", "divider", "section"]
    button = find_button(message.blocks, Action.JOIN)
    assert button is not None
    assert button["accessibility_label"].startswith("Join Geometry")


def test_moved_asks_to_come_in_again() -> None:
    """The new end, the new link, and until when the old one works, or worked; also in the notification on a phone."""
    details = make_lesson_for_two(ends_at=ENDS_AT + 10 * MINUTE)
    lesson, learner = details.lesson, details.seats[1]
    move = Move(
        was_start=lesson.starts_at,
        was_end=ENDS_AT,
        starts_at=lesson.starts_at,
        ends_at=lesson.ends_at,
        old_closes_at=ENDS_AT,
        revision=2,
    )
    message = build_moved(details, learner, join_url=URL, now=ENDS_AT - 5 * MINUTE, move=move)
    later = build_moved(details, learner, join_url=URL, now=ENDS_AT + 5 * MINUTE, move=move)

    assert "now ends at 12:10 PM (New York time), not at 12:00 PM (New York time)." in read(message.blocks)
    for told in (message.text, read(message.blocks)):
        assert "Please come in with the new link. The one you had stops at" in told
    assert "The one you had stopped at 12:00 PM (New York time)." in read(later.blocks)
    assert find_button(message.blocks, Action.JOIN) is not None


@pytest.mark.parametrize(
    "cancelled_by, start",
    [
        pytest.param(ADA.id, "Ada cancelled Algebra, Mon", id="by the leader"),
        pytest.param(None, "Algebra, Mon", id="by nobody"),
        pytest.param(OLIVE.id, "Algebra, Mon", id="by somebody else"),
    ],
)
def test_a_participant_is_told_of_the_cancelling(cancelled_by: Any, start: str) -> None:
    """By whom, where that is known; when; and that there is nothing to do."""
    details = make_lesson_for_two(state=LessonState.CANCELLED, cancelled_by=cancelled_by)
    message = build_cancelled(details, details.seats[1], now=NOW)

    assert message.text.startswith(start)
    assert "There is nothing you need to do." in read(message.blocks)
    assert list_buttons(message.blocks) == {}


@pytest.mark.parametrize("person", [ADA, OLIVE])
def test_who_is_in_charge_is_told_what_cannot_be_taken_back(person: Any) -> None:
    """Leaders, and a booker who takes no part."""
    details = make_lesson_for_two(state=LessonState.CANCELLED, cancelled_by=ADA.id)

    assert "2 links already sent stay valid until 5:30 PM" in read(build_cancelled(details, person, now=NOW).blocks)
    late = build_cancelled(details, person, now=ENDS_AT + 31 * MINUTE)
    assert "Everybody has been told." in read(late.blocks)


def test_the_booker_reads_who_was_not_reached_and_can_try_again() -> None:
    """Who, why, what to do."""
    message = build_not_reached(make_lesson_for_two(failure="messages_tab_disabled"), reader=OLIVE, now=NOW)

    assert message.text.startswith("1 person could not be reached for Algebra, Mon, Nov 23")
    assert "Could not be reached: Ben. Slack does not let Hallpass write to people." in read(message.blocks)
    assert list(list_buttons(message.blocks)) == [Action.TRY_AGAIN]


def test_everybody_who_was_not_reached_is_named() -> None:
    """Ninety-nine people with the longest names, in as many sections as that takes."""
    details = make_lesson_for_two(failure="room_down")
    seats = [
        replace(
            details.seats[1], person=make_person(f"{number:03d}" + "x" * 77), participant=details.seats[1].participant
        )
        for number in range(99)
    ]
    message = build_not_reached(replace(details, seats=(details.seats[0], *seats)), reader=OLIVE, now=NOW)

    assert message.text.startswith("99 people could not be reached")
    assert [number for number in range(99) if f"{number:03d}x" not in read(message.blocks)] == []
    assert len(message.blocks) < 10


def test_trying_again_is_not_offered_when_the_lesson_is_over() -> None:
    """It would do nothing."""
    details = make_lesson_for_two(failure="room_down", state=LessonState.ENDED)

    assert list_buttons(build_not_reached(details, reader=OLIVE, now=NOW).blocks) == {}


@pytest.mark.parametrize(
    "kind, changes, now, expected",
    [
        (CardKind.REMINDER, {}, NOW, "Algebra starts at 4:00 PM"),
        (CardKind.REMINDER, {}, STARTS_AT, "Algebra began at 4:00 PM"),
        (
            CardKind.REMINDER,
            {"state": LessonState.ENDED, "ended_at": ENDS_AT + MINUTE},
            NOW,
            "Algebra ended at 5:01 PM",
        ),
        (CardKind.WARNING, {}, STARTS_AT, "Algebra ends at 5:00 PM"),
        (CardKind.WARNING, {"extension_count": 1}, STARTS_AT, "Algebra now ends at 5:00 PM"),
        (CardKind.WARNING, {"extension_count": 1, "is_let_end": True}, STARTS_AT, "Algebra ends at 5:00 PM"),
        (CardKind.WARNING, {}, ENDS_AT, "Algebra was to end at 5:00 PM"),
        (CardKind.MOVED, {"state": LessonState.CANCELLED}, NOW, "Algebra, Mon, Nov 23, 4:00 PM to 5:00 PM"),
    ],
)
def test_one_line_is_left(kind: CardKind, changes: dict[str, Any], now: datetime, expected: str) -> None:
    """Columns: what it was, the lesson by then, when it is redrawn, how the line begins. Never a button."""
    for reader in (ADA, None):
        message = build_shrunk(kind, make_lesson_for_two(**changes), reader=reader, now=now)

        assert message.text.startswith(expected)
        assert [made["type"] for made in message.blocks] == ["context"]
