"""What is owed, being sent, late or given up, in words: as stored, with the bot and without it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.sandbox.cast import at
from bot.sandbox.faults import Fault
from bot.sandbox.houses import LESSONSPACE
from bot.sandbox.play.ledger import Ledger
from bot.sandbox.play.owed import (
    MOST_LINES,
    Debt,
    Heap,
    Instant,
    Line,
    Standing,
    describe,
    list_debts,
    ordinal,
    pile_up,
)
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.ticking import Timekeeper
from tests.acceptance.telling import book, find_card, find_url, open_form, settle, submit
from tests.bot.sandbox.html_pages import parse_html
from tests.bot.sandbox.play.visits import open_visit

LESSON = "@Ben @Cara @Dina today 3pm 30m Algebra"
NOW = at("14:50")


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    """With Lessonspace's own links, which are made as soon as a lesson is booked."""
    async with Playground(services=(LESSONSPACE,)) as playground:
        yield playground


async def read_heaps(playground: Playground) -> dict[Standing, Heap]:
    clock = playground.school.clock
    instant = Instant(now=clock.now(), machine_now=clock.machine_now(), is_running=playground.is_running)
    debts = list_debts(await Ledger(playground).look(), instant)
    return {heap.standing: heap for heap in pile_up(debts, instant)}


def count(heaps: dict[Standing, Heap]) -> dict[Standing, int]:
    return {standing: heap.count for standing, heap in heaps.items() if heap.count}


def build_debt(standing: Standing = Standing.LATE, **facts: object) -> Debt:
    known: dict[str, object] = {"what": "The reminder", "to": "Ben", "lesson": "Algebra", "due_at": NOW}
    return Debt(standing=standing, **(known | facts))  # type: ignore[arg-type]


def build_instant(*, is_running: bool = True) -> Instant:
    return Instant(now=NOW, machine_now=NOW, is_running=is_running)


# In a school


async def test_an_empty_school_owes_nothing(playground: Playground) -> None:
    """And what was sent is settled."""
    assert {} == count(await read_heaps(playground))


async def test_what_is_to_come_is_owed_with_its_moment(playground: Playground) -> None:
    """Everybody who waits for the same stands in one line; soonest first."""
    await book(playground.school, playground.cast.ada, LESSON)

    heaps = await read_heaps(playground)

    assert {Standing.OWED: 7} == count(heaps)
    expected = (
        Line(what="The reminder to Ada, Ben and 2 others", of="Algebra, due 14:50"),
        Line(what="The lesson’s beginning", of="Algebra, due 15:00"),
        Line(what="The question before the end to Ada", of="Algebra, due 15:25"),
        Line(what="Asking the room who came", of="Algebra, due 15:30"),
    )
    assert expected == heaps[Standing.OWED].lines


async def test_what_slack_refused_for_now_is_late_and_says_when_it_is_tried_again(playground: Playground) -> None:
    """How often it was tried, and why in plain words."""
    await book(playground.school, playground.cast.ada, LESSON)
    playground.school.slack.faults.switch_on("chat.postMessage", Fault.rate_limited(30))
    await Timekeeper(playground, Ledger(playground)).move_to(at("14:50"))

    heaps = await read_heaps(playground)

    assert 4 == heaps[Standing.LATE].count
    (line, *_) = heaps[Standing.LATE].lines
    assert "The reminder to Ada, Ben and 2 others" == line.what
    assert line.note.startswith("Slack asked to wait; ")
    assert " try in " in line.note


async def test_what_may_have_arrived_is_looked_for(playground: Playground) -> None:
    """It is no other try of sending it."""
    await book(playground.school, playground.cast.ada, LESSON)
    playground.school.slack.faults.switch_on("chat.postMessage", Fault.dropping(does_work=True))
    await Timekeeper(playground, Ledger(playground)).move_to(at("14:50"))

    (line, *_) = (await read_heaps(playground))[Standing.LATE].lines

    assert line.note.startswith("Slack did not say whether it arrived; looked for in ")
    await playground.kill_bot()
    (line, *_) = (await read_heaps(playground))[Standing.LATE].lines
    assert "Slack did not say whether it arrived, and Hallpass is not running" == line.note


async def test_what_is_under_way_is_being_sent(playground: Playground) -> None:
    """While Slack takes its time over a post."""
    await book(playground.school, playground.cast.ada, LESSON)
    slack = playground.school.slack
    slack.faults.switch_on("chat.postMessage", Fault.slow(timedelta(seconds=20), after_work=True))
    ben = playground.cast.ben
    before = len(ben.messages())
    playground.school.clock.move_to(at("14:50"))
    await slack.wait_for(lambda: len(ben.messages()) > before)

    expected = Line(what="The reminder to Ada, Ben and 2 others", of="Algebra, due 14:50")
    assert expected in (await read_heaps(playground))[Standing.SENDING].lines


async def test_what_was_given_up_says_why_and_what_to_do(playground: Playground) -> None:
    """A room service that refuses each launch: nobody has a way in, and the sentence is the one on the card."""
    playground.school.lessonspace.faults.switch_on("launch", Fault.refusing("Forbidden."))
    await open_form(playground.school, playground.cast.ada, LESSON)
    await submit(playground.school, playground.cast.ada)
    await settle(playground.school)

    heaps = await read_heaps(playground)

    assert 4 == heaps[Standing.GIVEN_UP].count
    (line,) = heaps[Standing.GIVEN_UP].lines
    assert "The way in to Ada, Ben and 2 others" == line.what
    assert "The room service refused to make their link." in line.note


async def test_without_a_bot_everything_due_is_late(playground: Playground) -> None:
    """What it died over says so; what is to come is owed as ever; a start settles both."""
    await book(playground.school, playground.cast.ada, LESSON)
    playground.school.slack.faults.switch_on("chat.postMessage", Fault.slow(timedelta(seconds=20)), count=1)
    playground.school.clock.move_to(at("14:50"))
    cast = playground.cast
    reminded = (cast.ada, cast.ben, cast.cara, cast.dina)
    await playground.school.slack.wait_for(
        lambda: 3 == sum("starts at" in message.text for one in reminded for message in one.messages())
    )
    await playground.kill_bot()

    heaps = await read_heaps(playground)
    notes = {line.note for line in heaps[Standing.LATE].lines}
    assert "Hallpass died while it was sent" in notes
    assert 0 == heaps[Standing.SENDING].count
    assert heaps[Standing.OWED].count > 0

    playground.school.slack.faults.switch_off()
    await playground.start_bot()
    timekeeper = Timekeeper(playground, Ledger(playground))
    await timekeeper.move_by(timedelta(minutes=1))
    assert {Standing.OWED} == set(count(await read_heaps(playground)))


async def test_what_is_owed_for_former_times_is_not_told(playground: Playground) -> None:
    """A cancelled lesson owes nothing but its erasing, and that is done at once."""
    await book(playground.school, playground.cast.ada, LESSON)
    ada = playground.cast.ada
    await ada.press(find_card(ada), "cancel")
    await playground.school.slack.wait_for(lambda: ada.view is not None and "submit" in ada.view.given)
    await ada.submit()
    await settle(playground.school)

    assert {} == count(await read_heaps(playground))


# Words


@pytest.mark.parametrize(
    "number, expected",
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (21, "21st"), (113, "113th")],
)
def test_tries_are_counted_as_people_count(number: int, expected: str) -> None:
    """Eleventh to thirteenth are the exceptions."""
    assert expected == ordinal(number)


def test_the_soonest_try_of_several_is_told() -> None:
    """Each waits a little differently, so that not all come back at once."""
    debts = [
        build_debt(attempts=2, retry_at=NOW + timedelta(seconds=30), why="Slack did not answer"),
        build_debt(attempts=1, retry_at=NOW + timedelta(seconds=20), why="Slack did not answer", to="Cara"),
    ]

    line = describe(debts, build_instant())

    assert ("The reminder to Ben and Cara", "Slack did not answer; 3rd try in 20 s") == (line.what, line.note)


def test_a_dead_bot_promises_no_try() -> None:
    """Nothing is tried until it is started."""
    debt = build_debt(attempts=2, retry_at=NOW + timedelta(seconds=30), why="Hallpass is not running")

    assert "Hallpass is not running" == describe([debt], build_instant(is_running=False)).note


def test_a_long_wait_is_told_in_minutes_and_another_day_by_its_name() -> None:
    """Ninety seconds are seconds still."""
    notes = [
        describe([build_debt(retry_at=NOW + wait)], build_instant()).note
        for wait in (timedelta(seconds=90), timedelta(minutes=5))
    ]
    tomorrow = describe([build_debt(Standing.OWED, due_at=NOW + timedelta(days=1))], build_instant())

    assert ["1st try in 90 s", "1st try in 5 min"] == notes
    assert "Algebra, due Tue 24 Nov 14:50" == tomorrow.of


def test_many_lines_are_counted_and_not_all_shown() -> None:
    """The page is narrow; the count is of messages, what is left of lines."""
    debts = [build_debt(Standing.OWED, lesson=f"Lesson {number}") for number in range(MOST_LINES + 2)]

    heap = next(one for one in pile_up(debts, build_instant()) if one.standing is Standing.OWED)

    assert (MOST_LINES + 2, MOST_LINES, 2) == (heap.count, len(heap.lines), heap.left_count)


# On the page


async def test_the_page_tells_it_and_holds_no_secret() -> None:
    """Counts and lines; nothing by which a room could be entered stands there."""
    async with open_visit(services=(LESSONSPACE,)) as visit:
        school, cast = visit.playground.school, visit.playground.cast
        await book(school, cast.ada, LESSON)
        url = find_url(find_card(cast.ben))
        await visit.post("bot/kill")
        await visit.post("time/next")
        _, html = await visit.get(visit.find_path("gwen"))
        text = " ".join(parse_html(html).find_by_id("owed").read().split())

    assert "Given up 0 · Late 4 · Being sent 0 · Owed 3" in text
    assert "The reminder to Ada, Ben and 2 others (Algebra, due 14:50): Hallpass is not running" in text
    assert url is not None
    assert url not in html
    assert not [launch for launch in school.lessonspace.launches if launch.url in html or launch.secret in html]
