"""Browsers, a join page for them, and a school."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from bot.sandbox.play.playground import Playground
from bot.sandbox.play.server import listen, open_play
from tests.bot.reception import Reception, open_reception
from tests.browser.visitor import Visitor
from tests.browser.window import DESKTOP, Window, elsewhere, forget, start_chromium


@pytest.fixture
def new_window(tmp_path: Path) -> Iterator[Callable[..., Window]]:
    """Makes browsers; all are closed afterwards."""
    made: list[Chrome] = []

    def make(*, has_script: bool = True) -> Window:
        made.append(start_chromium(tmp_path / f"profile {len(made)}", has_script=has_script))
        return Window(made[-1])

    yield make
    for chrome in made:
        chrome.quit()


@pytest.fixture
def window(new_window: Callable[..., Window]) -> Window:
    return new_window()


@pytest.fixture
async def reception(tmp_path: Path) -> AsyncIterator[Reception]:
    """At the lesson's start; rooms are at another origin than ours."""
    async with open_reception(tmp_path) as reception:
        reception.rooms.address = elsewhere(reception)
        yield reception


@pytest.fixture(scope="session")
def chromes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Chrome]]:
    """Browsers that whoever plays shares with those who played before: the first, the second."""
    made: list[Chrome] = []

    def find(place: int) -> Chrome:
        while len(made) <= place:
            made.append(start_chromium(tmp_path_factory.mktemp("profile")))
        return made[place]

    yield find
    for chrome in made:
        chrome.quit()


@dataclass(frozen=True)
class Play:
    """A school of its own, its page served; and browsers before it."""

    playground: Playground
    address: str
    chromes: Callable[[int], Chrome]

    async def sit_down(self, name: str, *, at: int = 0) -> Visitor:
        """Be somebody, in the first window or another."""
        window = Window(await asyncio.to_thread(self.chromes, at))
        await window.do(window.chrome.set_window_size, *DESKTOP)
        visitor = Visitor(window, self.address)
        await visitor.be(name)
        return visitor


@pytest.fixture
async def play(chromes: Callable[[int], Chrome]) -> AsyncIterator[Play]:
    """As `hallpass play` opens it. Browsers forget afterwards what they were told."""
    used: set[int] = set()

    def find(place: int) -> Chrome:
        used.add(place)
        return chromes(place)

    async with Playground() as playground, open_play(playground, listen(0)) as address:
        yield Play(playground, address, find)
        for place in used:
            await asyncio.to_thread(forget, chromes(place))
