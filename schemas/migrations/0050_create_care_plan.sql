-- Care plans: what provider and patient have agreed on, edition by edition.
--
-- An edition is never rewritten: what was agreed in spring must be readable in autumn. It begins as a draft, is active
-- until the next one is or until it ends, and one of a plan is active at a time. A consultation belongs to a plan and,
-- where there was one, to the appointment at which it was held; its notes are sealed by the program before they come
-- here. New tables; foreign keys lock their targets for an instant. Undo: drop them.
CREATE TABLE care.care_plan (
    care_plan_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id   uuid        NOT NULL,
    provider_id  uuid        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    version      integer     NOT NULL DEFAULT 1,
    title        text        NOT NULL,
    updated_by   text        NOT NULL DEFAULT session_user,

    CONSTRAINT care_plan_pkey PRIMARY KEY (care_plan_id),
    CONSTRAINT care_plan_id_with_patient_is_unique UNIQUE (patient_id, care_plan_id),
    CONSTRAINT care_plan_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT care_plan_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT care_plan_title_is_some CHECK (title ~ '\S' AND length(title) <= 200)
);
CREATE INDEX care_plan_provider_idx ON care.care_plan (provider_id);
CREATE TRIGGER care_plan_is_touched BEFORE UPDATE ON care.care_plan FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.care_plan              IS 'Personal plan of one patient, agreed with a provider.';
COMMENT ON COLUMN care.care_plan.care_plan_id IS 'Key.';
COMMENT ON COLUMN care.care_plan.patient_id   IS 'Whose plan it is.';
COMMENT ON COLUMN care.care_plan.provider_id  IS 'Who answers for it.';
COMMENT ON COLUMN care.care_plan.created_at   IS 'When the row was made.';
COMMENT ON COLUMN care.care_plan.updated_at   IS 'When it was last changed.';
COMMENT ON COLUMN care.care_plan.version      IS 'Raised by each change.';
COMMENT ON COLUMN care.care_plan.title        IS 'What it is about, in a few words.';
COMMENT ON COLUMN care.care_plan.updated_by   IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT care_plan_pkey ON care.care_plan IS 'This plan is known already.';
COMMENT ON CONSTRAINT care_plan_id_with_patient_is_unique ON care.care_plan IS 'This plan is known already.';
COMMENT ON CONSTRAINT care_plan_patient_fkey ON care.care_plan IS 'Register the patient first.';
COMMENT ON CONSTRAINT care_plan_provider_fkey ON care.care_plan IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT care_plan_title_is_some ON care.care_plan IS 'Give the plan a title of 200 letters at most.';

CREATE TABLE care.care_plan_version (
    care_plan_version_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id           uuid        NOT NULL,
    care_plan_id         uuid        NOT NULL,
    author_id            uuid        NOT NULL,
    activated_at         timestamptz,
    ended_at             timestamptz,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    version              integer     NOT NULL DEFAULT 1,
    edition              integer     NOT NULL,
    status               text        NOT NULL DEFAULT 'draft',
    summary              text        NOT NULL,
    updated_by           text        NOT NULL DEFAULT session_user,

    CONSTRAINT care_plan_version_pkey PRIMARY KEY (care_plan_version_id),
    CONSTRAINT care_plan_version_edition_is_unique UNIQUE (care_plan_id, edition),
    CONSTRAINT care_plan_version_plan_fkey FOREIGN KEY (patient_id, care_plan_id)
        REFERENCES care.care_plan (patient_id, care_plan_id),
    CONSTRAINT care_plan_version_author_fkey FOREIGN KEY (author_id) REFERENCES care.provider (provider_id),
    CONSTRAINT care_plan_version_edition_is_positive CHECK (edition >= 1),
    CONSTRAINT care_plan_version_status_is_known CHECK (status IN ('draft', 'active', 'ended')),
    CONSTRAINT care_plan_version_times_fit_its_status CHECK (
        CASE status WHEN 'draft' THEN activated_at IS NULL AND ended_at IS NULL
                    WHEN 'active' THEN activated_at IS NOT NULL AND ended_at IS NULL
                    ELSE ended_at >= coalesce(activated_at, ended_at) END
    ),
    CONSTRAINT care_plan_version_summary_is_some CHECK (summary ~ '\S' AND length(summary) <= 20000),
    CONSTRAINT care_plan_version_is_active_once EXCLUDE USING btree (care_plan_id WITH =) WHERE (status = 'active')
);
CREATE INDEX care_plan_version_plan_idx ON care.care_plan_version (patient_id, care_plan_id);
CREATE INDEX care_plan_version_author_idx ON care.care_plan_version (author_id);
CREATE TRIGGER care_plan_version_is_touched BEFORE UPDATE ON care.care_plan_version
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.care_plan_version                      IS 'One edition of a plan; its words never change.';
COMMENT ON COLUMN care.care_plan_version.care_plan_version_id IS 'Key.';
COMMENT ON COLUMN care.care_plan_version.patient_id           IS 'Whose plan it is.';
COMMENT ON COLUMN care.care_plan_version.care_plan_id         IS 'Which plan.';
COMMENT ON COLUMN care.care_plan_version.author_id            IS 'Provider who wrote it.';
COMMENT ON COLUMN care.care_plan_version.activated_at         IS 'Since when it is followed; null for one that never was.';
COMMENT ON COLUMN care.care_plan_version.ended_at             IS 'Since when it is no longer followed; null before.';
COMMENT ON COLUMN care.care_plan_version.created_at           IS 'When the row was made.';
COMMENT ON COLUMN care.care_plan_version.updated_at           IS 'When it was last changed.';
COMMENT ON COLUMN care.care_plan_version.version              IS 'Raised by each change.';
COMMENT ON COLUMN care.care_plan_version.edition              IS '1 for the first one of its plan, and so on.';
COMMENT ON COLUMN care.care_plan_version.status               IS 'draft, active or ended; it only goes forward.';
COMMENT ON COLUMN care.care_plan_version.summary              IS 'What is to be done, in words.';
COMMENT ON COLUMN care.care_plan_version.updated_by           IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT care_plan_version_pkey ON care.care_plan_version IS 'This edition is known already.';
COMMENT ON CONSTRAINT care_plan_version_edition_is_unique ON care.care_plan_version IS 'Somebody wrote that edition just now: try again.';
COMMENT ON CONSTRAINT care_plan_version_plan_fkey ON care.care_plan_version IS 'Choose a plan of this patient.';
COMMENT ON CONSTRAINT care_plan_version_author_fkey ON care.care_plan_version IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT care_plan_version_edition_is_positive ON care.care_plan_version IS 'Editions are counted from 1.';
COMMENT ON CONSTRAINT care_plan_version_status_is_known ON care.care_plan_version IS 'Choose draft, active or ended.';
COMMENT ON CONSTRAINT care_plan_version_times_fit_its_status ON care.care_plan_version IS 'A draft has no times, an active edition has begun, and an ended one has ended after that.';
COMMENT ON CONSTRAINT care_plan_version_summary_is_some ON care.care_plan_version IS 'Say what is to be done, in 20000 letters at most.';
COMMENT ON CONSTRAINT care_plan_version_is_active_once ON care.care_plan_version IS 'Another edition of this plan is active: end that first.';

CREATE TABLE care.consultation (
    consultation_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id      uuid        NOT NULL,
    care_plan_id    uuid        NOT NULL,
    provider_id     uuid        NOT NULL,
    appointment_id  uuid,
    held_at         timestamptz NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    version         integer     NOT NULL DEFAULT 1,
    notes           bytea,
    updated_by      text        NOT NULL DEFAULT session_user,

    CONSTRAINT consultation_pkey PRIMARY KEY (consultation_id),
    CONSTRAINT consultation_plan_fkey FOREIGN KEY (patient_id, care_plan_id)
        REFERENCES care.care_plan (patient_id, care_plan_id),
    CONSTRAINT consultation_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT consultation_appointment_fkey FOREIGN KEY (patient_id, appointment_id)
        REFERENCES care.appointment (patient_id, appointment_id),
    CONSTRAINT consultation_of_an_appointment_is_once UNIQUE (care_plan_id, appointment_id),
    CONSTRAINT consultation_notes_are_sealed CHECK (
        octet_length(notes) BETWEEN 30 AND 65565 AND substr(notes, 1, 1) = '\x01'
    )
);
CREATE INDEX consultation_plan_idx ON care.consultation (patient_id, care_plan_id, held_at);
CREATE INDEX consultation_appointment_idx ON care.consultation (appointment_id);
CREATE INDEX consultation_provider_idx ON care.consultation (provider_id, held_at);
CREATE TRIGGER consultation_is_touched BEFORE UPDATE ON care.consultation FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.consultation                 IS 'Talk of provider and patient about a plan.';
COMMENT ON COLUMN care.consultation.consultation_id IS 'Key.';
COMMENT ON COLUMN care.consultation.patient_id      IS 'Whose plan it is.';
COMMENT ON COLUMN care.consultation.care_plan_id    IS 'Which plan.';
COMMENT ON COLUMN care.consultation.provider_id     IS 'Who gave it.';
COMMENT ON COLUMN care.consultation.appointment_id  IS 'Appointment at which it was held; null where there was none.';
COMMENT ON COLUMN care.consultation.held_at         IS 'When it began.';
COMMENT ON COLUMN care.consultation.created_at      IS 'When the row was made.';
COMMENT ON COLUMN care.consultation.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.consultation.version         IS 'Raised by each change.';
COMMENT ON COLUMN care.consultation.notes           IS 'Sealed for this row with the patient''s data key; null where nothing was noted.';
COMMENT ON COLUMN care.consultation.updated_by      IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT consultation_pkey ON care.consultation IS 'This consultation is known already.';
COMMENT ON CONSTRAINT consultation_plan_fkey ON care.consultation IS 'Choose a plan of this patient.';
COMMENT ON CONSTRAINT consultation_provider_fkey ON care.consultation IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT consultation_appointment_fkey ON care.consultation IS 'Choose an appointment of this patient.';
COMMENT ON CONSTRAINT consultation_of_an_appointment_is_once ON care.consultation IS 'That appointment has a consultation of this plan already.';
COMMENT ON CONSTRAINT consultation_notes_are_sealed ON care.consultation IS 'Notes are stored sealed, up to 64 KiB of them.';

CREATE FUNCTION care.acting_provider() RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT provider_id FROM access.account WHERE account_id = access.actor() AND disabled_at IS NULL
$$;
COMMENT ON FUNCTION care.acting_provider() IS 'The provider whom the actor is; null for others.';

CREATE FUNCTION care.keep_plan_version() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.care_plan_version_id, NEW.patient_id, NEW.care_plan_id, NEW.author_id, NEW.edition, NEW.summary)
       IS DISTINCT FROM (OLD.care_plan_version_id, OLD.patient_id, OLD.care_plan_id, OLD.author_id, OLD.edition,
                         OLD.summary) THEN
        PERFORM care.refuse('care_plan_version_is_append_only',
            'An edition of a plan is never rewritten: write the next one.');
    END IF;
    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN
       (('draft', 'active'), ('draft', 'ended'), ('active', 'ended')) THEN
        PERFORM care.refuse('care_plan_version_goes_forward',
            'An edition of a plan goes from draft to active to ended, and never back.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.keep_plan_version() IS 'Trigger before each update of an edition: its words stay, its status goes forward.';
CREATE TRIGGER care_plan_version_is_kept BEFORE UPDATE ON care.care_plan_version
    FOR EACH ROW EXECUTE FUNCTION care.keep_plan_version();

CREATE FUNCTION care.draft_care_plan(care_plan_id uuid, summary text) RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    author uuid := care.acting_provider();
    person uuid;
    made   uuid;
BEGIN
    IF author IS NULL THEN
        PERFORM care.refuse('care_plan_author_is_a_provider', 'Only a provider writes a plan.');
    END IF;
    -- The plan's row is the lock under which its editions are numbered.
    SELECT patient_id INTO person FROM care.care_plan AS plan WHERE plan.care_plan_id = $1 FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM care.refuse('care_plan_is_within_reach', 'There is no such plan of a patient in your care.');
    END IF;
    INSERT INTO care.care_plan_version AS told (patient_id, care_plan_id, author_id, edition, summary)
    SELECT person, $1, author, coalesce(max(known.edition), 0) + 1, $2
    FROM care.care_plan_version AS known WHERE known.care_plan_id = $1
    RETURNING told.care_plan_version_id INTO made;
    RETURN made;
END $$;
COMMENT ON FUNCTION care.draft_care_plan(uuid, text) IS 'Writes the next edition of a plan as a draft, by the acting provider; its key.';

CREATE FUNCTION care.activate_care_plan(care_plan_version_id uuid) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    plan   uuid;
    moment timestamptz;
BEGIN
    SELECT known.care_plan_id INTO plan FROM care.care_plan_version AS known WHERE known.care_plan_version_id = $1;
    PERFORM FROM care.care_plan AS known WHERE known.care_plan_id = plan FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM care.refuse('care_plan_is_within_reach', 'There is no such plan of a patient in your care.');
    END IF;
    PERFORM FROM care.care_plan_version AS known WHERE known.care_plan_version_id = $1 AND known.status = 'draft';
    IF NOT FOUND THEN
        PERFORM care.refuse('care_plan_version_is_a_draft', 'Only a draft becomes active: write the next edition.');
    END IF;
    -- Who has waited for the lock began before the edition that was activated meanwhile.
    SELECT greatest(now(), max(known.activated_at)) INTO moment FROM care.care_plan_version AS known
    WHERE known.care_plan_id = plan;
    UPDATE care.care_plan_version AS known SET status = 'ended', ended_at = moment
    WHERE known.care_plan_id = plan AND known.status = 'active';
    UPDATE care.care_plan_version AS known SET status = 'active', activated_at = moment
    WHERE known.care_plan_version_id = $1;
END $$;
COMMENT ON FUNCTION care.activate_care_plan(uuid) IS 'Makes a draft the active edition of its plan and ends the one before, in one step.';

CALL access.guard('care.care_plan', 'chart');
CALL access.guard('care.care_plan_version', 'chart');
CALL access.guard('care.consultation', 'chart');
CREATE POLICY author_is_the_actor ON care.care_plan_version AS RESTRICTIVE FOR INSERT TO healthtrack_portal
    WITH CHECK (author_id = (SELECT care.acting_provider()));
CREATE POLICY provider_is_the_actor ON care.consultation AS RESTRICTIVE FOR INSERT TO healthtrack_portal
    WITH CHECK (provider_id = (SELECT care.acting_provider()));
