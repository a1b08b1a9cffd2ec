-- What the record said before: each change of a clinical row leaves its former version behind.
--
-- One table for all, since a former version is read by its row and never searched by a column of it: the row's image
-- as JSON, the version that it had, and when it stopped to be true. The trigger runs as its owner, because nobody who
-- uses the portal may write here. A row also stays with its patient: what was written to the wrong record is marked as
-- an error there and written again. What is written for an account says so, whatever the writer says: its time, its
-- first version and its author are stamped, so that nobody writes in the past or in another's name. Former versions
-- cannot be altered; they leave with the patient that they are of. New table, locks nothing. Undo: drop it, and the
-- triggers that call care.keep_former_version.
CREATE TABLE care.history (
    row_id        uuid        NOT NULL,
    patient_id    uuid        NOT NULL,
    held_from     timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT now(),
    version       integer     NOT NULL,
    relation      text        NOT NULL,
    changed_by    text        NOT NULL,
    superseded_by text        NOT NULL,
    image         jsonb       NOT NULL,

    CONSTRAINT history_pkey PRIMARY KEY (relation, row_id, version),
    CONSTRAINT history_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT history_ends_after_it_began CHECK (superseded_at >= held_from),
    CONSTRAINT history_image_is_a_row CHECK (jsonb_typeof(image) = 'object')
);
CREATE INDEX history_patient_idx ON care.history (patient_id, superseded_at);
COMMENT ON TABLE  care.history               IS 'Former versions of rows of the record; the present one stands in its own table.';
COMMENT ON COLUMN care.history.row_id        IS 'Key of the row in its table.';
COMMENT ON COLUMN care.history.patient_id    IS 'Whose.';
COMMENT ON COLUMN care.history.held_from     IS 'When this version was written.';
COMMENT ON COLUMN care.history.superseded_at IS 'When the next version took its place.';
COMMENT ON COLUMN care.history.version       IS 'Which version it was.';
COMMENT ON COLUMN care.history.relation      IS 'The row''s table, without its schema.';
COMMENT ON COLUMN care.history.changed_by    IS 'Account or program that wrote this version.';
COMMENT ON COLUMN care.history.superseded_by IS 'Account or program that wrote the next.';
COMMENT ON COLUMN care.history.image         IS 'The whole row as it was.';
COMMENT ON CONSTRAINT history_pkey ON care.history IS 'This version is kept already.';
COMMENT ON CONSTRAINT history_patient_fkey ON care.history IS 'Register the patient first.';
COMMENT ON CONSTRAINT history_ends_after_it_began ON care.history IS 'A version cannot end before it began.';
COMMENT ON CONSTRAINT history_image_is_a_row ON care.history IS 'A former version is a whole row.';

CALL access.guard('care.history', 'internal');
GRANT SELECT ON care.history TO healthtrack_portal;
CREATE POLICY care ON care.history FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.patients_in_care())::uuid[]));
CREATE POLICY own ON care.history FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));

CREATE FUNCTION care.keep_former_version() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    image constant jsonb := to_jsonb(OLD);
BEGIN
    IF NEW.patient_id <> OLD.patient_id THEN
        PERFORM care.refuse('record_stays_with_its_patient',
            'This stands in one patient''s record and cannot move: mark it as an error and write it anew.');
    END IF;
    INSERT INTO care.history (relation, row_id, patient_id, version, held_from, superseded_at, changed_by,
                              superseded_by, image)
    VALUES (TG_TABLE_NAME, (image ->> (TG_TABLE_NAME || '_id'))::uuid, OLD.patient_id, OLD.version, OLD.updated_at,
            NEW.updated_at, OLD.updated_by, NEW.updated_by, image);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.keep_former_version() IS 'Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.';

CREATE FUNCTION care.stamp() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF access.actor() IS NULL THEN
        RETURN NEW;  -- A program that loads what was written elsewhere, and when.
    END IF;
    IF TG_OP = 'UPDATE' THEN
        NEW.created_at := OLD.created_at;
    ELSE
        NEW.created_at := now();
        NEW.updated_at := now();
        NEW.version := 1;
        NEW.updated_by := access.actor()::text;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.stamp() IS 'Trigger before each write: what an account writes bears its name and the present time.';

CREATE FUNCTION care.refuse_alteration() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM care.refuse(TG_TABLE_NAME || '_is_never_altered', 'What is written here is kept as it was written.');
END $$;
COMMENT ON FUNCTION care.refuse_alteration() IS 'Trigger before a change of what is only added to: refuses it.';
CREATE TRIGGER history_is_never_altered BEFORE UPDATE ON care.history
    FOR EACH ROW EXECUTE FUNCTION care.refuse_alteration();
CREATE TRIGGER history_is_never_emptied BEFORE TRUNCATE ON care.history
    FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_alteration();

CREATE TRIGGER patient_is_stamped BEFORE INSERT OR UPDATE ON care.patient FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER patient_keeps_former_versions AFTER UPDATE ON care.patient
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
