"""The guided first minute: each step that it suggests is there to be done, and doing it leads to the next."""

from __future__ import annotations

from bot.ids import Action
from bot.sandbox.cast import at
from bot.sandbox.houses import LESSONSPACE
from bot.sandbox.play.guide import TYPED, Guide
from bot.sandbox.play.panels import Looking
from bot.sandbox.play.playground import Playground
from bot.sandbox.slack.actors import Actor
from tests.acceptance.telling import find_message, join, leave_all, open_form, settle
from tests.bot.sandbox.html_pages import parse_html


async def find_step(guide: Guide) -> int | None:
    found = await guide.find_next()
    return None if found is None else found[0]


async def read_step(guide: Guide) -> str:
    found = await guide.find_next()
    return "" if found is None else found[1].text


async def read_page(guide: Guide, actor: Actor) -> str:
    """The guide as it stands on that person's page."""
    page = await guide.draw(Looking(user_id=actor.user.id))
    return " ".join(parse_html(str(page)).read().split())


async def book(playground: Playground, typed: str = TYPED) -> None:
    school, ada = playground.school, playground.cast.ada
    await open_form(school, ada, typed.removeprefix("/lesson "))
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
        assert "end as planned at 15:15" in await read_step(guide)
        school.clock.move_to(at("15:15"))
        await settle(school)
        assert "2 people are still inside" in await read_step(guide)
        await leave_all(school)
        assert "Nobody is inside any more" in await read_step(guide)
        for clock in ("15:16", "15:20", "15:31", "15:46"):
            school.clock.move_to(at(clock))
            await settle(school)
        assert await find_step(guide) is None


async def test_a_bot_that_was_killed_is_started_first() -> None:
    """Nothing else can be done meanwhile; afterwards it goes on where it was."""
    async with Playground() as playground:
        guide = Guide(playground)
        await book(playground)
        await playground.kill_bot()
        assert "Hallpass is not running. Start it again under Trouble." == await read_page(guide, playground.cast.ada)
        await playground.start_bot()
        assert await find_step(guide) == 4


async def test_starting_over_begins_anew() -> None:
    """A fresh school has its own first lesson."""
    async with Playground() as playground:
        guide = Guide(playground)
        await book(playground)
        await playground.start_over()
        assert await find_step(guide) == 1


async def test_who_is_not_the_one_to_do_it_is_led_to_who_is() -> None:
    """Those of the lesson that was booked, not of the one that was suggested; and who is inside at the end."""
    async with Playground(services=(LESSONSPACE,)) as playground:
        guide, school, cast = Guide(playground), playground.school, playground.cast
        assert "Be Ada" in await read_page(guide, cast.gwen)
        await book(playground, "/lesson @Finn @Dina today 2:30pm 45m Geometry")
        school.clock.move_to(at("14:30"))
        await settle(school)
        assert "Be Finn" in await read_page(guide, cast.ada)
        assert "Be Finn" not in await read_page(guide, cast.dina)

        for actor in (cast.finn, cast.dina):
            assert await join(school, actor) is None
        await settle(school)
        school.clock.move_to(at("15:15"))
        await settle(school)
        assert "presses Leave under Rooms. Be Finn" in await read_page(guide, cast.ada)
        assert "Be " not in await read_page(guide, cast.finn)


async def test_a_lesson_that_an_admin_tries_alone_is_not_the_first() -> None:
    """There is nobody in it to press Join and be told no."""
    async with Playground() as playground:
        guide, school, ines = Guide(playground), playground.school, playground.cast.ines
        await ines.open_home()
        await school.slack.wait_for(lambda: ines.home is not None)
        assert ines.home is not None
        assert (await ines.press(ines.home, Action.TRY_MYSELF)).is_fine
        await settle(school)
        assert await find_step(guide) == 1
        await book(playground)
        assert await find_step(guide) == 4
