"""What a Web API method is: its name, the scopes that open it, its tier of rate limit, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum

from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.conversations import Conversation
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.refusals import Refused
from bot.sandbox.slack.workspace import Workspace


class Tier(IntEnum):
    """Calls a minute (docs.slack.dev/apis/web-api/rate-limits)."""

    ONE = 1
    TWO = 20
    THREE = 50
    FOUR = 100
    MANY = 600  # "special, hundreds per minute"
    POSTS = 0  # limited by channel and workspace instead


class TokenKind(Enum):
    """Which of the app's tokens opens a method."""

    BOT = "bot"
    APP = "app"
    NONE = "none"  # opened by the client secret among its arguments


@dataclass(frozen=True, kw_only=True)
class Method:
    """One Web API method. `scopes`: one of them is needed; none listed: any token will do."""

    handle: Callable[[Arguments], Json]
    tier: Tier
    scopes: tuple[str, ...] = ()
    token: TokenKind = TokenKind.BOT


def require_scope(granted: Iterable[str], *needed: str) -> None:
    """Refuse unless one of `needed` is granted."""
    have = set(granted)
    if needed and not have.intersection(needed):
        raise Refused("missing_scope", needed=",".join(needed), provided=",".join(sorted(have)))


def find_visible(workspace: Workspace, channel_id: str) -> Conversation:
    """The conversation, if the bot may know of it: public channels, and whatever it is in."""
    found = workspace.conversations.get(channel_id)
    if found is None or (found.kind.value != "channels" and workspace.app.bot_user_id not in found.members):
        raise Refused("channel_not_found")
    return found
