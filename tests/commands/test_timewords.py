"""Days, times of day and lengths as people type them; and that what may mean two things means nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.errors import Refused
from commands.timewords import Clock, Day, Unclear, find_start, read_clock, read_day, read_length

BERLIN = "Europe/Berlin"
WEDNESDAY = datetime(2026, 11, 25, 12, 7, tzinfo=UTC)
"""25 November 2026, 13:07 in Berlin."""


@pytest.mark.parametrize(
    "typed, hour, minute",
    [
        ("4pm", 16, 0),
        ("4 pm", 16, 0),
        ("4PM", 16, 0),
        ("4p.m.", 16, 0),
        ("4:30pm", 16, 30),
        ("4.30pm", 16, 30),
        ("4:30 pm", 16, 30),
        ("12am", 0, 0),
        ("12pm", 12, 0),
        ("12:30am", 0, 30),
        ("noon", 12, 0),
        ("16:00", 16, 0),
        ("16.45", 16, 45),
        ("09:00", 9, 0),
        ("9:00", 9, 0),
        ("04:30", 4, 30),
        ("0:15", 0, 15),
        ("23:59", 23, 59),
    ],
)
def test_a_time_of_day_is_read_on_either_clock(typed: str, hour: int, minute: int) -> None:
    """Twelve hours with their half, or twenty-four, with a colon or a full stop."""
    words = typed.split()
    read = read_clock([*words, "Algebra"])

    assert read is not None
    assert read[0] is not None
    assert (hour, minute, True, len(words)) == (read[0].hour, read[0].minute, read[0].is_clear, read[1])


@pytest.mark.parametrize(
    "typed",
    [
        "24:00",
        "25:00",
        "13pm",
        "13 pm",
        "0pm",
        "12:60",
        "4:75pm",
        "16:00h",
        "16:00-17:00",
        "4-5pm",
        "4pm–5pm",
        "1:2",
        "midnight",
    ],
)
def test_what_looks_like_a_time_and_is_none_is_not_taken_for_a_title(typed: str) -> None:
    """It is seen to be about time, and has no meaning."""
    assert (None, len(typed.split())) == read_clock(typed.split())


@pytest.mark.parametrize("typed", ["4", "Algebra", "pm", "16", "2026", "1.5", "A4", "x16:00", "4,30", "٤pm"])
def test_other_words_are_no_times(typed: str) -> None:
    """A bare number may be anything: a chapter, a form, a room."""
    assert read_clock([typed]) is None


@pytest.mark.parametrize("typed", ["4:30", "1:00", "7:15", "4.30"])
def test_a_time_that_may_be_before_or_after_noon_is_not_clear(typed: str) -> None:
    """Half past four may be before sunrise or after school: neither is chosen."""
    read = read_clock([typed])

    assert read is not None
    assert read[0] is not None
    assert find_start(Day(days_ahead=1), read[0], now=WEDNESDAY, zone=BERLIN) is Unclear.AMBIGUOUS


@pytest.mark.parametrize(
    "typed, expected",
    [
        # what is typed on Wednesday 25 November 2026, the days that it may mean
        ("today", ["2026-11-25"]),
        ("Tomorrow", ["2026-11-26"]),
        ("thursday", ["2026-11-26"]),
        ("Fri", ["2026-11-27"]),
        ("thurs.", ["2026-11-26"]),
        ("tue", ["2026-12-01"]),
        ("wednesday", ["2026-11-25", "2026-12-02"]),
        ("next monday", ["2026-11-30"]),
        ("next wednesday", ["2026-12-02"]),
        ("next friday", []),
        ("26 Nov", ["2026-11-26"]),
        ("26. November", ["2026-11-26"]),
        ("Nov 26th", ["2026-11-26"]),
        ("26 nov 2027", ["2027-11-26"]),
        ("Thu 26 Nov", ["2026-11-26"]),
        ("Thursday 26.11.2026", ["2026-11-26"]),
        ("Fri 26 Nov", []),
        ("1 Sept 2027", ["2027-09-01"]),
        ("26.11.", ["2026-11-26"]),
        ("26.11.2026", ["2026-11-26"]),
        ("31.12", ["2026-12-31"]),
        ("2026-11-26", ["2026-11-26"]),
        ("10 Jan", ["2026-01-10", "2027-01-10"]),
        ("10 Sep", ["2026-09-10"]),
        ("29 Feb 2028", ["2028-02-29"]),
        ("29 Feb", []),
    ],
)
def test_a_day_is_found_in_the_calendar(typed: str, expected: list[str]) -> None:
    """By name, by number and month, by full date; a day without its year at most half a year ahead."""
    words = typed.split()
    read = read_day([*words, "Algebra"])

    assert read is not None
    assert read[0] is not None
    assert [date.fromisoformat(one) for one in expected] == read[0].candidates(date(2026, 11, 25))
    assert len(words) == read[1]


def test_a_day_later_this_year_is_this_years_however_far() -> None:
    """In January, December is this year's; it is only next year's days that may not be far away."""
    assert Day(month=12, day=10).candidates(date(2026, 1, 5)) == [date(2026, 12, 10)]


@pytest.mark.parametrize(
    "typed",
    [
        "3/4",
        "3/4/2026",
        "2026/11/23",
        "23-11-2026",
        "23.11.26",
        "30.02.",
        "2026-13-01",
        "31 Feb",
        "Mon 31 Feb",
        "next week",
    ],
)
def test_what_looks_like_a_day_and_is_none_is_not_taken_for_a_title(typed: str) -> None:
    """Day and month in either order, a year cut short, a day that no month has: nothing is guessed."""
    assert (None, len(typed.split())) == read_day(typed.split())


@pytest.mark.parametrize(
    "typed", ["SAT", "Sunny", "May", "Chapter 3", "next", "next chapter", "23", "Mars 4", "4 Marks"]
)
def test_other_words_are_no_days(typed: str) -> None:
    """Neither a month without a day, nor the examination that is written like Saturday."""
    assert read_day(typed.split()) is None


@pytest.mark.parametrize(
    "typed, minutes",
    [
        ("45m", 45),
        ("45min", 45),
        ("45 min", 45),
        ("90 minutes", 90),
        ("45-minute", 45),
        ("1h", 60),
        ("1 hour", 60),
        ("2hrs", 120),
        ("1h30", 90),
        ("1h30m", 90),
        ("1h 30m", 90),
        ("1 hour 30 minutes", 90),
        ("1.5h", 90),
        ("1,5h", 90),
        ("1.5 hours", 90),
        ("1.15h", 69),
        ("1m", 1),
        ("12h", 720),
    ],
)
def test_a_length_is_read_in_minutes_and_hours(typed: str, minutes: int) -> None:
    """As one word or several, exactly."""
    words = typed.split()

    assert (timedelta(minutes=minutes), len(words)) == read_length([*words, "Algebra"])


@pytest.mark.parametrize("typed", ["0m", "721m", "13h", "1h75", "1.33h", "99999m", "16h00"])
def test_a_length_that_no_lesson_has_is_not_taken_for_a_title(typed: str) -> None:
    """Nothing, more than twelve hours, a part of a minute."""
    assert read_length([typed]) == (None, 1)


@pytest.mark.parametrize("typed", ["45", "m", "hour", "4th", "H2O", "10x"])
def test_other_words_are_no_lengths(typed: str) -> None:
    """A number alone has no unit, a unit alone no number."""
    assert read_length([typed]) is None


def test_two_lengths_are_not_run_together() -> None:
    """Only minutes below an hour go with the hours before them."""
    assert (timedelta(hours=1), 1) == read_length(["1h", "90m"])
    assert (timedelta(hours=1), 2) == read_length(["1", "hour", "2", "hours"])


@pytest.mark.parametrize(
    "day, hour, minute, expected",
    [
        # the day typed, hour and minute typed; the start in Berlin, or why there is none. It is Wednesday, 13:07
        (None, 16, 0, "2026-11-25T16:00"),
        (None, 13, 7, "2026-11-25T13:07"),
        (None, 12, 52, "2026-11-25T12:52"),
        (None, 12, 51, "2026-11-26T12:51"),
        (Day(days_ahead=0), 12, 52, "2026-11-25T12:52"),
        (Day(days_ahead=0), 12, 51, Unclear.PAST),
        (Day(days_ahead=1), 9, 0, "2026-11-26T09:00"),
        (Day(weekday=2), 16, 0, Unclear.AMBIGUOUS),
        (Day(weekday=2), 9, 0, "2026-12-02T09:00"),
        (Day(weekday=2, is_next=True), 16, 0, "2026-12-02T16:00"),
        (Day(weekday=4, is_next=True), 16, 0, Unclear.AMBIGUOUS),
        (Day(month=11, day=24), 16, 0, Unclear.PAST),
        (Day(month=1, day=10), 16, 0, "2027-01-10T16:00"),
        (Day(year=2026, month=11, day=1), 16, 0, Unclear.PAST),
        (Day(year=2027, month=3, day=28), 2, 30, Unclear.AMBIGUOUS),
    ],
)
def test_a_start_is_the_one_instant_that_day_and_time_can_mean(
    day: Day | None, hour: int, minute: int, expected: str | Unclear
) -> None:
    """A time alone is the next such time; a quarter of an hour ago is not past yet; either of two is neither."""
    start = find_start(day, Clock(hour=hour, minute=minute), now=WEDNESDAY, zone=BERLIN)
    if isinstance(start, datetime):
        assert datetime.fromisoformat(f"{expected}+01:00") == start
    else:
        assert expected is start


def test_today_is_the_tutors_own() -> None:
    """Shortly before midnight in Berlin it is already tomorrow in Auckland."""
    now = datetime(2026, 11, 25, 22, 0, tzinfo=UTC)
    start = find_start(Day(days_ahead=0), Clock(hour=16, minute=0), now=now, zone="Pacific/Auckland")

    assert datetime(2026, 11, 26, 3, 0, tzinfo=UTC) == start


@pytest.mark.parametrize(
    "now, expected",
    [
        # in UTC, around the hour that comes twice in Berlin: 00:00 to 01:00, then 01:00 to 02:00
        ("2026-10-24T23:00", "2026-10-25T00:30"),
        ("2026-10-25T00:40", "2026-10-25T00:30"),
        ("2026-10-25T00:50", "2026-10-25T01:30"),
        ("2026-10-25T02:00", "2026-10-26T01:30"),
    ],
)
def test_an_hour_that_comes_twice_means_the_first_that_is_not_past(now: str, expected: str) -> None:
    """Half past two in the night of the change: the first time round, then the second, then the night after."""
    at = datetime.fromisoformat(f"{now}+00:00")
    start = find_start(None, Clock(hour=2, minute=30), now=at, zone=BERLIN)

    assert datetime.fromisoformat(f"{expected}+00:00") == start


def test_an_unknown_zone_is_refused() -> None:
    """Times are never read on some other clock instead."""
    with pytest.raises(Refused):
        find_start(None, Clock(hour=16, minute=0), now=WEDNESDAY, zone="Mars/Olympus")
