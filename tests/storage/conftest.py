"""Every store, and a school in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.store import Store
from tests.storage.contract import STORES, School, make_school


@pytest.fixture
def owed() -> list[str]:
    """Grows by one whenever the store says that there is something to send."""
    return []


@pytest.fixture(params=sorted(STORES))
async def store(request: pytest.FixtureRequest, tmp_path: Path, owed: list[str]) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path, lambda: owed.append("owed")) as store:
        yield store


@pytest.fixture
async def school(store: Store) -> School:
    return await store.write(make_school(store))
