"""Everybody's rooms in one real browser: each person's tab is a browser of its own, and shows who is inside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.ids import Field
from bot.join_pages import Face
from bot.sandbox.houses import EVERY, LESSONSPACE
from bot.sandbox.inside.browsers import LAPTOP, PHONE, Browser
from bot.sandbox.lessonspace.inside import REFUSALS
from bot.sandbox.lessonspace.spaces import Reason
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from tests.acceptance.conftest import MONDAY_TWO_PM
from tests.acceptance.telling import book, find_card, find_url, move_to
from tests.browser.window import Window

CHOSEN = pytest.mark.parametrize("service", EVERY)
ROOM = "[...document.querySelectorAll('*')].find((one) => one.shadowRoot && !one.hidden)?.shadowRoot"
"""What draws a room on a page, whichever service's."""


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, services=EVERY) as school:
        await school.start()
        yield school


async def book_in(school: School, service: str) -> tuple[Actor, Actor]:
    """A lesson there that begins now: its leader, and a learner."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await book(school, ada, "@Ben today 3pm 45m Algebra", **{Field.SERVICE: service})
    await move_to(school, 14)
    return ada, ben


async def open_join(window: Window, school: School, actor: Actor, device: str = LAPTOP) -> None:
    """Follow Join in a new tab, as that device."""
    browser = Browser(owner=actor.user.real_name, device=device)
    address = browser.lead(str(find_url(find_card(actor))), origins=school.list_origins())
    assert address is not None
    await window.do(window.chrome.switch_to.new_window, "tab")
    await window.open(address)


async def come_in(window: Window, school: School, actor: Actor, service: str) -> None:
    await open_join(window, school, actor)
    await window.press()
    if service == "loop":  # whose page asks for a name first, and knows whose browser it is
        await window.wait("document.querySelector('input')?.value")
        await window.run("document.querySelector('form button').click()")
    await wait_for_state(window, "You are inside.")


async def wait_for_state(window: Window, words: str) -> None:
    await window.wait(f"{ROOM}?.querySelector('.state').textContent === {words!r}")


async def press(window: Window, label: str) -> None:
    """A button of the room's."""
    await window.run(f"[...{ROOM}.querySelectorAll('button')].find((one) => one.textContent === {label!r}).click()")


async def read_people(window: Window, count: int) -> set[str]:
    """Who is shown, once so many are."""
    await window.wait(f"{ROOM}?.querySelectorAll('.name').length === {count}")
    return set(await window.run(f"return [...{ROOM}.querySelectorAll('.name')].map((one) => one.textContent)"))


@CHOSEN
async def test_two_people_are_inside_in_two_tabs(
    new_window: Callable[..., Window], school: School, service: str
) -> None:
    """Each sees both and whose browser it is; on another device the same Join is refused; whoever leaves is gone."""
    window = new_window()
    ada, ben = await book_in(school, service)
    await come_in(window, school, ben, service)
    bens = await window.do(lambda: window.chrome.current_window_handle)
    await come_in(window, school, ada, service)

    assert {"Ada (you)", "Ben"} == await read_people(window, 2)
    assert "Ada’s laptop" == await window.run(f"return {ROOM}.querySelector('.browser').textContent")
    await open_join(window, school, ben, PHONE)
    await window.wait_for(Face.USED_ELSEWHERE)
    await window.do(window.chrome.switch_to.window, bens)
    assert {"Ada", "Ben (you)"} == await read_people(window, 2)
    await press(window, "Leave")
    await window.do(window.chrome.switch_to.window, window.chrome.window_handles[-2])
    assert {"Ada (you)"} == await read_people(window, 1)


async def test_a_space_says_no_on_another_device_itself(new_window: Callable[..., Window], school: School) -> None:
    """Also where its own address is taken along; the first device may come back."""
    window = new_window()
    _, ben = await book_in(school, LESSONSPACE)
    await come_in(window, school, ben, LESSONSPACE)
    elsewhere = await window.run(f"return {ROOM}.querySelector('.note a').href")
    first = await window.do(lambda: window.chrome.current_window_handle)

    await window.do(window.chrome.switch_to.new_window, "tab")
    await window.open(elsewhere)
    await wait_for_state(window, REFUSALS[Reason.USED_ELSEWHERE])
    await window.do(window.chrome.switch_to.window, first)
    await press(window, "Leave")
    await wait_for_state(window, "You left.")
    await press(window, "Come back")
    await wait_for_state(window, "You are inside.")
