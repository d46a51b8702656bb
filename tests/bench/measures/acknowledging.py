"""How long a tutor waits after pressing *Book*: a form with thirty people, acknowledged once it is on disk."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.forms import SlackSide, build_form
from tests.bench.measures.storing import record_booking
from tests.bench.processes import ServicesProcess, list_free_ports, running
from tests.bench.report import Line, Verdict, judge, median, percentile, spread
from tests.bench.school import Bot, People, running_bot

PERSONS = 31
"""Thirty and their leader."""
LATENCY = {"launch_seconds": 0.2, "post_seconds": 0.12}
FORMS_A_WAVE = 12
LONGEST_STALL_SECONDS = 0.03
WORSE_BY_SECONDS = 0.01


@contextlib.contextmanager
def running_bolt(*arguments: str) -> Iterator[Callable[[bytes], float]]:
    """A bare Bolt; what it gives sends it a form and says how long the answer took."""
    [port] = list_free_ports(1)
    with running("tests.bench.baselines.bare_bolt", str(port), *arguments) as process:
        process.read_line()
        slack = SlackSide(port)
        yield slack.send
        slack.close()


def measure_idle(services: ServicesProcess, folder: Path, *, is_quick: bool) -> Iterator[Line]:
    """Ours, the same commit in a bare Bolt, and stock Bolt's empty answer, in turn."""
    rounds = 25 if is_quick else 100
    recording = record_booking(folder, People(60))
    bare_form = build_form(*_split(People(60).take(PERSONS)))
    ours: list[float] = []
    bare: list[float] = []
    stock: list[float] = []
    with (
        running_bot(services, folder / "bot", people=PERSONS * (rounds + 5)) as bot,
        running_bolt("commit", str(recording)) as send_bare,
        running_bolt("stock") as send_stock,
    ):
        for number in range(rounds + 5):
            services.configure()
            seconds = (bot.book(PERSONS), send_bare(bare_form), send_stock(bare_form))
            services.wait_for_posts(PERSONS)
            time.sleep(0.05)  # not a wait for a result: the last writes and redrawn cards of this one, out of the next
            if number >= 5:
                for kept, one in zip((ours, bare, stock), seconds, strict=True):
                    kept.append(one)
    told = f"{spread(ours)} against {spread(bare)}"
    yield judge(
        "form with 30 people stored and acknowledged, to bare Bolt", median(ours) / median(bare), 1.5, told=told
    )
    ratio = percentile(ours, 99) / percentile(bare, 99)
    told = f"{percentile(ours, 99) * 1000:.3g} ms against {percentile(bare, 99) * 1000:.3g} ms"
    yield Line(what="the same, 99 of 100", figure=f"{ratio:.3g} × ({told})", verdict=Verdict.TOLD)
    told = f"{spread(ours)} against {spread(stock)}"
    yield judge("the same, to stock Bolt's empty answer", median(ours) / median(stock), 0.15, told=told)


def measure_busy(services: ServicesProcess, folder: Path, *, is_quick: bool) -> Iterator[Line]:
    """The same forms with nothing going on, and while links for three hundred people (and theirs) go out."""
    rounds = 30 if is_quick else 100
    people = rounds * 2 * PERSONS + 300 * (1 + rounds // FORMS_A_WAVE)
    with running_bot(services, folder, people=people, is_observed=True) as bot:
        idle = _book_quietly(services, bot, rounds)
        time.sleep(1.5)  # the leaders' cards have had their updates
        bot.process.ask()
        busy = _book_while_sending(services, bot, rounds)
        seen = bot.process.ask()
    worse = percentile(busy, 99) - percentile(idle, 99)
    told = f"99 of 100: {percentile(busy, 99) * 1000:.3g} ms, idle {percentile(idle, 99) * 1000:.3g} ms; {spread(busy)}"
    yield judge(
        "acknowledged while 300 links go out, later than idle by",
        worse * 1000,
        WORSE_BY_SECONDS * 1000,
        told=told,
        unit="ms",
    )
    told = f"of which {seen['busy_seconds'] * 1000:.3g} ms at work"
    yield judge(
        "longest stall of the event loop meanwhile",
        seen["longest_seconds"] * 1000,
        LONGEST_STALL_SECONDS * 1000,
        told=told,
        unit="ms",
    )


def _book_quietly(services: ServicesProcess, bot: Bot, rounds: int) -> list[float]:
    seconds = []
    for _ in range(rounds):
        services.configure()
        seconds.append(bot.book(PERSONS))
        services.wait_for_posts(PERSONS)
        time.sleep(0.05)
    return seconds[3:]


def _book_while_sending(services: ServicesProcess, bot: Bot, rounds: int) -> list[float]:
    """Three lessons of a hundred, then a form every 100 ms while theirs go out; again until there are enough."""
    seconds: list[float] = []
    while len(seconds) < rounds:
        services.configure(**LATENCY)
        for _ in range(3):
            bot.book(100)
        forms = min(FORMS_A_WAVE, rounds - len(seconds))
        for _ in range(forms):
            time.sleep(0.1)
            seconds.append(bot.book(PERSONS))
        services.wait_for_posts(300 + forms * PERSONS)
    return seconds


def _split(ids: list[str]) -> tuple[str, list[str]]:
    return ids[0], ids[1:]
