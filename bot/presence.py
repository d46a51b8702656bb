"""Who is there while lessons run: one look at all of them every `PACE`, kept as provisional attendance.

Theory of operation. A look reads from the store which lessons are on (from the opening of their doors until they have
ended). When there are none, nobody is asked. Otherwise the room service is asked once for all that runs in the whole
account, and `sightings` says whose own sessions are worth reading; these are read one after the other. Each lesson is
then judged as at its end, only provisionally, and one transaction keeps what was found: the events, who joined and left
when, *live* at the first join seen, the leaders' cards wanted where something on them changed, and whatever is owed to
those who are missing. Where the list shows everybody as they were, only the time of the reading is kept.

Why a loop of its own and not notices: a look belongs to no lesson, sends nothing, and may take long where many rooms
changed at once. It must neither hold one of the sender's slots meanwhile, nor may a 429 on a list close the door for
launches. It keeps the same clock rules: lesson time says when the next look is due (a sandbox that moves the clock
wakes it), machine time says how long to keep quiet after a failure. Nothing is lost at a restart, since whatever is
known is computed from the service's own record; two replicas that both look write the same twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot import lateness, lifecycle, notices
from bot.clock import Clock
from bot.errors import RoomServiceBusy, RoomServiceError
from bot.reading import EARLY_LOOK, judge_sessions
from bot.rooms.base import Happening, LiveSession, RoomService, Session
from bot.sightings import Sightings, WatchedRoom
from storage.errors import NotStored, StoreClosed
from storage.records import (
    Attendance,
    CardKind,
    LessonDetails,
    LessonId,
    NoticeKind,
    NoticeState,
    WorkspaceId,
)
from storage.store import Store, Transaction

log = structlog.get_logger("hallpass.presence")

PACE = timedelta(seconds=20)
"""Lesson time between two looks."""
LONGEST_PAUSE = timedelta(minutes=5)
"""Machine time between two tries at the most, while the service does not answer."""
AHEAD = timedelta(hours=12)
"""Doors open at most so long before the start (the setting's own limit)."""
BEHIND = timedelta(days=1)
"""A lesson has ended for us long before so much time after its end."""
BOARDS = (CardKind.LEADER, CardKind.CHANNEL)
"""Cards that say who is there. Participants' cards do not, and are not redrawn for it."""
TOLD = (NoticeState.WAITING, NoticeState.CLAIMED, NoticeState.BEGUN, NoticeState.SENT)


class Presence:
    """Looks at all running lessons. `admin_channel`: where a lesson without its leader is told, beside the booker."""

    def __init__(
        self,
        *,
        store: Store,
        service: RoomService,
        clock: Clock,
        late_after: timedelta,
        admin_channel: str | None = None,
    ) -> None:
        self._store = store
        self._service = service
        self._clock = clock
        self._late_after = late_after
        self._admin_channel = admin_channel
        self._sightings = Sightings()
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._next_at: datetime | None = None  # lesson time; None: at once
        self._quiet_until: datetime | None = None  # machine time
        self._failures = 0
        self._is_looking = False
        self._is_stopping = False

    @property
    def is_busy(self) -> bool:
        """Is a look going on, or due?"""
        return self._is_looking or self._is_due()

    def stop(self) -> None:
        """Look no more."""
        self._is_stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Until `stop`. Whatever goes wrong in one look, the next one comes."""
        if not self._service.capabilities.attendance:
            self._next_at = datetime.max.replace(tzinfo=self._clock.now().tzinfo)
            return
        self._clock.on_move(self._wake_from_anywhere)
        while not self._is_stopping:
            self._wake.clear()
            if self._is_due():
                self._is_looking = True
                try:
                    await self._look_safely()
                except StoreClosed:
                    return
                finally:
                    self._is_looking = False
            await self._rest()

    def _wake_from_anywhere(self) -> None:
        self._loop.call_soon_threadsafe(self._wake.set)

    def _is_due(self) -> bool:
        if self._quiet_until is not None and self._clock.machine_now() < self._quiet_until:
            return False
        return self._next_at is None or self._clock.now() >= self._next_at

    async def _rest(self) -> None:
        """Until the next look may be due, or somebody moves the clock."""
        pause = PACE if self._next_at is None else self._next_at - self._clock.now()
        if self._quiet_until is not None:
            pause = max(pause, self._quiet_until - self._clock.machine_now())
        try:
            async with asyncio.timeout(min(max(pause, timedelta(milliseconds=20)), PACE).total_seconds()):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _look_safely(self) -> None:
        self._next_at = self._clock.now() + PACE
        try:
            await self.look()
            self._failures, self._quiet_until = 0, None
        except StoreClosed:
            raise
        except RoomServiceError as error:
            self._failures += 1
            pause = min(PACE * 2 ** min(self._failures - 1, 4), LONGEST_PAUSE)
            if isinstance(error, RoomServiceBusy):
                pause = max(error.retry_after, PACE)
            self._quiet_until = self._clock.machine_now() + pause
            log.warning("presence_not_read", error=str(error), pause_seconds=pause.total_seconds())
        except Exception:
            log.exception("look_failed")

    async def look(self) -> None:
        """Ask once for everything that runs, read what changed, keep what was found. Raises RoomServiceError."""
        watched = await self._list_watched()
        rooms = _group(watched)
        if not rooms:
            return
        asked_at = self._clock.now()
        live = await self._service.list_live_sessions()
        chosen = self._sightings.choose(rooms, live, now=asked_at)
        for room in chosen:
            await self._read(room, live, [one for one in watched if one.room.id == room.ref])
        # What was read just now is newer than `watched` says.
        calm = {room.ref for room in rooms if room not in chosen and self._sightings.is_as_it_was(room, live)}
        as_they_were = [one for one in watched if one.room.id in calm]

        def keep(tx: Transaction) -> None:
            for details in as_they_were:
                self._keep_calm(tx, details, read_at=asked_at)

        if as_they_were:
            await self._store.write(keep, is_patient=True)

    async def _list_watched(self) -> list[LessonDetails]:
        """The lessons whose doors are open, each read by itself so that listeners' writes get in between."""
        now = self._clock.now()

        def find(tx: Transaction) -> list[tuple[WorkspaceId, LessonId]]:
            return [
                (lesson.workspace_id, lesson.id)
                for workspace in tx.workspaces.list_all()
                for lesson in tx.lessons.list_between(workspace.id, ends_after=now - BEHIND, starts_before=now + AHEAD)
                if lesson.is_open and lesson.starts_at - lesson.options.join_early <= now
            ]

        keys = await self._store.read(find)
        found = [await self._store.read(lambda tx, key=key: _find_details(tx, *key)) for key in keys]  # type: ignore[misc]
        return [details for details in found if details is not None]

    async def _read(self, room: WatchedRoom, live: Sequence[LiveSession], watched: list[LessonDetails]) -> None:
        """This room's own sessions, kept for each lesson that is on in it."""
        read_at = self._clock.now()
        starts_at = min(details.lesson.starts_at for details in watched)
        try:
            sessions = await self._service.list_sessions(
                room.room_id, overlaps_from=starts_at - EARLY_LOOK, overlaps_until=read_at + timedelta(seconds=1)
            )
        except RoomServiceBusy:
            raise  # the whole account is to be quiet
        except RoomServiceError as error:
            log.warning("room_not_read", room=room.ref, error=str(error))
            self._sightings.note_failure(room, at=read_at)
            return
        for details in watched:
            key = (details.lesson.workspace_id, details.lesson.id)
            await self._store.write(
                lambda tx, key=key: self._keep(tx, *key, sessions=sessions, read_at=read_at),  # type: ignore[misc]
                is_patient=True,
            )
        self._sightings.note(room, live, sessions, at=read_at)

    def _keep(
        self,
        tx: Transaction,
        workspace_id: WorkspaceId,
        lesson_id: LessonId,
        *,
        sessions: Sequence[Session],
        read_at: datetime,
    ) -> None:
        """What the room's sessions say of this lesson. A unit of work."""
        details = _find_details(tx, workspace_id, lesson_id)
        if details is None or not details.lesson.is_open:
            return
        judged = judge_sessions(
            tx, details, sessions, is_known=True, now=read_at, late_after=self._late_after, is_provisional=True
        )
        tx.attendance.add_events(judged.events)
        known = [seat.attendance for seat in details.seats if seat.attendance] + list(details.unknown)
        if _shown(known) == _shown(judged.attendance):
            tx.attendance.save_totals(judged.totals)
        else:
            tx.attendance.save(judged.totals, judged.attendance)
            tx.cards.want(workspace_id, lesson_id, kinds=BOARDS)
            _greet(tx, details, judged.attendance)
        if any(event.kind == Happening.JOINED.value for event in judged.events):
            lifecycle.go_live(tx, workspace_id, lesson_id, now=read_at)
        self._owe_alerts(tx, tx.lessons.get_details(workspace_id, lesson_id), now=read_at)

    def _keep_calm(self, tx: Transaction, details: LessonDetails, *, read_at: datetime) -> None:
        """Everybody is as they were at the last reading: only that it was read, and what time alone brings."""
        lesson = details.lesson
        if not tx.lessons.get(lesson.workspace_id, lesson.id).is_open:
            return  # ended while we asked: what its end found is not to be written over
        if details.totals is None:
            self._keep(tx, lesson.workspace_id, lesson.id, sessions=(), read_at=read_at)
            return
        totals = replace(details.totals, read_at=read_at)
        tx.attendance.save_totals(totals)
        self._owe_alerts(tx, replace(details, totals=totals), now=read_at)

    def _owe_alerts(self, tx: Transaction, details: LessonDetails, *, now: datetime) -> None:
        """What this reading owes those who are missing and those in charge. Owed before, it is not owed again."""
        lesson = details.lesson
        late = lateness.find_late(details, now=now, late_after=self._late_after)
        is_alone = lateness.is_left_alone(details, now=now)
        if not late and not is_alone:
            return
        owed = [notices.plan_late_nudge(lesson, seat.participant, now=now) for seat in late]
        before = tx.notices.list_for_lesson(lesson.workspace_id, lesson.id) if is_alone else []
        if is_alone and not any(one.kind is NoticeKind.LEADER_MISSING and one.state in TOLD for one in before):
            owed += notices.plan_leader_missing(details, admin_channel=self._admin_channel, now=now)
        tx.notices.insert(owed)


def _group(watched: Iterable[LessonDetails]) -> list[WatchedRoom]:
    """The rooms of these lessons, as far as the provider has made them."""
    by_room: dict[str, list[LessonDetails]] = {}
    for details in watched:
        if details.room.room_id is not None:
            by_room.setdefault(details.room.room_id, []).append(details)
    return [_build_room(room_id, lessons) for room_id, lessons in by_room.items()]


def _build_room(room_id: str, lessons: Sequence[LessonDetails]) -> WatchedRoom:
    seats = [seat for details in lessons for seat in details.seats]
    return WatchedRoom(
        ref=lessons[0].room.id,
        room_id=room_id,
        opens_at=min(details.lesson.starts_at - details.lesson.options.join_early for details in lessons),
        lesson_ids=frozenset(details.lesson.id for details in lessons),
        who=frozenset(seat.participant.provider_user_id for seat in seats if seat.participant.provider_user_id),
        session_ids=frozenset(seat.link.session_id for seat in seats if seat.link and seat.link.session_id),
    )


def _find_details(tx: Transaction, workspace_id: WorkspaceId, lesson_id: LessonId) -> LessonDetails | None:
    try:
        return tx.lessons.get_details(workspace_id, lesson_id)
    except NotStored:
        return None


def _shown(attendance: Iterable[Attendance]) -> set[tuple[object, ...]]:
    """What people read of it while the lesson goes on; minutes are counted at its end."""
    return {(one.participant_id or one.who, one.joined_at, one.left_at) for one in attendance}


def _greet(tx: Transaction, details: LessonDetails, attendance: Iterable[Attendance]) -> None:
    """Who has come was reached, whatever failed before; and their nudge has had its moment."""
    came = {one.participant_id for one in attendance if one.joined_at is not None}
    for seat in details.seats:
        if seat.participant.id not in came or lateness.has_joined(seat):
            continue
        if seat.participant.failure is not None:
            tx.lessons.update_participant(replace(seat.participant, failure=None))
        lesson = details.lesson
        tx.cards.want(lesson.workspace_id, lesson.id, kinds=(CardKind.NUDGE,), person_id=seat.person.id)
