-- Messages between a patient and whoever cares for them: threads, what was written, who has read it.
--
-- The text lies in the database under row-level security, as notes do, and is not sealed: the database itself says who
-- may read by who cares at that moment, a provider who takes over reads what was said, and a grant of the chart opens
-- none of it. Who takes part is so a matter of the relation and no list: the patient, a proxy who may send messages, and
-- who cares. A message is never edited: its sender retracts
-- it with a reason, and it is then shown to nobody, and kept. One account writes so many a day (access.cap). New tables; the
-- foreign keys lock their targets for an instant. Undo: drop them and the caps.
INSERT INTO access.cap (cap, most, why) VALUES
    ('messages_a_patient_a_day', 50, 'Messages that one patient may write within 24 hours: no flood hides what matters.'),
    ('messages_a_provider_a_day', 500, 'Messages that one provider may write within 24 hours.'),
    ('threads_a_patient_a_day', 10, 'Threads that one patient may open within 24 hours.');

CREATE TABLE care.message_thread (
    message_thread_id    uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id           uuid        NOT NULL,
    provider_id          uuid,
    opened_by_account_id uuid,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    closed_at            timestamptz,
    version              integer     NOT NULL DEFAULT 1,
    category             text        NOT NULL,
    subject              text        NOT NULL,
    updated_by           text        NOT NULL DEFAULT session_user,

    CONSTRAINT message_thread_pkey PRIMARY KEY (message_thread_id),
    CONSTRAINT message_thread_id_with_patient_is_unique UNIQUE (patient_id, message_thread_id),
    CONSTRAINT message_thread_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT message_thread_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT message_thread_opener_fkey FOREIGN KEY (opened_by_account_id) REFERENCES access.account (account_id),
    CONSTRAINT message_thread_category_is_known
        CHECK (category IN ('medical', 'medication', 'result', 'appointment', 'other')),
    CONSTRAINT message_thread_subject_is_some CHECK (subject ~ '\S' AND length(subject) <= 200)
);
CREATE INDEX message_thread_patient_idx ON care.message_thread (patient_id, created_at);
CREATE INDEX message_thread_provider_idx ON care.message_thread (provider_id);
CREATE INDEX message_thread_opener_idx ON care.message_thread (opened_by_account_id, created_at);
CREATE TRIGGER message_thread_is_stamped BEFORE INSERT OR UPDATE ON care.message_thread
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER message_thread_is_touched BEFORE UPDATE ON care.message_thread FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER message_thread_stays_under_hold BEFORE DELETE ON care.message_thread
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.message_thread IS 'A conversation between a patient and whoever cares for them.';
COMMENT ON COLUMN care.message_thread.message_thread_id    IS 'Key.';
COMMENT ON COLUMN care.message_thread.patient_id           IS 'Whose.';
COMMENT ON COLUMN care.message_thread.provider_id          IS 'The provider whom it is with; null where it is with all who care.';
COMMENT ON COLUMN care.message_thread.opened_by_account_id IS 'The account that began it; null where a program did.';
COMMENT ON COLUMN care.message_thread.created_at           IS 'When the row was made.';
COMMENT ON COLUMN care.message_thread.updated_at           IS 'When it was last changed.';
COMMENT ON COLUMN care.message_thread.closed_at            IS 'When it was closed; null while it is open.';
COMMENT ON COLUMN care.message_thread.version              IS 'Raised by each change.';
COMMENT ON COLUMN care.message_thread.category             IS 'medical, medication, result, appointment or other.';
COMMENT ON COLUMN care.message_thread.subject              IS 'What it is about.';
COMMENT ON COLUMN care.message_thread.updated_by           IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT message_thread_pkey ON care.message_thread IS 'This thread is known already.';
COMMENT ON CONSTRAINT message_thread_id_with_patient_is_unique ON care.message_thread IS 'This thread is known already.';
COMMENT ON CONSTRAINT message_thread_patient_fkey ON care.message_thread IS 'Register the patient first.';
COMMENT ON CONSTRAINT message_thread_provider_fkey ON care.message_thread IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT message_thread_opener_fkey ON care.message_thread IS 'Choose somebody who has an account.';
COMMENT ON CONSTRAINT message_thread_category_is_known ON care.message_thread IS 'Choose medical, medication, result, appointment or other.';
COMMENT ON CONSTRAINT message_thread_subject_is_some ON care.message_thread IS 'Say what the message is about, in 200 letters at most.';
CALL access.guard('care.message_thread', 'internal');

CREATE TABLE care.message (
    message_id        uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id        uuid        NOT NULL,
    message_thread_id uuid        NOT NULL,
    sender_account_id uuid        NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    sent_at           timestamptz NOT NULL DEFAULT now(),
    retracted_at      timestamptz,
    version           integer     NOT NULL DEFAULT 1,
    body              text        NOT NULL,
    retraction_reason text,
    updated_by        text        NOT NULL DEFAULT session_user,

    CONSTRAINT message_pkey PRIMARY KEY (message_id),
    CONSTRAINT message_id_with_patient_is_unique UNIQUE (patient_id, message_id),
    CONSTRAINT message_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT message_thread_fkey
        FOREIGN KEY (patient_id, message_thread_id) REFERENCES care.message_thread (patient_id, message_thread_id),
    CONSTRAINT message_sender_fkey FOREIGN KEY (sender_account_id) REFERENCES access.account (account_id),
    CONSTRAINT message_body_is_some CHECK (body ~ '\S' AND length(body) <= 10000),
    CONSTRAINT message_is_retracted_with_a_reason
        CHECK ((retracted_at IS NOT NULL) = coalesce(retraction_reason ~ '\S', false) AND length(retraction_reason) <= 500)
);
CREATE INDEX message_thread_idx ON care.message (patient_id, message_thread_id, sent_at);
CREATE INDEX message_sender_idx ON care.message (sender_account_id, created_at);
CREATE TRIGGER message_is_stamped BEFORE INSERT OR UPDATE ON care.message
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER message_is_touched BEFORE UPDATE ON care.message FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER message_stays_under_hold BEFORE DELETE ON care.message
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.message IS 'What somebody wrote in a thread; never edited.';
COMMENT ON COLUMN care.message.message_id        IS 'Key.';
COMMENT ON COLUMN care.message.patient_id        IS 'Whose thread it is in.';
COMMENT ON COLUMN care.message.message_thread_id IS 'The thread.';
COMMENT ON COLUMN care.message.sender_account_id IS 'The account that wrote it.';
COMMENT ON COLUMN care.message.created_at        IS 'When the row was made.';
COMMENT ON COLUMN care.message.updated_at        IS 'When it was last changed.';
COMMENT ON COLUMN care.message.sent_at           IS 'When.';
COMMENT ON COLUMN care.message.retracted_at      IS 'When its sender retracted it; null while it stands.';
COMMENT ON COLUMN care.message.version           IS 'Raised by each change.';
COMMENT ON COLUMN care.message.body              IS 'The words.';
COMMENT ON COLUMN care.message.retraction_reason IS 'Why it was retracted; null while it stands.';
COMMENT ON COLUMN care.message.updated_by        IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT message_pkey ON care.message IS 'This message is known already.';
COMMENT ON CONSTRAINT message_id_with_patient_is_unique ON care.message IS 'This message is known already.';
COMMENT ON CONSTRAINT message_patient_fkey ON care.message IS 'Register the patient first.';
COMMENT ON CONSTRAINT message_thread_fkey ON care.message IS 'Choose a thread of this patient.';
COMMENT ON CONSTRAINT message_sender_fkey ON care.message IS 'Choose somebody who has an account.';
COMMENT ON CONSTRAINT message_body_is_some ON care.message IS 'Write something, in 10,000 letters at most.';
COMMENT ON CONSTRAINT message_is_retracted_with_a_reason ON care.message IS 'Say why the message is retracted, in 500 letters at most.';
CALL access.guard('care.message', 'internal');

CREATE TABLE care.message_attachment (
    message_attachment_id uuid NOT NULL DEFAULT gen_random_uuid(),
    patient_id            uuid NOT NULL,
    message_id            uuid NOT NULL,
    document_id           uuid NOT NULL,

    CONSTRAINT message_attachment_pkey PRIMARY KEY (message_attachment_id),
    CONSTRAINT message_attachment_message_fkey
        FOREIGN KEY (patient_id, message_id) REFERENCES care.message (patient_id, message_id),
    CONSTRAINT message_attachment_document_fkey
        FOREIGN KEY (patient_id, document_id) REFERENCES care.document (patient_id, document_id),
    CONSTRAINT message_attachment_is_not_repeated UNIQUE (patient_id, message_id, document_id)
);
CREATE INDEX message_attachment_document_idx ON care.message_attachment (patient_id, document_id);
CREATE TRIGGER message_attachment_stays_under_hold BEFORE DELETE ON care.message_attachment
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.message_attachment IS 'A document that was sent with a message.';
COMMENT ON COLUMN care.message_attachment.message_attachment_id IS 'Key.';
COMMENT ON COLUMN care.message_attachment.patient_id            IS 'Whose.';
COMMENT ON COLUMN care.message_attachment.message_id            IS 'The message.';
COMMENT ON COLUMN care.message_attachment.document_id           IS 'The document.';
COMMENT ON CONSTRAINT message_attachment_pkey ON care.message_attachment IS 'This attachment is known already.';
COMMENT ON CONSTRAINT message_attachment_message_fkey ON care.message_attachment IS 'Choose a message of this patient.';
COMMENT ON CONSTRAINT message_attachment_document_fkey ON care.message_attachment IS 'Attach the document to the record first.';
COMMENT ON CONSTRAINT message_attachment_is_not_repeated ON care.message_attachment IS 'This document is attached already.';
CALL access.guard('care.message_attachment', 'internal');

CREATE TABLE care.message_receipt (
    patient_id uuid        NOT NULL,
    message_id uuid        NOT NULL,
    account_id uuid        NOT NULL,
    read_at    timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT message_receipt_pkey PRIMARY KEY (patient_id, message_id, account_id),
    CONSTRAINT message_receipt_message_fkey
        FOREIGN KEY (patient_id, message_id) REFERENCES care.message (patient_id, message_id),
    CONSTRAINT message_receipt_account_fkey FOREIGN KEY (account_id) REFERENCES access.account (account_id)
);
CREATE INDEX message_receipt_account_idx ON care.message_receipt (account_id, read_at);
CREATE TRIGGER message_receipt_stays_under_hold BEFORE DELETE ON care.message_receipt
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.message_receipt IS 'Who has read a message, and when first.';
COMMENT ON COLUMN care.message_receipt.patient_id IS 'Whose thread it is in.';
COMMENT ON COLUMN care.message_receipt.message_id IS 'The message.';
COMMENT ON COLUMN care.message_receipt.account_id IS 'The account that read it.';
COMMENT ON COLUMN care.message_receipt.read_at    IS 'When first.';
COMMENT ON CONSTRAINT message_receipt_pkey ON care.message_receipt IS 'This is noted already.';
COMMENT ON CONSTRAINT message_receipt_message_fkey ON care.message_receipt IS 'Choose a message of this patient.';
COMMENT ON CONSTRAINT message_receipt_account_fkey ON care.message_receipt IS 'Choose somebody who has an account.';
CALL access.guard('care.message_receipt', 'internal');

DO $$
DECLARE
    own     constant text := 'patient_id = ANY ((SELECT access.own_patients())::uuid[])';
    acted   constant text := 'patient_id = ANY ((SELECT access.patients_acted_for(''message''))::uuid[])';
    in_care constant text := 'patient_id = ANY ((SELECT access.patients_in_care())::uuid[])';
    of      text;
BEGIN
    FOREACH of IN ARRAY '{message_thread, message, message_attachment, message_receipt}'::text[] LOOP
        EXECUTE format('GRANT SELECT, INSERT ON care.%I TO healthtrack_care', of);
        EXECUTE format('CREATE POLICY own ON care.%I FOR ALL TO healthtrack_care USING (%s) WITH CHECK (%2$s)', of, own);
        EXECUTE format('CREATE POLICY proxy ON care.%I FOR ALL TO healthtrack_care USING (%s) WITH CHECK (%2$s)', of, acted);
        EXECUTE format('CREATE POLICY care ON care.%I FOR ALL TO healthtrack_care USING (%s) WITH CHECK (%2$s)', of, in_care);
    END LOOP;
END $$;
GRANT UPDATE (closed_at) ON care.message_thread TO healthtrack_care;
GRANT UPDATE (retracted_at, retraction_reason) ON care.message TO healthtrack_care;

CREATE FUNCTION care.check_message() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moves constant text[] := '{retracted_at, retraction_reason, version, updated_at, updated_by, created_at}';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - moves <> to_jsonb(OLD) - moves OR OLD.retracted_at IS NOT NULL THEN
            PERFORM care.refuse('message_is_never_edited', 'A message stays as it was sent: retract it, and write another one.');
        END IF;
    ELSE
        PERFORM FROM care.message_thread t
        WHERE t.patient_id = NEW.patient_id AND t.message_thread_id = NEW.message_thread_id AND t.closed_at IS NULL FOR SHARE;
        IF NOT FOUND AND EXISTS (SELECT FROM care.message_thread t WHERE t.patient_id = NEW.patient_id
                                 AND t.message_thread_id = NEW.message_thread_id) THEN
            PERFORM care.refuse('message_is_in_an_open_thread', 'This thread is closed: begin another one.');
        END IF;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_message() IS 'Trigger before a message is written: its thread is open, and it is never edited.';
CREATE TRIGGER message_is_never_edited BEFORE INSERT OR UPDATE ON care.message
    FOR EACH ROW EXECUTE FUNCTION care.check_message();

CREATE FUNCTION care.check_thread() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moves constant text[] := '{closed_at, version, updated_at, updated_by, created_at}';
BEGIN
    IF to_jsonb(NEW) - moves <> to_jsonb(OLD) - moves OR OLD.closed_at IS NOT NULL THEN
        PERFORM care.refuse('message_thread_is_closed_and_nothing_else', 'A thread is closed once, and stays as it was: begin another one.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_thread() IS 'Trigger before a thread is changed: it is closed once, and nothing else of it changes.';
CREATE TRIGGER message_thread_is_closed_and_nothing_else BEFORE UPDATE ON care.message_thread
    FOR EACH ROW EXECUTE FUNCTION care.check_thread();

CREATE FUNCTION care.sign_message() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    since constant timestamptz := clock_timestamp() - INTERVAL '1 day';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.sender_account_id IS DISTINCT FROM access.actor() THEN
            PERFORM care.refuse('message_is_its_senders', 'Only its sender retracts a message.');
        END IF;
        NEW.retracted_at := now();
        RETURN NEW;
    END IF;
    NEW.sender_account_id := access.actor();
    NEW.sent_at := now();
    NEW.retracted_at := NULL;
    NEW.retraction_reason := NULL;
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.message.' || NEW.sender_account_id, 0));
    IF (SELECT count(*) FROM care.message m WHERE m.sender_account_id = NEW.sender_account_id AND m.created_at > since)
       >= access.cap_of(CASE access.part() WHEN 'patient' THEN 'messages_a_patient_a_day' ELSE 'messages_a_provider_a_day' END) THEN
        PERFORM care.refuse('messages_of_an_account_are_few',
            'You have written many messages within a day: call, or wait until tomorrow.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.sign_message() IS 'Trigger before an account writes or retracts a message: in its own name and now, and so many a day.';
CREATE TRIGGER message_is_its_senders BEFORE INSERT OR UPDATE ON care.message
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.sign_message();

CREATE FUNCTION care.sign_thread() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    since constant timestamptz := clock_timestamp() - INTERVAL '1 day';
BEGIN
    NEW.opened_by_account_id := access.actor();
    IF access.part() = 'patient' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.message.' || NEW.opened_by_account_id, 0));
        IF (SELECT count(*) FROM care.message_thread t
            WHERE t.opened_by_account_id = NEW.opened_by_account_id AND t.created_at > since)
           >= access.cap_of('threads_a_patient_a_day') THEN
            PERFORM care.refuse('message_threads_of_a_patient_are_few',
                'You have begun many conversations within a day: write in one of them, or call.');
        END IF;
    END IF;
    -- Who may not write for this patient is refused by the policies, and learns nothing here of who cares.
    IF NEW.provider_id IS NOT NULL AND NEW.patient_id = ANY (
            access.own_patients() || access.patients_in_care() || access.patients_acted_for('message')) AND NOT EXISTS (
        SELECT FROM access.care_relationship r
        WHERE r.patient_id = NEW.patient_id AND r.provider_id = NEW.provider_id AND r.valid_during @> clock_timestamp()) THEN
        PERFORM care.refuse('message_thread_is_with_who_cares', 'Write to somebody who cares for the patient, or to all who do.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.sign_thread() IS 'Trigger before an account begins a thread: in its own name, with somebody who cares, and a patient so many a day.';
CREATE TRIGGER message_thread_is_with_who_cares BEFORE INSERT ON care.message_thread
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.sign_thread();

CREATE FUNCTION care.check_receipt() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.account_id := access.actor();
    NEW.read_at := now();
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_receipt() IS 'Trigger before an account notes that it has read a message: for itself, and now.';
CREATE TRIGGER message_receipt_is_ones_own BEFORE INSERT ON care.message_receipt
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_receipt();

CREATE FUNCTION care.check_attachment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM care.message m
                   WHERE m.patient_id = NEW.patient_id AND m.message_id = NEW.message_id
                     AND m.sender_account_id = access.actor() AND m.sent_at = now()) THEN
        PERFORM care.refuse('message_attachment_is_its_senders', 'A document is attached by who sends the message, when it is sent.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_attachment() IS 'Trigger before an account attaches a document to a message: to the own one, in the transaction that sends it.';
CREATE TRIGGER message_attachment_is_its_senders BEFORE INSERT ON care.message_attachment
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_attachment();
