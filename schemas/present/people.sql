-- Patients and providers, and how they are reached.
--
-- Written by `healthtrack schema docs` from the database's catalog; to be read, not run. Do not edit.

-- A person in care.
CREATE TABLE care.patient (
    patient_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- The one key of this person, everywhere.
    deceased_at timestamp with time zone,  -- When the person died; null while alive, as far as is known.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    born_on date NOT NULL,  -- Date of birth.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change; an editor says which one it read.
    legal_hold boolean DEFAULT false NOT NULL,  -- True while the law forbids to erase anything of this person.
    sex text NOT NULL,  -- Administrative gender by FHIR: female, male, other or unknown.
    time_zone care.time_zone NOT NULL,  -- Where the person's days begin and end.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT patient_pkey PRIMARY KEY (patient_id),  -- This person is registered already.
    CONSTRAINT patient_birth_is_believable CHECK ((born_on >= '1900-01-01'::date)),  -- Give a date of birth after 1899.
    CONSTRAINT patient_dies_after_birth CHECK (((((deceased_at AT TIME ZONE 'UTC'::text) + '14:00:00'::interval))::date >= born_on)),  -- A date of death cannot lie before the date of birth.
    CONSTRAINT patient_sex_is_known CHECK ((sex = ANY (ARRAY['female'::text, 'male'::text, 'other'::text, 'unknown'::text])))  -- Choose female, male, other or unknown.
);
CREATE INDEX patient_under_hold_idx ON care.patient USING btree (patient_id) WHERE legal_hold;
CREATE TRIGGER patient_hold_waits_for_removals BEFORE UPDATE ON care.patient FOR EACH ROW WHEN ((new.legal_hold AND (NOT old.legal_hold))) EXECUTE FUNCTION care.wait_for_removals();  -- Trigger before a legal hold is set: waits until nothing of the person is being removed.
CREATE TRIGGER patient_is_of_this_day BEFORE INSERT OR UPDATE OF born_on, deceased_at ON care.patient FOR EACH ROW EXECUTE FUNCTION care.check_dates_of_person();  -- Trigger before a patient is stored: refuses a birth or death to come.
CREATE TRIGGER patient_is_stamped BEFORE INSERT OR UPDATE ON care.patient FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER patient_is_touched BEFORE UPDATE ON care.patient FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER patient_keeps_former_versions AFTER UPDATE ON care.patient FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER patient_stays_under_hold BEFORE DELETE ON care.patient FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.patient FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.patient FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY desk ON care.patient FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[])));
CREATE POLICY granted ON care.patient FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.patient FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.patient FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY rolled ON care.patient FOR SELECT TO healthtrack_roller USING (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.patient TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE (deceased_at, born_on, sex, time_zone) ON care.patient TO healthtrack_care;
GRANT SELECT (patient_id, legal_hold) ON care.patient TO healthtrack_roller;

-- A name that a patient has or had.
CREATE TABLE care.patient_name (
    patient_name_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    valid_during daterange DEFAULT daterange(NULL::date, NULL::date) NOT NULL,  -- When it was used; unbounded where that is not known.
    use text NOT NULL,  -- official, usual, maiden or nickname.
    family text NOT NULL,  -- Family name.
    given text[] NOT NULL,  -- Given names, in their order.
    prefix text,  -- Title before the name; null where there is none.
    suffix text,  -- What follows the name; null where there is none.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT patient_name_pkey PRIMARY KEY (patient_name_id),  -- This patient name is known already.
    CONSTRAINT patient_name_is_one_at_a_time EXCLUDE USING gist (patient_id WITH =, use WITH =, valid_during WITH &&),  -- The patient has another name of this kind at that time: end that first.
    CONSTRAINT patient_name_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT patient_name_is_short CHECK (((length(family) <= 200) AND (length(array_to_string(given, ' '::text)) <= 400))),  -- A name has 200 letters at most.
    CONSTRAINT patient_name_is_some CHECK (((family ~ '\S'::text) AND ((cardinality(given) >= 1) AND (cardinality(given) <= 10)) AND (array_position(given, NULL::text) IS NULL) AND (array_to_string(given, ' '::text) ~ '\S'::text))),  -- Give a family name and at least one given name.
    CONSTRAINT patient_name_period_is_some CHECK ((NOT isempty(valid_during))),  -- A period ends after it began.
    CONSTRAINT patient_name_use_is_known CHECK ((use = ANY (ARRAY['official'::text, 'usual'::text, 'maiden'::text, 'nickname'::text])))  -- Choose official, usual, maiden or nickname.
);
CREATE INDEX patient_name_family_idx ON care.patient_name USING btree (lower(family) text_pattern_ops, patient_id);
CREATE TRIGGER patient_name_is_stamped BEFORE INSERT OR UPDATE ON care.patient_name FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER patient_name_is_touched BEFORE UPDATE ON care.patient_name FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER patient_name_keeps_former_versions AFTER UPDATE ON care.patient_name FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER patient_name_stays_under_hold BEFORE DELETE ON care.patient_name FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.patient_name FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.patient_name FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY desk ON care.patient_name FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[])));
CREATE POLICY granted ON care.patient_name FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.patient_name FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.patient_name FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.patient_name TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.patient_name TO healthtrack_care;

-- Where a patient lives, works or gets bills.
CREATE TABLE care.address (
    address_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    valid_during daterange DEFAULT daterange(NULL::date, NULL::date) NOT NULL,  -- When; unbounded where that is not known.
    use text NOT NULL,  -- home, work, temporary or billing.
    lines text[] NOT NULL,  -- Street and house, one or more lines.
    city text NOT NULL,  -- City, as text: patients come from everywhere.
    state text,  -- State or province; null where the country has none.
    postal_code text,  -- Postal code; null where there is none.
    country text DEFAULT 'US'::text NOT NULL,  -- Country by ISO 3166-1.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT address_pkey PRIMARY KEY (address_id),  -- This address is known already.
    CONSTRAINT address_is_one_at_a_time EXCLUDE USING gist (patient_id WITH =, use WITH =, valid_during WITH &&),  -- The patient has another address of this kind at that time: end that first.
    CONSTRAINT address_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT address_country_is_iso_3166 CHECK ((country ~ '^[A-Z]{2}$'::text)),  -- Give the country as two capital letters.
    CONSTRAINT address_is_some CHECK ((((cardinality(lines) >= 1) AND (cardinality(lines) <= 4)) AND (array_to_string(lines, ''::text) ~ '\S'::text) AND (city ~ '\S'::text))),  -- Give a street and a city.
    CONSTRAINT address_period_is_some CHECK ((NOT isempty(valid_during))),  -- A period ends after it began.
    CONSTRAINT address_postal_code_fits_its_country CHECK (((country <> 'US'::text) OR COALESCE((postal_code ~ '^[0-9]{5}(-[0-9]{4})?$'::text), false))),  -- Give the ZIP code as five digits, or five and four.
    CONSTRAINT address_use_is_known CHECK ((use = ANY (ARRAY['home'::text, 'work'::text, 'temporary'::text, 'billing'::text])))  -- Choose home, work, temporary or billing.
);
CREATE TRIGGER address_is_stamped BEFORE INSERT OR UPDATE ON care.address FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER address_is_touched BEFORE UPDATE ON care.address FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER address_keeps_former_versions AFTER UPDATE ON care.address FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER address_stays_under_hold BEFORE DELETE ON care.address FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.address FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.address FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY desk ON care.address FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[])));
CREATE POLICY granted ON care.address FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.address FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.address FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.address TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.address TO healthtrack_care;

-- A telephone number or mail address of a patient.
CREATE TABLE care.contact_point (
    contact_point_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    rank smallint NOT NULL,  -- Which to try first, from 1.
    preferred boolean DEFAULT false NOT NULL,  -- True for the one of its system that the patient wants to be reached by.
    valid_during daterange DEFAULT daterange(NULL::date, NULL::date) NOT NULL,  -- When; unbounded where that is not known.
    system text NOT NULL,  -- phone or email.
    use text NOT NULL,  -- home, work or mobile.
    value text NOT NULL,  -- Number by E.164, or mail address.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT contact_point_pkey PRIMARY KEY (contact_point_id),  -- This contact point is known already.
    CONSTRAINT contact_point_is_listed_once EXCLUDE USING gist (patient_id WITH =, system WITH =, value WITH =, valid_during WITH &&),  -- The patient is reached by this already.
    CONSTRAINT contact_point_preferred_is_one EXCLUDE USING gist (patient_id WITH =, system WITH =, valid_during WITH &&) WHERE (preferred),  -- The patient prefers another contact: end that preference first.
    CONSTRAINT contact_point_rank_is_taken_once EXCLUDE USING gist (patient_id WITH =, system WITH =, rank WITH =, valid_during WITH &&),  -- Another contact of the patient has this rank.
    CONSTRAINT contact_point_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT contact_point_period_is_some CHECK ((NOT isempty(valid_during))),  -- A period ends after it began.
    CONSTRAINT contact_point_rank_is_positive CHECK (((rank >= 1) AND (rank <= 100))),  -- Ranks begin at 1.
    CONSTRAINT contact_point_system_is_known CHECK ((system = ANY (ARRAY['phone'::text, 'email'::text]))),  -- Choose phone or email.
    CONSTRAINT contact_point_use_is_known CHECK ((use = ANY (ARRAY['home'::text, 'work'::text, 'mobile'::text]))),  -- Choose home, work or mobile.
    CONSTRAINT contact_point_value_fits_its_system CHECK ( CASE system WHEN 'phone'::text THEN (value ~ '^\+[1-9][0-9]{6,14}$'::text) ELSE (value ~ '^[^@\s]{1,64}@[^@\s]{1,190}$'::text) END)  -- Give a number as +12175550100, or a mail address with one @.
);
CREATE TRIGGER contact_point_is_stamped BEFORE INSERT OR UPDATE ON care.contact_point FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER contact_point_is_touched BEFORE UPDATE ON care.contact_point FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER contact_point_keeps_former_versions AFTER UPDATE ON care.contact_point FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER contact_point_stays_under_hold BEFORE DELETE ON care.contact_point FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.contact_point FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.contact_point FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY desk ON care.contact_point FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[])));
CREATE POLICY granted ON care.contact_point FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.contact_point FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.contact_point FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.contact_point TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.contact_point TO healthtrack_care;

-- A number by which somebody else knows a patient.
CREATE TABLE care.identifier (
    identifier_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    facility_id uuid,  -- Whose record number; null unless system is mrn.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    valid_during daterange DEFAULT daterange(NULL::date, NULL::date) NOT NULL,  -- When it was valid; unbounded where that is not known.
    system text NOT NULL,  -- mrn (record number of a facility), ssn, passport, driver_license, or member_number.
    value text NOT NULL,  -- The number.
    masked text GENERATED ALWAYS AS ((repeat('*'::text, (length(value) - LEAST(4, (length(value) / 2)))) || "right"(value, LEAST(4, (length(value) / 2))))) STORED,  -- The number with all but its last characters hidden, to show on a page.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT identifier_pkey PRIMARY KEY (identifier_id),  -- This identifier is known already.
    CONSTRAINT identifier_of_a_facility_is_unique UNIQUE (facility_id, value),  -- This number cannot be used: check it.
    CONSTRAINT identifier_of_a_system_is_unique EXCLUDE USING btree (system WITH =, value WITH =) WHERE ((facility_id IS NULL)),  -- This number cannot be used: check it.
    CONSTRAINT identifier_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT identifier_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT identifier_facility_has_its_record_numbers CHECK (((system = 'mrn'::text) = (facility_id IS NOT NULL))),  -- A record number belongs to a facility, and no other number does.
    CONSTRAINT identifier_period_is_some CHECK ((NOT isempty(valid_during))),  -- A period ends after it began.
    CONSTRAINT identifier_system_is_known CHECK ((system = ANY (ARRAY['mrn'::text, 'ssn'::text, 'passport'::text, 'driver_license'::text, 'member_number'::text]))),  -- Choose mrn, ssn, passport, driver_license or member_number.
    CONSTRAINT identifier_value_fits_its_system CHECK (care.identifier_fits(system, value))  -- This is not how such a number is written.
);
CREATE INDEX identifier_patient_idx ON care.identifier USING btree (patient_id);
CREATE INDEX identifier_value_idx ON care.identifier USING btree (value);
CREATE TRIGGER identifier_is_stamped BEFORE INSERT OR UPDATE ON care.identifier FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER identifier_is_touched BEFORE UPDATE ON care.identifier FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER identifier_keeps_former_versions AFTER UPDATE ON care.identifier FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.history, and refuses to move a row to another patient.
CREATE TRIGGER identifier_stays_under_hold BEFORE DELETE ON care.identifier FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.identifier FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.identifier FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.identifier FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.identifier FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.identifier FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.identifier TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.identifier TO healthtrack_care;

-- Physician, nurse, therapist …: who gives care.
CREATE TABLE care.provider (
    provider_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    retired_on date,  -- First day on which no care is given any more; null while working.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    family_name text NOT NULL,  -- Family name.
    given_name text NOT NULL,  -- Given name.
    npi text,  -- National provider identifier (United States); null elsewhere.
    phone care.phone,  -- Telephone at work; null where there is none.
    email care.email NOT NULL,  -- Electronic mail at work.
    languages text[] DEFAULT '{en}'::text[] NOT NULL,  -- Languages spoken, by ISO 639-1.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT provider_pkey PRIMARY KEY (provider_id),  -- This provider is known already.
    CONSTRAINT provider_npi_is_unique UNIQUE (npi),  -- Another provider has this identifier.
    CONSTRAINT provider_name_is_some CHECK (((family_name ~ '\S'::text) AND (given_name ~ '\S'::text))),  -- Give the provider a family name and a given name.
    CONSTRAINT provider_npi_is_ten_digits CHECK ((npi ~ '^[12][0-9]{9}$'::text)),  -- A national provider identifier has ten digits and begins with 1 or 2.
    CONSTRAINT provider_speaks_something CHECK (((cardinality(languages) >= 1) AND (cardinality(languages) <= 20)))  -- Give one to twenty languages.
);
CREATE INDEX provider_family_name_idx ON care.provider USING btree (lower(family_name), lower(given_name));
CREATE TRIGGER provider_is_stamped BEFORE INSERT OR UPDATE ON care.provider FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER provider_is_touched BEFORE UPDATE ON care.provider FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.provider FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.provider FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.provider FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.provider TO healthtrack_migrator;
GRANT SELECT ON care.provider TO healthtrack_care;

-- Degrees, boards and licences of a provider.
CREATE TABLE care.qualification (
    qualification_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    provider_id uuid NOT NULL,  -- Who holds it.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    awarded_year smallint NOT NULL,  -- Year in which it was first given.
    licensed_during daterange,  -- Days on which a licence is valid; null for what is no licence, no upper bound where it does not end.
    title text NOT NULL,  -- What it is: Doctor of Medicine.
    issuer text NOT NULL,  -- University, board or state that gave it.
    license_number text,  -- Number of a licence; null for what is no licence.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT qualification_pkey PRIMARY KEY (qualification_id),  -- This qualification is known already.
    CONSTRAINT qualification_is_not_repeated UNIQUE (provider_id, title, issuer, awarded_year),  -- The provider has this qualification already.
    CONSTRAINT qualification_license_is_unique_with_its_issuer UNIQUE (issuer, license_number),  -- Somebody else holds the licence with this number.
    CONSTRAINT qualification_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Add the provider first.
    CONSTRAINT qualification_license_begins CHECK (((NOT isempty(licensed_during)) AND (NOT lower_inf(licensed_during)))),  -- A licence has a first day, and ends after it.
    CONSTRAINT qualification_license_has_number_and_period CHECK (((license_number IS NULL) = (licensed_during IS NULL))),  -- A licence needs both its number and its period.
    CONSTRAINT qualification_title_is_some CHECK (((title ~ '\S'::text) AND (issuer ~ '\S'::text))),  -- Give the qualification a title and an issuer.
    CONSTRAINT qualification_year_is_believable CHECK (((awarded_year >= 1940) AND (awarded_year <= 2100)))  -- Give a year between 1940 and 2100.
);
CREATE INDEX qualification_provider_idx ON care.qualification USING btree (provider_id);
CREATE TRIGGER qualification_is_stamped BEFORE INSERT OR UPDATE ON care.qualification FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER qualification_is_touched BEFORE UPDATE ON care.qualification FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.qualification FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.qualification FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.qualification FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.qualification TO healthtrack_migrator;
GRANT SELECT ON care.qualification TO healthtrack_care;

-- Fields of care.
CREATE TABLE care.specialty (
    specialty text NOT NULL,  -- Stable word.
    nucc_code text NOT NULL,  -- Code in the Health Care Provider Taxonomy.
    title text NOT NULL,  -- A few words for a person.
    CONSTRAINT specialty_pkey PRIMARY KEY (specialty),  -- This specialty is known already.
    CONSTRAINT specialty_nucc_code_is_unique UNIQUE (nucc_code),  -- Another specialty has this code.
    CONSTRAINT specialty_is_snake_case CHECK ((specialty ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Name a specialty by small letters, digits and underscores.
    CONSTRAINT specialty_nucc_code_has_its_shape CHECK ((nucc_code ~ '^[0-9A-Z]{9}X$'::text)),  -- A code of the provider taxonomy has ten letters or digits and ends with X.
    CONSTRAINT specialty_title_is_some CHECK ((title ~ '\S'::text))  -- Give the specialty a title.
);
ALTER TABLE care.specialty FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.specialty FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.specialty FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.specialty TO healthtrack_migrator;
GRANT SELECT ON care.specialty TO healthtrack_care;

-- Which provider works in which field.
CREATE TABLE care.provider_specialty (
    provider_id uuid NOT NULL,  -- The provider.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    main boolean DEFAULT false NOT NULL,  -- True for the one field that the provider is named by.
    specialty text NOT NULL,  -- The field.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT provider_specialty_pkey PRIMARY KEY (provider_id, specialty),  -- The provider has this specialty already.
    CONSTRAINT provider_specialty_main_is_one EXCLUDE USING btree (provider_id WITH =) WHERE (main),  -- The provider has another main specialty.
    CONSTRAINT provider_specialty_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Add the provider first.
    CONSTRAINT provider_specialty_specialty_fkey FOREIGN KEY (specialty) REFERENCES care.specialty(specialty)  -- Choose one of the known specialties.
);
CREATE INDEX provider_specialty_specialty_idx ON care.provider_specialty USING btree (specialty, provider_id);
CREATE TRIGGER provider_specialty_is_stamped BEFORE INSERT OR UPDATE ON care.provider_specialty FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER provider_specialty_is_touched BEFORE UPDATE ON care.provider_specialty FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.provider_specialty FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.provider_specialty FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.provider_specialty FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.provider_specialty TO healthtrack_migrator;
GRANT SELECT ON care.provider_specialty TO healthtrack_care;

-- Which provider works at which facility, as what, and when.
CREATE TABLE care.affiliation (
    affiliation_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    provider_id uuid NOT NULL,  -- The provider.
    facility_id uuid NOT NULL,  -- The facility.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    valid_during daterange NOT NULL,  -- Days, where the facility is; no upper bound while it goes on.
    role text NOT NULL,  -- attending, consultant, resident, nurse, therapist, pharmacist or director.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT affiliation_pkey PRIMARY KEY (affiliation_id),  -- This affiliation is known already.
    CONSTRAINT affiliation_does_not_overlap EXCLUDE USING gist (provider_id WITH =, facility_id WITH =, valid_during WITH &&),  -- The provider works at this facility at that time already.
    CONSTRAINT affiliation_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Add the facility first.
    CONSTRAINT affiliation_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Add the provider first.
    CONSTRAINT affiliation_begins CHECK (((NOT isempty(valid_during)) AND (NOT lower_inf(valid_during)))),  -- An affiliation has a first day, and ends after it.
    CONSTRAINT affiliation_role_is_known CHECK ((role = ANY (ARRAY['attending'::text, 'consultant'::text, 'resident'::text, 'nurse'::text, 'therapist'::text, 'pharmacist'::text, 'director'::text])))  -- Choose attending, consultant, resident, nurse, therapist, pharmacist or director.
);
CREATE INDEX affiliation_facility_idx ON care.affiliation USING btree (facility_id);
CREATE TRIGGER affiliation_is_stamped BEFORE INSERT OR UPDATE ON care.affiliation FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER affiliation_is_touched BEFORE UPDATE ON care.affiliation FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.affiliation FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.affiliation FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.affiliation FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.affiliation TO healthtrack_migrator;
GRANT SELECT ON care.affiliation TO healthtrack_care;

-- Hours of one weekday at which a provider sees patients at a facility.
CREATE TABLE care.availability (
    availability_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    provider_id uuid NOT NULL,  -- Who.
    facility_id uuid NOT NULL,  -- Where.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    weekday smallint NOT NULL,  -- Day of the week by ISO 8601: 1 is Monday, 7 is Sunday.
    starts_minute smallint NOT NULL,  -- Minutes after midnight on the facility's wall clock.
    ends_minute smallint NOT NULL,  -- Minutes after midnight, not included; 1440 is the end of the day.
    reserved_hours smallint,  -- Kept for premium members until so many hours before a visit begins; null where it is for all.
    valid_during daterange NOT NULL,  -- Days on which this is so; no upper bound while it goes on.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT availability_pkey PRIMARY KEY (availability_id),  -- These hours are known already.
    CONSTRAINT availability_does_not_overlap EXCLUDE USING gist (provider_id WITH =, weekday WITH =, valid_during WITH &&, int4range((starts_minute)::integer, (ends_minute)::integer) WITH &&),  -- The provider has hours at that time already, here or elsewhere.
    CONSTRAINT availability_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Add the facility first.
    CONSTRAINT availability_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Add the provider first.
    CONSTRAINT availability_begins CHECK (((NOT isempty(valid_during)) AND (NOT lower_inf(valid_during)))),  -- Hours have a first day, and end after it.
    CONSTRAINT availability_ends_after_it_starts CHECK ((ends_minute > starts_minute)),  -- Hours end after they start.
    CONSTRAINT availability_is_reserved_for_a_while CHECK (((reserved_hours >= 1) AND (reserved_hours <= 720))),  -- Reserve hours until 1 to 720 hours before, or not at all.
    CONSTRAINT availability_is_within_the_day CHECK (((starts_minute >= 0) AND (ends_minute <= 1440))),  -- Give hours between 0:00 and 24:00: hours past midnight belong to the next day.
    CONSTRAINT availability_weekday_is_iso_8601 CHECK (((weekday >= 1) AND (weekday <= 7)))  -- Give the weekday as 1 (Monday) to 7 (Sunday).
);
CREATE INDEX availability_facility_idx ON care.availability USING btree (facility_id);
CREATE TRIGGER availability_is_stamped BEFORE INSERT OR UPDATE ON care.availability FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER availability_is_touched BEFORE UPDATE ON care.availability FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.availability FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.availability FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.availability FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.availability TO healthtrack_migrator;
GRANT SELECT ON care.availability TO healthtrack_care;

-- Time at which a provider is away, or there beyond the weekly hours. Why is not asked: everybody reads this.
CREATE TABLE care.availability_exception (
    availability_exception_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    provider_id uuid NOT NULL,  -- Who.
    facility_id uuid,  -- Where the extra hours are; null for off, which is everywhere.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    during tstzrange NOT NULL,  -- Half-open period; an extra one is of one day at most.
    kind text NOT NULL,  -- off or extra; off wins where both are.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT availability_exception_pkey PRIMARY KEY (availability_exception_id),  -- This exception is known already.
    CONSTRAINT availability_exception_does_not_overlap EXCLUDE USING gist (provider_id WITH =, kind WITH =, during WITH &&),  -- The provider has such an exception at that time already.
    CONSTRAINT availability_exception_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Add the facility first.
    CONSTRAINT availability_exception_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Add the provider first.
    CONSTRAINT availability_exception_extra_has_a_place CHECK (((kind = 'extra'::text) = (facility_id IS NOT NULL))),  -- Extra hours need a facility; time off is everywhere.
    CONSTRAINT availability_exception_extra_is_a_day_at_most CHECK (((kind = 'off'::text) OR (upper(during) <= (lower(during) + '24:00:00'::interval)))),  -- Give extra hours day by day.
    CONSTRAINT availability_exception_is_half_open CHECK (((NOT isempty(during)) AND lower_inc(during) AND (NOT upper_inc(during)) AND (NOT lower_inf(during)) AND (NOT upper_inf(during)))),  -- An exception has a beginning and an end after it.
    CONSTRAINT availability_exception_kind_is_known CHECK ((kind = ANY (ARRAY['off'::text, 'extra'::text])))  -- Choose off or extra.
);
CREATE INDEX availability_exception_facility_idx ON care.availability_exception USING btree (facility_id);
CREATE TRIGGER availability_exception_is_stamped BEFORE INSERT OR UPDATE ON care.availability_exception FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER availability_exception_is_touched BEFORE UPDATE ON care.availability_exception FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.availability_exception FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.availability_exception FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.availability_exception FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.availability_exception TO healthtrack_migrator;
GRANT SELECT ON care.availability_exception TO healthtrack_care;

-- Mean of the published reviews of each provider, with their number; no row where there is none.
--   provider_id: The provider.
--   reviews: How many published reviews.
--   stars: Their mean, to the hundredth.
CREATE VIEW care.provider_rating WITH (security_invoker=true) AS
 SELECT provider_id,
    count(*) AS reviews,
    round(avg(stars), 2) AS stars
   FROM care.review
  WHERE (state = 'published'::text)
  GROUP BY provider_id;
GRANT SELECT ON care.provider_rating TO healthtrack_care;

-- Adds a patient with names, addresses, contacts and identifiers, all or nothing, and returns the new key; with its caller's rights.
CREATE OR REPLACE FUNCTION care.add_patient(person jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    registered uuid;
BEGIN
    IF NOT jsonb_path_exists(person, '$.names[*] ? (@.use == "official")') THEN
        PERFORM care.refuse('patient_has_an_official_name', 'Give the patient''s official name.');
    END IF;
    INSERT INTO care.patient (born_on, sex, time_zone)
    VALUES ((person ->> 'born_on')::date, person ->> 'sex', person ->> 'time_zone')
    RETURNING patient_id INTO registered;
    INSERT INTO care.patient_name (patient_id, use, family, given, prefix, suffix)
    SELECT registered, n.use, n.family, n.given, n.prefix, n.suffix
    FROM jsonb_to_recordset(person -> 'names') AS n (use text, family text, given text[], prefix text, suffix text);
    INSERT INTO care.address (patient_id, use, lines, city, state, postal_code, country)
    SELECT registered, a.use, a.lines, a.city, a.state, a.postal_code, coalesce(a.country, 'US')
    FROM jsonb_to_recordset(coalesce(person -> 'addresses', '[]'))
        AS a (use text, lines text[], city text, state text, postal_code text, country text);
    INSERT INTO care.contact_point (patient_id, system, use, value, rank, preferred)
    SELECT registered, c.system, c.use, c.value,
           row_number() OVER (PARTITION BY c.system ORDER BY c.preferred DESC NULLS LAST), coalesce(c.preferred, false)
    FROM jsonb_to_recordset(coalesce(person -> 'contacts', '[]'))
        AS c (system text, use text, value text, preferred boolean);
    INSERT INTO care.identifier (patient_id, facility_id, system, value)
    SELECT registered, i.facility_id, i.system, i.value
    FROM jsonb_to_recordset(coalesce(person -> 'identifiers', '[]')) AS i (facility_id uuid, system text, value text);
    RETURN registered;
END $function$;

-- When a provider can be seen at a facility within a period, taken or not.
CREATE OR REPLACE FUNCTION care.available(asked_provider uuid, asked_facility uuid, span tstzrange)
 RETURNS tstzmultirange
 LANGUAGE sql
 STABLE
AS $function$
    SELECT (SELECT coalesce(range_agg(h.during), '{}') FROM care.visiting_hours(asked_provider, asked_facility, span) h)
           * tstzmultirange(span)
           - (SELECT coalesce(range_agg(e.during), '{}') FROM care.availability_exception e
              WHERE e.provider_id = asked_provider AND e.kind = 'off' AND e.during && span)
$function$;

-- Trigger before a patient is stored: refuses a birth or death to come.
CREATE OR REPLACE FUNCTION care.check_dates_of_person()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NEW.born_on > current_date + 1 OR NEW.deceased_at > now() + INTERVAL '1 day' THEN
        PERFORM care.refuse('patient_is_of_this_day', 'A date of birth or death does not lie ahead.');
    ELSIF (NEW.deceased_at AT TIME ZONE NEW.time_zone::text)::date < NEW.born_on THEN
        PERFORM care.refuse('patient_dies_after_birth', 'A date of death cannot lie before the date of birth.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_dates_of_person() FROM PUBLIC;

-- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE OR REPLACE FUNCTION care.keep_row_under_hold()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    held boolean;
BEGIN
    SELECT p.legal_hold INTO held FROM care.patient p WHERE p.patient_id = OLD.patient_id FOR KEY SHARE;
    IF held THEN
        PERFORM care.refuse('row_stays_under_hold', 'This person is under legal hold: nothing of theirs is removed.');
    END IF;
    RETURN OLD;
END $function$;
REVOKE EXECUTE ON FUNCTION care.keep_row_under_hold() FROM PUBLIC;

-- A record on one page as JSON, with its caller's rights; null where the caller may not see the patient.
CREATE OR REPLACE FUNCTION care.record_summary(patient uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT jsonb_build_object(
        'patient_id', p.patient_id, 'version', p.version, 'born_on', p.born_on, 'sex', p.sex,
        'deceased', p.deceased_at IS NOT NULL,
        'name', (SELECT jsonb_build_object('family', n.family, 'given', n.given) FROM care.patient_name n
                 WHERE n.patient_id = p.patient_id AND n.use = 'official' AND n.valid_during @> current_date),
        'allergies', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT a.allergy_id, a.substance, a.category, a.criticality FROM care.allergy a
            WHERE a.patient_id = p.patient_id AND a.clinical_status = 'active'
              AND a.verification_status NOT IN ('refuted', 'entered_in_error')
            ORDER BY a.criticality = 'high' DESC, a.substance LIMIT 100) AS line),
        'conditions', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT c.condition_id, c.code_system, c.code, c.title, c.clinical_status, c.onset_on, c.version
            FROM care.condition c
            WHERE c.patient_id = p.patient_id AND c.clinical_status IN ('active', 'recurrence', 'relapse')
              AND c.verification_status NOT IN ('refuted', 'entered_in_error')
            ORDER BY c.onset_on DESC NULLS LAST, c.code LIMIT 100) AS line),
        'prescriptions', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT r.prescription_id, m.name, r.instructions, upper(r.valid_during) AS ends_on, r.version
            FROM care.prescription r JOIN care.medication m USING (medication_id)
            WHERE r.patient_id = p.patient_id AND r.status = 'active' AND r.valid_during @> current_date
            ORDER BY r.authored_at DESC LIMIT 100) AS line),
        'results', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT newest.* FROM (
                SELECT DISTINCT ON (l.loinc) l.lab_result_id, l.loinc, l.title,
                       coalesce(l.value_number::text, l.value_code, l.value_text, l.absent_reason) AS value,
                       l.unit, l.flag, l.status, l.observed_at
                FROM care.current_lab_result l WHERE l.patient_id = p.patient_id
                ORDER BY l.loinc, l.observed_at DESC, l.lab_result_id) AS newest
            ORDER BY newest.observed_at DESC LIMIT 50) AS line),
        'encounters', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT e.encounter_id, e.class, lower(e.during) AS began_at, upper(e.during) AS ended_at, e.reason
            FROM care.encounter e WHERE e.patient_id = p.patient_id ORDER BY lower(e.during) DESC LIMIT 20) AS line)
    ) FROM care.patient p WHERE p.patient_id = patient
$function$;

-- Trigger before a legal hold is set: waits until nothing of the person is being removed.
CREATE OR REPLACE FUNCTION care.wait_for_removals()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM FROM care.patient p WHERE p.patient_id = OLD.patient_id FOR UPDATE;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.wait_for_removals() FROM PUBLIC;

-- Keeps a person for the registration that follows, audited; gives the proposal's key.
CREATE OR REPLACE FUNCTION access.propose_patient(me access.caller, person jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    -- Asked for once: an index is not searched by what may change while it is.
    since constant timestamptz := clock_timestamp() - INTERVAL '24 hours';
    made  uuid;
BEGIN
    IF me.part NOT IN ('provider', 'front_desk') THEN
        PERFORM access.refuse('patient_is_registered_by_staff', 'A provider or the front desk registers patients.');
    END IF;
    IF EXISTS (SELECT FROM jsonb_to_recordset(coalesce(person -> 'identifiers', '[]')) AS i (system text)
               GROUP BY i.system HAVING count(*) > 1) THEN
        PERFORM access.refuse('person_has_one_number_of_a_system', 'Give one number of each system.');
    ELSIF EXISTS (SELECT FROM jsonb_to_recordset(coalesce(person -> 'identifiers', '[]')) AS i (facility_id uuid)
                  WHERE i.facility_id IS NOT NULL AND i.facility_id <> ALL (access.own_facilities()) AND NOT EXISTS (
                      SELECT FROM care.affiliation a
                      WHERE a.provider_id = access.acting_provider() AND a.facility_id = i.facility_id
                        AND a.valid_during @> current_date)) THEN
        PERFORM access.refuse('record_number_is_of_the_own_facility', 'Give a record number of a facility where you work.');
    END IF;
    -- One at a time for each account, since what is under way is not counted.
    PERFORM FROM access.account a WHERE a.account_id = me.account_id FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM access.audit_event e
        WHERE e.actor = me.account_id AND e.at > since
          AND e.resource = 'access.proposal') >= access.cap_of('registrations_an_account_a_day') THEN
        PERFORM access.refuse('registrations_of_an_account_are_few',
                              'This account has registered many people within a day: wait, or ask an operator.');
    END IF;
    INSERT INTO access.proposal (session_id, person) VALUES (me.session_id, propose_patient.person)
    RETURNING proposal_id INTO made;
    PERFORM access.note(me, 'create', NULL, 'access.proposal');
    RETURN made;
END $function$;
REVOKE EXECUTE ON FUNCTION access.propose_patient(access.caller,jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.propose_patient(access.caller,jsonb) TO healthtrack_care;

-- True for a provider who has not retired, and for none. For functions that have asked who acts.
CREATE OR REPLACE FUNCTION access.works(provider uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RETURN provider IS NULL OR EXISTS (SELECT FROM care.provider p WHERE p.provider_id = provider
                                       AND daterange(NULL, p.retired_on) @> current_date);
END $function$;
REVOKE EXECUTE ON FUNCTION access.works(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.works(uuid) TO healthtrack_migrator;

-- Gives a patient another address of one use from today on; gives its key.
CREATE OR REPLACE FUNCTION api.change_address(token text, patient uuid, use text, lines text[], city text, state text, postal_code text, country text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    UPDATE care.address AS a SET lines = change_address.lines, city = change_address.city, state = change_address.state,
        postal_code = change_address.postal_code, country = change_address.country
    WHERE a.patient_id = patient AND a.use = change_address.use AND lower(a.valid_during) = current_date
    RETURNING a.address_id INTO answer;
    IF answer IS NULL THEN
        UPDATE care.address AS a SET valid_during = daterange(lower(a.valid_during), current_date)
        WHERE a.patient_id = patient AND a.use = change_address.use AND a.valid_during @> current_date;
        INSERT INTO care.address AS a (patient_id, use, lines, city, state, postal_code, country, valid_during)
        VALUES (patient, change_address.use, change_address.lines, change_address.city, change_address.state,
                change_address.postal_code, change_address.country, daterange(current_date, NULL))
        RETURNING a.address_id INTO answer;
    END IF;
    PERFORM access.note(me, 'update', patient, 'care.address/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.change_address(text,uuid,text,text[],text,text,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_address(text,uuid,text,text[],text,text,text,text) TO healthtrack_portal;

-- Gives a patient a telephone number or mail address from today on, in place of a former one where it is named; gives its key.
CREATE OR REPLACE FUNCTION api.change_contact(token text, patient uuid, former uuid, system text, use text, value text, preferred boolean)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    DECLARE
        place smallint;
    BEGIN
        UPDATE care.contact_point AS c SET valid_during = daterange(lower(c.valid_during), current_date)
        WHERE c.patient_id = patient AND c.contact_point_id = former AND c.valid_during @> current_date
          AND lower(c.valid_during) IS DISTINCT FROM current_date
        RETURNING c.rank INTO place;
        IF change_contact.preferred THEN
            UPDATE care.contact_point AS c SET preferred = false
            WHERE c.patient_id = patient AND c.system = change_contact.system AND c.preferred
              AND c.valid_during @> current_date AND c.contact_point_id IS DISTINCT FROM former;
        END IF;
        UPDATE care.contact_point AS c SET system = change_contact.system, use = change_contact.use,
            value = change_contact.value, preferred = change_contact.preferred
        WHERE c.patient_id = patient AND c.contact_point_id = former AND lower(c.valid_during) = current_date
        RETURNING c.contact_point_id INTO answer;
        IF answer IS NULL THEN
            INSERT INTO care.contact_point AS c (patient_id, system, use, value, preferred, rank, valid_during)
            VALUES (patient, change_contact.system, change_contact.use, change_contact.value, change_contact.preferred,
                    coalesce(place, (SELECT 1 + max(o.rank) FROM care.contact_point o
                                     WHERE o.patient_id = patient AND o.system = change_contact.system), 1),
                    daterange(current_date, NULL))
            RETURNING c.contact_point_id INTO answer;
        END IF;
        PERFORM access.note(me, 'update', patient, 'care.contact_point/' || answer);
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.change_contact(text,uuid,uuid,text,text,text,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_contact(text,uuid,uuid,text,text,text,boolean) TO healthtrack_portal;

-- Gives a patient another name of one use from today on; gives its key.
CREATE OR REPLACE FUNCTION api.change_name(token text, patient uuid, use text, family text, given text[])
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    UPDATE care.patient_name AS n SET family = change_name.family, given = change_name.given
    WHERE n.patient_id = patient AND n.use = change_name.use AND lower(n.valid_during) = current_date
    RETURNING n.patient_name_id INTO answer;
    IF answer IS NULL THEN
        UPDATE care.patient_name AS n SET valid_during = daterange(lower(n.valid_during), current_date)
        WHERE n.patient_id = patient AND n.use = change_name.use AND n.valid_during @> current_date;
        INSERT INTO care.patient_name AS n (patient_id, use, family, given, valid_during)
        VALUES (patient, change_name.use, change_name.family, change_name.given, daterange(current_date, NULL))
        RETURNING n.patient_name_id INTO answer;
    END IF;
    PERFORM access.note(me, 'update', patient, 'care.patient_name/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.change_name(text,uuid,text,text,text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_name(text,uuid,text,text,text[]) TO healthtrack_portal;

-- Changes a patient's own row where it still has the version that the editor read: the version that stands, and whether it is the editor's; no row where there is no such patient for whoever acts.
CREATE OR REPLACE FUNCTION api.change_patient(token text, patient uuid, known_version integer, born_on date, sex text, time_zone text, deceased_at timestamp with time zone)
 RETURNS TABLE(saved boolean, version integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    IF me.part = 'patient' AND NOT EXISTS (
        SELECT FROM care.patient p WHERE p.patient_id = patient AND p.born_on = change_patient.born_on
           AND p.sex = change_patient.sex AND p.deceased_at IS NOT DISTINCT FROM change_patient.deceased_at) THEN
        PERFORM access.refuse('identity_is_changed_by_staff', 'Ask the front desk to correct who you are.');
    END IF;
    UPDATE care.patient AS p SET born_on = change_patient.born_on, sex = change_patient.sex,
        time_zone = change_patient.time_zone, deceased_at = change_patient.deceased_at
    WHERE p.patient_id = patient AND p.version = known_version
    RETURNING p.version INTO version;
    saved := FOUND;
    IF saved THEN
        PERFORM access.note(me, 'update', patient, 'care.patient/' || patient);
        RETURN NEXT;
    ELSE
        RETURN QUERY SELECT false, p.version FROM care.patient p WHERE p.patient_id = patient;
    END IF;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.change_patient(text,uuid,integer,date,text,text,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_patient(text,uuid,integer,date,text,text,timestamp with time zone) TO healthtrack_portal;

-- Providers who work somewhere today, by specialty and facility, the best rated first, 200 at most.
CREATE OR REPLACE FUNCTION api.find_providers(token text, of_specialty text, facility uuid, rows_max integer)
 RETURNS TABLE(provider_id uuid, name text, languages text[], reviews bigint, stars double precision, specialties text[], facilities uuid[])
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY SELECT p.provider_id, concat_ws(' ', p.given_name, p.family_name), p.languages, rating.reviews, rating.stars,
           ARRAY(SELECT s.specialty FROM care.provider_specialty s WHERE s.provider_id = p.provider_id
                 ORDER BY s.main DESC, s.specialty),
           place.facilities
    FROM care.provider p
    CROSS JOIN LATERAL (
        SELECT array_agg(DISTINCT a.facility_id) AS facilities
        FROM care.affiliation a JOIN care.facility f USING (facility_id)
        WHERE a.provider_id = p.provider_id AND a.valid_during @> (now() AT TIME ZONE f.time_zone)::date
    ) place
    CROSS JOIN LATERAL (
        SELECT count(*) AS reviews, avg(r.stars)::float8 AS stars FROM care.review r
        WHERE r.provider_id = p.provider_id AND r.state = 'published'
    ) rating
    WHERE place.facilities IS NOT NULL AND (facility IS NULL OR facility = ANY (place.facilities))
      AND (p.retired_on IS NULL OR p.retired_on > current_date)
      AND (of_specialty IS NULL OR EXISTS (
          SELECT FROM care.provider_specialty s WHERE s.provider_id = p.provider_id AND s.specialty = of_specialty))
    ORDER BY rating.stars DESC NULLS LAST, p.family_name, p.given_name, p.provider_id LIMIT least(rows_max, 200);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.find_providers(text,text,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.find_providers(text,text,uuid,integer) TO healthtrack_portal;

-- Whom the acting provider cares for, by name, those after the last line of the page before, 200 at most.
CREATE OR REPLACE FUNCTION api.read_panel(token text, look uuid, patient uuid, name_begins text, after_family text, after_given text[], after_patient uuid, rows_max integer)
 RETURNS TABLE(patient_id uuid, family text, given text[], born_on date, sex text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'panel');
    RETURN QUERY
    SELECT p.patient_id, n.family, n.given, p.born_on, p.sex
    FROM care.patient p JOIN care.patient_name n USING (patient_id)
    WHERE patient IS NULL AND p.patient_id = ANY ((SELECT access.patients_in_care())::uuid[])
      AND n.use = 'official' AND n.valid_during @> current_date
      AND (name_begins IS NULL OR starts_with(lower(n.family), lower(name_begins)))
      AND (after_patient IS NULL
           OR (lower(n.family), n.given, n.patient_id) > (lower(after_family), after_given, after_patient))
    ORDER BY lower(n.family), n.given, n.patient_id LIMIT least(rows_max, 200);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_panel(text,uuid,uuid,text,text,text[],uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_panel(text,uuid,uuid,text,text,text[],uuid,integer) TO healthtrack_portal;

-- Adds the patient who was proposed, all or nothing; gives the key.
CREATE OR REPLACE FUNCTION api.register_patient(token text, proposal uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := care.register_patient(access.take_proposal(me, proposal));
    PERFORM access.note(me, 'create', answer, 'care.patient/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.register_patient(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.register_patient(text,uuid) TO healthtrack_portal;

-- True where somebody under legal hold wore the device of a series during a block of it.
CREATE OR REPLACE FUNCTION signal.is_block_under_hold(series integer, first_at timestamp with time zone, last_at timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
BEGIN
    -- Asked for each block that goes: by the index of those under hold, of whom there are mostly none.
    PERFORM FROM care.patient p WHERE p.legal_hold ORDER BY p.patient_id LIMIT 1;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    RETURN EXISTS (
        SELECT FROM signal.series s JOIN care.wear w USING (device_key) JOIN care.patient p USING (patient_id)
        WHERE s.series_id = series AND p.legal_hold AND w.worn_during && tstzrange(first_at, last_at, '[]'));
END $function$;
REVOKE EXECUTE ON FUNCTION signal.is_block_under_hold(integer,timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.is_block_under_hold(integer,timestamp with time zone,timestamp with time zone) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- Which devices people under legal hold wore, and when; not who they are.
CREATE OR REPLACE FUNCTION signal.wear_under_legal_hold()
 RETURNS TABLE(device_id text, worn_during tstzrange)
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 10
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT device.device_id, wear.worn_during
    FROM care.patient JOIN care.wear USING (patient_id) JOIN signal.device USING (device_key) WHERE patient.legal_hold
$function$;
REVOKE EXECUTE ON FUNCTION signal.wear_under_legal_hold() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.wear_under_legal_hold() TO healthtrack_migrator, healthtrack_roller;
