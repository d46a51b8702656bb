"""A file that is not whole yet: it grows beside its place, as `FILE.part`, and takes that place once it is whole.

It remembers which version of the thing it is a part of (`FILE.part.version`); where nobody said, the next one begins
again rather than glue two versions together. Only its owner may read it, since recordings show children. Whoever holds
it holds the kernel's lock on it: two commands never write into one part.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from storage.errors import HallpassError


class CannotSave(HallpassError):
    """The file cannot be written there: its path, and why."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class Part:
    """What is there of the file at `path`, from `with` on. Left without `finish`, it stays for the next time.

    Raises CannotSave where something is at `path` already, unless it `overwrites`, and where it cannot be written.
    """

    def __init__(self, path: Path, *, overwrites: bool = False) -> None:
        self.path = path
        self.place = path.with_name(path.name + ".part")
        self._note = path.with_name(path.name + ".part.version")
        self._overwrites = overwrites
        self._file = -1
        self.size_bytes = 0
        self.version: str | None = None

    def __enter__(self) -> Self:
        self._refuse_what_is_there()
        with self._told():
            self._file = os.open(self.place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                self._take_lock()
                self.size_bytes = os.lseek(self._file, 0, os.SEEK_END)
            except BaseException:  # whatever it was, also Ctrl-C: nobody leaves this `with`, so nobody else closes it
                self._close()
                raise
        with contextlib.suppress(OSError, ValueError):
            self.version = self._note.read_text(encoding="ascii").strip() or None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file >= 0 and not self.size_bytes:
            self._remove()
        self._close()

    def begin(self, version: str | None) -> None:
        """Empty, to hold this version from its first byte on. None: not known, so that nobody goes on with it later."""
        with self._told():
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)
            self._note.unlink(missing_ok=True)
            if version is not None and version.isascii():
                self._note.write_text(version + "\n", encoding="ascii")
        self.size_bytes, self.version = 0, version

    def add(self, chunk: bytes) -> None:
        """At the end of what is there."""
        with self._told():
            left = memoryview(chunk)
            while left:
                left = left[os.write(self._file, left) :]
        self.size_bytes += len(chunk)

    def finish(self) -> None:
        """It is whole: from now on it is the file at `path`, on disk. Raises CannotSave if one came there meanwhile."""
        with self._told():
            os.fsync(self._file)
            if self._overwrites:
                os.replace(self.place, self.path)
            else:
                self._take_free_place()
            self._note.unlink(missing_ok=True)
        self._close()

    def _take_free_place(self) -> None:
        try:
            os.link(self.place, self.path)  # unlike a renaming, this refuses a name that is taken
        except FileExistsError:
            raise
        except OSError:  # a disk that knows no links
            self._refuse_what_is_there()
            os.replace(self.place, self.path)
        else:
            self.place.unlink()

    def _refuse_what_is_there(self) -> None:
        if self.path.is_dir():
            raise CannotSave(self.path, "is a folder")
        if not self._overwrites and os.path.lexists(self.path):
            raise CannotSave(self.path, "is there already; --force writes over it")

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it a moment ago may have finished: then what we opened has become the file itself.
            is_ours = os.path.samestat(os.fstat(self._file), os.lstat(self.place))
        except (BlockingIOError, FileNotFoundError):
            is_ours = False
        if not is_ours:
            raise CannotSave(self.place, "another command is writing it")

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            self.place.unlink()
        with contextlib.suppress(OSError):
            self._note.unlink()

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """The system's own errors as ours."""
        try:
            yield
        except FileExistsError:
            raise CannotSave(self.path, "is there already; --force writes over it") from None
        except OSError as error:
            raise CannotSave(Path(error.filename or self.place), error.strerror or type(error).__name__) from error
