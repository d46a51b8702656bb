-- Who did what.

-- name: list_of_lesson
-- Oldest first.
SELECT {entry} FROM audit WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id ORDER BY at, id;
