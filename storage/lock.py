"""One `run` for each database file.

The lock is the kernel's (`flock` on a file beside the database), so it is gone the moment its holder is, however it
died. The file stays: taking it away would let two processes lock two different files of the same name.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from storage.errors import StoreBusy, StoreUnusable


def find_holder(database: Path) -> str | None:
    """Who holds the database's lock; None where nobody does. Makes no file."""
    if not database.with_name(database.name + ".lock").exists():
        return None
    lock = FileLock(database)
    try:
        lock.take()
    except StoreBusy as error:
        return error.holder or "another process"
    lock.release()
    return None


class FileLock:
    """The lock on `<database>.lock`, held from `take` to `release`."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(database.name + ".lock")
        self._file: int | None = None

    def take(self) -> None:
        """Hold it, or raise StoreBusy with the holder's process id. Never waits."""
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreUnusable(str(self._path), error.strerror or str(error)) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(file, 32).decode("ascii", "replace").strip()
            os.close(file)
            raise StoreBusy(str(self._database), f"process {holder}" if holder else None) from error
        except OSError as error:
            os.close(file)
            raise StoreUnusable(str(self._path), error.strerror or str(error)) from error
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode("ascii"))
        self._file = file

    def release(self) -> None:
        """Give it up; nothing where it is not held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
