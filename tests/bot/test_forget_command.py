"""`hallpass forget-person`: it looks, asks, forgets here and at the room service, and says what it did and what not."""

from __future__ import annotations

import asyncio
import builtins
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.lessonspace.webhooks import Fate
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from storage.records import Produced
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM
from tests.bot.commandline import CommandLine, Ran


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM) as school:
        await school.start()
        yield school


async def forget(school: School, line: CommandLine, who: str, *options: str) -> Ran:
    """As typed, while the bot looks for work more often than its usual twice a minute."""
    typed = line.run_beside("forget-person", who, *options, environment=school.build_environment())
    task = asyncio.create_task(typed)
    while not task.done():
        school.skip(timedelta(0))
        await asyncio.wait([task], timeout=0.05)
    school.skip(timedelta(0))
    return await task


async def hold_lesson(school: School) -> tuple[Actor, Actor, Actor]:
    """Ada taught Ben and Cara, both came, and everything about it is over."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    await telling.move_to(school, 13, 58)
    for person in (ada, ben, cara):
        assert None is await telling.join(school, person)
    await telling.move_to(school, 14, 40)
    await telling.leave_all(school)
    await telling.move_to(school, 15, 7)
    await telling.move_to(school, 16, 30)
    return ada, ben, cara


async def test_one_person_is_forgotten_while_the_bot_runs(school: School, line: CommandLine) -> None:
    """Here, at the room service, and on others' messages; a second time nobody is found."""
    ada, ben, cara = await hold_lesson(school)
    ran = await forget(school, line, ben.user.id, "--yes")
    await telling.settle(school)

    assert (0, "") == (ran.status, ran.err)
    assert f"Ben ({ben.user.id}): 1 lesson on record." in ran.out
    assert "Forgotten at Lessonspace:\n  their user was deleted\n" in ran.out
    assert 'What remains:\n  1 place in lessons, as "Somebody forgotten"' in ran.out
    assert {"Ada", "Cara"} == {user.name for user in school.lessonspace.organisation.users.list_all()}
    texts = telling.read_all(school, ada)
    assert [] == [text for text in texts if "Ben" in text]
    assert any("Somebody forgotten" in text for text in texts)
    again = await forget(school, line, ben.user.id, "--yes")
    assert (1, f"Nobody is stored under {ben.user.id}: there is nothing to forget.\n") == (again.status, again.out)
    assert 0 == (await forget(school, line, cara.user.id, "--yes")).status


async def test_whoever_is_forgotten_may_come_back_as_somebody_new(school: School, line: CommandLine) -> None:
    """A change of their profile brings nobody back, a new booking brings somebody new; the old lesson stays bare."""
    ada, ben, _ = await hold_lesson(school)
    await forget(school, line, ben.user.id, "--yes")
    details = await telling.get_lesson_details(school)
    await telling.book(school, ada, "@Ben tomorrow 3pm 45m Geometry")

    old, new = details, await telling.get_lesson_details(school, "Geometry")
    assert {"Ada", "Cara", "Somebody forgotten"} == {seat.person.name for seat in old.seats}
    assert {"Ada", "Ben"} == {seat.person.name for seat in new.seats}
    assert not {seat.person.id for seat in old.others} & {seat.person.id for seat in new.others}
    assert {"Ada", "Cara", "Somebody forgotten"} == {
        seat.person.name for seat in (await telling.get_lesson_details(school)).seats
    }


async def test_a_lesson_to_come_keeps_its_people(school: School, line: CommandLine) -> None:
    """It is named, with what to do; with that done, they are taken out, told nothing more, and forgotten."""
    ada, ben, _ = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    refused = await forget(school, line, ben.user.id, "--yes")
    only = await forget(school, line, ada.user.id, "--yes", "--remove")
    count = len(ben.messages())
    ran = await forget(school, line, ben.user.id, "--yes", "--remove")
    await telling.settle(school)

    assert [1, 1, 0] == [one.status for one in (refused, only, ran)]
    assert "Nothing was changed, for they are still needed:\n  2026-11-23 15:00 Algebra (" in refused.out
    assert ") is to come\nWith --remove they are taken out" in refused.out
    assert "they are the only leader of 2026-11-23 15:00 Algebra (" in only.out
    assert "Name another leader, or cancel it in Slack first." in only.out
    assert "Join on" not in ran.out
    assert count == len(ben.messages())
    assert "join" not in telling.list_buttons(ben.messages()[0])
    assert {"Ada", "Cara"} == {seat.person.name for seat in (await telling.get_lesson_details(school)).seats}


async def test_where_the_room_service_does_not_answer_nothing_is_erased(school: School, line: CommandLine) -> None:
    """One line; the same command does it later, or without the service where that is said."""
    _, ben, cara = await hold_lesson(school)
    school.lessonspace.faults.switch_on("forget_user", Fault.failing())
    failed = await forget(school, line, ben.user.id, "--yes")
    here = await forget(school, line, cara.user.id, "--yes", "--only-here")
    school.lessonspace.faults.switch_off()
    later = await forget(school, line, ben.user.id, "--yes")

    assert [2, 0, 0] == [one.status for one in (failed, here, later)]
    (told,) = failed.err.splitlines()
    assert told.startswith("hallpass: Lessonspace: ")
    assert "nothing was erased here; try again later, or leave the room services out with --only-here" in told
    assert "all of it at the room service, as asked" in here.out
    assert {"Ada", "Cara"} == {user.name for user in school.lessonspace.organisation.users.list_all()}


async def test_whom_the_room_service_was_not_asked_about_is_said(school: School, line: CommandLine) -> None:
    """Ben's link was never made, so nobody knows Lessonspace's id of him: how to look there is told."""
    ada, ben, _ = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara 2026-11-27 3pm 45m Algebra")

    ran = await forget(school, line, ben.user.id, "--yes", "--remove")

    assert 0 == ran.status
    assert "Forgotten at Lessonspace" not in ran.out
    assert 'so none was asked\n    look with: hallpass room users --search "Ben"\n' in ran.out


async def test_what_was_said_is_not_taken_in_afterwards(tmp_path: Path, line: CommandLine) -> None:
    """Ben is forgotten while transcript and summary are being made; Lessonspace reports them all the same."""
    settings = {"LESSONSPACE_LAUNCH": '{"summarise": true}'}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, has_webhooks=True, settings=settings) as school:
        await school.start()
        ada, ben = school.add("Ada"), school.add("Ben")
        await telling.book(school, ada, "@Ben today 3pm 45m Algebra", options=["record", "transcribe"])
        await telling.move_to(school, 14, 0)
        for person in (ada, ben):
            assert None is await telling.join(school, person)
        await telling.move_to(school, 14, 44)
        await telling.leave_all(school)
        await telling.move_to(school, 14, 47)

        assert 0 == (await forget(school, line, ben.user.id, "--yes", "--remove")).status
        await telling.move_to(school, 15, 30)

        events = [one.event for one in school.lessonspace.webhooks.deliveries if one.fate is Fate.TAKEN]
        assert ["transcription.finish", "summary.finish"] == events[-2:]
        [held] = (await telling.get_lesson_details(school)).sessions
        assert (Produced.NOT_ASKED, None) == (held.transcript, held.summary)
        summary = telling.read_all(school, ada)[-1]
        assert "Somebody forgotten" in summary
        assert not [words for words in ("Ben", "being prepared") if words in summary]


async def test_it_asks_first(school: School, line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody can answer it says so; anything but yes changes nothing."""
    _, ben, _ = await hold_lesson(school)
    nobody = await forget(school, line, ben.user.id)
    asked: list[str] = []

    def answer(question: str, word: str) -> str:
        asked.append(question)
        return word

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(builtins, "input", lambda question: answer(question, "n"))
    no = await forget(school, line, ben.user.id)
    monkeypatch.setattr(builtins, "input", lambda question: answer(question, " Yes"))
    yes = await forget(school, line, ben.user.id)

    assert [2, 1, 0] == [one.status for one in (nobody, no, yes)]
    assert "forget-person asks before it erases: say --yes where nobody can answer" in nobody.err
    assert no.out.endswith("Nothing was changed.\n")
    assert ["Forget Ben here and at the room service? Nothing brings it back. [y/N] "] * 2 == asked


def test_without_a_database_there_is_nobody(line: CommandLine) -> None:
    """And none is made."""
    ran = line.run("forget-person", "U0BEN", "--yes")

    assert 2 == ran.status
    assert "there is no such file: nothing is stored yet" in ran.err
    assert [] == list(line.folder.iterdir())
