"""The state of the workspace: people, conversations, groups, and the one app that is installed in it.

It holds and finds things; what an app may do with them is decided by the methods, what people do by their actors.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.conversations import Conversation, ConversationKind
from bot.sandbox.slack.messages import Json, Message, Timestamps
from bot.sandbox.slack.people import OTHER_TEAM_ID, OUTSIDERS, User, UserKind, build_slackbot


@dataclass(kw_only=True)
class InstalledApp:
    """The app under test, as Slack knows it. `token_error` switches every call with the bot token to that refusal."""

    app_id: str
    bot_id: str
    bot_user_id: str
    name: str
    scopes: set[str]
    bot_token: str = field(repr=False)
    app_token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    verification_token: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    app_scopes: set[str] = field(default_factory=lambda: {"connections:write"})
    user_scopes: set[str] = field(default_factory=set)  # what people may be asked for when they sign in
    redirect_urls: set[str] = field(default_factory=set)
    has_home_tab: bool = True
    has_messages_tab: bool = True
    token_error: str | None = None
    commands: dict[str, bool] | None = None  # name -> should_escape; None: every command is ours, escaped
    shortcuts: set[str] | None = None  # callback ids; None: any
    events: set[str] | None = None  # subscribed; None: every one


class Workspace:
    """One Slack team. Changes that people could notice ring the bell."""

    def __init__(self, *, machine_now: Callable[[], datetime], changes: Changes) -> None:
        self.team_id = "T0SCHOOL001"
        self.name = "The School"
        self.domain = "the-school"
        self.machine_now = machine_now
        self.changes = changes
        self.timestamps = Timestamps(machine_now)
        self.users: dict[str, User] = {}
        self.conversations: dict[str, Conversation] = {}
        self.groups: dict[str, tuple[str, list[str]]] = {}  # id -> handle, members
        self._directs: dict[frozenset[str], Conversation] = {}
        self._count = 0
        slackbot = build_slackbot(self.team_id)
        self.users[slackbot.id] = slackbot
        bot = self.add_user("Hallpass", kind=UserKind.BOT)
        self.app = InstalledApp(
            app_id="A0HALLPASS1",
            bot_id="B0HALLPASS1",
            bot_user_id=bot.id,
            name="hallpass",
            scopes=set(),
            bot_token=f"xoxb-{secrets.token_hex(16)}",
            app_token=f"xapp-1-A0HALLPASS1-{secrets.token_hex(16)}",
            signing_secret=secrets.token_hex(16),
            verification_token=secrets.token_hex(12),
            client_id="1000000001.2000000002",
            client_secret=secrets.token_hex(16),
        )

    def issue_id(self, prefix: str) -> str:
        """A new id in Slack's form; ids of one workspace never repeat."""
        self._count += 1
        return f"{prefix}0{self._count:09d}"

    def add_user(
        self,
        name: str,
        *,
        zone: str = "Europe/London",
        locale: str = "en-GB",
        kind: UserKind = UserKind.MEMBER,
        email: str | None = None,
    ) -> User:
        """Somebody new. Outsiders' ids begin with W, as ids from an enterprise do."""
        handle = name.lower().replace(" ", ".")
        if any(user.name == handle for user in self.users.values()):
            raise ValueError(f"There is somebody called {name} already.")
        is_outsider = kind in OUTSIDERS
        user = User(
            id=self.issue_id("W" if is_outsider else "U"),
            team_id=OTHER_TEAM_ID if is_outsider else self.team_id,
            name=handle,
            real_name=name,
            kind=kind,
            zone=zone,
            locale=locale,
            updated_at=self.machine_now(),
            email=email,
        )
        self.users[user.id] = user
        self.changes.ring()
        return user

    def find_user(self, who: str) -> User | None:
        """By id, handle or name."""
        if who in self.users:
            return self.users[who]
        return next((user for user in self.users.values() if who in (user.real_name, user.name)), None)

    def find_name(self, its_id: str) -> str | None:
        """What a person or a channel is called; None where nothing has that id."""
        user, channel = self.users.get(its_id), self.conversations.get(its_id)
        return user.real_name if user is not None else channel.name if channel is not None else None

    def get_user(self, who: str | User) -> User:
        """By id, handle or name; KeyError when there is nobody like that."""
        user = who if isinstance(who, User) else self.find_user(who)
        if user is None:
            raise KeyError(f"Nobody here is called {who}.")
        return user

    def add_channel(
        self,
        name: str,
        members: Iterable[str | User] = (),
        *,
        has_bot: bool = True,
        is_private: bool = False,
        is_archived: bool = False,
        is_ext_shared: bool = False,
    ) -> Conversation:
        """A new channel, with the bot in it unless told otherwise."""
        member_ids = {self.get_user(member).id for member in members}
        channel = Conversation(
            id=self.issue_id("C"),
            kind=ConversationKind.PRIVATE if is_private else ConversationKind.PUBLIC,
            name=name,
            team_id=self.team_id,
            created_at=int(self.machine_now().timestamp()),
            members=member_ids | ({self.app.bot_user_id} if has_bot else set()),
            is_archived=is_archived,
            is_ext_shared=is_ext_shared,
        )
        self.conversations[channel.id] = channel
        self.changes.ring()
        return channel

    def find_direct(self, user_ids: Iterable[str]) -> Conversation | None:
        """The bot's direct conversation with exactly these people, if it was opened before."""
        return self._directs.get(frozenset(user_ids))

    def open_direct(self, user_ids: Iterable[str]) -> Conversation:
        """The bot's direct conversation with exactly these people; the same people always have the same one."""
        people = frozenset(user_ids)
        if people not in self._directs:
            kind = ConversationKind.DIRECT if len(people) == 1 else ConversationKind.GROUP_DIRECT
            direct = Conversation(
                id=self.issue_id("D" if kind is ConversationKind.DIRECT else "G"),
                kind=kind,
                name="directmessage" if kind is ConversationKind.DIRECT else f"mpdm-{len(people)}",
                team_id=self.team_id,
                created_at=int(self.machine_now().timestamp()),
                members={*people, self.app.bot_user_id},
            )
            self._directs[people] = self.conversations[direct.id] = direct
        return self._directs[people]

    def post(self, channel: Conversation, *, text: str, blocks: list[Json], author_id: str, **more: object) -> Message:
        """Put a message into a conversation, as the bot or as a person."""
        is_bot = author_id == self.app.bot_user_id
        message = Message(
            channel_id=channel.id,
            ts=self.timestamps.issue(),
            user_id=author_id,
            text=text,
            blocks=blocks,
            bot_id=self.app.bot_id if is_bot else None,
            app_id=self.app.app_id if is_bot else None,
            team_id=self.team_id,
            **more,  # type: ignore[arg-type]
        )
        channel.add(message)
        self.changes.ring()
        return message
