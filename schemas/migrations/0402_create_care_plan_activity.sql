-- What is to be done by a plan: each activity with who does it, until when, and the goal that it serves.
--
-- A plan had a summary in words and goals, and nothing said who does what. Activities are agreed with a provider; the
-- patient says of the own ones that they are begun or done. What is over stays as it is. New table; its keys lock
-- others for an instant. Undo: drop functions and table.
CREATE TABLE care.care_plan_activity (
    care_plan_activity_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id            uuid        NOT NULL,
    care_plan_id          uuid        NOT NULL,
    goal_id               uuid,
    provider_id           uuid,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    version               integer     NOT NULL DEFAULT 1,
    due_during            daterange   NOT NULL,
    kind                  text        NOT NULL,
    title                 text        NOT NULL,
    status                text        NOT NULL DEFAULT 'not_started',
    status_reason         text,
    updated_by            text        NOT NULL DEFAULT session_user,

    CONSTRAINT care_plan_activity_pkey PRIMARY KEY (care_plan_activity_id),
    CONSTRAINT care_plan_activity_plan_fkey FOREIGN KEY (patient_id, care_plan_id)
        REFERENCES care.care_plan (patient_id, care_plan_id),
    CONSTRAINT care_plan_activity_goal_fkey FOREIGN KEY (patient_id, goal_id) REFERENCES care.goal (patient_id, goal_id),
    CONSTRAINT care_plan_activity_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT care_plan_activity_kind_is_known CHECK (
        kind IN ('visit', 'medication', 'exercise', 'nutrition', 'measurement', 'education', 'counselling', 'other')
    ),
    CONSTRAINT care_plan_activity_title_is_some CHECK (title ~ '\S' AND length(title) <= 200),
    CONSTRAINT care_plan_activity_period_is_half_open CHECK (
        NOT isempty(due_during) AND lower_inc(due_during) AND NOT upper_inc(due_during)
    ),
    CONSTRAINT care_plan_activity_status_is_known CHECK (
        status IN ('not_started', 'in_progress', 'on_hold', 'completed', 'cancelled', 'entered_in_error')
    ),
    CONSTRAINT care_plan_activity_stop_says_why CHECK (
        status NOT IN ('on_hold', 'cancelled', 'entered_in_error') OR coalesce(status_reason ~ '\S', false)
    )
);
CREATE INDEX care_plan_activity_plan_idx ON care.care_plan_activity (patient_id, care_plan_id);
CREATE INDEX care_plan_activity_goal_idx ON care.care_plan_activity (patient_id, goal_id);
CREATE INDEX care_plan_activity_provider_idx ON care.care_plan_activity (provider_id);
COMMENT ON TABLE  care.care_plan_activity                       IS 'Something that is to be done by a plan.';
COMMENT ON COLUMN care.care_plan_activity.care_plan_activity_id IS 'Key.';
COMMENT ON COLUMN care.care_plan_activity.patient_id            IS 'Whose plan it is.';
COMMENT ON COLUMN care.care_plan_activity.care_plan_id          IS 'Of which plan.';
COMMENT ON COLUMN care.care_plan_activity.goal_id               IS 'Which goal it serves; null where it serves none in particular.';
COMMENT ON COLUMN care.care_plan_activity.provider_id           IS 'Who does it; null where the patient does.';
COMMENT ON COLUMN care.care_plan_activity.created_at            IS 'When the row was made.';
COMMENT ON COLUMN care.care_plan_activity.updated_at            IS 'When it was last changed.';
COMMENT ON COLUMN care.care_plan_activity.version               IS 'Raised by each change.';
COMMENT ON COLUMN care.care_plan_activity.due_during            IS 'The days on which it is to be done; no upper bound where it goes on.';
COMMENT ON COLUMN care.care_plan_activity.kind                  IS 'visit, medication, exercise, nutrition, measurement, education, counselling or other.';
COMMENT ON COLUMN care.care_plan_activity.title                 IS 'What is to be done.';
COMMENT ON COLUMN care.care_plan_activity.status                IS 'not_started, in_progress, on_hold, completed, cancelled or entered_in_error.';
COMMENT ON COLUMN care.care_plan_activity.status_reason         IS 'Why it is on hold, cancelled or an error; null where nothing was said.';
COMMENT ON COLUMN care.care_plan_activity.updated_by            IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT care_plan_activity_pkey ON care.care_plan_activity IS 'This activity is known already.';
COMMENT ON CONSTRAINT care_plan_activity_plan_fkey ON care.care_plan_activity IS 'Choose a plan of this patient.';
COMMENT ON CONSTRAINT care_plan_activity_goal_fkey ON care.care_plan_activity IS 'Choose a goal of this patient.';
COMMENT ON CONSTRAINT care_plan_activity_provider_fkey ON care.care_plan_activity IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT care_plan_activity_kind_is_known ON care.care_plan_activity IS 'Choose one of the known kinds of activities.';
COMMENT ON CONSTRAINT care_plan_activity_title_is_some ON care.care_plan_activity IS 'Say what is to be done, in 200 letters at most.';
COMMENT ON CONSTRAINT care_plan_activity_period_is_half_open ON care.care_plan_activity IS 'An activity has a first day, and ends after it.';
COMMENT ON CONSTRAINT care_plan_activity_status_is_known ON care.care_plan_activity IS 'Choose how far it is.';
COMMENT ON CONSTRAINT care_plan_activity_stop_says_why ON care.care_plan_activity IS 'Say why it is on hold, cancelled or an error.';

CREATE FUNCTION care.check_care_plan_activity() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    free constant text[] := '{status,version,updated_at,updated_by}';
BEGIN
    IF EXISTS (SELECT FROM care.goal g WHERE g.patient_id = NEW.patient_id AND g.goal_id = NEW.goal_id
                  AND g.care_plan_id <> NEW.care_plan_id) THEN
        PERFORM care.refuse('care_plan_activity_goal_is_of_its_plan', 'Choose a goal of the same plan.');
    END IF;
    IF access.part() = 'patient' AND (TG_OP = 'INSERT' OR NEW.provider_id IS NOT NULL
            OR NEW.status NOT IN (OLD.status, 'in_progress', 'completed') OR to_jsonb(NEW) - free <> to_jsonb(OLD) - free) THEN
        PERFORM care.refuse('care_plan_activity_is_agreed_with_a_provider',
            'Say of what you do yourself that it is begun or done, and agree on the rest with your provider.');
    ELSIF TG_OP = 'UPDATE' AND (OLD.status IN ('cancelled', 'entered_in_error')
            OR OLD.status = 'completed' AND NEW.status <> 'entered_in_error') THEN
        PERFORM care.refuse('care_plan_activity_that_is_over_stays', 'This activity is over: plan another one.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_care_plan_activity() IS 'Trigger before an activity is stored or changed: its goal is of its plan, the patient says only how far the own ones are, and what is over stays.';
CREATE TRIGGER care_plan_activity_is_agreed BEFORE INSERT OR UPDATE ON care.care_plan_activity
    FOR EACH ROW EXECUTE FUNCTION care.check_care_plan_activity();
CREATE TRIGGER care_plan_activity_is_stamped BEFORE INSERT OR UPDATE ON care.care_plan_activity
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER care_plan_activity_is_touched BEFORE UPDATE ON care.care_plan_activity
    FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER care_plan_activity_keeps_former_versions AFTER UPDATE ON care.care_plan_activity
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
CREATE TRIGGER care_plan_activity_stays_under_hold BEFORE DELETE ON care.care_plan_activity
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
CALL access.guard('care.care_plan_activity', 'own_chart');

INSERT INTO access.look_kind (kind, scope) VALUES ('activities', 'chart');
CALL access.publish('plan_activity',
    'care_plan uuid, goal uuid, performer uuid, kind text, title text, first_on date, stop_on date', 'uuid', $body$
    DECLARE
        -- The person comes from the plan, so that no caller can mix two; without such a plan the row is refused.
        whose constant uuid := (SELECT p.patient_id FROM care.care_plan p WHERE p.care_plan_id = care_plan);
    BEGIN
        INSERT INTO care.care_plan_activity AS a (patient_id, care_plan_id, goal_id, provider_id, kind, title, due_during)
        VALUES (whose, care_plan, goal, performer, plan_activity.kind, plan_activity.title, daterange(first_on, stop_on))
        RETURNING a.care_plan_activity_id INTO answer;
        PERFORM access.note(me, 'create', whose, 'care.care_plan_activity/' || answer);
    END;$body$,
    'Adds to a plan what a provider, or without one the patient, is to do on the days of [first_on, stop_on); gives its key.');
CALL access.publish('change_activity', 'care_plan_activity uuid, known_version integer, status text, reason text',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.care_plan_activity AS a SET status = change_activity.status, status_reason = coalesce(reason, a.status_reason)
        WHERE a.care_plan_activity_id = care_plan_activity AND a.version = known_version
        RETURNING a.version, a.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.care_plan_activity/' || care_plan_activity);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, a.version FROM care.care_plan_activity a WHERE a.care_plan_activity_id = care_plan_activity;
        END IF;
    END;$body$,
    'Says how far an activity is where it still has the version that the editor read: the version that stands, and whether it is the editor''s; no row where there is no such activity for whoever acts.');
CALL access.publish('read_activities', '',
    'TABLE (care_plan_activity_id uuid, version integer, care_plan_id uuid, goal_id uuid, provider_id uuid, kind text, title text, status text, status_reason text, first_on date, stop_on date)',
    $body$RETURN QUERY SELECT a.care_plan_activity_id, a.version, a.care_plan_id, a.goal_id, a.provider_id, a.kind, a.title, a.status,
        a.status_reason, lower(a.due_during), upper(a.due_during)
    FROM care.care_plan_activity a WHERE a.patient_id = patient
    ORDER BY lower(a.due_during) DESC, a.care_plan_activity_id LIMIT 500;$body$,
    'What is to be done by the plans of a patient, the latest first, 500 at most.', look => $$'activities'$$);
