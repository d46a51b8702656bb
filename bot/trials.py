"""*Try it on myself*: a ten-minute lesson for one, to see every message that a lesson brings. One unit of work.

It is a lesson like any other, so that what is tried is what people will get; only exports leave it out, which know it
by its `external_key`. While somebody's trial is on, a second press answers with that one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot import notices, windows
from bot.billing import TRIAL, is_trial
from bot.booking import BookingPolicy
from bot.seeing import require_admin
from storage.records import (
    AuditEntry,
    Lesson,
    LessonId,
    Participant,
    ParticipantId,
    Person,
    Role,
    Room,
    RoomRef,
    WorkspaceId,
    new_id,
)
from storage.store import Transaction

LENGTH = timedelta(minutes=10)


def try_on_myself(
    tx: Transaction, workspace_id: WorkspaceId, *, user_id: str, title: str, policy: BookingPolicy, now: datetime
) -> Lesson:
    """The admin's trial, starting now; the present one where it is still on. Raises NotAllowed."""
    person = require_admin(tx, workspace_id, user_id=user_id, policy=policy)
    running = tx.lessons.list_between(workspace_id, ends_after=now, person_id=person.id)
    for lesson in running:
        if is_trial(lesson) and lesson.is_open:
            return lesson
    lesson = _build(
        person, title=title, room=_open_room(tx, workspace_id, policy=policy, now=now), policy=policy, now=now
    )
    leader = Participant(
        id=ParticipantId(new_id()),
        workspace_id=workspace_id,
        lesson_id=lesson.id,
        person_id=person.id,
        role=Role.LEADER,
        position=0,
    )
    tx.lessons.insert(lesson, [leader])
    tx.notices.insert(notices.plan_booking(lesson, [leader], now=now))
    entry = AuditEntry(
        id=new_id(), workspace_id=workspace_id, lesson_id=lesson.id, actor=person.id, action="booked", at=now
    )
    tx.audit.add(entry)
    return lesson


def _open_room(tx: Transaction, workspace_id: WorkspaceId, *, policy: BookingPolicy, now: datetime) -> RoomRef:
    room = Room(
        id=RoomRef(new_id()),
        workspace_id=workspace_id,
        account_id=policy.account_id,
        launch_id=f"hp-{new_id()}",
        created_at=now,
    )
    tx.lessons.insert_room(room)
    return room.id


def _build(person: Person, *, title: str, room: RoomRef, policy: BookingPolicy, now: datetime) -> Lesson:
    starts_at = now.replace(microsecond=0)
    zone = person.zone or "UTC"
    return Lesson(
        id=LessonId(new_id()),
        workspace_id=person.workspace_id,
        room=room,
        title=title,
        starts_at=starts_at,
        ends_at=starts_at + LENGTH,
        wall_start=windows.to_wall(starts_at, zone),
        zone=zone,
        booked_by=person.id,
        booked_at=now,
        options=policy.defaults,
        external_key=f"{TRIAL}{new_id()}",
    )
