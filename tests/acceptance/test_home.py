"""The Home tab: everybody's own lessons with what they may do, and for admins all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.sandbox.blockkit import list_elements
from bot.sandbox.faults import Fault
from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.inputs import ImpossibleInput
from bot.sandbox.slack.people import UserKind
from bot.sandbox.slack.views import OpenView
from storage.records import LessonState, NoticeKind
from tests.acceptance import telling


async def open_home(school: School, actor: Actor) -> OpenView:
    """Look at the Home tab, drawn anew."""
    before = actor.home.updates if actor.home else -1
    assert (await actor.open_home()).is_fine
    await school.slack.wait_for(lambda: actor.home is not None and actor.home.updates > before)
    assert actor.home is not None
    return actor.home


async def press(school: School, actor: Actor, action: str, **where: Any) -> OpenView:
    """Press a button in Home, and wait until it is drawn anew."""
    home = actor.home
    assert home is not None
    before = home.updates
    outcome = await actor.press(home, action, **where)
    assert outcome.is_fine, outcome
    await school.slack.wait_for(lambda: home.updates > before)
    await telling.settle(school)
    return home


def buttons(view: OpenView) -> dict[str, Mapping[str, Any]]:
    return {element["action_id"]: element for _, element in list_elements(view.blocks) if element["type"] == "button"}


async def test_a_learners_home_shows_their_own_lessons_and_nobody_elses(school: School) -> None:
    """Their way in and their answer; no other lesson, no other learner, no button of a leader."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    await telling.book(school, ada, "@Cara today 5pm 45m Botany")

    home = await open_home(school, ben)

    text = ben.read(home, now=school.clock.now())
    assert "Algebra" in text
    assert "Botany" not in text
    assert "Cara" not in text
    assert {"join", "new_link", "reply_coming"} <= set(buttons(home))
    assert not {"extend", "cancel", "all_lessons", "export", "house_rules"} & set(buttons(home))
    assert buttons(home)["join"]["url"] == telling.find_url(telling.find_card(ben))
    assert "Botany" in cara.read(await open_home(school, cara), now=school.clock.now())


async def test_what_is_pressed_in_home_is_done_and_drawn(school: School) -> None:
    """Extending from Home extends once, answers in a small view, and Home shows the new end; pressed on the old
    drawing again it changes nothing."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    home = await open_home(school, ada)

    await press(school, ada, "extend")

    assert "15:00 to 15:55" in ada.read(home, now=school.clock.now())
    assert "now ends at" in await telling.wait_for_words(school, ada, "now ends at")
    lesson = await telling.get_lesson(school)
    assert (1, 2) == (lesson.extension_count, lesson.revision)


async def test_a_lost_link_is_replaced_from_home(school: School) -> None:
    """Inside the window it is made at once; too early is said in a view, with the time."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await open_home(school, ben)

    await press(school, ben, "new_link")
    await telling.wait_for_words(school, ben, "It is too early.")
    await telling.move_to(school, 13, 55)
    await ben.close()
    await press(school, ben, "new_link")

    await telling.wait_for_words(school, ben, "Your new link for Algebra")
    assert ["link:1", "link:1", "link:2"] == sorted(
        one.occasion for one in await telling.list_notices(school, NoticeKind.JOIN_LINK)
    )


async def test_a_past_lesson_has_its_summary(school: School) -> None:
    """The leader reads who came; the learner only about themself; neither reads the history."""
    ada, ben, _cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    await telling.move_to(school, 14, 0)
    await telling.join(school, ben)
    await telling.move_to(school, 14, 20)
    await telling.leave_all(school)
    await telling.move_to(school, 14, 50)
    assert (await telling.get_lesson(school)).state is LessonState.ENDED

    for actor in (ada, ben):
        await actor.press(await open_home(school, actor), "summary")
    leaders = await telling.wait_for_words(school, ada, "Summary")
    learners = await telling.wait_for_words(school, ben, "Summary")

    assert "Ben: 20 min" in leaders
    assert "Cara: absent" in leaders
    assert "You joined at" in learners
    assert "Cara" not in learners
    assert "History" not in leaders + learners


async def test_admins_see_all_lessons_by_day_and_leader_with_their_history(school: School) -> None:
    """From Home to a day, to the next and back, and into one lesson; its history says who did what."""
    ada, cleo, olga = school.add("Ada"), school.add("Cleo"), school.add("Olga", kind=UserKind.ADMIN)
    school.add("Ben")
    await telling.book(school, cleo, "@Ben today 5pm 45m Botany")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await ada.press(telling.find_card(ada), "extend")
    await telling.settle(school)

    await olga.press(await open_home(school, olga), "all_lessons")
    text = await telling.wait_for_words(school, olga, "All lessons")
    assert text.index("Ada") < text.index("Algebra") < text.index("Cleo") < text.index("Botany")

    assert olga.view is not None
    await olga.press(olga.view, "all_lessons")
    await telling.wait_for_words(school, olga, "No lessons on this day.")
    await olga.press(olga.view, "all_lessons_back")
    await telling.wait_for_words(school, olga, "Algebra")
    await olga.press(olga.view, "show_lesson")
    history = await telling.wait_for_words(school, olga, "History")
    assert "Ada: extended" in history
    assert "extensions: 0 → 1" in history


async def test_what_was_not_reached_stands_first_for_admins(school: School) -> None:
    """With *Try again*, which sends again; when all are reached, Home says so."""
    ada, olga = school.add("Ada"), school.add("Olga", kind=UserKind.ADMIN)
    school.add("Ben")
    school.lessonspace.faults.switch_on("launch", Fault.refusing("Invalid organisation key."))
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    school.lessonspace.faults.switch_off()
    text = olga.read(await open_home(school, olga), now=school.clock.now())
    assert "Could not be reached: Ada and Ben." in text
    assert text.index("Could not be reached") < text.index("Today")

    await press(school, olga, "try_again")
    text = olga.read(await open_home(school, olga), now=school.clock.now())

    assert "Everybody was reached" in text


def forge(view: OpenView, action: str, value: str) -> None:
    """Make the view's first button this one, as a forged payload would have it."""
    _, element = next(iter(list_elements(view.blocks)))
    element |= {"action_id": action, "value": value}


@pytest.mark.parametrize("action", ["all_lessons", "show_lesson", "summary"])
async def test_nobody_else_gets_into_other_peoples_lessons(school: School, action: str) -> None:
    """A forged press is refused, and names nothing."""
    ada, mallory = school.add("Ada"), school.add("Mallory")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    lesson = await telling.get_lesson(school)
    home = await open_home(school, mallory)
    with pytest.raises(ImpossibleInput):
        await mallory.press(home, action)
    value = '{"day": "2026-11-23", "offset": 0}' if action == "all_lessons" else f'{{"lesson_id": "{lesson.id}"}}'

    forge(home, action, value)
    await mallory.press(home, action)

    text = await telling.wait_for_words(school, mallory, "Hallpass")
    assert "Algebra" not in text
