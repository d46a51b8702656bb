"""Join links: one for each number, opened once, and nothing left of them after the lesson."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage.errors import NotStored
from storage.records import Lesson, Link, LinkId
from tests.records import NOW, make_link
from tests.storage.contract import School, changed, make_school


async def link_of(school: School, **changes: object) -> tuple[Lesson, Link]:
    lesson = await school.book(school.ben)
    link = make_link(await school.seat(lesson, school.ben), **changes)
    await school.store.write(lambda tx: tx.lessons.insert_link(link))
    return lesson, link


async def test_a_link_comes_back_as_it_was_stored(school: School) -> None:
    """Every field survives, sealed bytes included."""
    _, link = await link_of(
        school, token_digest=b"\x00digest", token_sealed=b"\xffsealed", session_id="s", warns_at=NOW, delivered_at=NOW
    )

    found = await school.store.read(lambda tx: tx.lessons.find_link(school.workspace.id, link.participant_id, 1))
    assert link == found
    assert await school.store.read(lambda tx: tx.lessons.find_link(school.workspace.id, link.participant_id, 2)) is None


async def test_a_number_is_given_once(school: School) -> None:
    """Another link with the same number is not stored; the first is returned, so a launch made twice sends one."""
    _, link = await link_of(school)
    again = changed(link, id=LinkId("other"), url_sealed=b"other")

    assert link == await school.store.write(lambda tx: tx.lessons.insert_link(again))


async def test_a_changed_link_replaces_the_stored_one(school: School) -> None:
    """Every field is written; one that is not stored is refused."""
    lesson, link = await link_of(school)
    revoked = changed(link, revoked_at=NOW, delivered_at=NOW, redeemed_at=NOW)
    await school.store.write(lambda tx: tx.lessons.update_link(revoked))

    assert [revoked] == await school.store.read(lambda tx: tx.lessons.list_links(school.workspace.id, lesson.id))
    with pytest.raises(NotStored, match="no link"):
        await school.store.write(lambda tx: tx.lessons.update_link(changed(link, id=LinkId("other"))))


async def test_a_link_is_opened_once(school: School) -> None:
    """The first press is kept, and only the first press is told so."""
    lesson, link = await link_of(school)

    async def press(minutes: int) -> bool:
        at = NOW + timedelta(minutes=minutes)
        return await school.store.write(lambda tx: tx.lessons.mark_opened(school.workspace.id, link.id, at=at))

    assert [await press(1), await press(2)] == [True, False]
    (stored,) = await school.store.read(lambda tx: tx.lessons.list_links(school.workspace.id, lesson.id))
    assert stored.opened_at == NOW + timedelta(minutes=1)


async def test_a_delivery_changes_nothing_else_of_a_link(school: School) -> None:
    """Taken back while it was on its way, it stays taken back; the first delivery is kept, and told."""
    lesson, link = await link_of(school)
    revoked = changed(link, revoked_at=NOW, url_sealed=None)
    await school.store.write(lambda tx: tx.lessons.update_link(revoked))

    async def deliver(minutes: int) -> bool:
        at = NOW + timedelta(minutes=minutes)
        return await school.store.write(lambda tx: tx.lessons.mark_delivered(school.workspace.id, link.id, at=at))

    assert [await deliver(1), await deliver(2)] == [True, False]
    told = changed(revoked, delivered_at=NOW + timedelta(minutes=1))
    assert [told] == await school.store.read(lambda tx: tx.lessons.list_links(school.workspace.id, lesson.id))


async def test_secrets_are_erased(school: School) -> None:
    """Addresses and tokens of the lesson's links go, of other lessons' not; the second time there is nothing left."""
    lesson, link = await link_of(school, token_digest=b"d", token_sealed=b"t")
    other, kept = await link_of(school)
    seat = await school.seat(lesson, school.ada)
    await school.store.write(lambda tx: tx.lessons.insert_link(make_link(seat, url_sealed=None)))

    async def erase() -> int:
        return await school.store.write(lambda tx: tx.lessons.erase_secrets(school.workspace.id, lesson.id))

    assert [await erase(), await erase()] == [1, 0]
    links = await school.store.read(lambda tx: tx.lessons.list_links(school.workspace.id, lesson.id))
    assert {(None, None)} == {(one.url_sealed, one.token_sealed) for one in links}
    assert [one.token_digest for one in links if one.id == link.id] == [b"d"]
    assert [kept] == await school.store.read(lambda tx: tx.lessons.list_links(school.workspace.id, other.id))


async def test_another_workspace_opens_and_erases_nothing(school: School) -> None:
    """The right ids in the wrong workspace."""
    lesson, link = await link_of(school)
    stranger = (await school.store.write(make_school(school.store, "T2"))).workspace.id

    assert not await school.store.write(lambda tx: tx.lessons.mark_opened(stranger, link.id, at=NOW))
    assert not await school.store.write(lambda tx: tx.lessons.mark_delivered(stranger, link.id, at=NOW))
    assert await school.store.write(lambda tx: tx.lessons.erase_secrets(stranger, lesson.id)) == 0
    assert await school.store.read(lambda tx: tx.lessons.list_links(stranger, lesson.id)) == []
