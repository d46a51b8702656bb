"""How long things are kept: a time for each kind, and from it the moment before which something is to go. Pure.

Most learners are minors, so the times are as short as the work allows. What hangs on a lesson never outlives it.
A time that is None stands for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.store import Kept

YEAR = timedelta(days=365)
SHORTEST = timedelta(days=8)
"""For a week after a lesson, room services may still report of it, and its summary may still be owed."""
UNSETTLED = timedelta(days=30)
"""How long somebody is kept whom nothing names: picked in a form and not booked, or just met."""
ROOM_GRACE = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Retention:
    """A time for each part; None: for ever."""

    lessons: timedelta | None = 2 * YEAR  # last year's bills are still asked about
    attendance: timedelta | None = 2 * YEAR  # what those bills rest on
    transcripts: timedelta | None = timedelta(days=90)  # a term: what was said is there to be read soon, or not at all
    events: timedelta | None = timedelta(days=30)  # until the month's attendance is settled
    audit: timedelta | None = 2 * YEAR  # who did what, for as long as the lessons that it was done to

    def __str__(self) -> str:
        return " ".join(f"{part}={show_time(getattr(self, part))}" for part in PARTS)


PARTS = tuple(Retention.__dataclass_fields__)
OF_LESSONS = ("attendance", "transcripts", "events")
"""What hangs on a lesson, and goes with it at the latest."""


def show_time(time: timedelta | None) -> str:
    """`2y`, `90d`, `forever`."""
    if time is None:
        return "forever"
    years, rest = divmod(time, YEAR)
    return f"{years}y" if years and not rest else f"{time.days}d"


@dataclass(frozen=True, kw_only=True)
class Past:
    """Everything of this kind from before this moment is to go."""

    kind: Kept
    before: datetime
    settled_before: datetime | None = None  # of people who chose something for themselves; None: they stay


def list_past(retention: Retention, *, now: datetime, machine_now: datetime) -> list[Past]:
    """What is to go now, parts before what they hang on, people and rooms last."""
    times = (
        (Kept.TRANSCRIPTS, retention.transcripts),
        (Kept.EVENTS, retention.events),
        (Kept.DELIVERIES, retention.events),
        (Kept.ATTENDANCE, retention.attendance),
        (Kept.LESSONS, retention.lessons),
        (Kept.AUDIT, retention.audit),
        (Kept.ROOMS, ROOM_GRACE),
    )
    people = Past(
        kind=Kept.PEOPLE,
        before=machine_now - UNSETTLED,
        settled_before=None if retention.lessons is None else machine_now - retention.lessons,
    )
    return [*(Past(kind=kind, before=now - time) for kind, time in times if time is not None), people]
