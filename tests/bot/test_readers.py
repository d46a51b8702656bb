"""Times as one reader reads them: written out with their zone, and as stamps for Slack's clients."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.readers import Reader, Span, Strong, channel_reader, reader_of
from bot.words import words_for
from tests.records import NOW, STARTS_AT, make_person

BERLIN = reader_of(make_person(zone="Europe/Berlin", locale="en-GB"), now=NOW)
NEW_YORK = reader_of(make_person(zone="America/New_York"), now=NOW)
UNIX = int(STARTS_AT.timestamp())


def make_reader(zone: str) -> Reader:
    return Reader(words=words_for("en-GB"), zone=zone, now=NOW)


def test_each_reader_reads_their_own_time() -> None:
    """The same instant in two zones, each by its place's name and in its own clock's style."""
    assert BERLIN.day_and_time(STARTS_AT) == "17:00 on Mon 23 Nov (Berlin time)"
    assert NEW_YORK.day_and_time(STARTS_AT) == "11:00 AM on Mon, Nov 23 (New York time)"


@pytest.mark.parametrize(
    "zone, lesson_zone, expected",
    [
        ("Europe/Berlin", "Asia/Tokyo", "Europe/Berlin"),
        (None, "Asia/Tokyo", "Asia/Tokyo"),
        ("Mars/Olympus", "Asia/Tokyo", "Asia/Tokyo"),
        ("../etc/passwd", "Asia/Tokyo", "Asia/Tokyo"),
        (None, "", "UTC"),
        (None, "Mars/Olympus", "UTC"),
    ],
)
def test_a_reader_without_a_known_zone_reads_the_lessons(zone: str | None, lesson_zone: str, expected: str) -> None:
    """Person's zone, the lesson's where there is none, UTC where both are unknown."""
    assert reader_of(make_person(zone=zone), now=NOW, lesson_zone=lesson_zone).zone == expected


def test_a_channel_reads_the_lessons_zone() -> None:
    """There is no one reader whose zone could count."""
    assert channel_reader(now=NOW, lesson_zone="Asia/Tokyo").time(STARTS_AT) == "1:00 AM"


def test_summer_and_winter_time_are_told_apart() -> None:
    """Each instant is written with the offset of its own day, on both sides of the change of 25 October 2026."""
    reader = make_reader("Europe/Berlin")

    assert reader.time(datetime(2026, 10, 24, 14, 0, tzinfo=UTC)) == "16:00"
    assert reader.time(datetime(2026, 10, 26, 15, 0, tzinfo=UTC)) == "16:00"


@pytest.mark.parametrize(
    "zone, name",
    [
        ("America/Argentina/Buenos_Aires", "Buenos Aires time"),
        ("UTC", "UTC"),
        ("Etc/UTC", "UTC"),
        ("Etc/GMT+3", "GMT-03:00"),
        ("EST", "GMT-05:00"),
    ],
)
def test_zones_are_named_by_their_place_or_offset(zone: str, name: str) -> None:
    """Nobody must know what CET is."""
    assert make_reader(zone).zone_name(STARTS_AT) == name


def test_the_year_is_written_when_it_is_not_obvious() -> None:
    """As in Slack's own dates: beyond about half a year."""
    assert BERLIN.day(STARTS_AT) == "Mon 23 Nov"
    assert "2027" in BERLIN.day(STARTS_AT + timedelta(days=200))
    assert "2026" in BERLIN.day(NOW - timedelta(days=200))


def test_no_space_that_terminals_and_screen_readers_do_not_know() -> None:
    """CLDR's narrow no-break space before AM and PM becomes a space."""
    assert NEW_YORK.time(STARTS_AT) == "11:00 AM"


def test_a_stamp_is_slacks_date_with_a_written_out_fallback() -> None:
    """Clients that cannot draw it show a time with its zone."""
    assert BERLIN.stamp(STARTS_AT) == (
        f"<!date^{UNIX}^{{date_short_pretty}} {{time}}|17:00 on Mon 23 Nov (Berlin time)>"
    )
    assert BERLIN.stamp_time(STARTS_AT) == f"<!date^{UNIX}^{{time}}|17:00 (Berlin time)>"


def test_a_span_names_the_second_day_only_when_it_is_another() -> None:
    """In the reader's zone: an evening lesson in Berlin passes midnight there, and not in New York."""
    start = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
    end = start + timedelta(hours=1)

    assert BERLIN.span(start, end) == "23:30 on Mon 23 Nov (Berlin time) to 00:30 on Tue 24 Nov (Berlin time)"
    assert NEW_YORK.span(start, end) == "Mon, Nov 23, 5:30 PM to 6:30 PM (New York time)"
    assert BERLIN.stamp_span(start, end).count("date_short_pretty") == 2
    assert NEW_YORK.stamp_span(start, end).count("date_short_pretty") == 1


def test_one_sentence_is_said_for_the_ear_and_for_the_eye() -> None:
    """Spoken: written out, with day and zone. Shown: stamps, bold titles. Escaped in both."""
    said = BERLIN.both("{title} starts at {time}.", title=Strong("Q&A"), time=STARTS_AT)

    assert said.spoken == "Q&amp;A starts at 17:00 on Mon 23 Nov (Berlin time)."
    assert said.shown == f"*Q&amp;A* starts at <!date^{UNIX}^{{time}}|17:00 (Berlin time)>."


def test_a_time_on_another_day_is_shown_with_its_day() -> None:
    """ "At 17:00" alone would be read as today."""
    tomorrow = STARTS_AT + timedelta(days=1)

    assert "{date_short_pretty}" in BERLIN.both("{time}", time=tomorrow).shown
    assert "{date_short_pretty}" not in BERLIN.both("{time}", time=STARTS_AT).shown


def test_counted_sentences_take_spans() -> None:
    """The plural form, and when."""
    said = BERLIN.nboth(
        "{count} for {when}", "{count} of {when}", 2, when=Span(STARTS_AT, STARTS_AT + timedelta(hours=1))
    )

    assert said.spoken == "2 of Mon 23 Nov, 17:00 to 18:00 (Berlin time)"
