"""Cards as rows: what each shows, and what it should show.

Turns are as in `storage/tables/notices.py`; a card without one has nothing to do until somebody wants another revision.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from storage.columns import Columns
from storage.queries import load_queries
from storage.records import Card, CardId, CardKind, ClaimId, LessonId, PersonId, WorkspaceId
from storage.tables.table import Table

CARD = Columns(Card)
SQL = load_queries("cards", card=CARD)
INSERT = CARD.insert_into("cards", "turn", "urgency") + " ON CONFLICT (notice_id) DO NOTHING"
POSTED_AT = CARD.names.index("posted_at")
ID = CARD.names.index("id")


class CardTable(Table):
    """`storage.store.Cards`."""

    def insert(self, card: Card) -> Card:
        turn = _turn_of(card)
        row = {**CARD.to_row(card), "turn": turn, "urgency": 0 if card.kind is CardKind.LEADER else 1}
        if self._put(INSERT, row) == 0:
            (stored,) = self._all(SQL["of_notice"], notice_id=card.notice_id)
            return CARD.from_row(stored)
        if turn == "now":
            self._owe()
        return card

    def list_for_lesson(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> list[Card]:
        rows = self._all(SQL["list_of_lesson"], workspace_id=workspace_id, lesson_id=lesson_id)
        return [CARD.from_row(row) for row in rows]

    def want(
        self,
        workspace_id: WorkspaceId,
        lesson_id: LessonId,
        *,
        kinds: Collection[CardKind] | None = None,
        person_id: PersonId | None = None,
    ) -> int:
        count = self._change(
            SQL["want"],
            workspace_id=workspace_id,
            lesson_id=lesson_id,
            kinds=None if kinds is None else list(kinds),
            person_id=person_id,
        )
        if count:
            self._owe()
        return count

    def claim(
        self, *, now: datetime, machine_now: datetime, limit: int, claim_id: ClaimId, lease: timedelta
    ) -> list[Card]:
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
        )
        rows.sort(key=lambda row: (row[-1], row[POSTED_AT], row[ID]))
        return [CARD.from_row(row) for row in rows]

    def free(self) -> None:
        """Take back every claim. Only for a process that has the store to itself: the holders are dead."""
        self._change(SQL["free"])

    def finish(
        self,
        card_id: CardId,
        *,
        claim_id: ClaimId,
        shown: int,
        due_at: datetime | None,
        is_final: bool = False,
    ) -> bool:
        rows = self._all(
            SQL["finish"], card_id=card_id, claim_id=claim_id, shown=shown, due_at=due_at, is_final=is_final
        )
        if rows and rows[0][0]:
            self._owe()
        return bool(rows)

    def release(self, card_id: CardId, *, claim_id: ClaimId, not_before: datetime) -> bool:
        return self._change(SQL["release"], card_id=card_id, claim_id=claim_id, not_before=not_before) == 1


def _turn_of(card: Card) -> str | None:
    if card.is_final:
        return None
    if card.not_before is not None:
        return "held"
    if card.revision_wanted > card.revision_shown:
        return "now"
    return "later" if card.due_at is not None else None
