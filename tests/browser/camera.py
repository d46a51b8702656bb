"""Pictures of the school and of every page of a join link, taken by `make screenshots`; kept beside this.

They are not compared with anything: fonts differ from machine to machine. Somebody looks at them.
"""

from __future__ import annotations

import asyncio
import base64
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.attempts import Attempts
from bot.errors import RoomServiceBusy, RoomServiceDown
from bot.join_pages import Face
from bot.links import new_token
from bot.sandbox.slack.sign_in import COOKIE
from bot.sandbox.slack.standin import SlackStandIn
from storage.records import LessonState
from tests.bot.reception import EARLY, LATE, Reception, open_reception
from tests.browser.scenes import NAMES, play_scenes
from tests.browser.window import DESKTOP, PHONE, Window, start_chromium
from tests.records import NOW, STARTS_AT

FOLDER = Path(__file__).parent / "pictures"
BY_NIGHT = f"{Face.READY.value}-phone-dark"
Prepare = Callable[[Reception, Window], Awaitable[None]]


async def look(reception: Reception, window: Window) -> None:
    await window.open(reception.origin + reception.path)


async def press(reception: Reception, window: Window) -> None:
    await look(reception, window)
    await window.press()


async def look_elsewhere(reception: Reception, window: Window) -> None:
    await window.open(f"{reception.origin}/join/{new_token()}")


async def press_from_elsewhere(reception: Reception, window: Window) -> None:
    """As another site's page would have the browser do it."""
    await window.open("data:text/html,<title>other</title>")
    await window.run(
        "const form = document.createElement('form'); form.method = 'post'; form.action = arguments[0];"
        "document.body.append(form); form.submit();",
        reception.origin + reception.path,
    )


def change(what: str, **values: Any) -> Prepare:
    async def prepare(reception: Reception, window: Window) -> None:
        await getattr(reception, f"change_{what}")(**values)
        await look(reception, window)

    return prepare


def fail(trouble: Exception) -> Prepare:
    async def prepare(reception: Reception, window: Window) -> None:
        reception.rooms.trouble = trouble
        await press(reception, window)

    return prepare


async def start(reception: Reception, window: Window) -> None:
    reception.is_ready = False
    await press(reception, window)


async def come_back(reception: Reception, window: Window) -> None:
    reception.rooms.address = reception.origin + "/elsewhere?"
    await press(reception, window)
    await window.wait_inside()
    await look(reception, window)


async def sign_in_as_eve(reception: Reception, window: Window) -> None:
    """In a browser where somebody else is signed in to Slack."""
    await look(reception, window)
    await window.run("document.cookie = `${arguments[0]}=${arguments[1]}; path=/`", COOKIE, reception.stranger_id)
    await window.press()


async def come_from_nowhere(reception: Reception, window: Window) -> None:
    await window.open(f"{reception.origin}/join/signed-in?code=1&state={new_token()}")


FRAME = """
const { x, y, width, height } = document.querySelector(arguments[0]).getBoundingClientRect();
return { x, y, width, height, scale: 1 };
"""
ASKING = (Face.SOMEBODY_ELSE, Face.NOT_SIGNED_IN)
"""Pages that there are only with sign-in on."""
STATES: dict[Face, tuple[datetime, Prepare]] = {
    Face.READY: (STARTS_AT, look),
    Face.COMES_BACK: (STARTS_AT, come_back),
    Face.TOO_EARLY: (STARTS_AT - timedelta(minutes=24, seconds=31), look),
    Face.TOO_LATE: (LATE, look),
    Face.USED_ELSEWHERE: (STARTS_AT, change("link", redeemed_at=NOW, redeemed_by=b"another browser")),
    Face.REPLACED: (STARTS_AT, change("place", link_number=2)),
    Face.REVOKED: (STARTS_AT, change("place", removed_at=NOW)),
    Face.CANCELLED: (EARLY, change("lesson", state=LessonState.CANCELLED)),
    Face.OVER: (LATE, change("lesson", state=LessonState.ENDED)),
    Face.UNKNOWN: (STARTS_AT, look_elsewhere),
    Face.TROUBLE: (STARTS_AT, fail(RoomServiceDown("Example", "no answer"))),
    Face.BUSY: (STARTS_AT, fail(RoomServiceBusy("Example", retry_after=timedelta(seconds=5)))),
    Face.NOT_READY: (STARTS_AT, start),
    Face.TOO_MANY: (STARTS_AT, look),
    Face.FORGED: (STARTS_AT, press_from_elsewhere),
    Face.SOMEBODY_ELSE: (STARTS_AT, sign_in_as_eve),
    Face.NOT_SIGNED_IN: (STARTS_AT, come_from_nowhere),
}


@asynccontextmanager
async def show(face: Face, window: Window) -> AsyncIterator[None]:
    """The browser shows this page."""
    now, prepare = STATES[face]
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        slack = await stack.enter_async_context(SlackStandIn()) if face in ASKING else None
        attempts = Attempts(most=1) if face is Face.TOO_MANY else None
        async with open_reception(Path(folder), now=now, attempts=attempts, slack=slack) as reception:
            if face is Face.TOO_MANY:
                await look_elsewhere(reception, window)
            await prepare(reception, window)
            await window.wait_for(face)
            yield


async def take(window: Window, path: Path, *, what: str = "") -> None:
    """The whole page, as it is shown; or of what is on the screen only what the selector says."""
    asked: dict[str, Any] = {"format": "png", "captureBeyondViewport": not what}
    if what:
        asked["clip"] = await window.run(FRAME, what)
    taken = await window.do(window.chrome.execute_cdp_cmd, "Page.captureScreenshot", asked)
    await asyncio.to_thread(path.write_bytes, base64.b64decode(taken["data"]))


def list_names() -> list[str]:
    """What the pictures are called."""
    pages = [f"{face.value}-{size}" for face in STATES for size in ("phone", "desktop")]
    return sorted([*pages, BY_NIGHT, *(f"play-{name}" for name in NAMES)])


async def take_all(folder: Path) -> None:
    """`play-….png` of the school; `<page>-phone.png` and `<page>-desktop.png` of each page, the first by night too."""
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        window = Window(start_chromium(Path(profile)))
        try:
            async for name, what in play_scenes(window):
                await take(window, folder / f"play-{name}.png", what=what)
            for face in STATES:
                async with show(face, window):
                    for name, size in (("phone", PHONE), ("desktop", DESKTOP)):
                        await window.resize(*size)
                        await take(window, folder / f"{face.value}-{name}.png")
                    if face is Face.READY:
                        await window.resize(*PHONE, scheme="dark")
                        await take(window, folder / f"{BY_NIGHT}.png")
        finally:
            await window.do(window.chrome.quit)


if __name__ == "__main__":
    asyncio.run(take_all(FOLDER))
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER.relative_to(Path.cwd())}")
