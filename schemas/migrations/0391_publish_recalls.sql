-- Recalls and due vaccinations through `api`.
--
-- Locks nothing. Undo: drop them.
INSERT INTO access.look_kind (kind, scope, sensitive) VALUES ('recalls', 'chart', true), ('immunizations_due', 'chart', false);

CALL access.publish('plan_recall', 'patient uuid, due_on date, programme text, reason text, sensitivity text', 'uuid', $body$
    INSERT INTO care.recall AS r (patient_id, recorded_by, due_on, programme, reason, sensitivity)
    VALUES (patient, access.acting_provider(), plan_recall.due_on, plan_recall.programme, plan_recall.reason,
            plan_recall.sensitivity)
    RETURNING r.recall_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.recall/' || answer);$body$,
    'Plans that a patient in care is to come back; gives the recall''s key.');

CALL access.publish('change_recall',
    'recall uuid, known_version integer, status text, outcome text, due_on date, appointment uuid',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.recall AS r SET status = change_recall.status, outcome = change_recall.outcome,
            due_on = coalesce(change_recall.due_on, r.due_on), appointment_id = coalesce(appointment, r.appointment_id)
        WHERE r.recall_id = recall AND r.version = known_version
        RETURNING r.version, r.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.recall/' || recall);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, r.version FROM care.recall r WHERE r.recall_id = recall;
        END IF;
    END;$body$,
    'Moves a recall, names its appointment or says what came of it, where it still has the version that was read: the version that stands, and whether it is the editor''s; no row where there is no such recall for whoever acts.');

CALL access.publish('read_recalls', 'rows_max integer',
    'TABLE (recall_id uuid, version integer, due_on date, programme text, reason text, status text, outcome text, ended_on date, appointment_id uuid, sensitivity text)',
    $body$RETURN QUERY
    SELECT r.recall_id, r.version, r.due_on, r.programme, r.reason, r.status, r.outcome, r.ended_on, r.appointment_id,
           r.sensitivity::text
    FROM care.recall r WHERE r.patient_id = patient ORDER BY r.due_on DESC, r.recall_id DESC LIMIT least(rows_max, 500);$body$,
    'Recalls of a patient, the latest first, 500 at most.', look => $$'recalls'$$);

CALL access.publish('read_immunizations_due', 'on_day date',
    'TABLE (target text, title text, dose_number smallint, cvx text, due_on date, given integer)',
    'RETURN QUERY SELECT * FROM care.immunizations_due(patient, on_day);',
    'Vaccinations that are due for a patient on a day: the next dose of each target, and since when.',
    look => $$'immunizations_due'$$);
