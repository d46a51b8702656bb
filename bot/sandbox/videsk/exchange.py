"""Where browsers meet in the stand-in: a token lets one in, and the room's end puts everybody out.

A browser opens a WebSocket, says its token and its alias once, and is inside while that stays open. What the real one
says on its wires is not documented and no client of ours speaks it: only the stand-in's own script and its browser do.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from aiohttp import WSMessage, WSMsgType, web

from bot.clock import Clock
from bot.sandbox.videsk.rooms import Room, Rooms
from bot.sandbox.videsk.tokens import EXPIRED, BadToken, Pass, read_pass

REFUSED = 4401
MALFORMED = 4403

LEAVING = '{"type":"leave"}'
"""What a browser may say before it goes, to be sure that it is noted. One that just closes has left as well."""

_SAYS_SOMETHING_WITHIN = timedelta(seconds=10)

Admitted = Callable[[Room, str, web.Request], None]
"""Called with each token that is let in."""


@dataclass(kw_only=True, eq=False)
class Visit:
    """Somebody in a room, now or before. `left_at` None: still there."""

    room: Room
    alias: str
    told: Pass
    came_at: datetime
    socket: web.WebSocketResponse = field(repr=False)
    is_page: bool = False
    """Did the stand-in's own script open it, in a page that says that it is open?"""
    peer: str = field(default_factory=lambda: str(uuid4()))
    left_at: datetime | None = None
    put_out: asyncio.Event = field(default_factory=asyncio.Event, repr=False)


class Exchange:
    """Who is in which room."""

    def __init__(self, clock: Clock, rooms: Rooms, *, secret: str, admitted: Admitted) -> None:
        self.visits: list[Visit] = []
        self._clock = clock
        self._rooms = rooms
        self._secret = secret
        self._admitted = admitted

    def list_open(self, room: Room | None = None) -> list[Visit]:
        """Who is inside, in the order of coming; of one room, or of all."""
        return [visit for visit in self.visits if visit.left_at is None and room in (None, visit.room)]

    def advance(self, now: datetime) -> None:
        """Put out whose room is over."""
        for visit in self.list_open():
            closes_at = self._rooms.closes_at(visit.room, visit.told)
            if visit.room.ended_at is not None or closes_at <= now:
                visit.left_at = min(closes_at, visit.room.ended_at or now, now)
                visit.put_out.set()

    async def tell_time(self) -> None:
        """Whoever is inside hears what time it is now; their pages say then that they are still open."""
        told = {"type": "time", "now": self._clock.now().isoformat()}
        for visit in self.list_open():
            await _say(visit.socket, told)

    def find_next(self) -> datetime | None:
        """When the next one is put out by the clock."""
        return min((self._rooms.closes_at(visit.room, visit.told) for visit in self.list_open()), default=None)

    def close(self) -> None:
        """Put everybody out."""
        for visit in self.list_open():
            visit.left_at = self._clock.now()
            visit.put_out.set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One browser, from its token to its leaving."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        try:
            visit = await self._admit(socket, request)
        except BadToken as bad:
            await _turn_away(socket, REFUSED, str(bad))
            return socket
        except (TimeoutError, ValueError) as error:
            await _turn_away(socket, MALFORMED, str(error) or "nothing was said")
            return socket
        others = [other for other in self.list_open(visit.room) if other is not visit]
        told = [{"peer": other.peer, "alias": other.alias} for other in others]
        now = visit.came_at.isoformat()
        await _say(socket, {"type": "joined", "peer": visit.peer, "others": told, "now": now})
        await self._tell_others(visit, "added")
        await self._stay(visit)
        await self._tell_others(visit, "removed")
        return socket

    async def _admit(self, socket: web.WebSocketResponse, request: web.Request) -> Visit:
        async with asyncio.timeout(_SAYS_SOMETHING_WITHIN.total_seconds()):
            opening = await socket.receive()
        token, alias, is_page = _read_opening(opening)
        now = self._clock.now()
        told = read_pass(token, secret=self._secret, now=now)
        room = self._rooms.find(told.room_id)
        if room is None or room.is_over(now):
            raise BadToken(EXPIRED)
        most = room.settings.get("maxParticipants")
        if most is not None and len(self.list_open(room)) >= most:
            raise ValueError("the room is full")
        visit = Visit(room=room, alias=alias, told=told, came_at=now, socket=socket, is_page=is_page)
        self.visits.append(visit)
        self._admitted(room, told.jti, request)
        return visit

    async def _stay(self, visit: Visit) -> None:
        """Until they leave, are put out, or say something that nobody says."""
        hears, ends = asyncio.ensure_future(visit.socket.receive()), asyncio.ensure_future(visit.put_out.wait())
        try:
            await asyncio.wait((hears, ends), return_when=asyncio.FIRST_COMPLETED)
            # Noted before they hear of it: who sees a door close may look at once who is still inside.
            self._note_leaving(visit)
            if visit.put_out.is_set():
                await _say(visit.socket, {"type": "ended"})
                await visit.socket.close(message=b"the room has ended")
            elif hears.result().type is WSMsgType.TEXT and hears.result().data != LEAVING:
                await _turn_away(visit.socket, MALFORMED, "the message is malformed")
            else:
                await visit.socket.close()
        finally:
            self._note_leaving(visit)
            for waiting in (hears, ends):
                waiting.cancel()
            await asyncio.gather(hears, ends, return_exceptions=True)

    def _note_leaving(self, visit: Visit) -> None:
        if visit.left_at is None:
            visit.left_at = self._clock.now()

    async def _tell_others(self, visit: Visit, action: str) -> None:
        told = {"type": "participant", "action": action, "peer": visit.peer, "alias": visit.alias}
        for other in self.list_open(visit.room):
            if other is not visit:
                await _say(other.socket, told)


def _read_opening(opening: WSMessage) -> tuple[str, str, bool]:
    """Token and alias, and whether a page says it. ValueError: it is something else."""
    said = json.loads(opening.data) if opening.type is WSMsgType.TEXT else None
    fields = said if isinstance(said, dict) else {}
    match fields.get("accessToken"), fields.get("alias") or "":
        case str() as token, str() as alias:
            return token, alias, fields.get("page") is True
    raise ValueError("the message is malformed")


async def _turn_away(socket: web.WebSocketResponse, code: int, message: str) -> None:
    await _say(socket, {"type": "error", "code": code, "message": message})
    await socket.close(code=code, message=message.encode())


async def _say(socket: web.WebSocketResponse, told: dict[str, Any]) -> None:
    """Who is gone hears nothing."""
    with contextlib.suppress(ConnectionError, RuntimeError):
        await socket.send_json(told)
