-- What room services report by webhook, the sessions that lessons held, and what was said in them.

-- The key in a room's webhook address was stored as it is, and never used. Now it is found by its digest.
DROP INDEX rooms_by_webhook_key;
ALTER TABLE rooms RENAME COLUMN webhook_key TO webhook_digest;
UPDATE rooms SET webhook_digest = NULL;
ALTER TABLE rooms ADD COLUMN webhook_key_sealed BLOB;
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

-- Found by words: whatever is in transcript_lines, kept alike by the triggers.
CREATE VIRTUAL TABLE transcript_words USING fts5 (
  text, content = 'transcript_lines', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
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

-- Lessons of which everything was said: over or off, and no message or work is owed any more. What was begun and whose
-- outcome was never found out (begun) is not owed: nobody can know more of it, and waiting for it would be for ever.
CREATE VIEW settled_lessons AS
SELECT id, workspace_id, ends_at FROM lessons
WHERE state IN ('ended', 'cancelled')
  AND NOT EXISTS (
    SELECT 1 FROM notices
    WHERE notices.lesson_id = lessons.id AND notices.state IN ('waiting', 'claimed'));

-- What is erased is looked for from what it hangs on: without these each participant's end would read whole tables.
CREATE INDEX attendance_of_participant ON attendance (participant_id) WHERE participant_id IS NOT NULL;
CREATE INDEX notices_about ON notices (about) WHERE about IS NOT NULL;
CREATE INDEX audit_by_actor ON audit (actor) WHERE actor IS NOT NULL;

-- Our own links: the browser that redeemed one may come back by it. SHA-256 of what only that browser knows.
ALTER TABLE links ADD COLUMN redeemed_by BLOB;

-- What a room service gave us to be known by, such as a registration that our rooms belong to.
ALTER TABLE room_accounts ADD COLUMN secret_sealed BLOB;
