-- The directory: people by their Slack address, and channels.

-- name: find
-- By Slack's user id.
SELECT {person} FROM slack_people WHERE workspace_id = :workspace_id AND user_id = :user_id;

-- name: get
-- By our id.
SELECT {person} FROM slack_people WHERE workspace_id = :workspace_id AND id = :person_id;

-- name: list_by_user_ids
-- All of these that are known.
SELECT {person} FROM slack_people
WHERE workspace_id = :workspace_id AND user_id IN (SELECT value FROM json_each(:user_ids));

-- name: insert_person
-- Somebody new; their address follows.
INSERT INTO people
  (id, workspace_id, name, kind, zone, locale, is_admin, is_deactivated, may_be_recorded, checked_at, created_at)
VALUES
  (:id, :workspace_id, :name, :kind, :zone, :locale, :is_admin, :is_deactivated, :may_be_recorded, :checked_at,
   :created_at);

-- name: insert_address
-- Where somebody new is in Slack.
INSERT INTO addresses (workspace_id, medium, address, person_id, conversation, unreachable)
VALUES (:workspace_id, 'slack', :user_id, :id, :conversation, :unreachable);

-- name: update_person
-- What Slack says now. Consent is not Slack's to say: it survives a look that knows nothing of it.
UPDATE people
SET name = :name, kind = :kind, zone = :zone, locale = :locale, is_admin = :is_admin,
    is_deactivated = :is_deactivated, may_be_recorded = COALESCE(:may_be_recorded, may_be_recorded),
    checked_at = :checked_at
WHERE workspace_id = :workspace_id AND id = :id;

-- name: update_address
-- The conversation survives likewise; whether posts fail is written as given.
UPDATE addresses
SET conversation = COALESCE(:conversation, conversation), unreachable = :unreachable
WHERE workspace_id = :workspace_id AND medium = 'slack' AND address = :user_id;

-- name: save_channel
-- A channel as Slack says it is.
INSERT INTO channels
  (workspace_id, channel_id, name, is_member, is_archived, is_external, has_guests, checked_at)
VALUES
  (:workspace_id, :channel_id, :name, :is_member, :is_archived, :is_external, :has_guests, :checked_at)
ON CONFLICT (workspace_id, channel_id) DO UPDATE
SET name = excluded.name, is_member = excluded.is_member, is_archived = excluded.is_archived,
    is_external = excluded.is_external, has_guests = excluded.has_guests, checked_at = excluded.checked_at;

-- name: find_channel
-- By Slack's id.
SELECT {channel} FROM channels WHERE workspace_id = :workspace_id AND channel_id = :channel_id;
