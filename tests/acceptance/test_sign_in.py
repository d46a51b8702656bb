"""With sign-in on, the running bot lets in who the link is for: a forwarded link opens nothing for anybody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bot.manifest import allow_sign_in, load_manifest
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.sign_in import COOKIE
from bot.settings import SettingsError
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM

ON = {"HALLPASS_SIGN_IN": "on", "HALLPASS_LINKS": ""}


@asynccontextmanager
async def open_asking(tmp_path: Path) -> AsyncIterator[School]:
    """The app is what `hallpass manifest --sign-in` says."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=ON, has_webhooks=True) as school:
        app = school.slack.app
        school.change_setting("SLACK_CLIENT_ID", app.client_id)
        school.change_setting("SLACK_CLIENT_SECRET", app.client_secret)
        oauth = allow_sign_in(load_manifest(), school.build_environment()["HALLPASS_PUBLIC_URL"])["oauth_config"]
        app.user_scopes, app.redirect_urls = set(oauth["scopes"]["user"]), set(oauth["redirect_urls"])
        await school.start()
        yield school


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    """Running."""
    async with open_asking(tmp_path) as school:
        yield school


async def book(school: School) -> tuple[Actor, Actor, str]:
    """A lesson that is on, with the address of Ben's page."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 14)
    url = telling.find_url(telling.find_card(ben))
    assert url is not None
    return ada, ben, url


async def press(actor: Actor, url: str) -> httpx.Response:
    """Join in a browser where this person is signed in to Slack: there and back, up to the room's own address."""
    async with httpx.AsyncClient(cookies={COOKIE: actor.user.id}) as browser:
        assert (await browser.get(url)).status_code == 200
        to_slack = await browser.post(url)
        back = await browser.get(to_slack.headers["location"])
        return await browser.get(back.headers["location"])


async def test_a_forwarded_link_opens_nothing_for_anybody_else(school: School) -> None:
    """Eve reads whose it is, nobody is launched, no board moves; afterwards Ben comes in by the same link."""
    ada, ben, url = await book(school)
    eve = school.add("Eve")

    refused = await press(eve, url)
    await telling.settle(school)
    assert refused.status_code == 403
    assert "This link is for Ben" in refused.text
    assert [] == school.lessonspace.launches
    assert "opened" not in ada.read(telling.find_card(ada))

    let_in = await press(ben, url)
    visit = await school.lessonspace.browser("Ben").join(let_in.headers["location"])
    assert (303, None) == (let_in.status_code, visit.refusal)
    assert ["Ben"] == [launch.user["name"] for launch in school.lessonspace.launches]


async def test_not_even_a_leader_comes_in_by_somebody_elses_link(school: School) -> None:
    """They have their own."""
    ada, _, url = await book(school)

    assert (await press(ada, url)).status_code == 403
    own = telling.find_url(telling.find_card(ada))
    assert own is not None
    assert (await press(ada, own)).status_code == 303


async def test_secrets_of_a_sign_in_are_in_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the app's, nor the code, nor the link's token."""
    caplog.set_level("DEBUG")
    async with open_asking(tmp_path) as school:
        _, ben, url = await book(school)
        await press(ben, url)

        (code,) = school.slack.sign_in.codes
        ours = [one.getMessage() for one in caplog.records if not one.name.startswith(("httpx", "httpcore"))]
        for secret in (school.slack.app.client_secret, code, url.rpartition("/")[2]):
            assert not [line for line in ours if secret in line]


@pytest.mark.parametrize(
    "changes, named",
    [
        ({}, "SLACK_CLIENT_ID, SLACK_CLIENT_SECRET, HALLPASS_PUBLIC_URL"),
        ({"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "s"}, "HALLPASS_PUBLIC_URL"),
        (
            {
                "SLACK_CLIENT_ID": "1.2",
                "SLACK_CLIENT_SECRET": "s",
                "HALLPASS_PUBLIC_URL": "https://lessons.example/",
                "HALLPASS_LINKS": "direct",
            },
            "HALLPASS_SIGN_IN",
        ),
    ],
)
async def test_what_is_missing_stops_the_start(tmp_path: Path, changes: dict[str, str], named: str) -> None:
    """One line each, with the mend."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=ON | changes) as school:
        with pytest.raises(SettingsError) as refused:
            await school.start()

    assert named == ", ".join(problem.variable for problem in refused.value.problems)
    assert all("switch" in problem.mend for problem in refused.value.problems)
