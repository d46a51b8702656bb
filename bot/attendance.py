"""Who was there, for how long: what the room service reported, made into attendance. Pure; it stores and asks nothing.

Theory of operation. The service reports *events*: somebody joined or left, at an instant, by one connection. A person
may have several connections at once (two tabs, a telephone beside the computer) and several sessions in one lesson (one
ends when the last person leaves, and the next who comes starts another). So:

1. Within one session and one connection, a join opens a *stint* and the next leave closes it. Idling is being there.
   A stint that is never closed ends with its session; in a session still running, when the service was read.
2. A person's stints, over all connections and sessions, are merged. Being there twice at a time counts once.
3. They are cut at the neighbours: where another lesson has the room before or after, that lesson's minutes are its own.
   Who came early for the next lesson is not among them to begin with, where a session's tag tells (`belonging`).
4. *Minutes* are what lies between `starts_at` and the end: `ends_at`, or later where the lesson ran over. When
   somebody joined and left is told as it was, also before the start; who was gone again by then was not there.
5. Who has no place in the lesson is *uninvited* and listed apart; nobody is matched by name. Where the service did not
   answer, somebody not seen is *unknown*, never absent.

What keeps this whole: the order of events means nothing, and neither does hearing of one twice. A value that was not
reported is not made up: somebody still inside has not left, and no figure of the service's is no figure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby

from storage.records import (
    Attendance,
    AttendanceEvent,
    Lesson,
    LessonTotals,
    Participant,
    ParticipantId,
    Record,
    Verdict,
)

LATE_AFTER = timedelta(minutes=5)
"""Who joins later than this after the start is late."""

NO_TIME = timedelta(0)
EVER = datetime.max.replace(tzinfo=UTC)
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class SessionFacts(Record):
    """What the provider says of one session as a whole."""

    session_id: str
    started_at: datetime
    ended_at: datetime | None  # None: it is running
    billable: timedelta | None = None  # the service's own figure, if it is this lesson's
    has_recording: bool = False


@dataclass(frozen=True, order=True)
class Stint:
    """Being there without a break, `[start, end)`. Both the same: seen at that instant, for how long is not known."""

    start: datetime
    end: datetime
    is_open: bool = False  # still there at `end`


def compute_attendance(
    *,
    lesson: Lesson,
    participants: Sequence[Participant],
    events: Iterable[AttendanceEvent],
    sessions: Sequence[SessionFacts],
    is_known: bool,
    read_at: datetime,
    names: Mapping[ParticipantId, str] | None = None,
    late_after: timedelta = LATE_AFTER,
    floor_at: datetime | None = None,
    ceiling_at: datetime | None = None,
    is_provisional: bool = False,
) -> tuple[LessonTotals, tuple[Attendance, ...]]:
    """What the lesson came to, and each person's part: participants in their order, then who came without a link.

    `is_known`: the service answered, at `read_at`. `floor_at` and `ceiling_at` are where the lessons before and after
    in the same room end and begin. `names` are shown for participants; one not in it is shown as the service did.
    A removed participant is listed only if they came. A lesson not yet ended ends at `read_at`, if that is after
    `ends_at`. `is_provisional`: the lesson goes on, so who is in the room already counts as having come, before the
    start too, and *absent* means so far.
    """
    events = list(events)
    room = [Stint(floor_at or NEVER, ceiling_at or EVER)]
    time = overlap([Stint(lesson.starts_at, max(lesson.ends_at, lesson.ended_at or read_at))], room)
    seen: dict[str, list[Stint]] = {}
    for who, stints in _stints_by_person(events, sessions, read_at).items():
        there = [
            stint
            for stint in overlap(merge(stints), room)
            if overlap([stint], time) or (is_provisional and stint.is_open)
        ]
        if there:
            seen[who] = there

    sheet = _Sheet(lesson, time, seen, is_known=is_known, late_after=late_after, names=_shown_names(events))
    placed = [one for one in participants if one.removed_at is None or one.provider_user_id in seen]
    strangers = set(seen) - {one.provider_user_id for one in participants}
    attendance = (
        *(sheet.judge(one, (names or {}).get(one.id)) for one in placed),
        *(sheet.judge_stranger(who) for who in sorted(strangers, key=lambda who: (seen[who], who))),
    )
    return sheet.total(placed, sessions, read_at), attendance


def merge(stints: Iterable[Stint]) -> list[Stint]:
    """The same time as stints that neither overlap nor touch, in order."""
    merged: list[Stint] = []
    for stint in sorted(stints):
        last = merged[-1] if merged else None
        if last is None or stint.start > last.end:
            merged.append(stint)
        elif stint.end > last.end:
            merged[-1] = Stint(last.start, stint.end, stint.is_open)
        else:
            merged[-1] = Stint(last.start, last.end, last.is_open or (stint.is_open and stint.end == last.end))
    return merged


def overlap(stints: Iterable[Stint], others: Sequence[Stint]) -> list[Stint]:
    """The parts of the stints that lie within one of the others. An instant stays one, where it lies within."""
    parts = []
    for stint in stints:
        for other in others:
            part = Stint(max(stint.start, other.start), min(stint.end, other.end))
            if part.start < part.end or (stint.start == stint.end and other.start <= stint.start < other.end):
                parts.append(Stint(part.start, part.end, stint.is_open and part.end == stint.end))
    return parts


def duration(stints: Iterable[Stint]) -> timedelta:
    """How long they are together. Merge them first, or what overlaps counts twice."""
    return sum((stint.end - stint.start for stint in stints), NO_TIME)


@dataclass(frozen=True)
class _Sheet:
    """What is judged alike for everybody in one lesson."""

    lesson: Lesson
    time: list[Stint]  # the lesson's own minutes
    seen: Mapping[str, list[Stint]]  # merged, by `who`; only those who were there in the lesson's own minutes
    names: Mapping[str, str]  # as the service shows them
    is_known: bool
    late_after: timedelta

    def judge(self, participant: Participant, name: str | None) -> Attendance:
        who = participant.provider_user_id
        shown = name or self.names.get(who or "", "")
        if who is None or who not in self.seen:
            return Attendance(
                workspace_id=self.lesson.workspace_id,
                lesson_id=self.lesson.id,
                participant_id=participant.id,
                who=participant.id,
                shown_name=shown,
                verdict=Verdict.ABSENT if self.is_known else Verdict.UNKNOWN,
            )
        seen = replace(
            self.judge_stranger(who), participant_id=participant.id, shown_name=shown, verdict=Verdict.PRESENT
        )
        late_by = self.seen[who][0].start - self.lesson.starts_at
        return replace(seen, late_by=late_by) if late_by > self.late_after else seen

    def judge_stranger(self, who: str) -> Attendance:
        stints = self.seen[who]
        return Attendance(
            workspace_id=self.lesson.workspace_id,
            lesson_id=self.lesson.id,
            participant_id=None,
            who=who,
            shown_name=self.names.get(who, ""),
            verdict=Verdict.UNINVITED,
            joined_at=stints[0].start,
            left_at=None if stints[-1].is_open else stints[-1].end,
            present=duration(overlap(stints, self.time)),
        )

    def total(self, placed: Sequence[Participant], sessions: Sequence[SessionFacts], read_at: datetime) -> LessonTotals:
        """What the participants' presence and the sessions come to. Strangers count for nothing here."""
        leaders, others = (
            merge(
                stint
                for one in placed
                if one.is_leader is is_leader
                for stint in self.seen.get(one.provider_user_id or "", ())
            )
            for is_leader in (True, False)
        )
        everybody = merge([*leaders, *others])
        held = [one for one in sessions if overlap([Stint(one.started_at, one.ended_at or EVER)], self.time)]
        began = self.lesson.starts_at
        billable = [one.billable for one in sessions if one.billable is not None and (one.ended_at or EVER) > began]
        return LessonTotals(
            workspace_id=self.lesson.workspace_id,
            lesson_id=self.lesson.id,
            is_known=self.is_known,
            really_started_at=everybody[0].start if everybody else None,
            really_ended_at=everybody[-1].end if everybody and not everybody[-1].is_open else None,
            together=duration(overlap(overlap(leaders, others), self.time)),
            billable=sum(billable, NO_TIME) if billable else None,
            session_count=len(held),
            has_recording=any(one.has_recording for one in held),
            read_at=read_at,
        )


def _stints_by_person(
    events: Iterable[AttendanceEvent], sessions: Iterable[SessionFacts], read_at: datetime
) -> dict[str, list[Stint]]:
    """Every connection's stints, by `who`. Of a session that nothing is known of, the last thing heard is its end."""
    facts = {one.session_id: one for one in sessions}
    by_connection: dict[tuple[str, str, str | None], list[AttendanceEvent]] = defaultdict(list)
    last_heard: dict[str, datetime] = {}
    for event in events:
        by_connection[event.session_id, event.who, event.connection].append(event)
        last_heard[event.session_id] = max(event.at, last_heard.get(event.session_id, NEVER))

    stints: dict[str, list[Stint]] = defaultdict(list)
    for (session_id, who, _), heard in by_connection.items():
        session = facts.get(session_id)
        ends_at = (session.ended_at or read_at) if session else last_heard[session_id]
        is_running = session is not None and session.ended_at is None
        stints[who] += _stints_of(heard, ends_at=ends_at, is_running=is_running)
    return stints


def _stints_of(heard: Sequence[AttendanceEvent], *, ends_at: datetime, is_running: bool) -> list[Stint]:
    """One connection's stints. What is heard before any join tells that a join was lost: they were there from then on.

    A join and a leave at one instant (the service's clock may tell seconds only) are a reload for who was there, and a
    glance into the room for who was not: read so, the order in which the two came does not matter. Our own pages, which
    say that they are open again and again, are judged before (`comings.take_last_words`).
    """
    stints: list[Stint] = []
    since: datetime | None = None
    is_new = True
    for at, together in groupby(sorted(heard, key=lambda event: event.at), key=lambda event: event.at):
        kinds = {event.kind for event in together}
        if since is None and ("joined" in kinds or (is_new and kinds & {"left", "idled"})):
            since = at
            if "left" in kinds:
                stints.append(Stint(at, at))
                since = None
        elif since is not None and "left" in kinds:
            stints.append(Stint(since, at))
            since = at if "joined" in kinds else None
        is_new = is_new and not kinds & {"joined", "left", "idled"}
    if since is not None:
        stints.append(Stint(since, max(since, ends_at), is_running))
    return stints


def _shown_names(events: Iterable[AttendanceEvent]) -> dict[str, str]:
    """The last name under which each was shown."""
    named = sorted((event for event in events if event.shown_name), key=lambda event: (event.at, event.shown_name))
    return {event.who: event.shown_name for event in named}
