"""The manifest: within Slack's limits, agreeing with the listeners, and asking for exactly the scopes that are used."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest
import yaml

from bot.ids import Shortcut
from bot.manifest import allow_sign_in, http_manifest, list_scopes, load_manifest, read_manifest, render
from commands.register import register

ROOT = Path(__file__).parents[2]

SCOPES_BY_METHOD: dict[str, set[str]] = {
    # From slack.md section 6, 8 and 14; methods that need no scope of their own have none.
    "auth.test": set(),
    "apps.connections.open": set(),
    "chat.postEphemeral": {"chat:write"},
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "files.completeUploadExternal": {"files:write"},
    "files.getUploadURLExternal": {"files:write"},
    "conversations.history": {"channels:history", "groups:history", "im:history"},
    "conversations.info": {"channels:read", "groups:read"},
    "conversations.members": {"channels:read", "groups:read"},
    "conversations.open": {"im:write"},
    "conversations.replies": {"channels:history", "groups:history", "im:history"},
    "usergroups.list": {"usergroups:read"},
    "usergroups.users.list": {"usergroups:read"},
    "users.info": {"users:read"},
    "users.list": {"users:read"},
    "views.open": set(),
    "views.publish": set(),
    "views.push": set(),
    "views.update": set(),
}


class RecordingApp:
    """Takes listeners as Bolt's app does, and remembers only what they listen to."""

    def __init__(self) -> None:
        self.heard: dict[str, set[str]] = {}

    def __getattr__(self, kind: str) -> Callable[..., Callable[[Any], Any]]:
        def listen(constraint: Any = None, *_: Any, **__: Any) -> Callable[[Any], Any]:
            self.heard.setdefault(kind, set()).add(str(constraint))
            return lambda listener: listener

        return listen


@pytest.fixture(scope="module")
def heard() -> dict[str, set[str]]:
    """What the listeners listen to, by kind."""
    app = RecordingApp()
    register(cast("Any", app), Mock(), Mock(), Mock())
    return app.heard


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return load_manifest()


# Agreeing with the listeners


def test_every_command_has_its_listener_and_the_reverse(manifest: dict[str, Any], heard: dict[str, set[str]]) -> None:
    """A command without one times out before everybody's eyes."""
    assert {command["command"] for command in manifest["features"]["slash_commands"]} == heard["command"]


def test_every_shortcut_has_its_listener_and_the_reverse(manifest: dict[str, Any], heard: dict[str, set[str]]) -> None:
    """By the ids of `bot/ids.py`, one global and one on a message."""
    shortcuts = {shortcut["callback_id"]: shortcut["type"] for shortcut in manifest["features"]["shortcuts"]}

    assert set(shortcuts) == heard["shortcut"]
    assert shortcuts == {Shortcut.BOOK: "global", Shortcut.BOOK_WITH: "message"}


def test_every_event_has_its_listener_and_the_reverse(manifest: dict[str, Any], heard: dict[str, set[str]]) -> None:
    """An event without one is traffic for nothing; a listener without its event never hears anything."""
    subscribed = manifest["settings"]["event_subscriptions"]["bot_events"]

    # Messages are subscribed to by the kind of conversation, and arrive as one event.
    assert {"message" if name == "message.im" else name for name in subscribed} == heard["event"]


def test_mentions_arrive_as_ids(manifest: dict[str, Any]) -> None:
    """`@Ada` typed in a command is found by id, never by a name that two people share."""
    assert all(command["should_escape"] for command in manifest["features"]["slash_commands"])


# Scopes


def list_methods() -> set[str]:
    """Every Web API method that the bot's code names."""
    prefixes = {method.partition(".")[0] for method in SCOPES_BY_METHOD}
    # A room's features are named alike: `chat.enabled`.
    shape = re.compile(rf"(?:{'|'.join(prefixes)})\.(?!enabled$)[a-zA-Z.]+")
    found: set[str] = set()
    for folder in ("bot", "commands", "storage"):
        for path in (ROOT / folder).rglob("*.py"):
            if "sandbox" not in path.parts:
                found.update(text for text in _list_texts(path) if shape.fullmatch(text))
    return found


def _list_texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_scopes_are_those_that_are_used() -> None:
    """Each method's scopes are there, and none that no method needs; `commands` is for commands and shortcuts."""
    methods = list_methods()

    assert methods <= set(SCOPES_BY_METHOD), "a method of which no one wrote down the scopes"
    assert set().union(*(SCOPES_BY_METHOD[method] for method in methods)) | {"commands"} == list_scopes()


# Within Slack's limits (slack.md section 14)


def test_texts_keep_slacks_limits(manifest: dict[str, Any]) -> None:
    """Slack refuses the whole manifest for one letter too many.

    A shortcut's name has 24 at most, which only Slack's refusal tells; a description of 140 was refused by some.
    """
    display, features = manifest["display_information"], manifest["features"]
    assert len(display["name"]) <= 35
    assert len(display["description"]) < 140
    assert 174 <= len(display["long_description"]) <= 4000
    assert len(features["bot_user"]["display_name"]) <= 80
    for shortcut in features["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
        assert len(shortcut["callback_id"]) <= 255
    for command in features["slash_commands"]:
        assert len(command["command"]) <= 32
        assert len(command["description"]) <= 2000
        assert 0 < len(command.get("usage_hint", "hint")) <= 1000


def test_people_can_be_written_to(manifest: dict[str, Any]) -> None:
    """With the Messages tab off, every direct message fails; it is open, since what is typed there is answered."""
    tabs = manifest["features"]["app_home"]

    assert tabs == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }


# Two ways into Slack


def test_the_file_is_for_socket_mode(manifest: dict[str, Any]) -> None:
    """No address in it, so that nothing is left to fill in."""
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert "url" not in read_manifest().replace("--public-url", "")
    assert manifest["settings"]["interactivity"]["is_enabled"] is True
    assert manifest["settings"]["org_deploy_enabled"] is False
    assert manifest["settings"]["token_rotation_enabled"] is False


@pytest.mark.parametrize("public_url", ["https://bot.example.org", "https://bot.example.org/"])
def test_over_http_everything_goes_to_one_address(public_url: str) -> None:
    """Commands, buttons and events; the rest is the same app."""
    made = yaml.safe_load(render(http_manifest(public_url)))

    address = "https://bot.example.org/slack/events"
    assert [command.pop("url") for command in made["features"]["slash_commands"]] == [address, address]
    assert made["settings"]["event_subscriptions"].pop("request_url") == address
    assert made["settings"]["interactivity"].pop("request_url") == address
    assert made["settings"].pop("socket_mode_enabled") is False
    expected = load_manifest()
    del expected["settings"]["socket_mode_enabled"]
    assert made == expected


def test_a_public_address_may_have_a_path() -> None:
    """Behind somebody's gateway."""
    made = http_manifest("https://example.org/hallpass")

    assert made["settings"]["interactivity"]["request_url"] == "https://example.org/hallpass/slack/events"


def test_people_are_asked_who_they_are_only_where_that_is_wanted() -> None:
    """Who they are and nothing more, at one address; the app's own scopes stay, over HTTP too."""
    plain = load_manifest()["oauth_config"]
    for manifest in (load_manifest(), http_manifest("https://bot.example.org")):
        oauth = allow_sign_in(manifest, "https://lessons.example.org")["oauth_config"]

        assert ["https://lessons.example.org/join/signed-in"] == oauth["redirect_urls"]
        assert {"bot": plain["scopes"]["bot"], "user": ["openid"]} == oauth["scopes"]
    assert "redirect_urls" not in plain
    assert "user" not in plain["scopes"]


def test_what_is_rendered_reads_well() -> None:
    """In the file's own order, words as words."""
    text = render(load_manifest())

    assert list(yaml.safe_load(text)) == list(load_manifest())
    assert "\\u" not in text
