"""The join page over real HTTP: what looking costs, what a press does, and how browsers really behave."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.attempts import Attempts
from bot.door import NOT_LET_IN
from bot.errors import RoomServiceBusy, RoomServiceDown
from bot.join_answers import STATUSES
from bot.join_pages import Face
from bot.links import new_token
from bot.rooms.base import Embed
from storage.records import LessonState
from tests.bot.reception import EARLY, LATE, ROOM_URL, Reception, open_reception
from tests.records import NOW

VIDESK = Embed(
    page="videsk", values={"accessToken": "very-secret", "alias": "</script>Ben", "script": "https://cdn.test/sdk.js"}
)


@pytest.fixture
async def reception(tmp_path: Path) -> AsyncIterator[Reception]:
    async with open_reception(tmp_path) as reception:
        yield reception


def face_of(response: httpx.Response) -> Face:
    found = re.search(r'<body class="(\w+)">', response.text)
    assert found, response.text
    face = Face(found[1])
    assert STATUSES[face] == response.status_code
    return face


def read(response: httpx.Response) -> str:
    """What a person reads."""
    text = re.sub(r"<(script|style|head).*?</\1>", " ", response.text, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


async def look(reception: Reception, browser: httpx.AsyncClient | None = None) -> httpx.Response:
    return await (browser or reception.browser()).get(reception.path)


async def come(reception: Reception, browser: httpx.AsyncClient | None = None) -> httpx.Response:
    """Look, then press."""
    browser = browser or reception.browser()
    await look(reception, browser)
    return await browser.post(reception.path)


def is_in(response: httpx.Response) -> bool:
    return response.status_code == 303 and response.headers["location"].startswith(ROOM_URL)


# Looking


async def test_looking_spends_nothing(reception: Reception) -> None:
    """Previews, scanners, prefetch and HEAD, from however many browsers: nothing is stored, nobody is launched."""
    for method in ("GET", "HEAD"):
        for headers in ({}, {"Sec-Purpose": "prefetch;prerender"}, {"User-Agent": "Slackbot-LinkExpanding 1.0"}):
            response = await reception.browser(headers).request(method, reception.path)
            assert response.status_code == 200
    for path in re.findall(r'(?:href|src|action)="([^"]*)"', (await look(reception)).text):
        if not path.startswith(("https:", "data:")):
            await reception.browser().get(path)

    assert reception.link == await reception.read_link()
    assert reception.rooms.entered == []
    assert is_in(await come(reception))


async def test_head_says_the_same_without_the_page(reception: Reception) -> None:
    """Status and headers, no body."""
    response = await reception.browser().head(reception.path)

    assert (200, "") == (response.status_code, response.text)


async def test_the_page_says_whose_it_is_and_when(reception: Reception) -> None:
    """Name, title, leader, and the time in the reader's zone with the zone named; one button."""
    response = await look(reception)

    text = read(response)
    assert Face.READY is face_of(response)
    for words in ("Ben", "Algebra", "Ada", "4:00 PM to 5:00 PM (London time)", "until 5:30 PM (London time)"):
        assert words in text
    assert len(re.findall("<button", response.text)) == 1
    assert 'lang="en-US" dir="ltr"' in response.text


async def test_what_people_wrote_is_text(tmp_path: Path) -> None:
    """A title is not taken for HTML, not even in the head."""
    async with open_reception(tmp_path, title='<script>alert("x")</script>') as reception:
        response = await look(reception)

        assert "<script>alert" not in response.text
        assert '<script>alert("x")</script>' in unescape(response.text)


async def test_every_answer_is_guarded(reception: Reception) -> None:
    """Pages and redirects alike are kept nowhere, framed by nobody, found by no search, and tell nobody an address."""
    browser = reception.browser()
    answers = [
        await browser.get("/join/nonsense"),
        await look(reception, browser),
        await browser.post(reception.path),
        await browser.post(reception.path, headers={"Origin": "https://evil.example"}),
    ]

    assert [404, 200, 303, 403] == [answer.status_code for answer in answers]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "noindex" in answer.headers["x-robots-tag"]


async def test_only_what_we_wrote_runs(reception: Reception) -> None:
    """A policy that allows nothing but this answer's own script and style, another nonce each time."""
    policies = [(await look(reception)).headers["content-security-policy"] for _ in range(2)]

    assert policies[0] != policies[1]
    for policy in policies:
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
    response = await look(reception)
    (nonce,) = set(re.findall(r"'nonce-([\w-]+)'", response.headers["content-security-policy"]))
    tags = re.findall(r"<(?:script|style)[^>]*>", response.text)
    assert tags
    assert all(f'nonce="{nonce}"' in tag for tag in tags)
    assert not re.search(r"\son\w+=|style=|javascript:", re.sub(r"<script.*?</script>", "", response.text, flags=re.S))


# Pressing


async def test_a_press_redeems_and_leads_to_the_room(reception: Reception) -> None:
    """Stored as this browser's, noted once, told to the leader's card; the address is in no page."""
    response = await come(reception)

    assert is_in(response)
    link = await reception.read_link()
    assert (reception.clock.now(), reception.clock.now()) == (link.redeemed_at, link.opened_at)
    audit = await reception.store.read(lambda tx: tx.audit.list_for_lesson(link.workspace_id, link.lesson_id))
    assert ["redeemed"] == [entry.action for entry in audit]
    assert "jwt" not in response.text


async def test_a_double_click_comes_in_twice_as_one(reception: Reception) -> None:
    """Both halves have the cookie of the page, so neither is a stranger."""
    browser = reception.browser()
    await look(reception, browser)

    answers = await asyncio.gather(*(browser.post(reception.path) for _ in range(5)))

    assert all(is_in(answer) for answer in answers)


async def test_a_hundred_browsers_at_once_have_one_winner(reception: Reception) -> None:
    """The others read that it was used, and where to get another link."""
    browsers = [reception.browser() for _ in range(100)]

    answers = await asyncio.gather(*(browser.post(reception.path) for browser in browsers))

    assert [is_in(answer) for answer in answers].count(True) == 1
    others = [answer for answer in answers if not is_in(answer)]
    assert {Face.USED_ELSEWHERE} == {face_of(answer) for answer in others}
    assert len(reception.rooms.entered) == 1
    assert "https://slack.com/app_redirect?team=T0000000001&channel=D0000000BEN" in unescape(others[0].text)


async def test_the_same_browser_comes_back(reception: Reception) -> None:
    """By Back, Reload or another tab: each time by a fresh way in, as long as the window is open."""
    browser = reception.browser()
    assert is_in(await come(reception, browser))

    back = await look(reception, browser)
    assert Face.COMES_BACK is face_of(back)
    assert is_in(await browser.post(reception.path))
    reception.clock.move_to(LATE - timedelta(minutes=1))
    assert is_in(await come(reception, browser))
    reception.clock.move_to(LATE)
    assert Face.TOO_LATE is face_of(await look(reception, browser))
    assert Face.TOO_LATE is face_of(await browser.post(reception.path))
    assert len(reception.rooms.entered) == 3
    assert await reception.read_link() == (await reception.list_links())[0]


async def test_another_browser_does_not(reception: Reception) -> None:
    """Neither by looking nor by pressing, nor with a cookie that it made up."""
    await come(reception)
    stranger = reception.browser()

    assert Face.USED_ELSEWHERE is face_of(await look(reception, stranger))
    assert Face.USED_ELSEWHERE is face_of(await stranger.post(reception.path))
    first = reception.browser()
    await come(reception, first)
    forged = reception.browser({"Cookie": "; ".join(f"{name}={new_token()}" for name in first.cookies)})
    assert Face.USED_ELSEWHERE is face_of(await forged.post(reception.path))
    assert len(reception.rooms.entered) == 1


async def test_without_cookies_somebody_comes_in_once(reception: Reception) -> None:
    """And reads afterwards how to get another link."""
    browser = reception.browser(has_cookies=False)
    await look(reception, browser)
    assert not browser.cookies

    assert is_in(await browser.post(reception.path))
    assert "I need a new link" in read(await look(reception, browser))


async def test_the_cookie_is_for_this_link_until_it_closes(reception: Reception) -> None:
    """Out of reach for scripts and other sites, with nothing of the token in it, one for each link."""
    browser = reception.browser()
    (cookie,) = (await look(reception, browser)).headers.get_list("set-cookie")

    for part in ("HttpOnly", "SameSite=lax", "Path=/", f"Max-Age={90 * 60}"):
        assert part in cookie
    assert reception.token not in cookie
    (other,) = await reception.add_links(1)
    await browser.get(f"/join/{other}")
    assert len(browser.cookies) == 2
    assert (await reception.read_link()).redeemed_by is None


async def test_over_https_the_cookie_is_for_this_host_alone(tmp_path: Path) -> None:
    """`__Host-`: browsers refuse it from anybody else."""
    async with open_reception(tmp_path, public_url="https://lessons.example/") as reception:
        response = await look(reception)

        (cookie,) = response.headers.get_list("set-cookie")
        assert cookie.startswith("__Host-hallpass-")
        assert "Secure" in cookie
        assert "http:" not in response.headers["content-security-policy"]


@pytest.mark.parametrize(
    "headers, is_let_in",
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Origin": "null"}, True),
        ({}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, False),
        ({"Origin": "https://evil.example"}, False),
    ],
)
async def test_another_sites_form_presses_nothing(
    reception: Reception, headers: dict[str, str], is_let_in: bool
) -> None:
    """As browsers say where a form came from; nothing is redeemed by a forged one."""
    response = await reception.browser().post(reception.path, headers=headers)

    assert is_let_in is is_in(response)
    assert is_let_in is ((await reception.read_link()).redeemed_at is not None)
    if not is_let_in:
        assert Face.FORGED is face_of(response)


# How things can stand


@pytest.mark.parametrize(
    "change, face, words",
    [
        ({"lesson": {"state": LessonState.CANCELLED}}, Face.CANCELLED, "This lesson was cancelled"),
        ({"lesson": {"state": LessonState.ENDED}}, Face.OVER, "It ended at 5:00 PM on Mon, Nov 23"),
        ({"place": {"link_number": 2}}, Face.REPLACED, "There is a newer link"),
        ({"place": {"removed_at": NOW}}, Face.REVOKED, "write to Ada in Slack"),
        ({"link": {"revoked_at": NOW}}, Face.REVOKED, "It was taken back"),
        ({"link": {"closes_at": NOW}}, Face.TOO_LATE, "It worked until 3:00 PM"),
        ({"link": {"redeemed_at": NOW, "redeemed_by": b"x"}}, Face.USED_ELSEWHERE, "used in another browser"),
    ],
)
async def test_each_way_has_its_page(reception: Reception, change: dict[str, Any], face: Face, words: str) -> None:
    """The same by looking and by pressing; nobody is launched, and there is nothing to press."""
    await reception.change_lesson(**change.get("lesson", {}))
    await reception.change_link(**change.get("link", {}))
    await reception.change_place(**change.get("place", {}))

    for response in (await look(reception), await reception.browser().post(reception.path)):
        assert face is face_of(response)
        assert words in read(response)
        assert "<button" not in response.text
        assert "set-cookie" not in response.headers
    assert reception.rooms.entered == []


async def test_somebody_taken_out_learns_nothing_of_the_lesson(reception: Reception) -> None:
    """Neither its title nor its time; only whom to ask."""
    await reception.change_place(removed_at=NOW)

    text = read(await look(reception))
    assert "Algebra" not in text
    assert "4:00" not in text


async def test_too_early_counts_down_to_the_button(tmp_path: Path) -> None:
    """When it opens, in words and in seconds; what to do without a script; and a press changes nothing yet."""
    async with open_reception(tmp_path, now=EARLY) as reception:
        browser = reception.browser()
        response = await look(reception, browser)

        assert Face.TOO_EARLY is face_of(response)
        assert "The room opens at 3:50 PM (London time)." in read(response)
        assert "Reload this page at 3:50 PM (London time)." in read(response)
        assert f'data-seconds="{50 * 60}"' in response.text
        assert "disabled" in response.text
        assert Face.TOO_EARLY is face_of(await browser.post(reception.path))
        assert (await reception.read_link()).redeemed_at is None
        reception.clock.move_by(timedelta(minutes=50))
        assert is_in(await browser.post(reception.path))


async def test_an_unknown_link_is_like_any_other(reception: Reception) -> None:
    """Whether it is no token at all, one that never was, or another kind of link."""
    pages = set()
    for token in ("x", new_token(), "%2e%2e", "a" * 32):
        for method in ("GET", "POST"):
            response = await reception.browser().request(method, f"/join/{token}")
            assert Face.UNKNOWN is face_of(response)
            pages.add(re.sub(r'nonce="[^"]+"', "", response.text))

    assert len(pages) == 1
    assert "Algebra" not in pages.pop()


# When something is wrong


async def test_a_room_that_does_not_open_says_so(reception: Reception) -> None:
    """The link stays theirs, the leader sees it, and another press brings them in."""
    reception.rooms.trouble = RoomServiceDown("Example", "no answer")
    browser = reception.browser()
    response = await come(reception, browser)

    assert Face.TROUBLE is face_of(response)
    assert "Ada can see that you are waiting." in read(response)
    assert "Join again" in read(response)
    seat = (await reception.read_details()).find_seat(reception.school.ben.id)
    assert seat is not None
    assert NOT_LET_IN == seat.participant.failure
    assert Face.USED_ELSEWHERE is face_of(await look(reception))
    reception.rooms.trouble = None
    assert is_in(await browser.post(reception.path))
    seat = (await reception.read_details()).find_seat(reception.school.ben.id)
    assert seat is not None
    assert seat.participant.failure is None


async def test_a_busy_room_service_asks_for_patience(reception: Reception) -> None:
    """No leader is troubled; the page says when to press again."""
    reception.rooms.trouble = RoomServiceBusy("Example", retry_after=timedelta(seconds=7))
    response = await come(reception)

    assert (Face.BUSY, "7") == (face_of(response), response.headers["retry-after"])
    seat = (await reception.read_details()).find_seat(reception.school.ben.id)
    assert seat is not None
    assert seat.participant.failure is None


async def test_a_start_not_finished_spends_nothing(reception: Reception) -> None:
    """Before we know who we are in Slack nobody is redeemed and then left standing."""
    reception.is_ready = False
    browser = reception.browser()

    assert Face.NOT_READY is face_of(await come(reception, browser))
    assert (await reception.read_link()).redeemed_at is None
    reception.is_ready = True
    assert is_in(await browser.post(reception.path))


async def test_what_nobody_thought_of_is_a_page_too(reception: Reception, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody at the door reads words, and the log names no token."""
    reception.rooms.trouble = RuntimeError("broken")
    response = await come(reception)

    assert Face.NOT_READY is face_of(response)
    # The browser of this test may note where it goes.
    assert not [one for one in caplog.records if one.name != "httpx" and reception.token in one.getMessage()]


async def test_guessing_is_slowed_down(tmp_path: Path) -> None:
    """Whoever tries many links waits, whatever they open; then their own link works. Others never waited."""
    async with open_reception(tmp_path, attempts=Attempts(most=3)) as reception:
        browser = reception.browser()
        for _ in range(3):
            assert Face.UNKNOWN is face_of(await browser.get(f"/join/{new_token()}"))

        for response in (await look(reception, browser), await browser.post(reception.path)):
            assert Face.TOO_MANY is face_of(response)
            assert 0 < int(response.headers["retry-after"]) <= 300
            assert "It is not used up" in read(response)
        elsewhere = reception.browser({"X-Forwarded-For": "192.0.2.7"})
        assert Face.READY is face_of(await look(reception, elsewhere))
        assert (await reception.read_link()).redeemed_at is None


async def test_nothing_writes_a_token_down(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither our log nor the web server's, at the most talkative."""
    caplog.set_level("DEBUG")
    async with open_reception(tmp_path) as reception:
        browser = reception.browser()
        await come(reception, browser)
        await browser.post(reception.path)
        await browser.post(reception.path, headers={"Origin": "https://evil.example"})

        ours = [one.getMessage() for one in caplog.records if not one.name.startswith(("httpx", "httpcore"))]
        assert not [line for line in ours if reception.token in line or "jwt" in line]


# Rooms inside a page of ours


async def test_a_room_of_ours_has_an_address_to_reload(reception: Reception) -> None:
    """The press leads there by one launch; what it needs is data in the page, and in no address."""
    reception.rooms.embed = VIDESK
    browser = reception.browser()
    response = await come(reception, browser)

    assert (303, f"{reception.token}/room") == (response.status_code, response.headers["location"])
    room = await browser.get(f"{reception.path}/room")
    assert room.status_code == 200
    assert len(reception.rooms.entered) == 1
    (data,) = re.findall(r'<script type="application/json" id="values">(.*?)</script>', room.text, re.S)
    assert VIDESK.values == json.loads(data)
    policy = room.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "https://cdn.test wss://cdn.test" in policy
    assert "https://*.videsk.io" in policy
    assert "camera=(self)" in room.headers["permissions-policy"]
    assert "very-secret" not in "".join(room.headers.values())
    await browser.get(f"{reception.path}/room")
    assert len(reception.rooms.entered) == 2


async def test_only_the_browser_that_redeemed_sees_the_room(reception: Reception) -> None:
    """Anybody else is sent to the link's page, which says how things stand."""
    reception.rooms.embed = VIDESK
    stranger = reception.browser()

    for _ in range(2):
        response = await stranger.get(f"{reception.path}/room")
        assert (303, f"../{reception.token}") == (response.status_code, response.headers["location"])
        await come(reception)
    assert Face.UNKNOWN is face_of(await stranger.get(f"/join/{new_token()}/room"))


async def test_nobody_is_launched_for_a_glance_at_the_room(reception: Reception) -> None:
    """HEAD and prefetch by the right browser."""
    reception.rooms.embed = VIDESK
    browser = reception.browser()
    await come(reception, browser)

    path = f"{reception.path}/room"
    assert (await browser.head(path)).status_code == 204
    assert (await browser.get(path, headers={"Sec-Purpose": "prefetch"})).status_code == 204
    assert len(reception.rooms.entered) == 1


async def test_without_cookies_the_room_comes_at_once(reception: Reception) -> None:
    """There is no second address that such a browser could be known at."""
    reception.rooms.embed = VIDESK
    response = await reception.browser(has_cookies=False).post(reception.path)

    assert response.status_code == 200
    assert "very-secret" in response.text


async def test_a_room_that_closed_leads_back_to_the_button(reception: Reception) -> None:
    """Reloading the room while the service is down: the button leads to the link's page, not to the room's address."""
    reception.rooms.embed = VIDESK
    browser = reception.browser()
    await come(reception, browser)
    await browser.get(f"{reception.path}/room")
    reception.rooms.trouble = RoomServiceDown("Example", "no answer")

    response = await browser.get(f"{reception.path}/room")
    assert Face.TROUBLE is face_of(response)
    assert f'action="../{reception.token}"' in response.text
