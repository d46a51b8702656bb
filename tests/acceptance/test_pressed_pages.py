"""Join as a press where the room runs in a page of ours: how many links to that page one person gets, and who helps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.devices import MOST_DEVICES
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from bot.sandbox.visiting import Visitor
from storage.records import Link, LinkWay
from storage.store import Transaction
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM
from tests.acceptance.test_people import open_people, press


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    """Lessons in Videsk; Join is a press."""
    settings = {"HALLPASS_LINKS": "press"}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=settings, services=("videsk",)) as school:
        await school.start()
        yield school


async def ask(school: School, actor: Actor) -> str:
    """Press Join on the newest message that has it; the address in the private answer, empty where it has none."""
    before = len(actor.private_answers())
    message = next(one for one in reversed(actor.messages()) if "join" in telling.list_buttons(one))
    outcome = await actor.press(message, "join")
    assert outcome.is_fine, outcome
    await school.slack.wait_for(lambda: len(actor.private_answers()) > before)
    buttons = telling.list_buttons(actor.private_answers()[-1])
    return str(buttons["go_in"]["url"]) if "go_in" in buttons else ""


async def come_in(school: School, url: str) -> bool:
    """In a browser that was never there before."""
    visitor = Visitor(school.houses["videsk"], "Ben")
    try:
        return (await visitor.come_in(url)).is_inside
    finally:
        await visitor.close()


async def list_pages(school: School) -> list[Link]:
    assert school.hallpass is not None
    lesson = await telling.get_lesson(school)

    def read(tx: Transaction) -> list[Link]:
        return [one for one in tx.lessons.list_links(lesson.workspace_id, lesson.id) if one.way is LinkWay.PAGE]

    return await school.hallpass.store.read(read)


async def use_up(school: School) -> tuple[Actor, Actor]:
    """Ben presses Join and comes in elsewhere each time, as often as he may."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 14)
    for _ in range(MOST_DEVICES):
        url = await ask(school, ben)
        assert url == await ask(school, ben)  # nobody came in by it yet
        assert await come_in(school, url)
    return ada, ben


async def test_there_is_an_end_to_links_for_one_person(school: School) -> None:
    """Or Ben could let in the whole street. He reads who helps; nothing is made, and Ada has all of hers."""
    ada, ben = await use_up(school)

    assert "" == await ask(school, ben)
    assert "5 times for this lesson, which is the limit. Write to Ada" in ben.read(ben.private_answers()[-1])
    assert MOST_DEVICES == len(await list_pages(school))
    assert await come_in(school, await ask(school, ada))


async def test_a_leader_helps_by_sending_the_way_in_again(school: School) -> None:
    """It begins anew, and what was given before opens nothing more."""
    ada, ben = await use_up(school)
    await open_people(school, ada)
    await press(school, ada, "resend", "Ben")
    await telling.settle(school)

    url = await ask(school, ben)
    assert await come_in(school, url)
    before = [link for link in await list_pages(school) if link.number == 1]
    assert (MOST_DEVICES, True) == (len(before), all(link.revoked_at for link in before))


async def test_sending_it_again_earlier_takes_nothing_away(school: School) -> None:
    """While Ben may still press, the link that he has goes on working."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 14)
    url = await ask(school, ben)
    await open_people(school, ada)
    await press(school, ada, "resend", "Ben")
    await telling.settle(school)

    assert await come_in(school, url)
