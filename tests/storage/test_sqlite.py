"""Units of work on SQLite: all or nothing, many to a commit, durable when they return."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.errors import NotStored, StorageError, StoreBusy, StoreClosed, StoreUnusable
from storage.sealing import Sealer, new_key
from storage.sqlite import SqliteStore, open_store
from storage.store import Store, Transaction
from tests.records import NOW, make_link, make_notice, make_person
from tests.storage.contract import School, changed, make_school
from tests.storage.test_deliveries import make_delivery


def count_people(tx: Transaction) -> int:
    return len([one for one in tx.workspaces.list_all() if one.name == "kept"])


def add(external_id: str) -> Callable[[Transaction], str]:
    """A unit of work that leaves one workspace behind."""

    def work(tx: Transaction) -> str:
        return tx.workspaces.ensure(external_id, name="kept", bot_user_id=None, now=NOW).external_id

    return work


class Gate:
    """A unit of work that stays inside the writer until it is let go, so that a group can gather behind it."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, tx: Transaction) -> None:
        self.entered.set()
        assert self.opened.wait(10)

    async def hold(self, store: SqliteStore) -> asyncio.Task[None]:
        task = asyncio.create_task(store.write(self))
        assert await asyncio.to_thread(self.entered.wait, 10)
        return task


async def queue(store: SqliteStore, *works: Callable[[Transaction], object]) -> list[asyncio.Task[object]]:
    tasks = [asyncio.create_task(store.write(work)) for work in works]
    await asyncio.sleep(0)  # each has put its job into the queue
    return tasks


async def test_what_a_unit_of_work_raises_is_raised_and_nothing_kept(store: Store) -> None:
    """The caller's own exception, and none of what was written before it."""

    def work(tx: Transaction) -> None:
        add("T1")(tx)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await store.write(work)
    assert await store.read(count_people) == 0


async def test_a_unit_of_work_reads_what_it_wrote(store: Store) -> None:
    """And the next reader sees it as soon as the write has returned, on every connection."""

    def work(tx: Transaction) -> int:
        add("T1")(tx)
        return count_people(tx)

    assert await store.write(work) == 1
    assert (await store.read(count_people), store.glance(lambda tx: tx.workspaces.find("T1")) is not None) == (1, True)


@pytest.mark.parametrize("way", ["read", "glance"])
async def test_a_read_cannot_write(store: Store, way: str) -> None:
    """Neither in the reader's thread nor on the loop; and reading goes on afterwards."""
    with pytest.raises(StorageError):
        await store.read(add("T1")) if way == "read" else store.glance(add("T1"))
    assert await store.read(count_people) == 0


async def test_a_row_that_the_schema_refuses_leaves_as_our_error(store: Store) -> None:
    """No exception of SQLite's travels inward, and no value with it."""
    with pytest.raises(StorageError, match="FOREIGN KEY") as caught:
        await store.write(lambda tx: tx.people.save(make_person("Secret", workspace_id="nowhere")))
    assert "Secret" not in str(caught.value)


async def test_reading_sees_one_state(school: School) -> None:
    """What is committed while a unit of work reads is not seen by it."""
    started, go_on = threading.Event(), threading.Event()

    def work(tx: Transaction) -> tuple[int, int]:
        before = count_people(tx)
        started.set()
        assert go_on.wait(10)
        return before, count_people(tx)

    reading = asyncio.create_task(school.store.read(work))
    assert await asyncio.to_thread(started.wait, 10)
    await school.store.write(add("T9"))
    go_on.set()
    async with asyncio.timeout(10):
        assert await reading == (0, 0)
    assert await school.store.read(count_people) == 1


async def test_after_closing_everything_is_refused(tmp_path: Path) -> None:
    """And before opening."""
    store = open_store(tmp_path / "x.db")
    for is_entered in (False, True):
        if is_entered:
            async with store:
                pass
        with pytest.raises(StoreClosed):
            await store.write(count_people)
        with pytest.raises(StoreClosed):
            await store.read(count_people)
        with pytest.raises(StoreClosed):
            store.glance(count_people)


async def test_what_was_queued_when_closing_is_kept(tmp_path: Path) -> None:
    """Leaving the store finishes it, and leaves one whole file without a log beside it."""
    async with open_store(tmp_path / "x.db") as store:
        gate = Gate()
        held = await gate.hold(store)
        tasks = await queue(store, add("T1"), add("T2"))
        gate.opened.set()
    async with asyncio.timeout(10):
        assert [await task for task in [held, *tasks]] == [None, "T1", "T2"]

    assert os.listdir(tmp_path) == ["x.db"]
    shutil.copy(tmp_path / "x.db", tmp_path / "copy.db")
    async with open_store(tmp_path / "copy.db") as store:
        assert await store.read(count_people) == 2


async def test_what_returned_survives_the_death_of_the_process(tmp_path: Path) -> None:
    """A process killed without closing anything loses nothing that a write returned."""
    script = (
        "import asyncio, os, signal, sys\n"
        "from storage.sqlite import open_store\n"
        "from tests.storage.test_sqlite import add\n"
        "async def main():\n"
        "    async with open_store(sys.argv[1], is_exclusive=True) as store:\n"
        "        await store.write(add('T1'))\n"
        "        await store.write(add('T2'), is_patient=True)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    path = tmp_path / "x.db"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, path)
    async with asyncio.timeout(30):
        assert await process.wait() == -9
    async with open_store(path, is_exclusive=True) as store:
        assert await store.read(count_people) == 2


async def test_what_is_queued_together_shares_a_commit(tmp_path: Path) -> None:
    """One flush to disk for all of them."""
    async with open_store(tmp_path / "x.db") as store:
        gate = Gate()
        held = await gate.hold(store)
        before = store.commit_count
        tasks = await queue(store, *[add(f"T{number}") for number in range(50)])
        gate.opened.set()
        await asyncio.gather(held, *tasks)

        assert (before + 1, 50) == (store.commit_count, await store.read(count_people))


async def test_one_that_fails_leaves_the_others(tmp_path: Path) -> None:
    """Its own work is undone, its own caller told."""

    def fail(tx: Transaction) -> None:
        add("T2")(tx)
        raise ValueError("mine")

    async with open_store(tmp_path / "x.db") as store:
        gate = Gate()
        held = await gate.hold(store)
        tasks = await queue(store, add("T1"), fail, add("T3"))
        gate.opened.set()
        first, second, third = await asyncio.gather(*tasks, return_exceptions=True)
        await held

        assert ("T1", ValueError, "T3") == (first, type(second), third)
        assert [one.external_id for one in await store.read(lambda tx: tx.workspaces.list_all())] == ["T1", "T3"]


async def test_a_commit_that_fails_fails_everybody(tmp_path: Path) -> None:
    """A constraint that is only checked at the commit takes the whole group, and the store goes on afterwards."""

    def break_at_commit(tx: Transaction) -> None:
        connection = store._writing.connection
        connection.execute("PRAGMA defer_foreign_keys = ON")
        connection.execute("INSERT INTO settings (workspace_id, name, value) VALUES ('nowhere', 'x', '{}')")

    async with open_store(tmp_path / "x.db", on_owed=lambda: pytest.fail("nothing is owed")) as store:
        gate = Gate()
        held = await gate.hold(store)
        tasks = await queue(store, add("T1"), break_at_commit)
        gate.opened.set()
        results = await asyncio.gather(held, *tasks, return_exceptions=True)

        assert [type(None), StorageError, StorageError] == [type(result) for result in results]
        assert await store.read(count_people) == 0
        assert await store.write(add("T1")) == "T1"


async def test_a_transaction_lost_on_the_way_fails_everybody(tmp_path: Path) -> None:
    """SQLite gives up the whole transaction for a full disk; nobody whose work went with it is told otherwise."""

    def lose(tx: Transaction) -> None:
        store._writing.connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("database or disk is full")

    async with open_store(tmp_path / "x.db") as store:
        gate = Gate()
        held = await gate.hold(store)
        tasks = await queue(store, add("T1"), lose, add("T3"))
        gate.opened.set()
        results = await asyncio.gather(held, *tasks, return_exceptions=True)

        assert results[0] is None  # it had a commit of its own
        assert all(isinstance(result, StorageError) for result in results[1:])
        assert await store.read(count_people) == 0
        assert await store.write(add("T4")) == "T4"


async def test_a_caller_who_goes_away_disturbs_nobody(tmp_path: Path) -> None:
    """Cancelled before its turn, its work is not done; the others' is."""
    async with open_store(tmp_path / "x.db") as store:
        gate = Gate()
        held = await gate.hold(store)
        tasks = await queue(store, add("T1"), add("T2"), add("T3"))
        tasks[1].cancel()
        await asyncio.sleep(0)
        held.cancel()  # in the middle of its turn
        await asyncio.sleep(0)
        gate.opened.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)

        assert ("T1", asyncio.CancelledError, "T3") == (results[0], type(results[1]), results[2])
        assert [one.external_id for one in await store.read(lambda tx: tx.workspaces.list_all())] == ["T1", "T3"]


async def test_even_stop_iteration_is_answered(tmp_path: Path) -> None:
    """A future refuses it; its caller must not wait for ever, nor those beside it."""

    def stop(tx: Transaction) -> None:
        next(iter(()))

    async with open_store(tmp_path / "x.db") as store, asyncio.timeout(10):
        with pytest.raises(RuntimeError, match="StopIteration"):
            await store.write(stop)
        assert await store.write(add("T1")) == "T1"


async def test_patient_work_is_joined_by_others(tmp_path: Path) -> None:
    """It goes with the first that does not wait, in one commit."""
    async with open_store(tmp_path / "x.db") as store:
        store._writer.patience_seconds = 3600.0
        patient = asyncio.create_task(store.write(add("T1"), is_patient=True))
        await asyncio.sleep(0)
        before = store.commit_count

        async with asyncio.timeout(10):
            await store.write(add("T2"))
            assert await patient == "T1"
        assert store.commit_count == before + 1


async def test_patient_work_does_not_wait_for_ever(tmp_path: Path) -> None:
    """Alone, it goes when its few milliseconds are over."""
    async with open_store(tmp_path / "x.db") as store, asyncio.timeout(10):
        assert await store.write(add("T1"), is_patient=True) == "T1"


async def test_riding_work_goes_with_patient_work(tmp_path: Path) -> None:
    """Nobody waits for it, so it waits for the others: one commit for both, as soon as theirs is due."""
    async with open_store(tmp_path / "x.db") as store:
        store._writer.riding_seconds = 3600.0
        riding = asyncio.create_task(store.write(add("T1"), is_patient=True, rides=True))
        await asyncio.sleep(0)
        before = store.commit_count

        async with asyncio.timeout(10):
            await store.write(add("T2"), is_patient=True)
            assert await riding == "T1"
        assert store.commit_count == before + 1


async def test_riding_work_does_not_wait_for_ever(tmp_path: Path) -> None:
    """Where no others come it goes by itself."""
    async with open_store(tmp_path / "x.db") as store, asyncio.timeout(10):
        assert await store.write(add("T1"), rides=True) == "T1"


async def test_work_that_changes_nothing_is_no_commit(tmp_path: Path) -> None:
    """A claim that found nothing due puts nothing on disk, and is not counted as if it did."""
    async with open_store(tmp_path / "x.db") as store:
        await store.write(add("T1"))
        before = store.commit_count

        assert await store.write(count_people) == 1

        assert store.commit_count == before


async def test_the_sender_is_told_once_for_a_commit(tmp_path: Path) -> None:
    """After it, on the event loop; not for work that owes nothing, nor for work that failed."""
    owed: list[int] = []
    loop_thread = threading.get_ident()

    def tell() -> None:
        assert threading.get_ident() == loop_thread
        owed.append(store.commit_count)

    async with open_store(tmp_path / "x.db", on_owed=tell) as store:
        school = await store.write(make_school(store))
        lesson = await school.book(school.ben)
        assert owed == []

        def fail(tx: Transaction) -> None:
            tx.notices.insert([changed(notice, id="n2", occasion="2")])
            raise ValueError

        notice = await school.owe(lesson, school.ben)
        assert owed == [store.commit_count]
        with pytest.raises(ValueError):
            await store.write(fail)
        await store.write(lambda tx: tx.notices.insert([notice]))
        assert len(owed) == 1


async def test_a_group_that_owes_twice_is_told_once(tmp_path: Path) -> None:
    """And the work of each is done."""
    owed: list[str] = []
    async with open_store(tmp_path / "x.db", on_owed=lambda: owed.append("owed")) as store:
        school = await store.write(make_school(store))
        lesson = await school.book(school.ben)
        notices = [make_notice(lesson, school.ben, occasion=occasion) for occasion in "ab"]
        gate = Gate()
        held = await gate.hold(store)
        tasks = await queue(store, *[lambda tx, one=one: tx.notices.insert([one]) for one in notices])
        gate.opened.set()

        assert [None, 1, 1] == await asyncio.gather(held, *tasks)
        assert owed == ["owed"]


async def test_one_run_for_each_file(tmp_path: Path) -> None:
    """A second is refused with the first one's process id, from this process and from another; then it is free."""
    path = tmp_path / "x.db"
    script = (
        "import asyncio, sys\n"
        "from storage.sqlite import open_store\n"
        "async def main():\n"
        "    async with open_store(sys.argv[1], is_exclusive=True):\n"
        "        print('open', flush=True)\n"
        "        await asyncio.to_thread(sys.stdin.read)\n"
        "asyncio.run(main())\n"
    )
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(path), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    async with asyncio.timeout(30):
        assert await other.stdout.readline() == b"open\n"
        with pytest.raises(StoreBusy, match=str(other.pid)) as caught:
            async with open_store(path, is_exclusive=True):
                pass
        assert str(path) == caught.value.path
        async with open_store(path) as looking:  # a command that only looks may
            assert await looking.read(count_people) == 0
        other.kill()
        await other.communicate()
    async with open_store(path, is_exclusive=True):
        with pytest.raises(StoreBusy):
            await open_store(path, is_exclusive=True).__aenter__()


async def test_a_failed_opening_holds_nothing(tmp_path: Path) -> None:
    """Neither the lock nor a connection: mended, it opens."""
    path = tmp_path / "x.db"
    path.write_text("this is not a database, and long enough for SQLite to see it\n" * 20)
    with pytest.raises(StoreUnusable, match="not a database"):
        await open_store(path, is_exclusive=True).__aenter__()
    path.unlink()
    async with open_store(path, is_exclusive=True) as store:
        assert await store.read(count_people) == 0


async def test_every_sealed_value_is_sealed_anew(tmp_path: Path) -> None:
    """All columns that hold one, chunk after chunk; with the old key gone everything still opens."""
    old, new = new_key(), new_key()
    before, after = Sealer([old]), Sealer([new, old])
    async with open_store(tmp_path / "x.db") as store:
        school = await store.write(make_school(store))
        lesson = await school.book(school.ben)
        seat = await school.seat(lesson, school.ben)
        links = [
            make_link(seat, number=number, url_sealed=before.seal(f"url {number}"), token_sealed=before.seal("t"))
            for number in range(201)
        ]
        room = changed(school.room, secret_sealed=before.seal("room"), webhook_key_sealed=before.seal("key"))
        delivery = make_delivery(school, body_sealed=before.seal("body"))

        def work(tx: Transaction) -> None:
            tx.lessons.update_room(room)
            tx.deliveries.add(delivery)
            for link in links:
                tx.lessons.insert_link(link)

        await store.write(work)
        assert await store.reseal(after.rotate) == 3 + 2 * 201
        only_new = Sealer([new])
        details = await store.read(lambda tx: tx.lessons.get_details(lesson.workspace_id, lesson.id))
        assert details.room.secret_sealed is not None
        assert only_new.unseal(details.room.secret_sealed) == "room"
        assert only_new.unseal(details.room.webhook_key_sealed or b"") == "key"
        (unworked,) = await store.read(lambda tx: tx.deliveries.list_unworked(limit=2))
        assert unworked.body_sealed is not None
        assert only_new.unseal(unworked.body_sealed) == "body"
        stored = await store.read(lambda tx: tx.lessons.list_links(lesson.workspace_id, lesson.id))
        assert [f"url {one.number}" for one in stored] == [only_new.unseal(one.url_sealed or b"") for one in stored]
        assert {"t"} == {only_new.unseal(one.token_sealed or b"") for one in stored}


async def test_a_stored_error_names_what_is_missing(school: School) -> None:
    """The noun and the key, for the words that people read."""
    with pytest.raises(NotStored) as caught:
        await school.store.read(lambda tx: tx.lessons.get(school.workspace.id, "nothing"))  # type: ignore[arg-type]

    assert (caught.value.noun, caught.value.key) == ("lesson", "nothing")
