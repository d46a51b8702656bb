-- One person, wherever they are named. Their places stay, so that others' lessons can still be counted.

-- name: list_lessons
-- All in which they have or had a place, and all that they booked, by start.
SELECT {lesson} FROM lessons
WHERE workspace_id = :workspace_id
  AND id IN (
    SELECT lesson_id FROM participants WHERE person_id = :person_id
    UNION
    SELECT id FROM lessons WHERE booked_by = :person_id)
ORDER BY starts_at, id;

-- name: list_needed
-- Lessons that still need them, by start: those to come in which they have a place; those that are on, also where they
-- were taken out, for they may have been there; those of which the room service is still asked who came and what was
-- said.
SELECT {lesson.*} FROM lessons AS lesson
WHERE lesson.workspace_id = :workspace_id
  AND lesson.id IN (SELECT lesson_id FROM participants WHERE person_id = :person_id)
  AND (lesson.state = 'live' OR lesson.state = 'booked' AND EXISTS (
      SELECT 1 FROM participants
      WHERE lesson_id = lesson.id AND person_id = :person_id AND removed_at IS NULL)
    OR EXISTS (
      SELECT 1 FROM notices
      WHERE lesson_id = lesson.id AND kind IN ('read_sessions', 'collect') AND state IN ('waiting', 'claimed', 'begun')
        AND lesson.state = 'ended'))
ORDER BY lesson.starts_at, lesson.id;

-- name: list_provider_ids
-- As which users the room services know them, with each service's name.
SELECT DISTINCT account.service, participant.provider_user_id
FROM participants AS participant
JOIN lessons AS lesson ON lesson.id = participant.lesson_id
JOIN rooms AS room ON room.id = lesson.room
JOIN room_accounts AS account ON account.id = room.account_id
WHERE participant.workspace_id = :workspace_id AND participant.person_id = :person_id
  AND participant.provider_user_id IS NOT NULL
ORDER BY account.service, participant.provider_user_id;

-- name: list_whos
-- Everything that reports call them by: as the room services do, and as we do towards those.
SELECT provider_user_id FROM participants
WHERE workspace_id = :workspace_id AND person_id = :person_id AND provider_user_id IS NOT NULL
UNION
SELECT :person_id;

-- name: list_shown_names
-- Every name that they were shown by, then and now.
SELECT name FROM people WHERE workspace_id = :workspace_id AND id = :person_id
UNION
SELECT attendance.shown_name
FROM participants JOIN attendance ON attendance.participant_id = participants.id
WHERE participants.workspace_id = :workspace_id AND participants.person_id = :person_id;

-- name: forget_lines
-- What they said, in whichever lesson; where the service did not tell who spoke, by the name that is shown, in lessons
-- in which they have or had a place.
DELETE FROM transcript_lines
WHERE workspace_id = :workspace_id
  AND (who IN (SELECT value FROM json_each(:whos))
    OR who IS NULL AND speaker IN (SELECT value FROM json_each(:names))
      AND lesson_id IN (SELECT lesson_id FROM participants WHERE person_id = :person_id));

-- name: forget_summaries
-- The service's own text about lessons in which they have or had a place: it names who did well in what.
UPDATE held_sessions SET summary = NULL
WHERE workspace_id = :workspace_id AND summary IS NOT NULL
  AND lesson_id IN (SELECT lesson_id FROM participants WHERE person_id = :person_id);

-- name: forget_events
-- Their comings and goings; what was made of them stays, without a name.
DELETE FROM attendance_events
WHERE workspace_id = :workspace_id AND who IN (SELECT value FROM json_each(:whos));

-- name: forget_attendance
-- Minutes of somebody. A place stands for whoever had it; without one, chance does.
UPDATE attendance
SET shown_name = :forgotten, who = COALESCE(participant_id, 'forgotten:' || lower(hex(randomblob(8))))
WHERE workspace_id = :workspace_id
  AND (who IN (SELECT value FROM json_each(:whos))
    OR participant_id IN (SELECT id FROM participants WHERE person_id = :person_id));

-- name: forget_deliveries
-- Raw reports of rooms that they were in.
DELETE FROM deliveries
WHERE workspace_id = :workspace_id AND worked_at IS NOT NULL AND room IN (
  SELECT room FROM lessons WHERE id IN (SELECT lesson_id FROM participants WHERE person_id = :person_id));

-- name: forget_links
-- Their ways in, used or not.
DELETE FROM links
WHERE workspace_id = :workspace_id
  AND participant_id IN (SELECT id FROM participants WHERE person_id = :person_id);

-- name: forget_cards
-- Which messages follow which lesson for them.
DELETE FROM cards WHERE workspace_id = :workspace_id AND person_id = :person_id;

-- name: forget_notices
-- Where their messages are in Slack. What was still to be sent is not.
UPDATE notices
SET conversation = NULL, ts = NULL, claim_id = NULL, leased_until = NULL, turn = NULL,
    reason = CASE WHEN state IN ('waiting', 'claimed', 'begun') THEN 'forgotten' ELSE reason END,
    state = CASE WHEN state IN ('waiting', 'claimed', 'begun') THEN 'dropped' ELSE state END
WHERE workspace_id = :workspace_id AND person_id = :person_id;

-- name: forget_reasons
-- Their own words on lessons that they cancelled.
UPDATE lessons SET cancel_reason = NULL
WHERE workspace_id = :workspace_id AND cancelled_by = :person_id AND cancel_reason IS NOT NULL;

-- name: forget_places
-- What their places say of them, but role and order.
UPDATE participants SET provider_user_id = NULL, failure = NULL, reply = 'none'
WHERE workspace_id = :workspace_id AND person_id = :person_id;

-- name: forget_settings
-- What they chose for themselves.
DELETE FROM settings WHERE workspace_id = :workspace_id AND person_id = :person_id;

-- name: forget_addresses
-- How to reach them.
DELETE FROM addresses WHERE workspace_id = :workspace_id AND person_id = :person_id;

-- name: leave_no_address
-- One that leads nowhere: who has a place has an address. Whoever comes back is somebody new.
INSERT INTO addresses (workspace_id, medium, address, person_id, unreachable)
VALUES (:workspace_id, 'slack', 'forgotten:' || :person_id, :person_id, 'forgotten');

-- name: forget_person
-- Who they are.
UPDATE people
SET name = :forgotten, kind = 'forgotten', zone = NULL, locale = 'en-US', is_admin = 0, is_deactivated = 1,
    may_be_recorded = NULL, checked_at = NULL, created_at = NULL
WHERE workspace_id = :workspace_id AND id = :person_id AND kind <> 'forgotten';
