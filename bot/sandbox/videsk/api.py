"""The calls of the stand-in's API, as its reference has them. Deleting is refused, always.

Faults go by the call's name: list, create, get, change, join, delete.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from typing import Any

from aiohttp import web

from bot.sandbox.videsk.errors import Turned
from bot.sandbox.videsk.gate import Gate
from bot.sandbox.videsk.judging import CHANGED, CREATED, JOINED, judge_body, judge_query
from bot.sandbox.videsk.rooms import Authorization, Room, Rooms
from bot.sandbox.videsk.tokens import sign_pass


class Api(Gate):
    """What the API answers, once a call has passed the gate."""

    rooms: Rooms
    joins_ended_rooms = True
    """Give out tokens of rooms that are over, which open nothing: no refusal of it is documented. Else 403."""
    notes_tokens_given = False
    """Note an authorization when its token is given out, and not when it is used."""
    created_status = 201

    def build_routes(self) -> list[web.RouteDef]:
        """Every call by its path."""
        every, one = "/vpaas/rooms", "/vpaas/rooms/{room}"
        return [
            web.get(every, self.as_call("list", self._list), allow_head=False),
            web.post(every, self.as_call("create", self._create)),
            web.get(one, self.as_call("get", self._get), allow_head=False),
            web.patch(one, self.as_call("change", self._change)),
            web.delete(one, self.as_call("delete", self._delete)),
            web.post(one + "/join", self.as_call("join", self._join)),
        ]

    @abstractmethod
    def notice_change(self) -> None:
        """A room's end may have come, or moved."""

    async def _list(self, request: web.Request) -> web.StreamResponse:
        query, now = judge_query(list(request.query.items())), self.clock.now()
        total, page = self.rooms.list(query, now)
        data = [self.rooms.describe(room, now) for room in page]
        return web.json_response({"total": total, "limit": query.limit, "skip": query.skip, "data": data})

    async def _create(self, request: web.Request) -> web.StreamResponse:
        body = judge_body(await _read_json(request), CREATED)
        room = self.rooms.create(body, self.clock.now())
        self.notice_change()
        return self._answer(room, request, status=self.created_status, has_token=True)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        return self._answer(self.rooms.get(request.match_info["room"]), request)

    async def _change(self, request: web.Request) -> web.StreamResponse:
        body = judge_body(await _read_json(request), CHANGED)
        room = self.rooms.change(request.match_info["room"], body, self.clock.now())
        self.notice_change()
        return self._answer(room, request, has_token=body.get("generateToken", False))

    async def _join(self, request: web.Request) -> web.StreamResponse:
        judge_body(await _read_json(request), JOINED)
        room = self.rooms.get(request.match_info["room"])
        if room.is_over(self.clock.now()) and not self.joins_ended_rooms:
            raise Turned(403, "Insufficient permissions")
        return web.json_response({"accessToken": self._give_token(room, request)}, status=self.created_status)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        raise Turned(403, "Not allowed")

    def _answer(
        self, room: Room, request: web.Request, *, status: int = 200, has_token: bool = False
    ) -> web.StreamResponse:
        told = self.rooms.describe(room, self.clock.now())
        if has_token:
            told["accessToken"] = self._give_token(room, request)
        return web.json_response(told, status=status)

    def _give_token(self, room: Room, request: web.Request) -> str:
        given = self.rooms.issue(room)
        if self.notes_tokens_given:
            self.authorize(room, given.jti, request)
        return sign_pass(self.account_secret, given)

    def authorize(self, room: Room, jti: str, request: web.Request) -> None:
        """Note down that this token was let in, or given out."""
        noted = Authorization(ip=request.remote or "127.0.0.1", jti=jti, created_at=self.clock.now())
        room.authorizations.append(noted)


async def _read_json(request: web.Request) -> Any:
    """The body; no body at all is as wrong as one that is no JSON."""
    if request.content_type != "application/json":
        raise Turned(400, "Content type must be application/json")
    try:
        return await request.json()
    except json.JSONDecodeError:
        raise Turned(400, "The body is not valid JSON") from None
