"""Asking for what a lesson left: who is admitted, what they are given, and what stands in the audit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import recordings
from bot.errors import NotAllowed, Outdated
from bot.recordings import Asking, Found, Reading
from bot.watchers import Watchers
from storage.records import HeldSession, Lesson, LessonState, Person, Produced, TranscriptLine
from storage.store import Transaction
from tests.bot.lessons_in_store import StoredSchool
from tests.records import ENDS_AT, STARTS_AT

MINUTE = timedelta(minutes=1)


def make_session(lesson: Lesson, session_id: str = "s1", *, minute: int = 0, **changes: Any) -> HeldSession:
    values: dict[str, Any] = {
        "workspace_id": lesson.workspace_id,
        "lesson_id": lesson.id,
        "session_id": session_id,
        "started_at": lesson.starts_at + minute * MINUTE,
        "ended_at": lesson.ends_at,
        "recording": Produced.READY,
        "transcript": Produced.READY,
        "transcript_at": ENDS_AT,
    }
    return HeldSession(**{**values, **changes})


def make_lines(session: HeldSession, *texts: str) -> list[TranscriptLine]:
    return [
        TranscriptLine(
            workspace_id=session.workspace_id,
            lesson_id=session.lesson_id,
            session_id=session.session_id,
            position=position,
            starts=position * MINUTE,
            ends=position * MINUTE,
            speaker="Ben",
            text=text,
        )
        for position, text in enumerate(texts)
    ]


class Left:
    """A lesson of Ada with Ben that Olga booked, over, with a recording and a transcript of two sessions."""

    def __init__(self, stored: StoredSchool, lesson: Lesson) -> None:
        self.stored = stored
        self.lesson = lesson
        self.policy = stored.policy

    def ask(self, person: Person, session_id: str | None = "s1") -> Asking:
        return Asking(
            workspace_id=self.lesson.workspace_id,
            lesson_id=self.lesson.id,
            user_id=person.user_id,
            session_id=session_id,
            policy=self.policy,
            now=ENDS_AT,
        )

    async def watch(self, person: Person, session_id: str = "s1") -> HeldSession:
        asking = self.ask(person, session_id)
        watching = await self.stored.write(lambda tx: recordings.watch(tx, asking))
        return watching.session

    async def read(self, person: Person, session_id: str | None = "s1") -> Reading:
        asking = self.ask(person, session_id)
        return await self.stored.write(lambda tx: recordings.read_transcript(tx, asking))

    async def search(self, person: Person, *words: str, offset: int = 0, limit: int = 10) -> Found:
        return await self.stored.write(
            lambda tx: recordings.search(
                tx,
                self.lesson.workspace_id,
                words,
                user_id=person.user_id,
                policy=self.policy,
                offset=offset,
                limit=limit,
            )
        )

    async def actions(self) -> list[tuple[str, str | None]]:
        entries = await self.stored.store.read(
            lambda tx: tx.audit.list_for_lesson(self.lesson.workspace_id, self.lesson.id)
        )
        return [(one.action, one.actor) for one in entries if one.action != "booked"]


@pytest.fixture
async def left(stored: StoredSchool) -> Left:
    lesson = await stored.book(stored.ben, by=stored.olga)

    def work(tx: Transaction) -> None:
        tx.lessons.update(replace(lesson, state=LessonState.ENDED, ended_at=ENDS_AT))
        first, second = make_session(lesson), make_session(lesson, "s2", minute=30)
        tx.sessions.save([first, second])
        for session, texts in ((first, ["Hello", "one half"]), (second, ["Back again, half done"])):
            tx.sessions.save_transcript(lesson.workspace_id, lesson.id, session.session_id, make_lines(session, *texts))

    await stored.write(work)
    return Left(stored, lesson)


async def test_a_leader_watches_and_reads_and_that_is_noted(left: Left) -> None:
    """Who and that they did; no address, no word of what was said."""
    ada = left.stored.ada

    assert "s1" == (await left.watch(ada)).session_id
    reading = await left.read(ada)
    assert [["Hello", "one half"]] == [[line.text for line in part.lines] for part in reading.transcript.parts]
    assert [("watched", ada.id), ("transcript_read", ada.id)] == await left.actions()


async def test_nobody_else_does_and_nothing_is_noted(left: Left) -> None:
    """Neither who learns nor who booked; nor somebody whom nobody knows, nor of a lesson that there is not."""
    stranger = replace(left.stored.cleo, user_id="U0STRANGER")
    for person in (left.stored.ben, left.stored.olga, left.stored.cleo, stranger):
        with pytest.raises(NotAllowed, match="watch"):
            await left.watch(person)
        with pytest.raises(NotAllowed, match="transcript"):
            await left.read(person)
    assert [] == await left.actions()
    left.lesson = replace(left.lesson, id=left.lesson.room)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed):
        await left.watch(left.stored.ada)


async def test_participants_watch_where_the_workspace_lets_them(left: Left) -> None:
    """Watch, not read; and where only admins may, a leader does not."""
    left.policy = replace(left.policy, watchers=Watchers.PARTICIPANTS)
    await left.watch(left.stored.ben)
    with pytest.raises(NotAllowed):
        await left.read(left.stored.ben)

    left.policy = replace(left.policy, watchers=Watchers.ADMINS)
    with pytest.raises(NotAllowed):
        await left.watch(left.stored.ada)
    left.policy = replace(left.policy, admin_ids=frozenset({left.stored.olga.user_id}))
    await left.watch(left.stored.olga)
    await left.read(left.stored.olga)


async def test_what_is_gone_is_out_of_date(left: Left) -> None:
    """A button on an old message: of a session that is not kept, of a transcript that was erased."""
    ada, lesson = left.stored.ada, left.lesson
    with pytest.raises(Outdated):
        await left.watch(ada, "s3")
    await left.stored.write(lambda tx: tx.sessions.save([make_session(lesson, recording=Produced.MISSING)]))
    with pytest.raises(Outdated):
        await left.watch(ada)
    await left.stored.write(lambda tx: tx.sessions.erase_transcripts(lesson.workspace_id, lesson.id))
    with pytest.raises(Outdated):
        await left.read(ada)


async def test_all_sessions_come_in_their_order(left: Left) -> None:
    """One transcript of the whole lesson, in the reader's own zone."""
    transcript = (await left.read(left.stored.ada, None)).transcript

    assert [STARTS_AT, STARTS_AT + 30 * MINUTE] == [part.started_at for part in transcript.parts]
    assert left.stored.ada.zone == transcript.zone


async def test_a_search_stays_within_what_somebody_leads(left: Left) -> None:
    """Admins find all; who learns or booked finds nothing, even what they said."""
    found = await left.search(left.stored.ada, "HALF")
    assert ["one half", "Back again, half done"] == [hit.line.text for hit in found.hits]
    assert [STARTS_AT + MINUTE, STARTS_AT + 30 * MINUTE] == [hit.said_at for hit in found.hits]
    for person in (left.stored.ben, left.stored.olga, replace(left.stored.cleo, user_id="U0STRANGER")):
        assert () == (await left.search(person, "half")).hits

    left.policy = replace(left.policy, admin_ids=frozenset({left.stored.olga.user_id}))
    assert 2 == len((await left.search(left.stored.olga, "half")).hits)


async def test_a_search_goes_on_where_the_page_ended(left: Left) -> None:
    """And says whether there is more."""
    first, second = [await left.search(left.stored.ada, "half", offset=offset, limit=1) for offset in (0, 1)]

    assert (["one half"], True) == ([hit.line.text for hit in first.hits], first.has_more)
    assert (["Back again, half done"], False) == ([hit.line.text for hit in second.hits], second.has_more)
