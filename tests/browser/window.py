"""A real browser without a window: Chromium, where it is installed; elsewhere what needs it is skipped and says so."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from bot.join_pages import Face
from tests.bot.reception import ELSEWHERE, Reception

T = TypeVar("T")
PHONE, DESKTOP = (320, 640), (1280, 800)
PATIENCE = 20.0
"""Seconds that a page may take at most; a busy machine is slow, and nothing here is judged by its speed."""


def find_chromium() -> tuple[str, str] | None:
    """The browser and its driver; None: they are not both here."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


class Window:
    """One browser with a profile of its own. Its calls wait in a thread, so that the page can be served meanwhile."""

    def __init__(self, chrome: Chrome) -> None:
        self.chrome = chrome

    async def do(self, work: Callable[..., T], *values: Any) -> T:
        return await asyncio.to_thread(work, *values)

    async def open(self, address: str) -> None:
        await self.do(self.chrome.get, address)

    async def run(self, script: str, *values: Any) -> Any:
        """What the script returns, run in the page."""
        return await self.do(self.chrome.execute_script, script, *values)

    async def wait(self, script: str) -> Any:
        """Wait until this is true in the page."""
        async with asyncio.timeout(PATIENCE):
            while not (value := await self.run(f"return {script}")):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return value

    async def wait_for(self, face: Face) -> None:
        """Until it shows this one of our pages."""
        await self.wait(f"document.readyState === 'complete' && document.body.className === '{face.value}'")

    async def read(self) -> str:
        return " ".join(str(await self.run("return document.body.innerText")).split())

    async def press(self) -> None:
        """Join, by a click as a person's."""
        await self.do(lambda: self.chrome.find_element("id", "join").click())

    async def wait_inside(self) -> None:
        await self.wait("document.title === 'Inside'")

    async def resize(self, width: int, height: int, *, scheme: str = "light") -> None:
        """As a screen of that size shows it, which a window cannot always be."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        await self.do(self.chrome.execute_cdp_cmd, "Emulation.setDeviceMetricsOverride", metrics)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        await self.do(self.chrome.execute_cdp_cmd, "Emulation.setEmulatedMedia", media)


def start_chromium(profile: Path, *, has_script: bool = True) -> Chrome:
    """A browser that remembers nothing of earlier ones."""
    found = find_chromium()
    if found is None:
        pytest.skip("chromium and chromedriver are not installed: apt-get install chromium chromium-driver")
    options = ChromeOptions()
    options.binary_location = found[0]
    for argument in ("--headless=new", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en-US"):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={profile}")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # as root, in a container, it does not start otherwise
    if not has_script:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    chrome = Chrome(options=options, service=Service(found[1]))
    chrome.set_page_load_timeout(PATIENCE)
    chrome.set_script_timeout(PATIENCE)
    return chrome


def forget(chrome: Chrome) -> None:
    """One empty tab, and nothing of what pages had it keep."""
    first, *others = chrome.window_handles
    for tab in others:
        chrome.switch_to.window(tab)
        chrome.close()
    chrome.switch_to.window(first)
    chrome.get("about:blank")
    chrome.execute_cdp_cmd("Network.clearBrowserCookies", {})


def elsewhere(reception: Reception) -> str:
    """The room's address: the same server by another name, so that browsers take it for somebody else."""
    return reception.origin.replace("127.0.0.1", "localhost") + ELSEWHERE + "?jwt="
