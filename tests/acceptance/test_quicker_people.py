"""People who are quicker than Slack: a form closed, sent off or typed on before it is drawn. Nothing lost or twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bot.answers import VIEW_GONE, judge_code
from bot.errors import SlackUnreachable, ViewGone
from bot.sandbox.faults import Fault
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.people import UserKind
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM
from tests.acceptance.test_home import open_home
from tests.acceptance.test_people import open_people, press

GONE = pytest.mark.parametrize("code", sorted(VIEW_GONE))


@pytest.fixture
async def pressing(tmp_path: Path) -> AsyncIterator[School]:
    """Join is a press, answered in a view where it was pressed in Home."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings={"HALLPASS_LINKS": "press"}) as school:
        await school.start()
        yield school


def list_failures(logged: list[EventDict]) -> list[EventDict]:
    return [entry for entry in logged if "failed" in str(entry["event"]) or "exc_info" in entry]


async def wait_until_gone(logged: list[EventDict]) -> None:
    async with asyncio.timeout(10):
        while not any(entry["event"] == "view_gone" for entry in logged):  # noqa: ASYNC110 (a log wakes nobody)
            await asyncio.sleep(0.005)


@GONE
def test_only_a_form_can_be_gone(code: str) -> None:
    """The same word about anything else means something else."""
    assert isinstance(judge_code("views.update", code, {}), ViewGone)
    assert not isinstance(judge_code("chat.update", code, {}), ViewGone)
    assert isinstance(judge_code("views.update", "user_not_found", {}), SlackUnreachable)


@GONE
async def test_a_form_that_was_sent_off_before_it_is_drawn_again(school: School, code: str) -> None:
    """*More options* comes too late: the lesson is booked once, as it was typed, and nobody reads of a failure."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")
    school.slack.faults.switch_on("views.update", Fault.refusing(code), count=1)
    with capture_logs() as logged:
        assert ada.view is not None
        await ada.press(ada.view, "more_options")
        await wait_until_gone(logged)
        assert (await telling.submit(school, ada)).is_fine
        await telling.settle(school)

    assert not list_failures(logged)
    assert "Algebra" == (await telling.get_lesson(school)).title
    assert [1, 1] == [len(actor.messages()) for actor in (ada, ben)]
    assert [] == ada.private_answers()


async def test_a_loading_form_that_was_closed_stays_closed(school: School) -> None:
    """Slack is slow to say who Ada is; she gives up. It is not opened again, and she can begin anew."""
    ada = school.add("Ada")
    school.add("Ben")
    school.slack.faults.switch_on("users.info", Fault.slow(timedelta(seconds=0.5)), count=1)
    with capture_logs() as logged:
        await ada.slash("/lesson", "@Ben today 3pm Algebra")
        await school.slack.wait_for(lambda: ada.view is not None)
        await ada.close(closes_all=True)
        await wait_until_gone(logged)

    assert ada.view is None
    assert not list_failures(logged)
    assert [] == ada.private_answers()
    await telling.open_form(school, ada, "@Ben today 3pm Algebra")


async def test_a_way_in_whose_view_was_closed_comes_as_a_private_answer(pressing: School) -> None:
    """It was made for Ben, and pressing Join in Home again would only make another: he gets it, once."""
    ada, ben = pressing.add("Ada"), pressing.add("Ben")
    await telling.book(pressing, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(pressing, 14)
    home = await open_home(pressing, ben)
    pressing.lessonspace.faults.switch_on("launch", Fault.slow(timedelta(seconds=0.5)), count=1)
    with capture_logs() as logged:
        await ben.press(home, "join")
        await pressing.slack.wait_for(lambda: ben.view is not None)
        await ben.close(closes_all=True)
        await pressing.slack.wait_for(lambda: bool(ben.private_answers()))

    [answer] = ben.private_answers()
    url = telling.list_buttons(answer)["go_in"]["url"]
    assert (await pressing.lessonspace.browser("Ben").join(url)).is_inside
    assert url not in answer.text
    assert ben.view is None
    assert not list_failures(logged)


@pytest.mark.parametrize(("name", "words"), [("Cara", "no longer in the lesson"), ("Ada", "needs a leader")])
async def test_what_came_of_a_press_is_told_though_its_form_was_closed(school: School, name: str, words: str) -> None:
    """Taking somebody out, or why not: where the form would have said it, a private answer does, with the lesson."""
    ada = school.add("Ada")
    school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    await open_people(school, ada)
    school.slack.faults.switch_on("views.update", Fault.refusing("not_found"), count=1)
    with capture_logs() as logged:
        await press(school, ada, "remove", name)
        answer = await telling.wait_for_answer(school, ada, words)

    assert "Algebra" in ada.read(answer)
    assert 1 == len(ada.private_answers())
    assert not list_failures(logged)


async def test_turning_a_page_of_a_closed_list_is_nothing(school: School) -> None:
    """The listener itself draws there: no apology in place of a page that nobody looks at."""
    olga = school.add("Olga", kind=UserKind.ADMIN)
    await olga.press(await open_home(school, olga), "all_lessons")
    await telling.wait_for_words(school, olga, "All lessons")
    school.slack.faults.switch_on("views.update", Fault.refusing("view_not_found"), count=1)
    with capture_logs() as logged:
        assert olga.view is not None
        assert (await olga.press(olga.view, "all_lessons")).is_fine

    assert any(entry["event"] == "view_gone" for entry in logged)
    assert not list_failures(logged)
    assert [] == olga.private_answers()
