"""A school with its page, served or not, and hands for whoever is in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from starlette.applications import Starlette

from bot.manifest import load_manifest
from bot.sandbox.play.act_routes import ActRoutes
from bot.sandbox.play.offers import read_offers
from bot.sandbox.play.playground import Playground
from tests.bot.sandbox.play.hands import Hands
from tests.bot.sandbox.play.visits import Visit, open_visit


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    async with Playground() as playground:
        yield playground


@pytest.fixture
async def visit() -> AsyncIterator[Visit]:
    async with open_visit() as visit:
        yield visit


@pytest.fixture
async def hands_of(playground: Playground) -> AsyncIterator[Callable[[str], Hands]]:
    """Gives somebody's hands, by their name in the cast."""
    app = Starlette(routes=ActRoutes(playground, read_offers(load_manifest())).list_routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        yield lambda name: Hands(playground, client, playground.cast.people[name])
