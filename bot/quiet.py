"""Quiet hours: when nobody's phone should ring for something that can wait until morning. Pure.

Quiet hours are on the reader's own clock, so one reminder may wait for one reader and not for another. They hold back
what is merely good to know, never a way in, never the question before the end, never news of a lesson that is near.
This module says until when; who holds a notice back, and what becomes of one that is then too late, is the sender's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from bot import windows
from storage.records import NoticeKind

NEAR = timedelta(hours=12)
"""News of a lesson that begins within this time is never held back."""

COURTESIES = frozenset({NoticeKind.START_REMINDER, NoticeKind.LATE_NUDGE})
"""Held back however near the lesson is: whoever sleeps has a card with the same Join."""
NEWS = frozenset(
    {NoticeKind.INVITATION, NoticeKind.MOVED, NoticeKind.CANCELLED, NoticeKind.REMOVED, NoticeKind.NOT_REACHED}
)
"""Held back only of lessons that are not near. *I can't come* is none of them: leaders read it at once."""


@dataclass(frozen=True, kw_only=True)
class QuietHours:
    """`[start, end)` by the reader's clock, over midnight where `end` is earlier. Both the same: never quiet."""

    start: time
    end: time

    def __str__(self) -> str:
        return "off" if self.start == self.end else f"{self.start:%H:%M}-{self.end:%H:%M}"


OFF = QuietHours(start=time(0), end=time(0))
USUAL = QuietHours(start=time(21, 30), end=time(7))


def find_quiet_end(moment: datetime, zone: str, hours: QuietHours) -> datetime | None:
    """When the quiet that `moment` lies in is over, in UTC; None: it is not quiet.

    An end that clocks leave out in spring is the moment after the gap at the latest; of one that comes twice in autumn,
    the first pass that is still ahead. Raises UnknownZone.
    """
    place = windows.find_zone(zone)
    local = moment.astimezone(place)
    if not _is_quiet(local.time(), hours):
        return None
    is_until_tomorrow = hours.start > hours.end and local.time() >= hours.start
    day = local.date() + timedelta(days=1) if is_until_tomorrow else local.date()
    passes = [datetime.combine(day, hours.end.replace(fold=fold), tzinfo=place).astimezone(UTC) for fold in (0, 1)]
    ahead = [end for end in passes if end > moment and not _is_quiet(end.astimezone(place).time(), hours)]
    return min(ahead, default=max(passes))


def _is_quiet(clock: time, hours: QuietHours) -> bool:
    if hours.start <= hours.end:
        return hours.start <= clock < hours.end
    return clock >= hours.start or clock < hours.end


def is_courtesy(kind: NoticeKind, *, is_leader: bool) -> bool:
    """May this be held back or switched off? A leader is nudged only while people wait inside: that is none."""
    return kind in COURTESIES and not (kind is NoticeKind.LATE_NUDGE and is_leader)


def find_hold(
    kind: NoticeKind,
    *,
    now: datetime,
    starts: Iterable[datetime],
    zone: str,
    hours: QuietHours,
    is_leader: bool = False,
    has_chosen_time: bool = False,
) -> datetime | None:
    """Until when a notice of this kind waits for its reader's morning; None: it may go now.

    `starts`: every start that the reader goes by, so both of a lesson that was moved: the earliest says how near it is.
    `is_leader`: the reader leads it. `has_chosen_time`: they said how early they want to be reminded; then they are,
    of a lesson that itself begins in their quiet hours, at which they mean to be awake.
    """
    near = min(starts)
    if kind in NEWS:
        if near - now <= NEAR:
            return None
    elif not is_courtesy(kind, is_leader=is_leader):
        return None
    is_own_reminder = kind is NoticeKind.START_REMINDER and has_chosen_time
    if is_own_reminder and find_quiet_end(near, zone, hours) is not None:
        return None
    return find_quiet_end(now, zone, hours)
