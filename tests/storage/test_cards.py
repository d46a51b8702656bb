"""Cards: brought up to date newest only, one sender at a time, never across a notice to the same person."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from storage.records import Card, CardKind, ClaimId, Lesson, NoticeKind
from tests.records import NOW, make_card
from tests.storage.contract import LEASE, MACHINE_NOW, School

SECOND = timedelta(seconds=1)


async def want(school: School, lesson: Lesson, **choice: object) -> int:
    return await school.store.write(
        lambda tx: tx.cards.want(school.workspace.id, lesson.id, **choice)  # type: ignore[arg-type]
    )


async def finish(
    school: School,
    card: Card,
    claim_id: str = "one",
    *,
    shown: int,
    due_at: datetime | None = None,
    is_final: bool = False,
) -> bool:
    return await school.store.write(
        lambda tx: tx.cards.finish(card.id, claim_id=ClaimId(claim_id), shown=shown, due_at=due_at, is_final=is_final)
    )


async def look(school: School, card: Card) -> Card:
    cards = await school.store.read(lambda tx: tx.cards.list_for_lesson(school.workspace.id, card.lesson_id))
    return next(one for one in cards if one.id == card.id)


async def test_a_notice_posts_one_card(school: School) -> None:
    """A second card of the same notice is not stored; the first one is returned."""
    lesson = await school.book(school.ben)
    notice = await school.owe(lesson, school.ben)
    first, second = make_card(notice), make_card(notice)

    assert first == await school.store.write(lambda tx: tx.cards.insert(first))
    assert first == await school.store.write(lambda tx: tx.cards.insert(second))


async def test_cards_are_listed_as_they_were_posted(school: School) -> None:
    """Of this lesson only."""
    lesson, other = await school.book(school.ben), await school.book(school.ben)
    late = await school.post(lesson, school.ben, posted_at=NOW + SECOND)
    early = await school.post(lesson, school.ada, CardKind.LEADER)
    await school.post(other, school.ben)

    listed = await school.store.read(lambda tx: tx.cards.list_for_lesson(school.workspace.id, lesson.id))
    assert [early, late] == listed


async def test_a_card_that_shows_what_is_wanted_is_left_alone(school: School) -> None:
    """Nothing to claim."""
    lesson = await school.book(school.ben)
    await school.post(lesson, school.ben, revision_shown=3, revision_wanted=3)

    assert await school.claim_cards() == []


async def test_a_wanted_revision_is_claimed_once(school: School) -> None:
    """However often it was wanted; exclusively, for as long as the lease runs on the machine clock."""
    lesson = await school.book(school.ben)
    card = await school.post(lesson, school.ben)
    await want(school, lesson)
    await want(school, lesson)
    (claimed,) = await school.claim_cards()

    assert (card.id, 2, "one", MACHINE_NOW + LEASE) == (
        claimed.id,
        claimed.revision_wanted,
        claimed.claim_id,
        claimed.leased_until,
    )
    assert await school.claim_cards("two", machine_now=MACHINE_NOW + LEASE - SECOND) == []
    assert [card.id] == [one.id for one in await school.claim_cards("two", machine_now=MACHINE_NOW + LEASE)]


async def test_what_is_wanted_meanwhile_is_still_owed(school: School, owed: list[str]) -> None:
    """A revision wanted while the card was being updated is claimed afterwards, and the sender is told."""
    lesson = await school.book(school.ben)
    card = await school.post(lesson, school.ben)
    await want(school, lesson)
    await school.claim_cards()
    await want(school, lesson)
    owed.clear()

    assert await finish(school, card, shown=1)
    assert owed == ["owed"]
    assert [card.id] == [one.id for one in await school.claim_cards()]
    assert await finish(school, card, shown=2)
    assert (await school.claim_cards(), owed) == ([], ["owed"])


async def test_finishing_writes_what_is_shown(school: School) -> None:
    """Revision and next change noted, claim given up, attempts forgotten."""
    lesson = await school.book(school.ben)
    card = await school.post(lesson, school.ben, revision_wanted=1, attempts=3)
    await school.claim_cards()
    await finish(school, card, shown=1, due_at=NOW + SECOND)
    shown = await look(school, card)

    assert (
        shown.revision_shown,
        shown.due_at,
        shown.claim_id,
        shown.leased_until,
        shown.attempts,
    ) == (1, NOW + SECOND, None, None, 0)


async def test_only_the_holder_finishes_or_gives_back(school: School) -> None:
    """Somebody else's claim id changes nothing."""
    lesson = await school.book(school.ben)
    card = await school.post(lesson, school.ben, revision_wanted=1)
    await school.claim_cards("one")

    assert not await finish(school, card, "two", shown=1)
    assert not await school.store.write(
        lambda tx: tx.cards.release(card.id, claim_id=ClaimId("two"), not_before=MACHINE_NOW)
    )
    assert (await look(school, card)).claim_id == "one"


async def test_time_itself_changes_a_card(school: School) -> None:
    """At its `due_at` on the lesson clock it is claimed, `due_at` still set, and not again once that is done."""
    lesson = await school.book(school.ben)
    card = await school.post(lesson, school.ben, due_at=NOW + SECOND)

    assert await school.claim_cards(machine_now=MACHINE_NOW + timedelta(days=1)) == []
    (claimed,) = await school.claim_cards(now=NOW + SECOND)
    assert claimed.due_at == NOW + SECOND
    await finish(school, card, shown=0, due_at=NOW + 2 * SECOND)
    assert await school.claim_cards(now=NOW + SECOND) == []
    assert len(await school.claim_cards(now=NOW + 2 * SECOND)) == 1


async def test_a_clock_moved_back_changes_no_card(school: School) -> None:
    """What one claim saw due is not handed out at an earlier lesson time."""
    lesson = await school.book(school.ben, school.cleo)
    await school.post(lesson, school.ben, due_at=NOW)
    await school.post(lesson, school.cleo, due_at=NOW + SECOND)
    await school.claim_cards(now=NOW + SECOND, limit=1)

    assert await school.claim_cards() == []


async def test_a_final_card_stays(school: School) -> None:
    """Nobody wants more of it, and neither time nor an older wish brings it back."""
    lesson = await school.book(school.ben)
    card = await school.post(lesson, school.ben, revision_wanted=5)
    await school.claim_cards()
    await finish(school, card, shown=1, due_at=NOW, is_final=True)

    assert await want(school, lesson) == 0
    assert await school.claim_cards() == []


@pytest.mark.parametrize(
    ("choice", "expected"),
    # which are named · whose cards are wanted anew
    [
        ({}, {"leader", "ben", "warning"}),
        ({"kinds": [CardKind.LEADER]}, {"leader"}),
        ({"kinds": [CardKind.LEADER, CardKind.PARTICIPANT]}, {"leader", "ben"}),
        ({"kinds": []}, set()),
        ({"person": "ada"}, {"leader", "warning"}),
        ({"person": "ada", "kinds": [CardKind.WARNING]}, {"warning"}),
    ],
)
async def test_wanting_names_kinds_and_person(school: School, choice: dict[str, object], expected: set[str]) -> None:
    """Each narrows; other lessons' cards are never touched."""
    lesson, other = await school.book(school.ben), await school.book(school.ben)
    cards = {
        "leader": await school.post(lesson, school.ada, CardKind.LEADER),
        "ben": await school.post(lesson, school.ben),
        "warning": await school.post(lesson, school.ada, CardKind.WARNING),
        "elsewhere": await school.post(other, school.ben),
    }
    named = dict(choice)
    if "person" in named:
        del named["person"]
        named["person_id"] = school.ada.id
    count = await want(school, lesson, **named)

    wanted = {name for name, card in cards.items() if (await look(school, card)).revision_wanted == 1}
    assert (expected, len(expected)) == (wanted, count)


async def test_leaders_see_it_first(school: School) -> None:
    """Leader cards before all others, each by when it was posted; the limit cuts the rest."""
    lesson = await school.book(school.ben, school.cleo)
    second = await school.post(lesson, school.ben, revision_wanted=1, posted_at=NOW)
    third = await school.post(lesson, school.cleo, revision_wanted=1, posted_at=NOW + SECOND)
    first = await school.post(lesson, school.ada, CardKind.LEADER, revision_wanted=1, posted_at=NOW + 2 * SECOND)

    assert [first.id, second.id] == [card.id for card in await school.claim_cards(limit=2)]
    assert await school.claim_cards(limit=0) == []
    assert [third.id] == [card.id for card in await school.claim_cards()]


async def test_a_card_given_back_waits(school: School) -> None:
    """On the machine clock, one attempt more, also when another revision is wanted meanwhile."""
    lesson = await school.book(school.ben)
    card = await school.post(lesson, school.ben, revision_wanted=1)
    await school.claim_cards()
    until = MACHINE_NOW + 30 * SECOND
    assert await school.store.write(lambda tx: tx.cards.release(card.id, claim_id=ClaimId("one"), not_before=until))
    await want(school, lesson)

    assert await school.claim_cards(machine_now=until - SECOND, now=NOW + timedelta(days=1)) == []
    assert [(one.attempts, one.revision_wanted) for one in await school.claim_cards(machine_now=until)] == [(1, 2)]


async def test_a_card_waits_for_the_notice_to_the_same_person(school: School) -> None:
    """While one of the lesson's notices is held for its recipient under a live lease, and no longer."""
    lesson, other = await school.book(school.ben, school.cleo), await school.book(school.ben)
    ben = await school.post(lesson, school.ben, revision_wanted=1)
    cleo = await school.post(lesson, school.cleo, revision_wanted=1)
    elsewhere = await school.post(other, school.ben, revision_wanted=1)
    notice = await school.owe(lesson, school.ben, kind=NoticeKind.START_REMINDER)
    await school.claim()

    assert {cleo.id, elsewhere.id} == {card.id for card in await school.claim_cards()}
    await school.finish(notice)
    assert [ben.id] == [card.id for card in await school.claim_cards()]


async def test_a_notice_whose_sender_died_holds_no_card(school: School) -> None:
    """Its lease ran out."""
    lesson = await school.book(school.ben)
    await school.post(lesson, school.ben, revision_wanted=1)
    await school.owe(lesson, school.ben, kind=NoticeKind.START_REMINDER)
    await school.claim()

    assert len(await school.claim_cards(machine_now=MACHINE_NOW + LEASE)) == 1


async def test_the_sender_is_told_of_cards_left_behind(school: School, owed: list[str]) -> None:
    """When one is wanted or posted behind what is wanted; not when it is posted up to date."""
    lesson = await school.book(school.ben, school.cleo)
    await school.post(lesson, school.ben)
    owed.clear()
    notice = (await school.store.read(lambda tx: tx.notices.list_for_lesson(school.workspace.id, lesson.id)))[0]
    await school.store.write(lambda tx: tx.cards.insert(make_card(notice)))
    assert owed == []
    await want(school, lesson)
    assert owed == ["owed"]
