"""`HALLPASS_KEEP` as text into times: `lessons=2y transcripts=90d`. Pure; a refusal never repeats the text."""

from __future__ import annotations

import re
from datetime import timedelta

from bot.retention import OF_LESSONS, PARTS, SHORTEST, YEAR, Retention, show_time
from bot.setting_values import Wrong

UNITS = {"d": timedelta(days=1), "w": timedelta(weeks=1), "y": YEAR}
LONGEST_YEARS = 100
_TIME = re.compile(r"(\d{1,5})([dwy])")
EXAMPLE = "write it like lessons=2y attendance=2y transcripts=90d events=30d audit=2y"


def parse_retention(text: str) -> Retention:
    """What is not named keeps its usual time, but never outlives its lesson. `forever` alone: everything for ever."""
    parts = text.lower().replace(",", " ").split()
    if parts == ["forever"]:
        return Retention(**dict.fromkeys(PARTS))
    told: dict[str, timedelta | None] = {}
    for part in parts:
        name, equals, time = part.partition("=")
        if not equals or name not in PARTS:
            raise Wrong("names something that is not kept", EXAMPLE)
        if name in told:
            raise Wrong(f"names {name} twice", "name it once")
        told[name] = _parse_time(name, time)
    usual = Retention()
    lessons = told.get("lessons", usual.lessons)
    for name in OF_LESSONS:
        if name not in told:
            told[name] = _shorter(getattr(usual, name), lessons)
        elif _shorter(told[name], lessons) != told[name]:
            mend = f"keep {name} for {show_time(lessons)} at most, or lessons for longer"
            raise Wrong(f"keeps {name} longer than the lessons that they belong to", mend)
    return Retention(**told)


def _parse_time(name: str, text: str) -> timedelta | None:
    if text == "forever":
        return None
    found = _TIME.fullmatch(text)
    if not found:
        raise Wrong(f"gives {name} no time", "write it like 30d, 12w, 2y or forever")
    time = int(found[1]) * UNITS[found[2]]
    if not SHORTEST <= time <= LONGEST_YEARS * YEAR:
        mend = f"use {show_time(SHORTEST)} to {LONGEST_YEARS}y: for a week after a lesson its room may still report"
        raise Wrong(f"gives {name} a time out of range", mend)
    return time


def _shorter(time: timedelta | None, other: timedelta | None) -> timedelta | None:
    return other if time is None else time if other is None else min(time, other)
