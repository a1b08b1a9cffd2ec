-- Legal hold of what a source has superseded.
--
-- A word that takes another's place, or takes a stretch of time back, removes blocks and leaves what stood there in
-- signal.superseded_value. So a moment of a held person is covered by such a value of the same transaction as well as by a block,
-- and whoever is under hold can be said anew. What was superseded stays as long as the hold, as blocks do.
-- Replaces a function, adds one and a trigger; locks signal.superseded_value for a moment. Undo: drop them, and make the
-- function as 0181 has it.
CREATE OR REPLACE FUNCTION signal.check_block_under_hold() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    day_at constant timestamptz := date_trunc('day', OLD.start_at, 'UTC');
    held   tstzrange;
    ends   timestamptz[];
BEGIN
    IF EXISTS (SELECT FROM signal.series s JOIN signal.metric m USING (metric_id)
               JOIN signal.archive_file f ON f.metric = m.name
               WHERE s.series_id = OLD.series_id AND f.superseded_at IS NULL AND f.recorded_by = pg_current_xact_id()
                 AND f.day = (day_at AT TIME ZONE 'UTC')::date
                 AND f.first_start_at <= OLD.start_at AND f.last_start_at >= OLD.stop_at) THEN
        RETURN NULL;
    END IF;
    FOR held IN
        SELECT w.worn_during * tstzrange(OLD.start_at, OLD.stop_at, '[]')
        FROM signal.series s JOIN care.wear w USING (device_key) JOIN care.patient p USING (patient_id)
        WHERE s.series_id = OLD.series_id AND p.legal_hold
          AND w.worn_during && tstzrange(OLD.start_at, OLD.stop_at, '[]')
    LOOP
        -- A block that lies across the end of a wear may be cut there, and where its samples lie is not known.
        ends := CASE WHEN held @> OLD.start_at THEN ARRAY[OLD.start_at] ELSE '{}' END
                || CASE WHEN held @> OLD.stop_at THEN ARRAY[OLD.stop_at] ELSE '{}' END;
        IF EXISTS (SELECT FROM unnest(ends) AS moment
                   WHERE NOT EXISTS (
                       SELECT FROM signal.block b WHERE b.series_id = OLD.series_id
                          AND b.start_at BETWEEN day_at AND moment AND b.stop_at >= moment)
                     AND NOT EXISTS (
                       SELECT FROM signal.superseded_value v WHERE v.series_id = OLD.series_id AND v.start_at = moment
                          AND v.xmin = pg_current_xact_id()::xid))
           OR ends = '{}' AND NOT EXISTS (
                       SELECT FROM signal.block b WHERE b.series_id = OLD.series_id
                          AND b.start_at BETWEEN day_at AND OLD.stop_at
                          AND tstzrange(b.start_at, b.stop_at, '[]') && held)
                          AND NOT EXISTS (
                       SELECT FROM signal.superseded_value v WHERE v.series_id = OLD.series_id
                          AND v.start_at BETWEEN OLD.start_at AND OLD.stop_at AND held @> v.start_at
                          AND v.xmin = pg_current_xact_id()::xid)
        THEN
            RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'block_stays_under_hold',
                MESSAGE = 'Somebody under legal hold was measured here: roll these samples, or leave them.';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION signal.check_block_under_hold() IS
    'Trigger at the end of a transaction: what was removed of a person under legal hold is covered by other blocks, or by what the transaction has noted as superseded, or by a file that it recorded.';

CREATE FUNCTION signal.keep_superseded_under_hold() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'superseded_value_stays_under_hold',
        MESSAGE = 'Somebody under legal hold was measured here: leave what their device said before.';
END $$;
COMMENT ON FUNCTION signal.keep_superseded_under_hold() IS
    'Trigger before what a source superseded goes: refuses it where somebody under legal hold was measured.';
CREATE TRIGGER superseded_value_stays_under_hold BEFORE DELETE OR UPDATE ON signal.superseded_value
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE')
                       AND signal.is_block_under_hold(OLD.series_id, OLD.start_at, OLD.start_at))
    EXECUTE FUNCTION signal.keep_superseded_under_hold();
COMMENT ON TRIGGER superseded_value_stays_under_hold ON signal.superseded_value IS
    'What a source superseded of a person under legal hold stays.';
