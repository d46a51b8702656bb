-- Who came: what sources reported, and what we made of it.

-- name: list_events
-- As it happened.
SELECT {event} FROM attendance_events
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id
ORDER BY at, id;

-- name: forget
-- What an earlier reading found and this one (`kept`: participants, or who came without a link) did not.
-- A person's correction outlives it.
DELETE FROM attendance
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id AND corrected_present_seconds IS NULL
  AND COALESCE(participant_id, who) NOT IN (SELECT value FROM json_each(:kept));

-- name: list_of_lesson
-- Everybody's presence.
SELECT {attendance} FROM attendance
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id
ORDER BY shown_name, who;

-- name: find_totals
-- What the lesson came to.
SELECT {totals} FROM lesson_totals WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id;
