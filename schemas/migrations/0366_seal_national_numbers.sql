-- National numbers are sealed, found by a keyed digest, and unique for who gave them.
--
-- Numbers of social security, passports and driving licences stood as plain text in care.identifier, where each provider in
-- care read them, and each copy of the table. They are kept as ciphertext now (pgcrypto: AES-256 under a key of the row's own,
-- which is wrapped by the key of access.number_key) in a table that no program reads; care.identifier keeps their last
-- characters. Exact search and uniqueness ask for an HMAC-SHA256 of system, issuer and number, under another key. Both keys
-- stand in access.number_key, which belongs to no role that the numbers' table is open to: a hole in a policy, a copy of
-- schema care or a stolen login of a program shows no number. Who has the whole database, as its owner or its backups, has
-- the keys too: against that, encrypt the backups. Record numbers of facilities and numbers of members stay readable, since
-- people say them at a desk.
--
-- A number is unique for its issuer: two states give one number of a driving licence to two people. Where nobody said who gave
-- it, the issuer is `unknown`, within which numbers are unique as they were before.
--
-- What stands is moved: each national number is sealed, its row keeps what is masked, and former versions lose the number
-- (care.history). Plain text stays in files of the database until they are rewritten, and in backups made before: run
-- VACUUM FULL care.identifier, care.history, and let backups age out. The masked text is no generated column any more, since
-- what it was generated from is gone.
--
-- Rewrites care.identifier, locked meanwhile: some seconds for a million numbers. Makes the extension pgcrypto, which an owner
-- of the database may. Undo: unseal into `value`, which needs the keys, and drop table, functions and columns.
CREATE SCHEMA IF NOT EXISTS sealing;
COMMENT ON SCHEMA sealing IS 'Functions of encryption, for the owner alone.';
CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA sealing;

CREATE TABLE access.number_key (
    made_at       timestamptz NOT NULL DEFAULT now(),
    only_one      boolean     NOT NULL DEFAULT true,
    digest_secret bytea       NOT NULL DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),
    seal_secret   bytea       NOT NULL DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),

    CONSTRAINT number_key_pkey PRIMARY KEY (only_one),
    CONSTRAINT number_key_only_one_is_true CHECK (only_one),
    CONSTRAINT number_key_is_whole CHECK (octet_length(digest_secret) = 32 AND octet_length(seal_secret) = 32)
);
COMMENT ON TABLE  access.number_key               IS 'The keys of national numbers: without them no number is found or read.';
COMMENT ON COLUMN access.number_key.made_at       IS 'When they were made.';
COMMENT ON COLUMN access.number_key.only_one      IS 'Always true: a database has one pair.';
COMMENT ON COLUMN access.number_key.digest_secret IS '32 random bytes: the key of the digests.';
COMMENT ON COLUMN access.number_key.seal_secret   IS '32 random bytes: wraps the key of each sealed number.';
COMMENT ON CONSTRAINT number_key_pkey ON access.number_key IS 'There are keys already.';
COMMENT ON CONSTRAINT number_key_only_one_is_true ON access.number_key IS 'A database has one pair of keys.';
COMMENT ON CONSTRAINT number_key_is_whole ON access.number_key IS 'A key has 32 bytes.';
CALL access.guard('access.number_key', 'internal');
INSERT INTO access.number_key DEFAULT VALUES;

ALTER TABLE care.identifier
    ADD COLUMN issuer text,
    ALTER COLUMN value DROP NOT NULL,
    ALTER COLUMN masked DROP EXPRESSION,
    ADD CONSTRAINT identifier_id_with_patient_is_unique UNIQUE (patient_id, identifier_id),
    ADD CONSTRAINT identifier_issuer_is_a_name CHECK (issuer ~ '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$'),
    DROP CONSTRAINT identifier_of_a_system_is_unique;
COMMENT ON COLUMN care.identifier.issuer IS 'Who gave it: US-SSA, a country or state by ISO 3166, an insurer; facility for a record number, unknown where nobody said.';
COMMENT ON COLUMN care.identifier.value  IS 'The number; null for national ones, which are sealed.';
COMMENT ON COLUMN care.identifier.system IS 'Its kind: mrn (record number of a facility), ssn, passport, driver_license, or member_number.';
COMMENT ON CONSTRAINT identifier_id_with_patient_is_unique ON care.identifier IS 'This identifier is known already.';
COMMENT ON CONSTRAINT identifier_issuer_is_a_name ON care.identifier IS 'Name who gave the number, by letters and digits: US-SSA, US-IL.';

CREATE TABLE care.identifier_seal (
    identifier_id uuid  NOT NULL,
    patient_id    uuid  NOT NULL,
    digest        bytea NOT NULL,
    sealed        bytea,

    CONSTRAINT identifier_seal_pkey PRIMARY KEY (identifier_id),
    CONSTRAINT identifier_seal_identifier_fkey FOREIGN KEY (patient_id, identifier_id)
        REFERENCES care.identifier (patient_id, identifier_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT identifier_seal_digest_is_whole CHECK (octet_length(digest) = 32),
    CONSTRAINT identifier_of_a_system_is_unique EXCLUDE USING btree (digest WITH =)
);
CREATE INDEX identifier_seal_patient_idx ON care.identifier_seal (patient_id);
CREATE TRIGGER identifier_seal_stays_under_hold BEFORE DELETE ON care.identifier_seal
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.identifier_seal               IS 'Numbers of people that are no facility''s: their digests, and national ones as ciphertext.';
COMMENT ON COLUMN care.identifier_seal.identifier_id IS 'Of which identifier.';
COMMENT ON COLUMN care.identifier_seal.patient_id    IS 'Whose.';
COMMENT ON COLUMN care.identifier_seal.digest        IS 'HMAC-SHA256 of system, issuer and number.';
COMMENT ON COLUMN care.identifier_seal.sealed        IS 'The number, encrypted; null where care.identifier has it.';
COMMENT ON CONSTRAINT identifier_seal_pkey ON care.identifier_seal IS 'This identifier is sealed already.';
COMMENT ON CONSTRAINT identifier_seal_identifier_fkey ON care.identifier_seal IS 'Add the identifier first.';
COMMENT ON CONSTRAINT identifier_seal_digest_is_whole ON care.identifier_seal IS 'A digest has 32 bytes.';
COMMENT ON CONSTRAINT identifier_of_a_system_is_unique ON care.identifier_seal IS 'This number cannot be used: check it.';
CALL access.guard('care.identifier_seal', 'internal');

CREATE FUNCTION care.is_national(system text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN system IN ('ssn', 'passport', 'driver_license');
COMMENT ON FUNCTION care.is_national(text) IS 'True for a kind of number that a state gives.';
GRANT EXECUTE ON FUNCTION care.is_national(text) TO healthtrack_care, healthtrack_migrator;

-- pgcrypto may have been there before, in a schema of somebody's choice.
DO $$
DECLARE
    place constant text := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
                            WHERE e.extname = 'pgcrypto');
BEGIN
    EXECUTE format($made$
        CREATE FUNCTION care.digest_of(system text, issuer text, value text) RETURNS bytea
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
            SELECT %1$I.hmac(convert_to(concat_ws('|', system, issuer, value), 'UTF8'), k.digest_secret, 'sha256')
            FROM access.number_key k
        $f$;
        CREATE FUNCTION care.seal_number(value text) RETURNS bytea
            LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
            SELECT %1$I.pgp_sym_encrypt(value, encode(k.seal_secret, 'hex'),
                                        'cipher-algo=aes256, sess-key=1, compress-algo=0, s2k-mode=1')
            FROM access.number_key k
        $f$;
        CREATE FUNCTION care.open_number(sealed bytea) RETURNS text
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
            SELECT %1$I.pgp_sym_decrypt(sealed, encode(k.seal_secret, 'hex')) FROM access.number_key k
        $f$;
        $made$, place);
END $$;
COMMENT ON FUNCTION care.digest_of(text, text, text) IS 'The digest by which a number is found; for the owner''s functions.';
COMMENT ON FUNCTION care.seal_number(text) IS 'A number as ciphertext; for the owner''s functions.';
COMMENT ON FUNCTION care.open_number(bytea) IS 'The number that was sealed; for the owner''s functions.';

CREATE FUNCTION care.seal_identifier() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said  constant text := coalesce(NEW.value, (SELECT care.open_number(s.sealed) FROM care.identifier_seal s
                                                WHERE s.identifier_id = NEW.identifier_id));
    shown constant integer := least(4, length(said) / 2);
BEGIN
    NEW.issuer := coalesce(NEW.issuer, CASE NEW.system WHEN 'ssn' THEN 'US-SSA' WHEN 'mrn' THEN 'facility' ELSE 'unknown' END);
    IF said IS NULL OR care.is_national(NEW.system) AND NOT care.identifier_fits(NEW.system, said) THEN
        PERFORM care.refuse('identifier_value_fits_its_system', 'This is not how such a number is written.');
    END IF;
    NEW.masked := repeat('*', length(said) - shown) || right(said, shown);
    IF NEW.facility_id IS NOT NULL THEN
        NEW.value := said;
        DELETE FROM care.identifier_seal s WHERE s.identifier_id = NEW.identifier_id;
        RETURN NEW;
    END IF;
    NEW.value := CASE WHEN NOT care.is_national(NEW.system) THEN said END;
    UPDATE care.identifier_seal s SET digest = care.digest_of(NEW.system, NEW.issuer, said),
        sealed = CASE WHEN care.is_national(NEW.system) THEN care.seal_number(said) END
    WHERE s.identifier_id = NEW.identifier_id;
    IF NOT FOUND THEN
        INSERT INTO care.identifier_seal (identifier_id, patient_id, digest, sealed)
        VALUES (NEW.identifier_id, NEW.patient_id, care.digest_of(NEW.system, NEW.issuer, said),
                CASE WHEN care.is_national(NEW.system) THEN care.seal_number(said) END);
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.seal_identifier() IS 'Trigger before a number is written: masks it, keeps its digest, and seals it where it is national.';
-- By its name before the others: what they see has no number.
CREATE TRIGGER identifier_closes BEFORE INSERT OR UPDATE OF value, system, issuer, facility_id ON care.identifier
    FOR EACH ROW EXECUTE FUNCTION care.seal_identifier();

ALTER TABLE care.identifier DISABLE TRIGGER identifier_is_touched;
ALTER TABLE care.identifier DISABLE TRIGGER identifier_keeps_former_versions;
UPDATE care.identifier SET value = value;
ALTER TABLE care.identifier ENABLE TRIGGER identifier_is_touched;
ALTER TABLE care.identifier ENABLE TRIGGER identifier_keeps_former_versions;
ALTER TABLE care.identifier ADD CONSTRAINT identifier_value_is_sealed_where_national
    CHECK (care.is_national(system) = (value IS NULL)), ALTER COLUMN issuer SET NOT NULL, ALTER COLUMN masked SET NOT NULL;
COMMENT ON CONSTRAINT identifier_value_is_sealed_where_national ON care.identifier IS 'A national number is kept sealed, and no other is.';
ALTER TABLE care.history DISABLE TRIGGER history_is_never_altered;
UPDATE care.history SET image = image - 'value'
WHERE relation = 'identifier' AND care.is_national(image ->> 'system') AND image ? 'value';
ALTER TABLE care.history ENABLE TRIGGER history_is_never_altered;

INSERT INTO access.look_kind (kind, scope, sensitive) VALUES ('identifiers', 'chart', false), ('numbers', 'none', false);
CALL access.publish('add_identifier', 'patient uuid, system text, issuer text, value text, facility uuid', 'uuid', $body$
    -- A number is looked up before the policies are asked: who may not write here learns of none.
    IF (patient = ANY (access.patients_in_care())) IS NOT TRUE THEN
        PERFORM access.refuse('row_is_within_rights', 'This is taken already, or not yours to see or change: ask the front desk.');
    END IF;
    INSERT INTO care.identifier AS i (patient_id, facility_id, system, issuer, value, valid_during)
    VALUES (patient, facility, add_identifier.system, add_identifier.issuer, add_identifier.value, daterange(current_date, NULL))
    RETURNING i.identifier_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.identifier/' || answer);$body$,
    'Adds a number by which somebody else knows a patient, with who gave it; gives its key.');
CALL access.publish('end_identifier', 'identifier uuid', 'void', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.identifier AS i SET valid_during = daterange(lower(i.valid_during), current_date, '[]')
        WHERE i.identifier_id = identifier AND i.valid_during @> current_date
        RETURNING i.patient_id INTO whose;
        IF whose IS NULL THEN
            PERFORM access.refuse('identifier_is_valid', 'There is no such number that is valid.');
        END IF;
        PERFORM access.note(me, 'update', whose, 'care.identifier/' || identifier);
    END;$body$,
    'Ends a number of a patient with today.');
CALL access.publish('read_identifiers', '',
    'TABLE (identifier uuid, system text, issuer text, facility uuid, masked text, from_on date, until_on date)',
    $body$RETURN QUERY SELECT i.identifier_id, i.system, i.issuer, i.facility_id, i.masked, lower(i.valid_during), upper(i.valid_during)
    FROM care.identifier i WHERE i.patient_id = patient ORDER BY i.system, i.issuer, i.identifier_id LIMIT 200;$body$,
    'Numbers of a patient with all but their last characters hidden, and who gave them, 200 at most.', look => $$'identifiers'$$);
CREATE FUNCTION access.numbers_of(patient uuid) RETURNS TABLE (identifier uuid, system text, issuer text, number text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.identifier_id, i.system, i.issuer, coalesce(i.value, care.open_number(s.sealed))
    FROM care.identifier i LEFT JOIN care.identifier_seal s USING (identifier_id)
    WHERE i.patient_id = numbers_of.patient ORDER BY i.system, i.issuer, i.identifier_id LIMIT 200
$$;
COMMENT ON FUNCTION access.numbers_of(uuid) IS 'Numbers of a patient in full; for a function that has looked.';
GRANT EXECUTE ON FUNCTION access.numbers_of(uuid) TO healthtrack_care;
CALL access.publish('read_numbers', '', 'TABLE (identifier uuid, system text, issuer text, number text)',
    $body$
    -- An emergency needs no number of a passport.
    IF NOT (coalesce(patient = ANY (access.own_patients()), false) OR access.sees_whole(patient)) THEN
        PERFORM access.refuse('numbers_are_for_regular_care', 'Numbers are shown to the patient, to regular care and to the desk.');
    END IF;
    RETURN QUERY SELECT * FROM access.numbers_of(patient);$body$,
    'Numbers of a patient in full, by a look of their own, 200 at most.', look => $$'numbers'$$);
