"""What a lesson leaves at the room service: awaited, found, stored once, or in the end called missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot import collecting, lifecycle
from bot.clock import SystemClock
from bot.collecting import FIRST_PAUSE, LONGEST_PAUSE, Collector, next_pause
from bot.errors import RoomServiceDown, RoomServiceRefused
from bot.rooms.base import Audience, Capabilities, Happening, Line, Session, SessionEvent
from bot.rooms.registry import RoomServices
from bot.sandbox.clock import MovableClock
from storage.records import CardKind, HeldSession, Lesson, NoticeKind, NoticeState, Produced
from storage.store import Transaction
from tests.bot.lessons_in_store import StoredSchool
from tests.bot.told_rooms import ToldRooms
from tests.records import ENDS_AT, STARTS_AT, make_card, make_totals

MINUTE = timedelta(minutes=1)
ALL = Capabilities(attendance=True, recording=True, transcript=True, shortest_transcript=150 * timedelta(seconds=1))
SAID = (
    Line(starts=timedelta(seconds=1), ends=timedelta(seconds=3), speaker="Ada", who="p-Ada", text="Hello"),
    Line(starts=timedelta(seconds=4), ends=timedelta(seconds=5), speaker="Ben", who=None, text="Hi"),
)


def meet(
    session_id: str = "s1", *, whom: str = "Ada Ben", starts_at: datetime = STARTS_AT, minutes: int = 60, **more: Any
) -> Session:
    """A session of these people."""
    return Session(
        session_id=session_id,
        started_at=starts_at,
        ended_at=starts_at + minutes * MINUTE,
        events=tuple(
            SessionEvent(id=who, happening=Happening.JOINED, who=f"p-{who}", connection=who, at=starts_at)
            for who in whom.split()
        ),
        **more,
    )


class Ended:
    """A lesson of Ada with Ben that has ended, recorded and transcribed unless told, and what is collected of it."""

    def __init__(self, stored: StoredSchool, lesson: Lesson, capabilities: Capabilities) -> None:
        self.stored = stored
        self.lesson = lesson
        self.rooms = ToldRooms(capabilities)
        self.clock = MovableClock(ENDS_AT, is_frozen=True, machine=SystemClock())
        self.collector = Collector(
            store=stored.store, services=RoomServices([self.rooms]), clock=self.clock, audiences=(Audience.TEACHER,)
        )

    async def end(self, *sessions: Session, is_known: bool = True) -> None:
        self.rooms.sessions = list(sessions)
        details = await self.stored.details(self.lesson)

        def work(tx: Transaction) -> None:
            totals = make_totals(self.lesson)
            lifecycle.end(tx, details, events=[], totals=totals, attendance=[], now=ENDS_AT)
            told = sessions if is_known else ()
            capabilities = self.rooms.capabilities
            collecting.begin(tx, details, told, capabilities=capabilities, is_known=is_known, now=ENDS_AT)
            owed = tx.notices.list_for_lesson(self.lesson.workspace_id, self.lesson.id)
            notice = next(one for one in owed if one.kind is NoticeKind.SUMMARY)
            tx.cards.insert(make_card(notice, CardKind.SUMMARY))

        await self.stored.write(work)

    async def look(self, *, attempts: int = 1) -> datetime | None:
        [notice] = await self.stored.notices(self.lesson, NoticeKind.COLLECT)
        return await self.collector.look(replace(notice, attempts=attempts), await self.stored.details(self.lesson))

    async def held(self) -> dict[str, HeldSession]:
        found = await self.stored.store.read(
            lambda tx: tx.sessions.list_for_lesson(self.lesson.workspace_id, self.lesson.id)
        )
        return {one.session_id: one for one in found}

    async def said(self) -> list[str]:
        lines = await self.stored.store.read(
            lambda tx: tx.sessions.list_lines(self.lesson.workspace_id, self.lesson.id)
        )
        return [line.text for line in lines]

    async def billed(self) -> timedelta | None:
        totals = (await self.stored.details(self.lesson)).totals
        return totals.billable if totals else None

    async def redraws(self) -> int:
        """How often the summary was wanted anew."""
        cards = await self.stored.store.read(
            lambda tx: tx.cards.list_for_lesson(self.lesson.workspace_id, self.lesson.id)
        )
        return sum(card.revision_wanted for card in cards if card.kind is CardKind.SUMMARY)


async def make_ended(stored: StoredSchool, *, capabilities: Capabilities = ALL, **changes: Any) -> Ended:
    lesson = await stored.book(stored.ben)
    lesson = replace(lesson, **{"is_recorded": True, "is_transcribed": True, **changes})
    details = await stored.details(lesson)

    def launch(tx: Transaction) -> None:
        tx.lessons.update_room(replace(details.room, room_id="space-1"))
        tx.lessons.update(lesson)

    await stored.write(launch)
    return Ended(stored, lesson, capabilities)


@pytest.fixture
async def ended(stored: StoredSchool) -> Ended:
    return await make_ended(stored)


async def test_everything_is_found_and_the_summary_drawn_anew(ended: Ended) -> None:
    """Recording noted, never its address; transcript stored in order; the service's own words kept; then it is done."""
    await ended.end(meet())
    ended.rooms.recordings["s1"] = "https://recording.example/secret"
    ended.rooms.transcripts["s1"] = SAID
    ended.rooms.sessions = [meet(summary="They greeted each other.")]

    assert await ended.look() is None

    held = (await ended.held())["s1"]
    assert (Produced.READY, Produced.READY) == (held.recording, held.transcript)
    assert ended.clock.now() == held.transcript_at
    assert "They greeted each other." == held.summary
    assert ["Hello", "Hi"] == await ended.said()
    assert "secret" not in repr(held)
    assert 1 == await ended.redraws()


async def test_what_is_not_ready_is_asked_for_ever_more_rarely(ended: Ended) -> None:
    """From five minutes to half a day; the summary is not drawn again for nothing."""
    await ended.end(meet())

    due = [await ended.look(attempts=attempts) for attempts in (1, 2, 3, 30)]

    assert [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, LONGEST_PAUSE] == [at - ENDS_AT for at in due if at]
    assert Produced.AWAITED == (await ended.held())["s1"].recording
    assert 0 == await ended.redraws()
    assert sum((next_pause(attempts) for attempts in range(1, 25)), timedelta()) > timedelta(days=7)


async def test_only_what_is_still_awaited_is_asked_for(ended: Ended) -> None:
    """The transcript came first; the session is settled once."""
    await ended.end(meet(summary="Known at once"))
    ended.rooms.transcripts["s1"] = SAID
    await ended.look()
    ended.rooms.asked_afterwards.clear()

    await ended.look(attempts=2)

    assert [("recording", "s1")] == ended.rooms.asked_afterwards
    assert [("s1", "Algebra", (Audience.TEACHER,))] == ended.rooms.settled
    assert ["Hello", "Hi"] == await ended.said()


async def test_after_a_week_what_is_not_there_is_missing(ended: Ended) -> None:
    """Also when the service is down just then; nothing is asked any more."""
    await ended.end(meet())
    ended.clock.move_to(ENDS_AT + timedelta(days=7) - MINUTE)
    assert ENDS_AT + timedelta(days=7) == await ended.look(attempts=20)

    ended.clock.move_to(ENDS_AT + timedelta(days=7))
    ended.rooms.is_down = True
    assert await ended.look(attempts=21) is None

    held = (await ended.held())["s1"]
    assert (Produced.MISSING, Produced.MISSING) == (held.recording, held.transcript)
    assert 1 == await ended.redraws()


@pytest.mark.parametrize(
    "session", [meet(whom="Ben"), meet(minutes=2)], ids=["somebody alone", "shorter than two and a half minutes"]
)
async def test_where_there_can_be_no_transcript_none_is_awaited(ended: Ended, session: Session) -> None:
    """Known at once, so that nobody is told to wait for it."""
    await ended.end(session)

    held = (await ended.held())["s1"]
    assert (Produced.AWAITED, Produced.MISSING) == (held.recording, held.transcript)


async def test_a_service_that_is_down_is_asked_again(ended: Ended) -> None:
    """Nothing is lost, nothing is called missing."""
    await ended.end(meet())
    ended.rooms.is_down, ended.rooms.fails_to_settle = True, RoomServiceDown("Lessonspace", "no answer")

    assert ENDS_AT + FIRST_PAUSE == await ended.look()
    held = (await ended.held())["s1"]
    assert (Produced.AWAITED, False) == (held.recording, held.is_settled)


async def test_sessions_are_found_later_where_the_end_did_not_know_them(ended: Ended) -> None:
    """The service did not answer when the lesson ended."""
    await ended.end(meet(), is_known=False)
    assert {} == await ended.held()
    ended.rooms.recordings["s1"] = "https://recording.example/secret"

    await ended.look()

    assert Produced.READY == (await ended.held())["s1"].recording


async def test_what_cannot_be_settled_is_not_tried_for_ever(ended: Ended) -> None:
    """A refusal would be one again; recording and transcript come all the same."""
    await ended.end(meet())
    ended.rooms.fails_to_settle = RoomServiceRefused("Lessonspace", "no such session", status=404)
    ended.rooms.recordings["s1"] = "https://recording.example/secret"

    await ended.look()

    held = (await ended.held())["s1"]
    assert (True, Produced.READY) == (held.is_settled, held.recording)


async def test_a_lesson_that_was_not_recorded_is_only_settled(stored: StoredSchool) -> None:
    """One request: its session gets the lesson's name. No list is read, nothing is waited for."""
    ended = await make_ended(stored, is_recorded=False, is_transcribed=False)
    await ended.end(meet())

    assert await ended.look() is None
    assert [] == ended.rooms.asked
    assert [] == ended.rooms.asked_afterwards
    assert [("s1", "Algebra", (Audience.TEACHER,))] == ended.rooms.settled


async def test_a_recording_that_only_seems_to_be_there_is_not_waited_for(stored: StoredSchool) -> None:
    """The service lists one although nothing was recorded: asked once."""
    ended = await make_ended(stored, is_recorded=False, is_transcribed=False)
    await ended.end(meet(has_recording=True))

    assert await ended.look() is None
    assert Produced.NOT_ASKED == (await ended.held())["s1"].recording


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_service_without_recordings_owes_nothing(stored: StoredSchool, *, is_known: bool) -> None:
    """Its sessions are kept all the same."""
    ended = await make_ended(stored, capabilities=Capabilities(attendance=True))
    await ended.end(meet(), is_known=is_known)

    assert [] == await stored.notices(ended.lesson, NoticeKind.COLLECT)
    assert ([Produced.NOT_ASKED] if is_known else []) == [one.recording for one in (await ended.held()).values()]


async def test_a_session_that_still_runs_waits(ended: Ended) -> None:
    """Patience ran out with somebody inside: it is neither named nor asked for before it is over."""
    await ended.end(replace(meet(), ended_at=None))

    assert await ended.look() is not None
    assert ([], []) == (ended.rooms.settled, ended.rooms.asked_afterwards)
    ended.rooms.sessions = [meet(minutes=90)]
    await ended.look()
    assert ["s1"] == [session_id for session_id, _, _ in ended.rooms.settled]


async def test_a_session_that_ran_at_the_end_is_billed_once_it_is_over(stored: StoredSchool) -> None:
    """Whole, though nothing else of it is awaited; the summary is drawn anew, once."""
    ended = await make_ended(stored, is_recorded=False, is_transcribed=False)
    await ended.end(replace(meet(), ended_at=None, billable=60 * MINUTE))
    assert await ended.look() is not None
    drawn = await ended.redraws()

    ended.rooms.sessions = [replace(meet(minutes=90), billable=90 * MINUTE)]
    assert await ended.look() is None
    assert (90 * MINUTE, drawn + 1) == (await ended.billed(), await ended.redraws())
    await ended.look()
    assert (90 * MINUTE, drawn + 1) == (await ended.billed(), await ended.redraws())


async def test_a_report_that_it_is_ready_makes_the_look_due(ended: Ended) -> None:
    """Now instead of in hours; where the work was done, it is done once more."""
    await ended.end(meet())
    lesson, soon = ended.lesson, ENDS_AT + MINUTE

    await ended.stored.write(lambda tx: collecting.hasten(tx, lesson.workspace_id, lesson.id, now=soon))
    [notice] = await ended.stored.notices(lesson, NoticeKind.COLLECT)
    assert soon == notice.due_at

    await ended.stored.write(
        lambda tx: tx.notices.drop_waiting(lesson.workspace_id, lesson.id, kinds=[NoticeKind.COLLECT], reason="tested")
    )
    await ended.stored.write(lambda tx: collecting.hasten(tx, lesson.workspace_id, lesson.id, now=soon))
    states = [one.state for one in await ended.stored.notices(lesson, NoticeKind.COLLECT)]
    assert [NoticeState.DROPPED, NoticeState.WAITING] == sorted(states)


async def test_a_report_before_the_end_is_nothing_yet(ended: Ended) -> None:
    """The end brings the work."""
    lesson = ended.lesson
    await ended.stored.write(lambda tx: collecting.hasten(tx, lesson.workspace_id, lesson.id, now=ENDS_AT))

    assert [] == await ended.stored.notices(lesson, NoticeKind.COLLECT)


async def test_a_reported_summary_is_kept_and_not_lost_again(ended: Ended) -> None:
    """The service's list may not have it; twice the same draws the summary once."""
    await ended.end(meet())
    lesson = ended.lesson
    for _ in range(2):
        await ended.stored.write(
            lambda tx: collecting.note_summary(tx, lesson.workspace_id, lesson.id, "s1", summary="They met.")
        )
    assert 1 == await ended.redraws()

    await ended.look()
    assert "They met." == (await ended.held())["s1"].summary


async def test_after_somebody_was_forgotten_nothing_more_is_taken_in(ended: Ended) -> None:
    """A transcript or a summary that is reported later would bring back what they said, or their name."""
    await ended.end(meet())
    lesson, stored = ended.lesson, ended.stored
    await stored.write(
        lambda tx: tx.notices.drop_waiting(lesson.workspace_id, lesson.id, kinds=[NoticeKind.COLLECT], reason="tested")
    )
    assert await stored.write(lambda tx: tx.forgetting.forget(lesson.workspace_id, stored.ben.id))

    await stored.write(lambda tx: collecting.hasten(tx, lesson.workspace_id, lesson.id, now=ENDS_AT + MINUTE))
    await stored.write(
        lambda tx: collecting.note_summary(tx, lesson.workspace_id, lesson.id, "s1", summary="Ben met Ada.")
    )

    assert [NoticeState.DROPPED] == [one.state for one in await stored.notices(lesson, NoticeKind.COLLECT)]
    assert None is (await ended.held())["s1"].summary


async def test_a_summary_that_is_reported_during_the_look_stays(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read before is not written over it."""
    await ended.end(meet())
    lesson = ended.lesson

    async def report(session_id: str) -> None:
        await ended.stored.write(
            lambda tx: collecting.note_summary(tx, lesson.workspace_id, lesson.id, session_id, summary="They met.")
        )

    monkeypatch.setattr(ended.rooms, "fetch_recording", report)
    await ended.look()

    assert "They met." == (await ended.held())["s1"].summary
