"""Every room service as the contract suite tries it: our client, its stand-in, and browsers that follow a way in.

One adapter each, and as thin as can be: what a service is like is said by its capabilities, and judged by the suite.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from bot.rooms.agora_whiteboard import AgoraWhiteboard
from bot.rooms.base import Capabilities, Embed, Launch, LaunchRequest, RoomService
from bot.rooms.http import HttpClient, Timing, open_client
from bot.rooms.lessonspace import Lessonspace
from bot.rooms.loop import Loop
from bot.rooms.loop_names import name_room
from bot.rooms.videsk import Videsk
from bot.sandbox.agora.stand_in import AgoraStandIn
from bot.sandbox.clock import MovableClock
from bot.sandbox.faults import FaultBoard
from bot.sandbox.lessonspace.stand_in import LessonspaceStandIn
from bot.sandbox.loop.stand_in import LoopStandIn
from bot.sandbox.videsk.stand_in import VideskStandIn
from storage.records import Role
from tests.bot.rooms.contract import Facts, Keeper, Promise, find_keeper
from tests.bot.rooms.loop_callers import Memory
from tests.bot.rooms.recorded import START, HandWound
from tests.bot.sandbox.callers import Machine

SEAT_IS_KEPT_BY = timedelta(minutes=4)
"""Loop takes a seat away after five minutes without a word; browsers say one before."""

EARLY = timedelta(minutes=10)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)

BEN = LaunchRequest(
    launch_id="0198c0de-room-1-7f3a2b91",
    room_name="Algebra",
    person_key="k-ben",
    shown_name="Ben",
    role=Role.LEARNER,
    is_leader=False,
    opens_at=START + EARLY,
    closes_at=START + EARLY + HOUR,
    warns_at=None,
    leaves_at_close=True,
    room_opens_at=START + EARLY,
    room_closes_at=START + EARLY + HOUR,
    seats=3,  # for two: where seats are counted, who comes in elsewhere has two for a while
)
ADA = replace(BEN, person_key="k-ada", shown_name="Ada", role=Role.LEADER, is_leader=True)


class Tab(Protocol):
    """One tab of somebody's browser."""

    async def enter(self, launch: Launch) -> bool:
        """Follow the way in, however it is given. False: turned away."""
        ...

    async def stay(self) -> None:
        """Do what a page does of itself while it is open."""
        ...

    async def leave(self) -> None:
        """Close it."""
        ...


class Place(Protocol):
    """What stands in for one provider, as far as the suite looks at it."""

    facts: Facts
    capabilities: Capabilities
    api_url: str
    faults: FaultBoard

    @property
    def secrets(self) -> list[str]:
        """What the service is asked with, and nobody may read."""
        ...

    def build(self, client: HttpClient, url: str) -> RoomService:
        """Our client of it, asking at that address."""
        ...

    def open_tab(self, browser: str) -> Tab:
        """A tab of the browser of that name."""
        ...

    def list_inside(self, room_id: str) -> list[str]:
        """Whom the provider shows in the room now."""
        ...

    def count_questions(self) -> int:
        """How often the provider asked a leader whether to go on."""
        ...

    async def pass_time(self, delta: timedelta) -> None:
        """Lesson time and machine time go on, while open tabs do what they do."""
        ...


@dataclass(kw_only=True)
class Trial:
    """One service on its stand-in."""

    place: Place
    service: RoomService
    client: HttpClient

    def rebuild(self, url: str | None = None, *, client: HttpClient | None = None) -> RoomService:
        """The same service once more, as another replica has it; or behind another address or client."""
        return self.place.build(client or self.client, url or self.place.api_url)


@dataclass
class _Clocked:
    """What every place has: one clock for all times, which stands still until it is moved."""

    clock: MovableClock

    @property
    def timing(self) -> Timing:
        return replace(HandWound().as_timing(), now=self.clock.machine_now)

    def count_questions(self) -> int:
        return 0

    async def pass_time(self, delta: timedelta) -> None:
        self.clock.move_by(delta)


def get_embed(launch: Launch) -> Embed:
    """What a page of ours is handed."""
    assert launch.embed is not None
    return launch.embed


class LessonspacePlace(_Clocked):
    facts = Facts(finds_room_by_name=True, own_windows=True)
    capabilities = Lessonspace.capabilities

    def __init__(self, clock: MovableClock, room: LessonspaceStandIn) -> None:
        super().__init__(clock)
        self.room, self.faults, self.api_url = room, room.faults, room.api_url

    @property
    def secrets(self) -> list[str]:
        return [self.room.api_key]

    def build(self, client: HttpClient, url: str) -> RoomService:
        return Lessonspace(client, api_key=self.room.api_key, api_url=url, timing=self.timing)

    def open_tab(self, browser: str) -> Tab:
        return _LinkTab(self.room.browser(browser))

    def list_inside(self, room_id: str) -> list[str]:
        [space] = [space for space in self.room.list_spaces() if space.room_id == room_id]
        return self.room.list_present(space.launch_id)

    def count_questions(self) -> int:
        return len(self.room.prompts)


class VideskPlace(_Clocked):
    facts = Facts(finds_room_by_name=True, own_windows=False)
    capabilities = Videsk.capabilities

    def __init__(self, clock: MovableClock, room: VideskStandIn) -> None:
        super().__init__(clock)
        self.room, self.faults, self.api_url = room, room.faults, room.api_url

    @property
    def secrets(self) -> list[str]:
        return [self.room.api_token]

    def build(self, client: HttpClient, url: str) -> RoomService:
        return Videsk(
            client,
            api_token=self.room.api_token,
            api_url=url,
            script_url=self.room.script_url,
            now=self.clock.now,
            timing=self.timing,
        )

    def open_tab(self, browser: str) -> Tab:
        return _VideskTab(self.room.browser())

    def list_inside(self, room_id: str) -> list[str]:
        room = self.room.rooms.find(room_id)
        return self.room.list_present(room) if room else []


class AgoraPlace(_Clocked):
    facts = Facts(finds_room_by_name=False, own_windows=False)
    capabilities = AgoraWhiteboard.capabilities

    def __init__(self, clock: MovableClock, boards: AgoraStandIn) -> None:
        super().__init__(clock)
        self.boards, self.faults, self.api_url = boards, boards.faults, boards.api_url

    @property
    def secrets(self) -> list[str]:
        return [self.boards.access_key, self.boards.secret_key]

    def build(self, client: HttpClient, url: str) -> RoomService:
        return AgoraWhiteboard(
            client,
            app_identifier=self.boards.app_identifier,
            access_key=self.boards.access_key,
            secret_key=self.boards.secret_key,
            region="eu",
            api_url=url,
            script_url=self.boards.script_url,
            timing=self.timing,
        )

    def open_tab(self, browser: str) -> Tab:
        return _AgoraTab(self.boards.browser())

    def list_inside(self, room_id: str) -> list[str]:
        return [member.shown_name for member in self.boards.list_inside(room_id)]


class LoopPlace(_Clocked):
    facts = Facts(finds_room_by_name=False, own_windows=False)
    capabilities = Loop.capabilities

    def __init__(self, clock: MovableClock, server: LoopStandIn) -> None:
        super().__init__(clock)
        self.server, self.faults, self.api_url = server, server.faults, server.api_url
        self.keeper = Memory()
        self._tabs: list[Tab] = []

    @property
    def secrets(self) -> list[str]:
        return self.keeper.saved

    def build(self, client: HttpClient, url: str) -> RoomService:
        return Loop(client, url=url, keeper=self.keeper, timing=self.timing)

    def open_tab(self, browser: str) -> Tab:
        tab = _LoopTab(self.server.browser(browser))
        self._tabs.append(tab)
        return tab

    def list_inside(self, room_id: str) -> list[str]:
        tokens = [room.token for room in self.server.list_rooms() if name_room(room.token) == room_id]
        return [who for token in tokens for who in self.server.list_present(token)]

    async def pass_time(self, delta: timedelta) -> None:
        while delta > timedelta(0):
            step = min(delta, SEAT_IS_KEPT_BY)
            self.clock.move_by(step)
            delta -= step
            for tab in self._tabs:
                await tab.stay()


@dataclass
class _LinkTab:
    browser: Any  # of either service where a way in is an address

    async def enter(self, launch: Launch) -> bool:
        assert launch.url
        return bool((await self.browser.join(launch.url)).is_inside)

    async def stay(self) -> None:
        """Nothing is needed."""

    async def leave(self) -> None:
        await self.browser.leave()


class _LoopTab(_LinkTab):
    async def stay(self) -> None:
        await self.browser.refresh()


@dataclass
class _VideskTab:
    browser: Any

    async def enter(self, launch: Launch) -> bool:
        values = get_embed(launch).values
        return bool((await self.browser.enter(values["accessToken"], alias=values["alias"])).is_inside)

    async def stay(self) -> None:
        """Nothing is needed."""

    async def leave(self) -> None:
        await self.browser.leave()


@dataclass
class _AgoraTab:
    browser: Any

    async def enter(self, launch: Launch) -> bool:
        return bool((await self.browser.join(get_embed(launch).values)).is_inside)

    async def stay(self) -> None:
        """Nothing is needed."""

    async def leave(self) -> None:
        await self.browser.leave()


@asynccontextmanager
async def _open_lessonspace(clock: Machine) -> AsyncIterator[Place]:
    async with LessonspaceStandIn(clock, limited_per_second=None) as room:
        yield LessonspacePlace(clock, room)


@asynccontextmanager
async def _open_videsk(clock: Machine) -> AsyncIterator[Place]:
    async with VideskStandIn(clock, calls_per_second=None) as room:
        yield VideskPlace(clock, room)


@asynccontextmanager
async def _open_agora(clock: Machine) -> AsyncIterator[Place]:
    async with AgoraStandIn(clock) as boards:
        yield AgoraPlace(clock, boards)


@asynccontextmanager
async def _open_loop(clock: Machine) -> AsyncIterator[Place]:
    async with LoopStandIn(clock) as server:
        yield LoopPlace(clock, server)


PLACES: dict[str, Callable[[Machine], AbstractAsyncContextManager[Place]]] = {
    "Lessonspace": _open_lessonspace,
    "Videsk": _open_videsk,
    "Agora Whiteboard": _open_agora,
    "Mozilla Loop": _open_loop,
}
"""By their shown names."""


@asynccontextmanager
async def open_trial(shown_name: str) -> AsyncIterator[Trial]:
    """The service on its stand-in, with its own client and a clock that stands at `START`."""
    clock = Machine(START, is_frozen=True)
    async with (
        PLACES[shown_name](clock) as place,
        open_client(connections=16) as client,
        place.build(client, place.api_url) as service,
    ):
        yield Trial(place=place, service=service, client=client)


def keeper_of(trial: Trial, promise: Promise) -> Keeper:
    """Who keeps it there."""
    return find_keeper(promise, trial.service.capabilities, trial.place.facts)
