"""Mozilla Loop (once Firefox Hello), on any server that still speaks it: every call of rooms, and the `RoomService`.

It has no way in for one person: the last step is `roomUrl`, one address for everybody, and whoever holds it may come in
until the room is deleted. All that makes a way in personal is Hallpass's own, before that step. What the service adds
is who is inside now, by the names that they typed.
A room is made once for each of our names; it is looked for before its making is repeated, since nothing else keeps a
lost answer from making two.
The server knows a room by the secret of its address. Outside of this client it goes by another name, which opens
nothing (`loop_names`): `room_id` is that name, and `room_token` the server's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlsplit

from bot.errors import RoomServiceDown, RoomServiceError, RoomServiceNonsense, RoomServiceRefused
from bot.rooms.answers import Fields, read_fields
from bot.rooms.base import (
    AccountCheck,
    Capabilities,
    Launch,
    LaunchRequest,
    LiveSession,
    NothingAfterwards,
    Present,
    Session,
)
from bot.rooms.http import Answer, HttpClient, HttpDoor, Patience, Timing
from bot.rooms.loop_answers import (
    LoopRefused,
    build_no_room,
    explain,
    parse_address,
    parse_deletions,
    parse_expiry,
    parse_lifetime,
    parse_made,
    parse_room,
    parse_rooms,
    parse_seat,
)
from bot.rooms.loop_body import (
    MOST_GUESTS,
    NOBODY,
    OWNER,
    Caller,
    CallStatus,
    Wanted,
    build_wanted,
    count_hours,
    cut_name,
)
from bot.rooms.loop_identity import REGISTER, Call, LoopIdentity, SessionKeeper
from bot.rooms.loop_names import RoomNames
from bot.rooms.loop_records import PROVIDER, DeletedRecord, MadeRecord, RoomRecord, SeatRecord


class Loop(NothingAfterwards):
    """The `RoomService` on a Loop server's API.

    Built on the process's one client, which it does not close. `url` is where the server's calls are, with or without
    `/v0/`; `keeper` holds the account's session token.
    """

    name: Final = "loop"
    shown_name: Final = PROVIDER
    capabilities: Final = Capabilities(
        close_room=True, presence=True, shared_address=True, room_ends=True, max_participants=MOST_GUESTS
    )

    def __init__(
        self,
        client: HttpClient,
        *,
        url: str,
        keeper: SessionKeeper,
        patience: Patience | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._url = url
        self._now = (timing or Timing()).now
        self._door = HttpDoor(
            client, provider=PROVIDER, base_url=url, headers={}, patience=patience, timing=timing, explain=explain
        )
        self._identity = LoopIdentity(self._door, keeper=keeper, now=self._now)
        self._names = RoomNames()
        self._looks = asyncio.Lock()

    async def launch(self, request: LaunchRequest) -> Launch:
        """The room's address, the same for everybody. A room that is gone, or was another identity's, is made anew:
        then `room_id` is new. RoomServiceRefused when more have a place than a room has seats."""
        if request.seats is not None and request.seats > MOST_GUESTS:
            raise RoomServiceRefused(PROVIDER, f"launch: a room has seats for {MOST_GUESTS}")
        wanted = build_wanted(request)
        found = await self._find_open(request.room_id, wanted) if request.room_id else None
        made = found or await self._make_once(wanted)
        return Launch(
            url=made.room_url,
            room_id=self._names.give(made.room_token),
            is_new_room=found is None,
            is_recorded=False,  # it cannot be
            is_transcribed=False,
        )

    async def close_room(self, room_id: str, *, region: str | None = None) -> None:
        """Delete it. Who is connected by then stays so as long as their own browsers keep the call."""
        try:
            await self.delete_room(await self._find_token(room_id))
        except LoopRefused as refused:
            if not refused.is_about_no_room:
                raise
        self._names.forget(room_id)

    async def extend_room(self, room_id: str, *, closes_at: datetime) -> None:
        """Keep the room until then at least; whoever comes or goes puts its end off by itself."""
        await self.change_room(await self._find_token(room_id), closes_at=closes_at)

    async def list_present(self, room_id: str) -> list[Present]:
        """Who has a seat now; nobody, where there is no room. A seat that nobody left lapses after 300 s."""
        try:
            room = await self.fetch_room(await self._find_token(room_id))
        except LoopRefused as refused:
            if refused.is_about_no_room:
                return []
            raise
        if room.participants is None:
            raise RoomServiceNonsense(PROVIDER, "participants", "is missing")
        return [
            Present(connection=one.room_connection_id, shown_name=one.display_name or "", is_owner=one.owner or False)
            for one in room.participants
        ]

    async def list_sessions(self, room_id: str, *, overlaps_from: datetime, overlaps_until: datetime) -> list[Session]:
        """Loop remembers nobody who left: RoomServiceRefused."""
        raise RoomServiceRefused(PROVIDER, "keeps no sessions")

    async def list_live_sessions(self) -> list[LiveSession]:
        """As `list_sessions`."""
        raise RoomServiceRefused(PROVIDER, "keeps no sessions")

    async def check_account(self) -> AccountCheck:
        """Does the server know us, or let us register? It has no organisations: the account is told by its host."""
        answer = await self._identity.ask(REGISTER)
        return AccountCheck(
            organisation_id=urlsplit(self._url).netloc, organisation_name=None, server_time=answer.server_time
        )

    async def delete_registration(self) -> None:
        """Give our identity up. The next call registers anew, and no room of before is ours any more."""
        await self._identity.ask(
            Call(method="DELETE", path="registration", what="registration", is_repeatable=True, reads_body=False)
        )

    async def make_room(self, wanted: Wanted) -> MadeRecord:
        """A new room. Never repeated by itself: each time makes another."""
        answer = await self._ask("POST", "rooms", what="room", body=wanted.build_body(self._now()))
        return parse_made(answer, origin=self._url)

    async def change_room(
        self,
        room_token: str,
        *,
        closes_at: datetime,
        name: str | None = None,
        owner: str | None = None,
        max_size: int | None = None,
    ) -> datetime | None:
        """Change what is given. `closes_at` always is: without it the room's end would move by itself.

        When the room goes away now, as the server says. Fewer seats put nobody out.
        """
        body: dict[str, object] = {"expiresIn": count_hours(closes_at, now=self._now())}
        changes = {"roomName": name if name is None else cut_name(name), "roomOwner": owner, "maxSize": max_size}
        body |= {field: value for field, value in changes.items() if value is not None}
        return parse_expiry(await self._ask("PATCH", _name(room_token), what="room", body=body, is_repeatable=True))

    async def delete_room(self, room_token: str) -> None:
        """Its address opens nothing any more. `LoopRefused` when there is none."""
        await self._ask("DELETE", _name(room_token), what="room", is_repeatable=True)

    async def delete_rooms(self, room_tokens: Collection[str]) -> dict[str, int]:
        """Several at once: what became of each as an HTTP status, 200 or 404. Repeated when the answer is lost, so
        that 404 may also mean that the first time did it."""
        if not room_tokens:
            return {}
        body = {"deleteRoomTokens": list(dict.fromkeys(room_tokens))}
        try:
            return parse_deletions(await self._ask("PATCH", "rooms", what="rooms", body=body, is_repeatable=True))
        except LoopRefused as refused:
            # The whole answer is a 404 where none was there, with the same content.
            if refused.status == 404 and "responses" in refused.told:
                return dict.fromkeys(room_tokens, 404)
            raise

    async def list_rooms(self, *, changed_since: datetime | None = None) -> list[RoomRecord | DeletedRecord]:
        """Our rooms, the oldest change first; since a moment of the server's, with those deleted in the last 27 min."""
        query = None if changed_since is None else {"version": str(int(changed_since.timestamp()))}
        call = Call(method="GET", path="rooms", what="rooms", query=query, is_repeatable=True)
        return parse_rooms(await self._identity.ask(call))

    async def fetch_room(self, room_token: str, *, caller: Caller = OWNER) -> RoomRecord:
        """The room: all of it for its owner and for guests inside, its public part for nobody in particular."""
        answer = await self._ask("GET", _name(room_token), what="room", caller=caller, is_repeatable=True)
        return parse_room(read_fields(answer.body, provider=PROVIDER, what="room"))

    async def join(
        self, room_token: str, *, display_name: str, client_max_size: int, caller: Caller = NOBODY
    ) -> SeatRecord:
        """Take a seat, for 300 s. As nobody it is another seat each time; the owner's own is taken once.

        `LoopRefused` when the room is full, or holds more than `client_max_size`. Hallpass itself never joins.
        """
        body = {"action": "join", "displayName": display_name, "clientMaxSize": client_max_size}
        return parse_seat(await self._act(room_token, caller, body, what="join", is_repeatable=caller.is_owner))

    async def refresh(self, room_token: str, *, caller: Caller) -> timedelta:
        """Keep the seat, for as long as is answered. `LoopRefused` when it has lapsed."""
        answer = await self._act(room_token, caller, {"action": "refresh"}, what="refresh", is_repeatable=True)
        return parse_lifetime(read_fields(answer.body, provider=PROVIDER, what="refresh"))

    async def leave(self, room_token: str, *, caller: Caller) -> None:
        """Give the seat up. `LoopRefused` without one."""
        await self._act(room_token, caller, {"action": "leave"}, what="leave")

    async def report_status(self, room_token: str, status: CallStatus, *, caller: Caller) -> None:
        """Tell how a participant's call is going, for the server's own records."""
        await self._act(room_token, caller, status.build_body(), what="status", is_repeatable=True)

    async def report_domains(self, room_token: str, domains: Mapping[str, int], *, caller: Caller) -> None:
        """Tell how often addresses of which domains were shared, for the server's own counts."""
        listed = [{"domain": domain, "count": count} for domain, count in domains.items()]
        await self._act(room_token, caller, {"action": "logDomain", "domains": listed}, what="domains")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing of its own to close."""

    async def _find_token(self, room_id: str) -> str:
        """What the server calls that room. `LoopRefused` when none of our rooms there is it."""
        token = self._names.find(room_id)
        if token is None:
            async with self._looks:  # after a restart many ask at once, and one list tells them all
                token = self._names.find(room_id)
                if token is None:
                    for room in await self.list_rooms():
                        self._names.give(room.room_token)
                    token = self._names.find(room_id)
        if token is None:
            raise build_no_room()
        return token

    async def _find_open(self, room_id: str, wanted: Wanted) -> MadeRecord | None:
        """The room as it is wanted, changed where it must be; None when it is not ours to use any more."""
        try:
            room = await self.fetch_room(await self._find_token(room_id))
            name = cut_name(wanted.name or "")
            is_small = room.max_size is None or room.max_size < wanted.max_size
            is_short = room.expires_at is None or room.expires_at < wanted.closes_at
            if room.room_name != name or is_small or is_short:
                await self.change_room(
                    room.room_token,
                    closes_at=wanted.closes_at,
                    name=name,
                    max_size=wanted.max_size if is_small else None,
                )
        except LoopRefused as refused:
            if refused.is_about_no_room or refused.is_about_another_s_room:
                return None
            raise
        return self._take(room)

    async def _make_once(self, wanted: Wanted) -> MadeRecord:
        """A new room, or the one that an attempt made whose answer was lost."""
        try:
            return await self.make_room(wanted)
        except (RoomServiceDown, RoomServiceNonsense) as lost:
            made = await self._find_made(wanted, lost)
            if made is not None:
                return made
            if not isinstance(lost, RoomServiceDown):
                raise
        return await self.make_room(wanted)

    async def _find_made(self, wanted: Wanted, lost: RoomServiceError) -> MadeRecord | None:
        if isinstance(lost, RoomServiceDown) and not lost.was_sent:
            raise lost  # the door tried often enough
        name = cut_name(wanted.name or "")
        for room in await self.list_rooms():
            if isinstance(room, RoomRecord) and (room.room_name, room.room_owner) == (name, wanted.owner):
                return self._take(room)
        return None

    def _take(self, room: RoomRecord) -> MadeRecord:
        """The room as if it had just been made. RoomServiceNonsense when nobody can follow its address."""
        told = Fields(provider=PROVIDER, values={"roomUrl": room.room_url})
        return MadeRecord(
            room_token=room.room_token,
            room_url=parse_address(told, origin=self._url),
            expires_at=room.expires_at,
        )

    async def _act(
        self, room_token: str, caller: Caller, body: Mapping[str, object], *, what: str, is_repeatable: bool = False
    ) -> Answer:
        return await self._ask(
            "POST", _name(room_token), what=what, caller=caller, body=body, is_repeatable=is_repeatable
        )

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        what: str,
        caller: Caller = OWNER,
        body: Mapping[str, object] | None = None,
        is_repeatable: bool = False,
    ) -> Answer:
        if caller.is_owner:
            return await self._identity.ask(
                Call(method=method, path=path, what=what, body=body, is_repeatable=is_repeatable)
            )
        return await self._door.fetch(
            method, path, what=what, headers=caller.build_headers(), body=body, is_repeatable=is_repeatable
        )


def _name(room_token: str) -> str:
    return f"rooms/{quote(room_token, safe='')}"
