"""What a lesson leaves at the room service: its recording, its transcript, the service's own summary of it.

Theory of operation. When a lesson ends, the sessions that were its own are kept (`begin`), each with what is awaited of
it, and one piece of work is owed: COLLECT. At each turn the service is asked for no more than what is still awaited,
ever more rarely, until all of it is there or a week is over; what is not there then is called missing. Each ended
session is settled once: named after the lesson, and its recording opened to whom the workspace wants. A transcript is
stored; a recording only noted to be there, since its address opens for whoever holds it: that is fetched anew for each
person who may watch. A session that still ran at the lesson's end is billed when it is over, whole. Nothing here tells
anybody: the messages that show it are drawn again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from bot import notices
from bot.belonging import bill, choose_sessions
from bot.clock import Clock
from bot.errors import RoomServiceError, RoomServiceNonsense, RoomServiceRefused
from bot.rooms.base import Audience, Capabilities, Happening, Line, RoomService, Session
from bot.rooms.registry import RoomServices
from bot.watchers import Watchers
from storage.records import (
    CardKind,
    HeldSession,
    Lesson,
    LessonDetails,
    LessonId,
    LessonState,
    Notice,
    NoticeKind,
    NoticeState,
    PersonKind,
    Produced,
    TranscriptLine,
    WorkspaceId,
)
from storage.store import Store, Transaction

log = structlog.get_logger("hallpass.collecting")

T = TypeVar("T")

FIRST_PAUSE = timedelta(minutes=5)
"""Between the end and the first look, and between that and the second; each later pause is twice as long."""
LONGEST_PAUSE = timedelta(hours=12)
SUMMARY_FOLLOWS = timedelta(days=1)
"""How long after the end a transcript is expected to be followed by the service's summary of it. Not all have one."""
EARLY = timedelta(hours=1)
"""How long before the start somebody may have begun the lesson's session."""


# When the lesson ends


def begin(
    tx: Transaction,
    details: LessonDetails,
    sessions: Sequence[Session],
    *,
    capabilities: Capabilities,
    is_known: bool,
    now: datetime,
) -> None:
    """Keep the ended lesson's own sessions, and owe the work on them. `is_known` False: the service did not answer."""
    lesson = tx.lessons.get(details.lesson.workspace_id, details.lesson.id)
    if lesson.state is not LessonState.ENDED:
        return
    own = choose_sessions(lesson, tx.lessons.list_in_room(lesson.workspace_id, lesson.room), sessions)
    tx.sessions.save([_hold(session, lesson, capabilities) for session in own])
    may_have_some = details.room.room_id is not None and (own or not is_known)
    if may_have_some and (capabilities.recording or capabilities.transcript):
        tx.notices.insert([notices.plan_collecting(lesson, "ended", due_at=now + FIRST_PAUSE, now=now)])


def _hold(session: Session, lesson: Lesson, capabilities: Capabilities) -> HeldSession:
    """The session as it is kept at first, with what is awaited of it."""
    options = lesson.options
    is_recorded = options.records if lesson.is_recorded is None else lesson.is_recorded
    is_transcribed = options.transcribes if lesson.is_transcribed is None else lesson.is_transcribed
    recording = transcript = Produced.NOT_ASKED
    if capabilities.recording and (is_recorded or session.has_recording):
        recording = Produced.AWAITED
    if capabilities.transcript and is_transcribed:
        transcript = Produced.AWAITED if _can_have_transcript(session, capabilities) else Produced.MISSING
    return HeldSession(
        workspace_id=lesson.workspace_id,
        lesson_id=lesson.id,
        session_id=session.session_id,
        started_at=session.started_at,
        ended_at=session.ended_at,
        has_recording=session.has_recording,
        recording=recording,
        transcript=transcript,
        summary=session.summary,
        is_settled=not capabilities.recording,
    )


def _can_have_transcript(session: Session, capabilities: Capabilities) -> bool:
    """False where it is known that there will be none: one person alone, or too short."""
    people = {event.who for event in session.events if event.happening is Happening.JOINED}
    shortest = capabilities.shortest_transcript
    is_short = session.ended_at is not None and session.ended_at - session.started_at < shortest
    return not is_short and len(people) != 1


# When the service says so


def hasten(tx: Transaction, workspace_id: WorkspaceId, lesson_id: LessonId, *, now: datetime) -> None:
    """The service reported that something of this lesson is ready: look now. Nothing for a lesson that is still on, nor
    for one that had somebody whom we forgot."""
    lesson = tx.lessons.get(workspace_id, lesson_id)
    if lesson.state is not LessonState.ENDED or _has_forgotten(tx, workspace_id, lesson_id):
        return
    waiting = (NoticeState.WAITING, NoticeState.CLAIMED)
    owed = [one for one in tx.notices.list_for_lesson(workspace_id, lesson_id) if one.kind is NoticeKind.COLLECT]
    if any(one.state in waiting for one in owed):
        kinds = (NoticeKind.COLLECT,)
        tx.notices.reschedule(workspace_id, lesson_id, kinds=kinds, due_at=now, lesson_starts_at=lesson.starts_at)
    elif owed:
        tx.notices.insert([notices.plan_collecting(lesson, notices.instant(now), due_at=now, now=now)])


def note_summary(
    tx: Transaction, workspace_id: WorkspaceId, lesson_id: LessonId, session_id: str, *, summary: str
) -> None:
    """The service reported its summary of this session. Nothing where the session is not kept (yet): COLLECT asks; nor
    where it may tell of somebody whom we forgot."""
    if _has_forgotten(tx, workspace_id, lesson_id):
        return
    held = tx.sessions.list_for_lesson(workspace_id, lesson_id)
    changed = [replace(one, summary=summary) for one in held if one.session_id == session_id]
    if changed and changed[0] not in held:
        tx.sessions.save(changed)
        tx.cards.want(workspace_id, lesson_id, kinds=(CardKind.SUMMARY,))


def _has_forgotten(tx: Transaction, workspace_id: WorkspaceId, lesson_id: LessonId) -> bool:
    """Had somebody a place in it who was forgotten since? What the service tells of it would name them again."""
    details = tx.lessons.get_details(workspace_id, lesson_id)
    return any(seat.person.kind is PersonKind.FORGOTTEN for seat in (*details.seats, *details.removed))


# Afterwards


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A session as it is now, with the transcript where one was given at this look."""

    session: HeldSession
    lines: tuple[Line, ...] = ()


class Collector:
    """Does the work that COLLECT stands for.

    `audiences`: who may open a recording at the provider; None: left as the organisation has it. `find_redraws`:
    the messages that show what was found, as it is now.
    """

    def __init__(
        self,
        *,
        store: Store,
        services: RoomServices,
        clock: Clock,
        audiences: Sequence[Audience] | None = None,
        find_redraws: Callable[[], Collection[CardKind]] = lambda: (CardKind.SUMMARY,),
    ) -> None:
        self._store = store
        self._services = services
        self._clock = clock
        self._audiences = audiences
        self._find_redraws = find_redraws

    async def look(self, notice: Notice, details: LessonDetails) -> datetime | None:
        """Ask for what is still awaited, and keep it. When to look again (lesson time); None: all is done.

        A service that does not answer is asked again at the next look: nobody waits at a screen for this.
        """
        lesson, now, service = details.lesson, self._clock.now(), self._services.get(details.service)
        gives_up_at = notices.find_end_of_patience(lesson)
        is_last = now >= gives_up_at
        held, billable = await self._read_sessions(service, details, now)
        found = [await self._look_at(service, one, lesson, is_last=is_last) for one in held]
        await self._store.write(lambda tx: self._keep(tx, lesson, found, billable))
        if is_last or not any(_is_awaited(one.session, lesson, now) for one in found):
            return None
        return min(now + next_pause(notice.attempts), gives_up_at)

    async def _read_sessions(
        self, service: RoomService, details: LessonDetails, now: datetime
    ) -> tuple[list[HeldSession], timedelta | None]:
        """Those that are kept, brought up to date, and those not kept yet because the service did not answer; and what
        they are billed, None where that is not told anew."""
        lesson, room_id = details.lesson, details.room.room_id
        stored = await self._store.read(lambda tx: tx.sessions.list_for_lesson(lesson.workspace_id, lesson.id))
        waits = any(one.ended_at is None or _is_awaited(replace(one, is_settled=True), lesson, now) for one in stored)
        if room_id is None or (stored and not waits):  # then there is only to settle, if anything
            return stored, None
        until = (lesson.ended_at or lesson.ends_at) + timedelta(seconds=1)
        asked = service.list_sessions(room_id, overlaps_from=lesson.starts_at - EARLY, overlaps_until=until)
        told = await self._ask(asked, lesson) or []
        in_room = await self._store.read(lambda tx: tx.lessons.list_in_room(lesson.workspace_id, lesson.room))
        held = {one.session_id: one for one in stored}
        own = choose_sessions(lesson, in_room, told)
        for session in own:
            known = held.get(session.session_id)
            held[session.session_id] = _update(known, session, lesson, service.capabilities)
        return list(held.values()), bill(lesson, own)

    async def _look_at(self, service: RoomService, one: HeldSession, lesson: Lesson, *, is_last: bool) -> _Found:
        if one.ended_at is None and not is_last:
            return _Found(session=one)
        if not one.is_settled:
            one = await self._settle(service, one, lesson)
        if one.recording is Produced.AWAITED:
            address = await self._ask(service.fetch_recording(one.session_id), lesson)
            one = replace(one, recording=_judge_recording(lesson, is_there=bool(address), is_last=is_last))
        lines: tuple[Line, ...] = ()
        if one.transcript is Produced.AWAITED:
            lines = await self._ask(service.fetch_transcript(one.session_id), lesson) or ()
            if lines:
                one = replace(one, transcript=Produced.READY, transcript_at=self._clock.now())
            elif is_last:
                one = replace(one, transcript=Produced.MISSING)
        return _Found(session=one, lines=lines)

    async def _settle(self, service: RoomService, one: HeldSession, lesson: Lesson) -> HeldSession:
        """Once: what the service refuses, or answers without sense, it would refuse again."""
        try:
            await service.settle_session(one.session_id, name=lesson.title, audiences=self._audiences)
        except (RoomServiceRefused, RoomServiceNonsense) as error:
            log.warning("session_not_settled", lesson=lesson.id, error=str(error))
        except RoomServiceError as error:
            log.warning("session_not_settled_yet", lesson=lesson.id, error=str(error))
            return one
        return replace(one, is_settled=True)

    async def _ask(self, asked: Awaitable[T | None], lesson: Lesson) -> T | None:
        try:
            return await asked
        except RoomServiceError as error:
            log.warning("not_collected", lesson=lesson.id, error=str(error))
            return None

    def _keep(self, tx: Transaction, lesson: Lesson, found: Sequence[_Found], billable: timedelta | None) -> None:
        before = {one.session_id: one for one in tx.sessions.list_for_lesson(lesson.workspace_id, lesson.id)}
        kept = []
        for one in found:
            known = before.get(one.session.session_id)
            # A summary may have been reported since the service was asked.
            summary = one.session.summary or (known.summary if known else None)
            kept.append(replace(one.session, summary=summary))
            if one.lines:
                lines = _number(one.lines, one.session)
                tx.sessions.save_transcript(lesson.workspace_id, lesson.id, one.session.session_id, lines)
        tx.sessions.save(kept)
        totals = tx.attendance.find_totals(lesson.workspace_id, lesson.id)
        is_billed_anew = totals is not None and billable is not None and billable != totals.billable
        if totals is not None and is_billed_anew:
            tx.attendance.save_totals(replace(totals, billable=billable))
        if is_billed_anew or any(_shown(one) != _shown(before.get(one.session_id)) for one in kept):
            tx.cards.want(lesson.workspace_id, lesson.id, kinds=self._find_redraws())


def find_showing(watchers: Watchers) -> tuple[CardKind, ...]:
    """The messages that show what was found, by who may watch recordings."""
    return (CardKind.SUMMARY, CardKind.PARTICIPANT) if watchers is Watchers.PARTICIPANTS else (CardKind.SUMMARY,)


def next_pause(attempts: int) -> timedelta:
    """How long until the next look: 5 minutes after the first, up to 12 hours."""
    return min(FIRST_PAUSE * (1 << min(max(attempts - 1, 0), 10)), LONGEST_PAUSE)


def _is_awaited(one: HeldSession, lesson: Lesson, now: datetime) -> bool:
    """Is there anything left to ask for?"""
    if Produced.AWAITED in (one.recording, one.transcript) or not one.is_settled:
        return True
    follows_until = (lesson.ended_at or lesson.ends_at) + SUMMARY_FOLLOWS
    return one.transcript is Produced.READY and one.summary is None and now < follows_until


def _update(known: HeldSession | None, session: Session, lesson: Lesson, capabilities: Capabilities) -> HeldSession:
    if known is None:
        return _hold(session, lesson, capabilities)
    return replace(
        known,
        ended_at=session.ended_at,
        has_recording=session.has_recording,
        summary=session.summary or known.summary,
    )


def _judge_recording(lesson: Lesson, *, is_there: bool, is_last: bool) -> Produced:
    if is_there:
        return Produced.READY
    is_recorded = lesson.options.records if lesson.is_recorded is None else lesson.is_recorded
    if not is_recorded:  # only the session's own entry looked as if there were one
        return Produced.NOT_ASKED
    return Produced.MISSING if is_last else Produced.AWAITED


def _shown(one: HeldSession | None) -> tuple[object, ...]:
    """What of it people can see; a session that was not kept shows nothing."""
    if one is None:
        return (Produced.NOT_ASKED, Produced.NOT_ASKED, None)
    return (one.recording, one.transcript, one.summary)


def _number(lines: Sequence[Line], session: HeldSession) -> list[TranscriptLine]:
    return [
        TranscriptLine(
            workspace_id=session.workspace_id,
            lesson_id=session.lesson_id,
            session_id=session.session_id,
            position=position,
            starts=line.starts,
            ends=line.ends,
            speaker=line.speaker,
            who=line.who,
            text=line.text,
        )
        for position, line in enumerate(lines)
    ]
