"""What a lesson's move announces to one person: from which times to which. As text it is the notice's occasion. Pure.

The times that somebody knows are not always the last ones stored: who was never told of a first move is told of both
at once. So the times before are part of the fact, kept with the notice, and not read from the lesson.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from storage.records import Lesson, Record

_FORMAT = "%Y%m%dT%H%M%SZ"
_PREFIX = "move"


@dataclass(frozen=True, kw_only=True)
class Move(Record):
    """From when to when. Times are told to the second."""

    was_start: datetime
    was_end: datetime
    starts_at: datetime
    ends_at: datetime
    old_closes_at: datetime | None = None  # when the link they had stops working; None: they had none, or keep it
    revision: int  # of the lesson after it: moved there and back and there again are three facts

    @property
    def is_nothing(self) -> bool:
        """It came back to the times that they know."""
        return (_write(self.was_start), _write(self.was_end)) == (_write(self.starts_at), _write(self.ends_at))

    def holds(self, lesson: Lesson) -> bool:
        """Is this still what should be said? A later end is told by the same notice, in the words of that moment."""
        is_there = _write(lesson.starts_at) == _write(self.starts_at)
        is_back = (_write(lesson.starts_at), _write(lesson.ends_at)) == (_write(self.was_start), _write(self.was_end))
        return is_there and not is_back

    def to_occasion(self) -> str:
        """As text for the notice's unique key."""
        times = (self.was_start, self.was_end, self.starts_at, self.ends_at)
        parts = [_PREFIX, *(_write(time) for time in times)]
        parts.append(_write(self.old_closes_at) if self.old_closes_at else "")
        return "/".join([*parts, str(self.revision)])


def read_move(occasion: str) -> Move | None:
    """The move that a MOVED notice announces; None: it is about a new link within the same lesson time."""
    parts = occasion.split("/")
    if len(parts) != 7 or parts[0] != _PREFIX:
        return None
    return Move(
        was_start=_read(parts[1]),
        was_end=_read(parts[2]),
        starts_at=_read(parts[3]),
        ends_at=_read(parts[4]),
        old_closes_at=_read(parts[5]) if parts[5] else None,
        revision=int(parts[6]),
    )


def _write(instant: datetime) -> str:
    return instant.strftime(_FORMAT)


def _read(text: str) -> datetime:
    return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
