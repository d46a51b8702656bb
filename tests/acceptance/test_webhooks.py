"""Rooms that report by themselves: boards, nudges, links and ends by webhook, through the real app over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.lessonspace.mishaps import Mishap
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from storage.records import LessonState, NoticeKind
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    """The bot runs at 14:00 on a Monday in Berlin, and rooms know where to report to."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, has_webhooks=True) as school:
        await school.start()
        yield school


def read_board(school: School, leader: Actor) -> str:
    return telling.read_all(school, leader)[0].replace(" (first lesson with you)", "")


def silence_lists(school: School) -> None:
    """Nobody can be asked: what is known from now on was reported."""
    for name in ("sessions", "space_sessions"):
        school.lessonspace.faults.switch_on(name, Fault.failing(503))


async def pass_by(school: School, **delta: float) -> None:
    """Let lesson time pass, and everything that it brings."""
    school.clock.move_by(timedelta(**delta))
    await telling.settle(school)


async def start_lesson(school: School, *people: Actor) -> None:
    """Booked, reminded; the doors are open."""
    ada, *others = people
    await telling.book(school, ada, " ".join([*(f"@{one.user.name}" for one in others), "today 3pm 45m Algebra"]))
    await telling.move_to(school, 13, 50)


async def test_the_board_says_who_joined_and_who_left_without_any_asking(school: School) -> None:
    """Live at the first join; somebody who closes the room has left; who is not reported is not called absent."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await start_lesson(school, ada, ben, cara)
    silence_lists(school)
    await telling.move_to(school, 13, 52)

    assert await telling.join(school, ben) is None
    await telling.settle(school)

    assert "Ben: joined 14:52" in read_board(school, ada)
    assert "Cara: sent" in read_board(school, ada)
    assert (await telling.get_lesson(school)).state is LessonState.LIVE
    await telling.move_to(school, 14, 20)
    await telling.leave_all(school)
    await telling.settle(school)
    assert "Ben: left 15:20" in read_board(school, ada)
    assert not await telling.list_notices(school, NoticeKind.LATE_NUDGE), "nobody was seen to be missing"


async def test_without_webhooks_the_same_is_found_by_asking(tmp_path: Path) -> None:
    """Switched off, launches carry no address and the boards say the same, a little later."""
    settings = {"HALLPASS_WEBHOOKS": "off"}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, has_webhooks=True, settings=settings) as school:
        await school.start()
        ada, ben = school.add("Ada"), school.add("Ben")
        await start_lesson(school, ada, ben)
        assert await telling.join(school, ben) is None
        await pass_by(school, seconds=20)

        assert "Ben: joined 14:50" in read_board(school, ada)
        assert not any("webhooks" in launch.body for launch in school.lessonspace.launches)
        assert not school.lessonspace.webhooks.deliveries


async def test_every_launch_of_a_room_carries_the_identical_address(school: School) -> None:
    """Of two at once, of another device, of a lesson booked later; each room has its own; nothing of chat."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await start_lesson(school, ada, ben)
    await telling.book(school, ada, "@Cara today 5pm 45m Geometry")
    assert (await ben.press(telling.find_card(ben), "device")).is_fine
    await telling.settle(school)
    await school.slack.wait_for(lambda: len(school.lessonspace.launches) == 5)

    blocks = [launch.body["webhooks"] for launch in school.lessonspace.launches]
    addresses = [{address for group in block.values() for address in group.values()} for block in blocks]
    of_rooms = {launch.launch_id: one for launch, one in zip(school.lessonspace.launches, addresses, strict=True)}
    assert 5 == len(blocks)
    assert all(1 == len(one) for one in addresses)
    assert all(
        of_rooms[launch.launch_id] == one for launch, one in zip(school.lessonspace.launches, addresses, strict=True)
    )
    assert 2 == len(of_rooms) == len({address for one in addresses for address in one})
    assert {"session", "user", "transcription", "summary"} == set(blocks[0])
    assert cara.messages()


@pytest.mark.parametrize("has_reports", [True, False])
async def test_whose_link_died_with_a_session_finds_another_on_their_card(school: School, has_reports: bool) -> None:
    """Ben comes early and leaves; half a minute later his link is spent. Silently there is a fresh one."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    if has_reports:
        silence_lists(school)
    else:
        school.lessonspace.webhooks.mishaps.switch_on("*", Mishap.losing())
    await start_lesson(school, ada, ben, cara)
    before = {one.user.name: telling.find_url(telling.find_card(one)) for one in (ada, ben, cara)}
    count = len(ben.messages())
    assert await telling.join(school, ben) is None
    await pass_by(school, seconds=25)
    await telling.leave_all(school)

    await pass_by(school, seconds=31)
    await pass_by(school, seconds=60)

    after = {one.user.name: telling.find_url(telling.find_card(one)) for one in (ada, ben, cara)}
    assert ["ben"] == [name for name in before if before[name] != after[name]]
    assert count == len(ben.messages()), "silently"
    assert await telling.join(school, ben, "Ben's other laptop") is None
    launches = len(school.lessonspace.launches)
    await pass_by(school, minutes=5)
    assert launches == len(school.lessonspace.launches), "renewed once"


@pytest.mark.parametrize(
    "mishap",
    [Mishap.repeating(), Mishap.reordering(), Mishap.delaying(timedelta(seconds=50))],
    ids=lambda one: one.kind,
)
async def test_doubled_reordered_and_late_reports_come_to_the_same(school: School, mishap: Mishap) -> None:
    """Nobody is there twice, nobody has left who is there."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await start_lesson(school, ada, ben, cara)
    silence_lists(school)
    school.lessonspace.webhooks.mishaps.switch_on("*", mishap)
    await telling.move_to(school, 14, 1)
    for one in (ada, ben, cara):
        assert await telling.join(school, one) is None
    await pass_by(school, seconds=10)
    url = telling.find_url(telling.find_card(ben))
    assert url is not None
    tab = school.lessonspace.browser("ben")
    assert (await tab.join(url)).is_inside
    await telling.move_to(school, 14, 10)
    await tab.leave()
    await telling.move_to(school, 14, 12)
    await school.lessonspace.deliver_all()
    await telling.settle(school)

    board = read_board(school, ada)
    assert all(f"{name}: joined 15:01" in board for name in ("Ben", "Cara")), board
    await telling.leave_all(school)
    await school.lessonspace.deliver_all()
    await telling.settle(school)
    assert "Ben: left 15:12" in read_board(school, ada)


async def test_what_reports_missed_is_found_by_asking(school: School) -> None:
    """Every report of a user is lost, as one team found: the room is asked, and the board is right."""
    ada, ben = school.add("Ada"), school.add("Ben")
    school.lessonspace.webhooks.mishaps.switch_on("user.*", Mishap.losing())
    await start_lesson(school, ada, ben)
    await telling.move_to(school, 14, 1)
    assert await telling.join(school, ben) is None
    await pass_by(school, seconds=20)

    assert "Ben: joined 15:01" in read_board(school, ada)


async def test_a_leave_that_was_of_another_tab_is_put_right_by_reading(school: School) -> None:
    """A report does not say which connection closed, and that of the second tab's opening was lost."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await start_lesson(school, ada, ben)
    await telling.move_to(school, 14, 1)
    assert await telling.join(school, ben) is None
    await telling.settle(school)
    url = telling.find_url(telling.find_card(ben))
    assert url is not None
    school.lessonspace.webhooks.mishaps.switch_on("user.join", Mishap.losing())
    tab = school.lessonspace.browser("ben")
    assert (await tab.join(url)).is_inside
    await tab.leave()
    await telling.settle(school)
    assert "Ben: left 15:01" in read_board(school, ada), "as far as anybody told"

    await pass_by(school, minutes=2)

    assert "Ben: joined 15:01" in read_board(school, ada)
    assert ["Ben"] == school.lessonspace.list_present(school.lessonspace.launches[0].launch_id)


async def test_a_late_nudge_still_needs_a_reading(school: School) -> None:
    """Reports alone make nobody absent; as soon as the room is read, who is missing is nudged once."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await start_lesson(school, ada, ben, cara)
    silence_lists(school)
    assert await telling.join(school, ada) is None
    assert await telling.join(school, ben) is None
    await telling.move_to(school, 14, 6)
    assert not await telling.list_notices(school, NoticeKind.LATE_NUDGE)

    school.lessonspace.faults.switch_off()
    school.skip(timedelta(minutes=5))
    await pass_by(school, minutes=1)

    assert 1 == len(await telling.list_notices(school, NoticeKind.LATE_NUDGE))
    assert "we do not see you there yet" in cara.messages()[-1].text


async def test_a_lesson_that_ran_over_ends_when_its_session_is_reported_to_have_ended(school: School) -> None:
    """Not minutes later: the report has the room looked at."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await start_lesson(school, ada, ben)
    for one in (ada, ben):
        assert await telling.join(school, one) is None
    for minute in (45, 46, 48, 51, 54):
        await telling.move_to(school, 14, minute)
    assert (await telling.get_lesson(school)).is_running_over
    await telling.leave_all(school)
    await pass_by(school, seconds=31)

    assert LessonState.ENDED is (await telling.get_lesson(school)).state
    assert any("Planned" in message for message in telling.read_all(school, ada))


async def test_what_was_stored_before_a_crash_is_worked_on_after_it(school: School) -> None:
    """The bot dies between storing a report and working on it."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await start_lesson(school, ada, ben)
    silence_lists(school)
    hallpass = school.hallpass
    assert hallpass is not None
    assert hallpass.reports is not None
    hallpass.reports.stop()
    await telling.move_to(school, 14, 1)
    assert await telling.join(school, ben) is None
    await school.lessonspace.deliver_all()
    assert "Ben: joined" not in read_board(school, ada)

    await school.kill()
    await school.start()
    await telling.settle(school)

    assert "Ben: joined 15:01" in read_board(school, ada)
