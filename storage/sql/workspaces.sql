-- Workspaces and our accounts at room services.

-- name: ensure
-- The workspace with this Slack id, made or brought up to date. A bot user that is not known now is kept.
INSERT INTO workspaces (id, external_id, name, bot_user_id, created_at)
VALUES (:id, :external_id, :name, :bot_user_id, :now)
ON CONFLICT (external_id) DO UPDATE
SET name = excluded.name, bot_user_id = COALESCE(excluded.bot_user_id, workspaces.bot_user_id)
RETURNING {workspace};

-- name: get
-- By our id.
SELECT {workspace} FROM workspaces WHERE id = :workspace_id;

-- name: find
-- By Slack's id.
SELECT {workspace} FROM workspaces WHERE external_id = :external_id;

-- name: list_all
-- Oldest first.
SELECT {workspace} FROM workspaces ORDER BY created_at, id;

-- name: ensure_account
-- The account at this service, made where there was none. The provider's id for it is kept once known.
INSERT INTO room_accounts (id, workspace_id, service, external_id, created_at)
VALUES (:id, :workspace_id, :service, :external_id, :now)
ON CONFLICT (workspace_id, service) DO UPDATE
SET external_id = COALESCE(excluded.external_id, room_accounts.external_id)
RETURNING id;

-- name: get_account
-- By our id.
SELECT {account} FROM room_accounts WHERE workspace_id = :workspace_id AND id = :account_id;

-- name: find_account
-- By the service's name.
SELECT {account} FROM room_accounts WHERE workspace_id = :workspace_id AND service = :service;

-- name: keep_account_settings
-- What the workspace set for this account, sealed, in place of what it had set.
UPDATE room_accounts SET settings_sealed = :sealed WHERE workspace_id = :workspace_id AND id = :account_id;

-- name: keep_account_secret
-- What the service gave us to be known by, where nothing else came in between.
UPDATE room_accounts SET secret_sealed = :sealed
WHERE workspace_id = :workspace_id AND id = :account_id AND secret_sealed IS :instead_of;
