"""Who is there between two readings: what a room's own record said last, and what was reported since. Pure.

Theory of operation. A room service's record (its log) is the last word, but it is only read now and then; in between it
may report by itself who comes and goes. A report says less than the log: a leave does not say which of somebody's
connections closed, and any report may be lost, come twice, late, or before the one that it follows. So nothing is ever
counted up. Everything reported is kept, and each time the picture is made anew:

1. Of what was reported, only what happened after the last reading counts (`MARGIN` before it, since clocks differ and
   a log may lag), and only what the log does not have already.
2. In the order of time, a join opens a connection of its own, and a leave closes one that is open, whoever opened it.
3. A session ends when the log or a report says so, or when another begins in its room: a room holds one at a time.

The next reading takes the place of all this. At the end of a lesson only the log counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from bot.attendance import SessionFacts
from storage.records import AttendanceEvent

MARGIN = timedelta(seconds=10)
"""So long before a reading something may have happened that it does not show yet."""
SAME = timedelta(seconds=2)
"""Log and report may tell the same instant a little apart."""

LOGGED, REPORTED = "sessions", "webhook"
"""Sources of attendance events."""
ENDED = "ended"
"""The kind of event that says that a session is over; of nobody in particular."""
RANKS = {"joined": 0, "idled": 1, "left": 2}
"""What goes first at the same instant: who comes back by another connection never left."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Events and sessions as `compute_attendance` takes them."""

    events: list[AttendanceEvent]
    sessions: list[SessionFacts]

    def list_ended(self) -> frozenset[str]:
        """The sessions that are over."""
        return frozenset(one.session_id for one in self.sessions if one.ended_at is not None)


def make_picture(
    events: Iterable[AttendanceEvent], sessions: Sequence[SessionFacts], *, read_at: datetime | None
) -> Picture:
    """The log, completed by what was reported after it was read at `read_at`. None: it never was.

    `events` of both sources, in any order. `sessions` as the log tells them.
    """
    events = list(events)
    logged = [event for event in events if event.source == LOGGED and event.kind != ENDED]
    news = _choose_news(events, read_at=read_at)
    facts = _complete_sessions(sessions, news)
    return Picture(events=[*logged, *_connect(logged, news)], sessions=facts)


def list_logged_sessions(events: Iterable[AttendanceEvent]) -> list[SessionFacts]:
    """The sessions of the last readings, as far as events tell of them; oldest first."""
    by_session: dict[str, list[AttendanceEvent]] = defaultdict(list)
    for event in events:
        if event.source == LOGGED:
            by_session[event.session_id].append(event)
    facts = [
        SessionFacts(
            session_id=session_id,
            started_at=min(event.at for event in heard),
            ended_at=next((event.at for event in heard if event.kind == ENDED), None),
        )
        for session_id, heard in by_session.items()
    ]
    return sorted(facts, key=lambda one: (one.started_at, one.session_id))


def _choose_news(events: Iterable[AttendanceEvent], *, read_at: datetime | None) -> list[AttendanceEvent]:
    """What was reported and no reading shows, each thing once, in the order of time."""
    known: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    reported: dict[tuple[str, str, str, datetime], AttendanceEvent] = {}
    for event in events:
        if event.source == REPORTED:
            reported.setdefault((event.session_id, event.who, event.kind, event.at), event)
        elif event.source == LOGGED:
            known[event.who, event.kind].append(event.at)
    news = [
        event
        for event in reported.values()
        if (read_at is None or event.at >= read_at - MARGIN)
        and not any(abs(event.at - at) <= SAME for at in known[event.who, event.kind])
    ]
    return sorted(news, key=lambda event: (event.at, RANKS.get(event.kind, 3), event.id))


def _complete_sessions(sessions: Sequence[SessionFacts], news: Sequence[AttendanceEvent]) -> list[SessionFacts]:
    facts = {one.session_id: one for one in sessions}
    for event in news:
        known = facts.get(event.session_id)
        if event.kind == ENDED:
            if known is not None and known.ended_at is None:
                facts[event.session_id] = replace(known, ended_at=max(event.at, known.started_at))
        elif known is None:
            facts[event.session_id] = SessionFacts(session_id=event.session_id, started_at=event.at, ended_at=None)
    ordered = sorted(facts.values(), key=lambda one: (one.started_at, one.session_id))
    read = {one.session_id for one in sessions}
    for place, (one, following) in enumerate(pairwise(ordered)):
        if one.ended_at is None and following.session_id not in read:
            ordered[place] = replace(one, ended_at=following.started_at)
    return ordered


def _connect(logged: Sequence[AttendanceEvent], news: Sequence[AttendanceEvent]) -> list[AttendanceEvent]:
    """The same news, each with the connection that it is taken to be about."""
    heard: dict[tuple[str, str], list[AttendanceEvent]] = defaultdict(list)
    for event in logged:
        heard[event.session_id, event.who].append(event)
    by_person: dict[tuple[str, str], list[AttendanceEvent]] = defaultdict(list)
    for event in news:
        if event.kind != ENDED:
            by_person[event.session_id, event.who].append(event)
    return [one for key, told in by_person.items() for one in _connect_person(heard[key], told)]


def _connect_person(logged: Sequence[AttendanceEvent], news: Sequence[AttendanceEvent]) -> list[AttendanceEvent]:
    is_open = _list_open(logged)
    connected = []
    for event in news:
        own = f"report:{event.id}"
        if event.kind == "joined":
            is_open[own] = None
            connected.append(_put_on(event, own))
        else:
            connection = next(iter(is_open), own)
            connected.append(_put_on(event, connection))
            if event.kind == "left":
                is_open.pop(connection, None)
            else:
                is_open.setdefault(connection)
    return connected


def _put_on(event: AttendanceEvent, connection: str | None) -> AttendanceEvent:
    """`replace`, without the record's own checks: it was whole before, and a full lesson's hundreds of events are put
    on connections anew at each report."""
    copy = object.__new__(AttendanceEvent)
    copy.__dict__.update(event.__dict__, connection=connection)
    return copy


def _list_open(logged: Iterable[AttendanceEvent]) -> dict[str | None, None]:
    """The connections that the log leaves open, the first to open first."""
    is_open: dict[str | None, None] = {}
    for event in sorted(logged, key=lambda event: (event.at, RANKS.get(event.kind, 3))):
        if event.kind == "left":
            is_open.pop(event.connection, None)
        elif event.kind in RANKS:
            is_open.setdefault(event.connection)
    return is_open
