-- No chunk is made for a day that is far from coming.
--
-- The daemon's login may have chunks made, and each is a table that every plan of the hot store must look at: one loop
-- made those until 2100. A sample is believed minutes ahead of now at most, so 31 days are enough. Where blocks lie in
-- a TimescaleDB hypertable, who inserts makes chunks too, and this does not bind it. Changes signal.ensure_chunk_within
-- as it stands. Locks nothing. Undo: take the condition out again.
DO $$
DECLARE
    stands  constant text := pg_get_functiondef('signal.ensure_chunk_within(date, date, date)'::regprocedure);
    asks    constant text := 'IF (low <= day AND day < high) IS NOT TRUE THEN';
    changed constant text := replace(stands, asks, $new$IF (day <= current_date + 31) IS NOT TRUE
       AND NOT pg_has_role(session_user, 'healthtrack_migrator', 'USAGE') THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'chunk_is_of_a_day_that_is_near',
            MESSAGE = 'A chunk is made 31 days ahead at most.';
    END IF;
    $new$ || asks);
BEGIN
    IF changed = stands THEN
        RAISE EXCEPTION 'signal.ensure_chunk_within is not what it was: it must refuse days that are more than 31 days ahead';
    END IF;
    EXECUTE changed;
END $$;
