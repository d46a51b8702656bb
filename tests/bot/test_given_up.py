"""What was given up, for admins: told by lesson, kind and reason, and tried again where it is of use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot import notices
from bot.errors import NotAllowed
from bot.given_up import LATELY, list_given_up, try_notices_again
from bot.overview import GivenUp
from storage.records import ClaimId, Lesson, LessonState, Notice, NoticeKind, NoticeState, Person
from tests.bot.lessons_in_store import StoredSchool
from tests.records import ENDS_AT, NOW

AFTER = ENDS_AT + timedelta(hours=1)


async def end(stored: StoredSchool, lesson: Lesson) -> None:
    """Over, and its summary owed."""
    ended = replace(lesson, state=LessonState.ENDED, ended_at=ENDS_AT)
    details = replace(await stored.details(lesson), lesson=ended)
    await stored.write(lambda tx: tx.lessons.update(ended))
    await stored.write(lambda tx: tx.notices.insert(notices.plan_summary(details, now=ENDS_AT)))


async def fail(stored: StoredSchool, is_chosen: Callable[[Notice], bool], code: str) -> None:
    """Give up what is due and chosen; the rest is sent."""
    claim_id = ClaimId("one")
    while claimed := await stored.write(
        lambda tx: tx.notices.claim(now=AFTER, machine_now=NOW, limit=100, claim_id=claim_id, lease=timedelta(hours=1))
    ):
        for notice in claimed:
            state, reason = (NoticeState.FAILED, code) if is_chosen(notice) else (NoticeState.SENT, None)
            await stored.write(
                lambda tx, id_=notice.id, state=state, reason=reason: tx.notices.finish(  # type: ignore[misc]
                    id_, claim_id=claim_id, state=state, reason=reason
                )
            )


async def look(stored: StoredSchool, now: datetime = AFTER) -> list[GivenUp]:
    return await stored.store.read(lambda tx: list_given_up(tx, stored.workspace.id, now=now))


async def try_again(stored: StoredSchool, lesson: Lesson, *, by: Person, kind: NoticeKind, now: datetime) -> int:
    policy = replace(stored.policy, admin_ids=frozenset({stored.olga.user_id}))
    return await stored.write(
        lambda tx: try_notices_again(
            tx, stored.workspace.id, lesson.id, kind, user_id=by.user_id, policy=policy, now=now
        )
    )


async def test_a_summary_that_was_given_up_is_told_and_tried_again(stored: StoredSchool) -> None:
    """One line for all whom it did not reach for one reason; sent again once, by an admin, and noted."""
    lesson = await stored.book(stored.ben, by=stored.olga)
    await end(stored, lesson)
    await fail(stored, lambda notice: notice.kind is NoticeKind.SUMMARY, "messages_tab_disabled")

    [told] = await look(stored)
    assert (NoticeKind.SUMMARY, "messages_tab_disabled", True) == (told.kind, told.code, told.is_useful)
    assert {"Ada", "Olga"} == set(told.names)
    with pytest.raises(NotAllowed):
        await try_again(stored, lesson, by=stored.ada, kind=NoticeKind.SUMMARY, now=AFTER)
    tried = [await try_again(stored, lesson, by=stored.olga, kind=NoticeKind.SUMMARY, now=AFTER) for _ in range(2)]

    assert [2, 0] == tried
    assert [] == await look(stored)
    states = {notice.state for notice in await stored.notices(lesson, NoticeKind.SUMMARY)}
    assert {NoticeState.WAITING} == states
    entries = await stored.store.read(lambda tx: tx.audit.list_for_lesson(stored.workspace.id, lesson.id))
    assert {"kind": "summary", "notices": 2} == entries[-1].facts
    assert stored.olga.id == entries[-1].actor


async def test_what_is_of_no_use_any_more_is_told_and_stays(stored: StoredSchool) -> None:
    """A reminder of a lesson that has begun is not sent, whoever asks."""
    lesson = await stored.book(stored.ben)
    await fail(stored, lambda notice: notice.kind is NoticeKind.START_REMINDER, "user_disabled")

    [told] = await look(stored)

    assert (NoticeKind.START_REMINDER, False) == (told.kind, told.is_useful)
    assert {"Ada", "Ben"} == set(told.names)
    assert 0 == await try_again(stored, lesson, by=stored.olga, kind=NoticeKind.START_REMINDER, now=AFTER)


async def test_a_missed_way_in_is_told_here_only_when_the_lesson_is_over(stored: StoredSchool) -> None:
    """Before, it stands above, with the lesson, and is tried again from there."""
    lesson = await stored.book(stored.ben)
    await fail(stored, lambda notice: notice.kind is NoticeKind.JOIN_LINK, "user_disabled")
    before = await look(stored)
    await stored.write(lambda tx: tx.lessons.update(replace(lesson, state=LessonState.ENDED, ended_at=ENDS_AT)))

    after = await look(stored)

    assert [] == before
    assert [(NoticeKind.JOIN_LINK, False)] == [(one.kind, one.is_useful) for one in after]
    assert [] == await look(stored, AFTER + LATELY)
