"""The join page when everybody presses at once, over real HTTP: each link lets one browser in, no more and no less.

One link pressed by a hundred browsers is in `test_join_web.py`.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.join_answers import STATUSES
from bot.join_pages import Face
from tests.bot.reception import ROOM_URL, Reception, open_reception

AT_ONCE = 100
IN = "in"


@pytest.fixture
async def reception(tmp_path: Path) -> AsyncIterator[Reception]:
    async with open_reception(tmp_path) as reception:
        yield reception


@asynccontextmanager
async def open_crowd(reception: Reception) -> AsyncIterator[aiohttp.ClientSession]:
    """A hundred connections of people who were never here: none of them brings a cookie."""
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(
        reception.origin, connector=connector, cookie_jar=aiohttp.DummyCookieJar()
    ) as crowd:
        yield crowd


async def press(crowd: aiohttp.ClientSession, token: str) -> tuple[str, str]:
    """Join on this link's page. `IN` and where the browser is sent, or the page's face and its words."""
    async with crowd.post(f"/join/{token}", allow_redirects=False) as answer:
        text = await answer.text()
        if answer.status == 303 and answer.headers["Location"].startswith(ROOM_URL):
            return IN, answer.headers["Location"]
        [face] = re.findall(r'<body class="(\w+)">', text)
        assert STATUSES[Face(face)] == answer.status
        return face, text


async def test_a_thousand_links_let_one_browser_in_each(reception: Reception) -> None:
    """A hundred presses at once, two browsers on each link: one comes in, by a way in of its own, one not."""
    tokens = await reception.add_links(1000)
    gate = asyncio.Semaphore(AT_ONCE // 2)

    async with open_crowd(reception) as crowd:

        async def press_twice(token: str) -> tuple[tuple[str, str], tuple[str, str]]:
            async with gate:
                return await asyncio.gather(press(crowd, token), press(crowd, token))

        answers = await asyncio.gather(*map(press_twice, tokens))

    assert Counter(tuple(sorted(face for face, _ in both)) for both in answers) == {
        (IN, Face.USED_ELSEWHERE.value): 1000
    }
    assert len({place for both in answers for face, place in both if face == IN}) == 1000
    assert Counter(link.id for link, _ in reception.rooms.entered).most_common(1)[0][1] == 1
    assert len(reception.rooms.entered) == 1000
    redeemed = [link for link in await reception.list_links() if link.redeemed_at is not None]
    assert len(redeemed) == 1000
