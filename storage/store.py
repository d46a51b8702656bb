"""The contract that every store keeps; `tests/storage/contract.py` holds it to each of them.

A *unit of work* is a plain function that is given a `Transaction`, reads and writes through it, and returns a value.
`Store.write` runs it in one transaction: all of it is kept, or, when it raises, none. It may be run again from the
start (a lock conflict), so it must have no effect outside the transaction, must not wait, and must not touch the event
loop: it runs in the store's own thread. `Store.read` runs one that only reads, against one consistent state.

Every query names its workspace. Times are handed in: `now` is lesson time, `machine_now` machine time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from storage.records import (
    AccountId,
    Attendance,
    AttendanceEvent,
    AuditEntry,
    Card,
    CardId,
    CardKind,
    Channel,
    ClaimId,
    Delivery,
    HeldSession,
    Lesson,
    LessonDetails,
    LessonId,
    LessonState,
    LessonTotals,
    Link,
    LinkId,
    Notice,
    NoticeId,
    NoticeKind,
    NoticeState,
    Participant,
    ParticipantId,
    Person,
    PersonId,
    Room,
    RoomAccount,
    RoomRef,
    TranscriptLine,
    Workspace,
    WorkspaceId,
)

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class SharedRoom:
    """The room that exactly these people last used together, and when."""

    room: Room
    last_title: str
    last_starts_at: datetime


@dataclass(frozen=True, kw_only=True)
class Pending:
    """What is owed, for readiness, metrics and `doctor`."""

    waiting_count: int  # due, not yet begun
    unknown_count: int  # begun without a definite answer
    stale_card_count: int
    oldest_due_at: datetime | None  # earliest `due_at` of what is due and not sent; lesson time
    dropped_late_count: int  # dropped because too late, ever
    failed_count: int


class Kept(StrEnum):
    """What is kept for a time, each in its own way; `Keeping` erases it."""

    LESSONS = "lessons"  # with everything that hangs on them
    ATTENDANCE = "attendance"  # who was there; what the whole lesson came to stays with it
    EVENTS = "events"  # comings and goings, as reported
    TRANSCRIPTS = "transcripts"  # and the room service's summary texts
    DELIVERIES = "deliveries"
    AUDIT = "audit"
    ROOMS = "rooms"  # in which no lesson is stored any more
    PEOPLE = "people"  # whom nothing names any more


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What there was of somebody who is forgotten now, by how many rows held it."""

    places: int  # they stay, without a name
    attendances: int  # likewise
    transcript_lines: int
    summaries: int
    events: int
    deliveries: int
    links: int
    cards: int
    notices: int
    reasons: int  # what they wrote on lessons that they cancelled
    settings: int


class Workspaces(Protocol):
    """Workspaces and our accounts at room services."""

    def ensure(self, external_id: str, *, name: str, bot_user_id: str | None, now: datetime) -> Workspace:
        """The workspace with this Slack id, made or brought up to date."""
        ...

    def get(self, workspace_id: WorkspaceId) -> Workspace:
        """By our id. Raises NotStored."""
        ...

    def find(self, external_id: str) -> Workspace | None: ...
    def list_all(self) -> list[Workspace]:
        """All, oldest first."""
        ...

    def ensure_account(
        self, workspace_id: WorkspaceId, service: str, *, external_id: str | None, now: datetime
    ) -> AccountId:
        """The workspace's account at this service, made where there was none."""
        ...

    def get_account(self, workspace_id: WorkspaceId, account_id: AccountId) -> RoomAccount: ...
    def find_account(self, workspace_id: WorkspaceId, service: str) -> RoomAccount | None: ...
    def keep_account_settings(self, workspace_id: WorkspaceId, account_id: AccountId, sealed: bytes | None) -> None:
        """Replace what the workspace set for this account; None: nothing."""
        ...

    def keep_account_secret(
        self, workspace_id: WorkspaceId, account_id: AccountId, sealed: bytes, *, instead_of: bytes | None
    ) -> bool:
        """Replace the secret by which the service knows us, in one statement. False: another is kept by now."""
        ...


class People(Protocol):
    """The directory: people with their Slack address, and channels."""

    def find(self, workspace_id: WorkspaceId, user_id: str) -> Person | None: ...
    def get(self, workspace_id: WorkspaceId, person_id: PersonId) -> Person: ...
    def list_by_user_ids(self, workspace_id: WorkspaceId, user_ids: Collection[str]) -> dict[str, Person]:
        """Those that are known, by Slack id."""
        ...

    def save(self, person: Person) -> Person:
        """Insert, or bring up to date the one with the same `user_id` (whose id is kept). Returns what is stored.

        `conversation` and `may_be_recorded` of a known person survive a save that has None there. `unreachable` is
        written as given.
        """
        ...

    def ensure(self, workspace_id: WorkspaceId, user_ids: Iterable[str], *, now: datetime) -> dict[str, Person]:
        """All of these, by Slack id; the unknown ones stored with kind UNKNOWN and `checked_at` None."""
        ...

    def save_channel(self, channel: Channel) -> None: ...
    def find_channel(self, workspace_id: WorkspaceId, channel_id: str) -> Channel | None: ...


class Lessons(Protocol):
    """Lessons, participants, rooms, links."""

    def insert(self, lesson: Lesson, participants: Sequence[Participant]) -> None:
        """Store both. The room must exist."""
        ...

    def get(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> Lesson: ...
    def get_standing(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> tuple[int, LessonState]:
        """Its revision and state, for whoever only asks whether it is as it was. Raises NotStored."""
        ...

    def get_details(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> LessonDetails:
        """Everything cards are drawn from, in a fixed number of queries however many take part."""
        ...

    def find_by_submission(self, workspace_id: WorkspaceId, submission_key: str) -> Lesson | None: ...
    def update(self, lesson: Lesson) -> None:
        """Write every field. Raises NotStored."""
        ...

    def list_between(
        self,
        workspace_id: WorkspaceId,
        *,
        ends_after: datetime | None = None,
        starts_before: datetime | None = None,
        person_id: PersonId | None = None,
        limit: int = 1000,
    ) -> list[Lesson]:
        """By start, cancelled ones included. `person_id`: only those they take part in or booked."""
        ...

    def iterate_between(
        self,
        workspace_id: WorkspaceId,
        *,
        ends_after: datetime | None = None,
        starts_before: datetime | None = None,
    ) -> Iterator[Lesson]:
        """The same one by one, never all of them in memory; only within the unit of work that asked."""
        ...

    def count_between(
        self,
        workspace_id: WorkspaceId,
        *,
        ends_after: datetime | None = None,
        starts_before: datetime | None = None,
    ) -> int:
        """How many those are."""
        ...

    def list_troubled(self, workspace_id: WorkspaceId, *, ends_after: datetime, limit: int) -> list[Lesson]:
        """Lessons not cancelled or ended in which somebody present could not be reached, by start."""
        ...

    def list_overlapping(
        self,
        workspace_id: WorkspaceId,
        person_ids: Collection[PersonId],
        *,
        starts_at: datetime,
        ends_at: datetime,
        without: LessonId | None = None,
    ) -> list[tuple[Lesson, PersonId]]:
        """Lessons not cancelled or ended in which one of these has a place and which overlap `[starts_at, ends_at)`."""
        ...

    def list_in_room(self, workspace_id: WorkspaceId, room: RoomRef) -> list[Lesson]:
        """By start, cancelled ones left out."""
        ...

    def count_reached_by(self, workspace_id: WorkspaceId, booker: PersonId, *, since: datetime) -> int:
        """Different people in lessons that `booker` booked at `since` or later, or added since, without the booker."""
        ...

    def list_met_before(
        self, workspace_id: WorkspaceId, leader_ids: Collection[PersonId], person_ids: Collection[PersonId]
    ) -> set[PersonId]:
        """Those of `person_ids` who have had a place in a not cancelled lesson led by one of these leaders."""
        ...

    def find_shared_room(
        self,
        workspace_id: WorkspaceId,
        account_id: AccountId,
        person_ids: Collection[PersonId],
        *,
        room: RoomRef | None = None,
    ) -> SharedRoom | None:
        """The room of the latest not cancelled lesson whose people were exactly these, leaders included.

        `room`: only if it is that one.
        """
        ...

    def insert_room(self, room: Room) -> None: ...
    def update_room(self, room: Room) -> None: ...
    def get_room(self, workspace_id: WorkspaceId, room: RoomRef) -> Room:
        """As it is now: what was read earlier may be behind, and must not be written back. Raises NotStored."""
        ...

    def keep_webhook_key(self, workspace_id: WorkspaceId, room: RoomRef, *, digest: str, key_sealed: bytes) -> Room:
        """One statement: the room's webhooks get this key unless they have one, which is kept. The room as it is then.

        Raises NotStored.
        """
        ...

    def find_room_by_webhook(self, digest: str) -> Room | None:
        """The room whose webhooks' key has this digest, of whichever workspace: the key is all that a delivery knows.

        A read by key.
        """
        ...

    def add_participants(self, participants: Sequence[Participant]) -> None:
        """Store further places of a lesson that is stored."""
        ...

    def find_participant(self, workspace_id: WorkspaceId, participant_id: ParticipantId) -> Participant | None:
        """As they are now, removed or not: what was read earlier may be behind, and must not be written back."""
        ...

    def update_participant(self, participant: Participant) -> None: ...
    def insert_link(self, link: Link) -> Link:
        """Store it.

        Where the participant has a link with that number and device already, nothing is written and that one is
        returned.
        """
        ...

    def update_link(self, link: Link) -> None: ...
    def find_link(
        self, workspace_id: WorkspaceId, participant_id: ParticipantId, number: int, *, device: int = 1
    ) -> Link | None: ...
    def find_link_by_token(self, digest: bytes) -> Link | None:
        """The link whose token has this digest, of whichever workspace: the token is all that a visitor brings.

        A read by key.
        """
        ...

    def redeem(self, workspace_id: WorkspaceId, link_id: LinkId, *, now: datetime, browser_digest: bytes) -> bool:
        """One statement: the link is this browser's from now on, if it is nobody's yet, or is this browser's already.

        True only inside the link's window, of the number that counts, not revoked, for somebody who has their place, in
        a lesson that is neither over nor cancelled. `redeemed_at` stays that of the first time.
        """
        ...

    def list_links(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> list[Link]:
        """By participant, number and device, revoked ones included."""
        ...

    def mark_opened(self, workspace_id: WorkspaceId, link_id: LinkId, *, at: datetime) -> bool:
        """Set `opened_at` unless it is set. True if this call set it."""
        ...

    def mark_delivered(self, workspace_id: WorkspaceId, link_id: LinkId, *, at: datetime) -> bool:
        """Set `delivered_at` unless it is set, and nothing else: the link may have been changed since it was read.
        True if this call set it."""
        ...

    def erase_secrets(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> int:
        """Remove `url_sealed` and `token_sealed` from all the lesson's links. Returns how many links held one."""
        ...


class Notices(Protocol):
    """The outbox. Claims are exclusive across replicas: each is one statement, never a read and then a write."""

    def insert(self, notices: Iterable[Notice]) -> int:
        """Store those whose unique key is new; the others are already owed (or were), and stay untouched.

        One that was DROPPED because its fact no longer held (reason `moved`) is owed again, due as given: nobody was
        told of it, and now it holds once more. How many are owed by this call.
        """
        ...

    def get(self, workspace_id: WorkspaceId, notice_id: NoticeId) -> Notice: ...
    def list_for_lesson(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> list[Notice]:
        """By due_at."""
        ...

    def is_another_begun(self, notice: Notice, *, kinds: Collection[NoticeKind]) -> bool:
        """Whether one of these kinds about the same participant, other than this one, is BEGUN."""
        ...

    def next_due_at(self, *, after: datetime | None = None) -> datetime | None:
        """The earliest `due_at` (lesson time) among WAITING notices and cards with one, of all workspaces.

        `after`: the earliest later than that. What is due but cannot be claimed yet (back-off, queued behind another
        of the same recipient) then hides nothing that comes due meanwhile.
        """
        ...

    def next_retry_at(self, *, after: datetime | None = None) -> datetime | None:
        """The earliest machine time at which something held back by `not_before` or a lease can be claimed; None if
        nothing is. `after`: as for `next_due_at`."""
        ...

    def claim(
        self,
        *,
        now: datetime,
        machine_now: datetime,
        limit: int,
        claim_id: ClaimId,
        lease: timedelta,
        closed_kinds: Collection[NoticeKind] = (),
    ) -> list[Notice]:
        """Up to `limit` due notices, now CLAIMED under `claim_id` until `machine_now + lease`.

        Due: `due_at <= now`, `not_before` past, and WAITING, or CLAIMED or BEGUN with a lease that ran out.
        One at a time for each lesson and recipient: none while another of the same is held under a live lease, and of
        several due only the first by due_at, then by id. (Work without a recipient: lesson and kind stand for it.)
        A BEGUN notice keeps its state and `begun_at`: the sender must look before it sends again.
        Order: JOIN_LINK, INVITATION, START_REMINDER, END_WARNING, MOVED, CANCELLED, REMOVED and RESENT by
        lesson_starts_at, due_at, id; then the rest likewise. `attempts` is counted up.
        """
        ...

    def begin(self, notice_id: NoticeId, *, claim_id: ClaimId, machine_now: datetime, lease: timedelta) -> bool:
        """One statement: if the claim still holds and the notice is CLAIMED or BEGUN, make it BEGUN, set
        `begun_at`, renew the lease."""
        ...

    def renew(self, notice_id: NoticeId, *, claim_id: ClaimId, machine_now: datetime, lease: timedelta) -> bool:
        """Renew the lease if the claim still holds."""
        ...

    def finish(
        self,
        notice_id: NoticeId,
        *,
        claim_id: ClaimId,
        state: NoticeState,
        sent_at: datetime | None = None,
        conversation: str | None = None,
        ts: str | None = None,
        reason: str | None = None,
    ) -> bool:
        """SENT, DROPPED or FAILED, and the claim given up.

        False, and nothing written, if the claim is no longer ours.
        """
        ...

    def release(
        self,
        notice_id: NoticeId,
        *,
        claim_id: ClaimId,
        not_before: datetime,
        due_at: datetime | None = None,
        is_unknown: bool = False,
        reason: str | None = None,
    ) -> bool:
        """Give it back, not to be claimed before `not_before` (machine time), or due later (`due_at`).

        `is_unknown`: it stays BEGUN (look first); else it is WAITING again and `begun_at` is cleared.
        """
        ...

    def drop_waiting(
        self,
        workspace_id: WorkspaceId,
        lesson_id: LessonId,
        *,
        kinds: Collection[NoticeKind],
        reason: str,
        about: ParticipantId | None = None,
        person_id: PersonId | None = None,
        but_occasion: str | None = None,
    ) -> int:
        """DROPPED with `reason`: all WAITING or CLAIMED ones (their begin will then answer False). BEGUN ones stay. How
        many.

        `but_occasion`: those with this occasion stay.
        """
        ...

    def reschedule(
        self,
        workspace_id: WorkspaceId,
        lesson_id: LessonId,
        *,
        kinds: Collection[NoticeKind],
        due_at: datetime,
        lesson_starts_at: datetime,
        person_id: PersonId | None = None,
    ) -> int:
        """Another `due_at` for all WAITING and FAILED ones of these kinds (to this person): the lesson moved, or the
        person chose so. How many."""
        ...

    def wake(
        self,
        workspace_id: WorkspaceId,
        lesson_id: LessonId,
        *,
        kinds: Collection[NoticeKind],
        about: ParticipantId | None = None,
    ) -> int:
        """Make FAILED ones of these kinds WAITING again, attempts 0, without back-off (*Try again*). How many."""
        ...

    def list_failed(self, workspace_id: WorkspaceId, *, due_after: datetime, limit: int) -> list[Notice]:
        """FAILED ones that were due later than that, the latest first."""
        ...

    def pending(self, *, now: datetime, machine_now: datetime) -> Pending: ...


class Cards(Protocol):
    """Posted messages that follow the truth: newest only, coalesced."""

    def insert(self, card: Card) -> Card:
        """Store it; where the notice already has a card, that one is kept and returned."""
        ...

    def list_for_lesson(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> list[Card]: ...
    def want(
        self,
        workspace_id: WorkspaceId,
        lesson_id: LessonId,
        *,
        kinds: Collection[CardKind] | None = None,
        person_id: PersonId | None = None,
    ) -> int:
        """Count up `revision_wanted` of the lesson's cards (of these kinds, of this person).

        Final ones stay. How many.
        """
        ...

    def claim(
        self, *, now: datetime, machine_now: datetime, limit: int, claim_id: ClaimId, lease: timedelta
    ) -> list[Card]:
        """Up to `limit` cards behind what is wanted, or with `due_at <= now`, not leased, `not_before` past.

        Leader cards first, then by posted_at. A card with `due_at <= now` comes back with `due_at` still set.
        Never one whose lesson has, for the same recipient, a notice held under a live lease.
        """
        ...

    def finish(
        self,
        card_id: CardId,
        *,
        claim_id: ClaimId,
        shown: int,
        due_at: datetime | None,
        is_final: bool = False,
    ) -> bool:
        """Shown revision written, next own change noted, claim given up, attempts 0.

        False if the claim is no longer ours.
        """
        ...

    def release(self, card_id: CardId, *, claim_id: ClaimId, not_before: datetime) -> bool:
        """Give it back for later (machine time); attempts counted up."""
        ...


class AttendanceRecords(Protocol):
    """What sources reported, and what we made of it."""

    def add_events(self, events: Iterable[AttendanceEvent]) -> int:
        """Append those whose (lesson, source, source_id) is new. How many."""
        ...

    def list_events(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> list[AttendanceEvent]:
        """By `at`."""
        ...

    def save(self, totals: LessonTotals, attendance: Sequence[Attendance]) -> None:
        """Replace what was computed for the lesson; corrections made by people are kept."""
        ...

    def save_totals(self, totals: LessonTotals) -> None:
        """Replace the lesson's totals alone: a later reading found everybody as they were."""
        ...

    def list_for_lesson(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> list[Attendance]: ...
    def find_totals(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> LessonTotals | None: ...


class Sessions(Protocol):
    """The sessions that lessons held, and what was said in them."""

    def save(self, sessions: Iterable[HeldSession]) -> None:
        """Store or replace, by lesson and session id."""
        ...

    def list_for_lesson(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> list[HeldSession]:
        """Oldest first."""
        ...

    def save_transcript(
        self, workspace_id: WorkspaceId, lesson_id: LessonId, session_id: str, lines: Iterable[TranscriptLine]
    ) -> None:
        """Replace what is stored of this session's transcript."""
        ...

    def list_lines(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> list[TranscriptLine]:
        """Of all the lesson's sessions, by session start and position."""
        ...

    def search_lines(
        self, workspace_id: WorkspaceId, words: Sequence[str], *, leader_id: PersonId | None, limit: int
    ) -> list[tuple[Lesson, TranscriptLine]]:
        """Lines with all the words (each as a whole word, or as the beginning of one; case and accents do not count),
        latest lesson first, then as said. `leader_id`: only of lessons that this person leads; None: of all.
        Nothing in `words` is taken for anything but text."""
        ...

    def erase_transcripts(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> int:
        """Remove what was said in this lesson. How many lines."""
        ...


class Deliveries(Protocol):
    """Webhooks' deliveries, each kept once."""

    def add(self, delivery: Delivery) -> bool:
        """Store it unless the room has one with its `delivery_id`. True if this call stored it."""
        ...

    def list_unworked(self, *, limit: int) -> list[Delivery]:
        """Of all workspaces, in the order of receiving."""
        ...

    def count_unworked(self) -> int:
        """How many there are, of all workspaces."""
        ...

    def find(self, workspace_id: WorkspaceId, delivery_id: str, *, room: RoomRef) -> Delivery | None:
        """By the provider's id."""
        ...

    def find_last(self, workspace_id: WorkspaceId, *, service: str) -> datetime | None:
        """When the latest of this room service's that is still stored was received."""
        ...

    def mark_worked(self, delivery: Delivery, *, at: datetime, problem: str | None = None) -> bool:
        """Worked on, unless it was already. True if this call marked it: only then is its work to be done."""
        ...

    def empty(self, delivery: Delivery) -> None:
        """Erase what it says; that it came stays."""
        ...


class Keeping(Protocol):
    """What has been kept long enough, found on the reading side and erased a few at a time."""

    def list_past(
        self,
        kind: Kept,
        workspace_id: WorkspaceId,
        *,
        before: datetime,
        settled_before: datetime | None = None,
        limit: int,
    ) -> list[str]:
        """Ids of what is older than `before`, oldest first: of lessons for what hangs on them, else its own.

        Nothing of a lesson that is open, or of which a message or work is owed. A lesson's age counts from its end
        (lesson time). A person's counts from the last look at Slack (machine time); who chose something for themselves
        is listed only where that was before `settled_before` too (None: never).
        """
        ...

    def erase(
        self,
        kind: Kept,
        workspace_id: WorkspaceId,
        ids: Collection[str],
        *,
        before: datetime,
        settled_before: datetime | None = None,
    ) -> int:
        """Erase what `list_past` found under these ids, where it is still so. How many rows; again: none."""
        ...

    def compact_words(self, *, begins: bool) -> bool:
        """Write a part of the index of words anew, without what was erased. False: nothing was left to do.

        `begins`: the first of the calls that do it part by part.
        """
        ...


class Forgetting(Protocol):
    """One person, erased wherever they are named."""

    def list_lessons(self, workspace_id: WorkspaceId, person_id: PersonId) -> list[Lesson]:
        """All in which they have or had a place, and all that they booked, by start."""
        ...

    def list_needed(self, workspace_id: WorkspaceId, person_id: PersonId) -> list[Lesson]:
        """Lessons that still need them, by start: those to come in which they have a place; those that are on, in
        which they have or had one; ended ones of which sessions are still read or transcripts awaited."""
        ...

    def list_provider_ids(self, workspace_id: WorkspaceId, person_id: PersonId) -> list[tuple[str, str]]:
        """As whom room services know them: each service's name and its id of them."""
        ...

    def forget(self, workspace_id: WorkspaceId, person_id: PersonId) -> Forgotten | None:
        """Erase them; their places and minutes stay, of kind FORGOTTEN and without a name. None: already forgotten, or
        never stored. The same person in Slack, should they come back, is somebody new."""
        ...


class Settings(Protocol):
    """Small named values of a workspace or of one person in it, as JSON objects."""

    def find(
        self, workspace_id: WorkspaceId, name: str, *, person_id: PersonId | None = None
    ) -> dict[str, Any] | None: ...
    def save(
        self, workspace_id: WorkspaceId, name: str, value: Mapping[str, Any], *, person_id: PersonId | None = None
    ) -> None: ...


class Audit(Protocol):
    """Append-only."""

    def add(self, entry: AuditEntry) -> None: ...
    def list_for_lesson(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> list[AuditEntry]:
        """Oldest first."""
        ...

    def list_latest(self, workspace_id: WorkspaceId, action: str, *, limit: int) -> list[AuditEntry]:
        """Entries of this action that are about no lesson, the latest first."""
        ...


class Transaction(Protocol):
    """One unit of work's view of the store, by subject."""

    @property
    def workspaces(self) -> Workspaces: ...
    @property
    def people(self) -> People: ...
    @property
    def lessons(self) -> Lessons: ...
    @property
    def notices(self) -> Notices: ...
    @property
    def cards(self) -> Cards: ...
    @property
    def attendance(self) -> AttendanceRecords: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def keeping(self) -> Keeping: ...
    @property
    def forgetting(self) -> Forgetting: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def audit(self) -> Audit: ...


class Store(Protocol):
    """What we remember. Opened by its module's `open_store`, closed by leaving the `async with`.

    After a commit that stored a notice, or left a card behind what is wanted, the store calls the `on_owed` that it
    was opened with (on the event loop), so that the sender looks at once.
    """

    async def write(self, work: Callable[[Transaction], T], *, is_patient: bool = False, rides: bool = False) -> T:
        """Run `work` in a transaction of its own and return its value once it is durable on disk.

        `is_patient`: may be held back up to 5 ms to share a commit with others (the sender's writes; never a
        listener's). `rides`: up to 40 ms, where nobody waits for it and others' commits are to be expected.
        Raises what `work` raises, with nothing written; StoreClosed after closing.
        """
        ...

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work`, which only reads. It sees every write that was returned before."""
        ...

    def glance(self, work: Callable[[Transaction], T]) -> T:
        """Run a read *by key* right here on the event loop (about 10 µs). Never a list, never a join over people."""
        ...

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
