"""Attendance for billing: one row for each participant and lesson, and such rows as CSV. Pure.

What was not reported stays empty and is never filled in: `absent` is a fact, `not known` is the lack of one. Minutes
of the whole lesson stand on each of its rows and must not be added up over them; their names begin with `lesson_`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TextIO
from zoneinfo import ZoneInfo

from storage.records import Attendance, Lesson, LessonDetails, LessonState, Person, Verdict, Workspace

Cell = str | float | int | bool | None
Fields = dict[str, Cell]

SHOWN = {
    Verdict.PRESENT: "present",
    Verdict.ABSENT: "absent",
    Verdict.UNKNOWN: "not known",
    Verdict.UNINVITED: "uninvited",
}
TRIAL = "trial:"
"""How the `external_key` of a lesson begins that was only tried out."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes text that begins so for a formula and runs it; titles and names are other people's text."""
FIELDS = (
    *("workspace", "lesson_id", "title", "state", "zone", "planned_start", "planned_end", "planned_minutes"),
    *("actual_start", "actual_end", "booked_by", "name", "slack_id", "role", "attendance", "joined", "left"),
    *("minutes", "late_minutes", "is_corrected", "lesson_together_minutes", "lesson_billable_minutes"),
    "removed",
)
"""The columns, in their order; new ones are put at the end."""


@dataclass(frozen=True, kw_only=True)
class Days:
    """From one day to another, both included, as the lesson's own zone counts days. None: no end on that side."""

    first: date | None = None
    last: date | None = None

    def holds(self, lesson: Lesson) -> bool:
        """Does the lesson start on one of them?"""
        day = lesson.starts_at.astimezone(ZoneInfo(lesson.zone)).date()
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    @property
    def starts_after(self) -> datetime | None:
        """No lesson that starts earlier is on one of these days, wherever in the world."""
        return None if self.first is None else _midnight(self.first) - timedelta(days=1)

    @property
    def starts_before(self) -> datetime | None:
        """No lesson that starts then or later is on one of these days, wherever in the world."""
        return None if self.last is None else _midnight(self.last) + timedelta(days=2)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which rows: of lessons on these days, led by this person, of this participant. None: everybody.

    A person is wanted by their Slack id, or by their whole name however it is written.
    """

    days: Days
    leader: str | None = None
    participant: str | None = None

    def holds(self, details: LessonDetails) -> bool:
        """Is the lesson one of them? (Its days are looked at before it is read.)"""
        return self.leader is None or any(_is(seat.person, self.leader) for seat in details.leaders)

    def holds_person(self, person: Person | None) -> bool:
        """Is the row? `person` None: somebody who came without a link, whom nobody can name."""
        return self.participant is None or (person is not None and _is(person, self.participant))


def is_trial(lesson: Lesson) -> bool:
    """Whether the lesson was only tried out, and is nothing to bill."""
    return (lesson.external_key or "").startswith(TRIAL)


def _is(person: Person, wanted: str) -> bool:
    return wanted == person.user_id or wanted.strip().casefold() == person.name.casefold()


def write_csv(
    rows: Iterable[Fields], stream: TextIO, *, fields: Sequence[str] = FIELDS, has_header: bool = True
) -> None:
    """With a header unless there is one, also where nothing follows; empty where nothing is known."""
    writer = csv.DictWriter(stream, fieldnames=fields, lineterminator="\n")
    if has_header:
        writer.writeheader()
    writer.writerows({name: _defuse(value) for name, value in row.items()} for row in rows)


def rows_of(
    workspace: Workspace, details: LessonDetails, attendance: Iterable[Attendance], wanted: Wanted
) -> Iterator[Fields]:
    """The lesson's rows that are wanted, by place in it; then who was taken out; who came without a link last."""
    if not wanted.holds(details):
        return
    seats = (*details.seats, *details.removed)
    seated = {seat.participant.id for seat in seats}
    for seat in seats:
        if not wanted.holds_person(seat.person):
            continue
        person = {"name": seat.person.name, "slack_id": seat.person.user_id, "role": seat.participant.role.value}
        yield _row(workspace, details, person, seat.attendance, removed_at=seat.participant.removed_at)
    for one in (
        attendance if _is_final(details.lesson) else ()
    ):  # never in it, or at a place that they left for another one
        is_seated = one.participant_id is not None and one.participant_id in seated
        if not is_seated and wanted.holds_person(None):
            yield _row(workspace, details, {"name": one.shown_name, "slack_id": None, "role": None}, one)


def _is_final(lesson: Lesson) -> bool:
    """Is its attendance there to be billed? While it goes on, nobody is absent yet, and no minutes are counted."""
    return lesson.state is LessonState.ENDED


def _row(
    workspace: Workspace,
    details: LessonDetails,
    person: Mapping[str, str | None],
    attendance: Attendance | None,
    *,
    removed_at: datetime | None = None,
) -> Fields:
    lesson, totals = details.lesson, details.totals
    if not _is_final(lesson):
        attendance = totals = None
    return {
        "workspace": workspace.external_id,
        "lesson_id": lesson.id,
        "title": lesson.title,
        "state": lesson.state.value,
        "zone": lesson.zone,
        "planned_start": local(lesson.starts_at, lesson),
        "planned_end": local(lesson.ends_at, lesson),
        "planned_minutes": minutes(lesson.ends_at - lesson.starts_at),
        "actual_start": local(totals.really_started_at, lesson) if totals else None,
        "actual_end": local(totals.really_ended_at, lesson) if totals else None,
        "booked_by": details.booked_by.name,
        **person,
        "attendance": SHOWN[attendance.verdict] if attendance else None,
        "joined": local(attendance.joined_at, lesson) if attendance else None,
        "left": local(attendance.left_at, lesson) if attendance else None,
        "minutes": minutes_of(attendance),
        "late_minutes": minutes(attendance.late_by) if attendance else None,
        "is_corrected": attendance.corrected_present is not None if attendance else None,
        "lesson_together_minutes": minutes(totals.together) if totals and totals.is_known else None,
        "lesson_billable_minutes": minutes(totals.billable) if totals else None,
        "removed": local(removed_at, lesson),
    }


def _defuse(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def local(moment: datetime | None, lesson: Lesson) -> str | None:
    """ISO 8601 on the clock of the lesson's own zone, with its offset."""
    return moment.astimezone(ZoneInfo(lesson.zone)).isoformat(timespec="seconds") if moment else None


def minutes(duration: timedelta | None) -> float | None:
    """To the hundredth."""
    return None if duration is None else round(duration / timedelta(minutes=1), 2)


def minutes_of(attendance: Attendance | None) -> float | None:
    """How long somebody was there, as a person corrected it where one did. None: not known, or not over yet."""
    if attendance is None or attendance.verdict.value == "unknown":
        return minutes(attendance.corrected_present) if attendance else None
    return minutes(attendance.present if attendance.corrected_present is None else attendance.corrected_present)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
