"""Somebody before the school's page in a real browser: presses what is there by its words, types, reads, opens tabs.

Nothing is done here that a person could not do; whoever waits, waits for what a person waits for, words on the screen.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    StaleElementReferenceException,
)
from selenium.webdriver import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.browser.window import PATIENCE, Window

NOT_NOW = (StaleElementReferenceException, ElementClickInterceptedException, ElementNotInteractableException)
"""What was found has just been drawn anew, or something lies above it for a moment; nothing was pressed."""

SEEK = """
const seek = (root, which) => [...root.querySelectorAll("*")].flatMap(
  (one) => [...(one.matches(which) ? [one] : []), ...(one.shadowRoot ? seek(one.shadowRoot, which) : [])]);
const isThere = (one) => one.checkVisibility() && !one.disabled && !one.closest("[inert]");
const isCalled = (one, words) => [one.innerText.trim(), one.getAttribute("aria-label")].includes(words);
"""
"""Also within the rooms, which draw themselves apart from the page around them."""
FIND_CONTROL = f"""{SEEK}
const [words, within] = arguments;
const found = seek(document, "a, button, summary").filter(
  (one) => isThere(one) && isCalled(one, words) && (!within || one.closest(within)));
return found.find((one) => one.closest("dialog[open]")) ?? found[0] ?? null;
"""
FIND_FIELD = f"""{SEEK}
const label = seek(document, "label[for]").find((one) => isThere(one) && one.innerText.trim().startsWith(arguments[0]));
return label ? label.getRootNode().getElementById(label.htmlFor) : null;
"""
FIND_CHOICE = """
const [group, words] = arguments;
const fieldset = [...document.querySelectorAll("fieldset")].find(
  (one) => one.querySelector("legend").innerText.trim().startsWith(group));
return [...(fieldset?.querySelectorAll("label") ?? [])].find((one) => one.innerText.trim() === words) ?? null;
"""
FIND_PERSON = f"""{SEEK}
const there = seek(document, "#people a").filter(isThere);
return there.find((one) => one.innerText.trim().startsWith(arguments[0])) ?? null;
"""
READ = f"""{SEEK}
const place = document.querySelector(arguments[0]);
if (place === null) return "";
const rooms = seek(place, ".room").filter((one) => one.getRootNode() !== document);
return [place.innerText, ...rooms.map((one) => one.innerText)].join(" ");
"""


class Visitor:
    """One window, and whom somebody is in it."""

    def __init__(self, window: Window, address: str) -> None:
        self.window = window
        self._address = address
        self._first_tab = window.chrome.current_window_handle

    async def be(self, name: str) -> None:
        """That person: follow their name at the top of the page."""
        if not str(await self.window.do(lambda: self.window.chrome.current_url)).startswith(self._address):
            await self.window.open(self._address)
        await self._click(lambda: self._find(FIND_PERSON, name), name)
        await self.window.wait(f"document.title.includes(' · {name} · ')")

    async def say(self, text: str) -> None:
        """Type below the conversation, and send it."""
        field = await self._wait_for(lambda: self._find(FIND_FIELD, "Message Hallpass"), "where to type")
        await self.window.do(field.send_keys, text, Keys.ESCAPE, Keys.ENTER)

    async def press(self, words: str, *, within: str = "") -> None:
        """A button or link with exactly these words, as soon as there is one; the first, or the one in front."""
        await self._click(lambda: self._find(FIND_CONTROL, words, within), words)

    async def fill(self, label: str, text: str) -> None:
        """Type this into a field in place of what is there; of a list, choose it."""
        field = await self._wait_for(lambda: self._find(FIND_FIELD, label), label)
        if field.tag_name == "select":
            await self.window.do(field.send_keys, text)
        else:
            await self.window.do(field.send_keys, Keys.CONTROL, "a", Keys.NULL, text)

    async def set_time(self, label: str, time: str) -> None:
        """Choose a date and time, which every browser has typed in pieces of its own."""
        field = await self._wait_for(lambda: self._find(FIND_FIELD, label), label)
        await self.window.run(
            "const [field, time] = arguments; field.value = time;"
            "for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, { bubbles: true }));",
            field,
            time,
        )

    async def tick(self, group: str, *choices: str) -> None:
        """Choose these of a list."""
        for words in choices:
            await self._click(lambda words=words: self._find(FIND_CHOICE, group, words), words)  # type: ignore[misc]

    async def read(self, where: str = "body") -> str:
        """What stands there, in one line."""
        return " ".join(str(await self.window.run(READ, where)).split())

    async def wait_to_read(self, *words: str, within: str = "body") -> str:
        """Until all of these stand there; all that stands there then."""
        return await self._wait_until(lambda text: all(one in text for one in words), f"{words} to come", within)

    async def wait_not_to_read(self, words: str, *, within: str = "body") -> str:
        """Until this does not stand there any more."""
        return await self._wait_until(lambda text: words not in text, f"{words!r} to go", within)

    async def _wait_until(self, is_so: Callable[[str], bool], what: str, within: str) -> str:
        text = await self.read(within)
        try:
            async with asyncio.timeout(PATIENCE):
                while not is_so(text):
                    await asyncio.sleep(0.05)
                    text = await self.read(within)
        except TimeoutError:
            raise AssertionError(f"waited for {what}, but there is: {text}") from None
        return text

    async def open_tab(self, words: str, *, within: str = "#messages") -> str:
        """Follow a link that opens a tab of its own, and look at that; which one it is."""
        before = set(await self._list_tabs())
        for _ in range(5):  # a page that moves under the mouse takes no click
            await self.press(words, within=within)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE / 5):
                    while not (opened := set(await self._list_tabs()) - before):  # noqa: ASYNC110
                        await asyncio.sleep(0.02)
                    await self.turn_to(tab := opened.pop())
                    return tab
        raise AssertionError(f"{words!r} opens no tab: {await self.read()}")

    async def _list_tabs(self) -> list[str]:
        return await self.window.do(lambda: self.window.chrome.window_handles)

    async def turn_to(self, tab: str) -> None:
        """Look at another tab."""
        await self.window.do(self.window.chrome.switch_to.window, tab)

    async def turn_back(self) -> None:
        """Look at the school again; what else is open stays open."""
        await self.turn_to(self._first_tab)

    def _find(self, script: str, *values: str) -> WebElement | None:
        found: WebElement | None = self.window.chrome.execute_script(script, *values)
        return found

    async def _wait_for(self, find: Callable[[], WebElement | None], what: str) -> WebElement:
        try:
            async with asyncio.timeout(PATIENCE):
                while (found := await self.window.do(find)) is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"there is no {what!r} on the page: {await self.read()}") from None
        return found

    async def _click(self, find: Callable[[], WebElement | None], what: str) -> None:
        """What is drawn anew meanwhile is sought anew."""
        trouble: str | None = None
        for _ in range(100):
            found = await self._wait_for(find, what)
            try:
                await self.window.run("arguments[0].scrollIntoView({ block: 'center' })", found)
                return await self.window.do(found.click)
            except NOT_NOW as error:
                trouble = error.msg
                await asyncio.sleep(0.02)
        raise AssertionError(f"{what!r} cannot be pressed: {trouble}; {await self.read()}")
