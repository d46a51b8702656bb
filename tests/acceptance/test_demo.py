"""`hallpass demo` as somebody runs it who tries Hallpass: in a process of its own, then a look at what it left."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bot.rooms.lessonspace import Lessonspace
from bot.sandbox.steps import list_steps
from bot.sandbox.story import LOG_NAME, play

SECRETS = re.compile(
    rb"xox[a-z]-[0-9a-zA-Z-]{6,}|xapp-[0-9a-zA-Z-]{6,}|eyJ[\w-]{10,}\.[\w-]{10,}|/join\?|[?&]user=|"
    rb"Organisation [0-9a-f-]{20,}"
)
"""Slack's tokens, links and what is in them, the room service's key: as they would look in clear text."""


def test_the_demo_ends_well_and_shows_every_step(tmp_path: Path) -> None:
    """Exit status 0, nothing on standard error, every step, no colour codes where no terminal is."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "HALLPASS_"))}
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "demo"],
        cwd=tmp_path,
        env=environment | {"COLUMNS": "112", "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        timeout=55,
        encoding="utf-8",
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr == ""
    assert [step.name for step in list_steps(Lessonspace.capabilities) if f"✓ {step.value}" not in ran.stdout] == []
    assert "\x1b" not in ran.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """What a demo left behind."""
    printed = io.StringIO()
    status = await play(Console(file=printed, width=112), folder=tmp_path, pace=0)
    assert status == 0, printed.getvalue()
    return tmp_path


async def test_what_it_leaves_can_be_read_but_holds_no_secret(folder: Path) -> None:
    """`sqlite-utils tables --counts` shows tables with names a person understands; no link or secret lies open."""
    ran = subprocess.run(  # noqa: ASYNC221 (nothing else runs any more)
        [
            sys.executable,
            "-m",
            "sqlite_utils",
            "tables",
            str(folder / "hallpass.db"),
            "--counts",
            "--csv",
            "--no-headers",
        ],
        capture_output=True,
        check=True,
        encoding="utf-8",
        timeout=30,
    )
    counts = {name: int(count) for name, count in (line.split(",") for line in ran.stdout.split())}

    assert (counts["lessons"], counts["participants"], counts["people"]) == (3, 13, 7)
    # Six and one that was asked for anew; three, three after the move, one added, four after the extension; three.
    # In the second lesson everybody left before the end: three got a fresh one, in case they come back.
    assert counts["links"] == 7 + 11 + 3 + 3
    assert counts["attendance"] == 6 + 4
    assert min(counts["notices"], counts["cards"]) > 6
    for name in ("hallpass.db", LOG_NAME):
        content = (folder / name).read_bytes()
        assert len(content) > 1000
        assert SECRETS.findall(content) == [], name


def test_the_search_would_find_a_link() -> None:
    """The pattern above knows links and tokens when it sees them."""
    opened = (
        b"http://127.0.0.1:1/join?x",
        b'"user=eyJ"&user=',
        b"xoxb-0123456789",
        b"xapp-1-A0-01234567",
        b"eyJhbGciOiJIUzI1NiJ9.eyJyb29tIjoi",
    )

    assert all(SECRETS.search(text) for text in opened)
