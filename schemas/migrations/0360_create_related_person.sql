-- Who stands near a patient, and from which birthday on a person decides alone.
--
-- Relatives, emergency contacts, guardians and attorneys are rows of the patient's record with a period; that somebody is
-- named here opens nothing: rights come from a proxy (migration 361). The age of majority, and the age from which care of a
-- confidential kind is not open to guardians, are rows by jurisdiction: ISO 3166-2, a country's row where a state has none
-- of its own. Three states of the US differ from 18. From 12 years on confidential care is closed to guardians by default,
-- the lowest age at which a state lets minors consent to some of it: to close too early is the lesser harm.
--
-- New tables; the foreign key locks care.patient for an instant. Undo: drop tables and functions.
CREATE TABLE care.age_of_majority (
    majority_years     smallint NOT NULL DEFAULT 18,
    confidential_years smallint NOT NULL DEFAULT 12,
    jurisdiction       text     NOT NULL,

    CONSTRAINT age_of_majority_pkey PRIMARY KEY (jurisdiction),
    CONSTRAINT age_of_majority_jurisdiction_is_iso_3166 CHECK (jurisdiction ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
    CONSTRAINT age_of_majority_is_believable CHECK (majority_years BETWEEN 14 AND 25),
    CONSTRAINT age_of_majority_comes_after_confidence CHECK (confidential_years BETWEEN 0 AND majority_years)
);
COMMENT ON TABLE  care.age_of_majority                    IS 'From which birthday on a person decides alone, by jurisdiction; 18 where there is no row.';
COMMENT ON COLUMN care.age_of_majority.majority_years     IS 'From which birthday on nobody is a guardian of a minor.';
COMMENT ON COLUMN care.age_of_majority.confidential_years IS 'From which birthday on care of a confidential kind is closed to guardians of minors.';
COMMENT ON COLUMN care.age_of_majority.jurisdiction       IS 'Country or state by ISO 3166: US, US-AL.';
COMMENT ON CONSTRAINT age_of_majority_pkey ON care.age_of_majority IS 'This jurisdiction has its ages already.';
COMMENT ON CONSTRAINT age_of_majority_jurisdiction_is_iso_3166 ON care.age_of_majority IS 'Give the jurisdiction as US or US-AL.';
COMMENT ON CONSTRAINT age_of_majority_is_believable ON care.age_of_majority IS 'An age of majority lies between 14 and 25 years.';
COMMENT ON CONSTRAINT age_of_majority_comes_after_confidence ON care.age_of_majority IS 'Confidential care closes to guardians by the age of majority.';
CALL access.guard('care.age_of_majority', 'directory');
INSERT INTO care.age_of_majority (jurisdiction, majority_years) VALUES
    ('US', 18), ('US-AL', 19), ('US-MS', 21), ('US-NE', 19);

-- At midnight at home: a right that ends on a birthday does not end a day late in the west. Where the law counts the
-- birthday of the 29th of February from the 1st of March, it ends a day early.
CREATE FUNCTION care.birthday_of(born_on date, zone text, years integer) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (born_on + years * INTERVAL '1 year') AT TIME ZONE zone
$$;
COMMENT ON FUNCTION care.birthday_of(date, text, integer) IS 'When somebody has reached an age: midnight of the birthday at home; null where the birth date is not known.';
CREATE FUNCTION care.ages_in(jurisdiction text) RETURNS care.age_of_majority
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(
        (SELECT m FROM care.age_of_majority m WHERE m.jurisdiction = ages_in.jurisdiction),
        (SELECT m FROM care.age_of_majority m WHERE m.jurisdiction = left(ages_in.jurisdiction, 2)),
        ROW(18, 12, ages_in.jurisdiction)::care.age_of_majority)
$$;
COMMENT ON FUNCTION care.ages_in(text) IS 'The ages of a jurisdiction: its own, else its country''s, else 18 and 12 years.';
GRANT EXECUTE ON FUNCTION care.birthday_of(date, text, integer), care.ages_in(text) TO healthtrack_care, healthtrack_migrator;

CREATE TABLE care.related_person (
    related_person_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id        uuid        NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    version           integer     NOT NULL DEFAULT 1,
    rank              smallint,
    valid_during      daterange   NOT NULL DEFAULT daterange(NULL, NULL),
    relationship      text        NOT NULL,
    roles             text[]      NOT NULL DEFAULT '{}',
    family            text,
    given             text[],
    phone             text,
    email             text,
    updated_by        text        NOT NULL DEFAULT session_user,

    CONSTRAINT related_person_pkey PRIMARY KEY (related_person_id),
    CONSTRAINT related_person_id_with_patient_is_unique UNIQUE (patient_id, related_person_id),
    CONSTRAINT related_person_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT related_person_relationship_is_known CHECK (
        relationship IN ('mother', 'father', 'parent', 'guardian', 'spouse', 'partner', 'child', 'sibling', 'grandparent',
                         'relative', 'friend', 'neighbour', 'caregiver', 'attorney', 'other')
    ),
    CONSTRAINT related_person_roles_are_known CHECK (
        array_position(roles, NULL) IS NULL AND
        roles <@ ARRAY['emergency_contact', 'next_of_kin', 'guardian', 'power_of_attorney', 'caregiver']
    ),
    CONSTRAINT related_person_has_a_name CHECK (
        coalesce(family, '') || coalesce(array_to_string(given, ' '), '') ~ '\S'
        AND length(coalesce(family, '')) <= 200 AND length(coalesce(array_to_string(given, ' '), '')) <= 400
    ),
    CONSTRAINT related_person_phone_is_e164 CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    CONSTRAINT related_person_email_is_an_address CHECK (email ~ '^[^@\s]{1,64}@[^@\s]{1,190}$'),
    CONSTRAINT related_person_in_an_emergency_is_reached CHECK (
        NOT roles @> '{emergency_contact}' OR (rank IS NOT NULL AND num_nonnulls(phone, email) > 0)
    ),
    CONSTRAINT related_person_rank_is_positive CHECK (rank BETWEEN 1 AND 100),
    CONSTRAINT related_person_period_is_some CHECK (NOT isempty(valid_during)),
    CONSTRAINT related_person_rank_is_taken_once
        EXCLUDE USING gist (patient_id WITH =, rank WITH =, valid_during WITH &&)
);
CREATE TRIGGER related_person_is_stamped BEFORE INSERT OR UPDATE ON care.related_person
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER related_person_is_touched BEFORE UPDATE ON care.related_person FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER related_person_keeps_former_versions AFTER UPDATE ON care.related_person
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
CREATE TRIGGER related_person_stays_under_hold BEFORE DELETE ON care.related_person
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.related_person                   IS 'Somebody who stands near a patient: a relative, emergency contact, guardian or attorney; being named here opens nothing.';
COMMENT ON COLUMN care.related_person.related_person_id IS 'Key.';
COMMENT ON COLUMN care.related_person.patient_id        IS 'Near whom.';
COMMENT ON COLUMN care.related_person.created_at        IS 'When the row was made.';
COMMENT ON COLUMN care.related_person.updated_at        IS 'When it was last changed.';
COMMENT ON COLUMN care.related_person.version           IS 'Raised by each change.';
COMMENT ON COLUMN care.related_person.rank              IS 'Whom to call first in an emergency, from 1; null where that is not said.';
COMMENT ON COLUMN care.related_person.valid_during      IS 'When; unbounded where that is not known.';
COMMENT ON COLUMN care.related_person.relationship      IS 'What the person is to the patient: mother, spouse, friend, attorney …';
COMMENT ON COLUMN care.related_person.roles             IS 'What the person is there for: emergency_contact, next_of_kin, guardian, power_of_attorney, caregiver.';
COMMENT ON COLUMN care.related_person.family            IS 'Family name; null where there is none.';
COMMENT ON COLUMN care.related_person.given             IS 'Given names, in their order; null where there are none.';
COMMENT ON COLUMN care.related_person.phone             IS 'Number by E.164; null where it is not known.';
COMMENT ON COLUMN care.related_person.email             IS 'Mail address; null where it is not known.';
COMMENT ON COLUMN care.related_person.updated_by        IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT related_person_pkey ON care.related_person IS 'This person is known already.';
COMMENT ON CONSTRAINT related_person_id_with_patient_is_unique ON care.related_person IS 'This person is known already.';
COMMENT ON CONSTRAINT related_person_patient_fkey ON care.related_person IS 'Register the patient first.';
COMMENT ON CONSTRAINT related_person_relationship_is_known ON care.related_person IS 'Choose one of the known relationships.';
COMMENT ON CONSTRAINT related_person_roles_are_known ON care.related_person IS 'Choose emergency_contact, next_of_kin, guardian, power_of_attorney or caregiver.';
COMMENT ON CONSTRAINT related_person_has_a_name ON care.related_person IS 'Give the person''s name, of 200 letters at most.';
COMMENT ON CONSTRAINT related_person_phone_is_e164 ON care.related_person IS 'Give a number as +12175550100.';
COMMENT ON CONSTRAINT related_person_email_is_an_address ON care.related_person IS 'Give a mail address with one @.';
COMMENT ON CONSTRAINT related_person_in_an_emergency_is_reached ON care.related_person IS 'Give an emergency contact a rank, and a number or mail address.';
COMMENT ON CONSTRAINT related_person_rank_is_positive ON care.related_person IS 'Ranks begin at 1.';
COMMENT ON CONSTRAINT related_person_period_is_some ON care.related_person IS 'A period ends after it began.';
COMMENT ON CONSTRAINT related_person_rank_is_taken_once ON care.related_person IS 'Somebody else of this patient has this rank.';
CALL access.guard('care.related_person', 'demographics');

INSERT INTO access.look_kind (kind, scope, in_care, at_desk, sensitive) VALUES ('related_persons', 'chart', true, true, false);
CALL access.publish('add_related_person',
    'patient uuid, relationship text, roles text[], family text, given text[], phone text, email text, rank integer', 'uuid',
    $body$
    INSERT INTO care.related_person AS r (patient_id, relationship, roles, family, given, phone, email, rank, valid_during)
    VALUES (patient, add_related_person.relationship, add_related_person.roles, add_related_person.family,
            add_related_person.given, add_related_person.phone, add_related_person.email, add_related_person.rank,
            daterange(current_date, NULL))
    RETURNING r.related_person_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.related_person/' || answer);$body$,
    'Names somebody who stands near a patient, from today on; gives the key.');
CALL access.publish('change_related_person',
    'related_person uuid, known_version integer, relationship text, roles text[], family text, given text[], phone text, email text, rank integer, has_ended boolean',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.related_person AS r SET relationship = change_related_person.relationship,
            roles = change_related_person.roles, family = change_related_person.family,
            given = change_related_person.given, phone = change_related_person.phone,
            email = change_related_person.email, rank = change_related_person.rank,
            valid_during = CASE WHEN has_ended AND r.valid_during @> current_date
                                THEN daterange(lower(r.valid_during), current_date, '[]') ELSE r.valid_during END
        WHERE r.related_person_id = related_person AND r.version = known_version
        RETURNING r.version, r.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.related_person/' || related_person);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, r.version FROM care.related_person r WHERE r.related_person_id = related_person;
        END IF;
    END;$body$,
    'Changes who stands near a patient, and ends it with today where it has ended, if it still has the version that the editor read: the version that stands, and whether it is the editor''s; no row where there is no such person for whoever acts.');
CALL access.publish('read_related_persons', '',
    'TABLE (related_person uuid, version integer, relationship text, roles text[], family text, given text[], phone text, email text, rank integer, from_on date, until_on date)',
    $body$RETURN QUERY SELECT r.related_person_id, r.version, r.relationship, r.roles, r.family, r.given, r.phone, r.email, r.rank::integer, lower(r.valid_during), upper(r.valid_during)
    FROM care.related_person r WHERE r.patient_id = patient ORDER BY r.rank, r.created_at DESC, r.related_person_id LIMIT 200;$body$,
    'Who stands near a patient, whom to call first in an emergency at the top, 200 at most.', look => $$'related_persons'$$);
