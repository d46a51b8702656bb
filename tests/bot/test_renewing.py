"""Links that die with the session in which they were used: who gets another, who keeps theirs, and only once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.renewing import renew_links
from storage.records import (
    AttendanceEvent,
    Lesson,
    LessonDetails,
    LessonState,
    LinkId,
    LinkWay,
    NoticeKind,
    new_id,
)
from storage.store import Transaction
from tests.bot.lessons_in_store import StoredSchool
from tests.records import ENDS_AT, NOW, STARTS_AT, make_event, make_link

MINUTE = timedelta(minutes=1)


class Classroom:
    """Ada's lesson with Ben and Cleo, everybody with a link that opens ten minutes before the start."""

    def __init__(self, stored: StoredSchool, lesson: Lesson) -> None:
        self.stored = stored
        self.lesson = lesson

    async def details(self) -> LessonDetails:
        return await self.stored.details(self.lesson)

    def joined(self, name: str, minute: float, session_id: str = "s1") -> AttendanceEvent:
        return make_event(self.lesson, who=f"p-{name}", session_id=session_id, at=STARTS_AT + minute * MINUTE)

    async def renew(self, *joins: AttendanceEvent, minute: float = -5, ended: str = "s1") -> int:
        now = STARTS_AT + minute * MINUTE

        def work(tx: Transaction) -> int:
            details = tx.lessons.get_details(self.stored.workspace.id, self.lesson.id)
            return renew_links(tx, details, joins, ended_sessions={ended}, now=now)

        return await self.stored.write(work)

    async def launch(self, *, made_at: datetime = NOW, **changes: Any) -> None:
        """Everybody's present link is made."""
        details = await self.details()

        def work(tx: Transaction) -> None:
            for seat in details.seats:
                known = replace(seat.participant, provider_user_id=f"p-{seat.person.name}")
                tx.lessons.update_participant(known)
                values = {"id": LinkId(new_id()), "way": LinkWay.DIRECT, "made_at": made_at, **changes}
                tx.lessons.insert_link(make_link(known, **values))

        await self.stored.write(work)

    async def numbers(self) -> dict[str, int]:
        return {seat.person.name: seat.participant.link_number for seat in (await self.details()).seats}


@pytest.fixture
async def room(stored: StoredSchool) -> Classroom:
    classroom = Classroom(stored, await stored.book(stored.ben, stored.cleo))
    await classroom.launch()
    return classroom


async def test_who_came_early_and_left_gets_another_link_and_the_others_keep_theirs(room: Classroom) -> None:
    """Silently: a link is owed, no message; the old one counts no more; it is in the audit, without names."""
    assert 1 == await room.renew(room.joined("Ben", -9))

    assert {"Ada": 1, "Ben": 2, "Cleo": 1} == await room.numbers()
    owed = [one for one in await room.stored.notices(room.lesson) if one.occasion == "link:2"]
    assert [NoticeKind.JOIN_LINK] == [one.kind for one in owed]
    links = await room.stored.store.read(lambda tx: tx.lessons.list_links(room.stored.workspace.id, room.lesson.id))
    assert 1 == sum(link.revoked_at is not None for link in links)
    entries = await room.stored.store.read(
        lambda tx: tx.audit.list_for_lesson(room.stored.workspace.id, room.lesson.id)
    )
    assert ("renewed_links", None, {"participants": 1}) == (entries[-1].action, entries[-1].actor, entries[-1].facts)


async def test_the_same_end_heard_again_renews_nothing(room: Classroom) -> None:
    """Before the new link is made, and after: it was made when nobody had come in by it."""
    assert 1 == await room.renew(room.joined("Ben", -9))
    assert 0 == await room.renew(room.joined("Ben", -9))
    await room.launch(made_at=STARTS_AT - 5 * MINUTE, session_id="s2")

    assert 0 == await room.renew(room.joined("Ben", -9), minute=-3)
    assert 1 == await room.renew(room.joined("Ben", -2, "s2"), minute=1, ended="s2")
    assert {"Ada": 1, "Ben": 3, "Cleo": 1} == await room.numbers()


async def test_a_link_is_known_to_be_used_by_its_session_too(room: Classroom) -> None:
    """The service's clock is a little behind ours: they came before their link was made, says the log."""
    await room.renew(room.joined("Ben", -9))
    await room.launch(made_at=STARTS_AT - 5 * MINUTE, session_id="s2")

    assert 1 == await room.renew(room.joined("Ben", -5.1, "s2"), minute=1, ended="s2")


async def test_other_sessions_and_other_lessons_links_mean_nothing(room: Classroom) -> None:
    """A session that still runs, and coming by a link of an earlier lesson in the same room."""
    assert 0 == await room.renew(room.joined("Ben", -9), ended="s2")
    assert 0 == await room.renew(room.joined("Ben", -11)), "before their link opened"
    assert 0 == await room.renew(room.joined("Dan", -9)), "somebody without a place"


@pytest.mark.parametrize("minute", [60, 70])
async def test_at_the_end_nothing_is_renewed(room: Classroom, minute: float) -> None:
    """Everybody goes home: nobody needs a way in any more."""
    assert 0 == await room.renew(room.joined("Ben", 1), minute=minute)


async def test_a_lesson_that_is_over_renews_nothing(room: Classroom) -> None:
    """Ended before its end."""
    over = replace(room.lesson, state=LessonState.ENDED, ended_at=ENDS_AT - 30 * MINUTE)
    await room.stored.write(lambda tx: tx.lessons.update(over))

    assert 0 == await room.renew(room.joined("Ben", 1), minute=31)


async def test_ways_that_we_judge_ourselves_need_no_other_link(stored: StoredSchool) -> None:
    """Behind a page of ours each coming is a launch of its own."""
    classroom = Classroom(stored, await stored.book(stored.ben))
    await classroom.launch(way=LinkWay.PAGE)

    assert 0 == await classroom.renew(classroom.joined("Ben", -9))
