"""The summary: times, counts, people; what a channel sees of it; what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.summaries import build_summary
from storage.records import LessonDetails, LessonState, Person, Role, Verdict
from tests.bot.plain import read
from tests.records import (
    ENDS_AT,
    STARTS_AT,
    make_attendance,
    make_details,
    make_lesson,
    make_person,
    make_seat,
    make_totals,
)

MINUTE = timedelta(minutes=1)
ADA = make_person("Ada", zone="Europe/Berlin", locale="en-GB")


def make_ended(**totals: Any) -> LessonDetails:
    """Ada led; Ben came late, Cara not at all; somebody came without a link."""
    lesson = make_lesson(booked_by=ADA.id, state=LessonState.ENDED, ended_at=ENDS_AT)
    people: list[tuple[Person, Role, dict[str, Any]]] = [
        (ADA, Role.LEADER, {}),
        (make_person("Ben"), Role.LEARNER, {"late_by": 7 * MINUTE}),
        (make_person("Cara"), Role.LEARNER, {"verdict": Verdict.ABSENT}),
        (make_person("Dan"), Role.LEARNER, {"verdict": Verdict.UNKNOWN}),
    ]
    seats = []
    for position, (person, role, changes) in enumerate(people):
        seat = make_seat(lesson, person, role, position=position)
        seats.append(replace(seat, attendance=make_attendance(lesson, seat.participant, **changes)))
    stranger = make_attendance(lesson, shown_name="Zoe's tablet")
    return make_details(
        lesson, *seats, booked_by=ADA, unknown=(stranger,), totals=make_totals(lesson, has_recording=True, **totals)
    )


def summarize(details: LessonDetails, reader: Any = ADA, *, shows_names: bool = True) -> str:
    message = build_summary(details, reader=reader, shows_names=shows_names, service_name="Lessonspace")
    return f"{message.text}\n{read(message.blocks)}"


def test_a_leader_reads_everything() -> None:
    """Planned and real times, everybody's presence, minutes together, and the service's own figure as its own."""
    text = summarize(make_ended())

    for line in (
        "Summary of Algebra: Mon 23 Nov, 17:00 to 18:00 (Berlin time). 2 of 4 came.",
        "*Planned:* 17:00 on Mon 23 Nov (Berlin time) to 18:00 (Berlin time) (1 hour)",
        "*Actual:* 17:01 on Mon 23 Nov (Berlin time) to 18:00 (Berlin time) (59 minutes)",
        "1 was late.",
        "1 came without a link and is unknown to us.",
        "*Together:* 38 minutes",
        "Ada: 40 min, 17:02 (Berlin time) to 17:42 (Berlin time)",
        "Ben: 40 min, 17:02 (Berlin time) to 17:42 (Berlin time), 7 min late",
        "Cara: absent",
        "Dan: not known",
        "Zoe's tablet (came without a link): 40 min",
        "Lessonspace itself counts 1 hour to bill.",
        "There is a recording of this lesson at Lessonspace.",
    ):
        assert line in text


@pytest.mark.parametrize("name", ["Ada", "Ben", "Cara", "Dan", "Zoe"])
def test_a_channel_reads_counts_and_no_names(name: str) -> None:
    """Nor the bill, nor that there is a recording."""
    text = summarize(make_ended(), None, shows_names=False)

    assert "2 of 4 came." in text
    assert name not in text
    assert "to bill" not in text
    assert "recording" not in text


def test_a_channel_that_may_reads_names() -> None:
    """Where the workspace wants it; the bill stays with the leaders."""
    text = summarize(make_ended(), None)

    assert "Cara: absent" in text
    assert "to bill" not in text


def test_silence_of_the_service_is_not_absence() -> None:
    """Nobody is called absent or counted when the service did not answer."""
    details = make_ended(is_known=False, really_started_at=None, really_ended_at=None, billable=None)
    unknown = tuple(replace(seat, attendance=None) for seat in details.seats)
    text = summarize(replace(details, seats=unknown, unknown=()))

    assert "We could not find out who came: the room service did not answer." in text
    assert "Cara: not known" in text
    for word in ("absent", "of 4 came", "*Together:*", "*Actual:*", "to bill"):
        assert word not in text


def test_nobody_came() -> None:
    """Zero is a figure; no real times are made up."""
    details = make_ended(really_started_at=None, really_ended_at=None, together=timedelta(0), billable=timedelta(0))
    absent = tuple(
        replace(seat, attendance=make_attendance(details.lesson, seat.participant, verdict=Verdict.ABSENT))
        for seat in details.seats
    )
    text = summarize(replace(details, seats=absent, unknown=()))

    assert "0 of 4 came." in text
    assert "*Together:* 0 minutes" in text
    assert "*Actual:*" not in text


def test_an_extension_is_told_beside_what_was_planned() -> None:
    """Planned is what was booked; what was added is said apart."""
    lesson = make_lesson(starts_at=STARTS_AT, ends_at=ENDS_AT + timedelta(minutes=20), extension_count=2)
    text = read(build_summary(make_details(lesson), reader=make_person(), shows_names=True, service_name="X").blocks)

    assert "(1 hour), extended by 20 minutes" in text


def test_what_is_no_longer_kept_is_not_called_absent() -> None:
    """Attendance goes before the lesson may; a summary drawn afterwards says so, with what the lesson came to."""
    details = make_ended()
    bare = replace(details, seats=tuple(replace(seat, attendance=None) for seat in details.seats), unknown=())

    told = summarize(bare)
    assert "Who came is no longer kept." in told
    assert "absent" not in told
    assert "of 4 came" not in told
    assert "38 minutes" in told


def test_how_far_hallpass_itself_saw_is_said() -> None:
    """Where the service does not tell who came; and where nobody tells who left, what the minutes then are."""

    def say(*, is_recordless: bool = False, sees_leaving: bool = True) -> str:
        summary = build_summary(
            make_ended(),
            reader=ADA,
            shows_names=True,
            service_name="Loop",
            is_recordless=is_recordless,
            sees_leaving=sees_leaving,
        )
        return read(summary.blocks)

    assert "Hallpass saw" not in say()
    assert "Loop does not tell who came: this is as far as Hallpass saw." in say(is_recordless=True)
    assert "Nobody was seen leaving" not in say(is_recordless=True)
    assert "minutes count to the end, also of who left early" in say(is_recordless=True, sees_leaving=False)


def test_minutes_before_the_start_are_told_not_to_count() -> None:
    """Else 30 minutes from 14:20 to 15:00 look like a mistake; nothing is said where nobody came early."""
    details = make_ended()
    early = details.lesson.starts_at - 10 * MINUTE
    ada, *others = details.seats
    assert ada.attendance is not None
    came = replace(ada, attendance=replace(ada.attendance, joined_at=early))

    assert "Minutes count from 17:00 (Berlin time)." in summarize(replace(details, seats=(came, *others)))
    assert "Minutes count" not in summarize(replace(details, seats=(came, *others)), shows_names=False)
    assert "Minutes count" not in summarize(details)
