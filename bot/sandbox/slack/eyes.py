"""What a person sees at their own Slack client: views, messages, private answers, each as they read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.sandbox.slack.conversations import Conversation
from bot.sandbox.slack.deliveries import Deliveries
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.people import User
from bot.sandbox.slack.plaintext import render_message, render_view
from bot.sandbox.slack.responses import ResponseUrls
from bot.sandbox.slack.triggers import Triggers
from bot.sandbox.slack.views import OpenView, Views
from bot.sandbox.slack.wording import Reader
from bot.sandbox.slack.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What every person's client reaches."""

    workspace: Workspace
    views: Views
    triggers: Triggers
    responses: ResponseUrls
    deliveries: Deliveries


class Eyes:
    """One person, looking."""

    def __init__(self, user: User, desk: Desk) -> None:
        self.user = user
        self._desk = desk

    @property
    def stack(self) -> list[OpenView]:
        """Their open modals, the root first."""
        return list(self._desk.views.get_stack(self.user.id))

    @property
    def view(self) -> OpenView | None:
        """The modal they are looking at."""
        stack = self._desk.views.get_stack(self.user.id)
        return stack[-1] if stack else None

    @property
    def home(self) -> OpenView | None:
        """What their Home tab shows."""
        return self._desk.views.find_home(self.user.id)

    @property
    def direct(self) -> Conversation | None:
        """Their direct conversation with the bot, once there is one."""
        return self._desk.workspace.find_direct([self.user.id])

    def messages(self, channel: Conversation | None = None) -> list[Message]:
        """What stands in their conversation with the bot, or in a channel they are in; oldest first."""
        place = channel or self.direct
        if place is None or self.user.id not in place.members:
            return []
        return [message for message in place.messages if not message.is_deleted]

    def private_answers(self) -> list[Message]:
        """Messages that only they see, in every conversation, oldest first."""
        shown = [m for place in self._desk.workspace.conversations.values() for m in place.ephemeral]
        mine = [m for m in shown if m.ephemeral_to == self.user.id and not m.is_deleted]
        return sorted(mine, key=lambda message: message.ts)

    def read(self, what: Message | OpenView, *, now: datetime | None = None, revision: int = -1) -> str:
        """A message or view as they read it, in lines. `now`: what "today" means to them, machine time by default."""
        reader = Reader(
            zone=self.user.zone,
            locale=self.user.locale,
            now=now or self._desk.workspace.machine_now(),
            find_name=self._desk.workspace.find_name,
        )
        if isinstance(what, OpenView):
            return "\n".join(render_view(what, reader))
        return "\n".join(render_message(what, reader, revision=revision))
