"""Spaces and what happens in them: who may come in, when a session begins and ends, what its log says. Pure.

Theory of operation. Nothing runs by itself: every question and every act first calls `advance(now)`, which lets
happen, in the order of time, all that was due since the last one:

    somebody is put out         at the link's end, if the link says so (`kickOnExp`)
    a leader is asked           at `softExp`, and ten minutes after each extension
    the session ends            30 s after the last connection left, or when all were idle for 5 min
    transcript and summary      some time after the session's end, where there will be any

Everything that changes a space lives here. Whoever wants to hear of it sets `tell`, which is called once for each
occurrence, in the order of time. This module knows neither HTTP nor JSON nor what a link looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from uuid import uuid4

from bot.sandbox.lessonspace.aftercare import Aftercare
from bot.sandbox.lessonspace.meetings import (
    Connection,
    LogEntry,
    LogType,
    Occurrence,
    Prompt,
    SpaceSession,
    Ticket,
    Utterance,
)

EMPTY_FOR = timedelta(seconds=30)
IDLE_FOR = timedelta(minutes=5)
EXTENSION = timedelta(minutes=10)

_EVENTS: Mapping[LogType, str] = {
    LogType.JOINED: "user.join",
    LogType.LEFT: "user.leave",
    LogType.IDLED: "user.idle",
    LogType.SESSION_IDLED: "session.idle",
    LogType.COBROWSER_STARTED: "cobrowser.start",
    LogType.COBROWSER_STOPPED: "cobrowser.stop",
}
"""What is told of what is logged."""


class Reason(StrEnum):
    """Why somebody is not let in."""

    TOO_EARLY = "too_early"
    EXPIRED = "expired"
    USED_ELSEWHERE = "used_elsewhere"  # a single-use link, in another browser than its first
    SPENT = "spent"  # a single-use link whose session is over
    NOT_GENUINE = "not_genuine"  # no link of this space
    OTHER_SESSION = "other_session"  # a link for one session only, which is over
    FORGOTTEN = "forgotten"  # whose link it is was deleted from the organisation


class TurnedAway(Exception):
    """Not let in."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Space:
    """One room of the provider."""

    def __init__(
        self,
        *,
        room_id: str,
        launch_id: str,
        secret: str,
        ids: Iterable[int] | None = None,
        aftercare: Aftercare | None = None,
        created_at: datetime | None = None,
        region: str = "",
    ) -> None:
        self.room_id = room_id
        self.launch_id = launch_id
        self.secret = secret
        self.name = launch_id
        self.created_at = created_at
        self.region = region
        self.tags: dict[str, str] = {}
        self.hooks: dict[str, str] = {}
        """Where to report what: addresses by event."""
        self.tell: Callable[[Occurrence], None] = lambda occurrence: None
        self.settings: dict[str, bool] = {}
        self.sessions: list[SpaceSession] = []
        self.prompts: list[Prompt] = []
        self.next_session_id = str(uuid4())
        self._aftercare = aftercare or Aftercare()
        self._next_tags: dict[str, str] = {}
        self._to_come: list[Occurrence] = []  # after a session, in the order of time
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

    def settle(self, settings: Mapping[str, bool], session_tags: Mapping[str, str], now: datetime) -> None:
        """What a launch says of the space, and of the session that runs, or else is the next to begin."""
        self.advance(now)
        self.settings |= settings
        if self.running:
            self.running.tags |= session_tags
            self._note_recording(self.running)
        else:
            self._next_tags |= session_tags

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

    def say(self, connection_id: str, text: str, now: datetime) -> bool:
        """Somebody says something aloud. False when they are not there."""
        self.advance(now)
        session, connection = self.running, self.find_open(connection_id)
        if session and connection:
            session.said.append(Utterance(at=now, person=connection.ticket.person, text=text))
        return connection is not None

    def write(self, connection_id: str, now: datetime) -> bool:
        """Somebody writes into the chat. What, is nowhere documented to be told. False when they are not there."""
        self.advance(now)
        session, connection = self.running, self.find_open(connection_id)
        if session and connection:
            self.tell(Occurrence(event="chat.message", at=now, session=session, ticket=connection.ticket))
        return connection is not None

    def browse_together(self, connection_id: str, now: datetime, *, is_begun: bool) -> bool:
        """Somebody opens or closes the browser that all see. False when they are not there."""
        self.advance(now)
        session, connection = self.running, self.find_open(connection_id)
        if session and connection:
            log_type = LogType.COBROWSER_STARTED if is_begun else LogType.COBROWSER_STOPPED
            self._write(session, log_type, now, connection)
        return connection is not None

    def extend(self, connection_id: str, now: datetime) -> bool:
        """A leader who was asked goes on for ten minutes from when they were asked. False when they were not asked."""
        self.advance(now)
        connection = self.find_open(connection_id)
        if not connection or not self.is_asked(connection_id):
            return False
        link_id = connection.ticket.link_id
        asked = [prompt.at for prompt in self.prompts if prompt.link_id == link_id]
        self._asks_at[link_id] = asked[-1] + EXTENSION
        return True

    def is_asked(self, connection_id: str) -> bool:
        """Was a leader asked whether to go on, and has not answered?"""
        connection = self.find_open(connection_id)
        link_id = connection.ticket.link_id if connection else ""
        is_asked = any(prompt.link_id == link_id for prompt in self.prompts)
        return is_asked and not self._asks_at[link_id]

    def find_connection(self, connection_id: str) -> Connection | None:
        """Open or not, of whichever session."""
        return next((c for session in self.sessions for c in session.connections if c.id == connection_id), None)

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

    def find_next(self) -> datetime | None:
        """When something will happen here by itself, as far as can be foretold."""
        return min((at for at, _, _ in self._list_due()), default=None)

    def _list_due(self) -> list[tuple[datetime, int, Callable[[datetime], None]]]:
        """What is to come: when, what goes first at the same moment, and what it does."""
        session = self.running
        due: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        if self._to_come:
            due.append((self._to_come[0].at, 3, lambda at: self.tell(self._to_come.pop(0))))
        if session is None:
            return due
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
        if ticket.session_id not in (None, self.session_id):
            raise TurnedAway(Reason.OTHER_SESSION)
        if ticket.is_single_use and ticket.link_id in self._redeemed:
            first_browser, session_id = self._redeemed[ticket.link_id]
            if first_browser != browser:
                raise TurnedAway(Reason.USED_ELSEWHERE)
            if self.running is None or self.running.session_id != session_id:
                raise TurnedAway(Reason.SPENT)

    def _begin(self, now: datetime) -> SpaceSession:
        session = SpaceSession(
            id=next(self._ids), session_id=self.next_session_id, started_at=now, tags=self._next_tags
        )
        self.sessions.append(session)
        self.next_session_id, self._next_tags = str(uuid4()), {}
        self.tell(Occurrence(event="session.start", at=now, session=session))
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
        self._end(session, at, reason="idle")

    def _end(self, session: SpaceSession, at: datetime, *, reason: str = "empty") -> None:
        session.ended_at = at
        self._empty_since = self._idle_since = None
        self.tell(Occurrence(event="session.end", at=at, session=session, reason=reason))
        self._to_come += self._aftercare.promise(session, self.settings, at)
        self._to_come.sort(key=lambda occurrence: occurrence.at)

    def _note_recording(self, session: SpaceSession) -> None:
        """Once something was recorded, the session has a recording, whatever later launches say."""
        inside = [connection.ticket for connection in session.list_open()]
        if self.settings.get("record_av") and any(t.is_recorded and not t.is_ghost for t in inside):
            session.has_av = True
        session.has_content = session.has_content or bool(inside and self.settings.get("record_content"))

    def _note_change(self, session: SpaceSession, at: datetime) -> None:
        """Since when nobody is there, and since when all who are there are idle; and whether anything is recorded."""
        self._note_recording(session)
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
        ticket = connection.ticket if connection else None
        self.tell(Occurrence(event=_EVENTS[log_type], at=at, session=session, ticket=ticket))
