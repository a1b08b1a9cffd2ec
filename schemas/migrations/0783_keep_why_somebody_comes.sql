-- Why somebody comes, in their own words, is for themselves, who cares for them and the desk that receives them.
--
-- Who was granted the appointments alone, or acts for a patient in booking, sees when, where and with whom they are, and read the
-- reason beside it. The function is made anew with the same columns; locks nothing. Undo: make it as in migration 720.
DROP FUNCTION api.read_appointments(text, uuid, uuid);
CALL access.publish('read_appointments', '',
    'TABLE (appointment_id uuid, starts_at timestamptz, ends_at timestamptz, status text, mode text, provider_name text, facility_name text, changes bigint, open_follow_ups bigint, appointment_type text, series uuid, cancellation_reason text, cancelled_late boolean, resources text[], provider uuid, facility uuid, reason text, held_until timestamptz, notice_hours smallint, consented_at timestamptz)',
    $body$RETURN QUERY SELECT h.appointment_id, lower(h.during), upper(h.during), h.status, h.mode, h.provider_name, h.facility_name, h.changes, h.open_follow_ups,
        h.appointment_type, h.appointment_series_id, h.cancellation_reason, h.cancelled_late, h.resources,
        h.provider_id, h.facility_id,
        CASE WHEN access.part() = 'front_desk' AND h.facility_id = ANY ((SELECT access.own_facilities())::uuid[])
                  OR patient = ANY ((SELECT access.own_patients())::uuid[])
                  OR patient = ANY ((SELECT access.patients_in_care())::uuid[]) THEN h.reason END,
        (SELECT a.expires_at FROM care.appointment a WHERE a.appointment_id = h.appointment_id),
        (SELECT p.notice_hours FROM care.attendance_policy p WHERE p.facility_id = h.facility_id),
        (SELECT s.consented_at FROM care.telehealth_session s WHERE s.appointment_id = h.appointment_id)
    FROM care.appointment_history h WHERE h.patient_id = patient ORDER BY lower(h.during) DESC LIMIT 500;$body$,
    'Appointments of a patient that whoever acts may see, the latest first, 500 at most.', look => $$'appointments'$$);
