"""A lesson that changes on the school's page: moved, cancelled, elsewhere, and with a bot that dies in the middle."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Play
from tests.browser.playing import BOOKED, FOUND, book, come_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


async def test_a_lesson_is_moved_and_everybody_is_told(play: Play) -> None:
    """Who was invited reads both times, and the link that they have works then."""
    ada, ben = await play.sit_down("Ada"), await play.sit_down("Ben", at=1)
    await book(ada)
    await ada.press("More to choose from", within="#messages")
    await ada.press("Move", within="#messages")
    await ada.wait_to_read("Now: today 14:30 to 15:15", within="#modal")
    await ada.set_time("Starts", "2026-11-23T16:00")
    await ada.press("Save")
    await ada.wait_to_read("Algebra has its new times", "1 person is told now.", within="#modal")
    await ada.press("Close")
    await ada.wait_to_read("When: today 16:00 to 16:45 (45 minutes)", within="#messages")
    await ben.wait_to_read("Algebra was moved from today 14:30 to 15:15 to today 16:00 to 16:45.", within="#messages")
    await ada.press("To the start")
    await ada.wait_to_read("16:00", within="#clock .hands")
    await come_in(ben)


async def test_a_cancelled_lesson_says_why_and_lets_nobody_in(play: Play) -> None:
    """The reason reaches who was invited, and a link that they have open says that there is no lesson."""
    ada, ben = await play.sit_down("Ada"), await play.sit_down("Ben", at=1)
    await book(ada)
    await ada.press("To the start")
    await ben.open_tab("Join")
    await ben.wait_to_read("This link is yours alone.")
    await ada.press("Cancel lesson")
    await ada.fill("Reason", "I am ill, sorry.")
    await ada.press("Cancel lesson", within="#modal")
    await ada.wait_to_read("Algebra is cancelled. 1 person is told now.", within="#modal")
    await ben.press("Join")
    await ben.wait_to_read("This lesson was cancelled")
    await ben.turn_back()
    told = await ben.wait_to_read("Ada cancelled Algebra, today 14:30 to 15:15.", within="#messages")
    assert told.count("I am ill, sorry.") == 2
    assert "Join " not in told


async def test_people_meet_in_another_room_service(play: Play) -> None:
    """Chosen in the form. Its room runs in our own page, which lets in one browser only all the same."""
    ada, ben = await play.sit_down("Ada"), await play.sit_down("Ben", at=1)
    await ada.say(BOOKED)
    await ada.fill("Room service", "Videsk")
    await ada.press("Book")
    await ada.wait_to_read(FOUND, within="#modal")
    await ada.press("Close")
    await ada.press("To the start")
    await come_in(ben)
    await come_in(ada)
    await ada.wait_to_read("Ada (you)", "Ben", "A stand-in for Videsk")
    await ben.turn_back()
    await ben.open_tab("Join on Ben’s phone")
    await ben.wait_to_read("This link was used in another browser")
    await ada.turn_back()
    await ada.wait_to_read("Ben (first lesson with you): joined 14:30", within="#messages")


async def test_a_bot_that_is_killed_goes_on_where_it_was(play: Play) -> None:
    """Between the booking and the links: once it runs again everybody has theirs, and nobody has two."""
    ada, ben = await play.sit_down("Ada"), await play.sit_down("Ben", at=1)
    await ada.press("Slow", within="#trouble details + details")
    await ada.wait_to_read("Lessonspace: slow", within="#trouble")
    await ada.say(BOOKED)
    await ada.press("Book")
    await ada.wait_to_read("Sent 0 of 2", within="#modal")
    await ada.press("Close")
    await ada.press("Kill Hallpass")
    await ada.wait_to_read("Hallpass is not running", within="#trouble")
    await ada.press("Start it again")
    await ada.wait_to_read("Hallpass is running.", within="#trouble")
    await ada.press("+1 min")
    await ada.wait_to_read("Ben (first lesson with you): sent", within="#messages")
    card = await ben.wait_to_read("Join works from 14:20", within="#messages")
    assert card.count("Algebra") == 1
    await ada.press("To the start")
    await come_in(ben)
