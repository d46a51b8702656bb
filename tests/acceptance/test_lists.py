"""`/lesson list`, `/lesson show`: one's own lessons, privately, page by page."""

from __future__ import annotations

from datetime import timedelta

from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.people import UserKind
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM


async def ask(school: School, actor: Actor, text: str, words: str) -> str:
    """What the private answer says, once it holds these words."""
    assert (await actor.slash("/lesson", text)).is_fine
    answer = await telling.wait_for_answer(school, actor, words)
    return actor.read(answer, now=school.clock.now())


async def test_a_long_list_is_read_page_by_page(school: School) -> None:
    """*More* and *Back* turn the page in the same private answer; a stranger's list is empty."""
    ada, cara = school.add("Ada"), school.add("Cara")
    school.add("Ben")
    for number in range(12):
        starts_at = MONDAY_TWO_PM + timedelta(hours=1, minutes=30 * number)
        await telling.book(school, ada, "@Ben Algebra", title=f"Lesson-{number:02}", length="30", starts_at=starts_at)

    text = await ask(school, ada, "list", "1 to 10 of 12")
    assert "Lesson-09" in text
    assert "Lesson-10" not in text

    answer = ada.private_answers()[-1]
    assert (await ada.press(answer, "list_more")).is_fine
    answer = await telling.wait_for_answer(school, ada, "11 to 12 of 12")
    assert "Lesson-11" in ada.read(answer, now=school.clock.now())
    await ada.press(answer, "list_back")
    await telling.wait_for_answer(school, ada, "1 to 10 of 12")

    assert "Lesson" not in (await ask(school, cara, "list", "Your lessons")).replace("Type /lesson", "")


async def test_one_lesson_is_shown_privately(school: School) -> None:
    """A participant's own card with their own Join; a booker's board with what they may do; nobody else's lesson."""
    olga, ada, ben = school.add("Olga"), school.add("Ada"), school.add("Ben")
    await telling.book(school, olga, "@Ben today 3pm 45m Algebra", leaders=["Ada"])
    await telling.book(school, ada, "@Olga today 5pm 45m Botany")

    shown = await ask(school, ben, "show", "Algebra")
    answer = telling.list_buttons(ben.private_answers()[-1])
    assert answer["join"]["url"] == telling.find_url(telling.find_card(ben))
    assert "extend" not in answer
    assert "Botany" not in shown

    board = await ask(school, olga, "show ALGEBRA", "Ben")
    assert "Ada (leader)" in board
    assert {"extend", "cancel"} <= set(telling.list_buttons(olga.private_answers()[-1]))
    assert "join" not in telling.list_buttons(olga.private_answers()[-1])

    await ask(school, ben, "show botany", "None of your lessons now or soon has “botany” in its title.")


async def test_a_guest_is_not_told_to_book(school: School) -> None:
    """Also one of whom nobody has heard before; a member is."""
    emil, ada = school.add("Emil", kind=UserKind.GUEST), school.add("Ada")

    for typed, words in (("help", "See your lessons"), ("teach me", "“teach me”"), ("list", "No lesson is on")):
        assert "book a lesson" not in (await ask(school, emil, typed, words)).lower()
        assert "to book" not in await ask(school, emil, typed, words)
    assert "Book a lesson" in await ask(school, ada, "help", "See your lessons")
    assert "Type /lesson to book one." in await ask(school, ada, "list", "No lesson is on")
