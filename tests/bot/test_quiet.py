"""Quiet hours: on the reader's own clock, over midnight and over changes of the clocks; and what they hold back."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.quiet import COURTESIES, NEAR, NEWS, OFF, USUAL, QuietHours, find_hold, find_quiet_end
from storage.records import NoticeKind

NIGHT = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)

ZONES = st.sampled_from(sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))
SECONDS = st.integers(0, 7 * 365 * 86400)
MOMENTS = SECONDS.map(lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
CLOCKS = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 45)))
HOURS = st.builds(QuietHours, start=CLOCKS, end=CLOCKS)


def is_quiet(moment: datetime, zone: str, hours: QuietHours) -> bool:
    """Said again in another way: minutes since the quiet began, on a dial of a day."""
    clock = moment.astimezone(ZoneInfo(zone))
    minute = clock.hour * 60 + clock.minute
    start, end = (one.hour * 60 + one.minute for one in (hours.start, hours.end))
    return (minute - start) % 1440 < (end - start) % 1440


@given(MOMENTS, ZONES, HOURS)
def test_quiet_ends_and_is_over_then(moment: datetime, zone: str, hours: QuietHours) -> None:
    """Exactly while it is quiet there is an end; it lies ahead, within a day and an hour, and is not quiet."""
    end = find_quiet_end(moment, zone, hours)

    assert is_quiet(moment, zone, hours) is (end is not None)
    if end is not None:
        assert end.utcoffset() == timedelta(0)
        assert moment < end <= moment + timedelta(hours=25)
        assert find_quiet_end(end, zone, hours) is None


@given(MOMENTS, ZONES)
def test_usually_it_is_quiet_until_seven(moment: datetime, zone: str) -> None:
    """By the reader's clock, on the next morning, whatever the clocks do in that night."""
    end = find_quiet_end(moment, zone, USUAL)

    if end is not None:
        local = end.astimezone(ZoneInfo(zone))
        assert time(7) == local.time()
        assert local.date() - moment.astimezone(ZoneInfo(zone)).date() in (timedelta(0), timedelta(days=1))


@given(MOMENTS, ZONES)
def test_off_is_never_quiet(moment: datetime, zone: str) -> None:
    """Not even for a moment at midnight."""
    assert find_quiet_end(moment, zone, OFF) is None


@pytest.mark.parametrize(
    # the moment (UTC); zone; quiet hours; when they end (UTC)
    ("moment", "zone", "hours", "end"),
    [
        ("2026-11-23T21:30", "Europe/London", USUAL, "2026-11-24T07:00"),
        ("2026-11-23T21:29", "Europe/London", USUAL, None),
        ("2026-11-24T06:59", "Europe/London", USUAL, "2026-11-24T07:00"),
        ("2026-11-24T07:00", "Europe/London", USUAL, None),
        ("2026-11-23T21:30", "Asia/Tokyo", USUAL, "2026-11-23T22:00"),
        # Clocks go forward at 01:00 UTC in this night: seven is an hour earlier.
        ("2026-03-28T22:00", "Europe/Berlin", USUAL, "2026-03-29T05:00"),
        # And back in this one.
        ("2026-10-24T22:00", "Europe/Berlin", USUAL, "2026-10-25T06:00"),
        # 02:30 does not exist in this night.
        ("2026-03-28T23:00", "Europe/Berlin", QuietHours(start=time(22), end=time(2, 30)), "2026-03-29T01:30"),
        # 02:30 comes twice; in the second pass of that hour it is quiet once more.
        ("2026-10-24T23:00", "Europe/Berlin", QuietHours(start=time(22), end=time(2, 30)), "2026-10-25T00:30"),
        ("2026-10-25T01:15", "Europe/Berlin", QuietHours(start=time(22), end=time(2, 30)), "2026-10-25T01:30"),
        # Within one day.
        ("2026-11-23T13:00", "Europe/London", QuietHours(start=time(12), end=time(14)), "2026-11-23T14:00"),
    ],
)
def test_quiet_ends_at_the_readers_own_hour(moment: str, zone: str, hours: QuietHours, end: str | None) -> None:
    """Named cases of the rule."""
    found = find_quiet_end(datetime.fromisoformat(moment).replace(tzinfo=UTC), zone, hours)

    assert (datetime.fromisoformat(end).replace(tzinfo=UTC) if end else None) == found


def hold(kind: NoticeKind, *starts: datetime, now: datetime = NIGHT, **about: bool) -> datetime | None:
    return find_hold(kind, now=now, starts=starts, zone="Europe/London", hours=USUAL, **about)


@pytest.mark.parametrize("kind", sorted(COURTESIES))
def test_a_courtesy_waits_however_near_the_lesson_is(kind: NoticeKind) -> None:
    """Reminders and nudges at night."""
    assert MORNING == hold(kind, NIGHT + timedelta(minutes=10))
    assert hold(kind, NOON + timedelta(minutes=10), now=NOON) is None


def test_a_leader_whom_people_wait_for_is_told_at_any_hour() -> None:
    """Their nudge comes only then; their own reminder waits as everybody's."""
    start = NIGHT - timedelta(minutes=5)

    assert hold(NoticeKind.LATE_NUDGE, start, is_leader=True) is None
    assert MORNING == hold(NoticeKind.LATE_NUDGE, start)
    assert MORNING == hold(NoticeKind.START_REMINDER, NIGHT + timedelta(minutes=10), is_leader=True)


def test_a_reminder_at_a_time_of_ones_own_comes_to_a_lesson_in_the_night() -> None:
    """Of a lesson after the quiet hours it waits for their end, as without; and it is the reminder alone."""
    at_night, in_the_morning = NIGHT + timedelta(minutes=30), MORNING + timedelta(minutes=10)

    assert hold(NoticeKind.START_REMINDER, at_night, has_chosen_time=True) is None
    assert MORNING == hold(NoticeKind.START_REMINDER, in_the_morning, has_chosen_time=True)
    assert MORNING == hold(NoticeKind.START_REMINDER, at_night)
    assert MORNING == hold(NoticeKind.LATE_NUDGE, at_night, has_chosen_time=True)


@pytest.mark.parametrize("kind", sorted(NEWS))
def test_news_waits_unless_the_lesson_is_near(kind: NoticeKind) -> None:
    """Twelve hours is near; of a lesson that was moved, the nearer of its two starts counts."""
    assert hold(kind, NIGHT + NEAR) is None
    assert MORNING == hold(kind, NIGHT + NEAR + timedelta(seconds=1))
    assert hold(kind, NIGHT + timedelta(days=7), NIGHT + timedelta(hours=9)) is None
    assert hold(kind, NOON + timedelta(days=7), now=NOON) is None


@pytest.mark.parametrize("kind", sorted(set(NoticeKind) - COURTESIES - NEWS))
def test_nothing_else_ever_waits(kind: NoticeKind) -> None:
    """A way in that is due, above all; the question before the end; who can't come; work."""
    assert hold(kind, NIGHT + timedelta(days=7)) is None


def test_quiet_hours_read_as_they_are_written() -> None:
    """As in the settings."""
    assert ["21:30-07:00", "off"] == [str(USUAL), str(OFF)]
