"""The words in which people type a day, a time of day or a length, and the one instant that they mean.

What keeps this whole: a word is understood only where it can mean one thing. `3/4` may be in March or in April,
`4:30` before sunrise or after school, `monday`, on a Monday, today or in a week: these are seen to be about time, and
not read. Nothing here asks what time it is, knows of Slack, or decides what becomes of what was not understood.

Every `read_…` looks at the words from some place on and answers with what they mean and how many they are. In place of
the meaning stands None where they are about time and cannot be read; None alone: they are about something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from fractions import Fraction

from bot.drafts import LONGEST_LESSON
from bot.windows import START_GRACE, NoSuchWallTime, find_zone, from_wall

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT_WEEKDAYS = {"tues": 1, "thur": 3, "thurs": 3} | {name[:3]: number for number, name in enumerate(_WEEKDAYS)}
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_SHORT_MONTHS = {"sept": 9} | {name[:3]: number for number, name in enumerate(_MONTHS, start=1)}

_CLOCK = re.compile(r"(\d{1,2})(?:([:.])(\d\d))?(am|pm|a\.m\.?|p\.m\.?)?", re.ASCII)
_HALVES = {"am", "pm", "a.m", "a.m.", "p.m", "p.m."}
_ODD_CLOCK = re.compile(r"\d+:\d\S*|\d+([:.]\d+)?(am|pm)?[-–]\d+([:.]\d+)?(am|pm)", re.ASCII)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.?(?:(?<=\.)(\d{4}))?", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_ODD_DAY = re.compile(r"\d{1,4}/\d{1,2}(/\d{1,4})?|\d{1,4}-\d{1,2}-\d{1,4}|\d{1,2}\.\d{1,2}\.\d+", re.ASCII)
_DAY_NUMBER = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?", re.ASCII)
_YEAR = re.compile(r"20\d\d", re.ASCII)
_HOURS = re.compile(r"(\d{1,3}(?:[.,]\d{1,3})?)-?(?:h|hr|hrs|hour|hours)(?:(\d{1,2})(?:m|min)?)?", re.ASCII)
_MINUTES = re.compile(r"(\d{1,5})-?(?:m|min|mins|minute|minutes)", re.ASCII)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?", re.ASCII)
_UNITS = {"h", "hr", "hrs", "hour", "hours", "m", "min", "mins", "minute", "minutes"}

HALF_YEAR = timedelta(days=183)
"""A day without its year is this year's, or next year's up to so far ahead; farther away it may as well be a slip."""


class Unclear(StrEnum):
    """Why words about a start give none."""

    PAST = "past"  # read well, but more than 15 minutes ago
    AMBIGUOUS = "ambiguous"  # nothing that it can only mean


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day as typed: some of its parts, to be found in the calendar once it is known what day it is today."""

    days_ahead: int | None = None
    weekday: int | None = None  # Monday is 0
    is_next: bool = False  # "next monday"
    year: int | None = None
    month: int | None = None
    day: int | None = None

    def candidates(self, today: date) -> list[date]:
        """The days it may mean, in order. None: there is no such day."""
        if self.month and self.day:
            return self._dated(today, self.month, self.day)
        if self.weekday is None:
            return [today + timedelta(days=self.days_ahead or 0)]
        ahead = (self.weekday - today.weekday()) % 7
        if self.is_next:
            # "Next friday" on a Wednesday is the coming one for some, the one after for others.
            is_in_next_week = today.weekday() + (ahead or 7) >= 7
            return [today + timedelta(days=ahead or 7)] if is_in_next_week else []
        return [today + timedelta(days=days) for days in ((0, 7) if ahead == 0 else (ahead,))]

    def _dated(self, today: date, month: int, day: int) -> list[date]:
        years = [self.year] if self.year else [today.year, today.year + 1]
        found = [one for one in (_find_date(year, month, day) for year in years) if one]
        if not self.year:
            found = [one for one in found if one - today <= HALF_YEAR or one.year == today.year]
        return [one for one in found if self.weekday in (None, one.weekday())]


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A time of day as typed."""

    hour: int
    minute: int
    is_clear: bool = True  # False: it may be before or after noon
    or_day: Day | None = None  # "23.11": a day, unless another word says which day


def read_day(words: Sequence[str]) -> tuple[Day | None, int] | None:
    """A day: `today`, `mon`, `next monday`, `Mon 23 Nov`, `23.11.`, `23.11.2026`, `2026-11-23`."""
    word = words[0].lower()
    if word in ("today", "tomorrow"):
        return Day(days_ahead=int(word == "tomorrow")), 1
    if word == "next" and len(words) > 1:
        weekday = _find_weekday(words[1])
        if weekday is not None:
            return Day(weekday=weekday, is_next=True), 2
        return (None, 2) if words[1].lower() in ("week", "month") else None
    weekday = _find_weekday(words[0])
    if weekday is None:
        return _read_date(words)
    dated = _read_date(words[1:]) if len(words) > 1 else None
    if dated is None:
        return Day(weekday=weekday), 1
    day, count = dated
    return replace(day, weekday=weekday) if day else None, 1 + count


def read_clock(words: Sequence[str]) -> tuple[Clock | None, int] | None:
    """A time of day: `4pm`, `4 pm`, `4:30pm`, `16:00`, `16.00`, `noon`."""
    word = words[0].lower()
    if word == "noon":
        return Clock(hour=12, minute=0), 1
    if word in ("midnight", "tonight"):
        return None, 1
    match = _CLOCK.fullmatch(word)
    if not match:
        return (None, 1) if _ODD_CLOCK.fullmatch(word) else None
    hour, separator, minute, half = match.groups()
    count = 1
    if not half and len(words) > 1 and words[1].lower() in _HALVES:
        half, count = words[1].lower(), 2
    if half:
        return _on_twelve(int(hour), int(minute or 0), is_afternoon=half.startswith("p")), count
    if not minute:
        return None
    if int(hour) > 23 or int(minute) > 59:
        return (None, 1) if separator == ":" else None  # "31.10" is a day
    # A bare "4:30" is before sunrise on one clock and after school on the other; "9:00" and "10:00" are as they stand.
    is_clear = len(hour) == 2 or int(hour) in (0, 8, 9)
    return Clock(hour=int(hour), minute=int(minute), is_clear=is_clear, or_day=_dotted_day(word)), 1


def read_length(words: Sequence[str]) -> tuple[timedelta | None, int] | None:
    """A length: `45m`, `45 min`, `90 minutes`, `1h`, `1h30`, `1 hour 30 minutes`, `1.5h`."""
    word, count = _with_unit(words)
    if match := _MINUTES.fullmatch(word):
        return _sound_length(int(match[1])), count
    match = _HOURS.fullmatch(word)
    if not match:
        return None
    minutes = Fraction(match[1].replace(",", ".")) * 60
    if match[2]:
        return (_sound_length(minutes + int(match[2])) if int(match[2]) < 60 else None), count
    rest, rest_count = _with_unit(words[count:])
    more = _MINUTES.fullmatch(rest)
    if more and int(more[1]) < 60:
        return _sound_length(minutes + int(more[1])), count + rest_count
    return _sound_length(minutes), count


def _with_unit(words: Sequence[str]) -> tuple[str, int]:
    """The first word, with its unit when that is a word of its own, and how many words these are."""
    if len(words) > 1 and _NUMBER.fullmatch(words[0]) and words[1].lower() in _UNITS:
        return words[0] + words[1].lower(), 2
    return (words[0].lower(), 1) if words else ("", 0)


def find_start(day: Day | None, clock: Clock, *, now: datetime, zone: str) -> datetime | Unclear:
    """The instant that this day and time of day mean on the clocks of `zone`; without a day, the next such time.

    A start up to 15 minutes ago still counts. Of an hour that comes twice in autumn it is the first that can be meant;
    one that is left out in spring is AMBIGUOUS. Raises UnknownZone.
    """
    if not clock.is_clear:
        return Unclear.AMBIGUOUS
    today = now.astimezone(find_zone(zone)).date()
    candidates = day.candidates(today) if day else [today, today + timedelta(days=1)]
    if not candidates:
        return Unclear.AMBIGUOUS
    at = time(clock.hour, clock.minute)
    try:
        ahead = _ahead((datetime.combine(one, at) for one in candidates), now=now, zone=zone)
    except NoSuchWallTime:
        return Unclear.AMBIGUOUS
    if not ahead:
        return Unclear.PAST
    if day and day.weekday is not None and len(ahead) > 1:
        return Unclear.AMBIGUOUS  # "monday", on a Monday: today, or in a week?
    return ahead[0]


def _ahead(walls: Iterable[datetime], *, now: datetime, zone: str) -> list[datetime]:
    """The instants of these wall times that are not past, one each."""
    ahead = []
    for wall in walls:
        passes = (from_wall(wall.replace(fold=fold), zone) for fold in (0, 1))
        first = next((instant for instant in passes if instant >= now - START_GRACE), None)
        if first:
            ahead.append(first)
    return ahead


def _read_date(words: Sequence[str]) -> tuple[Day | None, int] | None:
    word = words[0]
    if match := _ISO.fullmatch(word):
        return _sound_day(year=int(match[1]), month=int(match[2]), day=int(match[3])), 1
    if _DOTTED.fullmatch(word):
        return _dotted_day(word), 1
    if _ODD_DAY.fullmatch(word):
        return None, 1
    if len(words) < 2:
        return None
    number, month = _DAY_NUMBER.fullmatch(word.lower()), _find_month(words[1])
    if not number or not month:
        number, month = _DAY_NUMBER.fullmatch(words[1].lower()), _find_month(word)
    if not number or not month:
        return None
    year = int(words[2]) if len(words) > 2 and _YEAR.fullmatch(words[2]) else None
    return _sound_day(year=year, month=month, day=int(number[1])), 3 if year else 2


def _dotted_day(word: str) -> Day | None:
    match = _DOTTED.fullmatch(word)
    if not match:
        return None
    return _sound_day(year=int(match[3]) if match[3] else None, month=int(match[2]), day=int(match[1]))


def _sound_day(*, year: int | None, month: int, day: int) -> Day | None:
    """None where no year has such a day."""
    return Day(year=year, month=month, day=day) if _find_date(year or 2000, month, day) else None  # 2000: a leap year


def _find_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _find_weekday(word: str) -> int | None:
    if word == "SAT":
        return None  # the examination, in a tutor's mouth
    name = word.lower().rstrip(".")
    return _WEEKDAYS.index(name) if name in _WEEKDAYS else _SHORT_WEEKDAYS.get(name)


def _find_month(word: str) -> int | None:
    name = word.lower().rstrip(".")
    return _MONTHS.index(name) + 1 if name in _MONTHS else _SHORT_MONTHS.get(name)


def _on_twelve(hour: int, minute: int, *, is_afternoon: bool) -> Clock | None:
    """Twelve comes first on this clock: 12 am is midnight, 12 pm noon."""
    if not 1 <= hour <= 12 or minute > 59:
        return None
    return Clock(hour=hour % 12 + (12 if is_afternoon else 0), minute=minute)


def _sound_length(minutes: Fraction | int) -> timedelta | None:
    """None where no lesson has such a length: not whole minutes, none, or more than twelve hours."""
    length = timedelta(minutes=int(minutes))
    return length if minutes.denominator == 1 and timedelta(0) < length <= LONGEST_LESSON else None
