"""Every time that follows from a lesson's start, end and options, and the way between wall time and instants.

One place, so that a card, a link and a notice never disagree about when a door opens. Everything is computed from what
is handed in: this module never asks what time it is, and it decides nothing about who may do what.

Windows are half-open, `[opens_at, closes_at)`, and belong to participants: the role's default, or one person's own.
Instants are aware and in UTC. A *wall time* is naive and means nothing without the zone beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.errors import Refused, TooEarly, TooLate
from storage.records import EndRule, Lesson, LessonOptions, Link, LinkWay, Participant, Record

START_GRACE = timedelta(minutes=15)
"""A start up to this long ago means now: forms take a while to fill in."""

PATIENCE = timedelta(minutes=15)
"""How long after the last door has closed we go on asking the room service who came."""


class UnknownZone(Refused):
    """No such time zone in the IANA database, or none that this machine knows."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown time zone: {name}")
        self.name = name


class NoSuchWallTime(Refused):
    """The clocks in `zone` are put forward over this wall time: no clock ever shows it."""

    def __init__(self, wall: datetime, zone: str) -> None:
        super().__init__(f"no such time in {zone}: {wall.isoformat()}")
        self.wall = wall
        self.zone = zone


@dataclass(frozen=True, kw_only=True)
class Window(Record):
    """When one way in works: from `opens_at` on, until just before `closes_at`."""

    opens_at: datetime
    closes_at: datetime

    def check(self, now: datetime) -> None:
        """Return if `now` is inside. Raises TooEarly, which carries when it opens, or TooLate, when it closed."""
        if now < self.opens_at:
            raise TooEarly(self.opens_at)
        if now >= self.closes_at:
            raise TooLate(self.closes_at)


def default_window(starts_at: datetime, ends_at: datetime, options: LessonOptions) -> Window:
    """The window of everybody who has none of their own. Where everyone leaves at the end, it closes at the end."""
    join_late = timedelta(0) if options.end_rule is EndRule.EVERYONE_LEAVES else options.join_late
    return Window(opens_at=starts_at - options.join_early, closes_at=ends_at + join_late)


def window_of(lesson: Lesson, participant: Participant) -> Window:
    """When this participant can come in. Each end of their own window wins over the default by itself."""
    default = default_window(lesson.starts_at, lesson.ends_at, lesson.options)
    return Window(
        opens_at=participant.opens_at or default.opens_at,
        closes_at=participant.closes_at or default.closes_at,
    )


def widest_window(lesson: Lesson, participants: Iterable[Participant]) -> Window:
    """From when the first of them can come in until the last door closes.

    Removed participants do not count; with nobody left it is the default. A class asks for each of its links, so no
    window is made of everybody's.
    """
    default = default_window(lesson.starts_at, lesson.ends_at, lesson.options)
    # Nearly all have none of their own, and a set tells that at once.
    ends = {(one.opens_at, one.closes_at) for one in participants if one.removed_at is None}
    return Window(
        opens_at=min((opens_at or default.opens_at for opens_at, _ in ends), default=default.opens_at),
        closes_at=max((closes_at or default.closes_at for _, closes_at in ends), default=default.closes_at),
    )


def last_close(lesson: Lesson, participants: Iterable[Participant]) -> datetime:
    """When the last door closes, for those who still take part."""
    return widest_window(lesson, participants).closes_at


def gives_up_at(lesson: Lesson, participants: Iterable[Participant]) -> datetime:
    """When we stop waiting for the room service and end the lesson with what is known."""
    return last_close(lesson, participants) + PATIENCE


def warns_at(lesson: Lesson) -> datetime | None:
    """When the leaders are asked whether to go on; None where nobody is to be asked.

    Never before the middle: five minutes before the end of a six-minute lesson is no time to ask.
    """
    if not lesson.options.warns:
        return None
    middle = lesson.starts_at + (lesson.ends_at - lesson.starts_at) / 2
    return max(lesson.ends_at - lesson.options.warn_before, middle)


def reminds_at(lesson: Lesson) -> datetime:
    """When participants are reminded of the start. Whether it is still owed then is the notices' business."""
    return lesson.starts_at - lesson.options.remind_before


def earliest_links_at(starts_at: datetime, options: LessonOptions, now: datetime) -> datetime:
    """When links for such a start are made: now if it is near, else `link_lead` before it."""
    return max(now, starts_at - options.link_lead)


def earliest_launch_at(starts_at: datetime, options: LessonOptions, now: datetime, *, launches_ahead: bool) -> datetime:
    """When the room service is first asked for somebody's way in: with their link where that is the service's own
    (`launches_ahead`), else when the first of them comes to an open door."""
    if launches_ahead:
        return earliest_links_at(starts_at, options, now)
    return max(now, starts_at - options.join_early)


def links_at(lesson: Lesson, now: datetime) -> datetime:
    """When this lesson's links are made and sent. Late, because a provider's link may live only a few days."""
    return earliest_links_at(lesson.starts_at, lesson.options, now)


def leaves_at_close(lesson: Lesson, participant: Participant) -> bool:
    """Is this participant put out when their window closes?

    By default everybody but the leaders, so that no learner stays unsupervised.
    """
    match lesson.options.end_rule:
        case EndRule.ASK:
            return not participant.is_leader
        case EndRule.OPEN:
            return False
        case EndRule.EVERYONE_LEAVES:
            return True


def soft_expiry(lesson: Lesson, participant: Participant) -> datetime | None:
    """When the room itself asks this participant to extend: leaders only.

    None where everyone leaves at the end: the room would offer minutes that the links do not have.
    """
    if not participant.is_leader or lesson.options.end_rule is EndRule.EVERYONE_LEAVES:
        return None
    return warns_at(lesson)


def needs_new_link(lesson: Lesson, link: Link, participant: Participant) -> bool:
    """After the lesson's times changed: must this participant come in again by another link?

    Only a provider's own link keeps the window it was made with; for `page` and `press` we are the judge at the door,
    so the same Join goes on working. A direct link has to be replaced when the lesson moved (it opens at another time),
    when the lesson now outlasts it, and, where everyone leaves at the end, at every other end.
    """
    if link.way is not LinkWay.DIRECT:
        return False
    window = window_of(lesson, participant)
    if link.opens_at != window.opens_at:
        return True
    if lesson.options.end_rule is EndRule.EVERYONE_LEAVES:
        return link.closes_at != window.closes_at
    # The own window of somebody who is to go early ends before the lesson does: that is no reason for a new link.
    return link.closes_at < min(lesson.ends_at, window.closes_at)


def find_zone(name: str) -> ZoneInfo:
    """The zone of this IANA name. Raises UnknownZone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # OSError: the name of a directory, such as "America"
        raise UnknownZone(name) from error


def from_wall(wall: datetime, zone: str) -> datetime:
    """The instant at which clocks in `zone` show `wall` (naive).

    An hour that comes twice in autumn means its first pass, unless `wall.fold` is 1; `is_ambiguous` tells. Raises
    NoSuchWallTime for an hour that is left out in spring, and UnknownZone.
    """
    place = find_zone(zone)
    if wall.tzinfo is not None:
        raise ValueError("a wall time has no zone of its own")
    instant = wall.replace(tzinfo=place).astimezone(UTC)
    if instant.astimezone(place).replace(tzinfo=None) != wall:
        raise NoSuchWallTime(wall, zone)
    return instant


def is_ambiguous(wall: datetime, zone: str) -> bool:
    """Do clocks in `zone` show `wall` (naive) twice?"""
    place = find_zone(zone)
    first, second = (wall.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first < second  # in a gap it is the other way round


def to_wall(instant: datetime, zone: str) -> str:
    """What clocks in `zone` show, as text: `2026-11-23T16:00`, with seconds only where there are any."""
    shown = instant.astimezone(find_zone(zone)).replace(tzinfo=None)
    return shown.isoformat(timespec="seconds" if shown.second else "minutes")


def next_half_hour(now: datetime, zone: str = "UTC") -> datetime:
    """The first full or half hour after `now` by the clocks of `zone`: some zones are a quarter of an hour off."""
    shown = now.astimezone(find_zone(zone))
    since = timedelta(minutes=shown.minute % 30, seconds=shown.second, microseconds=shown.microsecond)
    return now.astimezone(UTC) + timedelta(minutes=30) - since
