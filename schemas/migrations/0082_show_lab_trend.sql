-- Where a patient's results go: first, last, and the straight line through all of them.
--
-- Only results that are final and are numbers in one unit; a value at a method's limit (<, >) is no number to draw a
-- line through. The slope is that of least squares in units a year, null where all were taken at one moment. A line
-- says nothing of causes, so it comes with how many results it goes through. View with its reader's rights. Locks
-- nothing. Undo: drop it.
CREATE VIEW care.lab_trend WITH (security_invoker = true) AS
    SELECT patient_id, loinc, unit, count(*) AS n, min(observed_at) AS first_at, max(observed_at) AS last_at,
           (array_agg(value_number ORDER BY observed_at, lab_result_id))[1] AS first_value,
           (array_agg(value_number ORDER BY observed_at DESC, lab_result_id DESC))[1] AS last_value,
           (array_agg(flag ORDER BY observed_at DESC, lab_result_id DESC))[1] AS last_flag,
           regr_slope(value_number::double precision,
                      extract(epoch FROM observed_at)::double precision / 31557600) AS slope_per_year
    FROM care.current_lab_result
    WHERE status IN ('final', 'amended') AND value_number IS NOT NULL AND comparator IS NULL
    GROUP BY patient_id, loinc, unit;
COMMENT ON VIEW care.lab_trend IS 'First and last result of each test of a patient, and the slope between.';
COMMENT ON COLUMN care.lab_trend.patient_id     IS 'Whose.';
COMMENT ON COLUMN care.lab_trend.loinc          IS 'Which test.';
COMMENT ON COLUMN care.lab_trend.unit           IS 'In which unit; another unit is another row.';
COMMENT ON COLUMN care.lab_trend.n              IS 'How many results.';
COMMENT ON COLUMN care.lab_trend.first_at       IS 'When the first specimen was taken.';
COMMENT ON COLUMN care.lab_trend.last_at        IS 'When the last was.';
COMMENT ON COLUMN care.lab_trend.first_value    IS 'The first value.';
COMMENT ON COLUMN care.lab_trend.last_value     IS 'The last.';
COMMENT ON COLUMN care.lab_trend.last_flag      IS 'The flag of the last: LL, L, N, H or HH.';
COMMENT ON COLUMN care.lab_trend.slope_per_year IS 'Slope of the line of least squares, in units a year; null for one moment.';
GRANT SELECT ON care.lab_trend TO healthtrack_portal;
