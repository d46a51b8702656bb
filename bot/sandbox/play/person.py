"""Whose eyes a page has: a person of the school at their client, and how and what they read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from bot.sandbox.cast import ROLES
from bot.sandbox.play.directory import read_directory
from bot.sandbox.play.leads import Leads
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.slots import Viewer
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.conversations import Conversation, ConversationKind
from bot.sandbox.slack.people import WITHOUT_HANDS, User, UserKind
from bot.sandbox.slack.wording import Reader, read_mrkdwn
from bot.sandbox.slack.workspace import Workspace

_KINDS = {
    UserKind.ADMIN: "admin",
    UserKind.OWNER: "owner",
    UserKind.GUEST: "guest",
    UserKind.SINGLE_CHANNEL_GUEST: "guest",
    UserKind.EXTERNAL: "from elsewhere",
    UserKind.STRANGER: "from elsewhere",
}


@dataclass(frozen=True)
class Person:
    """Somebody, as of now."""

    actor: Actor
    workspace: Workspace
    now: datetime
    origins: frozenset[str] = frozenset()
    """Of the school's own servers, to which links lead them in a browser of their own."""

    @property
    def user(self) -> User:
        return self.actor.user

    @cached_property
    def reader(self) -> Reader:
        """How they read: in their zone, by lesson time."""
        return Reader(zone=self.user.zone, locale=self.user.locale, now=self.now, find_name=self.workspace.find_name)

    @cached_property
    def viewer(self) -> Viewer:
        """The same, and whom and what they can choose."""
        leads = Leads(owner=self.user.real_name, origins=self.origins)
        return Viewer(reader=self.reader, directory=read_directory(self.workspace, self.user), leads=leads)

    @cached_property
    def direct(self) -> Conversation:
        """Their conversation with the bot."""
        return self.workspace.open_direct([self.user.id])

    @property
    def way_of_reading(self) -> tuple[object, ...]:
        """All that a text's look depends on: where this is the same, so is that."""
        return (self.user.id, self.user.zone, self.user.locale, self.reader.to_local(self.now).date())

    def tell_time(self, instant: datetime, *, form: str = "{time}") -> str:
        """An instant on their clock, in the words of Slack's date tokens."""
        return read_mrkdwn(f"<!date^{int(instant.timestamp())}^{form}|>", self.reader)

    def list_places(self) -> list[Conversation]:
        """The conversations they are in: the one with the bot first, the others by name."""
        direct = self.direct  # which may only now be opened
        others = [
            place
            for place in self.workspace.conversations.values()
            if self.user.id in place.members and place is not direct and not place.is_archived
        ]
        return [direct, *sorted(others, key=self.name_place)]

    def find_place(self, channel_id: str) -> Conversation | None:
        """One of them."""
        place = self.workspace.conversations.get(channel_id)
        return place if place is not None and self.user.id in place.members else None

    def name_place(self, place: Conversation) -> str:
        """A channel's own name; of a talk among people theirs."""
        if place.kind in (ConversationKind.PUBLIC, ConversationKind.PRIVATE):
            return place.name
        return ", ".join(sorted(self.workspace.find_name(who) or who for who in place.members - {self.user.id}))


def find_person(playground: Playground, user_id: str) -> Person | None:
    """Somebody whom one can be; None for the bot, for who is gone and for whom nobody knows."""
    school = playground.school
    user = school.slack.workspace.users.get(user_id)
    if user is None or user.kind in WITHOUT_HANDS:
        return None
    return Person(school.slack.as_user(user), school.slack.workspace, school.clock.now(), school.list_origins())


def list_people(workspace: Workspace) -> list[User]:
    """Everybody whom one can be, in the order in which they came."""
    return [user for user in workspace.users.values() if user.kind not in WITHOUT_HANDS]


def name_role(user: User) -> str:
    """What they are in the school."""
    return ROLES.get(user.name) or _KINDS.get(user.kind, "learner")


def name_city(user: User) -> str:
    """Where their clock is."""
    return user.zone.rpartition("/")[2].replace("_", " ")
