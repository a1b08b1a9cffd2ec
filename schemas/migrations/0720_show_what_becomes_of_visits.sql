-- Appointments are read with whom, where and why they are, until when they are held, and what cancelling asks for; entries of the
-- wait-list with what is waited for; goals with how they are measured. So a patient can move, confirm, join and leave by what is read.
--
-- Columns are added at the end, so a program of before reads what it read. Locks nothing. Undo: drop the three and make them as in
-- migrations 526, 138 and 197.
DROP FUNCTION api.read_appointments(text, uuid, uuid);
CALL access.publish('read_appointments', '',
    'TABLE (appointment_id uuid, starts_at timestamptz, ends_at timestamptz, status text, mode text, provider_name text, facility_name text, changes bigint, open_follow_ups bigint, appointment_type text, series uuid, cancellation_reason text, cancelled_late boolean, resources text[], provider uuid, facility uuid, reason text, held_until timestamptz, notice_hours smallint, consented_at timestamptz)',
    $body$RETURN QUERY SELECT h.appointment_id, lower(h.during), upper(h.during), h.status, h.mode, h.provider_name, h.facility_name, h.changes, h.open_follow_ups,
        h.appointment_type, h.appointment_series_id, h.cancellation_reason, h.cancelled_late, h.resources,
        h.provider_id, h.facility_id, h.reason,
        (SELECT a.expires_at FROM care.appointment a WHERE a.appointment_id = h.appointment_id),
        (SELECT p.notice_hours FROM care.attendance_policy p WHERE p.facility_id = h.facility_id),
        (SELECT s.consented_at FROM care.telehealth_session s WHERE s.appointment_id = h.appointment_id)
    FROM care.appointment_history h WHERE h.patient_id = patient ORDER BY lower(h.during) DESC LIMIT 500;$body$,
    'Appointments of a patient that whoever acts may see, the latest first, 500 at most.', look => $$'appointments'$$);

DROP FUNCTION api.read_waitlist(text, uuid, uuid);
CALL access.publish('read_waitlist', '',
    'TABLE (entry uuid, status text, appointment uuid, facility_name text, provider_name text, since timestamptz, until_at timestamptz, minutes smallint, mode text)',
    $body$RETURN QUERY SELECT w.waitlist_entry_id, w.status, w.appointment_id, f.name,
        (SELECT concat_ws(' ', p.given_name, p.family_name) FROM care.provider p WHERE p.provider_id = w.provider_id),
        lower(w.wanted_during), upper(w.wanted_during), w.minutes, w.mode
    FROM care.waitlist_entry w JOIN care.facility f USING (facility_id)
    WHERE w.patient_id = patient ORDER BY w.joined_at DESC, w.waitlist_entry_id LIMIT 200;$body$,
    'How it stands with a patient''s entries of the wait-list, the latest first, 200 at most.', look => $$'waitlist'$$);

DROP FUNCTION api.read_plans(text, uuid, uuid);
CALL access.publish('read_plans', '',
    'TABLE (care_plan_id uuid, title text, edition integer, summary text, goal_id uuid, goal_title text, metric text, target double precision, unit text, comparator text, per text, measure text, first_on date, stop_on date)',
    $body$RETURN QUERY
    SELECT c.care_plan_id, c.title, v.edition, v.summary, g.goal_id, g.title, g.metric, g.target, g.unit, g.comparator, g.per,
           g.measure, lower(g.pursued_during), upper(g.pursued_during)
    FROM (SELECT * FROM care.care_plan WHERE patient_id = patient) c
    JOIN care.care_plan_version v ON v.patient_id = patient AND v.care_plan_id = c.care_plan_id AND v.status = 'active'
    FULL JOIN (SELECT * FROM care.goal WHERE patient_id = patient AND pursued_during @> current_date) g
        ON g.care_plan_id = c.care_plan_id
    ORDER BY c.title, g.title, g.goal_id LIMIT 500;$body$,
    'Plans of a patient that are followed, with the goals that are pursued today; goals of no plan too, 500 at most.', look => $$'goals'$$);
