"""Our own links: found by their token, redeemed by one browser, and by nobody out of time, place or turn."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from storage.records import Lesson, LessonState, Link, LinkWay
from tests.records import NOW, STARTS_AT, make_link
from tests.storage.contract import School, changed, make_school

ONE, OTHER = b"one browser", b"another browser"


async def link_of(school: School, number: int = 0, **changes: Any) -> tuple[Lesson, Link]:
    lesson = await school.book(school.ben)
    values = {"way": LinkWay.PAGE, "url_sealed": None, "token_digest": b"digest %d" % number, **changes}
    link = make_link(await school.seat(lesson, school.ben), **values)
    await school.store.write(lambda tx: tx.lessons.insert_link(link))
    return lesson, link


async def redeem(school: School, link: Link, browser: bytes = ONE, *, at: Any = STARTS_AT) -> bool:
    return await school.store.write(
        lambda tx: tx.lessons.redeem(link.workspace_id, link.id, now=at, browser_digest=browser)
    )


async def look(school: School, link: Link) -> Link:
    found = school.store.glance(lambda tx: tx.lessons.find_link_by_token(link.token_digest or b""))
    assert found is not None
    return found


async def test_a_link_is_found_by_its_tokens_digest_alone(school: School) -> None:
    """Whichever workspace it belongs to; another digest finds nothing."""
    stranger = await school.store.write(make_school(school.store, "T2"))
    _, link = await link_of(school, 1)
    _, theirs = await link_of(stranger, 2)

    assert [link, theirs] == [await look(school, link), await look(school, theirs)]
    assert school.store.glance(lambda tx: tx.lessons.find_link_by_token(b"digest 3")) is None


async def test_the_first_browser_has_it_and_comes_again(school: School) -> None:
    """Another one never; when it was redeemed stays the first time."""
    _, link = await link_of(school)
    later = STARTS_AT + timedelta(minutes=5)

    assert await redeem(school, link)
    assert not await redeem(school, link, OTHER)
    assert await redeem(school, link, at=later)
    assert (STARTS_AT, ONE) == ((await look(school, link)).redeemed_at, (await look(school, link)).redeemed_by)


@pytest.mark.parametrize(
    "minutes, is_let_in", [(-11, False), (-10, True), (89, True), (90, False)], ids=["early", "opens", "last", "closed"]
)
async def test_nobody_comes_in_outside_the_window(school: School, minutes: int, is_let_in: bool) -> None:
    """`[opens_at, closes_at)`, also for the browser that was in before."""
    _, link = await link_of(school)
    at = STARTS_AT + timedelta(minutes=minutes)

    assert is_let_in is await redeem(school, link, at=at)
    await school.store.write(lambda tx: tx.lessons.update_link(changed(link, redeemed_at=NOW, redeemed_by=ONE)))
    assert is_let_in is await redeem(school, link, at=at)


async def test_nobody_comes_in_by_what_no_longer_counts(school: School) -> None:
    """A revoked link, an older number, a place taken away."""
    lesson, link = await link_of(school, revoked_at=NOW)
    assert not await redeem(school, link)

    _, link = await link_of(school, 1)
    place = await school.seat(lesson, school.ben)
    other_place = changed(place, id=link.participant_id, lesson_id=link.lesson_id)
    await school.store.write(lambda tx: tx.lessons.update_participant(changed(other_place, link_number=2)))
    assert not await redeem(school, link)
    await school.store.write(lambda tx: tx.lessons.update_participant(changed(other_place, removed_at=NOW)))
    assert not await redeem(school, link)
    await school.store.write(lambda tx: tx.lessons.update_participant(other_place))
    assert await redeem(school, link)


@pytest.mark.parametrize("state", LessonState)
async def test_only_a_lesson_that_is_on_is_entered(school: School, state: LessonState) -> None:
    """Booked or live; over and cancelled ones are shut, whatever the link's window says."""
    lesson, link = await link_of(school)
    await school.store.write(lambda tx: tx.lessons.update(changed(lesson, state=state)))

    assert (state in (LessonState.BOOKED, LessonState.LIVE)) is await redeem(school, link)


async def test_another_workspace_redeems_nothing(school: School) -> None:
    """The right id in the wrong workspace."""
    _, link = await link_of(school)
    stranger = (await school.store.write(make_school(school.store, "T2"))).workspace.id

    assert not await school.store.write(
        lambda tx: tx.lessons.redeem(stranger, link.id, now=STARTS_AT, browser_digest=ONE)
    )


async def test_a_hundred_presses_at_once_have_one_winner(school: School) -> None:
    """Each from a browser of its own; the stored one is the winner's."""
    _, link = await link_of(school)
    browsers = [b"browser %d" % number for number in range(100)]

    won = await asyncio.gather(*(redeem(school, link, browser) for browser in browsers))

    assert won.count(True) == 1
    assert browsers[won.index(True)] == (await look(school, link)).redeemed_by


async def test_a_thousand_links_are_redeemed_once_each(school: School) -> None:
    """A hundred at a time, each pressed by two browsers."""
    lesson = await school.book(school.ben)
    seat = await school.seat(lesson, school.ben)
    links = [
        make_link(seat, way=LinkWay.PAGE, url_sealed=None, device=number, token_digest=b"digest %d" % number)
        for number in range(1, 1001)
    ]
    await school.store.write(lambda tx: [tx.lessons.insert_link(link) for link in links])
    gate = asyncio.Semaphore(100)

    async def press(link: Link) -> tuple[bool, bool]:
        async with gate:
            return await asyncio.gather(redeem(school, link, ONE), redeem(school, link, OTHER))

    answers = await asyncio.gather(*(press(link) for link in links))

    assert [[False, True]] * 1000 == [sorted(answer) for answer in answers]
