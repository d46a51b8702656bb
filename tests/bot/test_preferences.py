"""What somebody prefers: kept as theirs, followed by what is still to come, and never a second word of one start."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.preferences import read_preferences, save_preferences
from bot.wishes import Preferences, read_value
from storage.records import ClaimId, Lesson, LessonOptions, Notice, NoticeKind, NoticeState, Person, new_id
from storage.store import Transaction
from tests.bot.lessons_in_store import StoredSchool
from tests.records import NOW, STARTS_AT, make_lesson

MINUTE = timedelta(minutes=1)
FAR = NOW + timedelta(hours=6)
"""A start before which any of these preferences still has its moment."""


async def prefer(stored: StoredSchool, chosen: Preferences, *, by: Person | None = None, at: datetime = NOW) -> None:
    await stored.write(lambda tx: save_preferences(tx, by or stored.ben, chosen, now=at))


async def reminders(stored: StoredSchool, lesson: Lesson, person: Person) -> list[Notice]:
    found = await stored.notices(lesson, NoticeKind.START_REMINDER)
    return [notice for notice in found if notice.person_id == person.id]


async def lead(stored: StoredSchool, lesson: Lesson, person: Person) -> timedelta:
    """How long before the start they are reminded."""
    [reminder] = await reminders(stored, lesson, person)
    return lesson.starts_at - reminder.due_at


async def test_who_never_chose_has_the_defaults(stored: StoredSchool) -> None:
    """Reminded as the lesson has it, and nudged."""
    assert Preferences() == await stored.store.read(lambda tx: read_preferences(tx, stored.ben))


@given(
    st.builds(
        Preferences,
        reminds=st.booleans(),
        remind_before=st.none() | st.integers(1, 1440).map(lambda count: count * MINUTE),
        nudges=st.booleans(),
    )
)
def test_what_is_kept_is_what_was_chosen(chosen: Preferences) -> None:
    """There and back."""
    assert chosen == read_value(chosen.to_value())


async def test_reminders_to_come_follow_the_choice(stored: StoredSchool) -> None:
    """Earlier, later, and back to the lesson's own; nobody else's moves, and there is one of each all the time."""
    lesson = await stored.book(stored.ben, stored.cleo, starts_at=FAR)

    for minutes in (60, 3, None):
        await prefer(stored, Preferences(remind_before=minutes * MINUTE if minutes else None))

        assert (minutes or 10) * MINUTE == await lead(stored, lesson, stored.ben)
        assert 10 * MINUTE == await lead(stored, lesson, stored.cleo)


async def test_a_new_lesson_follows_it_from_the_start(stored: StoredSchool) -> None:
    """Booked after the choice."""
    await prefer(stored, Preferences(remind_before=60 * MINUTE))

    lesson = await stored.book(stored.ben, starts_at=FAR)

    assert 60 * MINUTE == await lead(stored, lesson, stored.ben)
    assert 10 * MINUTE == await lead(stored, lesson, stored.ada)


async def test_a_moment_that_has_passed_costs_no_reminder(stored: StoredSchool) -> None:
    """An hour's notice wished for half an hour before: the usual one still comes."""
    lesson = await stored.book()

    await prefer(stored, Preferences(remind_before=60 * MINUTE), at=STARTS_AT - 30 * MINUTE)

    assert 10 * MINUTE == await lead(stored, lesson, stored.ben)


async def test_what_was_sent_is_not_sent_again(stored: StoredSchool) -> None:
    """Reminded an hour before, then asking for ten minutes: that start was announced."""
    await prefer(stored, Preferences(remind_before=60 * MINUTE))
    lesson = await stored.book(starts_at=FAR)
    [reminder] = await reminders(stored, lesson, stored.ben)
    claim = ClaimId(new_id())

    def send(tx: Transaction) -> int:
        at = reminder.due_at
        due = tx.notices.claim(now=at, machine_now=at, limit=9, claim_id=claim, lease=MINUTE)
        for notice in due:
            tx.notices.finish(notice.id, claim_id=claim, state=NoticeState.SENT, sent_at=at)
        return len(due)

    while await stored.write(send):
        pass
    await prefer(stored, Preferences(remind_before=10 * MINUTE), at=FAR - 50 * MINUTE)

    [after] = await reminders(stored, lesson, stored.ben)
    assert (NoticeState.SENT, reminder.due_at) == (after.state, after.due_at)


async def test_somebody_may_be_reminded_where_lessons_remind_nobody(stored: StoredSchool) -> None:
    """Reminders off in the workspace, on for one person."""
    await prefer(stored, Preferences(remind_before=15 * MINUTE))
    silent = LessonOptions(remind_before=timedelta(0))
    stored.policy = type(stored.policy)(
        account_id=stored.policy.account_id,
        service_name=stored.policy.service_name,
        capabilities=stored.policy.capabilities,
        defaults=silent,
    )
    lesson = await stored.book(starts_at=FAR)

    assert [] == await reminders(stored, lesson, stored.ada)
    assert 15 * MINUTE == await lead(stored, lesson, stored.ben)


@pytest.mark.parametrize(
    # the choice; whether a start reminder, a nudge, and word of a move are wanted
    ("chosen", "wanted"),
    [
        (Preferences(), (True, True, True)),
        (Preferences(reminds=False), (False, True, True)),
        (Preferences(reminds=False, remind_before=MINUTE), (False, True, True)),
        (Preferences(nudges=False), (True, False, True)),
        (Preferences(reminds=False, nudges=False), (False, False, True)),
    ],
)
def test_only_courtesies_can_be_switched_off(chosen: Preferences, wanted: tuple[bool, ...]) -> None:
    """Moved and cancelled always arrive."""
    kinds = (NoticeKind.START_REMINDER, NoticeKind.LATE_NUDGE, NoticeKind.MOVED)
    lesson = make_lesson()

    assert wanted == tuple(chosen.wants(kind, lesson) for kind in kinds)
    assert all(chosen.wants(kind, lesson) for kind in set(NoticeKind) - set(kinds))


async def test_the_audit_says_what_was_chosen(stored: StoredSchool, tmp_path: Path) -> None:
    """From what to what, once: a choice that changes nothing is no change. It belongs to no lesson."""
    await prefer(stored, Preferences(nudges=False))
    await prefer(stored, Preferences(nudges=False))

    with closing(sqlite3.connect(tmp_path / "school.db")) as database:
        entries = database.execute("SELECT lesson_id, actor, facts FROM audit WHERE action = 'preferred'").fetchall()

    [(lesson_id, actor, facts)] = entries
    assert (None, stored.ben.id) == (lesson_id, actor)
    assert (True, False) == (json.loads(facts)["nudges_before"], json.loads(facts)["nudges_after"])
