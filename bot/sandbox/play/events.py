"""What happens next in the school by itself, and when: what Hallpass owes, and what a lesson's times bring. Pure.

It looks at what is stored and foretells nothing that people may still do. Whoever moves the school's clock stops at
each of these instants, so that everything happens at its own time and in its order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import lateness, notices, windows
from bot.sandbox.play.ledger import Entry
from storage.records import (
    Lesson,
    LessonDetails,
    Notice,
    NoticeKind,
    NoticeState,
    Person,
)

MOST_NAMES = 2
LONGEST_TITLE = 40

_SAYS = {
    NoticeKind.INVITATION: "sends {who} the card of {title}",
    NoticeKind.JOIN_LINK: "sends {who} their link for {title}",
    NoticeKind.START_REMINDER: "reminds {who} of {title}",
    NoticeKind.END_WARNING: "asks {who} whether to extend {title}",
    NoticeKind.MOVED: "tells {who} the new times of {title}",
    NoticeKind.CANCELLED: "tells {who} that {title} is cancelled",
    NoticeKind.REMOVED: "tells {who} that they are taken out of {title}",
    NoticeKind.RESENT: "sends {who} their link for {title} once more",
    NoticeKind.REPLY: "tells {who} who can come to {title}",
    NoticeKind.CHANNEL: "posts {title} in {who}",
    NoticeKind.NOT_REACHED: "tells {who} whom {title} did not reach",
    NoticeKind.STILL_NOT_REACHED: "tells {who} whom {title} still did not reach",
    NoticeKind.LATE_NUDGE: "tells {who} that {title} began without them",
    NoticeKind.LEADER_MISSING: "tells {who} that learners wait for a leader in {title}",
    NoticeKind.SUMMARY: "sends {who} the summary of {title}",
    NoticeKind.READ_SESSIONS: "asks the room who came to {title}",
    NoticeKind.COLLECT: "asks the room what it made of {title}: recording, transcript",
    NoticeKind.KEEP_ROOM: "sees that the room of {title} stays open long enough",
    NoticeKind.ERASE_SECRETS: "erases the links of {title}",
}
"""What Hallpass does then; GO_LIVE is told as the lesson's own beginning."""


@dataclass(frozen=True, kw_only=True, order=True)
class Event:
    """Something that happens by itself. `what`: begins with whoever or whatever does it, Hallpass where nobody is."""

    at: datetime
    what: str


@dataclass(frozen=True, kw_only=True)
class Agenda:
    """Everything to come after one instant, soonest first, and the lessons that it is about."""

    events: tuple[Event, ...] = ()
    lessons: tuple[LessonDetails, ...] = ()
    """Open ones, by their start."""

    def find_next(self) -> datetime | None:
        """When the next of it happens."""
        return self.events[0].at if self.events else None

    def list_next(self) -> list[str]:
        """All that happens at that instant."""
        return [event.what for event in self.events if event.at == self.events[0].at]

    def list_lessons_of(self, user_id: str) -> list[Lesson]:
        """Those in which this person has a place, or which they booked, by their start."""
        return [details.lesson for details in self.lessons if user_id in _list_user_ids(details)]


def _list_user_ids(details: LessonDetails) -> set[str]:
    return {details.booked_by.user_id, *(seat.person.user_id for seat in details.seats)}


def build_agenda(books: Sequence[Entry], *, after: datetime, late_after: timedelta) -> Agenda:
    """What is to come. `late_after`: when somebody counts as late."""
    found: set[Event] = set()
    lessons = []
    for entry in books:
        found.update(_list_owed(entry, after))
        if entry.details.lesson.is_open:
            lessons.append(entry.details)
            found.update(list_times(entry.details, late_after=late_after))
    moments = {event.at for event in found}
    found.update(
        Event(at=card.due_at, what="brings cards up to date")
        for entry in books
        for card in entry.cards
        if card.due_at is not None and card.due_at not in moments
    )
    return Agenda(events=tuple(sorted(event for event in found if event.at > after)), lessons=tuple(lessons))


def list_times(details: LessonDetails, *, late_after: timedelta) -> Iterator[Event]:
    """What an open lesson's own times bring."""
    lesson, title = details.lesson, shorten(details.lesson.title)
    yield Event(at=lesson.starts_at, what=f"{title} begins")
    yield Event(at=lesson.ends_at, what=f"{title} ends")
    present = [(seat.person, windows.window_of(lesson, seat.participant)) for seat in details.seats]
    yield from _group([(window.opens_at, person) for person, window in present], "Join begins to work for {who}")
    yield from _group([(window.closes_at, person) for person, window in present], "Join stops working for {who}")
    late = [
        (at, seat.person)
        for seat in details.seats
        if lateness.is_missing(seat, details)
        and (at := lateness.late_at(seat, details, late_after=late_after)) is not None
        and at < lesson.ends_at
    ]
    yield from _group(late, "nudges {who} unless they come before", everybody=len(present))


def _list_owed(entry: Entry, after: datetime) -> Iterator[Event]:
    """What waits for its moment and will be wanted then, as far as is known now."""
    details = entry.details
    together: dict[tuple[datetime, NoticeKind, bool], list[Notice]] = {}
    for notice in entry.notices:
        if _is_to_come(notice, details, after):
            key = (notice.due_at, notice.kind, notice.channel_id is not None)
            together.setdefault(key, []).append(notice)
    for (at, kind, is_channel), group in together.items():
        who = join_names([entry.name_recipient(notice) for notice in group])
        says = "tells {who} that {title} ends soon" if is_channel and kind is NoticeKind.END_WARNING else _SAYS[kind]
        yield Event(at=at, what=says.format(who=who, title=shorten(details.lesson.title)))


def _is_to_come(notice: Notice, details: LessonDetails, after: datetime) -> bool:
    if notice.state is not NoticeState.WAITING or notice.due_at <= after or notice.kind not in _SAYS:
        return False
    return notices.find_reason_to_drop(notice, details, now=notice.due_at) is None


def _group(moments: Sequence[tuple[datetime, Person]], says: str, *, everybody: int = 0) -> Iterator[Event]:
    """Who shares a moment is named together. `everybody`: how many that would be, where not all are named here."""
    together: dict[datetime, list[str]] = {}
    for at, person in moments:
        together.setdefault(at, []).append(person.name)
    for at, names in together.items():
        is_all = len(names) == (everybody or len(moments)) > MOST_NAMES
        who = "everybody" if is_all else join_names(names)
        yield Event(at=at, what=says.format(who=who))


def join_names(names: Sequence[str]) -> str:
    """`Ada and Ben`, `Ada, Ben and 4 others`; each once."""
    own = list(dict.fromkeys(names))
    if len(own) <= MOST_NAMES:
        return " and ".join(own)
    others = len(own) - MOST_NAMES
    return f"{', '.join(own[:MOST_NAMES])} and {others} {'other' if others == 1 else 'others'}"


def shorten(title: str) -> str:
    """A lesson's title, where there is little room."""
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1].rstrip()}…"
