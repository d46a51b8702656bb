"""Join links as rows. What a link opens arrives sealed and leaves sealed; nothing here can read it."""

from __future__ import annotations

from datetime import datetime

from storage.columns import Columns
from storage.errors import NotStored
from storage.queries import load_queries
from storage.records import LessonId, Link, LinkId, ParticipantId, WorkspaceId
from storage.tables.table import Table

LINK = Columns(Link)
SQL = load_queries("links", link=LINK)
INSERT = LINK.insert_into("links") + " ON CONFLICT (participant_id, number, device) DO NOTHING"
UPDATE = LINK.update("links")


class LinkTable(Table):
    """The links' part of `storage.store.Lessons`."""

    def insert_link(self, link: Link) -> Link:
        if self._put(INSERT, LINK.to_row(link)) == 1:
            return link
        stored = self.find_link(link.workspace_id, link.participant_id, link.number, device=link.device)
        if stored is None:  # another workspace's participant: nothing of ours
            raise NotStored("participant", link.participant_id)
        return stored

    def update_link(self, link: Link) -> None:
        if self._put(UPDATE, LINK.to_row(link)) == 0:
            raise NotStored("link", link.id)

    def find_link(
        self, workspace_id: WorkspaceId, participant_id: ParticipantId, number: int, *, device: int = 1
    ) -> Link | None:
        row = self._one(
            SQL["find"], workspace_id=workspace_id, participant_id=participant_id, number=number, device=device
        )
        return LINK.from_row(row) if row else None

    def find_link_by_token(self, digest: bytes) -> Link | None:
        row = self._one(SQL["find_by_token"], digest=digest)
        return LINK.from_row(row) if row else None

    def redeem(self, workspace_id: WorkspaceId, link_id: LinkId, *, now: datetime, browser_digest: bytes) -> bool:
        changed = self._change(
            SQL["redeem"], workspace_id=workspace_id, link_id=link_id, now=now, browser_digest=browser_digest
        )
        return changed == 1

    def list_links(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> list[Link]:
        rows = self._all(SQL["list_of_lesson"], workspace_id=workspace_id, lesson_id=lesson_id)
        return [LINK.from_row(row) for row in rows]

    def mark_opened(self, workspace_id: WorkspaceId, link_id: LinkId, *, at: datetime) -> bool:
        return self._change(SQL["mark_opened"], workspace_id=workspace_id, link_id=link_id, at=at) == 1

    def mark_delivered(self, workspace_id: WorkspaceId, link_id: LinkId, *, at: datetime) -> bool:
        return self._change(SQL["mark_delivered"], workspace_id=workspace_id, link_id=link_id, at=at) == 1

    def erase_secrets(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> int:
        return self._change(SQL["erase_secrets"], workspace_id=workspace_id, lesson_id=lesson_id)
