-- What came from where: other systems, their records, and which row each is here.
--
-- A record that comes twice is one row, and what came is known for each row: a system and its own name of a record say
-- which row it is, and a digest says whether it has changed since. Where two systems know one row, it is known twice. A
-- program asks first (care.find_external_record), writes the row where it is new, and registers it; of two that do so at
-- once the second is refused together with the row that it has written, and finds it the next time. A record of which
-- several rows are made is named with a part of its own for each: Patient/7#name.
--
-- A row is named by table and key, since it may be in any; that it is there and of that patient is seen when it is
-- registered. What is erased takes its registration along: by patient_id with the person, and where a row goes alone by
-- care.forget_external_records(). No person reads these tables. New tables. Undo: drop them and the functions.
CREATE TABLE care.source_system (
    source_system_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    retired_at       timestamptz,
    version          integer     NOT NULL DEFAULT 1,
    name             text        NOT NULL,
    kind             text        NOT NULL,
    organisation     text        NOT NULL,
    updated_by       text        NOT NULL DEFAULT session_user,

    CONSTRAINT source_system_pkey PRIMARY KEY (source_system_id),
    CONSTRAINT source_system_name_is_unique UNIQUE (name),
    CONSTRAINT source_system_name_is_short CHECK (name ~ '^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$'),
    CONSTRAINT source_system_kind_is_known CHECK (
        kind IN ('health_record', 'laboratory', 'imaging', 'pharmacy', 'payer', 'device_cloud', 'registry', 'other')
    ),
    CONSTRAINT source_system_organisation_is_some CHECK (organisation ~ '\S' AND length(organisation) <= 200)
);
CREATE TRIGGER source_system_is_stamped BEFORE INSERT OR UPDATE ON care.source_system
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER source_system_is_touched BEFORE UPDATE ON care.source_system
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.source_system                  IS 'Systems whose records are taken in.';
COMMENT ON COLUMN care.source_system.source_system_id IS 'Key.';
COMMENT ON COLUMN care.source_system.created_at       IS 'When the row was made.';
COMMENT ON COLUMN care.source_system.updated_at       IS 'When it was last changed.';
COMMENT ON COLUMN care.source_system.retired_at       IS 'Since when nothing is taken in from it; null while it is active.';
COMMENT ON COLUMN care.source_system.version          IS 'Raised by each change.';
COMMENT ON COLUMN care.source_system.name             IS 'Its name in small letters: mercy-ehr.';
COMMENT ON COLUMN care.source_system.kind             IS 'health_record, laboratory, imaging, pharmacy, payer, device_cloud, registry or other.';
COMMENT ON COLUMN care.source_system.organisation     IS 'Whose it is.';
COMMENT ON COLUMN care.source_system.updated_by       IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT source_system_pkey ON care.source_system IS 'This system is known already.';
COMMENT ON CONSTRAINT source_system_name_is_unique ON care.source_system IS 'This name is another system''s already.';
COMMENT ON CONSTRAINT source_system_name_is_short ON care.source_system IS 'A system has a name of small letters, digits, dots and hyphens, 64 at most.';
COMMENT ON CONSTRAINT source_system_kind_is_known ON care.source_system IS 'Choose what kind of system it is.';
COMMENT ON CONSTRAINT source_system_organisation_is_some ON care.source_system IS 'Say whose system it is, in 200 characters at most.';
CALL access.guard('care.source_system', 'internal');

CREATE TABLE care.external_record (
    external_record_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id         uuid,
    source_system_id   uuid        NOT NULL,
    row_id             uuid        NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    first_received_at  timestamptz NOT NULL DEFAULT now(),
    received_at        timestamptz NOT NULL DEFAULT now(),
    version            integer     NOT NULL DEFAULT 1,
    relation           text        NOT NULL,
    external_id        text        NOT NULL,
    digest             bytea       NOT NULL,
    updated_by         text        NOT NULL DEFAULT session_user,

    CONSTRAINT external_record_pkey PRIMARY KEY (external_record_id),
    CONSTRAINT external_record_is_known_once UNIQUE (source_system_id, external_id),
    CONSTRAINT external_record_row_is_known_once_a_source UNIQUE (row_id, relation, source_system_id),
    CONSTRAINT external_record_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT external_record_source_system_fkey
        FOREIGN KEY (source_system_id) REFERENCES care.source_system (source_system_id),
    CONSTRAINT external_record_relation_is_a_name CHECK (relation ~ '^[a-z][a-z_]{0,62}$'),
    CONSTRAINT external_record_external_id_is_short CHECK (external_id ~ '\S' AND length(external_id) <= 500),
    CONSTRAINT external_record_digest_is_sha256 CHECK (octet_length(digest) = 32),
    CONSTRAINT external_record_is_received_first CHECK (received_at >= first_received_at)
);
CREATE INDEX external_record_patient_idx ON care.external_record (patient_id);
CREATE TRIGGER external_record_is_stamped BEFORE INSERT OR UPDATE ON care.external_record
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER external_record_is_touched BEFORE UPDATE ON care.external_record
    FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER external_record_stays_under_hold BEFORE DELETE ON care.external_record
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.external_record                    IS 'Which row is which record of another system.';
COMMENT ON COLUMN care.external_record.external_record_id IS 'Key.';
COMMENT ON COLUMN care.external_record.patient_id         IS 'Whose the row is; null where it is of no person.';
COMMENT ON COLUMN care.external_record.source_system_id   IS 'Which system.';
COMMENT ON COLUMN care.external_record.row_id             IS 'Key of the row in its table.';
COMMENT ON COLUMN care.external_record.created_at         IS 'When the row was made.';
COMMENT ON COLUMN care.external_record.updated_at         IS 'When it was last changed.';
COMMENT ON COLUMN care.external_record.first_received_at  IS 'When it came first.';
COMMENT ON COLUMN care.external_record.received_at        IS 'When it came last, changed or not.';
COMMENT ON COLUMN care.external_record.version            IS 'Raised by each coming.';
COMMENT ON COLUMN care.external_record.relation           IS 'The row''s table, without its schema.';
COMMENT ON COLUMN care.external_record.external_id        IS 'How the system names it: Observation/af4c.';
COMMENT ON COLUMN care.external_record.digest             IS 'SHA-256 of what came last.';
COMMENT ON COLUMN care.external_record.updated_by         IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT external_record_pkey ON care.external_record IS 'This external record is known already.';
COMMENT ON CONSTRAINT external_record_is_known_once ON care.external_record IS 'This record of the system is known already.';
COMMENT ON CONSTRAINT external_record_row_is_known_once_a_source ON care.external_record IS 'The system has another name for this row already.';
COMMENT ON CONSTRAINT external_record_patient_fkey ON care.external_record IS 'Register the patient first.';
COMMENT ON CONSTRAINT external_record_source_system_fkey ON care.external_record IS 'Add the system first.';
COMMENT ON CONSTRAINT external_record_relation_is_a_name ON care.external_record IS 'Name a table as it is named, in small letters.';
COMMENT ON CONSTRAINT external_record_external_id_is_short ON care.external_record IS 'A system names its record in 1 to 500 characters.';
COMMENT ON CONSTRAINT external_record_digest_is_sha256 ON care.external_record IS 'Give the SHA-256 of what came.';
COMMENT ON CONSTRAINT external_record_is_received_first ON care.external_record IS 'A record comes first before it comes again.';
CALL access.guard('care.external_record', 'internal');

CREATE FUNCTION care.check_external_record() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    keyed constant oid := to_regclass(format('care.%I', NEW.relation));
    owned boolean;
    whose uuid;
    found integer := 0;
BEGIN
    IF EXISTS (SELECT FROM care.source_system s WHERE s.source_system_id = NEW.source_system_id AND s.retired_at <= now()) THEN
        PERFORM care.refuse('source_system_is_active', 'Nothing is taken in from this system any more.');
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.source_system_id, NEW.external_id, NEW.relation, NEW.row_id, NEW.patient_id)
           IS DISTINCT FROM (OLD.source_system_id, OLD.external_id, OLD.relation, OLD.row_id, OLD.patient_id) THEN
            PERFORM care.refuse('external_record_stays_with_its_row',
                'A record of another system stays the row that it is: register another beside it.');
        END IF;
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND k.conkey = ARRAY[a.attnum]
               WHERE k.conrelid = keyed AND k.contype = 'p' AND a.attname = NEW.relation || '_id') THEN
        owned := EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = keyed AND a.attname = 'patient_id' AND NOT a.attisdropped);
        EXECUTE format('SELECT %s FROM care.%I AS known WHERE known.%I = $1 FOR KEY SHARE',
                       CASE WHEN owned THEN 'known.patient_id' ELSE 'NULL::uuid' END, NEW.relation, NEW.relation || '_id')
            INTO whose USING NEW.row_id;
        GET DIAGNOSTICS found = ROW_COUNT;
    END IF;
    IF found = 0 THEN
        PERFORM care.refuse('external_record_has_its_row', 'Write the row first, and name its table and key.');
    ELSIF whose IS DISTINCT FROM NEW.patient_id THEN
        PERFORM care.refuse('external_record_is_of_its_patient', 'Name the patient whose row it is, and none for a row of nobody.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_external_record() IS 'Trigger before a record of another system is registered: its row is there and of that patient, and its system is active; later it stays that row.';
CREATE TRIGGER external_record_has_its_row BEFORE INSERT OR UPDATE ON care.external_record
    FOR EACH ROW EXECUTE FUNCTION care.check_external_record();
COMMENT ON TRIGGER external_record_has_its_row ON care.external_record IS 'Write the row first, and name its table and key.';

CREATE FUNCTION care.find_external_record(source text, external_id text, digest bytea,
                                          OUT outcome text, OUT relation text, OUT row_id uuid)
    LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN known.digest IS NULL THEN 'new' WHEN known.digest = $3 THEN 'same' ELSE 'changed' END,
           known.relation, known.row_id
    FROM (SELECT) AS one LEFT JOIN (care.external_record AS known JOIN care.source_system AS system USING (source_system_id))
        ON system.name = $1 AND known.external_id = $2
$$;
COMMENT ON FUNCTION care.find_external_record(text, text, bytea) IS 'Whether a record of another system is new, the same or changed, and which row it is.';

CREATE FUNCTION care.register_external_record(source text, external_id text, relation text, row_id uuid, patient uuid, digest bytea)
    RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    system uuid;
    known  care.external_record;
BEGIN
    IF access.actor() IS NOT NULL AND access.part() IS DISTINCT FROM 'operator' THEN
        PERFORM care.refuse('intake_is_an_operators', 'Ask an operator to take this in.');
    END IF;
    SELECT s.source_system_id INTO system FROM care.source_system s WHERE s.name = $1;
    IF system IS NULL THEN
        PERFORM care.refuse('source_system_is_known', 'Add the system first.');
    END IF;
    SELECT * INTO known FROM care.external_record e WHERE e.source_system_id = system AND e.external_id = $2 FOR UPDATE;
    IF known.external_record_id IS NULL THEN
        BEGIN
            INSERT INTO care.external_record (patient_id, source_system_id, row_id, relation, external_id, digest)
            VALUES ($5, system, $4, $3, $2, $6);
            RETURN 'new';
        EXCEPTION WHEN unique_violation THEN
            -- Somebody was faster, or the row has another name already.
            SELECT * INTO known FROM care.external_record e WHERE e.source_system_id = system AND e.external_id = $2 FOR UPDATE;
            IF known.external_record_id IS NULL THEN
                RAISE;
            END IF;
        END;
    END IF;
    IF (known.relation, known.row_id, known.patient_id) IS DISTINCT FROM ($3, $4, $5) THEN
        PERFORM care.refuse('external_record_is_one_row', 'This record is another row already: change that one.');
    END IF;
    UPDATE care.external_record e SET digest = $6, received_at = now() WHERE e.external_record_id = known.external_record_id;
    RETURN CASE WHEN known.digest = $6 THEN 'same' ELSE 'changed' END;
END $$;
COMMENT ON FUNCTION care.register_external_record(text, text, text, uuid, uuid, bytea) IS 'Registers a row as a record of another system, as often as it comes: new, same, or changed since it came last.';

CREATE FUNCTION care.forget_external_records() RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    listed record;
    gone   bigint;
    total  bigint := 0;
BEGIN
    FOR listed IN SELECT DISTINCT e.relation FROM care.external_record e LOOP
        EXECUTE format('DELETE FROM care.external_record e WHERE e.relation = $1
                        AND NOT EXISTS (SELECT FROM care.%I k WHERE k.%I = e.row_id)', listed.relation, listed.relation || '_id')
            USING listed.relation;
        GET DIAGNOSTICS gone = ROW_COUNT;
        total := total + gone;
    END LOOP;
    RETURN total;
END $$;
COMMENT ON FUNCTION care.forget_external_records() IS 'Removes registrations of rows that are gone; how many.';
GRANT EXECUTE ON FUNCTION care.find_external_record(text, text, bytea), care.forget_external_records() TO healthtrack_migrator;
GRANT EXECUTE ON FUNCTION care.register_external_record(text, text, text, uuid, uuid, bytea)
    TO healthtrack_care, healthtrack_migrator;
