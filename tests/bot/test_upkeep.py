"""Schema and keys from the command line: it says what it did, twice does no harm, and a running bot is left alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from storage.errors import Unreadable
from storage.migrations.sqlite import STEPS
from storage.sealing import Sealer
from storage.sqlite import is_current_schema, open_store
from tests.bot.commandline import CommandLine
from tests.bot.lessons_in_store import found_school
from tests.records import make_room

DATABASE = "hallpass.db"


def test_migrate_makes_the_database_once(line: CommandLine) -> None:
    """The first time it names the steps, the second time there is nothing to do; no token is needed."""
    first, second = line.run("migrate"), line.run("migrate")

    assert (0, f"hallpass.db: made ({', '.join(STEPS)}).\n") == (first.status, first.out)
    assert (0, "hallpass.db is up to date.\n") == (second.status, second.out)
    assert is_current_schema(line.folder / DATABASE)


async def test_migrate_leaves_a_file_alone_that_a_bot_holds(line: CommandLine) -> None:
    """An older version may be running on it: it is not changed beneath it. Nothing to do needs no lock."""
    async with open_store(line.folder / DATABASE, is_exclusive=True):
        current = await line.run_beside("migrate")
        with closing(sqlite3.connect(line.folder / DATABASE)) as connection, connection:
            connection.execute("DELETE FROM _sqlite_migrations")
        behind = await line.run_beside("migrate")

    assert (0, 2) == (current.status, behind.status)
    assert "in use by another hallpass run" in behind.err


def test_a_new_key_is_printed_and_stored_nowhere(line: CommandLine) -> None:
    """Each time another one, alone on stdout, so that a script can take it."""
    first, second = line.run("keys", "new"), line.run("keys", "new")

    assert first.out != second.out
    assert "" == first.err
    assert "x" == Sealer([first.out.strip()]).unseal(Sealer([first.out.strip()]).seal("x"))
    assert [] == list(line.folder.iterdir())


async def _store_secret(line: CommandLine, key: str) -> None:
    async with open_store(line.folder / DATABASE) as store:
        school = await found_school(store)
        sealed = Sealer([key]).seal("a room's secret")
        room = make_room(workspace_id=school.workspace.id, account_id=school.policy.account_id, secret_sealed=sealed)
        await school.write(lambda tx: tx.lessons.insert_room(room))


def _read_secret(line: CommandLine) -> bytes:
    with closing(sqlite3.connect(line.folder / DATABASE)) as connection:
        [[sealed]] = connection.execute("SELECT secret_sealed FROM rooms").fetchall()
    return bytes(sealed)


async def test_rotating_puts_everything_under_the_newest_key(line: CommandLine) -> None:
    """Afterwards the old key is no longer needed."""
    old, new = line.run("keys", "new").out.strip(), line.run("keys", "new").out.strip()
    await _store_secret(line, old)

    ran = await line.run_beside("keys", "rotate", environment={"HALLPASS_ENCRYPTION_KEYS": f"{new},{old}"})

    assert (0, "1 stored value is encrypted with the newest key now.\n") == (ran.status, ran.out)
    assert "a room's secret" == Sealer([new]).unseal(_read_secret(line))
    with pytest.raises(Unreadable):
        Sealer([old]).unseal(_read_secret(line))


async def test_rotating_without_the_old_key_changes_nothing(line: CommandLine) -> None:
    """One line, and the stored value is still under the old key."""
    old, new = line.run("keys", "new").out.strip(), line.run("keys", "new").out.strip()
    await _store_secret(line, old)

    ran = await line.run_beside("keys", "rotate", environment={"HALLPASS_ENCRYPTION_KEYS": new})

    assert (2, "") == (ran.status, ran.out)
    assert ["hallpass: none of the encryption keys opens this value"] == ran.err.splitlines()
    assert "a room's secret" == Sealer([old]).unseal(_read_secret(line))


async def test_rotating_leaves_a_file_alone_that_a_bot_holds(line: CommandLine) -> None:
    """The bot would go on sealing with the keys that it was started with."""
    async with open_store(line.folder / DATABASE, is_exclusive=True):
        ran = await line.run_beside("keys", "rotate")

    assert 2 == ran.status
    assert "in use by another hallpass run (process" in ran.err
    assert ran.err.endswith("stop that one first\n")


def test_rotating_nothing_makes_nothing(line: CommandLine) -> None:
    """No database and no key appear because somebody looked."""
    ran = line.run("keys", "rotate")

    assert 2 == ran.status
    assert "there is no such file" in ran.err
    assert [] == list(line.folder.iterdir())
