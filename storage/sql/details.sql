-- A lesson and everybody in it, in a fixed number of queries however many take part.

-- name: lesson
-- The lesson with its room, the service's name, and who booked it.
SELECT {lesson.*}, {room.*}, {person.*}, account.service
FROM lessons AS lesson
JOIN rooms AS room ON room.id = lesson.room
JOIN room_accounts AS account ON account.id = room.account_id
JOIN slack_people AS person ON person.id = lesson.booked_by
WHERE lesson.workspace_id = :workspace_id AND lesson.id = :lesson_id;

-- name: seats
-- Who takes part, with the link that counts where it was made: leaders first, then as in the form.
SELECT {participant.*}, {person.*}, {link.*}
FROM participants AS participant
JOIN slack_people AS person ON person.id = participant.person_id
LEFT JOIN links AS link ON link.participant_id = participant.id AND link.number = participant.link_number
  AND link.device = 1
WHERE participant.workspace_id = :workspace_id AND participant.lesson_id = :lesson_id
  AND participant.removed_at IS NULL
ORDER BY participant.role <> 'leader', participant.position, participant.id;

-- name: removed
-- Who was taken out and has no place now, each with the last place they had and the link that counted in it.
SELECT {participant.*}, {person.*}, {link.*}
FROM participants AS participant
JOIN slack_people AS person ON person.id = participant.person_id
LEFT JOIN links AS link ON link.participant_id = participant.id AND link.number = participant.link_number
  AND link.device = 1
WHERE participant.workspace_id = :workspace_id AND participant.lesson_id = :lesson_id
  AND participant.removed_at IS NOT NULL
  AND NOT EXISTS (
    SELECT 1 FROM participants AS other
    WHERE other.lesson_id = participant.lesson_id AND other.person_id = participant.person_id
      AND (other.removed_at IS NULL OR (other.removed_at, other.id) > (participant.removed_at, participant.id)))
ORDER BY participant.position, participant.id;

-- name: cards
-- The cards that stay with people through the lesson, the latest last, and whose place each was brought for.
SELECT {card.*}, notice.about FROM cards AS card JOIN notices AS notice ON notice.id = card.notice_id
WHERE card.workspace_id = :workspace_id AND card.lesson_id = :lesson_id AND card.kind IN ('participant', 'leader')
ORDER BY card.posted_at, card.id;

-- name: ways_in
-- The notices that bring people their way in, the latest last.
SELECT about, person_id, kind, state, attempts, created_at FROM notices
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id AND kind IN ('invitation', 'join_link')
ORDER BY created_at, id;

-- name: attendance
-- What was made of everybody's presence.
SELECT {attendance} FROM attendance
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id
ORDER BY shown_name, who;

-- name: totals
-- What the lesson came to.
SELECT {totals} FROM lesson_totals WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id;

-- name: channel_failure
-- Why the channel could not be told, the last time that it was given up.
SELECT reason FROM notices
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id AND channel_id IS NOT NULL AND state = 'failed'
ORDER BY due_at DESC LIMIT 1;

-- name: sessions
-- What it held, oldest first.
SELECT {session} FROM held_sessions
WHERE workspace_id = :workspace_id AND lesson_id = :lesson_id
ORDER BY started_at, session_id;
