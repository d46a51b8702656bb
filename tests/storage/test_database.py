"""The file itself: what cannot be used is refused in the system's words, and every file gets the same schema."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage.database import connect, is_current_schema, migrate, pending_migrations
from storage.errors import StorageError, StoreBusy, StoreUnusable
from storage.migrations.sqlite import STEPS, build_migrations, statements_of
from storage.sqlite import open_store

SCHEMA = Path(__file__).with_name("schema.sql")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hall pass?#.db"  # a name that an address would stumble over


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    migrate(path)
    with closing(connect(path)) as connection:
        yield connection


def schema_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return Database(connection).schema.strip() + "\n"


def test_migrating_from_nothing_gives_the_schema_on_record(path: Path) -> None:
    """`schema.sql` beside this test is what a reader may rely on; a step that changes it is seen in review.

    After adding a step: `sqlite-utils schema <a fresh database> > tests/storage/schema.sql`.
    """
    assert list(STEPS) == pending_migrations(path)
    assert list(STEPS) == migrate(path)
    assert SCHEMA.read_text(encoding="utf-8") == schema_of(path)


def test_migrating_twice_is_nothing(path: Path) -> None:
    """No step is run again, and the schema stays."""
    migrate(path)
    before = schema_of(path)

    assert (migrate(path), is_current_schema(path)) == ([], True)
    assert before == schema_of(path)


def test_asking_makes_no_file(path: Path) -> None:
    """`doctor` may ask about a database that is not there."""
    assert not is_current_schema(path)
    assert not path.exists()


def test_a_step_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All steps in one transaction: no half of a schema."""

    def broken(script: str) -> Iterator[str]:
        yield from list(statements_of(script))[:5]
        yield "CREATE TABLE oops ("

    with monkeypatch.context() as patched:
        patched.setattr("storage.migrations.sqlite.statements_of", broken)
        with pytest.raises(StorageError):
            migrate(path)
    assert schema_of(path).strip() in ("", ";")
    assert list(STEPS) == migrate(path)


async def test_a_newer_file_is_refused(path: Path) -> None:
    """Made by a version that knows steps that we do not."""
    migrate(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('hallpass', '9999_later', 'x')"
        )

    with pytest.raises(StoreUnusable, match="9999_later"):
        pending_migrations(path)
    with pytest.raises(StoreUnusable, match="newer"):
        await open_store(path).__aenter__()


async def test_a_file_that_is_behind_is_refused_by_who_does_not_migrate(path: Path) -> None:
    """With what to do about it."""
    with pytest.raises(StoreUnusable, match="hallpass migrate"):
        await open_store(path, migrate=False).__aenter__()
    migrate(path)
    async with open_store(path, migrate=False) as store:
        assert await store.read(lambda tx: tx.workspaces.list_all()) == []


def test_a_loop_room_s_token_is_carried_over_as_its_digest(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before step 0006 the ids of Loop's rooms opened them; no other service's are touched."""
    with monkeypatch.context() as patched:
        patched.setattr("storage.database.MIGRATIONS", build_migrations(STEPS[:5]))
        migrate(path)
    with closing(connect(path)) as connection:
        connection.execute("INSERT INTO workspaces (id, external_id, name, created_at) VALUES ('w', 'T', '', '2030')")
        for service, room_id in (("loop", "9ADcnzpb0sI"), ("videsk", "v-1"), ("lessonspace", None)):
            row = {"account": f"a-{service}", "service": service, "room": f"r-{service}", "room_id": room_id}
            connection.execute(
                "INSERT INTO room_accounts (id, workspace_id, service, created_at) "
                "VALUES (:account, 'w', :service, '2030-01-07')",
                row,
            )
            connection.execute(
                "INSERT INTO rooms (id, workspace_id, account_id, launch_id, room_id, created_at) "
                "VALUES (:room, 'w', :account, :room, :room_id, '2030-01-07')",
                row,
            )

    assert list(STEPS[5:]) == migrate(path)

    with closing(connect(path)) as connection:
        rooms = dict(connection.execute("SELECT id, room_id FROM rooms"))
    digest = "4828938ba3e728447e245bf1b1377c60"
    assert {"r-loop": digest, "r-videsk": "v-1", "r-lessonspace": None} == rooms
    assert b"9ADcnzpb0sI" not in path.read_bytes()


def test_two_do_not_migrate_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits for the first, and after some seconds says that the file is busy."""
    monkeypatch.setattr("storage.database.LOCK_PATIENCE_SECONDS", 0.01)
    with closing(connect(path)) as first:
        first.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            migrate(path)
        first.execute("COMMIT")
    assert list(STEPS) == migrate(path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing/x.db", "No such file or directory"), (".", "Is a directory"), ("garbage.db", "not a database")],
)
def test_an_unusable_path_says_why(tmp_path: Path, name: str, reason: str) -> None:
    """Where, and in the system's words."""
    (tmp_path / "garbage.db").write_text("no database, though long enough to look like one" * 50)

    with pytest.raises(StoreUnusable, match=reason) as caught:
        connect(tmp_path / name)
    assert str(tmp_path / name) == caught.value.path


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("is_there", [True, False])
def test_a_forbidden_path_says_so(tmp_path: Path, is_there: bool) -> None:
    """A file or a folder that we may not write."""
    path = tmp_path / "x.db"
    if is_there:
        path.touch(mode=0o400)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreUnusable, match="Permission denied"):
            connect(path)
    finally:
        tmp_path.chmod(0o700)


def test_a_new_file_is_the_owners_only(path: Path) -> None:
    """It will hold people's names."""
    migrate(path)

    assert path.stat().st_mode & 0o077 == 0


def test_a_commit_is_on_disk_before_it_returns(connection: sqlite3.Connection) -> None:
    """Write-ahead log, flushed at each commit; foreign keys are kept; transactions are ours alone."""
    settings = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]

    assert settings == ["wal", 2]
    assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert connection.isolation_level is None


def test_everybodys_tools_can_read_it(connection: sqlite3.Connection) -> None:
    """Plain tables with plain names, and text for times; each has a primary key or a unique index."""
    tables = Database(connection).table_names()

    assert {
        "addresses", "attendance", "attendance_events", "audit", "cards", "channels", "deliveries", "held_sessions",
        "installations", "lesson_totals", "lessons", "links", "notices", "participants", "people", "room_accounts",
        "rooms", "settings", "transcript_lines", "transcript_words", "workspaces",
    } == {name for name in tables if not name.startswith(("_", "sqlite_", "transcript_words_"))}  # fmt: skip
    for name in tables:
        columns = {column.name: column.type for column in Database(connection)[name].columns}
        assert {kind for column, kind in columns.items() if column.endswith("_at")} <= {"TEXT"}
        assert {kind for column, kind in columns.items() if column.endswith("_seconds")} <= {"REAL"}
        assert {kind for column, kind in columns.items() if column.endswith("_sealed")} <= {"BLOB"}


def test_a_script_is_split_into_its_statements() -> None:
    """Semicolons inside text and comments end nothing."""
    script = "-- a; comment\nCREATE TABLE a (b TEXT DEFAULT ';');\n\nCREATE INDEX c\n  ON a (b);\n"

    assert list(statements_of(script)) == [
        "-- a; comment\nCREATE TABLE a (b TEXT DEFAULT ';');",
        "CREATE INDEX c\n  ON a (b);",
    ]
