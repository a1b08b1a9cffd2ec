-- Adherence as the proportion of days covered, by the rules of the Pharmacy Quality Alliance.
--
-- Of one drug (one substance): days for which the patient had it, by all that was dispensed, among the days from the
-- first fill of a period to its end or to the patient's death. A fill before the last one is used up begins when that
-- is used up; what reaches beyond the end does not count. Told only of patients with fills on two days or more, the
-- first at least 91 days before the end; adherent from 80 % (90 % is usual for antiretrovirals: say so). Stays in
-- hospital are not taken out. It measures fills, not swallowing. Where a fill ends is one sum and one running maximum:
-- with d(i) days from day f(i), all before used up in a row, end(i) = d(1) + … + d(i) + max over j of (f(j) - d(1) - …
-- - d(j-1)). With their caller's rights; without SET, so that Postgres can plan them into their query. Locks nothing.
-- Undo: drop them.
CREATE FUNCTION care.adherence_pdc(measured daterange, patient uuid DEFAULT NULL, threshold numeric DEFAULT 0.8)
    RETURNS TABLE (
        patient_id uuid, ingredient text, fills bigint, first_fill_on date, ends_on date, treatment_days integer,
        covered_days integer, pdc numeric, adherent boolean
    )
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH fill AS (
        SELECT d.patient_id, m.ingredient, d.dispense_id, d.filled_on, d.days_supply::integer AS days,
               least(upper(measured) - 1, (c.deceased_at AT TIME ZONE c.time_zone)::date) AS ends_on
        FROM care.dispense d
        JOIN care.prescription p ON p.patient_id = d.patient_id AND p.prescription_id = d.prescription_id
        JOIN care.medication m ON m.medication_id = p.medication_id
        JOIN care.patient c ON c.patient_id = d.patient_id
        WHERE d.status = 'completed' AND d.filled_on >= lower(measured) AND d.filled_on < upper(measured)
          AND (patient IS NULL OR d.patient_id = patient)
    ), added AS (
        SELECT f.*, (sum(f.days) OVER drug)::integer AS supplied, min(f.filled_on) OVER drug AS first_fill_on
        FROM fill f WHERE f.filled_on <= f.ends_on
        WINDOW drug AS (PARTITION BY f.patient_id, f.ingredient ORDER BY f.filled_on, f.dispense_id)
    ), shifted AS (
        SELECT a.*, a.supplied + max(a.filled_on - (a.supplied - a.days)) OVER drug AS used_up_on
        FROM added a
        WINDOW drug AS (PARTITION BY a.patient_id, a.ingredient ORDER BY a.filled_on, a.dispense_id)
    ), told AS (
        SELECT s.patient_id, s.ingredient, count(*) AS fills, count(DISTINCT s.filled_on) AS days_of_fill,
               min(s.filled_on) AS first_fill_on, s.ends_on, s.ends_on - min(s.filled_on) + 1 AS treatment_days,
               sum(greatest(least(s.used_up_on, s.ends_on + 1) - (s.used_up_on - s.days), 0))::integer AS covered_days
        FROM shifted s GROUP BY s.patient_id, s.ingredient, s.ends_on
    )
    SELECT t.patient_id, t.ingredient, t.fills, t.first_fill_on, t.ends_on, t.treatment_days, t.covered_days,
           round(t.covered_days::numeric / t.treatment_days, 4), t.covered_days >= threshold * t.treatment_days
    FROM told t WHERE t.days_of_fill >= 2 AND t.ends_on - t.first_fill_on >= 91
$$;
COMMENT ON FUNCTION care.adherence_pdc(daterange, uuid, numeric) IS 'Proportion of days covered (PQA) in a period for each patient and substance, or for one patient; adherent from the threshold.';

CREATE FUNCTION care.adherence_summary(measured daterange, threshold numeric DEFAULT 0.8)
    RETURNS TABLE (
        ingredient text, n bigint, adherent bigint, rate numeric, rate_low numeric, rate_high numeric,
        mean_pdc numeric, median_pdc numeric
    )
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT a.ingredient, count(*), count(*) FILTER (WHERE a.adherent),
           round(count(*) FILTER (WHERE a.adherent)::numeric / count(*), 4),
           lower(care.wilson(count(*) FILTER (WHERE a.adherent), count(*))),
           upper(care.wilson(count(*) FILTER (WHERE a.adherent), count(*))), round(avg(a.pdc), 4),
           round((percentile_cont(0.5) WITHIN GROUP (ORDER BY a.pdc))::numeric, 4)
    FROM care.adherence_pdc(measured, NULL, threshold) a GROUP BY a.ingredient
$$;
COMMENT ON FUNCTION care.adherence_summary(daterange, numeric) IS 'Share of adherent patients (PQA) for each substance in a period, with its interval (Wilson, 95 %), of the patients that its caller may see.';
