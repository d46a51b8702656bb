"""The store on SQLite: one file, one process that runs, everybody's tools to read it with.

Three connections. One writes, on a thread of its own, in groups (`storage/writer.py`); one reads, on another thread,
each unit of work against one state; one reads single rows by key right on the event loop. `run` opens the file
exclusively and migrates it; commands that only look do neither.
It keeps `storage/store.py` and adds what only a file has: its schema's upkeep and sealing everything anew.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from storage.database import connect, migrate, pending_migrations, run_migrations, translated
from storage.database import is_current_schema as is_current_schema
from storage.errors import StoreClosed, StoreUnusable
from storage.lock import FileLock
from storage.store import Transaction
from storage.tables.attendance import AttendanceTable
from storage.tables.audit import AuditTable
from storage.tables.cards import CardTable
from storage.tables.deliveries import DeliveryTable
from storage.tables.forgetting import ForgettingTable
from storage.tables.keeping import KeepingTable
from storage.tables.lessons import LessonTable
from storage.tables.notices import NoticeTable
from storage.tables.people import PeopleTable
from storage.tables.sealed import SEALED_COLUMNS, SealedColumn, reseal_chunk
from storage.tables.sessions import SessionTable
from storage.tables.settings import SettingTable
from storage.tables.workspaces import WorkspaceTable
from storage.writer import Writer

T = TypeVar("T")

__all__ = ["SqliteStore", "is_current_schema", "migrate", "open_store", "pending_migrations"]


def open_store(
    path: str | Path,
    *,
    on_owed: Callable[[], None] | None = None,
    is_exclusive: bool = False,
    migrate: bool = True,
) -> SqliteStore:
    """A store on this file, to be entered by `async with`, which opens it and makes the file where there is none.

    `on_owed` is called on the event loop after each commit that left something to send.
    `is_exclusive`: the only one of its kind on this file, as `hallpass run` must be; entering raises StoreBusy while
    another is, and takes back the claims that a former one died with.
    `migrate`: bring the schema up to date; without it, entering a file that is behind raises StoreUnusable.
    """
    return SqliteStore(Path(path), on_owed=on_owed, is_exclusive=is_exclusive, migrate=migrate)


class SqliteTransaction:
    """One unit of work's view, over one connection. `storage.store.Transaction`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._is_owed = False
        self.workspaces = WorkspaceTable(connection, self._owe)
        self.people = PeopleTable(connection, self._owe)
        self.lessons = LessonTable(connection, self._owe)
        self.notices = NoticeTable(connection, self._owe)
        self.cards = CardTable(connection, self._owe)
        self.attendance = AttendanceTable(connection, self._owe)
        self.sessions = SessionTable(connection, self._owe)
        self.deliveries = DeliveryTable(connection, self._owe)
        self.forgetting = ForgettingTable(connection, self._owe)
        self.keeping = KeepingTable(connection, self._owe)
        self.settings = SettingTable(connection, self._owe)
        self.audit = AuditTable(connection, self._owe)

    def _owe(self) -> None:
        self._is_owed = True

    def take_owed(self) -> bool:
        """Whether something to send was stored since the last call."""
        is_owed, self._is_owed = self._is_owed, False
        return is_owed


class SqliteStore:
    """`storage.store.Store` on one SQLite file. Made by `open_store`."""

    def __init__(self, path: Path, *, on_owed: Callable[[], None] | None, is_exclusive: bool, migrate: bool) -> None:
        self.path = path
        self._on_owed = on_owed
        self._lock = FileLock(path) if is_exclusive else None
        self._migrates = migrate
        self._stack = ExitStack()
        self._is_open = False

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        with ExitStack() as stack:
            await asyncio.to_thread(self._open, stack)
            self._writer = Writer(
                self._writing.connection,
                self.path,
                loop=loop,
                take_owed=self._writing.take_owed,
                on_owed=self._on_owed,
            )
            self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hallpass-reader")
            self._stack = stack.pop_all()
        self._is_open = True
        return self

    def _open(self, stack: ExitStack) -> None:
        """Everything that may wait for the disk; `stack` undoes it, the lock last."""
        if self._lock is not None:
            self._lock.take()
            stack.callback(self._lock.release)
        writing = connect(self.path)
        stack.callback(self._close_writing, writing)
        if self._migrates:
            run_migrations(writing, self.path)
        elif lacking := pending_migrations(self.path):
            raise StoreUnusable(str(self.path), f"its schema is behind ({', '.join(lacking)}): run hallpass migrate")
        self._writing = SqliteTransaction(writing)
        if self._lock is not None:
            with translated(self.path):
                self._writing.notices.free()
                self._writing.cards.free()
        self._reading = SqliteTransaction(connect(self.path, is_read_only=True))
        stack.callback(self._reading.connection.close)
        self._glancing = SqliteTransaction(connect(self.path, is_read_only=True))
        stack.callback(self._glancing.connection.close)

    def _close_writing(self, writing: sqlite3.Connection) -> None:
        """Leave one whole file behind, that can be copied as it is."""
        with translated(self.path):
            try:
                writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                writing.close()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._writer.close()
        self._reader.shutdown()
        self._stack.close()

    async def write(self, work: Callable[[Transaction], T], *, is_patient: bool = False, rides: bool = False) -> T:
        """As the contract says. A caller that is cancelled before its turn writes nothing."""
        self._check_open()
        value: T = await self._writer.submit(lambda: work(self._writing), is_patient=is_patient, rides=rides)
        return value

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """As the contract says."""
        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._read, work)

    def _read(self, work: Callable[[Transaction], T]) -> T:
        connection = self._reading.connection
        with translated(self.path):
            connection.execute("BEGIN")
            try:
                return work(self._reading)
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def glance(self, work: Callable[[Transaction], T]) -> T:
        """As the contract says."""
        self._check_open()
        with translated(self.path):
            return work(self._glancing)

    async def reseal(self, rotate: Callable[[bytes], bytes]) -> int:
        """Put every sealed value through `rotate`, a chunk to a transaction. How many there were.

        Stopped half-way it may simply be run again: values may be rotated twice.
        """
        count = 0
        for column in SEALED_COLUMNS:
            after: str | None = ""
            while after is not None:
                size, after = await self._reseal_chunk(column, after, rotate)
                count += size
        return count

    async def _reseal_chunk(
        self, column: SealedColumn, after: str, rotate: Callable[[bytes], bytes]
    ) -> tuple[int, str | None]:
        self._check_open()
        connection = self._writing.connection
        size, last = await self._writer.submit(
            lambda: reseal_chunk(connection, column, after=after, rotate=rotate), is_patient=False
        )
        return size, last

    @property
    def commit_count(self) -> int:
        """Groups put on disk since it was opened."""
        return self._writer.commit_count

    def _check_open(self) -> None:
        if not self._is_open:
            raise StoreClosed("the store is closed")

    def __repr__(self) -> str:
        return f"<SqliteStore {self.path} {'open' if self._is_open else 'closed'}>"
