-- Requests through `api`: asked, moved on, answered by what was done, and read by who asks and who is asked.
--
-- A provider asks in the own name for patients in care. What comes of a request is noted beside it. The list of what one
-- is asked is of many people, so it is read under one look at all; it shows what is asked and of whom, and opens no
-- record. Locks nothing. Undo: drop them.
INSERT INTO access.look_kind (kind, scope, sensitive) VALUES ('service_requests', 'chart', true);
INSERT INTO access.look_kind (kind, scope, in_care, of_all, sensitive) VALUES ('asked', 'none', false, true, true);

CALL access.publish('request_service',
    'patient uuid, encounter uuid, category text, intent text, priority text, code_system text, code text, title text, reason_code text, reason text, performer uuid, facility uuid, specialty text, wanted_from date, wanted_until date, supersedes uuid, is_draft boolean, sensitivity text',
    'uuid', $body$
    INSERT INTO care.service_request AS r (patient_id, encounter_id, requested_by, category, intent, priority, code_system,
        code, title, reason_code, reason, performer_id, facility_id, specialty, wanted_during,
        supersedes_service_request_id, status, sensitivity)
    VALUES (patient, encounter, access.acting_provider(), request_service.category, request_service.intent,
        request_service.priority, request_service.code_system, request_service.code, request_service.title,
        request_service.reason_code, request_service.reason, performer, facility, request_service.specialty,
        CASE WHEN wanted_until IS NOT NULL THEN daterange(coalesce(wanted_from, current_date), wanted_until) END,
        supersedes, CASE WHEN is_draft THEN 'draft' ELSE 'active' END, request_service.sensitivity)
    RETURNING r.service_request_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.service_request/' || answer);$body$,
    'Asks for a referral, image, laboratory test or procedure in the name of the acting provider, as a draft or at once; gives its key.');

CALL access.publish('change_service_request',
    'service_request uuid, known_version integer, status text, status_reason text, performer uuid, facility uuid',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.service_request AS r SET status = change_service_request.status,
            status_reason = change_service_request.status_reason,
            performer_id = coalesce(performer, r.performer_id), facility_id = coalesce(facility, r.facility_id)
        WHERE r.service_request_id = service_request AND r.version = known_version
        RETURNING r.version, r.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.service_request/' || service_request);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, r.version FROM care.service_request r WHERE r.service_request_id = service_request;
        END IF;
    END;$body$,
    'Moves a request to another state, or gives it to another performer, where it still has the version that the editor read: the version that stands, and whether it is the editor''s; no row where there is no such request for whoever acts.');

CALL access.publish('fulfil_service_request',
    'service_request uuid, clinical_report uuid, lab_order uuid, imaging_study uuid, appointment uuid, procedure uuid',
    'uuid', $body$
    DECLARE
        asked care.service_request;
    BEGIN
        SELECT * INTO asked FROM care.service_request r WHERE r.service_request_id = service_request;
        INSERT INTO care.service_request_fulfilment AS f (patient_id, service_request_id, category, clinical_report_id,
            lab_order_id, imaging_study_id, appointment_id, procedure_id)
        VALUES (asked.patient_id, service_request, asked.category, clinical_report, lab_order, imaging_study, appointment,
                procedure)
        RETURNING f.service_request_fulfilment_id INTO answer;
        PERFORM access.note(me, 'create', asked.patient_id, 'care.service_request_fulfilment/' || answer);
    END;$body$,
    'Notes under a request what was done: one report, order, study, visit or procedure; gives the key of the note.');

CALL access.publish('order_lab',
    'service_request uuid, facility uuid, specimen text, note text', 'uuid', $body$
    DECLARE
        asked care.service_request;
    BEGIN
        SELECT * INTO asked FROM care.service_request r WHERE r.service_request_id = service_request;
        IF asked.category <> 'laboratory' THEN
            PERFORM access.refuse('lab_order_is_of_a_laboratory_request', 'Ask the laboratory first: this request is of another kind.');
        END IF;
        INSERT INTO care.lab_order AS o (patient_id, encounter_id, ordered_by, facility_id, loinc, title, priority, specimen,
                                         note)
        VALUES (asked.patient_id, asked.encounter_id, access.acting_provider(), coalesce(facility, asked.facility_id),
                asked.code, asked.title, asked.priority, order_lab.specimen, order_lab.note)
        RETURNING o.lab_order_id INTO answer;
        INSERT INTO care.service_request_fulfilment (patient_id, service_request_id, category, lab_order_id)
        VALUES (asked.patient_id, service_request, asked.category, answer);
        PERFORM access.note(me, 'create', asked.patient_id, 'care.lab_order/' || answer);
    END;$body$,
    'Places the laboratory''s order of a request, with its specimen, in the name of the acting provider; gives the order''s key.');

CALL access.publish('read_service_requests',
    'before timestamptz, before_request uuid, rows_max integer',
    'TABLE (service_request_id uuid, version integer, requested_at timestamptz, category text, intent text, priority text, code_system text, code text, title text, reason_code text, reason text, status text, status_reason text, requested_by uuid, performer_id uuid, facility_id uuid, specialty text, wanted_from date, wanted_until date, supersedes uuid, sensitivity text, done jsonb)',
    $body$RETURN QUERY
    SELECT r.service_request_id, r.version, r.requested_at, r.category, r.intent, r.priority, r.code_system, r.code, r.title,
           r.reason_code, r.reason, r.status, r.status_reason, r.requested_by, r.performer_id, r.facility_id, r.specialty,
           lower(r.wanted_during), upper(r.wanted_during), r.supersedes_service_request_id, r.sensitivity::text,
           coalesce((SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('clinical_report', f.clinical_report_id,
                        'lab_order', f.lab_order_id, 'imaging_study', f.imaging_study_id,
                        'appointment', f.appointment_id, 'procedure', f.procedure_id, 'noted_at', f.created_at))
                        ORDER BY f.created_at)
                     FROM care.service_request_fulfilment f
                     WHERE f.patient_id = patient AND f.service_request_id = r.service_request_id), '[]')
    FROM care.service_request r
    WHERE r.patient_id = patient
      AND (before IS NULL OR (r.requested_at, r.service_request_id) < (before, before_request))
    ORDER BY r.requested_at DESC, r.service_request_id DESC LIMIT least(rows_max, 500);$body$,
    'Requests for a patient and what was done for each, the latest first, those before the last line of the page before, 500 at most.',
    look => $$'service_requests'$$);

CALL access.publish('read_asked',
    'after timestamptz, after_request uuid, rows_max integer',
    'TABLE (service_request_id uuid, requested_at timestamptz, patient_id uuid, category text, priority text, code_system text, code text, title text, reason text, status text, requested_by uuid, wanted_from date, wanted_until date)',
    $body$RETURN QUERY
    SELECT r.service_request_id, r.requested_at, r.patient_id, r.category, r.priority, r.code_system, r.code, r.title,
           r.reason, r.status, r.requested_by, lower(r.wanted_during), upper(r.wanted_during)
    FROM care.service_request r
    WHERE patient IS NULL AND r.performer_id = (SELECT access.acting_provider()) AND r.status IN ('active', 'on_hold')
      AND (read_asked.after IS NULL OR (r.requested_at, r.service_request_id) > (read_asked.after, after_request))
    ORDER BY r.requested_at, r.service_request_id LIMIT least(rows_max, 500);$body$,
    'What the acting provider is asked for by name and is not over, the oldest first, those after the last line of the page before, 500 at most.',
    look => $$'asked'$$);
