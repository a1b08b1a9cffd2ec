-- Proofs of erasure are only added to: counts rise, an end is set once, and only a proof of nothing is taken back.
--
-- The roller's login makes these rows while it erases, so it must be able to raise their counts; it could also rewrite
-- or delete them. What was to be erased, by whom and since when is fixed by the first write, and nothing of a proof
-- changes after its end. An erasure that found nothing leaves no row, as before. The owner is not bound. Locks
-- signal.erasure against writes for an instant. Undo: drop the trigger and the function.
CREATE FUNCTION signal.keep_proof() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was constant bigint[] := ARRAY[OLD.blocks, OLD.hot_samples, OLD.archived_samples, OLD.files, OLD.deleted_files,
                                   OLD.quarantine_rows, OLD.directory_rows];
    is_now bigint[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF was = array_fill(0::bigint, ARRAY[7]) THEN
            RETURN OLD;
        END IF;
    ELSE
        is_now := ARRAY[NEW.blocks, NEW.hot_samples, NEW.archived_samples, NEW.files, NEW.deleted_files,
                        NEW.quarantine_rows, NEW.directory_rows];
        IF OLD.ended_at IS NULL
           AND (OLD.erasure_id, OLD.begun_at, OLD.requested_by) = (NEW.erasure_id, NEW.begun_at, NEW.requested_by)
           AND (OLD.device_sha256, OLD.patient_sha256, OLD.before_on)
               IS NOT DISTINCT FROM (NEW.device_sha256, NEW.patient_sha256, NEW.before_on)
           AND NOT EXISTS (SELECT FROM unnest(was, is_now) AS count (before, after) WHERE after < before) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'erasure_is_only_added_to',
        MESSAGE = 'What was erased stays proved: a proof is neither rewritten nor removed.';
END $$;
COMMENT ON FUNCTION signal.keep_proof() IS 'Trigger before a proof of erasure changes or goes: its counts rise until it ends, and nothing else of it changes.';
CREATE TRIGGER erasure_is_only_added_to BEFORE UPDATE OR DELETE ON signal.erasure
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION signal.keep_proof();
