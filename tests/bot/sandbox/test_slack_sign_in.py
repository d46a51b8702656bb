"""The stand-in's sign-in refuses what Slack refuses: apps, addresses, scopes, secrets and codes that are not right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bot.sandbox.slack.sign_in import COOKIE
from bot.sandbox.slack.standin import SlackStandIn
from bot.sign_in import NotSignedIn, read_claims

BACK = "https://lessons.example/join/signed-in"


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as slack:
        slack.app.user_scopes.add("openid")
        slack.app.redirect_urls.add(BACK)
        yield slack


async def authorize(slack: SlackStandIn, name: str | None = "Ada", **changes: str) -> httpx.Response:
    query = {
        "response_type": "code",
        "scope": "openid",
        "client_id": slack.app.client_id,
        "redirect_uri": BACK,
        "state": "s",
        "nonce": "n",
    } | changes
    cookies = {COOKIE: slack.add_user(name).id} if name else {}
    async with httpx.AsyncClient(cookies=cookies) as browser:
        return await browser.get(slack.api_url.replace("/api/", "/openid/connect/authorize"), params=query)


async def exchange(slack: SlackStandIn, code: str, **changes: Any) -> dict[str, Any]:
    body = {
        "client_id": slack.app.client_id,
        "client_secret": slack.app.client_secret,
        "code": code,
        "redirect_uri": BACK,
    } | changes
    async with httpx.AsyncClient() as client:
        answer: dict[str, Any] = (await client.post(slack.api_url + "openid.connect.token", json=body)).json()
    return answer


async def get_code(slack: SlackStandIn) -> str:
    back = await authorize(slack)
    return parse_qs(urlsplit(back.headers["location"]).query)["code"][0]


async def test_a_code_says_once_who_signed_in(slack: SlackStandIn) -> None:
    """To the app that knows its secret, with the nonce that it sent."""
    back = await authorize(slack)
    query = parse_qs(urlsplit(back.headers["location"]).query)

    assert (302, ["s"]) == (back.status_code, query["state"])
    answer = await exchange(slack, query["code"][0])
    claims = read_claims(answer["id_token"])
    user_id = next(user.id for user in slack.workspace.users.values() if user.real_name == "Ada")
    assert (user_id, "n") == (claims["https://slack.com/user_id"], claims["nonce"])
    again = await exchange(slack, query["code"][0])
    assert "code_already_used" == again["error"]
    with pytest.raises(NotSignedIn):
        read_claims(again.get("id_token"))


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"client_id": "1.2"}, "invalid_client_id"),
        ({"client_secret": "guessed"}, "bad_client_secret"),
        ({"code": "guessed"}, "invalid_code"),
        ({"redirect_uri": "https://evil.example/"}, "bad_redirect_uri"),
        ({"redirect_uri": None}, "bad_redirect_uri"),
        ({"grant_type": "password"}, "invalid_grant_type"),
    ],
)
async def test_what_is_not_right_gets_no_token(slack: SlackStandIn, changes: dict[str, Any], error: str) -> None:
    """And the code stays good for who asks rightly."""
    code = await get_code(slack)

    assert error == (await exchange(slack, **{"code": code, **changes}))["error"]
    assert (await exchange(slack, code))["ok"]


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"client_id": "1.2"}, "invalid_client_id"),
        ({"redirect_uri": BACK + "/elsewhere"}, "bad_redirect_uri"),
        ({"scope": "openid email"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"team": "T0ELSEWHERE"}, "invalid_team"),
    ],
)
async def test_what_is_not_right_sends_nobody_back(slack: SlackStandIn, changes: dict[str, str], why: str) -> None:
    """They read a page of Slack's."""
    answer = await authorize(slack, **changes)

    assert 400 == answer.status_code
    assert why in answer.text


async def test_who_is_signed_in_nowhere_is_asked_by_slack(slack: SlackStandIn) -> None:
    """And goes nowhere yet."""
    assert "Sign in" in (await authorize(slack, None)).text
    assert {} == slack.sign_in.codes
