"""Somebody who was in lessons at several room services, forgotten: each is asked, and each is spoken of by its name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.erasing import Asked, Outcome, list_kept, tell_erased
from bot.ids import Field
from bot.sandbox.faults import Fault
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM
from tests.bot.commandline import CommandLine, Ran


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, services=("lessonspace", "videsk")) as school:
        await school.start()
        yield school


async def forget(school: School, line: CommandLine, who: Actor, *options: str, **changes: str) -> Ran:
    environment = school.build_environment() | changes
    return await line.run_beside("forget-person", who.user.id, "--yes", *options, environment=environment)


async def come_in(actor: Actor, words: str) -> None:
    """Through the page of Hallpass's own, to wherever it leads."""
    card = next(message for message in actor.messages() if words in actor.read(message))
    url = str(telling.list_buttons(card)["join"]["url"])
    async with httpx.AsyncClient() as browser:
        await browser.get(url)
        assert (await browser.post(url)).status_code == 303


async def hold_two_lessons(school: School) -> Actor:
    """Ben came to one in each service, and both are over. Him."""
    ada, ben = school.add("Ada"), school.add("Ben")
    school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    await telling.book(school, ada, "@Ben @Cara today 5pm 45m Biology", **{Field.SERVICE: "videsk"})
    await telling.move_to(school, 14)
    await come_in(ben, "Algebra")
    await telling.move_to(school, 16)
    await come_in(ben, "Biology")
    await telling.move_to(school, 17, 30)
    return ben


async def test_every_service_that_knows_them_is_asked(school: School, line: CommandLine) -> None:
    """What one could erase and the other could not is said of each by its name, with who can."""
    ben = await hold_two_lessons(school)

    ran = await forget(school, line, ben)

    assert (0, "") == (ran.status, ran.err)
    assert "Forgotten at Lessonspace:\n  their user was deleted\n" in ran.out
    assert "Not forgotten at Videsk:\n  it has no way to erase one person\n" in ran.out
    remains = ran.out.partition("What remains:")[2]
    assert "at Lessonspace: recordings, transcripts" in remains
    assert (
        "at Videsk: whatever it keeps of those who were in its rooms; only Videsk\n    itself can erase that" in remains
    )
    assert "Ben" not in {user.name for user in school.lessonspace.organisation.users.list_all()}


async def test_a_service_that_is_gone_is_named_and_stops_nothing(school: School, line: CommandLine) -> None:
    """Nobody could be asked; what to do is told."""
    ben = await hold_two_lessons(school)

    without = {"HALLPASS_ROOM_SERVICE": "videsk", "HALLPASS_ROOM_SERVICES": "videsk", "LESSONSPACE_API_KEY": ""}
    ran = await forget(school, line, ben, **without)

    assert 0 == ran.status
    assert "Not forgotten at lessonspace:\n  it was not asked, for it is not set up here any more\n" in ran.out
    assert "at lessonspace: all of it; set it up again and repeat this command" in ran.out
    assert "Ben" in {user.name for user in school.lessonspace.organisation.users.list_all()}


async def test_where_one_does_not_answer_nothing_is_erased_here(school: School, line: CommandLine) -> None:
    """Whichever of them it is: the same command does it later."""
    ben = await hold_two_lessons(school)
    school.lessonspace.faults.switch_on("forget_user", Fault.failing())
    failed = await forget(school, line, ben)
    school.lessonspace.faults.switch_off()
    later = await forget(school, line, ben)

    assert [2, 0] == [failed.status, later.status]
    assert failed.err.startswith("hallpass: Lessonspace: ")
    assert "Forgotten at Lessonspace" in later.out


async def test_whoever_never_came_is_known_nowhere(school: School, line: CommandLine) -> None:
    """With a page of Hallpass's own nobody is told to a room service before they press Join."""
    ada, ben = school.add("Ada"), school.add("Ben")
    school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara tomorrow 3pm 45m Biology", **{Field.SERVICE: "videsk"})
    await school.stop()  # else it is waited for, to take Join off his card

    ran = await forget(school, line, ben, "--remove")

    assert 0 == ran.status
    assert "orgotten at" not in ran.out
    assert "Hallpass has no id of theirs at any, so none was asked" in ran.out


def test_what_is_said_of_users_is_counted() -> None:
    """Somebody may have had several; and one that is gone already is nothing to forget."""
    told = list(
        tell_erased(
            [
                Asked(shown_name="Bell", outcome=Outcome.ERASED, user_count=2),
                Asked(shown_name="Easel", outcome=Outcome.NOT_KNOWN),
            ]
        )
    )

    assert ["Forgotten at Bell:", "  2 users were deleted"] == told[:2]
    assert ["Nothing to forget at Easel:", "  it knows no such user"] == told[2:]
    assert [] == list(list_kept([]))
