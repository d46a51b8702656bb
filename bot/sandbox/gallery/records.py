"""Lessons with their people, links and attendance, made up; whole with nothing said.

Whoever makes one names only what it is about.

Everything belongs to one workspace and one Monday afternoon: booked at 15:00, lesson from 16:00 to 17:00, UTC and
London alike. Ids are fresh unless told. Nothing here stores anything.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from storage.records import (
    AccountId,
    Attendance,
    AuditEntry,
    Lesson,
    LessonDetails,
    LessonId,
    LessonTotals,
    Link,
    LinkId,
    LinkWay,
    Participant,
    ParticipantId,
    Person,
    PersonId,
    PersonKind,
    Role,
    Room,
    RoomRef,
    Seat,
    Verdict,
    WorkspaceId,
    new_id,
)

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
STARTS_AT = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
ENDS_AT = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
WORKSPACE_ID = WorkspaceId("0197a000-0000-7000-8000-000000000001")
ACCOUNT_ID = AccountId("0197a000-0000-7000-8000-000000000002")
ROOM_REF = RoomRef("0197a000-0000-7000-8000-000000000003")

_numbers = count(1)


def make_person(name: str = "Ada", **changes: Any) -> Person:
    """A member seen in Slack just now, with a Slack id that nobody else has."""
    values: dict[str, Any] = {
        "id": PersonId(new_id()),
        "workspace_id": WORKSPACE_ID,
        "user_id": f"U{next(_numbers):010d}",
        "name": name,
        "kind": PersonKind.MEMBER,
        "zone": "Europe/London",
        "checked_at": NOW,
    }
    return Person(**{**values, **changes})


def make_room(**changes: Any) -> Room:
    values: dict[str, Any] = {
        "id": ROOM_REF,
        "workspace_id": WORKSPACE_ID,
        "account_id": ACCOUNT_ID,
        "launch_id": f"hp-{new_id()}",
        "created_at": NOW,
    }
    return Room(**{**values, **changes})


def make_lesson(title: str = "Algebra", **changes: Any) -> Lesson:
    """An hour in London; moving `starts_at` alone keeps the hour and the wall time with it."""
    starts_at: datetime = changes.get("starts_at", STARTS_AT)
    values: dict[str, Any] = {
        "id": LessonId(new_id()),
        "workspace_id": WORKSPACE_ID,
        "room": ROOM_REF,
        "title": title,
        "starts_at": starts_at,
        "ends_at": starts_at + (ENDS_AT - STARTS_AT),
        "wall_start": starts_at.strftime("%Y-%m-%dT%H:%M"),
        "zone": "Europe/London",
        "booked_by": PersonId("0197a000-0000-7000-8000-000000000004"),
        "booked_at": NOW,
    }
    return Lesson(**{**values, **changes})


def make_participant(lesson: Lesson, person: Person, role: Role = Role.LEARNER, **changes: Any) -> Participant:
    values: dict[str, Any] = {
        "id": ParticipantId(new_id()),
        "workspace_id": lesson.workspace_id,
        "lesson_id": lesson.id,
        "person_id": person.id,
        "role": role,
        "position": 0,
    }
    return Participant(**{**values, **changes})


def make_link(participant: Participant, **changes: Any) -> Link:
    """A direct link for the usual window; its sealed address is not a real secret."""
    values: dict[str, Any] = {
        "id": LinkId(new_id()),
        "workspace_id": participant.workspace_id,
        "lesson_id": participant.lesson_id,
        "participant_id": participant.id,
        "number": participant.link_number,
        "way": LinkWay.DIRECT,
        "opens_at": STARTS_AT - timedelta(minutes=10),
        "closes_at": ENDS_AT + timedelta(minutes=30),
        "url_sealed": b"sealed address",
        "made_at": NOW,
    }
    return Link(**{**values, **changes})


def make_attendance(lesson: Lesson, participant: Participant | None = None, **changes: Any) -> Attendance:
    """Forty minutes present, from two minutes after the start."""
    values: dict[str, Any] = {
        "workspace_id": lesson.workspace_id,
        "lesson_id": lesson.id,
        "participant_id": participant.id if participant else None,
        "who": "1001" if participant else "guest:1",
        "shown_name": "Ada",
        "verdict": Verdict.PRESENT if participant else Verdict.UNINVITED,
        "joined_at": lesson.starts_at + timedelta(minutes=2),
        "left_at": lesson.starts_at + timedelta(minutes=42),
        "present": timedelta(minutes=40),
    }
    return Attendance(**{**values, **changes})


def make_totals(lesson: Lesson, **changes: Any) -> LessonTotals:
    values: dict[str, Any] = {
        "workspace_id": lesson.workspace_id,
        "lesson_id": lesson.id,
        "is_known": True,
        "really_started_at": lesson.starts_at + timedelta(minutes=1),
        "really_ended_at": lesson.ends_at,
        "together": timedelta(minutes=38),
        "billable": timedelta(minutes=60),
        "session_count": 1,
        "read_at": lesson.ends_at,
    }
    return LessonTotals(**{**values, **changes})


def make_audit_entry(lesson: Lesson | None = None, action: str = "book", **changes: Any) -> AuditEntry:
    values: dict[str, Any] = {
        "id": new_id(),
        "workspace_id": lesson.workspace_id if lesson else WORKSPACE_ID,
        "lesson_id": lesson.id if lesson else None,
        "action": action,
        "at": NOW,
    }
    return AuditEntry(**{**values, **changes})


def make_details(lesson: Lesson | None = None, *seats: Seat, **changes: Any) -> LessonDetails:
    """A lesson with these seats; without any, Ada leads and Ben learns."""
    booker = make_person("Ada", **({"id": lesson.booked_by} if lesson else {}))
    lesson = lesson or make_lesson(booked_by=booker.id)
    values: dict[str, Any] = {
        "lesson": lesson,
        "room": make_room(id=lesson.room),
        "service": "lessonspace",
        "booked_by": booker,
        "seats": seats or (make_seat(lesson, booker, Role.LEADER), make_seat(lesson, make_person("Ben"), position=1)),
    }
    return LessonDetails(**{**values, **changes})


def make_seat(lesson: Lesson, person: Person, role: Role = Role.LEARNER, *, position: int = 0, **changes: Any) -> Seat:
    return Seat(participant=make_participant(lesson, person, role, position=position), person=person, **changes)
