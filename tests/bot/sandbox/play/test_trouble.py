"""Each switch causes what it says, in what people and the bot then meet; and the bot killed, started, begun anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.sandbox.houses import EVERY, LESSONSPACE
from bot.sandbox.lessonspace.webhooks import Fate
from bot.sandbox.play.trouble import LATENESS
from bot.sandbox.visiting import Visitor
from tests.acceptance.telling import book, find_card, find_url, join, open_form, settle, submit
from tests.bot.sandbox.html_pages import Node
from tests.bot.sandbox.play.visits import Visit, open_visit

LESSON = "@Ben @Cara today 3pm 30m Algebra"


@pytest.fixture
async def visit() -> AsyncIterator[Visit]:
    """With Lessonspace's own links, which are made as soon as a lesson is booked."""
    async with open_visit(services=(LESSONSPACE,)) as visit:
        yield visit


async def switch(visit: Visit, name: str, *, on: bool = True) -> str:
    status, said = await visit.post(f"trouble/{name}?on={'yes' if on else 'no'}")
    assert status == 200, said
    return said


async def find_switches(visit: Visit) -> dict[str, bool]:
    """Each by its id: is it on?"""
    panel = (await visit.open("ada")).find_by_id("trouble")
    buttons = [node for node in panel.find_all("button") if "aria-pressed" in node.attributes]
    return {
        node.attributes["id"].removeprefix("switch-"): node.attributes["aria-pressed"] == "true" for node in buttons
    }


async def read_panel(visit: Visit, its_id: str) -> str:
    return " ".join((await visit.open("ada")).find_by_id(its_id).read().split())


async def find_life(visit: Visit) -> Node:
    """The button that kills the bot or starts it."""
    return (await visit.open("ada")).find_by_id("bot-life")


def count_reminders(visit: Visit, name: str) -> int:
    actor = visit.playground.cast.people[name]
    return sum("starts at" in actor.read(message) for message in actor.messages())


async def submit_booking(visit: Visit) -> None:
    """As far as Ada herself gets; what follows is the bot's."""
    school, ada = visit.playground.school, visit.playground.cast.ada
    await open_form(school, ada, LESSON)
    assert (await submit(school, ada)).is_fine


# The switches themselves


async def test_each_switch_has_a_name_of_its_own(visit: Visit) -> None:
    """Heard without what stands around it, it still says who is slow; what is read stands first in it."""
    panel = (await visit.open("ada")).find_by_id("trouble")
    switches = [node for node in panel.find_all("button") if "aria-pressed" in node.attributes]
    names = [node.attributes["aria-label"] for node in switches]

    assert "Slow: Slack" in names
    assert len(set(names)) == len(names)
    assert all(name.startswith(node.read().strip()) for name, node in zip(names, switches, strict=True))


async def test_all_is_well_at_first_and_every_service_has_its_switches() -> None:
    """Slack's four, each room service's four, and those of its reports."""
    async with open_visit() as visit:
        switches = await find_switches(visit)

    for service in EVERY:
        for wrong in ("slow", "down", "refusing", "nonsense"):
            assert switches[f"{service}-{wrong}"] is False
    assert {"slack-slow", "slack-down", "slack-busy", "slack-lost"} <= set(switches)
    assert {"reports-lost", "reports-doubled", "reports-late"} <= set(switches)
    assert not any(switches.values())


async def test_a_switch_stays_on_over_a_kill_and_a_start_until_it_is_switched_off(visit: Visit) -> None:
    """Its button posts the other of both each time."""
    said = await switch(visit, "lessonspace-down")
    await visit.post("bot/kill")
    await visit.post("bot/start")
    is_on = (await find_switches(visit))["lessonspace-down"]
    button = (await visit.open("ada")).find_by_id("switch-lessonspace-down")
    status, said_then = await visit.post(button.attributes["hx-post"].removeprefix("/"))

    assert "Lessonspace, down: on. Every call is answered with 503." == said
    assert (True, 200, "Lessonspace, down: off.") == (is_on, status, said_then)
    assert not (await find_switches(visit))["lessonspace-down"]


async def test_a_fresh_school_has_no_trouble(visit: Visit) -> None:
    """Neither shown nor met."""
    await switch(visit, "slack-down")

    assert (200, "This is a fresh school.") == await visit.post("start-over")

    assert not any((await find_switches(visit)).values())
    await book(visit.playground.school, visit.playground.cast.ada, LESSON)
    assert visit.playground.cast.ben.messages()


@pytest.mark.parametrize("path", ["trouble/nobody-down?on=yes", "trouble/slack-down", "trouble/slack-down?on=perhaps"])
async def test_what_no_switch_posts_is_refused(visit: Visit, path: str) -> None:
    """And nothing is switched."""
    status, _ = await visit.post(path)

    assert status in (400, 404)
    assert not any((await find_switches(visit)).values())


# Slack


async def test_slow_slack_answers_two_seconds_later(visit: Visit) -> None:
    """Off again, it answers at once: both read from its own log of calls."""
    school = visit.playground.school
    await book(school, visit.playground.cast.ada, LESSON)
    await switch(visit, "slack-slow")
    await visit.post("time/next")
    await settle(school, seconds=30)
    slow = school.slack.log.list_calls("chat.postMessage")[-1].taken
    await switch(visit, "slack-slow", on=False)
    await book(school, visit.playground.cast.gwen, "@Finn today 4pm 30m Biology")

    assert slow >= timedelta(seconds=2) > school.slack.log.list_calls("chat.postMessage")[-1].taken


async def test_slack_that_is_down_gets_nothing_to_anybody_until_it_is_up(visit: Visit) -> None:
    """Every call meets 503; afterwards everybody has exactly one reminder."""
    await book(visit.playground.school, visit.playground.cast.ada, LESSON)
    await switch(visit, "slack-down")
    await visit.post("time/next")
    before = count_reminders(visit, "ben")
    statuses = {call.status for call in visit.playground.school.slack.log.list_calls("chat.postMessage")[-3:]}

    await switch(visit, "slack-down", on=False)
    await visit.post("time/minutes/1")

    assert ({503}, 0, 1) == (statuses, before, count_reminders(visit, "ben"))


async def test_slack_with_too_many_requests_says_how_long_to_wait(visit: Visit) -> None:
    """429 with Retry-After, which the bot keeps: what was due waits, and says why."""
    await book(visit.playground.school, visit.playground.cast.ada, LESSON)
    await switch(visit, "slack-busy")
    await visit.post("time/next")

    assert 429 == visit.playground.school.slack.log.list_calls("chat.postMessage")[-1].status
    assert 0 == count_reminders(visit, "ben")
    assert "Slack asked to wait" in await read_panel(visit, "owed")


async def test_an_answer_lost_after_the_work_is_looked_for_and_nothing_comes_twice(visit: Visit) -> None:
    """The reminder is there, the bot cannot know, and finds it within the next minute."""
    await book(visit.playground.school, visit.playground.cast.ada, LESSON)
    await switch(visit, "slack-lost")
    await visit.post("time/next")
    assert 1 == count_reminders(visit, "ben")
    assert "Slack did not say whether it arrived; looked for in" in await read_panel(visit, "owed")

    await visit.post("time/minutes/1")

    assert 1 == count_reminders(visit, "ben")
    assert "whether it arrived" not in await read_panel(visit, "owed")


# Rooms


@pytest.mark.parametrize("wrong, status", [("down", 503), ("refusing", 403), ("nonsense", 200)])
async def test_a_room_service_in_trouble_gives_no_links(visit: Visit, wrong: str, status: int) -> None:
    """Each launch meets what the switch says, and nobody has a link; what to do then is for others to test."""
    school = visit.playground.school
    await switch(visit, f"lessonspace-{wrong}")
    await submit_booking(visit)
    await settle(school)

    launches = [call.status for call in school.lessonspace.asked if call.name == "launch"]
    assert {status} == set(launches)
    assert not school.lessonspace.launches


@pytest.mark.parametrize("service", [one for one in EVERY if one != LESSONSPACE])
async def test_join_leads_nowhere_while_its_service_is_down(service: str) -> None:
    """The others' launches are done when somebody presses Join; the same Join works once the service is up."""
    async with open_visit(services=(service,)) as visit:
        school, cast = visit.playground.school, visit.playground.cast
        await book(school, cast.ada, LESSON)
        await visit.post(f"time/start/{cast.ben.user.id}")
        url = find_url(find_card(cast.ben))
        assert url is not None
        visitor = Visitor(school.houses[service], "Ben")

        await switch(visit, f"{service}-down")
        while_down = await visitor.come_in(url)
        await switch(visit, f"{service}-down", on=False)
        afterwards = await visitor.come_in(url)
        await visitor.close()

    assert (False, True) == (while_down.is_inside, afterwards.is_inside), while_down.text


async def test_a_slow_room_service_takes_two_seconds_for_each_link(visit: Visit) -> None:
    """They come all the same."""
    school = visit.playground.school
    await switch(visit, "lessonspace-slow")
    await submit_booking(visit)
    await settle(school, seconds=30)

    launches = [call.taken for call in school.lessonspace.asked if call.name == "launch"]
    assert len(launches) == 3
    assert min(launches) >= timedelta(seconds=2)


async def test_of_several_troubles_the_one_that_leaves_least_is_met(visit: Visit) -> None:
    """Down and nonsense: down; when that is over, nonsense is left."""
    school = visit.playground.school
    await switch(visit, "lessonspace-nonsense")
    await switch(visit, "lessonspace-down")
    both = school.lessonspace.faults.take("launch")
    await switch(visit, "lessonspace-down", on=False)
    one = school.lessonspace.faults.take("launch")

    assert both is not None
    assert one is not None
    assert ("status", "garbage") == (both.kind.value, one.kind.value)


# Reports


async def come_in(visit: Visit) -> None:
    """Ben is in the room; the room reports it."""
    await book(visit.playground.school, visit.playground.cast.ada, LESSON)
    await visit.post(f"time/start/{visit.playground.cast.ben.user.id}")
    assert await join(visit.playground.school, visit.playground.cast.ben) is None
    await settle(visit.playground.school)


@pytest.mark.parametrize("wrong, fates, attempts", [("lost", {Fate.LOST}, 0), ("doubled", {Fate.TAKEN}, 2)])
async def test_reports_are_lost_or_doubled(visit: Visit, wrong: str, fates: set[Fate], attempts: int) -> None:
    """As the stand-in itself counts them."""
    await switch(visit, f"reports-{wrong}")
    await come_in(visit)

    deliveries = visit.playground.school.lessonspace.webhooks.deliveries
    assert deliveries
    assert fates == {one.fate for one in deliveries}
    assert {attempts} == {len(one.attempts) for one in deliveries}


async def test_late_reports_come_when_their_time_has_passed(visit: Visit) -> None:
    """Lesson time, so that whoever plays need not wait for it."""
    await switch(visit, "reports-late")
    await come_in(visit)
    waiting = visit.playground.school.lessonspace.webhooks.waiting_count

    await visit.post(f"time/minutes/{int(LATENESS.total_seconds()) // 60}")

    assert waiting > 0
    assert 0 == visit.playground.school.lessonspace.webhooks.waiting_count


# The bot itself


async def test_the_bot_is_killed_and_started_by_one_button(visit: Visit) -> None:
    """It offers what can be done now; each says what was done."""
    killing = await find_life(visit)
    killed = await visit.post(killing.attributes["hx-post"].removeprefix("/"))
    assert "Hallpass is not running" in await read_panel(visit, "trouble")
    starting = await find_life(visit)
    started = await visit.post(starting.attributes["hx-post"].removeprefix("/"))

    assert (200, "Hallpass was killed where it was. What it had stored is still there.") == killed
    assert (200, "Hallpass is running again, and goes on where it was.") == started
    assert visit.playground.is_running


@pytest.mark.parametrize(
    "path, state", [("bot/start", "Hallpass is running."), ("bot/kill", "Hallpass is not running.")]
)
async def test_what_is_so_already_is_said(visit: Visit, path: str, state: str) -> None:
    """A page that is behind kills nothing twice, and starts nothing twice."""
    if path == "bot/kill":
        await visit.post(path)

    assert (409, state) == await visit.post(path)


async def test_what_was_owed_when_it_died_is_sent_when_it_lives(visit: Visit) -> None:
    """The reminder became due meanwhile."""
    await book(visit.playground.school, visit.playground.cast.ada, LESSON)
    await visit.post("bot/kill")
    await visit.post("time/next")
    before = count_reminders(visit, "ben")

    await visit.post("bot/start")
    await settle(visit.playground.school)

    assert (0, 1) == (before, count_reminders(visit, "ben"))


async def test_a_bot_that_slack_does_not_let_in_is_starting(visit: Visit) -> None:
    """It is said, and when Slack is up again it runs; time can pass meanwhile."""
    await visit.post("bot/kill")
    await switch(visit, "slack-down")

    status, said = await visit.post("bot/start")

    assert (200, "Hallpass is starting, and waits for Slack to answer. It asks again and again.") == (status, said)
    assert "Hallpass is starting" in await read_panel(visit, "trouble")
    assert (200, "It is 14:01. Hallpass is not running: what is due waits until it is started.") == await visit.post(
        "time/minutes/1"
    )
    await switch(visit, "slack-down", on=False)
    await visit.playground.changes.wait_for(lambda: visit.playground.is_running, seconds=20)


async def test_starting_over_asks_first(visit: Visit) -> None:
    """Its button carries the question; after it, nobody has booked anything."""
    await book(visit.playground.school, visit.playground.cast.ada, LESSON)
    button = (await visit.open("ada")).find_by_id("start-over")

    await visit.post(button.attributes["hx-post"].removeprefix("/"))

    assert "Start over?" in button.attributes["hx-confirm"]
    assert not visit.playground.cast.ben.messages()
