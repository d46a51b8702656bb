"""At which lesson time each message came.

Slack stamps messages by the machine's clock, which the school's has long left behind: a page that told that time would
have a reminder of half past three come at noon.
"""

from __future__ import annotations

from datetime import datetime

from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.workspace import Workspace

Key = tuple[str, str]


class Postmarks:
    """Of one school; `note` is called whenever something may have come."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int]] = {}
        self._marks: dict[Key, datetime] = {}

    def note(self, workspace: Workspace, now: datetime) -> None:
        """Stamp what was not there before."""
        for place in workspace.conversations.values():
            counts = (len(place.messages), len(place.ephemeral))
            before = self._known.get(place.id, (0, 0))
            if counts != before:
                self._known[place.id] = counts
                for message in (*place.messages[before[0] :], *place.ephemeral[before[1] :]):
                    self._marks[message.channel_id, message.ts] = now

    def find(self, message: Message) -> datetime | None:
        """When it came; None for one that came unheard."""
        return self._marks.get((message.channel_id, message.ts))
