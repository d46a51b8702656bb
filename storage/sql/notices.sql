-- The outbox. How it works is told in storage/tables/notices.py.

-- name: get
-- By our id.
SELECT {notice} FROM notices WHERE workspace_id = :workspace_id AND id = :notice_id;

-- name: list_of_lesson
-- In the order in which they are due.
SELECT {notice} FROM notices
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id
ORDER BY due_at, id;

-- name: another_begun
-- Asked before each card: a participant has few notices about them, however many the lesson has.
SELECT 1 FROM notices
WHERE about = :about AND workspace_id = :workspace_id AND id <> :notice_id
  AND state = 'begun' AND kind IN (SELECT value FROM json_each(:kinds))
LIMIT 1;

-- name: next_due_at
-- The earliest moment on the lesson clock, of notices and cards together; each part is one look into an index.
SELECT MIN(due_at) FROM (
  SELECT MIN(due_at) AS due_at FROM notices WHERE state = 'waiting' AND turn = 'later' AND due_at > :after
  UNION ALL
  SELECT MIN(due_at) FROM notices WHERE state = 'waiting' AND turn = 'held' AND due_at > :after
  UNION ALL
  SELECT MIN(due_at) FROM notices WHERE state = 'waiting' AND turn = 'now' AND due_at > :after
  UNION ALL
  SELECT MIN(due_at) FROM cards WHERE due_at IS NOT NULL AND is_final = 0 AND due_at > :after);

-- name: next_retry_at
-- The earliest moment on the machine clock at which back-off or a lease ends, of notices and cards together.
SELECT MIN(free_at) FROM (
  SELECT MIN(not_before) AS free_at FROM notices WHERE turn = 'held' AND not_before > :after
  UNION ALL
  SELECT MIN(leased_until) FROM notices WHERE leased_until > :after
  UNION ALL
  SELECT MIN(not_before) FROM cards WHERE turn = 'held' AND not_before > :after
  UNION ALL
  SELECT MIN(leased_until) FROM cards WHERE leased_until > :after);

-- name: ripen
-- Those whose moment on the lesson clock has come are in turn.
UPDATE notices SET turn = 'now' WHERE state = 'waiting' AND turn = 'later' AND due_at <= :now;

-- name: let_go
-- Those whose back-off is over wait for nothing but the lesson clock.
UPDATE notices SET not_before = NULL, turn = CASE WHEN due_at <= :now THEN 'now' ELSE 'later' END
WHERE turn = 'held' AND not_before <= :machine_now;

-- name: claim
-- The most urgent that are free: see Notices.claim in storage/store.py for the rules. The index notices_in_turn is
-- walked in the order of sending, and left as soon as there are enough.
UPDATE notices
SET state = CASE state WHEN 'begun' THEN 'begun' ELSE 'claimed' END,
    claim_id = :claim_id, leased_until = :leased_until, attempts = attempts + 1
WHERE id IN (
  SELECT candidate.id FROM notices AS candidate
  WHERE candidate.turn = 'now' AND candidate.due_at <= :now
    AND (candidate.leased_until IS NULL OR candidate.leased_until <= :machine_now)
    AND candidate.kind NOT IN (SELECT value FROM json_each(:closed_kinds))
    AND NOT EXISTS (
      SELECT 1 FROM notices AS other
      WHERE other.turn = 'now' AND other.lesson_id = candidate.lesson_id AND other.recipient = candidate.recipient
        AND other.id <> candidate.id
        AND (other.leased_until > :machine_now
          OR ((other.due_at, other.id) < (candidate.due_at, candidate.id)
            AND other.kind NOT IN (SELECT value FROM json_each(:closed_kinds)))))
  ORDER BY candidate.urgency, candidate.lesson_starts_at, candidate.due_at, candidate.id
  LIMIT :limit)
RETURNING {notice}, urgency;

-- name: free
-- Nobody holds any: for a store that its process has to itself, whose former one died with claims in its hands.
UPDATE notices
SET state = CASE state WHEN 'claimed' THEN 'waiting' ELSE state END, claim_id = NULL, leased_until = NULL
WHERE leased_until IS NOT NULL;

-- name: begin
-- The last moment at which the claim must hold, and the lease renewed for the post itself.
UPDATE notices SET state = 'begun', begun_at = :machine_now, leased_until = :leased_until
WHERE id = :notice_id AND claim_id = :claim_id AND leased_until > :machine_now AND state IN ('claimed', 'begun');

-- name: renew
-- A longer lease, while it still holds.
UPDATE notices SET leased_until = :leased_until
WHERE id = :notice_id AND claim_id = :claim_id AND leased_until > :machine_now;

-- name: finish
-- Over, one way or another.
UPDATE notices
SET state = :state, turn = NULL, claim_id = NULL, leased_until = NULL, not_before = NULL, reason = :reason,
    sent_at = COALESCE(:sent_at, sent_at), conversation = COALESCE(:conversation, conversation),
    ts = COALESCE(:ts, ts)
WHERE id = :notice_id AND claim_id = :claim_id;

-- name: release
-- Given back. Where nobody knows whether it arrived it stays begun, and whoever is next must look first.
UPDATE notices
SET state = CASE WHEN :is_unknown THEN 'begun' ELSE 'waiting' END,
    begun_at = CASE WHEN :is_unknown THEN begun_at ELSE NULL END,
    turn = 'held', claim_id = NULL, leased_until = NULL, not_before = :not_before,
    due_at = COALESCE(:due_at, due_at), reason = :reason
WHERE id = :notice_id AND claim_id = :claim_id;

-- name: drop_waiting
-- Those whose fact no longer holds, unless they are on the wire already.
UPDATE notices
SET state = 'dropped', turn = NULL, claim_id = NULL, leased_until = NULL, not_before = NULL, reason = :reason
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id AND state IN ('waiting', 'claimed')
  AND kind IN (SELECT value FROM json_each(:kinds))
  AND (:about IS NULL OR about = :about) AND (:person_id IS NULL OR person_id = :person_id)
  AND (:but_occasion IS NULL OR occasion <> :but_occasion);

-- name: reschedule
-- Due at another time; back-off stays. Whether it is its turn now, the next claim finds out.
UPDATE notices
SET due_at = :due_at, lesson_starts_at = :lesson_starts_at, turn = CASE turn WHEN 'now' THEN 'later' ELSE turn END
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id AND state IN ('waiting', 'failed')
  AND kind IN (SELECT value FROM json_each(:kinds)) AND (:person_id IS NULL OR person_id = :person_id);

-- name: wake
-- Failed ones once more, as if they had never been tried.
UPDATE notices
SET state = 'waiting', turn = 'later', attempts = 0, reason = NULL, begun_at = NULL
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id AND state = 'failed'
  AND kind IN (SELECT value FROM json_each(:kinds)) AND (:about IS NULL OR about = :about);

-- name: list_failed
-- Given up, the latest first: few are, and an index holds them.
SELECT {notice} FROM notices
WHERE state = 'failed' AND state IN ('dropped', 'failed') AND workspace_id = :workspace_id AND due_at > :due_after
ORDER BY due_at DESC, id DESC LIMIT :limit;

-- name: pending
-- What is owed at this moment. Whatever is claimed has a lease, and few are at any time.
SELECT
  (SELECT COUNT(*) FROM notices WHERE state = 'waiting' AND turn IN ('later', 'held', 'now') AND due_at <= :now)
    + (SELECT COUNT(*) FROM notices WHERE leased_until IS NOT NULL AND state = 'claimed' AND due_at <= :now),
  (SELECT COUNT(*) FROM notices WHERE state = 'begun' AND (leased_until IS NULL OR leased_until <= :machine_now)),
  (SELECT COUNT(*) FROM cards WHERE revision_wanted > revision_shown AND is_final = 0),
  (SELECT MIN(due_at) FROM (
    SELECT MIN(due_at) AS due_at FROM notices WHERE state = 'waiting' AND turn = 'later' AND due_at <= :now
    UNION ALL
    SELECT MIN(due_at) FROM notices WHERE state = 'waiting' AND turn = 'held' AND due_at <= :now
    UNION ALL
    SELECT MIN(due_at) FROM notices WHERE state = 'waiting' AND turn = 'now' AND due_at <= :now
    UNION ALL
    SELECT MIN(due_at) FROM notices WHERE leased_until IS NOT NULL AND state = 'claimed' AND due_at <= :now
    UNION ALL
    SELECT MIN(due_at) FROM notices WHERE state = 'begun' AND due_at <= :now)),
  (SELECT COUNT(*) FROM notices WHERE state = 'dropped' AND reason = :too_late AND state IN ('dropped', 'failed')),
  (SELECT COUNT(*) FROM notices WHERE state = 'failed' AND state IN ('dropped', 'failed'));
