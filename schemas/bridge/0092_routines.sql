-- Routines and views of the former migrations whose text or comment is another one in today's.
--
-- Written down from a fresh database as it was after migration 92; a test compares a moved database with a fresh one.
-- Replaces them; rights stay. Locks each view for an instant. Undo: restore a backup.
ALTER FUNCTION care.keep_up() RENAME TO run_maintenance;

CREATE OR REPLACE PROCEDURE access.guard(IN guarded regclass, IN kind text)
 LANGUAGE plpgsql
AS $procedure$
DECLARE
    own      constant text := 'patient_id = ANY ((SELECT access.own_patients())::uuid[])';
    in_care  constant text := 'patient_id = ANY ((SELECT access.patients_in_care())::uuid[])';
    granted  constant text := 'patient_id = ANY ((SELECT access.patients_granted(%L))::uuid[])';
    visiting constant text := 'patient_id = ANY ((SELECT access.patients_at_desk())::uuid[])';
    at_desk  constant text :=
        'facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND (SELECT access.part()) = %L';
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO healthtrack_migrator', guarded);
    EXECUTE format('CREATE POLICY maintenance ON %s FOR ALL TO healthtrack_migrator
                    USING (true) WITH CHECK (true)', guarded);
    CASE kind
        WHEN 'directory' THEN
            EXECUTE format('GRANT SELECT ON %s TO healthtrack_portal', guarded);
            EXECUTE format('CREATE POLICY everybody_reads ON %s FOR SELECT TO healthtrack_portal
                            USING ((SELECT access.part()) IS NOT NULL)', guarded);
        WHEN 'chart', 'own_chart', 'demographics', 'schedule' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_portal', guarded);
            EXECUTE format('CREATE POLICY care ON %s FOR ALL TO healthtrack_portal USING (%s) WITH CHECK (%s)', guarded,
                in_care, in_care);
            EXECUTE format('CREATE POLICY granted ON %s FOR SELECT TO healthtrack_portal USING (%s)', guarded,
                format(granted, CASE kind WHEN 'schedule' THEN 'schedule' ELSE 'chart' END));
            IF kind = 'chart' THEN
                EXECUTE format('CREATE POLICY own ON %s FOR SELECT TO healthtrack_portal USING (%s)', guarded, own);
            ELSE
                EXECUTE format('CREATE POLICY own ON %s FOR ALL TO healthtrack_portal
                                USING (%s) WITH CHECK (%s)', guarded,
                    own, own);
            END IF;
            IF kind = 'schedule' THEN
                EXECUTE format('CREATE POLICY desk ON %s FOR ALL TO healthtrack_portal
                                USING (%s) WITH CHECK (%s)', guarded,
                    format(at_desk, 'front_desk'), format(at_desk, 'front_desk'));
            ELSIF kind = 'demographics' THEN
                EXECUTE format('CREATE POLICY desk ON %s FOR ALL TO healthtrack_portal
                                USING (%s) WITH CHECK (%s)', guarded,
                    visiting, visiting);
            END IF;
        WHEN 'billing' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_portal', guarded);
            EXECUTE format('CREATE POLICY own ON %s FOR SELECT TO healthtrack_portal USING (%s)', guarded, own);
            EXECUTE format('CREATE POLICY granted ON %s FOR SELECT TO healthtrack_portal USING (%s)', guarded,
                format(granted, kind));
            EXECUTE format('CREATE POLICY desk ON %s FOR ALL TO healthtrack_portal USING (%s) WITH CHECK (%s)', guarded,
                format(at_desk, 'biller'), format(at_desk, 'biller'));
        WHEN 'journal', 'behavioural_health' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_portal', guarded);
            EXECUTE format('CREATE POLICY own ON %s FOR ALL TO healthtrack_portal
                            USING (%s) WITH CHECK (%s)', guarded, own, own);
            EXECUTE format('CREATE POLICY granted ON %s FOR SELECT TO healthtrack_portal USING (%s)', guarded,
                format(granted, kind));
        WHEN 'internal' THEN
            NULL;
    END CASE;
END $procedure$;
COMMENT ON PROCEDURE access.guard(regclass,text) IS 'Turns row-level security on for a table and makes the policies of a kind: directory, chart, own_chart, demographics, schedule, billing, journal, behavioural_health or internal.';

CREATE OR REPLACE FUNCTION access.is_analyst()
 RETURNS boolean
 LANGUAGE sql
 STABLE
RETURN (pg_has_role(SESSION_USER, 'healthtrack_analyst'::name, 'MEMBER'::text) OR COALESCE((access.part() = 'analyst'::text), false));
COMMENT ON FUNCTION access.is_analyst() IS 'True for a login with healthtrack_analyst and for an account that plays that part.';

CREATE OR REPLACE FUNCTION access.is_reviewer()
 RETURNS boolean
 LANGUAGE sql
 STABLE
RETURN (pg_has_role(SESSION_USER, 'healthtrack_auditor'::name, 'MEMBER'::text) OR COALESCE((access.part() = 'privacy_officer'::text), false));
COMMENT ON FUNCTION access.is_reviewer() IS 'True for a login with healthtrack_auditor and for a privacy officer.';

CREATE OR REPLACE FUNCTION access.refuse_change_of_audit()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM access.refuse('audit_is_only_appended', 'What was audited stays: nothing of it is changed or removed.');
END $function$;
COMMENT ON FUNCTION access.refuse_change_of_audit() IS 'Trigger: refuses each UPDATE, DELETE and TRUNCATE.';

CREATE OR REPLACE FUNCTION care.activate_care_plan(care_plan_version_id uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    plan   uuid;
    moment timestamptz;
BEGIN
    SELECT known.care_plan_id INTO plan FROM care.care_plan_version AS known WHERE known.care_plan_version_id = $1;
    PERFORM FROM care.care_plan AS known WHERE known.care_plan_id = plan FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM care.refuse('care_plan_is_within_reach', 'There is no such plan of a patient in your care.');
    END IF;
    PERFORM FROM care.care_plan_version AS known WHERE known.care_plan_version_id = $1 AND known.status = 'draft';
    IF NOT FOUND THEN
        PERFORM care.refuse('care_plan_version_is_a_draft', 'Only a draft becomes active: write the next edition.');
    END IF;
    -- Who has waited for the lock began before the edition that was activated meanwhile.
    SELECT greatest(now(), max(known.activated_at)) INTO moment FROM care.care_plan_version AS known
    WHERE known.care_plan_id = plan;
    UPDATE care.care_plan_version AS known SET status = 'ended', ended_at = moment
    WHERE known.care_plan_id = plan AND known.status = 'active';
    UPDATE care.care_plan_version AS known SET status = 'active', activated_at = moment
    WHERE known.care_plan_version_id = $1;
END $function$;
COMMENT ON FUNCTION care.activate_care_plan(uuid) IS 'Makes a draft the active edition of its plan and ends the one before, in one step.';

CREATE OR REPLACE FUNCTION care.add_patient(person jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    registered uuid;
BEGIN
    IF NOT jsonb_path_exists(person, '$.names[*] ? (@.use == "official")') THEN
        PERFORM care.refuse('patient_has_an_official_name', 'Give the patient''s official name.');
    END IF;
    INSERT INTO care.patient (born_on, sex, time_zone)
    VALUES ((person ->> 'born_on')::date, person ->> 'sex', person ->> 'time_zone')
    RETURNING patient_id INTO registered;
    INSERT INTO care.patient_name (patient_id, use, family, given, prefix, suffix)
    SELECT registered, n.use, n.family, n.given, n.prefix, n.suffix
    FROM jsonb_to_recordset(person -> 'names') AS n (use text, family text, given text[], prefix text, suffix text);
    INSERT INTO care.address (patient_id, use, lines, city, state, postal_code, country)
    SELECT registered, a.use, a.lines, a.city, a.state, a.postal_code, coalesce(a.country, 'US')
    FROM jsonb_to_recordset(coalesce(person -> 'addresses', '[]'))
        AS a (use text, lines text[], city text, state text, postal_code text, country text);
    INSERT INTO care.contact_point (patient_id, system, use, value, rank, preferred)
    SELECT registered, c.system, c.use, c.value,
           row_number() OVER (PARTITION BY c.system ORDER BY c.preferred DESC NULLS LAST), coalesce(c.preferred, false)
    FROM jsonb_to_recordset(coalesce(person -> 'contacts', '[]'))
        AS c (system text, use text, value text, preferred boolean);
    INSERT INTO care.identifier (patient_id, facility_id, system, value)
    SELECT registered, i.facility_id, i.system, i.value
    FROM jsonb_to_recordset(coalesce(person -> 'identifiers', '[]')) AS i (facility_id uuid, system text, value text);
    RETURN registered;
END $function$;
COMMENT ON FUNCTION care.add_patient(jsonb) IS 'Adds a patient with names, addresses, contacts and identifiers, all or nothing, and returns the new key; with its caller''s rights.';

CREATE OR REPLACE FUNCTION care.adjudicate_claim(of_claim uuid, charges uuid[], accepted numeric[], adjusted numeric[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM FROM care.invoice JOIN care.claim USING (invoice_id) WHERE claim_id = of_claim FOR NO KEY UPDATE OF invoice;
    IF NOT EXISTS (SELECT FROM care.claim WHERE claim_id = of_claim AND status = 'submitted') THEN
        PERFORM care.refuse('claim_is_answered_once', 'There is no such open claim: it may be answered already.');
    END IF;
    IF (SELECT array_agg(charge_id ORDER BY charge_id) FROM care.claim_line WHERE claim_id = of_claim)
        IS DISTINCT FROM (SELECT array_agg(charge ORDER BY charge) FROM unnest(charges) AS charge)
    THEN
        PERFORM care.refuse('claim_answer_is_whole', 'An answer names each charge of the claim once.');
    END IF;
    UPDATE care.claim_line SET accepted_amount = answer.accepted, adjusted_amount = answer.adjusted
    FROM unnest(charges, accepted, adjusted) AS answer (charge, accepted, adjusted)
    WHERE claim_id = of_claim AND charge_id = answer.charge;
    UPDATE care.claim SET status = 'adjudicated', adjudicated_at = now(), accepted_amount = answer.accepted,
                          adjusted_amount = answer.adjusted, denied_amount = answer.denied
    FROM (SELECT sum(accepted_amount) AS accepted, sum(adjusted_amount) AS adjusted, sum(denied_amount) AS denied
          FROM care.claim_line WHERE claim_id = of_claim) AS answer
    WHERE claim_id = of_claim;
END $function$;
COMMENT ON FUNCTION care.adjudicate_claim(uuid,uuid[],numeric[],numeric[]) IS 'Takes in the insurer''s answer: for each charge of the claim what is accepted and what is adjusted; the rest is denied.';

CREATE OR REPLACE FUNCTION care.amend_lab_result(result uuid, number numeric, remark text)
 RETURNS uuid
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    amended uuid;
BEGIN
    INSERT INTO care.lab_result (patient_id, lab_order_id, amends_lab_result_id, observed_at, value_number, unit,
                                 reference_low, reference_high, critical_low, critical_high, loinc, title, status, note)
    SELECT r.patient_id, r.lab_order_id, r.lab_result_id, r.observed_at, number, r.unit,
           r.reference_low, r.reference_high, r.critical_low, r.critical_high, r.loinc, r.title, 'amended', remark
    FROM care.lab_result r WHERE r.lab_result_id = result
    RETURNING lab_result_id INTO amended;
    IF amended IS NULL THEN
        PERFORM care.refuse('lab_result_is_known', 'There is no such result.');
    END IF;
    RETURN amended;
END $function$;
COMMENT ON FUNCTION care.amend_lab_result(uuid,numeric,text) IS 'Corrects the number of a final result by a new row, which it returns; the former row stays.';

CREATE OR REPLACE FUNCTION care.attend(programme_session_id uuid, patient_id uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    session care.programme_session;
    place   uuid;
    made    uuid;
BEGIN
    SELECT * INTO session FROM care.programme_session AS known WHERE known.programme_session_id = $1;
    IF NOT coalesce(session.programme_id = ANY (care.programmes_run()), false) THEN
        PERFORM care.refuse('attendance_is_noted_by_staff', 'Only the programme''s own staff note who attends.');
    END IF;
    IF session.cancelled_at IS NOT NULL OR lower(session.during) > now() + INTERVAL '1 hour' THEN
        PERFORM care.refuse('attendance_is_of_a_session_that_takes_place',
            'Attendance is noted from an hour before a session, unless it is called off.');
    END IF;
    SELECT known.enrolment_id INTO place FROM care.enrolment AS known
    WHERE known.programme_id = session.programme_id AND known.patient_id = $2
      AND known.status IN ('enrolled', 'completed') FOR SHARE;
    IF NOT FOUND THEN
        PERFORM care.refuse('attendance_is_of_the_enrolled',
            'Only who has a seat in this programme attends its sessions.');
    END IF;
    INSERT INTO care.attendance AS noted (patient_id, programme_id, enrolment_id, programme_session_id)
    VALUES ($2, session.programme_id, place, $1) RETURNING noted.attendance_id INTO made;
    RETURN made;
END $function$;
COMMENT ON FUNCTION care.attend(uuid,uuid) IS 'Notes a participant at a session, by the programme''s staff; the key.';

CREATE OR REPLACE FUNCTION care.carry_out_moderation()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    hidden timestamptz := CASE NEW.action WHEN 'hide' THEN NEW.decided_at END;
    banned timestamptz := CASE NEW.action WHEN 'ban' THEN NEW.decided_at END;
BEGIN
    PERFORM FROM access.account WHERE account_id = NEW.account_id AND part = 'moderator';
    IF NOT FOUND THEN
        PERFORM care.refuse('moderation_is_by_a_moderator', 'Only a moderator decides about posts and members.');
    END IF;
    IF NEW.space_member_id IS NOT NULL THEN
        UPDATE care.space_member SET banned_at = banned WHERE space_member_id = NEW.space_member_id;
    ELSIF NEW.reply_id IS NOT NULL THEN
        UPDATE care.reply SET hidden_at = hidden WHERE reply_id = NEW.reply_id;
    ELSE
        UPDATE care.post SET hidden_at = hidden WHERE post_id = NEW.post_id;
    END IF;
    RETURN NULL;
END $function$;
COMMENT ON FUNCTION care.carry_out_moderation() IS 'Trigger after a decision: hides or shows the post or answer, bans or readmits the member.';

CREATE OR REPLACE FUNCTION care.charge_only_drafts()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    invoice uuid;
    stands  text;
BEGIN
    FOREACH invoice IN ARRAY
        CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.invoice_id] WHEN 'DELETE' THEN ARRAY[OLD.invoice_id]
                   ELSE ARRAY[OLD.invoice_id, NEW.invoice_id] END
    LOOP
        -- Waits for whoever issues it in this moment, and then sees that it is issued.
        SELECT i.status INTO stands FROM care.invoice i WHERE i.invoice_id = invoice FOR SHARE;
        IF stands <> 'draft' THEN
            PERFORM care.refuse('charge_is_fixed_once_issued', 'This invoice is issued: void it and write another.');
        END IF;
    END LOOP;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $function$;
COMMENT ON FUNCTION care.charge_only_drafts() IS 'Trigger: refuses to add, change or remove a charge of an invoice that is issued.';

CREATE OR REPLACE FUNCTION care.check_answer()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    item   jsonb;
    state  text;
BEGIN
    SELECT r.status, (SELECT i FROM jsonb_array_elements(n.items) AS i WHERE i ->> 'link_id' = NEW.link_id)
    INTO state, item
    FROM care.questionnaire_response r JOIN care.questionnaire n USING (questionnaire_id)
    WHERE r.patient_id = NEW.patient_id AND r.questionnaire_response_id = NEW.questionnaire_response_id FOR SHARE OF r;
    IF NOT FOUND THEN
        RETURN NEW;  -- The foreign key says it better.
    END IF;
    IF state <> 'in_progress' THEN
        PERFORM care.refuse('answer_that_is_complete_is_not_altered',
            'These answers are complete: answer the questionnaire anew.');
    END IF;
    IF item IS NULL OR NOT coalesce(CASE item ->> 'type'
        WHEN 'choice'  THEN item -> 'options' @> jsonb_build_array(jsonb_build_object('value', NEW.value_number))
        WHEN 'integer' THEN NEW.value_number = trunc(NEW.value_number)
        WHEN 'number'  THEN NEW.value_number IS NOT NULL
        WHEN 'text'    THEN NEW.value_text IS NOT NULL
        WHEN 'boolean' THEN NEW.value_boolean IS NOT NULL
        WHEN 'date'    THEN NEW.value_on IS NOT NULL
    END, false) THEN
        PERFORM care.refuse('answer_fits_its_question', 'This is no answer to that question.');
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.check_answer() IS 'Trigger: an answer fits its question, and changes only until all are complete.';

CREATE OR REPLACE FUNCTION care.check_claim_line()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT EXISTS (
        SELECT FROM care.charge h, care.claim c JOIN care.coverage v USING (coverage_id)
        WHERE h.charge_id = NEW.charge_id AND c.claim_id = NEW.claim_id AND v.covered_during @> h.served_on
    ) THEN
        PERFORM care.refuse('claim_is_covered_on_the_day_of_service',
            'This coverage was not valid on the day of service.');
    END IF;
    -- Who inserts a claim holds its invoice, so no two claims take the same rest.
    IF (SELECT h.amount FROM care.charge h WHERE h.charge_id = NEW.charge_id)
        < (SELECT sum(coalesce(l.accepted_amount + l.adjusted_amount, l.submitted_amount))
           FROM care.claim_line l WHERE l.charge_id = NEW.charge_id)
    THEN
        PERFORM care.refuse('claim_is_not_above_its_charge',
            'A charge is claimed once: ask only for what earlier claims have left.');
    END IF;
    RETURN NULL;
END $function$;
COMMENT ON FUNCTION care.check_claim_line() IS 'Trigger: refuses a line that was not covered on its day, or that asks for more than earlier claims left.';

CREATE OR REPLACE FUNCTION care.check_claim_sum()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT EXISTS (
        SELECT FROM care.claim_line l JOIN care.claim c USING (claim_id) WHERE c.claim_id = NEW.claim_id
        GROUP BY c.claim_id
        HAVING sum(l.submitted_amount) = c.submitted_amount
           AND sum(l.accepted_amount) IS NOT DISTINCT FROM c.accepted_amount
           AND sum(l.adjusted_amount) IS NOT DISTINCT FROM c.adjusted_amount
           AND bool_and((l.accepted_amount IS NOT NULL) = (c.status = 'adjudicated'))
    ) THEN
        PERFORM care.refuse('claim_is_the_sum_of_its_lines', 'The amounts of a claim are the sums of its lines.');
    END IF;
    RETURN NULL;
END $function$;
COMMENT ON FUNCTION care.check_claim_sum() IS 'Deferred trigger: a claim''s amounts are the sums of its lines when the transaction ends.';

CREATE OR REPLACE FUNCTION care.check_clinical_report()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    former text;
BEGIN
    IF NEW.signed_by IS NOT NULL AND NEW.status <> 'entered_in_error' AND access.actor() IS NOT NULL
       AND access.acting_provider() IS DISTINCT FROM NEW.signed_by THEN
        PERFORM care.refuse('clinical_report_is_signed_in_person', 'A provider signs in the own name only.');
    END IF;
    IF access.actor() IS NOT NULL AND NEW.signed_at IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.signed_at IS NULL) THEN
        NEW.signed_at := now();
    END IF;
    SELECT r.status INTO former FROM care.clinical_report r
    WHERE r.patient_id = NEW.patient_id AND r.clinical_report_id = NEW.amends_clinical_report_id FOR SHARE;
    IF former NOT IN ('final', 'amended') AND NEW.status <> 'entered_in_error' THEN
        PERFORM care.refuse('clinical_report_amends_what_was_signed',
            'Only a report that is signed is corrected by another: change this one instead.');
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.check_clinical_report() IS 'Trigger: through the portal a report is signed by whoever acts, and now; only what was signed is corrected by another row.';

CREATE OR REPLACE FUNCTION care.check_dispense()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    ordered care.prescription;
    fills   bigint;
BEGIN
    IF NEW.status <> 'completed' THEN
        RETURN NEW;
    END IF;
    SELECT * INTO ordered FROM care.prescription p
    WHERE p.patient_id = NEW.patient_id AND p.prescription_id = NEW.prescription_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NEW;  -- The foreign key says it better.
    END IF;
    -- A fill that is only corrected may be of a prescription that has ended since.
    IF (TG_OP = 'INSERT' AND ordered.status <> 'active') OR NOT ordered.valid_during @> NEW.filled_on THEN
        PERFORM care.refuse('dispense_is_within_a_valid_prescription', 'This prescription is not valid on that day.');
    END IF;
    IF NEW.quantity > ordered.quantity THEN
        PERFORM care.refuse('dispense_is_within_the_quantity', 'This is more than was prescribed for one fill.');
    END IF;
    SELECT count(*) INTO fills FROM care.dispense d
    WHERE d.prescription_id = NEW.prescription_id AND d.status = 'completed' AND d.dispense_id <> NEW.dispense_id;
    IF fills > ordered.refills_allowed THEN
        PERFORM care.refuse('dispense_is_within_the_refills', 'All refills of this prescription have been used.');
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.check_dispense() IS 'Trigger: a fill keeps to its prescription''s days, quantity and refills, also beside another fill.';

CREATE OR REPLACE FUNCTION care.check_lab_amendment()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    former text;
BEGIN
    SELECT r.status INTO former FROM care.lab_result r
    WHERE r.patient_id = NEW.patient_id AND r.lab_result_id = NEW.amends_lab_result_id FOR SHARE;
    IF former NOT IN ('final', 'amended') THEN
        PERFORM care.refuse('lab_result_amends_what_was_final',
            'Only a result that is final is corrected: change this one instead.');
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.check_lab_amendment() IS 'Trigger: only what was final is corrected by another row.';

CREATE OR REPLACE FUNCTION care.check_ledger_sum()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF (SELECT sum(e.amount) FROM care.ledger_entry e WHERE e.ledger_transaction_id = NEW.ledger_transaction_id)
        IS DISTINCT FROM 0
    THEN
        PERFORM care.refuse('ledger_transaction_sums_to_zero', 'The entries of a transaction sum to zero.');
    END IF;
    RETURN NULL;
END $function$;
COMMENT ON FUNCTION care.check_ledger_sum() IS 'Deferred trigger: a transaction has entries, and they sum to zero, when the database transaction ends.';

CREATE OR REPLACE FUNCTION care.check_payment()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM care.lock_issued_invoice(NEW.invoice_id);
    IF NEW.claim_id IS NOT NULL
       AND NOT EXISTS (SELECT FROM care.claim c WHERE c.claim_id = NEW.claim_id AND c.status = 'adjudicated')
    THEN
        PERFORM care.refuse('payment_follows_the_answer', 'An insurer pays after it has answered the claim.');
    END IF;
    IF NEW.amount > care.ledger_balance(
           NEW.invoice_id, (CASE NEW.payer WHEN 'patient' THEN 'receivable' ELSE 'insurer_receivable' END), NEW.claim_id)
    THEN
        PERFORM care.refuse('payment_is_not_above_what_is_due', 'This is more than what is due.');
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.check_payment() IS 'Trigger: refuses a payment above what its payer owes.';

CREATE OR REPLACE FUNCTION care.check_prescriber()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.actor() IS NOT NULL AND access.acting_provider() IS DISTINCT FROM NEW.prescriber_id THEN
        PERFORM care.refuse('prescriber_acts_in_person', 'A provider prescribes in the own name only.');
    END IF;
    IF access.actor() IS NOT NULL THEN
        NEW.authored_at := now();
    END IF;
    IF NOT EXISTS (
        SELECT FROM access.care_relationship r
        WHERE r.provider_id = NEW.prescriber_id AND r.patient_id = NEW.patient_id AND r.valid_during @> NEW.authored_at
    ) THEN
        PERFORM care.refuse('prescriber_cares_for_the_patient',
            'The prescriber did not care for this patient at that time.');
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.check_prescriber() IS 'Trigger: a prescription is written by a provider in care, and through the portal in the own name and now.';

CREATE OR REPLACE FUNCTION care.check_prescription_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    may_change constant text[] :=
        '{status, status_reason, valid_during, refills_allowed, version, updated_at, updated_by}';
BEGIN
    IF OLD.status IN ('completed', 'stopped', 'entered_in_error')
       AND NEW.status NOT IN (OLD.status, 'entered_in_error') THEN
        PERFORM care.refuse('prescription_that_ended_stays_ended', 'This prescription has ended: write a new one.');
    END IF;
    IF to_jsonb(NEW) - may_change <> to_jsonb(OLD) - may_change AND EXISTS (
        SELECT FROM care.dispense d WHERE d.prescription_id = OLD.prescription_id AND d.status = 'completed'
    ) THEN
        PERFORM care.refuse('prescription_that_was_filled_is_not_altered',
            'This prescription has been filled: stop it and write a new one.');
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.check_prescription_change() IS 'Trigger: what has been filled keeps its dose, and what has ended stays ended.';

CREATE OR REPLACE FUNCTION care.check_refund()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM care.lock_issued_invoice(NEW.invoice_id);
    IF NEW.amount + (SELECT coalesce(sum(r.amount), 0) FROM care.refund r WHERE r.payment_id = NEW.payment_id)
        > (SELECT p.amount FROM care.payment p WHERE p.payment_id = NEW.payment_id)
    THEN
        PERFORM care.refuse('refund_is_not_above_its_payment', 'No more goes back than came.');
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.check_refund() IS 'Trigger: refuses to give back more than came.';

CREATE OR REPLACE FUNCTION care.check_response()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'in_progress' THEN
            PERFORM care.refuse('response_begins_in_progress',
                'Begin the questionnaire, answer it, and complete it then.');
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.status <> 'in_progress' OR NEW.questionnaire_id <> OLD.questionnaire_id THEN
        PERFORM care.refuse('response_that_is_complete_is_not_altered',
            'These answers are complete: answer the questionnaire anew.');
    END IF;
    IF NEW.status = 'completed' AND EXISTS (
        SELECT FROM care.questionnaire n, jsonb_array_elements(n.items) AS item
        WHERE n.questionnaire_id = NEW.questionnaire_id AND (item ->> 'required')::boolean AND NOT EXISTS (
            SELECT FROM care.answer a
            WHERE a.questionnaire_response_id = NEW.questionnaire_response_id AND a.link_id = item ->> 'link_id'
        )
    ) THEN
        PERFORM care.refuse('response_answers_what_is_required', 'Answer the required questions first.');
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.check_response() IS 'Trigger: answers are complete when what is required is answered, and stay as they are then.';

CREATE OR REPLACE FUNCTION care.complete_enrolment(enrolment_id uuid)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    moment timestamptz;
BEGIN
    UPDATE care.enrolment AS known SET status = 'completed'
    WHERE known.enrolment_id = $1 AND known.status = 'enrolled'
      AND (known.programme_id = ANY (care.programmes_run()) OR known.patient_id = ANY (access.own_patients()))
    RETURNING known.completed_at INTO moment;
    IF NOT FOUND THEN
        PERFORM care.refuse('completion_is_of_the_enrolled',
            'Only an enrolment of yours or of your programme, not completed yet, is completed.');
    END IF;
    RETURN moment;
END $function$;
COMMENT ON FUNCTION care.complete_enrolment(uuid) IS 'Completes an enrolment where enough sessions were attended, by the participant or the staff; when.';

CREATE OR REPLACE FUNCTION care.draft_care_plan(care_plan_id uuid, summary text)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    author uuid := care.acting_provider();
    person uuid;
    made   uuid;
BEGIN
    IF author IS NULL THEN
        PERFORM care.refuse('care_plan_author_is_a_provider', 'Only a provider writes a plan.');
    END IF;
    -- The plan's row is the lock under which its editions are numbered.
    SELECT patient_id INTO person FROM care.care_plan AS plan WHERE plan.care_plan_id = $1 FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM care.refuse('care_plan_is_within_reach', 'There is no such plan of a patient in your care.');
    END IF;
    INSERT INTO care.care_plan_version AS told (patient_id, care_plan_id, author_id, edition, summary)
    SELECT person, $1, author, coalesce(max(known.edition), 0) + 1, $2
    FROM care.care_plan_version AS known WHERE known.care_plan_id = $1
    RETURNING told.care_plan_version_id INTO made;
    RETURN made;
END $function$;
COMMENT ON FUNCTION care.draft_care_plan(uuid,text) IS 'Writes the next edition of a plan as a draft, by the acting provider; its key.';

CREATE OR REPLACE FUNCTION care.enrol(programme_id uuid, patient_id uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    run    care.programme;
    before text;
    place  text;
BEGIN
    IF NOT coalesce($2 = ANY (access.own_patients() || access.patients_in_care())
                    OR $1 = ANY (care.programmes_run()), false) THEN
        PERFORM care.refuse('enrolment_is_asked_by_who_may',
            'A patient enrols, or a provider in care or the programme''s own staff do it for the patient.');
    END IF;
    SELECT * INTO run FROM care.programme AS known WHERE known.programme_id = $1 FOR UPDATE;
    IF NOT FOUND OR NOT run.enrolment_during @> now() THEN
        PERFORM care.refuse('enrolment_is_open', 'This programme takes no enrolments now.');
    END IF;
    SELECT known.status INTO before FROM care.enrolment AS known
    WHERE known.programme_id = $1 AND known.patient_id = $2;
    IF before <> 'withdrawn' THEN
        PERFORM care.refuse('enrolment_of_a_patient_is_one',
            'The patient is enrolled in this programme or waits for it already.');
    END IF;
    place := CASE WHEN run.seats_taken < run.capacity AND NOT EXISTS (
        SELECT FROM care.enrolment AS waiting WHERE waiting.programme_id = $1 AND waiting.status = 'waitlisted')
        THEN 'enrolled' ELSE 'waitlisted' END;
    IF before IS NULL THEN
        INSERT INTO care.enrolment (patient_id, programme_id, status) VALUES ($2, $1, place);
    ELSE
        UPDATE care.enrolment AS known SET status = place, asked_at = now()
        WHERE known.programme_id = $1 AND known.patient_id = $2;
    END IF;
    RETURN place;
END $function$;
COMMENT ON FUNCTION care.enrol(uuid,uuid) IS 'Enrols a patient in a programme while it is open: ''enrolled'' where a seat is free and nobody waits, else ''waitlisted''.';

CREATE OR REPLACE FUNCTION care.fit_goal_to_metric()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    known signal.metric;
    unit  text;
BEGIN
    SELECT * INTO known FROM signal.metric WHERE name = NEW.metric;
    IF NOT FOUND THEN
        RETURN NEW; -- No metric, or one that the foreign key refuses.
    END IF;
    IF known.codes IS NOT NULL THEN
        PERFORM care.refuse('goal_metric_is_numeric', 'Choose a metric that is measured in numbers.');
    END IF;
    unit := CASE NEW.measure WHEN 'count' THEN '1' ELSE known.unit END;
    NEW.unit := coalesce(NEW.unit, unit);
    IF NEW.unit <> unit THEN
        PERFORM care.refuse('goal_unit_is_that_of_its_metric', 'Give the target in the unit of its metric.');
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.fit_goal_to_metric() IS 'Trigger before a goal is written: its unit is that of its metric, which is numeric.';

CREATE OR REPLACE FUNCTION care.goal_progress(goal_id uuid, "from" date, "to" date)
 RETURNS TABLE(bucket_on date, value double precision, parts bigint, reached boolean)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    goal     care.goal;
    first_on date;
    stop_on  date;
BEGIN
    SELECT * INTO goal FROM care.goal AS known
    WHERE known.goal_id = $1 AND known.patient_id = ANY (access.own_patients() || access.patients_in_care());
    IF NOT FOUND THEN
        PERFORM care.refuse('goal_is_within_reach', 'There is no such goal of yours or of a patient in your care.');
    END IF;
    IF $3 - $2 > 400 THEN
        PERFORM care.refuse('goal_progress_is_for_400_days_at_most', 'Ask for 400 days at most at a time.');
    END IF;
    SELECT min(days.first_on), max(days.stop_on) INTO first_on, stop_on FROM care.goal_days(goal, $2, $3) AS days;
    RETURN QUERY
    WITH told AS (
        SELECT * FROM care.measure_goal_days(goal, first_on, stop_on) WHERE first_on IS NOT NULL
        UNION ALL
        SELECT kept.measured_on, kept.parts, kept.total, kept.lowest, kept.highest, kept.latest
        FROM care.goal_day AS kept
        WHERE kept.goal_id = $1 AND kept.measured_on >= first_on AND kept.measured_on < stop_on
    ), day AS (
        -- Samples come late before a roll and leave with it: of what is kept and what is hot, the fuller one is right.
        SELECT DISTINCT ON (measured_on) * FROM told ORDER BY measured_on, parts DESC
    ), made AS (
        SELECT days.bucket_on, coalesce(sum(day.parts), 0)::bigint AS parts,
               CASE goal.measure
                   WHEN 'sum' THEN sum(day.total)
                   WHEN 'average' THEN sum(day.total) / sum(day.parts)
                   WHEN 'minimum' THEN min(day.lowest)
                   WHEN 'maximum' THEN max(day.highest)
                   WHEN 'last' THEN (array_agg(day.latest ORDER BY day.measured_on DESC)
                                     FILTER (WHERE day.parts IS NOT NULL))[1]
                   ELSE sum(day.parts)
               END AS value
        FROM care.goal_days(goal, $2, $3) AS days
        LEFT JOIN day ON day.measured_on >= days.first_on AND day.measured_on < days.stop_on
        GROUP BY days.bucket_on
    )
    SELECT made.bucket_on, made.value, made.parts,
           CASE goal.comparator WHEN 'at_least' THEN made.value >= goal.target ELSE made.value <= goal.target END
    FROM made ORDER BY made.bucket_on;
END $function$;
COMMENT ON FUNCTION care.goal_progress(uuid,date,date) IS 'Each day or week of a goal that touches [from, to), in the patient''s own time zone: its value, of how many samples or entries, and whether the target was reached; null where nothing was measured. A week is told whole, whatever part of it was asked for. From hot samples, and from what was kept of days that are archived.';

CREATE OR REPLACE FUNCTION care.issue_invoice(of_invoice uuid, due date)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE care.invoice SET status = 'issued', issued_at = now(), due_on = due
    WHERE invoice_id = of_invoice AND status = 'draft';
    IF NOT FOUND THEN
        PERFORM care.refuse('invoice_is_a_draft', 'There is no such draft: it may be issued already.');
    END IF;
END $function$;
COMMENT ON FUNCTION care.issue_invoice(uuid,date) IS 'Issues a draft; from then on its charges stay, and the ledger says what is due.';

CREATE OR REPLACE FUNCTION care.join_space(space_id uuid, pseudonym text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    person uuid := (access.own_patients())[1];
    member care.space_member;
BEGIN
    PERFORM FROM care.space AS known WHERE known.space_id = $1 AND known.closed_at IS NULL;
    IF NOT FOUND OR person IS NULL THEN
        PERFORM care.refuse('space_is_joined_by_patients_while_open', 'Patients join a space while it is open.');
    END IF;
    SELECT known.* INTO member FROM care.space_member AS known JOIN care.space_identity AS who USING (space_member_id)
    WHERE who.space_id = $1 AND who.patient_id = person FOR UPDATE OF known;
    IF member.banned_at IS NOT NULL THEN
        PERFORM care.refuse('space_member_is_welcome', 'A moderator has closed this space to you.');
    ELSIF member.left_at IS NOT NULL THEN
        UPDATE care.space_member AS known SET left_at = NULL, pseudonym = $2
        WHERE known.space_member_id = member.space_member_id;
    ELSE
        -- Who is a member already meets the rule on space_identity.
        INSERT INTO care.space_member AS made (space_id, pseudonym) VALUES ($1, $2) RETURNING made.* INTO member;
        INSERT INTO care.space_identity (space_member_id, space_id, patient_id)
        VALUES (member.space_member_id, $1, person);
    END IF;
    RETURN member.space_member_id;
END $function$;
COMMENT ON FUNCTION care.join_space(uuid,text) IS 'Makes the acting patient a member of a space under a name, or one again after leaving; the member''s key.';

CREATE OR REPLACE FUNCTION care.keep_appointment_event()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM care.refuse('appointment_event_is_only_added',
        'What happened to an appointment cannot be changed or removed.');
END $function$;
COMMENT ON FUNCTION care.keep_appointment_event() IS 'Trigger that refuses to change or remove events of appointments.';

CREATE OR REPLACE FUNCTION care.keep_appointment_lawful()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    as_owner constant boolean := care.writes_as_owner();
    allowed text[];
BEGIN
    IF TG_OP = 'INSERT' OR NEW.status <> OLD.status THEN
        SELECT parts INTO allowed FROM care.appointment_transition
        WHERE from_status = CASE TG_OP WHEN 'INSERT' THEN 'new' ELSE OLD.status END AND to_status = NEW.status;
        IF allowed IS NULL AND TG_OP = 'UPDATE' AND NEW.status = 'booked' THEN
            PERFORM care.refuse('appointment_is_still_held', 'This time is held no more: choose a time again.');
        ELSIF allowed IS NULL THEN
            PERFORM care.refuse('appointment_transition_is_allowed',
                'An appointment cannot go from its status to that one.');
        ELSIF NOT as_owner AND NOT coalesce(access.part() = ANY (allowed), false) THEN
            PERFORM care.refuse('appointment_is_changed_by_whom_it_may',
                'Somebody else has to say this of an appointment.');
        END IF;
    END IF;
    IF NEW.status = 'held' AND NOT as_owner AND (
        NEW.expires_at > now() + INTERVAL '15 minutes' OR TG_OP = 'UPDATE' AND NEW.expires_at > OLD.expires_at
    ) THEN
        PERFORM care.refuse('appointment_hold_is_short', 'A time is held for 15 minutes at most, once.');
    END IF;
    IF TG_OP = 'UPDATE' THEN
        PERFORM care.check_change(OLD, NEW);
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.keep_appointment_lawful() IS 'Trigger before each insert and update of an appointment: status by its ways, by whom it may, and at its time.';

CREATE OR REPLACE FUNCTION care.keep_claim_line()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF (SELECT c.status FROM care.claim c WHERE c.claim_id = NEW.claim_id) <> 'submitted'
       OR TG_OP = 'UPDATE' AND (OLD.claim_id, OLD.charge_id, OLD.submitted_amount)
                            <> (NEW.claim_id, NEW.charge_id, NEW.submitted_amount)
    THEN
        PERFORM care.refuse('claim_is_answered_once',
            'A claim is submitted and answered once; submit another for what is left.');
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.keep_claim_line() IS 'Trigger: the lines of a claim are answered while it is open, and never change what they ask.';

CREATE OR REPLACE FUNCTION care.keep_enrolment()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.status, NEW.status) NOT IN (
        (OLD.status, OLD.status), ('waitlisted', 'enrolled'), ('waitlisted', 'withdrawn'), ('enrolled', 'withdrawn'),
        ('enrolled', 'completed'), ('withdrawn', 'enrolled'), ('withdrawn', 'waitlisted')) THEN
        PERFORM care.refuse('enrolment_takes_known_steps',
            'One waits, is enrolled, and then completes or withdraws; what is completed stays so.');
    END IF;
    IF NEW.status IN ('enrolled', 'completed') THEN
        NEW.admitted_at := coalesce(NEW.admitted_at, now());
    END IF;
    IF NEW.status = 'completed' AND (TG_OP = 'INSERT' OR OLD.status <> 'completed') THEN
        NEW.completed_at := coalesce(NEW.completed_at, now());
        PERFORM FROM care.programme
        WHERE programme_id = NEW.programme_id AND sessions_needed <= (
            SELECT count(*) FROM care.attendance WHERE enrolment_id = NEW.enrolment_id);
        IF NOT FOUND THEN
            PERFORM care.refuse('enrolment_has_attended_enough',
                'A programme is completed by attending as many sessions as it asks for.');
        END IF;
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.keep_enrolment() IS 'Trigger before an enrolment is written: known steps only, and completed only by the programme''s rule.';

CREATE OR REPLACE FUNCTION care.keep_former_version()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    image constant jsonb := to_jsonb(OLD);
BEGIN
    IF NEW.patient_id <> OLD.patient_id THEN
        PERFORM care.refuse('record_stays_with_its_patient',
            'This stands in one patient''s record and cannot move: mark it as an error and write it anew.');
    END IF;
    INSERT INTO care.history (relation, row_id, patient_id, version, held_from, superseded_at, changed_by,
                              superseded_by, image)
    VALUES (TG_TABLE_NAME, (image ->> (TG_TABLE_NAME || '_id'))::uuid, OLD.patient_id, OLD.version, OLD.updated_at,
            NEW.updated_at, OLD.updated_by, NEW.updated_by, image);
    RETURN NULL;
END $function$;
COMMENT ON FUNCTION care.keep_former_version() IS 'Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.';

CREATE OR REPLACE FUNCTION care.keep_moderation()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM care.refuse('moderation_is_append_only', 'A decision is never rewritten: decide anew.');
END $function$;
COMMENT ON FUNCTION care.keep_moderation() IS 'Trigger before an update of a decision: refuses it.';

CREATE OR REPLACE FUNCTION care.keep_plan_version()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF (NEW.care_plan_version_id, NEW.patient_id, NEW.care_plan_id, NEW.author_id, NEW.edition, NEW.summary)
       IS DISTINCT FROM (OLD.care_plan_version_id, OLD.patient_id, OLD.care_plan_id, OLD.author_id, OLD.edition,
                         OLD.summary) THEN
        PERFORM care.refuse('care_plan_version_is_append_only',
            'An edition of a plan is never rewritten: write the next one.');
    END IF;
    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN
       (('draft', 'active'), ('draft', 'ended'), ('active', 'ended')) THEN
        PERFORM care.refuse('care_plan_version_goes_forward',
            'An edition of a plan goes from draft to active to ended, and never back.');
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.keep_plan_version() IS 'Trigger before each update of an edition: its words stay, its status goes forward.';

CREATE OR REPLACE FUNCTION care.keep_what_is_final()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    bookkeeping constant text[] := '{status, version, updated_at, updated_by, flag}';
BEGIN
    IF OLD.status IN ('final', 'amended', 'entered_in_error')
       AND (NEW.status NOT IN (OLD.status, 'entered_in_error')
            OR to_jsonb(NEW) - bookkeeping <> to_jsonb(OLD) - bookkeeping) THEN
        PERFORM care.refuse(TG_TABLE_NAME || '_that_is_final_is_not_altered',
            'This is final: write a correction that names it.');
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.keep_what_is_final() IS 'Trigger before an update: what is final can be marked as an error and nothing else.';

CREATE OR REPLACE FUNCTION care.lock_device(device text)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    found_key integer;
BEGIN
    SELECT d.device_key INTO found_key FROM signal.device d WHERE d.device_id = device FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM care.refuse('wear_device_fkey', 'Add the device first.');
    END IF;
    RETURN found_key;
END $function$;
COMMENT ON FUNCTION care.lock_device(text) IS 'Finds a device by its name and locks it until the transaction ends.';

CREATE OR REPLACE FUNCTION care.lock_issued_invoice(of_invoice uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    stands text;
BEGIN
    SELECT i.status INTO stands FROM care.invoice i WHERE i.invoice_id = of_invoice FOR NO KEY UPDATE;
    IF stands IS DISTINCT FROM 'issued' THEN
        PERFORM care.refuse('invoice_is_issued',
            'Issue the invoice first; a draft and a void one take neither claims nor payments.');
    END IF;
END $function$;
COMMENT ON FUNCTION care.lock_issued_invoice(uuid) IS 'Locks an invoice until the transaction ends; refuses one that is a draft or void.';

CREATE OR REPLACE FUNCTION care.moderate_review(asked uuid, read_version integer, to_state text, why text DEFAULT NULL::text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.part() IS DISTINCT FROM 'moderator' THEN
        PERFORM care.refuse('review_is_moderated_by_moderators', 'Only a moderator may publish or hide a review.');
    END IF;
    UPDATE care.review SET state = to_state, moderation = why WHERE review_id = asked AND version = read_version;
    IF NOT FOUND THEN
        PERFORM care.refuse('review_is_moderated_as_it_was_read',
            'The review has changed since it was read: read it again.');
    END IF;
END $function$;
COMMENT ON FUNCTION care.moderate_review(uuid,integer,text,text) IS 'Publishes or hides the version of a review that a moderator has read.';

CREATE OR REPLACE FUNCTION care.move_claim()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM care.lock_issued_invoice(NEW.invoice_id);
    IF TG_OP = 'INSERT' AND NEW.status <> 'submitted'
       OR TG_OP = 'UPDATE' AND (
           OLD.status = 'adjudicated' AND to_jsonb(OLD) - '{version,updated_at,updated_by}'::text[]
                                       <> to_jsonb(NEW) - '{version,updated_at,updated_by}'::text[]
           OR (OLD.invoice_id, OLD.coverage_id, OLD.submitted_amount)
           <> (NEW.invoice_id, NEW.coverage_id, NEW.submitted_amount))
    THEN
        PERFORM care.refuse('claim_is_answered_once',
            'A claim is submitted and answered once; submit another for what is left.');
    END IF;
    IF TG_OP = 'INSERT' AND NEW.submitted_amount > care.ledger_balance(NEW.invoice_id, 'receivable') THEN
        PERFORM care.refuse('claim_is_not_above_what_is_due', 'Claim no more than what is still due.');
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.move_claim() IS 'Trigger: a claim is submitted for what is due on an issued invoice, and answered once.';

CREATE OR REPLACE FUNCTION care.move_invoice()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    total numeric := (SELECT coalesce(sum(h.amount), 0) FROM care.charge h WHERE h.invoice_id = NEW.invoice_id);
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'draft' THEN
            PERFORM care.refuse('invoice_begins_as_a_draft', 'An invoice begins as a draft.');
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.status, NEW.status) NOT IN
           (('draft', 'draft'), ('draft', 'issued'), ('issued', 'issued'), ('issued', 'void'), ('void', 'void'))
       OR OLD.status <> 'draft' AND (OLD.number, OLD.currency, OLD.issued_at, OLD.patient_id, OLD.facility_id)
                                <> (NEW.number, NEW.currency, NEW.issued_at, NEW.patient_id, NEW.facility_id)
    THEN
        PERFORM care.refuse('invoice_moves_forward',
            'A draft is issued and an issued invoice voided; nothing else of it changes.');
    END IF;
    IF OLD.status = 'draft' AND NEW.status = 'issued' AND total = 0 THEN
        PERFORM care.refuse('invoice_charges_something', 'Add a charge first: an invoice for nothing is not issued.');
    END IF;
    IF OLD.status = 'issued' AND NEW.status = 'void'
       AND care.ledger_balance(NEW.invoice_id, 'receivable') <> total
    THEN
        PERFORM care.refuse('invoice_is_void_only_when_nothing_came',
            'Refund what was paid and have open claims answered, then void the invoice.');
    END IF;
    RETURN NEW;
END $function$;
COMMENT ON FUNCTION care.move_invoice() IS 'Trigger: an invoice goes from draft to issued to void, and keeps what it said.';

CREATE OR REPLACE FUNCTION care.open_slots(asked_provider uuid, asked_facility uuid, since timestamp with time zone, until timestamp with time zone, minutes integer)
 RETURNS TABLE(starts_at timestamp with time zone, ends_at timestamp with time zone, for_all_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE ROWS 100
AS $function$
DECLARE
    span constant tstzrange := tstzrange(greatest(since, now()), greatest(until, since, now()));
    free tstzmultirange;
BEGIN
    IF minutes NOT BETWEEN 5 AND 720 OR until > since + INTERVAL '100 days' THEN
        PERFORM care.refuse('slots_are_asked_within_bounds',
            'Ask for visits of 5 minutes to 12 hours, within 100 days.');
    END IF;
    free := care.available(asked_provider, asked_facility, span) * care.opening(asked_facility, span)
            - care.taken(asked_provider, span);
    RETURN QUERY
        SELECT slot.at, slot.at + minutes * INTERVAL '1 minute', slot.at - h.reserved_hours * INTERVAL '1 hour'
        FROM care.visiting_hours(asked_provider, asked_facility, span) h,
             generate_series(lower(h.during), upper(h.during) - minutes * INTERVAL '1 minute',
                             minutes * INTERVAL '1 minute') AS slot (at)
        WHERE free @> tstzrange(slot.at, slot.at + minutes * INTERVAL '1 minute')
        ORDER BY slot.at;
END $function$;
COMMENT ON FUNCTION care.open_slots(uuid,uuid,timestamp with time zone,timestamp with time zone,integer) IS 'Times of so many minutes, counted from the start of each block of hours, at which a provider can be booked at a facility: within hours of both, not off, not taken, not past. for_all_at says until when a slot is kept for premium members; null where it is for all.';

CREATE OR REPLACE FUNCTION care.pay(payment_key text, of_invoice uuid, paid numeric, by_method text, token text DEFAULT NULL::text, for_claim uuid DEFAULT NULL::uuid)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    bill care.invoice;
    made care.payment;
BEGIN
    SELECT * INTO bill FROM care.invoice WHERE invoice_id = of_invoice FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM care.refuse('invoice_is_issued', 'There is no such invoice.');
    END IF;
    SELECT * INTO made FROM care.payment WHERE facility_id = bill.facility_id AND idempotency_key = payment_key;
    IF NOT FOUND THEN
        INSERT INTO care.payment (patient_id, facility_id, invoice_id, claim_id, amount, payer, method,
                                  idempotency_key, processor_token)
        VALUES (bill.patient_id, bill.facility_id, of_invoice, for_claim, paid,
                CASE WHEN for_claim IS NULL THEN 'patient' ELSE 'insurer' END, by_method, payment_key, token)
        RETURNING * INTO made;
    END IF;
    IF (made.invoice_id, made.amount, made.method) IS DISTINCT FROM (of_invoice, paid::care.amount, by_method)
       OR (made.claim_id, made.processor_token) IS DISTINCT FROM (for_claim, token)
    THEN
        PERFORM care.refuse('payment_key_is_used_once', 'This key belongs to another payment: make a new one.');
    END IF;
    RETURN made.payment_id;
END $function$;
COMMENT ON FUNCTION care.pay(text,uuid,numeric,text,text,uuid) IS 'Books a payment; the same key with the same content again changes nothing and gives the same answer.';

CREATE OR REPLACE FUNCTION care.record_wear()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.patient_id, OLD.device_key) <> (NEW.patient_id, NEW.device_key) THEN
        PERFORM care.refuse('wear_stays_with_its_patient',
            'End this wear and begin another: a wear keeps its patient and its device.');
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.worn_during = NEW.worn_during THEN
        RETURN NULL;
    END IF;
    INSERT INTO care.wear_event (wear_id, patient_id, device_key, was_during, is_during, kind)
    SELECT coalesce(OLD.wear_id, NEW.wear_id), coalesce(OLD.patient_id, NEW.patient_id),
           coalesce(OLD.device_key, NEW.device_key), OLD.worn_during, NEW.worn_during,
           CASE TG_OP WHEN 'INSERT' THEN 'begun' WHEN 'DELETE' THEN 'removed'
                ELSE CASE WHEN upper_inf(OLD.worn_during) AND NOT upper_inf(NEW.worn_during)
                               AND lower(OLD.worn_during) = lower(NEW.worn_during)
                          THEN 'ended' ELSE 'corrected' END END;
    RETURN NULL;
END $function$;
COMMENT ON FUNCTION care.record_wear() IS 'Trigger: keeps a record of each change of care.wear, and lets no wear move to another patient or device.';

CREATE OR REPLACE FUNCTION care.refund(refund_key text, of_payment uuid, given_back numeric, because text)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    came care.payment;
    made care.refund;
BEGIN
    SELECT * INTO came FROM care.payment WHERE payment_id = of_payment;
    IF NOT FOUND THEN
        PERFORM care.refuse('refund_payment_fkey', 'There is no such payment.');
    END IF;
    PERFORM FROM care.invoice WHERE invoice_id = came.invoice_id FOR NO KEY UPDATE;
    SELECT * INTO made FROM care.refund WHERE facility_id = came.facility_id AND idempotency_key = refund_key;
    IF NOT FOUND THEN
        INSERT INTO care.refund (patient_id, facility_id, invoice_id, payment_id, amount, reason, idempotency_key)
        VALUES (came.patient_id, came.facility_id, came.invoice_id, of_payment, given_back, because, refund_key)
        RETURNING * INTO made;
    END IF;
    IF (made.payment_id, made.amount, made.reason) IS DISTINCT FROM (of_payment, given_back::care.amount, because) THEN
        PERFORM care.refuse('refund_key_is_used_once', 'This key belongs to another refund: make a new one.');
    END IF;
    RETURN made.refund_id;
END $function$;
COMMENT ON FUNCTION care.refund(text,uuid,numeric,text) IS 'Gives money of a payment back; the same key with the same content again changes nothing and gives the same answer.';

CREATE OR REPLACE FUNCTION care.refuse_alteration()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM care.refuse(TG_TABLE_NAME || '_is_never_altered', 'What is written here is kept as it was written.');
END $function$;
COMMENT ON FUNCTION care.refuse_alteration() IS 'Trigger before a change of what is only added to: refuses it.';

CREATE OR REPLACE FUNCTION care.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM care.refuse(TG_TABLE_NAME || '_is_append_only', 'What is booked stays: book a correction beside it.');
END $function$;
COMMENT ON FUNCTION care.refuse_change() IS 'Trigger on a table that is only ever added to: refuses update, delete and truncate.';

CREATE OR REPLACE FUNCTION care.register_patient(person jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    registered uuid;
BEGIN
    IF coalesce(access.part() NOT IN ('provider', 'front_desk'), true) THEN
        PERFORM care.refuse('patient_is_registered_by_staff', 'Providers and the front desk register patients.');
    END IF;
    registered := care.add_patient(person);
    INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis, reason)
    SELECT registered, provider, tstzrange(now(), now() + INTERVAL '30 days'), 'visit', 'registered the patient'
    FROM access.acting_provider() AS provider WHERE provider IS NOT NULL;
    RETURN registered;
END $function$;
COMMENT ON FUNCTION care.register_patient(jsonb) IS 'For providers and the front desk: adds a patient, all or nothing, and returns the new key; a registering provider is in care for 30 days.';

CREATE OR REPLACE FUNCTION care.return_device(device text, at timestamp with time zone DEFAULT now())
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    found_key integer := care.lock_device(device);
    ended     uuid;
BEGIN
    UPDATE care.wear SET worn_during = tstzrange(lower(worn_during), at)
    WHERE device_key = found_key AND upper_inf(worn_during) AND lower(worn_during) < at
    RETURNING wear_id INTO ended;
    IF NOT FOUND THEN
        PERFORM care.refuse('wear_is_open', 'Nobody wears this device at that time.');
    END IF;
    RETURN ended;
END $function$;
COMMENT ON FUNCTION care.return_device(text,timestamp with time zone) IS 'Takes a device back from whoever wears it at a moment; gives that wear''s key.';

CREATE OR REPLACE FUNCTION care.review_visit(asked_appointment uuid, given_stars integer, said text DEFAULT NULL::text)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    made constant uuid := gen_random_uuid();
BEGIN
    INSERT INTO care.review (review_id, patient_id, appointment_id, provider_id, facility_id, stars, body)
    SELECT made, a.patient_id, a.appointment_id, a.provider_id, a.facility_id, given_stars, said
    FROM care.appointment a WHERE a.appointment_id = asked_appointment;
    IF NOT FOUND THEN
        PERFORM care.refuse('appointment_is_known', 'There is no such appointment.');
    END IF;
    RETURN made;
END $function$;
COMMENT ON FUNCTION care.review_visit(uuid,integer,text) IS 'Reviews a completed visit of one''s own; gives the review''s key.';

CREATE OR REPLACE FUNCTION care.run_maintenance(OUT ended_holds integer, OUT counted_days bigint)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    ended_holds := care.expire_holds();
    counted_days := care.refresh_engagement(current_date - 400, current_date + 2);
END $function$;
COMMENT ON FUNCTION care.run_maintenance() IS 'Ends holds that ran out and counts the changed days of wellness centres anew; how many of each.';

CREATE OR REPLACE FUNCTION care.submit_claim(of_invoice uuid, under_coverage uuid)
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
    bill    care.invoice;
    due     numeric;
    charges uuid[];
    asked   numeric[];
    made    uuid;
BEGIN
    SELECT * INTO bill FROM care.invoice WHERE invoice_id = of_invoice FOR NO KEY UPDATE;
    due := care.ledger_balance(of_invoice, 'receivable');
    -- Each covered charge asks for what earlier claims have left of it, all together for what is still due.
    WITH remaining AS (
        SELECT h.charge_id, h.amount - coalesce((
                   SELECT sum(coalesce(l.accepted_amount + l.adjusted_amount, l.submitted_amount))
                   FROM care.claim_line l WHERE l.charge_id = h.charge_id), 0) AS amount
        FROM care.charge h JOIN care.coverage v ON v.patient_id = h.patient_id
        WHERE h.invoice_id = of_invoice AND v.coverage_id = under_coverage AND v.covered_during @> h.served_on
    ), claimable AS (
        SELECT charge_id, least(amount, due - (sum(amount) OVER (ORDER BY charge_id) - amount)) AS amount FROM remaining
    )
    SELECT array_agg(charge_id ORDER BY charge_id), array_agg(amount ORDER BY charge_id) INTO charges, asked
    FROM claimable WHERE amount > 0;
    IF charges IS NULL THEN
        PERFORM care.refuse('claim_is_covered_on_the_day_of_service',
            'Nothing that is due was covered on its day of service.');
    END IF;
    INSERT INTO care.claim (patient_id, facility_id, invoice_id, coverage_id, submitted_amount)
    SELECT bill.patient_id, bill.facility_id, bill.invoice_id, under_coverage, sum(amount) FROM unnest(asked) AS amount
    RETURNING claim_id INTO made;
    INSERT INTO care.claim_line (claim_id, charge_id, patient_id, facility_id, invoice_id, submitted_amount)
    SELECT made, charge, bill.patient_id, bill.facility_id, bill.invoice_id, amount
    FROM unnest(charges, asked) AS line (charge, amount);
    RETURN made;
END $function$;
COMMENT ON FUNCTION care.submit_claim(uuid,uuid) IS 'Claims all that is still due and was covered on its day of service; gives the claim''s key.';

CREATE OR REPLACE FUNCTION care.void_invoice(of_invoice uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE care.invoice SET status = 'void' WHERE invoice_id = of_invoice AND status = 'issued';
    IF NOT FOUND THEN
        PERFORM care.refuse('invoice_is_issued', 'There is no such issued invoice: it may be void already.');
    END IF;
END $function$;
COMMENT ON FUNCTION care.void_invoice(uuid) IS 'Takes an issued invoice back, while nothing was paid or all of it was refunded.';

CREATE OR REPLACE FUNCTION care.withdraw(programme_id uuid, patient_id uuid)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT coalesce($2 = ANY (access.own_patients()) OR $1 = ANY (care.programmes_run()), false) THEN
        PERFORM care.refuse('withdrawal_is_asked_by_who_may',
            'A patient withdraws, or the programme''s own staff do it for the patient.');
    END IF;
    PERFORM FROM care.programme AS known WHERE known.programme_id = $1 FOR UPDATE;
    UPDATE care.enrolment AS known SET status = 'withdrawn'
    WHERE known.programme_id = $1 AND known.patient_id = $2 AND known.status IN ('waitlisted', 'enrolled');
    IF NOT FOUND THEN
        PERFORM care.refuse('withdrawal_is_of_the_enrolled',
            'The patient is not enrolled in this programme, or has completed it.');
    END IF;
    RETURN care.fill_seats($1);
END $function$;
COMMENT ON FUNCTION care.withdraw(uuid,uuid) IS 'Withdraws a patient from a programme and gives the seat to who waits longest; how many were admitted.';

CREATE OR REPLACE FUNCTION care.writes_as_owner()
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT NOT row_security_active('care.appointment') OR pg_has_role(current_user, 'healthtrack_migrator', 'USAGE')
$function$;
COMMENT ON FUNCTION care.writes_as_owner() IS 'True where the present role maintains the schema, or stands above row-level security, and so may take appointments over from another system.';

CREATE OR REPLACE FUNCTION signal.grant_chunk(chunk regclass)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO healthtrack_ingest', chunk);
    EXECUTE format('GRANT SELECT, DELETE ON %s TO healthtrack_roller', chunk);
END
$function$;
COMMENT ON FUNCTION signal.grant_chunk(regclass) IS 'Gives a new chunk the grants of signal.block.';

CREATE OR REPLACE VIEW access.emergency WITH (security_barrier=true) AS
 SELECT r.care_relationship_id,
    r.patient_id,
    r.provider_id,
    lower(r.valid_during) AS opened_at,
    upper(r.valid_during) AS until_at,
    r.reason,
    v.finding,
    v.reviewed_at,
    ((v.care_relationship_id IS NULL) AND (lower(r.valid_during) < (now() - '24:00:00'::interval))) AS overdue
   FROM (access.care_relationship r
     LEFT JOIN access.emergency_review v USING (care_relationship_id))
  WHERE ((r.basis = 'emergency'::text) AND ((access.part() = 'privacy_officer'::text) OR pg_has_role(SESSION_USER, 'healthtrack_auditor'::name, 'MEMBER'::text)));
COMMENT ON VIEW access.emergency IS 'Every emergency access with what was found of it, for the privacy officer and the auditor.';
