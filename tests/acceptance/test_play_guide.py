"""The guided first minute: each step that it suggests is there to be done, and doing it leads to the next."""

from __future__ import annotations

from bot.ids import Action
from bot.sandbox.cast import at
from bot.sandbox.houses import LESSONSPACE
from bot.sandbox.play.guide import TYPED, Guide
from bot.sandbox.play.playground import Playground
from tests.acceptance.telling import find_message, join, leave_all, open_form, settle


async def find_step(guide: Guide) -> int | None:
    found = await guide.find_next()
    return None if found is None else found[0]


async def read_step(guide: Guide) -> str:
    found = await guide.find_next()
    return "" if found is None else found[1].text


async def book(playground: Playground) -> None:
    school, ada = playground.school, playground.cast.ada
    await open_form(school, ada, TYPED.removeprefix("/lesson "))
    assert (await ada.submit()).is_fine
    await settle(school)


async def test_each_step_leads_to_the_next_until_the_summary() -> None:
    """From nothing booked to the summary, by doing what is suggested."""
    async with Playground(services=(LESSONSPACE,)) as playground:  # whose own links somebody without a page can follow
        guide, school, cast = Guide(playground), playground.school, playground.cast
        assert await find_step(guide) == 1
        await open_form(school, cast.ada, TYPED.removeprefix("/lesson "))
        assert await find_step(guide) == 2
        assert (await cast.ada.submit()).is_fine
        await settle(school)
        assert await find_step(guide) == 4
        school.clock.move_to(at("14:30"))
        await settle(school)
        assert await find_step(guide) == 5
        assert await join(school, cast.ben) is None
        await settle(school)
        assert await find_step(guide) == 6
        assert await join(school, cast.ben, "another browser") is not None
        assert await join(school, cast.cara) is None
        await settle(school)
        assert await find_step(guide) == 7
        school.clock.move_to(at("15:10"))
        await settle(school)
        assert "Let it end" in await read_step(guide)
        assert (await cast.ada.press(find_message(cast.ada, "ends"), Action.LET_END)).is_fine
        await settle(school)
        await leave_all(school)
        for clock in ("15:15", "15:16", "15:20", "15:31", "15:46"):
            school.clock.move_to(at(clock))
            await settle(school)
        assert await find_step(guide) is None


async def test_a_bot_that_was_killed_is_started_first() -> None:
    """Nothing else can be done meanwhile; afterwards it goes on where it was."""
    async with Playground() as playground:
        guide = Guide(playground)
        await book(playground)
        await playground.kill_bot()
        assert "Start it again" in await read_step(guide)
        await playground.start_bot()
        assert await find_step(guide) == 4


async def test_starting_over_begins_anew() -> None:
    """A fresh school has its own first lesson."""
    async with Playground() as playground:
        guide = Guide(playground)
        await book(playground)
        await playground.start_over()
        assert await find_step(guide) == 1
