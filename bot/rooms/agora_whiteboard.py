"""Agora Interactive Whiteboard: every documented call of its REST API, and the `RoomService` on top of them.

A room there is a board and no more: no sound, no times, no record of who came. So it states few capabilities, and what
it does not know (sessions, recordings) is an error and never an empty list, which would make somebody absent who was
there. There is no link either: the way in is a page of ours, which is handed a token that opens this one room.

It hands no browser an admin's token or the secret key: either could open again what was shut.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote
from uuid import uuid4

from bot.errors import RoomServiceNonsense, RoomServiceRefused
from bot.rooms.agora_rooms import PROVIDER, REGIONS, RoomRecord, read_room, read_rooms
from bot.rooms.agora_tokens import KeyPair, TokenKind, TokenRole, sign_token
from bot.rooms.base import (
    AccountCheck,
    Capabilities,
    Embed,
    Launch,
    LaunchRequest,
    NothingAfterwards,
)
from bot.rooms.http import Answer, HttpClient, HttpDoor, Patience, Query, Timing
from bot.rooms.pace import Pace
from storage.records import Role

API_URL: Final = "https://api.netless.link/v5/"

SCRIPT_URL: Final = "https://sdk.netless.link/white-web-sdk/2.15.16.js"
"""The browser SDK, in the version that Agora's own guide puts into a page."""

SDK_TOKEN_LIVES: Final = timedelta(minutes=10)
"""Of the tokens we ask with: each call signs its own, and ten minutes bear two clocks that differ."""

GRACE: Final = timedelta(minutes=2)
"""How long after the window's close a room token still opens the room: a second fence, behind our own exact one."""

LONGEST_NAME: Final = 2048
"""Letters of a room's name, by the service's older documents; the newer ones do not speak of names."""

SPARE_SEATS: Final = 10
"""For people who are added later: a room's limit cannot be changed once it is made."""

_PAGE_SIZES = range(2, 1001)
"""Up to what the API allows. From a page of one there is no way on, where it begins with the room it was asked from."""


class AgoraWhiteboard(NothingAfterwards):
    """The `RoomService` on Agora's whiteboards, version 5 of the API.

    Built on the process's one client, which it does not close. Rooms are made in `region`; ValueError where there is
    no such region, or where a key cannot be one.
    """

    name: Final = "agora_whiteboard"
    shown_name: Final = PROVIDER
    capabilities: Final = Capabilities(close_room=True, own_page=True)

    def __init__(
        self,
        client: HttpClient,
        *,
        app_identifier: str,
        access_key: str,
        secret_key: str,
        region: str,
        api_url: str = API_URL,
        script_url: str = SCRIPT_URL,
        calls_per_second: float | None = None,
        patience: Patience | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._region = _check_region(region)
        self._app_identifier = _check_key(app_identifier)
        self._keys = KeyPair(access_key=_check_key(access_key), secret_key=_check_key(secret_key))
        self._script_url = script_url
        self._timing = timing or Timing()
        self._door = HttpDoor(
            client, provider=PROVIDER, base_url=api_url, headers={}, patience=patience, timing=self._timing
        )
        # No rate is documented: unless one is set, nothing holds calls back until a 429 does, and then all of them.
        self._pace = Pace(
            PROVIDER,
            per_second=calls_per_second,
            monotonic=self._timing.monotonic,
            sleep=self._timing.sleep,
        )

    async def launch(self, request: LaunchRequest) -> Launch:
        """One participant's way in: what a page of ours needs to run the board. The room is made, or opened again,
        where needed; a room that is not there any more is replaced."""
        region = request.room_region or self._region
        room = await self._find_open_room(request.room_id, region) if request.room_id else None
        is_new = room is None
        if room is None:
            region = self._region
            room = await self.create_room(name=request.room_name, limit=_count_seats(request.seats))
        return Launch(
            embed=Embed(page=self.name, values=self._build_values(request, room.uuid, region)),
            room_id=room.uuid,
            room_region=region,
            is_new_room=is_new,
            is_recorded=False,
            is_transcribed=False,
        )

    async def create_room(self, *, name: str = "", limit: int = 0, region: str | None = None) -> RoomRecord:
        """A new room, open at once. `limit`: most writers and admins at the same time; 0: any number.

        Repeated when the answer is lost: the API knows no way to say that it is the same one, and a room that nobody
        knows of harms nobody.
        """
        body: dict[str, object] = {"isRecord": False, "limit": limit}
        if name.strip():
            body["name"] = name.strip()[:LONGEST_NAME]
        return read_room(await self._ask("POST", "rooms", what="new room", body=body, region=region))

    async def fetch_room(self, uuid: str, *, region: str | None = None) -> RoomRecord:
        """The room as it is. RoomServiceRefused, status 404: there is none."""
        return read_room(await self._ask("GET", _name_room(uuid), what="room", region=region))

    async def iterate_rooms(
        self, *, begin_uuid: str | None = None, page_size: int = 100, region: str | None = None
    ) -> AsyncIterator[RoomRecord]:
        """The project's rooms in the service's order, each once, from `begin_uuid` on; page by page as they are wanted.

        ValueError where `page_size` is not between 2 and 1000. RoomServiceNonsense where pages lead nowhere.
        """
        if page_size not in _PAGE_SIZES:
            raise ValueError(f"a page has {_PAGE_SIZES[0]} to {_PAGE_SIZES[-1]} rooms")
        seen: set[str] = set()
        while True:
            page = read_rooms(await self._fetch_list(begin_uuid=begin_uuid, limit=page_size, region=region))
            # Whether a page repeats the room it was asked from is not documented: with this it does not matter.
            new = [room for room in page if room.uuid not in seen]
            for room in new:
                seen.add(room.uuid)
                yield room
            if len(page) < page_size:
                return
            if not new:
                raise RoomServiceNonsense(PROVIDER, "rooms", "never come to an end")
            begin_uuid = page[-1].uuid

    async def ban_room(self, uuid: str, *, region: str | None = None) -> RoomRecord:
        """Put everybody out, and let nobody in until it is lifted."""
        return await self._set_ban(uuid, is_banned=True, region=region)

    async def unban_room(self, uuid: str, *, region: str | None = None) -> RoomRecord:
        """Let people in again; tokens from before that still live work again too."""
        return await self._set_ban(uuid, is_banned=False, region=region)

    async def close_room(self, room_id: str, *, region: str | None = None) -> None:
        """Put everybody out, now. RoomServiceNonsense unless the service says that the room is shut."""
        await self.ban_room(room_id, region=region)

    # Launches sign their tokens themselves: that costs no call for each participant, and works while the service is
    # slow. The three that follow are the same over the network, for whoever wants the service's own word for it.

    async def request_sdk_token(self, *, role: TokenRole, lives: timedelta, region: str | None = None) -> str:
        """A token for the whole project, made there; the only call that sends the key pair."""
        keys = {"accessKey": self._keys.access_key, "secretAccessKey": self._keys.secret_key}
        return await self._request_token(TokenKind.SDK, "teams", keys | _build_order(role, lives), {}, region)

    async def request_room_token(
        self, uuid: str, *, role: TokenRole, lives: timedelta, region: str | None = None
    ) -> str:
        """A token for one room, made there."""
        told = self._sign_in(role)  # whoever asks may give away no more than they have
        return await self._request_token(
            TokenKind.ROOM, f"rooms/{_quote(uuid)}", _build_order(role, lives), told, region
        )

    async def request_task_token(
        self, uuid: str, *, role: TokenRole, lives: timedelta, region: str | None = None
    ) -> str:
        """A token for one conversion of a file, made there."""
        told = self._sign_in(role)
        return await self._request_token(
            TokenKind.TASK, f"tasks/{_quote(uuid)}", _build_order(role, lives), told, region
        )

    async def check_account(self) -> AccountCheck:
        """Is the key pair good? RoomServiceRefused when it is not. Of whose it is the API says nothing more than the
        app identifier that we have."""
        answer = await self._fetch_list(begin_uuid=None, limit=1, region=None)
        read_rooms(answer)
        return AccountCheck(
            organisation_id=self._app_identifier, organisation_name=None, server_time=answer.server_time
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing of its own to close."""

    async def _find_open_room(self, uuid: str, region: str) -> RoomRecord | None:
        """The room, with a ban lifted. None: there is none there."""
        try:
            room = await self.fetch_room(uuid, region=region)
        except RoomServiceRefused as error:
            if error.status == 404:
                return None
            raise
        return room if room.is_ban is False else await self.unban_room(uuid, region=region)

    async def _set_ban(self, uuid: str, *, is_banned: bool, region: str | None) -> RoomRecord:
        answer = await self._ask(
            "PATCH",
            _name_room(uuid),
            what="ban",
            body={"isBan": is_banned},
            signs_as=TokenRole.ADMIN,
            region=region,
        )
        room = read_room(answer)
        if room.is_ban is not is_banned:
            raise RoomServiceNonsense(PROVIDER, "isBan", "is not as it was set", status=answer.status)
        return room

    def _build_values(self, request: LaunchRequest, uuid: str, region: str) -> dict[str, str]:
        """What the page's script is given. The token lives a little longer than the window."""
        # A leader's browser gets a writer's token too: an admin's could lift the ban by which a lesson was ended, and
        # on the board itself it may do no more.
        role = TokenRole.READER if request.role is Role.OBSERVER else TokenRole.WRITER
        return {
            "script": self._script_url,
            "appIdentifier": self._app_identifier,
            "region": region,
            "uuid": uuid,
            "roomToken": self._sign(TokenKind.ROOM, role, expires_at=request.closes_at + GRACE, uuid=uuid),
            "uid": request.person_key,
            "isWritable": "true" if role is TokenRole.WRITER else "false",
            "shownName": request.shown_name,
        }

    async def _fetch_list(self, *, begin_uuid: str | None, limit: int, region: str | None) -> Answer:
        query = {"limit": str(limit)} | ({"beginUUID": begin_uuid} if begin_uuid else {})
        return await self._ask("GET", "rooms", what="rooms", query=query, region=region)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        what: str,
        query: Query | None = None,
        body: Mapping[str, object] | None = None,
        signs_as: TokenRole = TokenRole.WRITER,
        region: str | None,
    ) -> Answer:
        """A call with a token of its own, which may do no more than the call needs. Doing it twice does no harm."""
        return await self._door.fetch(
            method,
            path,
            what=what,
            query=query,
            headers=self._sign_in(signs_as) | self._name_region(region),
            body=body,
            is_repeatable=True,
            pace=self._pace,
        )

    async def _request_token(
        self, kind: TokenKind, path: str, body: Mapping[str, object], told: Mapping[str, str], region: str | None
    ) -> str:
        answer = await self._door.fetch(
            "POST",
            f"tokens/{path}",
            what="token",
            headers={**told, **self._name_region(region)},
            body=body,
            is_repeatable=True,
            takes_text=True,
            pace=self._pace,
        )
        if not answer.text.startswith(kind.value):
            raise RoomServiceNonsense(PROVIDER, "token", "is not of the kind that was asked for", status=answer.status)
        return answer.text

    def _sign_in(self, role: TokenRole) -> dict[str, str]:
        return {"token": self._sign(TokenKind.SDK, role, expires_at=self._timing.now() + SDK_TOKEN_LIVES)}

    def _sign(self, kind: TokenKind, role: TokenRole, *, expires_at: datetime, uuid: str | None = None) -> str:
        return sign_token(kind, self._keys, role=role, expires_at=expires_at, nonce=str(uuid4()), uuid=uuid)

    def _name_region(self, region: str | None) -> dict[str, str]:
        return {"region": region or self._region}


def _build_order(role: TokenRole, lives: timedelta) -> dict[str, object]:
    """What a token is asked for with. ValueError for a lifetime of nothing, which would mean one without an end."""
    milliseconds = lives // timedelta(milliseconds=1)
    if milliseconds <= 0:
        raise ValueError("a token has an end")
    return {"lifespan": milliseconds, "role": role.value}


def _count_seats(seats: int | None) -> int:
    """A room's limit: everybody twice, since who comes back after a cut line is counted beside their old connection."""
    return 0 if seats is None else 2 * (seats + SPARE_SEATS)


def _check_region(region: str) -> str:
    if region not in REGIONS:
        raise ValueError(f"no region of Agora's: use {', '.join(REGIONS)}")
    return region


def _check_key(key: str) -> str:
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise ValueError("Agora's keys are printable ASCII text")
    return key


def _name_room(uuid: str) -> str:
    return f"rooms/{_quote(uuid)}"


def _quote(name: str) -> str:
    return quote(name, safe="")
