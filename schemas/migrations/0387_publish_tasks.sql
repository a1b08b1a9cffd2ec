-- Tasks through `api`: written, taken, given on and ended; the inbox of an account, and the tasks of a patient.
--
-- The inbox is of many people, so it is read under one look at all; the policies decide what stands in it. Whom a task is
-- for is told to whoever has it or may take it, as long as it is open: a desk that is asked to find a time for somebody
-- who was never there must know for whom. A patient's own inbox holds what the patient is to do. Locks nothing. Undo: drop
-- them.
INSERT INTO access.look_kind (kind, scope, sensitive) VALUES ('tasks', 'none', false);
INSERT INTO access.look_kind (kind, scope, in_care, of_all, sensitive) VALUES ('inbox', 'none', false, true, false);

CREATE FUNCTION care.named_in_task(task uuid) RETURNS TABLE (family text, given text[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT n.family, n.given
    FROM care.task t
    JOIN care.patient_name n ON n.patient_id = t.patient_id AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
    WHERE t.task_id = task AND t.status IN ('requested', 'in_progress', 'on_hold')
      AND (t.owner_account_id = access.actor()
           OR t.owner_account_id IS NULL AND t.pool = access.part() AND t.facility_id = ANY (access.own_facilities())
           OR t.owner_account_id IS NULL AND t.pool = 'care_team' AND t.patient_id = ANY (access.patients_in_care()))
    LIMIT 1
$$;
COMMENT ON FUNCTION care.named_in_task(uuid) IS 'The official name of whom a task is for, told to the account that has it or may take it while it is open; no row for others.';
REVOKE EXECUTE ON FUNCTION care.named_in_task(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.named_in_task(uuid) TO healthtrack_care;

CALL access.publish('open_task',
    'patient uuid, kind text, title text, priority text, due_at timestamptz, to_provider uuid, to_patient boolean, facility uuid, pool text, service_request uuid, lab_order uuid, clinical_report uuid, questionnaire uuid',
    'uuid', $body$
    INSERT INTO care.task AS t (patient_id, kind, title, priority, due_at, owner_account_id, facility_id, pool,
                                service_request_id, lab_order_id, clinical_report_id, questionnaire_id)
    VALUES (patient, open_task.kind, open_task.title, open_task.priority, open_task.due_at,
            access.account_of(to_provider, CASE WHEN to_patient THEN patient END), facility, open_task.pool,
            service_request, lab_order, clinical_report, questionnaire)
    RETURNING t.task_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.task/' || answer);$body$,
    'Asks a provider, the patient or a pool to do something for a patient; gives the task''s key.');

CALL access.publish('take_task', 'task uuid, known_version integer', 'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.task AS t SET owner_account_id = me.account_id, status = 'in_progress'
        WHERE t.task_id = task AND t.version = known_version
        RETURNING t.version, t.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.task/' || task);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, t.version FROM care.task t WHERE t.task_id = task;
        END IF;
    END;$body$,
    'Takes a task from a pool, or over from a colleague, and begins it, where it still has the version that was read: the version that stands, and whether it was taken; no row where there is no such task for whoever acts.');

CALL access.publish('give_task', 'task uuid, known_version integer, to_provider uuid, facility uuid, pool text',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.task AS t SET owner_account_id = access.account_of(to_provider, NULL), status = 'requested',
            facility_id = CASE WHEN to_provider IS NULL THEN facility ELSE t.facility_id END,
            pool = CASE WHEN to_provider IS NULL THEN give_task.pool ELSE t.pool END
        WHERE t.task_id = task AND t.version = known_version
        RETURNING t.version, t.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.task/' || task);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, t.version FROM care.task t WHERE t.task_id = task;
        END IF;
    END;$body$,
    'Gives a task to a provider, or back to a pool, where it still has the version that was read: the version that stands, and whether it was given; no row where there is no such task for whoever acts.');

CALL access.publish('end_task', 'task uuid, known_version integer, status text, outcome text',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.task AS t SET status = end_task.status, outcome = end_task.outcome
        WHERE t.task_id = task AND t.version = known_version
        RETURNING t.version, t.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.task/' || task);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, t.version FROM care.task t WHERE t.task_id = task;
        END IF;
    END;$body$,
    'Completes or cancels a task, or puts it on hold without an outcome, where it still has the version that was read: the version that stands, and whether it is ended; no row where there is no such task for whoever acts.');

CALL access.publish('read_tasks', 'before timestamptz, before_task uuid, rows_max integer',
    'TABLE (task_id uuid, version integer, created_at timestamptz, kind text, title text, priority text, status text, due_at timestamptz, ended_at timestamptz, outcome text, owner text, pool text, facility_id uuid, service_request_id uuid, lab_order_id uuid, clinical_report_id uuid, questionnaire_id uuid, message_thread_id uuid)',
    $body$RETURN QUERY
    SELECT t.task_id, t.version, t.created_at, t.kind, t.title, t.priority, t.status, t.due_at, t.ended_at, t.outcome,
           access.name_of_account(t.owner_account_id), t.pool, t.facility_id, t.service_request_id, t.lab_order_id,
           t.clinical_report_id, t.questionnaire_id, t.message_thread_id
    FROM care.task t
    WHERE t.patient_id = patient AND (before IS NULL OR (t.created_at, t.task_id) < (before, before_task))
    ORDER BY t.created_at DESC, t.task_id DESC LIMIT least(rows_max, 500);$body$,
    'Tasks for a patient with who has them, the latest first, those before the last line of the page before, 500 at most.',
    look => $$'tasks'$$);

CALL access.publish('read_inbox', 'after_due timestamptz, after_task uuid, rows_max integer',
    'TABLE (task_id uuid, version integer, due_at timestamptz, is_own boolean, kind text, title text, priority text, status text, pool text, patient_id uuid, family text, given text[], service_request_id uuid, lab_order_id uuid, clinical_report_id uuid, questionnaire_id uuid, message_thread_id uuid)',
    $body$RETURN QUERY
    SELECT t.task_id, t.version, coalesce(t.due_at, 'infinity'), t.owner_account_id IS NOT NULL, t.kind, t.title, t.priority,
           t.status, t.pool, t.patient_id, n.family, n.given, t.service_request_id, t.lab_order_id, t.clinical_report_id,
           t.questionnaire_id, t.message_thread_id
    FROM care.task t
    LEFT JOIN LATERAL care.named_in_task(t.task_id) n ON true
    WHERE patient IS NULL AND t.status IN ('requested', 'in_progress', 'on_hold')
      AND (t.owner_account_id = me.account_id
           OR t.owner_account_id IS NULL AND (t.pool = me.part OR t.pool = 'care_team' AND me.part = 'provider'))
      AND (after_due IS NULL OR (coalesce(t.due_at, 'infinity'), t.task_id) > (after_due, after_task))
    ORDER BY coalesce(t.due_at, 'infinity'), t.task_id LIMIT least(rows_max, 500);$body$,
    'Tasks that the account has or may take, by when they are due, those after the last line of the page before, 500 at most.',
    look => $$'inbox'$$);
