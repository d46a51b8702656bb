"""How soon everybody has their link: against the ideal, against a script, and what it costs in CPU and commits."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import Process, ServicesProcess, running
from tests.bench.report import Line, judge, median, spread
from tests.bench.school import Bot, running_bot

LAUNCH, POST = 0.2, 0.12
AT_ONCE = 32
A_LESSON = 100
"""The most people that a form takes."""
SCRIPT_SHARE = 10
"""Of a hundred people, so many are enough to see how long a script takes for one."""


def ideal(count: int) -> float:
    """T(N) of perf.md, without rates."""
    return math.ceil(count / AT_ONCE) * max(LAUNCH, POST) + min(LAUNCH, POST)


@dataclass(frozen=True, kw_only=True)
class Sending:
    """One measured sending, from the moment the first form was sent."""

    all_seconds: float
    first_seconds: float
    cpu_seconds: float
    commit_count: int


def send(services: ServicesProcess, bot: Bot, count: int) -> Sending:
    """Book for so many people, a hundred a form, and wait until the last has been told."""
    services.configure(launch_seconds=LAUNCH, post_seconds=POST)
    commits, cpu = bot.process.ask()["commit_count"], bot.process.cpu_seconds
    began, left = time.monotonic(), count
    while left:
        part = min(A_LESSON, left)
        bot.book(part)
        left -= part
    told = services.wait_for_posts(count)
    if told["distinct_count"] != count or len(told["posted_at"]) != count:
        raise RuntimeError(f"of {count} messages {told['distinct_count']} came, in {len(told['posted_at'])} posts")
    sent = Sending(
        all_seconds=max(told["posted_at"]) - began,
        first_seconds=min(told["posted_at"]) - began,
        cpu_seconds=bot.process.cpu_seconds - cpu,
        commit_count=bot.process.ask()["commit_count"] - commits,
    )
    time.sleep(1.3)  # cards are updated and the progress is shown; the next sending begins in quiet
    return sent


def measure(services: ServicesProcess, folder: Path, *, is_quick: bool) -> Iterator[Line]:
    """All sizes, each several times in turn."""
    sizes = (2, 30, 100, 300) if is_quick else (2, 30, 100, 300, 1000)
    rounds = {2: 5, 30: 5, 100: 3 if is_quick else 5, 300: 2 if is_quick else 4, 1000: 2}
    people = sum(size * rounds[size] for size in sizes) + A_LESSON
    found: dict[int, list[Sending]] = {size: [] for size in sizes}
    bare: list[float] = []
    base = f"http://127.0.0.1:{services.port}"
    with (
        running_bot(services, folder, people=people, is_observed=True, is_timed=False) as bot,
        running("tests.bench.baselines.two_calls", base) as calls,
    ):
        calls.read_line()
        send(services, bot, A_LESSON)
        _call(services, calls, A_LESSON)
        for number in range(max(rounds.values())):
            for size in sizes:
                if number < rounds[size]:
                    found[size].append(send(services, bot, size))
            bare.append(_call(services, calls, 300))
    for size in sizes:
        yield _judge_size(size, found[size])
    yield _judge_first(found)
    yield _judge_script(services, base, found[100])
    yield from _judge_costs(found[300], bare)


def _call(services: ServicesProcess, calls: Process, count: int) -> float:
    """CPU seconds a link of the two calls alone."""
    services.configure(launch_seconds=LAUNCH, post_seconds=POST)
    return float(calls.tell(str(count))["cpu_seconds"]) / count


def _judge_size(size: int, sent: list[Sending]) -> Line:
    seconds = [one.all_seconds for one in sent]
    goal = 1.08 * ideal(size) + 0.02
    what = "a link for one learner and the leader" if size == 2 else f"{size:,} links"
    told = f"{spread(seconds, scale=1, unit='s')}; ideal {ideal(size):.3g} s"
    return judge(what, median(seconds) / ideal(size), goal / ideal(size), told=told)


def _judge_first(found: dict[int, list[Sending]]) -> Line:
    firsts = [one.first_seconds for size, sent in found.items() if size >= 30 for one in sent]
    return judge("first message, to launch + post", median(firsts) / (LAUNCH + POST), 1.1, told=spread(firsts))


def _judge_script(services: ServicesProcess, base: str, sent: list[Sending]) -> Line:
    services.configure(launch_seconds=LAUNCH, post_seconds=POST)
    with running("tests.bench.baselines.two_calls", base, "script") as script:
        script.read_line()
        seconds = script.tell(str(SCRIPT_SHARE))["seconds"] / SCRIPT_SHARE * 100
    told = f"{seconds:.3g} s, from {SCRIPT_SHARE} of them"
    ours = median([one.all_seconds for one in sent])
    return judge("100 links, ahead of a script one after the other", seconds / ours, 30, told=told, is_least=True)


def _judge_costs(sent: list[Sending], bare: list[float]) -> Iterator[Line]:
    ours = [one.cpu_seconds / 300 for one in sent]
    told = f"{spread(ours)} against {spread(bare)}"
    yield judge("CPU a link, to just the two calls", median(ours) / median(bare), 2, told=told)
    commits = [one.commit_count / 300 for one in sent]
    yield judge(
        "fsyncs a link while 300 go out", median(commits), 0.25, told=spread(commits, scale=1, unit="commits"), unit=""
    )
