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
    missed = [line for line in lines if line.verdict is Verdict.MISSED]
    for line in missed:
        console.print(f"Missed: {line.what}. {find_reason(line.what)}", soft_wrap=True, highlight=False)


REASONS = {
    "to stock Bolt": "The commit must reach the disk before the answer, and on this disk that alone outlasts the goal.",
    "form with 30": "Reading the form, checking people and drawing the progress view cost as much again as bare Bolt.",
    "acknowledged while": "One event loop sends and answers: what a link costs in CPU (below) is waited for.",
    "form acknowledged meanwhile": (
        "One event loop takes webhooks in and answers forms, and they add a third of a core to its work: two thirds of"
        " that for HTTP, signature and storing, a sixth for judging their rooms every two seconds, a tenth for boards."
    ),
    "slowest answer": "Storing waits for its turn on the event loop and the disk, where others keep the machine busy.",
    "not worked on": "A round over all rooms takes a second or two; where it takes more, others keep the machine busy.",
    "longest stall": "Drawing and reading many people at once; the rest of the figure is the machine busy elsewhere.",
    "links": "Each link costs several times the CPU of its two calls, so the waves drift apart from the ideal.",
    "first message": (
        "Three commits lie between form and post: booked; claimed; link stored and post begun. Booking a hundred people"
        " is 13 to 20 ms by itself, and reading them for the first launch another 4."
    ),
    "CPU a link": (
        "The two calls are a quarter of it. Send-once takes two units of work on the writing thread, another quarter;"
        " reading the class for each round an eighth, drawing the card a tenth; the rest is sealing, checking, one log"
        " line."
    ),
    "fsyncs": (
        "A link must be on disk before its post, and a wave's answers come apart by its own CPU: 32 links in some"
        " 100 ms, where the writer gathers for 5 and a commit takes as long again. Longer gathering saved nothing."
    ),
    "under a limit": "Refusals close the gate for a whole second each.",
    "page with 100": "Page and bot share one event loop: each bell on the way is a drawing that the bot waits for.",
    "10,000 due": (
        "A notice comes into its turn, is leased, and leaves both: three indexes that the bare table does without."
        " That alone takes all the time of the goal: finishing half of it, claiming a third, turns a fifth."
    ),
}
"""Why a goal is missed, as far as profiles told; by a part of the row's name."""


def find_reason(what: str) -> str:
    """What profiles told of it; nothing is made up where they did not."""
    return next((reason for part, reason in REASONS.items() if part in what), "Not looked into yet.")
