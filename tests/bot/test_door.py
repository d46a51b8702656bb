"""The door without HTTP: who is let in when many come at once, and what is told to whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.door import Entry, Visit
from bot.links import Standing, new_token
from storage.records import CardKind, LinkWay
from tests.bot.reception import Reception, open_reception


@pytest.fixture
async def reception(tmp_path: Path) -> AsyncIterator[Reception]:
    async with open_reception(tmp_path) as reception:
        yield reception


async def come_in(reception: Reception, token: str, browser: str) -> Visit | Entry | None:
    return await reception.door.come_in(token, browser, visitor_address="192.0.2.1")


async def test_a_thousand_links_are_redeemed_once_each(reception: Reception) -> None:
    """A hundred at a time, each pressed by two browsers at the same moment: one is let in, the other told why not."""
    tokens = await reception.add_links(1000)
    one, other = new_token(), new_token()
    gate = asyncio.Semaphore(50)

    async def press(token: str) -> set[str]:
        async with gate:
            answers = await asyncio.gather(come_in(reception, token, one), come_in(reception, token, other))
        return {answer.standing.value if isinstance(answer, Visit) else type(answer).__name__ for answer in answers}

    answers = await asyncio.gather(*(press(token) for token in tokens))

    assert [{"Entry", "used_elsewhere"}] * 1000 == answers
    assert len(reception.rooms.entered) == 1000


async def test_only_a_links_own_page_opens_it(reception: Reception) -> None:
    """What is pressed in Slack, or is the provider's own, has no page, whoever knows its token."""
    for way in (LinkWay.PRESS, LinkWay.DIRECT):
        await reception.change_link(way=way)
        assert await reception.door.look(reception.token, None) is None
        assert await come_in(reception, reception.token, new_token()) is None
    assert (await reception.read_link()).redeemed_at is None


async def test_the_leaders_card_follows_the_first_press_alone(reception: Reception) -> None:
    """Coming back changes nothing that it shows."""
    ada, browser = reception.school.ada, new_token()
    await reception.school.post(reception.lesson, ada, CardKind.LEADER)

    async def read_wanted() -> int:
        (card,) = await reception.store.read(
            lambda tx: tx.cards.list_for_lesson(reception.lesson.workspace_id, reception.lesson.id)
        )
        return card.revision_wanted

    before = await read_wanted()
    await come_in(reception, reception.token, browser)
    after = await read_wanted()
    await come_in(reception, reception.token, browser)

    assert before < after == await read_wanted()


async def test_the_visitors_address_reaches_the_room_service(reception: Reception) -> None:
    """Some services hold a way in to the address it was asked for."""
    await come_in(reception, reception.token, new_token())

    assert ["192.0.2.1"] == [address for _, address in reception.rooms.entered]


async def test_what_is_no_token_is_not_even_looked_up(reception: Reception) -> None:
    """However long or odd it is."""
    for text in ("", "x" * 100_000, "../" * 11, "ä" * 32):
        assert await reception.door.look(text, None) is None
        assert await come_in(reception, text, new_token()) is None


async def test_standing_is_judged_for_who_looks(reception: Reception) -> None:
    """Fine for everybody, until one has it."""
    mine, theirs = new_token(), new_token()

    async def look(browser: str | None) -> Standing:
        visit = await reception.door.look(reception.token, browser)
        assert visit is not None
        return visit.standing

    assert [Standing.FINE] * 3 == [await look(None), await look(mine), await look(theirs)]
    await come_in(reception, reception.token, mine)
    assert Standing.COMES_BACK is await look(mine)
    assert [Standing.USED_ELSEWHERE] * 2 == [await look(None), await look(theirs)]
