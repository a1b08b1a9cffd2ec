-- Age alone removes no contradiction that nobody has looked at.
--
-- An open conflict is the only copy of a value that was acknowledged and not stored, so the daemon leaves it until an
-- operator has resolved it, however old it is; an operator's own purge still takes it. What is due is said in one place,
-- for whoever removes and whoever only counts.
-- The function has one more argument, with a default, so that a daemon of before goes on with the former six; the grants
-- are made anew. Locks nothing. Undo: create signal.purge_quarantine as in 0113 and drop the other.
CREATE FUNCTION signal.quarantine_is_due(
    received_at timestamptz, last_received_at timestamptz, resolved_at timestamptz, reason text,
    received_before timestamptz, of_reason text, only_resolved boolean, spare_open_conflicts boolean) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN received_at < received_before AND last_received_at < received_before
           AND (of_reason IS NULL OR reason = of_reason) AND (NOT only_resolved OR resolved_at IS NOT NULL)
           AND NOT (spare_open_conflicts AND reason = 'conflict' AND resolved_at IS NULL);
COMMENT ON FUNCTION signal.quarantine_is_due(
    timestamptz, timestamptz, timestamptz, text, timestamptz, text, boolean, boolean) IS
    'Whether a purge means a rejection, the law aside (signal.quarantine_under_legal_hold).';

DROP FUNCTION signal.purge_quarantine(timestamptz, text, boolean, timestamptz, bigint, integer);
CREATE FUNCTION signal.purge_quarantine(
    received_before timestamptz, of_reason text, only_resolved boolean, after_at timestamptz, after_id bigint,
    rows_max integer, spare_open_conflicts boolean DEFAULT false, OUT last_at timestamptz, OUT last_id bigint,
    OUT purged_rows bigint, OUT purged_bytes bigint, OUT held_rows bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    page   bigint[];
    locked bytea[];
BEGIN
    SELECT array_agg(quarantine_id), (array_agg(received_at ORDER BY received_at DESC, quarantine_id DESC))[1],
           (array_agg(quarantine_id ORDER BY received_at DESC, quarantine_id DESC))[1], array_agg(payload_sha256)
    INTO page, last_at, last_id, locked
    FROM (SELECT quarantine_id, received_at, payload_sha256 FROM signal.quarantine_rejection AS old
          WHERE (old.received_at, old.quarantine_id) > (after_at, after_id)
            AND signal.quarantine_is_due(old.received_at, old.last_received_at, old.resolved_at, old.reason,
                                         received_before, of_reason, only_resolved, spare_open_conflicts)
          ORDER BY received_at, quarantine_id LIMIT rows_max) AS found;
    -- Who deletes waits for nobody who writes: what is locked goes another time.
    SELECT coalesce(array_agg(payload_sha256), '{}'), coalesce(sum(payload_bytes), 0) INTO locked, purged_bytes
    FROM (SELECT payload_sha256, payload_bytes FROM signal.quarantine_payload WHERE payload_sha256 = ANY (locked)
          ORDER BY payload_sha256 FOR UPDATE SKIP LOCKED) AS free;
    DELETE FROM signal.quarantine_rejection AS old
    WHERE old.quarantine_id = ANY (page) AND old.payload_sha256 = ANY (locked)
      AND signal.quarantine_is_due(old.received_at, old.last_received_at, old.resolved_at, old.reason,
                                   received_before, of_reason, only_resolved, spare_open_conflicts)
      AND old.quarantine_id NOT IN (SELECT held FROM signal.quarantine_under_legal_hold(page) AS held);
    GET DIAGNOSTICS purged_rows = ROW_COUNT;
    SELECT count(*) INTO held_rows FROM signal.quarantine_rejection
    WHERE quarantine_id = ANY (page) AND payload_sha256 = ANY (locked);
    purged_bytes := purged_bytes - (SELECT coalesce(sum(payload_bytes), 0) FROM signal.quarantine_payload
                                    WHERE payload_sha256 = ANY (locked));
END $$;
COMMENT ON FUNCTION signal.purge_quarantine(timestamptz, text, boolean, timestamptz, bigint, integer, boolean) IS
    'Removes a page of what came before a time, in its order, and says where the next page begins: null at the end. Keeps what may be of a device that somebody under legal hold wore and, where that is asked for, contradictions that nobody has resolved.';
REVOKE EXECUTE ON FUNCTION signal.purge_quarantine(timestamptz, text, boolean, timestamptz, bigint, integer, boolean)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.purge_quarantine(timestamptz, text, boolean, timestamptz, bigint, integer, boolean)
    TO healthtrack_ingest, healthtrack_migrator;
