-- What a provider has learned, may do, and where: qualifications, specialties and affiliations.
--
-- Each has its own period or year, since a licence runs out and a provider changes house while both stay one person.
-- Specialties carry the code of the Health Care Provider Taxonomy (NUCC), so that they can be sent to others. New
-- tables; foreign keys lock their targets for an instant. Undo: drop them.
CREATE TABLE care.specialty (
    specialty text NOT NULL,
    nucc_code text NOT NULL,
    title     text NOT NULL,

    CONSTRAINT specialty_pkey PRIMARY KEY (specialty),
    CONSTRAINT specialty_nucc_code_is_unique UNIQUE (nucc_code),
    CONSTRAINT specialty_nucc_code_has_its_shape CHECK (nucc_code ~ '^[0-9A-Z]{9}X$'),
    CONSTRAINT specialty_is_snake_case CHECK (specialty ~ '^[a-z][a-z0-9_]{1,40}$'),
    CONSTRAINT specialty_title_is_some CHECK (title ~ '\S')
);
COMMENT ON TABLE  care.specialty           IS 'Fields of care.';
COMMENT ON COLUMN care.specialty.specialty IS 'Stable word.';
COMMENT ON COLUMN care.specialty.nucc_code IS 'Code in the Health Care Provider Taxonomy.';
COMMENT ON COLUMN care.specialty.title     IS 'A few words for a person.';
COMMENT ON CONSTRAINT specialty_pkey ON care.specialty IS 'This specialty is known already.';
COMMENT ON CONSTRAINT specialty_nucc_code_is_unique ON care.specialty IS 'Another specialty has this code.';
COMMENT ON CONSTRAINT specialty_nucc_code_has_its_shape ON care.specialty IS 'A code of the provider taxonomy has ten letters or digits and ends with X.';
COMMENT ON CONSTRAINT specialty_is_snake_case ON care.specialty IS 'Name a specialty by small letters, digits and underscores.';
COMMENT ON CONSTRAINT specialty_title_is_some ON care.specialty IS 'Give the specialty a title.';

INSERT INTO care.specialty (specialty, nucc_code, title) VALUES
    ('family_medicine', '207Q00000X', 'Family medicine'), ('internal_medicine', '207R00000X', 'Internal medicine'),
    ('cardiology', '207RC0000X', 'Cardiovascular disease'), ('endocrinology', '207RE0101X', 'Endocrinology'),
    ('gastroenterology', '207RG0100X', 'Gastroenterology'), ('dermatology', '207N00000X', 'Dermatology'),
    ('emergency_medicine', '207P00000X', 'Emergency medicine'),
    ('gynecology', '207V00000X', 'Obstetrics and gynecology'),
    ('ophthalmology', '207W00000X', 'Ophthalmology'), ('orthopedics', '207X00000X', 'Orthopaedic surgery'),
    ('pediatrics', '208000000X', 'Pediatrics'), ('surgery', '208600000X', 'Surgery'),
    ('neurology', '2084N0400X', 'Neurology'), ('psychiatry', '2084P0800X', 'Psychiatry'),
    ('radiology', '2085R0202X', 'Diagnostic radiology'), ('psychology', '103T00000X', 'Psychology'),
    ('nutrition', '133V00000X', 'Nutrition'), ('pharmacy', '183500000X', 'Pharmacy'),
    ('physiotherapy', '225100000X', 'Physiotherapy'), ('nursing', '363L00000X', 'Nurse practice');

CREATE TABLE care.provider_specialty (
    provider_id uuid        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    version     integer     NOT NULL DEFAULT 1,
    main        boolean     NOT NULL DEFAULT false,
    specialty   text        NOT NULL,
    updated_by  text        NOT NULL DEFAULT session_user,

    CONSTRAINT provider_specialty_pkey PRIMARY KEY (provider_id, specialty),
    CONSTRAINT provider_specialty_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT provider_specialty_specialty_fkey FOREIGN KEY (specialty) REFERENCES care.specialty (specialty),
    CONSTRAINT provider_specialty_main_is_one EXCLUDE USING btree (provider_id WITH =) WHERE (main)
);
CREATE INDEX provider_specialty_specialty_idx ON care.provider_specialty (specialty, provider_id);
CREATE TRIGGER provider_specialty_is_touched BEFORE UPDATE ON care.provider_specialty
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.provider_specialty             IS 'Which provider works in which field.';
COMMENT ON COLUMN care.provider_specialty.provider_id IS 'The provider.';
COMMENT ON COLUMN care.provider_specialty.created_at  IS 'When the row was made.';
COMMENT ON COLUMN care.provider_specialty.updated_at  IS 'When it was last changed.';
COMMENT ON COLUMN care.provider_specialty.version     IS 'Raised by each change.';
COMMENT ON COLUMN care.provider_specialty.main        IS 'True for the one field that the provider is named by.';
COMMENT ON COLUMN care.provider_specialty.specialty   IS 'The field.';
COMMENT ON COLUMN care.provider_specialty.updated_by  IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT provider_specialty_pkey ON care.provider_specialty IS 'The provider has this specialty already.';
COMMENT ON CONSTRAINT provider_specialty_provider_fkey ON care.provider_specialty IS 'Add the provider first.';
COMMENT ON CONSTRAINT provider_specialty_specialty_fkey ON care.provider_specialty IS 'Choose one of the known specialties.';
COMMENT ON CONSTRAINT provider_specialty_main_is_one ON care.provider_specialty IS 'The provider has another main specialty.';

CREATE TABLE care.qualification (
    qualification_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    provider_id      uuid        NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    version          integer     NOT NULL DEFAULT 1,
    awarded_year     smallint    NOT NULL,
    licensed_during  daterange,
    title            text        NOT NULL,
    issuer           text        NOT NULL,
    license_number   text,
    updated_by       text        NOT NULL DEFAULT session_user,

    CONSTRAINT qualification_pkey PRIMARY KEY (qualification_id),
    CONSTRAINT qualification_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT qualification_is_not_repeated UNIQUE (provider_id, title, issuer, awarded_year),
    CONSTRAINT qualification_license_is_unique_with_its_issuer UNIQUE (issuer, license_number),
    CONSTRAINT qualification_title_is_some CHECK (title ~ '\S' AND issuer ~ '\S'),
    CONSTRAINT qualification_year_is_believable CHECK (awarded_year BETWEEN 1940 AND 2100),
    CONSTRAINT qualification_license_has_number_and_period CHECK (
        (license_number IS NULL) = (licensed_during IS NULL)
    ),
    CONSTRAINT qualification_license_begins CHECK (NOT isempty(licensed_during) AND NOT lower_inf(licensed_during))
);
CREATE INDEX qualification_provider_idx ON care.qualification (provider_id);
CREATE TRIGGER qualification_is_touched BEFORE UPDATE ON care.qualification FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.qualification                  IS 'Degrees, boards and licences of a provider.';
COMMENT ON COLUMN care.qualification.qualification_id IS 'Key.';
COMMENT ON COLUMN care.qualification.provider_id      IS 'Who holds it.';
COMMENT ON COLUMN care.qualification.created_at       IS 'When the row was made.';
COMMENT ON COLUMN care.qualification.updated_at       IS 'When it was last changed.';
COMMENT ON COLUMN care.qualification.version          IS 'Raised by each change.';
COMMENT ON COLUMN care.qualification.awarded_year     IS 'Year in which it was first given.';
COMMENT ON COLUMN care.qualification.licensed_during  IS 'Days on which a licence is valid; null for what is no licence, no upper bound where it does not end.';
COMMENT ON COLUMN care.qualification.title            IS 'What it is: Doctor of Medicine.';
COMMENT ON COLUMN care.qualification.issuer           IS 'University, board or state that gave it.';
COMMENT ON COLUMN care.qualification.license_number   IS 'Number of a licence; null for what is no licence.';
COMMENT ON COLUMN care.qualification.updated_by       IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT qualification_pkey ON care.qualification IS 'This qualification is known already.';
COMMENT ON CONSTRAINT qualification_provider_fkey ON care.qualification IS 'Add the provider first.';
COMMENT ON CONSTRAINT qualification_is_not_repeated ON care.qualification IS 'The provider has this qualification already.';
COMMENT ON CONSTRAINT qualification_license_is_unique_with_its_issuer ON care.qualification IS 'Somebody else holds the licence with this number.';
COMMENT ON CONSTRAINT qualification_title_is_some ON care.qualification IS 'Give the qualification a title and an issuer.';
COMMENT ON CONSTRAINT qualification_year_is_believable ON care.qualification IS 'Give a year between 1940 and 2100.';
COMMENT ON CONSTRAINT qualification_license_has_number_and_period ON care.qualification IS 'A licence needs both its number and its period.';
COMMENT ON CONSTRAINT qualification_license_begins ON care.qualification IS 'A licence has a first day, and ends after it.';

CREATE TABLE care.affiliation (
    affiliation_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    provider_id    uuid        NOT NULL,
    facility_id    uuid        NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    version        integer     NOT NULL DEFAULT 1,
    valid_during   daterange   NOT NULL,
    role           text        NOT NULL,
    updated_by     text        NOT NULL DEFAULT session_user,

    CONSTRAINT affiliation_pkey PRIMARY KEY (affiliation_id),
    CONSTRAINT affiliation_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT affiliation_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT affiliation_role_is_known CHECK (
        role IN ('attending', 'consultant', 'resident', 'nurse', 'therapist', 'pharmacist', 'director')
    ),
    CONSTRAINT affiliation_begins CHECK (NOT isempty(valid_during) AND NOT lower_inf(valid_during)),
    CONSTRAINT affiliation_does_not_overlap
        EXCLUDE USING gist (provider_id WITH =, facility_id WITH =, valid_during WITH &&)
);
CREATE INDEX affiliation_facility_idx ON care.affiliation (facility_id);
CREATE TRIGGER affiliation_is_touched BEFORE UPDATE ON care.affiliation FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.affiliation                IS 'Which provider works at which facility, as what, and when.';
COMMENT ON COLUMN care.affiliation.affiliation_id IS 'Key.';
COMMENT ON COLUMN care.affiliation.provider_id    IS 'The provider.';
COMMENT ON COLUMN care.affiliation.facility_id    IS 'The facility.';
COMMENT ON COLUMN care.affiliation.created_at     IS 'When the row was made.';
COMMENT ON COLUMN care.affiliation.updated_at     IS 'When it was last changed.';
COMMENT ON COLUMN care.affiliation.version        IS 'Raised by each change.';
COMMENT ON COLUMN care.affiliation.valid_during   IS 'Days, where the facility is; no upper bound while it goes on.';
COMMENT ON COLUMN care.affiliation.role           IS 'attending, consultant, resident, nurse, therapist, pharmacist or director.';
COMMENT ON COLUMN care.affiliation.updated_by     IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT affiliation_pkey ON care.affiliation IS 'This affiliation is known already.';
COMMENT ON CONSTRAINT affiliation_provider_fkey ON care.affiliation IS 'Add the provider first.';
COMMENT ON CONSTRAINT affiliation_facility_fkey ON care.affiliation IS 'Add the facility first.';
COMMENT ON CONSTRAINT affiliation_role_is_known ON care.affiliation IS 'Choose attending, consultant, resident, nurse, therapist, pharmacist or director.';
COMMENT ON CONSTRAINT affiliation_begins ON care.affiliation IS 'An affiliation has a first day, and ends after it.';
COMMENT ON CONSTRAINT affiliation_does_not_overlap ON care.affiliation IS 'The provider works at this facility at that time already.';

CALL access.guard('care.specialty', 'directory');
CALL access.guard('care.provider_specialty', 'directory');
CALL access.guard('care.qualification', 'directory');
CALL access.guard('care.affiliation', 'directory');
