"""What every room service promises, and who keeps it: the provider, Hallpass in front of it, or nobody.

A service states its capabilities, and is held to them in both directions: what it states must hold, and what it does
not state must be refused or left to Hallpass, which is tried too. Nothing is skipped, so that each promise of each
service has one line in the report at the end of a run (`make contract`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

import pytest

from bot.rooms.base import Capabilities

Test = TypeVar("Test", bound=Callable[..., Any])


class Keeper(StrEnum):
    """Who keeps a promise."""

    PROVIDER = "provider"
    HALLPASS = "Hallpass"  # by its own page or button in front of the service
    NOBODY = "not offered"  # refused plainly, or said so


class Promise(StrEnum):
    """What somebody can rely on; the value is how the report says it."""

    LAUNCH = "everybody gets a way in"
    REPEAT = "asking twice harms nobody"
    FIRST_TOGETHER = "two first launches meet in one room"
    OPENS = "not before the window"
    CLOSES = "not after the window"
    OWN_WINDOW = "each person's own window"
    SINGLE_USE = "opens in one browser only"
    TWO_PRESSES = "two presses at the same moment"
    COME_BACK = "the same browser comes back"
    REPLACE = "a new link works"
    REVOKE = "the old link is shut"
    EXTEND = "the lesson is extended"
    PUT_OUT = "put out when the window closes"
    ASKS = "leaders are asked near the end"
    END = "End now puts everybody out"
    AGAIN = "in again after End now"
    SEATS = "as many seats as it says"
    LONG = "as long ahead as it says"
    ATTENDANCE = "who came, and how long"
    PRESENCE = "who is inside now"
    REPORTS = "reports by webhook"
    RECORDING = "recordings"
    TRANSCRIPT = "transcripts"
    DOWN = "provider down"
    REFUSING = "provider refusing"
    BUSY = "provider busy"
    NONSENSE = "provider talking nonsense"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What no capability tells, since nobody but this suite asks."""

    finds_room_by_name: bool  # two first launches of one name get one room
    own_windows: bool  # each person's window is the provider's to keep, not only the room's


def find_keeper(promise: Promise, capabilities: Capabilities, facts: Facts) -> Keeper:
    """Who keeps it, by what the service says of itself."""
    offered = {
        Promise.END: capabilities.close_room,
        Promise.AGAIN: capabilities.close_room,
        Promise.PRESENCE: capabilities.presence,
        Promise.REPORTS: capabilities.webhooks,
        Promise.RECORDING: capabilities.recording,
        Promise.TRANSCRIPT: capabilities.transcript,
    }
    ours_otherwise = {
        Promise.FIRST_TOGETHER: facts.finds_room_by_name,
        Promise.OPENS: capabilities.window,
        Promise.CLOSES: capabilities.window,
        Promise.OWN_WINDOW: facts.own_windows,
        Promise.SINGLE_USE: capabilities.single_use,
        Promise.TWO_PRESSES: capabilities.single_use,
        Promise.REVOKE: capabilities.revocation,
        Promise.PUT_OUT: capabilities.removal_at_end,
        Promise.ASKS: capabilities.soft_prompt,
        Promise.ATTENDANCE: capabilities.attendance,
    }
    if promise in offered:
        return Keeper.PROVIDER if offered[promise] else Keeper.NOBODY
    return Keeper.PROVIDER if ours_otherwise.get(promise, True) else Keeper.HALLPASS


def holds(promise: Promise) -> Callable[[Test], Test]:
    """A test of that promise; it is named in the report."""

    def mark(test: Test) -> Test:
        marked: Test = pytest.mark.promise(promise)(test)
        return marked

    return mark


@dataclass(kw_only=True)
class Line:
    """One promise of one service, as it was tried so far."""

    keeper: Keeper
    tried: int = 0
    failed: list[str] = field(default_factory=list)
    is_shown_whole: bool = False  # by the app, from the press in Slack to the room
    lacks: set[str] = field(default_factory=set)  # ways of links by which nobody can keep it

    def describe(self) -> str:
        if self.failed:
            return f"BROKEN: {', '.join(self.failed)}"
        whole = ", also through the app" if self.is_shown_whole else ""
        if self.keeper is Keeper.HALLPASS and not whole:
            return f"left to us ({self.tried})"
        return f"held ({self.tried}{whole}{''.join(f', not by {way}' for way in sorted(self.lacks))})"


class Ledger:
    """What the tests of a run said, by service and promise."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[Promise, Line]] = {}

    def note(self, told: Mapping[str, object], *, test: str, is_good: bool) -> None:
        """One finished test, by the properties that it recorded; one of no promise is passed over."""
        if "promise" not in told:
            return
        promise, keeper = Promise(str(told["promise"])), Keeper(str(told["keeper"]))
        line = self._lines.setdefault(str(told["service"]), {}).setdefault(promise, Line(keeper=keeper))
        line.tried += 1
        line.is_shown_whole |= told.get("whole") is True
        line.lacks |= {str(told["lacks"])} if "lacks" in told else set()
        if not is_good and test not in line.failed:
            line.failed.append(test)

    def write(self) -> list[str]:
        """The report: a line for each service and promise; empty where nothing was tried."""
        rows = [
            (service, promise.value, line.keeper.value, line.describe())
            for service, lines in sorted(self._lines.items())
            for promise, line in _in_order(lines.items())
        ]
        return align([("Service", "Promise", "Kept by", "In this run"), *rows]) if rows else []


def align(rows: list[tuple[str, ...]]) -> list[str]:
    """Columns under each other."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _in_order(lines: Iterable[tuple[Promise, Line]]) -> list[tuple[Promise, Line]]:
    order = list(Promise)
    return sorted(lines, key=lambda line: order.index(line[0]))
