"""The process dies at any point: afterwards no lesson is lost, nobody has their card twice, nobody is without.

A death here ends every task of the bot where it stands; only what was committed remains, as after a real one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.school import School, open_school
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM
from tests.acceptance.test_faults import calm_down, check_everybody

STUCK = timedelta(seconds=8)
"""Long enough that the story is over before what was asked for is done."""
MUTE = timedelta(seconds=1)
"""Long enough that the bot is dead before the answer comes to what was done at once."""


def count_posts(school: School) -> int:
    """Messages of the bot that are there."""
    places = school.slack.workspace.conversations.values()
    return sum(one.user_id == school.slack.bot_user_id for place in places for one in place.messages)


def count_links(school: School) -> int:
    """Links that are stored."""
    with closing(sqlite3.connect(school.database_path)) as database:
        [count] = database.execute("select count(*) from links where url_sealed is not null").fetchone()
    return int(count)


POINTS: dict[str, tuple[str, Fault | None, Callable[[School], bool]]] = {
    # when it dies: which service is slow or not, and what was seen just before
    "as soon as the form was taken": ("launch", None, lambda school: True),
    "while the room service thinks about the first launches": (
        "launch",
        Fault.slow(STUCK),
        lambda school: (
            school.hallpass is not None
            and school.hallpass.scheduler is not None
            and school.hallpass.scheduler.in_flight_count >= 3
        ),
    ),
    "after a launch whose answer never came": (
        "launch",
        Fault.slow(MUTE, after_work=True),
        lambda school: len(school.lessonspace.launches) >= 1,
    ),
    "while posting, before Slack had it": (
        "chat.postMessage",
        Fault.slow(STUCK),
        lambda school: len(school.lessonspace.launches) >= 3,
    ),
    "while posting, after Slack had one": (
        "chat.postMessage",
        Fault.slow(MUTE, after_work=True),
        lambda school: count_posts(school) >= 1,
    ),
    "while posting, after Slack had all": (
        "chat.postMessage",
        Fault.slow(MUTE, after_work=True),
        lambda school: count_posts(school) >= 3,
    ),
    "at the first post's arrival": ("chat.postMessage", None, lambda school: count_posts(school) >= 1),
    "at the second post's arrival": ("chat.postMessage", None, lambda school: count_posts(school) >= 2),
    "at the last post's answer": (
        "chat.postMessage",
        None,
        lambda school: school.slack.log.count("chat.postMessage") >= 3,
    ),
}


@pytest.mark.parametrize("point", POINTS)
async def test_a_death_while_links_go_out_leaves_one_card_each(school: School, point: str) -> None:
    """Killed there, started again: one card each, and each link lets its owner in."""
    service, fault, has_come = POINTS[point]
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.open_form(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    if fault is not None:
        faults = school.lessonspace.faults if service == "launch" else school.slack.faults
        faults.switch_on(service, fault)
    assert (await ada.submit()).is_fine
    await telling.wait_until(school, lambda: has_come(school))

    await telling.crash(school)
    school.lessonspace.faults.switch_off()
    school.slack.faults.switch_off()
    await school.start()
    await calm_down(school)

    await check_everybody(school, ada, ben, cara)


@pytest.mark.parametrize("calls", range(1, 9))
async def test_a_death_after_any_request_to_slack_leaves_one_card_each(school: School, calls: int) -> None:
    """Counted in requests since the form was sent, wherever that happens to be."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.open_form(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    seen = len(school.slack.log.calls)
    assert (await ada.submit()).is_fine
    if calls <= 4:  # later ones may never come
        await telling.wait_until(school, lambda: len(school.slack.log.calls) >= seen + calls)
    else:
        await telling.wait_until(school, lambda: len(school.lessonspace.asked) >= calls - 3)

    await telling.crash(school)
    await school.start()
    await calm_down(school)

    await check_everybody(school, ada, ben, cara)


async def test_a_link_that_waits_for_its_post_is_not_asked_for_again(tmp_path: Path) -> None:
    """One message a minute: the links are stored before they wait, so a death then costs no further launch."""
    settings = {"HALLPASS_POST_RATE": "1/m burst 1"}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=settings) as school:
        await school.start()
        ada = school.add("Ada")
        school.add("Ben"), school.add("Cara")
        await telling.open_form(school, ada, "@Ben @Cara today 3pm 45m Algebra")
        assert (await ada.submit()).is_fine
        await telling.wait_until(school, lambda: count_posts(school) == 1)
        await telling.wait_until(school, lambda: count_links(school) == 3)

        await telling.crash(school)
        await school.start()
        await telling.wait_until(school, lambda: count_posts(school) == 2)

        assert len(school.lessonspace.launches) == 3


async def test_dying_again_and_again_changes_nothing(school: School) -> None:
    """Five deaths, each in the middle of posting after Slack had it."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    school.slack.faults.switch_on("chat.postMessage", Fault.slow(MUTE, after_work=True))
    await telling.open_form(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    assert (await ada.submit()).is_fine
    for count in (1, 2, 3):
        await telling.wait_until(school, lambda count=count: count_posts(school) >= count)  # type: ignore[misc]
        await telling.crash(school)
        await school.start()
        school.skip(timedelta(minutes=2))
    school.slack.faults.switch_off()
    await calm_down(school)

    await check_everybody(school, ada, ben, cara)


async def test_a_death_in_the_middle_of_a_reminder_sends_it_once(school: School) -> None:
    """The reminder got there, its answer did not."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    school.slack.faults.switch_on("chat.postMessage", Fault.slow(MUTE, after_work=True))
    school.clock.move_to(school.clock.now().replace(hour=13, minute=50))
    await telling.wait_until(school, lambda: len(ben.messages()) == 2)

    await telling.crash(school)
    school.slack.faults.switch_off()
    await school.start()
    await calm_down(school)

    assert [len(person.messages()) for person in (ada, ben)] == [2, 2]
    assert await telling.join(school, ben, message=ben.messages()[-1]) is None


async def test_a_death_right_after_cancelling_tells_everybody_once(school: School) -> None:
    """The press was answered; the word to the others goes out after the restart."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    school.slack.faults.switch_on("chat.postMessage", Fault.slow(STUCK))
    await telling.cancel(school, ada)

    await telling.crash(school)
    school.slack.faults.switch_off()
    await school.start()
    await calm_down(school)
    await telling.move_to(school, 14, 50)

    assert [len(person.messages()) for person in (ada, ben, cara)] == [1, 2, 2]
    assert "This lesson was cancelled by Ada." in telling.read_all(school, ben)[0]


async def test_a_death_while_summing_up_sums_up_once(school: School) -> None:
    """The summary got there, its answer did not."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 14, 0)
    assert await telling.join(school, ben) is None
    await telling.leave_all(school)
    school.slack.faults.switch_on("chat.postMessage", Fault.slow(MUTE, after_work=True), count=1)
    count = len(ada.messages())
    school.clock.move_to(school.clock.now().replace(hour=14, minute=46))
    await telling.wait_until(school, lambda: len(ada.messages()) > count)

    await telling.crash(school)
    await school.start()
    await calm_down(school)

    assert len([text for text in telling.read_all(school, ada) if "1 of 2 came." in text]) == 1
