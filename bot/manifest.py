"""The Slack app as `manifest.yml` says it: for pasting, and for comparing what is installed with what is needed.

The file is written for Socket Mode and is the only truth; the HTTP one is made from it. It lies beside this module in
an installed wheel, and one folder up in a checkout. Floor 7; changes nothing at Slack.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import yaml

from bot.sign_in import REDIRECT_PATH

SLACK_PATH = "slack/events"
"""Where Slack's requests arrive, below the public address: commands, buttons, forms and events alike."""

SIGN_IN_SCOPE = "openid"
"""Who somebody is, and nothing more: neither name nor e-mail address."""


def read_manifest() -> str:
    """The text of `manifest.yml`, with its comments."""
    here = Path(__file__).resolve().parent
    for path in (here / "manifest.yml", here.parent / "manifest.yml"):
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise FileNotFoundError("manifest.yml is neither in the package nor beside it: install Hallpass again")


def load_manifest() -> dict[str, Any]:
    """The app for Socket Mode, as Slack's manifest fields."""
    manifest = yaml.safe_load(read_manifest())
    if not isinstance(manifest, dict):
        raise TypeError("manifest.yml does not hold an app")
    return manifest


def http_manifest(public_url: str) -> dict[str, Any]:
    """The same app for HTTP, its requests sent below `public_url`, which may have a path of its own."""
    address = urljoin(public_url.rstrip("/") + "/", SLACK_PATH)
    manifest = load_manifest()
    for command in manifest["features"]["slash_commands"]:
        command["url"] = address
    settings = manifest["settings"]
    settings["event_subscriptions"] = {"request_url": address} | settings["event_subscriptions"]
    settings["interactivity"]["request_url"] = address
    settings["socket_mode_enabled"] = False
    return manifest


def allow_sign_in(manifest: dict[str, Any], public_url: str) -> dict[str, Any]:
    """The same app, whose people may be asked who they are when they open a join link (`HALLPASS_SIGN_IN`)."""
    oauth = manifest["oauth_config"]
    address = urljoin(public_url.rstrip("/") + "/", REDIRECT_PATH)
    scopes = oauth["scopes"] | {"user": [SIGN_IN_SCOPE]}
    return manifest | {"oauth_config": {"redirect_urls": [address], "scopes": scopes}}


def list_scopes() -> frozenset[str]:
    """The bot scopes that Hallpass uses, all of them."""
    return frozenset(load_manifest()["oauth_config"]["scopes"]["bot"])


def render(manifest: dict[str, Any]) -> str:
    """A manifest as YAML, fields in their usual order, ready to be pasted."""
    return yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, width=120)
