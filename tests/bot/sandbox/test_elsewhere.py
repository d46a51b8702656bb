"""The demo in the other room services: each plays to its end, and what does not happen is named."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from bot.sandbox.elsewhere import SERVICES, STEPS, play_elsewhere
from bot.sandbox.visiting import Visitor


@pytest.mark.parametrize("service", SERVICES.values())
async def test_the_lesson_is_played_to_its_end(tmp_path: Path, service: str) -> None:
    """Every step happened, nobody who stayed was taken to have left, and no link was told."""
    console = Console(file=io.StringIO(), width=112)

    status = await play_elsewhere(console, service, folder=tmp_path, pace=0)
    told = console.file.getvalue()  # type: ignore[attr-defined]

    assert 0 == status, told
    assert [] == [step.name for step in STEPS if f"✓ {step.value}" not in told]
    assert "Ben: 5" in told
    assert "/join/" not in told


async def test_what_did_not_happen_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A room that lets nobody in is no success."""
    console = Console(file=io.StringIO(), width=112)

    async def stay_outside(visitor: Visitor, url: str) -> bool:
        return False

    monkeypatch.setattr(Visitor, "come_in", stay_outside)
    status = await play_elsewhere(console, "loop", folder=tmp_path, pace=0, patience=timedelta(seconds=1))

    assert 1 == status
    assert "The link let its person in." in console.file.getvalue()  # type: ignore[attr-defined]
