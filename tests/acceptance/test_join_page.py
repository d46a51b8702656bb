"""The join page as the running bot serves it: whose address counts, and where a token is, and is not, until the end."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM


async def book(school: School) -> tuple[Actor, Actor, str]:
    """A lesson at three, in Berlin, with the address of Ben's page."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    url = telling.find_url(telling.find_card(ben))
    assert url is not None
    return ada, ben, url


@pytest.mark.parametrize(
    "proxies, expected",
    [("", "203.0.113.7"), ("127.0.0.0/8", "203.0.113.7"), ("none", "127.0.0.1"), ("192.0.2.1", "127.0.0.1")],
)
async def test_only_a_known_proxy_says_where_somebody_is(tmp_path: Path, proxies: str, expected: str) -> None:
    """What anybody else puts into the header is not believed, and not handed on to the room service."""
    settings = {"HALLPASS_PROXIES": proxies, "HALLPASS_LINKS": "page"}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=settings, has_webhooks=True) as school:
        await school.start()
        _, _, url = await book(school)
        await telling.move_to(school, 14)
        async with httpx.AsyncClient(headers={"X-Forwarded-For": "203.0.113.7"}) as browser:
            assert (await browser.post(url)).status_code == 303

        assert [expected] == [launch.visitor_address for launch in school.lessonspace.launches]


async def test_a_token_is_in_the_button_and_nowhere_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not in a text that people read, not in the database as it is, in no log; and after the lesson nowhere at all."""
    caplog.set_level("DEBUG")
    settings = {"HALLPASS_LINKS": "page"}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=settings, has_webhooks=True) as school:
        await school.start()
        ada, ben, url = await book(school)
        token = url.rpartition("/")[2]
        await telling.move_to(school, 14)
        async with httpx.AsyncClient() as browser:
            for _ in range(2):
                await browser.get(url)
                assert (await browser.post(url)).status_code == 303
        await telling.settle(school)

        assert not [text for text in telling.read_all(school, ben) if token in text]
        assert not [message for message in (*ada.messages(), *ben.messages()) if token in message.text]
        assert token.encode() not in read_all_files(tmp_path)
        ours = [one.getMessage() for one in caplog.records if not one.name.startswith(("httpx", "httpcore"))]
        assert not [line for line in ours if token in line]
        out, err = capfd.readouterr()
        assert token not in out + err

        await telling.move_to(school, 18)
        seats = (await telling.get_lesson_details(school)).seats
        assert {None} == {seat.link.token_sealed for seat in seats if seat.link}
        async with httpx.AsyncClient() as browser:
            page = (await browser.get(url)).text
        assert "This lesson is over" in page
        assert telling.find_url(telling.find_card(ben)) is None


def read_all_files(folder: Path) -> bytes:
    """The database with what is still in its journal."""
    return b"".join(path.read_bytes() for path in folder.iterdir())
