CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE TABLE workspaces (
  id TEXT PRIMARY KEY NOT NULL,
  external_id TEXT NOT NULL UNIQUE,  -- Slack's id of the team
  name TEXT NOT NULL,
  bot_user_id TEXT,
  created_at TEXT NOT NULL
);
CREATE TABLE installations (
  id TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  app_id TEXT,
  enterprise_id TEXT,  -- Slack's id of the organisation
  is_enterprise_install INTEGER NOT NULL DEFAULT 0,
  bot_user_id TEXT,
  bot_token_sealed BLOB,
  scopes TEXT NOT NULL DEFAULT '',  -- granted, separated by commas
  installed_by TEXT,  -- Slack id
  installed_at TEXT NOT NULL,
  revoked_at TEXT
);
CREATE UNIQUE INDEX installations_in_force ON installations (workspace_id) WHERE revoked_at IS NULL;
CREATE TABLE people (
  id TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  zone TEXT,  -- IANA name
  locale TEXT NOT NULL,
  is_admin INTEGER NOT NULL DEFAULT 0,
  is_deactivated INTEGER NOT NULL DEFAULT 0,
  may_be_recorded INTEGER,  -- NULL: never asked
  checked_at TEXT,  -- last look at Slack
  created_at TEXT
);
CREATE TABLE addresses (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  medium TEXT NOT NULL,  -- slack; later email
  address TEXT NOT NULL,  -- in slack: the user id
  person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  conversation TEXT,  -- in slack: the direct message's id, once something was posted
  unreachable TEXT,  -- why posts there fail for good, a code
  PRIMARY KEY (workspace_id, medium, address)
);
CREATE UNIQUE INDEX addresses_of_person ON addresses (person_id, medium);
CREATE VIEW slack_people AS
SELECT people.*, addresses.address AS user_id, addresses.conversation, addresses.unreachable
FROM addresses JOIN people ON people.id = addresses.person_id AND people.workspace_id = addresses.workspace_id
WHERE addresses.medium = 'slack';
CREATE TABLE channels (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  channel_id TEXT NOT NULL,
  name TEXT NOT NULL,
  is_member INTEGER NOT NULL,
  is_archived INTEGER NOT NULL DEFAULT 0,
  is_external INTEGER NOT NULL DEFAULT 0,
  has_guests INTEGER NOT NULL DEFAULT 0,
  checked_at TEXT NOT NULL,
  PRIMARY KEY (workspace_id, channel_id)
);
CREATE TABLE room_accounts (
  id TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  service TEXT NOT NULL,
  external_id TEXT,
  settings_sealed BLOB,
  created_at TEXT NOT NULL
, secret_sealed BLOB);
CREATE UNIQUE INDEX room_accounts_by_service ON room_accounts (workspace_id, service);
CREATE TABLE rooms (
  id TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  account_id TEXT NOT NULL REFERENCES room_accounts (id),
  launch_id TEXT NOT NULL,  -- our name for it towards the provider
  room_id TEXT,  -- the provider's
  secret_sealed BLOB,
  webhook_digest TEXT,
  region TEXT,
  created_at TEXT NOT NULL
, webhook_key_sealed BLOB);
CREATE UNIQUE INDEX rooms_by_launch ON rooms (account_id, launch_id);
CREATE TABLE lessons (
  id TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  room TEXT NOT NULL REFERENCES rooms (id),
  title TEXT NOT NULL,
  state TEXT NOT NULL,  -- booked, live, ended, cancelled
  starts_at TEXT NOT NULL,
  ends_at TEXT NOT NULL,
  wall_start TEXT NOT NULL,  -- what the booker chose, in zone
  zone TEXT NOT NULL,
  booked_by TEXT NOT NULL REFERENCES people (id),
  booked_at TEXT NOT NULL,
  records INTEGER NOT NULL,
  transcribes INTEGER NOT NULL,
  end_rule TEXT NOT NULL,  -- ask, open, everyone_leaves
  warns INTEGER NOT NULL,
  join_early_seconds REAL NOT NULL,
  join_late_seconds REAL NOT NULL,
  warn_before_seconds REAL NOT NULL,
  remind_before_seconds REAL NOT NULL,
  extension_seconds REAL NOT NULL,
  link_lead_seconds REAL NOT NULL,
  language TEXT,
  features TEXT NOT NULL DEFAULT '{}',  -- JSON
  channel_id TEXT,
  note TEXT NOT NULL DEFAULT '',
  revision INTEGER NOT NULL,
  extension_count INTEGER NOT NULL DEFAULT 0,
  submission_key TEXT,  -- the form it came from
  series_id TEXT,
  original_wall_start TEXT,
  external_key TEXT,
  is_recorded INTEGER,  -- as the room answered
  is_transcribed INTEGER,
  is_running_over INTEGER NOT NULL DEFAULT 0,
  is_let_end INTEGER NOT NULL DEFAULT 0,
  live_at TEXT,
  ended_at TEXT,
  cancelled_at TEXT,
  cancelled_by TEXT REFERENCES people (id)
, cancel_reason TEXT);
CREATE UNIQUE INDEX lessons_by_submission ON lessons (workspace_id, submission_key) WHERE submission_key IS NOT NULL;
CREATE UNIQUE INDEX lessons_by_external_key ON lessons (workspace_id, external_key) WHERE external_key IS NOT NULL;
CREATE INDEX lessons_by_time ON lessons (workspace_id, ends_at, starts_at);
CREATE INDEX lessons_to_come ON lessons (workspace_id, ends_at, starts_at) WHERE state IN ('booked', 'live');
CREATE INDEX lessons_by_booker ON lessons (booked_by, booked_at);
CREATE INDEX lessons_by_room ON lessons (room, starts_at);
CREATE INDEX lessons_by_series ON lessons (series_id) WHERE series_id IS NOT NULL;
CREATE TABLE participants (
  id TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  lesson_id TEXT NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
  person_id TEXT NOT NULL REFERENCES people (id),
  role TEXT NOT NULL,  -- leader, learner, observer
  deliver_to TEXT,  -- medium; NULL: slack
  position INTEGER NOT NULL,
  opens_at TEXT,  -- own window; NULL: the role's
  closes_at TEXT,
  link_number INTEGER NOT NULL,
  reply TEXT NOT NULL,
  is_new_to_leader INTEGER NOT NULL DEFAULT 0,
  failure TEXT,  -- why they could not be reached, a code
  provider_user_id TEXT,
  removed_at TEXT
, added_by TEXT REFERENCES people (id), added_at TEXT);
CREATE UNIQUE INDEX participants_present ON participants (lesson_id, person_id) WHERE removed_at IS NULL;
CREATE INDEX participants_of_lesson ON participants (lesson_id, position);
CREATE INDEX participants_by_person ON participants (person_id, lesson_id);
CREATE TABLE links (
  id TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  lesson_id TEXT NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
  participant_id TEXT NOT NULL REFERENCES participants (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  way TEXT NOT NULL,  -- direct, page, press
  opens_at TEXT NOT NULL,
  closes_at TEXT NOT NULL,
  warns_at TEXT,
  url_sealed BLOB,
  token_digest BLOB,
  token_sealed BLOB,
  session_id TEXT,
  made_at TEXT NOT NULL,
  delivered_at TEXT,
  opened_at TEXT,
  redeemed_at TEXT,
  revoked_at TEXT
, device INTEGER NOT NULL DEFAULT 1, redeemed_by BLOB);
CREATE UNIQUE INDEX links_by_token ON links (token_digest) WHERE token_digest IS NOT NULL;
CREATE INDEX links_of_lesson ON links (lesson_id);
CREATE TABLE attendance_events (
  id TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  lesson_id TEXT NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
  source TEXT NOT NULL,
  source_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  kind TEXT NOT NULL,  -- joined, left, idled, other
  who TEXT NOT NULL,
  connection TEXT,
  shown_name TEXT NOT NULL,
  at TEXT NOT NULL
);
CREATE UNIQUE INDEX attendance_events_by_source ON attendance_events (lesson_id, source, source_id);
CREATE TABLE attendance (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  lesson_id TEXT NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
  participant_id TEXT REFERENCES participants (id) ON DELETE CASCADE,  -- NULL: came without a link of ours
  who TEXT NOT NULL,
  shown_name TEXT NOT NULL,
  verdict TEXT NOT NULL,  -- present, absent, unknown, uninvited
  joined_at TEXT,
  left_at TEXT,
  present_seconds REAL NOT NULL,
  late_by_seconds REAL,
  corrected_present_seconds REAL,
  corrected_by TEXT REFERENCES people (id)
);
CREATE UNIQUE INDEX attendance_by_subject ON attendance (lesson_id, COALESCE(participant_id, who));
CREATE TABLE lesson_totals (
  lesson_id TEXT PRIMARY KEY NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  is_known INTEGER NOT NULL,
  really_started_at TEXT,
  really_ended_at TEXT,
  together_seconds REAL NOT NULL,
  billable_seconds REAL,
  session_count INTEGER NOT NULL,
  has_recording INTEGER NOT NULL,
  read_at TEXT NOT NULL
, inside_count INTEGER);
CREATE TABLE notices (
  id TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  lesson_id TEXT NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  person_id TEXT REFERENCES people (id),
  channel_id TEXT,
  recipient TEXT NOT NULL GENERATED ALWAYS AS (COALESCE(person_id, channel_id, kind)) STORED,
  about TEXT REFERENCES participants (id) ON DELETE CASCADE,
  occasion TEXT NOT NULL,
  due_at TEXT NOT NULL,
  lesson_starts_at TEXT NOT NULL,
  state TEXT NOT NULL,  -- waiting, claimed, begun, sent, dropped, failed
  turn TEXT,  -- later (on the lesson clock), held (on the machine clock), now (may be claimed, or is), NULL: over
  urgency INTEGER NOT NULL,  -- 0 before 1
  not_before TEXT,
  claim_id TEXT,
  leased_until TEXT,
  begun_at TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  reason TEXT,  -- why dropped, failed or given back, a code
  conversation TEXT,
  ts TEXT,
  sent_at TEXT,
  created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX notices_by_fact ON notices (lesson_id, kind, recipient, COALESCE(about, ''), occasion);
CREATE INDEX notices_waiting ON notices (turn, due_at) WHERE state = 'waiting';
CREATE INDEX notices_held ON notices (not_before) WHERE turn = 'held';
CREATE INDEX notices_in_turn ON notices (urgency, lesson_starts_at, due_at, id) WHERE turn = 'now';
CREATE INDEX notices_of_recipient ON notices (lesson_id, recipient, due_at, id) WHERE turn = 'now';
CREATE INDEX notices_leased ON notices (leased_until) WHERE leased_until IS NOT NULL;
CREATE INDEX notices_begun ON notices (due_at) WHERE state = 'begun';
CREATE INDEX notices_given_up ON notices (state, reason) WHERE state IN ('dropped', 'failed');
CREATE TABLE cards (
  id TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  lesson_id TEXT NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  person_id TEXT REFERENCES people (id),
  channel_id TEXT,
  notice_id TEXT NOT NULL UNIQUE REFERENCES notices (id) ON DELETE CASCADE,
  conversation TEXT NOT NULL,
  ts TEXT NOT NULL,
  posted_at TEXT NOT NULL,
  revision_shown INTEGER NOT NULL,
  revision_wanted INTEGER NOT NULL,
  due_at TEXT,
  turn TEXT,  -- as in notices; NULL: nothing to do
  urgency INTEGER NOT NULL,  -- 0 before 1
  not_before TEXT,
  claim_id TEXT,
  leased_until TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  is_final INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX cards_of_lesson ON cards (lesson_id, posted_at);
CREATE INDEX cards_to_change ON cards (due_at) WHERE due_at IS NOT NULL AND is_final = 0;
CREATE INDEX cards_later ON cards (due_at) WHERE turn = 'later';
CREATE INDEX cards_held ON cards (not_before) WHERE turn = 'held';
CREATE INDEX cards_in_turn ON cards (urgency, posted_at, id) WHERE turn = 'now';
CREATE INDEX cards_leased ON cards (leased_until) WHERE leased_until IS NOT NULL;
CREATE INDEX cards_stale ON cards (posted_at) WHERE revision_wanted > revision_shown AND is_final = 0;
CREATE TABLE settings (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  person_id TEXT REFERENCES people (id) ON DELETE CASCADE,  -- NULL: the workspace's own
  name TEXT NOT NULL,
  value TEXT NOT NULL  -- JSON object
);
CREATE UNIQUE INDEX settings_by_name ON settings (workspace_id, name, COALESCE(person_id, ''));
CREATE TABLE audit (
  id TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  lesson_id TEXT,  -- kept when the lesson is gone
  actor TEXT,  -- person; NULL: Hallpass itself
  action TEXT NOT NULL,
  facts TEXT NOT NULL DEFAULT '{}',  -- JSON
  at TEXT NOT NULL
);
CREATE INDEX audit_of_lesson ON audit (lesson_id, at);
CREATE INDEX participants_by_adder ON participants (added_by, added_at) WHERE added_by IS NOT NULL;
CREATE UNIQUE INDEX links_by_number ON links (participant_id, number, device);
CREATE UNIQUE INDEX rooms_by_webhook ON rooms (webhook_digest) WHERE webhook_digest IS NOT NULL;
CREATE TABLE held_sessions (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  lesson_id TEXT NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
  session_id TEXT NOT NULL,  -- the provider's
  started_at TEXT NOT NULL,
  ended_at TEXT,
  has_recording INTEGER NOT NULL DEFAULT 0,
  recording TEXT NOT NULL DEFAULT 'not_asked',
  transcript TEXT NOT NULL DEFAULT 'not_asked',
  transcript_at TEXT,
  summary TEXT,  -- the service's own text
  is_settled INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (lesson_id, session_id)
);
CREATE TABLE transcript_lines (
  id INTEGER PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  lesson_id TEXT NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
  session_id TEXT NOT NULL,
  position INTEGER NOT NULL,  -- from 0
  starts_seconds REAL NOT NULL,  -- from the session's start
  ends_seconds REAL NOT NULL,
  speaker TEXT NOT NULL,
  who TEXT,
  text TEXT NOT NULL
);
CREATE UNIQUE INDEX transcript_lines_of_lesson ON transcript_lines (lesson_id, session_id, position);
CREATE VIRTUAL TABLE transcript_words USING fts5 (
  text, content = 'transcript_lines', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TABLE 'transcript_words_data'(id INTEGER PRIMARY KEY, block BLOB);
CREATE TABLE 'transcript_words_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
CREATE TABLE 'transcript_words_docsize'(id INTEGER PRIMARY KEY, sz BLOB);
CREATE TABLE 'transcript_words_config'(k PRIMARY KEY, v) WITHOUT ROWID;
CREATE TRIGGER transcript_line_said AFTER INSERT ON transcript_lines BEGIN
  INSERT INTO transcript_words (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER transcript_line_erased AFTER DELETE ON transcript_lines BEGIN
  INSERT INTO transcript_words (transcript_words, rowid, text) VALUES ('delete', old.id, old.text);
END;
CREATE TABLE deliveries (
  id TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  room TEXT NOT NULL REFERENCES rooms (id),
  delivery_id TEXT NOT NULL,  -- the provider's
  event TEXT NOT NULL,
  headers TEXT NOT NULL,  -- JSON
  body_sealed BLOB,
  received_at TEXT NOT NULL,
  worked_at TEXT,
  problem TEXT
);
CREATE UNIQUE INDEX deliveries_by_delivery ON deliveries (room, delivery_id);
CREATE INDEX deliveries_to_work_on ON deliveries (id) WHERE worked_at IS NULL;
CREATE VIEW settled_lessons AS
SELECT id, workspace_id, ends_at FROM lessons
WHERE state IN ('ended', 'cancelled')
  AND NOT EXISTS (
    SELECT 1 FROM notices
    WHERE notices.lesson_id = lessons.id AND notices.state IN ('waiting', 'claimed'));
CREATE INDEX attendance_of_participant ON attendance (participant_id) WHERE participant_id IS NOT NULL;
CREATE INDEX notices_about ON notices (about) WHERE about IS NOT NULL;
CREATE INDEX audit_by_actor ON audit (actor) WHERE actor IS NOT NULL;
