"""The school's page in the middle of a lesson, for its pictures: played as people play, held where it looks good."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.sandbox.play.playground import Playground
from bot.sandbox.play.server import listen, open_play
from tests.acceptance.telling import settle
from tests.browser.playing import FOUND, come_in
from tests.browser.visitor import Visitor
from tests.browser.window import DESKTOP, PHONE, Window

TYPED = "/lesson @Ben @Cara @Dina @Emil @Finn today 2:30pm 45m Algebra"
NARROW = (720, 900)
CARD, NEWEST = ".post .message", ".post:last-child .message"
"""The first message of a conversation, and its last."""
TO_THE_TOP = "document.querySelector('.newest-below').scrollTop = -10000"
NAMES = ("board", "card", "form", "school", "school-dark", "school-phone", "summary")
"""What the pictures are called."""


@asynccontextmanager
async def open_school(window: Window) -> AsyncIterator[tuple[Playground, Visitor]]:
    """A school at two o'clock, with the leader before its page."""
    await window.resize(*DESKTOP)
    async with Playground() as playground, open_play(playground, listen(0)) as address:
        visitor = Visitor(window, address)
        await visitor.be("Ada")
        yield playground, visitor


async def play_scenes(window: Window) -> AsyncIterator[tuple[str, str]]:
    """Each picture's name, and what of the page belongs on it (empty: all), while the page shows it."""
    async with open_school(window) as (playground, ada):
        await book(ada)
        yield "form", ""
        await window.resize(*DESKTOP)
        await ada.press("Book")
        await ada.wait_to_read(FOUND, within="#modal")
        await ada.press("Close")
        await ada.be("Cara")
        await ada.wait_to_read("Join works from 08:20", within="#messages")
        yield "card", CARD
        await begin(playground, ada)
        yield "school", ""
        await window.resize(*DESKTOP, scheme="dark")
        yield "school-dark", ""
        await window.resize(*PHONE)
        await window.run(TO_THE_TOP)
        yield "school-phone", ""
        await window.resize(*DESKTOP)
        await window.run(TO_THE_TOP)
        yield "board", CARD
        await end(playground, ada)
        yield "summary", NEWEST


async def book(ada: Visitor) -> None:
    """The form, filled in."""
    await ada.say(TYPED)
    await ada.fill("Note to participants", "Please bring exercise 12.")
    await ada.window.resize(*NARROW)
    await ada.window.run("document.querySelector('#modal .body').scrollTop = 0; document.activeElement.blur();")


async def begin(playground: Playground, visitor: Visitor) -> None:
    """Some come early, one late, one says that he cannot, and one is not there yet."""
    await visitor.be("Emil")
    await visitor.press("I can’t come")
    await visitor.be("Ada")
    await visitor.press("Next event")
    for name in ("Ben", "Ada", "Cara", "Dina"):
        await visitor.be(name)
        if name == "Dina":
            await visitor.press("To the start")
        await visitor.press("+1 min")
        await settle(playground.school)
        await come_in(visitor)
        await visitor.turn_back()
    await visitor.be("Ada")
    await settle(playground.school)
    await visitor.wait_to_read("Dina (first lesson with you): joined 14:31", within="#messages")
    assert "failed" not in await visitor.read()  # nobody takes a picture of that
    await visitor.window.run(TO_THE_TOP)


async def end(playground: Playground, visitor: Visitor) -> None:
    """All leave when it is over, and the summary comes."""
    await visitor.press("To the end")
    await visitor.wait_to_read("15:15", within="#clock .hands")
    for name in ("Ben", "Cara", "Dina", "Ada"):
        await visitor.be(name)
        await visitor.press("Leave", within="#rooms")
        await visitor.press("+1 min")
    await visitor.be("Ada")
    await visitor.press("+1 min")
    await visitor.press("+1 min")
    await visitor.wait_to_read("4 of 6 came.", within="#messages")
    await settle(playground.school)
