"""What each person has read, by conversation: all that a page of theirs has shown."""

from __future__ import annotations

import bisect
from collections import Counter

from bot.sandbox.slack.conversations import Conversation
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.workspace import Workspace


class Readings:
    """Of one school."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], str] = {}

    def note(self, user_id: str, place: Conversation) -> None:
        """They see this conversation now."""
        last = max((some[-1].ts for some in (place.messages, place.ephemeral) if some), default="")
        self._last[user_id, place.id] = last

    def count_unread(self, user_id: str, place: Conversation) -> int:
        """Messages of others that came since. A message that changed in its place is not unread again, as at Slack."""
        last = self._last.get((user_id, place.id), "")
        return sum(
            not message.is_deleted and message.user_id != user_id and message.ephemeral_to in (None, user_id)
            for some in (place.messages, place.ephemeral)
            for message in some[bisect.bisect_right(some, last, key=_read_ts) :]
        )

    def count_all(self, workspace: Workspace) -> Counter[str]:
        """The same for everybody, over all conversations they are in."""
        counts: Counter[str] = Counter()
        for place in workspace.conversations.values():
            if place.messages or place.ephemeral:
                for user_id in place.members:
                    counts[user_id] += self.count_unread(user_id, place)
        return counts


def _read_ts(message: Message) -> str:
    return message.ts
