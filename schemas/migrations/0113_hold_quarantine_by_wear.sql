-- One rule says which rejections may be of somebody under legal hold, and so stay, whoever would remove them.
--
-- What is in quarantine cannot be dated, since it is not valid, and hubs hold back what they could not send. So it may
-- be of a wear where it came after the wear began, and either it is late by nature (contradictions, ancient samples) or
-- it came within 30 days of the wear's end. Erasures have taken by that rule; the purge, and what erasures spare, asked
-- only whether it came within the wear, and so removed what a hub sent a day late.
-- Replaces functions; locks nothing. Undo: create signal.purge_quarantine as in 0107 and drop the others.
CREATE FUNCTION signal.quarantine_may_be_of_wear(
    reason text, received_at timestamptz, last_received_at timestamptz, worn_during tstzrange) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(lower(worn_during), '-infinity') <= last_received_at
           AND (reason IN ('conflict', 'ancient_time')
                OR received_at < coalesce(upper(worn_during), 'infinity') + INTERVAL '30 days');
COMMENT ON FUNCTION signal.quarantine_may_be_of_wear(text, timestamptz, timestamptz, tstzrange) IS
    'Whether a rejection that names a device may be of who wore it in a period, by when it came and why.';

CREATE FUNCTION signal.quarantine_under_legal_hold(quarantine_ids bigint[]) RETURNS SETOF bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH held AS MATERIALIZED (SELECT device_id, worn_during FROM signal.wear_under_legal_hold())
    SELECT quarantine_id FROM signal.quarantine_rejection JOIN signal.quarantine_payload USING (payload_sha256)
    WHERE quarantine_id = ANY (quarantine_ids)
      AND EXISTS (SELECT FROM held
                  WHERE signal.quarantine_may_be_of_wear(reason, received_at, last_received_at, held.worn_during)
                    AND signal.quarantine_names(topic, detail, payload, held.device_id))
$$;
COMMENT ON FUNCTION signal.quarantine_under_legal_hold(bigint[]) IS
    'Those of some rejections that may be of somebody under legal hold: nobody may remove them.';
REVOKE EXECUTE ON FUNCTION signal.quarantine_under_legal_hold(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.quarantine_under_legal_hold(bigint[])
    TO healthtrack_ingest, healthtrack_roller, healthtrack_migrator;

CREATE OR REPLACE FUNCTION signal.purge_quarantine(
    received_before timestamptz, of_reason text, only_resolved boolean, after_at timestamptz, after_id bigint,
    rows_max integer, OUT last_at timestamptz, OUT last_id bigint, OUT purged_rows bigint, OUT purged_bytes bigint,
    OUT held_rows bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    page   bigint[];
    locked bytea[];
BEGIN
    SELECT array_agg(quarantine_id), (array_agg(received_at ORDER BY received_at DESC, quarantine_id DESC))[1],
           (array_agg(quarantine_id ORDER BY received_at DESC, quarantine_id DESC))[1], array_agg(payload_sha256)
    INTO page, last_at, last_id, locked
    FROM (SELECT quarantine_id, received_at, payload_sha256 FROM signal.quarantine_rejection AS old
          WHERE old.received_at < received_before AND (old.received_at, old.quarantine_id) > (after_at, after_id)
            AND old.last_received_at < received_before AND (of_reason IS NULL OR old.reason = of_reason)
            AND (NOT only_resolved OR old.resolved_at IS NOT NULL)
          ORDER BY received_at, quarantine_id LIMIT rows_max) AS found;
    -- Who deletes waits for nobody who writes: what is locked goes another time.
    SELECT coalesce(array_agg(payload_sha256), '{}'), coalesce(sum(payload_bytes), 0) INTO locked, purged_bytes
    FROM (SELECT payload_sha256, payload_bytes FROM signal.quarantine_payload WHERE payload_sha256 = ANY (locked)
          ORDER BY payload_sha256 FOR UPDATE SKIP LOCKED) AS free;
    DELETE FROM signal.quarantine_rejection AS old
    WHERE old.quarantine_id = ANY (page) AND old.payload_sha256 = ANY (locked)
      AND old.last_received_at < received_before AND (NOT only_resolved OR old.resolved_at IS NOT NULL)
      AND old.quarantine_id NOT IN (SELECT held FROM signal.quarantine_under_legal_hold(page) AS held);
    GET DIAGNOSTICS purged_rows = ROW_COUNT;
    SELECT count(*) INTO held_rows FROM signal.quarantine_rejection
    WHERE quarantine_id = ANY (page) AND payload_sha256 = ANY (locked);
    purged_bytes := purged_bytes - (SELECT coalesce(sum(payload_bytes), 0) FROM signal.quarantine_payload
                                    WHERE payload_sha256 = ANY (locked));
END $$;
