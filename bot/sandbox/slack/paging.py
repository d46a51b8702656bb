"""Pages of a list with opaque cursors, as Slack's paged methods give them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.refusals import Refused

Item = TypeVar("Item")


def cut_page(items: Sequence[Item], arguments: Arguments, *, default: int, highest: int) -> tuple[Sequence[Item], str]:
    """The page that `cursor` and `limit` ask for, and the cursor of the next one, empty after the last."""
    limit = arguments.number("limit", default=default, lowest=0, highest=highest, error="invalid_limit") or default
    start = _read_cursor(arguments.find_text("cursor"))
    if start > len(items):
        raise Refused("invalid_cursor")
    end = start + limit
    cursor = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
    return items[start:end], cursor


def _read_cursor(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        label, _, place = base64.b64decode(cursor, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refused("invalid_cursor") from None
    if label != "next" or not place.isdecimal():
        raise Refused("invalid_cursor")
    return int(place)
