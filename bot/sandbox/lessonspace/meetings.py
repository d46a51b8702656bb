"""What the stand-in remembers of people, their links and the sessions they met in. Pure; changes nothing by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class LogType(StrEnum):
    """What a session's log tells."""

    JOINED = "user-joined"
    LEFT = "user-left"
    IDLED = "user-idled"
    SESSION_IDLED = "session-idled"
    COBROWSER_STARTED = "cobrowser-start"
    COBROWSER_STOPPED = "cobrowser-stop"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody as the provider knows them. Guests have a UUID and no number."""

    name: str
    user_id: int | None = None
    guest_id: str | None = None
    role: str = "student"

    @property
    def key(self) -> str:
        """What tells people apart."""
        return str(self.user_id) if self.user_id is not None else f"guest:{self.guest_id}"


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """What a link says, once it is known to be genuine."""

    link_id: str
    person: Person
    opens_at: datetime
    closes_at: datetime
    is_leader: bool = False
    is_single_use: bool = False
    leaves_at_close: bool = False
    asks_at: datetime | None = None
    session_id: str | None = None  # the only session that it opens; None: any
    is_ghost: bool = False  # in there, and unseen
    is_recorded: bool = True  # this person's own picture and sound
    parameters: Mapping[str, Any] = field(default_factory=dict)  # what the launch merged into the link


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """One line of a session's log."""

    id: int
    log_type: LogType
    at: datetime
    person: Person | None
    connection_id: str | None


@dataclass(kw_only=True)
class Connection:
    """One open page, until `left_at`."""

    id: str
    browser: str
    ticket: Ticket
    joined_at: datetime
    left_at: datetime | None = None
    is_idle: bool = False


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A leader was asked whether to go on."""

    at: datetime
    browser: str
    name: str
    link_id: str


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """Something said aloud."""

    at: datetime
    person: Person
    text: str


@dataclass(kw_only=True)
class SpaceSession:
    """One meeting, from the first connection on."""

    id: int
    session_id: str
    started_at: datetime
    ended_at: datetime | None = None
    connections: list[Connection] = field(default_factory=list)
    log: list[LogEntry] = field(default_factory=list)
    name: str | None = None  # its own, once it was renamed; None: its space's
    policy: list[str] = field(default_factory=list)  # who may open the recording; empty: as the organisation says
    tags: dict[str, str] = field(default_factory=dict)
    said: list[Utterance] = field(default_factory=list)
    has_av: bool = False  # picture and sound of somebody were recorded
    has_content: bool = False  # what was drawn and written was recorded
    recorded_at: datetime | None = None  # when the recording can be watched; None: there is none
    transcript_at: datetime | None = None  # the same of the transcript
    summary_at: datetime | None = None  # the same of the summary

    def list_open(self) -> list[Connection]:
        return [connection for connection in self.connections if connection.left_at is None]

    def list_people(self) -> list[Person]:
        """Everybody who was there, each once, in the order of coming."""
        people = [connection.ticket.person for connection in self.connections]
        return list({person.key: person for person in people}.values())

    def measure(self, now: datetime) -> timedelta:
        """How long it took, or has taken so far."""
        return (self.ended_at or now) - self.started_at

    def count_billable(self, until: datetime) -> timedelta:
        """How long at least two were connected."""
        edges = [(c.joined_at, 1) for c in self.connections] + [(c.left_at or until, -1) for c in self.connections]
        total, inside, since = timedelta(0), 0, self.started_at
        for at, change in sorted(edges):
            if inside >= 2:
                total += at - since
            inside, since = inside + change, at
        return total


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """Something that happened in a space, as its webhooks are asked for: "user.join"."""

    event: str
    at: datetime
    session: SpaceSession = field(repr=False)
    ticket: Ticket | None = field(default=None, repr=False)  # whose doing it was
    reason: str | None = None  # of an end
