"""Every command in the README is tried: parsed by the parser, and run where it needs no account, as it stands there."""

from __future__ import annotations

import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bot.cli import build_parser, main
from storage.sealing import load_or_make_key_file
from storage.sqlite import open_store
from tests.bot.lessons_in_store import found_school
from tests.documents import ROOT, list_code, list_fenced, read_readme

EXAMPLE_ID = "3f2a9c81d0e4"
"""The lesson that the README asks about."""

NEEDS_MORE = ("run", "doctor", "demo", "room")
"""What needs accounts or plays for long: tried against stand-ins, by acceptance tests and test_room_commands.py."""


def list_typed() -> list[str]:
    """Each line of each block for the shell."""
    return [line for block in list_fenced("sh") for line in block.splitlines() if line.strip()]


LINES = list_typed()
HALLPASS = sorted({line for line in LINES if line.startswith("hallpass ")})
RUN = [line for line in HALLPASS if line.split()[1] not in NEEDS_MORE]
OTHERS = [line for line in LINES if not line.startswith("hallpass ")]


def test_every_line_is_of_a_kind_that_is_tried() -> None:
    """A new kind of command gets its test here, or is one that only a person can try."""
    tried = ("hallpass", "sqlite-utils", "make", "cp", "umask", "chmod")
    by_a_person = (". .venv/bin/activate", "curl http://127.0.0.1:8710/readyz")

    assert [line for line in OTHERS if line.split()[0] not in tried and line not in by_a_person] == []
    assert len(RUN) > 5


def read_line(line: str) -> list[str]:
    """The words after `hallpass`, without where the output goes."""
    words = shlex.split(line)[1:]
    return words[: words.index(">")] if ">" in words else words


@pytest.mark.parametrize("line", HALLPASS)
def test_the_parser_takes_it(line: str) -> None:
    """Also what is not run here."""
    words = read_line(line)

    if words == ["--version"]:
        with pytest.raises(SystemExit) as stopped:
            build_parser().parse_args(words)
        assert stopped.value.code == 0
    else:
        assert callable(build_parser().parse_args(words).work)


def test_what_is_named_in_a_sentence_can_be_typed() -> None:
    """`hallpass …` in the text names a command or a group of them."""
    for code in sorted(set(list_code(read_readme()))):
        words = code.split()
        if words[0] != "hallpass" or len(words) == 1:
            continue
        with pytest.raises(SystemExit) as stopped:
            build_parser().parse_args([*(word for word in words[1:] if word != "…"), "--help"])
        assert stopped.value.code == 0, code


def test_every_make_target_named_is_there() -> None:
    """In blocks and in sentences."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = {code.split()[1] for code in [*list_code(read_readme()), *LINES] if re.match(r"make [a-z]", code)}

    assert "demo" in named
    assert named <= set(re.findall(r"^([a-z]+):", makefile, re.M))


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """Where Hallpass was once run: a database with a lesson, its key file, the two commands on the way to them."""
    path = tmp_path / "hallpass.db"
    load_or_make_key_file(tmp_path / "hallpass.db.keys")
    async with open_store(path) as store:
        school = await found_school(store)
        lesson = await school.book(school.ben)
    (tmp_path / "lesson-id").write_text(lesson.id[-12:], encoding="utf-8")
    (tmp_path / ".env.example").write_bytes((ROOT / ".env.example").read_bytes())
    (tmp_path / "bin").mkdir()
    for command, module in (("hallpass", "bot"), ("sqlite-utils", "sqlite_utils")):
        shim = tmp_path / "bin" / command
        shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {module} "$@"\n', encoding="utf-8")
        shim.chmod(0o755)
    return tmp_path


def type_in(folder: Path, lines: str) -> subprocess.CompletedProcess[str]:
    """As somebody types it in that folder."""
    return subprocess.run(
        ["sh", "-e", "-c", lines.replace(EXAMPLE_ID, (folder / "lesson-id").read_text(encoding="utf-8"))],
        cwd=folder,
        env={"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "COLUMNS": "112"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("line", RUN)
def test_what_needs_no_account_runs(
    line: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends well, prints something, and says nothing on standard error."""
    monkeypatch.chdir(folder)
    words = read_line(line.replace(EXAMPLE_ID, (folder / "lesson-id").read_text(encoding="utf-8")))

    try:
        status = main(words)
    except SystemExit as stopped:  # argparse's own way to end `--version`
        status = int(stopped.code or 0)

    printed = capsys.readouterr()
    assert (status, printed.err) == (0, "")
    assert printed.out
    if "--from" in words or "show" in words:  # others look from today, which is no test's business
        assert "Algebra" in printed.out


@pytest.mark.slow
async def test_the_backup_is_whole_and_nobody_elses(folder: Path) -> None:
    """The README's three lines, in order: a database that opens, with the lesson, and its keys; only ours to read."""
    (block,) = [block for block in list_fenced("sh") if "VACUUM" in block]

    ran = type_in(folder, block)

    assert ran.returncode == 0, ran.stderr
    with closing(sqlite3.connect(folder / "backup.db")) as connection:
        assert connection.execute("SELECT title FROM lessons").fetchall() == [("Algebra",)]
    assert (folder / "backup.db.keys").read_bytes() == (folder / "hallpass.db.keys").read_bytes()
    assert [(folder / name).stat().st_mode & 0o077 for name in ("backup.db", "backup.db.keys")] == [0, 0]


@pytest.mark.slow
async def test_the_settings_file_is_made_and_changes_nothing(folder: Path) -> None:
    """Copied and not filled in, it is as if it were not there."""
    (block,) = [block for block in list_fenced("sh") if ".env.example" in block]

    ran = type_in(folder, block + "hallpass lessons list\n")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
async def test_the_tables_can_be_counted(folder: Path) -> None:
    """With everybody's tool."""
    (block,) = [block for block in list_fenced("sh") if "--counts" in block]

    ran = type_in(folder, block)

    assert {"table": "lessons", "count": 1} in json.loads(ran.stdout)
