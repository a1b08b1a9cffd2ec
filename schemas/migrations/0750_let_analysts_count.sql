-- Analysts ask in the portal what clinical quality asks, of facilities and of nobody who works there.
--
-- An account of an analyst could sign in and had no function to count by: its views are for a login of its own. It counts now by
-- the functions of clinical quality, with the same cells (11 people or more, to five, of months and years that are over), without
-- the rows of single providers, which are for who watches the quality of care. Locks nothing but the eight rows of kinds of look.
-- Undo: put the parts of the kinds and the three functions of 0577 back.
UPDATE access.look_kind SET parts = '{analyst,clinical_quality}' WHERE kind LIKE 'quality\_%';

CREATE OR REPLACE FUNCTION access.check_quality(me access.caller) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (me.part IN ('analyst', 'clinical_quality')) IS NOT TRUE THEN
        PERFORM access.refuse('quality_is_counted_for_who_watches_it', 'Ask who watches the quality of care.');
    END IF;
END $$;
COMMENT ON FUNCTION access.check_quality(access.caller) IS 'Refuses who neither watches quality nor analyses.';

CREATE OR REPLACE FUNCTION access.quality_visits()
    RETURNS TABLE (facility_id uuid, provider_id uuid, month date, patients bigint, missed_rate numeric, cancelled_rate numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT v.facility_id, v.provider_id, v.month, care.safe_count(count(DISTINCT v.patient_id)),
           care.safe_rate(count(DISTINCT v.patient_id) FILTER (WHERE v.status = 'no_show'), count(DISTINCT v.patient_id)),
           care.safe_rate(count(DISTINCT v.patient_id) FILTER (WHERE v.status = 'cancelled'), count(DISTINCT v.patient_id))
    FROM (SELECT a.facility_id, a.provider_id, a.patient_id, a.status,
                 date_trunc('month', lower(a.during) AT TIME ZONE 'UTC')::date AS month
          FROM care.appointment a
          WHERE (SELECT access.is_analyst()) AND a.status <> 'held'
            AND upper(a.during) <= date_trunc('month', now(), 'UTC')) AS v
    GROUP BY GROUPING SETS ((v.facility_id, v.month), (v.facility_id, v.provider_id, v.month))
    HAVING count(DISTINCT v.patient_id) >= 11
       AND (grouping(v.provider_id) = 1 OR (SELECT access.part()) IS DISTINCT FROM 'analyst')
$$;

CREATE OR REPLACE FUNCTION access.quality_readmissions()
    RETURNS TABLE (facility_id uuid, provider_id uuid, year integer, patients bigint, readmitted_rate numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.facility_id, e.attending_provider_id, extract(year FROM r.discharged_on)::integer,
           care.safe_count(count(DISTINCT r.patient_id)),
           care.safe_rate(count(DISTINCT r.patient_id) FILTER (WHERE r.readmitted), count(DISTINCT r.patient_id))
    FROM care.readmission_30_day r
    JOIN care.encounter e ON e.patient_id = r.patient_id AND e.encounter_id = r.index_encounter_id
    WHERE (SELECT access.is_analyst()) AND r.followed_up AND r.discharged_on < date_trunc('year', now(), 'UTC')::date
    GROUP BY GROUPING SETS ((r.facility_id, extract(year FROM r.discharged_on)::integer),
                            (r.facility_id, e.attending_provider_id, extract(year FROM r.discharged_on)::integer))
    HAVING count(DISTINCT r.patient_id) >= 11
       AND (grouping(e.attending_provider_id) = 1 OR (SELECT access.part()) IS DISTINCT FROM 'analyst')
$$;
