"""How one reader reads: their words, their zone, and the moment at which we write to them. Pure.

Every time is said in two ways: *spoken*, written out with its zone, for a message's `text`, for buttons and other
plain text; and *shown*, as a stamp that Slack writes in the zone of the reader's own device. Neither is ever guessed:
a reader whose zone nobody knows reads the lesson's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_skeleton, format_time, get_timezone_gmt, get_timezone_location

from bot.words import DEFAULT_LOCALE, Markup, Words, escape, words_for
from storage.records import Person

_YEAR_SHOWN_BEYOND = timedelta(days=180)
"""As Slack's own dates: within about half a year the year goes without saying."""


@dataclass(frozen=True)
class Strong:
    """A fact that is shown bold."""

    text: str


@dataclass(frozen=True)
class Span:
    """A fact that is a stretch of time."""

    start: datetime
    end: datetime


Fact = str | int | datetime | Strong | Span


class Said(NamedTuple):
    """One sentence twice: as read without blocks, and as shown in them. Both are mrkdwn; times differ."""

    spoken: Markup
    shown: Markup


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody (or a channel) who reads: their words, their zone, and the moment at which we write."""

    words: Words
    zone: str
    """IANA name of the zone that written-out times are in."""
    now: datetime

    def both(self, sentence: str, /, **facts: Fact) -> Said:
        """The sentence for a message's `text`, with times written out, and for its blocks, with Slack's own."""
        spoken = {name: self._spoken(fact) for name, fact in facts.items()}
        shown = {name: self._shown(fact) for name, fact in facts.items()}
        return Said(self.words.mark(sentence, **spoken), self.words.mark(sentence, **shown))

    def nboth(self, one: str, many: str, count: int, /, **facts: Fact) -> Said:
        """As `both`, in the form that fits `count`."""
        spoken = {name: self._spoken(fact) for name, fact in facts.items()}
        shown = {name: self._shown(fact) for name, fact in facts.items()}
        return Said(self.words.nmark(one, many, count, **spoken), self.words.nmark(one, many, count, **shown))

    def day_and_time(self, instant: datetime) -> str:
        """ "Mon, Nov 23, 4:00 PM (Berlin time)": for plain text and fallbacks. The year only when it is not obvious."""
        return self.words._(
            "{time} on {day} ({zone})", day=self.day(instant), time=self.time(instant), zone=self.zone_name(instant)
        )

    def day(self, instant: datetime) -> str:
        """ "Mon, Nov 23"."""
        skeleton = "MMMEd" if abs(instant - self.now) < _YEAR_SHOWN_BEYOND else "yMMMEd"
        return _write_day(instant, skeleton, self.zone, self.words.locale)

    def local_day(self, instant: datetime) -> date:
        """The day on which the reader lives through this instant."""
        return instant.astimezone(_zone(self.zone)).date()

    def midnight_of(self, day: date) -> datetime:
        """The instant at which the reader's day begins."""
        return datetime.combine(day, time(), _zone(self.zone)).astimezone(UTC)

    def noon_of(self, day: date) -> datetime:
        """An instant in the middle of the reader's day: on that day whatever the clocks do in its night."""
        return datetime.combine(day, time(12), _zone(self.zone))

    def time(self, instant: datetime) -> str:
        """ "4:00 PM", without a zone: only beside something that names it."""
        return _write_time(instant, self.zone, self.words.locale)

    def clock(self, hour: int, minute: int) -> str:
        """ "9:30 PM", of a time of day that is the same on every day."""
        return _write_time(datetime(2000, 1, 1, hour, minute, tzinfo=UTC), "UTC", self.words.locale)

    def time_and_zone(self, instant: datetime) -> str:
        """ "4:00 PM (Berlin time)"."""
        return self.words._("{time} ({zone})", time=self.time(instant), zone=self.zone_name(instant))

    def stamp(self, instant: datetime) -> Markup:
        """The instant as mrkdwn that Slack writes in the zone of the reader's device, with the day."""
        return self._stamp(instant, "{date_short_pretty} {time}", self.day_and_time(instant))

    def stamp_time(self, instant: datetime) -> Markup:
        """The same without the day."""
        return self._stamp(instant, "{time}", self.time_and_zone(instant))

    def stamp_span(self, start: datetime, end: datetime) -> Markup:
        """From when to when, the second day named only where it is another."""
        until = self.stamp_time(end) if self._is_same_day(start, end) else self.stamp(end)
        return self.words.mark("{start} to {end}", start=self.stamp(start), end=until)

    def span(self, start: datetime, end: datetime) -> str:
        """ "Mon, Nov 23, 4:00 PM to 5:00 PM (Berlin time)", the second day named only where it is another."""
        if not self._is_same_day(start, end):
            return self.words._("{start} to {end}", start=self.day_and_time(start), end=self.day_and_time(end))
        return self.words._(
            "{day}, {start} to {end} ({zone})",
            day=self.day(start),
            start=self.time(start),
            end=self.time(end),
            zone=self.zone_name(start),
        )

    def zone_name(self, instant: datetime) -> str:
        """ "Berlin time"; "UTC" and other zones without a place by their offset."""
        if self.zone in ("UTC", "Etc/UTC", "GMT"):
            return "UTC"
        if "/" not in self.zone or self.zone.startswith("Etc/"):
            return get_timezone_gmt(instant.astimezone(_zone(self.zone)), locale=self.words.locale)
        return self.words._("{city} time", city=_write_city(self.zone, self.words.locale))

    def _spoken(self, fact: Fact) -> str | int:
        match fact:
            case datetime():
                return self.day_and_time(fact)
            case Span():
                return self.span(fact.start, fact.end)
            case Strong():
                return fact.text
            case _:
                return fact

    def _shown(self, fact: Fact) -> str | int:
        match fact:
            case datetime():
                return self.stamp_time(fact) if self._is_same_day(fact, self.now) else self.stamp(fact)
            case Span():
                return self.stamp_span(fact.start, fact.end)
            case Strong():
                return Markup(f"*{escape(fact.text)}*")
            case _:
                return fact

    def _is_same_day(self, one: datetime, other: datetime) -> bool:
        return one.astimezone(_zone(self.zone)).date() == other.astimezone(_zone(self.zone)).date()

    def _stamp(self, instant: datetime, tokens: str, fallback: str) -> Markup:
        # Slack ends the fallback at ">" and the format at "|", so neither may stand in it.
        safe = escape(fallback.replace("|", " "))
        return Markup(f"<!date^{int(instant.timestamp())}^{tokens}|{safe}>")


def reader_of(person: Person, *, now: datetime, lesson_zone: str = "UTC") -> Reader:
    """How this person reads. Without a zone of their own it is the lesson's."""
    return Reader(words=words_for(person.locale), zone=_known(person.zone) or _known(lesson_zone) or "UTC", now=now)


def channel_reader(*, now: datetime, lesson_zone: str, locale: str = DEFAULT_LOCALE) -> Reader:
    """How a channel reads: in the lesson's zone."""
    return Reader(words=words_for(locale), zone=_known(lesson_zone) or "UTC", now=now)


def _known(zone: str | None) -> str | None:
    if not zone:
        return None
    try:
        _zone(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return None
    return zone


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


# A class reads the same few moments, most of them in one zone and language, and Babel is slow at writing each.


@lru_cache(maxsize=1024)
def _write_day(instant: datetime, skeleton: str, zone: str, locale: Locale) -> str:
    return _plain_spaces(format_skeleton(skeleton, instant, tzinfo=_zone(zone), locale=locale))


@lru_cache(maxsize=1024)
def _write_time(instant: datetime, zone: str, locale: Locale) -> str:
    return _plain_spaces(format_time(instant, "short", tzinfo=_zone(zone), locale=locale))


@lru_cache(maxsize=512)
def _write_city(zone: str, locale: Locale) -> str:
    return get_timezone_location(zone, locale=locale, return_city=True).rpartition("/")[2]


def _plain_spaces(text: str) -> str:
    # CLDR puts U+202F before "PM"; not every screen reader and terminal knows it.
    return text.replace("\u202f", " ")
