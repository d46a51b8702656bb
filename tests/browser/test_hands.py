"""The school's page in a real browser, with nothing but the keyboard: what is typed, chosen, sent and gone back to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from selenium.webdriver import ActionChains, Keys

from bot.ids import Choice
from bot.sandbox.faults import Fault
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.server import listen, open_play
from tests.acceptance import telling
from tests.browser.window import DESKTOP, PHONE, Window

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

FOCUS = "document.activeElement"
FITS = """
const { left, right, top, bottom, width } = document.querySelector(arguments[0]).getBoundingClientRect();
return width > 0 && left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
"""


@dataclass(frozen=True)
class Desk:
    """A school, and somebody who sits before its page."""

    playground: Playground
    address: str
    window: Window

    async def sit_down(self, name: str, rest: str = "") -> None:
        """Be somebody, with their page open."""
        await self.window.open(f"{self.address}as/{self.playground.cast.people[name].user.id}/{rest}")

    async def type(self, *keys: str, shift: bool = False) -> None:
        def press() -> None:
            actions = ActionChains(self.window.chrome)
            if shift:
                actions.key_down(Keys.SHIFT)
            actions.send_keys(*keys)
            if shift:
                actions.key_up(Keys.SHIFT)
            actions.perform()

        await self.window.do(press)

    async def tab_to(self, what: str, *, most: int = 60) -> None:
        """Press Tab until the focus is on what the selector says."""
        for _ in range(most):
            if await self.window.run(f"return {FOCUS}.matches(arguments[0])", what):
                return
            await self.type(Keys.TAB)
        raise AssertionError(f"no way to {what} by Tab; at {await self.window.run(f'return {FOCUS}.outerHTML')}")

    async def wait_for_focus(self, what: str) -> None:
        await self.window.wait(f"{FOCUS}.matches({what!r})")

    async def wait_for_words(self, where: str, words: str) -> None:
        await self.window.wait(f"document.querySelector({where!r})?.innerText.includes({words!r})")

    async def compose(self, *keys: str) -> None:
        """Type below the conversation, and wait until what could be meant was asked for."""
        await self.tab_to("#composer\\/text")
        await self.type(*keys)

    async def wait_for_suggestions(self, *words: str) -> None:
        """Until exactly these are offered."""
        await self.window.wait(
            "[...document.querySelectorAll('#composer\\\\/list:not([hidden]) [role=option] strong')]"
            f".map((one) => one.innerText).join() === {','.join(words)!r}"
        )

    async def read_typed(self) -> str:
        return str(await self.window.run("return document.getElementById('composer/text').value"))


@pytest.fixture
async def desk(window: Window) -> AsyncIterator[Desk]:
    async with Playground() as playground, open_play(playground, listen(0)) as address:
        yield Desk(playground, address, window)


async def test_a_lesson_is_booked_by_keyboard_alone(desk: Desk) -> None:
    """Suggestions, the form, what was wrong with it, the result; and then back where it began."""
    await desk.sit_down("ada")
    await desk.compose("/les")
    await desk.wait_for_suggestions("/lesson", "/lessons")
    await desk.type(Keys.TAB)  # takes the first
    await desk.wait_for_suggestions("now", "list", "show", "link", "transcript", "help")
    await desk.type("@b")
    await desk.wait_for_suggestions("@Ben")
    await desk.type(Keys.ARROW_DOWN, Keys.ENTER)  # takes what was chosen, and sends nothing
    assert "/lesson @Ben " == await desk.read_typed()
    await desk.type("today 3pm 45m Algebra", Keys.ENTER)
    await desk.wait_for_focus("#modal [data-block-id=title]")
    assert "" == await desk.read_typed()

    await desk.type(Keys.END, *[Keys.BACKSPACE] * len("Algebra"))
    await desk.tab_to("[data-block-id=length]")
    await desk.type(Keys.END, Keys.BACKSPACE, Keys.BACKSPACE, "9000", Keys.ENTER)
    await desk.wait_for_words("#modal", "Please complete this required field.")
    await desk.wait_for_focus("[data-block-id=title][aria-invalid=true]")
    await desk.type("Geometry", Keys.ENTER)
    await desk.wait_for_focus("[data-block-id=length][aria-invalid=true]")
    await desk.type(Keys.END, *[Keys.BACKSPACE] * 4, "45", Keys.ENTER)
    await desk.window.wait("document.querySelector('#modal [data-block-id]') === null")
    await telling.settle(desk.playground.school)
    await desk.type(Keys.ESCAPE)
    await desk.wait_for_focus("#composer\\/text")
    await desk.wait_for_words("#messages", "Geometry")
    assert 1 == len(desk.playground.cast.ben.messages())


async def test_what_was_typed_stays_when_somebody_looks_elsewhere(desk: Desk) -> None:
    """Each conversation keeps its own, until it was sent."""
    await desk.sit_down("ada")
    await desk.compose("/lesson @Ben")
    await desk.sit_down("ada", f"in/{desk.playground.cast.channel.id}")
    assert "" == await desk.read_typed()
    await desk.sit_down("ada")
    assert "/lesson @Ben" == await desk.read_typed()

    await desk.playground.kill_bot()
    await desk.compose(Keys.END, Keys.ESCAPE, Keys.ENTER)
    await desk.wait_for_words("#said", "Hallpass is not running: start it under Trouble.")
    assert "/lesson @Ben" == await desk.read_typed()


async def test_a_long_list_is_one_stop_for_tab(desk: Desk) -> None:
    """Arrows move in it, letters find somebody; choosing reports, and what else was typed stays."""
    await desk.sit_down("ada")
    await desk.compose("/lesson @Ben today 3pm 45m", Keys.ENTER)
    await desk.wait_for_focus("#modal [data-block-id=title]")
    await desk.type("Geometry", Keys.TAB, "g", Keys.ARROW_UP)
    finn = desk.playground.cast.finn.user.id
    await desk.wait_for_focus(f"[data-block-id=leaders][value={finn}]")
    await desk.type(Keys.TAB)
    await desk.wait_for_focus("[data-block-id=participants]")
    await desk.type(Keys.TAB, shift=True)
    await desk.wait_for_focus("[data-block-id=leaders]")
    await desk.type("f", Keys.SPACE)
    await desk.playground.school.slack.wait_for(
        lambda: finn in desk.playground.cast.ada.stack[-1].inputs["leaders", "pick_leaders"]
    )
    assert "Geometry" == await desk.window.run("return document.querySelector('[data-block-id=title]').value")


async def test_the_focus_stays_with_a_card_that_is_drawn_anew(desk: Desk) -> None:
    """Its buttons come and go; somebody at a keyboard goes on where they were. A menu closes behind what was chosen."""
    await telling.book(desk.playground.school, desk.playground.cast.ada, "@Ben today 3pm 45m Algebra")
    await desk.sit_down("ben")
    await desk.tab_to("#messages [data-action-id=reply_coming]")
    await desk.type(Keys.ENTER)
    await desk.wait_for_words("#messages", "You said that you will be there")
    await desk.wait_for_focus("#messages form *")

    await desk.playground.cast.ada.close()
    await desk.sit_down("ada")
    await desk.tab_to("#messages form summary")
    await desk.type(Keys.ENTER, Keys.TAB, Keys.ENTER)
    await desk.wait_for_words("#modal", "Move lesson")
    assert 0 == await desk.window.run("return document.querySelectorAll('details.menu[open]').length")
    await desk.type(Keys.ESCAPE)
    await desk.wait_for_focus("#messages form summary")


async def test_forms_on_top_of_each_other_take_and_give_back_the_focus(desk: Desk) -> None:
    """A dialog is asked first; Escape takes away one at a time, the dialog before all."""
    await telling.book(desk.playground.school, desk.playground.cast.ada, "@Ben @Cara today 3pm 45m Algebra")
    await desk.playground.cast.ada.close()
    await telling.choose(desk.playground.cast.ada, Choice.PEOPLE)
    await desk.sit_down("ada")
    await desk.wait_for_focus("#modal *")

    await desk.tab_to("#modal button[commandfor]")
    await desk.type(Keys.ENTER)
    await desk.window.wait("document.querySelector('dialog[open]') !== null")
    await desk.type(Keys.ESCAPE)
    await desk.window.wait("document.querySelector('dialog[open]') === null")
    assert await desk.window.run("return document.querySelector('#modal form') !== null")

    await desk.tab_to("#modal [data-action-id=replace]")
    await desk.type(Keys.ENTER)
    await desk.wait_for_words("#modal", "Who comes instead")
    await desk.wait_for_focus("#modal [data-action-id=pick_added]")
    await desk.type(Keys.ESCAPE)
    await desk.wait_for_words("#modal", "People in the lesson")
    await desk.wait_for_focus("#modal *")
    await desk.type(Keys.ESCAPE)
    await desk.window.wait("document.querySelector('#modal form') === null")


async def test_somebody_who_waits_is_told_so(desk: Desk) -> None:
    """Slack waits for three seconds, and says what it knows then; the form on top keeps what was typed."""
    desk.playground.school.slack.faults.switch_on("views.open", Fault.slow(timedelta(seconds=1)))
    await desk.sit_down("ada")
    await desk.compose("/lesson", Keys.ESCAPE, Keys.ENTER)
    await desk.wait_for_words("#said", "Sending…")
    await desk.wait_for_focus("#modal [data-block-id=title]")
    await desk.window.wait("document.getElementById('said').textContent === ''")

    await desk.playground.kill_bot()
    await desk.type("Geometry", Keys.ENTER)
    await desk.wait_for_words("#modal", "Please complete this required field.")
    await desk.tab_to("[data-block-id=participants]")
    await desk.type("b", Keys.SPACE)
    await desk.wait_for_words("#said", "Hallpass is not running")
    assert "Geometry" == await desk.window.run("return document.querySelector('[data-block-id=title]').value")


async def test_a_form_is_read_from_its_top(desk: Desk) -> None:
    """Its first field may be far below everybody in the lesson: whoever opens it sees them, and Tab leads on."""
    cast = desk.playground.cast
    everybody = " ".join(f"@{actor.user.real_name}" for actor in cast.participants)
    await telling.book(desk.playground.school, cast.ada, f"{everybody} today 3pm 45m Algebra")
    await cast.ada.close()
    await telling.choose(cast.ada, Choice.PEOPLE)
    await desk.sit_down("ada")
    await desk.wait_for_focus("#modal *")

    assert 0 == await desk.window.run("return document.querySelector('#modal .body').scrollTop")
    await desk.tab_to("#modal .body button")


async def test_what_a_sent_form_asks_back_is_seen(desk: Desk) -> None:
    """It stands at the top, and whoever pressed the button had filled in the form down to its end."""
    await telling.book(desk.playground.school, desk.playground.cast.ada, "@Ben today 3pm 45m Algebra")
    await desk.playground.cast.ada.close()
    await desk.sit_down("ada")
    await desk.compose("/lesson @Cara today 3pm 45m Biology", Keys.ESCAPE, Keys.ENTER)
    await desk.wait_for_focus("#modal [data-block-id=title]")
    await desk.tab_to("#modal footer .primary")
    await desk.window.run("document.querySelector('#modal .body').scrollTop = 9999")
    await desk.type(Keys.ENTER)

    await desk.wait_for_words("#modal", "Book anyway")
    await desk.window.wait("document.querySelector('#modal .body').scrollTop === 0")
    await desk.wait_for_words("#modal .body", "Ada has another lesson then")


async def test_who_asks_for_more_goes_on_there(desk: Desk) -> None:
    """The button is gone, and what it brought stands in its place; nobody is sent back to the top."""
    await desk.sit_down("ada")
    await desk.compose("/lesson", Keys.ESCAPE, Keys.ENTER)
    await desk.wait_for_focus("#modal [data-block-id=title]")
    await desk.tab_to("#modal .body button")
    await desk.type(Keys.ENTER)

    await desk.wait_for_focus("#modal [data-block-id=join_early]")


async def test_what_is_said_covers_nothing_for_longer_than_it_is_read(desk: Desk) -> None:
    """What the page shows anyway is only heard; anything else is gone as soon as somebody goes on."""
    await desk.sit_down("ada")
    await desk.window.resize(*DESKTOP)
    await desk.tab_to("#leap-10")
    await desk.type(Keys.ENTER)
    await desk.wait_for_words("#said", "It is 14:10.")
    assert await desk.window.run("return getComputedStyle(document.getElementById('said')).padding === '0px'")

    await desk.tab_to("#switch-slack-slow")
    await desk.type(Keys.ENTER)
    await desk.wait_for_words("#said", "Slack, slow: on.")
    assert await desk.window.run("return getComputedStyle(document.getElementById('said')).padding !== '0px'")
    await desk.type(Keys.TAB)
    await desk.window.wait("document.getElementById('said').textContent === ''")


async def test_nothing_is_hidden_on_a_phone(desk: Desk) -> None:
    """What is suggested and what can be chosen lies within the screen."""
    await desk.sit_down("ada")
    await desk.window.resize(*PHONE)
    await desk.compose("/lesson ")
    await desk.window.wait("document.querySelector('[role=listbox]:not([hidden])') !== null")
    for what in ("[role=listbox]", ".composer", ".typing button"):
        assert await desk.window.run(FITS, what), what
    await desk.type(Keys.ESCAPE)
    await desk.tab_to(".composer summary")
    await desk.type(Keys.ENTER)
    assert await desk.window.run(FITS, ".composer .menu > div")
