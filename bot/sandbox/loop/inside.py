"""Pages that people have open in the stand-in's conversations: what each shows, and the seat that it keeps.

A page refreshes its seat every four minutes by the machine's clock. Lesson time that is moved by hand takes open pages
along: their seats are refreshed as they would have been meanwhile.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.inside.live import LivePages
from bot.sandbox.inside.people import Present
from bot.sandbox.loop.rooms import Room, Rooms

LEFT = "You left."
OVER = "This conversation is over."
SAYS_WHO_WITHIN_SECONDS = 10.0


class OpenPages:
    """All that are open now."""

    def __init__(self, rooms: Rooms, clock: Clock) -> None:
        self._rooms = rooms
        self._clock = clock
        self._live = LivePages(clock)
        self._open: dict[str, str] = {}  # rooms' tokens, by seats'

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One page, which says whose seat it has, and is told who is inside until it goes away."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async with asyncio.timeout(SAYS_WHO_WITHIN_SECONDS):
            session_token = await socket.receive_str()
        room_token = request.match_info["token"]
        self._open[session_token] = room_token
        try:
            await self._live.keep_telling(socket, lambda: self._describe(room_token, session_token))
        finally:
            self._open.pop(session_token, None)
        return socket

    def keep_seats(self) -> None:
        """Lesson time was moved: whoever has a page open still has their seat."""
        for session_token, room_token in self._open.items():
            room = self._rooms.find(room_token)
            if room is not None:
                room.refresh(session_token, self._clock.now())

    def _describe(self, room_token: str, session_token: str) -> dict[str, Any]:
        now = self._clock.now()
        self._rooms.advance(now)
        room = self._rooms.find(room_token)
        if room is None or session_token not in room.seats:
            return {"end": LEFT if room is not None else OVER}
        return {"people": [one.describe(now) for one in list_present(room, session_token)]}


def list_present(room: Room, session_token: str | None = None) -> list[Present]:
    """Who sits in the room, in the order of coming; `session_token`: whose page shows it."""
    return [
        Present(name=seat.display_name, since=seat.joined_at, is_me=seat.who == session_token, leads=seat.is_owner)
        for seat in room.seats.values()
    ]
