"""The door that every room service stands behind. The domain asks capabilities, never names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from bot.errors import RoomServiceRefused, WebhookForged
from storage.records import Record, Role


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a service enforces or offers by itself."""

    single_use: bool = False
    window: bool = False
    removal_at_end: bool = False
    soft_prompt: bool = False
    webhooks: bool = False  # reports by itself, signed; news between two readings of its record, so with `attendance`
    attendance: bool = False
    recording: bool = False
    transcript: bool = False
    shortest_transcript: timedelta = timedelta(0)  # of a shorter session there is never a transcript
    revocation: bool = False
    forgetting: bool = False  # erases one person when asked
    close_room: bool = False
    presence: bool = False  # tells who is inside now, though not who was
    shared_address: bool = False  # the last step is one address for everybody
    own_page: bool = False  # its rooms run inside a page of ours
    room_ends: bool = False  # a room has an end of its own, which `extend_room` puts off
    max_participants: int | None = None
    launch_options: bool = False  # takes a workspace's own, in its words
    longest_window: timedelta | None = None  # from the launch to `closes_at`
    languages: tuple[str, ...] = ()  # locales its rooms speak
    features: tuple[str, ...] = ()  # what can be switched per link, by the service's own names

    @property
    def is_direct(self) -> bool:
        """Its own links can be sent as they are: it enforces single use and window itself."""
        return self.single_use and self.window


@dataclass(frozen=True, kw_only=True)
class LaunchRequest(Record):
    """One participant's way in, as asked for."""

    launch_id: str  # the room, by our name for it; at most 64 characters
    room_name: str
    person_key: str  # opaque, ours; the same person always has the same
    shown_name: str
    role: Role
    is_leader: bool
    opens_at: datetime
    closes_at: datetime
    warns_at: datetime | None  # soft expiry; only for leaders
    leaves_at_close: bool  # put out at `closes_at`
    is_single_use: bool = True
    records: bool = False
    transcribes: bool = False
    language: str | None = None
    features: dict[str, bool] = field(default_factory=dict)
    room_id: str | None = None  # the provider's, where it is known; None: the room is to be made
    room_region: str | None = None  # where that room is, as its launches told it
    room_opens_at: datetime | None = None  # the widest window of all who have a place
    room_closes_at: datetime | None = None
    seats: int | None = None  # how many have a place
    tags: dict[str, str] = field(default_factory=dict)  # put on the session; `LESSON_TAG` carries the lesson's id
    webhook_url: str | None = field(default=None, repr=False)  # where the room reports, the same for all of a room
    options: dict[str, object] = field(default_factory=dict, repr=False)  # the workspace's own, in the service's words
    visitor_address: str | None = field(default=None, repr=False)  # of who will come in, where it is known
    email: str | None = field(default=None, repr=False)  # theirs; None: not told, as without a setting that says so
    picture_url: str | None = field(default=None, repr=False)  # likewise


LESSON_TAG = "hallpass_lesson"
"""The session tag under which a launch carries the lesson's id."""


@dataclass(frozen=True, kw_only=True)
class Embed:
    """A way in that a page of ours runs in the browser: which one, and what its script is given. Never in a URL."""

    page: str  # as the service is named
    values: dict[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Launch:
    """One participant's way in, as given: an address or a page of ours.

    Addresses, a page's values and `room_secret` are never logged; repr leaves them out.
    """

    url: str = field(default="", repr=False)  # empty: `embed` is set
    embed: Embed | None = None
    room_id: str  # stored and traced as it is: it must not open the room by itself
    room_region: str | None = None  # where the room is, for a service that finds it only there
    room_secret: str | None = field(default=None, repr=False)
    session_id: str | None = None
    provider_user_id: str | None = None
    is_new_room: bool | None = None
    is_recorded: bool | None = None  # what the room's settings say after this launch; None: not told
    is_transcribed: bool | None = None


class Happening(StrEnum):
    """What an entry in a session's log says."""

    JOINED = "joined"
    LEFT = "left"
    IDLED = "idled"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class SessionEvent(Record):
    """One entry of a session's log."""

    id: str  # the provider's, unique in its session
    happening: Happening
    who: str  # provider_user_id, or "guest:<id>"
    connection: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Session(Record):
    """One meeting as the provider reports it. `ended_at` None: it is running."""

    session_id: str
    started_at: datetime
    ended_at: datetime | None
    events: tuple[SessionEvent, ...] = ()
    names: dict[str, str] = field(default_factory=dict)  # shown names by `who`
    billable: timedelta | None = None
    has_recording: bool = False
    tags: dict[str, str] = field(default_factory=dict)  # as launched; empty: none, or not told
    summary: str | None = None  # the service's own text about it, once there is one


@dataclass(frozen=True, kw_only=True)
class LiveSession(Record):
    """One running session, as the list of the whole account shows it: enough to see that something changed.

    Who left again may still be in `who`; only the room's own sessions, with their logs, tell that.
    """

    session_id: str
    room_id: str | None  # None: the list does not say whose room it is
    started_at: datetime
    who: frozenset[str]  # provider_user_id, or "guest:<id>": everybody who was there so far


@dataclass(frozen=True, kw_only=True)
class Present:
    """Somebody who is inside now."""

    connection: str  # the provider's; another one each time they come in
    shown_name: str
    is_owner: bool = False  # the room's owner at the provider, which is us


class Reported(StrEnum):
    """What a room service may report by itself, by webhook."""

    SESSION_STARTED = "session_started"
    SESSION_IDLED = "session_idled"
    SESSION_ENDED = "session_ended"
    JOINED = "joined"
    IDLED = "idled"
    LEFT = "left"
    TRANSCRIPT_READY = "transcript_ready"
    SUMMARY_READY = "summary_ready"
    OTHER = "other"  # nothing that we act on


@dataclass(frozen=True, kw_only=True)
class Report(Record):
    """One thing that a room service reported, verified. What it did not say is None."""

    kind: Reported
    at: datetime  # of the event; where it is not told, of the delivery
    room_id: str | None = None
    session_id: str | None = None
    who: str | None = None  # provider_user_id, our person_key, or "guest:<id>": the documents disagree
    shown_name: str = ""
    summary: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A webhook's delivery as it came: its id, what it says it is, when it happened; nothing of it is verified."""

    delivery_id: str
    event: str
    at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """Something said in a session. Times count from the session's start."""

    starts: timedelta
    ends: timedelta
    speaker: str  # as the service shows them
    who: str | None  # provider_user_id
    text: str = field(repr=False)
    breakout: str | None = None  # the side room it was said in; None: the room itself, or not told


class Audience(StrEnum):
    """Who may open a recording at the provider, in its words."""

    PARTICIPANT = "participant"
    ADMIN = "admin"
    TEACHER = "teacher"
    STUDENT = "student"
    PUBLIC = "public"


@dataclass(frozen=True, kw_only=True)
class AccountCheck(Record):
    """Who the provider says we are, for `doctor` and the start."""

    organisation_id: str
    organisation_name: str | None
    server_time: datetime | None  # from the Date header, for the clock check


class RoomService(Protocol):
    """A room service. Errors are RoomServiceError's branches; nothing else gets out.

    Safe to use from many tasks at once. Closed by leaving the `async with`.
    """

    @property
    def name(self) -> str:
        """As in settings: "lessonspace"."""
        ...

    @property
    def shown_name(self) -> str:
        """As people read it: "Lessonspace"."""
        ...

    @property
    def capabilities(self) -> Capabilities: ...

    async def launch(self, request: LaunchRequest) -> Launch:
        """Ask for one participant's way in. Repeating it is harmless: it makes another link for the same person."""
        ...

    async def list_sessions(self, room_id: str, *, overlaps_from: datetime, overlaps_until: datetime) -> list[Session]:
        """Sessions of the room that overlap `[overlaps_from, overlaps_until)`, solo ones too, oldest first, with
        their logs."""
        ...

    async def list_live_sessions(self) -> list[LiveSession]:
        """Every session of the account that runs now, solo ones too, oldest first; without their logs."""
        ...

    async def close_room(self, room_id: str, *, region: str | None = None) -> None:
        """Put everybody out of the room, now; closing it twice is harmless. Only where `capabilities.close_room`.

        `region`: where the room is, as its launches told it.
        A later launch for it opens it again, or makes another: then `Launch.room_id` is new.
        """
        ...

    async def extend_room(self, room_id: str, *, closes_at: datetime) -> None:
        """Keep the room itself open until then, where it has an end of its own; elsewhere nothing."""
        ...

    async def list_present(self, room_id: str) -> list[Present]:
        """Who is inside now. Only where `capabilities.presence`."""
        ...

    async def fetch_recording(self, session_id: str) -> str | None:
        """A fresh address at which the session's recording can be watched now, by anybody who holds it: never stored.

        None: there is none, or not yet. Only where `capabilities.recording`.
        """
        ...

    async def fetch_transcript(self, session_id: str) -> tuple[Line, ...] | None:
        """What was said, in order. None: not ready, or there will be none. Only where `capabilities.transcript`."""
        ...

    async def settle_session(self, session_id: str, *, name: str, audiences: Sequence[Audience] | None) -> None:
        """Name an ended session after its lesson, and say who may open its recording there (None: left as it is).

        Only where `capabilities.recording`.
        """
        ...

    async def forget_person(self, provider_user_id: str) -> bool:
        """Have the provider forget somebody. False: it does not know them, or (without `forgetting`) cannot."""
        ...

    def find_option_problems(self, options: Mapping[str, object]) -> dict[str, str]:
        """What is wrong with a workspace's own launch options, in words, by the option's path; empty: nothing."""
        ...

    def open_webhook(self, headers: Mapping[str, str]) -> Incoming | None:
        """What a delivery's headers (names in lower case) say it is; None: they say nothing that can be one.

        Handed over, and kept for as long as the delivery waits, are headers that begin with `x-` or `webhook-` or end
        with `-signature`.
        """
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes, *, secret: str, received_at: datetime) -> Report:
        """The verified report. WebhookForged when the signature over `body` is not made with the room's `secret`;
        RoomServiceNonsense when it is genuine but unreadable. Only where `capabilities.webhooks`."""
        ...

    async def check_account(self) -> AccountCheck:
        """Is the key good, and whose is it?"""
        ...

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class NothingAfterwards(ABC):
    """What a service answers that keeps no sessions or people, and makes no recordings. To inherit from."""

    @property
    @abstractmethod
    def shown_name(self) -> str:
        """As people read it."""

    async def list_sessions(self, room_id: str, *, overlaps_from: datetime, overlaps_until: datetime) -> list[Session]:
        raise RoomServiceRefused(self.shown_name, "does not tell who came")

    async def list_live_sessions(self) -> list[LiveSession]:
        raise RoomServiceRefused(self.shown_name, "does not tell who came")

    async def extend_room(self, room_id: str, *, closes_at: datetime) -> None:  # noqa: B027 (nothing is what it does)
        """It has no end of its own."""

    async def list_present(self, room_id: str) -> list[Present]:
        raise RoomServiceRefused(self.shown_name, "does not tell who is inside")

    async def fetch_recording(self, session_id: str) -> str | None:
        raise RoomServiceRefused(self.shown_name, "has no recordings")

    async def fetch_transcript(self, session_id: str) -> tuple[Line, ...] | None:
        raise RoomServiceRefused(self.shown_name, "has no transcripts")

    async def settle_session(self, session_id: str, *, name: str, audiences: Sequence[Audience] | None) -> None:
        raise RoomServiceRefused(self.shown_name, "has no recordings")

    async def forget_person(self, provider_user_id: str) -> bool:
        return False

    def find_option_problems(self, options: Mapping[str, object]) -> dict[str, str]:
        return dict.fromkeys(options, "there is no such option")

    def open_webhook(self, headers: Mapping[str, str]) -> Incoming | None:
        return None

    def read_webhook(self, headers: Mapping[str, str], body: bytes, *, secret: str, received_at: datetime) -> Report:
        raise WebhookForged(self.shown_name, "sends no webhooks")
