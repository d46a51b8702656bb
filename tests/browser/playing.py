"""What people do again and again on the school's page: book, come in, let time pass."""

from __future__ import annotations

from tests.browser.visitor import Visitor

FOUND = "Everybody has been reached."
BOOKED = "/lesson @Ben today 2:30pm 45m Algebra"


async def book(leader: Visitor, typed: str = BOOKED) -> None:
    """By command, with the form as it comes."""
    await leader.say(typed)
    await leader.press("Book")
    await leader.wait_to_read(FOUND, within="#modal")
    await leader.press("Close")


async def come_in(visitor: Visitor, words: str = "Join") -> str:
    """By a link of theirs, through our own page, into the room; which tab that is."""
    tab = await visitor.open_tab(words)
    await visitor.press("Join")
    await visitor.wait_to_read("You are inside.")
    return tab


async def wait_on(visitor: Visitor, clock: str) -> None:
    """Let time pass, event by event, until the school's clock says this."""
    while (now := await visitor.read("#clock .hands time")) < clock:
        await visitor.press("Next event")
        await visitor.wait_not_to_read(now, within="#clock .hands time")
    assert clock == now
