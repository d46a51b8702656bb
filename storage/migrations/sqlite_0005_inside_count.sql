-- How many a room counts inside while its lesson goes on, for services that count and name nobody.
ALTER TABLE lesson_totals ADD COLUMN inside_count INTEGER;
