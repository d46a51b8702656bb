"""Who has a place in a lesson: each change once, by who may, with all that it owes and nothing twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import extending, lifecycle, notices, seating
from bot.booking import AskedBack, Declined
from bot.drafts import Newcomers, ProblemCode
from bot.errors import LastOne, NotAllowed, Outdated, Refused, TooLate, WrongState
from storage.records import (
    CardKind,
    ClaimId,
    Lesson,
    LessonDetails,
    Link,
    Notice,
    NoticeKind,
    NoticeState,
    Person,
    Role,
    Seat,
    new_id,
)
from storage.sqlite import open_store
from storage.store import Transaction
from tests.bot.lessons_in_store import StoredSchool, found_school
from tests.bot.test_lifecycle import ask, book_and_send
from tests.records import ENDS_AT, NOW, STARTS_AT, make_card, make_link

DURING = STARTS_AT + timedelta(minutes=20)
BEFORE = STARTS_AT - timedelta(minutes=5)


async def add(
    stored: StoredSchool, lesson: Lesson, *people: Person, by: Person | None = None, at: datetime = NOW, **changes: Any
) -> Any:
    """Add them as the lesson is now."""
    newcomers = Newcomers(user_ids=tuple(person.user_id for person in people), **changes)
    asking = ask(stored, await stored.get(lesson.id), by=by or stored.ada, at=at)
    return await stored.write(lambda tx: seating.add(tx, asking, newcomers))


async def remove(
    stored: StoredSchool, lesson: Lesson, *people: Person, by: Person | None = None, at: datetime = NOW
) -> seating.Removed:
    """Take them out as the lesson is now."""
    details = await stored.details(lesson)
    ids = [seat_of(details, person).participant.id for person in people]
    asking = ask(stored, await stored.get(lesson.id), by=by or stored.ada, at=at)
    return await stored.write(lambda tx: seating.remove(tx, asking, ids))


def seat_of(details: LessonDetails, person: Person) -> Seat:
    """Their place."""
    seat = details.find_seat(person.id)
    assert seat is not None
    return seat


async def links_of(stored: StoredSchool, lesson: Lesson) -> list[Link]:
    return await stored.store.read(lambda tx: tx.lessons.list_links(stored.workspace.id, lesson.id))


def owed_to(owed: list[Notice], person: Person, *, waiting: bool = True) -> list[NoticeKind]:
    """What they are owed, in order."""
    return [
        one.kind for one in owed if one.person_id == person.id and (one.state is NoticeState.WAITING or not waiting)
    ]


async def test_a_learner_added_in_time_is_owed_a_way_in_and_a_reminder(stored: StoredSchool) -> None:
    """And nobody else is owed anything more; who added whom is kept."""
    lesson = await book_and_send(stored)
    before = len(await stored.notices(lesson))

    added = await add(stored, lesson, stored.cleo)

    assert seating.Added(people=(stored.cleo,)) == added
    owed = await stored.notices(lesson)
    assert [NoticeKind.JOIN_LINK, NoticeKind.START_REMINDER] == owed_to(owed, stored.cleo)
    assert before + 2 == len(owed)
    place = seat_of(await stored.details(lesson), stored.cleo).participant
    assert (stored.ada.id, NOW, Role.LEARNER, True) == (
        place.added_by,
        place.added_at,
        place.role,
        place.is_new_to_leader,
    )


@pytest.mark.parametrize(
    # when a leader is added; what they are owed
    ("at", "kinds"),
    [
        (NOW, [NoticeKind.JOIN_LINK, NoticeKind.START_REMINDER, NoticeKind.END_WARNING]),
        (BEFORE, [NoticeKind.JOIN_LINK, NoticeKind.END_WARNING]),
        (ENDS_AT - timedelta(minutes=2), [NoticeKind.JOIN_LINK]),
    ],
)
async def test_an_added_leader_is_owed_what_has_not_had_its_moment(
    stored: StoredSchool, at: datetime, kinds: list[NoticeKind]
) -> None:
    """A reminder and the question before the end, where they are still to come."""
    lesson = await book_and_send(stored)

    await add(stored, lesson, stored.cleo, role=Role.LEADER, at=at)
    assert kinds == owed_to(await stored.notices(lesson), stored.cleo)


@pytest.mark.parametrize(
    # who is named, how they are changed, as what; what is said
    ("name", "changes", "role", "code"),
    [
        ("ben", {}, Role.LEARNER, ProblemCode.ALREADY_THERE),
        ("ben", {}, Role.LEADER, ProblemCode.LEADER_AND_PARTICIPANT),
        ("ada", {}, Role.OBSERVER, ProblemCode.LEADER_AND_PARTICIPANT),
        ("cleo", {"is_deactivated": True}, Role.LEARNER, ProblemCode.IS_DEACTIVATED),
        ("cleo", {"unreachable": "user_not_found"}, Role.LEARNER, ProblemCode.IS_UNREACHABLE),
    ],
)
async def test_newcomers_are_checked_as_in_a_booking(
    stored: StoredSchool, name: str, changes: dict[str, Any], role: Role, code: ProblemCode
) -> None:
    """Everything is said of the one field, and nothing is changed."""
    lesson = await book_and_send(stored)
    person: Person = getattr(stored, name)
    await stored.write(lambda tx: tx.people.save(replace(person, **changes)))

    declined = await add(stored, lesson, person, role=role)
    assert isinstance(declined, Declined)
    assert [code] == [problem.code for problem in declined.problems]
    assert lesson.revision == (await stored.get(lesson.id)).revision


async def test_nobody_chosen_too_many_and_too_far_reach(stored: StoredSchool) -> None:
    """A full room and a spent hour are refused; an admin's hour has no end."""
    lesson = await book_and_send(stored)
    empty = await add(stored, lesson)
    capabilities = replace(stored.policy.capabilities, max_participants=2)
    stored.policy = replace(stored.policy, capabilities=capabilities)
    full = await add(stored, lesson, stored.cleo)
    stored.policy = replace(stored.policy, capabilities=replace(capabilities, max_participants=None), reach=1)
    spent = await add(stored, lesson, stored.cleo)

    said = [declined.problems[0].code for declined in (empty, full, spent)]
    assert [ProblemCode.MISSING, ProblemCode.TOO_MANY_FOR_SERVICE, ProblemCode.REACH] == said
    stored.policy = replace(stored.policy, admin_ids=frozenset({stored.ada.user_id}))
    assert isinstance(await add(stored, lesson, stored.cleo), seating.Added)


async def test_an_overlap_is_asked_back_and_added_when_confirmed(stored: StoredSchool) -> None:
    """The other lesson's title is told only to who may know it."""
    await stored.book(stored.cleo, leader_ids=(stored.olga.user_id,), by=stored.olga, title="Geometry")
    lesson = await book_and_send(stored)

    asked = await add(stored, lesson, stored.cleo)
    assert isinstance(asked, AskedBack)
    assert [""] == [caution.title for caution in asked.cautions]
    assert isinstance(await add(stored, lesson, stored.cleo, confirmed=asked.digest), seating.Added)


async def test_the_removed_are_told_once_and_lose_what_waited(stored: StoredSchool) -> None:
    """Links revoked, all of them; until when one still opens the room is told; the others keep what they are owed."""
    lesson = await book_and_send(stored)
    await add(stored, lesson, stored.cleo)
    ben = seat_of(await stored.details(lesson), stored.ben).participant
    await stored.write(lambda tx: tx.lessons.insert_link(make_link(ben, device=2, delivered_at=NOW)))
    ada_before = owed_to(await stored.notices(lesson), stored.ada)

    removed = await remove(stored, lesson, stored.ben, at=BEFORE)

    assert ((stored.ben,), ENDS_AT + timedelta(minutes=30)) == (removed.people, removed.valid_until)
    owed = await stored.notices(lesson)
    assert [NoticeKind.REMOVED] == owed_to(owed, stored.ben)
    assert ada_before == owed_to(owed, stored.ada)
    assert [BEFORE, BEFORE] == [
        link.revoked_at for link in await links_of(stored, lesson) if link.participant_id == ben.id
    ]
    details = await stored.details(lesson)
    assert [stored.ben.id] == [seat.person.id for seat in details.removed]
    cards = await stored.store.read(lambda tx: tx.cards.list_for_lesson(stored.workspace.id, lesson.id))
    assert all(card.revision_wanted > card.revision_shown for card in cards)


async def test_where_links_can_be_revoked_none_stays_valid(stored: StoredSchool) -> None:
    """Nothing to warn of."""
    capabilities = replace(stored.policy.capabilities, revocation=True)
    stored.policy = replace(stored.policy, capabilities=capabilities)
    lesson = await book_and_send(stored)
    await add(stored, lesson, stored.cleo)
    ben = seat_of(await stored.details(lesson), stored.ben)
    assert ben.link is not None
    link = ben.link
    await stored.write(lambda tx: tx.lessons.update_link(replace(link, delivered_at=NOW)))

    assert (await remove(stored, lesson, stored.ben)).valid_until is None


async def test_who_never_heard_of_the_lesson_is_not_told_of_the_end_of_it(stored: StoredSchool) -> None:
    """Added and taken out before anything was sent: silence. So is whoever takes themselves out."""
    lesson = await book_and_send(stored)
    await add(stored, lesson, stored.cleo)
    await add(stored, lesson, stored.olga, role=Role.LEADER)

    await remove(stored, lesson, stored.cleo)
    await remove(stored, lesson, stored.ada, by=stored.ada)
    assert [] == await stored.notices(lesson, NoticeKind.REMOVED)


async def test_a_lesson_keeps_a_leader_and_a_participant(stored: StoredSchool) -> None:
    """Alone or all at once; nothing changes."""
    lesson = await book_and_send(stored)

    for people, is_leader in (((stored.ada,), True), ((stored.ben,), False), ((stored.ada, stored.ben), True)):
        with pytest.raises(LastOne) as refused:
            await remove(stored, lesson, *people)
        assert is_leader is refused.value.is_leader
    assert 2 == len((await stored.details(lesson)).seats)


async def test_one_change_puts_one_in_anothers_place(stored: StoredSchool) -> None:
    """Also the only leader's, and in a full room: the role stays, one revision, one entry in the audit."""
    capabilities = replace(stored.policy.capabilities, max_participants=2)
    stored.policy = replace(stored.policy, capabilities=capabilities)
    lesson = await book_and_send(stored)
    leaving = seat_of(await stored.details(lesson), stored.ada).participant.id
    newcomers = Newcomers(user_ids=(stored.cleo.user_id,), role=Role.OBSERVER)

    asking = ask(stored, lesson, by=stored.ada, at=NOW)
    replaced = await stored.write(lambda tx: seating.replace_one(tx, asking, leaving, newcomers))

    assert isinstance(replaced, seating.Replaced)
    details = await stored.details(lesson)
    assert [stored.cleo.id] == [seat.person.id for seat in details.leaders]
    assert lesson.revision + 1 == details.lesson.revision
    assert [] == owed_to(await stored.notices(lesson), stored.ada)
    audit = await stored.store.read(lambda tx: tx.audit.list_for_lesson(stored.workspace.id, lesson.id))
    assert ["booked", "replaced"] == [entry.action for entry in audit]
    with pytest.raises((Outdated, NotAllowed)):
        await stored.write(lambda tx: seating.replace_one(tx, asking, leaving, newcomers))


async def test_two_presses_act_once(stored: StoredSchool) -> None:
    """The second finds another revision, for each change."""
    lesson = await book_and_send(stored)
    asking = ask(stored, lesson, by=stored.ada, at=NOW)
    ben = seat_of(await stored.details(lesson), stored.ben).participant.id
    await stored.write(lambda tx: seating.resend(tx, asking, ben))

    for work in (
        lambda tx: seating.resend(tx, asking, ben),
        lambda tx: seating.remove(tx, asking, [ben]),
        lambda tx: seating.add(tx, asking, Newcomers(user_ids=(stored.cleo.user_id,))),
    ):
        with pytest.raises(Outdated):
            await stored.write(work)
    assert 1 == len(await stored.notices(lesson, NoticeKind.RESENT))


@pytest.mark.parametrize("who", ["ben", "cleo"])
async def test_only_who_runs_a_lesson_changes_its_places(stored: StoredSchool, who: str) -> None:
    """Neither a learner nor a bystander."""
    lesson = await book_and_send(stored)
    somebody: Person = getattr(stored, who)
    ben = seat_of(await stored.details(lesson), stored.ben).participant.id

    with pytest.raises(NotAllowed):
        await add(stored, lesson, stored.olga, by=somebody)
    with pytest.raises(NotAllowed):
        await remove(stored, lesson, stored.ben, by=somebody)
    asking = ask(stored, lesson, by=somebody, at=NOW)
    with pytest.raises(NotAllowed):
        await stored.write(lambda tx: seating.resend(tx, asking, ben))


async def test_places_of_a_lesson_that_is_over_stay(stored: StoredSchool) -> None:
    """Cancelled, or with its doors closed."""
    lesson = await book_and_send(stored)
    with pytest.raises(TooLate):
        await add(stored, lesson, stored.cleo, at=ENDS_AT + timedelta(minutes=30))
    await stored.write(lambda tx: lifecycle.cancel(tx, ask(stored, lesson, by=stored.ada, at=NOW)))
    with pytest.raises(WrongState):
        await add(stored, lesson, stored.cleo)


async def test_resending_a_spent_link_makes_a_new_one(stored: StoredSchool) -> None:
    """One that was opened works in one browser only; one that was not is sent as it is."""
    lesson = await book_and_send(stored)
    ben = seat_of(await stored.details(lesson), stored.ben)
    assert ben.link is not None
    link_id = ben.link.id
    await stored.write(lambda tx: tx.lessons.mark_opened(stored.workspace.id, link_id, at=DURING))

    asking = ask(stored, lesson, by=stored.ada, at=DURING)
    await stored.write(lambda tx: seating.resend(tx, asking, ben.participant.id))

    assert {NoticeKind.JOIN_LINK, NoticeKind.RESENT} <= set(owed_to(await stored.notices(lesson), stored.ben))
    assert 2 == seat_of(await stored.details(lesson), stored.ben).participant.link_number


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(["ben", "cleo", "olga"]), st.sampled_from([Role.LEADER, *Role])),
        st.tuples(st.just("remove"), st.sampled_from(["ada", "ada", "ben", "cleo", "olga"]), st.just(Role.LEARNER)),
        st.tuples(st.just("resend"), st.sampled_from(["ben", "cleo", "olga"]), st.just(Role.LEARNER)),
        st.tuples(st.just("extend"), st.just("ada"), st.just(Role.LEADER)),
        st.tuples(st.just("pass"), st.sampled_from(["ada"]), st.just(Role.LEARNER)),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
async def test_whoever_comes_and_goes_no_fact_is_told_twice(steps: list[tuple[str, str, Role]]) -> None:
    """No start and no end is announced to one person twice, and nothing waits for who has no place."""
    with TemporaryDirectory() as folder:
        async with open_store(Path(folder) / "hallpass.db", on_owed=lambda: None) as store:
            stored = await found_school(store)
            lesson, now = await stored.book(stored.ben, stored.cleo), NOW
            await send_due(stored, lesson, now)
            for step, name, role in steps:
                now += timedelta(minutes=13) if step == "pass" else timedelta(seconds=5)
                await take(stored, lesson, step, getattr(stored, name), role, now)
                await check_nothing_waits(stored, lesson)
                if step == "pass":
                    await send_due(stored, lesson, now)
            await send_due(stored, lesson, now)

            sent = [one for one in await stored.notices(lesson) if one.state is NoticeState.SENT]
            facts = (NoticeKind.START_REMINDER, NoticeKind.END_WARNING)
            told = Counter((one.kind, one.person_id, one.occasion) for one in sent if one.kind in facts)
            assert not [fact for fact, count in told.items() if count > 1]


async def take(stored: StoredSchool, lesson: Lesson, step: str, person: Person, role: Role, now: datetime) -> None:
    """One step by the office, which may do everything; what is refused changes nothing."""
    stored.policy = replace(stored.policy, admin_ids=frozenset({stored.olga.user_id}))
    asking = ask(stored, await stored.get(lesson.id), by=stored.olga, at=now)
    seat = (await stored.details(lesson)).find_seat(person.id)
    newcomers = Newcomers(user_ids=(person.user_id,), role=role)

    def work(tx: Transaction) -> None:
        if step == "add":
            seating.add(tx, asking, newcomers)
        elif step == "extend":
            extending.extend(tx, asking)
        elif seat is not None and step == "remove":
            seating.remove(tx, asking, [seat.participant.id])
        elif seat is not None and step == "resend":
            seating.resend(tx, asking, seat.participant.id)

    try:
        await stored.write(work)
    except Refused:
        return


async def send_due(stored: StoredSchool, lesson: Lesson, now: datetime) -> None:
    """What is due is sent as the sender would: dropped where its fact no longer holds, cards kept."""
    claim = ClaimId(new_id())

    def work(tx: Transaction) -> int:
        lease = timedelta(minutes=1)
        taken = tx.notices.claim(now=now, machine_now=now, limit=100, claim_id=claim, lease=lease)
        for notice in taken:
            details = tx.lessons.get_details(stored.workspace.id, lesson.id)
            reason = notices.find_reason_to_drop(notice, details, now=now)
            state = NoticeState.DROPPED if reason else NoticeState.SENT
            tx.notices.finish(notice.id, claim_id=claim, state=state, sent_at=now, reason=reason)
            seat = details.find_seat(notice.person_id) if notice.person_id else None
            if reason is None and notice.kind in notices.BRINGS_CARD and seat is not None and seat.card is None:
                kind = CardKind.LEADER if seat.participant.is_leader else CardKind.PARTICIPANT
                tx.cards.insert(make_card(notice, kind, posted_at=now))
        return len(taken)

    while await stored.write(work):
        pass


async def check_nothing_waits(stored: StoredSchool, lesson: Lesson) -> None:
    """Who has no place is owed nothing but the word of it; each place is owed or has its way in."""
    details = await stored.details(lesson)
    seated = {seat.person.id for seat in details.seats}
    places = {seat.participant.id for seat in details.seats}
    for notice in await stored.notices(lesson):
        if notice.state is not NoticeState.WAITING or notice.kind in seating.NOT_AS_SEATED:
            continue
        if notice.kind is NoticeKind.REMOVED:
            assert notice.person_id not in seated
        else:
            assert notice.person_id is None or notice.person_id in seated, notice.kind
            assert notice.about is None or notice.about in places, notice.kind
    assert any(seat.participant.is_leader for seat in details.seats)
    assert any(not seat.participant.is_leader for seat in details.seats)
