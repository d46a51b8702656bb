"""A lesson's history: words for whatever is ever noted, and names for everybody who is or was in it."""

from __future__ import annotations

import ast
import io
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from bot import seating
from bot.billing import Days, Fields, Wanted
from bot.changes import FACTS, WRITTEN, name_ids
from bot.drafts import Newcomers
from bot.exports import export_rows, print_export
from bot.histories import describe_action, history_blocks
from bot.lifecycle import Ask
from bot.readers import reader_of
from bot.seeing import name_people
from bot.words import words_for
from storage.records import Lesson, LessonState, Reply
from storage.sqlite import open_store
from storage.store import Transaction
from tests.bot.commandline import CommandLine
from tests.bot.lessons_in_store import StoredSchool, found_school
from tests.bot.plain import read
from tests.records import NOW, make_audit_entry, make_person

SOURCES = [
    path for folder in ("bot", "commands") for path in sorted((Path(__file__).parents[2] / folder).rglob("*.py"))
]


def list_functions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Every function by name, and the module itself under none."""
    yield "", tree
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node


def list_calls(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Every call in it that says `action=…`, with what it says."""
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        yield from ((called, keyword.value) for keyword in call.keywords if keyword.arg == "action")


def find_noted(sources: list[str]) -> set[str]:
    """Every action that reaches an audit entry, through whatever function is handed it as `action`."""
    trees = [ast.parse(source) for source in sources]
    noting, grown = {"AuditEntry"}, True
    while grown:
        passing = {
            name
            for tree in trees
            for name, node in list_functions(tree)
            for called, value in list_calls(node)
            if name and called in noting and isinstance(value, ast.Name) and value.id == "action"
        }
        grown = not passing <= noting
        noting |= passing
    return {text for tree in trees for text in _list_texts(tree, noting)}


def _list_texts(tree: ast.Module, noting: set[str]) -> Iterator[str]:
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for called, value in list_calls(tree):
        if called not in noting:
            continue
        if isinstance(value, ast.Constant):
            yield str(value.value)
        elif isinstance(value, ast.Name) and value.id in constants:
            yield str(constants[value.id])
        else:
            assert ast.dump(value) == ast.dump(ast.Name("action", ast.Load()))


def test_every_action_that_is_noted_has_words() -> None:
    """Whatever the source hands to an audit entry; a reader never meets a stored name."""
    noted = find_noted([path.read_text("utf-8") for path in SOURCES])

    assert {"booked", "extended", "removed", "replied", "house_rules", "new_link"} <= noted
    assert set() == {action for action in noted if describe_action(action, words_for("en-US")) is None}


def test_an_action_without_words_would_be_found() -> None:
    """Also where it is handed on twice, or is a constant of its module."""
    source = """
NAME = "secretly"
def note(tx, action): tx.audit.add(AuditEntry(action=action))
def save(tx, action): note(tx, action=action)
def work(tx): save(tx, action="quietly"); AuditEntry(action=NAME); admit(tx, action="loudly")
"""

    assert {"secretly", "quietly"} == find_noted([source])
    assert describe_action("quietly", words_for("en-US")) is None


def test_every_fact_of_a_lesson_has_words() -> None:
    """Before and after alike; so have states and answers."""
    reader = reader_of(make_person("Ada"), now=NOW)
    facts: dict[str, str | int | bool | None] = {
        f"{name}_{when}": "x" for name in FACTS for when in ("before", "after")
    }
    facts |= {f"{name}_changed": True for name in WRITTEN}
    facts |= {"state_before": LessonState.LIVE.value, "reply_after": Reply.NOT_COMING.value}

    shown = read(history_blocks([make_audit_entry(None, "moved", facts=facts)], {}, reader))

    assert [] == [name for name in (*FACTS, *WRITTEN) if "_" in name and name in shown]
    assert "can’t come" in shown
    assert "state: on → x" in shown


def test_ids_are_named_where_all_of_them_are_known() -> None:
    """One or many; what is no id stays as it is."""
    names = {"1": "Ada", "2": "Ben"}

    assert ["Ada, Ben", "1 3", "", 1, None] == [name_ids(value, names) for value in ("1 2", "1 3", "", 1, None)]


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[StoredSchool]:
    async with open_store(tmp_path / "hallpass.db", is_exclusive=True) as store:
        yield await found_school(store)


async def take_out(school: StoredSchool, lesson: Lesson, *, comes_back: bool = False) -> None:
    """Ada takes Cleo out of the lesson, and perhaps in again."""

    def work(tx: Transaction) -> None:
        for step in ("out", "in") if comes_back else ("out",):
            details = tx.lessons.get_details(school.workspace.id, lesson.id)
            ask = Ask(
                workspace_id=school.workspace.id,
                lesson_id=lesson.id,
                user_id=school.ada.user_id,
                revision=details.lesson.revision,
                policy=school.policy,
                now=NOW,
            )
            if step == "in":
                seating.add(tx, ask, Newcomers(user_ids=(school.cleo.user_id,)))
            else:
                seat = next(seat for seat in details.seats if seat.person.id == school.cleo.id)
                seating.remove(tx, ask, [seat.participant.id])

    await school.write(work)


@pytest.mark.parametrize("comes_back", [False, True])
async def test_who_was_taken_out_is_named_in_the_history(school: StoredSchool, comes_back: bool) -> None:
    """Also somebody who has another place since: the entry is about the first one."""
    lesson = await school.book(school.ben, school.cleo)
    await take_out(school, lesson, comes_back=comes_back)
    details = await school.details(lesson)

    def tell(tx: Transaction) -> str:
        history = tx.audit.list_for_lesson(school.workspace.id, lesson.id)
        names = name_people(tx, details, history)
        return read(history_blocks(history, names, reader_of(school.ada, now=NOW)))

    told = await school.store.read(tell)
    assert "Ada: removed people" in told
    assert "people: Cleo" in told
    assert not any(seat.participant.id in told for seat in (*details.seats, *details.removed))


async def test_who_was_taken_out_is_shown_with_when(
    school: StoredSchool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After those who are in it, by `show` and in exports, once."""
    lesson = await school.book(school.ben, school.cleo)
    await take_out(school, lesson)
    line = CommandLine(folder=tmp_path, monkeypatch=monkeypatch, capsys=capsys)
    expected = [("Ada", None), ("Ben", None), ("Cleo", "2026-11-23T15:00:00+00:00")]

    shown = json.loads((await line.run_beside("lessons", "show", lesson.id, "--json")).out)
    rows: list[Fields] = await school.store.read(lambda tx: list(export_rows(tx, Wanted(days=Days()))))
    table = io.StringIO()
    print_export(Console(file=table, width=200), rows)

    assert expected == [(one["name"], one["removed"]) for one in shown["people"]]
    assert "participants: Cleo" in shown["history"][-1]["facts"]
    assert expected == [(row["name"], row["removed"]) for row in rows]
    assert "removed" in next(row for row in table.getvalue().splitlines() if "Cleo" in row)
