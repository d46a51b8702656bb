"""What Hallpass owes, is sending, is late with or has given up, in words, as it is stored: also while it is dead.

One line tells of everybody who waits for the same. It holds no secret, since what is owed holds ids alone; of these
only names and titles are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from markupsafe import Markup

from bot import notices
from bot.sandbox.play.clock_panel import tell_moment
from bot.sandbox.play.events import join_names, shorten
from bot.sandbox.play.ledger import Books, Entry, Ledger
from bot.sandbox.play.panels import Looking, Panel
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.rendering import render_page
from bot.wording import describe_channel_failure, describe_failure, describe_kind
from bot.words import words_for
from storage.errors import StoreClosed
from storage.records import Card, LessonDetails, Notice, NoticeKind, NoticeState

MOST_LINES = 5
"""Of each sort; the page is narrow."""

_WORK = {
    NoticeKind.GO_LIVE: "The lesson’s beginning",
    NoticeKind.READ_SESSIONS: "Asking the room who came",
    NoticeKind.COLLECT: "Asking the room for recording and transcript",
    NoticeKind.KEEP_ROOM: "Keeping the room open",
    NoticeKind.ERASE_SECRETS: "Erasing the links",
}
"""What sends nothing to anybody."""

_WHY = {
    "card_unknown": "nobody knows yet whether the card arrived",
    "history_unreachable": "Slack could not be asked whether it arrived",
    "history_unreadable": "Slack could not be asked whether it arrived",
    "link_not_ready": "the link is not made yet",
    "quiet_hours": "it waits for the end of quiet hours",
    "reading_old": "the room did not tell who is there",
    "room_busy": "the room service asked to wait",
    "room_down": "the room service did not answer",
    "room_nonsense": "the room service answered nonsense",
    "room_service": "the room service did not answer",
    "slack_busy": "Slack asked to wait",
    "slack_down": "Slack did not answer",
    "unexpected": "something went wrong that nobody expected",
    "unknown_outcome": "Slack did not say whether it arrived",
}
"""Why something is tried again, by the code it was given back with."""


class Standing(StrEnum):
    """How it stands with something that is owed, the worst first; the value is how it is headed."""

    GIVEN_UP = "Given up"
    LATE = "Late"
    SENDING = "Being sent"
    OWED = "Owed"


@dataclass(frozen=True, kw_only=True)
class Debt:
    """One notice or card that is not settled."""

    standing: Standing
    what: str
    to: str
    lesson: str
    due_at: datetime
    attempts: int = 0
    retry_at: datetime | None = None  # machine time
    why: str = ""
    is_unknown: bool = False
    """Is it looked for first, since it may be there?"""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What a page says of those who wait for the same."""

    what: str
    of: str  # lesson and moment
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Heap:
    """All that stand alike: how many, and the first of their lines."""

    standing: Standing
    count: int
    lines: tuple[Line, ...]
    left_count: int
    """Lines that are not shown."""


@dataclass(frozen=True, kw_only=True)
class Instant:
    """Now, by both clocks, and whether the bot lives."""

    now: datetime
    machine_now: datetime
    is_running: bool


def list_debts(books: Iterable[Entry], at: Instant) -> list[Debt]:
    """All of them."""
    found: list[Debt] = []
    for entry in books:
        found += _list_notices(entry, at)
        found += (_build_card(card, entry.details, at) for card in entry.cards if _is_behind(card))
    return found


def _is_behind(card: Card) -> bool:
    return card.revision_wanted > card.revision_shown


def _list_notices(entry: Entry, at: Instant) -> Iterator[Debt]:
    details = entry.details
    for notice in entry.notices:
        is_to_come = notice.state is NoticeState.WAITING and notice.due_at > at.now
        if is_to_come and notices.find_reason_to_drop(notice, details, now=notice.due_at) is not None:
            continue  # of former times: dropped when its turn comes
        standing = _find_standing(notice, at)
        yield Debt(
            standing=standing,
            what=_WORK.get(notice.kind) or describe_kind(notice.kind, words_for("en")),
            to=entry.name_recipient(notice),
            lesson=shorten(details.lesson.title),
            due_at=notice.due_at,
            attempts=notice.attempts,
            retry_at=_find_retry(notice, at),
            why=_tell_why(notice, standing, at),
            is_unknown=notice.state is NoticeState.BEGUN,
        )


def _build_card(card: Card, details: LessonDetails, at: Instant) -> Debt:
    retry_at = _find_retry(card, at)
    return Debt(
        standing=Standing.LATE if (card.attempts and retry_at) or not at.is_running else Standing.SENDING,
        what="Bringing cards up to date",
        to="",
        lesson=shorten(details.lesson.title),
        due_at=at.now,
        attempts=card.attempts,
        retry_at=retry_at,
        why="" if at.is_running else "Hallpass is not running",
    )


def _find_standing(notice: Notice, at: Instant) -> Standing:
    if notice.state is NoticeState.FAILED:
        return Standing.GIVEN_UP
    if notice.state is NoticeState.WAITING and notice.due_at > at.now:
        return Standing.OWED
    is_held = _find_retry(notice, at) is not None
    is_lost = notice.state is NoticeState.BEGUN and not _is_leased(notice, at)
    return Standing.LATE if is_held or is_lost or not at.is_running else Standing.SENDING


def _is_leased(notice: Notice, at: Instant) -> bool:
    return notice.leased_until is not None and notice.leased_until > at.machine_now


def _find_retry(owed: Notice | Card, at: Instant) -> datetime | None:
    return owed.not_before if owed.not_before is not None and owed.not_before > at.machine_now else None


def _tell_why(notice: Notice, standing: Standing, at: Instant) -> str:
    """Why it was given up, or is not there yet where it should be, or comes later than it might."""
    reason = notice.reason or ""
    match standing:
        case Standing.GIVEN_UP:
            describe = describe_failure if notice.channel_id is None else describe_channel_failure
            return describe(reason, words_for("en"))
        case Standing.SENDING:
            return ""
        case Standing.OWED:
            return _WHY.get(reason, "")
    if not at.is_running:
        if notice.claim_id is not None:
            return "Hallpass died while it was sent"
        is_unknown = notice.state is NoticeState.BEGUN
        return f"{_WHY['unknown_outcome']}, and Hallpass is not running" if is_unknown else "Hallpass is not running"
    if notice.state is NoticeState.BEGUN and not reason:
        return _WHY["unknown_outcome"]
    return _WHY.get(reason, f"Slack says {reason}" if reason else "")


def pile_up(debts: Iterable[Debt], at: Instant) -> list[Heap]:
    """What stands alike together, the worst first, each with what is due first."""
    heaps = []
    for standing in Standing:
        own = [debt for debt in debts if debt.standing is standing]
        together: dict[tuple[datetime, str, str, str], list[Debt]] = {}
        for debt in sorted(own, key=lambda debt: debt.due_at):
            together.setdefault((debt.due_at, debt.what, debt.lesson, debt.why), []).append(debt)
        lines = [describe(group, at) for group in together.values()]
        heaps.append(
            Heap(
                standing=standing,
                count=len(own),
                lines=tuple(lines[:MOST_LINES]),
                left_count=max(len(lines) - MOST_LINES, 0),
            )
        )
    return heaps


def describe(debts: list[Debt], at: Instant) -> Line:
    """Of those that share everything but whom they are for."""
    first = debts[0]
    to = join_names([debt.to for debt in debts if debt.to])
    what = f"{first.what} to {to}" if to else first.what
    of = f"{first.lesson}, due {tell_moment(first.due_at, at.now)}"
    told = [first.why] if first.why else []
    if first.standing is Standing.LATE and at.is_running:
        told += _tell_retry(debts, at)
    return Line(what=what, of=of, note="; ".join(told))


def _tell_retry(debts: list[Debt], at: Instant) -> Iterator[str]:
    moments = [debt.retry_at for debt in debts if debt.retry_at is not None]
    if moments:
        attempts = max(debt.attempts for debt in debts)
        does = "looked for" if any(debt.is_unknown for debt in debts) else f"{ordinal(attempts + 1)} try"
        yield f"{does} in {_tell_wait(min(moments) - at.machine_now)}"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `4th`, `11th`."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _tell_wait(wait: timedelta) -> str:
    seconds = max(round(wait.total_seconds()), 1)
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"


class OwedPanel(Panel):
    """The heaps, with how many there are of each."""

    id = "owed"

    def __init__(self, playground: Playground, ledger: Ledger) -> None:
        self._playground = playground
        self._ledger = ledger
        self._drawn: tuple[Books, Instant, Markup] | None = None  # the same for everybody

    async def draw(self, looking: Looking) -> Markup:
        try:
            books = await self._ledger.look()
        except StoreClosed:
            books = ()
        clock = self._playground.school.clock
        machine_now = clock.machine_now().replace(microsecond=0)  # seconds are told, and no less
        at = Instant(now=clock.now(), machine_now=machine_now, is_running=self._playground.is_running)
        if self._drawn is None or self._drawn[0] is not books or self._drawn[1] != at:
            self._drawn = books, at, render_page("owed.html", id=self.id, heaps=pile_up(list_debts(books, at), at))
        return self._drawn[2]
