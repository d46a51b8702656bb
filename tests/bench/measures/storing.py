"""One lesson with thirty people, stored: how many commits, and how long against `sqlite3` writing the same rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import booking
from bot.booking import Booked, BookingPolicy, BookingRequest
from bot.drafts import BookingDraft
from storage.records import Lesson, new_id
from storage.sqlite import open_store
from storage.store import Transaction
from tests.bench.baselines.raw_rows import RawStore, record_rows
from tests.bench.report import Line, Verdict, judge, median, spread
from tests.bench.school import People, add_people, build_policy


def book_one(tx: Transaction, people: People, policy: BookingPolicy, *, now: datetime, count: int = 30) -> Lesson:
    """A lesson as the form's listener books it."""
    [workspace] = tx.workspaces.list_all()
    leader, *learners = people.take(count)
    draft = BookingDraft(
        title="Algebra",
        leader_ids=(leader,),
        participant_ids=tuple(learners),
        starts_at=now + timedelta(hours=2),
        note="Bring page 42, please.",
        zone="Europe/London",
    )
    request = BookingRequest(
        workspace_id=workspace.id, booker_user_id=leader, draft=draft, submission_key=f"form-{new_id()}"
    )
    booked = booking.book(tx, request, policy=policy, now=now)
    if not isinstance(booked, Booked):
        raise TypeError(f"not booked: {booked}")
    return tx.lessons.get(workspace.id, booked.lesson_id)


def record_booking(folder: Path, people: People) -> Path:
    """A database with these people and one lesson of thirty, and the recording of that lesson's rows."""

    async def work() -> None:
        now = datetime.now(UTC)
        async with open_store(folder / "recorded.db") as store:
            await store.write(lambda tx: add_people(tx, people, now=now))
            policy = await store.write(lambda tx: build_policy(tx, now=now))
            await store.write(lambda tx: book_one(tx, people, policy, now=now))

    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(work())
    record_rows(folder / "recorded.db", folder / "recorded.json")
    return folder / "recorded.json"


def measure(folder: Path, *, is_quick: bool) -> Iterator[Line]:
    """One lesson with thirty people: how many commits, and how long against `sqlite3` writing the same rows."""
    rounds = 60 if is_quick else 200
    raw = RawStore(record_booking(folder, People(60)))
    ours, theirs, commits = asyncio.run(_book_in_turn(folder / "ours.db", raw, rounds))
    raw.close()
    yield Line(
        what="one lesson with 30 people stored: commits",
        figure=f"{commits:.2f}",
        goal="1",
        verdict=Verdict.MET if commits == 1 else Verdict.MISSED,
    )
    told = f"{spread(ours)} against {spread(theirs)}"
    yield judge("one lesson with 30 people stored, to raw sqlite3", median(ours) / median(theirs), 2, told=told)


async def _book_in_turn(path: Path, raw: RawStore, rounds: int) -> tuple[list[float], list[float], float]:
    """Seconds for ours and theirs, one after the other, and our commits a lesson."""
    now, people = datetime.now(UTC), People(30 * rounds)
    ours, theirs = [], []
    async with open_store(path) as store:
        await store.write(lambda tx: add_people(tx, people, now=now))
        policy = await store.write(lambda tx: build_policy(tx, now=now))
        commits = store.commit_count
        for _ in range(rounds):
            began = time.perf_counter()
            await store.write(lambda tx: book_one(tx, people, policy, now=now))
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            raw.commit()
            theirs.append(time.perf_counter() - began)
        return ours, theirs, (store.commit_count - commits) / rounds
