"""A small school in a real store, for tests of units of work: people known, a policy, and short ways to book."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from bot import booking
from bot.booking import BookingPolicy, BookingRequest, BookingResult
from bot.drafts import BookingDraft
from bot.rooms.base import Capabilities
from storage.records import Lesson, LessonDetails, LessonId, Notice, NoticeKind, Person, Workspace, new_id
from storage.sqlite import SqliteStore
from storage.store import Transaction
from tests.records import NOW, STARTS_AT, make_person

T = TypeVar("T")

CAPABILITIES = Capabilities(
    single_use=True, window=True, removal_at_end=True, soft_prompt=True, longest_window=timedelta(days=7)
)


@dataclass(kw_only=True)
class StoredSchool:
    """Ada teaches, Ben and Cleo learn, Olga is the office."""

    store: SqliteStore
    workspace: Workspace
    policy: BookingPolicy
    ada: Person
    ben: Person
    cleo: Person
    olga: Person

    def draft(self, *learners: Person, **changes: Any) -> BookingDraft:
        """Ada teaches them Algebra for an hour, an hour from now."""
        plain = BookingDraft(
            title="Algebra",
            leader_ids=(self.ada.user_id,),
            participant_ids=tuple(person.user_id for person in learners or (self.ben,)),
            starts_at=STARTS_AT,
            zone="Europe/London",
        )
        return replace(plain, **changes)

    async def submit(
        self,
        draft: BookingDraft,
        *,
        by: Person | None = None,
        key: str | None = None,
        confirmed: str | None = None,
        policy: BookingPolicy | None = None,
    ) -> BookingResult:
        """Send the form."""
        request = BookingRequest(
            workspace_id=self.workspace.id,
            booker_user_id=(by or self.ada).user_id,
            draft=draft,
            submission_key=key or new_id(),
            confirmed=confirmed,
        )
        return await self.store.write(lambda tx: booking.book(tx, request, policy=policy or self.policy, now=NOW))

    async def book(self, *learners: Person, by: Person | None = None, **changes: Any) -> Lesson:
        """A lesson that is booked without a question."""
        result = await self.submit(self.draft(*learners, **changes), by=by)
        assert isinstance(result, booking.Booked), result
        return await self.get(result.lesson_id)

    async def get(self, lesson_id: LessonId) -> Lesson:
        return await self.store.read(lambda tx: tx.lessons.get(self.workspace.id, lesson_id))

    async def details(self, lesson: Lesson) -> LessonDetails:
        return await self.store.read(lambda tx: tx.lessons.get_details(self.workspace.id, lesson.id))

    async def notices(self, lesson: Lesson, kind: NoticeKind | None = None) -> list[Notice]:
        found = await self.store.read(lambda tx: tx.notices.list_for_lesson(self.workspace.id, lesson.id))
        return [notice for notice in found if kind is None or notice.kind is kind]

    async def write(self, work: Callable[[Transaction], T]) -> T:
        return await self.store.write(work)


async def found_school(store: SqliteStore) -> StoredSchool:
    """The school, in this store."""

    def work(tx: Transaction) -> StoredSchool:
        workspace = tx.workspaces.ensure("T1", name="Maple Tutors", bot_user_id="U0BOT", now=NOW)
        account_id = tx.workspaces.ensure_account(workspace.id, "lessonspace", external_id=None, now=NOW)
        ada, ben, cleo, olga = (
            tx.people.save(make_person(name, workspace_id=workspace.id)) for name in ("Ada", "Ben", "Cleo", "Olga")
        )
        policy = BookingPolicy(account_id=account_id, service_name="Lessonspace", capabilities=CAPABILITIES)
        return StoredSchool(store=store, workspace=workspace, policy=policy, ada=ada, ben=ben, cleo=cleo, olga=olga)

    return await store.write(work)
