"""Somebody who is in a stand-in's room, as others see them there. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Present:
    """One of those inside."""

    name: str
    since: datetime | None = None
    """None where the service keeps no time of it."""
    is_me: bool = False
    is_away: bool = False
    leads: bool = False

    def describe(self, now: datetime) -> dict[str, Any]:
        """As a page's script takes it (`pages/room.js`)."""
        detail = ", ".join(self.list_details(now))
        return {"name": self.name, "detail": detail, "isMe": self.is_me, "isAway": self.is_away}

    def list_details(self, now: datetime) -> list[str]:
        """What there is to say of them, in words."""
        details = ["leads" if self.leads else "", "idle" if self.is_away else ""]
        return [*(one for one in details if one), *([tell_stay(now - self.since)] if self.since else [])]


def tell_stay(stay: timedelta) -> str:
    """How long somebody has been there; no time of day, since a room is in no zone of anybody's."""
    minutes = stay // timedelta(minutes=1)
    return "just came" if minutes < 1 else f"for {minutes} min"
