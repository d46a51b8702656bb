"""The calls of the stand-in's API: rooms made, read, listed and banned, and tokens given out.

Where the documents are silent the answer is the stricter of two guesses, or has a switch: a field that is not
documented is refused, a room that is asked for elsewhere than where it was made is not there. Faults go by the call's
name: create_room, get_room, list_rooms, ban_room, sdk_token, room_token, task_token.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.agora.gate import Call, Gate, Needs, Refusal, answer
from bot.sandbox.agora.rooms import Room
from bot.sandbox.agora.tokens import Power, make_token

LONGEST_NAME = 2048
MOST_LISTED = 1000
USUALLY_LISTED = 100

_POWERS = {"admin": Power.ADMIN, "writer": Power.WRITER, "reader": Power.READER}
_WRITERS = Needs(power=Power.WRITER, kinds=("sdk", "room"))


class Api(Gate):
    """What the API answers, once a call has passed the gate."""

    ban_status = 201
    """As documented; 200 is what one would expect."""
    repeats_begin = True
    """A page begins with the room that it was asked from; else with the one after it."""

    def __init__(self, clock: Clock, *, access_key: str, secret_key: str, latency: timedelta, port: int) -> None:
        super().__init__(clock, access_key=access_key, secret_key=secret_key, latency=latency, port=port)
        self.rooms: dict[str, Room] = {}
        self.team_uuid = uuid4().hex
        self.app_uuid = uuid4().hex
        self.left_out: set[str] = set()
        """Fields that rooms are told without."""

    def build_routes(self) -> list[web.RouteDef]:
        """Every call by its path."""
        banning, making = Needs(power=Power.ADMIN, kinds=("sdk", "room")), Needs(power=Power.WRITER)
        listing = self.as_call("list_rooms", _WRITERS, self._list_rooms)
        return [
            web.post("/v5/rooms", self.as_call("create_room", making, self._create_room)),
            web.get("/v5/rooms", listing),
            web.get("/v5/rooms/", listing),
            web.get("/v5/rooms/{uuid}", self.as_call("get_room", _WRITERS, self._get_room)),
            web.patch("/v5/rooms/{uuid}", self.as_call("ban_room", banning, self._ban_room)),
            web.post("/v5/tokens/teams", self.as_call("sdk_token", Needs(power=None), self._give_sdk_token)),
            web.post("/v5/tokens/rooms/{uuid}", self.as_call("room_token", Needs(power=Power.READER), self._give_room)),
            web.post("/v5/tokens/tasks/{uuid}", self.as_call("task_token", Needs(power=Power.READER), self._give_task)),
        ]

    def find_room(self, uuid: str, region: str) -> Room | None:
        """The room, where it is."""
        room = self.rooms.get(uuid)
        return room if room is not None and room.region == region else None

    async def _create_room(self, call: Call) -> web.StreamResponse:
        body = await _read_body(call, known=("isRecord", "limit", "name"))
        limit, name = body.get("limit", 0), body.get("name")
        if body.get("isRecord", False) is not False:
            raise Refusal(400, "isRecord is not supported")
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
            raise Refusal(400, "limit must be an integer from 0 up")
        if name is not None and (not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME):
            raise Refusal(400, f"name must be 1 to {LONGEST_NAME} characters")
        room = Room(
            region=call.region,
            team_uuid=self.team_uuid,
            app_uuid=self.app_uuid,
            limit=limit,
            name=name,
            created_at=self.clock.now(),
        )
        self.rooms[room.uuid] = room
        return answer(self._describe(room), 201)

    async def _get_room(self, call: Call) -> web.StreamResponse:
        return answer(self._describe(self._find(call)))

    async def _list_rooms(self, call: Call) -> web.StreamResponse:
        query = call.request.query
        if query.keys() - {"beginUUID", "limit"}:
            raise Refusal(400, "there is no such parameter")
        limit = query.get("limit", str(USUALLY_LISTED))
        if not limit.isdecimal() or not 0 < int(limit) <= MOST_LISTED:
            raise Refusal(400, f"limit must be above 0 and at most {MOST_LISTED}")
        rooms = [room for room in self.rooms.values() if room.region == call.region]
        begin = query.get("beginUUID")
        if begin is not None:
            places = [place for place, room in enumerate(rooms) if room.uuid == begin]
            if not places:
                raise Refusal(400, "there is no room to begin from")
            rooms = rooms[places[0] + (0 if self.repeats_begin else 1) :]
        return answer([self._describe(room) for room in rooms[: int(limit)]])

    async def _ban_room(self, call: Call) -> web.StreamResponse:
        room = self._find(call)
        body = await _read_body(call, known=("isBan",))
        if not isinstance(body.get("isBan"), bool):
            raise Refusal(400, "isBan must be a boolean")
        room.set_ban(body["isBan"])
        return answer(self._describe(room), self.ban_status)

    async def _give_sdk_token(self, call: Call) -> web.StreamResponse:
        body = await _read_body(call, known=("accessKey", "secretAccessKey", "lifespan", "role"))
        if (body.get("accessKey"), body.get("secretAccessKey")) != (self.access_key, self.secret_key):
            raise Refusal(401, "wrong key pair")
        return self._give(call, "sdk", body, now=self.machine_now)

    async def _give_room(self, call: Call) -> web.StreamResponse:
        self._find(call)
        return self._give(call, "room", await _read_body(call, known=("lifespan", "role")), now=self.clock.now())

    async def _give_task(self, call: Call) -> web.StreamResponse:
        return self._give(call, "task", await _read_body(call, known=("lifespan", "role")), now=self.clock.now())

    def _give(self, call: Call, kind: str, body: Mapping[str, Any], *, now: datetime) -> web.Response:
        """One JSON string."""
        lifespan, power = body.get("lifespan"), _POWERS.get(body.get("role", ""))
        if not isinstance(lifespan, int) or isinstance(lifespan, bool) or lifespan < 0:
            raise Refusal(400, "lifespan must be an integer of milliseconds")
        if power is None:
            raise Refusal(400, "role must be admin, writer or reader")
        if call.token is not None and power < call.token.power:
            raise Refusal(403, "a token gives away no more than it may do itself")
        token = make_token(
            kind,
            access_key=self.access_key,
            secret_key=self.secret_key,
            power=power,
            expires_at=now + timedelta(milliseconds=lifespan) if lifespan else None,
            uuid=call.request.match_info.get("uuid"),
        )
        return answer(token, 201)

    def _find(self, call: Call) -> Room:
        room = self.find_room(call.request.match_info["uuid"], call.region)
        if room is None:
            raise Refusal(404, "room is not found")
        return room

    def _describe(self, room: Room) -> dict[str, Any]:
        stamp = room.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told = {
            "uuid": room.uuid,
            "teamUUID": room.team_uuid,
            "appUUID": room.app_uuid,
            "isRecord": False,
            "isBan": room.is_ban,
            "createdAt": stamp,
            "limit": room.limit,
        }
        return {name: value for name, value in told.items() if name not in self.left_out}


async def _read_body(call: Call, *, known: tuple[str, ...]) -> dict[str, Any]:
    """The JSON object. Refusal 400 for anything else, and for fields that are not documented."""
    if call.request.content_type != "application/json":
        raise Refusal(400, "the body must be application/json")
    try:
        body = await call.request.json()
    except json.JSONDecodeError as error:
        raise Refusal(400, "the body is not JSON") from error
    if not isinstance(body, dict):
        raise Refusal(400, "the body must be an object")
    if body.keys() - set(known):
        raise Refusal(400, "there is no such field")
    return body
