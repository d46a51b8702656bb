"""A transcript as a file: plain text to read, WebVTT to go with the recording, JSON for other programs. Pure.

Sessions come in the order in which they were held. In text and JSON each line says when it was said, by the clock; in
WebVTT times count from the start of the first session, as its standard wants. Speakers and text come from outside:
nothing in them can become a line, a cue or a tag of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from storage.records import Record

MILLISECOND = timedelta(milliseconds=1)


class Format(StrEnum):
    """What kind of file; the value is how its name ends."""

    TEXT = "txt"
    SUBTITLES = "vtt"
    DATA = "json"


class Said(Protocol):
    """Something said, as it is stored (`TranscriptLine`) or as a room service tells it. Times count from the start."""

    @property
    def starts(self) -> timedelta: ...
    @property
    def ends(self) -> timedelta: ...
    @property
    def speaker(self) -> str: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Part(Record):
    """What was said in one session."""

    session_id: str
    started_at: datetime
    lines: tuple[Said, ...]


@dataclass(frozen=True, kw_only=True)
class Transcript(Record):
    """What was said in a lesson. `zone` is an IANA name: where its times are read."""

    title: str
    starts_at: datetime
    zone: str
    parts: tuple[Part, ...]


def write(transcript: Transcript, form: Format) -> str:
    """The whole file; it ends with a line break."""
    match form:
        case Format.TEXT:
            return _write_text(transcript)
        case Format.SUBTITLES:
            return _write_subtitles(transcript)
        case Format.DATA:
            return _write_data(transcript)


def name_file(transcript: Transcript, form: Format) -> str:
    """ "transcript-2026-11-23-1600.txt": the day and time in the lesson's zone, and nothing that people wrote."""
    starts_at = transcript.starts_at.astimezone(ZoneInfo(transcript.zone))
    return f"transcript-{starts_at:%Y-%m-%d-%H%M}.{form}"


def clean(text: str) -> str:
    """On one line, without what does not print: whatever breaks a line, and control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def _write_text(transcript: Transcript) -> str:
    zone = ZoneInfo(transcript.zone)
    found = [clean(transcript.title), f"{transcript.starts_at.astimezone(zone):%Y-%m-%d %H:%M} ({transcript.zone})"]
    for part in transcript.parts:
        found.append("")
        for line in part.lines:
            said_at = (part.started_at + line.starts).astimezone(zone)
            found.append(f"[{said_at:%H:%M:%S}] {clean(line.speaker)}: {clean(line.text)}")
    return "\n".join(found) + "\n"


def _write_subtitles(transcript: Transcript) -> str:
    """WebVTT, https://www.w3.org/TR/webvtt1/: cues by start, each ending after it began."""
    return "\n\n".join(["WEBVTT", *_write_cues(transcript.parts)]) + "\n"


def _write_cues(parts: Sequence[Part]) -> Iterator[str]:
    cues = []
    for part in parts:
        offset = part.started_at - parts[0].started_at
        for line in part.lines:
            starts = max(offset + line.starts, timedelta(0))
            ends = max(offset + line.ends, starts + MILLISECOND)  # a cue without length is none
            cues.append((starts, ends, line))
    # Sessions may overlap for a moment, and a service may tell lines out of order; sorting is stable.
    for starts, ends, line in sorted(cues, key=lambda cue: cue[0]):
        yield f"{_stamp(starts)} --> {_stamp(ends)}\n<v {_tag(line.speaker)}>{_payload(line.text)}"


def _stamp(offset: timedelta) -> str:
    """ "01:02:03.456". Hours always: players disagree about leaving them out."""
    milliseconds = offset // MILLISECOND
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    seconds, milliseconds = divmod(rest, 1000)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}"


def _payload(text: str) -> str:
    """Cue text: `<` and `&` would begin a tag or an entity, `>` would complete an arrow."""
    return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _tag(speaker: str) -> str:
    """A voice tag's annotation, which ends at `>`. Never empty: the standard wants one."""
    return _payload(speaker) or "?"


def _write_data(transcript: Transcript) -> str:
    told = {
        "title": transcript.title,
        "starts_at": transcript.starts_at.isoformat(),
        "sessions": [
            {
                "id": part.session_id,
                "started_at": part.started_at.isoformat(),
                "lines": [_describe(part, line) for line in part.lines],
            }
            for part in transcript.parts
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _describe(part: Part, line: Said) -> dict[str, str | float]:
    return {
        "at": (part.started_at + line.starts).isoformat(),
        "start_seconds": line.starts.total_seconds(),
        "end_seconds": line.ends.total_seconds(),
        "speaker": line.speaker,
        "text": line.text,
    }
