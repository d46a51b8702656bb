"""Sign in with Slack before a link is redeemed: who presses Join is who the link is for, or it stays unspent.

OpenID Connect's code flow, with Slack's own addresses. What began in one browser ends in that browser: it keeps, sealed
and for minutes only, the link's token, its own secret and the nonce, found again by `state`. Nothing is stored here.

The ID token's signature is not checked. It comes from Slack's own token endpoint over TLS, asked with our client
secret, and for that case OpenID Connect Core 3.1.3.7 (6) lets TLS stand in for the signature. So no key has to be
fetched, kept and rotated. The claims are checked all the same: issuer, audience, expiry, nonce. No ID token that came
any other way may be handed to `judge_claims`.

Only `openid` is asked for: no name, no e-mail address. The access token that comes along is thrown away.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from bot.delivery import Delivery
from bot.errors import SlackRefused
from bot.links import is_token, new_token
from storage.errors import HallpassError, Unreadable
from storage.sealing import Sealer

REDIRECT_PATH = "join/signed-in"
"""Below the public address; the same for every link, as Slack wants it."""
METHOD = "openid.connect.token"
WITHIN = timedelta(minutes=10)
"""For a password and a second factor; Slack's code lives as long."""
SLOP = timedelta(minutes=1)
"""How far Slack's clock and ours may be apart."""
TEAM, USER = "https://slack.com/team_id", "https://slack.com/user_id"


class NotSignedIn(HallpassError):
    """What came back tells of nobody. `why` is for the log."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, kw_only=True)
class Begun:
    """Where the browser goes, and what it keeps meanwhile."""

    state: str = field(repr=False)
    address: str = field(repr=False)
    kept: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Pending:
    """What the browser kept: which link it wants to redeem."""

    token: str = field(repr=False)
    browser: str = field(repr=False)
    nonce: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """Who it is, by Slack's ids."""

    team_id: str
    user_id: str


class SignIn:
    """Asks Slack who somebody is. `delivery` needs no token. `now` is machine time."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        public_url: str,
        api_url: str,
        delivery: Delivery,
        sealer: Sealer,
        now: Callable[[], datetime],
    ) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_url = urljoin(public_url, REDIRECT_PATH)
        self._authorize_url = urljoin(api_url, "../openid/connect/authorize")
        parts = urlsplit(api_url)
        self._issuer = f"{parts.scheme}://{parts.netloc}"
        self._delivery = delivery
        self._sealer = sealer
        self._now = now

    def begin(self, token: str, browser: str, *, team_id: str) -> Begun:
        """Off to Slack, for this link. `team_id`: the workspace in which its person is known."""
        state, nonce = new_token(), new_token()
        until = (self._now() + WITHIN).isoformat()
        told = {"state": state, "token": token, "browser": browser, "nonce": nonce, "until": until}
        query = {
            "response_type": "code",
            "scope": "openid",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_url,
            "team": team_id,
            "state": state,
            "nonce": nonce,
        }
        kept = self._sealer.seal(json.dumps(told)).decode("ascii")
        return Begun(state=state, address=f"{self._authorize_url}?{urlencode(query)}", kept=kept)

    def find_pending(self, state: str, kept: str) -> Pending | None:
        """What this browser began under this `state`, not too long ago."""
        if not is_token(state) or not kept.isascii():
            return None
        try:
            told = json.loads(self._sealer.unseal(kept.encode()))
        except (Unreadable, ValueError):
            return None
        if told.get("state") != state or datetime.fromisoformat(told["until"]) <= self._now():
            return None
        return Pending(token=told["token"], browser=told["browser"], nonce=told["nonce"])

    async def find_who(self, pending: Pending, code: str) -> SignedIn:
        """Who brought this code. Raises NotSignedIn, or a SlackError where Slack did not answer."""
        try:
            answer = await self._delivery.send(
                METHOD,
                client_id=self._client_id,
                client_secret=self._client_secret,
                code=code,
                redirect_uri=self._redirect_url,
                grant_type="authorization_code",
            )
        except SlackRefused as error:
            raise NotSignedIn(error.code) from error
        claims = read_claims(answer.get("id_token"))
        return judge_claims(
            claims, issuer=self._issuer, client_id=self._client_id, nonce=pending.nonce, now=self._now()
        )


def read_claims(id_token: object) -> dict[str, Any]:
    """What an ID token says. Raises NotSignedIn where it is none."""
    parts = id_token.split(".") if isinstance(id_token, str) else []
    try:
        if len(parts) != 3:
            raise ValueError
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        raise NotSignedIn("no ID token") from None
    if not isinstance(claims, dict):
        raise NotSignedIn("no ID token")
    return claims


def judge_claims(claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now: datetime) -> SignedIn:
    """Whose they are, if they are Slack's, for us, and for this very sign-in (OpenID Connect Core 3.1.3.7)."""
    audience, expires = claims.get("aud"), claims.get("exp")
    if claims.get("iss") != issuer:
        raise NotSignedIn("another issuer")
    if audience not in (client_id, [client_id]) or claims.get("azp", client_id) != client_id:
        raise NotSignedIn("for another app")
    if not isinstance(expires, int | float) or expires + SLOP.total_seconds() <= now.timestamp():
        raise NotSignedIn("expired")
    if claims.get("nonce") != nonce:
        raise NotSignedIn("another sign-in")
    team_id, user_id = claims.get(TEAM), claims.get(USER)
    if not isinstance(team_id, str) or not isinstance(user_id, str) or not team_id or not user_id:
        raise NotSignedIn("nobody named")
    return SignedIn(team_id=team_id, user_id=user_id)
