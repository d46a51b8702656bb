-- Join links. What they open is sealed, and erased after the lesson.

-- name: find
-- One participant's link of this number, for one of their devices.
SELECT {link} FROM links
WHERE workspace_id = :workspace_id AND participant_id = :participant_id AND number = :number
  AND device = :device;

-- name: list_of_lesson
-- All of a lesson's, revoked ones included.
SELECT {link} FROM links
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id
ORDER BY participant_id, number, device;

-- name: mark_opened
-- The first press of Join; later ones change nothing.
UPDATE links SET opened_at = :at WHERE workspace_id = :workspace_id AND id = :link_id AND opened_at IS NULL;

-- name: erase_secrets
-- What the lesson's links held that opens a room.
UPDATE links SET url_sealed = NULL, token_sealed = NULL
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id
  AND (url_sealed IS NOT NULL OR token_sealed IS NOT NULL);
