-- What has been kept long enough. Each kind is listed on the reading connection and erased by id, a few to a
-- transaction, with the condition once more: what changed meanwhile stays. `settled_lessons` are over or off, with
-- nothing owed of them any more.

-- name: list_lessons
-- What hangs on a lesson goes with it, by the schema. Its cards show all that they ever will.
SELECT id FROM settled_lessons AS lesson
WHERE workspace_id = :workspace_id AND ends_at < :before
  AND NOT EXISTS (SELECT 1 FROM cards WHERE lesson_id = lesson.id AND turn IS NOT NULL)
ORDER BY ends_at, id LIMIT :limit;

-- name: erase_lessons
-- These, where it is still so.
DELETE FROM lessons WHERE id IN (
  SELECT id FROM settled_lessons AS lesson
  WHERE workspace_id = :workspace_id AND id IN (SELECT value FROM json_each(:ids)) AND ends_at < :before
    AND NOT EXISTS (SELECT 1 FROM cards WHERE lesson_id = lesson.id AND turn IS NOT NULL));

-- name: list_attendance
-- Lessons whose attendance is there and is no longer to be.
SELECT id FROM settled_lessons AS lesson
WHERE workspace_id = :workspace_id AND ends_at < :before
  AND EXISTS (SELECT 1 FROM attendance WHERE lesson_id = lesson.id)
ORDER BY ends_at, id LIMIT :limit;

-- name: erase_attendance
-- Who was there, and for how long. What the whole lesson came to names nobody, and stays with it.
DELETE FROM attendance WHERE lesson_id IN (
  SELECT id FROM settled_lessons
  WHERE workspace_id = :workspace_id AND id IN (SELECT value FROM json_each(:ids)) AND ends_at < :before);

-- name: list_events
-- Lessons of which comings and goings are there, one by one.
SELECT id FROM settled_lessons AS lesson
WHERE workspace_id = :workspace_id AND ends_at < :before
  AND EXISTS (SELECT 1 FROM attendance_events WHERE lesson_id = lesson.id)
ORDER BY ends_at, id LIMIT :limit;

-- name: erase_events
-- What was reported of them; what was made of it stays.
DELETE FROM attendance_events WHERE lesson_id IN (
  SELECT id FROM settled_lessons
  WHERE workspace_id = :workspace_id AND id IN (SELECT value FROM json_each(:ids)) AND ends_at < :before);

-- name: list_transcripts
-- Lessons of which it is there what was said, or what the room service wrote about it.
SELECT id FROM settled_lessons AS lesson
WHERE workspace_id = :workspace_id AND ends_at < :before
  AND (EXISTS (SELECT 1 FROM transcript_lines WHERE lesson_id = lesson.id)
    OR EXISTS (SELECT 1 FROM held_sessions
               WHERE lesson_id = lesson.id AND (summary IS NOT NULL OR transcript = 'ready')))
ORDER BY ends_at, id LIMIT :limit;

-- name: erase_transcripts
-- What was said; the words by which it was found go with it.
DELETE FROM transcript_lines WHERE lesson_id IN (
  SELECT id FROM settled_lessons
  WHERE workspace_id = :workspace_id AND id IN (SELECT value FROM json_each(:ids)) AND ends_at < :before);

-- name: erase_summaries
-- The room service's own text about it; and nobody is offered the transcript any more.
UPDATE held_sessions
SET summary = NULL, transcript = CASE WHEN transcript = 'ready' THEN 'erased' ELSE transcript END
WHERE (summary IS NOT NULL OR transcript = 'ready') AND lesson_id IN (
  SELECT id FROM settled_lessons
  WHERE workspace_id = :workspace_id AND id IN (SELECT value FROM json_each(:ids)) AND ends_at < :before);

-- name: list_deliveries
-- Those that were worked on.
SELECT id FROM deliveries
WHERE workspace_id = :workspace_id AND received_at < :before AND worked_at IS NOT NULL
ORDER BY id LIMIT :limit;

-- name: erase_deliveries
-- What was made of them stays.
DELETE FROM deliveries
WHERE workspace_id = :workspace_id AND id IN (SELECT value FROM json_each(:ids))
  AND received_at < :before AND worked_at IS NOT NULL;

-- name: list_audit
-- Who did what, unless the lesson that it was done to is still open.
SELECT id FROM audit
WHERE workspace_id = :workspace_id AND at < :before
  AND NOT EXISTS (SELECT 1 FROM lessons WHERE id = audit.lesson_id AND state IN ('booked', 'live'))
ORDER BY id LIMIT :limit;

-- name: erase_audit
-- These, where it is still so.
DELETE FROM audit
WHERE workspace_id = :workspace_id AND id IN (SELECT value FROM json_each(:ids)) AND at < :before
  AND NOT EXISTS (SELECT 1 FROM lessons WHERE id = audit.lesson_id AND state IN ('booked', 'live'));

-- name: list_rooms
-- Those whose last lesson is erased: nobody can ever come back to them.
SELECT id FROM rooms
WHERE workspace_id = :workspace_id AND created_at < :before
  AND NOT EXISTS (SELECT 1 FROM lessons WHERE room = rooms.id)
ORDER BY id LIMIT :limit;

-- name: erase_rooms_deliveries
-- What was reported of such rooms.
DELETE FROM deliveries
WHERE workspace_id = :workspace_id AND room IN (SELECT value FROM json_each(:ids))
  AND NOT EXISTS (SELECT 1 FROM lessons WHERE room = deliveries.room);

-- name: erase_rooms
-- And they themselves, secrets and keys included.
DELETE FROM rooms
WHERE workspace_id = :workspace_id AND id IN (SELECT value FROM json_each(:ids)) AND created_at < :before
  AND NOT EXISTS (SELECT 1 FROM lessons WHERE room = rooms.id);

-- name: list_people
-- Nobody's learner, leader or booker any more, nor named in what was done; not looked at since `before`. Whoever chose
-- something for themselves may come back to it: they stay until `settled_before`.
SELECT id FROM people
WHERE workspace_id = :workspace_id AND COALESCE(checked_at, created_at, '') < :before
  AND (COALESCE(checked_at, created_at, '') < :settled_before
    OR NOT EXISTS (SELECT 1 FROM settings WHERE workspace_id = people.workspace_id AND person_id = people.id))
  AND NOT EXISTS (SELECT 1 FROM participants WHERE person_id = people.id)
  AND NOT EXISTS (SELECT 1 FROM participants WHERE added_by = people.id)
  AND NOT EXISTS (SELECT 1 FROM lessons WHERE booked_by = people.id)
  AND NOT EXISTS (SELECT 1 FROM audit WHERE actor = people.id)
ORDER BY id LIMIT :limit;

-- name: erase_people
-- With their addresses and settings, unless a lesson, a message or an entry still names them. The last few conditions
-- are not asked when listing: each reads a whole table, and few who get this far meet them.
DELETE FROM people
WHERE workspace_id = :workspace_id AND id IN (SELECT value FROM json_each(:ids))
  AND COALESCE(checked_at, created_at, '') < :before
  AND (COALESCE(checked_at, created_at, '') < :settled_before
    OR NOT EXISTS (SELECT 1 FROM settings WHERE workspace_id = people.workspace_id AND person_id = people.id))
  AND NOT EXISTS (SELECT 1 FROM participants WHERE person_id = people.id)
  AND NOT EXISTS (SELECT 1 FROM participants WHERE added_by = people.id)
  AND NOT EXISTS (SELECT 1 FROM lessons WHERE booked_by = people.id)
  AND NOT EXISTS (SELECT 1 FROM audit WHERE actor = people.id)
  AND NOT EXISTS (SELECT 1 FROM lessons WHERE cancelled_by = people.id)
  AND NOT EXISTS (SELECT 1 FROM attendance WHERE corrected_by = people.id)
  AND NOT EXISTS (SELECT 1 FROM cards WHERE person_id = people.id)
  AND NOT EXISTS (SELECT 1 FROM notices WHERE person_id = people.id);

-- name: compact_words
-- Some of the index of words written anew, without what was erased (FTS5 only marks it).
INSERT INTO transcript_words (transcript_words, rank) VALUES ('merge', :pages);
