"""The `chat.*` methods: posting, updating, deleting, and messages that only one person sees."""

from __future__ import annotations

import json
from typing import Any

from bot.sandbox.blockkit import check_blocks
from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.conversations import Conversation, ConversationKind
from bot.sandbox.slack.messages import Json, Message, fill_ids
from bot.sandbox.slack.methods import Method, Tier, find_visible
from bot.sandbox.slack.people import User, UserKind
from bot.sandbox.slack.refusals import Refused, refuse_arguments
from bot.sandbox.slack.workspace import Workspace

CUT_AFTER = 40_000  # characters; a longer text is cut, with a warning
UPDATE_TEXT = 4000  # characters; a longer one is refused
METADATA_BYTES = 8_000  # no source states the limit: slack.md section 20; ours is far below it

_UNREACHABLE = frozenset({UserKind.DEACTIVATED, UserKind.STRANGER, UserKind.INVITED})


class ChatMethods:
    """Posting and what comes after it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def build_table(self) -> dict[str, Method]:
        """These methods by name."""
        scopes = ("chat:write",)
        return {
            "chat.postMessage": Method(handle=self.post, tier=Tier.POSTS, scopes=scopes),
            "chat.update": Method(handle=self.update, tier=Tier.THREE, scopes=scopes),
            "chat.delete": Method(handle=self.delete, tier=Tier.THREE, scopes=scopes),
            "chat.postEphemeral": Method(handle=self.post_ephemeral, tier=Tier.FOUR, scopes=scopes),
        }

    def post(self, arguments: Arguments) -> Json:
        """`chat.postMessage`. A person's id opens the direct conversation with them and answers with its id."""
        where = arguments.text("channel")
        content = read_content(arguments)
        metadata = read_metadata(arguments)
        channel = self._find_place(where)
        thread_ts = arguments.find_text("thread_ts")
        if thread_ts is not None and channel.find(thread_ts) is None:
            raise Refused("thread_not_found")
        message = self._workspace.post(
            channel,
            text=content["text"][:CUT_AFTER],
            blocks=content["blocks"],
            author_id=self._workspace.app.bot_user_id,
            metadata=metadata,
            thread_ts=thread_ts,
            unfurl_links=arguments.find_flag("unfurl_links"),
            unfurl_media=arguments.find_flag("unfurl_media"),
        )
        answer: Json = {"channel": channel.id, "ts": message.ts, "message": message.to_json(with_metadata=True)}
        if len(content["text"]) > CUT_AFTER:
            answer["response_metadata"] = {"warnings": ["message_truncated"]}
        return answer

    def update(self, arguments: Arguments) -> Json:
        """`chat.update`. Text without blocks removes the blocks; metadata left out stays."""
        channel, message = self._find_own(arguments, error="cant_update_message")
        if channel.is_archived:
            raise Refused("is_inactive")
        if len(arguments.find_text("text") or "") > UPDATE_TEXT:
            raise Refused("msg_too_long")
        content = read_content(arguments)
        metadata = read_metadata(arguments)
        message.change(
            text=content["text"],
            blocks=content["blocks"],
            ts=self._workspace.timestamps.issue(),
            has_edited_label=not content["blocks"],
        )
        if metadata is not None:
            message.metadata = metadata
        self._workspace.changes.ring()
        return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": message.to_json()}

    def delete(self, arguments: Arguments) -> Json:
        """`chat.delete`, of the bot's own messages."""
        channel, message = self._find_own(arguments, error="cant_delete_message")
        message.is_deleted = True
        self._workspace.changes.ring()
        return {"channel": channel.id, "ts": message.ts}

    def post_ephemeral(self, arguments: Arguments) -> Json:
        """`chat.postEphemeral`: for one person who is in the conversation; it has no history."""
        channel = self._find_place(arguments.text("channel"))
        user_id = arguments.text("user")
        content = read_content(arguments)
        if user_id not in channel.members:
            raise Refused("user_not_in_channel")
        message = self._workspace.post(
            channel,
            text=content["text"],
            blocks=content["blocks"],
            author_id=self._workspace.app.bot_user_id,
            thread_ts=arguments.find_text("thread_ts"),
            ephemeral_to=user_id,
        )
        return {"message_ts": message.ts}

    def _find_place(self, where: str) -> Conversation:
        """Where a post goes, by the id of a conversation or of a person, or by #name; refused where it may not go."""
        user = self._workspace.users.get(where)
        if user is not None:
            self._check_person(user)
            return self._workspace.open_direct([user.id])
        named = [c.id for c in self._workspace.conversations.values() if f"#{c.name}" == where]
        channel = find_visible(self._workspace, named[0] if named else where)
        if channel.is_archived:
            raise Refused("is_archived")
        if channel.kind is ConversationKind.DIRECT:
            (other,) = channel.members - {self._workspace.app.bot_user_id}
            self._check_person(self._workspace.users[other])
        is_member = self._workspace.app.bot_user_id in channel.members
        if not is_member and "chat:write.public" not in self._workspace.app.scopes:
            raise Refused("not_in_channel")
        return channel

    def _check_person(self, user: User) -> None:
        if user.kind in (UserKind.BOT, UserKind.APP):
            raise Refused("cannot_dm_bot")
        if user.kind in _UNREACHABLE:
            raise Refused("channel_not_found")
        if user.kind is UserKind.MESSAGES_REFUSED or not self._workspace.app.has_messages_tab:
            raise Refused("messages_tab_disabled")

    def _find_own(self, arguments: Arguments, *, error: str) -> tuple[Conversation, Message]:
        channel = find_visible(self._workspace, arguments.text("channel"))
        message = channel.find(arguments.text("ts"))
        if message is None:
            raise Refused("message_not_found")
        if message.user_id != self._workspace.app.bot_user_id:
            raise Refused(error)
        return channel, message


def read_content(arguments: Arguments) -> Json:
    """`text` and `blocks`, judged; refused with `no_text` where there is neither."""
    text = arguments.find_text("text") or ""
    blocks = arguments.structure("blocks", error="invalid_blocks_format")
    if blocks is not None and not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
    if not text and not blocks:
        raise Refused("no_text")
    faults = check_blocks(blocks or [])
    if faults:
        raise refuse_arguments(faults, error="invalid_blocks")
    return {"text": text, "blocks": fill_ids(blocks or [])}


def read_metadata(arguments: Arguments) -> Json | None:
    """`metadata`, judged: an event type and an object as payload, nothing else."""
    metadata: Any = arguments.structure("metadata", error="invalid_metadata_format")
    if metadata is None:
        return None
    is_whole = isinstance(metadata, dict) and set(metadata) == {"event_type", "event_payload"}
    if not is_whole or not isinstance(metadata["event_type"], str) or not isinstance(metadata["event_payload"], dict):
        raise Refused("invalid_metadata_format")
    if len(json.dumps(metadata).encode()) > METADATA_BYTES:
        raise Refused("metadata_too_large")
    checked: Json = metadata
    return checked
