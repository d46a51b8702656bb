"""The one thread that writes, and its group commit.

Theory of operation. Callers put jobs into a queue. The thread takes everything that is queued as one *group*: one
`BEGIN IMMEDIATE`, each job inside a savepoint of its own, one COMMIT, so that one flush to disk serves them all.
A job that raises takes only its own savepoint with it. When the COMMIT fails, or SQLite gives up the transaction on
the way (a full disk), nothing of the group is kept and every caller gets that error.

Patient jobs wait up to 5 ms from when they were handed in, to be joined by others; riding ones, for which nobody waits,
up to 40 ms, and so go with others' commits. The least patient of a group ends its wait.
Results go back to the event loop with one call for each group. A caller who has gone away is skipped if its job had
not begun, and not answered otherwise; either way the group is not disturbed.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from storage.database import as_ours
from storage.errors import StorageError, StoreClosed

PATIENCE_SECONDS = 0.005
RIDING_SECONDS = 0.04


@dataclass(slots=True, eq=False)
class Job:
    """One caller's unit of work, and what came of it."""

    work: Callable[[], Any]
    future: asyncio.Future[Any]
    leaves_at: float  # on the monotonic clock: so long it may wait for others
    value: Any = None
    error: BaseException | None = None


class Writer:
    """Runs jobs over one connection, in a thread that it owns."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        *,
        loop: asyncio.AbstractEventLoop,
        take_owed: Callable[[], bool],
        on_owed: Callable[[], None] | None,
    ) -> None:
        """`take_owed` says whether the work since the last call left something to send; `on_owed` is then called on
        the loop once that work is on disk."""
        self._connection = connection
        self._path = path
        self._loop = loop
        self._take_owed = take_owed
        self._on_owed = on_owed
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self.patience_seconds = PATIENCE_SECONDS
        self.riding_seconds = RIDING_SECONDS
        self._is_closing = False
        self.commit_count = 0
        """Groups put on disk, for metrics and tests. One that changed nothing is not."""
        # A daemon: a process that dies without closing the store must not wait for it.
        self._thread = threading.Thread(target=self._run, name="hallpass-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], Any], *, is_patient: bool, rides: bool = False) -> asyncio.Future[Any]:
        """Queue it. The future is done when the work is on disk, or has failed."""
        if self._is_closing:
            raise StoreClosed("the store is closed")
        future: asyncio.Future[Any] = self._loop.create_future()
        patience = self.riding_seconds if rides else self.patience_seconds if is_patient else 0.0
        self._queue.put(Job(work, future, time.monotonic() + patience))
        return future

    def close(self) -> None:
        """Finish what is queued, then stop. Blocks until then: never to be called on the event loop's thread."""
        self._is_closing = True
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            group, is_open = self._gather()
            if group:
                is_owed = self._perform(group)
                self._hand_back(group, is_owed)

    def _gather(self) -> tuple[list[Job], bool]:
        """The next group, and whether more may follow."""
        group: list[Job] = []
        leaves_at: float | None = None
        while True:
            wait = None if leaves_at is None else max(0.0, leaves_at - time.monotonic())
            try:
                job = self._queue.get(timeout=wait)
            except Empty:
                return group, True
            if job is None:
                return group, False
            group.append(job)
            leaves_at = job.leaves_at if leaves_at is None else min(leaves_at, job.leaves_at)

    def _perform(self, group: list[Job]) -> bool:
        """Run the group in one transaction. Whether it left something to send."""
        is_owed, changes = False, self._connection.total_changes
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for job in group:
                is_owed = self._run_job(job) or is_owed
                if not self._connection.in_transaction:
                    # Only an error ends a transaction under way, and it has taken the jobs before this one with it.
                    raise job.error or StorageError("the transaction was lost")
            self._connection.execute("COMMIT")
        except BaseException as error:  # the callers must hear of it, whatever it is
            self._roll_back()
            for job in group:
                job.error = job.error or self._ours(error)
            return False
        self.commit_count += self._connection.total_changes != changes
        return is_owed

    def _run_job(self, job: Job) -> bool:
        if job.future.cancelled():
            return False
        self._take_owed()
        # One name for all, so that SQLite need not compile it anew for each: sqlite-utils' `atomic` invents names.
        self._connection.execute("SAVEPOINT job")
        try:
            job.value = job.work()
        except BaseException as error:  # the caller's, whatever it is
            job.error = self._ours(error)
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK TO job")
                self._connection.execute("RELEASE job")
            return False
        self._connection.execute("RELEASE job")
        return self._take_owed()

    def _roll_back(self) -> None:
        # A failure here must not end the thread: the next BEGIN will say what is wrong.
        with contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _ours(self, error: BaseException) -> BaseException:
        if isinstance(error, sqlite3.Error):
            ours = as_ours(error, self._path)
            ours.__cause__ = error
            return ours
        if isinstance(error, StopIteration):  # a future refuses it
            unexpected = RuntimeError("a unit of work raised StopIteration")
            unexpected.__cause__ = error
            return unexpected
        return error

    def _hand_back(self, group: list[Job], is_owed: bool) -> None:
        try:
            self._loop.call_soon_threadsafe(self._deliver, group, is_owed)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    def _deliver(self, group: list[Job], is_owed: bool) -> None:
        for job in group:
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.value)
        if is_owed and self._on_owed is not None:
            self._on_owed()
