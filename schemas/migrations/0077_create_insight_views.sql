-- What an analyst sees: counts and means of many, and no row of anybody.
--
-- A cell of fewer than 11 people is not shown. Every count that is shown is rounded to a multiple of 5, so that a
-- hidden cell cannot be had by taking its neighbours from their sum; a rate is told only where neither those it counts
-- nor the others are 1 to 10. What this does not keep off: comparing the same cell on two days, which tells that
-- somebody came or went where a rounded count steps. Ages are bands, times are months. The views run as their owner and
-- ask who reads: a login with `healthtrack_analyst`, or an account that plays that part. Views, lock nothing.
-- Undo: drop them.
CREATE FUNCTION care.age_band(born_on date, on_day date) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN age(on_day, born_on) < INTERVAL '18 years' THEN '0-17'
                WHEN age(on_day, born_on) < INTERVAL '40 years' THEN '18-39'
                WHEN age(on_day, born_on) < INTERVAL '65 years' THEN '40-64'
                WHEN age(on_day, born_on) < INTERVAL '80 years' THEN '65-79'
                ELSE '80+' END;
COMMENT ON FUNCTION care.age_band(date, date) IS 'Age on a day as one of five bands: 0-17, 18-39, 40-64, 65-79, 80+.';

CREATE FUNCTION care.safe_count(people bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN people >= 11 THEN round(people / 5.0)::bigint * 5 END;
COMMENT ON FUNCTION care.safe_count(bigint) IS 'A count of people as it may be shown: to the nearest 5, null below 11.';

CREATE FUNCTION care.safe_rate(counted bigint, whole bigint) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN whole < 11 OR counted BETWEEN 1 AND 10 OR whole - counted BETWEEN 1 AND 10 THEN NULL
                ELSE round(coalesce(care.safe_count(counted), 0)::numeric / care.safe_count(whole), 2) END;
COMMENT ON FUNCTION care.safe_rate(bigint, bigint) IS 'Some of all as it may be shown: to the hundredth, null where either side is 1 to 10.';

CREATE FUNCTION access.is_analyst() RETURNS boolean
    LANGUAGE sql STABLE
    RETURN pg_has_role(session_user, 'healthtrack_analyst', 'MEMBER') OR coalesce(access.part() = 'analyst', false);
COMMENT ON FUNCTION access.is_analyst() IS 'True for a login with healthtrack_analyst and for an account that plays that part.';

CREATE VIEW care.insight_patients WITH (security_barrier) AS
SELECT v.facility_id, care.age_band(p.born_on, current_date) AS age_band, p.sex,
       care.safe_count(count(DISTINCT p.patient_id)) AS patients
FROM care.appointment v JOIN care.patient p USING (patient_id)
WHERE (SELECT access.is_analyst()) AND v.status = 'completed' AND p.deceased_at IS NULL
GROUP BY 1, 2, 3 HAVING count(DISTINCT p.patient_id) >= 11;
COMMENT ON VIEW   care.insight_patients             IS 'Living patients with a completed visit, by facility, age and sex.';
COMMENT ON COLUMN care.insight_patients.facility_id IS 'Where the visits were.';
COMMENT ON COLUMN care.insight_patients.age_band    IS 'Age today, as a band.';
COMMENT ON COLUMN care.insight_patients.sex         IS 'Administrative gender.';
COMMENT ON COLUMN care.insight_patients.patients    IS 'How many people, to the nearest 5.';

CREATE VIEW care.insight_visits WITH (security_barrier) AS
SELECT v.facility_id, date_trunc('month', lower(v.during) AT TIME ZONE 'UTC')::date AS month, v.mode,
       care.safe_count(count(DISTINCT v.patient_id)) AS patients,
       care.safe_rate(count(DISTINCT v.patient_id) FILTER (WHERE v.status = 'no_show'),
                      count(DISTINCT v.patient_id)) AS missed_rate,
       care.safe_rate(count(DISTINCT v.patient_id) FILTER (WHERE v.status = 'cancelled'),
                      count(DISTINCT v.patient_id)) AS cancelled_rate
FROM care.appointment v
WHERE (SELECT access.is_analyst()) AND upper(v.during) <= now() AND v.status <> 'held'
GROUP BY 1, 2, 3 HAVING count(DISTINCT v.patient_id) >= 11;
COMMENT ON VIEW   care.insight_visits                IS 'Past visits by facility, month and mode.';
COMMENT ON COLUMN care.insight_visits.facility_id    IS 'Where.';
COMMENT ON COLUMN care.insight_visits.month          IS 'First day of the month (UTC).';
COMMENT ON COLUMN care.insight_visits.mode           IS 'in_person or telehealth.';
COMMENT ON COLUMN care.insight_visits.patients       IS 'How many people had one, to the nearest 5.';
COMMENT ON COLUMN care.insight_visits.missed_rate    IS 'Share of them who missed one; null where too few did or did not.';
COMMENT ON COLUMN care.insight_visits.cancelled_rate IS 'Share of them of whom one was cancelled; null where too few.';

CREATE VIEW care.insight_samples WITH (security_barrier) AS
SELECT person.metric, person.month, person.age_band, person.sex, care.safe_count(count(*)) AS patients,
       round(avg(person.mean)::numeric, 1) AS mean, round(stddev_samp(person.mean)::numeric, 1) AS deviation,
       person.unit
FROM (
    SELECT m.name AS metric, m.unit, date_trunc('month', b.start_at AT TIME ZONE 'UTC')::date AS month,
           care.age_band(p.born_on, b.start_at::date) AS age_band, p.sex, p.patient_id, avg(value) AS mean
    FROM signal.block b
    JOIN signal.series s USING (series_id)
    JOIN signal.metric m USING (metric_id)
    JOIN care.wear w ON w.device_key = s.device_key AND w.worn_during @> b.start_at AND w.worn_during @> b.stop_at
    JOIN care.patient p ON p.patient_id = w.patient_id
    CROSS JOIN LATERAL unnest(b.values) AS value
    WHERE (SELECT access.is_analyst()) AND m.codes IS NULL AND s.statistic IS NULL
    GROUP BY m.name, m.unit, 3, 4, p.sex, p.patient_id
) AS person
GROUP BY person.metric, person.unit, person.month, person.age_band, person.sex HAVING count(*) >= 11;
COMMENT ON VIEW   care.insight_samples           IS 'Means of the hot samples by metric, month, age and sex: each person counts once, by the own mean.';
COMMENT ON COLUMN care.insight_samples.metric    IS 'Metric.';
COMMENT ON COLUMN care.insight_samples.month     IS 'First day of the month (UTC).';
COMMENT ON COLUMN care.insight_samples.age_band  IS 'Age then, as a band.';
COMMENT ON COLUMN care.insight_samples.sex       IS 'Administrative gender.';
COMMENT ON COLUMN care.insight_samples.patients  IS 'How many people, to the nearest 5.';
COMMENT ON COLUMN care.insight_samples.mean      IS 'Mean of the people''s means.';
COMMENT ON COLUMN care.insight_samples.deviation IS 'Standard deviation of the people''s means.';
COMMENT ON COLUMN care.insight_samples.unit      IS 'Unit.';

GRANT USAGE ON SCHEMA care TO healthtrack_analyst;
GRANT SELECT ON care.insight_patients, care.insight_visits, care.insight_samples
    TO healthtrack_analyst, healthtrack_portal;
