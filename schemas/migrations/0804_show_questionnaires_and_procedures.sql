-- Who cares for a patient sees what was answered to questionnaires, with each score and its band over time, and what was done to the
-- patient; and adds what was done, or corrects how far it is.
--
-- New functions and kinds of look, locks nothing. Undo: drop them and the kinds.
INSERT INTO access.look_kind (kind, scope) VALUES ('questionnaires', 'chart'), ('procedures', 'chart');

CALL access.publish('read_responses', '',
    'TABLE (questionnaire_response_id uuid, name text, title text, edition integer, status text, began_at timestamptz, completed_at timestamptz, score double precision, highest double precision, band text, look_at text[], sensitivity text)',
    $body$RETURN QUERY
    SELECT r.questionnaire_response_id, q.name, q.title, q.edition, r.status, r.created_at, r.completed_at, s.value::double precision,
           (SELECT max((b.band ->> 'to')::double precision) FROM jsonb_array_elements(q.scoring -> 'bands') AS b (band)),
           s.band,
           -- Before it is counted as well: who answers so must not wait for the last question.
           coalesce(s.look_at, ARRAY(SELECT w.rule ->> 'item' FROM jsonb_array_elements(q.scoring -> 'look_at') AS w (rule)
                                     JOIN care.answer a ON a.patient_id = patient AND a.link_id = w.rule ->> 'item'
                                          AND a.questionnaire_response_id = r.questionnaire_response_id
                                     WHERE a.value_number >= (w.rule ->> 'from')::numeric)),
           r.sensitivity::text
    FROM care.questionnaire_response r JOIN care.questionnaire q USING (questionnaire_id)
    LEFT JOIN care.score s ON s.patient_id = patient AND s.questionnaire_response_id = r.questionnaire_response_id AND s.name = q.name
    WHERE r.patient_id = patient
    ORDER BY coalesce(r.completed_at, r.created_at) DESC, r.questionnaire_response_id LIMIT 500;$body$,
    'Answers of a patient to questionnaires, each with its score, the highest that there can be and its band, the latest first, 500 at most.',
    look => $$'questionnaires'$$);

CALL access.publish('read_answers', 'questionnaire_response uuid', 'TABLE (link_id text, question text, answer text)',
    $body$RETURN QUERY
    SELECT i.item ->> 'link_id', i.item ->> 'text',
           coalesce((SELECT o.option ->> 'label' FROM jsonb_array_elements(i.item -> 'options') AS o (option)
                     WHERE (o.option ->> 'value')::numeric = a.value_number LIMIT 1),
                    trim_scale(a.value_number)::text, a.value_text, a.value_on::text, CASE a.value_boolean WHEN true THEN 'yes' WHEN false THEN 'no' END)
    FROM care.questionnaire_response r JOIN care.questionnaire q USING (questionnaire_id)
    CROSS JOIN LATERAL jsonb_array_elements(q.items) WITH ORDINALITY AS i (item, place)
    LEFT JOIN care.answer a ON a.patient_id = patient AND a.questionnaire_response_id = r.questionnaire_response_id
        AND a.link_id = i.item ->> 'link_id'
    WHERE r.patient_id = patient AND r.questionnaire_response_id = questionnaire_response
    ORDER BY i.place LIMIT 500;$body$,
    'Questions of a questionnaire in their order, with what a patient has answered on one occasion; null where nothing, 500 at most.',
    look => $$'questionnaires'$$);

CALL access.publish('read_procedures', '',
    'TABLE (procedure_id uuid, version integer, kind text, code text, title text, status text, began_at timestamptz, ended_at timestamptz, performer text, facility text, reason text, outcome text, sensitivity text)',
    $body$RETURN QUERY
    SELECT d.procedure_id, d.version, d.kind, d.code, d.title, d.status, lower(d.performed_during), upper(d.performed_during),
           nullif(concat_ws(' ', p.given_name, p.family_name), ''), f.name, d.reason, d.outcome, d.sensitivity::text
    FROM care.procedure d LEFT JOIN care.provider p ON p.provider_id = d.performer_id LEFT JOIN care.facility f USING (facility_id)
    WHERE d.patient_id = patient
    ORDER BY coalesce(lower(d.performed_during), d.created_at) DESC, d.procedure_id LIMIT 500;$body$,
    'Procedures of a patient, whatever became of them, the latest first, 500 at most.', look => $$'procedures'$$);

CALL access.publish('add_procedure',
    'patient uuid, kind text, code text, title text, status text, began_at timestamptz, ended_at timestamptz, facility uuid, reason text, outcome text',
    'uuid', $body$
    IF access.acting_provider() IS NULL THEN
        PERFORM care.refuse('procedure_is_recorded_by_a_provider', 'Only a provider records a procedure.');
    END IF;
    INSERT INTO care.procedure AS d (patient_id, performer_id, facility_id, kind, code, title, status, performed_during,
                                reason, outcome)
    VALUES (patient, access.acting_provider(), facility, add_procedure.kind, add_procedure.code, add_procedure.title,
            add_procedure.status, CASE WHEN began_at IS NOT NULL THEN tstzrange(began_at, ended_at) END, add_procedure.reason,
            add_procedure.outcome)
    RETURNING d.procedure_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.procedure/' || answer);$body$,
    'Records a procedure of the acting provider; gives its key.');

CALL access.publish('change_procedure',
    'procedure uuid, known_version integer, status text, began_at timestamptz, ended_at timestamptz, reason text, outcome text',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.procedure AS d SET status = change_procedure.status,
            performed_during = CASE WHEN began_at IS NOT NULL THEN tstzrange(began_at, ended_at) END,
            reason = change_procedure.reason, outcome = change_procedure.outcome
        WHERE d.procedure_id = procedure AND d.version = known_version
        RETURNING d.version, d.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.procedure/' || procedure);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, d.version FROM care.procedure d WHERE d.procedure_id = procedure;
        END IF;
    END;$body$,
    'Says how far a procedure is, when it was done and how it went, where it still has the version that the editor read: the version that stands, and whether it is the editor''s; no row where there is no such procedure for whoever acts.');
