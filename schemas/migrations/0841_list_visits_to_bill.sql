-- A biller sees which visits at the facility wait for an invoice, and by which prices: what is charged began outside until now.
--
-- A visit that took place is charged by the list; of one that was missed, or cancelled too late, the facility's policy says what it
-- costs. Appointments are not open to who bills, so a function beside the policies tells what a bill needs of them: when, of which
-- kind, with whom; no name of a patient and no reason. Reading past is bounded to a year.
-- New functions, locks nothing. Undo: drop them.
CREATE FUNCTION access.bill_of_visit(patient uuid, visit uuid) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(
        (SELECT i.invoice_id FROM care.charge h JOIN care.invoice i USING (invoice_id)
         WHERE h.patient_id = patient AND h.appointment_id = visit AND i.status <> 'void' ORDER BY i.created_at LIMIT 1),
        (SELECT i.invoice_id FROM care.encounter e
         JOIN care.charge h ON h.patient_id = e.patient_id AND h.encounter_id = e.encounter_id
         JOIN care.invoice i ON i.invoice_id = h.invoice_id
         WHERE e.patient_id = patient AND e.appointment_id = visit AND i.status <> 'void' ORDER BY i.created_at LIMIT 1))
$$;
COMMENT ON FUNCTION access.bill_of_visit(uuid, uuid) IS 'The invoice that stands for a visit, by its charges or those of its encounter; null where there is none.';
REVOKE ALL ON FUNCTION access.bill_of_visit(uuid, uuid) FROM PUBLIC;

CREATE FUNCTION access.visits_to_bill(of_visit uuid, coming boolean, after_starts timestamptz, after_visit uuid, rows_max integer)
    RETURNS TABLE (appointment_id uuid, patient_id uuid, starts_at timestamptz, served_on date, status text, mode text, kind text,
                   provider_name text, facility_id uuid, usual_code text, invoice_id uuid, is_chargeable boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    own    constant uuid := (SELECT a.facility_id FROM access.account a
                             WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND a.part = 'biller');
    fee    constant text := (SELECT p.charge_code FROM care.attendance_policy p WHERE p.facility_id = own);
    picked uuid[];
BEGIN
    -- Each list is read in the order of its index and stops with its page.
    IF of_visit IS NOT NULL THEN
        picked := ARRAY[of_visit];
    ELSIF coming THEN
        picked := ARRAY(SELECT a.appointment_id FROM care.appointment a
                        WHERE a.facility_id = own AND a.status = 'booked' AND lower(a.during) > greatest(now(), after_starts)
                           OR a.facility_id = own AND a.status = 'booked' AND lower(a.during) = after_starts
                          AND a.appointment_id > after_visit
                        ORDER BY lower(a.during), a.appointment_id LIMIT least(rows_max, 500));
    ELSE
        picked := ARRAY(SELECT a.appointment_id FROM care.appointment a
                        WHERE a.facility_id = own AND lower(a.during) <= least(now(), after_starts)
                          AND lower(a.during) > now() - INTERVAL '1 year'
                          AND (after_visit IS NULL OR (lower(a.during), a.appointment_id) < (after_starts, after_visit))
                          AND (a.status = 'completed'
                               OR fee IS NOT NULL AND (a.status = 'no_show' OR a.status = 'cancelled' AND a.cancelled_late))
                          AND access.bill_of_visit(a.patient_id, a.appointment_id) IS NULL
                        ORDER BY lower(a.during) DESC, a.appointment_id DESC LIMIT least(rows_max, 500));
    END IF;
    RETURN QUERY
    SELECT a.appointment_id, a.patient_id, lower(a.during), (lower(a.during) AT TIME ZONE f.time_zone)::date, a.status, a.mode,
           t.title, concat_ws(' ', w.given_name, w.family_name), a.facility_id,
           CASE WHEN a.status IN ('no_show', 'cancelled') THEN fee
                ELSE (SELECT min(k.charge_code) FROM care.charge_code k
                      WHERE k.category = CASE a.mode WHEN 'telehealth' THEN 'telehealth' ELSE 'office_visit' END
                        AND (k.retired_on <= current_date) IS NOT TRUE
                      HAVING count(*) = 1) END,
           access.bill_of_visit(a.patient_id, a.appointment_id),
           a.status = 'completed'
           OR fee IS NOT NULL AND (a.status = 'no_show' OR a.status = 'cancelled' AND a.cancelled_late IS TRUE)
    FROM unnest(picked) WITH ORDINALITY AS o (visit, place)
    JOIN care.appointment a ON a.appointment_id = o.visit
    JOIN care.facility f ON f.facility_id = a.facility_id
    JOIN care.provider w ON w.provider_id = a.provider_id
    LEFT JOIN care.appointment_type t ON t.appointment_type = a.appointment_type
    WHERE a.facility_id = own AND a.status <> 'held'
    ORDER BY o.place;
END $$;
COMMENT ON FUNCTION access.visits_to_bill(uuid, boolean, timestamptz, uuid, integer) IS
    'Visits at the facility of the acting biller: one of them, those to come, or those of a year that nobody has charged; what a bill needs of each.';
REVOKE ALL ON FUNCTION access.visits_to_bill(uuid, boolean, timestamptz, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.visits_to_bill(uuid, boolean, timestamptz, uuid, integer) TO healthtrack_care;

CALL access.publish('list_visits_to_bill', 'coming boolean, after_starts timestamptz, after_visit uuid, rows_max integer',
    'TABLE (appointment_id uuid, patient_id uuid, starts_at timestamptz, status text, mode text, kind text, provider_name text)',
    $body$RETURN QUERY
    SELECT v.appointment_id, v.patient_id, v.starts_at, v.status, v.mode, v.kind, v.provider_name
    FROM access.visits_to_bill(NULL, coming, after_starts, after_visit, rows_max) v WHERE patient IS NULL;$body$,
    'Visits at the acting biller''s facility that wait for an invoice, the newest first, or that are to come, the next first; 500 at most.',
    look => $$'due_invoices'$$);

CALL access.publish('read_visit_to_bill', 'appointment uuid',
    'TABLE (appointment_id uuid, patient_id uuid, starts_at timestamptz, status text, mode text, kind text, provider_name text,
            served_on date, facility_id uuid, usual_code text, invoice_id uuid, is_chargeable boolean)', $body$RETURN QUERY
    SELECT v.appointment_id, v.patient_id, v.starts_at, v.status, v.mode, v.kind, v.provider_name, v.served_on, v.facility_id,
           v.usual_code, v.invoice_id, v.is_chargeable
    FROM access.visits_to_bill(appointment, false, NULL, NULL, 1) v WHERE patient IS NULL;$body$,
    'One visit at the acting biller''s facility: what a bill needs of it, the code that is usual for it, and its invoice where it has one.',
    look => $$'due_invoices'$$);

CALL access.publish('list_charge_codes', 'on_day date',
    'TABLE (charge_code text, title text, category text, cents bigint, currency text, retired_on date)', $body$RETURN QUERY
    SELECT k.charge_code, k.title, k.category, (k.unit_price * 100)::bigint, k.currency::text, k.retired_on FROM care.charge_code k
    WHERE on_day IS NULL OR daterange(NULL, k.retired_on) @> on_day
    ORDER BY k.title, k.charge_code LIMIT 2000;$body$,
    'The price list: what can be charged on a day, or all that ever could where none is named; 2,000 at most.');
