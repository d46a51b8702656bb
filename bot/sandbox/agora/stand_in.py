"""A stand-in Agora Interactive Whiteboard over real HTTP on loopback, for the demo and the tests.

It has the REST API, the browser SDK's script, and the rooms that this script joins. What it was asked and who is inside
can be read off it; what it does wrong on purpose is switched on by its `faults`. It draws nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.agora.api import Api
from bot.sandbox.agora.browser import Browser
from bot.sandbox.agora.gate import answer, answer_in_json
from bot.sandbox.agora.rooms import Member, Reason, Room, TurnedAway
from bot.sandbox.agora.script import SCRIPT
from bot.sandbox.agora.tokens import BadToken, Power, Token, open_token
from bot.sandbox.inside.live import LivePages
from bot.sandbox.inside.pages import answer_page, list_file_routes
from bot.sandbox.inside.people import Present


class AgoraStandIn(Api):
    """The service, from `async with` until its end. `latency` is what every API call takes."""

    def __init__(
        self,
        clock: Clock,
        *,
        app_identifier: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
        port: int = 0,
        latency: timedelta = timedelta(0),
    ) -> None:
        super().__init__(
            clock,
            access_key=access_key or uuid4().hex,
            secret_key=secret_key or uuid4().hex,
            latency=latency,
            port=port,
        )
        self.app_identifier = app_identifier or f"{uuid4().hex}/{uuid4().hex}"
        self._pages: set[str] = set()
        self._live_pages = LivePages(clock)

    @property
    def api_url(self) -> str:
        """What `AGORA_API_URL` is set to."""
        return f"{self.origin}/v5/"

    @property
    def script_url(self) -> str:
        """What `AGORA_SCRIPT_URL` is set to."""
        return f"{self.origin}/white-web-sdk/stand-in.js"

    def browser(self) -> Browser:
        """Another tab."""
        return Browser(self.origin, self._client)

    def list_inside(self, uuid: str) -> list[Member]:
        """Everybody who is in the room now, those who only watch too, in the order of coming."""
        return list(self.rooms[uuid].members.values())

    def list_pages(self) -> list[tuple[str, str]]:
        """Room and uid of each that has a page open."""
        members = [(room.uuid, one) for room in self.rooms.values() for one in room.members.values()]
        return [(uuid, one.uid) for uuid, one in members if one.connection in self._pages]

    def list_members(self, uuid: str) -> list[str]:
        """Names of those whom the room's own list shows now: not those who only watch."""
        return [member.shown_name for member in self.rooms[uuid].list_members()]

    def _build_app(self) -> web.Application:
        app = web.Application(middlewares=[answer_in_json])
        app.add_routes(
            [
                *self.build_routes(),
                web.get("/white-web-sdk/stand-in.js", self._script),
                web.post("/connections/", self._connect),
                web.get("/connections/{connection}/", self._look),
                web.get("/connections/{connection}/live/", self._live),
                web.post("/connections/{connection}/leave/", self._leave),
                web.get("/left", self._show_left),
                *list_file_routes("room.js", below="/white-web-sdk"),
                *list_file_routes("room.css"),
            ]
        )
        return app

    async def _script(self, request: web.Request) -> web.StreamResponse:
        return _let_pages_read(web.Response(text=SCRIPT, content_type="text/javascript", charset="utf-8"))

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        asked = json.loads(await request.text())
        try:
            member = self._join(asked)
        except TurnedAway as turned_away:
            return _let_pages_read(answer({"reason": turned_away.reason.value}, 403))
        return _let_pages_read(answer({"connection": member.connection}, 201))

    def _join(self, asked: Mapping[str, Any]) -> Member:
        """Everything that the SDK's servers judge. TurnedAway for whoever does not get in."""
        if asked.get("appIdentifier") != self.app_identifier:
            raise TurnedAway(Reason.OTHER_APP)
        room = self.rooms.get(str(asked.get("uuid")))
        if room is None:
            raise TurnedAway(Reason.NO_ROOM)
        if asked.get("region") != room.region:
            raise TurnedAway(Reason.OTHER_REGION)
        token = self._judge_token(str(asked.get("roomToken")), room)
        if not asked.get("uid"):
            raise TurnedAway(Reason.NO_UID)
        if asked.get("isWritable", True) and token.power is Power.READER:
            raise TurnedAway(Reason.WATCHES_ONLY)
        shown_name = str(asked.get("userPayload", {}).get("nickName", ""))
        return room.join(uid=asked["uid"], shown_name=shown_name, power=token.power, now=self.clock.now())

    def _judge_token(self, text: str, room: Room) -> Token:
        """Its end is looked at on joining and never again: whether it is later, is not documented."""
        try:
            token = open_token(text, access_key=self.access_key, secret_key=self.secret_key)
        except BadToken as error:
            raise TurnedAway(Reason.BAD_TOKEN) from error
        if token.kind != "room":  # a project's token in a browser is a mistake that must show
            raise TurnedAway(Reason.BAD_TOKEN)
        if token.uuid != room.uuid:
            raise TurnedAway(Reason.OTHER_ROOM)
        if token.is_spent(self.clock.now()):
            raise TurnedAway(Reason.SPENT)
        return token

    async def _look(self, request: web.Request) -> web.StreamResponse:
        connection = request.match_info["connection"]
        if any(connection in room.members for room in self.rooms.values()):
            return _let_pages_read(answer({}))
        if any(connection in room.put_out for room in self.rooms.values()):
            return _let_pages_read(answer({"reason": Reason.BANNED.value}, 410))
        return _let_pages_read(answer({"reason": None}, 404))

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """What the connection's page shows, as long as it is open; a page that went away has left."""
        connection = request.match_info["connection"]
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._pages.add(connection)
        try:
            await self._live_pages.keep_telling(socket, lambda: self._tell(connection))
        finally:
            self._pages.discard(connection)
            self._part(connection)
        return socket

    def _tell(self, connection: str) -> dict[str, Any]:
        room = next((room for room in self.rooms.values() if connection in room.members), None)
        if room is None:
            is_put_out = any(connection in each.put_out for each in self.rooms.values())
            return {"end": "out", "reason": Reason.BANNED.value if is_put_out else None}
        now, me = self.clock.now(), room.members[connection]
        seen = [me, *(member for member in room.list_members() if member is not me)]
        people = [
            Present(name=one.shown_name, since=one.joined_at, is_me=one is me, leads=one.power is Power.ADMIN)
            for one in seen
        ]
        return {"people": [one.describe(now) for one in people], "isWriter": me.is_seen, "now": now.isoformat()}

    def _part(self, connection: str) -> bool:
        return any(room.leave(connection) for room in self.rooms.values())

    async def _show_left(self, request: web.Request) -> web.StreamResponse:
        """Where the script leads whoever leaves: a whiteboard has no page of its own for that."""
        return answer_page("You left the whiteboard", "You can close this tab.")

    async def _leave(self, request: web.Request) -> web.StreamResponse:
        was_inside = self._part(request.match_info["connection"])
        return _let_pages_read(answer({}, 200 if was_inside else 409))


def _let_pages_read(response: web.Response) -> web.Response:
    """Pages of other origins run the script, as everybody's pages run the real one."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
