"""What was last seen of each room that is watched, and so which rooms' own sessions are worth reading now. No I/O.

The list of all that runs is cheap (one request for every lesson there is) but tells little: which sessions run, and who
was in them so far. It does not always say whose room a session is in, and never that somebody left while others stayed.
So a room is read

    when it is first seen       unless its doors had opened only just before: then nobody can have been there
    when its part of the list changed    a session began or ended, somebody new is in it
    when it was read `LEAVES_EVERY` ago  and a session still runs: somebody may have left
    when somebody asks for it            its session is reported to have ended

A room that reports by itself who comes and goes is read less often (`REPORTED_EVERY`; when its part of the list
changed, not more than every `LEAVES_EVERY`): only for what its reports may have missed. At most `READS_A_LOOK` rooms
are read in one look, those that changed first. Everything here is kept in memory only: after a restart each room is
first seen once more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.rooms.base import LiveSession, Session
from storage.records import LessonId, RoomRef

LEAVES_EVERY = timedelta(minutes=1)
"""How often a running session's log is read although the list says nothing new."""
REPORTED_EVERY = timedelta(minutes=2)
"""The same for a room whose reports arrive."""
READS_A_LOOK = 40
"""Rooms read in one look. Looks are 20 s apart: two requests a second, of about five that Lessonspace gives a key."""
JUST_OPENED = timedelta(minutes=1)

Seen = frozenset[tuple[str, frozenset[str]]]
"""A room's part of the list: its sessions, and who was in each."""


@dataclass(frozen=True, kw_only=True)
class WatchedRoom:
    """A room in which lessons are on, or about to be."""

    ref: RoomRef
    room_id: str  # the provider's
    opens_at: datetime  # of the first of its lessons
    lesson_ids: frozenset[LessonId]
    who: frozenset[str]  # whom the provider knows of its participants
    session_ids: frozenset[str]  # that launches named


@dataclass(kw_only=True)
class _Memory:
    seen: Seen
    lesson_ids: frozenset[LessonId]
    read_at: datetime | None = None  # its own sessions, with their logs; None: never
    not_before: datetime | None = None  # reading failed


@dataclass
class Sightings:
    """One look after the other: `choose`, read what was chosen, `note` each."""

    _memories: dict[RoomRef, _Memory] = field(default_factory=dict)
    _homes: dict[str, RoomRef] = field(default_factory=dict)
    """Whose room each session is in, as far as that was found out."""

    def choose(
        self,
        rooms: Iterable[WatchedRoom],
        live: Iterable[LiveSession],
        *,
        now: datetime,
        asked_for: Collection[RoomRef] = (),
        reporting: Collection[RoomRef] = (),
    ) -> list[WatchedRoom]:
        """The rooms to read now, the most urgent first. Rooms that are not watched any more are forgotten.

        `asked_for` are read in any case; `reporting` tell by themselves who comes and goes.
        """
        rooms, live = list(rooms), list(live)
        self._memories = {room.ref: self._memories[room.ref] for room in rooms if room.ref in self._memories}
        running = {session.session_id for session in live}
        self._homes = {session_id: ref for session_id, ref in self._homes.items() if session_id in running}
        urgent = [room for room in rooms if room.ref in asked_for]
        changed: list[tuple[datetime, WatchedRoom]] = []
        stale: list[tuple[datetime, WatchedRoom]] = []
        for room in rooms:
            part = self._find_part(room, live)
            memory = self._memories.get(room.ref)
            if room.ref in asked_for or (memory and memory.not_before is not None and now < memory.not_before):
                continue
            age = now - memory.read_at if memory and memory.read_at else None
            if self._is_news(room, part, memory, now):
                if age is None or age >= LEAVES_EVERY or room.ref not in reporting:
                    changed.append((room.opens_at, room))
            elif part and age is not None and age >= (REPORTED_EVERY if room.ref in reporting else LEAVES_EVERY):
                stale.append((now - age, room))
        ordered = sorted(changed, key=lambda pair: pair[0]) + sorted(stale, key=lambda pair: pair[0])
        return [*urgent, *(room for _, room in ordered)][:READS_A_LOOK]

    def is_as_it_was(self, room: WatchedRoom, live: Iterable[LiveSession]) -> bool:
        """Does the list say of this room what was known when it was last read?"""
        memory = self._memories.get(room.ref)
        if memory is None or not room.lesson_ids <= memory.lesson_ids:
            return False
        return memory.seen == self._find_part(room, list(live))

    def note(
        self, room: WatchedRoom, live: Iterable[LiveSession], sessions: Iterable[Session], *, at: datetime
    ) -> None:
        """The room was read: these are its sessions."""
        self._homes |= {session.session_id: room.ref for session in sessions}
        part = self._find_part(room, list(live))
        self._memories[room.ref] = _Memory(seen=part, lesson_ids=room.lesson_ids, read_at=at)

    def note_failure(self, room: WatchedRoom, *, at: datetime) -> None:
        """Reading it failed: what is known stays, and it is left alone for a while."""
        memory = self._memories.get(room.ref)
        if memory is None:
            self._memories[room.ref] = memory = _Memory(seen=frozenset(), lesson_ids=frozenset())
        memory.not_before = at + LEAVES_EVERY

    def _is_news(self, room: WatchedRoom, part: Seen, memory: _Memory | None, now: datetime) -> bool:
        if memory is not None and room.lesson_ids <= memory.lesson_ids:
            return part != memory.seen
        if part or now - room.opens_at >= JUST_OPENED:
            return True
        self._memories[room.ref] = _Memory(seen=part, lesson_ids=room.lesson_ids)
        return False

    def _find_part(self, room: WatchedRoom, live: list[LiveSession]) -> Seen:
        return frozenset((session.session_id, session.who) for session in live if self._may_be_in(session, room))

    def _may_be_in(self, session: LiveSession, room: WatchedRoom) -> bool:
        """Told, found out, named by a launch; else whoever of the room's people is in it may be in it here."""
        if session.room_id is not None:
            return session.room_id == room.room_id
        home = self._homes.get(session.session_id)
        if home is not None:
            return home == room.ref
        return session.session_id in room.session_ids or bool(session.who & room.who)
