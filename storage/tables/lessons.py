"""Lessons with their rooms and participants, and what a booking wants to know about earlier ones."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from storage.columns import Columns, text_of
from storage.errors import NotStored
from storage.queries import load_queries
from storage.records import (
    AccountId,
    Lesson,
    LessonDetails,
    LessonId,
    LessonState,
    Participant,
    ParticipantId,
    PersonId,
    Room,
    RoomRef,
    WorkspaceId,
)
from storage.store import SharedRoom
from storage.tables.details import DetailsTable
from storage.tables.links import LinkTable

LESSON = Columns(Lesson, "options")
PARTICIPANT = Columns(Participant)
ROOM = Columns(Room)
SQL = load_queries("lessons", lesson=LESSON, participant=PARTICIPANT, room=ROOM)
INSERT = LESSON.insert_into("lessons")
UPDATE = LESSON.update("lessons")
INSERT_PARTICIPANT = PARTICIPANT.insert_into("participants")
UPDATE_PARTICIPANT = PARTICIPANT.update("participants")
INSERT_ROOM = ROOM.insert_into("rooms")
UPDATE_ROOM = ROOM.update("rooms")

BEFORE_ALL, AFTER_ALL = "", "~"  # open ends of a stretch of time, as text that sorts before and after every moment


class LessonTable(LinkTable, DetailsTable):
    """`storage.store.Lessons`."""

    def insert(self, lesson: Lesson, participants: Sequence[Participant]) -> None:
        self._put(INSERT, LESSON.to_row(lesson))
        self.add_participants(participants)

    def get(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> Lesson:
        row = self._one(SQL["get"], workspace_id=workspace_id, lesson_id=lesson_id)
        if row is None:
            raise NotStored("lesson", lesson_id)
        return LESSON.from_row(row)

    def get_standing(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> tuple[int, LessonState]:
        row = self._one(SQL["standing"], workspace_id=workspace_id, lesson_id=lesson_id)
        if row is None:
            raise NotStored("lesson", lesson_id)
        return row[0], LessonState(row[1])

    def get_details(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> LessonDetails:
        return self._get_details(workspace_id, lesson_id)

    def find_by_submission(self, workspace_id: WorkspaceId, submission_key: str) -> Lesson | None:
        row = self._one(SQL["find_by_submission"], workspace_id=workspace_id, submission_key=submission_key)
        return LESSON.from_row(row) if row else None

    def update(self, lesson: Lesson) -> None:
        if self._put(UPDATE, LESSON.to_row(lesson)) == 0:
            raise NotStored("lesson", lesson.id)

    def list_between(
        self,
        workspace_id: WorkspaceId,
        *,
        ends_after: datetime | None = None,
        starts_before: datetime | None = None,
        person_id: PersonId | None = None,
        limit: int = 1000,
    ) -> list[Lesson]:
        rows = self._all(
            SQL["list_between" if person_id is None else "list_between_for_person"],
            workspace_id=workspace_id,
            person_id=person_id,
            limit=limit,
            **_stretch(ends_after, starts_before),
        )
        return [LESSON.from_row(row) for row in rows]

    def iterate_between(
        self,
        workspace_id: WorkspaceId,
        *,
        ends_after: datetime | None = None,
        starts_before: datetime | None = None,
    ) -> Iterator[Lesson]:
        rows = self._each(
            SQL["list_between"], workspace_id=workspace_id, limit=-1, **_stretch(ends_after, starts_before)
        )
        return (LESSON.from_row(row) for row in rows)

    def count_between(
        self,
        workspace_id: WorkspaceId,
        *,
        ends_after: datetime | None = None,
        starts_before: datetime | None = None,
    ) -> int:
        row = self._one(SQL["count_between"], workspace_id=workspace_id, **_stretch(ends_after, starts_before))
        return int(row[0]) if row else 0

    def list_troubled(self, workspace_id: WorkspaceId, *, ends_after: datetime, limit: int) -> list[Lesson]:
        rows = self._all(SQL["list_troubled"], workspace_id=workspace_id, ends_after=ends_after, limit=limit)
        return [LESSON.from_row(row) for row in rows]

    def list_overlapping(
        self,
        workspace_id: WorkspaceId,
        person_ids: Collection[PersonId],
        *,
        starts_at: datetime,
        ends_at: datetime,
        without: LessonId | None = None,
    ) -> list[tuple[Lesson, PersonId]]:
        rows = self._all(
            SQL["list_overlapping"],
            workspace_id=workspace_id,
            person_ids=list(person_ids),
            starts_at=starts_at,
            ends_at=ends_at,
            without=without,
        )
        return [(LESSON.from_row(row), PersonId(row[-1])) for row in rows]

    def list_in_room(self, workspace_id: WorkspaceId, room: RoomRef) -> list[Lesson]:
        rows = self._all(SQL["list_in_room"], workspace_id=workspace_id, room=room)
        return [LESSON.from_row(row) for row in rows]

    def count_reached_by(self, workspace_id: WorkspaceId, booker: PersonId, *, since: datetime) -> int:
        row = self._one(SQL["count_reached_by"], workspace_id=workspace_id, booker=booker, since=since)
        return int(row[0]) if row else 0

    def list_met_before(
        self, workspace_id: WorkspaceId, leader_ids: Collection[PersonId], person_ids: Collection[PersonId]
    ) -> set[PersonId]:
        rows = self._all(
            SQL["list_met_before"],
            workspace_id=workspace_id,
            leader_ids=list(leader_ids),
            person_ids=list(person_ids),
        )
        return {PersonId(row[0]) for row in rows}

    def find_shared_room(
        self,
        workspace_id: WorkspaceId,
        account_id: AccountId,
        person_ids: Collection[PersonId],
        *,
        room: RoomRef | None = None,
    ) -> SharedRoom | None:
        people = set(person_ids)
        row = self._one(
            SQL["find_shared_room"],
            workspace_id=workspace_id,
            account_id=account_id,
            person_ids=people,
            person_count=len(people),
            room=room,
        )
        if row is None:
            return None
        title, starts_at = row[ROOM.width :]
        return SharedRoom(room=ROOM.from_row(row), last_title=title, last_starts_at=datetime.fromisoformat(starts_at))

    def find_room_by_webhook(self, digest: str) -> Room | None:
        row = self._one(SQL["find_room_by_webhook"], digest=digest)
        return ROOM.from_row(row) if row else None

    def insert_room(self, room: Room) -> None:
        self._put(INSERT_ROOM, ROOM.to_row(room))

    def update_room(self, room: Room) -> None:
        if self._put(UPDATE_ROOM, ROOM.to_row(room)) == 0:
            raise NotStored("room", room.id)

    def get_room(self, workspace_id: WorkspaceId, room: RoomRef) -> Room:
        row = self._one(SQL["get_room"], workspace_id=workspace_id, room=room)
        if row is None:
            raise NotStored("room", room)
        return ROOM.from_row(row)

    def keep_webhook_key(self, workspace_id: WorkspaceId, room: RoomRef, *, digest: str, key_sealed: bytes) -> Room:
        self._change(
            SQL["keep_webhook_key"], workspace_id=workspace_id, room=room, digest=digest, key_sealed=key_sealed
        )
        return self.get_room(workspace_id, room)

    def add_participants(self, participants: Sequence[Participant]) -> None:
        self._put_all(INSERT_PARTICIPANT, [PARTICIPANT.to_row(participant) for participant in participants])

    def find_participant(self, workspace_id: WorkspaceId, participant_id: ParticipantId) -> Participant | None:
        row = self._one(SQL["find_participant"], workspace_id=workspace_id, participant_id=participant_id)
        return PARTICIPANT.from_row(row) if row else None

    def update_participant(self, participant: Participant) -> None:
        if self._put(UPDATE_PARTICIPANT, PARTICIPANT.to_row(participant)) == 0:
            raise NotStored("participant", participant.id)


def _stretch(ends_after: datetime | None, starts_before: datetime | None) -> dict[str, str]:
    return {
        "ends_after": BEFORE_ALL if ends_after is None else text_of(ends_after),
        "starts_before": AFTER_ALL if starts_before is None else text_of(starts_before),
    }
