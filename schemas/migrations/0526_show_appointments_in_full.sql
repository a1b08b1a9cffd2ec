-- A patient's appointments are read with their kind, series, cancellation and what they hold.
--
-- Columns are added at the end, so a program of before reads what it read. Locks the view for an instant. Undo: drop both and
-- make them as in migrations 36 and 138.
CREATE OR REPLACE VIEW care.appointment_history WITH (security_invoker = true) AS
SELECT a.patient_id, a.appointment_id, a.during, a.status, a.mode, a.reason, a.provider_id, a.facility_id,
       concat_ws(' ', p.given_name, p.family_name) AS provider_name, f.name AS facility_name,
       (SELECT count(*) FROM care.appointment_event e
        WHERE e.patient_id = a.patient_id AND e.appointment_id = a.appointment_id) AS changes,
       (SELECT count(*) FROM care.follow_up u
        WHERE u.patient_id = a.patient_id AND u.appointment_id = a.appointment_id AND u.status = 'recommended')
       AS open_follow_ups,
       a.appointment_type, a.appointment_series_id, a.cancellation_reason, a.cancelled_late,
       ARRAY(SELECT coalesce(r.name, e.name) FROM care.appointment_resource u
             LEFT JOIN care.room r ON r.room_id = u.room_id LEFT JOIN care.equipment e ON e.equipment_id = u.equipment_id
             WHERE u.patient_id = a.patient_id AND u.appointment_id = a.appointment_id AND u.released_at IS NULL
             ORDER BY u.room_id IS NULL, 1) AS resources
FROM care.appointment a JOIN care.provider p USING (provider_id) JOIN care.facility f USING (facility_id);
COMMENT ON COLUMN care.appointment_history.appointment_type      IS 'What kind of visit; null where nobody said.';
COMMENT ON COLUMN care.appointment_history.appointment_series_id IS 'The series that it is a part of; null for a single visit.';
COMMENT ON COLUMN care.appointment_history.cancellation_reason   IS 'Why it was cancelled; null where it was not, or nobody said.';
COMMENT ON COLUMN care.appointment_history.cancelled_late        IS 'True where it was cancelled within the notice that its facility asks for.';
COMMENT ON COLUMN care.appointment_history.resources             IS 'Names of the rooms and the equipment that it holds.';

DROP FUNCTION api.read_appointments(text, uuid, uuid);
CALL access.publish('read_appointments', '',
    'TABLE (appointment_id uuid, starts_at timestamptz, ends_at timestamptz, status text, mode text, provider_name text, facility_name text, changes bigint, open_follow_ups bigint, appointment_type text, series uuid, cancellation_reason text, cancelled_late boolean, resources text[])',
    $body$RETURN QUERY SELECT h.appointment_id, lower(h.during), upper(h.during), h.status, h.mode, h.provider_name, h.facility_name, h.changes, h.open_follow_ups,
        h.appointment_type, h.appointment_series_id, h.cancellation_reason, h.cancelled_late, h.resources
    FROM care.appointment_history h WHERE h.patient_id = patient ORDER BY lower(h.during) DESC LIMIT 500;$body$,
    'Appointments of a patient that whoever acts may see, the latest first, 500 at most.', look => $$'appointments'$$);
