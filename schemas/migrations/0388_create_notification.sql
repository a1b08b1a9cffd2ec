-- Notifications: what is to reach a patient, over which channel, when, and whether it did.
--
-- No fact of a person leaves the network by a notification: what is sent are the words of a template, in which a
-- reference may stand that means nothing to anybody else, and the person signs in to read the rest. Patients choose their channels, but
-- for the portal's own, and quiet hours in their own zone, in which nothing leaves. A notification is tried so often and
-- at growing distances, and then has failed. Reminders of appointments are queued a day ahead by maintenance; an
-- appointment that is moved or cancelled takes its reminder with it. Whoever sends is the owner's program: addresses are
-- read when a notification is taken, and stand in no row of it. New tables; triggers on care.appointment and care.message
-- lock them against writes for an instant. Undo: drop tables, functions and triggers, and take the call out of
-- care.run_maintenance.
CREATE TABLE care.notification_template (
    template text NOT NULL,
    kind     text NOT NULL,
    words    text NOT NULL,

    CONSTRAINT notification_template_pkey PRIMARY KEY (template),
    CONSTRAINT notification_template_is_snake_case CHECK (template ~ '^[a-z][a-z0-9_]{1,40}$'),
    CONSTRAINT notification_template_kind_is_known CHECK (kind IN ('appointment', 'message', 'recall', 'task')),
    CONSTRAINT notification_template_names_nobody
        CHECK (words ~ '\S' AND length(words) <= 300 AND replace(words, '{reference}', '') !~ '[{}]')
);
COMMENT ON TABLE  care.notification_template IS 'The words of a kind of notification, which name nobody.';
COMMENT ON COLUMN care.notification_template.template IS 'Stable name.';
COMMENT ON COLUMN care.notification_template.kind     IS 'What it is about: appointment, message, recall or task.';
COMMENT ON COLUMN care.notification_template.words    IS 'What is sent; {reference} stands for the notification''s own reference.';
COMMENT ON CONSTRAINT notification_template_pkey ON care.notification_template IS 'This template is known already.';
COMMENT ON CONSTRAINT notification_template_is_snake_case ON care.notification_template IS 'Name a template by small letters, digits and underscores.';
COMMENT ON CONSTRAINT notification_template_kind_is_known ON care.notification_template IS 'Choose appointment, message, recall or task.';
COMMENT ON CONSTRAINT notification_template_names_nobody ON care.notification_template IS 'A template has up to 300 letters, and no place but {reference}.';
CALL access.guard('care.notification_template', 'directory');
INSERT INTO care.notification_template (template, kind, words) VALUES
    ('appointment_reminder', 'appointment', 'You have an appointment soon. Sign in to see it. Reference {reference}.'),
    ('message_waiting', 'message', 'A message is waiting for you. Sign in to read it. Reference {reference}.'),
    ('recall_due', 'recall', 'It is time to make an appointment. Sign in to see why. Reference {reference}.'),
    ('task_waiting', 'task', 'There is something for you to do. Sign in to see it. Reference {reference}.');

CREATE TABLE care.notification_preference (
    patient_id uuid        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version    integer     NOT NULL DEFAULT 1,
    wanted     boolean     NOT NULL,
    channel    text        NOT NULL,
    kind       text        NOT NULL,
    updated_by text        NOT NULL DEFAULT session_user,

    CONSTRAINT notification_preference_pkey PRIMARY KEY (patient_id, channel, kind),
    CONSTRAINT notification_preference_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT notification_preference_channel_is_known CHECK (channel IN ('portal', 'email', 'sms', 'push')),
    CONSTRAINT notification_preference_kind_is_known CHECK (kind IN ('appointment', 'message', 'recall', 'task')),
    CONSTRAINT notification_preference_keeps_the_portal CHECK (wanted OR channel <> 'portal')
);
CREATE TRIGGER notification_preference_is_stamped BEFORE INSERT OR UPDATE ON care.notification_preference
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER notification_preference_is_touched BEFORE UPDATE ON care.notification_preference FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER notification_preference_stays_under_hold BEFORE DELETE ON care.notification_preference
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.notification_preference IS 'Whether a patient wants notifications of a kind over a channel.';
COMMENT ON COLUMN care.notification_preference.patient_id IS 'Whose wish.';
COMMENT ON COLUMN care.notification_preference.created_at IS 'When the row was made.';
COMMENT ON COLUMN care.notification_preference.updated_at IS 'When it was last changed.';
COMMENT ON COLUMN care.notification_preference.version    IS 'Raised by each change.';
COMMENT ON COLUMN care.notification_preference.wanted     IS 'True where they are wanted.';
COMMENT ON COLUMN care.notification_preference.channel    IS 'portal, email, sms or push.';
COMMENT ON COLUMN care.notification_preference.kind       IS 'appointment, message, recall or task.';
COMMENT ON COLUMN care.notification_preference.updated_by IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT notification_preference_pkey ON care.notification_preference IS 'This wish is known already.';
COMMENT ON CONSTRAINT notification_preference_patient_fkey ON care.notification_preference IS 'Register the patient first.';
COMMENT ON CONSTRAINT notification_preference_channel_is_known ON care.notification_preference IS 'Choose portal, email, sms or push.';
COMMENT ON CONSTRAINT notification_preference_kind_is_known ON care.notification_preference IS 'Choose appointment, message, recall or task.';
COMMENT ON CONSTRAINT notification_preference_keeps_the_portal ON care.notification_preference IS 'Notifications in the portal itself stay on: turn the others off.';
CALL access.guard('care.notification_preference', 'internal');
GRANT SELECT, INSERT, UPDATE ON care.notification_preference TO healthtrack_care;
CREATE POLICY own ON care.notification_preference FOR ALL TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]))
    WITH CHECK (patient_id = ANY ((SELECT access.own_patients())::uuid[]));

CREATE TABLE care.quiet_hours (
    patient_id  uuid        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    version     integer     NOT NULL DEFAULT 1,
    quiet_from  time        NOT NULL,
    quiet_until time        NOT NULL,
    updated_by  text        NOT NULL DEFAULT session_user,

    CONSTRAINT quiet_hours_pkey PRIMARY KEY (patient_id),
    CONSTRAINT quiet_hours_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT quiet_hours_leave_some_of_the_day CHECK (quiet_from <> quiet_until)
);
CREATE TRIGGER quiet_hours_is_stamped BEFORE INSERT OR UPDATE ON care.quiet_hours
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER quiet_hours_is_touched BEFORE UPDATE ON care.quiet_hours FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER quiet_hours_stays_under_hold BEFORE DELETE ON care.quiet_hours
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.quiet_hours IS 'When nothing is to leave for a patient, by the clock where the patient lives.';
COMMENT ON COLUMN care.quiet_hours.patient_id  IS 'Whose.';
COMMENT ON COLUMN care.quiet_hours.created_at  IS 'When the row was made.';
COMMENT ON COLUMN care.quiet_hours.updated_at  IS 'When it was last changed.';
COMMENT ON COLUMN care.quiet_hours.version     IS 'Raised by each change.';
COMMENT ON COLUMN care.quiet_hours.quiet_from  IS 'From when.';
COMMENT ON COLUMN care.quiet_hours.quiet_until IS 'Until when; over midnight where it is earlier.';
COMMENT ON COLUMN care.quiet_hours.updated_by  IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT quiet_hours_pkey ON care.quiet_hours IS 'The quiet hours are set already.';
COMMENT ON CONSTRAINT quiet_hours_patient_fkey ON care.quiet_hours IS 'Register the patient first.';
COMMENT ON CONSTRAINT quiet_hours_leave_some_of_the_day ON care.quiet_hours IS 'Leave some hours of the day in which you can be reached.';
CALL access.guard('care.quiet_hours', 'internal');
GRANT SELECT, INSERT, UPDATE ON care.quiet_hours TO healthtrack_care;
CREATE POLICY own ON care.quiet_hours FOR ALL TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]))
    WITH CHECK (patient_id = ANY ((SELECT access.own_patients())::uuid[]));

CREATE TABLE care.notification (
    notification_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id      uuid        NOT NULL,
    appointment_id  uuid,
    message_id      uuid,
    task_id         uuid,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    about_at        timestamptz,
    next_attempt_at timestamptz,
    sent_at         timestamptz,
    delivered_at    timestamptz,
    version         integer     NOT NULL DEFAULT 1,
    attempts        smallint    NOT NULL DEFAULT 0,
    template        text        NOT NULL,
    channel         text        NOT NULL,
    reference       text        NOT NULL DEFAULT left(replace(gen_random_uuid()::text, '-', ''), 12),
    status          text        NOT NULL DEFAULT 'queued',
    failure         text,
    updated_by      text        NOT NULL DEFAULT session_user,

    CONSTRAINT notification_pkey PRIMARY KEY (notification_id),
    CONSTRAINT notification_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT notification_template_fkey FOREIGN KEY (template) REFERENCES care.notification_template (template),
    CONSTRAINT notification_appointment_fkey
        FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment (patient_id, appointment_id),
    CONSTRAINT notification_message_fkey
        FOREIGN KEY (patient_id, message_id) REFERENCES care.message (patient_id, message_id),
    CONSTRAINT notification_task_fkey FOREIGN KEY (patient_id, task_id) REFERENCES care.task (patient_id, task_id),
    CONSTRAINT notification_is_about_one_thing CHECK (num_nonnulls(appointment_id, message_id, task_id) <= 1),
    CONSTRAINT notification_is_not_repeated
        UNIQUE NULLS NOT DISTINCT (
            patient_id, template, channel, appointment_id, message_id, task_id, about_at
            ),
    CONSTRAINT notification_channel_is_known CHECK (channel IN ('portal', 'email', 'sms', 'push')),
    CONSTRAINT notification_reference_tells_nothing CHECK (reference ~ '^[0-9a-f]{12}$'),
    CONSTRAINT notification_status_is_known CHECK (status IN ('queued', 'sent', 'delivered', 'failed', 'cancelled')),
    CONSTRAINT notification_is_tried_while_queued CHECK ((status = 'queued') = (next_attempt_at IS NOT NULL)),
    CONSTRAINT notification_attempts_are_limited CHECK (attempts BETWEEN 0 AND 6),
    CONSTRAINT notification_times_fit_its_status
        CHECK (
            CASE status WHEN 'sent' THEN sent_at IS NOT NULL AND delivered_at IS NULL
            WHEN 'delivered' THEN (sent_at <= delivered_at) IS TRUE ELSE delivered_at IS NULL END
            ),
    CONSTRAINT notification_failure_is_known
        CHECK ((status = 'failed') = (failure IS NOT NULL) AND failure IN ('no_address', 'refused', 'unreachable', 'too_late'))
);
CREATE INDEX notification_due_idx ON care.notification (channel, next_attempt_at) WHERE status = 'queued';
CREATE INDEX notification_patient_idx ON care.notification (patient_id, created_at);
CREATE INDEX notification_template_idx ON care.notification (template);
CREATE INDEX notification_appointment_idx ON care.notification (patient_id, appointment_id);
CREATE INDEX notification_message_idx ON care.notification (patient_id, message_id);
CREATE INDEX notification_task_idx ON care.notification (patient_id, task_id);
CREATE TRIGGER notification_is_stamped BEFORE INSERT OR UPDATE ON care.notification
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER notification_is_touched BEFORE UPDATE ON care.notification FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER notification_stays_under_hold BEFORE DELETE ON care.notification
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.notification IS 'One notification to a patient over one channel, and how far it came.';
COMMENT ON COLUMN care.notification.notification_id IS 'Key.';
COMMENT ON COLUMN care.notification.patient_id      IS 'To whom.';
COMMENT ON COLUMN care.notification.appointment_id  IS 'The appointment that it is about; null where it is about something else.';
COMMENT ON COLUMN care.notification.message_id      IS 'The message that it is about; null where it is about something else.';
COMMENT ON COLUMN care.notification.task_id         IS 'The task that it is about; null where it is about something else.';
COMMENT ON COLUMN care.notification.created_at      IS 'When the row was made.';
COMMENT ON COLUMN care.notification.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.notification.about_at        IS 'When what it is about takes place; null where it has no time.';
COMMENT ON COLUMN care.notification.next_attempt_at IS 'When it is to be tried next; null once it is over.';
COMMENT ON COLUMN care.notification.sent_at         IS 'When it was handed over; null before.';
COMMENT ON COLUMN care.notification.delivered_at    IS 'When it arrived, or was seen in the portal; null before.';
COMMENT ON COLUMN care.notification.version         IS 'Raised by each change.';
COMMENT ON COLUMN care.notification.attempts        IS 'How often it was tried.';
COMMENT ON COLUMN care.notification.template        IS 'Its words.';
COMMENT ON COLUMN care.notification.channel         IS 'portal, email, sms or push.';
COMMENT ON COLUMN care.notification.reference       IS 'What stands in the words for it, and tells nobody anything.';
COMMENT ON COLUMN care.notification.status          IS 'queued, sent, delivered, failed or cancelled.';
COMMENT ON COLUMN care.notification.failure         IS 'Why it failed: no_address, refused, unreachable or too_late; null else.';
COMMENT ON COLUMN care.notification.updated_by      IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT notification_pkey ON care.notification IS 'This notification is known already.';
COMMENT ON CONSTRAINT notification_patient_fkey ON care.notification IS 'Register the patient first.';
COMMENT ON CONSTRAINT notification_template_fkey ON care.notification IS 'Choose one of the known templates.';
COMMENT ON CONSTRAINT notification_appointment_fkey ON care.notification IS 'Choose an appointment of this patient.';
COMMENT ON CONSTRAINT notification_message_fkey ON care.notification IS 'Choose a message of this patient.';
COMMENT ON CONSTRAINT notification_task_fkey ON care.notification IS 'Choose a task of this patient.';
COMMENT ON CONSTRAINT notification_is_about_one_thing ON care.notification IS 'A notification is about one thing.';
COMMENT ON CONSTRAINT notification_is_not_repeated ON care.notification IS 'This notification is queued already.';
COMMENT ON CONSTRAINT notification_channel_is_known ON care.notification IS 'Choose portal, email, sms or push.';
COMMENT ON CONSTRAINT notification_reference_tells_nothing ON care.notification IS 'A reference is twelve digits made by chance.';
COMMENT ON CONSTRAINT notification_status_is_known ON care.notification IS 'Choose how far the notification is.';
COMMENT ON CONSTRAINT notification_is_tried_while_queued ON care.notification IS 'A notification that is queued says when it is tried next, and no other does.';
COMMENT ON CONSTRAINT notification_attempts_are_limited ON care.notification IS 'A notification is tried six times at most.';
COMMENT ON CONSTRAINT notification_times_fit_its_status ON care.notification IS 'A notification arrives after it was sent.';
COMMENT ON CONSTRAINT notification_failure_is_known ON care.notification IS 'Say why it failed: no_address, refused, unreachable or too_late.';
CALL access.guard('care.notification', 'internal');
GRANT SELECT ON care.notification TO healthtrack_care;
CREATE POLICY own ON care.notification FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));

CREATE FUNCTION care.check_notification() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moves constant text[] := '{status, attempts, next_attempt_at, sent_at, delivered_at, failure, version, updated_at, updated_by,
                               created_at}';
BEGIN
    IF to_jsonb(NEW) - moves <> to_jsonb(OLD) - moves OR NEW.attempts < OLD.attempts
       OR NEW.status <> ALL (CASE OLD.status WHEN 'queued' THEN '{queued, sent, delivered, failed, cancelled}'::text[]
                             WHEN 'sent' THEN '{sent, delivered, failed}' ELSE ARRAY[OLD.status] END) THEN
        PERFORM care.refuse('notification_follows_its_states',
            'A notification is queued, sent and delivered, or ends before: queue another one.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_notification() IS 'Trigger before a notification is changed: it follows its states, and stays what it is.';
CREATE TRIGGER notification_follows_its_states BEFORE UPDATE ON care.notification
    FOR EACH ROW EXECUTE FUNCTION care.check_notification();

CREATE FUNCTION care.after_quiet_hours(patient uuid, at timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((
        SELECT CASE
            WHEN q.quiet_from < q.quiet_until AND clock.local::time >= q.quiet_from AND clock.local::time < q.quiet_until
                THEN (clock.local::date + q.quiet_until) AT TIME ZONE p.time_zone
            WHEN q.quiet_from > q.quiet_until AND clock.local::time >= q.quiet_from
                THEN (clock.local::date + 1 + q.quiet_until) AT TIME ZONE p.time_zone
            WHEN q.quiet_from > q.quiet_until AND clock.local::time < q.quiet_until
                THEN (clock.local::date + q.quiet_until) AT TIME ZONE p.time_zone END
        FROM care.quiet_hours q JOIN care.patient p USING (patient_id),
             LATERAL (SELECT at AT TIME ZONE p.time_zone AS local) AS clock
        WHERE q.patient_id = patient), at)
$$;
COMMENT ON FUNCTION care.after_quiet_hours(uuid, timestamptz) IS 'The moment itself, or where it lies in a patient''s quiet hours, the moment at which they end.';

CREATE FUNCTION care.notify(patient uuid, template text, at timestamptz, appointment uuid DEFAULT NULL,
                            message uuid DEFAULT NULL, task uuid DEFAULT NULL, about_at timestamptz DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    queued integer;
BEGIN
    INSERT INTO care.notification (patient_id, template, channel, next_attempt_at, appointment_id, message_id, task_id, about_at)
    SELECT patient, t.template, c.channel,
           CASE c.channel WHEN 'portal' THEN at ELSE care.after_quiet_hours(patient, at) END, appointment, message, task,
           notify.about_at
    FROM care.notification_template t
    CROSS JOIN unnest('{portal, email, sms, push}'::text[]) AS c (channel)
    LEFT JOIN care.notification_preference w ON w.patient_id = patient AND w.channel = c.channel AND w.kind = t.kind
    WHERE t.template = notify.template AND coalesce(w.wanted, c.channel = 'portal')
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS queued = ROW_COUNT;
    RETURN queued;
END $$;
COMMENT ON FUNCTION care.notify(uuid, text, timestamptz, uuid, uuid, uuid, timestamptz) IS 'Queues a notification over the portal and each channel that the patient wants for its kind, outside of quiet hours; gives how many. The same twice is one.';
REVOKE EXECUTE ON FUNCTION care.notify(uuid, text, timestamptz, uuid, uuid, uuid, timestamptz) FROM PUBLIC;

CREATE FUNCTION care.queue_reminders() RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(sum(care.notify(v.patient_id, 'appointment_reminder', now(), appointment => v.appointment_id,
                                    about_at => lower(v.during))), 0)::integer
    FROM care.appointment v
    WHERE v.status = 'booked' AND lower(v.during) > now() AND lower(v.during) <= now() + INTERVAL '1 day'
      AND NOT EXISTS (SELECT FROM care.notification n
                      WHERE n.patient_id = v.patient_id AND n.appointment_id = v.appointment_id
                        AND n.about_at = lower(v.during) AND n.status <> 'cancelled')
$$;
COMMENT ON FUNCTION care.queue_reminders() IS 'Queues a reminder of each appointment that begins within a day and has none; gives how many.';
REVOKE EXECUTE ON FUNCTION care.queue_reminders() FROM PUBLIC;
-- `lower(during)` of all that is booked: the day that is looked through is one range of this index.
CREATE INDEX appointment_booked_idx ON care.appointment (lower(during)) WHERE status = 'booked';
DO $$
DECLARE
    known   constant text := pg_get_functiondef('care.run_maintenance()'::regprocedure);
    changed constant text := replace(known, 'PERFORM access.forget_looks();',
                                     'PERFORM access.forget_looks();' || chr(10) || '    PERFORM care.queue_reminders();');
BEGIN
    IF changed = known THEN
        RAISE EXCEPTION 'care.run_maintenance does not forget looks';
    END IF;
    EXECUTE changed;
END $$;

CREATE FUNCTION care.drop_reminder() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE care.notification n SET status = 'cancelled', next_attempt_at = NULL
    WHERE n.patient_id = NEW.patient_id AND n.appointment_id = NEW.appointment_id AND n.status = 'queued'
      AND (NEW.status <> 'booked' OR n.about_at IS DISTINCT FROM lower(NEW.during));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.drop_reminder() IS 'Trigger after an appointment is moved or ends: its reminder is not sent any more.';
CREATE TRIGGER appointment_drops_its_reminder AFTER UPDATE ON care.appointment
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.during IS DISTINCT FROM NEW.during)
    EXECUTE FUNCTION care.drop_reminder();

CREATE FUNCTION care.notify_of_message() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT a.part FROM access.account a WHERE a.account_id = NEW.sender_account_id) <> 'patient' THEN
        PERFORM care.notify(NEW.patient_id, 'message_waiting', now(), message => NEW.message_id);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.notify_of_message() IS 'Trigger after somebody writes to a patient: says so to the patient.';
CREATE TRIGGER message_is_notified AFTER INSERT ON care.message
    FOR EACH ROW EXECUTE FUNCTION care.notify_of_message();

CREATE FUNCTION care.notify_of_task() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM access.account a WHERE a.account_id = NEW.owner_account_id AND a.patient_id = NEW.patient_id) THEN
        PERFORM care.notify(NEW.patient_id, 'task_waiting', now(), task => NEW.task_id);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.notify_of_task() IS 'Trigger after a patient is asked to do something: says so to the patient.';
CREATE TRIGGER task_is_notified AFTER INSERT ON care.task
    FOR EACH ROW WHEN (NEW.owner_account_id IS NOT NULL) EXECUTE FUNCTION care.notify_of_task();

CREATE FUNCTION care.take_notifications(over text, rows_max integer, at timestamptz DEFAULT clock_timestamp())
    RETURNS TABLE (notification_id uuid, words text, address text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    due     care.notification;
    reached text;
BEGIN
    FOR due IN
        SELECT * FROM care.notification n
        WHERE n.channel = over AND n.status = 'queued' AND n.next_attempt_at <= at
        ORDER BY n.next_attempt_at LIMIT least(rows_max, 1000) FOR UPDATE SKIP LOCKED
    LOOP
        reached := NULL;
        IF over IN ('email', 'sms') THEN
            SELECT c.value INTO reached FROM care.contact_point c
            WHERE c.patient_id = due.patient_id AND c.valid_during @> current_date
              AND CASE over WHEN 'email' THEN c.system = 'email' ELSE c.system = 'phone' END
            ORDER BY c.preferred DESC, c.rank LIMIT 1;
        END IF;
        IF due.about_at < at THEN
            UPDATE care.notification n SET status = 'failed', failure = 'too_late', next_attempt_at = NULL
            WHERE n.notification_id = due.notification_id;
        ELSIF over IN ('email', 'sms') AND reached IS NULL THEN
            UPDATE care.notification n SET status = 'failed', failure = 'no_address', next_attempt_at = NULL
            WHERE n.notification_id = due.notification_id;
        ELSIF over <> 'portal' AND care.after_quiet_hours(due.patient_id, at) > at THEN
            UPDATE care.notification n SET next_attempt_at = care.after_quiet_hours(due.patient_id, at)
            WHERE n.notification_id = due.notification_id;
        ELSIF due.attempts >= 6 THEN
            UPDATE care.notification n SET status = 'failed', failure = 'unreachable', next_attempt_at = NULL
            WHERE n.notification_id = due.notification_id;
        ELSE
            -- 5, 10, 20, 40, 80, 160 minutes: whoever took it and died lets another try.
            UPDATE care.notification n SET attempts = n.attempts + 1,
                next_attempt_at = at + INTERVAL '5 minutes' * power(2, n.attempts)
            WHERE n.notification_id = due.notification_id;
            SELECT due.notification_id, replace(t.words, '{reference}', due.reference), reached
            INTO notification_id, words, address
            FROM care.notification_template t WHERE t.template = due.template;
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION care.take_notifications(text, integer, timestamptz) IS 'What a program that sends has to send over a channel now, with the address; each is taken by one, and tried again later unless its outcome is noted. 1,000 at most.';
REVOKE EXECUTE ON FUNCTION care.take_notifications(text, integer, timestamptz) FROM PUBLIC;

CREATE FUNCTION care.note_delivery(notification uuid, outcome text, why text DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE care.notification n SET status = outcome, failure = why, next_attempt_at = NULL,
        sent_at = CASE WHEN outcome IN ('sent', 'delivered') THEN coalesce(n.sent_at, now()) ELSE n.sent_at END,
        delivered_at = CASE outcome WHEN 'delivered' THEN now() END
    WHERE n.notification_id = notification AND n.status IN ('queued', 'sent');
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION care.note_delivery(uuid, text, text) IS 'Notes that a notification was sent, delivered or failed, and why; whether it was still on its way.';
REVOKE EXECUTE ON FUNCTION care.note_delivery(uuid, text, text) FROM PUBLIC;
