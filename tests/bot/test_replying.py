"""What a participant answers: by themself only, once for each press, told to leaders where they know otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot import lifecycle, notices
from bot.errors import NotAllowed, Outdated, TooLate, WrongState
from bot.replying import Answering, Replied, reply
from storage.records import (
    ClaimId,
    Lesson,
    LessonId,
    LessonState,
    Notice,
    NoticeKind,
    NoticeState,
    Person,
    Reply,
    new_id,
)
from storage.store import Transaction
from tests.bot.lessons_in_store import StoredSchool
from tests.records import ENDS_AT, NOW, STARTS_AT


async def answer(
    stored: StoredSchool,
    lesson: Lesson,
    word: Reply,
    *,
    shown: Reply = Reply.NONE,
    by: Person | None = None,
    about: Person | None = None,
    at: datetime = NOW,
) -> Replied:
    """Ben presses on his own card, unless told otherwise."""
    seat = (await stored.details(lesson)).find_seat((about or stored.ben).id)
    assert seat is not None
    asked = Answering(
        workspace_id=stored.workspace.id,
        lesson_id=lesson.id,
        participant_id=seat.participant.id,
        user_id=(by or stored.ben).user_id,
        answer=word,
        shown=shown,
        now=at,
    )
    return await stored.write(lambda tx: reply(tx, asked))


async def send_all(stored: StoredSchool, *, at: datetime = NOW) -> None:
    """Everything due is sent."""
    claim = ClaimId(new_id())

    def send(tx: Transaction) -> int:
        due = tx.notices.claim(now=at, machine_now=at, limit=50, claim_id=claim, lease=timedelta(minutes=1))
        for notice in due:
            tx.notices.finish(notice.id, claim_id=claim, state=NoticeState.SENT, sent_at=at)
        return len(due)

    while await stored.write(send):
        pass


async def words_to_leaders(stored: StoredSchool, lesson: Lesson) -> list[tuple[str, str]]:
    """What leaders were told or are owed, oldest first, and how each ended."""
    return [(one.occasion, one.state.value) for one in await stored.notices(lesson, NoticeKind.REPLY)]


async def reminder_of(stored: StoredSchool, lesson: Lesson, person: Person) -> Notice:
    [found] = [one for one in await stored.notices(lesson, NoticeKind.START_REMINDER) if one.person_id == person.id]
    return found


async def test_not_coming_is_owed_to_each_leader_at_once(stored: StoredSchool) -> None:
    """Each leader hears it, about that participant; nobody else does, and the lesson stays as it was."""
    lesson = await stored.book(stored.ben, stored.cleo, leader_ids=(stored.ada.user_id, stored.olga.user_id))

    replied = await answer(stored, lesson, Reply.NOT_COMING)

    owed = await stored.notices(lesson, NoticeKind.REPLY)
    seat = replied.details.find_seat(stored.ben.id)
    assert seat is not None
    assert Reply.NOT_COMING is seat.participant.reply
    assert {stored.ada.id, stored.olga.id} == {one.person_id for one in owed}
    assert {(seat.participant.id, NOW)} == {(one.about, one.due_at) for one in owed}
    assert 2 == replied.told_count
    assert lesson == await stored.get(lesson.id)


@pytest.mark.parametrize("word", [Reply.COMING, Reply.LATE])
async def test_other_answers_are_on_the_board_only(stored: StoredSchool, word: Reply) -> None:
    """No message to anybody for them."""
    lesson = await stored.book()

    replied = await answer(stored, lesson, word)

    assert [] == await words_to_leaders(stored, lesson)
    assert word is replied.details.others[0].participant.reply


async def test_pressed_twice_it_is_one_answer(stored: StoredSchool) -> None:
    """The second press finds it so, and owes nothing."""
    lesson = await stored.book()
    await answer(stored, lesson, Reply.NOT_COMING)

    assert 0 == (await answer(stored, lesson, Reply.NOT_COMING)).told_count
    assert [("not_coming:1", "waiting")] == await words_to_leaders(stored, lesson)
    audit = await stored.store.read(lambda tx: tx.audit.list_for_lesson(stored.workspace.id, lesson.id))
    assert 1 == [entry.action for entry in audit].count("replied")


async def test_a_card_that_is_behind_changes_nothing(stored: StoredSchool) -> None:
    """Another client answered meanwhile: the old card's other button is out of date."""
    lesson = await stored.book()
    await answer(stored, lesson, Reply.NOT_COMING)

    with pytest.raises(Outdated):
        await answer(stored, lesson, Reply.COMING, shown=Reply.NONE)
    assert Reply.NOT_COMING is (await stored.details(lesson)).others[0].participant.reply


async def test_taken_back_before_it_was_sent_nobody_hears_of_it(stored: StoredSchool) -> None:
    """What no longer holds is never sent, and there is nothing to take back."""
    lesson = await stored.book()
    await answer(stored, lesson, Reply.NOT_COMING)

    replied = await answer(stored, lesson, Reply.COMING, shown=Reply.NOT_COMING)

    assert 0 == replied.told_count
    assert [("not_coming:1", "dropped")] == await words_to_leaders(stored, lesson)


async def test_taken_back_and_said_again_is_told_each_time(stored: StoredSchool) -> None:
    """Told, taken back, told again: three messages, each its own fact."""
    lesson = await stored.book()
    words = (Reply.NOT_COMING, Reply.LATE, Reply.NOT_COMING)
    for shown, word in zip((Reply.NONE, *words), words, strict=False):
        assert 1 == (await answer(stored, lesson, word, shown=shown)).told_count
        await send_all(stored)

    told = await words_to_leaders(stored, lesson)
    assert [("not_coming:1", "sent"), ("late:2", "sent"), ("not_coming:3", "sent")] == sorted(
        told, key=lambda one: one[0][-1]
    )


async def test_a_leader_who_knows_is_not_told_again(stored: StoredSchool) -> None:
    """Taken back and said again before the first taking back was sent: what the leader read is true."""
    lesson = await stored.book()
    await answer(stored, lesson, Reply.NOT_COMING)
    await send_all(stored)
    await answer(stored, lesson, Reply.COMING, shown=Reply.NOT_COMING)

    assert 0 == (await answer(stored, lesson, Reply.NOT_COMING, shown=Reply.COMING)).told_count
    assert "waiting" not in [state for _, state in await words_to_leaders(stored, lesson)]


async def test_a_reminder_waits_and_is_dropped_at_its_turn(stored: StoredSchool) -> None:
    """Nothing is taken away early, so taking the answer back in time costs no reminder; others keep theirs."""
    lesson = await stored.book(stored.ben, stored.cleo)
    await answer(stored, lesson, Reply.NOT_COMING)
    ben, cleo = [await reminder_of(stored, lesson, person) for person in (stored.ben, stored.cleo)]
    off = await stored.details(lesson)
    await answer(stored, lesson, Reply.COMING, shown=Reply.NOT_COMING)
    on = await stored.details(lesson)

    assert NoticeState.WAITING is ben.state
    assert "not_coming" == notices.find_reason_to_drop(ben, off, now=ben.due_at)
    assert notices.find_reason_to_drop(cleo, off, now=cleo.due_at) is None
    assert notices.find_reason_to_drop(ben, on, now=ben.due_at) is None


async def test_a_reminder_in_a_senders_hands_is_not_begun_any_more(stored: StoredSchool) -> None:
    """Claimed, then *I can't come*: the sender's begin is refused."""
    lesson = await stored.book(starts_at=STARTS_AT + timedelta(hours=2))
    await send_all(stored)
    reminder = await reminder_of(stored, lesson, stored.ben)
    claim, due = ClaimId(new_id()), reminder.due_at
    await stored.write(
        lambda tx: tx.notices.claim(now=due, machine_now=due, limit=9, claim_id=claim, lease=timedelta(minutes=1))
    )

    await answer(stored, lesson, Reply.NOT_COMING, at=due)

    is_begun = await stored.write(
        lambda tx: tx.notices.begin(reminder.id, claim_id=claim, machine_now=due, lease=timedelta(minutes=1))
    )
    assert not is_begun
    assert ("dropped", "not_coming") == (
        (await reminder_of(stored, lesson, stored.ben)).state,
        (await reminder_of(stored, lesson, stored.ben)).reason,
    )


async def test_only_the_participant_themself_answers(stored: StoredSchool) -> None:
    """Not another learner, not the leader, not the office, not a stranger; and a leader has nothing to answer."""
    lesson = await stored.book(stored.ben, stored.cleo, by=stored.olga)
    stranger = replace(stored.ben, user_id="U0NOBODY")

    for person in (stored.cleo, stored.ada, stored.olga, stranger):
        with pytest.raises(NotAllowed):
            await answer(stored, lesson, Reply.NOT_COMING, by=person)
    with pytest.raises(NotAllowed):
        await answer(stored, lesson, Reply.NOT_COMING, by=stored.ada, about=stored.ada)
    elsewhere = replace(lesson, id=LessonId(new_id()))
    details = await stored.details(lesson)
    asked = Answering(
        workspace_id=stored.workspace.id,
        lesson_id=elsewhere.id,
        participant_id=details.others[0].participant.id,
        user_id=stored.ben.user_id,
        answer=Reply.COMING,
        shown=Reply.NONE,
        now=NOW,
    )
    with pytest.raises(NotAllowed):
        await stored.write(lambda tx: reply(tx, asked))


async def test_there_is_nothing_to_answer_when_it_is_over(stored: StoredSchool) -> None:
    """Cancelled says so; after the window, too late."""
    lesson = await stored.book()

    with pytest.raises(TooLate):
        await answer(stored, lesson, Reply.LATE, at=ENDS_AT + timedelta(minutes=30))
    ask = lifecycle.Ask(
        workspace_id=stored.workspace.id,
        lesson_id=lesson.id,
        user_id=stored.ada.user_id,
        revision=lesson.revision,
        policy=stored.policy,
        now=NOW,
    )
    await stored.write(lambda tx: lifecycle.cancel(tx, ask))
    with pytest.raises(WrongState) as refused:
        await answer(stored, lesson, Reply.LATE)
    assert LessonState.CANCELLED is refused.value.state


async def test_the_audit_says_before_and_after(stored: StoredSchool) -> None:
    """Who, and from what to what; ids only."""
    lesson = await stored.book()
    await answer(stored, lesson, Reply.LATE)

    audit = await stored.store.read(lambda tx: tx.audit.list_for_lesson(stored.workspace.id, lesson.id))

    [entry] = [entry for entry in audit if entry.action == "replied"]
    assert stored.ben.id == entry.actor
    assert ("none", "late") == (entry.facts["reply_before"], entry.facts["reply_after"])
