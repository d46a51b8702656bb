"""Slack and Lessonspace misbehave in every way: nothing is lost, nothing comes twice, people are told where it matters.

The posts' and launches' own limits are seconds of machine time; what is longer is skipped, never slept through.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.ids import Choice
from bot.sandbox.faults import Fault
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from storage.records import NoticeKind
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM

POSTING = {
    "slow": Fault.slow(timedelta(seconds=0.3)),
    "slow after posting": Fault.slow(timedelta(seconds=0.3), after_work=True),
    "429": Fault.rate_limited(1),
    "503 without posting": Fault.failing(503),
    "503 with posting": Fault.failing(503, does_work=True),
    "internal_error without posting": Fault.refusing("internal_error"),
    "internal_error with posting": Fault.refusing("internal_error", does_work=True),
    "fatal_error with posting": Fault.refusing("fatal_error", does_work=True),
    "dropped before": Fault.dropping(),
    "dropped after": Fault.dropping(does_work=True),
    "nonsense without posting": Fault.garbage(),
    "nonsense with posting": Fault.garbage(does_work=True),
}

LAUNCHING = {
    "slow": Fault.slow(timedelta(seconds=0.3)),
    "429": Fault.rate_limited(1),
    "503": Fault.failing(503),
    "503 after the work": Fault.failing(503, does_work=True),
    "dropped before": Fault.dropping(),
    "dropped after": Fault.dropping(does_work=True),
    "nonsense": Fault.garbage(does_work=True),
}


async def calm_down(school: School) -> None:
    """Let back-offs, looks for lost posts and closed gates pass, until nothing is left to do."""
    for _ in range(3):
        await telling.skip(school, telling.UNTIL_LOOKED_FOR)
    async with asyncio.timeout(10):
        while [one for one in await telling.list_notices(school, NoticeKind.JOIN_LINK) if one.state in telling.OPEN]:
            await asyncio.sleep(0.05)
            await telling.skip(school, telling.UNTIL_LOOKED_FOR)


async def check_everybody(school: School, *people: Actor) -> None:
    """Each has one card and a link that lets them in, inside the window."""
    assert [len(person.messages()) for person in people] == [1] * len(people)
    await telling.move_to(school, 13, 51)
    for person in people:
        assert await telling.join(school, person) is None, person.user.real_name


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("name", POSTING)
async def test_a_fault_while_posting_leaves_one_card_each(school: School, name: str, count: int) -> None:
    """Whether one post or everybody's met it, and whether the message got there or not."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    school.slack.faults.switch_on("chat.postMessage", POSTING[name], count=count)

    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    await calm_down(school)

    await check_everybody(school, ada, ben, cara)


async def test_a_message_found_later_is_brought_up_to_date(school: School) -> None:
    """It got there, its answer was lost, and the lesson changed before anybody looked for it."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 13, 40)
    school.slack.faults.switch_on("chat.postMessage", Fault.dropping(does_work=True), count=2)
    await telling.move_to(school, 13, 51)
    assert "15:00" in telling.read_all(school, ben)[-1]

    await telling.cancel(school, ada)
    await calm_down(school)

    assert not [message for message in (*ada.messages(), *ben.messages()) if telling.find_url(message)]


async def test_a_card_that_may_be_there_is_not_posted_once_more_without_a_link(school: School) -> None:
    """Nobody knows yet whether it was posted, and the lesson is moved so far ahead that its links come later."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")
    school.slack.faults.switch_on("chat.postMessage", Fault.dropping(does_work=True), count=2)
    assert (await ada.submit()).is_fine
    await telling.wait_until(school, lambda: len(ada.messages()) + len(ben.messages()) == 2)
    school.slack.faults.switch_off()
    await telling.choose(ada, Choice.MOVE)
    await telling.wait_for_words(school, ada, "Move lesson")
    assert (await telling.submit(school, ada, starts_at=school.clock.now() + timedelta(days=3))).is_fine
    await telling.settle(school)
    for _ in range(3):
        await telling.skip(school, telling.UNTIL_LOOKED_FOR)

    assert [1, 2] == [len(actor.messages()) for actor in (ada, ben)]
    assert "Algebra was moved" in telling.read_all(school, ben)[-1]


@pytest.mark.parametrize("name", LAUNCHING)
async def test_a_fault_while_launching_leaves_one_link_each(school: School, name: str) -> None:
    """Links made for nothing are known to nobody; everybody has one that works."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    school.lessonspace.faults.switch_on("launch", LAUNCHING[name], count=3)

    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    await calm_down(school)

    await check_everybody(school, ada, ben, cara)


@pytest.mark.parametrize("name", ["429", "503 with posting", "dropped before", "internal_error with posting"])
async def test_a_fault_while_updating_cards_is_made_good(school: School, name: str) -> None:
    """Updates are harmless to repeat: in the end every card shows the truth."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    school.slack.faults.switch_on("chat.update", POSTING[name], count=2)

    await telling.cancel(school, ada)
    await calm_down(school)
    await telling.settle(school)

    async with asyncio.timeout(5):
        while "was cancelled by Ada" not in telling.read_all(school, ben)[0]:
            await asyncio.sleep(0.05)
            await telling.skip(school, telling.UNTIL_LOOKED_FOR)
    assert not telling.list_buttons(telling.find_card(ada))
    assert len(ben.messages()) == 2


async def test_under_a_limit_the_soonest_lesson_goes_first(tmp_path: Path) -> None:
    """Two lessons wait behind a 429; the one that starts sooner was booked later and is served first."""
    one_by_one = {"HALLPASS_POSTS_AT_ONCE": "1", "HALLPASS_LAUNCHES_AT_ONCE": "1"}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=one_by_one) as school:
        await school.start()
        ada, ben, cara, eva = (school.add(name) for name in ("Ada", "Ben", "Cara", "Eva"))
        school.slack.faults.switch_on("chat.postMessage", Fault.rate_limited(1))
        await telling.open_form(school, ada, "@Ben tomorrow 1pm 45m Late")
        assert (await ada.submit()).is_fine
        await school.slack.wait_for(lambda: school.slack.log.count("chat.postMessage", error="ratelimited") > 0)
        await telling.open_form(school, eva, "@Cara today 3pm 45m Soon")
        assert (await eva.submit()).is_fine
        school.slack.faults.switch_off()

        await school.slack.wait_for(lambda: all(person.messages() for person in (ada, ben, cara, eva)))

        posted = sorted((person.messages()[0].ts, person.user.real_name) for person in (ada, ben, cara, eva))
        assert {name for _, name in posted[:2]} == {"Eva", "Cara"}


async def test_a_refused_key_is_told_to_leader_and_booker_and_mended_by_try_again(school: School) -> None:
    """403: the leader gets a card that says so, the booker a message; with the key back, Try again serves everybody."""
    office, ada, ben = school.add("Olga"), school.add("Ada"), school.add("Ben")
    school.lessonspace.faults.switch_on("launch", Fault.refusing("Invalid organisation key."))
    await telling.book(school, office, "@Ben today 3pm 45m Algebra", leaders=["Ada"])
    await office.close()
    school.clock.move_by(timedelta(seconds=20))
    await telling.settle(school)

    card = telling.read_all(school, ada)[0]
    assert "Your link could not be made yet. The room service refused to make their link." in card
    assert "Ben (first lesson with you): could not be reached. The room service refused" in card
    assert not ben.messages()

    school.lessonspace.faults.switch_off()
    await ada.press(telling.find_card(ada), "try_again")
    await telling.wait_for_answer(school, ada, "Sending again to 2 people")
    await telling.settle(school)
    await check_everybody(school, ada, ben)
    assert "could not be reached" not in telling.read_all(school, ada)[0]


async def test_the_booker_of_a_refused_lesson_is_told_when_the_form_is_closed(school: School) -> None:
    """Closed at once, the result is never seen: a message says who has no way in, and why."""
    office = school.add("Olga")
    school.add("Ada"), school.add("Ben")
    school.lessonspace.faults.switch_on("launch", Fault.refusing("Invalid organisation key."))
    await telling.open_form(school, office, "@Ben today 3pm 45m Algebra")
    assert (await telling.submit(school, office, leaders=["Ada"])).is_fine
    await office.close()
    await telling.settle(school)

    school.clock.move_by(timedelta(seconds=20))
    await telling.settle(school)

    [told] = telling.read_all(school, office)
    assert "2 people could not be reached for Algebra" in told
    assert "The room service refused" in told


async def test_a_silent_room_service_is_told_and_the_links_still_come(school: School) -> None:
    """After a few tries the leader reads that it takes longer; when it is back, everybody is served without a press."""
    ada, ben = school.add("Ada"), school.add("Ben")
    school.lessonspace.faults.switch_on("launch", Fault.failing(503))
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    for _ in range(3):
        await telling.skip(school, timedelta(minutes=2))

    card = telling.read_all(school, ada)[0]
    assert "Ben (first lesson with you): could not be reached. The room service does not answer." in card

    school.lessonspace.faults.switch_off()
    await calm_down(school)
    await check_everybody(school, ada, ben)
    assert "could not be reached" not in telling.read_all(school, ada)[0]


async def test_history_that_cannot_be_read_is_told_to_the_leader(tmp_path: Path) -> None:
    """Whether Ben's card arrived nobody can say: the leader reads so, and it is not sent again. Once it can be read,
    the card is found, and nothing is wrong any more.
    """
    one_by_one = {"HALLPASS_POSTS_AT_ONCE": "1", "HALLPASS_LAUNCHES_AT_ONCE": "1"}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=one_by_one) as school:
        await school.start()
        ada, ben = school.add("Ada"), school.add("Ben")
        school.slack.app.scopes.discard("im:history")
        school.slack.faults.switch_on("chat.postMessage", Fault.slow(timedelta(0)), count=1)
        school.slack.faults.switch_on("chat.postMessage", Fault.dropping(does_work=True), count=1)
        await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
        await telling.skip(school, telling.UNTIL_LOOKED_FOR)

        unsure = "could not be reached. Slack did not say whether the message arrived."
        assert f"Ben (first lesson with you): {unsure}" in telling.read_all(school, ada)[0]
        assert len(ben.messages()) == 1
        school.slack.app.scopes.add("im:history")
        await telling.skip(school, timedelta(minutes=6))

        assert "Ben (first lesson with you): sent" in telling.read_all(school, ada)[0]
        await check_everybody(school, ada, ben)


async def test_a_token_that_is_refused_for_a_while_loses_nothing(school: School) -> None:
    """The whole installation is refused: everything waits, and goes once it is back."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")
    school.slack.app.token_error = "token_revoked"
    assert (await ada.submit()).is_fine
    await telling.settle(school)
    assert not ben.messages()

    school.slack.app.token_error = None
    await calm_down(school)

    await check_everybody(school, ada, ben)
