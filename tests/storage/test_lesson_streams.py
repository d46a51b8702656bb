"""Lessons one by one, how many they are, and those with trouble: for exports and for admins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from storage.records import Lesson, LessonState, Person
from tests.records import NOW, STARTS_AT
from tests.storage.contract import School, changed

HOUR = timedelta(hours=1)


async def test_a_stream_is_the_list_one_by_one(school: School) -> None:
    """The same lessons in the same order, cancelled ones too, read while others are looked up; counted alike."""
    for hours in (3, 0, 24):
        starts_at = STARTS_AT + hours * HOUR
        await school.book(school.ben, starts_at=starts_at, ends_at=starts_at + HOUR)
    await school.book(school.ben, state=LessonState.CANCELLED, starts_at=STARTS_AT + HOUR, ends_at=STARTS_AT + 2 * HOUR)
    stretches = [(None, None), (STARTS_AT + HOUR, None), (None, STARTS_AT + HOUR), (STARTS_AT + 30 * HOUR, None)]

    for ends_after, starts_before in stretches:
        bounds = {"ends_after": ends_after, "starts_before": starts_before}
        listed, streamed, count = await school.store.read(
            lambda tx, bounds=bounds: (  # type: ignore[misc]
                tx.lessons.list_between(school.workspace.id, **bounds),
                [
                    tx.lessons.get(one.workspace_id, one.id)
                    for one in tx.lessons.iterate_between(school.workspace.id, **bounds)
                ],
                tx.lessons.count_between(school.workspace.id, **bounds),
            )
        )

        assert listed == streamed
        assert len(listed) == count


async def test_trouble_is_found_while_something_can_be_done(school: School) -> None:
    """By start; not in lessons that are over or off, nor of people who were taken out."""

    async def book(hours: int, **changes: Any) -> Lesson:
        starts_at = STARTS_AT + hours * HOUR
        return await school.book(school.ben, starts_at=starts_at, ends_at=starts_at + HOUR, **changes)

    async def fail(lesson: Lesson, person: Person, **changes: Any) -> None:
        seat = await school.seat(lesson, person)
        failed = changed(seat, failure="room_down", **changes)
        await school.store.write(lambda tx: tx.lessons.update_participant(failed))

    later, sooner, over, off, fine, removed = [
        await book(3),
        await book(1, state=LessonState.LIVE),
        await book(2, state=LessonState.ENDED),
        await book(4, state=LessonState.CANCELLED),
        await book(5),
        await book(6),
    ]
    for lesson in (later, sooner, over, off):
        await fail(lesson, school.ben)
    await fail(removed, school.ben, removed_at=NOW)

    async def find(**bounds: Any) -> list[str]:
        values = {"ends_after": NOW, "limit": 10, **bounds}
        found = await school.store.read(lambda tx: tx.lessons.list_troubled(school.workspace.id, **values))
        return [lesson.id for lesson in found]

    assert [sooner.id, later.id] == await find()
    assert [later.id] == await find(ends_after=sooner.ends_at)
    assert [sooner.id] == await find(limit=1)
    assert fine.id not in await find()
