"""Typed text as a client sends it: names that were completed become mentions, special characters are escaped. Pure."""

from __future__ import annotations

import re

from bot.sandbox.slack.workspace import Workspace

_LABELLED_PERSON = re.compile(r"<@(\w+)\|[^>]*>")


def escape_typed(text: str, workspace: Workspace, *, has_labels: bool = True) -> str:
    """What a command with `should_escape` gets: `@Ada` as `<@U…|ada>`, `#maths` as `<#C…|maths>`, `&<>` as entities.

    Names that belong to nobody stay as they were typed. In messages mentions of people have no labels.
    """
    people = {name.lower(): user for user in workspace.users.values() for name in (user.real_name, user.name)}
    channels = {channel.name.lower(): channel for channel in workspace.conversations.values()}
    groups = {handle.lower(): group_id for group_id, (handle, _) in workspace.groups.items()}
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = _replace(escaped, "@", {name: f"<@{user.id}|{user.name}>" for name, user in people.items()})
    escaped = _replace(escaped, "@", {name: f"<!subteam^{key}|@{name}>" for name, key in groups.items()})
    escaped = _replace(escaped, "#", {name: f"<#{c.id}|{c.name}>" for name, c in channels.items()})
    return escaped if has_labels else _LABELLED_PERSON.sub(r"<@\1>", escaped)


def _replace(text: str, sign: str, names: dict[str, str]) -> str:
    """Longest names first, so that "@Ada Lane" is not read as "@Ada"."""
    if not names:
        return text
    choices = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w|]){sign}({choices})(?!\w)", re.IGNORECASE)
    return pattern.sub(lambda match: names[match.group(1).lower()], text)
