"""Who we are in Slack, and whether it lets us start at all. Asked once, at the start."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.delivery import Delivery
from bot.errors import SlackError, SlackRefused
from storage.errors import HallpassError

log = structlog.get_logger("hallpass.app")

LONGEST_PAUSE = timedelta(seconds=30)
"""Between two tries to reach Slack."""


class StartRefused(HallpassError):
    """Slack or the settings make it pointless to go on; `mend` says what to do."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}: {mend}")
        self.what = what
        self.mend = mend


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who we are in Slack."""

    team_id: str
    team_name: str
    enterprise_id: str | None
    bot_id: str
    bot_user_id: str


async def learn_identity(delivery: Delivery) -> Identity:
    """Ask Slack who we are, until it answers. A token that it refuses stops the start."""
    pause = 0.5
    while True:
        try:
            answer = await delivery.send("auth.test")
        except SlackRefused as error:
            raise StartRefused(
                f"Slack refuses SLACK_BOT_TOKEN ({error.code})",
                "copy the Bot User OAuth Token again from OAuth & Permissions, or reinstall the app",
            ) from error
        except SlackError as error:
            log.warning("slack_not_reached", code=error.code)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE.total_seconds())
            continue
        return Identity(
            team_id=str(answer["team_id"]),
            team_name=str(answer.get("team", "")),
            enterprise_id=answer.get("enterprise_id"),
            bot_id=str(answer.get("bot_id", "")),
            bot_user_id=str(answer["user_id"]),
        )


async def check_app_token(delivery: Delivery) -> None:
    """Refuse the start with an app token that Slack refuses; the SDK's client would try it again for ever."""
    try:
        await delivery.send("apps.connections.open")
    except SlackRefused as error:
        raise StartRefused(
            f"Slack refuses SLACK_APP_TOKEN ({error.code})",
            "copy it again from Basic Information, App-Level Tokens; it needs connections:write",
        ) from error
    except SlackError as error:
        log.warning("slack_not_reached", code=error.code)
