-- People who come and go while a lesson is booked or live: who added them, and further links for their other devices.
ALTER TABLE participants ADD COLUMN added_by TEXT REFERENCES people (id);  -- NULL: in it since it was booked
ALTER TABLE participants ADD COLUMN added_at TEXT;
CREATE INDEX participants_by_adder ON participants (added_by, added_at) WHERE added_by IS NOT NULL;

ALTER TABLE links ADD COLUMN device INTEGER NOT NULL DEFAULT 1;  -- links of one number work side by side
DROP INDEX links_by_number;
CREATE UNIQUE INDEX links_by_number ON links (participant_id, number, device);
