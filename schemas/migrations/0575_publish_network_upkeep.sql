-- What an administrator of the network keeps: places, providers with their qualifications, and what care opens.
--
-- A facility that closes and a provider who retires stay where they are, with their last day, and the desk is told what is
-- booked later; an administrator learns of it as of any count: to five, from 11 on. What is changed stands in its event,
-- and of categories that care opens what was taken and what was added. A qualification says who verified it and when; what
-- was entered before is verified by nobody.
-- Locks care.qualification for a moment. Undo: drop the functions and the two columns.
ALTER TABLE care.qualification
    ADD COLUMN verified_at timestamptz,
    ADD COLUMN verified_by uuid,
    ADD CONSTRAINT qualification_verifier_fkey FOREIGN KEY (verified_by) REFERENCES access.account (account_id),
    ADD CONSTRAINT qualification_is_verified_by_somebody CHECK ((verified_at IS NULL) = (verified_by IS NULL));
CREATE INDEX qualification_verifier_idx ON care.qualification (verified_by);
COMMENT ON COLUMN care.qualification.verified_at IS 'When somebody verified it with its issuer; null where nobody has.';
COMMENT ON COLUMN care.qualification.verified_by IS 'Administrator who verified it; null where nobody has.';
COMMENT ON CONSTRAINT qualification_verifier_fkey ON care.qualification IS 'An account verifies.';
COMMENT ON CONSTRAINT qualification_is_verified_by_somebody ON care.qualification IS
    'What is verified was verified by somebody at some time.';

CREATE FUNCTION access.word_of(words text) RETURNS text
    LANGUAGE sql IMMUTABLE RETURN left(btrim(regexp_replace(lower(words), '[^a-z_]+', '_', 'g'), '_'), 60);
COMMENT ON FUNCTION access.word_of(text) IS 'Some words as one, of letters and at most 60, as an event has them.';

CREATE FUNCTION access.kept_under(relation text, key text) RETURNS text
    LANGUAGE sql IMMUTABLE RETURN CASE
        WHEN key ~ '^[a-z_.]{1,50}$' THEN relation || '.' || key
        -- An event holds words and keys: what has digits is named by its digest.
        ELSE relation || '/' || md5(key)::uuid END;
COMMENT ON FUNCTION access.kept_under(text, text) IS
    'What an event calls a row of a catalogue: its table and its word, or the MD5 of its code, as a key.';

CREATE FUNCTION access.note_opens(me access.caller, specialty text, opens text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    former text[];
    word   text;
BEGIN
    SELECT s.opens INTO former FROM care.specialty s WHERE s.specialty = note_opens.specialty FOR UPDATE;
    FOREACH word IN ARRAY coalesce(former, '{}') LOOP
        IF (word = ANY (opens)) IS NOT TRUE THEN
            PERFORM access.note(me, 'revoke', NULL, access.kept_under('care.specialty', specialty), word);
        END IF;
    END LOOP;
    FOREACH word IN ARRAY coalesce(opens, '{}') LOOP
        IF (word = ANY (former)) IS NOT TRUE THEN
            PERFORM access.note(me, 'grant', NULL, access.kept_under('care.specialty', specialty), access.word_of(word));
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION access.note_opens(access.caller, text, text[]) IS
    'Notes each category that care of a specialty opens from now on, and each that it opens no more.';
REVOKE ALL ON FUNCTION access.word_of(text), access.kept_under(text, text), access.note_opens(access.caller, text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.word_of(text), access.kept_under(text, text), access.note_opens(access.caller, text, text[])
    TO healthtrack_care;

CALL access.publish('add_state', 'country text, code text, name text', 'void',
    $body$PERFORM access.check_administrator(me);
    INSERT INTO care.state (country, code, name) VALUES (add_state.country, add_state.code, add_state.name);
    PERFORM access.note(me, 'create', NULL, 'care.state');$body$,
    'Adds a state or province in which the network has facilities.');
CALL access.publish('add_facility', 'country text, state text, city text, category text, name text, street text, postal_code text,
    time_zone text, phone text, email text, website text, booking_url text, opened_on date', 'uuid',
    $body$PERFORM access.check_administrator(me);
    INSERT INTO care.city (state_id, name) SELECT s.state_id, city FROM care.state s
    WHERE s.country = add_facility.country AND s.code = state ON CONFLICT DO NOTHING;
    INSERT INTO care.facility AS f (city_id, category, name, street, postal_code, time_zone, phone, email, website, booking_url, opened_on)
    VALUES ((SELECT c.city_id FROM care.city c JOIN care.state s USING (state_id)
             WHERE s.country = add_facility.country AND s.code = state AND c.name = city),
            add_facility.category, add_facility.name, add_facility.street, add_facility.postal_code, add_facility.time_zone,
            add_facility.phone, add_facility.email, add_facility.website, add_facility.booking_url, add_facility.opened_on)
    RETURNING f.facility_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.facility/' || answer);$body$,
    'Adds a facility to a known state, and its city where it is new; the key.');
CALL access.publish('close_facility', 'facility uuid, known_version integer, closed_on date', 'integer',
    $body$PERFORM access.check_administrator(me);
    PERFORM FROM care.facility f WHERE f.facility_id = facility FOR UPDATE;
    UPDATE care.facility f SET closed_on = close_facility.closed_on WHERE f.facility_id = facility AND f.version = known_version;
    PERFORM access.check_change(FOUND);
    answer := care.safe_count(care.tell_of_visits(facility, NULL, closed_on))::integer;
    PERFORM access.note(me, 'update', NULL, 'care.facility/' || facility, 'closed');$body$,
    'Says on which day a facility is no more, or that it stays; of about how many later visits its desk is told, null below 11.');
CALL access.publish('keep_provider', 'provider uuid, known_version integer, family text, given text, npi text, phone text,
    email text, languages text[]', 'uuid',
    $body$PERFORM access.check_administrator(me);
    IF provider IS NULL THEN
        INSERT INTO care.provider AS p (family_name, given_name, npi, phone, email, languages)
        VALUES (family, given, keep_provider.npi, keep_provider.phone, keep_provider.email, keep_provider.languages)
        RETURNING p.provider_id INTO answer;
    ELSE
        UPDATE care.provider p SET family_name = family, given_name = given, npi = keep_provider.npi,
            phone = keep_provider.phone, email = keep_provider.email, languages = keep_provider.languages
        WHERE p.provider_id = provider AND p.version = known_version RETURNING p.provider_id INTO answer;
        PERFORM access.check_change(FOUND);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.provider/' || answer);$body$,
    'Adds a provider, or changes what is known of one; the key.');
CALL access.publish('retire_provider', 'provider uuid, known_version integer, retired_on date', 'integer',
    $body$PERFORM access.check_administrator(me);
    UPDATE care.provider p SET retired_on = retire_provider.retired_on WHERE p.provider_id = provider AND p.version = known_version;
    PERFORM access.check_change(FOUND);
    answer := care.safe_count(care.tell_of_visits(NULL, provider, retired_on))::integer;
    PERFORM access.note(me, 'update', NULL, 'care.provider/' || provider, 'retired');$body$,
    'Says from which day on a provider gives no care; of about how many later visits the desks are told, null below 11.');
CALL access.publish('add_qualification', 'provider uuid, kind text, title text, issuer text, awarded_year integer, country text,
    state text, license_number text, first_on date, stop_on date', 'uuid',
    $body$PERFORM access.check_administrator(me);
    INSERT INTO care.qualification AS q (provider_id, kind, title, issuer, awarded_year, country, state, license_number, licensed_during)
    VALUES (provider, add_qualification.kind, add_qualification.title, add_qualification.issuer, add_qualification.awarded_year,
            add_qualification.country, add_qualification.state, add_qualification.license_number,
            CASE WHEN first_on IS NOT NULL THEN daterange(first_on, stop_on) END)
    RETURNING q.qualification_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.qualification/' || answer);$body$,
    'Adds a degree, a certificate, a licence or an exemption of a provider; the key.');
CALL access.publish('verify_qualification', 'qualification uuid, known_version integer', 'void',
    $body$PERFORM access.check_administrator(me);
    UPDATE care.qualification q SET verified_at = now(), verified_by = me.account_id
    WHERE q.qualification_id = qualification AND q.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'review', NULL, 'care.qualification/' || qualification);$body$,
    'Says that a qualification was verified with its issuer.');
CALL access.publish('end_license', 'qualification uuid, known_version integer, stop_on date', 'void',
    $body$PERFORM access.check_administrator(me);
    UPDATE care.qualification q SET licensed_during = daterange(lower(q.licensed_during), end_license.stop_on),
        verified_at = NULL, verified_by = NULL
    WHERE q.qualification_id = qualification AND q.version = known_version AND q.licensed_during IS NOT NULL;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.qualification/' || qualification);$body$,
    'Says until which day a licence or an exemption holds; it is to be verified anew.');
CALL access.publish('set_specialty', 'provider uuid, specialty text, practised boolean, main boolean', 'void',
    $body$PERFORM access.check_administrator(me);
    IF practised THEN
        UPDATE care.provider_specialty p SET main = false
        WHERE set_specialty.main AND p.main AND p.provider_id = provider AND p.specialty <> set_specialty.specialty;
        INSERT INTO care.provider_specialty AS p (provider_id, specialty, main)
        VALUES (provider, set_specialty.specialty, set_specialty.main)
        ON CONFLICT ON CONSTRAINT provider_specialty_pkey DO UPDATE SET main = EXCLUDED.main;
    ELSE
        DELETE FROM care.provider_specialty p WHERE p.provider_id = provider AND p.specialty = set_specialty.specialty;
    END IF;
    PERFORM access.note(me, CASE WHEN practised THEN 'update' ELSE 'revoke' END, NULL, 'care.provider/' || provider,
                        access.word_of('specialty_' || CASE WHEN main AND practised THEN 'main_' ELSE '' END || set_specialty.specialty));$body$,
    'Says that a provider practises a field of care, mainly or beside others, or does not any more.');
CALL access.publish('keep_specialty', 'specialty text, nucc_code text, title text, opens text[]', 'void',
    $body$PERFORM access.check_administrator(me);
    PERFORM access.note_opens(me, keep_specialty.specialty, keep_specialty.opens);
    INSERT INTO care.specialty (specialty, nucc_code, title, opens)
    VALUES (keep_specialty.specialty, keep_specialty.nucc_code, keep_specialty.title, keep_specialty.opens)
    ON CONFLICT ON CONSTRAINT specialty_pkey DO UPDATE
    SET nucc_code = EXCLUDED.nucc_code, title = EXCLUDED.title, opens = EXCLUDED.opens;
    PERFORM access.note(me, 'update', NULL, access.kept_under('care.specialty', keep_specialty.specialty));$body$,
    'Adds a field of care, or says anew what care that begins in it opens.');

CREATE FUNCTION access.set_opens(me access.caller, relationship uuid, read_version integer, opens text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    cared_for uuid;
BEGIN
    PERFORM access.check_administrator(me);
    UPDATE access.care_relationship r SET opens = coalesce(opens, '{}')
    WHERE r.care_relationship_id = relationship AND r.version = read_version AND r.basis <> 'emergency'
    RETURNING r.patient_id INTO cared_for;
    PERFORM access.check_change(cared_for IS NOT NULL);
    PERFORM access.note(me, 'grant', cared_for, 'access.care_relationship/' || relationship, nullif(array_to_string(opens, '_'), ''));
END $$;
COMMENT ON FUNCTION access.set_opens(access.caller, uuid, integer, text[]) IS
    'Says which categories a care relationship opens, for administrators; audited where the patient sees it.';
REVOKE ALL ON FUNCTION access.set_opens(access.caller, uuid, integer, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.set_opens(access.caller, uuid, integer, text[]) TO healthtrack_care;
CALL access.publish('set_care_opens', 'care_relationship uuid, known_version integer, opens text[]', 'void',
    'PERFORM access.set_opens(me, care_relationship, known_version, set_care_opens.opens);',
    'Says which categories of a record a care relationship opens; its patient sees who said so.');
