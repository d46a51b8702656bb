"""The school's page with a hundred people in a lesson and a thousand messages: from a button to the changed card.

As `hallpass play` runs: the bot, the stand-ins and the page in one process, which is this one. The bot's own time is
taken with nobody looking, the page's with one open that shows every message; the browser's drawing is not counted.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import aiohttp
import structlog

from bot.ids import Action, Field
from bot.sandbox.blockkit import list_elements
from bot.sandbox.play.acting import build_message_address
from bot.sandbox.play.field_names import build_name
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.server import listen, open_play
from bot.sandbox.slack.messages import Message
from tests.acceptance.telling import open_form, settle, submit
from tests.bench.report import Line, judge, median, spread
from tests.bench.school import NO_BOUND

PEOPLE = 100
MESSAGES = 1_000
PATIENCE_SECONDS = 30
GOAL = 2.0
"""The page draws when the bot is done, on the same processor: it can only come after it, and not by much."""


def measure(*, is_quick: bool) -> Iterator[Line]:
    """Ben says that he comes, that he is late, that he comes: in turn with nobody looking, and with his page open."""
    structlog.configure(processors=[_say_nothing])
    try:
        alone, shown = asyncio.run(_measure(10 if is_quick else 40))
    finally:
        structlog.reset_defaults()
    told = f"{spread(shown)} against {spread(alone)}"
    what = f"page with {PEOPLE} people and {MESSAGES} messages: button to changed card, to the bot's own time"
    yield judge(what, median(shown) / median(alone), GOAL, told=told)


def _say_nothing(*_: object) -> str:
    raise structlog.DropEvent


async def _measure(rounds: int) -> tuple[list[float], list[float]]:
    """What the bot needed, and what the page did, for each press."""
    async with (
        Playground() as playground,
        open_play(playground, listen(0)) as address,
        aiohttp.ClientSession() as client,
    ):
        page = await _prepare(playground, address, client)
        alone, shown = [], []
        for _ in range(rounds):
            alone.append(await page.press_unseen())
            shown.append(await page.press_seen())
        return alone[1:], shown[1:]


async def _prepare(playground: Playground, address: str, client: aiohttp.ClientSession) -> Page:
    school, ada = playground.school, playground.cast.ada
    school.change_setting("HALLPASS_POST_RATE", NO_BOUND)
    await playground.kill_bot()
    await playground.start_bot()
    learners = [school.add(f"Learner {number:03d}").user.id for number in range(PEOPLE - 2)]
    await open_form(school, ada, "@Ben today 2:30pm 45m Algebra")
    await submit(school, ada, **{Field.PARTICIPANTS: [playground.cast.ben.user.id, *learners]})
    await settle(school, seconds=PATIENCE_SECONDS)
    await ada.close()
    card = playground.cast.ben.messages()[0]
    place = school.slack.workspace.conversations[card.channel_id]
    for _ in range(MESSAGES - 1):
        school.slack.workspace.post(
            place, text=card.text, blocks=card.blocks, author_id=school.slack.workspace.app.bot_user_id
        )
    return Page(playground, address, client, card)


class Page:
    """Ben's, with his card."""

    def __init__(self, playground: Playground, address: str, client: aiohttp.ClientSession, card: Message) -> None:
        self._playground = playground
        self._address = address
        self._client = client
        self._card = card
        self._changed_at = 0.0
        self._before = len(card.revisions)
        playground.school.slack.changes.on_ring(self._note)

    def _note(self) -> None:
        if len(self._card.revisions) > self._before and not self._changed_at:
            self._changed_at = time.perf_counter()

    async def press_unseen(self) -> float:
        """Seconds from the press to the card's change at Slack."""
        began = await self._press()
        await self._playground.school.slack.wait_for(lambda: self._changed_at > 0)
        took = self._changed_at - began
        await settle(self._playground.school, seconds=PATIENCE_SECONDS)
        return took

    async def press_seen(self) -> float:
        """Seconds from the press to the changed card on the page's stream."""
        user_id = self._playground.cast.ben.user.id
        async with self._client.get(f"{self._address}as/{user_id}/?newest=2000") as answer:
            found = re.search(r'hx-sse:connect="/([^"]+)"', await answer.text())
            assert found is not None
        target = f'hx-target="#m-{self._card.channel_id}-{self._card.ts.replace(".", "-")}"'.encode()
        async with self._client.get(self._address + found[1].replace("&amp;", "&"), read_bufsize=2**24) as stream:
            await _read_event(stream)  # all that there is
            await asyncio.sleep(1.3)  # not a wait for a result: somebody looks before they press
            began = await self._press()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while target not in await _read_event(stream):
                    pass
            took = time.perf_counter() - began
        await settle(self._playground.school, seconds=PATIENCE_SECONDS)
        return took

    async def _press(self) -> float:
        place, value = next(
            ((block["block_id"], element["action_id"]), element["value"])
            for block, element in list_elements(self._card.blocks)
            if element["action_id"] in (Action.REPLY_COMING, Action.REPLY_LATE)  # whichever they did not say last
        )
        self._before, self._changed_at = len(self._card.revisions), 0.0
        address = self._address.rstrip("/") + build_message_address(self._playground.cast.ben.user.id, self._card)
        began = time.perf_counter()
        self._posting = asyncio.create_task(self._post(address, urlencode({build_name(place): value})))
        return began

    async def _post(self, address: str, body: str) -> None:
        headers = {"Origin": self._address.rstrip("/"), "Content-Type": "application/x-www-form-urlencoded"}
        async with self._client.post(address, data=body, headers=headers) as answer:
            assert answer.status < 300, await answer.text()


async def _read_event(stream: aiohttp.ClientResponse) -> bytes:
    """The next event of a stream, whole."""
    lines = []
    while (line := await stream.content.readline()).strip():
        lines.append(line)
    return b"".join(lines)
