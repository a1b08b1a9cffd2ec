-- The record through `api`: read on one page, its conditions, results and drugs written.
--
-- Each writes its event in the same transaction; an edit says which version it was based on, and is told the one that
-- stands where somebody was faster. Locks nothing. Undo: drop them.
CALL access.publish('read_record', '', 'jsonb', 'answer := care.record_summary(patient);',
    'A record on one page; null where there is none for whoever acts.', look => $$'record'$$);

CALL access.publish('change_condition',
    'condition uuid, known_version integer, clinical_status text, verification_status text, abated_on date',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.condition AS c SET clinical_status = change_condition.clinical_status,
            verification_status = change_condition.verification_status, abated_on = change_condition.abated_on
        WHERE c.condition_id = condition AND c.version = known_version
        RETURNING c.version, c.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.condition/' || condition);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, c.version FROM care.condition c WHERE c.condition_id = condition;
        END IF;
    END;$body$,
    'Changes a condition where it still has the version that the editor read: the version that stands, and whether it is the editor''s; no row where there is no such condition for whoever acts.');

CALL access.publish('record_lab_result',
    'patient uuid, lab_order uuid, observed_at timestamptz, loinc text, title text, status text, value_number double precision, unit text, value_code text, value_text text, absent_reason text, reference_low double precision, reference_high double precision, critical_low double precision, critical_high double precision',
    'TABLE (lab_result_id uuid, flag text)', $body$
    INSERT INTO care.lab_result AS r (patient_id, lab_order_id, observed_at, loinc, title, status, value_number, unit,
        value_code, value_text, absent_reason, reference_low, reference_high, critical_low, critical_high)
    VALUES (patient, lab_order, record_lab_result.observed_at, record_lab_result.loinc, record_lab_result.title,
        record_lab_result.status, record_lab_result.value_number, record_lab_result.unit, record_lab_result.value_code,
        record_lab_result.value_text, record_lab_result.absent_reason, record_lab_result.reference_low,
        record_lab_result.reference_high, record_lab_result.critical_low, record_lab_result.critical_high)
    RETURNING r.lab_result_id, r.flag INTO lab_result_id, flag;
    PERFORM access.note(me, 'create', patient, 'care.lab_result/' || record_lab_result.lab_result_id);
    RETURN NEXT;$body$,
    'Stores a result; gives its key and the flag that follows from its ranges.');

CALL access.publish('amend_lab_result', 'lab_result uuid, number double precision, remark text', 'uuid', $body$
    answer := care.amend_lab_result(lab_result, number::numeric, remark);
    PERFORM access.note(me, 'update', (SELECT r.patient_id FROM care.lab_result r WHERE r.lab_result_id = answer),
                        'care.lab_result/' || answer);$body$,
    'Corrects the number of a final result by a new row, whose key it gives.');

CALL access.publish('prescribe',
    'patient uuid, medication uuid, prescriber uuid, encounter uuid, dose_quantity double precision, dose_unit text, route text, times smallint, per_amount double precision, per_unit text, instructions text, quantity double precision, days_supply smallint, refills_allowed smallint, valid_from date, valid_until date',
    'uuid', $body$
    INSERT INTO care.prescription (patient_id, medication_id, prescriber_id, encounter_id, dose_quantity, dose_unit,
        route, times, per_amount, per_unit, as_needed, instructions, quantity, days_supply, refills_allowed, valid_during)
    VALUES (patient, medication, prescriber, encounter, prescribe.dose_quantity, prescribe.dose_unit, prescribe.route,
        prescribe.times, prescribe.per_amount, prescribe.per_unit, prescribe.times IS NULL, prescribe.instructions,
        prescribe.quantity, prescribe.days_supply, prescribe.refills_allowed, daterange(valid_from, valid_until))
    RETURNING prescription_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.prescription/' || answer);$body$,
    'Writes a prescription that is valid at once; gives its key. Without times it is taken as needed.');

CALL access.publish('stop_prescription', 'prescription uuid, known_version integer, reason text',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.prescription AS p SET status = 'stopped', status_reason = reason
        WHERE p.prescription_id = prescription AND p.version = known_version
        RETURNING p.version, p.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.prescription/' || prescription);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, p.version FROM care.prescription p WHERE p.prescription_id = prescription;
        END IF;
    END;$body$,
    'Stops a prescription where it still has the version that the editor read: the version that stands, and whether it is the editor''s; no row where there is no such prescription for whoever acts.');

CALL access.publish('dispense',
    'patient uuid, prescription uuid, facility uuid, filled_on date, days_supply smallint, quantity double precision',
    'uuid', $body$
    INSERT INTO care.dispense (patient_id, prescription_id, facility_id, filled_on, days_supply, quantity)
    VALUES (patient, prescription, facility, dispense.filled_on, dispense.days_supply, dispense.quantity)
    RETURNING dispense_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.dispense/' || answer);$body$,
    'Stores a fill of a prescription; gives its key.');

