-- Who did what.

-- name: list_of_lesson
-- Oldest first.
SELECT {entry} FROM audit WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id ORDER BY at, id;

-- name: list_latest
-- What was done to no lesson, the latest first: the index of lessons has these under none.
SELECT {entry} FROM audit
WHERE workspace_id = :workspace_id AND lesson_id IS NULL AND action = :action
ORDER BY at DESC, id DESC LIMIT :limit;
