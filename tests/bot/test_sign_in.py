"""Sign in with Slack before Join: who the link is for comes in, and anybody else leaves it unspent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bot.join_pages import Face
from bot.links import new_token
from bot.rooms.base import Embed
from bot.sandbox.faults import Fault
from bot.sandbox.slack.sign_in import COOKIE, build_id_token
from bot.sandbox.slack.standin import SlackStandIn
from bot.sign_in import TEAM, USER, WITHIN, NotSignedIn, SignedIn, SignIn, judge_claims, read_claims
from storage.sealing import Sealer, new_key
from tests.bot.reception import EARLY, LATE, Reception, open_reception
from tests.bot.test_join_web import face_of, is_in, look, read
from tests.records import NOW

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as slack:
        yield slack


@pytest.fixture
async def reception(tmp_path: Path, slack: SlackStandIn) -> AsyncIterator[Reception]:
    async with open_reception(tmp_path, slack=slack) as reception:
        yield reception


def browser_of(reception: Reception, slack: SlackStandIn, name: str | None) -> httpx.AsyncClient:
    """Somebody's, signed in to Slack under this name; None: signed in nowhere."""
    browser = reception.browser()
    if name is not None:
        users = {user.real_name: user.id for user in slack.workspace.users.values()}
        browser.cookies.set(COOKIE, users.get(name) or slack.add_user(name).id)
    return browser


async def press(reception: Reception, browser: httpx.AsyncClient) -> httpx.Response:
    """Look, press, and go to Slack; what Slack answers."""
    await look(reception, browser)
    asked = await browser.post(reception.path)
    assert asked.status_code == 303, asked.text
    assert "/openid/connect/authorize?" in asked.headers["location"]
    return await browser.get(asked.headers["location"])


async def sign_in(reception: Reception, browser: httpx.AsyncClient) -> httpx.Response:
    """The same, and back; what our page answers."""
    return await browser.get((await press(reception, browser)).headers["location"])


async def is_unspent(reception: Reception) -> bool:
    return (await reception.read_link()).redeemed_at is None and reception.rooms.entered == []


async def test_whose_link_it_is_comes_in(reception: Reception, slack: SlackStandIn) -> None:
    """The page says before that Slack will ask; after that there is nothing more to press."""
    browser = browser_of(reception, slack, "Ben")
    assert "Slack asks you to sign in" in read(await look(reception, browser))

    assert is_in(await sign_in(reception, browser))
    assert (await reception.read_link()).redeemed_at is not None


async def test_whoever_came_in_once_is_not_asked_again(reception: Reception, slack: SlackStandIn) -> None:
    """Their browser is known."""
    browser = browser_of(reception, slack, "Ben")
    await sign_in(reception, browser)

    page = await look(reception, browser)
    assert Face.COMES_BACK is face_of(page)
    assert "sign in" not in read(page)
    assert is_in(await browser.post(reception.path))


async def test_a_forwarded_link_opens_nothing_for_anybody_else(reception: Reception, slack: SlackStandIn) -> None:
    """They read whose it is and nothing of the lesson; it stays unspent, and Ben comes in after all."""
    page = await sign_in(reception, browser_of(reception, slack, "Eve"))

    assert Face.SOMEBODY_ELSE is face_of(page)
    assert "This link is for Ben You are signed in to Slack as somebody else." in read(page)
    assert "Algebra" not in read(page)
    assert f'action="{reception.token}"' in page.text
    assert await is_unspent(reception)
    assert is_in(await sign_in(reception, browser_of(reception, slack, "Ben")))


async def test_the_same_person_elsewhere_is_somebody_else(reception: Reception, slack: SlackStandIn) -> None:
    """Ids are only known together with their workspace."""
    browser = browser_of(reception, slack, "Ben")
    back = await press(reception, browser)
    slack.workspace.team_id = "T0ELSEWHERE"

    assert Face.SOMEBODY_ELSE is face_of(await browser.get(back.headers["location"]))
    assert await is_unspent(reception)


async def test_who_is_not_signed_in_is_asked_by_slack(reception: Reception, slack: SlackStandIn) -> None:
    """Nothing is spent meanwhile, and nothing if they turn back."""
    browser = browser_of(reception, slack, None)
    assert "Sign in to your workspace" in (await press(reception, browser)).text

    asked = await browser.post(reception.path)
    (state,) = parse_qs(urlsplit(asked.headers["location"]).query)["state"]
    page = await browser.get(f"/join/signed-in?error=access_denied&state={state}")
    assert Face.NOT_SIGNED_IN is face_of(page)
    assert "Press Join to sign in again." in read(page)
    assert await is_unspent(reception)


async def test_what_one_browser_began_no_other_ends(reception: Reception, slack: SlackStandIn) -> None:
    """Neither with Ben's code in Eve's browser nor the other way round: the cookie of the press is missing."""
    ben, eve = browser_of(reception, slack, "Ben"), browser_of(reception, slack, "Eve")
    bens, eves = await press(reception, ben), await press(reception, eve)

    for browser, back in ((eve, bens), (ben, eves)):
        page = await browser.get(back.headers["location"])
        assert Face.NOT_SIGNED_IN is face_of(page)
        assert "Your browser must accept cookies for this." in read(page)
    swapped = dict(parse_qs(urlsplit(bens.headers["location"]).query))
    (mine,) = parse_qs(urlsplit(eves.headers["location"]).query)["state"]
    page = await eve.get(f"/join/signed-in?code={swapped['code'][0]}&state={mine}")
    assert Face.NOT_SIGNED_IN is face_of(page)  # the nonce in it is of another sign-in
    assert await is_unspent(reception)


async def test_coming_back_works_once(reception: Reception, slack: SlackStandIn) -> None:
    """A reload of that address lets nobody in again, and the code in it is worth nothing."""
    browser = browser_of(reception, slack, "Ben")
    back = (await press(reception, browser)).headers["location"]
    assert (await browser.head(back)).status_code == 204
    assert (await browser.get(back, headers={"Sec-Purpose": "prefetch"})).status_code == 204
    assert await is_unspent(reception)

    assert is_in(await browser.get(back))
    assert Face.NOT_SIGNED_IN is face_of(await browser.get(back))
    assert len(reception.rooms.entered) == 1


def test_who_takes_too_long_begins_again() -> None:
    """Ten minutes; and only what was sealed here, for this state, is believed."""
    now = [NOW]
    delivery: Any = None  # Slack is not asked yet
    sign_in = SignIn(
        client_id="1.2",
        client_secret="secret",
        public_url="https://lessons.example/",
        api_url="https://slack.com/api/",
        delivery=delivery,
        sealer=Sealer([new_key()]),
        now=lambda: now[0],
    )
    begun = sign_in.begin("token", "browser", team_id="T1")

    assert begun.address.startswith("https://slack.com/openid/connect/authorize?")
    assert "redirect_uri=https%3A%2F%2Flessons.example%2Fjoin%2Fsigned-in" in begun.address
    assert begun.state not in repr(begun)
    assert sign_in.find_pending(begun.state, begun.kept) is not None
    assert sign_in.find_pending(new_token(), begun.kept) is None
    assert sign_in.find_pending(begun.state, "made up") is None
    now[0] += WITHIN
    assert sign_in.find_pending(begun.state, begun.kept) is None


async def test_a_lesson_that_closed_meanwhile_is_closed(reception: Reception, slack: SlackStandIn) -> None:
    """The link's page says so."""
    browser = browser_of(reception, slack, "Ben")
    back = (await press(reception, browser)).headers["location"]
    reception.clock.move_to(LATE)
    closed = await browser.get(back)

    assert (303, reception.token) == (closed.status_code, closed.headers["location"])
    assert await is_unspent(reception)


async def test_slack_that_does_not_answer_spends_nothing(reception: Reception, slack: SlackStandIn) -> None:
    """They read that it was not they who did wrong, and press again."""
    slack.faults.switch_on("openid.connect.token", Fault.failing())
    browser = browser_of(reception, slack, "Ben")

    assert Face.NOT_SIGNED_IN is face_of(await sign_in(reception, browser))
    assert await is_unspent(reception)
    slack.faults.switch_off()
    assert is_in(await sign_in(reception, browser))


async def test_a_wrong_secret_lets_nobody_in(reception: Reception, slack: SlackStandIn) -> None:
    """As after it was made anew at Slack."""
    slack.app.client_secret = "another"

    assert Face.NOT_SIGNED_IN is face_of(await sign_in(reception, browser_of(reception, slack, "Ben")))
    assert await is_unspent(reception)


async def test_a_room_of_ours_comes_after_slack(reception: Reception, slack: SlackStandIn) -> None:
    """At its own address."""
    reception.rooms.embed = Embed(page="videsk", values={"script": "https://cdn.test/sdk.js"})
    browser = browser_of(reception, slack, "Ben")
    inside = await sign_in(reception, browser)

    assert (303, f"{reception.token}/room") == (inside.status_code, inside.headers["location"])
    assert (await browser.get(f"{reception.path}/room")).status_code == 200
    assert len(reception.rooms.entered) == 1


async def test_nobody_is_asked_before_the_door_opens(tmp_path: Path, slack: SlackStandIn) -> None:
    """Too early is said at once."""
    async with open_reception(tmp_path, slack=slack, now=EARLY) as reception:
        browser = browser_of(reception, slack, "Ben")
        await look(reception, browser)

        assert Face.TOO_EARLY is face_of(await browser.post(reception.path))


async def test_what_goes_to_slack_names_no_link(reception: Reception, slack: SlackStandIn) -> None:
    """Only a state, a nonce, and which app and workspace; what the browser keeps of it is sealed."""
    browser = browser_of(reception, slack, None)
    await look(reception, browser)
    asked = await browser.post(reception.path)

    assert reception.token not in asked.headers["location"]
    assert reception.token not in "".join(asked.headers.get_list("set-cookie"))
    query = parse_qs(urlsplit(asked.headers["location"]).query)
    assert {"response_type", "scope", "client_id", "redirect_uri", "team", "state", "nonce"} == set(query)
    assert ["openid"] == query["scope"]
    for cookie in asked.headers.get_list("set-cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie


# What an ID token says

GOOD: dict[str, Any] = {
    "iss": "https://slack.com",
    "aud": "1.2",
    "exp": (NOW + 5 * MINUTE).timestamp(),
    "nonce": "n",
    TEAM: "T1",
    USER: "U1",
}


def judge(**changes: Any) -> SignedIn:
    claims = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return judge_claims(
        read_claims(build_id_token(claims)), issuer="https://slack.com", client_id="1.2", nonce="n", now=NOW
    )


def test_claims_that_are_ours_name_somebody() -> None:
    """By workspace and user."""
    assert SignedIn(team_id="T1", user_id="U1") == judge() == judge(aud=["1.2"])


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another app"},
        {"aud": ["1.2", "another app"]},
        {"azp": "another app"},
        {"exp": (NOW - 5 * MINUTE).timestamp()},
        {"exp": "tomorrow"},
        {"exp": None},
        {"nonce": "another"},
        {"nonce": None},
        {TEAM: None},
        {USER: ""},
    ],
)
def test_claims_that_are_not_ours_name_nobody(changes: dict[str, Any]) -> None:
    """Each of them alone is enough."""
    with pytest.raises(NotSignedIn):
        judge(**changes)


@pytest.mark.parametrize("token", [None, "", "a.b", "a.!.c", "a.W10.c", 7])
def test_what_is_no_token_names_nobody(token: object) -> None:
    """Whatever Slack, or whoever answers in its place, sends."""
    with pytest.raises(NotSignedIn):
        read_claims(token)
