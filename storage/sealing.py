"""Links, tokens and provider secrets at rest: sealed with keys that are handed in.

Fernet (AES-128-CBC with HMAC-SHA256, `cryptography.fernet`), newest key first: the first seals, any of them opens, so
that keys can be rotated while both old and new values lie in the database. Nothing here looks for keys in the
environment, and nothing shows one: not in a repr, not in an error.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from storage.errors import StoreUnusable, Unreadable

OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Sealer:
    """Seals with the newest key, opens with any."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys`: newest first, as `new_key` makes them. Raises ValueError for none, or one that is not a key."""
        if not keys:
            raise ValueError("no encryption key")
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            # Without its cause: that would carry the key into a traceback.
            raise ValueError("an encryption key is not 32 bytes in URL-safe base64") from None

    def seal(self, text: str) -> bytes:
        """Different bytes each time, also for the same text."""
        return self._fernet.encrypt(text.encode())

    def unseal(self, sealed: bytes) -> str:
        """What was sealed. Raises Unreadable where none of the keys opens it."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise Unreadable("none of the encryption keys opens this value") from error

    def rotate(self, sealed: bytes) -> bytes:
        """The same text under the newest key. Raises Unreadable likewise."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken as error:
            raise Unreadable("none of the encryption keys opens this value") from error

    def __repr__(self) -> str:
        return "<Sealer>"


def new_key() -> str:
    """A fresh key, as `HALLPASS_ENCRYPTION_KEYS` takes it."""
    return Fernet.generate_key().decode("ascii")


def load_or_make_key_file(path: Path) -> list[str]:
    """The keys in this file, newest first, one to a line; a file with a new key is made where there is none.

    It is the owner's only (0600), and whole from the first moment: a process killed while making it leaves none, and
    of two that make it at once both get the key of one. Raises StoreUnusable where others may read it, or where it
    holds no key.
    """
    try:
        if not path.exists():
            _make(path)
        permissions = stat.S_IMODE(path.stat().st_mode)
        if permissions & OTHERS:
            raise StoreUnusable(str(path), f"others may read it (mode {permissions:04o}): run chmod 600")
        lines = path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else "not a file of keys"
        raise StoreUnusable(str(path), reason) from None
    if not lines:
        raise StoreUnusable(str(path), "holds no key")
    return lines


def _make(path: Path) -> None:
    """Written aside, put on disk, then linked into place: a link, unlike a rename, replaces no key that is there."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(file, "w", encoding="ascii") as stream:
            stream.write(new_key() + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        _sync_folder(path.parent)
    finally:
        draft.unlink()


def _sync_folder(folder: Path) -> None:
    """A key whose name is lost in a power cut would take every sealed value with it."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
