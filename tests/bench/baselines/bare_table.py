"""The barest outbox: one table, one partial index, claims of a hundred and their ends, each batch a durable commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

SCHEMA = """
CREATE TABLE owed (
  id TEXT PRIMARY KEY NOT NULL, lesson_id TEXT NOT NULL, kind TEXT NOT NULL, recipient TEXT NOT NULL,
  due_at TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', claim_id TEXT, leased_until TEXT
);
CREATE INDEX owed_waiting ON owed (due_at) WHERE state = 'waiting';
"""
CLAIM = """
UPDATE owed SET state = 'claimed', claim_id = ?, leased_until = ?
WHERE id IN (SELECT id FROM owed WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at LIMIT ?)
RETURNING id, lesson_id, kind, recipient, due_at
"""
FINISH = "UPDATE owed SET state = 'sent', claim_id = NULL, leased_until = NULL WHERE id = ? AND claim_id = ?"


class BareTable:
    """So many rows, all due at once."""

    def __init__(self, path: Path, count: int) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(SCHEMA)
        rows = [(str(uuid4()), str(uuid4()), "join_link", str(uuid4()), "2026-11-23T16:00:00Z") for _ in range(count)]
        self._connection.execute("BEGIN")
        self._connection.executemany(
            "INSERT INTO owed (id, lesson_id, kind, recipient, due_at) VALUES (?, ?, ?, ?, ?)", rows
        )
        self._connection.execute("COMMIT")

    def drain(self, batch: int) -> int:
        """Claim and finish until nothing is due. How many there were."""
        done = 0
        while claimed := self._claim(batch):
            self._finish(claimed)
            done += len(claimed)
        return done

    def _claim(self, batch: int) -> Sequence[tuple[str, str]]:
        claim_id = str(uuid4())
        rows = self._connection.execute(CLAIM, (claim_id, "2026-11-23T16:01:00Z", "2026-11-23T16:00:01Z", batch))
        return [(row[0], claim_id) for row in rows.fetchall()]

    def _finish(self, claimed: Sequence[tuple[str, str]]) -> None:
        self._connection.execute("BEGIN")
        self._connection.executemany(FINISH, claimed)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()
