"""One person is erased wherever they are named; others' lessons and everything of others stay as they were."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from storage.records import (
    FORGOTTEN_NAME,
    CardKind,
    HeldSession,
    Lesson,
    LessonState,
    NoticeKind,
    NoticeState,
    Participant,
    PersonKind,
    Produced,
    Reply,
    Role,
    TranscriptLine,
)
from storage.store import Forgotten, Transaction
from tests.records import NOW, make_attendance, make_event, make_link, make_participant, make_totals
from tests.storage.contract import School, changed, make_school
from tests.storage.test_deliveries import make_delivery

BENS, CLEOS = "user-1002", "user-1003"  # no random id holds these by accident


def line(lesson: Lesson, position: int, speaker: str, who: str | None, text: str) -> TranscriptLine:
    zero = timedelta(0)
    return TranscriptLine(
        workspace_id=lesson.workspace_id, lesson_id=lesson.id, session_id="s1", position=position, starts=zero,
        ends=zero, speaker=speaker, who=who, text=text,
    )  # fmt: skip


async def hold(school: School, **changes: Any) -> tuple[Lesson, Participant, Participant]:
    """A lesson of Ada's with Ben and Cleo that is over, and everything that it left; nothing is owed of it."""
    lesson = await school.book(school.ben, school.cleo, state=LessonState.ENDED, **changes)
    ben, cleo = await school.seat(lesson, school.ben), await school.seat(lesson, school.cleo)
    for person in (school.ben, school.cleo):
        await school.post(lesson, person)
        await school.owe(
            lesson, person, kind=NoticeKind.MOVED, state=NoticeState.SENT, conversation="D9", ts="1.2", sent_at=NOW
        )
    held = HeldSession(
        workspace_id=lesson.workspace_id, lesson_id=lesson.id, session_id="s1", started_at=lesson.starts_at,
        transcript=Produced.READY, summary="Ben did well."
    )  # fmt: skip
    said = [
        line(lesson, 0, "Ben", BENS, "mine"),
        line(lesson, 1, "Cleo", CLEOS, "hers"),
        line(lesson, 2, "Ben", None, "untold"),
        line(lesson, 3, "Zoe", None, "somebody's"),
    ]
    attendance = [
        make_attendance(lesson, ben, who=BENS, shown_name="Ben"),
        make_attendance(lesson, cleo, who=CLEOS, shown_name="Cleo"),
    ]

    def work(tx: Transaction) -> None:
        for seat, who in ((ben, BENS), (cleo, CLEOS)):
            told = changed(seat, provider_user_id=who, reply=Reply.LATE, failure="room_down")
            tx.lessons.update_participant(told)
            tx.lessons.insert_link(make_link(seat))
            tx.attendance.add_events([make_event(lesson, who=who)])
        tx.attendance.save(make_totals(lesson), attendance)
        tx.sessions.save([held])
        tx.sessions.save_transcript(lesson.workspace_id, lesson.id, "s1", said)
        for person in (school.ben, school.cleo):
            tx.settings.save(school.workspace.id, "wishes", {"reminders": False}, person_id=person.id)

    await school.store.write(work)
    return lesson, ben, cleo


async def forget(school: School) -> Forgotten | None:
    return await school.store.write(lambda tx: tx.forgetting.forget(school.workspace.id, school.ben.id))


async def test_nothing_of_them_is_left_but_a_place(school: School) -> None:
    """With role and minutes; no name, no address, nothing by which somebody else would know them again."""
    lesson, *_ = await hold(school)
    before = await school.store.read(lambda tx: tx.lessons.get_details(school.workspace.id, lesson.id))
    told = await forget(school)
    details = await school.store.read(lambda tx: tx.lessons.get_details(school.workspace.id, lesson.id))

    was, now = before.find_seat(school.ben.id), details.find_seat(school.ben.id)
    assert was
    assert now
    assert (FORGOTTEN_NAME, PersonKind.FORGOTTEN, f"forgotten:{school.ben.id}") == (
        now.person.name, now.person.kind, now.person.user_id
    )  # fmt: skip
    assert (None, None, True, None) == (
        now.person.zone, now.person.conversation, now.person.is_deactivated, now.person.checked_at
    )  # fmt: skip
    assert (Role.LEARNER, Reply.NONE, None, None) == (
        now.participant.role, now.participant.reply, now.participant.failure, now.participant.provider_user_id
    )  # fmt: skip
    assert now.attendance
    assert was.attendance
    assert (FORGOTTEN_NAME, was.participant.id) == (now.attendance.shown_name, now.attendance.who)
    assert was.attendance.present == now.attendance.present
    assert (None, None) == (now.link, now.card)
    expected = Forgotten(
        places=1, attendances=1, transcript_lines=2, summaries=1, events=1, deliveries=0, links=1, cards=1, notices=2,
        reasons=0, settings=1,
    )  # fmt: skip
    assert expected == told


async def test_everything_of_others_stays(school: School) -> None:
    """In the same lesson too."""
    lesson, *_ = await hold(school)
    key = (school.workspace.id, lesson.id)

    def look(tx: Transaction) -> list[Any]:
        details = tx.lessons.get_details(*key)
        hers = school.cleo.id
        return [
            details.find_seat(hers),
            details.leaders,
            details.totals,
            [one.text for one in tx.sessions.list_lines(*key) if one.speaker in ("Cleo", "Zoe")],
            [one for one in tx.attendance.list_events(*key) if one.who == CLEOS],
            [one for one in tx.notices.list_for_lesson(*key) if one.person_id == hers],
            [one for one in tx.cards.list_for_lesson(*key) if one.person_id == hers],
            tx.settings.find(school.workspace.id, "wishes", person_id=hers),
        ]

    before = await school.store.read(look)
    await forget(school)

    assert before == await school.store.read(look)
    assert all(before)


async def test_what_they_said_is_found_by_nobody(school: School) -> None:
    """By whom it was said where the service tells, by the shown name where it does not, but only in their lessons."""
    await hold(school)
    elsewhere = await school.book(school.dan)
    lines = [line(elsewhere, 0, "Ben", None, "another Ben"), line(elsewhere, 1, "Guest", BENS, "visiting")]
    await school.store.write(lambda tx: tx.sessions.save_transcript(school.workspace.id, elsewhere.id, "s1", lines))
    await forget(school)

    async def find(word: str) -> int:
        found = await school.store.read(
            lambda tx: tx.sessions.search_lines(school.workspace.id, [word], leader_id=None, limit=9)
        )
        return len(found)

    assert [0, 0, 0] == [await find(word) for word in ("mine", "untold", "visiting")]
    assert [1, 1, 1] == [await find(word) for word in ("hers", "somebody's", "another")]


async def test_they_are_forgotten_once(school: School) -> None:
    """A second time there is nobody; nor in another workspace, nor somebody who was never stored."""
    stranger = (await school.store.write(make_school(school.store, "T2"))).workspace.id

    assert None is await school.store.write(lambda tx: tx.forgetting.forget(stranger, school.ben.id))
    assert None is await school.store.write(
        lambda tx: tx.forgetting.forget(school.workspace.id, "nobody")  # type: ignore[arg-type]
    )
    assert await forget(school) is not None
    assert await forget(school) is None


async def test_whoever_comes_back_is_somebody_new(school: School) -> None:
    """Slack may tell of them again; no earlier lesson gets its name back."""
    lesson, *_ = await hold(school)
    await forget(school)
    seen = changed(school.ben, name="Ben", checked_at=NOW)
    again = await school.store.write(lambda tx: tx.people.save(changed(seen, id="another")))
    details = await school.store.read(lambda tx: tx.lessons.get_details(school.workspace.id, lesson.id))

    assert again.id != school.ben.id
    assert {FORGOTTEN_NAME, "Cleo", "Ada"} == {seat.person.name for seat in details.seats}
    assert (None, None) == (again.conversation, again.unreachable)


async def test_what_was_still_to_be_sent_to_them_is_not(school: School) -> None:
    """Whatever its state; what was sent stays counted, without where it is."""
    lesson = await school.book(school.ben)
    waiting = await school.owe(lesson, school.ben, occasion="1")
    sent = await school.owe(
        lesson, school.ben, occasion="2", state=NoticeState.SENT, conversation="D1", ts="1.1", sent_at=NOW
    )
    hers = await school.owe(lesson, school.ada, occasion="3")
    await school.claim(limit=1)
    await forget(school)

    dropped = await school.look(waiting)
    assert (NoticeState.DROPPED, "forgotten", None) == (dropped.state, dropped.reason, dropped.claim_id)
    assert changed(sent, conversation=None, ts=None) == await school.look(sent)
    assert [hers.id] == [notice.id for notice in await school.claim()]


async def test_somebody_who_came_uninvited_is_found_too(school: School) -> None:
    """In others' lessons, by the room service's id of them; two there stay two."""
    await hold(school)
    other = await school.book(school.dan, state=LessonState.ENDED)
    strangers = [make_attendance(other, who=BENS, shown_name="Ben"), make_attendance(other, who="guest:7")]

    def work(tx: Transaction) -> None:
        tx.attendance.save(make_totals(other), strangers)
        tx.attendance.add_events([make_event(other, who=BENS), make_event(other, who=school.ben.id)])

    await school.store.write(work)
    await forget(school)
    found = await school.store.read(lambda tx: tx.attendance.list_for_lesson(school.workspace.id, other.id))

    assert {FORGOTTEN_NAME, "Ada"} == {one.shown_name for one in found}
    assert [] == [one for one in found if one.who == BENS]
    assert [] == await school.store.read(lambda tx: tx.attendance.list_events(school.workspace.id, other.id))


async def test_raw_reports_of_their_rooms_go(school: School) -> None:
    """Those that were worked on: the others are still to be made something of."""
    await hold(school)
    worked, waiting = make_delivery(school, "1"), make_delivery(school, "2")

    def work(tx: Transaction) -> None:
        for delivery in (worked, waiting):
            tx.deliveries.add(delivery)
        tx.deliveries.mark_worked(worked, at=NOW)

    await school.store.write(work)
    told = await forget(school)

    assert told
    assert 1 == told.deliveries
    assert [waiting] == await school.store.read(lambda tx: tx.deliveries.list_unworked(limit=9))


async def test_a_booker_who_cancelled_is_forgotten_with_their_words(school: School) -> None:
    """The lesson stays, and that it was called off."""
    lesson = await school.book(
        school.cleo, leader=school.ben, state=LessonState.CANCELLED, cancelled_by=school.ben.id, cancel_reason="ill"
    )
    told = await forget(school)
    stored = await school.store.read(lambda tx: tx.lessons.get_details(school.workspace.id, lesson.id))

    assert told
    assert 1 == told.reasons
    assert (None, FORGOTTEN_NAME) == (stored.lesson.cancel_reason, stored.booked_by.name)
    assert school.ben.id == stored.lesson.cancelled_by


@pytest.mark.parametrize(
    ("happen", "is_needed"),
    [
        ("over", False),
        ("open", True),
        ("live", True),
        ("cancelled", False),
        ("taken_out", False),
        ("taken_out_while_on", True),
        ("booked_by_them", False),
        ("still_read", True),
        ("still_collected", True),
        ("secrets_left", False),
        ("of_others", False),
    ],
)
async def test_lessons_that_still_need_them_are_named(school: School, happen: str, is_needed: bool) -> None:
    """While they have a place in one that is on or to come, booked one, or one is still being summed up."""
    states = {"open": LessonState.BOOKED, "live": LessonState.LIVE, "cancelled": LessonState.CANCELLED}
    lesson = await school.book(school.dan if happen in ("booked_by_them", "of_others") else school.ben)
    state = states.get(happen, LessonState.ENDED)
    if happen in ("taken_out", "booked_by_them", "of_others"):
        state = LessonState.BOOKED
    if happen == "taken_out_while_on":
        state = LessonState.LIVE
    booker = school.ben.id if happen == "booked_by_them" else school.ada.id
    await school.store.write(lambda tx: tx.lessons.update(changed(lesson, state=state, booked_by=booker)))
    if happen.startswith("taken_out"):
        seat = await school.seat(lesson, school.ben)
        await school.store.write(lambda tx: tx.lessons.update_participant(changed(seat, removed_at=NOW)))
    kinds = {
        "still_read": NoticeKind.READ_SESSIONS,
        "still_collected": NoticeKind.COLLECT,
        "secrets_left": NoticeKind.ERASE_SECRETS,
    }
    if happen in kinds:
        await school.owe(lesson, kind=kinds[happen])
    needed = await school.store.read(lambda tx: tx.forgetting.list_needed(school.workspace.id, school.ben.id))

    assert ([lesson.id] if is_needed else []) == [one.id for one in needed]


async def test_all_their_lessons_are_listed(school: School) -> None:
    """By start: where they have or had a place, and what they booked; nothing of others."""
    later, *_ = await hold(school, starts_at=NOW + timedelta(days=1))
    sooner, *_ = await hold(school)
    booked = await school.book(school.dan, booked_by=school.ben.id, starts_at=NOW + timedelta(days=2))
    await school.book(school.dan)
    seat = await school.seat(later, school.ben)
    await school.store.write(lambda tx: tx.lessons.update_participant(changed(seat, removed_at=NOW)))
    found = await school.store.read(lambda tx: tx.forgetting.list_lessons(school.workspace.id, school.ben.id))

    assert [sooner, later, booked] == found


async def test_room_services_ids_are_told_once_each(school: School) -> None:
    """From places of now and before, with the service's name."""
    first, *_ = await hold(school)
    await hold(school)
    gone = make_participant(first, school.ben, provider_user_id="user-1009", removed_at=NOW)
    await school.store.write(lambda tx: tx.lessons.add_participants([gone]))
    found = await school.store.read(lambda tx: tx.forgetting.list_provider_ids(school.workspace.id, school.ben.id))

    assert [("lessonspace", BENS), ("lessonspace", "user-1009")] == found


async def test_no_column_holds_them_afterwards(school: School) -> None:
    """Whatever tables there are: neither the name, nor Slack's ids, nor the room service's."""
    await school.store.write(
        lambda tx: tx.people.save(changed(school.ben, name="Benedict", conversation="D0000000BEN"))
    )
    lesson, ben, _ = await hold(school)
    attendance = make_attendance(lesson, ben, who=BENS, shown_name="Benedict")
    await school.store.write(lambda tx: tx.attendance.save(make_totals(lesson), [attendance]))
    card = await school.post(lesson, school.ben, CardKind.REMINDER, conversation="D0000000BEN")
    await forget(school)
    connection = school.store._writing.connection  # type: ignore[attr-defined]  # every column, as no query of ours has
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    held = {
        table: str(connection.execute(f'SELECT * FROM "{table}"').fetchall())
        for table in tables
        if not table.startswith("transcript_words_")
    }

    for trace in ("Benedict", school.ben.user_id, "D0000000BEN", BENS, card.ts):
        assert [] == [table for table, text in held.items() if trace in text], trace
