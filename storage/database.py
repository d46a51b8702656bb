"""An SQLite file: how connections to it are opened, what is checked before, and how its schema is brought up to date.

Nothing here knows what the tables hold. Every failure of the file itself leaves as StoreUnusable, in the system's or
SQLite's own words; a lock that somebody else keeps for too long as StoreBusy.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlite_utils import Database

from storage.errors import StorageError, StoreBusy, StoreUnusable
from storage.migrations.sqlite import MIGRATIONS, STEPS

OLDEST_SQLITE = (3, 35, 0)  # the first with RETURNING
LOCK_PATIENCE_SECONDS = 5.0  # another process may hold the write lock this long (a migration, `hallpass keys`)
REMEMBERED_STATEMENTS = 512  # all of ours, besides the savepoints' ever new names


def connect(path: Path, *, is_read_only: bool = False) -> sqlite3.Connection:
    """A connection that leaves transactions to us, in WAL mode, each commit on disk before it returns."""
    with translated(path):
        if not is_read_only:
            _check(path)
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={'ro' if is_read_only else 'rwc'}",
            uri=True,
            isolation_level=None,
            timeout=LOCK_PATIENCE_SECONDS,
            check_same_thread=False,
            cached_statements=REMEMBERED_STATEMENTS,
        )
        try:
            _prepare(connection, path, is_read_only=is_read_only)
        except BaseException:
            connection.close()
            raise
        return connection


def _check(path: Path) -> None:
    """Say what the system would say: SQLite's "unable to open database file" helps nobody."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreUnusable(str(path), f"SQLite {sqlite3.sqlite_version} is too old, 3.35 or later is needed")
    if path.is_dir():
        raise StoreUnusable(str(path), os.strerror(errno.EISDIR))
    if path.exists():
        # Not opened to see whether that works: closing it again would drop the locks that SQLite holds on the file
        # in this same process (POSIX locks belong to processes).
        if not os.access(path, os.R_OK | os.W_OK):
            raise StoreUnusable(str(path), os.strerror(errno.EACCES))
        return
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))  # people's names: the owner's only
    except FileExistsError:
        return  # another process was quicker
    except OSError as error:
        raise StoreUnusable(str(path), error.strerror or str(error)) from error


def _prepare(connection: sqlite3.Connection, path: Path, *, is_read_only: bool) -> None:
    if is_read_only:
        connection.execute("PRAGMA query_only = ON")
        return
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreUnusable(str(path), "its file system does not allow SQLite's write-ahead log")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # What savepoints set aside would otherwise go through a file as soon as it is more than 64 KiB.
    connection.execute("PRAGMA temp_store = MEMORY")
    # What is erased is overwritten, not only let go of: it is people's names and what they said. Some builds do so by
    # themselves, some do not.
    connection.execute("PRAGMA secure_delete = ON")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Let no `sqlite3` exception out. A row that the schema refuses is a plain StorageError: a bug of the caller's."""
    try:
        yield
    except sqlite3.Error as error:
        raise as_ours(error, path) from error


def as_ours(error: sqlite3.Error, path: Path) -> StorageError:
    """The same failure on our tree. SQLite's messages name tables and columns, never values."""
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError):
        return StorageError(str(error))
    # Absent where Python's module, not SQLite, found the fault.
    name = getattr(error, "sqlite_errorname", None)
    if name in ("SQLITE_BUSY", "SQLITE_LOCKED"):
        return StoreBusy(str(path))
    if name == "SQLITE_ERROR":  # wrong SQL, not a wrong file
        return StorageError(str(error))
    return StoreUnusable(str(path), str(error))


def migrate(path: str | Path) -> list[str]:
    """Bring the file to the present schema, or make it. Names the steps that were run; none the second time.

    All of them in one transaction, and only one process at a time.
    """
    path = Path(path)
    with closing(connect(path)) as connection:
        return run_migrations(connection, path)


def run_migrations(connection: sqlite3.Connection, path: Path) -> list[str]:
    """The same over a connection that is open."""
    with translated(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            steps = _pending(connection, path)
            if steps:
                MIGRATIONS.apply(Database(connection, recursive_triggers=False))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return steps


def pending_migrations(path: str | Path) -> list[str]:
    """The steps that the file still lacks, in order. Changes nothing; a file that does not exist lacks them all.

    Raises StoreUnusable for a file that a newer version made.
    """
    path = Path(path)
    if not path.exists():
        return list(STEPS)
    with closing(connect(path, is_read_only=True)) as connection, translated(path):
        return _pending(connection, path)


def is_current_schema(path: str | Path) -> bool:
    """Whether nothing is left to migrate."""
    return not pending_migrations(path)


def _pending(connection: sqlite3.Connection, path: Path) -> list[str]:
    database = Database(connection, recursive_triggers=False)
    unknown = [step.name for step in MIGRATIONS.applied(database) if step.name not in STEPS]
    if unknown:
        raise StoreUnusable(str(path), f"a newer version made it ({', '.join(unknown)})")
    return [step.name for step in MIGRATIONS.pending(database)]
