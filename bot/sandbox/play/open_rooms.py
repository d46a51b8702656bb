"""The rooms of every service as the school's page tells of them: which there are, who is inside, what tabs can do.

What is done here is done as the person would at that tab of theirs: it is the room's doing what comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.rooms.agora_whiteboard import AgoraWhiteboard
from bot.rooms.lessonspace import Lessonspace
from bot.rooms.loop import Loop
from bot.rooms.videsk import Videsk
from bot.sandbox.agora.stand_in import AgoraStandIn
from bot.sandbox.inside.people import Present
from bot.sandbox.lessonspace.inside import read_present
from bot.sandbox.lessonspace.meetings import Connection
from bot.sandbox.lessonspace.spaces import Space
from bot.sandbox.lessonspace.stand_in import LessonspaceStandIn
from bot.sandbox.loop.inside import list_present
from bot.sandbox.loop.stand_in import LoopStandIn
from bot.sandbox.school import School
from bot.sandbox.videsk.stand_in import VideskStandIn

LEAVE, IDLE, STIR = "leave", "idle", "stir"
Deeds = Mapping[str, Callable[[], object]]


@dataclass(frozen=True, kw_only=True)
class Tab:
    """One open page of somebody's in a room. `id`: opens nothing."""

    id: str
    who: Present
    browser: str = ""
    """Which device of theirs, where the service is told."""
    deeds: Deeds = field(repr=False, default_factory=dict)
    """What they can do there, by its name."""


@dataclass(frozen=True, kw_only=True)
class OpenRoom:
    """A room that was made."""

    service: str
    """As it is shown."""
    title: str
    tabs: tuple[Tab, ...] = ()
    is_closed: bool = False
    """Nobody comes in any more."""
    was_used: bool = False
    """Somebody was inside, now or before, as far as the service keeps that."""


def list_rooms(school: School) -> list[OpenRoom]:
    """Of every service, as of now: those where somebody is come first, and of each service the newest."""
    now = school.clock.now()
    rooms = list(_list_spaces(school.lessonspace, now))
    for house in school.houses.values():
        stand_in = house.stand_in
        if isinstance(stand_in, VideskStandIn):
            rooms += _list_calls(stand_in, now)
        elif isinstance(stand_in, AgoraStandIn):
            rooms += _list_boards(stand_in)
        else:
            rooms += _list_conversations(stand_in, now)
    rooms.reverse()
    return sorted(rooms, key=lambda room: not room.tabs)


def _list_spaces(lessonspace: LessonspaceStandIn, now: datetime) -> Iterator[OpenRoom]:
    lessonspace.organisation.advance(now)
    for space in lessonspace.organisation.spaces.values():
        inside = space.running.list_open() if space.running else []
        tabs = tuple(_read_connection(space, one, now) for one in inside)
        yield OpenRoom(service=Lessonspace.shown_name, title=space.name, tabs=tabs, was_used=bool(space.sessions))


def _read_connection(space: Space, one: Connection, now: datetime) -> Tab:
    rest = STIR if one.is_idle else IDLE
    deeds: dict[str, Callable[[], object]] = {
        LEAVE: lambda: space.leave(one.id, now),
        rest: lambda: space.rest(one.id, now, is_idle=rest == IDLE),
    }
    return Tab(id=one.id, who=read_present(one), browser=one.browser.rpartition(" ")[0], deeds=deeds)


def _list_calls(videsk: VideskStandIn, now: datetime) -> Iterator[OpenRoom]:
    videsk.exchange.advance(now)
    for room in videsk.rooms.every:
        tabs = tuple(
            Tab(id=one.peer, who=Present(name=one.alias, since=one.came_at), deeds={LEAVE: one.put_out.set})
            for one in videsk.exchange.list_open(room)
        )
        was_used = any(visit.room is room for visit in videsk.visits)
        is_closed = room.is_over(now)
        yield OpenRoom(service=Videsk.shown_name, title=room.name, tabs=tabs, is_closed=is_closed, was_used=was_used)


def _list_boards(agora: AgoraStandIn) -> Iterator[OpenRoom]:
    for room in agora.rooms.values():
        tabs = tuple(
            Tab(
                id=one.connection,
                who=Present(name=one.shown_name, since=one.joined_at),
                deeds={LEAVE: lambda room=room, one=one: room.leave(one.connection)},  # type: ignore[misc]
            )
            for one in room.members.values()
        )
        yield OpenRoom(
            service=AgoraWhiteboard.shown_name, title=room.name or "A whiteboard", tabs=tabs, is_closed=room.is_ban
        )


def _list_conversations(loop: LoopStandIn, now: datetime) -> Iterator[OpenRoom]:
    for room in loop.list_rooms():
        tabs = tuple(
            Tab(
                id=seat.connection_id,
                who=who,
                deeds={LEAVE: lambda room=room, seat=seat: room.leave(seat.who, now)},  # type: ignore[misc]
            )
            for seat, who in zip(room.seats.values(), list_present(room), strict=True)
        )
        title = str(room.fields.get("roomName", "A conversation"))
        yield OpenRoom(service=Loop.shown_name, title=title, tabs=tabs)
