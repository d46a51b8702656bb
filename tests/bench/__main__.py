"""`make bench`: measures every speed goal against its baseline in the same run, and prints one table.

Exit status 0 also where a goal is missed, since a machine may be slow or busy and the table says so plainly; 1 only
when a benchmark itself broke. `--only NAME` (several times) for one of them, `--quick` for a first look.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from tests.bench.measures import acknowledging, due, links, pace, playing, reporting, starting, storing
from tests.bench.processes import ServicesProcess, raise_file_limit, running_services
from tests.bench.report import Line, NotMeasured, Verdict, print_table

Bench = Callable[[ServicesProcess, Path, bool], Iterator[Line]]

BENCHES: dict[str, Bench] = {
    "ack": lambda services, folder, quick: acknowledging.measure_idle(services, folder, is_quick=quick),
    "busy": lambda services, folder, quick: acknowledging.measure_busy(services, folder, is_quick=quick),
    "links": lambda services, folder, quick: links.measure(services, folder, is_quick=quick),
    "pace": lambda services, folder, quick: pace.measure(services, folder, is_quick=quick),
    "start": lambda services, folder, quick: starting.measure(services, folder, is_quick=quick),
    "due": lambda _, folder, quick: due.measure(folder, is_quick=quick),
    "reports": lambda services, folder, quick: reporting.measure(services, folder, is_quick=quick),
    "lesson": lambda _, folder, quick: storing.measure(folder, is_quick=quick),
    "play": lambda _, folder, quick: playing.measure(is_quick=quick),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description="Measures the speed goals; two to six minutes.")
    parser.add_argument("--only", action="append", choices=list(BENCHES), metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true", help="fewer and smaller runs, about a minute and a half")
    arguments = parser.parse_args()
    console, lines = Console(), []
    raise_file_limit()
    with tempfile.TemporaryDirectory(prefix="hallpass-bench-") as folder, running_services() as services:
        for name in arguments.only or BENCHES:
            began = time.monotonic()
            with console.status(f"measuring {name} …"):
                lines += run(name, services, Path(folder) / name, is_quick=arguments.quick, console=console)
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    print_table(console, lines)
    return 1 if any(line.verdict is Verdict.BROKE for line in lines) else 0


def run(name: str, services: ServicesProcess, folder: Path, *, is_quick: bool, console: Console) -> list[Line]:
    """Its lines; one that says so where it cannot be measured, or broke."""
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[Line] = []
    try:
        lines.extend(BENCHES[name](services, folder, is_quick))
    except NotMeasured as reason:
        lines.append(Line(what=name, verdict=Verdict.NOT_MEASURED, why=str(reason)))
    except Exception as error:
        console.print_exception()
        lines.append(Line(what=name, verdict=Verdict.BROKE, why=f"{type(error).__name__}: {error}"))
    return lines


if __name__ == "__main__":
    sys.exit(main())
