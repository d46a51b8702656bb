"""Where the story's lessons take place, as far as the story differs by it: who answers at the door, who is inside.

One venue for each room service. What the service is able to do it says itself, by its capabilities; here is only how a
browser comes in there, and how the time passes for whoever stays. It judges nothing and tells nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

from bot.rooms.agora_whiteboard import AgoraWhiteboard
from bot.rooms.base import Capabilities
from bot.rooms.lessonspace import Lessonspace
from bot.rooms.loop import Loop
from bot.rooms.videsk import Videsk
from bot.sandbox.lessonspace.browser import Browser
from bot.sandbox.lessonspace.inside import REFUSALS
from bot.sandbox.lessonspace.spaces import Reason
from bot.sandbox.school import School
from bot.sandbox.visiting import Coming, Turned, Visitor, list_inside


@dataclass(frozen=True, kw_only=True)
class Brochure:
    """What is known of a service before anybody opens its doors."""

    service: str
    shown_name: str
    capabilities: Capabilities
    variables: str
    """What must be in the environment to have it, in words."""

    @property
    def knows_who_left(self) -> bool:
        """Does anybody see a person leave: the service, or a page of ours that stays open around the room?"""
        return self.capabilities.attendance or self.capabilities.own_page


BROCHURES: Mapping[str, Brochure] = {
    typed: Brochure(service=kind.name, shown_name=kind.shown_name, capabilities=kind.capabilities, variables=variables)
    for typed, kind, variables in (
        ("lessonspace", Lessonspace, "LESSONSPACE_API_KEY"),
        ("videsk", Videsk, "HALLPASS_ROOM_SERVICE=videsk, VIDESK_API_TOKEN, HALLPASS_PUBLIC_URL"),
        (
            "agora",
            AgoraWhiteboard,
            "HALLPASS_ROOM_SERVICE=agora_whiteboard, AGORA_APP_IDENTIFIER, AGORA_ACCESS_KEY, AGORA_SECRET_KEY, "
            "HALLPASS_PUBLIC_URL",
        ),
        ("loop", Loop, "HALLPASS_ROOM_SERVICE=loop, LOOP_URL, HALLPASS_PUBLIC_URL"),
    )
}
"""By what somebody types behind `--service`."""

_TURNED = {Reason.TOO_EARLY: Turned.TOO_EARLY, Reason.USED_ELSEWHERE: Turned.USED_ELSEWHERE}

STRIDE = timedelta(minutes=2)
"""A page that says nothing for longer was closed."""
LOOK_EVERY = timedelta(minutes=1)
"""Once somebody was there, Hallpass looks on at least so often; that everybody left shows at one look or the next."""
BREATH = timedelta(seconds=4)
"""Of machine time: a page may not speak more often than that for long."""
MOMENT = timedelta(seconds=1)
"""What somebody does at a time of the story comes after the last word of their page."""
RING_SECONDS = 0.2
LOOK_WITHIN_SECONDS = 10


class Tab(Protocol):
    """One tab of somebody's browser."""

    async def come_in(self, url: str) -> Coming:
        """Open the link, do what it asks for, and go where it leads."""
        ...

    async def say(self, words: str) -> None:
        """Say something aloud. Only a room that writes it down keeps it."""
        ...

    async def leave(self) -> None:
        """Close it."""
        ...


class Venue(Protocol):
    """The service's stand-in as the story uses it, from `async with` until it is closed."""

    brochure: Brochure
    answers: str
    """Who says yes or no to somebody with a link."""

    def browser(self, name: str) -> Tab:
        """Somebody's device, named after them: "Cara's phone". The same one each time."""
        ...

    def list_present(self) -> list[str]:
        """Who is in any room now."""
        ...

    def list_secrets(self) -> Sequence[str]:
        """What browsers were handed so far and nobody else may read."""
        ...

    async def pass_time(self, until: datetime) -> None:
        """Lesson time goes on, while open tabs do what they do by themselves."""
        ...

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def build_venue(brochure: Brochure, school: School) -> Venue:
    """The one of this school. Where the service's own links are not enough, a page of ours stands before it."""
    return LinkVenue(brochure, school) if brochure.capabilities.is_direct else PageVenue(brochure, school)


class LinkVenue:
    """The provider's own link is sent as it is, and the provider answers: Lessonspace."""

    answers = "the room"

    def __init__(self, brochure: Brochure, school: School) -> None:
        self.brochure = brochure
        self._school = school
        self._tabs: dict[str, _LinkTab] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The stand-in closes its browsers itself."""

    def browser(self, name: str) -> Tab:
        return self._tabs.setdefault(name, _LinkTab(self._school.lessonspace.browser(name)))

    def list_present(self) -> list[str]:
        lessonspace = self._school.lessonspace
        return [name for space in lessonspace.organisation.spaces for name in lessonspace.list_present(space)]

    def list_secrets(self) -> Sequence[str]:
        return ()  # all of them are in what the stand-in gave out, where the proofs find them

    async def pass_time(self, until: datetime) -> None:
        self._school.clock.move_to(until)


class _LinkTab:
    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    async def come_in(self, url: str) -> Coming:
        refusal = (await self._browser.join(url)).refusal
        if refusal is None:
            return Coming()
        return Coming(turned=_TURNED.get(refusal, Turned.OTHERWISE), text=REFUSALS[refusal])

    async def say(self, words: str) -> None:
        await self._browser.say(words)

    async def leave(self) -> None:
        await self._browser.leave()


class PageVenue:
    """A page of ours stands before the rooms, and answers: every service that does not judge its own links."""

    answers = "Hallpass’s page"

    def __init__(self, brochure: Brochure, school: School) -> None:
        self.brochure = brochure
        self._school = school
        self._house = school.houses[brochure.service]
        self._visitors: dict[str, Visitor] = {}

    async def __aenter__(self) -> Self:
        self._ringing = asyncio.create_task(self._ring())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ringing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._ringing
        for visitor in self._visitors.values():
            await visitor.close()

    async def _ring(self) -> None:
        """The bot's alarm clock is the machine's own and cannot be put forward with the rest: ring in its place."""
        while True:
            await asyncio.sleep(RING_SECONDS)
            self._school.skip(timedelta(0))

    def browser(self, name: str) -> Tab:
        if name not in self._visitors:
            self._visitors[name] = Visitor(self._house, name.partition("'")[0])
        return self._visitors[name]

    def list_present(self) -> list[str]:
        return list_inside(self._house)

    def list_secrets(self) -> Sequence[str]:
        return [secret for visitor in self._visitors.values() for secret in visitor.handed]

    async def pass_time(self, until: datetime) -> None:
        """Step by step: pages and seats say that they are open, and Hallpass has its look at each."""
        school = self._school
        while school.clock.now() < until:
            inside = [visitor for visitor in self._visitors.values() if visitor.is_inside]
            stride = (STRIDE if inside else LOOK_EVERY) if self._visitors else until - school.clock.now()
            next_at = min(school.clock.now() + stride, until)
            school.clock.move_to(next_at - MOMENT)
            for visitor in inside:
                await visitor.stay()
            if inside:
                school.skip(BREATH)
            school.clock.move_to(next_at)
            await school.wait_until_looked(seconds=LOOK_WITHIN_SECONDS)
