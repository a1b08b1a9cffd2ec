-- Tasks and inboxes: what somebody has to do for a patient, for whom, until when, and what came of it.
--
-- A task is FHIR's Task. It is for an account, or for a pool that one of its members takes it from: the desk or the
-- billers of a facility, or whoever cares for the patient (care_team). Whoever has it, or asked for it, gives it on; any
-- other takes it over first, so that two never do one thing. It is completed by whoever has it, who says what came of it.
--
-- Results do not get lost: the first final result of an order opens a task for who ordered, which stays until it is
-- completed or who ordered signs the report; a report under a request opens one for who requested. Of what is kept apart,
-- a task says no title; and former versions of tasks are not kept, since the patient reads those of all rows, and the audit
-- says who took and ended what. A request that becomes active opens a task for the provider or the desk that is asked, and closes
-- it when it is over; a patient's message one for whom it is with, until somebody answers. These triggers run as their
-- owner: who records a result need not be allowed to write into another's inbox. Triggers on care.lab_result,
-- care.clinical_report, care.message and the tables of requests lock them against writes for an instant. Undo: drop the
-- table, the functions and the triggers.
CREATE TABLE care.task (
    task_id              uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id           uuid        NOT NULL,
    owner_account_id     uuid,
    requester_account_id uuid,
    facility_id          uuid,
    service_request_id   uuid,
    lab_order_id         uuid,
    clinical_report_id   uuid,
    questionnaire_id     uuid,
    message_thread_id    uuid,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    due_at               timestamptz,
    ended_at             timestamptz,
    version              integer     NOT NULL DEFAULT 1,
    kind                 text        NOT NULL,
    pool                 text,
    title                text        NOT NULL,
    priority             text        NOT NULL DEFAULT 'routine',
    status               text        NOT NULL DEFAULT 'requested',
    outcome              text,
    updated_by           text        NOT NULL DEFAULT session_user,

    CONSTRAINT task_pkey PRIMARY KEY (task_id),
    CONSTRAINT task_id_with_patient_is_unique UNIQUE (patient_id, task_id),
    CONSTRAINT task_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT task_owner_fkey FOREIGN KEY (owner_account_id) REFERENCES access.account (account_id),
    CONSTRAINT task_requester_fkey FOREIGN KEY (requester_account_id) REFERENCES access.account (account_id),
    CONSTRAINT task_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT task_service_request_fkey
        FOREIGN KEY (patient_id, service_request_id) REFERENCES care.service_request (patient_id, service_request_id),
    CONSTRAINT task_lab_order_fkey
        FOREIGN KEY (patient_id, lab_order_id) REFERENCES care.lab_order (patient_id, lab_order_id),
    CONSTRAINT task_report_fkey
        FOREIGN KEY (patient_id, clinical_report_id) REFERENCES care.clinical_report (patient_id, clinical_report_id),
    CONSTRAINT task_questionnaire_fkey FOREIGN KEY (questionnaire_id) REFERENCES care.questionnaire (questionnaire_id),
    CONSTRAINT task_thread_fkey
        FOREIGN KEY (patient_id, message_thread_id) REFERENCES care.message_thread (patient_id, message_thread_id),
    CONSTRAINT task_kind_is_known
        CHECK (kind IN ('review_result', 'act_on_request', 'complete_form', 'answer_message', 'call_patient', 'other')),
    CONSTRAINT task_kind_fits_its_subject
        CHECK (
            num_nonnulls(service_request_id, lab_order_id, clinical_report_id, questionnaire_id, message_thread_id) <= 1 AND CASE kind
            WHEN 'review_result' THEN num_nonnulls(lab_order_id, clinical_report_id) = 1
            WHEN 'act_on_request' THEN service_request_id IS NOT NULL
            WHEN 'complete_form' THEN questionnaire_id IS NOT NULL
            WHEN 'answer_message' THEN message_thread_id IS NOT NULL ELSE true END
            ),
    CONSTRAINT task_pool_is_known CHECK (pool IN ('care_team', 'front_desk', 'biller')),
    CONSTRAINT task_pool_is_at_its_facility
        CHECK ((facility_id IS NOT NULL) = coalesce(pool IN ('front_desk', 'biller'), false)),
    CONSTRAINT task_is_for_somebody CHECK (num_nonnulls(owner_account_id, pool) > 0),
    CONSTRAINT task_priority_is_known CHECK (priority IN ('routine', 'urgent', 'asap', 'stat')),
    CONSTRAINT task_status_is_known
        CHECK (status IN ('requested', 'in_progress', 'on_hold', 'completed', 'cancelled', 'entered_in_error')),
    CONSTRAINT task_in_progress_has_an_owner CHECK (status <> 'in_progress' OR owner_account_id IS NOT NULL),
    CONSTRAINT task_says_what_came_of_it
        CHECK ((status IN ('completed', 'cancelled', 'entered_in_error')) = coalesce(outcome ~ '\S', false) AND length(outcome) <= 2000),
    CONSTRAINT task_ends_once_it_is_over
        CHECK ((status IN ('completed', 'cancelled', 'entered_in_error')) = (ended_at IS NOT NULL)),
    CONSTRAINT task_title_is_some CHECK (title ~ '\S' AND length(title) <= 200),
    CONSTRAINT task_of_a_thread_is_one
        EXCLUDE USING btree (message_thread_id WITH =) WHERE (kind = 'answer_message' AND status IN ('requested', 'in_progress', 'on_hold')),
    CONSTRAINT task_of_an_order_is_one
        EXCLUDE USING btree (lab_order_id WITH =) WHERE (kind = 'review_result' AND status IN ('requested', 'in_progress', 'on_hold'))
);
CREATE INDEX task_patient_idx ON care.task (patient_id, created_at);
CREATE INDEX task_owner_idx ON care.task (owner_account_id, due_at) WHERE status IN ('requested', 'in_progress', 'on_hold');
CREATE INDEX task_owner_ever_idx ON care.task (owner_account_id, created_at);
CREATE INDEX task_requester_idx ON care.task (requester_account_id, created_at);
CREATE INDEX task_pool_idx ON care.task (facility_id, pool, due_at);
CREATE INDEX task_service_request_idx ON care.task (patient_id, service_request_id);
CREATE INDEX task_lab_order_idx ON care.task (patient_id, lab_order_id);
CREATE INDEX task_report_idx ON care.task (patient_id, clinical_report_id);
CREATE INDEX task_thread_idx ON care.task (patient_id, message_thread_id);
CREATE INDEX task_questionnaire_idx ON care.task (questionnaire_id);
CREATE TRIGGER task_is_stamped BEFORE INSERT OR UPDATE ON care.task
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER task_is_touched BEFORE UPDATE ON care.task FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER task_stays_under_hold BEFORE DELETE ON care.task
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.task IS 'What somebody has to do for a patient: a result to read, a request to act on, a form to fill in.';
COMMENT ON COLUMN care.task.task_id              IS 'Key.';
COMMENT ON COLUMN care.task.patient_id           IS 'For whom it is done.';
COMMENT ON COLUMN care.task.owner_account_id     IS 'The account that has it; null while it waits in a pool.';
COMMENT ON COLUMN care.task.requester_account_id IS 'The account that asked for it; null where the database did.';
COMMENT ON COLUMN care.task.facility_id          IS 'The facility in whose pool it is; null where the pool is the care team, or none.';
COMMENT ON COLUMN care.task.service_request_id   IS 'The request to act on; null where it is about something else.';
COMMENT ON COLUMN care.task.lab_order_id         IS 'The order whose results are to be read; null where it is about something else.';
COMMENT ON COLUMN care.task.clinical_report_id   IS 'The report that is to be read; null where it is about something else.';
COMMENT ON COLUMN care.task.questionnaire_id     IS 'The form that is to be filled in; null where it is about something else.';
COMMENT ON COLUMN care.task.message_thread_id    IS 'The thread in which an answer is due; null where it is about something else.';
COMMENT ON COLUMN care.task.created_at           IS 'When the row was made.';
COMMENT ON COLUMN care.task.updated_at           IS 'When it was last changed.';
COMMENT ON COLUMN care.task.due_at               IS 'Until when; null where there is no hurry.';
COMMENT ON COLUMN care.task.ended_at             IS 'When it was completed, cancelled or marked as an error; null before.';
COMMENT ON COLUMN care.task.version              IS 'Raised by each change.';
COMMENT ON COLUMN care.task.kind                 IS 'review_result, act_on_request, complete_form, answer_message, call_patient or other.';
COMMENT ON COLUMN care.task.pool                 IS 'Who may take it: care_team, front_desk or biller; null where it is for one account.';
COMMENT ON COLUMN care.task.title                IS 'What is to be done.';
COMMENT ON COLUMN care.task.priority             IS 'routine, urgent, asap or stat.';
COMMENT ON COLUMN care.task.status               IS 'requested, in_progress, on_hold, completed, cancelled or entered_in_error.';
COMMENT ON COLUMN care.task.outcome              IS 'What came of it, or why it was cancelled; null before.';
COMMENT ON COLUMN care.task.updated_by           IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT task_pkey ON care.task IS 'This task is known already.';
COMMENT ON CONSTRAINT task_id_with_patient_is_unique ON care.task IS 'This task is known already.';
COMMENT ON CONSTRAINT task_patient_fkey ON care.task IS 'Register the patient first.';
COMMENT ON CONSTRAINT task_owner_fkey ON care.task IS 'Choose somebody who has an account.';
COMMENT ON CONSTRAINT task_requester_fkey ON care.task IS 'Choose somebody who has an account.';
COMMENT ON CONSTRAINT task_facility_fkey ON care.task IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT task_service_request_fkey ON care.task IS 'Choose a request of this patient.';
COMMENT ON CONSTRAINT task_lab_order_fkey ON care.task IS 'Choose an order of this patient.';
COMMENT ON CONSTRAINT task_report_fkey ON care.task IS 'Choose a report of this patient.';
COMMENT ON CONSTRAINT task_questionnaire_fkey ON care.task IS 'Choose one of the known questionnaires.';
COMMENT ON CONSTRAINT task_thread_fkey ON care.task IS 'Choose a thread of this patient.';
COMMENT ON CONSTRAINT task_kind_is_known ON care.task IS 'Choose what kind of task it is.';
COMMENT ON CONSTRAINT task_kind_fits_its_subject ON care.task IS 'Name the one thing that the task is about: the request, the order, the report, the form or the thread.';
COMMENT ON CONSTRAINT task_pool_is_known ON care.task IS 'Choose care_team, front_desk or biller.';
COMMENT ON CONSTRAINT task_pool_is_at_its_facility ON care.task IS 'Name the facility whose desk or billers are to do it, and none for others.';
COMMENT ON CONSTRAINT task_is_for_somebody ON care.task IS 'Say for whom the task is.';
COMMENT ON CONSTRAINT task_priority_is_known ON care.task IS 'Choose routine, urgent, asap or stat.';
COMMENT ON CONSTRAINT task_status_is_known ON care.task IS 'Choose how far the task is.';
COMMENT ON CONSTRAINT task_in_progress_has_an_owner ON care.task IS 'Take the task before you begin it.';
COMMENT ON CONSTRAINT task_says_what_came_of_it ON care.task IS 'Say what came of the task when it is over, in 2,000 letters at most.';
COMMENT ON CONSTRAINT task_ends_once_it_is_over ON care.task IS 'A task that is over says when it ended.';
COMMENT ON CONSTRAINT task_title_is_some ON care.task IS 'Say what is to be done, in 200 letters at most.';
COMMENT ON CONSTRAINT task_of_a_thread_is_one ON care.task IS 'There is a task to answer in this thread already.';
COMMENT ON CONSTRAINT task_of_an_order_is_one ON care.task IS 'There is a task for the results of this order already.';
CALL access.guard('care.task', 'internal');
GRANT SELECT, INSERT, UPDATE ON care.task TO healthtrack_care;
CREATE POLICY care ON care.task FOR ALL TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_in_care())::uuid[]))
    WITH CHECK (patient_id = ANY ((SELECT access.patients_in_care())::uuid[]));
CREATE POLICY owned ON care.task FOR SELECT TO healthtrack_care
    USING (owner_account_id = (SELECT access.actor()) AND (SELECT access.part()) IS NOT NULL);
CREATE POLICY owned_is_done ON care.task FOR UPDATE TO healthtrack_care
    USING (owner_account_id = (SELECT access.actor()) AND (SELECT access.part()) IS NOT NULL);
CREATE POLICY pooled ON care.task FOR SELECT TO healthtrack_care
    USING (facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND pool = (SELECT access.part()));
CREATE POLICY pooled_is_done ON care.task FOR UPDATE TO healthtrack_care
    USING (facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND pool = (SELECT access.part()));
CREATE POLICY pooled_is_made ON care.task FOR INSERT TO healthtrack_care
    WITH CHECK (facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND pool = (SELECT access.part())
                AND (patient_id = ANY ((SELECT access.patients_at_desk())::uuid[])
                     OR patient_id = ANY ((SELECT access.patients_billed())::uuid[])));

CREATE FUNCTION access.account_of(provider uuid, patient uuid) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.account_id FROM access.account a
    WHERE a.disabled_at IS NULL AND (a.provider_id = account_of.provider OR a.patient_id = account_of.patient)
    ORDER BY a.provider_id IS NULL LIMIT 1
$$;
COMMENT ON FUNCTION access.account_of(uuid, uuid) IS 'The account of a provider, or else of a patient; null where there is none that acts. For functions: nobody is shown the key of another''s account.';
REVOKE EXECUTE ON FUNCTION access.account_of(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.account_of(uuid, uuid) TO healthtrack_care;

CREATE FUNCTION care.check_task() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moves constant text[] := '{status, outcome, ended_at, owner_account_id, facility_id, pool, due_at, priority, version,
                               updated_at, updated_by, created_at}';
    ends  constant text[] := '{completed, cancelled, entered_in_error}';
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.status = ANY (ends) AND NEW.status NOT IN (OLD.status, 'entered_in_error') THEN
        PERFORM care.refuse('task_that_is_over_stays_so', 'This task is over: write another one.');
    ELSIF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - moves <> to_jsonb(OLD) - moves
                                OR OLD.status = ANY (ends) AND NEW.owner_account_id IS DISTINCT FROM OLD.owner_account_id) THEN
        PERFORM care.refuse('task_stays_what_it_is', 'What is to be done stays as it was: cancel this task and write another one.');
    ELSIF NEW.status = ANY (ends) THEN
        NEW.ended_at := CASE TG_OP WHEN 'UPDATE' THEN coalesce(OLD.ended_at, now()) ELSE coalesce(NEW.ended_at, now()) END;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_task() IS 'Trigger before a task is written: what is over stays so, and what is to be done stays as it was; notes when it ended.';
CREATE TRIGGER task_stays_what_it_is BEFORE INSERT OR UPDATE ON care.task
    FOR EACH ROW EXECUTE FUNCTION care.check_task();

CREATE FUNCTION care.check_task_hands() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant uuid := access.actor();
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.requester_account_id := me;
        IF NEW.status <> 'requested' THEN
            PERFORM care.refuse('task_begins_as_requested', 'Write the task first, and do it then.');
        END IF;
    ELSIF OLD.owner_account_id <> me AND OLD.requester_account_id IS DISTINCT FROM me
          AND NEW.owner_account_id IS DISTINCT FROM me
          OR NEW.status = 'completed' AND OLD.status <> 'completed' AND NEW.owner_account_id IS DISTINCT FROM me THEN
        PERFORM care.refuse('task_is_its_owners', 'Take this task before you change it.');
    END IF;
    -- Who may not write for this patient is refused by the policies, and learns nothing here of who cares.
    IF NEW.owner_account_id IS NOT NULL
       AND (TG_OP = 'UPDATE' AND NEW.owner_account_id IS DISTINCT FROM OLD.owner_account_id
            OR TG_OP = 'INSERT' AND NEW.patient_id = ANY (
                access.patients_in_care() || access.patients_at_desk() || access.patients_billed()))
       AND NOT EXISTS (
           SELECT FROM access.account a
           WHERE a.account_id = NEW.owner_account_id AND a.disabled_at IS NULL AND (
               a.patient_id = NEW.patient_id OR a.part = NEW.pool AND a.facility_id = NEW.facility_id
               OR EXISTS (SELECT FROM access.care_relationship r
                          WHERE r.patient_id = NEW.patient_id AND r.provider_id = a.provider_id
                            AND r.valid_during @> clock_timestamp()))) THEN
        PERFORM care.refuse('task_owner_may_do_it',
            'Choose somebody who cares for the patient, the patient, or the desk or billers of the facility that is named.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_task_hands() IS 'Trigger before a task is written through the portal: by whom it may be changed, and to whom it may go.';
CREATE TRIGGER task_is_in_good_hands BEFORE INSERT OR UPDATE ON care.task
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_task_hands();

CREATE FUNCTION care.time_to_act(priority text) RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE priority WHEN 'stat' THEN INTERVAL '1 hour' WHEN 'routine' THEN INTERVAL '7 days' ELSE INTERVAL '1 day' END
$$;
COMMENT ON FUNCTION care.time_to_act(text) IS 'How long a task of a priority may take: an hour, a day or a week.';

CREATE FUNCTION care.open_result_task() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ordered care.lab_order;
    urgency text;
    owner   uuid;
BEGIN
    SELECT * INTO ordered FROM care.lab_order o WHERE o.patient_id = NEW.patient_id AND o.lab_order_id = NEW.lab_order_id;
    owner := access.account_of(ordered.ordered_by, NULL);
    urgency := CASE WHEN NEW.flag IN ('LL', 'HH') THEN 'stat' ELSE ordered.priority END;
    INSERT INTO care.task (patient_id, owner_account_id, pool, lab_order_id, kind, title, priority, due_at)
    VALUES (NEW.patient_id, owner, CASE WHEN owner IS NULL THEN 'care_team' END, NEW.lab_order_id, 'review_result',
            CASE WHEN to_jsonb(ordered) ->> 'sensitivity' IS NULL
                 THEN left('Read the results: ' || ordered.title, 200) ELSE 'Read the results of an order' END, urgency, now() + care.time_to_act(urgency))
    ON CONFLICT DO NOTHING;
    IF NEW.flag IN ('LL', 'HH') THEN
        UPDATE care.task t SET priority = 'stat', due_at = least(t.due_at, now() + care.time_to_act('stat'))
        WHERE t.patient_id = NEW.patient_id AND t.lab_order_id = NEW.lab_order_id AND t.kind = 'review_result'
          AND t.status IN ('requested', 'in_progress', 'on_hold') AND t.priority <> 'stat';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.open_result_task() IS 'Trigger after a result of an order is final: a task for who ordered, at once where a value is critical.';
CREATE TRIGGER lab_result_opens_a_task AFTER INSERT ON care.lab_result
    FOR EACH ROW WHEN (NEW.lab_order_id IS NOT NULL AND NEW.status IN ('final', 'amended'))
    EXECUTE FUNCTION care.open_result_task();
CREATE TRIGGER lab_result_opens_a_task_once_final AFTER UPDATE OF status ON care.lab_result
    FOR EACH ROW WHEN (NEW.lab_order_id IS NOT NULL AND OLD.status = 'preliminary' AND NEW.status IN ('final', 'amended'))
    EXECUTE FUNCTION care.open_result_task();

CREATE FUNCTION care.close_result_task() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE care.task t SET status = 'completed', outcome = 'Signed in the report.'
    FROM care.lab_order o
    WHERE t.patient_id = NEW.patient_id AND t.lab_order_id = NEW.lab_order_id AND t.kind = 'review_result'
      AND t.status IN ('requested', 'in_progress', 'on_hold')
      AND o.patient_id = NEW.patient_id AND o.lab_order_id = NEW.lab_order_id AND o.ordered_by = NEW.signed_by;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.close_result_task() IS 'Trigger after a report of the laboratory is signed: who ordered and signs has read the results.';
CREATE TRIGGER clinical_report_closes_a_task AFTER INSERT OR UPDATE OF status ON care.clinical_report
    FOR EACH ROW WHEN (NEW.lab_order_id IS NOT NULL AND NEW.status IN ('final', 'amended'))
    EXECUTE FUNCTION care.close_result_task();

CREATE FUNCTION care.open_report_task() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO care.task (patient_id, owner_account_id, pool, clinical_report_id, kind, title, priority, due_at)
    SELECT NEW.patient_id, owner, CASE WHEN owner IS NULL THEN 'care_team' END, NEW.clinical_report_id, 'review_result',
           CASE WHEN num_nonnulls(r.sensitivity, to_jsonb(c) ->> 'sensitivity') = 0
                THEN left('Read the report: ' || c.title, 200) ELSE 'Read a report' END, r.priority, now() + care.time_to_act(r.priority)
    FROM care.service_request r
    JOIN care.clinical_report c ON c.patient_id = NEW.patient_id AND c.clinical_report_id = NEW.clinical_report_id,
         LATERAL (SELECT access.account_of(r.requested_by, NULL)) AS own (owner)
    WHERE r.patient_id = NEW.patient_id AND r.service_request_id = NEW.service_request_id
      AND c.signed_by IS DISTINCT FROM r.requested_by;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.open_report_task() IS 'Trigger after a report is noted under a request: a task for who requested, unless they signed it themselves.';
CREATE TRIGGER service_request_fulfilment_opens_a_task AFTER INSERT ON care.service_request_fulfilment
    FOR EACH ROW WHEN (NEW.clinical_report_id IS NOT NULL) EXECUTE FUNCTION care.open_report_task();

CREATE FUNCTION care.keep_request_task() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner constant uuid := CASE WHEN NEW.performer_id IS NOT NULL THEN access.account_of(NEW.performer_id, NULL) END;
BEGIN
    UPDATE care.task t SET status = 'cancelled',
        outcome = CASE NEW.status WHEN 'completed' THEN 'The request is completed.'
                                  WHEN 'active' THEN 'The request was given to somebody else.' ELSE 'The request stands no more.' END
    WHERE t.patient_id = NEW.patient_id AND t.service_request_id = NEW.service_request_id AND t.kind = 'act_on_request'
      AND t.status IN ('requested', 'in_progress', 'on_hold') AND t.requester_account_id IS NULL
      AND (NEW.status NOT IN ('active', 'on_hold')
           OR TG_OP = 'UPDATE' AND (NEW.performer_id IS DISTINCT FROM OLD.performer_id
                                    OR NEW.facility_id IS DISTINCT FROM OLD.facility_id));
    IF NEW.status = 'active' AND num_nonnulls(owner, NEW.facility_id) > 0 AND NOT EXISTS (
        SELECT FROM care.task t
        WHERE t.patient_id = NEW.patient_id AND t.service_request_id = NEW.service_request_id AND t.kind = 'act_on_request'
          AND t.status IN ('requested', 'in_progress', 'on_hold')) THEN
        INSERT INTO care.task (patient_id, owner_account_id, facility_id, pool, service_request_id, kind, title, priority, due_at)
        VALUES (NEW.patient_id, owner, CASE WHEN owner IS NULL THEN NEW.facility_id END,
                CASE WHEN owner IS NULL THEN 'front_desk' END, NEW.service_request_id, 'act_on_request',
                CASE WHEN NEW.sensitivity IS NULL THEN left('Act on the request: ' || NEW.title, 200)
                     ELSE 'Act on a request' END, NEW.priority, now() + care.time_to_act(NEW.priority));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.keep_request_task() IS 'Trigger after a request begins, ends or goes to somebody else: a task for the provider or the desk that is asked, as long as it stands.';
CREATE TRIGGER service_request_opens_a_task AFTER INSERT ON care.service_request
    FOR EACH ROW WHEN (NEW.status = 'active') EXECUTE FUNCTION care.keep_request_task();
CREATE TRIGGER service_request_keeps_its_task AFTER UPDATE OF status, performer_id, facility_id ON care.service_request
    FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.performer_id IS DISTINCT FROM NEW.performer_id
                       OR OLD.facility_id IS DISTINCT FROM NEW.facility_id)
    EXECUTE FUNCTION care.keep_request_task();

CREATE FUNCTION care.keep_message_task() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    thread care.message_thread;
    owner  uuid;
BEGIN
    IF (SELECT a.part FROM access.account a WHERE a.account_id = NEW.sender_account_id) <> 'patient' THEN
        UPDATE care.task t SET status = 'completed', outcome = 'Answered.', owner_account_id = NEW.sender_account_id
        WHERE t.patient_id = NEW.patient_id AND t.message_thread_id = NEW.message_thread_id AND t.kind = 'answer_message'
          AND t.status IN ('requested', 'in_progress', 'on_hold');
        RETURN NULL;
    END IF;
    SELECT * INTO thread FROM care.message_thread t
    WHERE t.patient_id = NEW.patient_id AND t.message_thread_id = NEW.message_thread_id;
    owner := CASE WHEN thread.provider_id IS NOT NULL THEN access.account_of(thread.provider_id, NULL) END;
    INSERT INTO care.task (patient_id, owner_account_id, pool, message_thread_id, kind, title, due_at)
    VALUES (NEW.patient_id, owner, CASE WHEN owner IS NULL THEN 'care_team' END, NEW.message_thread_id, 'answer_message',
            'Answer a message', NEW.sent_at + INTERVAL '2 days')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.keep_message_task() IS 'Trigger after a message is sent: a patient''s opens a task to answer, and an answer completes it.';
CREATE TRIGGER message_keeps_its_task AFTER INSERT ON care.message
    FOR EACH ROW EXECUTE FUNCTION care.keep_message_task();

CREATE FUNCTION care.close_message_task() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE care.task t SET status = 'cancelled', outcome = 'The thread was closed.'
    WHERE t.patient_id = NEW.patient_id AND t.message_thread_id = NEW.message_thread_id AND t.kind = 'answer_message'
      AND t.status IN ('requested', 'in_progress', 'on_hold');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.close_message_task() IS 'Trigger after a thread is closed: nothing is left to answer in it.';
CREATE TRIGGER message_thread_closes_a_task AFTER UPDATE OF closed_at ON care.message_thread
    FOR EACH ROW WHEN (NEW.closed_at IS NOT NULL) EXECUTE FUNCTION care.close_message_task();
