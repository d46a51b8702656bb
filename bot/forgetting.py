"""Forgetting one person: what is known of them, whether a lesson still needs them, and the erasing itself.

Their places and minutes stay as somebody without a name, so that others' lessons can still be counted; Slack's messages
to others in which they are named are drawn again without. Whoever comes back later is somebody new: nothing leads from
them to what was. While a lesson needs them nothing is erased, for half of a person in a lesson that is on helps nobody.
The room service is asked first, by whoever calls this: once we have forgotten its ids of them, nobody could ask it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot import seating
from bot.booking import BookingPolicy
from bot.errors import LastOne
from bot.lifecycle import Ask
from storage.errors import HallpassError, NotStored
from storage.records import (
    AuditEntry,
    CardKind,
    Lesson,
    LessonId,
    LessonState,
    NoticeKind,
    Person,
    PersonId,
    PersonKind,
    Produced,
    Workspace,
    WorkspaceId,
    new_id,
)
from storage.store import Forgotten, Kept, Transaction

NAMES_OTHERS = (CardKind.LEADER, CardKind.SUMMARY, CardKind.CHANNEL)
"""Cards on which people other than their reader are named."""
NEVER = datetime.max.replace(tzinfo=UTC)
SAID_AT_MOST = 1000


class StillNeeded(HallpassError):
    """Lessons that are open, or still being summed up, need this person. Nothing was changed."""

    def __init__(self, lessons: Sequence[Lesson]) -> None:
        super().__init__(f"{len(lessons)} lessons still need them")
        self.lessons = tuple(lessons)


class OnlyOne(HallpassError):
    """Without them a lesson would have no leader, or no participant. Nothing was changed."""

    def __init__(self, lesson: Lesson, *, is_leader: bool) -> None:
        super().__init__(f"the only {'leader' if is_leader else 'participant'} of a lesson")
        self.lesson = lesson
        self.is_leader = is_leader


@dataclass(frozen=True, kw_only=True)
class Known:
    """Somebody, and what hangs on them."""

    workspace: Workspace
    person: Person
    lessons: tuple[Lesson, ...]  # all in which they have or had a place, or that they booked
    needed: tuple[Lesson, ...]  # those of them that still need them
    provider_ids: tuple[tuple[str, str], ...]  # each service's name and its id of them


@dataclass(frozen=True, kw_only=True)
class Remains:
    """What names them still, because people typed or said it."""

    written: tuple[LessonId, ...]  # lessons whose title, note or reason does
    said_count: int  # lines of others in transcripts that do


def find_known(tx: Transaction, who: str) -> Known | None:
    """By Slack's id or ours, in whichever workspace. None: nobody is stored under it, or nobody any more."""
    for workspace in tx.workspaces.list_all():
        person = _find(tx, workspace.id, who)
        if person is not None and person.kind is not PersonKind.FORGOTTEN:
            return Known(
                workspace=workspace,
                person=person,
                lessons=tuple(tx.forgetting.list_lessons(workspace.id, person.id)),
                needed=tuple(tx.forgetting.list_needed(workspace.id, person.id)),
                provider_ids=tuple(tx.forgetting.list_provider_ids(workspace.id, person.id)),
            )
    return None


def _find(tx: Transaction, workspace_id: WorkspaceId, who: str) -> Person | None:
    if (person := tx.people.find(workspace_id, who)) is not None:
        return person
    try:
        return tx.people.get(workspace_id, PersonId(who.lower()))
    except NotStored:
        return None


def take_out(tx: Transaction, known: Known, *, policy: BookingPolicy, now: datetime) -> list[Lesson]:
    """Take them out of lessons to come, as if they did so themselves; those that are over are summed up no further.

    Returns the lessons that lost them. Raises OnlyOne where a lesson would be left without leader or participant, and
    StillNeeded for lessons that are on: who was there is about to be read, names and all.
    """
    if running := [lesson for lesson in known.needed if lesson.state is LessonState.LIVE]:
        raise StillNeeded(running)
    person, workspace_id = known.person, known.workspace.id
    left = []
    for lesson in known.needed:
        details = tx.lessons.get_details(workspace_id, lesson.id)
        seat = details.find_seat(person.id)
        if lesson.is_open and seat is not None:
            ask = Ask(
                workspace_id=workspace_id,
                lesson_id=lesson.id,
                user_id=person.user_id,
                revision=details.lesson.revision,
                policy=policy,
                now=now,
            )
            try:
                seating.remove(tx, ask, [seat.participant.id])
            except LastOne as error:
                raise OnlyOne(lesson, is_leader=error.is_leader) from error
            left.append(lesson)
        if not lesson.is_open:
            # Read again, the session would bring the name back, and the transcript what they said.
            tx.notices.drop_waiting(
                workspace_id, lesson.id, kinds=(NoticeKind.READ_SESSIONS, NoticeKind.COLLECT), reason="forgotten"
            )
            _await_no_longer(tx, lesson)
    return left


def _await_no_longer(tx: Transaction, lesson: Lesson) -> None:
    """Nobody is to read that something is being prepared which will not be collected."""
    given_up = {Produced.AWAITED: Produced.NOT_ASKED}
    held = tx.sessions.list_for_lesson(lesson.workspace_id, lesson.id)
    tx.sessions.save(
        replace(
            one,
            recording=given_up.get(one.recording, one.recording),
            transcript=given_up.get(one.transcript, one.transcript),
        )
        for one in held
    )


def forget(tx: Transaction, known: Known, *, now: datetime, provider_count: int) -> Forgotten | None:
    """Erase them, in one commit with its entry in the audit. None: it was done already. Raises StillNeeded.

    `provider_count`: how many users the room service has forgotten for it, for the record.
    """
    person, workspace_id = known.person, known.workspace.id
    needed = tx.forgetting.list_needed(workspace_id, person.id)
    if needed:
        raise StillNeeded(needed)
    lessons = tx.forgetting.list_lessons(workspace_id, person.id)
    told = tx.forgetting.forget(workspace_id, person.id)
    if told is None:
        return None
    for lesson in lessons:
        tx.cards.want(workspace_id, lesson.id, kinds=NAMES_OTHERS)
    tx.audit.add(
        AuditEntry(
            id=new_id(),
            workspace_id=workspace_id,
            action="forget_person",
            facts={**vars(told), "provider_users": provider_count},
            at=now,
        )
    )
    tx.keeping.erase(Kept.PEOPLE, workspace_id, [person.id], before=NEVER, settled_before=NEVER)
    return told


def find_remains(tx: Transaction, known: Known) -> Remains:
    """What others typed and said. By the whole name everywhere, by its first part where they have or had a place."""
    whole, first = known.person.name, known.person.name.split()[0]
    theirs = {lesson.id for lesson in known.lessons}
    written = []
    for lesson in tx.lessons.iterate_between(known.workspace.id):
        text = f"{lesson.title}\n{lesson.note}\n{lesson.cancel_reason or ''}"
        if any(_names(text, name) for name in ((whole, first) if lesson.id in theirs else (whole,))):
            written.append(lesson.id)
    said = tx.sessions.search_lines(known.workspace.id, whole.split(), leader_id=None, limit=SAID_AT_MOST)
    return Remains(written=tuple(written), said_count=len(said))


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None
