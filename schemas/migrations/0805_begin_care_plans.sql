-- A provider begins a plan, and sees each of its editions with who wrote it and since when it is followed: until now the first
-- edition came from elsewhere, and of the others only the one that is followed was shown.
--
-- New functions, locks nothing. Undo: drop them.
CALL access.publish('begin_care_plan', 'patient uuid, title text, summary text', 'uuid', $body$
    DECLARE
        author constant uuid := access.acting_provider();
    BEGIN
        IF author IS NULL THEN
            PERFORM care.refuse('care_plan_author_is_a_provider', 'Only a provider writes a plan.');
        END IF;
        INSERT INTO care.care_plan AS p (patient_id, provider_id, title) VALUES (patient, author, begin_care_plan.title)
        RETURNING p.care_plan_id INTO answer;
        PERFORM care.draft_care_plan(answer, begin_care_plan.summary);
        PERFORM access.note(me, 'create', patient, 'care.care_plan/' || answer);
    END;$body$,
    'Begins a plan of a patient in care, with its first edition as a draft of the acting provider; gives the plan''s key.');

CALL access.publish('read_plan_editions', '',
    'TABLE (care_plan_id uuid, title text, care_plan_version_id uuid, edition integer, status text, summary text, author text, drafted_at timestamptz, activated_at timestamptz, ended_at timestamptz)',
    $body$RETURN QUERY
    SELECT p.care_plan_id, p.title, v.care_plan_version_id, v.edition, v.status, v.summary,
           concat_ws(' ', a.given_name, a.family_name), v.created_at, v.activated_at, v.ended_at
    FROM care.care_plan p JOIN care.care_plan_version v USING (patient_id, care_plan_id)
    LEFT JOIN care.provider a ON a.provider_id = v.author_id
    WHERE p.patient_id = patient ORDER BY p.created_at DESC, p.care_plan_id, v.edition DESC LIMIT 500;$body$,
    'Plans of a patient with each edition, the latest first, 500 at most.', look => $$'goals'$$);
