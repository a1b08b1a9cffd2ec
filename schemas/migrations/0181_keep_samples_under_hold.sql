-- Legal hold of what was measured: blocks of the hot table, files of the archive, messages in quarantine.
--
-- Blocks are removed all the time, by merges, compaction and rolls, and what was in them is then in other blocks or in
-- a file. So the question is asked when the transaction ends: what was removed of a held person must be covered by
-- blocks that are there, or by a live file of that metric and day that the same transaction recorded: one that was there
-- before need not hold what came after it. Which transaction recorded a file stands in its row. Which blocks are a held
-- person's is asked at once, so that only those are remembered until then, and nothing is remembered where nobody is
-- held (4 microseconds a block). The same of files: one that ends leaves a live one, or else what was in it is counted
-- by a proof in the same transaction, of an erasure under way of somebody who is not held. What a file was recorded as,
-- and what a message came as, changes no more, since these questions are asked of it.
--
-- What a trigger cannot see: that what took the place of a block or a file has the same values. Whoever may write
-- samples can write others, and the erasure of a device that is not known any more may name any; either leaves a row
-- that stays. A hold that is set while blocks go binds from the next transaction on.
-- Adds a column to signal.archive_file, which writes the table anew. Locks it, signal.block and its chunks, and
-- signal.quarantine_rejection against writes meanwhile. Undo: drop triggers, functions and the column.
ALTER TABLE signal.archive_file ADD COLUMN recorded_by xid8 NOT NULL DEFAULT pg_current_xact_id();
COMMENT ON COLUMN signal.archive_file.recorded_by IS 'Which transaction of this cluster recorded it.';

CREATE FUNCTION signal.is_block_under_hold(series integer, first_at timestamptz, last_at timestamptz) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
BEGIN
    -- Asked for each block that goes: by the index of those under hold, of whom there are mostly none.
    PERFORM FROM care.patient p WHERE p.legal_hold ORDER BY p.patient_id LIMIT 1;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    RETURN EXISTS (
        SELECT FROM signal.series s JOIN care.wear w USING (device_key) JOIN care.patient p USING (patient_id)
        WHERE s.series_id = series AND p.legal_hold AND w.worn_during && tstzrange(first_at, last_at, '[]'));
END $$;
COMMENT ON FUNCTION signal.is_block_under_hold(integer, timestamptz, timestamptz) IS 'True where somebody under legal hold wore the device of a series during a block of it.';
REVOKE EXECUTE ON FUNCTION signal.is_block_under_hold(integer, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.is_block_under_hold(integer, timestamptz, timestamptz)
    TO healthtrack_ingest, healthtrack_roller, healthtrack_migrator;

CREATE FUNCTION signal.check_block_under_hold() RETURNS trigger
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
        IF EXISTS (SELECT FROM unnest(ends) AS moment WHERE NOT EXISTS (
                       SELECT FROM signal.block b WHERE b.series_id = OLD.series_id
                          AND b.start_at BETWEEN day_at AND moment AND b.stop_at >= moment))
           OR ends = '{}' AND NOT EXISTS (
                       SELECT FROM signal.block b WHERE b.series_id = OLD.series_id
                          AND b.start_at BETWEEN day_at AND OLD.stop_at
                          AND tstzrange(b.start_at, b.stop_at, '[]') && held)
        THEN
            RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'block_stays_under_hold',
                MESSAGE = 'Somebody under legal hold was measured here: roll these samples, or leave them.';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION signal.check_block_under_hold() IS 'Trigger at the end of a transaction: what was removed of a person under legal hold is covered by other blocks or by a file that it recorded.';

CREATE CONSTRAINT TRIGGER block_stays_under_hold
    AFTER DELETE OR UPDATE OF series_id, start_at, stop_at ON signal.block
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE')
          AND signal.is_block_under_hold(OLD.series_id, OLD.start_at, OLD.stop_at))
    EXECUTE FUNCTION signal.check_block_under_hold();

CREATE FUNCTION signal.keep_file_as_recorded() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.recorded_by := pg_current_xact_id();
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' THEN
        OLD.superseded_at := coalesce(OLD.superseded_at, NEW.superseded_at);
        OLD.removed_at := NEW.removed_at;
        OLD.wear_change_id := NEW.wear_change_id;
        IF OLD IS NOT DISTINCT FROM NEW THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'archive_file_stays_as_recorded',
        MESSAGE = 'A file of the archive stays as it was recorded: record its next generation.';
END $$;
COMMENT ON FUNCTION signal.keep_file_as_recorded() IS 'Trigger before a file is recorded, changes or goes: notes which transaction recorded it, lets it end once, and refuses the rest to everybody but the owner.';
CREATE TRIGGER archive_file_stays_as_recorded BEFORE INSERT OR UPDATE OR DELETE ON signal.archive_file
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION signal.keep_file_as_recorded();

-- Of a device only its digest is known by then: its row goes before its files. A patient's stays.
CREATE FUNCTION signal.is_file_proved_erased(of_rows bigint, first_at timestamptz, last_at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM signal.erasure e
        WHERE e.xmin = pg_current_xact_id()::xid AND e.ended_at IS NULL
          AND e.files > 0 AND e.archived_samples >= of_rows
          AND CASE WHEN e.patient_sha256 IS NULL
              THEN e.device_sha256 NOT IN (SELECT encode(sha256(convert_to(held.device_id, 'UTF8')), 'hex')
                                           FROM signal.wear_under_legal_hold() AS held)
              ELSE EXISTS (SELECT FROM care.wear w JOIN care.patient p USING (patient_id)
                           WHERE w.worn_during && tstzrange(first_at, last_at, '[]') AND NOT p.legal_hold
                             AND e.patient_sha256 = encode(sha256(convert_to(p.patient_id::text, 'UTF8')), 'hex')) END)
$$;
COMMENT ON FUNCTION signal.is_file_proved_erased(bigint, timestamptz, timestamptz) IS 'True where this transaction has counted a file of so many samples in the proof of an erasure under way, whose subject is not under legal hold.';

CREATE FUNCTION signal.check_file_under_hold() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM signal.archive_file f
                   WHERE f.metric = OLD.metric AND f.day = OLD.day AND f.superseded_at IS NULL)
       AND EXISTS (SELECT FROM care.wear w JOIN care.patient p USING (patient_id)
                   WHERE p.legal_hold AND w.worn_during && tstzrange(OLD.first_start_at, OLD.last_start_at, '[]'))
       AND NOT signal.is_file_proved_erased(OLD.rows, OLD.first_start_at, OLD.last_start_at) THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'archive_file_stays_under_hold',
            MESSAGE = 'Somebody under legal hold wore something on that day: its files stay.';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION signal.check_file_under_hold() IS 'Trigger at the end of a transaction: a file of a time in which somebody under legal hold wore something has a live successor, or is counted by the proof of an erasure of somebody else.';

CREATE CONSTRAINT TRIGGER archive_file_stays_under_hold AFTER UPDATE OF superseded_at ON signal.archive_file
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.superseded_at IS NULL AND NEW.superseded_at IS NOT NULL
          AND NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION signal.check_file_under_hold();

CREATE FUNCTION signal.keep_message_under_hold() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM signal.quarantine_under_legal_hold(ARRAY[OLD.quarantine_id])) THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'quarantine_rejection_stays_under_hold',
            MESSAGE = 'This may be of somebody under legal hold: it stays.';
    END IF;
    RETURN OLD;
END $$;
COMMENT ON FUNCTION signal.keep_message_under_hold() IS 'Trigger before a rejected message goes: refuses it to everybody but the owner where it may be of somebody under legal hold.';
CREATE TRIGGER quarantine_rejection_stays_under_hold BEFORE DELETE ON signal.quarantine_rejection
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION signal.keep_message_under_hold();

CREATE FUNCTION signal.keep_rejection_as_it_came() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'quarantine_rejection_stays_as_it_came',
        MESSAGE = 'What was rejected, why and when it first came stays; it can only have come again later.';
END $$;
COMMENT ON FUNCTION signal.keep_rejection_as_it_came() IS 'Trigger before a rejection becomes another one, or came earlier: refuses it to everybody but the owner.';
CREATE TRIGGER quarantine_rejection_stays_as_it_came
    BEFORE UPDATE OF quarantine_id, received_at, last_received_at, topic, reason, detail, content_type, payload_sha256
    ON signal.quarantine_rejection
    FOR EACH ROW WHEN (
        NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE')
        AND (NEW.last_received_at < OLD.last_received_at
             OR (OLD.quarantine_id, OLD.received_at, OLD.topic, OLD.reason, OLD.detail, OLD.content_type,
                 OLD.payload_sha256) IS DISTINCT FROM
                (NEW.quarantine_id, NEW.received_at, NEW.topic, NEW.reason, NEW.detail, NEW.content_type,
                 NEW.payload_sha256)))
    EXECUTE FUNCTION signal.keep_rejection_as_it_came();

CREATE FUNCTION signal.refuse_other_bytes() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'quarantine_payload_stays_as_it_came',
        MESSAGE = 'A message in quarantine stays as it came.';
END $$;
COMMENT ON FUNCTION signal.refuse_other_bytes() IS 'Trigger before a message gets other bytes: refuses it.';
CREATE TRIGGER quarantine_payload_stays_as_it_came BEFORE UPDATE OF payload, payload_sha256 ON signal.quarantine_payload
    FOR EACH ROW WHEN ((OLD.payload, OLD.payload_sha256) IS DISTINCT FROM (NEW.payload, NEW.payload_sha256))
    EXECUTE FUNCTION signal.refuse_other_bytes();
