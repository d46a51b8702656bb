"""What tests of the domain share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.sqlite import open_store
from tests.bot.commandline import CommandLine
from tests.bot.lessons_in_store import StoredSchool, found_school


@pytest.fixture
async def stored(tmp_path: Path) -> AsyncIterator[StoredSchool]:
    """A small school in a store of its own."""
    async with open_store(tmp_path / "school.db") as store:
        yield await found_school(store)


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """A shell in an empty folder."""
    return CommandLine(folder=tmp_path, monkeypatch=monkeypatch, capsys=capsys)
