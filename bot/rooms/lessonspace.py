"""Lessonspace (thelessonspace.com), version 2 of its API: every documented call, and the `RoomService` on top of them.

It refuses to guess: a launch without link, room or secret is an error and not half a launch, and sessions that cannot
be read whole are an error and not a shorter list, since a missing entry would make somebody absent who was there.
What is sent and what comes back is in the modules beside this one.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote, urlsplit

from bot.errors import RoomServiceNonsense, RoomServiceRefused
from bot.rooms.addresses import is_loopback
from bot.rooms.answers import Fields, read_fields
from bot.rooms.base import (
    AccountCheck,
    Audience,
    Capabilities,
    Incoming,
    Launch,
    LaunchRequest,
    Line,
    LiveSession,
    NothingAfterwards,
    Report,
    Session,
)
from bot.rooms.http import Answer, HttpClient, HttpDoor, Patience, Timing
from bot.rooms.lessonspace_answers import (
    build_launch,
    parse_held_session,
    parse_launch,
    parse_live_session,
    parse_recording_address,
    parse_session,
    parse_space,
    parse_transcript,
    parse_transcript_address,
    parse_user,
)
from bot.rooms.lessonspace_body import FEATURES, LOCALES
from bot.rooms.lessonspace_launch import LONGEST_WINDOW, build_launch_body, build_webhooks, find_option_problems
from bot.rooms.lessonspace_lists import Query, SessionFilters, SpaceFilters, UserFilters
from bot.rooms.lessonspace_pages import iterate, read_whole
from bot.rooms.lessonspace_records import PROVIDER, SessionRecord, SpaceRecord, UserRecord
from bot.rooms.lessonspace_webhooks import open_webhook, read_webhook
from bot.rooms.pace import Pace

T = TypeVar("T")

API_URL = "https://api.thelessonspace.com/v2/"

LIMITED_PER_SECOND = 4
"""On the endpoints marked as limited, for the whole key. Their page on keys says "about 5 a second": just under it, the
network's jitter does not put us over."""


class Lessonspace(NothingAfterwards):
    """The `RoomService` on Lessonspace's API, version 2.

    Built on the process's one client, which it does not close. ValueError when `api_key` cannot be a key at all, or
    `more_reports` (groups of webhooks beyond those that a lesson needs: chat, cobrowser, knock) names one that is none.
    """

    name: Final = "lessonspace"
    shown_name: Final = PROVIDER
    capabilities: Final = Capabilities(
        single_use=True,
        window=True,
        removal_at_end=True,
        soft_prompt=True,
        webhooks=True,
        attendance=True,
        recording=True,
        transcript=True,
        forgetting=True,
        launch_options=True,
        shortest_transcript=timedelta(seconds=150),  # the newer documents say 300: the one that promises more holds
        longest_window=LONGEST_WINDOW,
        languages=LOCALES,
        features=FEATURES,
    )

    def __init__(
        self,
        client: HttpClient,
        *,
        api_key: str,
        api_url: str = API_URL,
        launches_per_second: float | None = None,
        more_reports: Collection[str] = (),
        patience: Patience | None = None,
        timing: Timing | None = None,
    ) -> None:
        api_key = api_key.strip()
        if not api_key or not api_key.isascii() or not api_key.isprintable():
            raise ValueError("a Lessonspace API key is printable ASCII text")
        build_webhooks("", more_reports=more_reports)
        self._client = client
        self._is_stand_in = is_loopback(urlsplit(api_url).hostname or "")
        self._patience = patience
        self._timing = timing or Timing()
        self._more_reports = frozenset(more_reports)
        self._door = HttpDoor(
            client,
            provider=PROVIDER,
            base_url=api_url,
            headers={"Authorization": f"Organisation {api_key}"},  # British spelling, and not Bearer
            patience=patience,
            timing=self._timing,
        )
        # Launches have no documented rate: unless one is set, nothing holds them back until a 429 does, and then all.
        self._launches = self._build_pace(launches_per_second)
        self._limited = self._build_pace(LIMITED_PER_SECOND)
        self._organisation_id: str | None = None
        self._asks_organisation = asyncio.Lock()

    async def launch(self, request: LaunchRequest) -> Launch:
        """One participant's way in. Repeated when the answer is lost: it only makes another link."""
        answer = await self._door.fetch(
            "POST",
            "spaces/launch/",
            what="launch",
            headers=_build_visitor_headers(request.visitor_address),
            body=build_launch_body(request, more_reports=self._more_reports),
            is_repeatable=True,
            pace=self._launches,
        )
        return build_launch(parse_launch(answer), status=answer.status)

    async def list_sessions(self, room_id: str, *, overlaps_from: datetime, overlaps_until: datetime) -> list[Session]:
        """Sessions that overlap, oldest first, solo ones too. RoomServiceNonsense rather than a part of them."""
        # Never a filter on the end: a running session has none, and would be lost. Nobody can come in later than a
        # link lives, so what began longer ago than that is none of this lesson's. The exact judgement is ours.
        filters = SessionFilters(start_time_before=overlaps_until, start_time_after=overlaps_from - LONGEST_WINDOW)
        found = await self._read_sessions(_name_space_sessions(room_id), filters, parse_held_session)
        overlapping = [session for session in found if _overlaps(session, overlaps_from, overlaps_until)]
        return sorted(overlapping, key=lambda session: (session.started_at, session.session_id))

    async def list_live_sessions(self) -> list[LiveSession]:
        """All that run, in one list, oldest first, solo ones too. RoomServiceNonsense rather than a part of them."""
        filters = SessionFilters(in_progress_only=True)
        running = await self._read_sessions(await self._name_path("sessions/"), filters, parse_live_session)
        return sorted(running, key=lambda session: (session.started_at, session.session_id))

    async def iterate_sessions(self, filters: SessionFilters | None = None) -> AsyncIterator[SessionRecord]:
        """The organisation's sessions, in the service's order (newest first, by all we have seen), page by page."""
        path, query = await self._name_path("sessions/"), (filters or SessionFilters()).build_query()
        async with aclosing(self._iterate_sessions(path, query)) as found:
            async for session in found:
                yield session

    async def iterate_space_sessions(
        self, space_id: str, filters: SessionFilters | None = None
    ) -> AsyncIterator[SessionRecord]:
        """One room's sessions with their logs, in the service's order. ValueError: filtered by space, it cannot be."""
        filters = filters or SessionFilters()
        if filters.space:
            raise ValueError("a space's own sessions have no filter for spaces")
        path, query = _name_space_sessions(space_id), filters.build_query()
        async with aclosing(self._iterate_sessions(path, query)) as found:
            async for session in found:
                yield session

    async def iterate_spaces(self, filters: SpaceFilters | None = None) -> AsyncIterator[SpaceRecord]:
        """The organisation's spaces, in the service's order."""
        path, query = await self._name_path("spaces/"), (filters or SpaceFilters()).build_query()
        async with aclosing(iterate(self._door, path, query, what="spaces", parse=parse_space)) as found:
            async for space in found:
                yield space

    async def iterate_users(self, filters: UserFilters | None = None) -> AsyncIterator[UserRecord]:
        """The organisation's users, in the service's order."""
        path, query = await self._name_path("users/"), (filters or UserFilters()).build_query()
        async with aclosing(iterate(self._door, path, query, what="users", parse=parse_user)) as found:
            async for user in found:
                yield user

    async def fetch_session(self, session_id: str) -> SessionRecord:
        """One session with its space. RoomServiceRefused, status 404: there is no such session."""
        answer = await self._fetch_limited("GET", await self._name_session(session_id), what="session")
        fields = read_fields(answer.body, provider=PROVIDER, what="session")
        if fields.find_fields("space") is None:
            raise fields.complain("space", "is missing")
        return parse_session(fields)

    async def change_session(
        self, session_id: str, *, name: str, audiences: Sequence[Audience] | None = None
    ) -> SessionRecord:
        """The session as it is after the change: its name, and who may watch (empty: as the organisation has it; None:
        left alone). Its own answer holds no more than what was changed, so the session is read after it."""
        await self.settle_session(session_id, name=name, audiences=audiences)
        return await self.fetch_session(session_id)

    async def settle_session(self, session_id: str, *, name: str, audiences: Sequence[Audience] | None) -> None:
        """As `change_session`, without reading it again. RoomServiceRefused when the name is blank: it is needed."""
        if not name.strip():
            raise RoomServiceRefused(PROVIDER, "session: a session needs a name")
        body: dict[str, object] = {"name": name}
        if audiences is not None:
            body["recording_access_policy"] = [audience.value for audience in dict.fromkeys(audiences)]
        path = await self._name_session(session_id)
        answer = await self._fetch_limited("PATCH", path, what="session", body=body)
        read_fields(answer.body, provider=PROVIDER, what="session").get_text("name")

    async def fetch_transcript(self, session_id: str) -> tuple[Line, ...] | None:
        """What was said, in the order of time; None: not ready yet, or never."""
        address = await self.fetch_transcript_address(session_id)
        if address is None:
            return None
        return parse_transcript(
            await self._open_foreign(address).fetch("GET", address, what="transcript file", is_repeatable=True)
        )

    async def fetch_transcript_address(self, session_id: str) -> str | None:
        """Where the transcript lies for some hours, for anybody who holds the address; None: not ready, or never."""
        path = await self._name_session(session_id)
        answer = await _unless_missing(self._fetch_limited("GET", f"{path}transcript/", what="transcript"))
        address = parse_transcript_address(answer) if answer else None
        if address and is_loopback(urlsplit(address).hostname or "") and not self._is_stand_in:
            # We go there ourselves: nobody outside may send us to what listens on this machine only.
            raise RoomServiceNonsense(PROVIDER, "transcript", "leads to this machine")
        return address

    async def fetch_recording(self, session_id: str) -> str | None:
        """A fresh address to watch the recording at, for anybody who holds it; None: there is none, or not yet."""
        answer = await self._find_playback(f"sessions/{_quote(session_id)}/")
        # The reference has the first path; newer clients ask at the second (seen 2025), which it does not mention.
        if answer is None:
            answer = await self._find_playback(await self._name_session(session_id))
        return parse_recording_address(answer) if answer else None

    async def delete_user(self, user_id: str) -> bool:
        """Have somebody taken out of the organisation. False: it does not know them. What becomes of links they still
        have is not documented."""
        path = await self._name_path(f"users/{_quote(user_id)}/")
        return await _unless_missing(self._door.fetch("DELETE", path, what="user", is_repeatable=True)) is not None

    async def forget_person(self, provider_user_id: str) -> bool:
        """As `delete_user`. Their name stays in sessions that were, as far as we know."""
        return await self.delete_user(provider_user_id)

    async def close_room(self, room_id: str, *, region: str | None = None) -> None:
        """Lessonspace has no way to: RoomServiceRefused."""
        raise RoomServiceRefused(self.name, "cannot close a room")

    def find_option_problems(self, options: Mapping[str, object]) -> dict[str, str]:
        """What is wrong with launch options, common ones and each role's, by path; as the end of a sentence."""
        return find_option_problems(options)

    def open_webhook(self, headers: Mapping[str, str]) -> Incoming | None:
        """What a delivery says it is; None: nothing that can be one."""
        return open_webhook(headers)

    def read_webhook(self, headers: Mapping[str, str], body: bytes, *, secret: str, received_at: datetime) -> Report:
        """The verified report. WebhookForged, or RoomServiceNonsense when it is genuine but unreadable."""
        return read_webhook(headers, body, secret=secret, received_at=received_at)

    async def check_account(self) -> AccountCheck:
        """Whose key this is. RoomServiceRefused when it is nobody's."""
        await self._door.fetch("GET", "hello/", what="hello", is_repeatable=True)
        return await self._fetch_organisation()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing of its own to close."""

    async def _fetch_organisation(self) -> AccountCheck:
        answer = await self._door.fetch("GET", "my-organisation/", what="organisation", is_repeatable=True)
        fields = read_fields(answer.body, provider=PROVIDER, what="organisation")
        organisation_id = fields.find_count("id")
        if organisation_id is None:
            raise fields.complain("id", "is not a whole number")
        self._organisation_id = str(organisation_id)
        return AccountCheck(
            organisation_id=self._organisation_id,
            organisation_name=fields.find_text("name"),
            server_time=answer.server_time,
        )

    async def _name_path(self, rest: str) -> str:
        """An address of the organisation's. Whose key this is, is asked once: it belongs to one organisation."""
        async with self._asks_organisation:
            own_id = self._organisation_id or (await self._fetch_organisation()).organisation_id
        return f"organisations/{_quote(own_id)}/{rest}"

    async def _name_session(self, session_id: str) -> str:
        return await self._name_path(f"sessions/{_quote(session_id)}/")

    async def _read_sessions(self, path: str, filters: SessionFilters, parse: Callable[[Fields], T]) -> list[T]:
        query = filters.build_query()
        return await read_whole(self._door, path, query, what="sessions", parse=parse, pace=self._limited)

    def _iterate_sessions(self, path: str, query: Query) -> AsyncGenerator[SessionRecord]:
        return iterate(self._door, path, query, what="sessions", parse=parse_session, pace=self._limited)

    async def _fetch_limited(
        self, method: str, path: str, *, what: str, body: Mapping[str, object] | None = None
    ) -> Answer:
        """One of the calls that are counted. None of them does harm when it is done twice."""
        return await self._door.fetch(method, path, what=what, body=body, is_repeatable=True, pace=self._limited)

    async def _find_playback(self, session: str) -> Answer | None:
        return await _unless_missing(
            self._door.fetch("GET", f"{session}playback/", what="recording", is_repeatable=True)
        )

    def _open_foreign(self, address: str) -> HttpDoor:
        """The way to a server that is not Lessonspace's API: our key stays here. The address is one that was judged."""
        parts = urlsplit(address)
        return HttpDoor(
            self._client,
            provider=PROVIDER,
            base_url=f"{parts.scheme}://{parts.netloc}/",
            headers={},
            patience=self._patience,
            timing=self._timing,
        )

    def _build_pace(self, per_second: float | None) -> Pace:
        return Pace(PROVIDER, per_second=per_second, monotonic=self._timing.monotonic, sleep=self._timing.sleep)


async def _unless_missing(asked: Awaitable[Answer]) -> Answer | None:
    """The answer; None for a 404."""
    try:
        return await asked
    except RoomServiceRefused as error:
        if error.status == 404:
            return None
        raise


def _build_visitor_headers(address: str | None) -> dict[str, str]:
    """So that a space is made near whoever comes in, and not near us. What is no address is not passed on."""
    try:
        return {"X-Forwarded-For": str(ipaddress.ip_address(address))} if address else {}
    except ValueError:
        return {}


def _name_space_sessions(room_id: str) -> str:
    return f"spaces/{_quote(room_id)}/sessions/"


def _quote(name: str) -> str:
    return quote(name, safe="")


def _overlaps(session: Session, start: datetime, end: datetime) -> bool:
    return session.started_at < end and (session.ended_at is None or session.ended_at > start)
