-- What a portal asks most, through `api`: whom a provider cares for, the day of a provider or a desk, bills that are
-- due; and of one record its results, visits, former versions and plan.
--
-- A list of people is read under one look at all of them, as rates are: the policies decide who stands on it. Pages go on
-- after a row that was shown, so no page is skipped where somebody is added. Nobody is shown the key of another's
-- account, so a former version says by name who wrote it, and has neither numbers of identifiers nor legal holds in it,
-- which no other function shows. Locks nothing. Undo: drop them.
INSERT INTO access.look_kind (kind, scope, in_care, of_all) VALUES
    ('panel', 'none', false, true), ('day', 'none', false, true), ('due_invoices', 'none', false, true);
INSERT INTO access.look_kind (kind, scope) VALUES ('visits', 'chart');
INSERT INTO access.look_kind (kind, scope) VALUES ('history', 'none');

CALL access.publish('read_panel',
    'name_begins text, after_family text, after_given text[], after_patient uuid, rows_max integer',
    'TABLE (patient_id uuid, family text, given text[], born_on date, sex text)', $body$RETURN QUERY
    SELECT p.patient_id, n.family, n.given, p.born_on, p.sex
    FROM care.patient p JOIN care.patient_name n USING (patient_id)
    WHERE patient IS NULL AND p.patient_id = ANY ((SELECT access.patients_in_care())::uuid[])
      AND n.use = 'official' AND n.valid_during @> current_date
      AND (name_begins IS NULL OR starts_with(lower(n.family), lower(name_begins)))
      AND (after_patient IS NULL
           OR (lower(n.family), n.given, n.patient_id) > (lower(after_family), after_given, after_patient))
    ORDER BY lower(n.family), n.given, n.patient_id LIMIT least(rows_max, 200);$body$,
    'Whom the acting provider cares for, by name, those after the last line of the page before, 200 at most.',
    look => $$'panel'$$);

CALL access.publish('read_day', '"from" timestamptz, "to" timestamptz',
    'TABLE (appointment_id uuid, starts_at timestamptz, ends_at timestamptz, status text, mode text, patient_id uuid, family text, given text[])',
    $body$
    IF (patient IS NULL AND "to" > "from" AND "to" <= "from" + INTERVAL '8 days') IS NOT TRUE THEN
        PERFORM access.refuse('day_is_asked_within_bounds', 'Ask for eight days at most.');
    ELSIF me.part = 'provider' THEN
        RETURN QUERY SELECT v.appointment_id, lower(v.during), upper(v.during), v.status, v.mode, v.patient_id, n.family, n.given
        FROM care.appointment v LEFT JOIN care.patient_name n
            ON n.patient_id = v.patient_id AND n.use = 'official' AND n.valid_during @> current_date
        WHERE v.provider_id = (SELECT access.acting_provider()) AND lower(v.during) >= "from" AND lower(v.during) < "to"
        ORDER BY lower(v.during), v.appointment_id LIMIT 2000;
    ELSIF me.part = 'front_desk' THEN
        RETURN QUERY SELECT v.appointment_id, lower(v.during), upper(v.during), v.status, v.mode, v.patient_id, n.family, n.given
        FROM care.appointment v LEFT JOIN care.patient_name n
            ON n.patient_id = v.patient_id AND n.use = 'official' AND n.valid_during @> current_date
        WHERE v.facility_id = ANY ((SELECT access.own_facilities())::uuid[])
          AND lower(v.during) >= "from" AND lower(v.during) < "to"
        ORDER BY lower(v.during), v.appointment_id LIMIT 2000;
    END IF;$body$,
    'Appointments of the acting provider, or at the facility of the acting front desk, that begin in [from, to), eight days and 2,000 at most, with the names that the account may see.',
    look => $$'day'$$);

CALL access.publish('read_due_invoices',
    'due_before date, after_due_on date, after_invoice uuid, rows_max integer',
    'TABLE (invoice_id uuid, patient_id uuid, number text, due_on date)', $body$RETURN QUERY
    SELECT i.invoice_id, i.patient_id, i.number, i.due_on FROM care.invoice i
    WHERE patient IS NULL AND me.part = 'biller' AND i.facility_id = ANY ((SELECT access.own_facilities())::uuid[])
      AND i.status = 'issued' AND i.due_on < due_before
      AND (after_invoice IS NULL OR (i.due_on, i.invoice_id) > (after_due_on, after_invoice))
    ORDER BY i.due_on, i.invoice_id LIMIT least(rows_max, 500);$body$,
    'Issued invoices of the acting biller''s facility that were due before a day, the oldest first, those after the last line of the page before, 500 at most.',
    look => $$'due_invoices'$$);

CALL access.publish('read_results', 'of_loinc text, before timestamptz, before_result uuid, rows_max integer',
    'TABLE (lab_result_id uuid, observed_at timestamptz, loinc text, title text, value_number double precision, unit text, value_code text, value_text text, absent_reason text, flag text, status text)',
    $body$RETURN QUERY
    SELECT r.lab_result_id, r.observed_at, r.loinc, r.title, r.value_number::float8, r.unit::text, r.value_code, r.value_text,
           r.absent_reason, r.flag, r.status
    FROM care.lab_result r
    WHERE r.patient_id = patient AND (of_loinc IS NULL OR r.loinc = of_loinc)
      AND (before IS NULL OR (r.observed_at, r.lab_result_id) < (before, before_result)) AND r.status <> 'entered_in_error'
    ORDER BY r.observed_at DESC, r.lab_result_id DESC LIMIT least(rows_max, 500);$body$,
    'Results of a patient, of one test where it is named, the latest first, those before the last line of the page before, 500 at most.',
    look => $$'results'$$);

CALL access.publish('read_visits', 'before timestamptz, before_encounter uuid, rows_max integer',
    'TABLE (encounter_id uuid, began_at timestamptz, ended_at timestamptz, class text, reason text, facility_name text)',
    $body$RETURN QUERY
    SELECT e.encounter_id, lower(e.during), upper(e.during), e.class, e.reason, f.name
    FROM care.encounter e JOIN care.facility f USING (facility_id)
    WHERE e.patient_id = patient AND (before IS NULL OR (lower(e.during), e.encounter_id) < (before, before_encounter))
    ORDER BY lower(e.during) DESC, e.encounter_id DESC LIMIT least(rows_max, 500);$body$,
    'Visits and stays of a patient, the latest first, those before the last line of the page before, 500 at most.', look => $$'visits'$$);

CALL access.publish('read_history',
    'before timestamptz, before_relation text, before_row uuid, before_version integer, rows_max integer',
    'TABLE (relation text, row_id uuid, version integer, held_from timestamptz, superseded_at timestamptz, who text, image jsonb)',
    $body$RETURN QUERY
    SELECT h.relation, h.row_id, h.version, h.held_from, h.superseded_at,
           CASE WHEN h.changed_by ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                THEN access.name_of_account(h.changed_by::uuid) ELSE 'program' END,
           h.image - '{updated_by,legal_hold}'::text[] - CASE h.relation WHEN 'identifier' THEN 'value' ELSE '' END
    FROM care.history h WHERE h.patient_id = patient AND (before IS NULL OR
        (h.superseded_at, h.relation, h.row_id, h.version) < (before, before_relation, before_row, before_version))
    ORDER BY h.superseded_at DESC, h.relation DESC, h.row_id DESC, h.version DESC LIMIT least(rows_max, 500);$body$,
    'Former versions of the rows of a record, the latest first, those before the last line of the page before, 500 at most.',
    look => $$'history'$$);

CALL access.publish('read_plans', '',
    'TABLE (care_plan_id uuid, title text, edition integer, summary text, goal_id uuid, goal_title text, metric text, target double precision, unit text, comparator text, per text)',
    $body$RETURN QUERY
    SELECT c.care_plan_id, c.title, v.edition, v.summary, g.goal_id, g.title, g.metric, g.target, g.unit, g.comparator, g.per
    FROM (SELECT * FROM care.care_plan WHERE patient_id = patient) c
    JOIN care.care_plan_version v ON v.patient_id = patient AND v.care_plan_id = c.care_plan_id AND v.status = 'active'
    FULL JOIN (SELECT * FROM care.goal WHERE patient_id = patient AND pursued_during @> current_date) g
        ON g.care_plan_id = c.care_plan_id
    ORDER BY c.title, g.title, g.goal_id LIMIT 500;$body$,
    'Plans of a patient that are followed, with the goals that are pursued today; goals of no plan too, 500 at most.',
    look => $$'goals'$$);
