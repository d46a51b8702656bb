"""A room service that tells what it was told to tell, for tests of what is made of its answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from bot.errors import RoomServiceDown, RoomServiceError
from bot.rooms.base import (
    AccountCheck,
    Audience,
    Capabilities,
    Happening,
    Launch,
    LaunchRequest,
    Line,
    LiveSession,
    NothingAfterwards,
    Session,
    SessionEvent,
)


class ToldRooms(NothingAfterwards):
    """A room service that tells what it was told to tell."""

    name = "lessonspace"
    shown_name = "Lessonspace"

    def __init__(self, capabilities: Capabilities | None = None) -> None:
        self.capabilities = capabilities or Capabilities(attendance=True)
        self.closed: list[tuple[str, str | None]] = []  # with the region
        self.fails_to_close: RoomServiceError | None = None
        self.sessions: list[Session] = []
        self.is_down = False
        self.asked: list[tuple[str, datetime, datetime]] = []
        self.recordings: dict[str, str] = {}
        self.transcripts: dict[str, tuple[Line, ...]] = {}
        self.asked_afterwards: list[tuple[str, str]] = []  # what for, and of which session
        self.settled: list[tuple[str, str, Sequence[Audience] | None]] = []
        self.fails_to_settle: RoomServiceError | None = None

    async def list_sessions(self, room_id: str, *, overlaps_from: datetime, overlaps_until: datetime) -> list[Session]:
        self.asked.append((room_id, overlaps_from, overlaps_until))
        if self.is_down:
            raise RoomServiceDown("Lessonspace", "no answer")
        return self.sessions

    async def list_live_sessions(self) -> list[LiveSession]:
        raise AssertionError("nobody who only reads and closes rooms asks for this")

    async def launch(self, request: LaunchRequest) -> Launch:
        raise AssertionError("nobody who only reads and closes rooms asks for this")

    async def close_room(self, room_id: str, *, region: str | None = None) -> None:
        if self.fails_to_close is not None:
            raise self.fails_to_close
        self.closed.append((room_id, region))

    async def fetch_recording(self, session_id: str) -> str | None:
        self.asked_afterwards.append(("recording", session_id))
        if self.is_down:
            raise RoomServiceDown("Lessonspace", "no answer")
        return self.recordings.get(session_id)

    async def fetch_transcript(self, session_id: str) -> tuple[Line, ...] | None:
        self.asked_afterwards.append(("transcript", session_id))
        if self.is_down:
            raise RoomServiceDown("Lessonspace", "no answer")
        return self.transcripts.get(session_id)

    async def settle_session(self, session_id: str, *, name: str, audiences: Sequence[Audience] | None) -> None:
        if self.fails_to_settle is not None:
            raise self.fails_to_settle
        self.settled.append((session_id, name, audiences))

    async def check_account(self) -> AccountCheck:
        raise AssertionError("nobody who only reads and closes rooms asks for this")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def meet(who: str, joined_at: datetime, left_at: datetime | None) -> Session:
    """One person's session."""
    events = [SessionEvent(id="1", happening=Happening.JOINED, who=who, connection="c1", at=joined_at)]
    if left_at is not None:
        events.append(SessionEvent(id="2", happening=Happening.LEFT, who=who, connection="c1", at=left_at))
    return Session(session_id="s1", started_at=joined_at, ended_at=left_at, events=tuple(events))
