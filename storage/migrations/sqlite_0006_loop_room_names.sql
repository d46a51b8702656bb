-- A Loop room's id was the token that its address ends in: whoever read the file could come in. It is a digest of it now.
UPDATE rooms SET room_id = digest_of_loop_room(room_id)
WHERE room_id IS NOT NULL AND account_id IN (SELECT id FROM room_accounts WHERE service = 'loop');
