-- What the network wants done by the clock: holds that ran out end, and the figures of wellness centres follow.
--
-- The daemon asks for it once a minute; a day without changes costs two looks into an index. It runs as its owner, so
-- that the daemon's login needs no right to an appointment, and tells numbers only. Locks what it changes, a row at a
-- time. Undo: drop it.
CREATE FUNCTION care.run_maintenance(OUT ended_holds integer, OUT counted_days bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    ended_holds := care.expire_holds();
    counted_days := care.refresh_engagement(current_date - 400, current_date + 2);
END $$;
COMMENT ON FUNCTION care.run_maintenance() IS 'Ends holds that ran out and counts the changed days of wellness centres anew; how many of each.';
REVOKE EXECUTE ON FUNCTION care.run_maintenance() FROM PUBLIC;
GRANT USAGE ON SCHEMA care TO healthtrack_ingest, healthtrack_migrator;
GRANT EXECUTE ON FUNCTION care.run_maintenance() TO healthtrack_ingest, healthtrack_migrator;
