-- A dose that was given too early does not count: measles vaccine of a child of ten months is given again.
--
-- The age from which a dose counts is not the one at which it is due: papillomavirus vaccine is due at eleven and counts
-- from nine. Nor is it told of every vaccine, so a schedule says it where it matters. For who was born on a day that is
-- known in part, the earliest one is taken: a dose that may have been in time is not given twice.
--
-- Adds a column, replaces a function. Undo: drop the column; the function of 390.
ALTER TABLE care.immunization_schedule ADD COLUMN counts_from_age_days integer
    CONSTRAINT immunization_schedule_counts_from_an_age_before_it_is_due
        CHECK (counts_from_age_days >= 0 AND counts_from_age_days <= min_age_days);
COMMENT ON COLUMN care.immunization_schedule.counts_from_age_days IS
    'The youngest age at which a dose of this target counts; null where every dose does. Of a target''s doses, the first says it.';
COMMENT ON CONSTRAINT immunization_schedule_counts_from_an_age_before_it_is_due ON care.immunization_schedule IS
    'A dose counts from an age that is not above the one at which it is due.';
-- Four days before the first birthday, as most authorities have it.
UPDATE care.immunization_schedule SET counts_from_age_days = 361
WHERE schedule = 'example' AND target IN ('measles', 'varicella') AND dose_number = 1;

CREATE OR REPLACE FUNCTION care.immunizations_due(patient uuid, on_day date, by_schedule text DEFAULT 'example')
    RETURNS TABLE (target text, title text, dose_number smallint, cvx text, due_on date, given integer)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH dose AS (
        SELECT s.target, count(DISTINCT i.given_on)::integer AS given, max(i.given_on) AS last_on
        FROM care.immunization_schedule s
        LEFT JOIN care.immunization_schedule f
          ON f.schedule = s.schedule AND f.target = s.target AND f.dose_number = 1
        LEFT JOIN care.patient b ON b.patient_id = patient
        LEFT JOIN care.immunization i ON i.patient_id = patient AND i.status = 'completed' AND i.cvx = ANY (s.cvx)
             AND i.given_on <= on_day AND (i.given_on < lower(b.born_during) + f.counts_from_age_days) IS NOT TRUE
        WHERE s.schedule = by_schedule GROUP BY s.target
    )
    SELECT s.target, s.title, s.dose_number, s.cvx[1],
           greatest(upper(p.born_during) - 1 + s.min_age_days, CASE WHEN d.given > 0 THEN d.last_on + s.min_interval_days END), d.given
    FROM care.patient p CROSS JOIN dose d
    CROSS JOIN LATERAL (
        SELECT n.* FROM care.immunization_schedule n
        WHERE n.schedule = by_schedule AND n.target = d.target
          AND (n.dose_number = d.given + 1 OR n.repeats AND n.dose_number <= d.given)
        ORDER BY n.dose_number DESC LIMIT 1) AS s
    WHERE p.patient_id = patient AND p.deceased_at IS NULL AND p.born_during IS NOT NULL
      AND greatest(upper(p.born_during) - 1 + s.min_age_days, CASE WHEN d.given > 0 THEN d.last_on + s.min_interval_days END) <= on_day
      AND (s.max_age_days IS NULL OR lower(p.born_during) + s.max_age_days >= on_day)
    ORDER BY 5, 1
$$;
