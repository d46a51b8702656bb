"""What is handed out of a session that is over: its recording, its transcript, its summary, and where to fetch them.

An address opens for whoever holds it, and only for a while. Every question makes a new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from bot.sandbox.lessonspace.meetings import SpaceSession, Utterance

SECONDS_PER_WORD = 0.4


class Kind(StrEnum):
    """What an address gives."""

    RECORDING = "recordings"
    TRANSCRIPT = "transcripts"


@dataclass(frozen=True, kw_only=True)
class _Handout:
    kind: Kind
    session_id: str
    closes_at: datetime | None  # None: never


class Handouts:
    """Addresses that were given out, by the secret part of each."""

    def __init__(self) -> None:
        self._given: dict[str, _Handout] = {}
        self.recording_lives: timedelta | None = timedelta(hours=3)
        """Of a recording's address, as newer pages say; None: as long as the recording itself, as older ones do."""

    def give_recording(self, session_id: str, now: datetime) -> str:
        """The secret part of a fresh address of the recording."""
        lives = self.recording_lives
        return self._give(Kind.RECORDING, session_id, now + lives if lives is not None else None)

    def give_transcript(self, session_id: str, now: datetime, *, lives: timedelta) -> str:
        """The same of the transcript."""
        return self._give(Kind.TRANSCRIPT, session_id, now + lives)

    def list_tokens(self) -> list[str]:
        """The secret part of every address that was given out."""
        return list(self._given)

    def open(self, kind: Kind, token: str, now: datetime) -> str | None:
        """The session whose it is; None when the address never was one, or is one no longer."""
        given = self._given.get(token)
        if given is None or given.kind is not kind or (given.closes_at is not None and now >= given.closes_at):
            return None
        return given.session_id

    def _give(self, kind: Kind, session_id: str, closes_at: datetime | None) -> str:
        token = uuid4().hex + uuid4().hex
        self._given[token] = _Handout(kind=kind, session_id=session_id, closes_at=closes_at)
        return token


def build_transcript(session: SpaceSession) -> list[dict[str, Any]]:
    """The transcript's file: what was said; a word of greeting from each where nobody said anything."""
    return [
        {
            "start_time": (line.at - session.started_at) / timedelta(seconds=1),
            "end_time": (line.at - session.started_at) / timedelta(seconds=1) + _measure(line.text),
            "user": {"id": line.person.user_id or line.person.guest_id, "name": line.person.name},
            "breakout_id": None,
            "text": line.text,
        }
        for line in session.said or _greet(session)
    ]


def build_summary(session: SpaceSession) -> str:
    """A short text about it."""
    names = [person.name for person in session.list_people()]
    minutes = int((session.ended_at or session.started_at).timestamp() - session.started_at.timestamp()) // 60
    topic = f" It began with: “{session.said[0].text}”" if session.said else ""
    return f"{', '.join(names[:-1])} and {names[-1]} met for {minutes} minutes.{topic}"


def _greet(session: SpaceSession) -> Iterator[Utterance]:
    came_at = {c.ticket.person.key: c.joined_at for c in reversed(session.connections)}
    for person in session.list_people():
        yield Utterance(at=came_at[person.key], person=person, text=f"Hello, this is {person.name}.")


def _measure(text: str) -> float:
    return round(max(1, len(text.split())) * SECONDS_PER_WORD, 2)
