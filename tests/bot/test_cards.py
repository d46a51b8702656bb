"""The two cards in every state: what they say, which buttons they carry, and whom they name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.blocks import Message
from bot.cards import build_leader_card, build_participant_card
from bot.ids import Action, Choice
from bot.presses import read_press
from storage.records import (
    EndRule,
    LessonDetails,
    LessonOptions,
    LessonState,
    LinkWay,
    NoticeState,
    Role,
    Seat,
    Verdict,
)
from tests.bot.plain import find_button, list_buttons, read
from tests.records import (
    ENDS_AT,
    NOW,
    STARTS_AT,
    make_attendance,
    make_details,
    make_lesson,
    make_link,
    make_person,
    make_seat,
    make_totals,
)

MINUTE = timedelta(minutes=1)
URL = "https://room.example/join"
ADA, BEN, OLIVE = make_person("Ada"), make_person("Ben", zone="America/New_York"), make_person("Olive")


def make_lesson_for_two(*, has_links: bool = True, **changes: Any) -> LessonDetails:
    """Ada leads, Ben learns; both have their link unless told otherwise."""
    lesson = make_lesson(**{"booked_by": ADA.id, **changes})
    seats = [make_seat(lesson, ADA, Role.LEADER), make_seat(lesson, BEN, position=1)]
    return make_details(lesson, *(give_link(seat) if has_links else seat for seat in seats), booked_by=ADA)


def give_link(seat: Seat, **changes: Any) -> Seat:
    link = make_link(seat.participant, **{"delivered_at": NOW, **changes})
    return replace(seat, link=link, invited=NoticeState.SENT)


def change_seat(details: LessonDetails, position: int, **changes: Any) -> LessonDetails:
    seats = list(details.seats)
    seats[position] = replace(seats[position], **changes)
    return replace(details, seats=tuple(seats))


def fail(details: LessonDetails, position: int, code: str) -> LessonDetails:
    participant = replace(details.seats[position].participant, failure=code)
    return change_seat(details, position, participant=participant, link=None)


def leader_card(details: LessonDetails, now: Any = NOW, join_url: str | None = URL) -> Message:
    return build_leader_card(details, details.seats[0], join_url=join_url, now=now)


def learner_card(details: LessonDetails, now: Any = NOW, join_url: str | None = URL) -> Message:
    return build_participant_card(details, details.seats[1], join_url=join_url, now=now)


def test_a_participant_reads_what_when_and_with_whom() -> None:
    """Title, time in their own zone, leader; and the fallback says the same as a sentence."""
    card = learner_card(make_lesson_for_two())

    assert "Algebra\n*When:* 11:00 AM on Mon, Nov 23 (New York time)" in read(card.blocks)
    assert "*Leader:* Ada" in read(card.blocks)
    assert "Booked by" not in read(card.blocks)
    assert card.text == "Algebra with Ada: Mon, Nov 23, 11:00 AM to 12:00 PM (New York time)."


def test_join_opens_the_link_and_says_which_lesson() -> None:
    """The address is in the button; its spoken label tells it from other Joins; its value names the link."""
    details = make_lesson_for_two()
    join = find_button(learner_card(details).blocks, Action.JOIN)

    assert join is not None
    assert join["url"] == URL
    assert join["accessibility_label"] == "Join Algebra, Mon, Nov 23, 11:00 AM"
    press = read_press(join["value"])
    link = details.seats[1].link
    assert press is not None
    assert link is not None
    assert (press.lesson_id, press.link_id) == (details.lesson.id, link.id)


def test_a_long_title_keeps_the_date_in_joins_label() -> None:
    """What tells two lessons apart is not what is cut off."""
    card = learner_card(make_lesson_for_two(title="x" * 80))
    join = find_button(card.blocks, Action.JOIN)

    assert join is not None
    assert join["accessibility_label"].endswith("Mon, Nov 23, 11:00 AM")


def test_a_new_link_is_asked_for_with_the_number_of_the_old_one() -> None:
    """A second press on an old card must be told from a first one."""
    button = find_button(learner_card(make_lesson_for_two()).blocks, Action.NEW_LINK)
    press = read_press(button["value"]) if button else None

    assert press is not None
    assert press.link_number == 1


@pytest.mark.parametrize(
    "end_rule, expected",
    [
        (EndRule.ASK, "You leave the room at 12:30 PM (New York time) at the latest."),
        (EndRule.OPEN, "It is yours alone."),
        (EndRule.EVERYONE_LEAVES, "At 12:30 PM (New York time) everyone leaves the room."),
    ],
)
def test_what_to_know_before_pressing(end_rule: EndRule, expected: str) -> None:
    """When Join works, in which browser, and who is put out at the end."""
    text = read(learner_card(make_lesson_for_two(options=LessonOptions(end_rule=end_rule))).blocks)

    assert "Join works from 10:50 AM (New York time) until 12:30 PM (New York time)" in text
    assert "in the first browser that opens it" in text
    assert text.partition("\n[ I’ll be there ]")[0].endswith(expected)


def test_a_leader_is_not_told_to_leave() -> None:
    """Leaders stay as long as they like where the end is asked for."""
    assert "leave the room" not in read(leader_card(make_lesson_for_two()).blocks)


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({}, None),
        ({"options": LessonOptions(records=True)}, "This lesson will be recorded."),
        ({"options": LessonOptions(transcribes=True)}, "This lesson will be transcribed."),
        ({"options": LessonOptions(records=True, transcribes=True)}, "This lesson will be recorded and transcribed."),
        ({"options": LessonOptions(records=True), "is_recorded": False}, None),
        ({"is_recorded": True}, "This lesson is recorded."),
        ({"is_transcribed": True}, "This lesson is transcribed."),
        ({"is_recorded": True, "is_transcribed": True}, "This lesson is recorded and transcribed."),
    ],
)
def test_recording_is_said_as_the_room_said_it(changes: dict[str, Any], expected: str | None) -> None:
    """What was asked for counts only until the room has answered."""
    details = make_lesson_for_two(**changes)

    for card in (learner_card(details), leader_card(details)):
        said = [line for line in read(card.blocks).splitlines() if line.startswith("This lesson")]
        assert said == ([expected] if expected else [])


def test_before_the_link_there_is_no_join_and_a_time() -> None:
    """Three days ahead, the card says when Join will be there."""
    details = make_lesson_for_two(has_links=False, starts_at=STARTS_AT + timedelta(days=3))
    card = learner_card(details, join_url=None)

    assert set(list_buttons(card.blocks)) == {"reply_coming", "reply_not_coming", "reply_late"}
    assert "A Join button will be here from 11:00 AM on Wed, Nov 25 (New York time)." in read(card.blocks)


def test_a_link_in_the_making_is_said_to_be() -> None:
    """Within a day of the start it is a matter of moments."""
    card = learner_card(make_lesson_for_two(has_links=False), join_url=None)

    assert "Your link is being made." in read(card.blocks)


def test_a_failed_link_is_explained_to_the_leader_and_not_blamed_on_the_learner() -> None:
    """The learner reads that somebody knows; the leader reads why, and can try again."""
    details = fail(fail(make_lesson_for_two(has_links=False), 0, "room_down"), 1, "room_down")

    assert "The leader has been told" in read(learner_card(details, join_url=None).blocks)
    leaders = leader_card(details, join_url=None)
    assert "Your link could not be made yet. The room service does not answer." in read(leaders.blocks)
    assert find_button(leaders.blocks, Action.TRY_AGAIN) is not None


def test_the_note_is_quoted_for_everybody() -> None:
    """As it was written, line by line."""
    details = make_lesson_for_two(note="Bring <paper>\nand a pen")

    for card in (learner_card(details), leader_card(details)):
        assert "*Note*\n>Bring <paper>\n>and a pen" in read(card.blocks)


@pytest.mark.parametrize("state", [LessonState.ENDED, LessonState.CANCELLED])
def test_nothing_can_be_done_about_a_lesson_that_is_over(state: LessonState) -> None:
    """Not even when a link is still known; only its leader may book the like of one that took place."""
    details = make_lesson_for_two(state=state)

    assert list_buttons(learner_card(details).blocks) == {}
    assert set(list_buttons(leader_card(details).blocks)) == ({Action.AGAIN} if state is LessonState.ENDED else set())


def test_a_lesson_for_one_is_not_booked_again() -> None:
    """A trial has nobody to teach; Home begins another one."""
    details = make_lesson_for_two(state=LessonState.ENDED)

    assert list_buttons(leader_card(replace(details, seats=details.seats[:1])).blocks) == {}


def test_no_join_once_the_window_has_closed() -> None:
    """A lesson that nobody has ended yet: the card does not offer what would be refused."""
    card = learner_card(make_lesson_for_two(), now=ENDS_AT + 30 * MINUTE)

    assert list_buttons(card.blocks) == {}
    assert "The way into this lesson is closed." in read(card.blocks)


def test_running_over_keeps_join_and_says_why() -> None:
    """Past the end, while people are still in the room."""
    details = make_lesson_for_two(state=LessonState.LIVE, is_running_over=True)
    card = learner_card(details, now=ENDS_AT + 5 * MINUTE)

    assert find_button(card.blocks, Action.JOIN) is not None
    assert "People are still in the room." in read(card.blocks)


def test_a_cancelled_card_says_by_whom_where_that_is_known() -> None:
    """By one of the lesson's people by name, else only that it was."""
    details = make_lesson_for_two(state=LessonState.CANCELLED, cancelled_by=ADA.id)
    unknown = make_lesson_for_two(state=LessonState.CANCELLED, cancelled_by=OLIVE.id)

    assert "cancelled by Ada" in read(learner_card(details).blocks)
    assert "This lesson was cancelled. There" in read(learner_card(unknown).blocks)


@pytest.mark.parametrize(
    "verdict, expected",
    [
        (Verdict.PRESENT, "You joined at 11:02 AM (New York time) and were there for 40 minutes."),
        (Verdict.ABSENT, "We did not see you in the room."),
        (Verdict.UNKNOWN, "This lesson is over."),
    ],
)
def test_after_the_end_a_participant_reads_their_own_attendance(verdict: Verdict, expected: str) -> None:
    """Theirs only, and nothing where it is not known."""
    details = make_lesson_for_two(state=LessonState.ENDED)
    attendance = make_attendance(details.lesson, details.seats[1].participant, verdict=verdict)
    card = learner_card(change_seat(details, 1, attendance=attendance))

    assert read(card.blocks).endswith(expected)


def test_corrected_minutes_count() -> None:
    """What a person corrected wins over what was computed."""
    details = make_lesson_for_two(state=LessonState.ENDED)
    attendance = make_attendance(details.lesson, details.seats[1].participant, corrected_present=55 * MINUTE)

    assert "for 55 minutes" in read(learner_card(change_seat(details, 1, attendance=attendance)).blocks)


@pytest.mark.parametrize("corrected", [None, 55 * MINUTE])
def test_minutes_that_nobody_saw_are_not_told(corrected: timedelta | None) -> None:
    """Where nobody is seen leaving, a learner reads when they came, and minutes only if somebody put them right."""
    details = make_lesson_for_two(state=LessonState.ENDED)
    attendance = make_attendance(details.lesson, details.seats[1].participant, corrected_present=corrected)
    ended = change_seat(details, 1, attendance=attendance)
    card = build_participant_card(ended, ended.seats[1], join_url=None, now=ENDS_AT, sees_leaving=False)

    assert "You joined at 11:02 AM (New York time)" in read(card.blocks)
    assert ("were there for" in read(card.blocks)) is (corrected is not None)


def test_a_leader_reads_join_first() -> None:
    """Right under the title."""
    blocks = leader_card(make_lesson_for_two()).blocks

    assert [made["type"] for made in blocks[:2]] == ["header", "actions"]
    assert blocks[1]["elements"][0]["action_id"] == Action.JOIN


def test_a_leader_booked_by_somebody_else_reads_by_whom() -> None:
    """In the card and in the notification."""
    details = replace(make_lesson_for_two(), booked_by=OLIVE)
    card = leader_card(details)

    assert "*Booked by:* Olive" in read(card.blocks)
    assert card.text.startswith("Olive booked you to lead Algebra:")


def test_a_leader_reads_how_far_everybody_is() -> None:
    """Not sent, sent, opened when, with how many new links, not reached and why; first lesson with you."""
    details = make_lesson_for_two()
    lesson = details.lesson
    opened = give_link(make_seat(lesson, make_person("Cara"), position=2), opened_at=STARTS_AT - 2 * MINUTE)
    again = give_link(make_seat(lesson, make_person("Dan"), position=3))
    again = replace(again, participant=replace(again.participant, link_number=3, is_new_to_leader=True))
    waiting = make_seat(lesson, make_person("Eve"), position=4, invited=NoticeState.WAITING)
    later = make_seat(lesson, make_person("Finn"), position=5, invited=NoticeState.SENT)
    dropped = make_seat(lesson, make_person("Gus"), position=6, invited=NoticeState.DROPPED)
    lost = make_seat(lesson, make_person("Hal"), position=7, invited=NoticeState.FAILED)
    seats = (*details.seats, opened, again, waiting, later, dropped, lost)
    text = read(leader_card(replace(details, seats=seats)).blocks)

    for line in (
        "Ben: sent",
        "Cara: opened 3:58 PM (London time)",
        "Dan (first lesson with you): sent, 2 new links since",
        "Eve: not sent yet",
        "Finn: invited, link comes later",
        "Gus: no longer needed",
        "Hal: could not be reached. Slack did not say whether the message arrived.",
    ):
        assert line in text
    assert "\nAda" not in text


def test_a_large_lesson_is_counted_and_only_trouble_is_named() -> None:
    """Thirty people: how many are where, and by reason who was not reached."""
    details = make_lesson_for_two()
    seats = [*details.seats]
    for number in range(28):
        seat = give_link(make_seat(details.lesson, make_person(f"Learner {number}"), position=number + 2))
        failure = "user_disabled" if number < 2 else None
        seats.append(
            replace(seat, participant=replace(seat.participant, failure=failure, is_new_to_leader=number > 25))
        )
    text = read(leader_card(replace(details, seats=tuple(seats))).blocks)

    assert "29 people: 27 sent and 2 not reached.\n2 have a first lesson." in text
    assert "Could not be reached: Learner 0 and Learner 1. Their Slack account is deactivated." in text
    assert "Learner 5" not in text


def test_leaders_buttons_carry_the_revision() -> None:
    """A press on a card that is behind must be recognised."""
    details = fail(make_lesson_for_two(revision=7), 1, "room_down")
    buttons = list_buttons(leader_card(details).blocks)

    for action in (Action.EXTEND, Action.CANCEL, Action.TRY_AGAIN):
        press = read_press(buttons[action]["value"])
        assert press is not None
        assert (press.lesson_id, press.revision) == (details.lesson.id, 7)


def test_extend_says_by_how_much() -> None:
    """As the lesson's own options have it."""
    card = leader_card(make_lesson_for_two(options=LessonOptions(extension=15 * MINUTE)))
    button = find_button(card.blocks, Action.EXTEND)

    assert button is not None
    assert button["text"]["text"] == "Extend 15 min"


def test_try_again_only_when_somebody_was_not_reached() -> None:
    """No button that would do nothing."""
    assert find_button(leader_card(make_lesson_for_two()).blocks, Action.TRY_AGAIN) is None


def test_the_menu_offers_what_can_be_done_now() -> None:
    """Before the start it is moved; while it is on its length is changed, or it is ended; five options are the most."""
    offered = {}
    for state in (LessonState.BOOKED, LessonState.LIVE):
        details = make_lesson_for_two(state=state)
        [row] = [block for block in leader_card(details).blocks if block.get("block_id")]
        [menu] = [element for element in row["elements"] if element["type"] == "overflow"]
        press = read_press(row["block_id"])
        assert press is not None
        assert (press.lesson_id, press.revision) == (details.lesson.id, details.lesson.revision)
        assert len(menu["options"]) <= 5
        offered[state] = {option["value"]: option["text"]["text"] for option in menu["options"]}

    assert "Move" == offered[LessonState.BOOKED][Choice.MOVE]
    assert Choice.END not in offered[LessonState.BOOKED]
    assert "Change the length" == offered[LessonState.LIVE][Choice.MOVE]
    assert "End now" == offered[LessonState.LIVE][Choice.END]


def test_a_cancelled_lesson_says_why_to_everybody() -> None:
    """Where who cancelled it said so, in their words and escaped."""
    details = make_lesson_for_two(state=LessonState.CANCELLED, cancel_reason="I am ill & <sorry>")

    for card in (leader_card(details), learner_card(details)):
        assert "I am ill &amp; &lt;sorry&gt;" in str(card.blocks)
    assert "Reason" not in read(leader_card(make_lesson_for_two(state=LessonState.CANCELLED)).blocks)


def test_a_cancelled_leaders_card_keeps_saying_which_links_are_valid() -> None:
    """What cannot be taken back is said plainly, until it is over."""
    details = make_lesson_for_two(state=LessonState.CANCELLED)

    assert "2 links already sent stay valid until 5:30 PM (London time)." in read(leader_card(details).blocks)
    assert "stay valid" not in read(leader_card(details, now=ENDS_AT + 60 * MINUTE).blocks)


@pytest.mark.parametrize("way", [LinkWay.PAGE, LinkWay.PRESS])
def test_links_that_we_judge_ourselves_are_valid_no_more(way: LinkWay) -> None:
    """They say at our own page that the lesson is off: nothing is left to warn of."""
    details = make_lesson_for_two(state=LessonState.CANCELLED)
    seats = tuple(replace(seat, link=replace(seat.link, way=way)) for seat in details.seats if seat.link)

    assert "stay valid" not in read(leader_card(replace(details, seats=seats)).blocks)


def test_after_the_end_a_leader_reads_a_short_result() -> None:
    """Who came; that it is still being found out; or that nobody could say."""
    details = make_lesson_for_two(state=LessonState.ENDED)
    attendance = make_attendance(details.lesson, details.seats[1].participant, late_by=2 * MINUTE)
    known = replace(change_seat(details, 1, attendance=attendance), totals=make_totals(details.lesson))
    silent = replace(details, totals=make_totals(details.lesson, is_known=False))

    assert "Ben: 40 min, 4:02 PM (London time) to 4:42 PM (London time), 2 min late" in read(leader_card(known).blocks)
    assert "follows in a message of its own" in read(leader_card(details).blocks)
    assert "the room service did not answer" in read(leader_card(silent).blocks)
