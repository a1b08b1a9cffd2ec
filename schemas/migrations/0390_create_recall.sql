-- Recalls: who is to come back, when and why; and which vaccinations are due by a schedule.
--
-- A recall stands until somebody says what came of it; of one kind a patient has one that is open. Two weeks before it is
-- due, maintenance tells the patient. Which vaccinations are due follows from a schedule: for each target the doses with
-- the age and the distance from the dose before, at the earliest; what was given counts by its CVX code. The schedule
-- that comes with this is a small one of the usual ages and distances of public schedules, for an example to begin with:
-- it is a table, and a network replaces it by its own under another name (care.immunizations_due takes the name). New
-- tables; care.notification gets a column and its key anew, which locks it for an instant. Undo: drop them, and take the
-- call out of care.queue_reminders.
CREATE TABLE care.recall (
    recall_id      uuid             NOT NULL DEFAULT gen_random_uuid(),
    patient_id     uuid             NOT NULL,
    recorded_by    uuid,
    appointment_id uuid,
    created_at     timestamptz      NOT NULL DEFAULT now(),
    updated_at     timestamptz      NOT NULL DEFAULT now(),
    version        integer          NOT NULL DEFAULT 1,
    due_on         date             NOT NULL,
    ended_on       date,
    programme      text             NOT NULL,
    reason         text             NOT NULL,
    status         text             NOT NULL DEFAULT 'planned',
    sensitivity    care.sensitivity,
    outcome        text,
    updated_by     text             NOT NULL DEFAULT session_user,

    CONSTRAINT recall_pkey PRIMARY KEY (recall_id),
    CONSTRAINT recall_id_with_patient_is_unique UNIQUE (patient_id, recall_id),
    CONSTRAINT recall_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT recall_recorder_fkey FOREIGN KEY (recorded_by) REFERENCES care.provider (provider_id),
    CONSTRAINT recall_appointment_fkey
        FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment (patient_id, appointment_id),
    CONSTRAINT recall_of_a_programme_is_one
        EXCLUDE USING btree (patient_id WITH =, programme WITH =) WHERE (status = 'planned'),
    CONSTRAINT recall_programme_is_snake_case CHECK (programme ~ '^[a-z][a-z0-9_]{1,40}$'),
    CONSTRAINT recall_reason_is_some CHECK (reason ~ '\S' AND length(reason) <= 500),
    CONSTRAINT recall_status_is_known CHECK (status IN ('planned', 'done', 'declined', 'withdrawn', 'entered_in_error')),
    CONSTRAINT recall_says_what_came_of_it
        CHECK ((status <> 'planned') = coalesce(outcome ~ '\S', false) AND (status <> 'planned') = (ended_on IS NOT NULL) AND length(outcome) <= 500)
);
CREATE INDEX recall_patient_idx ON care.recall (patient_id, due_on);
CREATE INDEX recall_due_idx ON care.recall (due_on) WHERE status = 'planned';
CREATE INDEX recall_recorder_idx ON care.recall (recorded_by);
CREATE INDEX recall_appointment_idx ON care.recall (patient_id, appointment_id);
CREATE TRIGGER recall_is_stamped BEFORE INSERT OR UPDATE ON care.recall
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER recall_is_touched BEFORE UPDATE ON care.recall FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER recall_keeps_former_versions AFTER UPDATE ON care.recall
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
CREATE TRIGGER recall_stays_under_hold BEFORE DELETE ON care.recall
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.recall IS 'That a patient is to come back: when, and why.';
COMMENT ON COLUMN care.recall.recall_id      IS 'Key.';
COMMENT ON COLUMN care.recall.patient_id     IS 'Who.';
COMMENT ON COLUMN care.recall.recorded_by    IS 'Provider who wants it; null where a program does.';
COMMENT ON COLUMN care.recall.appointment_id IS 'The appointment that was made for it; null before.';
COMMENT ON COLUMN care.recall.created_at     IS 'When the row was made.';
COMMENT ON COLUMN care.recall.updated_at     IS 'When it was last changed.';
COMMENT ON COLUMN care.recall.version        IS 'Raised by each change.';
COMMENT ON COLUMN care.recall.due_on         IS 'When.';
COMMENT ON COLUMN care.recall.ended_on       IS 'When it was done, declined or withdrawn; null before.';
COMMENT ON COLUMN care.recall.programme      IS 'For what, as a stable word: diabetes_review, cervical_screening.';
COMMENT ON COLUMN care.recall.reason         IS 'Why, in words.';
COMMENT ON COLUMN care.recall.status         IS 'planned, done, declined, withdrawn or entered_in_error.';
COMMENT ON COLUMN care.recall.sensitivity    IS 'Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.';
COMMENT ON COLUMN care.recall.outcome        IS 'What came of it; null before.';
COMMENT ON COLUMN care.recall.updated_by     IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT recall_pkey ON care.recall IS 'This recall is known already.';
COMMENT ON CONSTRAINT recall_id_with_patient_is_unique ON care.recall IS 'This recall is known already.';
COMMENT ON CONSTRAINT recall_patient_fkey ON care.recall IS 'Register the patient first.';
COMMENT ON CONSTRAINT recall_recorder_fkey ON care.recall IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT recall_appointment_fkey ON care.recall IS 'Choose an appointment of this patient.';
COMMENT ON CONSTRAINT recall_of_a_programme_is_one ON care.recall IS 'The patient is to come back for this already: change that recall.';
COMMENT ON CONSTRAINT recall_programme_is_snake_case ON care.recall IS 'Name what it is for by small letters, digits and underscores.';
COMMENT ON CONSTRAINT recall_reason_is_some ON care.recall IS 'Say why, in 500 letters at most.';
COMMENT ON CONSTRAINT recall_status_is_known ON care.recall IS 'Choose planned, done, declined, withdrawn or entered_in_error.';
COMMENT ON CONSTRAINT recall_says_what_came_of_it ON care.recall IS 'Say what came of it when it is over, in 500 letters at most.';
CALL access.guard('care.recall', 'sensitive_chart', 'recorded_by');
CREATE TRIGGER recall_is_recorded_in_person BEFORE INSERT OR UPDATE OF recorded_by ON care.recall
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_recorder('recorded_by');

CREATE FUNCTION care.check_recall() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.status <> 'planned' AND NEW.status NOT IN (OLD.status, 'entered_in_error')
       OR OLD.programme <> NEW.programme OR OLD.status <> 'planned' AND OLD.due_on <> NEW.due_on THEN
        PERFORM care.refuse('recall_that_is_over_stays_so', 'This recall is over, or for something else: write another one.');
    ELSIF NEW.status <> 'planned' THEN
        NEW.ended_on := coalesce(OLD.ended_on, current_date);
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_recall() IS 'Trigger before a recall is changed: one that is over stays so, and notes when it ended.';
CREATE TRIGGER recall_that_is_over_stays_so BEFORE UPDATE ON care.recall
    FOR EACH ROW EXECUTE FUNCTION care.check_recall();

ALTER TABLE care.notification ADD COLUMN recall_id uuid,
    ADD CONSTRAINT notification_recall_fkey FOREIGN KEY (patient_id, recall_id) REFERENCES care.recall (patient_id, recall_id),
    DROP CONSTRAINT notification_is_not_repeated,
    DROP CONSTRAINT notification_is_about_one_thing,
    ADD CONSTRAINT notification_is_about_one_thing CHECK (num_nonnulls(appointment_id, message_id, task_id, recall_id) <= 1);
COMMENT ON COLUMN care.notification.recall_id IS 'The recall that it is about; null where it is about something else.';
COMMENT ON CONSTRAINT notification_recall_fkey ON care.notification IS 'Choose a recall of this patient.';
COMMENT ON CONSTRAINT notification_is_about_one_thing ON care.notification IS 'A notification is about one thing.';
-- What was cancelled does not count: a visit that is moved away and back is told of again.
CREATE UNIQUE INDEX notification_is_not_repeated ON care.notification
    (patient_id, template, channel, appointment_id, message_id, task_id, recall_id, about_at) NULLS NOT DISTINCT
    WHERE status <> 'cancelled';
COMMENT ON INDEX care.notification_is_not_repeated IS 'This notification is queued already.';
CREATE INDEX notification_recall_idx ON care.notification (patient_id, recall_id);

CREATE FUNCTION care.queue_recalls() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    queued integer;
BEGIN
    INSERT INTO care.notification (patient_id, recall_id, template, channel, next_attempt_at)
    SELECT r.patient_id, r.recall_id, t.template, c.channel,
           CASE c.channel WHEN 'portal' THEN now() ELSE care.after_quiet_hours(r.patient_id, now()) END
    FROM care.recall r JOIN care.patient p ON p.patient_id = r.patient_id AND p.deceased_at IS NULL
    CROSS JOIN care.notification_template t CROSS JOIN unnest('{portal, email, sms, push}'::text[]) AS c (channel)
    LEFT JOIN care.notification_preference w ON w.patient_id = r.patient_id AND w.channel = c.channel AND w.kind = t.kind
    WHERE r.status = 'planned' AND r.due_on <= current_date + 14 AND t.template = 'recall_due'
      AND coalesce(w.wanted, c.channel = 'portal')
      AND NOT EXISTS (SELECT FROM care.notification n WHERE n.patient_id = r.patient_id AND n.recall_id = r.recall_id
                        AND n.status <> 'cancelled')
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS queued = ROW_COUNT;
    RETURN queued;
END $$;
COMMENT ON FUNCTION care.queue_recalls() IS 'Queues a notification of each recall that is due within two weeks and has none; gives how many.';
REVOKE EXECUTE ON FUNCTION care.queue_recalls() FROM PUBLIC;
DO $$
DECLARE
    known   constant text := pg_get_functiondef('care.run_maintenance()'::regprocedure);
    changed constant text := replace(known, 'PERFORM care.queue_reminders();',
                                     'PERFORM care.queue_reminders();' || chr(10) || '    PERFORM care.queue_recalls();');
BEGIN
    IF changed = known THEN
        RAISE EXCEPTION 'care.run_maintenance queues no reminders';
    END IF;
    EXECUTE changed;
END $$;

CREATE FUNCTION care.drop_recall_notification() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE care.notification n SET status = 'cancelled', next_attempt_at = NULL
    WHERE n.patient_id = NEW.patient_id AND n.recall_id = NEW.recall_id AND n.status = 'queued';
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.drop_recall_notification() IS 'Trigger after a recall is over or put off: its notification is not sent any more.';
CREATE TRIGGER recall_drops_its_notification AFTER UPDATE OF status, due_on ON care.recall
    FOR EACH ROW WHEN (NEW.status <> 'planned' OR NEW.due_on <> OLD.due_on) EXECUTE FUNCTION care.drop_recall_notification();

CREATE TABLE care.immunization_schedule (
    immunization_schedule_id uuid     NOT NULL DEFAULT gen_random_uuid(),
    min_age_days             integer  NOT NULL,
    max_age_days             integer,
    min_interval_days        integer,
    dose_number              smallint NOT NULL,
    repeats                  boolean  NOT NULL DEFAULT false,
    schedule                 text     NOT NULL DEFAULT 'example',
    target                   text     NOT NULL,
    title                    text     NOT NULL,
    cvx                      text[]   NOT NULL,

    CONSTRAINT immunization_schedule_pkey PRIMARY KEY (immunization_schedule_id),
    CONSTRAINT immunization_schedule_dose_is_one UNIQUE (schedule, target, dose_number),
    CONSTRAINT immunization_schedule_schedule_is_snake_case CHECK (schedule ~ '^[a-z][a-z0-9_]{1,40}$'),
    CONSTRAINT immunization_schedule_target_is_snake_case CHECK (target ~ '^[a-z][a-z0-9_]{1,40}$'),
    CONSTRAINT immunization_schedule_title_is_some CHECK (title ~ '\S'),
    CONSTRAINT immunization_schedule_dose_is_small CHECK (dose_number BETWEEN 1 AND 20),
    CONSTRAINT immunization_schedule_ages_are_ordered
        CHECK (min_age_days BETWEEN 0 AND 47482 AND coalesce(max_age_days > min_age_days, true)),
    CONSTRAINT immunization_schedule_interval_fits_its_dose
        CHECK ((min_interval_days IS NOT NULL) = (dose_number > 1 OR repeats) AND coalesce(min_interval_days > 0, true)),
    CONSTRAINT immunization_schedule_names_a_vaccine
        CHECK (cardinality(cvx) > 0 AND array_to_string(cvx, ' ') ~ '^([0-9]{2,3})( [0-9]{2,3})*$')
);
COMMENT ON TABLE  care.immunization_schedule IS 'One dose against one target by a schedule: at which age, and how long after the dose before.';
COMMENT ON COLUMN care.immunization_schedule.immunization_schedule_id IS 'Key.';
COMMENT ON COLUMN care.immunization_schedule.min_age_days             IS 'The youngest age at which it is given.';
COMMENT ON COLUMN care.immunization_schedule.max_age_days             IS 'The oldest age at which it is still given; null where there is none.';
COMMENT ON COLUMN care.immunization_schedule.min_interval_days        IS 'How long after the dose before it, at least; null for a first dose.';
COMMENT ON COLUMN care.immunization_schedule.dose_number              IS 'Which dose of its target.';
COMMENT ON COLUMN care.immunization_schedule.repeats                  IS 'True where it is given again and again at its interval.';
COMMENT ON COLUMN care.immunization_schedule.schedule                 IS 'Which schedule.';
COMMENT ON COLUMN care.immunization_schedule.target                   IS 'Against what, as a stable word.';
COMMENT ON COLUMN care.immunization_schedule.title                    IS 'What it is called.';
COMMENT ON COLUMN care.immunization_schedule.cvx                      IS 'Vaccines that count for it, by CVX; the first is what is proposed.';
COMMENT ON CONSTRAINT immunization_schedule_pkey ON care.immunization_schedule IS 'This dose is known already.';
COMMENT ON CONSTRAINT immunization_schedule_dose_is_one ON care.immunization_schedule IS 'This dose is in the schedule already.';
COMMENT ON CONSTRAINT immunization_schedule_schedule_is_snake_case ON care.immunization_schedule IS 'Name a schedule by small letters, digits and underscores.';
COMMENT ON CONSTRAINT immunization_schedule_target_is_snake_case ON care.immunization_schedule IS 'Name a target by small letters, digits and underscores.';
COMMENT ON CONSTRAINT immunization_schedule_title_is_some ON care.immunization_schedule IS 'Say what it is called.';
COMMENT ON CONSTRAINT immunization_schedule_dose_is_small ON care.immunization_schedule IS 'Number the doses of a target from 1 to 20.';
COMMENT ON CONSTRAINT immunization_schedule_ages_are_ordered ON care.immunization_schedule IS 'Give ages between birth and 130 years, the youngest first.';
COMMENT ON CONSTRAINT immunization_schedule_interval_fits_its_dose ON care.immunization_schedule IS 'A later dose, or one that is repeated, says how long after the one before.';
COMMENT ON CONSTRAINT immunization_schedule_names_a_vaccine ON care.immunization_schedule IS 'Name at least one vaccine by its code of CVX.';
CALL access.guard('care.immunization_schedule', 'directory');

INSERT INTO care.immunization_schedule (target, title, dose_number, min_age_days, min_interval_days, max_age_days, repeats, cvx)
VALUES
    ('hepatitis_b', 'Hepatitis B', 1, 0, NULL, NULL, false, '{08,43,44,45,110}'),
    ('hepatitis_b', 'Hepatitis B', 2, 28, 28, NULL, false, '{08,43,44,45,110}'),
    ('hepatitis_b', 'Hepatitis B', 3, 168, 56, NULL, false, '{08,43,44,45,110}'),
    ('pertussis_child', 'Diphtheria, tetanus, pertussis', 1, 42, NULL, 2556, false, '{20,106,107,110,120,130}'),
    ('pertussis_child', 'Diphtheria, tetanus, pertussis', 2, 70, 28, 2556, false, '{20,106,107,110,120,130}'),
    ('pertussis_child', 'Diphtheria, tetanus, pertussis', 3, 98, 28, 2556, false, '{20,106,107,110,120,130}'),
    ('pertussis_child', 'Diphtheria, tetanus, pertussis', 4, 456, 183, 2556, false, '{20,106,107,110,120,130}'),
    ('pertussis_child', 'Diphtheria, tetanus, pertussis', 5, 1461, 183, 2556, false, '{20,106,107,110,120,130}'),
    ('polio', 'Poliomyelitis', 1, 42, NULL, 6574, false, '{10,110,120,130}'),
    ('polio', 'Poliomyelitis', 2, 70, 28, 6574, false, '{10,110,120,130}'),
    ('polio', 'Poliomyelitis', 3, 183, 28, 6574, false, '{10,110,120,130}'),
    ('polio', 'Poliomyelitis', 4, 1461, 183, 6574, false, '{10,110,120,130}'),
    ('measles', 'Measles, mumps, rubella', 1, 365, NULL, 24837, false, '{03,94}'),
    ('measles', 'Measles, mumps, rubella', 2, 1461, 28, 24837, false, '{03,94}'),
    ('varicella', 'Varicella', 1, 365, NULL, 16436, false, '{21,94}'),
    ('varicella', 'Varicella', 2, 1461, 90, 16436, false, '{21,94}'),
    ('papillomavirus', 'Human papillomavirus', 1, 4018, NULL, 9862, false, '{165,62,118}'),
    ('papillomavirus', 'Human papillomavirus', 2, 4168, 150, 9862, false, '{165,62,118}'),
    ('meningococcus', 'Meningococcus ACWY', 1, 4018, NULL, 7670, false, '{203,114,136}'),
    ('meningococcus', 'Meningococcus ACWY', 2, 5844, 56, 7670, false, '{203,114,136}'),
    ('tetanus_booster', 'Tetanus, diphtheria, pertussis booster', 1, 4018, NULL, NULL, false, '{115,113,139}'),
    ('tetanus_booster', 'Tetanus, diphtheria booster', 2, 7671, 3652, NULL, true, '{113,115,139}'),
    ('influenza', 'Influenza, seasonal', 1, 183, 300, NULL, true, '{140,141,150,158,185,197}'),
    ('zoster', 'Herpes zoster', 1, 18263, NULL, NULL, false, '{187}'),
    ('zoster', 'Herpes zoster', 2, 18263, 61, NULL, false, '{187}'),
    ('pneumococcus_adult', 'Pneumococcus', 1, 23742, NULL, NULL, false, '{216,215,152,33,133}');

CREATE FUNCTION care.immunizations_due(patient uuid, on_day date, by_schedule text DEFAULT 'example')
    RETURNS TABLE (target text, title text, dose_number smallint, cvx text, due_on date, given integer)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH dose AS (
        SELECT s.target, count(DISTINCT i.given_on)::integer AS given, max(i.given_on) AS last_on
        FROM care.immunization_schedule s
        LEFT JOIN care.immunization i ON i.patient_id = patient AND i.status = 'completed' AND i.cvx = ANY (s.cvx)
             AND i.given_on <= on_day
        WHERE s.schedule = by_schedule GROUP BY s.target
    )
    SELECT s.target, s.title, s.dose_number, s.cvx[1],
           greatest(upper(p.born_during) - 1 + s.min_age_days, CASE WHEN d.given > 0 THEN d.last_on + s.min_interval_days END), d.given
    FROM care.patient p CROSS JOIN dose d
    CROSS JOIN LATERAL (
        SELECT n.* FROM care.immunization_schedule n
        WHERE n.schedule = by_schedule AND n.target = d.target
          AND (n.dose_number = d.given + 1 OR n.repeats AND n.dose_number <= d.given)
        ORDER BY n.dose_number DESC LIMIT 1) AS s
    WHERE p.patient_id = patient AND p.deceased_at IS NULL AND p.born_during IS NOT NULL
      AND greatest(upper(p.born_during) - 1 + s.min_age_days, CASE WHEN d.given > 0 THEN d.last_on + s.min_interval_days END) <= on_day
      AND (s.max_age_days IS NULL OR lower(p.born_during) + s.max_age_days >= on_day)
    ORDER BY 5, 1
$$;
COMMENT ON FUNCTION care.immunizations_due(uuid, date, text) IS 'Vaccinations that are due for a patient on a day by a schedule: the next dose of each target, and since when.';
REVOKE EXECUTE ON FUNCTION care.immunizations_due(uuid, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.immunizations_due(uuid, date, text) TO healthtrack_care, healthtrack_migrator;
