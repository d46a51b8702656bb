"""Records for tests: whole with nothing said, so that a test names only what it is about.

Lessons and who is in them are made as for the gallery; here are the rest, of the same workspace and afternoon.
Ids are fresh unless told. Nothing here stores anything.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from bot.sandbox.gallery.records import (
    ACCOUNT_ID,
    ENDS_AT,
    NOW,
    ROOM_REF,
    STARTS_AT,
    WORKSPACE_ID,
    make_attendance,
    make_audit_entry,
    make_details,
    make_lesson,
    make_link,
    make_participant,
    make_person,
    make_room,
    make_seat,
    make_totals,
)
from storage.records import (
    AttendanceEvent,
    Card,
    CardId,
    CardKind,
    Channel,
    Lesson,
    Notice,
    NoticeId,
    NoticeKind,
    Person,
    Workspace,
    new_id,
)

__all__ = [
    "ACCOUNT_ID",
    "ENDS_AT",
    "NOW",
    "ROOM_REF",
    "STARTS_AT",
    "WORKSPACE_ID",
    "make_attendance",
    "make_audit_entry",
    "make_card",
    "make_channel",
    "make_details",
    "make_event",
    "make_lesson",
    "make_link",
    "make_notice",
    "make_participant",
    "make_person",
    "make_room",
    "make_seat",
    "make_totals",
    "make_workspace",
]

_numbers = count(1)


def make_workspace(**changes: Any) -> Workspace:
    values: dict[str, Any] = {
        "id": WORKSPACE_ID,
        "external_id": "T0000000001",
        "name": "Maple Tutors",
        "bot_user_id": "U0000000BOT",
        "created_at": NOW,
    }
    return Workspace(**{**values, **changes})


def make_channel(name: str = "lessons", **changes: Any) -> Channel:
    values: dict[str, Any] = {
        "workspace_id": WORKSPACE_ID,
        "channel_id": "C0000000001",
        "name": name,
        "is_member": True,
        "checked_at": NOW,
    }
    return Channel(**{**values, **changes})


def make_notice(lesson: Lesson, person: Person | None = None, **changes: Any) -> Notice:
    """A join link due now, to `person`; without one it is owed to nobody until `channel_id` is given."""
    values: dict[str, Any] = {
        "id": NoticeId(new_id()),
        "workspace_id": lesson.workspace_id,
        "lesson_id": lesson.id,
        "kind": NoticeKind.JOIN_LINK,
        "person_id": person.id if person else None,
        "occasion": "1",
        "due_at": NOW,
        "lesson_starts_at": lesson.starts_at,
        "created_at": NOW,
    }
    return Notice(**{**values, **changes})


def make_card(notice: Notice, kind: CardKind = CardKind.PARTICIPANT, **changes: Any) -> Card:
    """The message that this notice posted."""
    values: dict[str, Any] = {
        "id": CardId(new_id()),
        "workspace_id": notice.workspace_id,
        "lesson_id": notice.lesson_id,
        "kind": kind,
        "person_id": notice.person_id,
        "channel_id": notice.channel_id,
        "notice_id": notice.id,
        "conversation": "D0000000001",
        "ts": f"1795446000.{next(_numbers):06d}",
        "posted_at": NOW,
    }
    return Card(**{**values, **changes})


def make_event(lesson: Lesson, kind: str = "joined", **changes: Any) -> AttendanceEvent:
    number = next(_numbers)
    values: dict[str, Any] = {
        "id": new_id(),
        "workspace_id": lesson.workspace_id,
        "lesson_id": lesson.id,
        "source": "sessions",
        "source_id": str(number),
        "session_id": "session-1",
        "kind": kind,
        "who": "1001",
        "connection": "connection-1",
        "shown_name": "Ada",
        "at": lesson.starts_at,
    }
    return AttendanceEvent(**{**values, **changes})
