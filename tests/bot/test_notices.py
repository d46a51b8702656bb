"""Which notices a lesson owes, and when each is worth sending."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot import notices, windows
from storage.records import (
    EndRule,
    Lesson,
    LessonDetails,
    LessonOptions,
    LessonState,
    Notice,
    NoticeKind,
    NoticeState,
    Participant,
    Role,
)
from tests.records import ENDS_AT, NOW, STARTS_AT, make_card, make_details, make_lesson, make_notice, make_person
from tests.records import make_seat as seat

ADA, BEN, CLEO = make_person("Ada"), make_person("Ben"), make_person("Cleo")


def make_class(**changes: Any) -> LessonDetails:
    """Ada teaches Ben and Cleo, an hour from now, for an hour; booked by Ada."""
    lesson = make_lesson(starts_at=STARTS_AT, ends_at=ENDS_AT, booked_by=ADA.id, **changes)
    seats = [seat(lesson, ADA, Role.LEADER), seat(lesson, BEN, position=1), seat(lesson, CLEO, position=2)]
    return make_details(lesson, *seats, booked_by=ADA)


def plan(details: LessonDetails, now: datetime = NOW) -> list[Notice]:
    participants: list[Participant] = [each.participant for each in details.seats]
    return notices.plan_booking(details.lesson, participants, now=now)


def count(owed: Sequence[Notice], kind: NoticeKind) -> int:
    return sum(notice.kind is kind for notice in owed)


def find(owed: Sequence[Notice], kind: NoticeKind) -> Notice:
    return next(notice for notice in owed if notice.kind is kind)


def with_lesson(details: LessonDetails, **changes: Any) -> LessonDetails:
    return replace(details, lesson=replace(details.lesson, **changes))


def test_a_lesson_today_owes_each_person_a_link_now() -> None:
    """Within the links' lead there is no invitation apart: the link brings the card."""
    owed = plan(make_class())

    assert count(owed, NoticeKind.INVITATION) == 0
    assert [notice.due_at for notice in owed if notice.kind is NoticeKind.JOIN_LINK] == [NOW] * 3


def test_a_lesson_next_week_owes_the_card_now_and_the_link_a_day_before() -> None:
    """A provider's link lives seven days at most, so it is made late; people hear of the lesson at once."""
    owed = plan(make_class(), now=STARTS_AT - timedelta(days=7))

    assert count(owed, NoticeKind.INVITATION) == 3
    due_at = {notice.due_at for notice in owed if notice.kind is NoticeKind.JOIN_LINK}
    assert {STARTS_AT - timedelta(hours=24)} == due_at


@pytest.mark.parametrize(
    ("minutes_before_start", "reminders"),
    [
        pytest.param(60, 3, id="an hour before: one each"),
        pytest.param(10, 0, id="exactly at the reminder's moment: past"),
        pytest.param(3, 0, id="past at booking"),
    ],
)
def test_a_reminder_past_at_booking_is_not_owed(minutes_before_start: int, reminders: int) -> None:
    """Whoever books three minutes before the start needs no reminder of it."""
    owed = plan(make_class(), now=STARTS_AT - timedelta(minutes=minutes_before_start))

    assert reminders == count(owed, NoticeKind.START_REMINDER)


def test_no_reminder_where_it_is_switched_off() -> None:
    """Zero before the start means never, not at the start."""
    owed = plan(make_class(options=LessonOptions(remind_before=timedelta(0))))

    assert count(owed, NoticeKind.START_REMINDER) == 0


def test_leaders_and_channel_are_warned_and_nobody_else() -> None:
    """The question goes to who can answer it; the channel hears the fact."""
    owed = plan(make_class(channel_id="C1"))

    warned = [(notice.person_id, notice.channel_id) for notice in owed if notice.kind is NoticeKind.END_WARNING]
    assert [(ADA.id, None), (None, "C1")] == warned


def test_without_warnings_only_the_look_at_who_came_is_left_of_the_end() -> None:
    """*Ask me before the end* unticked."""
    owed = notices.plan_end(make_class(options=LessonOptions(warns=False)).lesson, [ADA.id], now=NOW)

    assert [notice.kind for notice in owed] == [NoticeKind.READ_SESSIONS]


def test_planning_the_same_twice_owes_the_same_facts() -> None:
    """Planning may be repeated: the store's unique key knows the facts again."""

    def facts(owed: Sequence[Notice]) -> list[tuple[Any, ...]]:
        return [(one.kind, one.person_id, one.channel_id, one.about, one.occasion) for one in owed]

    details = make_class(channel_id="C1")

    first = facts(plan(details))
    assert first == facts(plan(details))
    assert len(first) == len(set(first))


def test_notices_hold_no_names() -> None:
    """Ids only: what is owed may be listed anywhere."""
    owed = plan(make_class(channel_id="C1"))

    assert not any(name in str(notice) for notice in owed for name in ("Ada", "Ben", "Cleo", "Algebra"))


def test_a_summary_goes_once_to_a_leader_who_booked() -> None:
    """Leaders and booker, each once, and the channel."""
    ended = with_lesson(make_class(channel_id="C1"), state=LessonState.ENDED, ended_at=ENDS_AT)

    owed = notices.plan_summary(ended, now=ENDS_AT)

    told = [(one.person_id, one.channel_id) for one in owed if one.kind is NoticeKind.SUMMARY]
    assert [(ADA.id, None), (None, "C1")] == told


def test_links_are_erased_when_none_works_any_more() -> None:
    """Not before: a card that is redrawn while people are inside must carry Join again."""
    details = with_lesson(make_class(), state=LessonState.ENDED, ended_at=ENDS_AT)

    erase = find(notices.plan_summary(details, now=ENDS_AT), NoticeKind.ERASE_SECRETS)

    assert windows.last_close(details.lesson, [one.participant for one in details.seats]) == erase.due_at


def test_failures_within_seconds_share_one_message() -> None:
    """Thirty people not reached are one message to the booker."""
    lesson = make_class().lesson
    occasions = {notices.plan_not_reached(lesson, now=NOW + timedelta(seconds=second)).occasion for second in range(20)}

    assert len(occasions) == 1


MOMENTS = {
    # kind: the last instant at which it is still worth sending is just before this one
    NoticeKind.START_REMINDER: STARTS_AT,
    NoticeKind.END_WARNING: ENDS_AT,
    NoticeKind.INVITATION: ENDS_AT,
    NoticeKind.JOIN_LINK: ENDS_AT + timedelta(minutes=30),
}


@pytest.mark.parametrize("kind", list(MOMENTS))
def test_each_kind_is_too_late_at_its_own_moment(kind: NoticeKind) -> None:
    """A reminder after the start, a warning after the end, a link after its window: worse than none."""
    details = make_class()
    booked_at = STARTS_AT - timedelta(days=3) if kind is NoticeKind.INVITATION else NOW
    notice = find(plan(details, booked_at), kind)
    too_late_at = MOMENTS[kind]

    assert notices.find_reason_to_drop(notice, details, now=too_late_at - timedelta(seconds=1)) is None
    assert notices.find_reason_to_drop(notice, details, now=too_late_at) == "too_late"


@pytest.mark.parametrize("kind", [kind for kind in NoticeKind if kind is not NoticeKind.CANCELLED])
def test_nothing_is_said_of_a_cancelled_lesson_but_that_it_is(kind: NoticeKind) -> None:
    """A reminder for a cancelled lesson must never be seen."""
    details = make_class()
    notice = make_notice(details.lesson, BEN, kind=kind, about=details.seats[1].participant.id)
    cancelled = with_lesson(details, state=LessonState.CANCELLED)

    reason = notices.find_reason_to_drop(notice, cancelled, now=NOW)
    assert (None if kind is NoticeKind.ERASE_SECRETS else "cancelled") == reason


def test_cancelled_is_said_only_while_it_is_true() -> None:
    """A notice of a cancellation, for a lesson that is on."""
    details = make_class()
    notice = make_notice(details.lesson, BEN, kind=NoticeKind.CANCELLED)

    assert notices.find_reason_to_drop(notice, details, now=NOW) == "not_cancelled"


def test_a_fact_that_changed_is_not_announced() -> None:
    """Moved start, extended end, replaced link: each makes the old notice untrue."""
    details = make_class()
    owed = plan(details)
    moved = with_lesson(details, starts_at=STARTS_AT + timedelta(minutes=5))
    extended = with_lesson(details, ends_at=ENDS_AT + timedelta(minutes=10))
    ben = details.seats[1]
    renewed = replace(ben, participant=replace(ben.participant, link_number=2))
    replaced = replace(details, seats=(details.seats[0], renewed, details.seats[2]))
    link = next(one for one in owed if one.kind is NoticeKind.JOIN_LINK and one.person_id == BEN.id)

    def reason(notice: Notice, now_true: LessonDetails) -> str | None:
        return notices.find_reason_to_drop(notice, now_true, now=NOW)

    assert reason(find(owed, NoticeKind.START_REMINDER), moved) == "moved"
    assert reason(find(owed, NoticeKind.END_WARNING), extended) == "moved"
    assert reason(find(owed, NoticeKind.READ_SESSIONS), extended) == "moved"
    assert reason(link, replaced) == "replaced"


def test_a_reminder_is_spared_to_whom_the_card_came_just_before() -> None:
    """Less than half the reminder's time before it: five minutes of ten."""
    details = make_class()
    reminder = next(one for one in plan(details) if one.kind is NoticeKind.START_REMINDER and one.person_id == BEN.id)

    def reason(posted_minutes_before: int) -> str | None:
        posted_at = reminder.due_at - timedelta(minutes=posted_minutes_before)
        card = make_card(make_notice(details.lesson, BEN), posted_at=posted_at)
        ben = replace(details.seats[1], card=card)
        here = replace(details, seats=(details.seats[0], ben, details.seats[2]))
        return notices.find_reason_to_drop(reminder, here, now=reminder.due_at)

    assert reason(4) == "card_is_fresh"
    assert reason(5) is None


def test_somebody_removed_gets_nothing_more() -> None:
    """Their seat is gone, and with it whatever was owed about it."""
    details = make_class()
    link = next(one for one in plan(details) if one.kind is NoticeKind.JOIN_LINK and one.person_id == BEN.id)
    without_ben = replace(details, seats=(details.seats[0], details.seats[2]))

    assert notices.find_reason_to_drop(link, without_ben, now=NOW) == "removed"


def test_the_booker_is_not_told_of_failures_that_are_mended() -> None:
    """By the time the message is due everybody may have been reached."""
    details = make_class()
    notice = notices.plan_not_reached(details.lesson, now=NOW)
    ben = details.seats[1]
    failing = replace(ben, participant=replace(ben.participant, failure="user_disabled"))

    assert notices.find_reason_to_drop(notice, details, now=NOW) == "reached"
    troubled = replace(details, seats=(details.seats[0], failing))
    assert notices.find_reason_to_drop(notice, troubled, now=NOW) is None


def test_whoever_may_have_heard_of_a_lesson_is_told_of_its_end() -> None:
    """Sent or begun: told. Still waiting: they never heard of it."""
    lesson: Lesson = make_class(options=LessonOptions(end_rule=EndRule.OPEN)).lesson
    states = {ADA: NoticeState.SENT, BEN: NoticeState.BEGUN, CLEO: NoticeState.WAITING}
    owed = [make_notice(lesson, person, kind=NoticeKind.JOIN_LINK, state=state) for person, state in states.items()]

    assert [ADA.id, BEN.id] == notices.list_told([*owed, owed[0]])
