"""The notices table as somebody reads it who wants to see it move: what is owed to whom, and what became of it.

It is read as it is stored, beside the bot and also without one, and only the newest lessons' part of it. It changes
nothing, and it takes nothing secret into a row: a notice holds ids, and of what they stand for only names are shown.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.calm import OPEN
from storage.records import Lesson, Notice, NoticeState, WorkspaceId
from storage.store import Transaction

MOST_LESSONS = 10
"""The last ones booked; a table of more is read by nobody."""
MARKED_FOR = timedelta(seconds=2)
"""How long a row that changed is marked."""


@dataclass(frozen=True, kw_only=True)
class Owed:
    """One row."""

    notice: Notice
    lesson: str  # its title
    person: str  # the recipient's name; empty: a channel, or nobody
    about: str  # whom it is about, where that is somebody else

    @property
    def kind(self) -> str:
        """In words."""
        return self.notice.kind.value.replace("_", " ")

    @property
    def reason(self) -> str:
        """Why it was put off, dropped or given up, last."""
        return (self.notice.reason or "").replace("_", " ")

    @property
    def is_work(self) -> bool:
        """Is nobody told anything by it?"""
        return self.notice.person_id is None and self.notice.channel_id is None

    @property
    def is_open(self) -> bool:
        """May something still become of it?"""
        return self.notice.state in OPEN

    @property
    def is_given_up(self) -> bool:
        """Was it owed to the end, in vain?"""
        return self.notice.state is NoticeState.FAILED

    def tell_state(self, now: datetime, machine_now: datetime) -> str:
        """Where it is, in words."""
        notice = self.notice
        match notice.state:
            case NoticeState.WAITING if notice.not_before is not None and notice.not_before > machine_now:
                return "tried again soon"
            case NoticeState.WAITING:
                return "due" if notice.due_at <= now else "waiting"
            case NoticeState.BEGUN if notice.leased_until is None or notice.leased_until <= machine_now:
                return "not known"
            case NoticeState.CLAIMED | NoticeState.BEGUN:
                return "being done" if self.is_work else "being sent"
            case NoticeState.SENT:
                return "done" if self.is_work else "sent"
            case NoticeState.FAILED:
                return "given up"
        return "dropped"


def read_owed(tx: Transaction) -> list[Owed]:
    """What is still open by its due time, then the rest, latest first."""
    rows = []
    for workspace in tx.workspaces.list_all():
        lessons = sorted(tx.lessons.list_between(workspace.id), key=lambda lesson: lesson.booked_at)
        for lesson in lessons[-MOST_LESSONS:]:
            rows += _read_lesson(tx, workspace.id, lesson)
    rows.sort(key=lambda row: (row.notice.due_at, row.notice.id))
    return [row for row in rows if row.is_open] + [row for row in reversed(rows) if not row.is_open]


def _read_lesson(tx: Transaction, workspace_id: WorkspaceId, lesson: Lesson) -> list[Owed]:
    details = tx.lessons.get_details(workspace_id, lesson.id)
    seats = (*details.seats, *details.removed)
    names = {seat.person.id: seat.person.name for seat in seats}
    about = {seat.participant.id: seat.person for seat in seats}
    rows = []
    for notice in tx.notices.list_for_lesson(workspace_id, lesson.id):
        to = notice.person_id
        if to is not None and to not in names:  # an admin, or the office that booked
            names[to] = tx.people.get(workspace_id, to).name
        subject = about.get(notice.about) if notice.about is not None else None
        rows.append(
            Owed(
                notice=notice,
                lesson=lesson.title,
                person=names[to] if to is not None else "",
                about=subject.name if subject is not None and subject.id != to else "",
            )
        )
    return rows


class Marks:
    """Which rows are another than a moment ago. Those of the first look are not: everything is new then."""

    def __init__(self) -> None:
        self._known: dict[str, Hashable] | None = None
        self._changed_at: dict[str, datetime] = {}

    def note(self, rows: Mapping[str, Hashable], now: datetime) -> set[str]:
        """Take in what each row is now; the ids of those that are marked."""
        if self._known is not None:
            for its_id, what in rows.items():
                if self._known.get(its_id) != what:
                    self._changed_at[its_id] = now
        self._known = dict(rows)
        self._changed_at = {one: at for one, at in self._changed_at.items() if now - at < MARKED_FOR}
        return set(self._changed_at)
