"""Who is there while lessons run: one look at all of them every `PACE`, kept as provisional attendance.

Theory of operation. A look reads from the store which lessons are on (from the opening of their doors until they have
ended). When there are none, nobody is asked. Otherwise each room service is asked once for all that runs in the whole
account, and `sightings` says whose own sessions are worth reading; these are read one after the other. Each lesson is
then judged as at its end, only provisionally, and one transaction keeps what was found, with all that follows
(`whereabouts.py`). Where the list shows everybody as they were, only the time of the reading is kept.

Why a loop of its own and not notices: a look belongs to no lesson, sends nothing, and may take long where many rooms
changed at once. It must neither hold one of the sender's slots meanwhile, nor may a 429 on a list close the door for
launches. It keeps the same clock rules: lesson time says when the next look is due (a sandbox that moves the clock
wakes it), machine time says how long to keep quiet after a failure. Nothing is lost at a restart, since whatever is
known is computed from the service's own record; two replicas that both look write the same twice.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

import structlog

from bot import comings, provisional, whereabouts
from bot.clock import Clock
from bot.errors import RoomServiceBusy, RoomServiceError
from bot.reading import EARLY_LOOK
from bot.rooms.base import LiveSession, RoomService
from bot.rooms.registry import RoomServices
from bot.sightings import Sightings, WatchedRoom
from bot.whereabouts import Alerting
from storage.errors import NotStored, StoreClosed
from storage.records import LessonDetails, LessonId, RoomRef, WorkspaceId
from storage.store import Store, Transaction

log = structlog.get_logger("hallpass.presence")

PACE = timedelta(seconds=20)
"""Lesson time between two looks."""
REPORTS_WITHIN = timedelta(hours=1)
"""A room that has reported nothing for so long is asked as often as one that never does."""
LONGEST_PAUSE = timedelta(minutes=5)
"""Machine time between two tries at the most, while the service does not answer."""
AHEAD = timedelta(hours=12)
"""Doors open at most so long before the start (the setting's own limit)."""
BEHIND = timedelta(days=1)
"""A lesson has ended for us long before so much time after its end."""


class Presence:
    """Looks at all running lessons."""

    def __init__(
        self,
        *,
        store: Store,
        services: RoomServices,
        clock: Clock,
        alerting: Alerting,
    ) -> None:
        self._store = store
        self._services = services
        self._clock = clock
        self._alerting = alerting
        self._sightings = {service.name: Sightings() for service in services}
        self._asked_for: set[RoomRef] = set()
        self._reported: dict[RoomRef, datetime] = {}  # lesson time of the last report of who comes or goes
        self._unread: set[RoomRef] = set()  # rooms with reports that no reading has confirmed or denied yet
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._next_at: datetime | None = None  # lesson time; None: at once
        self._quiet_until: dict[str, datetime] = {}  # machine time, by service that failed
        self._failures: Counter[str] = Counter()  # one after the other, by service
        self._is_looking = False
        self._is_stopping = False

    @property
    def is_busy(self) -> bool:
        """Is a look going on, or due?"""
        return self._is_looking or self._is_due()

    @property
    def quiet_until(self) -> datetime | None:
        """Until when, by machine time, the first of those that failed is left alone; None: none is."""
        now = self._clock.machine_now()
        return min((until for until in self._quiet_until.values() if until > now), default=None)

    def ask_for(self, room: RoomRef) -> None:
        """Look now, and read this room in any case: its session is over."""
        self._asked_for.add(room)
        self._wake.set()

    def note_reported(self, room: RoomRef) -> None:
        """The room reported by itself who came or went, so it may be read less often."""
        self._reported[room] = self._clock.now()
        self._unread.add(room)

    def stop(self) -> None:
        """Look no more."""
        self._is_stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Until `stop`. Whatever goes wrong in one look, the next one comes."""
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
        if all(self._is_quiet(service) for service in self._services):
            return False
        return bool(self._asked_for) or self._next_at is None or self._clock.now() >= self._next_at

    async def _rest(self) -> None:
        """Until the next look may be due, or somebody moves the clock."""
        now = self._clock.machine_now()
        pause = PACE if self._next_at is None else self._next_at - self._clock.now()
        if all(self._is_quiet(service) for service in self._services):
            pause = max(pause, min(self._quiet_until.values(), default=now) - now)
        try:
            async with asyncio.timeout(min(max(pause, timedelta(milliseconds=20)), PACE).total_seconds()):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _look_safely(self) -> None:
        self._next_at = self._clock.now() + PACE
        try:
            await self.look()
        except StoreClosed:
            raise
        except RoomServiceError:
            return  # told by `_keep_quiet`
        except Exception:  # also a defect of ours: the next look comes, and nothing was kept half
            log.exception("look_failed")

    def _is_quiet(self, service: RoomService) -> bool:
        """It failed a moment ago, and is left alone for a while; the others are not."""
        until = self._quiet_until.get(service.name)
        return until is not None and self._clock.machine_now() < until

    def _keep_quiet(self, service: RoomService, error: RoomServiceError) -> None:
        self._failures[service.name] += 1
        pause = min(PACE * 2 ** min(self._failures[service.name] - 1, 4), LONGEST_PAUSE)
        if isinstance(error, RoomServiceBusy):
            pause = max(error.retry_after, PACE)
        self._quiet_until[service.name] = self._clock.machine_now() + pause
        log.warning("presence_not_read", error=str(error), pause_seconds=pause.total_seconds())

    async def look(self) -> None:
        """One look at every service's lessons, but for those that are left alone after a failure.

        Raises RoomServiceError, after the others had theirs.
        """
        asked_for, self._asked_for = self._asked_for, set()
        watched = await self._list_watched()
        self._forget_others({details.room.id for details in watched})
        failure: RoomServiceError | None = None
        for service in self._services:
            if self._is_quiet(service):
                continue
            own = [details for details in watched if details.service == service.name]
            try:
                if service.capabilities.attendance:
                    await self._look_at_record(service, own, asked_for)
                else:
                    await self._look_at_doors(service, own)
            except RoomServiceError as error:
                self._keep_quiet(service, error)
                failure = error
            else:
                self._failures.pop(service.name, None)
                self._quiet_until.pop(service.name, None)
        if failure is not None:
            raise failure

    async def _look_at_record(
        self, service: RoomService, watched: list[LessonDetails], asked_for: Collection[RoomRef]
    ) -> None:
        """Ask once for everything that runs, read what changed, keep what was found."""
        await self._look_at_unmade([details for details in watched if details.room.room_id is None])
        rooms = _group(watched)
        if not rooms:
            return
        asked_at, sightings = self._clock.now(), self._sightings[service.name]
        live = await service.list_live_sessions()
        reporting = self._list_reporting(rooms, now=asked_at)
        chosen = sightings.choose(rooms, live, now=asked_at, asked_for=asked_for, reporting=reporting)
        for room in chosen:
            await self._read(service, room, live, [one for one in watched if one.room.id == room.ref])
        # What was read just now is newer than `watched` says.
        calm = {room.ref for room in rooms if room not in chosen and sightings.is_as_it_was(room, live)}
        await self._keep_calm([one for one in watched if one.room.id in calm], read_at=asked_at)
        self._note_read({*calm, *(room.ref for room in chosen)}, at=asked_at)

    async def _look_at_unmade(self, watched: Iterable[LessonDetails]) -> None:
        """Where links are made at our own door, a room is made for whoever comes first: nobody is in these."""
        for details in watched:

            def keep(tx: Transaction, key: tuple[WorkspaceId, LessonId] = _key(details)) -> None:
                present = _find_details(tx, *key)
                if present is not None and present.room.room_id is None:
                    now = self._clock.now()
                    whereabouts.keep_calm(tx, present, has_reports=False, read_at=now, alerting=self._alerting)

            await self._store.write(keep, is_patient=True)

    async def _look_at_doors(self, service: RoomService, watched: Iterable[LessonDetails]) -> None:
        """The service keeps no record: our own door's is looked at, and where it tells how many are inside, that."""
        for details in watched:
            inside = await self._count_inside(service, details) if service.capabilities.presence else None

            def keep(
                tx: Transaction,
                key: tuple[WorkspaceId, LessonId] = _key(details),
                inside: Collection[str] | None = inside,
            ) -> None:
                present, now = _find_details(tx, *key), self._clock.now()
                if present is None:
                    return
                known = tx.attendance.list_events(*key)
                events = [] if inside is None else comings.compare_presence(present, known, inside, now=now)
                whereabouts.keep_comings(tx, present, events, now=now, alerting=self._alerting)

            await self._store.write(keep, is_patient=True)

    async def _count_inside(self, service: RoomService, details: LessonDetails) -> list[str] | None:
        """The connections inside, but for our own; None: not told this time."""
        if details.room.room_id is None:
            return []
        try:
            present = await service.list_present(details.room.room_id)
        except RoomServiceBusy:
            raise
        except RoomServiceError as error:
            log.warning("room_not_read", room=details.room.id, error=str(error))
            return None
        return [one.connection for one in present if not one.is_owner]

    async def _keep_calm(self, watched: Iterable[LessonDetails], *, read_at: datetime) -> None:
        """All in one transaction, which costs next to nothing; but a lesson that reports is judged anew, by itself."""
        silent = []
        for details in watched:
            if details.room.id not in self._unread:
                silent.append(details)
                continue
            key = _key(details)

            def judge(tx: Transaction, key: tuple[WorkspaceId, LessonId] = key) -> None:
                # Read here: what was reported while we asked is to be judged too, and not written over.
                present = tx.lessons.get_details(*key)
                whereabouts.keep_calm(tx, present, has_reports=True, read_at=read_at, alerting=self._alerting)

            await self._store.write(judge, is_patient=True)

        def keep(tx: Transaction) -> None:
            for details in silent:
                whereabouts.keep_calm(tx, details, has_reports=False, read_at=read_at, alerting=self._alerting)

        if silent:
            await self._store.write(keep, is_patient=True)

    def _list_reporting(self, rooms: Iterable[WatchedRoom], *, now: datetime) -> set[RoomRef]:
        """Those of which a report came lately."""
        watched = {room.ref for room in rooms}
        return {ref for ref, at in self._reported.items() if ref in watched and now - at <= REPORTS_WITHIN}

    def _forget_others(self, watched: Collection[RoomRef]) -> None:
        """Rooms that are not watched any more."""
        self._reported = {ref: at for ref, at in self._reported.items() if ref in watched}
        self._unread &= set(watched)

    def _note_read(self, rooms: Iterable[RoomRef], *, at: datetime) -> None:
        """What was reported of these rooms well before is confirmed or denied now."""
        self._unread -= {ref for ref in rooms if at - self._reported.get(ref, at) > provisional.MARGIN}

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

    async def _read(
        self, service: RoomService, room: WatchedRoom, live: Sequence[LiveSession], watched: list[LessonDetails]
    ) -> None:
        """This room's own sessions, kept for each lesson that is on in it."""
        read_at = self._clock.now()
        starts_at = min(details.lesson.starts_at for details in watched)
        try:
            sessions = await service.list_sessions(
                room.room_id, overlaps_from=starts_at - EARLY_LOOK, overlaps_until=read_at + timedelta(seconds=1)
            )
        except RoomServiceBusy:
            raise  # the whole account is to be quiet
        except RoomServiceError as error:
            log.warning("room_not_read", room=room.ref, error=str(error))
            self._sightings[service.name].note_failure(room, at=read_at)
            return

        def keep(tx: Transaction, workspace_id: WorkspaceId, lesson_id: LessonId) -> None:
            details = _find_details(tx, workspace_id, lesson_id)
            if details is not None:
                whereabouts.keep_reading(tx, details, sessions, read_at=read_at, alerting=self._alerting)

        for details in watched:
            key = _key(details)
            await self._store.write(lambda tx, key=key: keep(tx, *key), is_patient=True)  # type: ignore[misc]
        self._sightings[service.name].note(room, live, sessions, at=read_at)


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


def _key(details: LessonDetails) -> tuple[WorkspaceId, LessonId]:
    return details.lesson.workspace_id, details.lesson.id


def _find_details(tx: Transaction, workspace_id: WorkspaceId, lesson_id: LessonId) -> LessonDetails | None:
    try:
        return tx.lessons.get_details(workspace_id, lesson_id)
    except NotStored:
        return None
