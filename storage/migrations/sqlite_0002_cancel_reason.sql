-- Why a lesson was cancelled, in the words of who did; read by everybody who is told of it.
ALTER TABLE lessons ADD COLUMN cancel_reason TEXT;
