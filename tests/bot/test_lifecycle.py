"""What changes a lesson after it was booked: each change once, with all it owes, by who may."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from bot import extending, lifecycle
from bot.errors import NotAllowed, Outdated, TooEarly, TooLate, WrongState
from bot.moves import read_move
from storage.records import (
    Card,
    CardKind,
    ClaimId,
    EndRule,
    Lesson,
    LessonState,
    LinkId,
    NoticeKind,
    NoticeState,
    Person,
    Room,
    new_id,
)
from storage.store import Transaction
from tests.bot.lessons_in_store import StoredSchool
from tests.records import ENDS_AT, NOW, STARTS_AT, make_attendance, make_card, make_link, make_totals

DURING = STARTS_AT + timedelta(minutes=20)


async def book_and_send(stored: StoredSchool, **changes: Any) -> Lesson:
    """Ada's lesson with Ben, both with a posted card and a link."""
    lesson = await stored.book(stored.ben, **changes)
    details = await stored.details(lesson)
    owed = {one.person_id: one for one in await stored.notices(lesson, NoticeKind.JOIN_LINK)}

    def deliver(tx: Transaction) -> None:
        for seat in details.seats:
            kind = CardKind.LEADER if seat.participant.is_leader else CardKind.PARTICIPANT
            closes_at = lesson.ends_at + lesson.options.join_late
            tx.lessons.insert_link(make_link(seat.participant, closes_at=closes_at))
            tx.cards.insert(make_card(owed[seat.person.id], kind, conversation=f"D{seat.person.user_id}"))
        claim = ClaimId(new_id())
        for notice in tx.notices.claim(now=NOW, machine_now=NOW, limit=10, claim_id=claim, lease=timedelta(minutes=1)):
            tx.notices.finish(notice.id, claim_id=claim, state=NoticeState.SENT, sent_at=NOW)

    await stored.write(deliver)
    return lesson


def ask(stored: StoredSchool, lesson: Lesson, *, by: Person, at: datetime) -> lifecycle.Ask:
    """Pressed on a card that showed the lesson as it is here."""
    return lifecycle.Ask(
        workspace_id=stored.workspace.id,
        lesson_id=lesson.id,
        user_id=by.user_id,
        revision=lesson.revision,
        policy=stored.policy,
        now=at,
    )


async def extend(stored: StoredSchool, lesson: Lesson, *, by: Person | None = None, at: Any = DURING) -> Any:
    return await stored.write(lambda tx: extending.extend(tx, ask(stored, lesson, by=by or stored.ada, at=at)))


async def cancel(stored: StoredSchool, lesson: Lesson, *, by: Person | None = None) -> lifecycle.Cancelled:
    return await stored.write(lambda tx: lifecycle.cancel(tx, ask(stored, lesson, by=by or stored.ada, at=NOW)))


async def cards(stored: StoredSchool, lesson: Lesson) -> list[Card]:
    return await stored.store.read(lambda tx: tx.cards.list_for_lesson(stored.workspace.id, lesson.id))


async def test_an_extension_moves_the_end_and_asks_again(stored: StoredSchool) -> None:
    """New warning, new look at who came, every card redrawn; links that still reach stay."""
    lesson = await book_and_send(stored)

    extended = await extend(stored, lesson)

    assert (ENDS_AT + timedelta(minutes=10), 0) == (extended.ends_at, extended.relinked_count)
    waiting = [one for one in await stored.notices(lesson) if one.state is NoticeState.WAITING]
    due = {one.kind: one.due_at for one in waiting}
    assert ENDS_AT + timedelta(minutes=5) == due[NoticeKind.END_WARNING]
    assert ENDS_AT + timedelta(minutes=10) == due[NoticeKind.READ_SESSIONS]
    assert all(card.revision_wanted > card.revision_shown for card in await cards(stored, lesson))


async def test_two_leaders_pressing_at_once_extend_once(stored: StoredSchool) -> None:
    """Both pressed the same revision: the second is told that the card was out of date."""
    lesson = await book_and_send(stored)
    await extend(stored, lesson)

    with pytest.raises(Outdated):
        await extend(stored, lesson)
    assert ENDS_AT + timedelta(minutes=10) == (await stored.get(lesson.id)).ends_at


async def test_links_are_renewed_when_the_end_passes_them(stored: StoredSchool) -> None:
    """The fourth extension passes a link made for three: a new one, and a message that says it."""
    lesson = await book_and_send(stored)
    for _ in range(3):
        assert 0 == (await extend(stored, await stored.get(lesson.id))).relinked_count

    def deliver_all(tx: Transaction) -> None:
        for link in tx.lessons.list_links(stored.workspace.id, lesson.id):
            tx.lessons.update_link(replace(link, delivered_at=NOW))

    await stored.write(deliver_all)

    extended = await extend(stored, await stored.get(lesson.id))

    assert (2, ENDS_AT + timedelta(minutes=30)) == (extended.relinked_count, extended.old_closes_at)
    owed = await stored.notices(lesson)
    assert 2 == [(one.kind, one.occasion) for one in owed].count((NoticeKind.JOIN_LINK, "link:2"))
    words = [read_move(one.occasion) for one in owed if one.kind is NoticeKind.MOVED]
    assert [extended.old_closes_at] * 2 == [word.old_closes_at for word in words if word]


async def test_everyone_leaves_renews_at_every_extension(stored: StoredSchool) -> None:
    """Their links end with the lesson."""
    lesson = await book_and_send(stored, end_rule=EndRule.EVERYONE_LEAVES)

    assert 2 == (await extend(stored, lesson)).relinked_count


async def test_an_extension_pressed_long_after_the_end_ends_in_the_future(stored: StoredSchool) -> None:
    """A lesson that runs over by a quarter of an hour needs two steps to reach beyond now."""
    lesson = await book_and_send(stored)

    extended = await extend(stored, lesson, at=ENDS_AT + timedelta(minutes=15))
    assert ENDS_AT + timedelta(minutes=20) == extended.ends_at


async def test_cancelling_tells_everybody_once_and_kills_what_waits(stored: StoredSchool) -> None:
    """Told: who had heard of it, except who cancelled. Links sent cannot be taken back, and that is said."""
    lesson = await book_and_send(stored)

    cancelled = await cancel(stored, lesson)

    assert (1, 2) == (cancelled.told_count, cancelled.valid_count)
    assert ENDS_AT + timedelta(minutes=30) == cancelled.valid_until
    owed = await stored.notices(lesson)
    waiting = [one for one in owed if one.state is NoticeState.WAITING]
    assert {NoticeKind.CANCELLED, NoticeKind.ERASE_SECRETS} == {one.kind for one in waiting}
    assert [stored.ben.id] == [one.person_id for one in waiting if one.kind is NoticeKind.CANCELLED]
    with pytest.raises(WrongState):
        await cancel(stored, lesson)


async def test_nobody_is_told_of_a_lesson_they_never_heard_of(stored: StoredSchool) -> None:
    """Cancelled before anything was sent: silence."""
    lesson = await stored.book(stored.ben)

    assert 0 == (await cancel(stored, lesson)).told_count


@pytest.mark.parametrize("who", ["ben", "cleo"])
async def test_a_lesson_is_run_by_its_leaders_booker_and_admins(stored: StoredSchool, who: str) -> None:
    """Neither a learner nor a bystander extends or cancels."""
    lesson = await book_and_send(stored)
    somebody: Person = getattr(stored, who)

    with pytest.raises(NotAllowed):
        await extend(stored, lesson, by=somebody)
    with pytest.raises(NotAllowed):
        await cancel(stored, lesson, by=somebody)
    stored.policy = replace(stored.policy, admin_ids=frozenset({somebody.user_id}))
    assert (await extend(stored, lesson, by=somebody)).ends_at > ENDS_AT


async def new_link(stored: StoredSchool, lesson: Lesson, *, by: Person | None = None, at: Any = DURING) -> None:
    details = await stored.details(lesson)
    ben = details.find_seat(stored.ben.id)
    assert ben is not None
    await stored.write(
        lambda tx: lifecycle.request_new_link(
            tx,
            stored.workspace.id,
            lesson.id,
            participant_id=ben.participant.id,
            number=1,
            user_id=(by or stored.ben).user_id,
            now=at,
        )
    )


async def test_a_new_link_is_owed_at_once_and_the_old_one_revoked(stored: StoredSchool) -> None:
    """The second press of the same card is out of date."""
    lesson = await book_and_send(stored)

    await new_link(stored, lesson)

    owed = [one for one in await stored.notices(lesson, NoticeKind.JOIN_LINK) if one.state is NoticeState.WAITING]
    assert [("link:2", DURING)] == [(one.occasion, one.due_at) for one in owed]
    links = await stored.store.read(lambda tx: tx.lessons.list_links(stored.workspace.id, lesson.id))
    assert 1 == sum(link.revoked_at is not None for link in links)
    with pytest.raises(Outdated):
        await new_link(stored, lesson)


@pytest.mark.parametrize(
    ("at", "refusal"),
    [(NOW, TooEarly), (ENDS_AT + timedelta(minutes=30), TooLate)],
)
async def test_a_new_link_outside_its_window_is_refused_with_the_time(
    stored: StoredSchool, at: Any, refusal: type[Exception]
) -> None:
    """Too early says when it opens, too late when it closed; nothing changes."""
    lesson = await book_and_send(stored)

    with pytest.raises(refusal):
        await new_link(stored, lesson, at=at)
    assert 2 == len(await stored.notices(lesson, NoticeKind.JOIN_LINK))


async def test_nobody_asks_for_somebody_elses_link(stored: StoredSchool) -> None:
    """Not even the leader: a link is its person's alone."""
    lesson = await book_and_send(stored)

    for person in (stored.ada, stored.cleo):
        with pytest.raises(NotAllowed):
            await new_link(stored, lesson, by=person)


async def test_let_it_end_asks_no_more(stored: StoredSchool) -> None:
    """The waiting warnings die; a second press says the same; an extension asks again."""
    lesson = await book_and_send(stored)

    async def press() -> Any:
        return await stored.write(lambda tx: extending.let_end(tx, ask(stored, lesson, by=stored.ada, at=DURING)))

    assert [ENDS_AT, ENDS_AT] == [await press(), await press()]
    assert [NoticeState.DROPPED] == [one.state for one in await stored.notices(lesson, NoticeKind.END_WARNING)]
    await extend(stored, await stored.get(lesson.id))
    assert not (await stored.get(lesson.id)).is_let_end


async def test_the_end_owes_summaries_and_takes_everything_else_back(stored: StoredSchool) -> None:
    """Attendance kept, the booker told once, nothing of before still waiting."""
    lesson = await book_and_send(stored, by=stored.olga)
    details = await stored.details(lesson)
    totals, attendance = make_totals(lesson), [make_attendance(lesson, details.seats[0].participant)]

    for _ in range(2):
        await stored.write(
            lambda tx: lifecycle.end(tx, details, events=[], totals=totals, attendance=attendance, now=ENDS_AT)
        )

    assert LessonState.ENDED == (await stored.get(lesson.id)).state
    summaries = await stored.notices(lesson, NoticeKind.SUMMARY)
    assert {stored.ada.id, stored.olga.id} == {one.person_id for one in summaries}
    waiting = {one.kind for one in await stored.notices(lesson) if one.state is NoticeState.WAITING}
    assert {NoticeKind.SUMMARY, NoticeKind.ERASE_SECRETS, NoticeKind.READ_SESSIONS} == waiting


async def test_trouble_is_told_once_and_tried_again(stored: StoredSchool) -> None:
    """The same trouble twice is one message; *Try again* wakes what had failed."""
    lesson = await stored.book(stored.ben)
    details = await stored.details(lesson)
    ben = details.find_seat(stored.ben.id)
    assert ben is not None
    for _ in range(2):
        await stored.write(
            lambda tx: lifecycle.note_failure(
                tx, tx.lessons.get_details(stored.workspace.id, lesson.id), ben.participant.id, "room_down", now=NOW
            )
        )
    assert 1 == len(await stored.notices(lesson, NoticeKind.NOT_REACHED))

    count = await stored.write(lambda tx: lifecycle.try_again(tx, ask(stored, lesson, by=stored.ada, at=NOW)))
    assert 1 == count
    again = (await stored.details(lesson)).find_seat(stored.ben.id)
    assert again is not None
    assert again.participant.failure is None


async def test_a_link_is_opened_once_and_not_before_it_works(stored: StoredSchool) -> None:
    """The first press inside the window counts; a link of nobody changes nothing."""
    lesson = await book_and_send(stored)
    links = await stored.store.read(lambda tx: tx.lessons.list_links(stored.workspace.id, lesson.id))

    for moment in (NOW, STARTS_AT, DURING):
        await stored.write(
            lambda tx, moment=moment: lifecycle.note_opened(  # type: ignore[misc]
                tx, stored.workspace.id, lesson.id, links[0].id, now=moment
            )
        )
    await stored.write(
        lambda tx: lifecycle.note_opened(tx, stored.workspace.id, lesson.id, LinkId("nobody's"), now=DURING)
    )

    opened = await stored.store.read(lambda tx: tx.lessons.list_links(stored.workspace.id, lesson.id))
    assert [STARTS_AT, None] == [link.opened_at for link in opened]


async def test_going_live_twice_is_going_live_once(stored: StoredSchool) -> None:
    """And never out of an end."""
    lesson = await book_and_send(stored)
    for _ in range(2):
        await stored.write(lambda tx: lifecycle.go_live(tx, stored.workspace.id, lesson.id, now=STARTS_AT))

    assert LessonState.LIVE == (await stored.get(lesson.id)).state


async def test_secrets_are_erased_with_the_last_lesson_that_needs_them(stored: StoredSchool) -> None:
    """A lesson's links after it; the room's secret once no lesson in the room is on."""
    first = await book_and_send(stored)
    second = await stored.book(stored.ben, starts_at=STARTS_AT + timedelta(days=1))
    assert first.room == second.room
    room = (await stored.details(first)).room
    await stored.write(lambda tx: tx.lessons.update_room(replace(room, secret_sealed=b"sealed")))

    async def erase_after(lesson: Lesson, state: LessonState) -> tuple[bool, bool]:
        await stored.write(lambda tx: tx.lessons.update(replace(lesson, state=state)))
        await stored.write(lambda tx: lifecycle.erase(tx, stored.workspace.id, lesson.id, now=ENDS_AT))
        links = await stored.store.read(lambda tx: tx.lessons.list_links(stored.workspace.id, lesson.id))
        room = (await stored.details(lesson)).room
        return any(link.url_sealed for link in links), room.secret_sealed is not None

    assert (False, True) == await erase_after(first, LessonState.ENDED)
    assert (False, False) == await erase_after(second, LessonState.CANCELLED)


async def test_the_secret_of_a_room_that_reports_is_kept_for_a_week(stored: StoredSchool) -> None:
    """What it reports after the lesson must be verified; then the secret goes, and the key stays for the next one."""
    lesson = await book_and_send(stored)
    ended = replace(lesson, state=LessonState.ENDED, ended_at=ENDS_AT + timedelta(minutes=5))
    room = replace((await stored.details(lesson)).room, secret_sealed=b"sealed", webhook_digest="digest")
    await stored.write(lambda tx: tx.lessons.update(ended))
    await stored.write(lambda tx: tx.lessons.update_room(room))

    async def erase(now: datetime) -> Room:
        for _ in range(2):
            await stored.write(lambda tx: lifecycle.erase(tx, stored.workspace.id, lesson.id, now=now))
        return (await stored.details(lesson)).room

    assert room == await erase(ENDS_AT + timedelta(minutes=30))
    owed = [one for one in await stored.notices(lesson, NoticeKind.ERASE_SECRETS) if one.occasion.startswith("room:")]
    assert [ENDS_AT + timedelta(days=7, minutes=5)] == [one.due_at for one in owed]
    assert replace(room, secret_sealed=None) == await erase(owed[0].due_at)


async def test_a_later_lesson_in_the_room_keeps_the_secret_longer(stored: StoredSchool) -> None:
    """The first one's moment has come, and the second ended a day ago."""
    first = await book_and_send(stored)
    second = await stored.book(stored.ben, starts_at=STARTS_AT + timedelta(days=6))
    room = replace((await stored.details(first)).room, secret_sealed=b"sealed", webhook_digest="digest")
    await stored.write(lambda tx: tx.lessons.update_room(room))
    for lesson in (first, second):
        ended = replace(lesson, state=LessonState.ENDED, ended_at=lesson.ends_at)
        await stored.write(partial(_update, ended))

    now = ENDS_AT + timedelta(days=7)
    await stored.write(lambda tx: lifecycle.erase(tx, stored.workspace.id, first.id, now=now))

    assert b"sealed" == (await stored.details(second)).room.secret_sealed


def _update(lesson: Lesson, tx: Transaction) -> None:
    tx.lessons.update(lesson)
