-- What an analyst sees of the clinical record: how many have a condition, and how many come back to hospital.
--
-- The same rules as for the other counts: cells of 11 people at least, rounded; rates only where neither side is few.
-- Readmission is the published measure that care.readmission_30_day states. The functions are in plpgsql, which looks
-- for what it names when it is asked, so the record may change around them; they run as their owner, who sees every
-- row, and ask who reads. Views and functions, lock nothing. Undo: drop them.
CREATE FUNCTION access.count_conditions()
    RETURNS TABLE (code_system text, code text, age_band text, sex text, patients bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT access.is_analyst() THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT c.code_system, c.code, care.age_band(p.born_on, current_date), p.sex,
               care.safe_count(count(DISTINCT p.patient_id))
        FROM care.condition c JOIN care.patient p USING (patient_id)
        WHERE p.deceased_at IS NULL AND c.verification_status = 'confirmed'
          AND c.clinical_status IN ('active', 'recurrence', 'relapse')
        GROUP BY 1, 2, 3, 4 HAVING count(DISTINCT p.patient_id) >= 11;
END $$;
COMMENT ON FUNCTION access.count_conditions() IS 'For analysts: living people with a confirmed condition that lasts, by code, age and sex.';

CREATE FUNCTION access.count_readmissions()
    RETURNS TABLE (facility_id uuid, year integer, patients bigint, readmitted_rate numeric)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT access.is_analyst() THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT r.facility_id, extract(year FROM r.discharged_on)::integer,
               care.safe_count(count(DISTINCT r.patient_id)),
               care.safe_rate(count(DISTINCT r.patient_id) FILTER (WHERE r.readmitted), count(DISTINCT r.patient_id))
        FROM care.readmission_30_day r WHERE r.followed_up
        GROUP BY 1, 2 HAVING count(DISTINCT r.patient_id) >= 11;
END $$;
COMMENT ON FUNCTION access.count_readmissions() IS 'For analysts: discharged people by facility and year, and the share of them who came back within thirty days.';

REVOKE EXECUTE ON FUNCTION access.count_conditions(), access.count_readmissions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.count_conditions(), access.count_readmissions()
    TO healthtrack_analyst, healthtrack_portal;

CREATE VIEW care.insight_conditions AS
SELECT code_system, code, age_band, sex, patients FROM access.count_conditions();
COMMENT ON VIEW   care.insight_conditions             IS 'Living patients with a confirmed condition that lasts, by code, age and sex.';
COMMENT ON COLUMN care.insight_conditions.code_system IS 'Terminology of the code.';
COMMENT ON COLUMN care.insight_conditions.code        IS 'Code of the condition.';
COMMENT ON COLUMN care.insight_conditions.age_band    IS 'Age today, as a band.';
COMMENT ON COLUMN care.insight_conditions.sex         IS 'Administrative gender.';
COMMENT ON COLUMN care.insight_conditions.patients    IS 'How many people, to the nearest 5.';

CREATE VIEW care.insight_readmissions AS
SELECT facility_id, year, patients, readmitted_rate FROM access.count_readmissions();
COMMENT ON VIEW   care.insight_readmissions                 IS 'People discharged from an acute stay whose thirty days are over, by facility and year; not adjusted for how ill they were.';
COMMENT ON COLUMN care.insight_readmissions.facility_id     IS 'Where.';
COMMENT ON COLUMN care.insight_readmissions.year            IS 'Year of discharge.';
COMMENT ON COLUMN care.insight_readmissions.patients        IS 'How many people, to the nearest 5.';
COMMENT ON COLUMN care.insight_readmissions.readmitted_rate IS 'Share of them who came back unplanned; null where too few did or did not.';
GRANT SELECT ON care.insight_conditions, care.insight_readmissions TO healthtrack_analyst, healthtrack_portal;
