"""`kill -9` while links go out: after the next start nobody is left without a link, and nobody has it twice.

Each case kills at another moment, told by what Slack has seen by then, with or without Slack failing meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from tests.acceptance.processes import (
    assert_nothing_in_the_clear,
    let_a_minute_pass,
    open_process_school,
    start,
    wait_until_all_sent,
)
from tests.acceptance.telling import find_card, list_buttons, open_form

NAMES = ("Ada", "Ben", "Cara", "Dan", "Eve", "Finn", "Gus", "Hana")
SETTINGS = {"HALLPASS_LAUNCHES_AT_ONCE": "2", "HALLPASS_POSTS_AT_ONCE": "2"}
POST = "chat.postMessage"


def _count_shown(people: list[Actor]) -> int:
    return sum(len(one.messages()) for one in people)


async def _book_and_kill(
    folder: Path,
    is_time: Callable[[School, list[Actor]], bool],
    prepare: Callable[[School], None],
    *,
    is_socket_mode: bool = False,
) -> None:
    """Book for eight, kill when it is time, come back a minute later: exactly one card each, each with its link."""
    async with open_process_school(folder, is_socket_mode=is_socket_mode, settings=SETTINGS) as (school, bot):
        people = [school.add(name) for name in NAMES]
        await start(school, bot)
        prepare(school)
        await open_form(school, people[0], f"now {' '.join('@' + name for name in NAMES[1:])} 45m Algebra")
        assert (await people[0].submit()).is_fine

        await school.slack.wait_for(lambda: is_time(school, people), 10)
        await bot.kill()
        shown = _count_shown(people)
        assert_nothing_in_the_clear(school, bot, beside="Algebra")
        school.slack.faults.switch_off()
        let_a_minute_pass(school.database_path)
        await start(school, bot)
        await wait_until_all_sent(school.database_path, count=len(people))
        assert 0 == await bot.stop()

        assert shown < len(people), "the kill came in the middle"
        assert [1] * len(people) == [len(one.messages()) for one in people]
        links = [list_buttons(find_card(one))["join"]["url"] for one in people]
        assert len(people) == len(set(links))
        made = {launch.url for launch in school.lessonspace.launches}
        assert set(links) <= made
        assert_nothing_in_the_clear(school, bot, beside="Algebra")


def _slow(school: School) -> None:
    school.slack.latencies[POST] = timedelta(milliseconds=80)


@pytest.mark.slow
@pytest.mark.parametrize("seen", [0, 1, 2, 3, 5, 6])
async def test_killed_between_two_posts(tmp_path: Path, seen: int) -> None:
    """At once after the submission was taken, and after so many cards were shown."""
    await _book_and_kill(tmp_path, lambda _, people: _count_shown(people) >= seen, _slow)


@pytest.mark.slow
async def test_killed_in_socket_mode(tmp_path: Path) -> None:
    """The same with Slack at the other end of a WebSocket."""
    await _book_and_kill(tmp_path, lambda _, people: _count_shown(people) >= 3, _slow, is_socket_mode=True)


@pytest.mark.slow
@pytest.mark.parametrize("seen", [1, 4])
async def test_killed_between_slacks_deed_and_its_answer(tmp_path: Path, seen: int) -> None:
    """The message is there, and the process that posted it never learns so: it is found, not posted again."""

    def prepare(school: School) -> None:
        school.slack.faults.switch_on(POST, Fault.slow(timedelta(seconds=0.4), after_work=True))

    await _book_and_kill(tmp_path, lambda _, people: _count_shown(people) >= seen, prepare)


@pytest.mark.slow
async def test_killed_while_links_are_made(tmp_path: Path) -> None:
    """Launched, not posted: launching again is harmless, and only links that were posted reach anybody."""

    def prepare(school: School) -> None:
        school.lessonspace.latency = timedelta(milliseconds=300)

    await _book_and_kill(tmp_path, lambda school, _: len(school.lessonspace.launches) >= 3, prepare)


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What Slack does to posts before the kill."""

    faults: tuple[Fault, ...]  # the first posts meet these, one each
    calls: int  # kill after so many posts were answered, or not


TROUBLES = {
    "429": Trouble(faults=(Fault.rate_limited(1), Fault.rate_limited(1)), calls=4),
    "dropped after work": Trouble(faults=(Fault.dropping(does_work=True), Fault.dropping(does_work=True)), calls=4),
    "dropped before work": Trouble(faults=(Fault.dropping(), Fault.dropping()), calls=4),
    "503 after work": Trouble(faults=(Fault.failing(503, does_work=True), Fault.failing(503, does_work=True)), calls=4),
    "500 before work": Trouble(faults=(Fault.failing(500), Fault.failing(500)), calls=4),
    "all of them": Trouble(
        faults=(
            Fault.dropping(does_work=True),
            Fault.failing(503),
            Fault.refusing("internal_error", does_work=True),
            Fault.rate_limited(1),
        ),
        calls=6,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TROUBLES)
async def test_killed_while_slack_fails(tmp_path: Path, name: str) -> None:
    """Whatever Slack did or did not do with the posts before the kill."""
    trouble = TROUBLES[name]

    def prepare(school: School) -> None:
        _slow(school)
        for fault in trouble.faults:
            school.slack.faults.switch_on(POST, fault, count=1)

    await _book_and_kill(tmp_path, lambda school, _: school.slack.log.count(POST) >= trouble.calls, prepare)


@pytest.mark.slow
async def test_killed_again_and_again(tmp_path: Path) -> None:
    """Three kills in one booking, each a little further on."""
    async with open_process_school(tmp_path, settings=SETTINGS) as (school, bot):
        people = [school.add(name) for name in NAMES]
        await start(school, bot)
        _slow(school)
        await open_form(school, people[0], f"now {' '.join('@' + name for name in NAMES[1:])} 45m Algebra")
        assert (await people[0].submit()).is_fine

        for seen in (1, 3, 5):
            await school.slack.wait_for(lambda seen=seen: _count_shown(people) >= seen, 15)  # type: ignore[misc]
            await bot.kill()
            let_a_minute_pass(school.database_path)
            await start(school, bot)
        await wait_until_all_sent(school.database_path, count=len(people))
        assert 0 == await bot.stop()

        assert [1] * len(people) == [len(one.messages()) for one in people]
