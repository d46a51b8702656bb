"""The outbox: what is handed out, to whom, in which order, and who may spend it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from storage.errors import NotStored
from storage.records import TOO_LATE, ClaimId, Notice, NoticeId, NoticeKind, NoticeState, WorkspaceId
from storage.store import Store, Transaction
from tests.records import NOW, STARTS_AT, make_notice
from tests.storage.contract import LEASE, MACHINE_NOW, School, make_school

SECOND = timedelta(seconds=1)
SOON = MACHINE_NOW + timedelta(seconds=30)


async def test_a_notice_comes_back_as_it_was_stored(school: School) -> None:
    """Every field survives, microseconds and emptiness included."""
    lesson = await school.book(school.ben)
    seat = await school.seat(lesson, school.ben)
    stored = await school.owe(lesson, school.ben, about=seat.id, due_at=NOW + timedelta(microseconds=7))

    assert stored == await school.look(stored)


async def test_a_fact_is_owed_once(school: School) -> None:
    """The same kind, recipient, about and occasion again stores nothing and touches nothing, not even when sent."""
    lesson = await school.book(school.ben)
    first = await school.owe(lesson, school.ben)
    await school.claim()
    await school.finish(first)
    again = [make_notice(lesson, school.ben), make_notice(lesson, school.cleo), make_notice(lesson, school.cleo)]

    assert await school.store.write(lambda tx: tx.notices.insert(again)) == 1
    assert (await school.look(first)).state == NoticeState.SENT


async def test_another_that_is_begun_is_found(school: School) -> None:
    """Only one about the same participant, of the kinds asked for, that is on its way, and never the one that asks."""
    lesson = await school.book(school.ben, school.cleo)
    ben, cleo = await school.seat(lesson, school.ben), await school.seat(lesson, school.cleo)
    brings = (NoticeKind.INVITATION, NoticeKind.JOIN_LINK)
    first = await school.owe(lesson, school.ben, about=ben.id, kind=NoticeKind.INVITATION)
    link = await school.owe(lesson, school.ben, about=ben.id, kind=NoticeKind.JOIN_LINK, due_at=NOW + SECOND)
    theirs = await school.owe(lesson, school.cleo, about=cleo.id, kind=NoticeKind.JOIN_LINK, due_at=NOW + SECOND)

    async def ask(notice: Notice, *kinds: NoticeKind) -> bool:
        return await school.store.read(lambda tx: tx.notices.is_another_begun(notice, kinds=kinds))

    assert not await ask(link, *brings)
    await school.claim()
    assert await school.begin(first)

    assert await ask(link, *brings)
    assert not await ask(link, NoticeKind.JOIN_LINK)
    assert not await ask(first, *brings)
    assert not await ask(theirs, *brings)
    await school.finish(first)
    assert not await ask(link, *brings)


async def test_a_fact_that_holds_once_more_is_owed_again(school: School) -> None:
    """Dropped because the lesson moved, and planned again because it moved back: due as planned now, sent once."""
    lesson = await school.book(school.ben)
    first = await school.owe(lesson, school.ben, due_at=NOW + SECOND)
    moved = make_notice(lesson, school.ben, due_at=NOW)

    def drop_and_plan(tx: Transaction, reason: str) -> int:
        tx.notices.drop_waiting(lesson.workspace_id, lesson.id, kinds=(first.kind,), reason=reason)
        return tx.notices.insert([moved])

    assert await school.store.write(lambda tx: drop_and_plan(tx, "moved")) == 1
    again = await school.look(first)
    assert (again.state, again.due_at, again.reason) == (NoticeState.WAITING, NOW, None)
    assert [notice.id for notice in await school.claim()] == [first.id]
    await school.finish(first)
    assert await school.store.write(lambda tx: drop_and_plan(tx, "moved")) == 0
    assert (await school.look(first)).state == NoticeState.SENT


async def test_what_was_dropped_for_good_stays_dropped(school: School) -> None:
    """Only a lesson that moved back owes again; what was cancelled, say, is over."""
    lesson = await school.book(school.ben)
    first = await school.owe(lesson, school.ben)

    def drop_and_plan(tx: Transaction) -> int:
        tx.notices.drop_waiting(lesson.workspace_id, lesson.id, kinds=(first.kind,), reason="cancelled")
        return tx.notices.insert([make_notice(lesson, school.ben)])

    assert await school.store.write(drop_and_plan) == 0
    assert (await school.look(first)).state == NoticeState.DROPPED


async def test_what_waits_is_due_at_another_time_when_the_lesson_moves(school: School) -> None:
    """Later, it is not handed out before; earlier, it is at once; a back-off stays, and other kinds do."""
    lesson = await school.book(school.ben)
    due = await school.owe(lesson, school.ben)
    other = await school.owe(lesson, school.cleo, kind=NoticeKind.SUMMARY)
    later = NOW + timedelta(hours=1)

    async def move(due_at: datetime) -> int:
        return await school.store.write(
            lambda tx: tx.notices.reschedule(
                lesson.workspace_id, lesson.id, kinds=(due.kind,), due_at=due_at, lesson_starts_at=later
            )
        )

    assert await move(later) == 1
    assert [notice.id for notice in await school.claim("one")] == [other.id]
    assert await move(NOW) == 1
    [taken] = await school.claim("two")
    assert (taken.id, taken.due_at, taken.lesson_starts_at) == (due.id, NOW, later)
    await school.release(due, "two")
    assert await move(NOW) == 1
    assert await school.claim("three") == []
    assert [notice.id for notice in await school.claim("four", machine_now=SOON)] == [due.id]


@pytest.mark.parametrize("difference", ["kind", "recipient", "about", "occasion"])
async def test_another_fact_is_owed_beside_it(school: School, difference: str) -> None:
    """Each part of the key tells facts apart by itself."""
    lesson = await school.book(school.ben)
    seat = await school.seat(lesson, school.ben)
    await school.owe(lesson, school.ben)
    other = {
        "kind": make_notice(lesson, school.ben, kind=NoticeKind.MOVED),
        "recipient": make_notice(lesson, None, channel_id="C1"),
        "about": make_notice(lesson, school.ben, about=seat.id),
        "occasion": make_notice(lesson, school.ben, occasion="2"),
    }[difference]

    assert await school.store.write(lambda tx: tx.notices.insert([other])) == 1


async def test_nothing_is_claimed_before_it_is_due(school: School) -> None:
    """Due means `due_at <= now` by the lesson clock, to the microsecond."""
    lesson = await school.book(school.ben)
    notice = await school.owe(lesson, school.ben, due_at=NOW + SECOND)

    assert await school.claim(now=NOW + SECOND - timedelta(microseconds=1)) == []
    assert [notice.id] == [one.id for one in await school.claim(now=NOW + SECOND)]


async def test_a_clock_moved_back_makes_nothing_due(school: School) -> None:
    """What one claim saw due, a claim at an earlier lesson time does not hand out."""
    lesson = await school.book(school.ben, school.cleo)
    await school.owe(lesson, school.ben, due_at=NOW)
    later = await school.owe(lesson, school.cleo, due_at=NOW + SECOND)
    await school.claim(now=NOW + SECOND, limit=1)

    assert await school.claim(now=NOW) == []
    assert [later.id] == [one.id for one in await school.claim(now=NOW + SECOND)]


async def test_what_is_claimed_carries_its_claim(school: School) -> None:
    """State, claim id, lease by the machine's clock, and one attempt more; the store holds the same."""
    lesson = await school.book(school.ben)
    await school.owe(lesson, school.ben)
    (claimed,) = await school.claim("mine")

    assert (
        claimed.state,
        claimed.claim_id,
        claimed.leased_until,
        claimed.attempts,
    ) == (NoticeState.CLAIMED, "mine", MACHINE_NOW + LEASE, 1)
    assert claimed == await school.look(claimed)


async def test_a_live_claim_is_exclusive(school: School) -> None:
    """Nobody else gets it until the lease has run out on the machine clock; then somebody does."""
    lesson = await school.book(school.ben)
    await school.owe(lesson, school.ben)
    await school.claim("one")

    assert await school.claim("two", machine_now=MACHINE_NOW + LEASE - SECOND, now=NOW + timedelta(days=1)) == []
    (taken,) = await school.claim("two", machine_now=MACHINE_NOW + LEASE)
    assert (taken.claim_id, taken.attempts) == ("two", 2)


async def test_no_more_are_claimed_than_there_are_slots(school: School) -> None:
    """`limit` bounds a claim; none at all for no slots."""
    lesson = await school.book(school.ben, school.cleo, school.dan)
    for person in (school.ben, school.cleo, school.dan):
        await school.owe(lesson, person)

    assert await school.claim(limit=0) == []
    assert len(await school.claim(limit=2)) == 2
    assert len(await school.claim(limit=2)) == 1


async def test_urgent_kinds_come_first_and_soonest_lessons_first(school: School) -> None:
    """Join links and their like by lesson start, due_at, id; then the rest likewise."""
    soon = await school.book(school.ben, starts_at=STARTS_AT)
    late = await school.book(school.ben, starts_at=STARTS_AT + timedelta(days=1))
    await school.owe(soon, school.dan, kind=NoticeKind.SUMMARY)
    await school.owe(late, school.ben, kind=NoticeKind.JOIN_LINK, due_at=NOW - SECOND)
    await school.owe(soon, school.cleo, kind=NoticeKind.START_REMINDER)
    await school.owe(soon, school.ben, kind=NoticeKind.JOIN_LINK, due_at=NOW - SECOND)
    await school.owe(late, None, kind=NoticeKind.GO_LIVE)
    claimed = await school.claim()

    assert [
        (NoticeKind.JOIN_LINK, soon.id),
        (NoticeKind.START_REMINDER, soon.id),
        (NoticeKind.JOIN_LINK, late.id),
        (NoticeKind.SUMMARY, soon.id),
        (NoticeKind.GO_LIVE, late.id),
    ] == [(notice.kind, notice.lesson_id) for notice in claimed]


@pytest.mark.parametrize(
    "kind",
    [
        NoticeKind.JOIN_LINK,
        NoticeKind.INVITATION,
        NoticeKind.START_REMINDER,
        NoticeKind.END_WARNING,
        NoticeKind.MOVED,
        NoticeKind.CANCELLED,
    ],
)
async def test_every_urgent_kind_goes_before_the_rest(school: School, kind: NoticeKind) -> None:
    """Even where its lesson starts later."""
    late = await school.book(school.ben, starts_at=STARTS_AT + timedelta(days=1))
    soon = await school.book(school.ben)
    await school.owe(soon, school.ben, kind=NoticeKind.NOT_REACHED, due_at=NOW - SECOND)
    await school.owe(late, school.ben, kind=kind)

    assert [kind] == [notice.kind for notice in await school.claim(limit=1)]


async def test_the_limit_cuts_the_least_urgent(school: School) -> None:
    """The order decides who is claimed, not only how the claimed are listed."""
    lessons = [await school.book(school.ben, starts_at=STARTS_AT + timedelta(hours=hour)) for hour in (3, 1, 2)]
    for lesson in lessons:
        await school.owe(lesson, school.ben)

    assert [lessons[1].id, lessons[2].id] == [notice.lesson_id for notice in await school.claim(limit=2)]


async def test_one_recipient_gets_one_at_a_time_in_order(school: School) -> None:
    """Of several due for one person in one lesson the first by due_at, and the next only when that is done."""
    lesson = await school.book(school.ben)
    second = await school.owe(lesson, school.ben, kind=NoticeKind.JOIN_LINK, due_at=NOW)
    first = await school.owe(lesson, school.ben, kind=NoticeKind.SUMMARY, due_at=NOW - SECOND)

    assert [first.id] == [notice.id for notice in await school.claim()]
    assert await school.claim() == []
    assert await school.finish(first)
    assert [second.id] == [notice.id for notice in await school.claim()]


async def test_of_two_due_together_the_earlier_id_goes_first(school: School) -> None:
    """Ids break ties, so the order is the same on every replica."""
    lesson = await school.book(school.ben)
    notices = [make_notice(lesson, school.ben, id=NoticeId(name), occasion=name) for name in ("b", "a")]
    await school.store.write(lambda tx: tx.notices.insert(notices))

    assert [notice.id for notice in await school.claim()] == ["a"]


async def test_recipients_are_told_apart(school: School) -> None:
    """The same person in another lesson, another person, and the channel each have their own turn."""
    lesson, other = await school.book(school.ben), await school.book(school.ben)
    await school.owe(lesson, school.ben)
    await school.owe(lesson, school.cleo)
    await school.owe(lesson, None, channel_id="C1")
    await school.owe(other, school.ben)

    assert len(await school.claim()) == 4


async def test_work_without_a_recipient_queues_by_kind(school: School) -> None:
    """Two of one kind in a lesson one after the other, different kinds side by side."""
    lesson = await school.book(school.ben)
    await school.owe(lesson, kind=NoticeKind.READ_SESSIONS, occasion="1")
    await school.owe(lesson, kind=NoticeKind.READ_SESSIONS, occasion="2")
    await school.owe(lesson, kind=NoticeKind.ERASE_SECRETS)

    kinds = {notice.kind for notice in await school.claim()}
    assert ({NoticeKind.READ_SESSIONS, NoticeKind.ERASE_SECRETS}, []) == (kinds, await school.claim())


async def test_an_earlier_one_that_backs_off_does_not_hold_the_next(school: School) -> None:
    """Only what is due has a place in the queue; what waits for the machine clock is not due."""
    lesson = await school.book(school.ben)
    first = await school.owe(lesson, school.ben, due_at=NOW - SECOND)
    second = await school.owe(lesson, school.ben, occasion="2")
    await school.claim()
    await school.release(first, not_before=SOON)

    assert [second.id] == [notice.id for notice in await school.claim()]


async def test_closed_kinds_stay_and_hold_nobody_up(school: School) -> None:
    """A kind whose gate is closed is not claimed, and what is behind it goes ahead."""
    lesson = await school.book(school.ben)
    link = await school.owe(lesson, school.ben, due_at=NOW - SECOND)
    moved = await school.owe(lesson, school.ben, kind=NoticeKind.MOVED)

    assert [moved.id] == [one.id for one in await school.claim(closed_kinds=[NoticeKind.JOIN_LINK])]
    assert await school.claim() == []
    await school.finish(moved)
    assert [link.id] == [one.id for one in await school.claim()]


async def test_begin_needs_a_claim_that_holds(school: School) -> None:
    """Ours and live: it is BEGUN from now on, with a fresh lease. Somebody else's or run out: nothing is written."""
    lesson = await school.book(school.ben)
    notice = await school.owe(lesson, school.ben)
    assert not await school.begin(notice)
    await school.claim()

    assert not await school.begin(notice, "two")
    assert not await school.begin(notice, machine_now=MACHINE_NOW + LEASE)
    assert await school.begin(notice, machine_now=MACHINE_NOW + SECOND)
    begun = await school.look(notice)
    assert (
        begun.state,
        begun.begun_at,
        begun.leased_until,
    ) == (NoticeState.BEGUN, MACHINE_NOW + SECOND, MACHINE_NOW + SECOND + LEASE)


async def test_a_begun_notice_stays_begun_when_it_is_claimed_again(school: School) -> None:
    """Its sender died: whoever takes it sees when it was begun, and must look before sending again."""
    lesson = await school.book(school.ben)
    notice = await school.owe(lesson, school.ben)
    await school.claim()
    await school.begin(notice)
    (taken,) = await school.claim("two", machine_now=MACHINE_NOW + LEASE)

    assert (taken.state, taken.begun_at, taken.claim_id) == (NoticeState.BEGUN, MACHINE_NOW, "two")
    assert await school.begin(notice, "two", machine_now=MACHINE_NOW + LEASE)


async def test_a_lease_can_be_renewed_while_it_holds(school: School) -> None:
    """Longer for its holder; not for another, nor once it ran out."""
    lesson = await school.book(school.ben)
    notice = await school.owe(lesson, school.ben)
    await school.claim()

    async def renew(claim_id: str, at: datetime) -> bool:
        return await school.store.write(
            lambda tx: tx.notices.renew(notice.id, claim_id=ClaimId(claim_id), machine_now=at, lease=LEASE)
        )

    assert (await renew("two", MACHINE_NOW), await renew("one", MACHINE_NOW + 30 * SECOND)) == (False, True)
    assert await school.claim("two", machine_now=MACHINE_NOW + 89 * SECOND) == []
    assert not await renew("one", MACHINE_NOW + 90 * SECOND)


@pytest.mark.parametrize("state", [NoticeState.SENT, NoticeState.DROPPED, NoticeState.FAILED])
async def test_what_is_finished_is_over(school: School, state: NoticeState) -> None:
    """Written once, with what is known of it, the claim given up, and never claimed again."""
    lesson = await school.book(school.ben)
    notice = await school.owe(lesson, school.ben)
    await school.claim()
    assert await school.finish(notice, state=state, sent_at=NOW, conversation="D1", ts="1.2", reason="why")
    done = await school.look(notice)

    assert (state, NOW, "D1", "1.2", "why", None, None) == (
        done.state,
        done.sent_at,
        done.conversation,
        done.ts,
        done.reason,
        done.claim_id,
        done.leased_until,
    )
    assert await school.claim("two", machine_now=MACHINE_NOW + timedelta(days=1)) == []
    assert not await school.finish(notice)


async def test_finishing_needs_the_claim_but_not_its_lease(school: School) -> None:
    """A post that took longer than its lease is recorded as long as nobody else took the notice over."""
    lesson = await school.book(school.ben)
    notice = await school.owe(lesson, school.ben)
    await school.claim("one")
    await school.claim("two", machine_now=MACHINE_NOW + LEASE)

    assert not await school.finish(notice, "one")
    assert (await school.look(notice)).state == NoticeState.CLAIMED
    assert await school.finish(notice, "two")


async def test_a_notice_finishes_only_in_an_end(school: School) -> None:
    """WAITING, CLAIMED and BEGUN are no ends."""
    lesson = await school.book(school.ben)
    notice = await school.owe(lesson, school.ben)
    await school.claim()

    with pytest.raises(ValueError, match="waiting"):
        await school.finish(notice, state=NoticeState.WAITING)


async def test_what_is_given_back_waits_for_the_machine_clock(school: School) -> None:
    """Not before `not_before`, whatever the lesson clock says; begun or not, it starts afresh."""
    lesson = await school.book(school.ben)
    notice = await school.owe(lesson, school.ben)
    await school.claim()
    await school.begin(notice)
    assert await school.release(notice, not_before=SOON, reason="ratelimited")
    given_back = await school.look(notice)

    assert (
        given_back.state,
        given_back.claim_id,
        given_back.begun_at,
        given_back.not_before,
        given_back.reason,
        given_back.attempts,
    ) == (NoticeState.WAITING, None, None, SOON, "ratelimited", 1)
    assert await school.claim(machine_now=SOON - SECOND, now=NOW + timedelta(days=1)) == []
    assert [one.attempts for one in await school.claim(machine_now=SOON)] == [2]


async def test_an_unknown_outcome_stays_begun(school: School) -> None:
    """Given back as unknown, it keeps when it was begun, and is claimed as BEGUN after its wait."""
    lesson = await school.book(school.ben)
    notice = await school.owe(lesson, school.ben)
    await school.claim()
    await school.begin(notice)
    assert await school.release(notice, not_before=SOON, is_unknown=True)

    assert await school.claim(machine_now=SOON - SECOND) == []
    (taken,) = await school.claim("two", machine_now=SOON)
    assert (taken.state, taken.begun_at) == (NoticeState.BEGUN, MACHINE_NOW)


async def test_what_is_put_off_waits_for_the_lesson_clock(school: School) -> None:
    """Given back with a later `due_at`, both clocks must have come."""
    lesson = await school.book(school.ben)
    notice = await school.owe(lesson, school.ben)
    await school.claim()
    await school.release(notice, not_before=SOON, due_at=NOW + SECOND)

    assert await school.claim(now=NOW + SECOND, machine_now=SOON - SECOND) == []
    assert await school.claim(machine_now=SOON) == []
    assert [notice.id] == [one.id for one in await school.claim(machine_now=SOON, now=NOW + SECOND)]


async def test_only_the_holder_gives_back(school: School) -> None:
    """Another's claim id changes nothing."""
    lesson = await school.book(school.ben)
    notice = await school.owe(lesson, school.ben)
    await school.claim("one")

    assert not await school.release(notice, "two")
    assert (await school.look(notice)).claim_id == "one"


async def test_dropping_spares_what_is_on_the_wire(school: School) -> None:
    """WAITING and CLAIMED go, and a claimed one's begin then answers False; BEGUN and SENT stay."""
    lesson = await school.book(school.ben, school.cleo, school.dan)
    begun = await school.owe(lesson, school.ben)
    claimed = await school.owe(lesson, school.cleo)
    await school.claim()
    await school.begin(begun)
    waiting = await school.owe(lesson, school.dan)
    dropped = await school.store.write(
        lambda tx: tx.notices.drop_waiting(
            school.workspace.id, lesson.id, kinds=[NoticeKind.JOIN_LINK], reason="cancelled"
        )
    )

    assert dropped == 2
    assert not await school.begin(claimed)
    states = [(one.state, one.reason) for one in [await school.look(n) for n in (begun, claimed, waiting)]]
    assert states == [(NoticeState.BEGUN, None)] + 2 * [(NoticeState.DROPPED, "cancelled")]
    assert await school.finish(begun)


@pytest.mark.parametrize(
    ("choice", "expected"),
    # which of them are named · whose notices go
    [
        ({}, {"Ben 1", "Ben 2", "Cleo 1"}),
        ({"about": "Ben"}, {"Ben 1", "Ben 2"}),
        ({"person_id": "Cleo"}, {"Cleo 1"}),
        ({"but_occasion": "2"}, {"Ben 1", "Cleo 1"}),
        ({"about": "Ben", "but_occasion": "1"}, {"Ben 2"}),
    ],
)
async def test_dropping_takes_only_what_is_named(school: School, choice: dict[str, str], expected: set[str]) -> None:
    """Each condition narrows; other kinds and other lessons are never touched."""
    lesson, other = await school.book(school.ben, school.cleo), await school.book(school.ben)
    people = {"Ben": school.ben, "Cleo": school.cleo}
    seats = {name: (await school.seat(lesson, person)).id for name, person in people.items()}
    owed = {
        f"{name} {occasion}": await school.owe(lesson, people[name], about=seats[name], occasion=occasion)
        for name, occasion in (("Ben", "1"), ("Ben", "2"), ("Cleo", "1"))
    }
    owed["summary"] = await school.owe(lesson, school.ben, kind=NoticeKind.SUMMARY)
    owed["elsewhere"] = await school.owe(other, school.ben)
    named = dict(choice)
    if "about" in named:
        named["about"] = seats[named["about"]]
    if "person_id" in named:
        named["person_id"] = people[named["person_id"]].id
    await school.store.write(
        lambda tx: tx.notices.drop_waiting(
            school.workspace.id,
            lesson.id,
            kinds=[NoticeKind.JOIN_LINK],
            reason="why",
            **named,  # type: ignore[arg-type]
        )
    )

    gone = {name for name, one in owed.items() if (await school.look(one)).state is NoticeState.DROPPED}
    assert expected == gone


async def test_failed_ones_are_woken(school: School, owed: list[str]) -> None:
    """*Try again*: WAITING, never tried, free at once; only these kinds, about this participant."""
    lesson = await school.book(school.ben, school.cleo)
    ben, cleo = await school.seat(lesson, school.ben), await school.seat(lesson, school.cleo)
    failed = [
        await school.owe(lesson, school.ben, about=ben.id),
        await school.owe(lesson, school.cleo, about=cleo.id),
    ]
    await school.claim()
    for notice in failed:
        await school.finish(notice, state=NoticeState.FAILED, reason="messages_tab_disabled")
    owed.clear()

    woken = await school.store.write(
        lambda tx: (
            tx.notices.wake(school.workspace.id, lesson.id, kinds=[NoticeKind.SUMMARY]),
            tx.notices.wake(school.workspace.id, lesson.id, kinds=[NoticeKind.JOIN_LINK], about=ben.id),
        )
    )
    assert (woken, owed) == ((0, 1), ["owed"])
    (taken,) = await school.claim()
    assert (failed[0].id, 1, None) == (taken.id, taken.attempts, taken.reason)


async def test_the_earliest_due_moment_is_known(school: School) -> None:
    """Among WAITING notices, claimed ones left out, and of a card that time will change."""
    lesson = await school.book(school.ben, school.cleo)
    assert await school.store.read(lambda tx: tx.notices.next_due_at()) is None
    await school.owe(lesson, school.ben, due_at=NOW + 5 * SECOND)
    await school.owe(lesson, school.cleo, due_at=NOW)

    assert await school.store.read(lambda tx: tx.notices.next_due_at()) == NOW
    assert await school.store.read(lambda tx: tx.notices.next_due_at(after=NOW)) == NOW + 5 * SECOND
    await school.claim()
    assert await school.store.read(lambda tx: tx.notices.next_due_at()) == NOW + 5 * SECOND
    await school.post(lesson, school.dan, due_at=NOW + 3 * SECOND)
    await school.post(lesson, school.ada, due_at=NOW + SECOND, is_final=True)
    assert await school.store.read(lambda tx: tx.notices.next_due_at()) == NOW + 3 * SECOND


async def test_the_next_free_moment_is_known(school: School) -> None:
    """The end of a back-off or of a lease, whichever comes first, of notices and cards."""
    lesson = await school.book(school.ben, school.cleo)
    assert await school.store.read(lambda tx: tx.notices.next_retry_at()) is None
    notice = await school.owe(lesson, school.ben)
    await school.claim()

    assert await school.store.read(lambda tx: tx.notices.next_retry_at()) == MACHINE_NOW + LEASE
    await school.release(notice, not_before=SOON)
    assert await school.store.read(lambda tx: tx.notices.next_retry_at()) == SOON
    await school.post(lesson, school.dan, revision_wanted=1)
    await school.claim_cards(lease=10 * SECOND)
    assert await school.store.read(lambda tx: tx.notices.next_retry_at()) == MACHINE_NOW + 10 * SECOND
    past_lease = MACHINE_NOW + 10 * SECOND
    assert await school.store.read(lambda tx: tx.notices.next_retry_at(after=past_lease)) == SOON


async def test_pending_counts_what_is_owed(school: School) -> None:
    """Due and not begun, begun without an answer, behind, too late, failed; and how old the oldest is."""
    lesson = await school.book(school.ben, school.cleo, school.dan)
    await school.owe(lesson, school.ben, due_at=NOW - 9 * SECOND)
    await school.owe(lesson, school.cleo, due_at=NOW - 7 * SECOND)
    await school.owe(lesson, school.dan, due_at=NOW - SECOND)
    begun, late, failed = await school.claim()
    await school.begin(begun)
    await school.finish(late, state=NoticeState.DROPPED, reason=TOO_LATE)
    await school.finish(failed, state=NoticeState.FAILED, reason="why")
    await school.owe(lesson, school.dan, kind=NoticeKind.MOVED, due_at=NOW - SECOND)
    await school.owe(lesson, school.dan, kind=NoticeKind.SUMMARY, due_at=NOW + SECOND)
    await school.post(lesson, school.ben, revision_wanted=1)

    on_the_wire = await school.store.read(lambda tx: tx.notices.pending(now=NOW, machine_now=MACHINE_NOW))
    assert (
        on_the_wire.waiting_count,
        on_the_wire.unknown_count,
        on_the_wire.stale_card_count,
        on_the_wire.oldest_due_at,
        on_the_wire.dropped_late_count,
        on_the_wire.failed_count,
    ) == (1, 0, 1, NOW - 9 * SECOND, 1, 1)
    lost = await school.store.read(lambda tx: tx.notices.pending(now=NOW, machine_now=MACHINE_NOW + LEASE))
    assert lost.unknown_count == 1


async def test_nothing_owed_is_nothing_pending(school: School) -> None:
    """No age of the oldest where there is none."""
    pending = await school.store.read(lambda tx: tx.notices.pending(now=NOW, machine_now=MACHINE_NOW))

    assert (pending.waiting_count, pending.oldest_due_at) == (0, None)


async def test_notices_are_listed_as_they_are_due(school: School) -> None:
    """Of one lesson, by due_at."""
    lesson, other = await school.book(school.ben), await school.book(school.ben)
    late = await school.owe(lesson, school.ben, due_at=NOW + SECOND)
    early = await school.owe(lesson, school.cleo)
    await school.owe(other, school.ben)

    listed = await school.store.read(lambda tx: tx.notices.list_for_lesson(school.workspace.id, lesson.id))
    assert [early.id, late.id] == [notice.id for notice in listed]


async def test_another_workspace_sees_nothing(school: School, store: Store) -> None:
    """A query names its workspace; the right id in the wrong one is not stored."""
    lesson = await school.book(school.ben)
    notice = await school.owe(lesson, school.ben)
    stranger = (await store.write(make_school(store, "T2"))).workspace.id

    with pytest.raises(NotStored, match="no notice"):
        await store.read(lambda tx: tx.notices.get(stranger, notice.id))
    assert await store.read(lambda tx: tx.notices.list_for_lesson(stranger, lesson.id)) == []
    dropped = await store.write(
        lambda tx: tx.notices.drop_waiting(stranger, lesson.id, kinds=list(NoticeKind), reason="why")
    )
    assert dropped == 0


async def test_failed_ones_are_listed_the_latest_first(school: School) -> None:
    """Of this workspace, due after that moment, no more than asked for; sent and dropped ones are none."""
    lesson = await school.book(school.ben)
    hours = (1, 3, 2, 30)
    owed = [
        await school.owe(lesson, school.ben, occasion=f"{count}", due_at=NOW - timedelta(hours=count))
        for count in hours
    ]
    gone = await school.owe(lesson, school.ben, occasion="gone", due_at=NOW)
    for _ in range(len(owed) + 1):  # one at a time for each recipient
        for notice in await school.claim():
            state = NoticeState.DROPPED if notice.id == gone.id else NoticeState.FAILED
            await school.finish(notice, state=state, reason="why")

    async def list_failed(workspace_id: WorkspaceId, limit: int = 10) -> list[str]:
        found = await school.store.read(
            lambda tx: tx.notices.list_failed(workspace_id, due_after=NOW - timedelta(days=1), limit=limit)
        )
        return [notice.occasion for notice in found]

    assert ["1", "2", "3"] == await list_failed(school.workspace.id)
    assert ["1"] == await list_failed(school.workspace.id, limit=1)
    assert [] == await list_failed(WorkspaceId("other"))
