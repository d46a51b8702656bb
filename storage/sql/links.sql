-- Join links. What they open is sealed, and erased after the lesson.

-- name: find
-- One participant's link of this number, for one of their devices.
SELECT {link} FROM links
WHERE workspace_id = :workspace_id AND participant_id = :participant_id AND number = :number
  AND device = :device;

-- name: find_by_token
-- By the digest of the token in its address. Not by workspace: the token is all that a visitor brings.
SELECT {link} FROM links WHERE token_digest = :digest;

-- name: redeem
-- The first browser wins, and may come again. All that decides stands in the one statement.
UPDATE links SET redeemed_at = coalesce(redeemed_at, :now), redeemed_by = :browser_digest
WHERE workspace_id = :workspace_id AND id = :link_id
  AND revoked_at IS NULL AND opens_at <= :now AND :now < closes_at
  AND (redeemed_by IS NULL OR redeemed_by = :browser_digest)
  AND EXISTS (
    SELECT 1 FROM participants
    WHERE participants.id = links.participant_id AND participants.link_number = links.number
      AND participants.removed_at IS NULL)
  AND EXISTS (SELECT 1 FROM lessons WHERE lessons.id = links.lesson_id AND lessons.state IN ('booked', 'live'));

-- name: list_of_lesson
-- All of a lesson's, revoked ones included.
SELECT {link} FROM links
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id
ORDER BY participant_id, number, device;

-- name: mark_opened
-- The first press of Join; later ones change nothing.
UPDATE links SET opened_at = :at WHERE workspace_id = :workspace_id AND id = :link_id AND opened_at IS NULL;

-- name: mark_delivered
-- The first message or card that showed it; later ones change nothing.
UPDATE links SET delivered_at = :at WHERE workspace_id = :workspace_id AND id = :link_id AND delivered_at IS NULL;

-- name: erase_secrets
-- What the lesson's links held that opens a room.
UPDATE links SET url_sealed = NULL, token_sealed = NULL
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id
  AND (url_sealed IS NOT NULL OR token_sealed IS NOT NULL);
