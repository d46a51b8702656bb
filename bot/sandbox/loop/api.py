"""The calls of the stand-in: registration, rooms by their owner, and what those inside may do.

Faults go by the call's name: registration, delete_registration, make_room, change_room, delete_room, delete_rooms,
list_rooms, room, act.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from bot.sandbox.loop.bodies import judge_action, judge_deletion, judge_registration, judge_room
from bot.sandbox.loop.gate import Asker, Gate, Refused, answer, not_accepted, refuse
from bot.sandbox.loop.rooms import SEAT_LIVES, Errno, Room, Rooms, TurnedAway


class Api(Gate):
    """What the server answers, once a call has passed the gate."""

    rooms: Rooms
    has_newer_fields = True
    """Participants say whether they are the owner."""
    web_app_url: str | None = None
    """Where rooms' addresses lead, with `{token}`; None: to this stand-in's own page."""

    def build_routes(self) -> list[web.RouteDef]:
        """Every call by its path, with and without its version."""
        return [route for prefix in ("", "/v0") for route in self._build_routes(prefix)]

    def _build_routes(self, prefix: str) -> list[web.RouteDef]:
        room, rooms, registration = f"{prefix}/rooms/{{token}}", f"{prefix}/rooms", f"{prefix}/registration"
        return [
            web.post(registration, self.as_call("registration", self._register)),
            web.delete(registration, self.as_call("delete_registration", self._delete_registration)),
            web.delete(f"{prefix}/session", self.as_call("delete_session", self._delete_session)),
            web.post(rooms, self.as_call("make_room", self._make)),
            web.patch(rooms, self.as_call("delete_rooms", self._delete_several)),
            web.get(rooms, self.as_call("list_rooms", self._list), allow_head=False),
            web.get(room, self.as_call("room", self._show), allow_head=False),
            web.patch(room, self.as_call("change_room", self._change)),
            web.delete(room, self.as_call("delete_room", self._delete)),
            web.post(room, self.as_call("act", self._act)),
            web.get(f"{prefix}/__lbheartbeat__", self.as_call("heartbeat", self._beat), allow_head=False),
            web.get(f"{prefix}/__heartbeat__", self.as_call("heartbeat", self._beat), allow_head=False),
            web.get(f"{prefix}/", self.as_call("metadata", self._introduce), allow_head=False),
        ]

    @property
    def api_url(self) -> str:
        """What `LOOP_URL` is set to."""
        return f"{self.origin}/v0/"

    def find_room(self, token: str) -> Room | None:
        """The room as it is now."""
        self.rooms.advance(self.clock.now())
        return self.rooms.find(token)

    def list_rooms(self) -> list[Room]:
        """Every room as it is now, in the order of making."""
        self.rooms.advance(self.clock.now())
        return self.rooms.list_all()

    def list_present(self, token: str) -> list[str]:
        """Shown names of those inside now, in the order of coming."""
        room = self.find_room(token)
        return [seat.display_name for seat in room.seats.values()] if room else []

    def name_address(self, room: Room) -> str:
        """Its `roomUrl`."""
        return (self.web_app_url or f"{self.origin}/go/{{token}}").format(token=room.token)

    async def _register(self, request: web.Request) -> web.StreamResponse:
        judge_registration(await self.read_body(request))
        asker = self.authenticate(request)
        response = answer("")
        if asker is None:
            response.headers["Hawk-Session-Token"] = self.sessions.register(self.clock.now())
        return response

    async def _delete_registration(self, request: web.Request) -> web.StreamResponse:
        """Whether the token still works afterwards is not documented: here it does not."""
        self.sessions.forget(self.demand_owner(request))
        return web.Response(status=204)

    async def _delete_session(self, request: web.Request) -> web.StreamResponse:
        self.demand_owner(request)
        return refuse(403, Errno.INVALID_AUTH, "Not a Firefox Account")

    async def _make(self, request: web.Request) -> web.StreamResponse:
        body, owner_id, now = await self.read_body(request), self.demand_owner(request), self.clock.now()
        fields, hours = judge_room(body, is_new=True)
        room = Room(
            owner_id=owner_id,
            max_size=fields.pop("maxSize"),
            fields=fields,
            created_at=now,
            changed_at=now,
            expires_at=now + timedelta(hours=hours),
        )
        self.rooms.add(room)
        told = {"roomToken": room.token, "roomUrl": self.name_address(room), "expiresAt": _seconds(room.expires_at)}
        response = answer(told, 201)
        if "roomName" in fields:
            response.headers["Alert"] = "roomName is deprecated, use context"
        return response

    async def _change(self, request: web.Request) -> web.StreamResponse:
        body, room = await self.read_body(request), self._find_own(request)
        fields, hours = judge_room(body, is_new=False)
        now = self.clock.now()
        room.change(fields, now=now, expires_at=now + timedelta(hours=hours))
        return answer({"expiresAt": _seconds(room.expires_at)})

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        self.rooms.delete(self._find_own(request), self.clock.now())
        return web.Response(status=204)

    async def _delete_several(self, request: web.Request) -> web.StreamResponse:
        body, owner_id = await self.read_body(request), self.demand_owner(request)
        responses: dict[str, dict[str, Any]] = {}
        for token in judge_deletion(body):
            room = self.find_room(token)
            if room is None or room.owner_id != owner_id:
                responses[token] = {"code": 404, "errno": int(Errno.INVALID_TOKEN), "error": "Room not found."}
            else:
                self.rooms.delete(room, self.clock.now())
                responses[token] = {"code": 200}
        is_any_done = any(each["code"] == 200 for each in responses.values())
        return answer({"responses": responses}, 207 if is_any_done else 404)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        owner_id = self.demand_owner(request)
        self.rooms.advance(self.clock.now())
        found = self.rooms.list_of(owner_id)
        version = request.query.get("version")
        if version is None:
            return answer([self._describe(room) for room in found])
        if not version.isdecimal():
            return refuse(400, Errno.INVALID_PARAMETERS, "Invalid parameters: version")
        since = datetime.fromtimestamp(int(version), UTC)
        changed: list[dict[str, Any]] = [self._describe(room) for room in found if _floor(room.changed_at) >= since]
        deleted = self.rooms.list_deleted(owner_id, since)
        return answer(changed + [{"roomToken": token, "deleted": True} for token in deleted])

    async def _show(self, request: web.Request) -> web.StreamResponse:
        room = self._find(request)
        asker = self.authenticate(request, takes_guests=True)
        if asker is None:
            public = ("roomToken", "roomName", "context", "roomOwner", "roomUrl")
            return answer({name: value for name, value in self._describe(room).items() if name in public})
        if asker.who not in room.seats and asker.who != room.owner_id:
            if asker.session_token is not None:
                raise Refused(_lapsed())
            return refuse(403, Errno.UNDEFINED, "Forbidden")
        return answer(self._describe(room))

    async def _act(self, request: web.Request) -> web.StreamResponse:
        body, room = await self.read_body(request), self._find(request)
        asker = self.authenticate(request, takes_guests=True)
        if asker is None and body.get("action") != "join":
            raise Refused(not_accepted("Unauthorized", "Token,Hawk"))
        if asker and asker.session_token is not None and asker.session_token not in room.seats:
            raise Refused(_lapsed())
        action = judge_action(body)
        if action == "join":
            return self._join(room, asker, body)
        acts: dict[str, Callable[[Room, str], web.Response]] = {"refresh": self._refresh, "leave": self._leave}
        return acts.get(action, self._note)(room, asker.who if asker else "")

    def _join(self, room: Room, asker: Asker | None, body: dict[str, Any]) -> web.Response:
        # A seat's own token never takes the same seat again: who is no owner is another guest each time.
        who = asker.hawk_id if asker and asker.hawk_id else secrets.token_hex(32)
        try:
            room.join(
                who,
                display_name=body["displayName"],
                client_max_size=body["clientMaxSize"],
                now=self.clock.now(),
            )
        except TurnedAway as turned_away:
            return refuse(400, turned_away.errno, turned_away.errno.name)
        is_guest = not (asker and asker.hawk_id)
        return answer(
            {
                "apiKey": "44669102",
                "sessionId": f"1_{room.token}",
                "sessionToken": who if is_guest else secrets.token_hex(32),
                "expires": int(SEAT_LIVES.total_seconds()),
            }
        )

    def _refresh(self, room: Room, who: str) -> web.Response:
        if not room.refresh(who, self.clock.now()):
            return refuse(410, Errno.EXPIRED, "Participation has expired.")
        return answer({"expires": int(SEAT_LIVES.total_seconds())})

    def _leave(self, room: Room, who: str) -> web.Response:
        is_done = room.leave(who, self.clock.now())
        return web.Response(status=204) if is_done else refuse(400, Errno.NOT_INSIDE, "Not a room participant.")

    def _note(self, room: Room, who: str) -> web.Response:
        is_inside = who in room.seats
        return web.Response(status=204) if is_inside else refuse(400, Errno.NOT_INSIDE, "Not a room participant.")

    async def _beat(self, request: web.Request) -> web.StreamResponse:
        return answer({})

    async def _introduce(self, request: web.Request) -> web.StreamResponse:
        return answer({"name": "mozilla-loop-server", "description": "A stand-in", "version": "0.22.0-dev"})

    def _find(self, request: web.Request) -> Room:
        room = self.find_room(request.match_info["token"])
        if room is None:
            raise Refused(refuse(404, Errno.INVALID_TOKEN, "Token not found."))
        return room

    def _find_own(self, request: web.Request) -> Room:
        owner_id, room = self.demand_owner(request), self._find(request)
        if room.owner_id != owner_id:
            raise Refused(refuse(403, Errno.UNDEFINED, "Forbidden"))
        return room

    def _describe(self, room: Room) -> dict[str, Any]:
        """All of it, as its owner sees it."""
        people = [
            {"roomConnectionId": seat.connection_id, "displayName": seat.display_name}
            | ({"owner": seat.is_owner} if self.has_newer_fields else {})
            for seat in room.seats.values()
        ]
        return {
            "roomToken": room.token,
            **{name: value for name, value in room.fields.items() if name != "channel"},
            "roomUrl": self.name_address(room),
            "maxSize": room.max_size,
            "clientMaxSize": room.client_max_size,
            "creationTime": _seconds(room.created_at),
            "ctime": _seconds(room.changed_at),
            "expiresAt": _seconds(room.expires_at),
            "participants": people,
        }


def _lapsed() -> web.Response:
    return not_accepted("Invalid token; it may have expired.", 'Basic,Hawk error="Invalid token"')


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _floor(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
