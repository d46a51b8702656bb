"""What was measured, against which goal, and the one table of it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rich.console import Console
from rich.table import Table
from rich.text import Text


class NotMeasured(Exception):
    """It cannot be measured on this machine; the text says why."""


class Verdict(StrEnum):
    """How a figure stands to its goal."""

    MET = "met"
    MISSED = "missed"
    TOLD = "for information"
    NOT_MEASURED = "not measured"
    BROKE = "broke"


STYLES = {
    Verdict.MET: "green",
    Verdict.MISSED: "red",
    Verdict.TOLD: "",
    Verdict.NOT_MEASURED: "yellow",
    Verdict.BROKE: "bold red",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of the table."""

    what: str
    figure: str = ""
    goal: str = ""
    verdict: Verdict
    why: str = ""


def judge(what: str, ratio: float, goal: float, *, told: str, unit: str = "×", is_least: bool = False) -> Line:
    """A figure that must be at most `goal` (or at least, with `is_least`). `told`: what it was made from."""
    is_met = ratio >= goal if is_least else ratio <= goal
    sign = "≥" if is_least else "≤"
    return Line(
        what=what,
        figure=f"{_short(ratio)} {unit} ({told})",
        goal=f"{sign} {_short(goal)} {unit}",
        verdict=Verdict.MET if is_met else Verdict.MISSED,
    )


def _short(number: float) -> str:
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many in a hundred do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(len(ordered) * percent / 100))]


def spread(values: Sequence[float], *, scale: float = 1000, unit: str = "ms") -> str:
    """`4.1 ms, 3.9 to 4.6`: the median, and what half of the values lie between."""
    ordered = sorted(values)
    low, high = ordered[len(ordered) // 4], ordered[(3 * len(ordered)) // 4]
    return f"{median(ordered) * scale:.3g} {unit}, {low * scale:.3g} to {high * scale:.3g}"


def print_table(console: Console, lines: Sequence[Line]) -> None:
    """The table, with why a goal was missed."""
    table = Table(title="Speed, as ratios within this run", title_justify="left")
    for name in ("what", "figure", "goal", "verdict"):
        table.add_column(name, overflow="fold")
    for line in lines:
        verdict = f"{line.verdict}: {line.why}" if line.why else line.verdict.value
        table.add_row(line.what, line.figure, line.goal, Text(verdict, style=STYLES[line.verdict]))
    console.print(table)
