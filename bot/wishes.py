"""What somebody would rather get of reminders and nudges: the record, and what follows from it. Pure.

Only courtesies can be switched off: that a lesson moved, was cancelled, or has a way in arrives whatever is set here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from storage.records import Lesson, NoticeKind

LONGEST = timedelta(days=1)
"""Of one's own time before the start: the link is there by then."""


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """One person's choice; as it stands here for who never made one."""

    reminds: bool = True
    remind_before: timedelta | None = None  # None: as each lesson was booked with
    nudges: bool = True

    def reminds_at(self, lesson: Lesson) -> datetime | None:
        """When this person is reminded of the start; None: not at all."""
        before = lesson.options.remind_before if self.remind_before is None else self.remind_before
        return lesson.starts_at - before if self.reminds and before else None

    def wants(self, kind: NoticeKind, lesson: Lesson) -> bool:
        """Whether a notice of this kind is welcome; whatever is no courtesy always is."""
        if kind is NoticeKind.START_REMINDER:
            return self.reminds_at(lesson) is not None
        return self.nudges or kind is not NoticeKind.LATE_NUDGE

    def to_value(self) -> dict[str, Any]:
        """As a JSON object."""
        seconds = None if self.remind_before is None else self.remind_before.total_seconds()
        return {"reminds": self.reminds, "remind_before_seconds": seconds, "nudges": self.nudges}


def read_value(value: Mapping[str, Any]) -> Preferences:
    """The choice behind a JSON object; what is missing in it was never chosen."""
    seconds = value.get("remind_before_seconds")
    return Preferences(
        reminds=bool(value.get("reminds", True)),
        remind_before=timedelta(seconds=seconds) if isinstance(seconds, int | float) else None,
        nudges=bool(value.get("nudges", True)),
    )
