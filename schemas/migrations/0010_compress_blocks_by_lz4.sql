-- Long arrays compressed by LZ4 instead of pglz.
--
-- A drain of 60-sample messages joins runs into rows above 2 kB, which Postgres compresses. Heart rates that jump about
-- (TimescaleDB 2.19 on PostgreSQL 17, 1,200 values a row): pglz 9.0 us of a backend's time for each 60 samples, LZ4 1.6;
-- in return 207 bytes of WAL instead of 126. A server that was built without LZ4 keeps pglz.
-- Locks the table for a moment; rows and chunks that are there stay as they are. Undo: SET COMPRESSION default.
DO $compress$
BEGIN
    ALTER TABLE signal.block ALTER COLUMN values SET COMPRESSION lz4, ALTER COLUMN gaps SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END
$compress$;
