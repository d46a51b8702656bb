-- Lessons, and what a booking wants to know about earlier ones.

-- name: get
-- By our id.
SELECT {lesson} FROM lessons WHERE workspace_id = :workspace_id AND id = :lesson_id;

-- name: standing
-- Whether it is as it was, without reading the whole of it.
SELECT revision, state FROM lessons WHERE workspace_id = :workspace_id AND id = :lesson_id;

-- name: find_by_submission
-- The lesson that came from this form, if it was submitted before.
SELECT {lesson} FROM lessons WHERE workspace_id = :workspace_id AND submission_key = :submission_key;

-- name: list_between
-- Everybody's lessons in a stretch of time, cancelled ones included. Open ends are handed in as '' and '~'.
SELECT {lesson} FROM lessons
WHERE workspace_id = :workspace_id AND ends_at > :ends_after AND starts_at < :starts_before
ORDER BY starts_at, id LIMIT :limit;

-- name: count_between
-- How many those are.
SELECT COUNT(*) FROM lessons
WHERE workspace_id = :workspace_id AND ends_at > :ends_after AND starts_at < :starts_before;

-- name: list_between_for_person
-- The same, for those that one person takes part in or booked.
SELECT {lesson} FROM lessons
WHERE workspace_id = :workspace_id AND ends_at > :ends_after AND starts_at < :starts_before
  AND id IN (
    SELECT lesson_id FROM participants WHERE person_id = :person_id AND removed_at IS NULL
    UNION
    SELECT id FROM lessons WHERE booked_by = :person_id)
ORDER BY starts_at, id LIMIT :limit;

-- name: list_troubled
-- Lessons still to come or running in which somebody could not be reached.
SELECT {lesson.*} FROM lessons AS lesson
WHERE lesson.workspace_id = :workspace_id AND lesson.state IN ('booked', 'live') AND lesson.ends_at > :ends_after
  AND EXISTS (
    SELECT 1 FROM participants AS participant
    WHERE participant.lesson_id = lesson.id AND participant.removed_at IS NULL AND participant.failure IS NOT NULL)
ORDER BY lesson.starts_at, lesson.id LIMIT :limit;

-- name: list_overlapping
-- Lessons still to come or running, that some of these people have a place in, in a stretch of time.
-- CROSS JOIN keeps the order of the loops: few lessons lie in the stretch, but people may have years of lessons.
SELECT {lesson.*}, participant.person_id
FROM lessons AS lesson CROSS JOIN participants AS participant
WHERE lesson.workspace_id = :workspace_id AND lesson.state IN ('booked', 'live')
  AND lesson.ends_at > :starts_at AND lesson.starts_at < :ends_at
  AND (:without IS NULL OR lesson.id <> :without)
  AND participant.lesson_id = lesson.id AND participant.removed_at IS NULL
  AND participant.person_id IN (SELECT value FROM json_each(:person_ids))
ORDER BY lesson.starts_at, lesson.id, participant.position;

-- name: list_in_room
-- The lessons that share a room, cancelled ones left out.
SELECT {lesson} FROM lessons
WHERE workspace_id = :workspace_id AND room = :room AND state <> 'cancelled'
ORDER BY starts_at, id;

-- name: find_participant
-- One place in a lesson, by our id.
SELECT {participant} FROM participants WHERE workspace_id = :workspace_id AND id = :participant_id;

-- name: count_reached_by
-- How many different people somebody reached since then, by bookings (whoever added others later answers for them)
-- and by adding to lessons: cancelled or removed, they had a message.
SELECT COUNT(*) FROM (
  SELECT participant.person_id
  FROM lessons AS lesson JOIN participants AS participant ON participant.lesson_id = lesson.id
  WHERE lesson.workspace_id = :workspace_id AND lesson.booked_by = :booker AND lesson.booked_at >= :since
    AND participant.added_by IS NULL AND participant.person_id <> :booker
  UNION
  SELECT person_id FROM participants
  WHERE workspace_id = :workspace_id AND added_by = :booker AND added_at >= :since AND person_id <> :booker);

-- name: list_met_before
-- Those of the people who had a place in a lesson that one of the leaders led; stops at each person's first.
SELECT person.value FROM json_each(:person_ids) AS person
WHERE EXISTS (
  SELECT 1
  FROM participants AS participant
  JOIN lessons AS lesson ON lesson.id = participant.lesson_id
  JOIN participants AS leader ON leader.lesson_id = lesson.id
  WHERE participant.person_id = person.value AND participant.removed_at IS NULL
    AND lesson.workspace_id = :workspace_id AND lesson.state <> 'cancelled'
    AND leader.role = 'leader' AND leader.removed_at IS NULL AND leader.person_id <> participant.person_id
    AND leader.person_id IN (SELECT value FROM json_each(:leader_ids)));

-- name: find_shared_room
-- The room of the latest lesson of exactly these people. Looked for among the lessons of whoever has the fewest:
-- a learner's, not those of a tutor who has taught for years. CROSS JOIN holds SQLite to that order: by itself it reads
-- all lessons by time, which spares it the sorting. `room` NULL: whichever they share.
SELECT {room.*}, lesson.title, lesson.starts_at
FROM participants AS rarest
CROSS JOIN lessons AS lesson ON lesson.id = rarest.lesson_id
JOIN rooms AS room ON room.id = lesson.room
WHERE rarest.person_id = (
    SELECT person_id FROM participants WHERE person_id IN (SELECT value FROM json_each(:person_ids))
    GROUP BY person_id ORDER BY COUNT(*) LIMIT 1)
  AND rarest.removed_at IS NULL
  AND lesson.workspace_id = :workspace_id AND lesson.state <> 'cancelled' AND room.account_id = :account_id
  AND (:room IS NULL OR room.id = :room)
  AND :person_count = (
    SELECT COUNT(*) FROM participants WHERE lesson_id = lesson.id AND removed_at IS NULL)
  AND NOT EXISTS (
    SELECT 1 FROM participants
    WHERE lesson_id = lesson.id AND removed_at IS NULL
      AND person_id NOT IN (SELECT value FROM json_each(:person_ids)))
ORDER BY lesson.starts_at DESC, lesson.id DESC LIMIT 1;

-- name: find_room_by_webhook
-- By the digest of the key in its webhooks' address. Not by workspace: the key is all that a delivery knows.
SELECT {room} FROM rooms WHERE webhook_digest = :digest;

-- name: get_room
-- By our id.
SELECT {room} FROM rooms WHERE workspace_id = :workspace_id AND id = :room;

-- name: keep_webhook_key
-- For good: what was launched with it goes on reporting to its address.
UPDATE rooms SET webhook_digest = :digest, webhook_key_sealed = :key_sealed
WHERE workspace_id = :workspace_id AND id = :room AND webhook_digest IS NULL;
