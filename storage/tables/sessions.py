"""The sessions that lessons held, and what was said in them, found again by words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from storage.columns import Columns
from storage.queries import load_queries
from storage.records import HeldSession, Lesson, LessonId, PersonId, TranscriptLine, WorkspaceId
from storage.tables.table import Table

SESSION = Columns(HeldSession)
LINE = Columns(TranscriptLine)
LESSON = Columns(Lesson, "options")
SQL = load_queries("sessions", session=SESSION, line=LINE, lesson=LESSON)
SAVE = (
    SESSION.insert_into("held_sessions")
    + " ON CONFLICT (lesson_id, session_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in SESSION.names)
)
INSERT_LINE = LINE.insert_into("transcript_lines")


class SessionTable(Table):
    """`storage.store.Sessions`."""

    def save(self, sessions: Iterable[HeldSession]) -> None:
        self._put_all(SAVE, [SESSION.to_row(session) for session in sessions])

    def list_for_lesson(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> list[HeldSession]:
        rows = self._all(SQL["list_of_lesson"], workspace_id=workspace_id, lesson_id=lesson_id)
        return [SESSION.from_row(row) for row in rows]

    def save_transcript(
        self, workspace_id: WorkspaceId, lesson_id: LessonId, session_id: str, lines: Iterable[TranscriptLine]
    ) -> None:
        self._change(SQL["erase_lines"], workspace_id=workspace_id, lesson_id=lesson_id, session_id=session_id)
        self._put_all(INSERT_LINE, [LINE.to_row(line) for line in lines])

    def list_lines(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> list[TranscriptLine]:
        rows = self._all(SQL["list_lines"], workspace_id=workspace_id, lesson_id=lesson_id)
        return [LINE.from_row(row) for row in rows]

    def search_lines(
        self, workspace_id: WorkspaceId, words: Sequence[str], *, leader_id: PersonId | None, limit: int
    ) -> list[tuple[Lesson, TranscriptLine]]:
        sought = [word for word in words if any(letter.isalnum() for letter in word)]
        if not sought:
            return []
        rows = self._all(
            SQL["search_lines"],
            workspace_id=workspace_id,
            words=" ".join(_quote(word) for word in sought),
            leader_id=leader_id,
            limit=limit,
        )
        return [(LESSON.from_row(row), LINE.from_row(row, LESSON.width)) for row in rows]

    def erase_transcripts(self, workspace_id: WorkspaceId, lesson_id: LessonId) -> int:
        return self._change(SQL["erase_transcripts"], workspace_id=workspace_id, lesson_id=lesson_id)


def _quote(word: str) -> str:
    """A word as FTS5's own language takes it: in quotes it is text and nothing else, the star means its beginning.

    A NUL would end the whole question in its middle.
    """
    return '"' + word.replace('"', '""').replace("\x00", " ") + '"*'
