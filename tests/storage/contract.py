"""The stores that keep the contract of `storage/store.py`, and a small school to try it on.

The tests beside this file that take `store` or `school` run once for each of `STORES`; they use nothing that is not in
the contract. What only a file has is tested in `test_sqlite.py` and the modules named after its parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from storage.records import (
    AccountId,
    Card,
    CardKind,
    ClaimId,
    Lesson,
    Notice,
    NoticeId,
    NoticeKind,
    NoticeState,
    Participant,
    Person,
    Role,
    Room,
    Workspace,
)
from storage.sqlite import open_store as open_sqlite
from storage.store import Store, Transaction
from tests.records import NOW, make_card, make_lesson, make_notice, make_participant, make_person, make_room

T = TypeVar("T")
LEASE = timedelta(seconds=60)
MACHINE_NOW = NOW - timedelta(days=40)
"""Far from lesson time, so that a query that takes one clock for the other is found out."""

Opener = Callable[[Path, Callable[[], None]], Store]

STORES: dict[str, Opener] = {
    "sqlite": lambda folder, on_owed: open_sqlite(folder / "hallpass.db", on_owed=on_owed),
}


@dataclass(frozen=True, kw_only=True)
class School:
    """One workspace with Ada, who teaches, and Ben, Cleo and Dan; each call is one unit of work."""

    store: Store
    workspace: Workspace
    account_id: AccountId
    room: Room
    ada: Person
    ben: Person
    cleo: Person
    dan: Person

    async def book(self, *learners: Person, leader: Person | None = None, **changes: Any) -> Lesson:
        """A stored lesson led by Ada, or `leader`."""
        leader = leader or self.ada
        changes = {"room": self.room.id, "booked_by": leader.id, **changes}
        lesson = make_lesson(workspace_id=self.workspace.id, **changes)
        people = [make_participant(lesson, leader, Role.LEADER)]
        people += [make_participant(lesson, one, position=index) for index, one in enumerate(learners, start=1)]
        await self.store.write(lambda tx: tx.lessons.insert(lesson, people))
        return lesson

    async def seat(self, lesson: Lesson, person: Person) -> Participant:
        details = await self.store.read(lambda tx: tx.lessons.get_details(lesson.workspace_id, lesson.id))
        seat = details.find_seat(person.id)
        assert seat is not None
        return seat.participant

    async def owe(self, lesson: Lesson, person: Person | None = None, **changes: Any) -> Notice:
        """A stored notice."""
        notice = make_notice(lesson, person, **changes)
        assert await self.store.write(lambda tx: tx.notices.insert([notice])) == 1
        return notice

    async def post(self, lesson: Lesson, person: Person, kind: CardKind = CardKind.PARTICIPANT, **changes: Any) -> Card:
        """A stored card, posted by a notice that is sent."""
        notice = await self.owe(lesson, person, kind=NoticeKind.INVITATION, occasion=kind.value, state=NoticeState.SENT)
        card = make_card(notice, kind, **changes)
        return await self.store.write(lambda tx: tx.cards.insert(card))

    async def claim(self, claim_id: str = "one", **changes: Any) -> list[Notice]:
        values = {"now": NOW, "machine_now": MACHINE_NOW, "limit": 100, "lease": LEASE, **changes}
        return await self.store.write(lambda tx: tx.notices.claim(claim_id=ClaimId(claim_id), **values))

    async def claim_cards(self, claim_id: str = "one", **changes: Any) -> list[Card]:
        values = {"now": NOW, "machine_now": MACHINE_NOW, "limit": 100, "lease": LEASE, **changes}
        return await self.store.write(lambda tx: tx.cards.claim(claim_id=ClaimId(claim_id), **values))

    async def begin(self, notice: Notice, claim_id: str = "one", **changes: Any) -> bool:
        values = {"machine_now": MACHINE_NOW, "lease": LEASE, **changes}
        return await self.store.write(lambda tx: tx.notices.begin(notice.id, claim_id=ClaimId(claim_id), **values))

    async def finish(self, notice: Notice, claim_id: str = "one", **changes: Any) -> bool:
        values = {"state": NoticeState.SENT, **changes}
        return await self.store.write(lambda tx: tx.notices.finish(notice.id, claim_id=ClaimId(claim_id), **values))

    async def release(self, notice: Notice, claim_id: str = "one", **changes: Any) -> bool:
        values = {"not_before": MACHINE_NOW + timedelta(seconds=30), **changes}
        return await self.store.write(lambda tx: tx.notices.release(notice.id, claim_id=ClaimId(claim_id), **values))

    async def look(self, notice: Notice | NoticeId) -> Notice:
        notice_id = notice if isinstance(notice, str) else notice.id
        return await self.store.read(lambda tx: tx.notices.get(self.workspace.id, notice_id))


def make_school(store: Store, external_id: str = "T0000000001") -> Callable[[Transaction], School]:
    """A unit of work that stores a school."""

    def work(tx: Transaction) -> School:
        workspace = tx.workspaces.ensure(external_id, name="Maple Tutors", bot_user_id="U0000000BOT", now=NOW)
        account_id = tx.workspaces.ensure_account(workspace.id, "lessonspace", external_id=None, now=NOW)
        room = make_room(id=f"room of {external_id}", workspace_id=workspace.id, account_id=account_id)
        tx.lessons.insert_room(room)
        people = [
            tx.people.save(make_person(name, workspace_id=workspace.id)) for name in ("Ada", "Ben", "Cleo", "Dan")
        ]
        ada, ben, cleo, dan = people
        return School(
            store=store,
            workspace=workspace,
            account_id=account_id,
            room=room,
            ada=ada,
            ben=ben,
            cleo=cleo,
            dan=dan,
        )

    return work


def changed(record: T, **changes: Any) -> T:
    """`dataclasses.replace`, for any record."""
    return replace(record, **changes)  # type: ignore[type-var]
