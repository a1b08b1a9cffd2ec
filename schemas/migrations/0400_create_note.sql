-- Notes of visits: what was told, found, thought and agreed, in sections with LOINC codes, signed and never overwritten.
--
-- The record had codes, results and one line on why somebody came (care.encounter.reason), and no place for what a
-- physician writes. A note is a draft of its author, whom alone it concerns, until it is signed; from then on its words
-- stay. What comes to mind later is an addendum, a row of its own; what was written into the wrong record is marked as
-- an error, with the reason, and stays readable as such. Where somebody in training wrote it, another provider signs it
-- too. A draft is no part of the record yet, so it leaves no former versions behind, which others could read.
--
-- A note of a sensitive category is kept apart from the rest of the chart (migration 304), which its author says, and
-- which is not taken back once it is signed. Sections and addenda are seen by who sees their note: their policies ask the
-- note's, so that what narrows or opens those does so to these. New tables; their keys lock others for an instant. Undo: drop tables and functions.
CREATE TABLE care.note (
    note_id      uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id   uuid        NOT NULL,
    encounter_id uuid,
    author_id    uuid        NOT NULL,
    cosigner_id  uuid,
    error_by     uuid,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    signed_at    timestamptz,
    cosigned_at  timestamptz,
    error_at     timestamptz,
    version      integer     NOT NULL DEFAULT 1,
    loinc        text        NOT NULL,
    title        text        NOT NULL,
    status       text        NOT NULL DEFAULT 'draft',
    error_reason text,
    sensitivity  care.sensitivity,
    updated_by   text        NOT NULL DEFAULT session_user,

    CONSTRAINT note_pkey PRIMARY KEY (note_id),
    CONSTRAINT note_id_with_patient_is_unique UNIQUE (patient_id, note_id),
    CONSTRAINT note_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT note_encounter_fkey
        FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter (patient_id, encounter_id),
    CONSTRAINT note_author_fkey FOREIGN KEY (author_id) REFERENCES care.provider (provider_id),
    CONSTRAINT note_cosigner_fkey FOREIGN KEY (cosigner_id) REFERENCES care.provider (provider_id),
    CONSTRAINT note_error_by_fkey FOREIGN KEY (error_by) REFERENCES care.provider (provider_id),
    CONSTRAINT note_kind_is_loinc CHECK (care.code_fits('loinc', loinc)),
    CONSTRAINT note_title_is_some CHECK (title ~ '\S' AND length(title) <= 200),
    CONSTRAINT note_status_is_known CHECK (status IN ('draft', 'signed', 'cosigned', 'entered_in_error')),
    CONSTRAINT note_cosigner_is_another CHECK (cosigner_id <> author_id),
    CONSTRAINT note_times_fit_its_status CHECK (
        CASE status WHEN 'draft' THEN num_nonnulls(signed_at, cosigned_at) = 0
                    WHEN 'signed' THEN signed_at IS NOT NULL AND cosigned_at IS NULL
                    WHEN 'cosigned' THEN coalesce(cosigned_at >= signed_at, false) AND cosigner_id IS NOT NULL
                    ELSE cosigned_at IS NULL OR signed_at IS NOT NULL END
    ),
    CONSTRAINT note_error_says_who_and_why CHECK (
        num_nonnulls(error_at, error_by, error_reason) = CASE status WHEN 'entered_in_error' THEN 3 ELSE 0 END
        AND error_reason ~ '\S' IS NOT FALSE
    )
);
CREATE INDEX note_patient_idx ON care.note (patient_id, created_at);
CREATE INDEX note_encounter_idx ON care.note (patient_id, encounter_id);
CREATE INDEX note_author_idx ON care.note (author_id, created_at);
CREATE INDEX note_cosigner_idx ON care.note (cosigner_id, created_at);
CREATE INDEX note_error_by_idx ON care.note (error_by);
COMMENT ON TABLE  care.note              IS 'What a provider wrote about a patient, mostly of a visit; its words stand in its sections.';
COMMENT ON COLUMN care.note.note_id      IS 'Key.';
COMMENT ON COLUMN care.note.patient_id   IS 'Whose record it is in.';
COMMENT ON COLUMN care.note.encounter_id IS 'Of which visit; null where there was none, as after a telephone call.';
COMMENT ON COLUMN care.note.author_id    IS 'Provider who writes and signs it.';
COMMENT ON COLUMN care.note.cosigner_id  IS 'Provider who has to sign it too; null where nobody has to.';
COMMENT ON COLUMN care.note.error_by     IS 'Provider who marked it as an error; null where it is none.';
COMMENT ON COLUMN care.note.created_at   IS 'When the row was made.';
COMMENT ON COLUMN care.note.updated_at   IS 'When it was last changed.';
COMMENT ON COLUMN care.note.signed_at    IS 'When its author signed it; null for a draft, which its author alone sees.';
COMMENT ON COLUMN care.note.cosigned_at  IS 'When the other signed it too; null before.';
COMMENT ON COLUMN care.note.error_at     IS 'When it was marked as an error; null where it is none.';
COMMENT ON COLUMN care.note.version      IS 'Raised by each change.';
COMMENT ON COLUMN care.note.loinc        IS 'What kind of note, by LOINC: 11506-3 progress note, 34117-2 history and physical, 11488-4 consultation.';
COMMENT ON COLUMN care.note.title        IS 'What it is called.';
COMMENT ON COLUMN care.note.status       IS 'draft, signed, cosigned or entered_in_error; it only goes forward.';
COMMENT ON COLUMN care.note.error_reason IS 'Why it is an error; null where it is none.';
COMMENT ON COLUMN care.note.sensitivity  IS 'What it is of, where it is kept apart from the rest of the chart; null for plain care.';
COMMENT ON COLUMN care.note.updated_by   IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT note_pkey ON care.note IS 'This note is known already.';
COMMENT ON CONSTRAINT note_id_with_patient_is_unique ON care.note IS 'This note is known already.';
COMMENT ON CONSTRAINT note_patient_fkey ON care.note IS 'Register the patient first.';
COMMENT ON CONSTRAINT note_encounter_fkey ON care.note IS 'Choose a visit of this patient.';
COMMENT ON CONSTRAINT note_author_fkey ON care.note IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT note_cosigner_fkey ON care.note IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT note_error_by_fkey ON care.note IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT note_kind_is_loinc ON care.note IS 'This is no code of LOINC.';
COMMENT ON CONSTRAINT note_title_is_some ON care.note IS 'Give the note a title of 200 letters at most.';
COMMENT ON CONSTRAINT note_status_is_known ON care.note IS 'Choose draft, signed, cosigned or entered_in_error.';
COMMENT ON CONSTRAINT note_cosigner_is_another ON care.note IS 'Name another provider than the author to sign it too.';
COMMENT ON CONSTRAINT note_times_fit_its_status ON care.note IS 'A draft is not signed, and only whom the note names signs it too, after its author.';
COMMENT ON CONSTRAINT note_error_says_who_and_why ON care.note IS 'Say who marks it as an error, and why.';

CREATE TABLE care.note_section (
    note_section_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id      uuid        NOT NULL,
    note_id         uuid        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    version         integer     NOT NULL DEFAULT 1,
    place           smallint    NOT NULL,
    loinc           text        NOT NULL,
    title           text        NOT NULL,
    body            text        NOT NULL,
    updated_by      text        NOT NULL DEFAULT session_user,

    CONSTRAINT note_section_pkey PRIMARY KEY (note_section_id),
    CONSTRAINT note_section_has_its_place UNIQUE (note_id, place),
    CONSTRAINT note_section_is_one_of_its_kind UNIQUE (note_id, loinc),
    CONSTRAINT note_section_note_fkey FOREIGN KEY (patient_id, note_id) REFERENCES care.note (patient_id, note_id),
    CONSTRAINT note_section_place_is_counted CHECK (place BETWEEN 1 AND 50),
    CONSTRAINT note_section_kind_is_loinc CHECK (care.code_fits('loinc', loinc)),
    CONSTRAINT note_section_title_is_some CHECK (title ~ '\S' AND length(title) <= 200),
    CONSTRAINT note_section_body_is_some CHECK (body ~ '\S' AND length(body) <= 50000)
);
CREATE INDEX note_section_note_idx ON care.note_section (patient_id, note_id);
COMMENT ON TABLE  care.note_section                 IS 'A section of a note.';
COMMENT ON COLUMN care.note_section.note_section_id IS 'Key.';
COMMENT ON COLUMN care.note_section.patient_id      IS 'Whose record the note is in.';
COMMENT ON COLUMN care.note_section.note_id         IS 'Of which note.';
COMMENT ON COLUMN care.note_section.created_at      IS 'When the row was made.';
COMMENT ON COLUMN care.note_section.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.note_section.version         IS 'Raised by each change.';
COMMENT ON COLUMN care.note_section.place           IS '1 for the first one of its note, and so on.';
COMMENT ON COLUMN care.note_section.loinc           IS 'What it tells, by LOINC: 10164-2 history of present illness, 29545-1 examination, 51848-0 assessment, 18776-5 plan.';
COMMENT ON COLUMN care.note_section.title           IS 'Its heading.';
COMMENT ON COLUMN care.note_section.body            IS 'Its words.';
COMMENT ON COLUMN care.note_section.updated_by      IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT note_section_pkey ON care.note_section IS 'This section is known already.';
COMMENT ON CONSTRAINT note_section_has_its_place ON care.note_section IS 'Another section stands in this place.';
COMMENT ON CONSTRAINT note_section_is_one_of_its_kind ON care.note_section IS 'The note has a section of this kind already: write into that.';
COMMENT ON CONSTRAINT note_section_note_fkey ON care.note_section IS 'Choose a note of this patient.';
COMMENT ON CONSTRAINT note_section_place_is_counted ON care.note_section IS 'A note has 50 sections at most.';
COMMENT ON CONSTRAINT note_section_kind_is_loinc ON care.note_section IS 'This is no code of LOINC.';
COMMENT ON CONSTRAINT note_section_title_is_some ON care.note_section IS 'Give the section a heading of 200 letters at most.';
COMMENT ON CONSTRAINT note_section_body_is_some ON care.note_section IS 'Write something into the section, 50,000 letters at most.';

CREATE TABLE care.note_addendum (
    note_addendum_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id       uuid        NOT NULL,
    note_id          uuid        NOT NULL,
    author_id        uuid        NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    version          integer     NOT NULL DEFAULT 1,
    body             text        NOT NULL,
    updated_by       text        NOT NULL DEFAULT session_user,

    CONSTRAINT note_addendum_pkey PRIMARY KEY (note_addendum_id),
    CONSTRAINT note_addendum_note_fkey FOREIGN KEY (patient_id, note_id) REFERENCES care.note (patient_id, note_id),
    CONSTRAINT note_addendum_author_fkey FOREIGN KEY (author_id) REFERENCES care.provider (provider_id),
    CONSTRAINT note_addendum_body_is_some CHECK (body ~ '\S' AND length(body) <= 50000)
);
CREATE INDEX note_addendum_note_idx ON care.note_addendum (patient_id, note_id, created_at);
CREATE INDEX note_addendum_author_idx ON care.note_addendum (author_id, created_at);
COMMENT ON TABLE  care.note_addendum                  IS 'What was added to a signed note, never altered.';
COMMENT ON COLUMN care.note_addendum.note_addendum_id IS 'Key.';
COMMENT ON COLUMN care.note_addendum.patient_id       IS 'Whose record the note is in.';
COMMENT ON COLUMN care.note_addendum.note_id          IS 'To which note.';
COMMENT ON COLUMN care.note_addendum.author_id        IS 'Provider who added it.';
COMMENT ON COLUMN care.note_addendum.created_at       IS 'When it was added.';
COMMENT ON COLUMN care.note_addendum.updated_at       IS 'The same: it is never changed.';
COMMENT ON COLUMN care.note_addendum.version          IS 'Always 1.';
COMMENT ON COLUMN care.note_addendum.body             IS 'Its words.';
COMMENT ON COLUMN care.note_addendum.updated_by       IS 'Account or program that added it.';
COMMENT ON CONSTRAINT note_addendum_pkey ON care.note_addendum IS 'This addendum is known already.';
COMMENT ON CONSTRAINT note_addendum_note_fkey ON care.note_addendum IS 'Choose a note of this patient.';
COMMENT ON CONSTRAINT note_addendum_author_fkey ON care.note_addendum IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT note_addendum_body_is_some ON care.note_addendum IS 'Write something into the addendum, 50,000 letters at most.';

CREATE FUNCTION care.check_note() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- What raises and stamps a version, and how sensitive the note is said to be.
    kept   constant text[] := '{version,updated_at,updated_by,sensitivity}';
    life   constant text[] := kept || '{status,signed_at,cosigned_at,error_at,error_by,error_reason}';
    signer constant uuid := CASE WHEN access.actor() IS NOT NULL THEN access.acting_provider() END;
    by_account constant boolean := access.actor() IS NOT NULL;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'draft' THEN
            PERFORM care.refuse('note_begins_as_a_draft', 'Write the note as a draft, and sign it then.');
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.status <> 'draft' AND OLD.sensitivity IS NOT NULL AND NEW.sensitivity IS DISTINCT FROM OLD.sensitivity THEN
        PERFORM care.refuse('note_stays_apart', 'A signed note that is kept apart from the chart stays so.');
    ELSIF OLD.status = 'entered_in_error' THEN
        PERFORM care.refuse('note_error_is_final', 'This note is marked as an error, and stays so: write a new one.');
    ELSIF NEW.status = OLD.status THEN
        IF OLD.status <> 'draft' AND to_jsonb(NEW) - kept <> to_jsonb(OLD) - kept THEN
            PERFORM care.refuse('note_is_never_overwritten',
                'A signed note keeps its words: add an addendum, or mark it as an error.');
        END IF;
        RETURN NEW;
    ELSIF (OLD.status, NEW.status) NOT IN (('draft', 'signed'), ('signed', 'cosigned'), ('draft', 'entered_in_error'),
                                           ('signed', 'entered_in_error'), ('cosigned', 'entered_in_error')) THEN
        PERFORM care.refuse('note_goes_forward', 'A note goes from draft to signed to cosigned, and never back.');
    ELSIF to_jsonb(NEW) - life <> to_jsonb(OLD) - life OR NEW.signed_at IS DISTINCT FROM OLD.signed_at AND OLD.status <> 'draft'
          OR NEW.cosigned_at IS DISTINCT FROM OLD.cosigned_at AND NEW.status <> 'cosigned' THEN
        PERFORM care.refuse('note_is_never_overwritten',
            'A signed note keeps its words: add an addendum, or mark it as an error.');
    END IF;
    CASE NEW.status
        WHEN 'signed' THEN
            IF by_account AND signer IS DISTINCT FROM OLD.author_id THEN
                PERFORM care.refuse('note_is_signed_by_its_author', 'Only its author signs a note.');
            ELSIF NOT EXISTS (SELECT FROM care.note_section s WHERE s.note_id = OLD.note_id) THEN
                PERFORM care.refuse('note_says_something_once_signed', 'Write at least one section before you sign.');
            END IF;
        WHEN 'cosigned' THEN
            IF by_account AND signer IS DISTINCT FROM OLD.cosigner_id THEN
                PERFORM care.refuse('note_is_cosigned_by_whom_it_names',
                    'Only whom the note names signs it too.');
            END IF;
        ELSE
            IF by_account AND (signer IS NULL OR signer NOT IN (OLD.author_id, coalesce(OLD.cosigner_id, OLD.author_id))
                               OR NEW.error_by IS DISTINCT FROM signer) THEN
                PERFORM care.refuse('note_error_is_marked_by_who_signs',
                    'Only who signs a note marks it as an error; others add an addendum.');
            END IF;
    END CASE;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_note() IS 'Trigger before a note is stored or changed: it begins as a draft, goes forward by who may sign it, and keeps its words once signed.';
CREATE TRIGGER note_keeps_its_words BEFORE INSERT OR UPDATE ON care.note FOR EACH ROW EXECUTE FUNCTION care.check_note();

-- The note's row is locked, so that nobody signs a note while a section of it is written. Both run as whoever acts, so that
-- they neither tell of a note that is hidden nor wait for one.
CREATE FUNCTION care.check_note_section() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    standing text := (SELECT n.status FROM care.note n WHERE n.note_id = NEW.note_id FOR SHARE);
BEGIN
    IF standing <> 'draft' THEN
        PERFORM care.refuse('note_is_never_overwritten',
            'A signed note keeps its words: add an addendum, or mark it as an error.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_note_section() IS 'Trigger before a section is stored or changed: its note is a draft.';
CREATE TRIGGER note_section_is_of_a_draft BEFORE INSERT OR UPDATE ON care.note_section
    FOR EACH ROW EXECUTE FUNCTION care.check_note_section();

CREATE FUNCTION care.check_note_addendum() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    standing text := (SELECT n.status FROM care.note n WHERE n.note_id = NEW.note_id FOR SHARE);
BEGIN
    IF standing NOT IN ('signed', 'cosigned') THEN
        PERFORM care.refuse('note_addendum_is_to_a_signed_note', 'Only a signed note that is no error takes an addendum.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_note_addendum() IS 'Trigger before an addendum is stored: its note is signed, and no error.';
CREATE TRIGGER note_addendum_is_to_a_signed_note BEFORE INSERT ON care.note_addendum
    FOR EACH ROW EXECUTE FUNCTION care.check_note_addendum();
CREATE TRIGGER note_addendum_is_never_altered BEFORE UPDATE ON care.note_addendum
    FOR EACH ROW EXECUTE FUNCTION care.refuse_alteration();
CREATE TRIGGER note_addendum_is_never_emptied BEFORE TRUNCATE ON care.note_addendum
    FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_alteration();

CREATE TRIGGER note_is_recorded_in_person BEFORE INSERT OR UPDATE OF author_id ON care.note
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_recorder('author_id');
CREATE TRIGGER note_addendum_is_recorded_in_person BEFORE INSERT ON care.note_addendum
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_recorder('author_id');
CREATE TRIGGER note_keeps_former_versions AFTER UPDATE ON care.note
    FOR EACH ROW WHEN (OLD.status <> 'draft') EXECUTE FUNCTION care.keep_former_version();
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY '{note,note_section,note_addendum}'::text[] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON care.%I FOR EACH ROW EXECUTE FUNCTION care.stamp()',
                       name || '_is_stamped', name);
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON care.%I FOR EACH ROW EXECUTE FUNCTION care.touch()',
                       name || '_is_touched', name);
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE ON care.%I FOR EACH ROW
                        WHEN (NOT pg_has_role(current_user, ''healthtrack_migrator'', ''USAGE''))
                        EXECUTE FUNCTION care.keep_row_under_hold()', name || '_stays_under_hold', name);
    END LOOP;
END $$;
CALL access.guard('care.note', 'sensitive_chart', 'author_id');
CALL access.guard('care.note_section', 'chart');
CALL access.guard('care.note_addendum', 'chart');

CREATE POLICY draft_is_its_authors ON care.note AS RESTRICTIVE TO healthtrack_care
    USING (pg_has_role(CURRENT_USER, 'healthtrack_migrator', 'USAGE') OR signed_at IS NOT NULL
           OR author_id = (SELECT access.acting_provider()));
COMMENT ON POLICY draft_is_its_authors ON care.note IS 'What is not signed is seen and changed by its author alone.';
CREATE POLICY is_seen_with_its_note ON care.note_section AS RESTRICTIVE TO healthtrack_care
    USING (pg_has_role(CURRENT_USER, 'healthtrack_migrator', 'USAGE')
           OR EXISTS (SELECT FROM care.note n WHERE n.patient_id = note_section.patient_id AND n.note_id = note_section.note_id));
CREATE POLICY opened ON care.note_section FOR SELECT TO healthtrack_care
    USING (EXISTS (SELECT FROM care.note n WHERE n.patient_id = note_section.patient_id AND n.note_id = note_section.note_id));
COMMENT ON POLICY is_seen_with_its_note ON care.note_section IS 'Who does not see a note sees none of its sections.';
CREATE POLICY is_seen_with_its_note ON care.note_addendum AS RESTRICTIVE TO healthtrack_care
    USING (pg_has_role(CURRENT_USER, 'healthtrack_migrator', 'USAGE')
           OR EXISTS (SELECT FROM care.note n WHERE n.patient_id = note_addendum.patient_id AND n.note_id = note_addendum.note_id));
CREATE POLICY opened ON care.note_addendum FOR SELECT TO healthtrack_care
    USING (EXISTS (SELECT FROM care.note n WHERE n.patient_id = note_addendum.patient_id AND n.note_id = note_addendum.note_id));
COMMENT ON POLICY is_seen_with_its_note ON care.note_addendum IS 'Who does not see a note sees none of its addenda.';

-- What belongs where.
COMMENT ON COLUMN care.encounter.reason IS 'Why the patient came, in a few words, and null where nothing was said; what was found and thought stands in care.note.';
COMMENT ON COLUMN care.consultation.notes IS 'What was said about the plan, sealed for this row with the patient''s data key, and null where nothing was noted; what belongs to the record stands in care.note.';
