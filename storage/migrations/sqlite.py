"""The steps that bring an SQLite file to the present schema, in order.

A step is one `.sql` file beside this one, named by its number and subject. A step that has been released is never
edited: what is wrong in it is mended by the next. Each runs inside a transaction, together with the record of it
(`sqlite_utils.Migrations`), so a step that fails leaves the file as it was.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from importlib.resources import files

from sqlite_utils import Database, Migrations

STEPS = (
    "0001_everything",
    "0002_cancel_reason",
    "0003_people",
    "0004_after_the_lesson",
    "0005_inside_count",
    "0006_loop_room_names",
)


def statements_of(script: str) -> Iterator[str]:
    """The statements of an SQL script, one by one.

    `executescript` cannot be used: it commits whatever transaction is open before it starts.
    """
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""


def digest_of_loop_room(room_token: str) -> str:
    """What a Loop room is called since step 0006; SQLite has no such function of its own."""
    return hashlib.sha256(f"hallpass loop room: {room_token}".encode()).hexdigest()[:32]


def build_migrations(steps: Sequence[str] = STEPS) -> Migrations:
    """These steps, in their order."""
    migrations = Migrations("hallpass")
    for step in steps:
        _register(migrations, step)
    return migrations


def _register(migrations: Migrations, step: str) -> None:
    @migrations(name=step)
    def run(db: Database) -> None:
        script = files(__package__).joinpath(f"sqlite_{step}.sql").read_text(encoding="utf-8")
        db.conn.create_function("digest_of_loop_room", 1, digest_of_loop_room, deterministic=True)
        for statement in statements_of(script):
            db.conn.execute(statement)


MIGRATIONS = build_migrations()
