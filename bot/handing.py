"""A way in that was made a moment ago, handed from the press to the page that it leads to. In memory, for seconds.

Losing one harms nobody: the page asks for another.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.rooms.base import Launch
from storage.records import LinkId

LIVES = timedelta(seconds=30)
MOST = 1000


class Handed:
    """Each can be taken once. repr shows nothing."""

    def __init__(self) -> None:
        self._kept: dict[LinkId, tuple[datetime, Launch]] = {}

    def keep(self, link_id: LinkId, launch: Launch, *, now: datetime) -> None:
        """For whoever redeemed this link; the latest counts."""
        self._kept.pop(link_id, None)
        while len(self._kept) >= MOST:
            self._kept.pop(next(iter(self._kept)))
        self._kept[link_id] = (now, launch)

    def take(self, link_id: LinkId, *, now: datetime) -> Launch | None:
        """The one that was made for this link, if that was not long ago."""
        kept_at, launch = self._kept.pop(link_id, (None, None))
        return launch if kept_at is not None and now - kept_at < LIVES else None
