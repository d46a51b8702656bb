"""Browsers and a join page for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.bot.reception import Reception, open_reception
from tests.browser.window import Window, elsewhere, start_chromium


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
