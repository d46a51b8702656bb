"""What Lessonspace's documents warn of, each as people would come to feel it: each fails without its handling.

Links die seven days after they were made; `transcribe` is the space's, and any launch without it switches it off; the
window is told in ISO 8601 and the question before the end in UNIX seconds; sessions of one person alone are not listed
unless asked for.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from storage.records import LessonState
from tests.acceptance import telling
from tests.acceptance.test_changing import THREE_PM, move
from tests.acceptance.test_devices import ask
from tests.acceptance.test_people import add, open_people

DAY = timedelta(days=1)


async def pass_to(school: School, moment: datetime) -> None:
    school.clock.move_to(moment)
    await telling.settle(school)


async def test_a_lesson_far_ahead_gets_links_that_still_live_when_it_begins(school: School) -> None:
    """Two weeks ahead there are none yet, and nobody waits at a closed door: they come a day before, and work."""
    ada, ben = school.add("Ada"), school.add("Ben")
    starts_at = THREE_PM + 14 * DAY

    await telling.book(school, ada, "@Ben today 3pm 45m Algebra", starts_at=starts_at)
    assert starts_at == (await telling.get_lesson(school)).starts_at
    assert [] == school.lessonspace.launches
    assert telling.find_url(telling.find_card(ben)) is None

    await pass_to(school, starts_at - DAY)
    assert {starts_at - DAY} == {launch.at for launch in school.lessonspace.launches}
    await pass_to(school, starts_at)
    assert [None, None] == [await telling.join(school, person) for person in (ada, ben)]


async def test_a_link_made_before_a_move_far_ahead_is_not_used_again(school: School) -> None:
    """It would be dead by then, or open at the old time only: everybody has another one, made when it is due."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    old = telling.find_url(telling.find_card(ben))
    starts_at = THREE_PM + 10 * DAY

    await move(school, ada, starts_at=starts_at)
    assert 2 == len(school.lessonspace.launches)
    assert telling.find_url(telling.find_card(ben)) is None

    await pass_to(school, starts_at - DAY)
    assert [THREE_PM - timedelta(hours=1)] * 2 + [starts_at - DAY] * 2 == [
        launch.at for launch in school.lessonspace.launches
    ]
    assert old != telling.find_url(telling.find_card(ben))
    await pass_to(school, starts_at)
    assert [None, None] == [await telling.join(school, person) for person in (ada, ben)]


def list_transcribing(school: School) -> list[bool]:
    """After each launch: is the space transcribed?"""
    return [launch.settings["transcribe"] for launch in school.lessonspace.launches]


async def test_every_further_link_leaves_the_transcript_on(school: School) -> None:
    """Another device, a new link, somebody added: one launch without it, and there would be no transcript."""
    ada, ben = school.add("Ada"), school.add("Ben")
    school.add("Cleo")
    await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")
    assert (await telling.submit(school, ada, options=["record", "transcribe"])).is_fine
    await telling.settle(school)
    await telling.move_to(school, 13, 55)
    assert 2 == len(school.lessonspace.launches)

    await ask(school, ben)
    assert 3 == len(school.lessonspace.launches)
    await ben.press(telling.find_card(ben), "new_link")
    await telling.settle(school)
    assert 4 == len(school.lessonspace.launches)
    await open_people(school, ada)
    assert (await add(school, ada, "Cleo")).is_fine
    await telling.settle(school)
    assert 5 == len(school.lessonspace.launches)

    assert [True] * 5 == list_transcribing(school)


async def test_a_transcript_that_nobody_asked_for_is_switched_off(school: School) -> None:
    """Said, and not left out: the organisation's own setting would hold instead."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    assert [False, False] == list_transcribing(school)
    assert all(launch.body["transcribe"] is False for launch in school.lessonspace.launches)


async def test_the_room_closes_and_asks_when_the_lesson_says(school: School) -> None:
    """Two formats of time in one launch: mixed up, the link would be refused, or nobody would ever be asked."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    [leader, _] = sorted(school.lessonspace.launches, key=lambda launch: not launch.user["leader"])
    asked, told = leader.user["custom_jwt_parameters"]["softExp"], leader.body["timeouts"]

    assert datetime(2026, 11, 23, 14, 40, tzinfo=UTC) == datetime.fromtimestamp(asked, UTC)
    assert ("2026-11-23T13:50:00Z", "2026-11-23T15:15:00Z") == (told["not_before"], told["not_after"])
    await telling.move_to(school, 13, 50)
    assert [None, None] == [await telling.join(school, person) for person in (ada, ben)]
    await telling.move_to(school, 14, 39)
    assert [] == school.lessonspace.prompts
    await telling.move_to(school, 14, 41)
    assert [("Ada", THREE_PM + timedelta(minutes=40))] == [
        (prompt.name, prompt.at) for prompt in school.lessonspace.prompts
    ]


async def end(school: School, ada: Actor) -> str:
    """Everybody leaves at the end; the summary."""
    await telling.move_to(school, 14, 46)
    await telling.leave_all(school)
    for minute in (50, 59):
        await telling.move_to(school, 14, minute)
    assert LessonState.ENDED is (await telling.get_lesson(school)).state
    return telling.read_all(school, ada)[-1]


async def test_somebody_who_waited_alone_was_there(school: School) -> None:
    """The leader never came: without asking for it, the list would not tell of the learner either."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 14, 0)
    assert await telling.join(school, ben) is None

    summary = await end(school, ada)

    assert "1 of 2 came." in summary
    assert "Ada: absent" in summary
