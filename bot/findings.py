"""What `hallpass doctor` found: one line each, what is so and what to do. It checks nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

CLOCK_WARNS = timedelta(seconds=2)
CLOCK_FAILS = timedelta(seconds=60)
"""Well before five minutes, at which signatures are refused (Slack's and ours)."""


class Word(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at: what is so, and, unless it is fine, what to do."""

    subject: str
    word: Word
    what: str
    mend: str = ""

    @property
    def is_problem(self) -> bool:
        return self.word is Word.PROBLEM


def ok(subject: str, what: str) -> Finding:
    """As it should be."""
    return Finding(subject=subject, word=Word.OK, what=what)


def warning(subject: str, what: str, mend: str) -> Finding:
    """It works, and something about it may not be meant."""
    return Finding(subject=subject, word=Word.WARNING, what=what, mend=mend)


def problem(subject: str, what: str, mend: str) -> Finding:
    """It does not work."""
    return Finding(subject=subject, word=Word.PROBLEM, what=what, mend=mend)


def judge_clock(subject: str, ahead: timedelta) -> Finding:
    """`ahead`: how far the other clock is ahead of this machine's."""
    apart = abs(ahead)
    if apart <= CLOCK_WARNS:
        return ok(subject, "agree")
    which = "behind" if ahead > timedelta(0) else "ahead"
    what = f"this machine is {apart.total_seconds():.0f} s {which}"
    mend = "set this machine's clock by the network (NTP); from 5 minutes on signatures are refused"
    return problem(subject, what, mend) if apart > CLOCK_FAILS else warning(subject, what, mend)
