"""What booking one lesson writes, as plain rows, and the plain `sqlite3` program that writes them.

The rows are recorded from a real booking into a real schema, so that both sides write the same columns, indexes and
foreign keys. Written again, every id that the booking made is made new, as a program without Hallpass would have to.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

TABLES = ("rooms", "lessons", "participants", "notices", "settings", "audit")
KEY_COLUMNS = {"id", "room", "lesson_id", "about", "submission_key", "launch_id", "webhook_digest"}
"""Columns that hold what the booking made. The rest points to people and workspace, which were there before."""

FIND = """
SELECT people.* FROM addresses JOIN people ON people.id = addresses.person_id
WHERE addresses.workspace_id = ? AND addresses.medium = 'slack'
  AND addresses.address IN (SELECT value FROM json_each(?))
"""


def record_rows(database: Path, recording: Path) -> None:
    """Write down what the only lesson in `database` consists of, and where."""
    with sqlite3.connect(database) as connection:
        found: dict[str, Any] = {"database": str(database), "tables": {}}
        for table in TABLES:
            # Generated columns (hidden 2 and 3) cannot be written.
            columns = [row[1] for row in connection.execute(f"PRAGMA table_xinfo({table})") if row[6] == 0]
            rows = connection.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
            found["tables"][table] = {"columns": columns, "rows": rows}
    connection.close()
    recording.write_text(json.dumps(found))


class RawStore:
    """Writes the recorded rows again and again, each time as another lesson, one durable commit each."""

    def __init__(self, recording: Path) -> None:
        found = json.loads(recording.read_text())
        self._tables: list[tuple[str, Sequence[int], Sequence[Sequence[Any]]]] = []
        for table, told in found["tables"].items():
            columns: list[str] = told["columns"]
            values = ", ".join("?" * len(columns))
            # Settings are the booker's last choices: they are there already, and are written over.
            sql = f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({values})"
            keys = [place for place, name in enumerate(columns) if name in KEY_COLUMNS]
            self._tables.append((sql, keys, told["rows"]))
        self._connection = sqlite3.connect(found["database"], isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._workspace = self._connection.execute("SELECT id FROM workspaces").fetchone()[0]

    def find_people(self, user_ids: Sequence[str]) -> list[Any]:
        """Whoever takes part, as stored."""
        return self._connection.execute(FIND, (self._workspace, json.dumps(user_ids))).fetchall()

    def commit(self) -> None:
        """One more lesson."""
        fresh: dict[str, str] = {}
        self._connection.execute("BEGIN IMMEDIATE")
        for sql, keys, rows in self._tables:
            self._connection.executemany(sql, [self._renew(row, keys, fresh) for row in rows])
        self._connection.execute("COMMIT")

    def _renew(self, row: Sequence[Any], keys: Sequence[int], fresh: dict[str, str]) -> list[Any]:
        renewed = list(row)
        for place in keys:
            old = renewed[place]
            if old is not None:
                new = fresh.get(old)
                if new is None:
                    new = fresh[old] = str(uuid4())
                renewed[place] = new
        return renewed

    def close(self) -> None:
        self._connection.close()
