"""Housekeeping: what is past its time goes, all of it and nothing else, while the bot goes on working."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from bot.keeping import LISTED, Housekeeper
from bot.retention import Retention
from storage.records import (
    CardKind,
    HeldSession,
    Lesson,
    LessonState,
    NoticeKind,
    NoticeState,
    Produced,
    TranscriptLine,
)
from storage.store import Kept, Transaction
from tests.bot.lessons_in_store import StoredSchool
from tests.records import (
    NOW,
    make_attendance,
    make_audit_entry,
    make_card,
    make_event,
    make_notice,
    make_room,
    make_totals,
)

DAY = timedelta(days=1)
YEARS = 2 * 365 * DAY


@dataclass(frozen=True, kw_only=True)
class Clocks:
    """Both clocks, standing still."""

    lesson: datetime
    machine: datetime

    def now(self) -> datetime:
        return self.lesson

    def machine_now(self) -> datetime:
        return self.machine

    def on_move(self, wake: Callable[[], None]) -> None:
        """They never move."""


def keep(stored: StoredSchool, *, after: timedelta, retention: Retention | None = None) -> Housekeeper:
    """The housekeeper, so long after the lessons of this module."""
    clock = Clocks(lesson=NOW + after, machine=NOW + after)
    return Housekeeper(store=stored.store, clock=clock, retention=retention or Retention(), pause_seconds=0)


async def hold(stored: StoredSchool) -> Lesson:
    """A lesson with a transcript and a summary in Slack, long over; nothing is owed of it."""
    lesson = await stored.book()
    seats = (await stored.details(lesson)).seats
    summary = make_notice(lesson, stored.ada, kind=NoticeKind.SUMMARY, occasion="end", state=NoticeState.SENT)
    session = HeldSession(
        workspace_id=lesson.workspace_id, lesson_id=lesson.id, session_id="s1", started_at=lesson.starts_at,
        transcript=Produced.READY, summary="Fractions."
    )  # fmt: skip
    zero = timedelta(0)
    line = TranscriptLine(
        workspace_id=lesson.workspace_id, lesson_id=lesson.id, session_id="s1", position=0, starts=zero, ends=zero,
        speaker="Ben", text="words",
    )  # fmt: skip

    def work(tx: Transaction) -> None:
        key = (lesson.workspace_id, lesson.id)
        tx.lessons.update(replace(lesson, state=LessonState.ENDED))
        tx.notices.drop_waiting(*key, kinds=tuple(NoticeKind), reason="over")
        tx.notices.insert([summary])
        tx.cards.insert(make_card(summary, CardKind.SUMMARY))
        tx.attendance.add_events([make_event(lesson)])
        tx.attendance.save(make_totals(lesson), [make_attendance(lesson, seat.participant) for seat in seats])
        tx.sessions.save([session])
        tx.sessions.save_transcript(*key, "s1", [line])
        tx.audit.add(make_audit_entry(lesson))

    await stored.write(work)
    return lesson


async def test_each_part_goes_in_its_time(stored: StoredSchool) -> None:
    """A month, a term, two years; and each time a second look finds nothing more."""
    await hold(stored)
    told = []
    for days in (8, 31, 91, 731):
        # What was to be redrawn without the transcript has been, by then.
        for card in await stored.store.write(
            lambda tx: tx.cards.claim(now=NOW, machine_now=NOW, limit=9, claim_id="c", lease=DAY)  # type: ignore[arg-type]
        ):
            assert card.kind is CardKind.SUMMARY
            await stored.store.write(
                lambda tx, card=card: tx.cards.finish(  # type: ignore[misc]
                    card.id, claim_id="c", shown=card.revision_wanted, due_at=None
                )
            )
        keeper = keep(stored, after=days * DAY)
        told.append(await keeper.tidy())
        assert {} == await keeper.tidy()

    assert [{}, {Kept.EVENTS: 1, Kept.PEOPLE: 2}, {Kept.TRANSCRIPTS: 1}] == told[:3]
    assert {Kept.ATTENDANCE: 2, Kept.LESSONS: 1, Kept.ROOMS: 1} == {
        kind: told[3].get(kind) for kind in (Kept.ATTENDANCE, Kept.LESSONS, Kept.ROOMS)
    }
    assert told[3][Kept.AUDIT] >= 1


async def test_a_summary_in_slack_loses_what_was_said_too(stored: StoredSchool) -> None:
    """Its card is to be drawn again, once; nobody else's."""
    lesson = await hold(stored)
    for _ in range(2):
        await keep(stored, after=91 * DAY).tidy()

    cards = await stored.store.read(lambda tx: tx.cards.list_for_lesson(stored.workspace.id, lesson.id))
    assert [(CardKind.SUMMARY, 1)] == [(card.kind, card.revision_wanted) for card in cards]


async def test_forever_is_forever(stored: StoredSchool) -> None:
    """Of the lessons; who was only ever picked goes all the same."""
    await hold(stored)
    keeper = keep(stored, after=50 * YEARS, retention=Retention(**dict.fromkeys(vars(Retention()))))

    assert set() == (await keeper.tidy()).keys() - {Kept.PEOPLE}


async def test_an_open_lesson_keeps_everything(stored: StoredSchool) -> None:
    """However long ago it should have been: the bot was away, and still owes its end."""
    lesson = await stored.book()
    before = await stored.details(lesson)
    await keep(stored, after=2 * YEARS).tidy()

    assert before == await stored.details(lesson)
    assert await stored.notices(lesson)


async def test_however_much_there_is_goes_in_one_go(stored: StoredSchool) -> None:
    """More than is listed at once, a few to each commit."""
    workspace = stored.workspace.id
    entries = [make_audit_entry(None, workspace_id=workspace) for _ in range(LISTED + 7)]

    def work(tx: Transaction) -> None:
        for entry in entries:
            tx.audit.add(entry)

    await stored.write(work)
    commits = stored.store.commit_count
    erased = await keep(stored, after=2 * YEARS).tidy()

    assert LISTED + 7 == erased[Kept.AUDIT]
    assert stored.store.commit_count - commits >= (LISTED + 7) / 100


async def test_it_may_be_cut_off_anywhere(stored: StoredSchool) -> None:
    """The next time goes on, and in the end nothing is left."""
    for _ in range(3):
        await hold(stored)
    keeper = keep(stored, after=2 * YEARS)
    for turns in range(40):
        task = asyncio.create_task(keeper.tidy())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await keeper.tidy()
    await stored.write(lambda tx: None)
    left = await stored.store.read(
        lambda tx: [tx.keeping.list_past(kind, stored.workspace.id, before=NOW + YEARS, limit=9) for kind in Kept]
    )

    assert [] == [one for one in left[:6] if one]


async def test_writers_do_not_wait_for_it(stored: StoredSchool) -> None:
    """Between any two of its commits others' have their turn: a press is answered long before the end."""
    rooms = [
        make_room(id=f"r{number}", workspace_id=stored.workspace.id, account_id=stored.policy.account_id)
        for number in range(200)
    ]

    def work(tx: Transaction) -> None:
        for room in rooms:
            tx.lessons.insert_room(room)

    await stored.write(work)
    clock = Clocks(lesson=NOW + 2 * DAY, machine=NOW)
    keeper = Housekeeper(store=stored.store, clock=clock, retention=Retention(), pause_seconds=0.01)
    task = asyncio.create_task(keeper.tidy())
    answered = 0
    while not task.done():
        await stored.write(lambda tx: tx.settings.save(stored.workspace.id, "press", {"at": 1}))
        answered += not task.done()
        await asyncio.sleep(0)

    assert 200 == (await task)[Kept.ROOMS]
    assert answered >= 200 / 20


async def test_people_whom_nobody_looked_at_for_a_month_go(stored: StoredSchool) -> None:
    """On the machine's clock, however the lesson clock stands: the names of whoever was just picked stay."""
    lesson = await stored.book()
    clock = Clocks(lesson=NOW, machine=NOW + 5 * YEARS)
    keeper = Housekeeper(store=stored.store, clock=clock, retention=Retention(), pause_seconds=0)

    def look(tx: Transaction) -> None:
        tx.people.save(replace(stored.cleo, checked_at=clock.machine_now() - 29 * DAY))
        tx.people.save(replace(stored.olga, checked_at=clock.machine_now() - 31 * DAY))

    await stored.write(look)
    assert {Kept.PEOPLE: 1} == await keeper.tidy()
    known = await stored.store.read(
        lambda tx: tx.people.list_by_user_ids(
            stored.workspace.id, [one.user_id for one in (stored.ada, stored.ben, stored.cleo, stored.olga)]
        )
    )

    assert {"Ada", "Ben", "Cleo"} == {person.name for person in known.values()}
    assert lesson.is_open


@pytest.mark.parametrize("is_final", [True, False])
async def test_a_finished_card_is_left_alone(stored: StoredSchool, is_final: bool) -> None:
    """What nobody can change any more is not asked for."""
    lesson = await hold(stored)
    (card,) = await stored.store.read(lambda tx: tx.cards.list_for_lesson(stored.workspace.id, lesson.id))

    def finish(tx: Transaction) -> None:
        tx.cards.want(stored.workspace.id, lesson.id)
        tx.cards.claim(now=NOW, machine_now=NOW, limit=9, claim_id="c", lease=DAY)  # type: ignore[arg-type]
        tx.cards.finish(card.id, claim_id="c", shown=1, due_at=None, is_final=is_final)  # type: ignore[arg-type]

    await stored.write(finish)
    await keep(stored, after=91 * DAY).tidy()
    (card,) = await stored.store.read(lambda tx: tx.cards.list_for_lesson(stored.workspace.id, lesson.id))

    assert (1 if is_final else 2) == card.revision_wanted
