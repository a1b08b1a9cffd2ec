-- A file that a roll found true learns what it was told of; a file whose samples were all taken back may end.
--
-- Replaces two functions of triggers, locks nothing. Undo: make both as 0181 has them.
CREATE OR REPLACE FUNCTION signal.keep_file_as_recorded() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.recorded_by := pg_current_xact_id();
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' THEN
        OLD.superseded_at := coalesce(OLD.superseded_at, NEW.superseded_at);
        OLD.removed_at := NEW.removed_at;
        OLD.wear_change_id := NEW.wear_change_id;
        OLD.revised_to := greatest(OLD.revised_to, NEW.revised_to);
        IF OLD IS NOT DISTINCT FROM NEW THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'archive_file_stays_as_recorded',
        MESSAGE = 'A file of the archive stays as it was recorded: record its next generation.';
END $$;

CREATE OR REPLACE FUNCTION signal.check_file_under_hold() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM signal.archive_file f
                   WHERE f.metric = OLD.metric AND f.day = OLD.day AND f.superseded_at IS NULL)
       AND EXISTS (SELECT FROM care.wear w JOIN care.patient p USING (patient_id)
                   WHERE p.legal_hold AND w.worn_during && tstzrange(OLD.first_start_at, OLD.last_start_at, '[]'))
       AND NOT signal.is_file_proved_erased(OLD.rows, OLD.first_start_at, OLD.last_start_at)
       -- Its source took all of it back: it stays, as what was superseded.
       AND OLD.rows > (SELECT count(DISTINCT (v.series_id, v.start_at)) FROM signal.superseded_value v JOIN signal.series s USING (series_id)
                       JOIN signal.metric m USING (metric_id)
                       WHERE m.name = OLD.metric AND v.start_at BETWEEN OLD.first_start_at AND OLD.last_start_at
                         AND v.xmin = pg_current_xact_id()::xid) THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'archive_file_stays_under_hold',
            MESSAGE = 'Somebody under legal hold wore something on that day: its files stay.';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION signal.check_file_under_hold() IS 'Trigger at the end of a transaction: a file of a time in which somebody under legal hold wore something has a live successor, or is counted by the proof of an erasure of somebody else, or all of it was noted as superseded.';
