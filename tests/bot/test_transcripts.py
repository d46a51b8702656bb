"""Transcripts as files: what was said comes out again, and nothing that was said can break the file."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.transcripts import Format, Part, Transcript, clean, name_file, write
from storage.records import LessonId, TranscriptLine
from tests.records import STARTS_AT, WORKSPACE_ID

CUE = re.compile(r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})")
SECOND = timedelta(seconds=1)
ANYTHING = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    ["a --> b", "\n\n00:00:01.000 --> 00:00:02.000\nno", "<b>bold</b> & co", "NOTE x\r\n\r\ny", "WEBVTT\u2028\u2029"]
)


def make_line(starts: float, text: str, *, ends: float | None = None, speaker: str = "Ben") -> TranscriptLine:
    return TranscriptLine(
        workspace_id=WORKSPACE_ID,
        lesson_id=LessonId("1"),
        session_id="s1",
        position=0,
        starts=starts * SECOND,
        ends=(starts + 1 if ends is None else ends) * SECOND,
        speaker=speaker,
        text=text,
    )


def make_transcript(*parts: tuple[int, list[TranscriptLine]]) -> Transcript:
    """Each part with the minute after the lesson's start at which its session began."""
    return Transcript(
        title="Algebra",
        starts_at=STARTS_AT,
        zone="Europe/Berlin",
        parts=tuple(
            Part(session_id=f"s{minute}", started_at=STARTS_AT + minute * 60 * SECOND, lines=tuple(lines))
            for minute, lines in parts
        ),
    )


LINES = st.lists(
    st.builds(
        make_line,
        st.floats(0, 40_000),
        ANYTHING,
        ends=st.none() | st.floats(0, 40_000),
        speaker=ANYTHING,
    ),
    max_size=8,
)
TRANSCRIPTS = st.lists(st.tuples(st.integers(0, 500), LINES), max_size=3).map(
    lambda parts: make_transcript(*sorted(parts, key=lambda part: part[0]))
)

TWO_SESSIONS = make_transcript(
    (2, [make_line(0, "Hello", speaker="Ada"), make_line(61.25, "Is 2 < 3 & 4 > 1?")]),
    (30, [make_line(5, "We are back", speaker="Ada")]),
)


def test_text_is_for_reading() -> None:
    """Who, and when by the lesson's own clock; sessions in their order, apart."""
    assert (
        "Algebra\n2026-11-23 17:00 (Europe/Berlin)\n\n"
        "[17:02:00] Ada: Hello\n[17:03:01] Ben: Is 2 < 3 & 4 > 1?\n\n"
        "[17:30:05] Ada: We are back\n"
    ) == write(TWO_SESSIONS, Format.TEXT)


def test_subtitles_are_webvtt() -> None:
    """Times count from the first session's start, also in the second; speakers are voices."""
    assert (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v Ada>Hello\n\n"
        "00:01:01.250 --> 00:01:02.250\n<v Ben>Is 2 &lt; 3 &amp; 4 &gt; 1?\n\n"
        "00:28:05.000 --> 00:28:06.000\n<v Ada>We are back\n"
    ) == write(TWO_SESSIONS, Format.SUBTITLES)


def test_data_is_for_programs() -> None:
    """Instants with their offset, seconds as numbers, text as it was."""
    told = json.loads(write(TWO_SESSIONS, Format.DATA))

    assert ["s2", "s30"] == [session["id"] for session in told["sessions"]]
    assert {
        "at": "2026-11-23T16:03:01.250000+00:00",
        "start_seconds": 61.25,
        "end_seconds": 62.25,
        "speaker": "Ben",
        "text": "Is 2 < 3 & 4 > 1?",
    } == told["sessions"][0]["lines"][1]


@pytest.mark.parametrize(
    ("seconds", "stamp"), [(0.0004, "00:00:00.000"), (3599.999, "00:59:59.999"), (360_000, "100:")]
)
def test_hours_are_always_written(seconds: float, stamp: str) -> None:
    """Also none, and more than two digits of them."""
    assert f"\n\n{stamp}" in write(make_transcript((0, [make_line(seconds, "x")])), Format.SUBTITLES)


@given(TRANSCRIPTS)
def test_subtitles_hold_each_line_once_and_nothing_else(transcript: Transcript) -> None:
    """Read as the standard reads it: blocks between empty lines, each a time and one line of text that was said."""
    head, *blocks = write(transcript, Format.SUBTITLES).removesuffix("\n").split("\n\n")

    assert "WEBVTT" == head
    said = [line for part in transcript.parts for line in part.lines]
    read = []
    for block in blocks:
        stamp, payload = block.split("\n")
        assert CUE.fullmatch(stamp)
        assert "-->" not in payload
        voice, text = re.fullmatch(r"<v ([^<>]+)>([^<>]*)", payload).groups()  # type: ignore[union-attr]
        read.append((html.unescape(voice), html.unescape(text)))
    assert sorted((clean(line.speaker) or "?", clean(line.text)) for line in said) == sorted(read)


@given(TRANSCRIPTS)
def test_cues_come_by_their_start_and_end_after_it(transcript: Transcript) -> None:
    """Whatever order and whatever ends the service told."""
    cues = [[int(part) for part in found] for found in CUE.findall(write(transcript, Format.SUBTITLES))]

    starts, ends = [cue[:4] for cue in cues], [cue[4:] for cue in cues]
    assert sorted(starts) == starts
    assert all(start < end for start, end in zip(starts, ends, strict=True))


@given(TRANSCRIPTS)
def test_text_has_one_line_for_each_that_was_said(transcript: Transcript) -> None:
    """Nothing that was said makes a line of its own."""
    lines = write(transcript, Format.TEXT).splitlines()

    assert sum(len(part.lines) for part in transcript.parts) == sum(line.startswith("[") for line in lines)
    assert 2 + len(transcript.parts) + sum(len(part.lines) for part in transcript.parts) == len(lines)


@given(TRANSCRIPTS)
def test_data_comes_back_as_it_was(transcript: Transcript) -> None:
    """A round trip of every session, speaker and text."""
    told = json.loads(write(transcript, Format.DATA))

    for part, session in zip(transcript.parts, told["sessions"], strict=True):
        assert part.started_at.isoformat() == session["started_at"]
        assert [(one.speaker, one.text) for one in part.lines] == [
            (one["speaker"], one["text"]) for one in session["lines"]
        ]
        assert [one.starts for one in part.lines] == [one["start_seconds"] * SECOND for one in session["lines"]]


def test_a_files_name_says_when_and_nothing_that_people_wrote() -> None:
    """A title is no part of it: it could hold anything."""
    assert "transcript-2026-11-23-1700.vtt" == name_file(TWO_SESSIONS, Format.SUBTITLES)
