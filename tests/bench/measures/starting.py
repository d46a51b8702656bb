"""Starting with nothing owed and with a million notices to come; and what the process weighs when nothing happens."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.booking import BookingPolicy
from storage.columns import text_of
from storage.records import Lesson, PersonId, new_id
from storage.sqlite import open_store
from storage.store import Transaction
from tests.bench.measures.storing import book_one
from tests.bench.processes import ServicesProcess, list_free_ports, running
from tests.bench.report import Line, Verdict, judge, median, spread
from tests.bench.school import People, add_people, build_policy, running_bot

MILLION = 1_000_000
MEGABYTE = 1_000_000
INSERT = """
INSERT INTO notices
  (id, workspace_id, lesson_id, kind, person_id, occasion, due_at, lesson_starts_at, state, turn, urgency, created_at)
VALUES (?, ?, ?, 'start_reminder', ?, ?, ?, ?, 'waiting', 'later', 0, ?)
"""


def measure(services: ServicesProcess, folder: Path, *, is_quick: bool) -> Iterator[Line]:
    """Both databases in turn, then a bare Bolt process with the same libraries."""
    count = MILLION // 10 if is_quick else MILLION
    fill(folder / "full", count)
    fill(folder / "empty", 0)
    services.configure()
    seconds: dict[str, list[float]] = {"empty": [], "full": []}
    weights: dict[str, list[float]] = {"empty": [], "full": []}
    for _ in range(3 if is_quick else 7):
        for name in seconds:
            with running_bot(services, folder / name, is_prepared=True) as bot:
                time.sleep(0.3)  # whatever starts with it has settled
                seconds[name].append(bot.start_seconds)
                weights[name].append(bot.process.resident_bytes)
    told = f"{spread(seconds['full'], scale=1, unit='s')} against {spread(seconds['empty'], scale=1, unit='s')}"
    ratio = median(seconds["full"]) / median(seconds["empty"])
    yield judge(f"ready with {count:,} notices pending, to none", ratio, 1.2, told=told)
    more = (median(weights["full"]) - median(weights["empty"])) / MEGABYTE
    told = f"{median(weights['full']) / MEGABYTE:.4g} against {median(weights['empty']) / MEGABYTE:.4g} MB"
    yield judge(f"memory with {count:,} notices pending, more than with none", more, 5, told=told, unit="MB")
    bare = [_weigh_bolt() for _ in range(3)]
    told = f"{median(weights['empty']) / MEGABYTE:.4g} against {median(bare) / MEGABYTE:.4g} MB"
    yield judge(
        "idle memory, to bare Bolt with the same libraries", median(weights["empty"]) / median(bare), 1.5, told=told
    )
    started = f"{spread(seconds['empty'], scale=1, unit='s')}; {median(weights['empty']) / MEGABYTE:.3g} MB"
    yield Line(what="from the command to ready", figure=started, verdict=Verdict.TOLD)


def _weigh_bolt() -> float:
    """Bytes that it holds once it listens."""
    [port] = list_free_ports(1)
    with running("tests.bench.baselines.bare_bolt", str(port), "libraries") as process:
        process.read_line()
        time.sleep(0.3)
        return process.resident_bytes


def fill(folder: Path, count: int) -> None:
    """A database with so many reminders to come, of lessons of a hundred, spread over the year that begins tomorrow."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "hallpass.db"
    lesson, people = asyncio.run(_book(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")  # only to be filled sooner; it is gone after the bench
        connection.execute("BEGIN")
        # What the booking owed is taken out of the way: nothing is due when the bot starts.
        connection.execute("DELETE FROM notices")
        connection.executemany(INSERT, _list_rows(lesson, people, count))
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _book(path: Path) -> tuple[Lesson, list[PersonId]]:
    now, people = datetime.now(UTC), People(100)

    def work(tx: Transaction, policy: BookingPolicy) -> tuple[Lesson, list[PersonId]]:
        lesson = book_one(tx, people, policy, now=now, count=100)
        return lesson, [seat.person.id for seat in tx.lessons.get_details(lesson.workspace_id, lesson.id).seats]

    async with open_store(path) as store:
        await store.write(lambda tx: add_people(tx, people, now=now))
        policy = await store.write(lambda tx: build_policy(tx, now=now))
        return await store.write(lambda tx: work(tx, policy))


def _list_rows(lesson: Lesson, people: list[PersonId], count: int) -> Iterator[tuple[str, ...]]:
    """One lesson stands for all of them: what a start costs depends on what is owed, not by whom."""
    tomorrow, created_at = lesson.starts_at + timedelta(days=1), text_of(lesson.booked_at)
    step = timedelta(days=365) / max(1, count)
    for number in range(count):
        due_at = text_of(tomorrow + number * step)
        person = people[number % len(people)]
        yield new_id(), lesson.workspace_id, lesson.id, person, str(number), due_at, due_at, created_at
