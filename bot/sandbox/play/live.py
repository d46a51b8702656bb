"""What an open page is told while it is open: only what is another than it has, as soon as something changed.

One stream of server-sent events for each window (WHATWG HTML, section 9.2). It begins with everything, so a page that
was away has missed nothing. Each event holds htmx's partials, which change the page in place: what somebody types, and
where they are, stays. A stream remembers what it sent; nothing else does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

from bot.sandbox.play.conversations import Item
from bot.sandbox.play.frame import MESSAGES, Drawing, Frame, NobodyThere, draw_messages
from bot.sandbox.play.panels import Looking
from bot.sandbox.play.playground import Playground

AT_LEAST_EVERY_SECONDS = 0.5
"""Time goes on without a bell."""
RESTS_SECONDS = 0.03
"""Many changes within this become one."""
SHARE = 2
"""A window that takes long to draw rests so many times as long: the bot has the same processor."""
OVER = "over"
"""The event after which the page is to begin anew: another school is there."""


class Sent:
    """What one window has by now."""

    def __init__(self) -> None:
        self._regions: dict[str, str] = {}
        self._items: dict[str, str] | None = None

    def update(self, drawing: Drawing) -> list[str]:
        """The partials that bring the window up to this drawing; none where it is there already."""
        partials = [
            build_partial(f"#{its_id}", "outerMorph", html)
            for its_id, html in drawing.regions.items()
            if self._regions.get(its_id) != html
        ]
        self._regions = self._regions | drawing.regions
        if drawing.shown is not None:
            partials += self._update_items(drawing)
        return partials

    def _update_items(self, drawing: Drawing) -> Iterator[str]:
        shown = drawing.shown
        if shown is None:
            return
        before = self._items
        self._items = {item.id: item.html for item in shown.items}
        if before is None:
            yield build_partial(f"#{MESSAGES}", "outerMorph", draw_messages(shown))
            return
        for its_id in before:
            if its_id not in self._items:
                yield build_partial(f"#{its_id}", "delete", "")
        for item in shown.items:
            if before.get(item.id, item.html) != item.html:
                yield build_partial(f"#{item.id}", "outerMorph", item.html)
        yield from _insert(shown.items, before)


def _insert(items: tuple[Item, ...], before: dict[str, str]) -> Iterator[str]:
    """New ones in runs, each behind the message that it follows: targets are found before anything is put in."""
    follows, run = "", ""
    for item in (*items, None):
        if item is not None and item.id not in before:
            run += item.html
            continue
        if run:
            target, swap = (follows, "afterend") if follows else (MESSAGES, "afterbegin")
            yield build_partial(f"#{target}", swap, run)
        follows, run = item.id if item is not None else "", ""


def build_partial(target: str, swap: str, html: str) -> str:
    """One change to the page, as htmx reads it."""
    return f'<hx-partial hx-target="{target}" hx-swap="{swap}">{html}</hx-partial>'


def build_event(data: str, *, name: str = "") -> bytes:
    """One event. Whatever ends lines in the data ends them as the format does."""
    lines = data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    head = f"event: {name}\n" if name else ""
    return (head + "".join(f"data: {line}\n" for line in lines) + "\n").encode()


class Live:
    """All streams. `close` ends them, so that the server can stop."""

    def __init__(self, playground: Playground, frame: Frame) -> None:
        self._playground = playground
        self._frame = frame
        self._is_closing = False

    def close(self) -> None:
        """End every stream; pages come again by themselves when somebody is there."""
        self._is_closing = True
        self._playground.ring()

    def stream(self, looking: Looking, *, newest: int, school: str) -> AsyncGenerator[bytes, None]:
        """Events until the window closes. `school`: which one the page was drawn in."""
        return self.follow(
            lambda: self._frame.draw_near(looking, newest=newest),
            lambda: self._frame.draw_around(looking),
            school=school,
        )

    async def follow(self, *parts: Callable[[], Awaitable[Drawing]], school: str) -> AsyncGenerator[bytes, None]:
        """The same of any page that is drawn in regions: at first all, then each part by itself."""
        sent, heard = Sent(), self._playground.changes.count  # before drawing, so that a change meanwhile is drawn next
        try:
            partials = [partial for draw in parts for partial in sent.update(await draw())]
        except NobodyThere:
            partials, school = [], ""
        if school != self._playground.token:
            yield build_event("", name=OVER)
            return
        yield build_event("".join(partials))
        # Room for one: a slow window is told of what is, not of what was.
        events: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=1)
        tasks = [asyncio.create_task(self._keep_up(draw, sent, heard, school, events)) for draw in parts]
        try:
            while (event := await events.get()) is not None:
                yield event
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error

    async def _keep_up(
        self,
        draw: Callable[[], Awaitable[Drawing]],
        sent: Sent,
        heard: int,
        school: str,
        events: asyncio.Queue[bytes | None],
    ) -> None:
        """Tell of one part until the window is to close; None ends it. Cancelled, it says nothing: nobody listens."""
        rests = RESTS_SECONDS
        try:
            while not self._is_closing:
                await self._wait(heard, rests=rests)
                heard, began = self._playground.changes.count, time.monotonic()
                partials = sent.update(await draw()) if school == self._playground.token else None
                rests = max(RESTS_SECONDS, SHARE * (time.monotonic() - began))
                if partials is None:
                    await events.put(build_event("", name=OVER))
                    break
                if partials:
                    await events.put(build_event("".join(partials)))
        except NobodyThere:
            await events.put(build_event("", name=OVER))
        except Exception:  # whatever it is, the window ends, and `follow` raises it
            await events.put(None)
            raise
        await events.put(None)

    async def _wait(self, heard: int, *, rests: float) -> None:
        changes = self._playground.changes
        await asyncio.sleep(rests)
        try:
            await changes.wait_for(
                lambda: changes.count != heard or self._is_closing,
                seconds=max(AT_LEAST_EVERY_SECONDS - rests, 0),
            )
        except TimeoutError:
            return
