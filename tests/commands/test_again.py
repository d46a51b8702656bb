"""The next week's lesson, as the form is filled for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.gallery.party import EVERYDAY
from bot.sandbox.gallery.scenes import build_details
from commands.again import draft_again, find_next_start
from storage.records import EndRule, LessonOptions, PersonKind, Role
from tests.records import ENDS_AT, NOW, STARTS_AT, make_lesson

WEEK = timedelta(weeks=1)


@pytest.mark.parametrize(
    # zone, wall time of the lesson; wall time a week later in UTC, as the clocks of the zone then are
    ("zone", "wall", "expected"),
    [
        ("Europe/Berlin", "2026-10-19T16:00", datetime(2026, 10, 26, 15, 0, tzinfo=UTC)),
        ("Europe/Berlin", "2027-03-22T16:00", datetime(2027, 3, 29, 14, 0, tzinfo=UTC)),
        ("Europe/Berlin", "2027-03-21T02:30", datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
        ("Asia/Kolkata", "2026-11-23T16:00", datetime(2026, 11, 30, 10, 30, tzinfo=UTC)),
    ],
    ids=["clocks go back", "clocks go forward", "an hour that does not exist", "no daylight saving"],
)
def test_it_is_at_the_same_time_of_day(zone: str, wall: str, expected: datetime) -> None:
    """By the clocks of the lesson's own zone, whatever they did in between."""
    lesson = make_lesson(zone=zone, wall_start=wall)

    assert expected == find_next_start(lesson, now=datetime(2026, 10, 1, tzinfo=UTC))


def test_a_lesson_of_long_ago_is_booked_for_the_week_to_come() -> None:
    """The same day of the week, in the future."""
    lesson = make_lesson()

    assert STARTS_AT + 5 * WEEK == find_next_start(lesson, now=STARTS_AT + 4 * WEEK)


def test_everything_that_was_chosen_is_chosen_again() -> None:
    """People in their parts, the length that was booked, not what it was extended to, and every option shown."""
    options = LessonOptions(
        records=True, join_early=timedelta(minutes=3), join_late=timedelta(minutes=7), end_rule=EndRule.OPEN
    )
    details = build_details(
        EVERYDAY, options=options, extension_count=2, ends_at=ENDS_AT + timedelta(minutes=20), channel_id="C1"
    )

    draft = draft_again(details, defaults=LessonOptions(), now=NOW)

    assert (details.leaders[0].person.user_id,) == draft.leader_ids
    assert tuple(seat.person.user_id for seat in details.others) == draft.participant_ids
    assert ("60", True, EndRule.OPEN, "C1") == (draft.length_text, draft.records, draft.end_rule, draft.channel_id)
    assert ("3", "7", True) == (draft.join_early_text, draft.join_late_text, draft.has_more)
    assert "" == draft.note


def test_who_watched_watches_again() -> None:
    """The field of people names them with the others; that they only watch is kept beside it."""
    details = build_details(EVERYDAY)
    leader, first, *rest = details.seats
    watcher = replace(first, participant=replace(first.participant, role=Role.OBSERVER))

    draft = draft_again(replace(details, seats=(leader, watcher, *rest)), defaults=LessonOptions(), now=NOW)

    assert (watcher.person.user_id,) == draft.observer_ids
    assert watcher.person.user_id in draft.participant_ids


def test_what_is_as_always_is_left_to_be_so() -> None:
    """Minutes that are the workspace's own stay empty, so that a later setting counts."""
    options = LessonOptions(end_rule=EndRule.EVERYONE_LEAVES, join_late=timedelta(0))

    draft = draft_again(build_details(EVERYDAY, options=options), defaults=LessonOptions(), now=NOW)

    assert ("", "") == (draft.join_early_text, draft.join_late_text)


def test_nobody_forgotten_is_asked_for_again() -> None:
    """Slack knows no such id, and would refuse the form."""
    details = build_details(EVERYDAY)
    gone = replace(details.seats[0].person, kind=PersonKind.FORGOTTEN, user_id="forgotten:1")
    seats = (replace(details.seats[0], person=gone), *details.seats[1:])

    draft = draft_again(replace(details, seats=seats), defaults=LessonOptions(), now=NOW)

    assert () == draft.leader_ids
    assert tuple(seat.person.user_id for seat in details.others) == draft.participant_ids
