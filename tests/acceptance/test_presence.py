"""Who is there while the lesson runs: the leader's board, nudges, a leader who is missing, and how often we ask."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from storage.records import LessonState, NoticeKind
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM

LISTS = ("sessions", "space_sessions")


def read_board(school: School, leader: Actor) -> str:
    """The leader's card, without what is said about first lessons."""
    return telling.read_all(school, leader)[0].replace(" (first lesson with you)", "")


def read_last(school: School, actor: Actor) -> str:
    return telling.read_all(school, actor)[-1]


async def pass_by(school: School, **delta: float) -> None:
    """Let lesson time pass, and everything that it brings."""
    school.clock.move_by(timedelta(**delta))
    await telling.settle(school)


def count_asked(school: School, since: int = 0) -> Counter[str]:
    """How often each list was asked for, after the first `since` requests."""
    return Counter(asked.name for asked in school.lessonspace.asked[since:] if asked.name in LISTS)


async def start_lesson(school: School, *people: Actor, command: str = "today 3pm 45m Algebra") -> None:
    """Booked, reminded; doors open, and these people come in."""
    ada, *others = people
    await telling.book(school, ada, " ".join([*(f"@{one.user.name}" for one in others), command]))
    await telling.move_to(school, 13, 50)


async def test_the_board_says_who_joined_and_who_left(school: School) -> None:
    """Live at the first join, each with their time; coming back counts as being there; learners' cards stay."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await start_lesson(school, ada, ben, cara)
    learners_card = telling.find_card(cara).blocks

    await telling.move_to(school, 13, 52)
    assert await telling.join(school, ben) is None
    await pass_by(school, seconds=30)

    assert "Ben: joined 14:52" in read_board(school, ada)
    assert "Cara: sent" in read_board(school, ada)
    assert (await telling.get_lesson(school)).state is LessonState.LIVE
    assert learners_card == telling.find_card(cara).blocks

    await telling.leave_all(school)
    await telling.move_to(school, 14, 1)
    tab = school.lessonspace.browser("Cara")
    url = telling.find_url(telling.find_card(cara))
    assert url is not None
    assert (await tab.join(url)).is_inside
    assert await telling.join(school, ada) is None
    await telling.move_to(school, 14, 20)
    assert "Cara: joined 15:01" in read_board(school, ada)

    await tab.leave()
    await pass_by(school, minutes=2)
    assert "Cara: left 15:20" in read_board(school, ada)

    assert (await tab.join(url)).is_inside
    await pass_by(school, minutes=2)
    assert "Cara: joined 15:01" in read_board(school, ada)


async def test_who_has_not_come_is_nudged_once_with_a_way_in(school: School) -> None:
    """Five minutes after the start, not before; who is there hears nothing; the nudge shrinks when they come."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await start_lesson(school, ada, ben, cara)
    assert await telling.join(school, ada) is None
    assert await telling.join(school, ben) is None
    await telling.move_to(school, 14, 4)
    assert 2 == len(cara.messages())

    await telling.move_to(school, 14, 5)

    assert [2, 2, 3] == [len(person.messages()) for person in (ada, ben, cara)]
    nudge = cara.messages()[-1]
    assert "Algebra began at 15:00, and we do not see you there yet." in cara.read(nudge, now=school.clock.now())
    assert await telling.join(school, cara, message=nudge) is None
    await pass_by(school, minutes=1)
    assert not telling.list_buttons(nudge)
    await telling.leave_all(school)
    await telling.move_to(school, 14, 30)
    assert 3 == len(cara.messages())


async def test_nobody_is_nudged_who_cannot_come_or_while_nobody_answers(school: School) -> None:
    """After *I can't come* never; without a fresh reading not, and as soon as there is one, again."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await start_lesson(school, ada, ben, cara)
    await ben.press(telling.find_card(ben), "reply_not_coming")
    await telling.settle(school)
    count = len(ben.messages())
    school.lessonspace.faults.switch_on("sessions", Fault.failing(503))
    await telling.move_to(school, 14, 6)
    assert not await telling.list_notices(school, NoticeKind.LATE_NUDGE)

    school.lessonspace.faults.switch_off()
    school.skip(timedelta(minutes=5))
    await pass_by(school, minutes=4)

    assert "we do not see you there yet" in cara.messages()[-1].text
    assert count == len(ben.messages())


async def test_a_nudge_brings_a_link_that_still_works(school: School) -> None:
    """Cara's was opened in a browser that she closed at once, and Lessonspace counts it as used; Ben's was not."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await start_lesson(school, ada, ben, cara)
    urls = {actor: telling.find_url(telling.find_card(actor)) for actor in (ben, cara)}
    assert (await cara.press(telling.find_card(cara), "join")).is_fine
    await telling.move_to(school, 14, 0)
    assert await telling.join(school, ada) is None

    await telling.move_to(school, 14, 6)

    for actor in (ben, cara):
        assert "we do not see you there yet" in read_last(school, actor)
        assert telling.find_url(actor.messages()[-1]) == telling.find_url(telling.find_card(actor)) is not None
        assert await telling.join(school, actor, message=actor.messages()[-1]) is None
    assert [True, False] == [telling.find_url(telling.find_card(actor)) == urls[actor] for actor in (ben, cara)]
    entries = await telling.list_notices(school, NoticeKind.LATE_NUDGE)
    assert 2 == len(entries)


async def test_learners_without_their_leader_are_told_of_once(tmp_path: Path) -> None:
    """The leader is nudged, who booked and the admins' channel are told; no names there; then nothing more."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM) as school:
        office, ada, ben = school.add("Olga"), school.add("Ada"), school.add("Ben")
        channel = school.slack.add_channel("house", ["Olga", "Hallpass"])
        school._settings["HALLPASS_ADMIN_CHANNEL"] = channel.id
        await school.start()
        await telling.book(school, office, "@Ben today 3pm 45m Algebra", leaders=["Ada"])
        await telling.move_to(school, 13, 50)
        assert await telling.join(school, ben) is None

        await telling.move_to(school, 14, 4)
        assert not office.messages()
        await telling.move_to(school, 14, 5)

        assert "Algebra began at 15:00, and 1 person is waiting for you in the room." in read_last(school, ada)
        assert "1 person has been in Algebra without a leader since 15:00" in read_last(school, office)
        assert "Leader: Ada" in read_last(school, office)
        [told] = office.messages(channel)
        assert "1 person has been in Algebra without a leader since" in told.text
        assert not any(name in str(told.blocks) for name in ("Ada", "Ben", "http"))
        for minute in (10, 20, 30):
            await telling.move_to(school, 14, minute)
        assert [1, 1] == [len(office.messages()), len(office.messages(channel))]


async def test_a_leader_who_leaves_them_alone_is_missed_too(school: School) -> None:
    """Counted from when the leader left; nobody is told while one is there."""
    office, ada, ben = school.add("Olga"), school.add("Ada"), school.add("Ben")
    await telling.book(school, office, "@Ben today 3pm 45m Algebra", leaders=["Ada"])
    await telling.move_to(school, 13, 50)
    assert await telling.join(school, ben) is None
    tab = school.lessonspace.browser("Ada")
    url = telling.find_url(telling.find_card(ada))
    assert url is not None
    assert (await tab.join(url)).is_inside
    await telling.move_to(school, 14, 20)
    await tab.leave()

    await telling.move_to(school, 14, 22)
    assert not office.messages()
    await telling.move_to(school, 14, 26)

    assert "without a leader since 15:20" in read_last(school, office)


async def test_somebody_not_reached_is_told_of_again_two_hours_before(school: School) -> None:
    """The booker heard of it when it happened, the day before; near the start once more."""
    ada, ben = school.add("Ada"), school.add("Ben")
    school.slack.faults.switch_on("chat.postMessage", Fault.refusing("messages_tab_disabled"), count=1)
    await telling.book(school, ada, "@Ben 2026-11-24 10am 45m Algebra")
    await pass_by(school, minutes=1)
    before = len(ada.messages()) + len(ben.messages())

    await pass_by(school, hours=17, minutes=58)
    assert before == len(ada.messages()) + len(ben.messages())
    await pass_by(school, minutes=2)

    assert "1 person still cannot be reached for Algebra" in ada.messages()[-1].text


async def test_one_list_serves_twenty_lessons(school: School) -> None:
    """Each look asks once for all; a room's own sessions only where something changed, or a minute has passed."""
    learners = [await book_apart(school, number) for number in range(20)]
    await telling.move_to(school, 13, 50)
    for learner in learners:
        assert await telling.join(school, learner) is None
    asked = len(school.lessonspace.asked)

    await pass_by(school, seconds=20)
    assert Counter({"sessions": 1, "space_sessions": 20}) == count_asked(school, asked)
    asked = len(school.lessonspace.asked)
    await pass_by(school, seconds=20)
    await pass_by(school, seconds=20)
    assert Counter({"sessions": 2}) == count_asked(school, asked)
    assert all(asked.status == 200 for asked in school.lessonspace.asked if asked.name in LISTS)


async def book_apart(school: School, number: int) -> Actor:
    """A lesson of its own leader, so that nobody is in two. Its learner."""
    leader, learner = school.add(f"Leader{number}"), school.add(f"Learner{number}")
    await telling.book(school, leader, f"@Learner{number} today 3pm 45m Lesson {number}")
    return learner


async def test_nobody_is_asked_while_nothing_is_on(school: School) -> None:
    """Before the doors open, and after the lesson has ended."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await pass_by(school, minutes=20)
    assert not count_asked(school)

    await telling.move_to(school, 14, 46)
    assert (await telling.get_lesson(school)).state is LessonState.ENDED
    asked = len(school.lessonspace.asked)
    await pass_by(school, minutes=5)
    assert not count_asked(school, asked)


async def test_a_service_that_asks_for_silence_gets_it(school: School) -> None:
    """A 429 on the list stops the looking for as long as it says, and nothing else: links are made and sent."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await start_lesson(school, ada, ben)
    assert await telling.join(school, ben) is None
    school.lessonspace.faults.switch_on("sessions", Fault.rate_limited(90), count=1)
    await pass_by(school, seconds=20)
    asked = len(school.lessonspace.asked)

    await pass_by(school, seconds=40)
    assert not count_asked(school, asked)
    await telling.book(school, ada, "@Cara today 5pm 45m Geometry")
    assert telling.find_url(telling.find_card(cara)) is not None


@pytest.mark.parametrize("is_killed", [False, True])
async def test_a_restart_loses_nothing(school: School, is_killed: bool) -> None:
    """Who came and left meanwhile is on the board, and is not nudged; nobody is nudged twice."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await start_lesson(school, ada, ben, cara)
    await (telling.crash(school) if is_killed else school.stop())
    school.clock.move_to(school.clock.now().replace(hour=14, minute=0))
    ben_tab = school.lessonspace.browser("Ben")
    url = telling.find_url(telling.find_card(ben))
    assert url is not None
    assert (await ben_tab.join(url)).is_inside
    await ben_tab.leave()
    school.clock.move_to(school.clock.now().replace(hour=14, minute=6))

    for _ in range(2):
        await school.start()
        await telling.settle(school)
        await school.stop()

    assert "Ben: left 15:00" in read_board(school, ada)
    assert [2, 3] == [len(person.messages()) for person in (ben, cara)]


async def test_a_class_of_thirty_is_counted_and_listed_on_pages(school: School) -> None:
    """How many are in; *See all* names everybody, for those who run the lesson only."""
    ada = school.add("Ada")
    learners = [school.add(f"Learner{number:02}") for number in range(30)]
    await telling.open_form(school, ada, "today 3pm 45m Algebra")
    await telling.submit(school, ada, participants=[learner.user.id for learner in learners])
    await telling.settle(school)
    await telling.move_to(school, 13, 50)
    for learner in learners[:3]:
        assert await telling.join(school, learner) is None
    await pass_by(school, seconds=20)
    assert "30 people: 3 in the room" in read_board(school, ada)

    await ada.press(telling.find_card(ada), "see_all")
    first = await telling.wait_for_words(school, ada, "Who is there")
    assert ("Learner00" in first, "Learner29" in first) == (True, False)
    assert "joined 14:50" in first
    assert ada.view is not None
    await ada.press(ada.view, "roll_on")
    second = await telling.wait_for_words(school, ada, "Learner29")
    assert "Learner00" not in second
    await ada.press(ada.view, "roll_back")
    await telling.wait_for_words(school, ada, "Learner00")

    button = telling.list_buttons(telling.find_card(learners[0]))["new_link"]
    assert isinstance(button, dict)
    button |= {"action_id": "see_all", "value": telling.list_buttons(telling.find_card(ada))["see_all"]["value"]}
    await learners[0].press(telling.find_card(learners[0]), "see_all")
    await telling.wait_for_answer(school, learners[0], "Only the lesson's leaders")
    assert learners[0].view is None
