"""Ten thousand notices due in one second, claimed and finished through the store, against the barest table."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.records import ClaimId, Notice, NoticeKind, NoticeState, RoomRef, new_id
from storage.sqlite import SqliteStore, open_store
from storage.store import Transaction
from tests.bench.baselines.bare_table import BareTable
from tests.bench.report import Line, Verdict, judge, median, spread
from tests.bench.school import People, add_people, build_policy
from tests.records import make_lesson, make_notice, make_room

LEASE = timedelta(seconds=60)
BATCH = 100
LESSONS = PEOPLE = 100
DUE = LESSONS * PEOPLE

Finish = Callable[[SqliteStore, Sequence[Notice], ClaimId], Awaitable[object]]


def measure(folder: Path, *, is_quick: bool) -> Iterator[Line]:
    """Both in turn; also how long it takes when each notice ends in a unit of work of its own, as it does when sent."""
    folder.mkdir(parents=True, exist_ok=True)
    ours, singly, theirs = [], [], []
    for number in range(3 if is_quick else 7):
        ours.append(asyncio.run(_drain(folder / f"ours-{number}.db", _finish_together)))
        theirs.append(_drain_bare(folder / f"bare-{number}.db"))
        singly.append(asyncio.run(_drain(folder / f"singly-{number}.db", _finish_singly)))
    told = f"{spread(ours)} against {spread(theirs)}"
    yield judge("10,000 due at once: the last one claimed and finished", median(ours) / median(theirs), 2, told=told)
    ratio = median(singly) / median(theirs)
    yield Line(
        what="the same, each finished by a unit of work of its own",
        figure=f"{ratio:.3g} × ({spread(singly)})",
        verdict=Verdict.TOLD,
    )


async def _drain(path: Path, finish: Finish) -> float:
    """Seconds until the last of them was finished."""
    now, people = datetime.now(UTC), People(PEOPLE)
    async with open_store(path) as store:
        await store.write(lambda tx: add_people(tx, people, now=now))
        await store.write(lambda tx: _owe_many(tx, now=now))
        began, done = time.perf_counter(), 0
        while claimed := await _claim(store, claim_id := ClaimId(new_id()), now):
            await finish(store, claimed, claim_id)
            done += len(claimed)
        seconds = time.perf_counter() - began
    if done != DUE:
        raise RuntimeError(f"the store finished {done}")
    return seconds


def _owe_many(tx: Transaction, *, now: datetime) -> None:
    """A reminder to each of a hundred people in each of a hundred lessons, due in this second."""
    account_id = build_policy(tx, now=now).account_id
    [workspace] = tx.workspaces.list_all()
    people = list(tx.people.list_by_user_ids(workspace.id, People(PEOPLE).ids).values())
    room = make_room(id=RoomRef(new_id()), workspace_id=workspace.id, account_id=account_id, created_at=now)
    tx.lessons.insert_room(room)
    for _ in range(LESSONS):
        lesson = make_lesson(
            workspace_id=workspace.id, room=room.id, booked_by=people[0].id, starts_at=now + timedelta(minutes=10)
        )
        tx.lessons.insert(lesson, [])
        # Stored before they were due, as reminders are: each must first come into its turn.
        booked_at = now - timedelta(days=1)
        tx.notices.insert(
            make_notice(lesson, person, kind=NoticeKind.START_REMINDER, due_at=now, created_at=booked_at)
            for person in people
        )


async def _claim(store: SqliteStore, claim_id: ClaimId, now: datetime) -> list[Notice]:
    return await store.write(
        lambda tx: tx.notices.claim(now=now, machine_now=now, limit=BATCH, claim_id=claim_id, lease=LEASE)
    )


async def _finish_together(store: SqliteStore, claimed: Sequence[Notice], claim_id: ClaimId) -> None:
    def work(tx: Transaction) -> None:
        for notice in claimed:
            tx.notices.finish(notice.id, claim_id=claim_id, state=NoticeState.SENT)

    await store.write(work)


async def _finish_singly(store: SqliteStore, claimed: Sequence[Notice], claim_id: ClaimId) -> None:
    def one(notice: Notice) -> Callable[[Transaction], bool]:
        return lambda tx: tx.notices.finish(notice.id, claim_id=claim_id, state=NoticeState.SENT)

    await asyncio.gather(*(store.write(one(notice), is_patient=True) for notice in claimed))


def _drain_bare(path: Path) -> float:
    table = BareTable(path, DUE)
    began = time.perf_counter()
    done = table.drain(BATCH)
    seconds = time.perf_counter() - began
    table.close()
    if done != DUE:
        raise RuntimeError(f"the bare table finished {done}")
    return seconds
