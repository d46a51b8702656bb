"""Attendance: what was reported is only added to; what was computed is replaced; what a person corrected stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from storage.records import Attendance, Lesson
from tests.records import make_attendance, make_event, make_totals
from tests.storage.contract import School, changed

MINUTE = timedelta(minutes=1)


async def saved(school: School, lesson: Lesson, *attendance: Attendance) -> list[Attendance]:
    await school.store.write(lambda tx: tx.attendance.save(make_totals(lesson), attendance))
    return await school.store.read(lambda tx: tx.attendance.list_for_lesson(school.workspace.id, lesson.id))


async def test_an_event_is_added_once(school: School) -> None:
    """Told again by the same source it changes nothing; another source or lesson may use the same id."""
    lesson, other = await school.book(school.ben), await school.book(school.ben)
    late = make_event(lesson, "left", source_id="1", at=lesson.starts_at + MINUTE)
    early = make_event(lesson, source_id="2", connection=None)
    again = changed(late, id="again", kind="joined")
    elsewhere = make_event(other, source_id="1")
    webhook = make_event(lesson, source="webhook", source_id="1", at=lesson.starts_at + 2 * MINUTE)

    async def add(*events: object) -> int:
        return await school.store.write(lambda tx: tx.attendance.add_events(events))  # type: ignore[arg-type]

    assert [await add(late, early), await add(again, elsewhere, webhook), await add()] == [2, 2, 0]
    assert [early, late, webhook] == await school.store.read(
        lambda tx: tx.attendance.list_events(school.workspace.id, lesson.id)
    )


async def test_a_later_reading_replaces_an_earlier_one(school: School) -> None:
    """Also where somebody never seen before turns out to have been there, or a stranger to have been nobody."""
    lesson = await school.book(school.ben)
    ben = await school.seat(lesson, school.ben)
    await saved(school, lesson, make_attendance(lesson, ben, who=ben.id), make_attendance(lesson, who="guest:1"))
    seen = make_attendance(lesson, ben, who="1001", present=50 * MINUTE, late_by=2 * MINUTE)

    assert [seen] == await saved(school, lesson, seen)


async def test_a_correction_outlives_every_reading(school: School) -> None:
    """Of a participant and of somebody who came without a link, even when a reading does not find them."""
    lesson = await school.book(school.ben)
    ben = await school.seat(lesson, school.ben)
    corrected: dict[str, Any] = {"corrected_present": 55 * MINUTE, "corrected_by": school.ada.id}
    guest = make_attendance(lesson, who="guest:1", shown_name="Zoe", **corrected)
    await saved(school, lesson, make_attendance(lesson, ben, **corrected), guest)
    read_again = make_attendance(lesson, ben, present=MINUTE)

    assert [changed(read_again, **corrected), guest] == await saved(school, lesson, read_again)


async def test_totals_alone_leave_everybody_as_they_were(school: School) -> None:
    """A later reading found nothing new: only when it was read changes. Also where nothing was computed before."""
    lesson, other = await school.book(school.ben), await school.book(school.ben)
    seen = make_attendance(lesson, await school.seat(lesson, school.ben))
    await saved(school, lesson, seen)

    for one in (lesson, other):
        totals = make_totals(one, read_at=one.ends_at + MINUTE)
        await school.store.write(lambda tx, totals=totals: tx.attendance.save_totals(totals))  # type: ignore[misc]
        assert totals == await school.store.read(
            lambda tx, one=one: tx.attendance.find_totals(school.workspace.id, one.id)  # type: ignore[misc]
        )
    assert [seen] == await school.store.read(lambda tx: tx.attendance.list_for_lesson(school.workspace.id, lesson.id))


async def test_other_lessons_are_untouched(school: School) -> None:
    """Saving one replaces nothing of another."""
    lesson, other = await school.book(school.ben), await school.book(school.ben)
    kept = make_attendance(other, await school.seat(other, school.ben))
    await saved(school, other, kept)
    await saved(school, lesson)

    assert [kept] == await school.store.read(lambda tx: tx.attendance.list_for_lesson(school.workspace.id, other.id))


async def test_totals_are_replaced(school: School) -> None:
    """None before the first reading, then the last; *not known* is a reading too."""
    lesson = await school.book(school.ben)
    find = school.store.read

    assert await find(lambda tx: tx.attendance.find_totals(school.workspace.id, lesson.id)) is None
    await saved(school, lesson)
    unknown = make_totals(lesson, is_known=False, billable=None, really_started_at=None, has_recording=True)
    await school.store.write(lambda tx: tx.attendance.save(unknown, []))
    assert unknown == await find(lambda tx: tx.attendance.find_totals(school.workspace.id, lesson.id))
