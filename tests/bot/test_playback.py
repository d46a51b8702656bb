"""What people see of recordings and transcripts: what is there, what is coming, what will not come, each by right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.playback import SUMMARY_LENGTH, progress_lines, recording_rows, told_blocks
from bot.presses import Press, read_press
from bot.readers import reader_of
from bot.watchers import NOTHING, Rights
from storage.records import HeldSession, LessonDetails, LessonState, Produced
from tests.bot.plain import read
from tests.records import ENDS_AT, STARTS_AT, make_details, make_lesson, make_person

ALL = Rights(watches=True, reads=True)
ADA = make_person("Ada", zone="Europe/Berlin", locale="en-GB")
READER = reader_of(ADA, now=ENDS_AT)
READY, AWAITED, MISSING, NOT_ASKED = Produced.READY, Produced.AWAITED, Produced.MISSING, Produced.NOT_ASKED


def make_ended(*sessions: dict[str, Any]) -> LessonDetails:
    """A lesson with such sessions, twenty minutes one after the other."""
    lesson = make_lesson(booked_by=ADA.id, state=LessonState.ENDED, ended_at=ENDS_AT)
    held = tuple(
        HeldSession(
            workspace_id=lesson.workspace_id,
            lesson_id=lesson.id,
            session_id=f"s{number}",
            started_at=STARTS_AT + number * timedelta(minutes=20),
            ended_at=STARTS_AT + (number + 1) * timedelta(minutes=20),
            transcript_at=ENDS_AT if changes.get("transcript") is READY else None,
            **changes,
        )
        for number, changes in enumerate(sessions, start=1)
    )
    return replace(make_details(lesson, booked_by=ADA), sessions=held)


def show_rows(details: LessonDetails, rights: Rights = ALL) -> list[str]:
    return read(recording_rows(details, READER, rights=rights)).splitlines()


def show_progress(details: LessonDetails, rights: Rights = ALL) -> list[str]:
    return [str(line) for line in progress_lines(details, READER, rights=rights, service_name="Roomy")]


def test_one_session_needs_no_times() -> None:
    """Its buttons, and which session they are for."""
    details = make_ended({"recording": READY, "transcript": READY})

    [row] = recording_rows(details, READER, rights=ALL)
    assert ["watch", "transcript", "transcript_as"] == [element["action_id"] for element in row["elements"]]
    press = Press(lesson_id=details.lesson.id, session_id="s1")
    assert [press, press, press] == [read_press(row["block_id"])] + [
        read_press(element["value"]) for element in row["elements"][:2]
    ]
    assert ["subtitles", "data"] == [option["value"] for option in row["elements"][2]["options"]]


def test_several_sessions_are_told_apart_by_their_times() -> None:
    """And what was said in all of them is to be had as one."""
    details = make_ended(
        {"recording": READY, "transcript": READY}, {"recording": MISSING}, {"recording": READY, "transcript": READY}
    )
    rows = show_rows(details)

    assert [
        "*Session* 17:20 on Mon 23 Nov (Berlin time) to 17:40 (Berlin time)",
        "*Session* 18:00 on Mon 23 Nov (Berlin time) to 18:20 (Berlin time)",
        "*All sessions*",
    ] == [row for row in rows if row.startswith("*")]
    whole = recording_rows(details, READER, rights=ALL)[-1]
    assert Press(lesson_id=details.lesson.id) == read_press(whole["block_id"])


@pytest.mark.parametrize(
    # the reader's rights; what is offered
    ("rights", "offered"),
    [
        (ALL, {"watch", "transcript", "transcript_as"}),
        (Rights(watches=True), {"watch"}),
        (Rights(reads=True), {"transcript", "transcript_as"}),
        (NOTHING, set()),
    ],
)
def test_nobody_is_offered_what_they_may_not_have(rights: Rights, offered: set[str]) -> None:
    """Who may not watch reads that there is one; of a transcript they read nothing at all."""
    details = make_ended({"recording": READY, "transcript": READY, "summary": "They met."})

    rows = recording_rows(details, READER, rights=rights)
    assert offered == {element["action_id"] for row in rows for element in row["elements"]}
    there = [] if rights.watches else ["There is a recording of this lesson at Roomy."]
    assert there == show_progress(details, rights)
    assert rights.reads is bool(told_blocks(details, READER, rights=rights, service_name="Roomy"))


@pytest.mark.parametrize("produced", [AWAITED, MISSING, NOT_ASKED])
def test_nothing_is_offered_that_is_not_there(produced: Produced) -> None:
    """Nor a transcript that was erased since."""
    assert [] == show_rows(make_ended({"recording": produced, "transcript": produced}))
    erased = make_ended({"transcript": READY})
    erased = replace(erased, sessions=(replace(erased.sessions[0], transcript_at=None),))
    assert [] == show_rows(erased)


@pytest.mark.parametrize(
    # of each session, the recording and the transcript; what is said
    ("sessions", "said"),
    [
        ([(AWAITED, AWAITED)], ["The recording and the transcript are being prepared."]),
        ([(READY, AWAITED)], ["The transcript is being prepared."]),
        ([(AWAITED, NOT_ASKED)], ["The recording is being prepared."]),
        ([(AWAITED, MISSING)], ["The recording is being prepared.", "No transcript was made: Roomy makes none of"]),
        ([(MISSING, MISSING)], ["There is no recording: Roomy did not", "No transcript was made: Roomy makes none of"]),
        # somebody was early and alone for a while: the session that counts has one
        ([(READY, MISSING), (READY, READY)], []),
        ([(AWAITED, MISSING), (READY, AWAITED)], ["The recording and the transcript are being prepared."]),
        ([(NOT_ASKED, NOT_ASKED)], []),
        ([], []),
    ],
)
def test_nobody_waits_for_nothing(sessions: list[tuple[Produced, Produced]], said: list[str]) -> None:
    """What is coming and what will not come, of all sessions together; who has no right to it reads none of it."""
    details = make_ended(*({"recording": recording, "transcript": transcript} for recording, transcript in sessions))
    lines = show_progress(details)

    assert len(said) == len(lines)
    assert all(line.startswith(words) for line, words in zip(lines, said, strict=True))
    assert set(show_progress(details, NOTHING)) <= {"There is a recording of this lesson at Roomy."}


def test_the_services_own_words_are_told_as_its_own() -> None:
    """Quoted, escaped and cut; of several sessions with their times."""
    details = make_ended({"summary": "Halves & <thirds>.\n" + "word " * 1000}, {"summary": "  "})
    text = read(told_blocks(details, READER, rights=ALL, service_name="Roomy"))

    assert text.startswith("*Roomy’s own summary* (written by a machine, so it may be wrong)\n")
    assert ">Halves & <thirds>." in text
    assert len(text) < SUMMARY_LENGTH + 200
    assert "Session" not in text
    two = make_ended({"summary": "One."}, {"summary": "Two."})
    assert 2 == read(told_blocks(two, READER, rights=ALL, service_name="Roomy")).count("*Session*")
