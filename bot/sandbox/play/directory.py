"""Whom and what a person can choose in pickers of people and conversations, as their own Slack client lists them. Pure.

Deactivated people, archived channels and other people's conversations are not offered.
What an app chose before shows even so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.sandbox.slack.conversations import Conversation, ConversationKind
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.people import User, UserKind
from bot.sandbox.slack.workspace import Workspace

_SORTS = {
    ConversationKind.PUBLIC: "public",
    ConversationKind.PRIVATE: "private",
    ConversationKind.DIRECT: "im",
    ConversationKind.GROUP_DIRECT: "mpim",
}


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Somebody, or a conversation. `sort` is a conversation's, in the words of Slack's filters."""

    id: str
    name: str
    sort: str = ""
    is_shared: bool = False
    """With another organisation."""


@dataclass(frozen=True, kw_only=True)
class Directory:
    """Everybody and everything that can be chosen, by name."""

    people: tuple[Listed, ...] = ()
    conversations: tuple[Listed, ...] = ()

    def list_for(self, element: Json) -> Iterable[Listed]:
        """What this picker offers."""
        kind = element["type"].removeprefix("multi_")
        if kind == "users_select":
            return self.people
        if kind == "channels_select":
            return [place for place in self.conversations if place.sort == "public"]
        wanted = element.get("filter") or {}
        sorts = wanted.get("include") or list(_SORTS.values())
        without_shared = wanted.get("exclude_external_shared_channels")
        return [p for p in self.conversations if p.sort in sorts and not (without_shared and p.is_shared)]


def read_directory(workspace: Workspace, viewer: User) -> Directory:
    """What this person's client lists: who is not deactivated, public channels, and conversations they are in."""
    people = [u for u in workspace.users.values() if u.kind is not UserKind.DEACTIVATED]
    places = [
        Listed(id=p.id, name=_name(p, workspace, viewer), sort=_SORTS[p.kind], is_shared=p.is_ext_shared)
        for p in workspace.conversations.values()
        if not p.is_archived
        and (viewer.id in p.members or (p.kind is ConversationKind.PUBLIC and not viewer.is_outsider))
    ]
    return Directory(
        people=tuple(sorted((Listed(id=user.id, name=user.real_name) for user in people), key=_by_name)),
        conversations=tuple(sorted(places, key=_by_name)),
    )


def _name(place: Conversation, workspace: Workspace, viewer: User) -> str:
    """A channel's own; of people among themselves the others' names."""
    if place.kind in (ConversationKind.PUBLIC, ConversationKind.PRIVATE):
        return place.name
    return ", ".join(sorted(workspace.find_name(who) or who for who in place.members - {viewer.id}))


def _by_name(listed: Listed) -> tuple[str, str]:
    return (listed.name.casefold(), listed.id)
