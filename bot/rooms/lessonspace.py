"""Lessonspace (thelessonspace.com), version 2 of its API: asks for each participant's way in, and reads who came.

It refuses to guess: a launch without link, room or secret is an error and not half a launch, and sessions that cannot
be read whole are an error and not a shorter list, since a missing entry would make somebody absent who was there.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote, urlsplit

from bot.errors import RoomServiceNonsense, RoomServiceRefused
from bot.rooms.answers import Fields, list_fields, read_fields
from bot.rooms.base import (
    AccountCheck,
    Capabilities,
    Happening,
    Launch,
    LaunchRequest,
    LiveSession,
    NothingAfterwards,
    Session,
    SessionEvent,
)
from bot.rooms.http import Answer, HttpClient, HttpDoor, Patience, Timing
from bot.rooms.pace import Pace
from storage.records import Role

Listed = TypeVar("Listed", Session, LiveSession)

API_URL = "https://api.thelessonspace.com/v2/"

LONGEST_WINDOW = timedelta(days=7)
"""A link dies at the latest seven days after it was made (their page on link expiry)."""

LOCALES = ("en", "fr", "it", "pl")

LIMITED_PER_SECOND = 4
"""On the endpoints marked as limited, for the whole key. Their page on keys says "about 5 a second": just under it, the
network's jitter does not put us over."""

_MOST_PAGES = 50
"""Of one room's sessions in some days, or of all that run now; more is a list that never ends."""

_SPELLINGS: Final[Mapping[str, str]] = {
    "invite": "people.invite",
    "chat": "chat.enabled",
    "fullscreen": "options.fullscreen",
    "emojis": "reactions.emojis",
    "importZip": "import.zip",
    "profanityFilter": "options.profanityFilter",
}
"""Older name and newer name of the same feature. Both are sent: the one that is not known there is dropped silently."""

_FEATURES = (
    *_SPELLINGS,
    *("timer", "participants", "tabContextMenu", "importPdf", "exportZip", "tabDownload", "endSession"),
    *("hideTabbar", "hideToolbar"),
    *("apps.enabled", "av.enabled", "av.screenShare", "av.publishing", "breakouts.enabled"),
)

_PEOPLE = (("profiles", "user", ""), ("guests", "uuid", "guest:"))
"""Where a session lists people: the list, what tells them apart in it, and how we mark that."""

_HAPPENINGS = {
    "user-joined": Happening.JOINED,
    "user-left": Happening.LEFT,
    "user-idled": Happening.IDLED,
}


class Lessonspace(NothingAfterwards):
    """The `RoomService` on Lessonspace's API, version 2.

    Built on the process's one client, which it does not close. ValueError when `api_key` cannot be a key at all.
    """

    name: Final = "lessonspace"
    shown_name: Final = "Lessonspace"
    capabilities: Final = Capabilities(
        single_use=True,
        window=True,
        removal_at_end=True,
        soft_prompt=True,
        webhooks=True,
        attendance=True,
        recording=True,
        transcript=True,
        longest_window=LONGEST_WINDOW,
        languages=LOCALES,
        features=_FEATURES,
    )

    def __init__(
        self,
        client: HttpClient,
        *,
        api_key: str,
        api_url: str = API_URL,
        launches_per_second: float | None = None,
        patience: Patience | None = None,
        timing: Timing | None = None,
    ) -> None:
        api_key = api_key.strip()
        if not api_key or not api_key.isascii() or not api_key.isprintable():
            raise ValueError("a Lessonspace API key is printable ASCII text")
        timing = timing or Timing()
        self._door = HttpDoor(
            client,
            provider=self.shown_name,
            base_url=api_url,
            headers={"Authorization": f"Organisation {api_key}"},  # British spelling, and not Bearer
            patience=patience,
            timing=timing,
        )
        # Launches have no documented rate: unless one is set, nothing holds them back until a 429 does, and then all.
        self._launches = self._build_pace(launches_per_second, timing)
        self._limited = self._build_pace(LIMITED_PER_SECOND, timing)
        self._organisation_id: str | None = None
        self._asks_organisation = asyncio.Lock()

    async def launch(self, request: LaunchRequest) -> Launch:
        """One participant's way in. Repeated when the answer is lost: it only makes another link."""
        answer = await self._door.fetch(
            "POST",
            "spaces/launch/",
            what="launch",
            body=build_launch_body(request),
            is_repeatable=True,
            pace=self._launches,
        )
        return parse_launch(answer)

    async def list_sessions(self, room_id: str, *, overlaps_from: datetime, overlaps_until: datetime) -> list[Session]:
        """Sessions that overlap, oldest first, solo ones too. RoomServiceNonsense rather than a part of them."""
        found = await self._read_list(
            f"spaces/{quote(room_id, safe='')}/sessions/",
            {
                "include_single_user": "true",
                # A second more, since what is sent is cut to the second; the exact judgement is ours.
                "start_time_before": _format_moment(overlaps_until + timedelta(seconds=1)),
                # Never a filter on the end: a running session has none, and would be lost. Nobody can come in later
                # than a link lives, so what began longer ago than that is none of this lesson's.
                "start_time_after": _format_moment(overlaps_from - LONGEST_WINDOW),
            },
            parse_session,
        )
        overlapping = [s for s in found if _overlaps(s, overlaps_from, overlaps_until)]
        return sorted(overlapping, key=lambda session: (session.started_at, session.session_id))

    async def list_live_sessions(self) -> list[LiveSession]:
        """All that run, in one list, oldest first, solo ones too. RoomServiceNonsense rather than a part of them."""
        organisation_id = await self._find_organisation()
        running = await self._read_list(
            f"organisations/{quote(organisation_id, safe='')}/sessions/",
            {"in_progress_only": "true", "include_single_user": "true"},
            parse_live_session,
        )
        return sorted(running, key=lambda session: (session.started_at, session.session_id))

    async def close_room(self, room_id: str) -> None:
        """Lessonspace has no way to: RoomServiceRefused."""
        raise RoomServiceRefused(self.name, "cannot close a room")

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
        fields = read_fields(answer.body, provider=self.shown_name, what="organisation")
        organisation_id = fields.find_count("id")
        if organisation_id is None:
            raise fields.complain("id", "is not a whole number")
        self._organisation_id = str(organisation_id)
        return AccountCheck(
            organisation_id=self._organisation_id,
            organisation_name=fields.find_text("name"),
            server_time=answer.server_time,
        )

    async def _find_organisation(self) -> str:
        """Whose key this is, asked once: a key belongs to one organisation for good."""
        async with self._asks_organisation:
            return self._organisation_id or (await self._fetch_organisation()).organisation_id

    async def _read_list(self, path: str, query: Mapping[str, str], parse: Callable[[Fields], Listed]) -> list[Listed]:
        """Every page of a list of sessions, each session once."""
        answer = await self._fetch_sessions(path, query)
        found: dict[str, Listed] = {}
        seen_pages: set[str] = set()
        while True:
            items, next_page = _parse_page(answer)
            # By id, the later one wins: a page may repeat an entry when the list moved while we read.
            found |= {session.session_id: session for session in map(parse, items)}
            if next_page is None:
                return list(found.values())
            if next_page in seen_pages or len(seen_pages) >= _MOST_PAGES:
                raise RoomServiceNonsense(self.shown_name, "next", "never comes to an end")
            seen_pages.add(next_page)
            answer = await self._fetch_sessions(next_page, None)

    async def _fetch_sessions(self, path: str, query: Mapping[str, str] | None) -> Answer:
        return await self._door.fetch("GET", path, what="sessions", query=query, is_repeatable=True, pace=self._limited)

    def _build_pace(self, per_second: float | None, timing: Timing) -> Pace:
        return Pace(self.shown_name, per_second=per_second, monotonic=timing.monotonic, sleep=timing.sleep)


def build_launch_body(request: LaunchRequest) -> dict[str, object]:
    """The body of a launch, complete: what is left out would fall to the organisation's defaults."""
    body: dict[str, object] = {
        "id": request.launch_id,
        # False: whoever has the room's address would otherwise come in around every link.
        "allow_guests": False,
        "record_av": request.records,
        "record_content": request.records,
        # Switched off again by a later launch that leaves it out.
        "transcribe": request.transcribes,
        "user": _build_user(request),
        "timeouts": {
            "not_before": _format_moment(request.opens_at),
            "not_after": _format_moment(request.closes_at),
        },
    }
    if request.room_name.strip():
        body["name"] = request.room_name  # a blank one is kept as blank; left out, it is the id
    locale = (request.language or "").replace("_", "-").partition("-")[0].lower()
    if locale in LOCALES:
        body["locale"] = locale
    if features := _build_features(request):
        body["features"] = features
    return body


def _build_user(request: LaunchRequest) -> dict[str, object]:
    user: dict[str, object] = {
        "id": request.person_key,
        "name": request.shown_name,
        "role": "teacher" if request.role is Role.LEADER else "student",
        "leader": request.is_leader,
        "single_use": request.is_single_use,
    }
    parameters: dict[str, object] = {}
    if request.leaves_at_close:
        parameters["kickOnExp"] = True
    if request.is_leader and request.warns_at is not None:
        parameters["softExp"] = int(request.warns_at.timestamp())  # UNIX seconds, unlike the window's two ends
    if parameters:
        user["custom_jwt_parameters"] = parameters
    return user


def _build_features(request: LaunchRequest) -> dict[str, bool]:
    """Per link. Only leaders may invite unless asked otherwise: an invitation's address is nobody's own."""
    wanted = {name: is_on for name, is_on in request.features.items() if name in _FEATURES}
    if not request.is_leader:
        wanted.setdefault("invite", False)
    return wanted | {_SPELLINGS[name]: is_on for name, is_on in wanted.items() if name in _SPELLINGS}


def parse_launch(answer: Answer) -> Launch:
    """The way in. RoomServiceNonsense naming the field when link, room or secret are not what they should be."""
    fields = read_fields(answer.body, provider=Lessonspace.shown_name, what="launch")
    url = fields.get_text("client_url")
    if not _is_safe_link(url):
        raise fields.complain("client_url", "is not an https address")
    settings = fields.find_fields("room_settings")
    return Launch(
        url=url,
        room_id=fields.get_text("room_id"),
        room_secret=fields.get_text("secret"),
        session_id=fields.find_text("session_id"),
        provider_user_id=fields.find_id("user_id"),
        is_new_room={201: True, 200: False}.get(answer.status),
        is_recorded=_judge_recording(settings) if settings else None,
        is_transcribed=settings.find_flag("transcribe") if settings else None,
    )


def _judge_recording(settings: Fields) -> bool | None:
    """True if picture, sound or content is recorded; False only when both are told to be off."""
    told = (settings.find_flag("record_av"), settings.find_flag("record_content"))
    if True in told:
        return True
    return None if None in told else False


def _is_safe_link(url: str) -> bool:
    """Something we would let a child press: https, or plain http on this very machine (a stand-in)."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not host or url.split() != [url]:  # white space anywhere in it
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parse_page(answer: Answer) -> tuple[list[Fields], str | None]:
    """One page's entries, and the address of the next. An envelope by most accounts, a bare list by one."""
    provider = Lessonspace.shown_name
    if isinstance(answer.body, list):
        return list(list_fields(answer.body, provider=provider, path="sessions")), None
    fields = read_fields(answer.body, provider=provider, what="sessions")
    if fields.values.get("next") is not None:
        fields.get_text("next")
    return list(fields.list_fields("results")), fields.find_text("next")


def parse_session(fields: Fields) -> Session:
    """One session with its log in the order of time. RoomServiceNonsense names what cannot be read."""
    billable_seconds = fields.find_count("billable_seconds")
    events = [_parse_event(entry) for entry in fields.list_fields("logs")]
    return Session(
        session_id=fields.get_text("uuid"),
        started_at=fields.get_moment("start_time"),
        ended_at=fields.find_moment("end_time"),
        events=tuple(sorted(events, key=lambda event: event.at)),
        names=_parse_names(fields),
        billable=None if billable_seconds is None else timedelta(seconds=billable_seconds),
        has_recording=fields.find_text("playback_url") is not None,
    )


def parse_live_session(fields: Fields) -> LiveSession:
    """One entry of the organisation's list. Who was there only tells that something changed: told or not, no error.

    `space` is documented for a single session only; where a list has it, it is the room's id.
    """
    space = fields.find_fields("space")
    return LiveSession(
        session_id=fields.get_text("uuid"),
        room_id=space.find_text("slug") if space else None,
        started_at=fields.get_moment("start_time"),
        who=frozenset(_list_who(fields)),
    )


def _list_who(fields: Fields) -> Iterator[str]:
    for list_name, id_name, prefix in _PEOPLE:
        if isinstance(fields.values.get(list_name), list):
            yield from (prefix + key for person in fields.list_fields(list_name) if (key := person.find_id(id_name)))


def _parse_event(entry: Fields) -> SessionEvent:
    guest = entry.find_id("guest_uuid")
    return SessionEvent(
        id=entry.get_id("id"),
        happening=_HAPPENINGS.get(entry.get_text("log_type"), Happening.OTHER),
        # Empty for what concerns nobody in particular, such as the whole session falling idle.
        who=entry.find_id("profile") or (f"guest:{guest}" if guest else ""),
        connection=entry.find_id("user_socket_id"),
        at=entry.get_moment("date"),
    )


def _parse_names(fields: Fields) -> dict[str, str]:
    """Names by `who`. They only dress up what the log says, so a missing one is no error."""
    names: dict[str, str] = {}
    for list_name, id_name, prefix in _PEOPLE:
        if not isinstance(fields.values.get(list_name), list):
            continue
        for person in fields.list_fields(list_name):
            key, name = person.find_id(id_name), person.find_text("name")
            if key and name:
                names[prefix + key] = name
    return names


def _overlaps(session: Session, start: datetime, end: datetime) -> bool:
    return session.started_at < end and (session.ended_at is None or session.ended_at > start)


def _format_moment(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second, with Z: what a stamp without an offset means there is not documented."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
