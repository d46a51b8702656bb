"""What people are told and when: links, reminders, warnings, cancelling, extending, catching up, the summary."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.lessonspace.spaces import Reason
from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from storage.records import LessonState, NoticeKind, NoticeState
from tests.acceptance import telling


def read_last(school: School, actor: Actor) -> str:
    """Their latest message."""
    return telling.read_all(school, actor)[-1]


async def test_a_lesson_in_three_days_gets_its_links_on_the_day_before(school: School) -> None:
    """A card without Join at once; Join comes onto that card without a message; then the reminder with Join."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben 2026-11-26 3pm 45m Algebra")
    assert [len(person.messages()) for person in (ada, ben)] == [1, 1]
    assert telling.find_url(telling.find_card(ben)) is None
    assert "A Join button will be here from 25 Nov 15:00." in telling.read_all(school, ben)[0]
    assert not school.lessonspace.launches

    school.clock.move_to(datetime(2026, 11, 25, 14, 0, tzinfo=UTC))
    await telling.settle(school)
    assert [len(person.messages()) for person in (ada, ben)] == [1, 1]
    url = telling.find_url(telling.find_card(ben))
    assert url is not None

    school.clock.move_to(datetime(2026, 11, 26, 13, 50, tzinfo=UTC))
    await telling.settle(school)
    assert [len(person.messages()) for person in (ada, ben)] == [2, 2]
    assert telling.find_url(ben.messages()[-1]) == url
    assert await telling.join(school, ben, message=ben.messages()[-1]) is None


async def test_a_reminder_that_would_repeat_a_fresh_card_is_left_out(school: School) -> None:
    """Booked twelve minutes ahead, the card is two minutes old when the reminder is due."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben Algebra", starts_at=school.clock.now() + timedelta(minutes=12))

    school.clock.move_by(timedelta(minutes=2))
    await telling.settle(school)

    assert len(ben.messages()) == 1
    [reminder] = [n for n in await telling.list_notices(school, NoticeKind.START_REMINDER) if n.about][:1]
    assert (reminder.state, reminder.reason) == (NoticeState.DROPPED, "card_is_fresh")


@pytest.mark.parametrize("days", [0, 3])
async def test_cancelling_before_the_start_tells_everybody_once(school: School, days: int) -> None:
    """Join goes, reminders die, the leader reads which links cannot be taken back; far ahead there are none."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    day = (school.clock.now() + timedelta(days=days)).date().isoformat()
    await telling.book(school, ada, f"@Ben @Cara {day} 3pm 45m Algebra")

    await ada.press(telling.find_card(ada), "cancel")
    asked = await telling.wait_for_words(school, ada, "Cancel this lesson?")
    await ada.close()
    assert (await telling.get_lesson(school)).is_open
    answer = await telling.cancel(school, ada)
    assert "Algebra is cancelled. 2 people are told now." in answer
    await telling.settle(school)

    still = "3 links already sent stay valid until"
    assert (still in answer) is (days == 0)
    assert (still in telling.read_all(school, ada)[0]) is (days == 0)
    assert (still in asked) is (days == 0)
    for person in (ben, cara):
        assert "Ada cancelled Algebra" in read_last(school, person)
        assert "This lesson was cancelled by Ada." in telling.read_all(school, person)[0]
        assert len(person.messages()) == 2
    assert not [one for person in (ada, ben, cara) for one in person.messages() if telling.list_buttons(one)]
    for hour, minute in ((13, 50), (14, 40), (16, 0)):
        school.clock.move_to(datetime(2026, 11, 23 + days, hour, minute, tzinfo=UTC))
        await telling.settle(school)
    assert [len(person.messages()) for person in (ada, ben, cara)] == [1, 2, 2]


async def test_cancelling_during_the_lesson_ends_it_for_everybody(school: School) -> None:
    """No warning, no summary, no Join, also on the reminder."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 13, 50)
    await telling.move_to(school, 14, 10)

    await telling.cancel(school, ada)
    await telling.settle(school)
    await telling.move_to(school, 15, 30)

    assert "Ada cancelled Algebra" in read_last(school, ben)
    assert [len(person.messages()) for person in (ada, ben)] == [2, 4], "card, reminder, nudge, cancelled"
    assert not [one for person in (ada, ben) for one in person.messages() if telling.find_url(one)]


async def test_two_presses_extend_once(school: School) -> None:
    """On the card and on the warning at the same time: ten minutes, not twenty, and the other is told."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 13, 50)
    await telling.move_to(school, 14, 40)
    warning = telling.find_message(ada, "Algebra ends at 15:45")

    await asyncio.gather(ada.press(warning, "extend"), ada.press(telling.find_card(ada), "extend"))
    await telling.settle(school)

    assert (await telling.get_lesson(school)).extension_count == 1
    await telling.wait_for_answer(school, ada, "Algebra now ends at 15:55.")
    await telling.wait_for_answer(school, ada, "out of date")
    await telling.move_to(school, 14, 50)
    assert "Algebra ends at 15:55" in ada.messages()[-1].text
    assert len(ben.messages()) == 3, "card, reminder, nudge"


async def test_extending_beyond_the_links_end_gives_new_links_with_a_message(school: School) -> None:
    """Three times the old links do; the fourth time everybody gets a new one and is told to come in again."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 13, 55)
    assert await telling.join(school, ben) is None
    first = telling.find_url(telling.find_card(ben))
    for _ in range(3):
        await ada.press(telling.find_card(ada), "extend")
        await telling.settle(school)
    assert telling.find_url(telling.find_card(ben)) == first
    await telling.wait_for_answer(school, ada, "the links they have go on working")
    count = len(ben.messages())

    await ada.press(telling.find_card(ada), "extend")
    await telling.settle(school)

    await telling.wait_for_answer(school, ada, "2 people get a new link now and must come in again with it")
    await telling.wait_for_answer(school, ada, "the old ones stop at 16:15.")
    assert len(ben.messages()) == count + 1
    assert "Algebra now ends at 16:25, not at 16:15." in read_last(school, ben)
    assert "Please come in with the new link. The one you had stops at 16:15." in read_last(school, ben)
    urls = {telling.find_url(message) for message in ben.messages()}
    assert len(urls) == 1
    assert urls != {first}
    assert await telling.join(school, ben, "another browser", message=ben.messages()[-1]) is None


async def test_where_everyone_leaves_each_extension_brings_new_links(school: School) -> None:
    """The old links put people out at the old end."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra", options=["warn", "everyone_leaves"])
    await telling.move_to(school, 13, 50)
    await telling.move_to(school, 14, 40)
    old_url = telling.find_url(telling.find_card(ben))
    assert old_url is not None

    await ada.press(ada.messages()[-1], "extend")
    await telling.settle(school)
    await telling.move_to(school, 14, 46)

    assert (await school.lessonspace.browser("Ben").join(old_url)).refusal is Reason.EXPIRED
    assert await telling.join(school, ben, message=ben.messages()[-1]) is None
    assert "Algebra now ends at 15:55, not at 15:45." in read_last(school, ben)
    assert "The one you had stops at 15:45." in read_last(school, ben)


async def test_let_it_end_asks_no_more(school: School) -> None:
    """The warning shrinks, nobody is asked again, and the lesson can still be extended from the card."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 13, 50)
    await telling.move_to(school, 14, 40)
    warning = ada.messages()[-1]

    await ada.press(warning, "let_end")
    await telling.wait_for_answer(school, ada, "I will not ask again")
    await telling.settle(school)

    assert not telling.list_buttons(warning)
    assert "extend" in telling.list_buttons(telling.find_card(ada))
    await ada.press(telling.find_card(ada), "extend")
    await telling.settle(school)
    await telling.move_to(school, 14, 50)
    assert "Algebra ends at 15:55" in ada.messages()[-1].text


@pytest.mark.parametrize("next_start", ["3:45pm", "3:50pm"])
async def test_back_to_back_lessons_of_a_leader_share_a_message(school: School, next_start: str) -> None:
    """The next lesson's start comes with this one's end warning; its learner is reminded as always."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.book(school, ada, f"@Cara today {next_start} 45m Geometry")
    await telling.move_to(school, 13, 50)
    assert len(ada.messages()) == 3

    await telling.move_to(school, 14, 40)
    warning = read_last(school, ada)
    assert "Algebra ends at 15:45" in warning
    assert f"Your next lesson, Geometry, starts at 15:{next_start[2:4]}" in warning
    assert len(ada.messages()) == 4
    assert f"Geometry starts at 15:{next_start[2:4]}" in cara.messages()[-1].text
    assert "Geometry" not in str([message.text for message in ben.messages()])
    await telling.move_to(school, 14, 42)
    assert len(ada.messages()) == 4, "the reminder was in the warning"


async def test_a_reminder_goes_by_itself_when_no_warning_comes(school: School) -> None:
    """The running lesson was let end early, so its warning never carries the next start."""
    ada = school.add("Ada")
    school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra", options=[])
    await telling.book(school, ada, "@Cara today 3:50pm 45m Geometry")
    await telling.move_to(school, 13, 50)

    await telling.move_to(school, 14, 40)

    assert "Geometry starts at 15:50" in ada.messages()[-1].text


@pytest.mark.parametrize(
    # back at this hour and minute (UTC) of the lesson 14:00 to 14:45; how many messages Ben and Ada then have
    ("hour", "minute", "ben_count", "ada_count"),
    [(13, 55, 2, 2), (14, 20, 2, 1), (14, 42, 2, 2), (16, 0, 1, 2)],
)
async def test_after_downtime_only_what_is_still_of_use_is_sent(
    school: School, hour: int, minute: int, ben_count: int, ada_count: int
) -> None:
    """A reminder before the start, a nudge during the lesson, a warning before the end, a summary; nothing twice."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await school.stop()
    school.clock.move_to(school.clock.now().replace(hour=hour, minute=minute))

    await school.start()
    await telling.settle(school)

    assert [len(person.messages()) for person in (ben, ada)] == [ben_count, ada_count]
    await school.stop()
    await school.start()
    await telling.settle(school)
    assert [len(person.messages()) for person in (ben, ada)] == [ben_count, ada_count]


async def test_after_days_of_downtime_a_link_that_is_too_late_is_told_to_the_leader(school: School) -> None:
    """The lesson passed without links: nobody gets a dead one."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben 2026-11-26 3pm 45m Algebra")
    await school.stop()
    school.clock.move_to(datetime(2026, 11, 28, 9, 0, tzinfo=UTC))

    await school.start()
    await telling.settle(school)

    assert not school.lessonspace.launches
    assert telling.find_url(telling.find_card(ben)) is None
    assert (await telling.get_lesson(school)).state is LessonState.ENDED
    assert "Ben: absent" in read_last(school, ada)


async def test_the_summary_tells_who_came_late_not_at_all_or_without_a_link(school: School) -> None:
    """Minutes and lateness, absent, somebody unknown; learners read only of themselves."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    school.add("Dan")
    await telling.book(school, ada, "@Ben @Cara @Dan today 3pm 45m Algebra")
    await telling.move_to(school, 14, 0)
    assert await telling.join(school, ada) is None
    assert await telling.join(school, cara) is None
    await telling.move_to(school, 14, 12)
    assert await telling.join(school, ben) is None
    await let_a_stranger_in(school)
    await telling.move_to(school, 14, 44)
    await telling.leave_all(school)
    await telling.move_to(school, 14, 46)

    summary = read_last(school, ada)
    for line in (
        "3 of 4 came.",
        "1 was late.",
        "1 came without a link and is unknown to us.",
        "Together: 44 minutes",
        "Ben: 32 min, 15:12 to 15:44, 12 min late",
        "Cara: 44 min, 15:00 to 15:44",
        "Dan: absent",
        "Visitor (came without a link): 32 min, 15:12 to 15:44",
    ):
        assert line in summary, (line, summary)
    assert "Lessonspace itself counts" in summary
    assert "You joined at 15:12 and were there for 32 minutes." in telling.read_all(school, ben)[0]
    assert "Cara" not in str(telling.read_all(school, ben))


async def let_a_stranger_in(school: School) -> None:
    """Somebody comes in through another door of the same space."""
    [space_id] = {launch.launch_id for launch in school.lessonspace.launches}
    launched = school.lessonspace.organisation.launch(
        {"id": space_id, "user": {"id": "elsewhere", "name": "Visitor"}},
        origin=school.lessonspace.origin,
        now=school.clock.now(),
    )
    assert not isinstance(launched, dict)
    assert (await school.lessonspace.browser("Visitor").join(launched.url)).is_inside


async def test_a_solo_session_counts(school: School) -> None:
    """Ben came early, left, and came back alone: both stints are his, nobody was together with him."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 14, 0)
    assert await telling.join(school, ben) is None
    await telling.move_to(school, 14, 10)
    await telling.leave_all(school)
    await telling.move_to(school, 14, 20)
    await ben.press(telling.find_card(ben), "new_link")
    await telling.settle(school)
    assert await telling.join(school, ben) is None
    await telling.move_to(school, 14, 30)
    await telling.leave_all(school)
    await telling.move_to(school, 14, 46)

    summary = read_last(school, ada)
    assert "Ben: 20 min, 15:00 to 15:30" in summary
    assert "Together: 0 minutes" in summary
    assert "Ada: absent" in summary


async def test_a_silent_room_service_makes_not_known_never_absent(school: School) -> None:
    """It is asked again and again; fifteen minutes after the last door closed the summary says that nobody knows."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    school.lessonspace.faults.switch_on("space_sessions", Fault.refusing())
    await telling.move_to(school, 15, 20)
    assert (await telling.get_lesson(school)).state is LessonState.LIVE

    school.clock.move_to(school.clock.now().replace(hour=15, minute=31))
    await telling.skip(school, timedelta(minutes=2))

    summary = read_last(school, ada)
    assert "We could not find out who came: the room service did not answer." in summary
    assert "Ben: not known" in summary
    assert "absent" not in summary


async def test_a_room_service_that_comes_back_in_time_is_believed(school: School) -> None:
    """The summary waits for it."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 14, 0)
    assert await telling.join(school, ben) is None
    await telling.leave_all(school)
    school.lessonspace.faults.switch_on("space_sessions", Fault.refusing(), count=1)
    await telling.move_to(school, 14, 50)

    await telling.skip(school, timedelta(minutes=2))

    assert "1 of 2 came." in read_last(school, ada)


async def test_two_lessons_in_one_room_share_no_minutes(school: School) -> None:
    """Everybody stays from the first into the second: each lesson counts only its own time."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 30m Algebra", options=["everyone_leaves"])
    await telling.book(school, ada, "@Ben today 3:40pm 30m Geometry", options=["everyone_leaves"])
    rooms = {(await telling.get_lesson(school, title)).room for title in ("Algebra", "Geometry")}
    assert len(rooms) == 1
    for title, hour, minute in (("Algebra", 14, 0), ("Geometry", 14, 38)):
        await telling.move_to(school, hour, minute)
        for person in (ada, ben):
            card = next(one for one in person.messages() if title in str(one.blocks[0]))
            assert await telling.join(school, person, message=card) is None
    await telling.move_to(school, 15, 9)
    await telling.leave_all(school)
    await telling.move_to(school, 15, 12)

    summaries = [text for text in telling.read_all(school, ada) if "Planned:" in text]
    assert len(summaries) == 2
    assert "Ben: 30 min, 15:00 to 15:30" in summaries[0]
    assert "Ben: 29 min, 15:38 to 16:09" in summaries[1]


async def test_a_leader_booked_by_the_office_reads_by_whom_and_both_get_the_summary(school: School) -> None:
    """The office may cancel from nowhere but Home and commands yet; it gets no card, but what it needs to know."""
    office, ada, ben = school.add("Olga"), school.add("Ada"), school.add("Ben")
    await telling.book(school, office, "@Ben today 3pm 45m Algebra", leaders=["Ada"])
    assert "Olga booked you to lead Algebra" in ada.messages()[0].text
    assert "Booked by: Olga" in telling.read_all(school, ben)[0]
    assert not office.messages()

    await telling.move_to(school, 14, 50)

    assert "0 of 2 came." in read_last(school, office)
    assert "0 of 2 came." in read_last(school, ada)
    assert len(office.messages()) == 1


async def test_a_reminder_shrinks_at_the_start_and_keeps_join_until_the_end(school: School) -> None:
    """One line when its moment has passed; who comes late still finds Join there; nothing of it after the end."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 13, 50)
    assert "Join works from" in telling.read_all(school, ben)[1]

    await telling.move_to(school, 14, 0)
    assert "Algebra began at 15:00.\n[ Join ] [ I need a new link ]" == telling.read_all(school, ben)[1]
    await telling.move_to(school, 14, 46)
    assert "Algebra ended at 15:46." == telling.read_all(school, ben)[1]
