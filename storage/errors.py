"""The root of the error tree, and storage's branch of it.

HallpassError
├── StorageError              something about what we remember
│   ├── NotStored             no such row in this workspace; the caller asked for something that is gone
│   ├── StoreClosed           asked after the store was closed
│   ├── StoreBusy             another process holds the file; stop it or wait
│   ├── StoreUnusable         the file or the server cannot be used at all: path, permission, version
│   └── Unreadable            a sealed value that none of our keys opens
└── …                         the bot's branch: bot/errors.py

Errors carry facts; the words that people read are written in `bot/messages.py` and `bot/cli.py`.
"""


class HallpassError(Exception):
    """Whatever Hallpass raises on purpose. Everything else is a bug."""


class StorageError(HallpassError):
    """Something about what we remember."""


class NotStored(StorageError):
    """No such row in this workspace."""

    def __init__(self, noun: str, key: str) -> None:
        super().__init__(f"no {noun} {key}")
        self.noun = noun
        self.key = key


class StoreClosed(StorageError):
    """The store was closed; the process is stopping."""


class StoreBusy(StorageError):
    """Another process holds the database; `holder` says which, where known."""

    def __init__(self, path: str, holder: str | None = None) -> None:
        super().__init__(f"{path} is in use by another hallpass run" + (f" ({holder})" if holder else ""))
        self.path = path
        self.holder = holder


class StoreUnusable(StorageError):
    """The database cannot be used: where it is, and why, in the system's words."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class Unreadable(StorageError):
    """A sealed value that none of the keys handed in opens."""
