-- Names, addresses, contacts and identifiers of patients: each changes on its own, and each has a history.
--
-- Of each kind of name and of address a patient has one at a time, and of telephone and of mail one that is preferred.
-- Identifiers are unique where they come from: a record number within its facility, the others everywhere; what a
-- clash says must not tell whose number it is. Social security numbers of areas, groups and serials that are never
-- given are refused. New tables; the foreign keys lock patient and facility for an instant. Undo: drop them.
CREATE FUNCTION care.identifier_fits(system text, value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE system
        WHEN 'mrn'            THEN value ~ '^[A-Z0-9][A-Z0-9-]{2,19}$'
        WHEN 'ssn'            THEN value ~ '^(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}$'
        WHEN 'passport'       THEN value ~ '^[A-Z0-9]{6,9}$'
        WHEN 'driver_license' THEN value ~ '^[A-Z0-9][A-Z0-9-]{3,19}$'
        WHEN 'member_number'  THEN value ~ '^[A-Z0-9][A-Z0-9-]{3,29}$'
        ELSE false
    END;
COMMENT ON FUNCTION care.identifier_fits(text, text) IS 'True where a number has the shape of its system: mrn, ssn, passport, driver_license or member_number.';
CREATE TABLE care.patient_name (
    patient_name_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id      uuid        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    version         integer     NOT NULL DEFAULT 1,
    valid_during    daterange   NOT NULL DEFAULT daterange(NULL, NULL),
    use             text        NOT NULL,
    family          text        NOT NULL,
    given           text[]      NOT NULL,
    prefix          text,
    suffix          text,
    updated_by      text        NOT NULL DEFAULT session_user,

    CONSTRAINT patient_name_pkey PRIMARY KEY (patient_name_id),
    CONSTRAINT patient_name_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT patient_name_use_is_known CHECK (use IN ('official', 'usual', 'maiden', 'nickname')),
    CONSTRAINT patient_name_is_some CHECK (
        family ~ '\S' AND cardinality(given) BETWEEN 1 AND 10 AND array_position(given, NULL) IS NULL AND
        array_to_string(given, ' ') ~ '\S'
    ),
    CONSTRAINT patient_name_is_short CHECK (length(family) <= 200 AND length(array_to_string(given, ' ')) <= 400),
    CONSTRAINT patient_name_period_is_some CHECK (NOT isempty(valid_during)),
    CONSTRAINT patient_name_is_one_at_a_time EXCLUDE USING gist (patient_id WITH =, use WITH =, valid_during WITH &&)
);
CREATE INDEX patient_name_family_idx ON care.patient_name (lower(family) text_pattern_ops, patient_id);
CREATE TRIGGER patient_name_is_stamped BEFORE INSERT OR UPDATE ON care.patient_name
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER patient_name_is_touched BEFORE UPDATE ON care.patient_name FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER patient_name_keeps_former_versions AFTER UPDATE ON care.patient_name
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.patient_name                 IS 'A name that a patient has or had.';
COMMENT ON COLUMN care.patient_name.patient_name_id IS 'Key.';
COMMENT ON COLUMN care.patient_name.patient_id      IS 'Whose.';
COMMENT ON COLUMN care.patient_name.created_at      IS 'When the row was made.';
COMMENT ON COLUMN care.patient_name.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.patient_name.version         IS 'Raised by each change.';
COMMENT ON COLUMN care.patient_name.valid_during    IS 'When it was used; unbounded where that is not known.';
COMMENT ON COLUMN care.patient_name.use             IS 'official, usual, maiden or nickname.';
COMMENT ON COLUMN care.patient_name.family          IS 'Family name.';
COMMENT ON COLUMN care.patient_name.given           IS 'Given names, in their order.';
COMMENT ON COLUMN care.patient_name.prefix          IS 'Title before the name; null where there is none.';
COMMENT ON COLUMN care.patient_name.suffix          IS 'What follows the name; null where there is none.';
COMMENT ON COLUMN care.patient_name.updated_by      IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT patient_name_pkey ON care.patient_name IS 'This patient name is known already.';
COMMENT ON CONSTRAINT patient_name_patient_fkey ON care.patient_name IS 'Register the patient first.';
COMMENT ON CONSTRAINT patient_name_use_is_known ON care.patient_name IS 'Choose official, usual, maiden or nickname.';
COMMENT ON CONSTRAINT patient_name_is_some ON care.patient_name IS 'Give a family name and at least one given name.';
COMMENT ON CONSTRAINT patient_name_is_short ON care.patient_name IS 'A name has 200 letters at most.';
COMMENT ON CONSTRAINT patient_name_period_is_some ON care.patient_name IS 'A period ends after it began.';
COMMENT ON CONSTRAINT patient_name_is_one_at_a_time ON care.patient_name IS 'The patient has another name of this kind at that time: end that first.';
CALL access.guard('care.patient_name', 'chart');

CREATE TABLE care.address (
    address_id   uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id   uuid        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    version      integer     NOT NULL DEFAULT 1,
    valid_during daterange   NOT NULL DEFAULT daterange(NULL, NULL),
    use          text        NOT NULL,
    lines        text[]      NOT NULL,
    city         text        NOT NULL,
    state        text,
    postal_code  text,
    country      text        NOT NULL DEFAULT 'US',
    updated_by   text        NOT NULL DEFAULT session_user,

    CONSTRAINT address_pkey PRIMARY KEY (address_id),
    CONSTRAINT address_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT address_use_is_known CHECK (use IN ('home', 'work', 'temporary', 'billing')),
    CONSTRAINT address_is_some CHECK (
        cardinality(lines) BETWEEN 1 AND 4 AND array_to_string(lines, '') ~ '\S' AND city ~ '\S'
    ),
    CONSTRAINT address_country_is_iso_3166 CHECK (country ~ '^[A-Z]{2}$'),
    CONSTRAINT address_postal_code_fits_its_country CHECK (
        country <> 'US' OR coalesce(postal_code ~ '^[0-9]{5}(-[0-9]{4})?$', false)
    ),
    CONSTRAINT address_period_is_some CHECK (NOT isempty(valid_during)),
    CONSTRAINT address_is_one_at_a_time EXCLUDE USING gist (patient_id WITH =, use WITH =, valid_during WITH &&)
);
CREATE TRIGGER address_is_stamped BEFORE INSERT OR UPDATE ON care.address
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER address_is_touched BEFORE UPDATE ON care.address FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER address_keeps_former_versions AFTER UPDATE ON care.address
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.address              IS 'Where a patient lives, works or gets bills.';
COMMENT ON COLUMN care.address.address_id   IS 'Key.';
COMMENT ON COLUMN care.address.patient_id   IS 'Whose.';
COMMENT ON COLUMN care.address.created_at   IS 'When the row was made.';
COMMENT ON COLUMN care.address.updated_at   IS 'When it was last changed.';
COMMENT ON COLUMN care.address.version      IS 'Raised by each change.';
COMMENT ON COLUMN care.address.valid_during IS 'When; unbounded where that is not known.';
COMMENT ON COLUMN care.address.use          IS 'home, work, temporary or billing.';
COMMENT ON COLUMN care.address.lines        IS 'Street and house, one or more lines.';
COMMENT ON COLUMN care.address.city         IS 'City, as text: patients come from everywhere.';
COMMENT ON COLUMN care.address.state        IS 'State or province; null where the country has none.';
COMMENT ON COLUMN care.address.postal_code  IS 'Postal code; null where there is none.';
COMMENT ON COLUMN care.address.country      IS 'Country by ISO 3166-1.';
COMMENT ON COLUMN care.address.updated_by   IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT address_pkey ON care.address IS 'This address is known already.';
COMMENT ON CONSTRAINT address_patient_fkey ON care.address IS 'Register the patient first.';
COMMENT ON CONSTRAINT address_use_is_known ON care.address IS 'Choose home, work, temporary or billing.';
COMMENT ON CONSTRAINT address_is_some ON care.address IS 'Give a street and a city.';
COMMENT ON CONSTRAINT address_country_is_iso_3166 ON care.address IS 'Give the country as two capital letters.';
COMMENT ON CONSTRAINT address_postal_code_fits_its_country ON care.address IS 'Give the ZIP code as five digits, or five and four.';
COMMENT ON CONSTRAINT address_period_is_some ON care.address IS 'A period ends after it began.';
COMMENT ON CONSTRAINT address_is_one_at_a_time ON care.address IS 'The patient has another address of this kind at that time: end that first.';
CALL access.guard('care.address', 'own_chart');

CREATE TABLE care.contact_point (
    contact_point_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id       uuid        NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    version          integer     NOT NULL DEFAULT 1,
    rank             smallint    NOT NULL,
    preferred        boolean     NOT NULL DEFAULT false,
    valid_during     daterange   NOT NULL DEFAULT daterange(NULL, NULL),
    system           text        NOT NULL,
    use              text        NOT NULL,
    value            text        NOT NULL,
    updated_by       text        NOT NULL DEFAULT session_user,

    CONSTRAINT contact_point_pkey PRIMARY KEY (contact_point_id),
    CONSTRAINT contact_point_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT contact_point_system_is_known CHECK (system IN ('phone', 'email')),
    CONSTRAINT contact_point_use_is_known CHECK (use IN ('home', 'work', 'mobile')),
    CONSTRAINT contact_point_value_fits_its_system CHECK (
        CASE system WHEN 'phone' THEN value ~ '^\+[1-9][0-9]{6,14}$' ELSE value ~
        '^[^@\s]{1,64}@[^@\s]{1,190}$' END
    ),
    CONSTRAINT contact_point_rank_is_positive CHECK (rank BETWEEN 1 AND 100),
    CONSTRAINT contact_point_period_is_some CHECK (NOT isempty(valid_during)),
    CONSTRAINT contact_point_is_listed_once
        EXCLUDE USING gist (patient_id WITH =, system WITH =, value WITH =, valid_during WITH &&),
    CONSTRAINT contact_point_rank_is_taken_once
        EXCLUDE USING gist (patient_id WITH =, system WITH =, rank WITH =, valid_during WITH &&),
    CONSTRAINT contact_point_preferred_is_one
        EXCLUDE USING gist (patient_id WITH =, system WITH =, valid_during WITH &&) WHERE (preferred)
);
CREATE TRIGGER contact_point_is_stamped BEFORE INSERT OR UPDATE ON care.contact_point
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER contact_point_is_touched BEFORE UPDATE ON care.contact_point FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER contact_point_keeps_former_versions AFTER UPDATE ON care.contact_point
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.contact_point                  IS 'A telephone number or mail address of a patient.';
COMMENT ON COLUMN care.contact_point.contact_point_id IS 'Key.';
COMMENT ON COLUMN care.contact_point.patient_id       IS 'Whose.';
COMMENT ON COLUMN care.contact_point.created_at       IS 'When the row was made.';
COMMENT ON COLUMN care.contact_point.updated_at       IS 'When it was last changed.';
COMMENT ON COLUMN care.contact_point.version          IS 'Raised by each change.';
COMMENT ON COLUMN care.contact_point.rank             IS 'Which to try first, from 1.';
COMMENT ON COLUMN care.contact_point.preferred        IS 'True for the one of its system that the patient wants to be reached by.';
COMMENT ON COLUMN care.contact_point.valid_during     IS 'When; unbounded where that is not known.';
COMMENT ON COLUMN care.contact_point.system           IS 'phone or email.';
COMMENT ON COLUMN care.contact_point.use              IS 'home, work or mobile.';
COMMENT ON COLUMN care.contact_point.value            IS 'Number by E.164, or mail address.';
COMMENT ON COLUMN care.contact_point.updated_by       IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT contact_point_pkey ON care.contact_point IS 'This contact point is known already.';
COMMENT ON CONSTRAINT contact_point_patient_fkey ON care.contact_point IS 'Register the patient first.';
COMMENT ON CONSTRAINT contact_point_system_is_known ON care.contact_point IS 'Choose phone or email.';
COMMENT ON CONSTRAINT contact_point_use_is_known ON care.contact_point IS 'Choose home, work or mobile.';
COMMENT ON CONSTRAINT contact_point_value_fits_its_system ON care.contact_point IS 'Give a number as +12175550100, or a mail address with one @.';
COMMENT ON CONSTRAINT contact_point_rank_is_positive ON care.contact_point IS 'Ranks begin at 1.';
COMMENT ON CONSTRAINT contact_point_period_is_some ON care.contact_point IS 'A period ends after it began.';
COMMENT ON CONSTRAINT contact_point_is_listed_once ON care.contact_point IS 'The patient is reached by this already.';
COMMENT ON CONSTRAINT contact_point_rank_is_taken_once ON care.contact_point IS 'Another contact of the patient has this rank.';
COMMENT ON CONSTRAINT contact_point_preferred_is_one ON care.contact_point IS 'The patient prefers another contact: end that preference first.';
CALL access.guard('care.contact_point', 'own_chart');

CREATE TABLE care.identifier (
    identifier_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id    uuid        NOT NULL,
    facility_id   uuid,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    version       integer     NOT NULL DEFAULT 1,
    valid_during  daterange   NOT NULL DEFAULT daterange(NULL, NULL),
    system        text        NOT NULL,
    value         text        NOT NULL,
    masked        text        GENERATED ALWAYS AS (
        repeat('*', length(value) - least(4, length(value) / 2)) || right(value, least(4, length(value) /
        2))
    ) STORED,
    updated_by    text        NOT NULL DEFAULT session_user,

    CONSTRAINT identifier_pkey PRIMARY KEY (identifier_id),
    CONSTRAINT identifier_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT identifier_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT identifier_system_is_known CHECK (
        system IN ('mrn', 'ssn', 'passport', 'driver_license', 'member_number')
    ),
    CONSTRAINT identifier_value_fits_its_system CHECK (care.identifier_fits(system, value)),
    CONSTRAINT identifier_facility_has_its_record_numbers CHECK ((system = 'mrn') = (facility_id IS NOT NULL)),
    CONSTRAINT identifier_period_is_some CHECK (NOT isempty(valid_during)),
    CONSTRAINT identifier_of_a_facility_is_unique UNIQUE (facility_id, value),
    CONSTRAINT identifier_of_a_system_is_unique
        EXCLUDE USING btree (system WITH =, value WITH =) WHERE (facility_id IS NULL)
);
CREATE INDEX identifier_patient_idx ON care.identifier (patient_id);
CREATE INDEX identifier_value_idx ON care.identifier (value);
CREATE TRIGGER identifier_is_stamped BEFORE INSERT OR UPDATE ON care.identifier
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER identifier_is_touched BEFORE UPDATE ON care.identifier FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER identifier_keeps_former_versions AFTER UPDATE ON care.identifier
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.identifier               IS 'A number by which somebody else knows a patient.';
COMMENT ON COLUMN care.identifier.identifier_id IS 'Key.';
COMMENT ON COLUMN care.identifier.patient_id    IS 'Whose.';
COMMENT ON COLUMN care.identifier.facility_id   IS 'Whose record number; null unless system is mrn.';
COMMENT ON COLUMN care.identifier.created_at    IS 'When the row was made.';
COMMENT ON COLUMN care.identifier.updated_at    IS 'When it was last changed.';
COMMENT ON COLUMN care.identifier.version       IS 'Raised by each change.';
COMMENT ON COLUMN care.identifier.valid_during  IS 'When it was valid; unbounded where that is not known.';
COMMENT ON COLUMN care.identifier.system        IS 'mrn (record number of a facility), ssn, passport, driver_license, or member_number.';
COMMENT ON COLUMN care.identifier.value         IS 'The number.';
COMMENT ON COLUMN care.identifier.masked        IS 'The number with all but its last characters hidden, to show on a page.';
COMMENT ON COLUMN care.identifier.updated_by    IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT identifier_pkey ON care.identifier IS 'This identifier is known already.';
COMMENT ON CONSTRAINT identifier_patient_fkey ON care.identifier IS 'Register the patient first.';
COMMENT ON CONSTRAINT identifier_facility_fkey ON care.identifier IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT identifier_system_is_known ON care.identifier IS 'Choose mrn, ssn, passport, driver_license or member_number.';
COMMENT ON CONSTRAINT identifier_value_fits_its_system ON care.identifier IS 'This is not how such a number is written.';
COMMENT ON CONSTRAINT identifier_facility_has_its_record_numbers ON care.identifier IS 'A record number belongs to a facility, and no other number does.';
COMMENT ON CONSTRAINT identifier_period_is_some ON care.identifier IS 'A period ends after it began.';
COMMENT ON CONSTRAINT identifier_of_a_facility_is_unique ON care.identifier IS 'This number cannot be used: check it.';
COMMENT ON CONSTRAINT identifier_of_a_system_is_unique ON care.identifier IS 'This number cannot be used: check it.';
CALL access.guard('care.identifier', 'chart');
