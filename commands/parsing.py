"""What somebody typed after `/lesson`, as a request. Pure: it opens no form, asks nobody, and refuses nothing.

People come as Slack escapes them (`should_escape` in the manifest): `<@U123|name>`. Words about time are read by
`commands/timewords.py`, on the tutor's own clock. Everything else is the title, in order. What was meant as a person or
a time and cannot be told for certain is handed back in `not_understood`, as typed, to be shown beside the form: a
form opened with a wrong time in it does more harm than one without.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from itertools import takewhile

from bot.drafts import BookingDraft
from commands.timewords import Clock, Day, Unclear, find_start, read_clock, read_day, read_length


@dataclass(frozen=True, kw_only=True)
class OpenForm:
    """Open the booking form with this in it."""

    draft: BookingDraft
    not_understood: tuple[str, ...] = ()  # as typed, in order; unescaped: escape before showing
    has_length: bool = False  # a length was typed, and is in the draft
    is_past: bool = False  # the start was read, and left out because it is more than 15 minutes ago


@dataclass(frozen=True, kw_only=True)
class ListLessons:
    """Show my day."""


@dataclass(frozen=True, kw_only=True)
class ShowLesson:
    """Show me the lesson that is on or next, or the first with these words in its title."""

    typed: str = ""  # unescaped: escape before showing


@dataclass(frozen=True, kw_only=True)
class SearchTranscripts:
    """Find where these words were said."""

    typed: str = ""  # unescaped: escape before showing


@dataclass(frozen=True, kw_only=True)
class MyLink:
    """Show my current way in."""


@dataclass(frozen=True, kw_only=True)
class Help:
    """Say what can be typed."""


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """Nothing that we know: say so, with an example."""

    typed: str  # unescaped: escape before showing


Request = OpenForm | ListLessons | ShowLesson | SearchTranscripts | MyLink | Help | Unknown

_SOLE_WORDS: dict[str, Request] = {"list": ListLessons(), "lessons": ListLessons(), "link": MyLink(), "help": Help()}


def parse_lesson_command(
    text: str, *, now: datetime, zone: str, caller_id: str, base: BookingDraft | None = None
) -> Request:
    """The request in the text after `/lesson`; times are read on the clocks of `zone`.

    `base` is the form as it would open without any words (the leader's last choices); what was typed goes over it.
    The caller leads where `base` names nobody, and is never a participant of their own lesson. Raises UnknownZone.
    """
    words = _split(text)
    sole = _SOLE_WORDS.get(words[0].text.lower()) if len(words) == 1 else None
    if sole:
        return sole
    if words and words[0].text.lower() == "show" and not any(word.is_marked for word in words):
        return ShowLesson(typed=" ".join(word.text for word in words[1:]))
    if words and words[0].text.lower() == "transcript" and not any(word.is_marked for word in words):
        return SearchTranscripts(typed=" ".join(word.text for word in words[1:]))
    parts = list(_read(words))
    if parts and all(part.kind is _Kind.TITLE for part in parts):
        return Unknown(typed=" ".join(part.text for part in parts))
    base = base or BookingDraft()
    draft = replace(base, leader_ids=base.leader_ids or (caller_id,), zone=zone)
    return _build_form(draft, parts, now=now, caller_id=caller_id)


def parse_lessons_command(text: str) -> Request:
    """The request in the text after `/lessons`: my day, whatever was typed but `help`."""
    return Help() if text.strip().lower() == "help" else ListLessons()


class _Kind(Enum):
    PERSON = auto()
    DAY = auto()
    CLOCK = auto()
    NOW = auto()
    LENGTH = auto()
    TITLE = auto()
    ODD_START = auto()  # about when, and not to be told for certain
    ODD_LENGTH = auto()
    ODD = auto()  # a group, a channel, a name that Slack did not know


@dataclass(frozen=True, kw_only=True)
class _Word:
    text: str  # as it reads
    is_marked: bool = False  # something that Slack put between angle brackets
    user_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Part:
    kind: _Kind
    text: str
    user_id: str = ""
    day: Day | None = None
    clock: Clock | None = None
    length: timedelta | None = None


_STARTS = {_Kind.DAY, _Kind.CLOCK, _Kind.NOW, _Kind.ODD_START}
_LENGTHS = {_Kind.LENGTH, _Kind.ODD_LENGTH}

_TOKEN = re.compile(r"<[^<>\s][^<>]*>|[^\s<]+|<")
_USER = re.compile(r"@([A-Z0-9]+)(?:\|(.*))?", re.ASCII | re.DOTALL)
_ZONE_WORD = re.compile(r"UTC|GMT|[ECMP][SD]?T|[CEW]ES?T|BST|IST|JST|AE[SD]T", re.ASCII)
_AWAY = re.compile(r"in (?:half )?\S+ (?:half )?(?:minutes?|hours?|days?|weeks?|months?)\b", re.IGNORECASE)

_JOINING: dict[str, set[_Kind]] = {
    "with": {_Kind.PERSON},
    "and": {_Kind.PERSON},
    "&": {_Kind.PERSON},
    "+": {_Kind.PERSON},
    "for": {_Kind.PERSON, _Kind.LENGTH},
    "at": {_Kind.CLOCK},
    "@": {_Kind.CLOCK},
    "from": {_Kind.CLOCK, _Kind.NOW},
    "on": {_Kind.DAY},
}
"""Small words that belong to what follows, and not to the title, when that is of this kind."""

_TURNING = {"in", "until", "till", "to", "-", "–", "after", "before", "by", "every", "each", "this", "not"}
"""Small words that make something else of the time after them than the start of this lesson."""


def _split(text: str) -> list[_Word]:
    words = [_build_word(token) for token in _TOKEN.findall(text)]
    return [word for word in words if word.text.strip(",;")]


def _build_word(token: str) -> _Word:
    if not (len(token) > 1 and token.startswith("<")):
        return _Word(text=_unescape(token))
    inner = token[1:-1]
    user = _USER.fullmatch(inner)
    if user:
        return _Word(text="@" + _unescape(user[2] or user[1]), is_marked=True, user_id=user[1])
    target, _, label = inner.partition("|")
    sign = "#" if target.startswith("#") else "@" if target.startswith("!") else ""
    shown = _unescape(label or target.lstrip("#!"))
    return _Word(text=sign + shown.lstrip("@#") if sign else shown, is_marked=True)


def _unescape(text: str) -> str:
    """Slack escapes these three and no others; the ampersand last, or `&amp;lt;` would be unescaped twice."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _read(words: Sequence[_Word]) -> Iterator[_Part]:
    at = 0
    while at < len(words):
        part, count = _read_joined(words, at)
        yield part
        at += count


def _read_joined(words: Sequence[_Word], at: int) -> tuple[_Part, int]:
    """The part at this place, with the small word before it and the zone after it where there is one."""
    word = words[at].text.lower()
    if word == "in" and (away := _AWAY.match(" ".join(one.text for one in words[at : at + 4]))):
        return _Part(kind=_Kind.ODD_START, text=away[0]), len(away[0].split())
    part, count = _read_part(words, at)
    if part.kind is _Kind.TITLE and at + 1 < len(words):
        following, following_count = _read_part(words, at + 1)
        if following.kind in _JOINING.get(word, ()):
            return _with_zone(following, words, at, 1 + following_count)
        if word in _TURNING and following.kind in _STARTS | _LENGTHS:
            return _Part(kind=_Kind.ODD_START, text=f"{words[at].text} {following.text}"), 1 + following_count
    return _with_zone(part, words, at, count)


def _with_zone(part: _Part, words: Sequence[_Word], at: int, count: int) -> tuple[_Part, int]:
    """Times are read on the tutor's own clock, so one with another zone's name behind it is not read at all."""
    after = at + count
    if part.kind is _Kind.CLOCK and after < len(words) and _ZONE_WORD.fullmatch(words[after].text):
        return _Part(kind=_Kind.ODD_START, text=f"{part.text} {words[after].text}"), count + 1
    return part, count


def _read_part(words: Sequence[_Word], at: int) -> tuple[_Part, int]:
    word = words[at]
    if word.user_id:
        return _Part(kind=_Kind.PERSON, text=word.text, user_id=word.user_id), 1
    if word.is_marked or (word.text.startswith("@") and len(word.text) > 1):
        return _Part(kind=_Kind.ODD, text=word.text), 1

    # Six words are more than the longest of them ("1 hour 30 minutes", "Mon 23 Nov 2026").
    near = takewhile(lambda one: not one.is_marked, words[at : at + 6])
    plain = [one.text.rstrip(",;") for one in near]
    if plain[0].lower() == "now":
        return _Part(kind=_Kind.NOW, text=word.text), 1
    if length := read_length(plain):
        kind = _Kind.LENGTH if length[0] else _Kind.ODD_LENGTH
        return _Part(kind=kind, text=" ".join(plain[: length[1]]), length=length[0]), length[1]
    if clock := read_clock(plain):
        kind = _Kind.CLOCK if clock[0] else _Kind.ODD_START
        return _Part(kind=kind, text=" ".join(plain[: clock[1]]), clock=clock[0]), clock[1]
    if day := read_day(plain):
        kind = _Kind.DAY if day[0] else _Kind.ODD_START
        return _Part(kind=kind, text=" ".join(plain[: day[1]]), day=day[0]), day[1]
    return _Part(kind=_Kind.TITLE, text=word.text), 1


def _build_form(draft: BookingDraft, parts: Sequence[_Part], *, now: datetime, caller_id: str) -> OpenForm:
    refused = {_Kind.ODD, _Kind.ODD_START, _Kind.ODD_LENGTH}
    start = _find_start([part for part in parts if part.kind in _STARTS], now=now, zone=draft.zone)
    if isinstance(start, Unclear):
        refused |= _STARTS
        draft = replace(draft, starts_at=None)  # not the usual default either: it would pass for what was typed
    elif start:
        draft = replace(draft, starts_at=start)

    lengths = [part for part in parts if part.kind in _LENGTHS]
    length = lengths[0].length if len(lengths) == 1 else None
    if length:
        draft = replace(draft, length_text=str(length // timedelta(minutes=1)))
    else:
        refused |= _LENGTHS

    named = [part.user_id for part in parts if part.kind is _Kind.PERSON and part.user_id != caller_id]
    title = " ".join(part.text for part in parts if part.kind is _Kind.TITLE)
    return OpenForm(
        draft=replace(
            draft,
            participant_ids=tuple(dict.fromkeys(named)) or draft.participant_ids,
            title=title or draft.title,
        ),
        not_understood=tuple(part.text for part in parts if part.kind in refused),
        has_length=length is not None,
        is_past=start is Unclear.PAST,
    )


def _find_start(parts: Sequence[_Part], *, now: datetime, zone: str) -> datetime | Unclear | None:
    """The one start that these parts mean together; None where there are none."""
    if not parts:
        return None
    if [part.kind for part in parts] == [_Kind.NOW]:
        return now.replace(microsecond=0)
    days = [part.day for part in parts if part.day]
    clocks = [part.clock for part in parts if part.clock]
    if len(days) + len(clocks) != len(parts):
        return Unclear.AMBIGUOUS  # some part is odd, or it is now and some other time at once
    if not days:
        days, clocks = _settle(clocks)
    if len(clocks) != 1 or len(days) > 1:
        return Unclear.AMBIGUOUS
    return find_start(days[0] if days else None, clocks[0], now=now, zone=zone)


def _settle(clocks: Sequence[Clock]) -> tuple[list[Day], list[Clock]]:
    """Where no word says which day: a time that may as well be a day is the day. Alone, it leaves no time over."""
    return [clock.or_day for clock in clocks if clock.or_day], [clock for clock in clocks if not clock.or_day]
