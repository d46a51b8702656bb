"""The clock beside the conversation: what it says to whom, and what its buttons do, over real HTTP."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.sandbox.cast import at
from bot.sandbox.faults import EVERY_METHOD, Fault
from bot.sandbox.play.clock_panel import list_moments
from bot.sandbox.play.events import Event
from bot.sandbox.slack.actors import Actor
from tests.acceptance.telling import book
from tests.bot.sandbox.html_pages import Node
from tests.bot.sandbox.play.visits import Visit

LESSON = "@Ben @Cara today 3pm 30m Algebra"


async def read_clock(visit: Visit, name: str = "ada") -> str:
    clock = (await visit.open(name)).find_by_id("clock")
    return " ".join(clock.read(skips=lambda node: node.tag == "details").split())


async def find_button(visit: Visit, its_id: str, name: str = "ada") -> Node:
    return (await visit.open(name)).find_by_id(its_id)


async def press(visit: Visit, its_id: str, name: str = "ada") -> tuple[int, str]:
    """Post what the button posts, wherever that is."""
    button = await find_button(visit, its_id, name)
    return await visit.post(button.attributes["hx-post"].removeprefix("/"))


def tell(text: str) -> str:
    """That listeners hear it, and nothing covers what is on the page: the clock shows it to everybody else."""
    return f'<span class="aside">{text}</span>'


def list_texts(actor: Actor) -> list[str]:
    return [message.text for message in actor.messages()]


async def test_the_clock_is_the_leaders_and_tells_others_their_own(visit: Visit) -> None:
    """Nothing is said twice to who has the same time."""
    assert "14:00 Monday 23 November, in Berlin" in await read_clock(visit)
    assert "It is" not in await read_clock(visit, "ben")
    assert "It is 08:00 in New York for Cara." in await read_clock(visit, "cara")
    assert "It is 18:30 in Kolkata for Dina." in await read_clock(visit, "dina")


async def test_another_day_elsewhere_is_named(visit: Visit) -> None:
    """At eight in the evening in Berlin it is tomorrow in Kolkata."""
    await visit.post("time/minutes/330")

    assert "It is 00:00 on Tuesday in Kolkata for Dina." in await read_clock(visit, "dina")


async def test_next_event_says_what_it_is_and_goes_there(visit: Visit) -> None:
    """The reminders are out then, and the next thing stands there."""
    await book(visit.playground.school, visit.playground.cast.ada, LESSON)
    assert "Next: 14:50 · Join begins to work for everybody; reminds Ada, Ben and 1 other of Algebra" in (
        await read_clock(visit)
    )

    assert (200, tell("It is 14:50.")) == await press(visit, "leap-next")

    assert visit.playground.school.clock.now() == at("14:50")
    assert "starts" in list_texts(visit.playground.cast.ben)[-1]
    assert "Next: 15:00 · Algebra begins" in await read_clock(visit)


@pytest.mark.parametrize("its_id, expected", [("leap-1", "14:01"), ("leap-10", "14:10")])
async def test_minutes_are_minutes(visit: Visit, its_id: str, expected: str) -> None:
    """So many and no more, whatever is booked."""
    assert (200, tell(f"It is {expected}.")) == await press(visit, its_id)
    assert visit.playground.school.clock.now() == at(expected)


async def test_to_the_start_and_to_the_end_of_ones_own_lesson(visit: Visit) -> None:
    """Of the next lesson that whoever looks is in, not of anybody's."""
    cast = visit.playground.cast
    await book(visit.playground.school, cast.gwen, "@Finn today 2:30pm 30m Biology")
    await book(visit.playground.school, cast.ada, LESSON)

    assert "To the start: Algebra begins at 15:00. To the end: Algebra ends at 15:30." in await read_clock(visit, "ben")
    assert (200, tell("It is 15:00.")) == await press(visit, "leap-start", "ben")
    assert (200, tell("It is 15:30.")) == await press(visit, "leap-end", "ben")


async def test_who_booked_a_lesson_goes_to_its_start_too(visit: Visit) -> None:
    """The office books for others, and wants to see what becomes of it."""
    cast = visit.playground.cast
    await book(visit.playground.school, cast.gwen, "@Finn today 2:30pm 30m Biology", leaders=[cast.ada.user.id])

    assert (200, tell("It is 14:30.")) == await press(visit, "leap-start", "gwen")


@pytest.mark.parametrize(
    "its_id, name, reason",
    [
        ("leap-next", "ada", "Nothing is to come. Book a lesson first."),
        ("leap-start", "ada", "No lesson of yours is to come."),
        ("leap-end", "ines", "No lesson of yours is to come."),
    ],
)
async def test_where_nothing_is_to_come_the_button_is_greyed_out_with_its_reason(
    visit: Visit, its_id: str, name: str, reason: str
) -> None:
    """It can be pressed all the same, and says why nothing happens; time stays."""
    button = await find_button(visit, its_id, name)
    page = await visit.open(name)

    assert "true" == button.attributes["aria-disabled"]
    assert reason in page.find_by_id(button.attributes["aria-describedby"]).read()
    assert (409, reason) == await press(visit, its_id, name)
    assert visit.playground.school.clock.now() == at("14:00")


async def test_a_lesson_that_has_begun_has_no_start_to_go_to(visit: Visit) -> None:
    """It says which; the end is still to come."""
    await book(visit.playground.school, visit.playground.cast.ada, LESSON)
    await press(visit, "leap-start")

    assert (409, "Algebra has begun.") == await press(visit, "leap-start")
    assert "aria-disabled" not in (await find_button(visit, "leap-end")).attributes


async def test_what_a_title_says_is_text(visit: Visit) -> None:
    """A lesson may be named like markup; the page and what it says aloud hold it as it was typed."""
    await book(visit.playground.school, visit.playground.cast.ada, "@Ben today 3pm 30m", title="<b>Algebra</b>")
    await press(visit, "leap-start")

    assert "&lt;b&gt;Algebra&lt;/b&gt; has begun." == (await press(visit, "leap-start"))[1]
    assert "<b>Algebra</b> ends at 15:30." in await read_clock(visit)


async def test_a_speed_is_chosen_and_shown(visit: Visit) -> None:
    """Time passes by itself then, and stands again when it is paused."""
    assert (200, "Time passes 60 times as fast.") == await press(visit, "speed-60")
    assert "true" == (await find_button(visit, "speed-60")).attributes["aria-pressed"]
    await visit.playground.changes.wait_for(lambda: visit.playground.school.clock.now() > at("14:00"), seconds=10)

    assert (200, "Time stands still.") == await press(visit, "speed-0")
    assert "false" == (await find_button(visit, "speed-60")).attributes["aria-pressed"]


@pytest.mark.parametrize("path", ["time/speed/7", "time/minutes/0", "time/minutes/100000"])
async def test_what_no_button_posts_is_refused(visit: Visit, path: str) -> None:
    """And changes nothing."""
    status, _ = await visit.post(path)

    assert (400, at("14:00")) == (status, visit.playground.school.clock.now())


async def test_a_move_past_a_bot_that_hangs_says_so(visit: Visit) -> None:
    """Time has passed; what was due is on its way still."""
    await book(visit.playground.school, visit.playground.cast.ada, LESSON)
    visit.playground.school.slack.faults.switch_on(EVERY_METHOD, Fault.slow(timedelta(seconds=8)))

    async with asyncio.timeout(30):
        status, said = await press(visit, "leap-next")

    assert (200, "It is 14:50. Hallpass is not done with what was due: see below what is owed.") == (status, said)


async def test_a_move_past_a_dead_bot_says_what_waits(visit: Visit) -> None:
    """It is said, and not waited for."""
    await book(visit.playground.school, visit.playground.cast.ada, LESSON)
    await visit.post("bot/kill")

    status, said = await press(visit, "leap-next")

    assert (200, "It is 14:50. Hallpass is not running: what is due waits until it is started.") == (status, said)


async def test_an_open_page_sees_time_pass(visit: Visit) -> None:
    """The clock comes over the stream by itself."""
    page = await visit.open("ada")
    async with visit.watch(page) as stream:
        await stream.wait_for("#clock", saying="14:00")
        await visit.post("time/minutes/10")
        await stream.wait_for("#clock", saying="14:10")


def test_moments_name_another_day_and_tell_all_that_happens_then() -> None:
    """What happens at the same instant stands together."""
    events = [
        Event(at=at("14:50"), what="one"),
        Event(at=at("14:50"), what="another"),
        Event(at=at("14:50") + timedelta(days=1), what="a third"),
    ]

    told = [(moment.at, moment.what) for moment in list_moments(events, at("14:00"))]
    assert [("14:50", ("one", "another")), ("Tue 24 Nov 14:50", ("a third",))] == told
