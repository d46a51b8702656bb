"""What the app offers at a Slack client beside its buttons: commands with the words they know, and shortcuts. Pure.

Commands and shortcuts are the manifest's; which words a command knows is what its own help says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.replies import build_help
from storage.records import Person, PersonId, WorkspaceId

_EXAMPLE = re.compile(r"`(/\w+)(?: ([^`@][^ `]*))?[^`]*`")
_READER = Person(id=PersonId("reader"), workspace_id=WorkspaceId("school"), user_id="U0", name="Somebody")


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word that a command knows."""

    text: str
    told: str
    """What comes of it."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command with its slash."""

    name: str
    told: str
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Shortcut:
    """A shortcut of the app."""

    callback_id: str
    name: str
    told: str


@dataclass(frozen=True, kw_only=True)
class Offers:
    """All of it, in the manifest's order."""

    commands: tuple[Command, ...]
    shortcuts: tuple[Shortcut, ...]
    """Those that are offered anywhere."""
    message_shortcuts: tuple[Shortcut, ...]
    """Those that are offered on a message."""


def read_offers(manifest: Mapping[str, Any]) -> Offers:
    """What the manifest says."""
    features = manifest["features"]
    words = list(_list_words())
    kinds: dict[str, list[Shortcut]] = {"global": [], "message": []}
    for one in features.get("shortcuts", []):
        kinds[one["type"]].append(
            Shortcut(callback_id=one["callback_id"], name=one["name"], told=one.get("description", ""))
        )
    return Offers(
        commands=tuple(
            Command(
                name=one["command"],
                told=one.get("description", ""),
                words=tuple(word for command, word in words if command == one["command"]),
            )
            for one in features.get("slash_commands", [])
        ),
        shortcuts=tuple(kinds["global"]),
        message_shortcuts=tuple(kinds["message"]),
    )


def _list_words() -> Iterator[tuple[str, Word]]:
    """Every word that the help names after a command, once, with the line that says what it is for."""
    told = set()
    for block in build_help(_READER, now=datetime(2026, 1, 1, tzinfo=UTC)).blocks:
        for line in str(block["text"]["text"]).split("\n"):
            for command, word in _EXAMPLE.findall(line):
                if word and (command, word) not in told:
                    told.add((command, word))
                    yield command, Word(text=word, told=line.replace("`", ""))
