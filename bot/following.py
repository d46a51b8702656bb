"""A leader's lessons one after the other: the next one's reminder joins the running one's end warning. Reads only."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot import windows
from bot.claims import Claimed
from bot.clock import Clock
from bot.drawing import Drawer
from bot.messages import NextLesson
from storage.records import LessonDetails, NoticeKind, NoticeState
from storage.store import Store, Transaction

AFTER_WARNING = timedelta(seconds=30)
"""A reminder that is to be carried by a warning waits until so long after it, then goes by itself if it was not."""


class NextLessons:
    """Looks from one lesson of a leader to the next."""

    def __init__(self, *, store: Store, drawer: Drawer, clock: Clock) -> None:
        self._store = store
        self._drawer = drawer
        self._clock = clock

    async def find_warning(self, claimed: Claimed) -> datetime | None:
        """When the end warning comes that can carry this start reminder; None: nothing runs that could."""
        notice, lesson, seat, now = claimed.notice, claimed.details.lesson, claimed.seat, self._clock.now()
        if notice.kind is not NoticeKind.START_REMINDER or seat is None or not seat.participant.is_leader:
            return None
        latest = lesson.starts_at - timedelta(seconds=30)

        def find(tx: Transaction) -> datetime | None:
            running = tx.lessons.list_between(
                lesson.workspace_id, ends_after=now, starts_before=now, person_id=seat.person.id
            )
            for other in running:
                warns_at = windows.warns_at(other)
                if other.id == lesson.id or not other.is_open or other.is_let_end or warns_at is None:
                    continue
                place = tx.lessons.get_details(lesson.workspace_id, other.id).find_seat(seat.person.id)
                if place is not None and place.participant.is_leader and now < warns_at + AFTER_WARNING <= latest:
                    return warns_at
            return None

        return await self._store.read(find)

    async def list_next(self, claimed: Claimed) -> list[NextLesson]:
        """What a leader's end warning says of the lessons that they lead next and whose reminder is still owed."""
        notice, now = claimed.notice, self._clock.now()
        if notice.kind is not NoticeKind.END_WARNING or notice.person_id is None:
            return []
        person_id = notice.person_id
        ahead = claimed.details.lesson.options.remind_before + timedelta(seconds=1)
        warns_at = windows.warns_at(claimed.details.lesson)
        is_on_time = warns_at is not None and now < warns_at + AFTER_WARNING
        # Due in the same moment, the reminder may be claimed too; on time, it is about to give way to this warning.
        states = (NoticeState.WAITING, NoticeState.CLAIMED) if is_on_time else (NoticeState.WAITING,)

        def find(tx: Transaction) -> list[LessonDetails]:
            coming = tx.lessons.list_between(
                notice.workspace_id, ends_after=now, starts_before=now + ahead, person_id=person_id
            )
            return [
                tx.lessons.get_details(notice.workspace_id, lesson.id)
                for lesson in coming
                if lesson.id != notice.lesson_id and lesson.is_open and lesson.starts_at > now
                if any(
                    owed.kind is NoticeKind.START_REMINDER and owed.person_id == person_id and owed.state in states
                    for owed in tx.notices.list_for_lesson(notice.workspace_id, lesson.id)
                )
            ]

        found = []
        for details in await self._store.read(find):
            seat = details.find_seat(person_id)
            if seat is not None and seat.participant.is_leader:
                join_url = self._drawer.find_join_url(details, seat, now=now)
                found.append(NextLesson(details=details, seat=seat, join_url=join_url))
        return found
