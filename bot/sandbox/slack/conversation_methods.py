"""The `conversations.*` methods. Which scope is needed depends on the kind of conversation that is asked about."""

from __future__ import annotations

import re

from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.conversations import Conversation, ConversationKind
from bot.sandbox.slack.messages import Json, Message
from bot.sandbox.slack.methods import Method, Tier, find_visible, require_scope
from bot.sandbox.slack.paging import cut_page
from bot.sandbox.slack.people import User, UserKind
from bot.sandbox.slack.refusals import Refused
from bot.sandbox.slack.workspace import Workspace

_TYPES = {
    "public_channel": ConversationKind.PUBLIC,
    "private_channel": ConversationKind.PRIVATE,
    "im": ConversationKind.DIRECT,
    "mpim": ConversationKind.GROUP_DIRECT,
}
_TS = re.compile(r"\d+(\.\d{1,6})?")
MOST_PEOPLE = 8
_OPEN_ERRORS = {
    UserKind.DEACTIVATED: "user_disabled",
    UserKind.STRANGER: "user_not_visible",
    UserKind.INVITED: "user_not_found",
    UserKind.BOT: "cannot_dm_bot",
    UserKind.APP: "cannot_dm_bot",
}


def _scopes(verb: str) -> tuple[str, ...]:
    return tuple(f"{kind.value}:{verb}" for kind in ConversationKind)


class ConversationMethods:
    """Conversations as the app handles them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def build_table(self) -> dict[str, Method]:
        """These methods by name."""
        read, history, write = _scopes("read"), _scopes("history"), ("im:write", "mpim:write")
        return {
            "conversations.open": Method(handle=self.open, tier=Tier.THREE, scopes=write),
            "conversations.info": Method(handle=self.get_info, tier=Tier.THREE, scopes=read),
            "conversations.list": Method(handle=self.list_all, tier=Tier.TWO, scopes=read),
            "conversations.members": Method(handle=self.list_members, tier=Tier.FOUR, scopes=read),
            "conversations.history": Method(handle=self.list_history, tier=Tier.THREE, scopes=history),
            "conversations.replies": Method(handle=self.list_replies, tier=Tier.THREE, scopes=history),
        }

    def open(self, arguments: Arguments) -> Json:
        """`conversations.open`: the same people, the same conversation; `prevent_creation` only looks."""
        if arguments.find_text("channel") is not None:
            channel = find_visible(self._workspace, arguments.text("channel"))
            return {"channel": {"id": channel.id}, "no_op": True, "already_open": True}
        user_ids = self._read_people(arguments.find_text("users") or "")
        require_scope(self._workspace.app.scopes, "im:write" if len(user_ids) == 1 else "mpim:write")
        known = self._workspace.find_direct(user_ids)
        if known is None and arguments.flag("prevent_creation"):
            raise Refused("channel_not_found")
        channel = known or self._workspace.open_direct(user_ids)
        if not arguments.flag("return_im"):
            return {"channel": {"id": channel.id}} | ({"no_op": True, "already_open": True} if known else {})
        return {"channel": channel.to_json(bot_user_id=self._workspace.app.bot_user_id)}

    def get_info(self, arguments: Arguments) -> Json:
        """`conversations.info`."""
        channel = self._find(arguments, "read")
        with_count = arguments.flag("include_num_members")
        return {"channel": channel.to_json(bot_user_id=self._workspace.app.bot_user_id, with_count=with_count)}

    def list_all(self, arguments: Arguments) -> Json:
        """`conversations.list`: every public channel, and what else the bot is in."""
        asked = (arguments.find_text("types") or "public_channel").split(",")
        if not set(asked) <= set(_TYPES):
            raise Refused("invalid_types")
        kinds = {_TYPES[name] for name in asked}
        for kind in kinds:
            require_scope(self._workspace.app.scopes, f"{kind.value}:read")
        bot = self._workspace.app.bot_user_id
        hides_archived = arguments.flag("exclude_archived")
        shown = [
            channel
            for channel in self._workspace.conversations.values()
            if channel.kind in kinds
            and (channel.kind is ConversationKind.PUBLIC or bot in channel.members)
            and not (hides_archived and channel.is_archived)
        ]
        page, cursor = cut_page(shown, arguments, default=100, highest=1000)
        channels = [channel.to_json(bot_user_id=bot, with_count=True) for channel in page]
        return {"channels": channels, "response_metadata": {"next_cursor": cursor}}

    def list_members(self, arguments: Arguments) -> Json:
        """`conversations.members`."""
        channel = self._find(arguments, "read")
        page, cursor = cut_page(sorted(channel.members), arguments, default=100, highest=1000)
        return {"members": list(page), "response_metadata": {"next_cursor": cursor}}

    def list_history(self, arguments: Arguments) -> Json:
        """`conversations.history`: newest first, between `oldest` and `latest`, in pages."""
        channel = self._find(arguments, "history")
        if self._workspace.app.bot_user_id not in channel.members:
            raise Refused("not_in_channel")
        return self._tell_page(list(channel.list_history()), arguments, highest=999)

    def list_replies(self, arguments: Arguments) -> Json:
        """`conversations.replies`: the message itself, then its replies, oldest first."""
        channel = self._find(arguments, "history")
        if self._workspace.app.bot_user_id not in channel.members:
            raise Refused("not_in_channel")
        thread = channel.list_thread(arguments.text("ts"))
        if not thread:
            raise Refused("thread_not_found")
        return self._tell_page(thread, arguments, highest=1000)

    def _tell_page(self, messages: list[Message], arguments: Arguments, *, highest: int) -> Json:
        oldest, latest = _read_ts(arguments, "oldest"), _read_ts(arguments, "latest")
        is_inclusive = arguments.flag("inclusive")
        kept = [m for m in messages if _is_within(m, oldest, latest, is_inclusive=is_inclusive)]
        page, cursor = cut_page(kept, arguments, default=100, highest=highest)
        with_metadata = arguments.flag("include_all_metadata")
        told: Json = {
            "messages": [message.to_json(with_metadata=with_metadata) for message in page],
            "has_more": bool(cursor),
            "pin_count": 0,
        }
        return told | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})

    def _find(self, arguments: Arguments, verb: str) -> Conversation:
        channel = find_visible(self._workspace, arguments.text("channel"))
        require_scope(self._workspace.app.scopes, f"{channel.kind.value}:{verb}")
        return channel

    def _read_people(self, users: str) -> list[str]:
        user_ids = [part.strip() for part in users.split(",") if part.strip()]
        if not user_ids:
            raise Refused("users_list_not_supplied")
        if len(set(user_ids)) > MOST_PEOPLE:
            raise Refused("too_many_users")
        people = [self._workspace.users.get(user_id) for user_id in user_ids]
        for user in people:
            self._check_person(user)
        return user_ids

    def _check_person(self, user: User | None) -> None:
        if user is None:
            raise Refused("user_not_found")
        if user.kind in _OPEN_ERRORS:
            raise Refused(_OPEN_ERRORS[user.kind])


def _read_ts(arguments: Arguments, name: str) -> float | None:
    value = arguments.find_text(name)
    if value is None:
        return None
    if not _TS.fullmatch(value):
        raise Refused(f"invalid_ts_{name}")
    return float(value)


def _is_within(message: Message, oldest: float | None, latest: float | None, *, is_inclusive: bool) -> bool:
    at = float(message.ts)
    if is_inclusive:
        return (oldest is None or at >= oldest) and (latest is None or at <= latest)
    return (oldest is None or at > oldest) and (latest is None or at < latest)
