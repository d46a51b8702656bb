"""Spaces and what happens in them: who may come in, when a session begins and ends, what its log says. Pure.

Theory of operation. Nothing runs by itself: every question and every act first calls `advance(now)`, which lets
happen, in the order of time, all that was due since the last one:

    somebody is put out         at the link's end, if the link says so (`kickOnExp`)
    a leader is asked           at `softExp`, and ten minutes after each extension
    the session ends            30 s after the last connection left, or when all were idle for 5 min

Everything that changes a space lives here; this module knows neither HTTP nor JSON nor what a link looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from uuid import uuid4

EMPTY_FOR = timedelta(seconds=30)
IDLE_FOR = timedelta(minutes=5)
EXTENSION = timedelta(minutes=10)


class Reason(StrEnum):
    """Why somebody is not let in."""

    TOO_EARLY = "too_early"
    EXPIRED = "expired"
    USED_ELSEWHERE = "used_elsewhere"  # a single-use link, in another browser than its first
    SPENT = "spent"  # a single-use link whose session is over
    NOT_GENUINE = "not_genuine"  # no link of this space


class TurnedAway(Exception):
    """Not let in."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class LogType(StrEnum):
    """What a session's log tells."""

    JOINED = "user-joined"
    LEFT = "user-left"
    IDLED = "user-idled"
    SESSION_IDLED = "session-idled"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody as the provider knows them. Guests have a UUID and no number."""

    name: str
    user_id: int | None = None
    guest_id: str | None = None
    role: str = "student"


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


@dataclass(kw_only=True)
class SpaceSession:
    """One meeting, from the first connection on."""

    id: int
    session_id: str
    started_at: datetime
    ended_at: datetime | None = None
    connections: list[Connection] = field(default_factory=list)
    log: list[LogEntry] = field(default_factory=list)

    def list_open(self) -> list[Connection]:
        return [connection for connection in self.connections if connection.left_at is None]

    def list_people(self) -> list[Person]:
        """Everybody who was there, each once, in the order of coming."""
        people = [connection.ticket.person for connection in self.connections]
        return list({person.user_id or person.guest_id: person for person in people}.values())

    def count_billable(self, until: datetime) -> timedelta:
        """How long at least two were connected."""
        edges = [(c.joined_at, 1) for c in self.connections] + [(c.left_at or until, -1) for c in self.connections]
        total, inside, since = timedelta(0), 0, self.started_at
        for at, change in sorted(edges):
            if inside >= 2:
                total += at - since
            inside, since = inside + change, at
        return total


class Space:
    """One room of the provider."""

    def __init__(self, *, room_id: str, launch_id: str, secret: str, ids: Iterable[int] | None = None) -> None:
        self.room_id = room_id
        self.launch_id = launch_id
        self.secret = secret
        self.name = launch_id
        self.settings: dict[str, bool] = {}
        self.sessions: list[SpaceSession] = []
        self.prompts: list[Prompt] = []
        self.next_session_id = str(uuid4())
        self._ids = iter(ids or count(1))
        self._redeemed: dict[str, tuple[str, str]] = {}  # browser and session by link
        self._asks_at: dict[str, datetime | None] = {}  # the next question by link
        self._empty_since: datetime | None = None
        self._idle_since: datetime | None = None

    @property
    def running(self) -> SpaceSession | None:
        return self.sessions[-1] if self.sessions and self.sessions[-1].ended_at is None else None

    @property
    def session_id(self) -> str:
        """The running session's, else the one that the next will have."""
        return self.running.session_id if self.running else self.next_session_id

    def connect(self, ticket: Ticket, browser: str, now: datetime) -> Connection:
        """Let somebody in, beginning a session where none runs. TurnedAway with the reason otherwise."""
        self.advance(now)
        self._check(ticket, browser, now)
        session = self.running or self._begin(now)
        connection = Connection(id=str(uuid4()), browser=browser, ticket=ticket, joined_at=now)
        session.connections.append(connection)
        self._redeemed.setdefault(ticket.link_id, (browser, session.session_id))
        self._asks_at.setdefault(ticket.link_id, ticket.asks_at if ticket.is_leader else None)
        self._write(session, LogType.JOINED, now, connection)
        self._note_change(session, now)
        self.advance(now)
        return connection

    def leave(self, connection_id: str, now: datetime) -> bool:
        """Close one connection. False when it is closed already."""
        self.advance(now)
        connection = self.find_open(connection_id)
        if connection:
            self._part(connection, now)
        return connection is not None

    def rest(self, connection_id: str, now: datetime, *, is_idle: bool) -> bool:
        """Somebody stops doing anything, or begins again. False when they are not there."""
        self.advance(now)
        session, connection = self.running, self.find_open(connection_id)
        if not session or not connection:
            return False
        if is_idle and not connection.is_idle:
            self._write(session, LogType.IDLED, now, connection)
        connection.is_idle = is_idle
        self._note_change(session, now)
        return True

    def extend(self, connection_id: str, now: datetime) -> bool:
        """A leader who was asked goes on for ten minutes from when they were asked. False when they were not asked."""
        self.advance(now)
        connection = self.find_open(connection_id)
        link_id = connection.ticket.link_id if connection else ""
        asked = [prompt.at for prompt in self.prompts if prompt.link_id == link_id]
        if not connection or not asked or self._asks_at[link_id]:
            return False
        self._asks_at[link_id] = asked[-1] + EXTENSION
        return True

    def find_open(self, connection_id: str) -> Connection | None:
        """The connection, while it is open."""
        running = self.running
        return next((c for c in running.list_open() if c.id == connection_id), None) if running else None

    def advance(self, now: datetime) -> None:
        """Let happen whatever was due up to `now`."""
        while due := min(self._list_due(), key=lambda due: due[:2], default=None):
            at, _, happen = due
            if at > now:
                return
            happen(at)

    def _list_due(self) -> list[tuple[datetime, int, Callable[[datetime], None]]]:
        """What is to come: when, what goes first at the same moment, and what it does."""
        session = self.running
        if session is None:
            return []
        due: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        for connection in session.list_open():
            ticket = connection.ticket
            if ticket.leaves_at_close:
                due.append((ticket.closes_at, 0, lambda at, c=connection: self._part(c, at)))  # type: ignore[misc]
            if asks_at := self._asks_at.get(ticket.link_id):
                # A leader who comes after the moment is asked on coming in.
                moment = max(asks_at, connection.joined_at)
                due.append((moment, 1, lambda at, c=connection: self._ask(c, at)))  # type: ignore[misc]
        if self._empty_since:
            due.append((self._empty_since + EMPTY_FOR, 2, lambda at: self._end(session, at)))
        if self._idle_since:
            due.append((self._idle_since + IDLE_FOR, 2, lambda at: self._end_idle(session, at)))
        return due

    def _check(self, ticket: Ticket, browser: str, now: datetime) -> None:
        if now < ticket.opens_at:
            raise TurnedAway(Reason.TOO_EARLY)
        if now >= ticket.closes_at:
            raise TurnedAway(Reason.EXPIRED)
        if ticket.is_single_use and ticket.link_id in self._redeemed:
            first_browser, session_id = self._redeemed[ticket.link_id]
            if first_browser != browser:
                raise TurnedAway(Reason.USED_ELSEWHERE)
            if self.running is None or self.running.session_id != session_id:
                raise TurnedAway(Reason.SPENT)

    def _begin(self, now: datetime) -> SpaceSession:
        session = SpaceSession(id=next(self._ids), session_id=self.next_session_id, started_at=now)
        self.sessions.append(session)
        self.next_session_id = str(uuid4())
        return session

    def _part(self, connection: Connection, at: datetime) -> None:
        session = self.running
        if session:
            connection.left_at = at
            self._write(session, LogType.LEFT, at, connection)
            self._note_change(session, at)

    def _ask(self, connection: Connection, at: datetime) -> None:
        self._asks_at[connection.ticket.link_id] = None
        ticket = connection.ticket
        self.prompts.append(Prompt(at=at, browser=connection.browser, name=ticket.person.name, link_id=ticket.link_id))

    def _end_idle(self, session: SpaceSession, at: datetime) -> None:
        self._write(session, LogType.SESSION_IDLED, at, None)
        for connection in session.list_open():
            self._part(connection, at)
        self._end(session, at)

    def _end(self, session: SpaceSession, at: datetime) -> None:
        session.ended_at = at
        self._empty_since = self._idle_since = None

    def _note_change(self, session: SpaceSession, at: datetime) -> None:
        """Since when nobody is there, and since when all who are there are idle."""
        inside = session.list_open()
        self._empty_since = None if inside else self._empty_since or at
        is_quiet = bool(inside) and all(connection.is_idle for connection in inside)
        self._idle_since = (self._idle_since or at) if is_quiet else None

    def _write(self, session: SpaceSession, log_type: LogType, at: datetime, connection: Connection | None) -> None:
        session.log.append(
            LogEntry(
                id=next(self._ids),
                log_type=log_type,
                at=at,
                person=connection.ticket.person if connection else None,
                connection_id=connection.id if connection else None,
            )
        )
