"""The outbox against a model of its rules, through any order of events, processes that die included.

The model is the contract read aloud: plain lists, no turns, no indexes. After each claim, what was handed out must be
exactly what the model hands out, in its order; after each death, everything must still be there as it was returned.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from storage.records import Card, CardId, ClaimId, LessonId, Notice, NoticeId, NoticeKind, NoticeState, Person
from storage.sqlite import SqliteStore, open_store
from storage.store import Transaction
from storage.tables.notices import URGENT
from tests.records import NOW, STARTS_AT, make_card, make_notice
from tests.storage.contract import LEASE, MACHINE_NOW, make_school

T = TypeVar("T")
KINDS = (NoticeKind.JOIN_LINK, NoticeKind.MOVED, NoticeKind.SUMMARY, NoticeKind.READ_SESSIONS)
SECONDS = st.integers(0, 90).map(lambda seconds: timedelta(seconds=seconds))
CLAIMANTS = st.sampled_from([ClaimId("one"), ClaimId("two")])
ENDS = st.sampled_from([NoticeState.SENT, NoticeState.DROPPED, NoticeState.FAILED])


class Outbox(RuleBasedStateMachine):
    """The store, the model beside it, and two senders."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="outbox-"))
        self.life = 0
        self.graveyard: list[SqliteStore] = []
        self.store = self.open()
        self.now, self.machine_now = NOW, MACHINE_NOW
        self.notices: dict[NoticeId, Notice] = {}
        self.cards: dict[CardId, Card] = {}

    def open(self) -> SqliteStore:
        store = open_store(self.folder / f"life-{self.life}.db")
        return self.loop.run_until_complete(store.__aenter__())

    def write(self, work: Callable[[Transaction], T]) -> T:
        return self.loop.run_until_complete(self.store.write(work))

    @initialize()
    def book(self) -> None:
        school = self.write(make_school(self.store))
        run = self.loop.run_until_complete
        self.workspace_id = school.workspace.id
        self.people: list[Person | None] = [school.ben, school.cleo, None]
        self.lessons = [run(school.book(school.ben, starts_at=STARTS_AT + timedelta(hours=hours))) for hours in (1, 0)]

    @rule(
        lesson=st.integers(0, 1),
        person=st.integers(0, 2),
        kind=st.sampled_from(KINDS),
        occasion=st.sampled_from("ab"),
        wait=SECONDS,
    )
    def owe(self, lesson: int, person: int, kind: NoticeKind, occasion: str, wait: timedelta) -> None:
        notice = make_notice(
            self.lessons[lesson],
            self.people[person],
            kind=kind,
            occasion=occasion,
            due_at=self.now + wait,
            created_at=self.now,
        )
        is_new = all(fact_of(notice) != fact_of(one) for one in self.notices.values())
        assert int(is_new) == self.write(lambda tx: tx.notices.insert([notice]))
        if is_new:
            self.notices[notice.id] = notice

    @rule(by=SECONDS)
    def pass_lesson_time(self, by: timedelta) -> None:
        self.now += by

    @rule(by=SECONDS)
    def pass_machine_time(self, by: timedelta) -> None:
        self.machine_now += by

    @rule(limit=st.integers(0, 5), closed=st.sets(st.sampled_from(KINDS), max_size=1), claim_id=CLAIMANTS)
    def claim(self, limit: int, closed: set[NoticeKind], claim_id: ClaimId) -> None:
        expected = []
        for notice in self.claimable(closed)[:limit]:
            is_begun = notice.state is NoticeState.BEGUN
            expected.append(
                replace(
                    notice,
                    state=NoticeState.BEGUN if is_begun else NoticeState.CLAIMED,
                    claim_id=claim_id,
                    leased_until=self.machine_now + LEASE,
                    attempts=notice.attempts + 1,
                    not_before=None,
                )
            )
        claimed = self.write(
            lambda tx: tx.notices.claim(
                now=self.now,
                machine_now=self.machine_now,
                limit=limit,
                claim_id=claim_id,
                lease=LEASE,
                closed_kinds=closed,
            )
        )

        assert expected == [replace(notice, not_before=None) for notice in claimed]
        self.notices.update({notice.id: notice for notice in claimed})

    def claimable(self, closed: set[NoticeKind]) -> list[Notice]:
        """By the contract's rules, in its order."""
        live = {queue_of(one) for one in self.notices.values() if self.is_live(one)}
        due = [one for one in self.notices.values() if self.is_due(one) and one.kind not in closed]
        due.sort(key=lambda one: (one.due_at, one.id))
        first: dict[object, Notice] = {}
        for one in due:
            first.setdefault(queue_of(one), one)
        free = [one for queue, one in first.items() if queue not in live]
        return sorted(free, key=lambda one: (one.kind not in URGENT, one.lesson_starts_at, one.due_at, one.id))

    def is_live(self, one: Notice) -> bool:
        return one.leased_until is not None and one.leased_until > self.machine_now

    def is_due(self, one: Notice) -> bool:
        is_open = one.state in (NoticeState.WAITING, NoticeState.CLAIMED, NoticeState.BEGUN)
        has_waited = one.not_before is None or one.not_before <= self.machine_now
        return is_open and one.due_at <= self.now and has_waited and not self.is_live(one)

    def pick(self, data: st.DataObject) -> Notice | None:
        return (
            data.draw(st.sampled_from(sorted(self.notices.values(), key=lambda one: one.id))) if self.notices else None
        )

    @rule(data=st.data(), claim_id=CLAIMANTS)
    def begin(self, data: st.DataObject, claim_id: ClaimId) -> None:
        notice = self.pick(data)
        if notice is None:
            return
        holds = notice.claim_id == claim_id and self.is_live(notice)
        assert holds == self.write(
            lambda tx: tx.notices.begin(notice.id, claim_id=claim_id, machine_now=self.machine_now, lease=LEASE)
        )
        if holds:
            self.change(
                notice,
                state=NoticeState.BEGUN,
                begun_at=self.machine_now,
                leased_until=self.machine_now + LEASE,
            )

    @rule(data=st.data(), claim_id=CLAIMANTS, state=ENDS)
    def finish(self, data: st.DataObject, claim_id: ClaimId, state: NoticeState) -> None:
        notice = self.pick(data)
        if notice is None:
            return
        is_ours = notice.claim_id == claim_id
        assert is_ours == self.write(lambda tx: tx.notices.finish(notice.id, claim_id=claim_id, state=state))
        if is_ours:
            self.change(notice, state=state, claim_id=None, leased_until=None, not_before=None, reason=None)

    @rule(data=st.data(), claim_id=CLAIMANTS, wait=SECONDS, put_off=st.none() | SECONDS, is_unknown=st.booleans())
    def release(
        self, data: st.DataObject, claim_id: ClaimId, wait: timedelta, put_off: timedelta | None, is_unknown: bool
    ) -> None:
        notice = self.pick(data)
        if notice is None:
            return
        not_before = self.machine_now + wait
        due_at = None if put_off is None else self.now + put_off
        is_ours = notice.claim_id == claim_id
        assert is_ours == self.write(
            lambda tx: tx.notices.release(
                notice.id, claim_id=claim_id, not_before=not_before, due_at=due_at, is_unknown=is_unknown
            )
        )
        if is_ours:
            self.change(
                notice,
                state=NoticeState.BEGUN if is_unknown else NoticeState.WAITING,
                begun_at=notice.begun_at if is_unknown else None,
                claim_id=None,
                leased_until=None,
                not_before=not_before,
                due_at=due_at or notice.due_at,
            )

    @rule(lesson=st.integers(0, 1), kind=st.sampled_from(KINDS))
    def drop(self, lesson: int, kind: NoticeKind) -> None:
        lesson_id = self.lessons[lesson].id
        gone = [
            one
            for one in self.notices.values()
            if one.lesson_id == lesson_id
            and one.kind is kind
            and one.state in (NoticeState.WAITING, NoticeState.CLAIMED)
        ]
        assert len(gone) == self.write(
            lambda tx: tx.notices.drop_waiting(self.workspace_id, lesson_id, kinds=[kind], reason="why")
        )
        for one in gone:
            self.change(one, state=NoticeState.DROPPED, reason="why", claim_id=None, leased_until=None, not_before=None)

    @rule(lesson=st.integers(0, 1), kind=st.sampled_from(KINDS))
    def wake(self, lesson: int, kind: NoticeKind) -> None:
        lesson_id = self.lessons[lesson].id
        failed = [
            one
            for one in self.notices.values()
            if one.lesson_id == lesson_id and one.kind is kind and one.state is NoticeState.FAILED
        ]
        assert len(failed) == self.write(lambda tx: tx.notices.wake(self.workspace_id, lesson_id, kinds=[kind]))
        for one in failed:
            self.change(one, state=NoticeState.WAITING, attempts=0, reason=None, begun_at=None)

    @rule(data=st.data(), due_in=st.none() | SECONDS)
    def post_card(self, data: st.DataObject, due_in: timedelta | None) -> None:
        notice = self.pick(data)
        if notice is None or any(card.notice_id == notice.id for card in self.cards.values()):
            return
        due_at = None if due_in is None else self.now + due_in
        card = make_card(notice, posted_at=self.now, due_at=due_at)
        assert card == self.write(lambda tx: tx.cards.insert(card))
        self.cards[card.id] = card

    @rule(lesson=st.integers(0, 1))
    def want(self, lesson: int) -> None:
        lesson_id = self.lessons[lesson].id
        wanted = [card for card in self.cards.values() if card.lesson_id == lesson_id and not card.is_final]
        assert len(wanted) == self.write(lambda tx: tx.cards.want(self.workspace_id, lesson_id))
        for card in wanted:
            self.cards[card.id] = replace(card, revision_wanted=card.revision_wanted + 1)

    @rule(limit=st.integers(0, 5), claim_id=CLAIMANTS)
    def claim_cards(self, limit: int, claim_id: ClaimId) -> None:
        live = {queue_of(one) for one in self.notices.values() if self.is_live(one)}
        free = [
            card
            for card in self.cards.values()
            if not card.is_final
            and (card.revision_wanted > card.revision_shown or (card.due_at is not None and card.due_at <= self.now))
            and (card.not_before is None or card.not_before <= self.machine_now)
            and (card.leased_until is None or card.leased_until <= self.machine_now)
            and (card.lesson_id, card.person_id or card.channel_id) not in live
        ]
        free.sort(key=lambda card: (card.posted_at, card.id))
        claimed = self.write(
            lambda tx: tx.cards.claim(
                now=self.now, machine_now=self.machine_now, limit=limit, claim_id=claim_id, lease=LEASE
            )
        )

        assert [card.id for card in free[:limit]] == [card.id for card in claimed]
        for card in claimed:
            self.cards[card.id] = card

    @rule(
        data=st.data(), claim_id=CLAIMANTS, due_in=st.none() | SECONDS, is_final=st.booleans(), gives_back=st.booleans()
    )
    def settle_card(
        self, data: st.DataObject, claim_id: ClaimId, due_in: timedelta | None, is_final: bool, gives_back: bool
    ) -> None:
        held = sorted((card for card in self.cards.values() if card.claim_id), key=lambda card: card.id)
        if not held:
            return
        card = data.draw(st.sampled_from(held))
        is_ours = card.claim_id == claim_id
        due_at = None if due_in is None else self.now + due_in
        until = self.machine_now + timedelta(seconds=10)
        changes: dict[str, Any]
        if gives_back:
            done = self.write(lambda tx: tx.cards.release(card.id, claim_id=claim_id, not_before=until))
            changes = {"not_before": until, "attempts": card.attempts + 1}
        else:
            shown = card.revision_wanted
            done = self.write(
                lambda tx: tx.cards.finish(card.id, claim_id=claim_id, shown=shown, due_at=due_at, is_final=is_final)
            )
            changes = {"revision_shown": shown, "due_at": due_at, "is_final": is_final, "attempts": 0}
            changes["not_before"] = None
        assert is_ours == done
        if is_ours:
            self.cards[card.id] = replace(card, claim_id=None, leased_until=None, **changes)

    @rule()
    def die(self) -> None:
        """What the disk holds is all that is left: the files as they lie, nothing closed."""
        before = self.folder / f"life-{self.life}.db"
        self.life += 1
        for suffix in ("", "-wal"):
            shutil.copy(f"{before}{suffix}", self.folder / f"life-{self.life}.db{suffix}")
        self.graveyard.append(self.store)
        self.store = self.open()

    @invariant()
    def nothing_is_lost(self) -> None:
        if not self.notices:
            return
        stored = [one for lesson in self.lessons for one in self.notices_of(lesson.id)]
        told = [replace(one, not_before=None) for one in self.notices.values()]
        assert sorted(told, key=lambda one: one.id) == sorted(stored, key=lambda one: one.id)

    def notices_of(self, lesson_id: LessonId) -> list[Notice]:
        """As they are stored; a back-off that is over may be forgotten."""
        found = self.store.glance(lambda tx: tx.notices.list_for_lesson(self.workspace_id, lesson_id))
        return [replace(one, not_before=None) for one in found]

    @invariant()
    def the_next_moments_are_known(self) -> None:
        waiting = [one.due_at for one in self.notices.values() if one.state is NoticeState.WAITING]
        waiting += [card.due_at for card in self.cards.values() if card.due_at is not None and not card.is_final]
        later = [moment for moment in waiting if moment > self.now]

        assert min(waiting, default=None) == self.store.glance(lambda tx: tx.notices.next_due_at())
        assert min(later, default=None) == self.store.glance(lambda tx: tx.notices.next_due_at(after=self.now))
        held: list[Notice | Card] = [*self.notices.values(), *self.cards.values()]
        free_at = [moment for one in held for moment in (one.leased_until, one.not_before)]
        after = [moment for moment in free_at if moment is not None and moment > self.machine_now]
        found = self.store.glance(lambda tx: tx.notices.next_retry_at(after=self.machine_now))
        assert min(after, default=None) == found

    def change(self, notice: Notice, **changes: Any) -> None:
        self.notices[notice.id] = replace(notice, **changes)

    def teardown(self) -> None:
        for store in [*self.graveyard, self.store]:
            self.loop.run_until_complete(store.__aexit__(None, None, None))
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        shutil.rmtree(self.folder)


def queue_of(notice: Notice) -> tuple[str, str]:
    """Whose turn it shares."""
    return notice.lesson_id, notice.person_id or notice.channel_id or notice.kind


def fact_of(notice: Notice) -> tuple[object, ...]:
    return notice.lesson_id, notice.kind, queue_of(notice), notice.about, notice.occasion


TestOutbox = Outbox.TestCase
TestOutbox.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
