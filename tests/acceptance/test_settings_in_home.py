"""Settings, and a lesson to try, from an admin's Home; nobody else gets there."""

from __future__ import annotations

import pytest

from bot.house_rules import HouseRules, read_house_rules
from bot.sandbox.faults import Fault
from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.people import UserKind
from bot.sandbox.slack.views import OpenView
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


async def test_one_person_an_hour_is_one_person(school: School) -> None:
    """In Home, and where a booker is told so."""
    ada, olga = school.add("Ada"), school.add("Olga", kind=UserKind.ADMIN)
    school.add("Ben"), school.add("Cara")
    home = await open_home(school, olga)
    await olga.press(home, "house_rules")
    await telling.wait_for_words(school, olga, "Settings")
    assert (await telling.submit(school, olga, reach="1")).is_fine
    await school.slack.wait_for(lambda: "At most 1 person an hour." in olga.read(home, now=school.clock.now()))
    await telling.open_form(school, ada, "@Ben @Cara today 3pm 45m Algebra")

    assert "You can invite 1 person an hour." in (await ada.submit()).errors["participants"]


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


@pytest.mark.parametrize("action", ["house_rules", "house_changes", "try_myself"])
async def test_nobody_else_sets_or_tries(school: School, action: str) -> None:
    """The button is not there, and a forged press is refused in words."""
    mallory = school.add("Mallory")
    home = await open_home(school, mallory)
    assert action not in buttons(home)
    forge(home, action, "open")

    await mallory.press(home, action)

    await telling.wait_for_words(school, mallory, "Only admins can do that.")
    assert not mallory.messages()


async def open_settings(school: School, actor: Actor) -> OpenView:
    """Press Settings in Home."""
    await actor.press(await open_home(school, actor), "house_rules")
    await telling.wait_for_words(school, actor, "Who may book")
    assert actor.view is not None
    return actor.view


async def test_a_user_group_is_chosen_and_counts_at_once(school: School) -> None:
    """Only who is in it books, also after a restart; Home names it."""
    ada, ben, olga = school.add("Ada"), school.add("Ben"), school.add("Olga", kind=UserKind.ADMIN)
    tutors = school.slack.add_group("tutors", [ada.user])
    await open_settings(school, olga)

    assert "at least one" in (await telling.submit(school, olga, bookers="groups")).errors["booker_groups"]
    assert (await telling.submit(school, olga, bookers="groups", booker_groups=[tutors])).is_fine
    home = olga.home
    assert home is not None
    await school.slack.wait_for(lambda: "people in @tutors" in olga.read(home, now=school.clock.now()))

    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await school.stop()
    await school.start()
    assert "book" in buttons(await open_home(school, ada))
    assert "book" not in buttons(await open_home(school, ben))
    assert "people in @tutors" in olga.read(await open_home(school, olga), now=school.clock.now())


async def test_a_user_group_that_slack_does_not_know_is_said_at_its_field(school: School) -> None:
    """Where Slack lists none, handles cannot be checked, but an id can; and nothing is saved."""
    olga = school.add("Olga", kind=UserKind.ADMIN)
    tutors = school.slack.add_group("tutors", [])
    school.slack.faults.switch_on("usergroups.list", Fault.refusing("missing_scope"))
    await open_settings(school, olga)

    typed = await telling.submit(school, olga, bookers="groups", booker_groups="@tutors")
    unknown = await telling.submit(school, olga, bookers="groups", booker_groups="S0NOBODY")
    fine = await telling.submit(school, olga, bookers="groups", booker_groups=tutors)

    assert "Slack knows no user group @tutors." in typed.errors["booker_groups"]
    assert "Slack does not say who is in S0NOBODY." in unknown.errors["booker_groups"]
    assert fine.is_fine
    assert not fine.errors


async def test_nobody_else_sends_the_form(school: School) -> None:
    """Somebody who was admin when the form opened, and is none when it is sent, changes nothing."""
    olga = school.add("Olga", kind=UserKind.ADMIN)
    await open_settings(school, olga)
    await school.slack.change_user(olga.user, kind=UserKind.MEMBER)
    await telling.wait_until_known(school, olga, lambda person: not person.is_admin)

    await telling.submit(school, olga, extension="15")

    await telling.wait_for_words(school, olga, "Only admins can do that.")
    assert school.hallpass is not None
    stored = await school.hallpass.store.read(lambda tx: read_house_rules(tx, tx.workspaces.list_all()[0].id))
    assert HouseRules() == stored


async def test_admins_read_who_changed_which_setting(school: School) -> None:
    """From what to what, the latest first; a save that changes nothing is no change."""
    olga, otto = school.add("Olga", kind=UserKind.ADMIN), school.add("Otto", kind=UserKind.ADMIN)
    for admin, extension in ((olga, "15"), (otto, "20"), (otto, "20")):
        await open_settings(school, admin)
        assert (await telling.submit(school, admin, extension=extension)).is_fine

    await olga.press(await open_home(school, olga), "house_changes")
    text = await telling.wait_for_words(school, olga, "Changed settings")

    assert 2 == text.count("One extension")
    assert text.index("Otto") < text.index("15 minutes → 20 minutes") < text.index("Olga")
    assert "One extension: as installed → 15 minutes" in text
