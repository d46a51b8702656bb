"""Moving a lesson: what is dropped, what is owed anew, who is told of what; and that no order of events upsets it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import extending, lifecycle, moving, notices, windows
from bot.booking import AskedBack, Declined
from bot.drafts import CautionCode, ProblemCode
from bot.errors import NotAllowed, Outdated, WrongState
from bot.ids import Field
from bot.lifecycle import Ask
from bot.moves import read_move
from bot.moving import Moved
from storage.records import (
    CardKind,
    ClaimId,
    EndRule,
    Lesson,
    LessonDetails,
    LessonState,
    Notice,
    NoticeKind,
    NoticeState,
    Person,
    new_id,
)
from storage.sqlite import open_store
from storage.store import Transaction
from tests.bot.lessons_in_store import StoredSchool, found_school
from tests.records import ENDS_AT, NOW, STARTS_AT, make_card, make_link

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def ask(stored: StoredSchool, lesson: Lesson, *, by: Person | None = None, at: datetime = NOW) -> Ask:
    return Ask(
        workspace_id=stored.workspace.id,
        lesson_id=lesson.id,
        user_id=(by or stored.ada).user_id,
        revision=lesson.revision,
        policy=stored.policy,
        now=at,
    )


async def move(
    stored: StoredSchool,
    lesson: Lesson,
    starts_at: datetime | None = STARTS_AT + HOUR,
    length_text: str = "60",
    **changes: Any,
) -> Any:
    """Moved an hour later, unless told otherwise."""
    confirmed = changes.pop("confirmed", None)
    asked = ask(stored, lesson, **changes)
    return await stored.write(
        lambda tx: moving.move(tx, asked, starts_at=starts_at, length_text=length_text, confirmed=confirmed)
    )


def deliver(stored: StoredSchool, now: datetime) -> Callable[[Transaction], None]:
    """Everything due is sent as the sender would: judged first, links made for the window of that moment."""

    def work(tx: Transaction) -> None:
        claim = ClaimId(new_id())
        while claimed := tx.notices.claim(now=now, machine_now=now, limit=50, claim_id=claim, lease=MINUTE):
            for notice in claimed:
                details = tx.lessons.get_details(notice.workspace_id, notice.lesson_id)
                reason = notices.find_reason_to_drop(notice, details, now=now)
                state = NoticeState.DROPPED if reason else NoticeState.SENT
                tx.notices.finish(notice.id, claim_id=claim, state=state, reason=reason, sent_at=now)
                if reason is None:
                    _do(tx, notice, details, now)

    return work


def _do(tx: Transaction, notice: Notice, details: LessonDetails, now: datetime) -> None:
    seat = next((seat for seat in details.seats if seat.participant.id == notice.about), None)
    if notice.kind is NoticeKind.GO_LIVE:
        lifecycle.go_live(tx, notice.workspace_id, notice.lesson_id, now=now)
    if seat is None or notice.kind not in notices.BRINGS_CARD:
        return
    if notice.kind is NoticeKind.JOIN_LINK:
        window = windows.window_of(details.lesson, seat.participant)
        tx.lessons.insert_link(
            make_link(
                seat.participant,
                number=seat.participant.link_number,
                opens_at=window.opens_at,
                closes_at=window.closes_at,
                delivered_at=now,
            )
        )
    if seat.card is None:
        kind = CardKind.LEADER if seat.participant.is_leader else CardKind.PARTICIPANT
        tx.cards.insert(make_card(notice, kind, conversation=f"D{seat.person.user_id}", posted_at=now))


async def book_and_send(stored: StoredSchool, **changes: Any) -> Lesson:
    """Ada's lesson with Ben and Cleo, everything due sent."""
    lesson = await stored.book(stored.ben, stored.cleo, **changes)
    await stored.write(deliver(stored, NOW))
    return lesson


async def waiting(stored: StoredSchool, lesson: Lesson, kind: NoticeKind) -> list[Notice]:
    return [notice for notice in await stored.notices(lesson, kind) if notice.state is NoticeState.WAITING]


async def test_a_move_keeps_the_wall_time_and_where_it_came_from(stored: StoredSchool) -> None:
    """In the lesson's own zone; the first start is remembered however often it moves; the audit has both times."""
    lesson = await book_and_send(stored)
    await move(stored, lesson)
    await move(stored, await stored.get(lesson.id), STARTS_AT + timedelta(days=1))

    moved = await stored.get(lesson.id)
    assert ("2026-11-24T16:00", "2026-11-23T16:00") == (moved.wall_start, moved.original_wall_start)
    assert (STARTS_AT + timedelta(days=1), ENDS_AT + timedelta(days=1), 3) == (
        moved.starts_at,
        moved.ends_at,
        moved.revision,
    )
    audit = await stored.store.read(lambda tx: tx.audit.list_for_lesson(stored.workspace.id, lesson.id))
    assert ["moved", "moved"] == [entry.action for entry in audit if entry.action == "moved"]
    assert {"starts_at_before", "starts_at_after", "ends_at_before", "ends_at_after"} <= audit[-1].facts.keys()


async def test_everybody_who_knows_is_told_once_but_who_moved_it(stored: StoredSchool) -> None:
    """From the old times to the new, and until when the old link works."""
    lesson = await book_and_send(stored)

    result = await move(stored, lesson)

    assert Moved(told_count=2, relinked_count=3, valid_count=3, valid_until=ENDS_AT + 30 * MINUTE) == result
    words = await waiting(stored, lesson, NoticeKind.MOVED)
    assert {stored.ben.id, stored.cleo.id} == {word.person_id for word in words}
    told = read_move(words[0].occasion)
    assert told is not None
    assert (STARTS_AT, STARTS_AT + HOUR, ENDS_AT + 30 * MINUTE) == (
        told.was_start,
        told.starts_at,
        told.old_closes_at,
    )


@pytest.mark.parametrize("ahead", [timedelta(days=3), HOUR], ids=["far ahead", "near"])
async def test_who_is_not_reached_is_told_of_once_more_for_the_new_start(
    stored: StoredSchool, ahead: timedelta
) -> None:
    """Two hours before the new start, or now where that has passed: the booker and the admins, once for each start."""
    lesson = await book_and_send(stored, by=stored.olga)
    ben = next(seat for seat in (await stored.details(lesson)).seats if seat.person.id == stored.ben.id)
    details = await stored.details(lesson)
    await stored.write(
        lambda tx: lifecycle.note_failure(
            tx, details, ben.participant.id, "user_disabled", now=NOW, admin_channel="C0ADMIN"
        )
    )
    stored.policy = replace(stored.policy, admin_channel="C0ADMIN")

    for starts_at in (STARTS_AT + ahead, STARTS_AT + ahead + HOUR / 2, STARTS_AT + ahead):
        await move(stored, await stored.get(lesson.id), starts_at)

    start = notices.instant(STARTS_AT + ahead)
    owed = [one for one in await waiting(stored, lesson, NoticeKind.STILL_NOT_REACHED) if one.occasion == start]
    assert {(stored.olga.id, None), (None, "C0ADMIN")} == {(one.person_id, one.channel_id) for one in owed}
    near_at = STARTS_AT + ahead - notices.NEAR
    assert {max(near_at, NOW + notices.NOT_REACHED_GATHERS)} == {one.due_at for one in owed}
    moved = await stored.details(lesson)
    assert {None} == {notices.find_reason_to_drop(one, moved, now=one.due_at) for one in owed}


@pytest.mark.parametrize(("is_reached", "starts_at"), [(True, STARTS_AT + HOUR), (False, STARTS_AT)])
async def test_a_move_tells_no_more_than_it_changes(
    stored: StoredSchool, is_reached: bool, starts_at: datetime
) -> None:
    """Nobody is told of where everybody was reached, nor again where only the length is another."""
    lesson = await book_and_send(stored)
    ben = next(seat for seat in (await stored.details(lesson)).seats if seat.person.id == stored.ben.id)
    failed = replace(ben.participant, failure=None if is_reached else "user_disabled")
    await stored.write(lambda tx: tx.lessons.update_participant(failed))

    await move(stored, lesson, starts_at, "45")

    assert not await waiting(stored, lesson, NoticeKind.STILL_NOT_REACHED)


async def test_what_nobody_has_read_of_a_move_survives_other_links(stored: StoredSchool) -> None:
    """Another link while word of the move waits leaves it; an extension beyond that link tells both at once."""
    lesson = await book_and_send(stored, end_rule=EndRule.EVERYONE_LEAVES)
    await move(stored, lesson)
    ben = next(seat for seat in (await stored.details(lesson)).seats if seat.person.id == stored.ben.id)
    await stored.write(lambda tx: lifecycle.drop_old_links(tx, ben.participant))
    assert stored.ben.id in {one.person_id for one in await waiting(stored, lesson, NoticeKind.MOVED)}
    new = make_link(ben.participant, number=ben.participant.link_number, closes_at=ENDS_AT + HOUR, delivered_at=None)
    await stored.write(lambda tx: tx.lessons.insert_link(new))
    moved = await stored.get(lesson.id)

    extended = await stored.write(lambda tx: extending.extend(tx, ask(stored, moved)))

    assert (1, None) == (extended.relinked_count, extended.old_closes_at)
    words = [one for one in await waiting(stored, lesson, NoticeKind.MOVED) if one.person_id == stored.ben.id]
    told = [it for word in words if (it := read_move(word.occasion)) is not None]
    expected = (STARTS_AT, ENDS_AT, STARTS_AT + HOUR, ENDS_AT + HOUR + 10 * MINUTE, ENDS_AT)
    assert [expected] == [(it.was_start, it.was_end, it.starts_at, it.ends_at, it.old_closes_at) for it in told]


async def test_who_has_no_card_yet_is_not_told(stored: StoredSchool) -> None:
    """Their card will say the new times by itself, and the link that waits is made for them."""
    lesson = await stored.book(stored.ben)

    result = await move(stored, lesson)

    assert (0, 0, 0) == (result.told_count, result.relinked_count, result.valid_count)
    assert [] == await waiting(stored, lesson, NoticeKind.MOVED)
    links = await waiting(stored, lesson, NoticeKind.JOIN_LINK)
    assert {"link:1"} == {link.occasion for link in links}
    assert {STARTS_AT + HOUR} == {link.lesson_starts_at for link in links}


async def test_a_link_that_is_being_made_is_replaced(stored: StoredSchool) -> None:
    """It is made for the old window; its sender finds that it is not wanted any more."""
    lesson = await stored.book(stored.ben)
    claim = ClaimId("in flight")
    taken = await stored.write(
        lambda tx: tx.notices.claim(now=NOW, machine_now=NOW, limit=1, claim_id=claim, lease=MINUTE)
    )

    assert 1 == (await move(stored, lesson)).relinked_count

    numbers = Counter(seat.participant.link_number for seat in (await stored.details(lesson)).seats)
    assert {1: 1, 2: 1} == numbers
    assert not await stored.write(
        lambda tx: tx.notices.begin(taken[0].id, claim_id=claim, machine_now=NOW, lease=MINUTE)
    )


async def test_a_window_of_ones_own_moves_along(stored: StoredSchool) -> None:
    """So much before the start and after the end as it was."""
    lesson = await stored.book(stored.ben)
    [seat] = (await stored.details(lesson)).others
    own = replace(seat.participant, opens_at=STARTS_AT - 5 * MINUTE, closes_at=ENDS_AT - 5 * MINUTE)
    await stored.write(lambda tx: tx.lessons.update_participant(own))

    await move(stored, lesson, length_text="90")

    [seat] = (await stored.details(lesson)).others
    assert (STARTS_AT + 55 * MINUTE, ENDS_AT + 85 * MINUTE) == (seat.participant.opens_at, seat.participant.closes_at)


async def test_the_same_times_again_change_nothing(stored: StoredSchool) -> None:
    """No revision, no word, no link."""
    lesson = await book_and_send(stored)

    assert Moved(is_changed=False) == await move(stored, lesson, STARTS_AT)
    assert lesson == await stored.get(lesson.id)


async def test_links_go_on_where_only_the_end_changes_within_their_window(stored: StoredSchool) -> None:
    """Everybody is told all the same; where everyone leaves, the links close with the lesson."""
    lesson = await book_and_send(stored)
    result = await move(stored, lesson, STARTS_AT, "75")
    assert (2, 0) == (result.told_count, result.relinked_count)

    leaving = await book_and_send(
        stored, title="Geometry", end_rule=EndRule.EVERYONE_LEAVES, starts_at=STARTS_AT + 4 * HOUR
    )
    result = await move(stored, leaving, STARTS_AT + 4 * HOUR, "75")
    assert (2, 3) == (result.told_count, result.relinked_count)


@pytest.mark.parametrize(
    ("starts_at", "length", "at", "where", "code"),
    [
        (NOW - HOUR, "60", NOW, Field.STARTS_AT, ProblemCode.START_PAST),
        (STARTS_AT, "721", NOW, Field.LENGTH, ProblemCode.LENGTH_NOT_MINUTES),
        (STARTS_AT, "19", STARTS_AT + 20 * MINUTE, Field.LENGTH, ProblemCode.ENDS_PAST),
        (STARTS_AT + HOUR, "60", STARTS_AT + 20 * MINUTE, Field.STARTS_AT, ProblemCode.HAS_BEGUN),
    ],
)
async def test_what_cannot_be_is_refused(
    stored: StoredSchool, starts_at: datetime, length: str, at: datetime, where: Field, code: ProblemCode
) -> None:
    """Under its field, and nothing is stored."""
    lesson = await book_and_send(stored)
    await stored.write(deliver(stored, at))
    before = await stored.get(lesson.id)

    result = await move(stored, before, starts_at, length, at=at)

    assert isinstance(result, Declined)
    assert [(where, code)] == [(problem.where, problem.code) for problem in result.problems]
    assert before == await stored.get(lesson.id)


async def test_links_that_would_not_live_so_long_are_refused(stored: StoredSchool) -> None:
    """The service's longest window counts from when the links are made, as in booking."""
    stored.policy = replace(
        stored.policy, capabilities=replace(stored.policy.capabilities, longest_window=timedelta(hours=2))
    )
    lesson = await stored.book(stored.ben, length_text="20")

    for starts_at in (STARTS_AT, STARTS_AT + 10 * MINUTE):
        result = await move(stored, lesson, starts_at, "120")
        assert isinstance(result, Declined)
        assert [ProblemCode.CLOSES_TOO_LATE] == [problem.code for problem in result.problems]


async def test_our_own_links_may_be_older_than_a_way_in_lives(stored: StoredSchool) -> None:
    """It is asked for when somebody comes: only what the doors are open for must fit."""
    capabilities = replace(stored.policy.capabilities, longest_window=timedelta(hours=3))
    stored.policy = replace(stored.policy, capabilities=capabilities, launches_ahead=False)
    lesson = await stored.book(stored.ben, length_text="20")

    assert isinstance(await move(stored, lesson, STARTS_AT + timedelta(days=2), "140"), Moved)
    declined = await move(stored, await stored.get(lesson.id), STARTS_AT + timedelta(days=2), "150")

    assert isinstance(declined, Declined)
    assert [ProblemCode.CLOSES_TOO_LATE] == [problem.code for problem in declined.problems]


async def test_an_overlap_is_asked_back_and_its_title_kept_from_strangers(stored: StoredSchool) -> None:
    """Once answered it is moved; the lesson itself is no overlap."""
    await stored.book(stored.ben, by=stored.olga, title="Club", starts_at=STARTS_AT + 2 * HOUR, leader_ids=("U0CLEO",))
    lesson = await stored.book(stored.ben)
    assert isinstance(await move(stored, lesson, STARTS_AT + 30 * MINUTE), Moved)
    lesson = await stored.get(lesson.id)

    asked = await move(stored, lesson, STARTS_AT + 2 * HOUR)

    assert isinstance(asked, AskedBack)
    [caution] = asked.cautions
    assert (CautionCode.PARTICIPANT_OVERLAP, ("Ben",), "") == (caution.code, caution.names, caution.title)
    assert isinstance(await move(stored, lesson, STARTS_AT + 2 * HOUR, confirmed=asked.digest), Moved)


async def test_only_who_runs_it_moves_it_and_only_as_it_was_shown(stored: StoredSchool) -> None:
    """Neither a learner nor an old card, nor when it is over."""
    lesson = await stored.book(stored.ben, by=stored.olga)
    with pytest.raises(NotAllowed):
        await move(stored, lesson, by=stored.ben)
    assert isinstance(await move(stored, lesson, by=stored.olga), Moved)
    with pytest.raises(Outdated):
        await move(stored, lesson)
    await stored.write(lambda tx: lifecycle.cancel(tx, replace(ask(stored, lesson), revision=2)))
    with pytest.raises(WrongState):
        await move(stored, await stored.get(lesson.id))


async def test_extending_asks_only_about_what_the_new_end_runs_into(stored: StoredSchool) -> None:
    """A lesson that begins at the new end is not in the way; one that begins before is, titled to who leads it."""
    lesson = await stored.book(stored.ben)
    await stored.book(stored.cleo, title="After", starts_at=ENDS_AT + 10 * MINUTE)
    first = await stored.write(lambda tx: moving.extend(tx, ask(stored, lesson, at=STARTS_AT)))
    assert isinstance(first, extending.Extended)

    second = await stored.write(lambda tx: moving.extend(tx, replace(ask(stored, lesson, at=STARTS_AT), revision=2)))

    assert isinstance(second, AskedBack)
    assert [(("Ada",), "After")] == [(caution.names, caution.title) for caution in second.cautions]
    with pytest.raises(Outdated):
        await stored.write(lambda tx: moving.extend(tx, ask(stored, lesson, at=STARTS_AT), confirmed=second.digest))


# Whatever happens in whatever order

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.sampled_from([0, 10, 60, 60 * 24 * 3]), st.sampled_from(["30", "60", "75"])),
        st.tuples(st.just("move"), st.just(0), st.sampled_from(["30", "60", "75"])),
        st.tuples(st.just("extend"), st.just(0), st.just("")),
        st.tuples(st.just("let_end"), st.just(0), st.just("")),
        st.tuples(st.just("pass"), st.sampled_from([1, 7, 31]), st.just("")),
        st.tuples(st.just("send"), st.just(0), st.just("")),
    ),
    min_size=2,
    max_size=12,
)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, rule=st.sampled_from([EndRule.ASK, EndRule.EVERYONE_LEAVES]))
async def test_whatever_moves_what_is_owed_is_true(steps: list[tuple[str, int, str]], rule: EndRule) -> None:
    """Moves, extensions, time and sending in any order: what waits holds, what must come waits, nothing comes twice."""
    with TemporaryDirectory() as folder:
        async with open_store(Path(folder) / "school.db") as store:
            stored = await found_school(store)
            lesson, now = await stored.book(stored.ben, end_rule=rule), NOW
            for name, minutes, length in steps:
                lesson = await stored.get(lesson.id)
                if name == "pass":
                    now += timedelta(minutes=minutes)
                    await stored.write(deliver(stored, now))
                elif name == "send":
                    await stored.write(deliver(stored, now))
                elif lesson.ends_at > now:
                    await change(stored, lesson, name, minutes=minutes, length=length, now=now)
                await check(stored, await stored.get(lesson.id), now)
            await stored.write(deliver(stored, now))
            await check_everybody_knows(stored, await stored.get(lesson.id), now)


async def change(stored: StoredSchool, lesson: Lesson, name: str, *, minutes: int, length: str, now: datetime) -> None:
    """A leader does it; what is refused changes nothing."""
    match name:
        case "move":
            starts_at = STARTS_AT + timedelta(minutes=minutes)
            await move(stored, lesson, lesson.starts_at if starts_at < now else starts_at, length, at=now)
        case "extend":
            await stored.write(lambda tx: moving.extend(tx, ask(stored, lesson, at=now)))
        case _:
            await stored.write(lambda tx: extending.let_end(tx, ask(stored, lesson, at=now)))


async def check(stored: StoredSchool, lesson: Lesson, now: datetime) -> None:
    """Of what hangs on times: nothing untrue waits, nothing needed is missing, no fact was told twice."""
    details, owed = await stored.details(lesson), await stored.notices(lesson)
    open_ones = [one for one in owed if one.state is NoticeState.WAITING]
    for one in open_ones:
        if one.kind in moving.HANGS_ON_TIMES:
            assert notices.find_reason_to_drop(one, details, now=now) in (None, "too_late", "card_is_fresh"), one
        if one.kind is NoticeKind.JOIN_LINK:
            due_first = lesson.starts_at - lesson.options.link_lead
            assert due_first <= one.due_at <= max(now, due_first), one
    if lesson.starts_at > now and lesson.state is LessonState.BOOKED:
        assert has_one(open_ones, NoticeKind.GO_LIVE, notices.instant(lesson.starts_at))
    if lesson.ends_at > now:
        assert has_one(open_ones, NoticeKind.READ_SESSIONS, notices.instant(lesson.ends_at))
    told = Counter((one.kind, one.person_id, one.occasion) for one in owed if one.state is NoticeState.SENT)
    assert not [fact for fact, count in told.items() if count > 1]
    reminded = [one for one in owed if one.kind is NoticeKind.START_REMINDER]
    if windows.reminds_at(lesson) > now:
        there = [one for one in reminded if one.occasion == notices.instant(lesson.starts_at)]
        assert {stored.ada.id, stored.ben.id} == {
            one.person_id for one in there if one.state is not NoticeState.DROPPED
        }


def has_one(owed: list[Notice], kind: NoticeKind, occasion: str) -> bool:
    return 1 == sum(one.kind is kind and one.occasion == occasion for one in owed)


async def check_everybody_knows(stored: StoredSchool, lesson: Lesson, now: datetime) -> None:
    """All being sent: whoever has a card has a way in for the window of now, or one on its way, and knows the start."""
    details, owed = await stored.details(lesson), await stored.notices(lesson)
    if not lesson.is_open or lesson.ends_at <= now:
        return
    for seat in details.seats:
        window = windows.window_of(lesson, seat.participant)
        coming = [one for one in owed if one.kind is NoticeKind.JOIN_LINK and one.about == seat.participant.id]
        if seat.link is None:
            assert NoticeState.WAITING in {one.state for one in coming}
        else:
            assert (window.opens_at, True) == (seat.link.opens_at, seat.link.closes_at >= lesson.ends_at)
    words = [one for one in owed if one.kind is NoticeKind.MOVED and one.state is NoticeState.SENT]
    moves = [move for one in words if one.person_id == stored.ben.id and (move := read_move(one.occasion))]
    if moves:
        assert max(moves, key=lambda move: move.revision).starts_at == lesson.starts_at
