"""Settings, and a lesson to try, from an admin's Home; nobody else gets there."""

from __future__ import annotations

import pytest

from bot.sandbox.school import School
from bot.sandbox.slack.people import UserKind
from tests.acceptance import telling
from tests.acceptance.test_home import buttons, forge, open_home, press


async def test_what_is_set_in_home_counts_at_once(school: School) -> None:
    """The next lesson is extended by what was set; Home shows it; a wrong value is said at its field."""
    ada, olga = school.add("Ada"), school.add("Olga", kind=UserKind.ADMIN)
    school.add("Ben")
    home = await open_home(school, olga)
    assert "Extension: 10 min." in olga.read(home, now=school.clock.now())
    await olga.press(home, "house_rules")
    await telling.wait_for_words(school, olga, "Settings")

    assert "1 to 720" in (await telling.submit(school, olga, extension="0")).errors["extension"]
    assert (await telling.submit(school, olga, extension="15", bookers="everyone")).is_fine
    await school.slack.wait_for(lambda: "Extension: 15 min." in olga.read(home, now=school.clock.now()))

    assert "everyone, guests too" in olga.read(home, now=school.clock.now())
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    assert "Extend 15 min" == telling.list_buttons(telling.find_card(ada))["extend"]["text"]["text"]


async def test_a_lesson_to_try_is_a_whole_one(school: School) -> None:
    """One press, one lesson, with a way in that works at once."""
    olga = school.add("Olga", kind=UserKind.ADMIN)
    await open_home(school, olga)

    await press(school, olga, "try_myself")
    await telling.wait_for_words(school, olga, "A lesson to try has begun")
    await olga.close()
    await press(school, olga, "try_myself")

    assert 1 == len(olga.messages())
    assert await telling.join(school, olga) is None


@pytest.mark.parametrize("action", ["house_rules", "try_myself"])
async def test_nobody_else_sets_or_tries(school: School, action: str) -> None:
    """The button is not there, and a forged press is refused in words."""
    mallory = school.add("Mallory")
    home = await open_home(school, mallory)
    assert action not in buttons(home)
    forge(home, action, "open")

    await mallory.press(home, action)

    await telling.wait_for_words(school, mallory, "Only admins can do that.")
    assert not mallory.messages()
