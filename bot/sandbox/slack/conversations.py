"""Channels and direct messages: who is in them, and what was said there."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.sandbox.slack.messages import Message


class ConversationKind(StrEnum):
    """Slack's four kinds; the value is the prefix of the scopes that speak of it."""

    PUBLIC = "channels"
    PRIVATE = "groups"
    DIRECT = "im"
    GROUP_DIRECT = "mpim"


@dataclass(kw_only=True, eq=False)
class Conversation:
    """One place to talk. Messages are kept in the order of their ts; ephemeral ones are kept apart."""

    id: str
    kind: ConversationKind
    name: str
    team_id: str
    created_at: int
    members: set[str]
    is_archived: bool = False
    is_ext_shared: bool = False
    messages: list[Message] = field(default_factory=list)
    ephemeral: list[Message] = field(default_factory=list)

    def add(self, message: Message) -> None:
        """Keep a message; its ts is later than every other's."""
        (self.messages if message.ephemeral_to is None else self.ephemeral).append(message)

    def find(self, ts: str) -> Message | None:
        """The message with that ts, unless it was deleted. Ephemeral messages are never found: they have no history."""
        place = bisect.bisect_left(self.messages, ts, key=lambda message: message.ts)
        if place == len(self.messages) or self.messages[place].ts != ts or self.messages[place].is_deleted:
            return None
        return self.messages[place]

    def list_history(self) -> Iterator[Message]:
        """What `conversations.history` reads: newest first, without replies in threads."""
        return (m for m in reversed(self.messages) if not m.is_deleted and m.thread_ts in (None, m.ts))

    def list_thread(self, ts: str) -> list[Message]:
        """The message and its replies, oldest first."""
        return [m for m in self.messages if not m.is_deleted and ts in (m.ts, m.thread_ts)]

    def to_json(self, *, bot_user_id: str, with_count: bool = False) -> dict[str, Any]:
        """The conversation object."""
        base: dict[str, Any] = {
            "id": self.id,
            "created": self.created_at,
            "is_archived": self.is_archived,
            "is_im": self.kind is ConversationKind.DIRECT,
            "is_org_shared": False,
            "context_team_id": self.team_id,
        }
        if self.kind is ConversationKind.DIRECT:
            other = next((user_id for user_id in sorted(self.members) if user_id != bot_user_id), bot_user_id)
            return base | {"user": other, "is_user_deleted": False}
        told = base | {
            "name": self.name,
            "is_channel": self.kind is ConversationKind.PUBLIC,
            "is_group": self.kind is ConversationKind.PRIVATE,
            "is_mpim": self.kind is ConversationKind.GROUP_DIRECT,
            "is_private": self.kind is not ConversationKind.PUBLIC,
            "is_general": False,
            "is_member": bot_user_id in self.members,
            "is_shared": self.is_ext_shared,
            "is_ext_shared": self.is_ext_shared,
            "is_pending_ext_shared": False,
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }
        return told | ({"num_members": len(self.members)} if with_count else {})
