"""At night, on the reader's own clock: what waits for the morning, what is left out, and what comes all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import lifecycle, preferences
from bot.sandbox.school import School, open_school
from bot.wishes import Preferences
from storage.records import NoticeKind, NoticeState
from tests.acceptance import telling

MONDAY_TEN_PM = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
"""22:00 in Berlin, 16:00 in New York."""
SEVEN = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
"""07:00 in Berlin on the next morning."""


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    """It is ten in the evening, and quiet, in Berlin."""
    async with open_school(tmp_path, starts_at=MONDAY_TEN_PM) as school:
        await school.start()
        yield school


async def go_to(school: School, moment: datetime) -> None:
    school.clock.move_to(moment)
    await telling.settle(school)


async def test_an_invitation_waits_until_seven_by_the_readers_clock(school: School) -> None:
    """Ben's phone stays silent until morning; in New York it is afternoon, and Cara reads it at once."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara", zone="America/New_York")

    await telling.book(school, ada, "@Ben @Cara 2026-11-26 3pm 45m Algebra")

    assert (0, 1) == (len(ben.messages()), len(cara.messages()))
    await telling.wait_for_words(school, ada, "2 people are told in the morning")
    await go_to(school, SEVEN.replace(hour=5, minute=59))
    assert not ben.messages()
    await go_to(school, SEVEN)
    assert (1, 1) == (len(ben.messages()), len(cara.messages()))


async def test_a_way_in_that_is_due_comes_at_any_hour(school: School) -> None:
    """A lesson of tomorrow afternoon: its links are made now, and a link is never late."""
    ada, ben = school.add("Ada"), school.add("Ben")

    await telling.book(school, ada, "@Ben tomorrow 3pm 45m Algebra")

    assert telling.find_url(telling.find_card(ben)) is not None


async def test_a_reminder_at_night_is_left_out(school: School) -> None:
    """It would be too late in the morning; the card has Join, and nothing counts as missed."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 11pm 45m Algebra")

    await go_to(school, MONDAY_TEN_PM.replace(minute=50))

    reminders = await telling.list_notices(school, NoticeKind.START_REMINDER)
    assert {(NoticeState.DROPPED, "quiet_hours")} == {(one.state, one.reason) for one in reminders}
    assert 1 == len(ben.messages())
    assert await telling.join(school, ben) is None


async def test_a_reminder_at_night_comes_to_who_chose_its_time(school: School) -> None:
    """Cara said that she wants it 20 minutes before, so the lesson at eleven is hers to be reminded of; Ben sleeps."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara today 11:30pm 30m Algebra")
    await prefer(school, "Cara", Preferences(remind_before=timedelta(minutes=20)))

    await go_to(school, MONDAY_TEN_PM.replace(hour=22, minute=10))

    assert "Algebra starts at 23:30." in telling.read_all(school, cara)[-1]
    assert 1 == len(ben.messages())


async def prefer(school: School, name: str, chosen: Preferences) -> None:
    """As if chosen in Home."""
    assert school.hallpass is not None
    person = await telling.find_person(school, school.slack.as_user(name))
    assert person is not None
    now = school.clock.now()
    await school.hallpass.store.write(lambda tx: preferences.save_preferences(tx, person, chosen, now=now))


async def test_a_leader_is_called_to_who_waits_for_them_even_at_night(school: School) -> None:
    """Whatever they switched off, and whoever booked is told too: somebody is alone in a room."""
    office, ada, ben = school.add("Olga"), school.add("Ada"), school.add("Ben")
    await telling.book(school, office, "@Ben today 11pm 45m Algebra", leaders=["Ada"])
    await prefer(school, "Ada", Preferences(reminds=False, nudges=False))
    await go_to(school, MONDAY_TEN_PM.replace(minute=52))
    assert await telling.join(school, ben) is None

    await go_to(school, MONDAY_TEN_PM.replace(hour=22, minute=6))

    assert "1 person is waiting for you in the room" in telling.read_all(school, ada)[-1]
    assert "without a leader since 23:00" in telling.read_all(school, office)[-1]


async def test_a_learner_is_not_nudged_at_night(school: School) -> None:
    """Who is not in the lesson at eleven sleeps, or has Join on the card."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 11pm 45m Algebra")
    await go_to(school, MONDAY_TEN_PM.replace(minute=52))
    assert await telling.join(school, ada) is None

    await go_to(school, MONDAY_TEN_PM.replace(hour=22, minute=6))

    [nudge] = await telling.list_notices(school, NoticeKind.LATE_NUDGE)
    assert (NoticeState.DROPPED, "quiet_hours") == (nudge.state, nudge.reason)
    assert 1 == len(ben.messages())


async def test_a_reminder_that_is_still_of_use_comes_in_the_morning(school: School) -> None:
    """Owed at 06:55 for a lesson at 07:05: it comes at 07:00, and not a second time."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben tomorrow 7:05am 45m Algebra")

    await go_to(school, SEVEN.replace(hour=5, minute=55))
    assert 1 == len(ben.messages())
    await go_to(school, SEVEN)
    assert "Algebra starts at 07:05." in telling.read_all(school, ben)[-1]
    await go_to(school, SEVEN.replace(minute=3))
    assert 2 == len(ben.messages())


async def cancel(school: School, title: str = "Algebra") -> None:
    """By its leader's own unit of work: here it matters only what becomes of the word."""
    assert school.hallpass is not None
    assert school.hallpass._desk is not None
    policy, lesson = school.hallpass._desk.policy(), await telling.get_lesson(school, title)
    ask = lifecycle.Ask(
        workspace_id=lesson.workspace_id,
        lesson_id=lesson.id,
        user_id=school.slack.as_user("Ada").user.id,
        revision=lesson.revision,
        policy=policy,
        now=school.clock.now(),
    )
    await school.hallpass.store.write(lambda tx: lifecycle.cancel(tx, ask))
    await telling.settle(school)


async def test_a_cancelled_lesson_is_told_at_night_only_if_it_is_near(school: School) -> None:
    """Eight in the morning is ten hours away; three in the afternoon can wait until seven."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben tomorrow 8am 45m Early")
    await ada.close()
    await telling.book(school, ada, "@Cara tomorrow 3pm 45m Late")
    await cancel(school, "Early")
    await cancel(school, "Late")

    assert "Ada cancelled Early" in telling.read_all(school, ben)[-1]
    assert 1 == len(cara.messages())
    await go_to(school, SEVEN)
    assert "Ada cancelled Late" in telling.read_all(school, cara)[-1]


async def test_switched_off_nothing_waits(tmp_path: Path) -> None:
    """`HALLPASS_QUIET_HOURS=off`."""
    settings = {"HALLPASS_QUIET_HOURS": "off"}
    async with open_school(tmp_path, starts_at=MONDAY_TEN_PM, settings=settings) as school:
        await school.start()
        ada, ben = school.add("Ada"), school.add("Ben")
        await telling.book(school, ada, "@Ben 2026-11-26 3pm 45m Algebra")

        assert 1 == len(ben.messages())


async def test_a_restart_in_the_night_forgets_nothing(school: School) -> None:
    """What waits is a row with its hour, not somebody's memory."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben 2026-11-26 3pm 45m Algebra")

    await school.stop()
    school.clock.move_to(SEVEN)
    await school.start()
    await telling.settle(school)

    assert 1 == len(ben.messages())
