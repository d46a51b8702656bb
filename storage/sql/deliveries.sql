-- Webhooks' deliveries, each kept once.

-- name: list_unworked
-- In the order of receiving.
SELECT {delivery} FROM deliveries WHERE worked_at IS NULL ORDER BY id LIMIT :limit;

-- name: count_unworked
-- For whoever watches.
SELECT COUNT(*) FROM deliveries WHERE worked_at IS NULL;

-- name: find
-- By the provider's id.
SELECT {delivery} FROM deliveries
WHERE workspace_id = :workspace_id AND room = :room AND delivery_id = :delivery_id;

-- name: find_last
-- When the latest of this room service's came.
SELECT received_at FROM deliveries
WHERE workspace_id = :workspace_id
  AND room IN (
    SELECT rooms.id FROM rooms JOIN room_accounts ON room_accounts.id = rooms.account_id
    WHERE rooms.workspace_id = :workspace_id AND room_accounts.service = :service
  )
ORDER BY id DESC LIMIT 1;

-- name: mark_worked
-- Once.
UPDATE deliveries SET worked_at = :at, problem = :problem
WHERE workspace_id = :workspace_id AND id = :id AND worked_at IS NULL;

-- name: empty
-- That it came stays, so that it is known when it comes again.
UPDATE deliveries SET body_sealed = NULL WHERE workspace_id = :workspace_id AND id = :id;
