"""Forgetting somebody: not while a lesson needs them; then everywhere at once, once, and what is left is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import forgetting
from bot.booking import BookingPolicy
from bot.forgetting import Known, OnlyOne, Remains, StillNeeded, find_known, find_remains, take_out
from storage.records import (
    FORGOTTEN_NAME,
    CardKind,
    Lesson,
    LessonState,
    NoticeKind,
    NoticeState,
    Person,
    TranscriptLine,
)
from storage.store import Transaction
from tests.bot.lessons_in_store import StoredSchool
from tests.records import NOW, make_card, make_notice


async def know(stored: StoredSchool, person: Person | None = None) -> Known:
    known = await stored.store.read(lambda tx: find_known(tx, (person or stored.ben).user_id))
    assert known is not None
    return known


async def forget(stored: StoredSchool, known: Known) -> object:
    return await stored.write(lambda tx: forgetting.forget(tx, known, now=NOW, provider_count=1))


def policy_for(stored: StoredSchool, person: Person) -> BookingPolicy:
    return replace(stored.policy, admin_ids=frozenset({person.user_id}))


async def end(stored: StoredSchool, lesson: Lesson) -> None:
    """It is over, and nothing is owed of it."""

    def work(tx: Transaction) -> None:
        tx.lessons.update(replace(lesson, state=LessonState.ENDED))
        tx.notices.drop_waiting(lesson.workspace_id, lesson.id, kinds=tuple(NoticeKind), reason="over")

    await stored.write(work)


async def test_somebody_is_found_by_either_id(stored: StoredSchool) -> None:
    """Slack's or ours; nobody under a name, a piece of an id, or nothing."""
    for who in (stored.ben.user_id, stored.ben.id, stored.ben.id.upper()):
        known = await stored.store.read(lambda tx, who=who: find_known(tx, who))  # type: ignore[misc]
        assert known
        assert stored.ben.id == known.person.id
    for who in ("Ben", stored.ben.id[:8], "", "U0NOBODY"):
        assert None is await stored.store.read(lambda tx, who=who: find_known(tx, who))  # type: ignore[misc]


async def test_a_lesson_to_come_needs_its_people(stored: StoredSchool) -> None:
    """Nothing is erased, and it is named."""
    lesson = await stored.book(stored.ben)
    known = await know(stored)
    before = await stored.details(lesson)

    assert [lesson.id] == [one.id for one in known.needed]
    with pytest.raises(StillNeeded) as caught:
        await forget(stored, known)
    assert [lesson.id] == [one.id for one in caught.value.lessons]
    assert before == await stored.details(lesson)


async def test_a_lesson_that_came_up_meanwhile_is_seen(stored: StoredSchool) -> None:
    """Between looking and erasing somebody may book them."""
    known = await know(stored)
    await stored.book(stored.ben)

    with pytest.raises(StillNeeded):
        await forget(stored, known)


async def test_after_the_lesson_they_are_forgotten_once(stored: StoredSchool) -> None:
    """With an entry that counts and names nobody; the second time there is nobody."""
    lesson = await stored.book(stored.ben, stored.cleo)
    await end(stored, lesson)
    known = await know(stored)

    assert await forget(stored, known) is not None
    assert {"Ada", FORGOTTEN_NAME, "Cleo"} == {seat.person.name for seat in (await stored.details(lesson)).seats}
    assert await forget(stored, known) is None
    for who in (stored.ben.user_id, stored.ben.id):
        assert None is await stored.store.read(lambda tx, who=who: find_known(tx, who))  # type: ignore[misc]
    (entry,) = await stored.store.read(lambda tx: tx.audit.list_latest(stored.workspace.id, "forget_person", limit=9))
    assert (None, None) == (entry.actor, entry.lesson_id)
    assert (1, 1) == (entry.facts["places"], entry.facts["provider_users"])
    assert {int} == {type(fact) for fact in entry.facts.values()}


async def test_others_read_their_messages_without_the_name(stored: StoredSchool) -> None:
    """Cards on which others are named are to be drawn again; a participant's own card names no other participant."""
    lesson = await stored.book(stored.ben, stored.cleo)
    await end(stored, lesson)
    cards = []
    for person, kind in (
        (stored.ada, CardKind.LEADER),
        (stored.ada, CardKind.SUMMARY),
        (stored.cleo, CardKind.REMINDER),
    ):
        notice = make_notice(lesson, person, occasion=kind.value, state=NoticeState.SENT)
        cards.append(make_card(notice, kind))
        await stored.write(lambda tx, notice=notice: tx.notices.insert([notice]))  # type: ignore[misc]
        await stored.write(lambda tx, card=cards[-1]: tx.cards.insert(card))  # type: ignore[misc]
    await forget(stored, await know(stored))
    found = await stored.store.read(lambda tx: tx.cards.list_for_lesson(stored.workspace.id, lesson.id))

    assert {CardKind.LEADER: 1, CardKind.SUMMARY: 1, CardKind.REMINDER: 0} == {
        card.kind: card.revision_wanted for card in found
    }


async def test_who_was_never_in_a_lesson_leaves_nothing(stored: StoredSchool) -> None:
    """Not even a person without a name."""
    await forget(stored, await know(stored, stored.olga))
    found = await stored.store.read(
        lambda tx: tx.people.list_by_user_ids(stored.workspace.id, [f"forgotten:{stored.olga.id}"])
    )

    assert {} == found


async def test_they_are_taken_out_where_that_is_wanted(stored: StoredSchool) -> None:
    """Out of what is to come; of what is over and still asked about, no more is asked; then they can be forgotten."""
    coming = await stored.book(stored.ben, stored.cleo)
    over = await stored.book(stored.ben, stored.cleo, starts_at=NOW + timedelta(days=1))
    await end(stored, over)
    collect = make_notice(over, kind=NoticeKind.COLLECT)
    await stored.write(lambda tx: tx.notices.insert([collect]))
    known = await know(stored)
    left = await stored.write(lambda tx: take_out(tx, known, policy=policy_for(stored, stored.ben), now=NOW))

    assert [coming.id] == [one.id for one in left]
    assert {"Ada", "Cleo"} == {seat.person.name for seat in (await stored.details(coming)).seats}
    assert [] == await stored.notices(coming, NoticeKind.REMOVED)
    assert [NoticeState.DROPPED] == [one.state for one in await stored.notices(over, NoticeKind.COLLECT)]
    assert await forget(stored, known) is not None


@pytest.mark.parametrize("is_leader", [True, False])
async def test_nobody_is_taken_out_without_whom_there_is_no_lesson(stored: StoredSchool, is_leader: bool) -> None:
    """The lesson is named, and they stay in every other one too."""
    await stored.book(stored.ben, stored.cleo)
    lesson = await stored.book(stored.ben, starts_at=NOW + timedelta(days=1))
    known = await know(stored, stored.ada if is_leader else stored.ben)
    policy = policy_for(stored, known.person)

    with pytest.raises(OnlyOne) as caught:
        await stored.write(lambda tx: take_out(tx, known, policy=policy, now=NOW))
    assert is_leader is caught.value.is_leader
    assert is_leader or caught.value.lesson.id == lesson.id
    assert known.needed == (await know(stored, known.person)).needed


async def test_a_lesson_that_is_on_must_end_first(stored: StoredSchool) -> None:
    """Who was there is about to be read from the room service, with names."""
    lesson = await stored.book(stored.ben, stored.cleo)
    await stored.write(lambda tx: tx.lessons.update(replace(lesson, state=LessonState.LIVE)))
    known = await know(stored)

    with pytest.raises(StillNeeded):
        await stored.write(lambda tx: take_out(tx, known, policy=policy_for(stored, stored.ben), now=NOW))


async def test_what_others_typed_and_said_is_pointed_out(stored: StoredSchool) -> None:
    """By the whole name everywhere; by the first in their own lessons, as a word of its own."""
    ben = await stored.write(lambda tx: tx.people.save(replace(stored.ben, name="Ben Muster")))
    titled = await stored.book(ben, title="Algebra with BEN")
    noted = await stored.book(
        stored.cleo, title="Geometry", note="As for Ben Muster.", starts_at=NOW + timedelta(days=1)
    )
    await stored.book(stored.cleo, title="Ben Nevis", starts_at=NOW + timedelta(days=2))
    await stored.book(ben, title="Bending light", starts_at=NOW + timedelta(days=3))
    zero = timedelta(0)
    line = TranscriptLine(
        workspace_id=titled.workspace_id, lesson_id=titled.id, session_id="s", position=0, starts=zero, ends=zero,
        speaker="Ada", text="Well done, Ben Muster!",
    )  # fmt: skip
    await stored.write(lambda tx: tx.sessions.save_transcript(titled.workspace_id, titled.id, "s", [line]))
    known = await know(stored, ben)
    remains = await stored.store.read(lambda tx: find_remains(tx, known))

    assert Remains(written=(titled.id, noted.id), said_count=1) == replace(
        remains, written=tuple(sorted(remains.written))
    )
