"""Videsk (videsk.io), its rooms API: every documented call that is not refused there, and the `RoomService` on top.

Theory of operation. A room is made when the first of a lesson's people comes in, never when it is booked, so that its
72 hours are enough however they are counted; its window spans all people's. Everybody then gets a token of their own,
which a page of ours gives to Videsk's script: there is no address that could be forwarded. Tokens are all alike, with
no name, no role, and no promise that they work once; who may have one, and when, is ours to guard.

A room is found again by the id that we were given, else by an id of ours, the same in every replica: of two that make
it at once one wins, and the other is told so (409) and takes what is there. Whether a room has ended is in no answer;
only a change of it is refused then (404). So each launch begins with a change, and a room that refuses it is replaced
by one with another id of ours: whether an old one may be used again is not documented.

It refuses to delete (Videsk always answers 403) and to record: how a recording is fetched is not documented.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from bot.errors import RoomServiceError, RoomServiceNonsense, RoomServiceRefused
from bot.rooms.base import AccountCheck, Capabilities, Embed, Launch, LaunchRequest, NothingAfterwards
from bot.rooms.http import Answer, HttpClient, HttpDoor, Patience, Refusal, Timing
from bot.rooms.pace import Pace
from bot.rooms.videsk_rooms import (
    LARGEST_PAGE,
    LONGEST_ACCESS,
    LONGEST_NAME,
    PROVIDER,
    Authorization,
    NewRoom,
    RoomChanges,
    RoomFilters,
    RoomPage,
    RoomRecord,
    RoomSettings,
    parse_join,
    parse_page,
    parse_room_answer,
)
from storage.records import Record

API_URL = "https://api.videsk.io/"
SCRIPT_URL = "https://cdn.videsk.io/sdk/webrtc.esm.js"
"""What the page loads. A copy on a server of ours would be against their terms."""

CALLS_PER_SECOND = 18
"""Documented are 20, for the whole account: just under it, we never use up a second by ourselves and have to wait for
the next one, whose beginning is told in whole seconds only."""

MOST_REPLACEMENTS = 20
"""Of rooms of one lesson that ended one after the other; more is an account that refuses everything."""

_MOST_PAGES = 10_000


@dataclass(frozen=True, kw_only=True)
class _Wanted(Record):
    """The room that a launch needs."""

    base_id: str  # ours, before it is counted on
    name: str
    opens_at: datetime
    closes_at: datetime


class Videsk(NothingAfterwards):
    """The `RoomService` on Videsk's rooms.

    Built on the process's one client, which it does not close. `now` is lesson time, which a sandbox moves; machine
    time where it is left out. ValueError when `api_token` cannot be a token at all.
    """

    name: Final = "videsk"
    shown_name: Final = PROVIDER
    capabilities: Final = Capabilities(
        window=True,
        removal_at_end=True,
        close_room=True,
        own_page=True,
        room_ends=True,
        longest_window=LONGEST_ACCESS,
    )

    def __init__(
        self,
        client: HttpClient,
        *,
        api_token: str,
        api_url: str = API_URL,
        script_url: str = SCRIPT_URL,
        now: Callable[[], datetime] | None = None,
        patience: Patience | None = None,
        timing: Timing | None = None,
    ) -> None:
        api_token = api_token.strip()
        if not api_token or not api_token.isascii() or not api_token.isprintable() or " " in api_token:
            raise ValueError("a Videsk API token is printable ASCII text in one piece")
        timing = timing or Timing()
        self._script_url = script_url
        self._now = now or timing.now
        self._door = HttpDoor(
            client,
            provider=PROVIDER,
            base_url=api_url,
            headers={"Authorization": f"Bearer {api_token}"},
            patience=patience,
            timing=timing,
            explain=_explain,
        )
        self._pace = Pace(PROVIDER, per_second=CALLS_PER_SECOND, monotonic=timing.monotonic, sleep=timing.sleep)

    async def launch(self, request: LaunchRequest) -> Launch:
        """One participant's way in: a page of ours, with a token of their own. Repeating it makes another token."""
        wanted = _Wanted(
            base_id=_name_room(request),
            name=request.room_name.strip()[:LONGEST_NAME] or request.launch_id,
            opens_at=request.room_opens_at or request.opens_at,
            closes_at=request.room_closes_at or request.closes_at,
        )
        room = await self._find_usable(request.room_id, wanted) if request.room_id else None
        is_new = False
        if room is None:
            room, is_new = await self._make(wanted)
        # The token that comes with a new room is as good as any; a second one would only look like somebody more.
        token = room.access_token or await self.join_room(room.id)
        return Launch(
            embed=Embed(
                page=self.name,
                values={"accessToken": token, "alias": request.shown_name, "script": self._script_url},
            ),
            room_id=room.id,
            is_new_room=is_new,
            is_recorded=room.settings.recording_enabled if room.settings else None,
        )

    async def extend_room(self, room_id: str, *, closes_at: datetime) -> None:
        """The room stays open until then. One that has ended already stays so: who comes back to it gets another.

        Whether tokens that were given out last longer by it is not documented; who is put out comes in anew.
        """
        await self._unless_ended(room_id, RoomChanges(exp=closes_at))

    async def close_room(self, room_id: str, *, region: str | None = None) -> None:
        """Everybody is put out, for good. Of a room that has ended already, nothing."""
        await self._unless_ended(room_id, RoomChanges(ended=True))

    async def check_account(self) -> AccountCheck:
        """Is the token good? Whose it is, Videsk does not say. RoomServiceRefused when it is nobody's."""
        answer = await self._fetch("GET", "vpaas/rooms", query=RoomFilters(limit=1))
        parse_page(answer)
        return AccountCheck(organisation_id="", organisation_name=None, server_time=answer.server_time)

    async def fetch_page(self, filters: RoomFilters | None = None) -> RoomPage:
        """One page of the account's rooms, the newest first unless sorted otherwise."""
        return parse_page(await self._fetch("GET", "vpaas/rooms", query=filters or RoomFilters()))

    async def iterate_rooms(self, filters: RoomFilters | None = None) -> AsyncIterator[RoomRecord]:
        """All that the filters find, each once, page by page; the list may grow at its head while it is read."""
        filters = filters or RoomFilters()
        seen: set[str] = set()
        skip = filters.skip or 0
        for _ in range(_MOST_PAGES):
            page = await self.fetch_page(replace(filters, skip=skip, limit=filters.limit or LARGEST_PAGE))
            for room in page.data:
                if room.id not in seen:
                    seen.add(room.id)
                    yield room
            skip += len(page.data)
            if not page.data or skip >= page.total:
                return
        raise RoomServiceNonsense(PROVIDER, "total", "never comes to an end")

    async def fetch_room(self, room_id: str) -> RoomRecord:
        """One room, by its id or by ours. RoomServiceRefused, status 404: there is none. It gives no token (their
        diagram says otherwise than their examples)."""
        return parse_room_answer(await self._fetch("GET", _name_path(room_id)))

    async def fetch_authorizations(self, room_id: str) -> tuple[Authorization, ...]:
        """Who was let in, oldest first, as tokens and addresses: a cross-check of attendance, which is counted by us.

        Whether one is noted when a token is given out or when it is used is not documented.
        """
        return tuple(sorted((await self.fetch_room(room_id)).authorizations, key=lambda one: one.created_at))

    async def create_room(self, room: NewRoom) -> RoomRecord:
        """The new room, with a token. RoomServiceRefused, status 409: there is one by that id of ours already, maybe
        made by a try of this very call whose answer was lost."""
        body = room.build_body(now=self._now())
        return parse_room_answer(await self._fetch("POST", "vpaas/rooms", body=body))

    async def change_room(self, room_id: str, changes: RoomChanges) -> RoomRecord:
        """The room as it is after the change. RoomServiceRefused, status 404: there is none, or it has ended."""
        body = changes.build_body(now=self._now())
        return parse_room_answer(await self._fetch("PATCH", _name_path(room_id), body=body))

    async def join_room(self, room_id: str) -> str:
        """A token for one more to come in. It must not get into logs, addresses or messages."""
        return parse_join(await self._fetch("POST", f"{_name_path(room_id)}/join", body={}))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing of its own to close."""

    async def _make(self, wanted: _Wanted) -> tuple[RoomRecord, bool]:
        """The lesson's room, and whether it is new: somebody else may have made it in the meantime."""
        now = self._now()
        for number in range(1, MOST_REPLACEMENTS + 1):
            external_id = wanted.base_id if number == 1 else f"{wanted.base_id}.{number}"
            new = NewRoom(
                external_id=external_id,
                name=wanted.name,
                # What a beginning in the past means is not documented: now, then, is what they take by themselves.
                nbf=wanted.opens_at if wanted.opens_at > now else None,
                exp=wanted.closes_at,
                # No limit of people: it cannot be raised when somebody is added, and who reloads may count twice.
                settings=RoomSettings(recording_enabled=False),
            )
            try:
                return await self.create_room(new), True
            except RoomServiceRefused as error:
                if error.status != 409:
                    raise
            room = await self._find_usable(external_id, wanted)
            if room is not None:
                return room, False
        raise RoomServiceRefused(PROVIDER, "room: each one that is made has ended already", status=409)

    async def _find_usable(self, room_id: str, wanted: _Wanted) -> RoomRecord | None:
        """The room, open as long as it is wanted; None: it has ended, is not there, or cannot be open that long."""
        room = await self._unless_ended(room_id, RoomChanges(name=wanted.name))
        if room is None or room.ended or room.exp <= self._now():
            return None
        now = self._now()
        # Only ever wider: a launch that hears of an extension a moment late must not take it back.
        nbf = max(wanted.opens_at, now) if room.nbf > max(wanted.opens_at, now) else None
        exp = wanted.closes_at if wanted.closes_at > room.exp else None
        if nbf is None and exp is None:
            return room
        if (exp or room.exp) - (nbf or room.nbf) > LONGEST_ACCESS:
            return None  # the lesson has moved by days
        return await self._unless_ended(room.id, RoomChanges(nbf=nbf, exp=exp))

    async def _unless_ended(self, room_id: str, changes: RoomChanges) -> RoomRecord | None:
        """The changed room; None: it has ended, or never was."""
        try:
            return await self.change_room(room_id, changes)
        except RoomServiceRefused as error:
            if error.status == 404:
                return None
            raise

    async def _fetch(
        self,
        method: str,
        path: str,
        *,
        query: RoomFilters | None = None,
        body: dict[str, object] | None = None,
    ) -> Answer:
        return await self._door.fetch(
            method,
            path,
            what="room" if query is None else "rooms",
            query=query.build_query() if query else None,
            body=body,
            is_repeatable=True,  # a second token, a change made twice, a room known by our id: none does harm
            pace=self._pace,
        )


def _name_room(request: LaunchRequest) -> str:
    """Our id of the lesson's room. The hour is in it, so that a later lesson of the same place has its own."""
    opens_at = (request.room_opens_at or request.opens_at).astimezone(UTC)
    return f"{request.launch_id}.{opens_at:%Y%m%dT%H%M}"


def _name_path(room_id: str) -> str:
    return f"vpaas/rooms/{quote(room_id, safe='')}"


def _explain(refusal: Refusal) -> RoomServiceError:
    """A 403 may be the token's kind, or this machine's address: an account can list those that may make rooms."""
    detail = refusal.detail
    if refusal.status == 403:
        detail = f"{refusal.what}: not allowed with this token (it must be an api-token), or not from this address"
    return RoomServiceRefused(PROVIDER, detail, status=refusal.status)
