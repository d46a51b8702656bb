"""Watching a recording, reading a transcript, searching what was said: who may, judged when it is asked for.

Units of work. Each hands over what is stored, never an address of a recording: that is fetched afterwards, for who was
admitted here, and kept nowhere. That somebody asked for a recording or a transcript stands in the audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from bot.booking import BookingPolicy
from bot.errors import NoLongerKept, NotAllowed, Outdated
from bot.found_lines import Hit
from bot.readers import reader_of
from bot.transcripts import Part, Transcript
from bot.watchers import Rights, rights_of
from storage.errors import NotStored
from storage.records import (
    AuditEntry,
    HeldSession,
    LessonDetails,
    LessonId,
    Person,
    Produced,
    WorkspaceId,
    new_id,
)
from storage.store import Transaction

MOST_WORDS = 20
"""Of a search; what is typed beyond that is not looked for."""


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Somebody asks for what a lesson left. `session_id` None: of all its sessions."""

    workspace_id: WorkspaceId
    lesson_id: LessonId
    user_id: str
    session_id: str | None
    policy: BookingPolicy
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Watching:
    """This person may watch this session's recording."""

    details: LessonDetails
    person: Person
    session: HeldSession


@dataclass(frozen=True, kw_only=True)
class Reading:
    """This person may read this transcript."""

    details: LessonDetails
    person: Person
    transcript: Transcript


@dataclass(frozen=True, kw_only=True)
class Found:
    """A page of what was searched for."""

    hits: tuple[Hit, ...]
    has_more: bool = False


def watch(tx: Transaction, asking: Asking) -> Watching:
    """Raises NotAllowed; Outdated where there is no such recording (any more)."""
    details, person, rights = _admit(tx, asking, "watch")
    if not rights.watches:
        raise NotAllowed("watch")
    wanted = (one for one in details.sessions if one.recording is Produced.READY)
    session = next((one for one in wanted if one.session_id == asking.session_id), None)
    if session is None:
        raise Outdated
    _note(tx, asking, person, action="watched")
    return Watching(details=details, person=person, session=session)


def read_transcript(tx: Transaction, asking: Asking) -> Reading:
    """Raises NotAllowed; Outdated where there is no transcript (any more). Its times are told in the reader's zone."""
    details, person, rights = _admit(tx, asking, "transcript")
    if not rights.reads:
        raise NotAllowed("transcript")
    lines = tx.sessions.list_lines(asking.workspace_id, asking.lesson_id)
    by_session = {key: tuple(said) for key, said in groupby(lines, key=lambda line: line.session_id)}
    parts = [
        Part(session_id=one.session_id, started_at=one.started_at, lines=by_session[one.session_id])
        for one in details.sessions
        if one.session_id in by_session and asking.session_id in (None, one.session_id)
    ]
    if not parts:
        raise Outdated
    _note(tx, asking, person, action="transcript_read")
    lesson = details.lesson
    zone = reader_of(person, now=asking.now, lesson_zone=lesson.zone).zone
    transcript = Transcript(title=lesson.title, starts_at=lesson.starts_at, zone=zone, parts=tuple(parts))
    return Reading(details=details, person=person, transcript=transcript)


def search(
    tx: Transaction,
    workspace_id: WorkspaceId,
    words: Sequence[str],
    *,
    user_id: str,
    policy: BookingPolicy,
    offset: int,
    limit: int,
) -> Found:
    """A page of the lines with all these words, latest lesson first: of lessons that this person leads; admins, all."""
    person = tx.people.find(workspace_id, user_id)
    if person is None:
        return Found(hits=())
    leader_id = None if policy.is_admin(person) else person.id
    until = offset + limit
    lines = tx.sessions.search_lines(workspace_id, words[:MOST_WORDS], leader_id=leader_id, limit=until + 1)
    shown = lines[offset:until]
    starts = {
        (one.lesson_id, one.session_id): one.started_at
        for lesson_id in {lesson.id for lesson, _ in shown}
        for one in tx.sessions.list_for_lesson(workspace_id, lesson_id)
    }
    hits = [
        Hit(lesson=lesson, line=line, said_at=starts.get((lesson.id, line.session_id), lesson.starts_at) + line.starts)
        for lesson, line in shown
    ]
    return Found(hits=tuple(hits), has_more=len(lines) > until)


def _admit(tx: Transaction, asking: Asking, action: str) -> tuple[LessonDetails, Person, Rights]:
    person = tx.people.find(asking.workspace_id, asking.user_id)
    try:
        details = tx.lessons.get_details(asking.workspace_id, asking.lesson_id)
    except NotStored as error:
        raise NoLongerKept(action) from error
    if person is None:
        raise NotAllowed(action)
    policy = asking.policy
    rights = rights_of(details, person, watchers=policy.watchers, is_admin=policy.is_admin(person))
    return details, person, rights


def _note(tx: Transaction, asking: Asking, person: Person, *, action: str) -> None:
    entry = AuditEntry(
        id=new_id(),
        workspace_id=asking.workspace_id,
        lesson_id=asking.lesson_id,
        actor=person.id,
        action=action,
        at=asking.now,
    )
    tx.audit.add(entry)
