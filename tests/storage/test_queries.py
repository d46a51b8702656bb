"""The named queries: each is described, used, and answered from an index where the outbox may be long."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import pytest

from storage.database import connect, migrate
from storage.tables import cards, notices

SUBJECTS = sorted(path.name.removesuffix(".sql") for path in files("storage").joinpath("sql").iterdir())
TABLES = Path(notices.__file__).parent


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    migrate(tmp_path / "x.db")
    with closing(connect(tmp_path / "x.db")) as connection:
        yield connection


def plan_of(connection: sqlite3.Connection, sql: str) -> list[str]:
    values = dict.fromkeys(re.findall(r":(\w+)", sql), "2026")
    values |= {name: "[]" for name in values if name.endswith(("ids", "kinds", "kept"))}
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_query_is_described_and_used(subject: str) -> None:
    """A name with a sentence beneath it; no query that nobody asks for."""
    module = import_module(f"storage.tables.{subject}")
    text = files("storage").joinpath("sql", f"{subject}.sql").read_text(encoding="utf-8")
    source = (TABLES / f"{subject}.py").read_text(encoding="utf-8")

    assert list(module.SQL) == re.findall(r"^-- name: (\w+)\n-- \S", text, re.MULTILINE)
    assert [name for name in module.SQL if f'"{name}"' not in source] == []


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_query_fits_the_schema(subject: str, connection: sqlite3.Connection) -> None:
    """SQLite can prepare it; no `{placeholder}` is left."""
    for sql in import_module(f"storage.tables.{subject}").SQL.values():
        assert "{" not in sql
        plan_of(connection, sql)


@pytest.mark.parametrize(
    ("table", "query"),
    [("notices", name) for name in ("next_due_at", "next_retry_at", "ripen", "let_go", "claim", "begin", "finish")]
    + [("notices", name) for name in ("renew", "release", "drop_waiting", "wake", "pending", "list_of_lesson")]
    + [("notices", "another_begun")]
    + [("cards", name) for name in ("ripen", "let_go", "claim", "finish", "release", "want", "list_of_lesson")],
)
def test_no_query_of_the_sender_reads_a_whole_table(table: str, query: str, connection: sqlite3.Connection) -> None:
    """With a million notices to come, each step looks at the front of an index.

    `SCAN candidate USING INDEX …_in_turn` is that: the index holds only what is in turn, and is left at the limit.
    """
    module = {"notices": notices, "cards": cards}[table]
    scans = [step for step in plan_of(connection, module.SQL[query]) if step.startswith("SCAN")]
    allowed = ("json_each", "CONSTANT ROW", "SUBQUERY", "(subquery", "USING INDEX", "USING COVERING INDEX")

    assert [step for step in scans if not any(word in step for word in allowed)] == []
    for step in scans:
        if "INDEX" in step and "VIRTUAL" not in step:
            assert any(name in step for name in ("_in_turn", "_leased", "_given_up", "_begun", "_claimed", "_stale"))


@pytest.mark.parametrize(("table", "index"), [("notices", "notices_in_turn"), ("cards", "cards_in_turn")])
def test_a_claim_stops_when_it_has_enough(table: str, index: str, connection: sqlite3.Connection) -> None:
    """The order of sending is the index's, so nothing is gathered and sorted first."""
    plan = plan_of(connection, {"notices": notices, "cards": cards}[table].SQL["claim"])

    assert any(index in step and "candidate" in step for step in plan)
    assert [step for step in plan if "TEMP B-TREE FOR ORDER BY" in step] == []


@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        ("next_due_at", {"notices_waiting", "cards_to_change"}),
        ("next_retry_at", {"notices_held", "notices_leased", "cards_held", "cards_leased"}),
        ("ripen", {"notices_waiting"}),
        ("let_go", {"notices_held"}),
    ],
)
def test_the_clocks_are_read_from_indexes(query: str, indexes: set[str], connection: sqlite3.Connection) -> None:
    """Each is a search for the front of an index made for it."""
    plan = "\n".join(plan_of(connection, notices.SQL[query]))

    assert indexes == set(re.findall(r"INDEX (\w+)", plan))
    assert len(re.findall(r"SEARCH", plan)) >= len(indexes)


def test_another_that_is_begun_is_looked_for_among_a_participants_own(connection: sqlite3.Connection) -> None:
    """Asked once for each link, it must not read the notices of the whole class."""
    plan = plan_of(connection, notices.SQL["another_begun"])

    assert any("notices_about (about=?)" in step for step in plan), plan


def test_readiness_looks_only_at_what_is_due(connection: sqlite3.Connection) -> None:
    """A search that is bounded by its turn alone would walk everything that waits for next week."""
    searches = [step for step in plan_of(connection, notices.SQL["pending"]) if "notices_waiting" in step]

    assert 4 == len(searches)
    assert [] == [step for step in searches if "due_at<?" not in step]


@pytest.mark.parametrize("query", ["get", "list_between", "list_in_room", "list_overlapping", "find_shared_room"])
def test_lessons_are_found_by_index(query: str, connection: sqlite3.Connection) -> None:
    """Years of lessons behind us make no booking slower."""
    plan = plan_of(connection, import_module("storage.tables.lessons").SQL[query])

    assert [step for step in plan if step.startswith("SCAN") and "json_each" not in step] == []


@pytest.mark.parametrize("query", ["find", "get", "list_by_user_ids"])
def test_people_are_found_by_key(query: str, connection: sqlite3.Connection) -> None:
    """A workspace of thousands makes no card and no form slower."""
    plan = plan_of(connection, import_module("storage.tables.people").SQL[query])

    assert [step for step in plan if step.startswith("SCAN") and "json_each" not in step] == []


@pytest.mark.parametrize(
    ("subject", "query"),
    [("deliveries", name) for name in ("list_unworked", "find", "mark_worked")]
    + [("sessions", name) for name in ("list_of_lesson", "list_lines", "search_lines", "erase_lines")]
    + [("lessons", "find_room_by_webhook"), ("sessions", "erase_transcripts")],
)
def test_what_came_after_the_lesson_is_found_by_index(subject: str, query: str, connection: sqlite3.Connection) -> None:
    """A webhook's answer waits for some of these, and a search reads what it finds, not all that was ever said."""
    plan = plan_of(connection, import_module(f"storage.tables.{subject}").SQL[query])

    scans = [step for step in plan if step.startswith("SCAN")]
    assert [] == [step for step in scans if "VIRTUAL TABLE INDEX" not in step and "deliveries_to_work_on" not in step]


@pytest.mark.parametrize("table", ["lessons", "participants", "notices", "rooms"])
def test_erasing_looks_for_what_hangs_on_it_by_index(table: str, connection: sqlite3.Connection) -> None:
    """Else each lesson that goes would read every table that points to it, while writers wait."""
    children = [
        (child, row[3])
        for (child,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        for row in connection.execute(f"PRAGMA foreign_key_list({child})").fetchall()
        if row[2] == table
    ]

    assert children
    for child, column in children:
        plan = plan_of(connection, f"SELECT 1 FROM {child} WHERE {column} = :it")
        assert ["SEARCH"] == [step.split()[0] for step in plan], (child, column)


def test_a_shared_room_is_looked_for_among_one_persons_lessons(connection: sqlite3.Connection) -> None:
    """Not among all that the workspace ever had."""
    plan = plan_of(connection, import_module("storage.tables.lessons").SQL["find_shared_room"])

    assert ["SEARCH lesson USING INDEX sqlite_autoindex_lessons_1 (id=?)"] == [s for s in plan if " lesson USING" in s]
