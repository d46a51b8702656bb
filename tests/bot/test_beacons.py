"""What a room's page says of itself over HTTP, who may say it, and what attendance makes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from bot import beacons
from bot.links import new_token
from bot.rooms.base import Embed
from storage.records import Attendance, AttendanceEvent, LessonState
from tests.bot.reception import LATE, Reception, open_reception
from tests.records import STARTS_AT

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def reception(tmp_path: Path) -> AsyncIterator[Reception]:
    """Its rooms run in a page of ours, and Ben is known there by his own id."""
    async with open_reception(tmp_path) as reception:
        reception.rooms.embed = Embed(page="videsk", values={"script": "https://cdn.test/sdk.js"})
        await reception.change_place(provider_user_id=reception.school.ben.id)
        yield reception


async def come_in(reception: Reception) -> httpx.AsyncClient:
    """Ben's browser, in the room's page."""
    browser = reception.browser()
    await browser.get(reception.path)
    assert (await browser.post(reception.path)).status_code == 303
    return browser


async def say(reception: Reception, browser: httpx.AsyncClient, word: str = "joined") -> int:
    return (await browser.post(f"{reception.path}/here", content=word)).status_code


async def find_attendance(reception: Reception) -> Attendance | None:
    """Ben's."""
    seat = (await reception.read_details()).find_seat(reception.school.ben.id)
    return seat.attendance if seat is not None else None


async def list_events(reception: Reception) -> list[AttendanceEvent]:
    link = reception.link
    return await reception.store.read(lambda tx: tx.attendance.list_events(link.workspace_id, link.lesson_id))


async def test_who_opened_the_room_came(reception: Reception) -> None:
    """From the first word on; the lesson is live, and another word a minute later changes nothing that is read."""
    browser = await come_in(reception)

    assert 204 == await say(reception, browser)
    first = await find_attendance(reception)
    assert first is not None
    assert (STARTS_AT, None) == (first.joined_at, first.left_at)
    assert LessonState.LIVE == (await reception.read_details()).lesson.state
    reception.clock.move_by(MINUTE)
    assert 204 == await say(reception, browser)
    assert first == await find_attendance(reception)
    assert [("beacon", "joined")] * 2 == [(event.source, event.kind) for event in await list_events(reception)]


async def test_who_closed_it_left(reception: Reception) -> None:
    """At that moment, and who opens it again is there again."""
    browser = await come_in(reception)
    await say(reception, browser)
    reception.clock.move_by(timedelta(seconds=90))

    assert 204 == await say(reception, browser, "left")
    gone = await find_attendance(reception)
    assert gone is not None
    assert STARTS_AT + timedelta(seconds=90) == gone.left_at
    reception.clock.move_by(MINUTE)
    await say(reception, browser)
    back = await find_attendance(reception)
    assert back is not None
    assert (STARTS_AT, None) == (back.joined_at, back.left_at)


async def test_who_closed_it_as_it_said_that_it_was_open_left(reception: Reception) -> None:
    """Both words at the same instant: the last one holds."""
    browser = await come_in(reception)
    await say(reception, browser)
    reception.clock.move_by(MINUTE)

    await say(reception, browser)
    await say(reception, browser, "left")

    gone = await find_attendance(reception)
    assert gone is not None
    assert (STARTS_AT, STARTS_AT + MINUTE) == (gone.joined_at, gone.left_at)


async def test_only_the_browser_that_is_in_is_heard(reception: Reception) -> None:
    """Not one without the cookie, nor with a made-up one, nor anybody before the press."""
    stranger = reception.browser()
    await stranger.get(reception.path)
    assert 403 == await say(reception, stranger)
    browser = await come_in(reception)
    forged = reception.browser({"Cookie": "; ".join(f"{name}={new_token()}" for name in browser.cookies)})

    assert [403, 403] == [await say(reception, one) for one in (reception.browser(), forged)]
    assert [] == await list_events(reception)


async def test_another_sites_page_says_nothing(reception: Reception) -> None:
    """Although the browser would send the cookie along."""
    browser = await come_in(reception)
    path = f"{reception.path}/here"

    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert 403 == (await browser.post(path, content="left", headers=headers)).status_code
    assert [] == await list_events(reception)


async def test_nothing_else_is_listened_to(reception: Reception) -> None:
    """Another word, a long one, one without a length; GET is not saying anything."""
    browser = await come_in(reception)

    async def stream() -> AsyncIterator[bytes]:
        yield b"joined"

    path = f"{reception.path}/here"
    assert [400, 400, 413] == [await say(reception, browser, word) for word in ("", "Joined!", "joined" * 50)]
    assert 413 == (await browser.post(path, content=stream())).status_code
    assert 405 == (await browser.get(path)).status_code
    assert [] == await list_events(reception)


async def test_after_the_window_nobody_is_heard(reception: Reception) -> None:
    """The page reads from the answer that it may stop."""
    browser = await come_in(reception)
    reception.clock.move_to(LATE)

    assert 410 == await say(reception, browser)
    assert [] == await list_events(reception)


async def test_an_unknown_link_and_a_room_elsewhere_are_alike(reception: Reception) -> None:
    """Rooms that tell by themselves who came are not told so by a visitor."""
    browser = await come_in(reception)
    assert 404 == (await browser.post(f"/join/{new_token()}/here", content="joined")).status_code
    reception.rooms.embed = None

    assert 404 == await say(reception, browser)
    assert [] == await list_events(reception)


async def test_a_page_that_talks_too_much_is_not_heard(reception: Reception) -> None:
    """One link's words are counted by themselves: others at the same address go on."""
    browser = await come_in(reception)
    statuses = [await say(reception, browser, word) for word in ["joined", "left"] * beacons.MOST_OF_LINK]

    assert {204} == set(statuses[: beacons.MOST_OF_LINK])
    assert {429} == set(statuses[beacons.MOST_OF_LINK :])
    (other,) = await reception.add_links(1)
    await browser.get(f"/join/{other}")
    await browser.post(f"/join/{other}")
    assert 204 == (await browser.post(f"/join/{other}/here", content="joined")).status_code


async def test_the_page_is_told_where_to_speak(reception: Reception) -> None:
    """Its policy lets it speak to us, and the script is ours."""
    browser = await come_in(reception)
    page = await browser.get(f"{reception.path}/room")

    assert 'data-here="here"' in page.text
    assert 'data-every="60.0"' in page.text
    assert "connect-src 'self' " in page.headers["content-security-policy"]
