"""A lesson on the school's page, by mouse and words: booked, mended, joined, extended, summed up."""

from __future__ import annotations

import pytest

from tests.acceptance.telling import settle
from tests.browser.conftest import Play
from tests.browser.playing import FOUND, book, come_in, wait_on

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


async def test_a_form_says_what_is_wrong_and_is_mended(play: Play) -> None:
    """Each field by its own words; what else was typed stays; then everybody has a link of their own."""
    ada = await play.sit_down("Ada")
    await ada.say("/lesson")
    await ada.fill("Title", "Geometry")
    await ada.fill("Length", "9000")
    await ada.press("Book")
    await ada.wait_to_read("Please complete this required field.", within="#modal")
    await ada.tick("Participants", "Ben", "Cara")
    await ada.press("Book")
    wrong = await ada.wait_to_read("Type whole minutes, from 1 to 720.", within="#modal")
    assert "Please complete" not in wrong

    await ada.fill("Length", "45")
    await ada.press("Book")
    result = await ada.wait_to_read(FOUND, within="#modal")
    assert "Geometry: today 14:30 to 15:15." in result
    assert "Cara (first lesson with you): sent" in result
    await ada.press("Close")
    await ada.be("Cara")
    await ada.wait_to_read("When: today 08:30 to 09:15 (45 minutes)", "Join works from 08:20", within="#messages")


async def test_two_people_meet_and_a_used_link_lets_nobody_else_in(play: Play) -> None:
    """Each by their own link; on another device it says why not, and a new link lets them in there."""
    ada, ben = await play.sit_down("Ada"), await play.sit_down("Ben", at=1)
    await book(ada)
    await ben.open_tab("Join")
    await ben.wait_to_read("Algebra", "14:20")
    assert "You are inside" not in await ben.read()
    await ben.turn_back()
    await ada.press("To the start")
    await come_in(ada)
    await come_in(ben)
    await ben.wait_to_read("Ben’s laptop", "Ada leads", "Ben (you)")
    await ada.wait_to_read("Ada’s laptop", "Ada (you) leads", "Ben just came")

    await ben.turn_back()
    await ben.open_tab("Join on Ben’s phone")
    await ben.wait_to_read("This link was used in another browser", "press “I need a new link”")
    await ben.turn_back()
    await ben.press("I need a new link")
    await ben.wait_to_read("Your new link for Algebra will be behind Join", within="#messages")
    await settle(play.playground.school)
    await come_in(ben, "Join on Ben’s phone")
    await ben.wait_to_read("Ben’s phone", "Ada leads")
    await ada.turn_back()
    await ada.wait_to_read("Ben (first lesson with you): joined 14:30", within="#messages")
    await ada.wait_to_read("Ben on Ben’s laptop", "Ben on Ben’s phone", within="#rooms")


async def test_a_lesson_is_extended_from_the_card_and_from_the_room_and_summed_up(play: Play) -> None:
    """The card and the room each offer ten minutes; afterwards the leader reads who came, and how long."""
    ada, ben = await play.sit_down("Ada"), await play.sit_down("Ben", at=1)
    await book(ada)
    await ada.press("To the start")
    room = await come_in(ada)
    await come_in(ben)
    await ada.turn_back()
    await ada.press("Extend 10 min")
    await ada.wait_to_read("Algebra now ends at 15:25. Everybody can stay", "today 14:30 to 15:25 (55 minutes)")
    await wait_on(ada, "15:10")  # which is all that the room knows of
    await ada.turn_to(room)
    await ada.wait_to_read("The lesson ends soon.")
    await ada.press("Extend 10 min")
    await ada.wait_not_to_read("The lesson ends soon.")
    await ada.turn_back()
    await wait_on(ada, "15:20")
    await ada.wait_to_read("Do you need 10 minutes more?", "Let it end", within="#messages")
    await ada.turn_to(room)
    await ada.wait_to_read("The lesson ends soon.", "You are inside.")
    await ada.turn_back()

    await wait_on(ada, "15:25")
    await ada.wait_to_read("People are still in the room.", within="#messages")
    await ada.press("+1 min")
    await ada.wait_to_read("15:26", within="#clock .hands")
    await ben.press("Leave")
    await ben.wait_to_read("You left.")
    await ada.turn_to(room)
    await ada.press("Leave")
    await ada.wait_to_read("You left.")
    await ada.turn_back()
    await ada.press("+1 min")
    await ada.press("+1 min")
    summary = await ada.wait_to_read("2 of 2 came.", within="#messages")
    assert "Planned: today 14:30 to 15:15 (45 minutes), extended by 10 minutes" in summary
    assert "Ben: 56 min, 14:30 to 15:26" in summary
    await ada.wait_not_to_read("of 8", within="#guide")
