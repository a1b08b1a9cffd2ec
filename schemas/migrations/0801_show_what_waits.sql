-- A provider sees in one list what waits for the own signature, and whose devices have fallen silent: drafts, notes to be signed
-- too, preliminary results of the own orders and of nobody's, and patients in care of whom nothing was heard for longer than usual.
--
-- What is usual is told by the four weeks before a device was heard last, as far as it was worn then: it is silent once three times
-- as long passed as lay between its days; one that was never heard is after a day. New functions and a kind of look, locks nothing. Undo: drop them and the kind.
INSERT INTO access.look_kind (kind, scope, of_all) VALUES ('unfinished', 'none', true);

CREATE FUNCTION access.silent_devices() RETURNS TABLE (patient_id uuid, heard_at timestamptz, worn_from timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    -- Asked for once: an index is not searched by what may change while it is.
    own   constant uuid[]      := access.patients_in_care();
    since constant timestamptz := clock_timestamp() - INTERVAL '24 hours';
BEGIN
    RETURN QUERY
    WITH silent AS MATERIALIZED (
        SELECT w.patient_id, w.device_key, lower(w.worn_during) AS worn_from
        FROM care.wear w JOIN care.patient p USING (patient_id)
        WHERE w.patient_id = ANY (own) AND p.deceased_at IS NULL AND w.worn_during @> clock_timestamp()
          AND lower(w.worn_during) <= since
          -- A block lies on one day, and a sample of a day may be of its beginning.
          AND NOT EXISTS (SELECT FROM signal.series s JOIN signal.block b USING (series_id)
                          WHERE s.device_key = w.device_key AND b.start_at > since - INTERVAL '1 day' AND b.stop_at > since)
    ), heard AS MATERIALIZED (
        SELECT k.patient_id, k.device_key, k.worn_from, newest.heard_at
        FROM silent k LEFT JOIN LATERAL (
            SELECT max(coalesce(l.end_at, l.start_at)) AS heard_at
            FROM signal.device d JOIN signal.last l ON l.device_id = d.device_id
            WHERE d.device_key = k.device_key AND l.start_at >= k.worn_from) AS newest ON true
    )
    SELECT h.patient_id, max(h.heard_at), min(h.worn_from)
    FROM heard h CROSS JOIN LATERAL (
        SELECT count(DISTINCT r.day) AS days FROM signal.series s JOIN signal.rollup_day r USING (series_id)
        WHERE s.device_key = h.device_key AND r.day > h.heard_at::date - 28 AND r.day <= h.heard_at::date
          AND r.day >= h.worn_from::date) AS usual
    CROSS JOIN LATERAL (SELECT least(28, h.heard_at::date - h.worn_from::date + 1) AS days) AS worn
    WHERE coalesce(h.heard_at, h.worn_from) < clock_timestamp()
          - CASE WHEN h.heard_at IS NULL THEN INTERVAL '1 day'
                 ELSE INTERVAL '3 days' * worn.days / greatest(least(usual.days, worn.days), 1) END
    GROUP BY h.patient_id;
END $$;
REVOKE EXECUTE ON FUNCTION access.silent_devices() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.silent_devices() TO healthtrack_care;
COMMENT ON FUNCTION access.silent_devices() IS
    'Patients in the actor''s care who wear a device of which nothing was heard for longer than usual: when it was heard last, null where never, and since when it is worn.';

CALL access.publish('read_unfinished', 'rows_max integer',
    'TABLE (kind text, patient_id uuid, row_id uuid, family text, given text[], title text, at timestamptz, of_kind bigint)',
    $body$RETURN QUERY
    WITH mine AS MATERIALIZED (SELECT access.acting_provider() AS provider_id), waiting AS (
        SELECT CASE t.status WHEN 'draft' THEN 'draft' ELSE 'cosign' END AS kind, t.patient_id, t.note_id AS row_id, t.title,
               coalesce(t.signed_at, t.created_at) AS at
        FROM care.note t, mine
        WHERE t.author_id = mine.provider_id AND t.status = 'draft' OR t.cosigner_id = mine.provider_id AND t.status = 'signed'
        UNION ALL
        SELECT 'result', r.patient_id, r.lab_result_id, r.title, r.issued_at
        FROM mine JOIN care.lab_order o ON o.ordered_by = mine.provider_id
        JOIN care.lab_result r ON r.patient_id = o.patient_id AND r.lab_order_id = o.lab_order_id
        WHERE r.status = 'preliminary'
        UNION ALL
        -- What nobody has ordered waits for whoever cares for the patient.
        SELECT 'result', r.patient_id, r.lab_result_id, r.title, r.issued_at
        FROM mine, care.lab_result r
        WHERE mine.provider_id IS NOT NULL AND r.status = 'preliminary' AND r.lab_order_id IS NULL
          AND r.patient_id = ANY ((SELECT access.patients_in_care())::uuid[])
        UNION ALL
        SELECT 'silent', d.patient_id, NULL, NULL, d.heard_at FROM access.silent_devices() AS d
    ), placed AS (
        SELECT w.*, count(*) OVER (PARTITION BY w.kind) AS of_kind,
               row_number() OVER (PARTITION BY w.kind
                   ORDER BY CASE WHEN w.kind = 'silent' THEN w.at END DESC NULLS LAST, w.at, w.patient_id, w.row_id) AS place
        FROM waiting w
    )
    SELECT w.kind, w.patient_id, w.row_id, n.family, n.given, w.title, w.at, w.of_kind
    FROM placed w LEFT JOIN care.patient_name n
        ON n.patient_id = w.patient_id AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
    WHERE patient IS NULL AND w.place <= least(rows_max, 50) ORDER BY w.kind, w.place;$body$,
    'What waits for the acting provider: own drafts, notes to be signed too and preliminary results of own orders or of patients in care that nobody has ordered, the oldest first, and patients whose devices have fallen silent, the latest first; of each kind 50 at most, and how many there are.',
    look => $$'unfinished'$$);
