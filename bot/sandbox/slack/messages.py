"""A message with everything that ever happened to it: what was posted, each edit, its removal."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]


class Timestamps:
    """Message timestamps: unique, increasing, by machine time, in Slack's form `1700000000.000100`."""

    def __init__(self, machine_now: Callable[[], datetime]) -> None:
        self._machine_now = machine_now
        self._last = 0

    def issue(self) -> str:
        """The next one."""
        self._last = max(self._last + 1, int(self._machine_now().timestamp() * 1_000_000))
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What a message said from `ts` on."""

    ts: str
    text: str
    blocks: list[Json] = field(repr=False)


@dataclass(kw_only=True, eq=False)
class Message:
    """One message in one conversation. `ephemeral_to` names the only person who sees it, if there is one."""

    channel_id: str
    ts: str
    user_id: str
    text: str
    blocks: list[Json] = field(default_factory=list, repr=False)
    metadata: Json | None = None
    thread_ts: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    team_id: str = ""
    ephemeral_to: str | None = None
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None
    edited_ts: str | None = None
    is_deleted: bool = False
    inputs: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)
    """What was chosen in the message's own selects, by block and action."""
    revisions: list[Revision] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self._remember(self.ts)

    def change(self, *, text: str, blocks: list[Json], ts: str, has_edited_label: bool) -> None:
        """Say something else from now on."""
        self.text = text
        self.blocks = blocks
        self.edited_ts = ts if has_edited_label else self.edited_ts
        self._remember(ts)

    def to_json(self, *, with_metadata: bool = False) -> Json:
        """The message object, as the Web API and payloads carry it."""
        told: Json = {"type": "message", "user": self.user_id, "text": self.text, "ts": self.ts, "team": self.team_id}
        if self.bot_id is not None:
            told |= {"bot_id": self.bot_id, "app_id": self.app_id}
        if self.blocks:
            told["blocks"] = self.blocks
        if self.thread_ts is not None:
            told["thread_ts"] = self.thread_ts
        if self.edited_ts is not None:
            told["edited"] = {"user": self.user_id, "ts": self.edited_ts}
        if with_metadata and self.metadata is not None:
            told["metadata"] = self.metadata
        return told

    def _remember(self, ts: str) -> None:
        self.revisions.append(Revision(ts=ts, text=self.text, blocks=self.blocks))


def fill_ids(blocks: list[Json]) -> list[Json]:
    """The same blocks, every missing block and action id filled in, as Slack does on arrival. Changes them in place:
    blocks are read from JSON once and from then on never changed, so nothing has to copy them.
    """
    for block in blocks:
        block.setdefault("block_id", secrets.token_hex(3))
        if block["type"] == "actions":
            parts = block["elements"]
        elif block["type"] == "input":
            parts = [block["element"]]
        else:
            parts = [block["accessory"]] if block.get("accessory", {}).get("type", "image") != "image" else []
        for part in parts:
            part.setdefault("action_id", secrets.token_hex(3))
    return blocks
