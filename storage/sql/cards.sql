-- Posted messages that follow the truth. Turns are those of notices: storage/tables/notices.py.

-- name: of_notice
-- The card that a notice has posted.
SELECT {card} FROM cards WHERE notice_id = :notice_id;

-- name: list_of_lesson
-- In the order in which they were posted.
SELECT {card} FROM cards WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id ORDER BY posted_at, id;

-- name: want
-- Another revision is wanted. One that backs off goes on backing off.
UPDATE cards
SET revision_wanted = revision_wanted + 1, turn = CASE WHEN turn = 'held' THEN 'held' ELSE 'now' END
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id AND is_final = 0
  AND (:kinds IS NULL OR kind IN (SELECT value FROM json_each(:kinds)))
  AND (:person_id IS NULL OR person_id = :person_id);

-- name: ripen
-- Those that time itself changes now.
UPDATE cards SET turn = 'now' WHERE turn = 'later' AND due_at <= :now;

-- name: let_go
-- Those whose back-off is over.
UPDATE cards
SET not_before = NULL,
    turn = CASE WHEN revision_wanted > revision_shown OR due_at <= :now THEN 'now' ELSE 'later' END
WHERE turn = 'held' AND not_before <= :machine_now;

-- name: claim
-- The first that are free, and whose recipient no notice of the lesson is on its way to.
UPDATE cards
SET claim_id = :claim_id, leased_until = :leased_until
WHERE id IN (
  SELECT candidate.id FROM cards AS candidate
  WHERE candidate.turn = 'now' AND (candidate.revision_wanted > candidate.revision_shown OR candidate.due_at <= :now)
    AND (candidate.leased_until IS NULL OR candidate.leased_until <= :machine_now)
    AND NOT EXISTS (
      SELECT 1 FROM notices AS notice
      WHERE notice.turn = 'now' AND notice.lesson_id = candidate.lesson_id
        AND notice.recipient = COALESCE(candidate.person_id, candidate.channel_id)
        AND notice.leased_until > :machine_now)
  ORDER BY candidate.urgency, candidate.posted_at, candidate.id
  LIMIT :limit)
RETURNING {card}, urgency;

-- name: free
-- Nobody holds any.
UPDATE cards SET claim_id = NULL, leased_until = NULL WHERE leased_until IS NOT NULL;

-- name: finish
-- The revision that people see now. What was wanted meanwhile is still owed.
UPDATE cards
SET revision_shown = :shown, due_at = :due_at, is_final = :is_final, claim_id = NULL, leased_until = NULL,
    not_before = NULL, attempts = 0,
    turn = CASE WHEN :is_final THEN NULL WHEN revision_wanted > :shown THEN 'now'
                WHEN :due_at IS NOT NULL THEN 'later' END
WHERE id = :card_id AND claim_id = :claim_id
RETURNING turn = 'now';

-- name: release
-- Given back for later.
UPDATE cards
SET turn = 'held', not_before = :not_before, claim_id = NULL, leased_until = NULL, attempts = attempts + 1
WHERE id = :card_id AND claim_id = :claim_id;
