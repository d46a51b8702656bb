"""A lesson for one: whole, one at a time, only for admins, and not billed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.billing import is_trial
from bot.errors import NotAllowed
from bot.trials import try_on_myself
from storage.records import Lesson, NoticeKind, Person
from tests.bot.lessons_in_store import StoredSchool
from tests.records import NOW


async def try_it(stored: StoredSchool, person: Person, *, at: datetime = NOW) -> Lesson:
    policy = replace(stored.policy, admin_ids=frozenset({stored.olga.user_id, stored.ada.user_id}))
    return await stored.write(
        lambda tx: try_on_myself(
            tx, stored.workspace.id, user_id=person.user_id, title="A lesson to try", policy=policy, now=at
        )
    )


async def test_it_begins_now_lasts_ten_minutes_and_owes_all_that_a_lesson_owes(stored: StoredSchool) -> None:
    """The link at once, the look at who came at the end; its only participant leads it."""
    lesson = await try_it(stored, stored.olga)

    details = await stored.details(lesson)
    kinds = {notice.kind for notice in await stored.notices(lesson)}
    assert (NOW, NOW + timedelta(minutes=10)) == (lesson.starts_at, lesson.ends_at)
    assert [(stored.olga.id, True)] == [(seat.person.id, seat.participant.is_leader) for seat in details.seats]
    assert {NoticeKind.JOIN_LINK, NoticeKind.GO_LIVE, NoticeKind.READ_SESSIONS} <= kinds
    assert is_trial(lesson)


async def test_pressed_twice_it_is_one_lesson(stored: StoredSchool) -> None:
    """Until it is over; another admin has one of their own."""
    first = await try_it(stored, stored.olga)

    assert first.id == (await try_it(stored, stored.olga, at=NOW + timedelta(minutes=1))).id
    assert first.id != (await try_it(stored, stored.olga, at=NOW + timedelta(minutes=11))).id
    assert first.id != (await try_it(stored, stored.ada)).id


async def test_only_admins_try(stored: StoredSchool) -> None:
    """A learner is refused, and nothing is stored."""
    with pytest.raises(NotAllowed):
        await try_it(stored, stored.ben)

    assert [] == await stored.store.read(lambda tx: tx.lessons.list_between(stored.workspace.id))
