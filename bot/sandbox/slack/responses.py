"""`response_url`: answering what somebody just did, five times within half an hour, without any scope.

Answers are ephemeral unless they say `in_channel`, and go where the app is not even a member. What a command's
typed text became cannot be replaced or deleted (docs.slack.dev/interactivity/handling-user-interaction).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.chat import read_content
from bot.sandbox.slack.conversations import Conversation
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.refusals import Refused
from bot.sandbox.slack.workspace import Workspace

LIFETIME = timedelta(minutes=30)
MOST_USES = 5
GONE = frozenset({"used_url", "expired_url", "no_such_url"})
"""Refusals that answer 404."""


@dataclass(kw_only=True)
class Right:
    """The right to answer one act of one person in one conversation. `source`: the message they acted on."""

    user_id: str
    channel: Conversation
    source: Message | None
    expires_at: datetime
    uses: int = 0


class ResponseUrls:
    """Every response_url ever given out, by its path."""

    def __init__(self, workspace: Workspace, machine_now: Callable[[], datetime]) -> None:
        self._workspace = workspace
        self._machine_now = machine_now
        self._given: dict[str, Right] = {}
        self.base_url = ""
        """Where this workspace answers, `http://…`; set when it has started."""

    def issue(self, user_id: str, channel: Conversation, *, source: Message | None = None) -> str:
        """A new address."""
        path = f"/commands/{self._workspace.team_id}/{secrets.randbelow(10**12)}/{secrets.token_urlsafe(18)}"
        expires_at = self._machine_now() + LIFETIME
        self._given[path] = Right(user_id=user_id, channel=channel, source=source, expires_at=expires_at)
        return self.base_url + path

    def take(self, path: str, body: Arguments) -> None:
        """Carry out an answer posted to one of these addresses."""
        right = self._given.get(path)
        if right is None:
            raise Refused("no_such_url")
        if self._machine_now() >= right.expires_at:
            raise Refused("expired_url")
        if right.uses >= MOST_USES:
            raise Refused("used_url")
        self.answer(right, body)
        right.uses += 1

    def answer(self, right: Right, body: Arguments) -> None:
        """Show the answer: anew, in place of the message acted on, or take that one away."""
        if body.flag("delete_original"):
            if right.source is None:
                raise Refused("cant_delete_message")
            right.source.is_deleted = True
            self._workspace.changes.ring()
            return
        content = read_content(body)
        if body.flag("replace_original") and right.source is not None:
            right.source.change(
                text=content["text"],
                blocks=content["blocks"],
                ts=self._workspace.timestamps.issue(),
                has_edited_label=False,
            )
            self._workspace.changes.ring()
            return
        is_public = (body.find_text("response_type") or "ephemeral") == "in_channel"
        self._workspace.post(
            right.channel,
            text=content["text"],
            blocks=content["blocks"],
            author_id=self._workspace.app.bot_user_id,
            ephemeral_to=None if is_public else right.user_id,
        )

    def answer_command(self, user_id: str, channel: Conversation, body: Arguments) -> None:
        """What the acknowledgement of a command said."""
        self.answer(Right(user_id=user_id, channel=channel, source=None, expires_at=self._machine_now()), body)
