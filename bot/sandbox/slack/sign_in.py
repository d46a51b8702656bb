"""Sign in with Slack: the page that a browser is sent to, and the method that takes the code which it brings back.

Sources: docs.slack.dev, "Sign in with Slack" and `openid.connect.token`; Slack's `.well-known/openid-configuration`.
Who sits at the browser is told by its cookie `d`, as Slack's own pages do; consent was given before. Codes work once,
for ten minutes, with the same redirect address. What real Slack refuses with a page, this one refuses with a page.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from aiohttp import web

from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.methods import Method, Tier, TokenKind
from bot.sandbox.slack.refusals import Refused
from bot.sandbox.slack.workspace import Workspace

COOKIE = "d"
CODE_LIVES = timedelta(minutes=10)
TOKEN_LIVES = timedelta(minutes=5)


@dataclass(kw_only=True)
class Code:
    """One sign-in, until the app asks whose it is."""

    user_id: str
    redirect_url: str
    nonce: str | None
    made_at: datetime
    is_used: bool = False


class SignInPages:
    """Signs people in to the installed app. `codes` are all that were ever given out."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.codes: dict[str, Code] = {}
        self.base_url = ""

    def build_table(self) -> dict[str, Method]:
        """These methods by name."""
        return {"openid.connect.token": Method(handle=self.exchange, tier=Tier.FOUR, token=TokenKind.NONE)}

    async def authorize(self, request: web.Request) -> web.StreamResponse:
        """`/openid/connect/authorize`, as somebody's browser asks for it."""
        asked, app = request.query, self._workspace.app
        fault = self._find_fault(request)
        if fault is not None:
            return web.Response(status=400, text=f"Something went wrong: {fault}")
        user = self._workspace.users.get(request.cookies.get(COOKIE, ""))
        if user is None:
            return web.Response(text="Sign in to your workspace", content_type="text/html")
        code = f"{app.client_id}.{secrets.token_hex(16)}"
        self.codes[code] = Code(
            user_id=user.id,
            redirect_url=asked["redirect_uri"],
            nonce=asked.get("nonce"),
            made_at=self._workspace.machine_now(),
        )
        answer = urlencode({"code": code, "state": asked.get("state", "")})
        raise web.HTTPFound(f"{asked['redirect_uri']}?{answer}")

    def _find_fault(self, request: web.Request) -> str | None:
        asked, app = request.query, self._workspace.app
        if asked.get("client_id") != app.client_id:
            return "invalid_client_id"
        if asked.get("redirect_uri") not in app.redirect_urls:
            return "bad_redirect_uri"
        if asked.get("response_type") != "code":
            return "unsupported_response_type"
        wanted = set(asked.get("scope", "").replace(",", " ").split())
        if "openid" not in wanted or not wanted <= app.user_scopes:
            return "invalid_scope"
        if asked.get("team", self._workspace.team_id) != self._workspace.team_id:
            return "invalid_team_for_non_distributed_app"
        return None

    def exchange(self, arguments: Arguments) -> Json:
        """`openid.connect.token`: whose code it is, told to whoever knows the app's secret."""
        app, now = self._workspace.app, self._workspace.machine_now()
        if arguments.text("client_id") != app.client_id:
            raise Refused("invalid_client_id")
        if arguments.text("client_secret") != app.client_secret:
            raise Refused("bad_client_secret")
        if arguments.find_text("grant_type") not in (None, "authorization_code"):
            raise Refused("invalid_grant_type")
        code = self.codes.get(arguments.text("code"))
        if code is None or now - code.made_at > CODE_LIVES:
            raise Refused("invalid_code")
        if code.is_used:
            raise Refused("code_already_used")
        if arguments.find_text("redirect_uri") != code.redirect_url:
            raise Refused("bad_redirect_uri")
        code.is_used = True
        claims: Json = {
            "iss": self.base_url,
            "sub": code.user_id,
            "aud": app.client_id,
            "exp": int((now + TOKEN_LIVES).timestamp()),
            "iat": int(now.timestamp()),
            "auth_time": int(now.timestamp()),
            "https://slack.com/team_id": self._workspace.team_id,
            "https://slack.com/user_id": code.user_id,
        }
        if code.nonce is not None:
            claims["nonce"] = code.nonce
        return {
            "access_token": f"xoxp-{secrets.token_hex(16)}",
            "token_type": "Bearer",
            "id_token": build_id_token(claims),
        }


def build_id_token(claims: Json) -> str:
    """The claims as a JSON Web Token. Its signature is noise: whoever gets it from here needs none."""
    parts = [json.dumps({"alg": "RS256", "typ": "JWT"}), json.dumps(claims)]
    encoded = [part.encode() for part in parts] + [secrets.token_bytes(64)]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in encoded)
