-- The record on one page says by which category a line is kept apart.
--
-- Who may see a condition, a prescription or a result that others may not should know that it is one, before it is read
-- out, printed or passed on. The view of standing results gets the column as its last. Replaces care.record_summary as it
-- stands, and locks nothing. Undo: the function of migration 49, and the view of migration 46.
CREATE OR REPLACE VIEW care.current_lab_result WITH (security_invoker = true) AS
    SELECT r.lab_result_id, r.patient_id, r.lab_order_id, r.amends_lab_result_id, r.created_at, r.updated_at, r.observed_at,
           r.issued_at, r.version, r.value_number, r.reference_low, r.reference_high, r.critical_low, r.critical_high, r.loinc,
           r.title, r.comparator, r.unit, r.value_code, r.value_text, r.absent_reason, r.status, r.flag, r.note, r.updated_by,
           r.sensitivity
    FROM care.lab_result r
    WHERE r.status <> 'entered_in_error' AND NOT EXISTS (
        SELECT FROM care.lab_result newer
        WHERE newer.amends_lab_result_id = r.lab_result_id AND newer.status <> 'entered_in_error');
COMMENT ON COLUMN care.current_lab_result.sensitivity IS 'Category by which it is kept apart; null for plain care.';
DO $$
DECLARE
    stands  text := pg_get_functiondef('care.record_summary(uuid)'::regprocedure);
    changed record;
BEGIN
    FOR changed IN SELECT * FROM (VALUES
        ('c.clinical_status, c.onset_on, c.version', 'c.clinical_status, c.onset_on, c.version, c.sensitivity'),
        ('AS ends_on, r.version', 'AS ends_on, r.version, r.sensitivity'),
        ('l.unit, l.flag, l.status, l.observed_at', 'l.unit, l.flag, l.status, l.observed_at, l.sensitivity')
    ) AS list (former, replaced) LOOP
        IF strpos(stands, changed.former) = 0 THEN
            RAISE EXCEPTION 'care.record_summary is not what it was: its lines must say their category';
        END IF;
        stands := replace(stands, changed.former, changed.replaced);
    END LOOP;
    EXECUTE stands;
END $$;
