-- When the archive was last found sound.
--
-- A file that rots is found only by whoever reads it, so an operator must be able to see how long nobody has. Written by
-- a verification that found nothing wrong. Locks the table for an instant. Undo: drop the column.
ALTER TABLE signal.archive ADD COLUMN verified_at timestamptz;
COMMENT ON COLUMN signal.archive.verified_at IS 'When every file was last read and found to be what was recorded; null until then.';
