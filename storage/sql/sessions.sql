-- The sessions that lessons held, and what was said in them.

-- name: list_of_lesson
-- Oldest first.
SELECT {session} FROM held_sessions
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id
ORDER BY started_at, session_id;

-- name: erase_lines
-- What is stored of one session's transcript.
DELETE FROM transcript_lines
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id AND session_id = :session_id;

-- name: erase_transcripts
-- What was said in a lesson.
DELETE FROM transcript_lines WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id;

-- name: list_lines
-- In the order in which it was said.
SELECT {line} FROM transcript_lines
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id
ORDER BY (SELECT started_at FROM held_sessions
          WHERE held_sessions.lesson_id = transcript_lines.lesson_id
            AND held_sessions.session_id = transcript_lines.session_id),
         session_id, position;

-- name: search_lines
-- The latest lesson first. `leader_id` NULL: of all lessons.
SELECT {lesson.*}, {line.*}
FROM transcript_words
JOIN transcript_lines AS line ON line.id = transcript_words.rowid
JOIN lessons AS lesson ON lesson.id = line.lesson_id
WHERE transcript_words MATCH :words
  AND line.workspace_id = :workspace_id
  AND (:leader_id IS NULL OR EXISTS (
    SELECT 1 FROM participants
    WHERE participants.lesson_id = lesson.id AND participants.person_id = :leader_id
      AND participants.role = 'leader' AND participants.removed_at IS NULL))
ORDER BY lesson.starts_at DESC, lesson.id, line.session_id, line.position
LIMIT :limit;
