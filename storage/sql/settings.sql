-- Small named values of a workspace, or of one person in it.

-- name: find
-- NULL stands for the workspace itself.
SELECT value FROM settings
WHERE workspace_id = :workspace_id AND name = :name AND COALESCE(person_id, '') = COALESCE(:person_id, '');

-- name: save
-- The value, in place of any earlier one.
INSERT INTO settings (workspace_id, person_id, name, value) VALUES (:workspace_id, :person_id, :name, :value)
ON CONFLICT (workspace_id, name, COALESCE(person_id, '')) DO UPDATE SET value = excluded.value;
