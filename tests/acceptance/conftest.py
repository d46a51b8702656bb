"""A school for every story: stand-ins, the bot in this process, lesson time in the test's hands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.sandbox.school import School, open_school

MONDAY_TWO_PM = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
"""Monday 23 November 2026, 14:00 in Berlin."""


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    """The bot runs, over HTTP, at 14:00 on a Monday in Berlin; time stands still."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM) as school:
        await school.start()
        yield school
