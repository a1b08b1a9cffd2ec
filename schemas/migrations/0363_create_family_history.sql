-- What runs in a family: which relative had what, from which age on, and what was the cause of death.
--
-- A fact about the patient's own risk, told by the patient or found by a provider; the relative is a word and nobody's
-- record. Codes are those of a condition. New table; the foreign key locks care.patient for an instant. Undo: drop it and its
-- functions.
CREATE TABLE care.family_history (
    family_history_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id        uuid        NOT NULL,
    recorded_by       uuid,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    version           integer     NOT NULL DEFAULT 1,
    onset_age         smallint,
    relative_deceased boolean,
    caused_death      boolean     NOT NULL DEFAULT false,
    sensitivity       care.sensitivity,
    relative          text        NOT NULL,
    code_system       text        NOT NULL,
    code              text        NOT NULL,
    title             text        NOT NULL,
    status            text        NOT NULL DEFAULT 'completed',
    note              text,
    updated_by        text        NOT NULL DEFAULT session_user,

    CONSTRAINT family_history_pkey PRIMARY KEY (family_history_id),
    CONSTRAINT family_history_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT family_history_provider_fkey FOREIGN KEY (recorded_by) REFERENCES care.provider (provider_id),
    CONSTRAINT family_history_relative_is_known CHECK (
        relative IN ('mother', 'father', 'parent', 'sister', 'brother', 'sibling', 'half_sibling', 'daughter', 'son', 'child',
                     'maternal_grandmother', 'maternal_grandfather', 'paternal_grandmother', 'paternal_grandfather',
                     'aunt', 'uncle', 'cousin', 'relative')
    ),
    CONSTRAINT family_history_code_system_is_known CHECK (code_system IN ('icd10', 'snomed')),
    CONSTRAINT family_history_code_fits_its_system CHECK (care.code_fits(code_system, code)),
    CONSTRAINT family_history_title_is_some CHECK (title ~ '\S' AND length(title) <= 500),
    CONSTRAINT family_history_onset_is_believable CHECK (onset_age BETWEEN 0 AND 120),
    CONSTRAINT family_history_death_has_died CHECK (NOT caused_death OR relative_deceased IS TRUE),
    CONSTRAINT family_history_status_is_known CHECK (status IN ('partial', 'completed', 'entered_in_error')),
    CONSTRAINT family_history_note_is_short CHECK (length(note) <= 4000)
);
CREATE INDEX family_history_patient_idx ON care.family_history (patient_id);
CREATE INDEX family_history_provider_idx ON care.family_history (recorded_by);
CREATE TRIGGER family_history_is_recorded_in_person BEFORE INSERT OR UPDATE OF recorded_by ON care.family_history
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_recorder('recorded_by');
CREATE TRIGGER family_history_is_stamped BEFORE INSERT OR UPDATE ON care.family_history
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER family_history_is_touched BEFORE UPDATE ON care.family_history FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER family_history_keeps_former_versions AFTER UPDATE ON care.family_history
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
CREATE TRIGGER family_history_stays_under_hold BEFORE DELETE ON care.family_history
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.family_history                   IS 'What a relative of a patient has or had.';
COMMENT ON COLUMN care.family_history.family_history_id IS 'Key.';
COMMENT ON COLUMN care.family_history.patient_id        IS 'Whose relative.';
COMMENT ON COLUMN care.family_history.recorded_by       IS 'The provider who wrote it down; null where none did.';
COMMENT ON COLUMN care.family_history.created_at        IS 'When the row was made.';
COMMENT ON COLUMN care.family_history.updated_at        IS 'When it was last changed.';
COMMENT ON COLUMN care.family_history.version           IS 'Raised by each change.';
COMMENT ON COLUMN care.family_history.onset_age         IS 'At which age it began, in years; null where that is not known.';
COMMENT ON COLUMN care.family_history.relative_deceased IS 'Whether the relative has died; null where that is not known.';
COMMENT ON COLUMN care.family_history.caused_death      IS 'True where the relative died of it.';
COMMENT ON COLUMN care.family_history.sensitivity       IS 'What it is of, where that is kept from who may read the rest; told by its code where nobody said, null for plain care.';
COMMENT ON COLUMN care.family_history.relative          IS 'Which relative: mother, brother, maternal_grandfather …';
COMMENT ON COLUMN care.family_history.code_system       IS 'icd10 or snomed.';
COMMENT ON COLUMN care.family_history.code              IS 'What it is, by its code.';
COMMENT ON COLUMN care.family_history.title             IS 'What it is, in words.';
COMMENT ON COLUMN care.family_history.status            IS 'partial (more is to be asked), completed, or entered_in_error.';
COMMENT ON COLUMN care.family_history.note              IS 'What else was said; null where nothing was.';
COMMENT ON COLUMN care.family_history.updated_by        IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT family_history_pkey ON care.family_history IS 'This entry is known already.';
COMMENT ON CONSTRAINT family_history_patient_fkey ON care.family_history IS 'Register the patient first.';
COMMENT ON CONSTRAINT family_history_provider_fkey ON care.family_history IS 'Choose a provider of the network.';
COMMENT ON CONSTRAINT family_history_relative_is_known ON care.family_history IS 'Choose one of the known relatives.';
COMMENT ON CONSTRAINT family_history_code_system_is_known ON care.family_history IS 'Choose icd10 or snomed.';
COMMENT ON CONSTRAINT family_history_code_fits_its_system ON care.family_history IS 'This is not how a code of this system is written.';
COMMENT ON CONSTRAINT family_history_title_is_some ON care.family_history IS 'Say what it is in 500 letters at most.';
COMMENT ON CONSTRAINT family_history_onset_is_believable ON care.family_history IS 'An age of onset lies between 0 and 120 years.';
COMMENT ON CONSTRAINT family_history_death_has_died ON care.family_history IS 'Who died of it has died: say so.';
COMMENT ON CONSTRAINT family_history_status_is_known ON care.family_history IS 'Choose partial, completed or entered_in_error.';
COMMENT ON CONSTRAINT family_history_note_is_short ON care.family_history IS 'A note has 4000 letters at most.';
CALL access.guard('care.family_history', 'sensitive_chart', 'recorded_by');

CREATE TRIGGER family_history_is_classified BEFORE INSERT OR UPDATE ON care.family_history
    FOR EACH ROW EXECUTE FUNCTION care.classify(':code_system=code');

INSERT INTO access.look_kind (kind, scope) VALUES ('family_history', 'chart');
CALL access.publish('add_family_history',
    'patient uuid, relative text, code_system text, code text, title text, onset_age integer, relative_deceased boolean, caused_death boolean, note text, sensitivity text',
    'uuid', $body$
    INSERT INTO care.family_history AS h (patient_id, recorded_by, relative, code_system, code, title, onset_age,
                                          relative_deceased, caused_death, note, sensitivity)
    VALUES (patient, access.acting_provider(), add_family_history.relative, add_family_history.code_system,
            add_family_history.code, add_family_history.title, add_family_history.onset_age,
            add_family_history.relative_deceased, coalesce(add_family_history.caused_death, false), add_family_history.note,
            add_family_history.sensitivity)
    RETURNING h.family_history_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.family_history/' || answer);$body$,
    'Adds what a relative of a patient has or had; gives the key.');
CALL access.publish('change_family_history',
    'family_history uuid, known_version integer, onset_age integer, relative_deceased boolean, caused_death boolean, status text, note text',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.family_history AS h SET onset_age = change_family_history.onset_age,
            relative_deceased = change_family_history.relative_deceased,
            caused_death = coalesce(change_family_history.caused_death, false), status = change_family_history.status,
            note = change_family_history.note
        WHERE h.family_history_id = family_history AND h.version = known_version
        RETURNING h.version, h.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.family_history/' || family_history);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, h.version FROM care.family_history h WHERE h.family_history_id = family_history;
        END IF;
    END;$body$,
    'Changes what a relative has or had where it still has the version that the editor read: the version that stands, and whether it is the editor''s; no row where there is no such entry for whoever acts.');
CALL access.publish('read_family_history', '',
    'TABLE (family_history uuid, version integer, relative text, code_system text, code text, title text, onset_age integer, relative_deceased boolean, caused_death boolean, status text, note text)',
    $body$RETURN QUERY SELECT h.family_history_id, h.version, h.relative, h.code_system, h.code, h.title, h.onset_age::integer, h.relative_deceased, h.caused_death, h.status, h.note
    FROM care.family_history h WHERE h.patient_id = patient ORDER BY h.relative, h.title, h.family_history_id LIMIT 500;$body$,
    'What relatives of a patient have or had, by relative, 500 at most.', look => $$'family_history'$$);
