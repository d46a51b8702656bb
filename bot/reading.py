"""After the end: who came, whether people are still inside, and what the lesson came to.

Theory of operation. From `ends_at` on the room service is asked for its sessions. While one runs, the lesson is running
over and is asked about again, ever more slowly. When none runs, or the room's next lesson begins, or patience runs out
(15 minutes after the last link closed), the lesson ends: what was reported is kept, attendance is computed and the
summary is owed. A service that does not answer is asked again until patience runs out; then the summary says *not
known*, never *absent*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot import collecting, comings, lifecycle, notices, provisional, windows
from bot.attendance import SessionFacts, compute_attendance
from bot.belonging import bill, choose_sessions, leave_out_early
from bot.clock import Clock
from bot.errors import RoomServiceError
from bot.provisional import Picture
from bot.rooms.base import LESSON_TAG, Capabilities, Session
from bot.rooms.registry import RoomServices
from storage.records import (
    Attendance,
    AttendanceEvent,
    EndRule,
    Lesson,
    LessonDetails,
    LessonId,
    LessonState,
    LessonTotals,
    Notice,
    new_id,
)
from storage.store import Store, Transaction

log = structlog.get_logger("hallpass.reading")

EARLY_LOOK = timedelta(hours=1)
"""How long before the start sessions still belong to this lesson: somebody may have come early and left."""


@dataclass(frozen=True, kw_only=True)
class LookAgain:
    """Nothing is decided yet; ask again at `due_at` (lesson time)."""

    due_at: datetime


class SessionReader:
    """Reads a lesson's sessions and ends it."""

    def __init__(self, *, store: Store, services: RoomServices, clock: Clock, late_after: timedelta) -> None:
        self._store = store
        self._services = services
        self._clock = clock
        self._late_after = late_after

    async def look(self, notice: Notice, details: LessonDetails) -> LookAgain | None:
        """End the lesson if it is over. None: it has ended (or was not ours to end); LookAgain: not yet.

        Raises RoomServiceError while the service does not answer and there is still patience.
        """
        lesson = details.lesson
        is_ended_now = notices.is_ended_now(notice)  # the lesson is over for us already; only who came is wanted
        if not lesson.is_open and not is_ended_now:
            return None
        now = self._clock.now()
        if is_ended_now and notice.attempts <= 1:
            await self._close_room(details)
        if self._services.find(details.service) and not self._find_capabilities(details).attendance:
            return await self._look_at_door(notice, details, now)
        is_out_of_patience = now >= lifecycle.patience_until(details)
        try:
            sessions = await self._fetch(details, now)
        except RoomServiceError:
            if not is_out_of_patience:
                raise
            await self._end(notice, details, [], is_known=False)
            return None
        ends_by = await self._find_last_moment(details, sessions)
        if ends_by is not None and now < ends_by:
            if lesson.is_open:
                await self._store.write(
                    lambda tx: lifecycle.note_running_over(tx, lesson.workspace_id, lesson.id, is_running_over=True)
                )
            pause = lifecycle.next_look(notice.attempts)
            return LookAgain(due_at=min(now + pause, ends_by))
        await self._end(notice, details, sessions, is_known=True)
        return None

    async def _find_last_moment(self, details: LessonDetails, sessions: Sequence[Session]) -> datetime | None:
        """Until when the lesson may run over: while there is patience, and no longer than the room is its own; from
        then on whoever is inside is in the next lesson. None: nobody is inside.
        """

        def read(tx: Transaction) -> tuple[datetime | None, list[Session]]:
            return _find_neighbours(tx, details)[1], _leave_out_early(tx, details, sessions)

        next_starts_at, own = await self._store.read(read)
        if all(session.ended_at is not None for session in own):
            return None
        patience = lifecycle.patience_until(details)
        return patience if next_starts_at is None else min(patience, next_starts_at)

    async def _look_at_door(self, notice: Notice, details: LessonDetails, now: datetime) -> LookAgain | None:
        """The service keeps no record of who came: our own door does. It runs over while somebody is seen inside, and
        no longer than the doors are open.
        """
        lesson = details.lesson
        closes_at = windows.last_close(lesson, [seat.participant for seat in details.seats])

        def read(tx: Transaction) -> tuple[datetime | None, bool]:
            is_inside = is_somebody_inside(tx, details, self._find_capabilities(details), now=now)
            return _find_neighbours(tx, details)[1], is_inside

        next_starts_at, is_inside = await self._store.read(read)
        ends_by = closes_at if next_starts_at is None else min(closes_at, next_starts_at)
        if lesson.is_open and is_inside and now < ends_by:
            await self._store.write(
                lambda tx: lifecycle.note_running_over(tx, lesson.workspace_id, lesson.id, is_running_over=True)
            )
            return LookAgain(due_at=min(now + lifecycle.next_look(notice.attempts), ends_by))
        await self.close_at_last(details)
        await self._end(notice, details, None, is_known=True)
        return None

    def _find_capabilities(self, details: LessonDetails) -> Capabilities:
        """Of a service that is not set up here any more: none."""
        service = self._services.find(details.service)
        return service.capabilities if service is not None else Capabilities()

    async def keep_room(self, details: LessonDetails) -> None:
        """The room itself is to stay open as long as the last door. Raises RoomServiceError."""
        room_id = details.room.room_id
        if room_id is None or not self._find_capabilities(details).room_ends:
            return
        closes_at = windows.last_close(details.lesson, [seat.participant for seat in details.seats])
        await self._services.get(details.service).extend_room(room_id, closes_at=closes_at)

    async def close_at_last(self, details: LessonDetails) -> None:
        """The last door is closed: where the service puts nobody out by itself and the lesson's end does, we do.

        So no learner stays behind unsupervised. Nothing before that moment, unless the lesson was cancelled.
        """
        capabilities, lesson = self._find_capabilities(details), details.lesson
        closes_at = windows.last_close(lesson, [seat.participant for seat in details.seats])
        is_due = lesson.state is LessonState.CANCELLED or self._clock.now() >= closes_at
        if is_due and not capabilities.removal_at_end and lesson.options.end_rule is not EndRule.OPEN:
            await self._close_room(details)

    async def _close_room(self, details: LessonDetails) -> None:
        """Where the service can, nobody stays behind. Not while another lesson is in it."""
        room_id, lesson, now = details.room.room_id, details.lesson, self._clock.now()
        if room_id is None or not self._find_capabilities(details).close_room:
            return
        sharing = await self._store.read(lambda tx: tx.lessons.list_in_room(lesson.workspace_id, lesson.room))
        if any(other.is_open and other.starts_at - EARLY_LOOK <= now < other.ends_at for other in sharing):
            return
        try:
            await self._services.get(details.service).close_room(room_id, region=details.room.region)
        except RoomServiceError as error:  # they leave by themselves, at the latest when their links put them out
            log.warning("room_not_closed", lesson=lesson.id, error=str(error))

    async def _fetch(self, details: LessonDetails, now: datetime) -> list[Session]:
        room_id = details.room.room_id
        if room_id is None:  # nobody ever got a way in
            return []
        return await self._services.get(details.service).list_sessions(
            room_id, overlaps_from=details.lesson.starts_at - EARLY_LOOK, overlaps_until=now + timedelta(seconds=1)
        )

    async def _end(
        self, notice: Notice, details: LessonDetails, sessions: list[Session] | None, *, is_known: bool
    ) -> None:
        """`sessions` None: the service has none to tell of, and our own door's record is what counts."""
        now = self._clock.now()
        lesson = details.lesson

        def work(tx: Transaction) -> None:
            present = tx.lessons.get_details(lesson.workspace_id, lesson.id)
            if present.lesson.is_open and present.lesson.ends_at != lesson.ends_at:
                return  # moved or extended while the service was asked: that end has a look of its own
            if sessions is None:
                judged = judge_own(tx, present, now=now, late_after=self._late_after, is_provisional=False)
            else:
                judged = judge_sessions(tx, present, sessions, is_known=is_known, now=now, late_after=self._late_after)
            finish = lifecycle.sum_up if notices.is_ended_now(notice) else lifecycle.end
            finish(tx, present, events=judged.events, totals=judged.totals, attendance=judged.attendance, now=now)
            capabilities = self._find_capabilities(present)
            collecting.begin(tx, present, sessions or [], capabilities=capabilities, is_known=is_known, now=now)

        await self._store.write(work)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a lesson's sessions come to."""

    events: list[AttendanceEvent]
    totals: LessonTotals
    attendance: tuple[Attendance, ...]
    ended_sessions: frozenset[str] = frozenset()


def judge_sessions(
    tx: Transaction,
    details: LessonDetails,
    sessions: Sequence[Session],
    *,
    is_known: bool,
    now: datetime,
    late_after: timedelta,
    is_provisional: bool = False,
) -> Judged:
    """Who came, by the sessions of the lesson's room, without the minutes of its neighbours there. Writes nothing.

    `is_provisional`: the lesson still goes on, and what was reported since counts as well.
    """
    sessions = _leave_out_early(tx, details, sessions)
    events = _list_events(details, sessions)
    facts = _list_facts(tx, details.lesson, sessions)
    picture = Picture(events=events, sessions=facts)
    if is_provisional:
        reported = [event for event in _list_stored(tx, details) if event.source == provisional.REPORTED]
        picture = provisional.make_picture([*events, *reported], facts, read_at=now)
    totals, attendance = _compute(
        tx, details, picture, is_known=is_known, now=now, late_after=late_after, is_provisional=is_provisional
    )
    return Judged(events=events, totals=totals, attendance=attendance, ended_sessions=picture.list_ended())


def judge_reports(tx: Transaction, details: LessonDetails, *, now: datetime, late_after: timedelta) -> Judged:
    """Who is there in a lesson that goes on, by its last reading and what was reported since. Writes nothing.

    It is no reading: `read_at` stays that of the last one, and where there was none nobody is absent.
    """
    before = details.totals if details.totals is not None and details.totals.is_known else None
    events = _list_stored(tx, details)
    picture = provisional.make_picture(
        events, provisional.list_logged_sessions(events), read_at=before.read_at if before else None
    )
    totals, attendance = _compute(
        tx, details, picture, is_known=before is not None, now=now, late_after=late_after, is_provisional=True
    )
    if before is not None:
        totals = replace(totals, read_at=before.read_at, billable=before.billable, has_recording=before.has_recording)
    return Judged(events=picture.events, totals=totals, attendance=attendance, ended_sessions=picture.list_ended())


def judge_own(
    tx: Transaction, details: LessonDetails, *, now: datetime, late_after: timedelta, is_provisional: bool
) -> Judged:
    """Who came by our own door, for a service that keeps no record. Writes nothing.

    Who was seen coming and never seen going is taken to be there until now, unless their page fell silent; but no
    longer than the last door was open, and not after the room's own count had come to nobody.
    """
    stored = _list_stored(tx, details)
    said = comings.take_last_words(event for event in stored if event.source in comings.NAMING)
    events = comings.mark_silences(said, now=now)
    last_close = windows.last_close(details.lesson, [seat.participant for seat in details.seats])
    ended_at = min(now, last_close, comings.find_emptied(stored) or now)
    sessions = {event.session_id: event.at for event in reversed(events)}  # the first of each, stored by `at`
    facts = [
        SessionFacts(session_id=session_id, started_at=started_at, ended_at=None if is_provisional else ended_at)
        for session_id, started_at in sessions.items()
    ]
    totals, attendance = _compute(
        tx,
        details,
        Picture(events=events, sessions=facts),
        is_known=True,
        now=now,
        late_after=late_after,
        is_provisional=is_provisional,
    )
    inside = comings.count_inside(stored) if is_provisional else None
    return Judged(events=events, totals=replace(totals, inside_count=inside), attendance=attendance)


def is_somebody_inside(tx: Transaction, details: LessonDetails, capabilities: Capabilities, *, now: datetime) -> bool:
    """As far as the room's count or our own pages tell. Who leaves any other room is seen by nobody."""
    if capabilities.presence:
        return bool(comings.list_inside(_list_stored(tx, details)))
    if not capabilities.own_page:
        return False
    judged = judge_own(tx, details, now=now, late_after=timedelta(0), is_provisional=True)
    return any(one.joined_at is not None and one.left_at is None for one in judged.attendance)


def _list_stored(tx: Transaction, details: LessonDetails) -> list[AttendanceEvent]:
    return tx.attendance.list_events(details.lesson.workspace_id, details.lesson.id)


def _compute(
    tx: Transaction,
    details: LessonDetails,
    picture: Picture,
    *,
    is_known: bool,
    now: datetime,
    late_after: timedelta,
    is_provisional: bool,
) -> tuple[LessonTotals, tuple[Attendance, ...]]:
    floor_at, ceiling_at = _find_neighbours(tx, details)
    return compute_attendance(
        lesson=details.lesson,
        participants=[seat.participant for seat in (*details.seats, *details.removed)],
        events=picture.events,
        sessions=picture.sessions,
        is_known=is_known,
        names={seat.participant.id: seat.person.name for seat in (*details.seats, *details.removed)},
        read_at=now,
        late_after=late_after,
        floor_at=floor_at,
        ceiling_at=ceiling_at,
        is_provisional=is_provisional,
    )


def _find_neighbours(tx: Transaction, details: LessonDetails) -> tuple[datetime | None, datetime | None]:
    """Where the lessons before and after this one in the same room end and begin."""
    lesson, others = details.lesson, _list_sharing(tx, details)
    before = [other.ends_at for other in others if other.starts_at < lesson.starts_at]
    after = [other.starts_at for other in others if other.starts_at >= lesson.ends_at]
    return max(before, default=None), min(after, default=None)


def _list_sharing(tx: Transaction, details: LessonDetails) -> list[Lesson]:
    """The other lessons in the same room, those that were not cancelled."""
    lesson = details.lesson
    others = tx.lessons.list_in_room(lesson.workspace_id, lesson.room)
    return [other for other in others if other.id != lesson.id and other.state is not LessonState.CANCELLED]


def _leave_out_early(tx: Transaction, details: LessonDetails, sessions: Sequence[Session]) -> list[Session]:
    """The sessions without who came early for the room's next lesson, as far as tags tell."""
    lesson = details.lesson
    if not any(session.tags.get(LESSON_TAG) not in (None, lesson.id) for session in sessions):
        return list(sessions)

    def list_places(lesson_id: LessonId) -> frozenset[str]:
        asked = details if lesson_id == lesson.id else tx.lessons.get_details(lesson.workspace_id, lesson_id)
        seats = (*asked.seats, *asked.removed)
        return frozenset(seat.participant.provider_user_id or "" for seat in seats)

    later = [other for other in _list_sharing(tx, details) if other.starts_at >= lesson.ends_at]
    return leave_out_early(lesson, later, sessions, list_places=list_places)


def _list_facts(tx: Transaction, lesson: Lesson, sessions: Sequence[Session]) -> list[SessionFacts]:
    """What is known of each as a whole. Of one that spans two lessons, bill and recording are one lesson's only."""
    own = {
        one.session_id
        for one in choose_sessions(lesson, tx.lessons.list_in_room(lesson.workspace_id, lesson.room), sessions)
    }
    return [
        SessionFacts(
            session_id=session.session_id,
            started_at=session.started_at,
            ended_at=session.ended_at,
            billable=bill(lesson, [session]) if session.session_id in own else None,
            has_recording=session.has_recording and session.session_id in own,
        )
        for session in sessions
    ]


def _list_events(details: LessonDetails, sessions: Sequence[Session]) -> list[AttendanceEvent]:
    lesson = details.lesson
    closes_at = windows.last_close(lesson, [seat.participant for seat in details.seats])
    return [
        AttendanceEvent(
            id=new_id(),
            workspace_id=lesson.workspace_id,
            lesson_id=lesson.id,
            source="sessions",
            source_id=f"{session.session_id}:{event.id}",
            session_id=session.session_id,
            kind=event.happening.value,
            who=event.who,
            connection=event.connection,
            shown_name=session.names.get(event.who, ""),
            at=event.at,
        )
        for session in sessions
        for event in session.events
        if session.started_at < closes_at + timedelta(hours=1)
    ]
