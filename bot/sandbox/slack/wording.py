"""Slack's text markup as a person reads it: dates in their own zone, mentions as names, markers and escapes undone.

Pure. Date tokens: docs.slack.dev/messaging/formatting-message-text#date-formatting.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_DATE = re.compile(r"<!date\^(-?\d+)\^([^^|>]+)(?:\^[^|>]*)?\|([^>]*)>")
_TOKEN = re.compile(r"\{(\w+)\}")
_ANGLED = re.compile(r"<([@#!]?)([^>|]+)(?:\|([^>]*))?>")
_MARKED = [re.compile(rf"(?<![\w{m}]){m}(?=\S)([^{m}\n]+?)(?<=\S){m}(?![\w{m}])") for m in (r"\*", "_", "~", "`")]
YEAR_SHOWN_AFTER = timedelta(days=182)
"""Dates nearer than about six months are shown without their year."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Whose eyes these are. `now` is what "today" means; `find_name` knows people and channels by id."""

    zone: str
    locale: str
    now: datetime
    find_name: Callable[[str], str | None]

    @property
    def has_half_days(self) -> bool:
        """Four in the afternoon, or sixteen?"""
        return self.locale == "en-US"

    def to_local(self, instant: datetime) -> datetime:
        """On the reader's own clock."""
        return instant.astimezone(ZoneInfo(self.zone))


def read_mrkdwn(text: str, reader: Reader) -> str:
    """The text as the reader sees it."""
    shown = read_tokens(text, reader)
    for marked in _MARKED:
        shown = marked.sub(r"\1", shown)
    return undo_escapes(shown)


def read_tokens(text: str, reader: Reader) -> str:
    """The text with what stands in `<…>` as the reader sees it: dates, names, links. Escapes stay."""
    shown = _DATE.sub(lambda match: _show_date(match, reader), text)
    return _ANGLED.sub(lambda match: _show_angled(match, reader), shown)


def undo_escapes(text: str) -> str:
    """The three characters that Slack has escaped, themselves again."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def read_instant(instant: datetime, reader: Reader) -> str:
    """A day and a time, as a date picker shows them."""
    local = reader.to_local(instant)
    return f"{_short(local, reader)} {_time(local, reader)}"


def _show_angled(match: re.Match[str], reader: Reader) -> str:
    sign, what, label = match.groups()
    if sign == "@":
        return f"@{reader.find_name(what) or label or what}"
    if sign == "#":
        return f"#{label or reader.find_name(what) or what}"
    if sign == "!":
        return label or f"@{what}"
    return label or what


def _show_date(match: re.Match[str], reader: Reader) -> str:
    seconds, form, fallback = match.groups()
    local = reader.to_local(datetime.fromtimestamp(int(seconds), UTC))
    names = _TOKEN.findall(form)
    if not names or any(name not in _FORMS for name in names):
        return fallback
    return _TOKEN.sub(lambda token: _FORMS[token.group(1)](local, reader), form)


def _year(local: datetime, reader: Reader) -> str:
    is_near = abs(local - reader.now) < YEAR_SHOWN_AFTER
    return "" if is_near else f"{', ' if reader.has_half_days else ' '}{local.year}"


def _day(local: datetime, reader: Reader, month: str) -> str:
    day_month = f"{month} {local.day}" if reader.has_half_days else f"{local.day} {month}"
    return day_month + _year(local, reader)


def _short(local: datetime, reader: Reader) -> str:
    return _day(local, reader, f"{local:%b}")


def _date(local: datetime, reader: Reader) -> str:
    return _day(local, reader, f"{local:%B}")


def _long(local: datetime, reader: Reader) -> str:
    return f"{local:%A}, {_date(local, reader)}"


def _number(local: datetime, reader: Reader) -> str:
    return f"{local:%Y-%m-%d}"


def _time(local: datetime, reader: Reader) -> str:
    return f"{local:%I:%M %p}".lstrip("0") if reader.has_half_days else f"{local:%H:%M}"


def _time_with_seconds(local: datetime, reader: Reader) -> str:
    return f"{local:%I:%M:%S %p}".lstrip("0") if reader.has_half_days else f"{local:%H:%M:%S}"


def _ago(local: datetime, reader: Reader) -> str:
    minutes = round((reader.now - local).total_seconds() / 60)
    if minutes == 0:
        return "now"
    return f"{minutes} minutes ago" if minutes > 0 else f"in {-minutes} minutes"


def _pretty(plain: Callable[[datetime, Reader], str]) -> Callable[[datetime, Reader], str]:
    def show(local: datetime, reader: Reader) -> str:
        days = (local.date() - reader.to_local(reader.now).date()).days
        return {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days) or plain(local, reader)

    return show


_FORMS: dict[str, Callable[[datetime, Reader], str]] = {
    "date_num": _number,
    "date": _date,
    "date_short": _short,
    "date_long": _long,
    "date_pretty": _pretty(_date),
    "date_short_pretty": _pretty(_short),
    "date_long_pretty": _pretty(_long),
    "time": _time,
    "time_secs": _time_with_seconds,
    "ago": _ago,
}
