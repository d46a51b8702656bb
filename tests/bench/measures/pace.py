"""A Slack that takes twenty messages a second: does everybody get theirs, how soon, and how often were we told off?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measures.links import A_LESSON, LAUNCH, POST
from tests.bench.processes import ServicesProcess
from tests.bench.report import Line, Verdict, judge
from tests.bench.school import running_bot

PER_SECOND = 20
REFUSED_PERCENT = 5


def measure(services: ServicesProcess, folder: Path, *, is_quick: bool) -> Iterator[Line]:
    """With the rate told to Hallpass, and with its default rate, which knows nothing of the limit."""
    count = 100 if is_quick else 200
    seconds, refused = _send(services, folder / "told", count, rate=f"{PER_SECOND}/s")
    ideal = (count - PER_SECOND) / PER_SECOND + LAUNCH + POST
    told = f"{seconds:.3g} s, ideal {ideal:.3g} s; all {count} delivered"
    yield judge("under a limit of 20 posts a second", seconds / ideal, 1.1, told=told)
    yield judge(
        "posts refused meanwhile", 100 * refused / count, REFUSED_PERCENT, told=f"{refused} of {count}", unit="%"
    )
    count = 60
    seconds, refused = _send(services, folder / "default", count, rate="")
    yield Line(
        what="the same with the default rate, 5/s after a burst of 30",
        figure=f"{seconds:.3g} s for {count}, {refused} refused",
        verdict=Verdict.TOLD,
    )


def _send(services: ServicesProcess, folder: Path, count: int, *, rate: str) -> tuple[float, int]:
    """Seconds until the last message, and how many posts were refused."""
    with running_bot(services, folder, people=count, settings={"HALLPASS_POST_RATE": rate}) as bot:
        services.configure(launch_seconds=LAUNCH, post_seconds=POST, per_second=PER_SECOND)
        began, left = time.monotonic(), count
        while left:
            part = min(A_LESSON, left)
            bot.book(part)
            left -= part
        told = services.wait_for_posts(count)
    if told["distinct_count"] != count or len(told["posted_at"]) != count:
        raise RuntimeError(f"of {count} messages {told['distinct_count']} came, in {len(told['posted_at'])} posts")
    return max(told["posted_at"]) - began, int(told["refused_count"])
