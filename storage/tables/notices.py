"""The outbox: who is owed what, and which sender holds it.

Theory of operation. Beside its state, which says what was done, every row has a *turn*, which says what it waits for:

    later   the lesson clock: `due_at` has not come
    held    the machine clock: `not_before` has not come (back-off)
    now     nothing: it may be claimed, or is claimed
    (none)  over: sent, dropped or failed

Each claim first moves on the rows whose clock has struck (`ripen`, `let_go`: a look at the front of an index each,
and each row moves once), then takes from the rows in turn with one statement that walks them in the order of sending
and stops when it has enough. So a claim costs what it returns, whether ten wait behind it or a million, and whether
they wait for next week or are all due. The turn decides nothing by itself: claim compares both clocks again, so one
that was moved back hands out nothing too early.

A claim is *live* while its lease runs, and *ours* while the row carries our claim id. Everything that spends it names
the id, so that a sender who slept through its lease changes nothing that somebody else now holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from storage.columns import Columns, text_of
from storage.errors import NotStored
from storage.queries import load_queries
from storage.records import (
    TOO_LATE,
    ClaimId,
    LessonId,
    Notice,
    NoticeId,
    NoticeKind,
    NoticeState,
    ParticipantId,
    PersonId,
    WorkspaceId,
)
from storage.store import Pending
from storage.tables.table import Table

NOTICE = Columns(Notice)
SQL = load_queries("notices", notice=NOTICE)
INSERT = (
    NOTICE.insert_into("notices", "turn", "urgency")
    + " ON CONFLICT (lesson_id, kind, recipient, COALESCE(about, ''), occasion) DO UPDATE"
    " SET state = excluded.state, turn = excluded.turn, due_at = excluded.due_at,"
    " lesson_starts_at = excluded.lesson_starts_at, created_at = excluded.created_at,"
    " reason = NULL, attempts = 0, begun_at = NULL"
    " WHERE notices.state = 'dropped' AND notices.reason = 'moved'"
)
DUE_AT = NOTICE.names.index("due_at")
ID = NOTICE.names.index("id")
STARTS_AT = NOTICE.names.index("lesson_starts_at")

URGENT = frozenset(
    {
        NoticeKind.JOIN_LINK,
        NoticeKind.INVITATION,
        NoticeKind.START_REMINDER,
        NoticeKind.END_WARNING,
        NoticeKind.MOVED,
        NoticeKind.CANCELLED,
        NoticeKind.REMOVED,
        NoticeKind.RESENT,
    }
)
"""Handed out before all others, soonest lesson first."""

HELD_STATES = (NoticeState.CLAIMED, NoticeState.BEGUN)


class NoticeTable(Table):
    """`storage.store.Notices`."""

    def insert(self, notices: Iterable[Notice]) -> int:
        count = self._put_all(INSERT, [_row_of(notice) for notice in notices])
        if count:
            self._owe()
        return count

    def get(self, workspace_id: WorkspaceId, notice_id: NoticeId) -> Notice:
        row = self._one(SQL["get"], workspace_id=workspace_id, notice_id=notice_id)
        if row is None:
            raise NotStored("notice", notice_id)
        return NOTICE.from_row(row)

    def list_for_lesson(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> list[Notice]:
        rows = self._all(SQL["list_of_lesson"], workspace_id=workspace_id, lesson_id=lesson_id)
        return [NOTICE.from_row(row) for row in rows]

    def is_another_begun(self, notice: Notice, *, kinds: Collection[NoticeKind]) -> bool:
        row = self._one(
            SQL["another_begun"],
            workspace_id=notice.workspace_id,
            notice_id=notice.id,
            about=notice.about,
            kinds=list(kinds),
        )
        return row is not None

    def next_due_at(self, *, after: datetime | None = None) -> datetime | None:
        row = self._one(SQL["next_due_at"], after="" if after is None else text_of(after))
        return _moment(row)

    def next_retry_at(self, *, after: datetime | None = None) -> datetime | None:
        return _moment(self._one(SQL["next_retry_at"], after="" if after is None else text_of(after)))

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
        if limit <= 0:
            return []
        self._change(SQL["ripen"], now=now)
        self._change(SQL["let_go"], now=now, machine_now=machine_now)
        rows = self._all(
            SQL["claim"],
            now=now,
            machine_now=machine_now,
            limit=limit,
            claim_id=claim_id,
            leased_until=machine_now + lease,
            closed_kinds=list(closed_kinds),
        )
        # RETURNING promises no order.
        rows.sort(key=lambda row: (row[-1], row[STARTS_AT], row[DUE_AT], row[ID]))
        return [NOTICE.from_row(row) for row in rows]

    def free(self) -> None:
        """Take back every claim. Only for a process that has the store to itself: the holders are dead."""
        self._change(SQL["free"])

    def begin(self, notice_id: NoticeId, *, claim_id: ClaimId, machine_now: datetime, lease: timedelta) -> bool:
        return self._spend("begin", notice_id, claim_id, machine_now=machine_now, leased_until=machine_now + lease)

    def renew(self, notice_id: NoticeId, *, claim_id: ClaimId, machine_now: datetime, lease: timedelta) -> bool:
        return self._spend("renew", notice_id, claim_id, machine_now=machine_now, leased_until=machine_now + lease)

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
        if state not in (NoticeState.SENT, NoticeState.DROPPED, NoticeState.FAILED):
            raise ValueError(f"a notice does not finish as {state}")
        return self._spend(
            "finish",
            notice_id,
            claim_id,
            state=state,
            sent_at=sent_at,
            conversation=conversation,
            ts=ts,
            reason=reason,
        )

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
        return self._spend(
            "release",
            notice_id,
            claim_id,
            not_before=not_before,
            due_at=due_at,
            is_unknown=is_unknown,
            reason=reason,
        )

    def _spend(self, query: str, notice_id: NoticeId, claim_id: ClaimId, **values: object) -> bool:
        return self._change(SQL[query], notice_id=notice_id, claim_id=claim_id, **values) == 1

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
        return self._change(
            SQL["drop_waiting"],
            workspace_id=workspace_id,
            lesson_id=lesson_id,
            kinds=list(kinds),
            reason=reason,
            about=about,
            person_id=person_id,
            but_occasion=but_occasion,
        )

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
        count = self._change(
            SQL["reschedule"],
            workspace_id=workspace_id,
            lesson_id=lesson_id,
            kinds=list(kinds),
            due_at=due_at,
            lesson_starts_at=lesson_starts_at,
            person_id=person_id,
        )
        if count:
            self._owe()
        return count

    def wake(
        self,
        workspace_id: WorkspaceId,
        lesson_id: LessonId,
        *,
        kinds: Collection[NoticeKind],
        about: ParticipantId | None = None,
    ) -> int:
        count = self._change(
            SQL["wake"], workspace_id=workspace_id, lesson_id=lesson_id, kinds=list(kinds), about=about
        )
        if count:
            self._owe()
        return count

    def list_failed(self, workspace_id: WorkspaceId, *, due_after: datetime, limit: int) -> list[Notice]:
        rows = self._all(SQL["list_failed"], workspace_id=workspace_id, due_after=due_after, limit=limit)
        return [NOTICE.from_row(row) for row in rows]

    def pending(self, *, now: datetime, machine_now: datetime) -> Pending:
        (row,) = self._all(SQL["pending"], now=now, machine_now=machine_now, too_late=TOO_LATE)
        waiting, unknown, stale_cards, oldest_due_at, dropped_late, failed = row
        return Pending(
            waiting_count=waiting,
            unknown_count=unknown,
            stale_card_count=stale_cards,
            oldest_due_at=_moment((oldest_due_at,)),
            dropped_late_count=dropped_late,
            failed_count=failed,
        )


def _row_of(notice: Notice) -> dict[str, object]:
    row = NOTICE.to_row(notice)
    row["turn"] = _turn_of(notice)
    row["urgency"] = 0 if notice.kind in URGENT else 1
    return row


def _turn_of(notice: Notice) -> str | None:
    if notice.state is NoticeState.WAITING:
        if notice.not_before is not None:
            return "held"
        # Due as it is stored, as most join links are: a turn now spares the next claim moving it.
        return "now" if notice.due_at <= notice.created_at else "later"
    return "now" if notice.state in HELD_STATES else None


def _moment(row: tuple[str | None, ...] | None) -> datetime | None:
    return datetime.fromisoformat(row[0]) if row and row[0] else None
