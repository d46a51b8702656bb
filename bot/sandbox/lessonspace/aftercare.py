"""What is made of a session once it is over, and how long that takes: recording, transcript, summary. Pure.

It makes nothing: it only says when each of them will be there, or that it never will.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.lessonspace.meetings import Occurrence, SpaceSession


@dataclass(kw_only=True)
class Aftercare:
    """How long it takes, from a session's end on, until there is something to see or read. To be set by tests."""

    recording_delay: timedelta = timedelta(0)
    transcript_delay: timedelta = timedelta(minutes=10)
    summary_delay: timedelta = timedelta(minutes=2)
    """After the transcript."""
    longer_than: timedelta = timedelta(seconds=300)
    """Sessions up to this get no transcript and no summary. Older pages say 150 s."""

    def promise(self, session: SpaceSession, settings: Mapping[str, bool], ended_at: datetime) -> list[Occurrence]:
        """Write into a session that is over when each will be there; what of it is told when the time comes.

        The space's settings count as they are now: a launch that switched the transcript off again, did so.
        """
        if session.has_av or session.has_content:
            session.recorded_at = ended_at + self.recording_delay
        is_long = session.measure(ended_at) > self.longer_than
        is_eligible = session.has_av and is_long and len(session.list_people()) > 1
        if not is_eligible or not settings.get("transcribe"):
            return []
        session.transcript_at = ended_at + self.transcript_delay
        told = [Occurrence(event="transcription.finish", at=session.transcript_at, session=session)]
        if settings.get("summarise"):
            session.summary_at = session.transcript_at + self.summary_delay
            told.append(Occurrence(event="summary.finish", at=session.summary_at, session=session))
        return told
