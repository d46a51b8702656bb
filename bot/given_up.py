"""What was given up lately, for admins: which message of which lesson did not reach whom; and another try of it.

A way in that somebody did not get stands on the leaders' cards and is tried again from there; this is about the rest,
and about lessons that are over. A message is tried again only where it would still be of use, so that nobody reads a
reminder of a lesson that has begun. Sends nothing: what is woken has its turn like any other notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot import notices
from bot.booking import BookingPolicy
from bot.overview import GivenUp
from bot.seeing import require_admin
from storage.records import (
    AuditEntry,
    CardKind,
    LessonDetails,
    LessonId,
    Notice,
    NoticeKind,
    NoticeState,
    WorkspaceId,
    new_id,
)
from storage.store import Transaction

LATELY = timedelta(days=7)
MOST = 100
"""Failed notices looked at: a channel of a hundred lessons that is gone says no more than one of ten."""


def list_given_up(tx: Transaction, workspace_id: WorkspaceId, *, now: datetime) -> list[GivenUp]:
    """By lesson, kind and reason; what can be tried again first, then what was due last."""
    groups: dict[tuple[LessonId, NoticeKind, str | None, bool], list[Notice]] = {}
    for notice in tx.notices.list_failed(workspace_id, due_after=now - LATELY, limit=MOST):
        key = (notice.lesson_id, notice.kind, notice.reason, notice.channel_id is not None)
        groups.setdefault(key, []).append(notice)
    lessons = {lesson_id: tx.lessons.get_details(workspace_id, lesson_id) for lesson_id in {key[0] for key in groups}}
    found = [
        GivenUp(
            details=lessons[lesson_id],
            kind=kind,
            code=code or "",
            names=tuple(dict.fromkeys(_name(tx, notice, lessons[lesson_id]) for notice in failed)),
            is_channel=is_channel,
            is_useful=_is_useful(failed, lessons[lesson_id], now=now),
        )
        for (lesson_id, kind, code, is_channel), failed in groups.items()
        if not (kind in notices.CARRIES_WAY_IN and lessons[lesson_id].lesson.is_open)
    ]
    return sorted(found, key=lambda one: not one.is_useful)


def _is_useful(failed: Sequence[Notice], details: LessonDetails, *, now: datetime) -> bool:
    """Would one of them still be sent?"""
    return any(notices.find_reason_to_drop(notice, details, now=now) is None for notice in failed)


def _name(tx: Transaction, notice: Notice, details: LessonDetails) -> str:
    if notice.channel_id is not None:
        channel = tx.people.find_channel(notice.workspace_id, notice.channel_id)
        return f"#{channel.name}" if channel and channel.name else notice.channel_id
    if notice.person_id is None:
        return "Hallpass"
    seat = details.find_seat(notice.person_id)
    return seat.person.name if seat else tx.people.get(notice.workspace_id, notice.person_id).name


def try_notices_again(
    tx: Transaction,
    workspace_id: WorkspaceId,
    lesson_id: LessonId,
    kind: NoticeKind,
    *,
    user_id: str,
    policy: BookingPolicy,
    now: datetime,
) -> int:
    """Send what was given up of this kind and lesson once more, where it is of use. How many. Raises NotAllowed."""
    person = require_admin(tx, workspace_id, user_id=user_id, policy=policy)
    details = tx.lessons.get_details(workspace_id, lesson_id)
    failed = [
        notice
        for notice in tx.notices.list_for_lesson(workspace_id, lesson_id)
        if notice.kind is kind and notice.state is NoticeState.FAILED
    ]
    if not _is_useful(failed, details, now=now):
        return 0
    count = tx.notices.wake(workspace_id, lesson_id, kinds=(kind,))
    tx.cards.want(workspace_id, lesson_id, kinds=(CardKind.LEADER,))  # it says why the channel was not told
    entry = AuditEntry(
        id=new_id(),
        workspace_id=workspace_id,
        lesson_id=lesson_id,
        actor=person.id,
        action="tried_again",
        facts={"kind": kind.value, "notices": count},
        at=now,
    )
    tx.audit.add(entry)
    return count
