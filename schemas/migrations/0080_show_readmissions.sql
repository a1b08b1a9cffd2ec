-- Readmission within thirty days, as the hospital-wide measure of CMS defines it.
--
-- An index is an acute inpatient stay that ended alive. None is: a stay that ended in death, against advice or in a
-- transfer, and psychiatric or oncological ones; rehabilitation is no acute care and stands outside of the sequence. A
-- transfer is what its disposition calls so, and also a stay that begins elsewhere on the day of discharge or the
-- next; a stay that begins again on the same day, in the same place and for the same diagnosis goes on. What counts is
-- the next stay: it is a readmission when it begins within 30 days (dates of the facilities' own zones) and was not
-- planned; a planned one closes the window. A rate counts only discharges whose thirty days are over, else it would
-- know those who came back and not yet those who did not. It is not adjusted for how ill the patients were, so
-- hospitals cannot be ranked by it; the interval (Wilson, 95 %) says how little few discharges tell. Views with their
-- reader's rights. Locks nothing. Undo: drop them.
CREATE FUNCTION care.wilson(hits bigint, n bigint) RETURNS numrange
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN n > 0 AND hits BETWEEN 0 AND n THEN (
        SELECT numrange(round(greatest(centre - reach, 0)::numeric, 4), round(least(centre + reach, 1)::numeric, 4),
                        '[]')
        FROM (SELECT 1.959964 AS z, hits::double precision / n AS rate) AS given,
             LATERAL (SELECT (rate + z * z / (2 * n)) / (1 + z * z / n) AS centre,
                             z * sqrt(rate * (1 - rate) / n + z * z / (4.0 * n * n)) / (1 + z * z / n) AS reach
             ) AS found
    ) END;
COMMENT ON FUNCTION care.wilson(bigint, bigint) IS 'Interval of 95 % by Wilson (1927) for a rate of hits among n; null where n is 0.';
CREATE VIEW care.inpatient_discharge WITH (security_invoker = true) AS
    WITH stay AS (
        SELECT e.patient_id, e.encounter_id, e.facility_id, e.service_line, e.planned, e.principal_code,
               e.discharge_disposition, lower(e.during) AS began_at, upper(e.during) AS ended_at, f.time_zone,
               (lower(e.during) AT TIME ZONE f.time_zone)::date AS began_on,
               (upper(e.during) AT TIME ZONE f.time_zone)::date AS ended_on
        FROM care.encounter e JOIN care.facility f USING (facility_id)
        WHERE e.class = 'inpatient' AND e.service_line <> 'rehabilitation'
    ), followed AS (
        SELECT stay.*, lead(encounter_id) OVER stays AS next_encounter_id,
               lead(facility_id) OVER stays AS next_facility_id, lead(planned) OVER stays AS next_planned,
               lead(principal_code) OVER stays AS next_code,
               lead(began_on) OVER stays - ended_on AS days_to_next
        FROM stay WINDOW stays AS (PARTITION BY patient_id ORDER BY began_at)
    )
    SELECT patient_id, encounter_id, facility_id, ended_on AS discharged_on, next_encounter_id, days_to_next,
           next_planned, ended_on + 30 < (now() AT TIME ZONE time_zone)::date AS followed_up,
           CASE WHEN discharge_disposition IN ('died', 'against_advice') THEN discharge_disposition
                WHEN discharge_disposition = 'transfer'
                     OR (next_facility_id <> facility_id AND days_to_next <= 1)
                     OR (next_facility_id = facility_id AND days_to_next <= 0 AND next_code = principal_code)
                THEN 'transferred'
                WHEN service_line IN ('psychiatric', 'oncology') THEN 'service'
           END AS excluded_because
    FROM followed WHERE ended_at IS NOT NULL;
COMMENT ON VIEW care.inpatient_discharge IS 'Every acute inpatient stay that is over, what came next, and why it is no index of a readmission.';
COMMENT ON COLUMN care.inpatient_discharge.patient_id        IS 'Whose.';
COMMENT ON COLUMN care.inpatient_discharge.encounter_id      IS 'The stay.';
COMMENT ON COLUMN care.inpatient_discharge.facility_id       IS 'Where.';
COMMENT ON COLUMN care.inpatient_discharge.discharged_on     IS 'Day of discharge in the facilitys zone.';
COMMENT ON COLUMN care.inpatient_discharge.next_encounter_id IS 'The next acute stay; null where there is none.';
COMMENT ON COLUMN care.inpatient_discharge.days_to_next      IS 'Days from this discharge to the next admission.';
COMMENT ON COLUMN care.inpatient_discharge.next_planned      IS 'True where the next admission was planned.';
COMMENT ON COLUMN care.inpatient_discharge.followed_up       IS 'True once the thirty days are over.';
COMMENT ON COLUMN care.inpatient_discharge.excluded_because  IS 'died, against_advice, transferred or service; null for an index.';
GRANT SELECT ON care.inpatient_discharge TO healthtrack_portal;

CREATE VIEW care.readmission_30_day WITH (security_invoker = true) AS
    SELECT patient_id, encounter_id AS index_encounter_id, facility_id, discharged_on,
           CASE WHEN readmitted THEN next_encounter_id END AS readmission_encounter_id,
           CASE WHEN readmitted THEN days_to_next END AS days, readmitted, followed_up
    FROM care.inpatient_discharge,
         LATERAL (SELECT coalesce(days_to_next <= 30 AND NOT next_planned, false) AS readmitted) AS judged
    WHERE excluded_because IS NULL;
COMMENT ON VIEW care.readmission_30_day IS 'Each index discharge, and whether the patient came back unplanned within thirty days.';
COMMENT ON COLUMN care.readmission_30_day.patient_id               IS 'Whose.';
COMMENT ON COLUMN care.readmission_30_day.index_encounter_id       IS 'The stay that ended.';
COMMENT ON COLUMN care.readmission_30_day.facility_id              IS 'Where.';
COMMENT ON COLUMN care.readmission_30_day.discharged_on            IS 'When.';
COMMENT ON COLUMN care.readmission_30_day.readmission_encounter_id IS 'The stay that counts as readmission; null where there is none.';
COMMENT ON COLUMN care.readmission_30_day.days                     IS 'Days until then; null where there is none.';
COMMENT ON COLUMN care.readmission_30_day.readmitted               IS 'True where there is one.';
COMMENT ON COLUMN care.readmission_30_day.followed_up              IS 'True once the thirty days are over; only those count in a rate.';
GRANT SELECT ON care.readmission_30_day TO healthtrack_portal;

CREATE VIEW care.readmission_rate WITH (security_invoker = true) AS
    SELECT facility_id, extract(year FROM discharged_on)::integer AS year, count(*) AS n,
           count(*) FILTER (WHERE readmitted) AS readmitted,
           round(count(*) FILTER (WHERE readmitted)::numeric / count(*), 4) AS rate,
           lower(care.wilson(count(*) FILTER (WHERE readmitted), count(*))) AS rate_low,
           upper(care.wilson(count(*) FILTER (WHERE readmitted), count(*))) AS rate_high
    FROM care.readmission_30_day WHERE followed_up GROUP BY 1, 2;
COMMENT ON VIEW care.readmission_rate IS 'Unadjusted rate of readmission within thirty days by facility and year of discharge, of the stays that its reader may see.';
COMMENT ON COLUMN care.readmission_rate.facility_id IS 'Where.';
COMMENT ON COLUMN care.readmission_rate.year        IS 'Year of discharge.';
COMMENT ON COLUMN care.readmission_rate.n           IS 'Index discharges whose thirty days are over.';
COMMENT ON COLUMN care.readmission_rate.readmitted  IS 'How many of them came back unplanned.';
COMMENT ON COLUMN care.readmission_rate.rate        IS 'Their share.';
COMMENT ON COLUMN care.readmission_rate.rate_low    IS 'Lower end of its interval (Wilson, 95 %).';
COMMENT ON COLUMN care.readmission_rate.rate_high   IS 'Upper end.';
GRANT SELECT ON care.readmission_rate TO healthtrack_portal;
