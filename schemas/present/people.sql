-- Patients and providers, and how they are reached.
--
-- Written by `healthtrack schema docs` from the database's catalog; to be read, not run. Do not edit.

-- A person in care.
CREATE TABLE care.patient (
    patient_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- The one key of this person, everywhere.
    deceased_at timestamp with time zone,  -- When the person died; null while alive, as far as is known.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    born_on date,  -- Date of birth where the day is known; else null.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change; an editor says which one it read.
    legal_hold boolean DEFAULT false NOT NULL,  -- True while the law forbids to erase anything of this person.
    sex text NOT NULL,  -- Administrative gender by FHIR: female, male, other or unknown.
    time_zone care.time_zone NOT NULL,  -- Where the person's days begin and end.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    born_in text,  -- Year (1980) or month (1980-05) of birth where no more is known; null where the day is, or nothing.
    born_during daterange GENERATED ALWAYS AS (care.birth_span(born_on, born_in)) STORED,  -- Days on which the birth may have been, by born_on or born_in; null where nothing is known.
    CONSTRAINT patient_pkey PRIMARY KEY (patient_id),  -- This person is registered already.
    CONSTRAINT patient_birth_is_believable CHECK ((lower(born_during) >= '1900-01-01'::date)),  -- Give a date of birth after 1899.
    CONSTRAINT patient_birth_is_told_once CHECK (((born_on IS NULL) OR (born_in IS NULL))),  -- Give the day of birth, or the year or month of it, and not both.
    CONSTRAINT patient_born_in_is_a_year_or_month CHECK ((born_in ~ '^[12][0-9]{3}(-(0[1-9]|1[0-2]))?$'::text)),  -- Give a year of birth as 1980, or a month as 1980-05.
    CONSTRAINT patient_dies_after_birth CHECK (((((deceased_at AT TIME ZONE 'UTC'::text) + '14:00:00'::interval))::date >= lower(born_during))),  -- A date of death cannot lie before the date of birth.
    CONSTRAINT patient_sex_is_known CHECK ((sex = ANY (ARRAY['female'::text, 'male'::text, 'other'::text, 'unknown'::text])))  -- Choose female, male, other or unknown.
);
CREATE INDEX patient_born_idx ON care.patient USING btree (born_on);
CREATE INDEX patient_born_in_part_idx ON care.patient USING gist (born_during) WHERE (born_on IS NULL);
CREATE INDEX patient_under_hold_idx ON care.patient USING btree (patient_id) WHERE legal_hold;
CREATE TRIGGER patient_birth_moves_guardianship AFTER UPDATE ON care.patient FOR EACH ROW WHEN (((old.born_during IS DISTINCT FROM new.born_during) OR ((old.time_zone)::text IS DISTINCT FROM (new.time_zone)::text))) EXECUTE FUNCTION access.follow_birth();  -- Trigger after a birth date or time zone is changed: rights of guardians end by the birthday that is known now.
CREATE TRIGGER patient_death_is_counted AFTER UPDATE ON care.patient FOR EACH ROW WHEN (((old.deceased_at IS DISTINCT FROM new.deceased_at) OR ((old.time_zone)::text IS DISTINCT FROM (new.time_zone)::text))) EXECUTE FUNCTION care.log_treatment();  -- Trigger after a prescription, or a death, has changed: logs that all years of the patient are to be worked out.
CREATE TRIGGER patient_hold_waits_for_removals BEFORE UPDATE ON care.patient FOR EACH ROW WHEN ((new.legal_hold AND (NOT old.legal_hold))) EXECUTE FUNCTION care.wait_for_removals();  -- Trigger before a legal hold is set: waits until nothing of the person is being removed.
CREATE TRIGGER patient_is_of_this_day BEFORE INSERT OR UPDATE OF born_on, born_in, deceased_at ON care.patient FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_dates_of_person();  -- Trigger before a patient is stored: refuses a birth or death to come.
CREATE TRIGGER patient_is_stamped BEFORE INSERT OR UPDATE ON care.patient FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER patient_is_tallied AFTER DELETE OR UPDATE ON care.patient FOR EACH ROW EXECUTE FUNCTION care.log_person();  -- Trigger after what counts of a person has changed, or the person is gone: logs what stood there.
CREATE TRIGGER patient_is_touched BEFORE UPDATE ON care.patient FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER patient_keeps_former_versions AFTER UPDATE ON care.patient FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER patient_stays_under_hold BEFORE DELETE ON care.patient FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.patient FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.patient FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY desk ON care.patient FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[])));
CREATE POLICY granted ON care.patient FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY granted_apart ON care.patient FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted_apart() AS patients_granted_apart)::uuid[])));
CREATE POLICY maintenance ON care.patient FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.patient FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY rolled ON care.patient FOR SELECT TO healthtrack_roller USING (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.patient TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE (deceased_at, born_on, sex, time_zone, born_in) ON care.patient TO healthtrack_care;
GRANT SELECT (patient_id, legal_hold) ON care.patient TO healthtrack_roller;

-- What a person is called, by use, script and time; one name may be all.
CREATE TABLE care.patient_name (
    patient_name_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    valid_during daterange DEFAULT daterange(NULL::date, NULL::date) NOT NULL,  -- When it was used; unbounded where that is not known.
    use text NOT NULL,  -- official, usual, maiden or nickname.
    family text,  -- Family name; null where the person has none.
    given text[] DEFAULT '{}'::text[] NOT NULL,  -- Given names in their order; empty where the person has a family name alone.
    prefix text,  -- Title before the name; null where there is none.
    suffix text,  -- What follows the name; null where there is none.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    preferred boolean NOT NULL,  -- Whether lists show this one of the names of its use and time; without a word of it, the first is.
    script text NOT NULL,  -- Script by ISO 15924: Latn, Hani, Jpan, Kana, Cyrl; told by the letters where it is not said.
    language text,  -- Language by BCP 47, as ja or zh-Hant; null where it is not said.
    CONSTRAINT patient_name_pkey PRIMARY KEY (patient_name_id),  -- This patient name is known already.
    CONSTRAINT patient_name_is_one_at_a_time EXCLUDE USING gist (patient_id WITH =, use WITH =, script WITH =, valid_during WITH &&),  -- The patient has a name of this use in this script at that time already.
    CONSTRAINT patient_name_preferred_is_one EXCLUDE USING gist (patient_id WITH =, use WITH =, valid_during WITH &&) WHERE (preferred),  -- Another name of this use is the preferred one at that time.
    CONSTRAINT patient_name_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT patient_name_is_short CHECK (((length(family) <= 200) AND (length(array_to_string(given, ' '::text)) <= 400))),  -- A name has 200 letters at most.
    CONSTRAINT patient_name_is_some CHECK ((COALESCE((family ~ '\S'::text), (cardinality(given) >= 1)) AND (cardinality(given) <= 10) AND (array_position(given, NULL::text) IS NULL) AND ((cardinality(given) = 0) OR (array_to_string(given, ' '::text) ~ '\S'::text)))),  -- Give a family name or a given name, and nothing blank.
    CONSTRAINT patient_name_language_is_bcp_47 CHECK ((language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'::text)),  -- Give the language by its tag, such as ja or zh-Hant.
    CONSTRAINT patient_name_period_is_some CHECK ((NOT isempty(valid_during))),  -- A period ends after it began.
    CONSTRAINT patient_name_script_is_iso_15924 CHECK ((script ~ '^[A-Z][a-z]{3}$'::text)),  -- Give the script by its four letters of ISO 15924, such as Latn.
    CONSTRAINT patient_name_use_is_known CHECK ((use = ANY (ARRAY['official'::text, 'usual'::text, 'maiden'::text, 'nickname'::text])))  -- Choose official, usual, maiden or nickname.
);
CREATE INDEX patient_name_family_idx ON care.patient_name USING btree (lower(family) text_pattern_ops, patient_id);
CREATE INDEX patient_name_patient_idx ON care.patient_name USING btree (patient_id);
CREATE TRIGGER patient_name_is_filled BEFORE INSERT ON care.patient_name FOR EACH ROW EXECUTE FUNCTION care.fill_name();  -- Trigger before a name is added: its script is told by its letters, and it is the preferred one where it is the first.
CREATE TRIGGER patient_name_is_not_of_a_joined_record AFTER INSERT ON care.patient_name REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER patient_name_is_stamped BEFORE INSERT OR UPDATE ON care.patient_name FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER patient_name_is_touched BEFORE UPDATE ON care.patient_name FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER patient_name_keeps_former_versions AFTER UPDATE ON care.patient_name FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER patient_name_stays_under_hold BEFORE DELETE ON care.patient_name FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.patient_name FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.patient_name FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY desk ON care.patient_name FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[])));
CREATE POLICY granted ON care.patient_name FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY granted_apart ON care.patient_name FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted_apart() AS patients_granted_apart)::uuid[])));
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
CREATE TRIGGER address_is_not_of_a_joined_record AFTER INSERT ON care.address REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER address_is_stamped BEFORE INSERT OR UPDATE ON care.address FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER address_is_touched BEFORE UPDATE ON care.address FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER address_keeps_former_versions AFTER UPDATE ON care.address FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
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
CREATE INDEX contact_point_value_idx ON care.contact_point USING btree (value);
CREATE TRIGGER contact_point_is_not_of_a_joined_record AFTER INSERT ON care.contact_point REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER contact_point_is_stamped BEFORE INSERT OR UPDATE ON care.contact_point FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER contact_point_is_touched BEFORE UPDATE ON care.contact_point FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER contact_point_keeps_former_versions AFTER UPDATE ON care.contact_point FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
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
    system text NOT NULL,  -- Its kind: mrn (record number of a facility), ssn, passport, driver_license, or member_number.
    value text,  -- The number; null for national ones, which are sealed.
    masked text NOT NULL,  -- The number with all but its last characters hidden, to show on a page.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    issuer text NOT NULL,  -- Who gave it: US-SSA, a country or state by ISO 3166, an insurer; facility for a record number, unknown where nobody said.
    CONSTRAINT identifier_pkey PRIMARY KEY (identifier_id),  -- This identifier is known already.
    CONSTRAINT identifier_id_with_patient_is_unique UNIQUE (patient_id, identifier_id),  -- This identifier is known already.
    CONSTRAINT identifier_of_a_facility_is_unique UNIQUE (facility_id, value),  -- This number cannot be used: check it.
    CONSTRAINT identifier_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT identifier_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT identifier_facility_has_its_record_numbers CHECK (((system = 'mrn'::text) = (facility_id IS NOT NULL))),  -- A record number belongs to a facility, and no other number does.
    CONSTRAINT identifier_issuer_is_a_name CHECK ((issuer ~ '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$'::text)),  -- Name who gave the number, by letters and digits: US-SSA, US-IL.
    CONSTRAINT identifier_period_is_some CHECK ((NOT isempty(valid_during))),  -- A period ends after it began.
    CONSTRAINT identifier_system_is_known CHECK ((system = ANY (ARRAY['mrn'::text, 'ssn'::text, 'passport'::text, 'driver_license'::text, 'member_number'::text]))),  -- Choose mrn, ssn, passport, driver_license or member_number.
    CONSTRAINT identifier_value_fits_its_system CHECK (care.identifier_fits(system, value)),  -- This is not how such a number is written.
    CONSTRAINT identifier_value_is_sealed_where_national CHECK ((care.is_national(system) = (value IS NULL)))  -- A national number is kept sealed, and no other is.
);
CREATE INDEX identifier_patient_idx ON care.identifier USING btree (patient_id);
CREATE INDEX identifier_value_idx ON care.identifier USING btree (value);
CREATE TRIGGER identifier_closes BEFORE INSERT OR UPDATE OF value, system, issuer, facility_id ON care.identifier FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.seal_identifier();  -- Trigger before a number is written: masks it, keeps its digest, and seals it where it is national.
CREATE TRIGGER identifier_is_not_of_a_joined_record AFTER INSERT ON care.identifier REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER identifier_is_stamped BEFORE INSERT OR UPDATE ON care.identifier FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER identifier_is_touched BEFORE UPDATE ON care.identifier FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER identifier_keeps_former_versions AFTER UPDATE ON care.identifier FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER identifier_stays_under_hold BEFORE DELETE ON care.identifier FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.identifier FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.identifier FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.identifier FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.identifier FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.identifier FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.identifier TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.identifier TO healthtrack_care;

-- Numbers of people that are no facility's: their digests, and national ones as ciphertext.
CREATE TABLE care.identifier_seal (
    identifier_id uuid NOT NULL,  -- Of which identifier.
    patient_id uuid NOT NULL,  -- Whose.
    digest bytea NOT NULL,  -- HMAC-SHA256 of system, issuer and number.
    sealed bytea,  -- The number, encrypted; null where care.identifier has it.
    CONSTRAINT identifier_seal_pkey PRIMARY KEY (identifier_id),  -- This identifier is sealed already.
    CONSTRAINT identifier_of_a_system_is_unique EXCLUDE USING btree (digest WITH =),  -- This number cannot be used: check it.
    CONSTRAINT identifier_seal_identifier_fkey FOREIGN KEY (patient_id, identifier_id) REFERENCES care.identifier(patient_id, identifier_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,  -- Add the identifier first.
    CONSTRAINT identifier_seal_digest_is_whole CHECK ((octet_length(digest) = 32))  -- A digest has 32 bytes.
);
CREATE INDEX identifier_seal_patient_idx ON care.identifier_seal USING btree (patient_id);
CREATE TRIGGER identifier_seal_stays_under_hold BEFORE DELETE ON care.identifier_seal FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.identifier_seal FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.identifier_seal FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.identifier_seal TO healthtrack_migrator;

-- Somebody who stands near a patient: a relative, emergency contact, guardian or attorney; being named here opens nothing.
CREATE TABLE care.related_person (
    related_person_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Near whom.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    rank smallint,  -- Whom to call first in an emergency, from 1; null where that is not said.
    valid_during daterange DEFAULT daterange(NULL::date, NULL::date) NOT NULL,  -- When; unbounded where that is not known.
    relationship text NOT NULL,  -- What the person is to the patient: mother, spouse, friend, attorney …
    roles text[] DEFAULT '{}'::text[] NOT NULL,  -- What the person is there for: emergency_contact, next_of_kin, guardian, power_of_attorney, caregiver.
    family text,  -- Family name; null where there is none.
    given text[],  -- Given names, in their order; null where there are none.
    phone text,  -- Number by E.164; null where it is not known.
    email text,  -- Mail address; null where it is not known.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT related_person_pkey PRIMARY KEY (related_person_id),  -- This person is known already.
    CONSTRAINT related_person_id_with_patient_is_unique UNIQUE (patient_id, related_person_id),  -- This person is known already.
    CONSTRAINT related_person_rank_is_taken_once EXCLUDE USING gist (patient_id WITH =, rank WITH =, valid_during WITH &&),  -- Somebody else of this patient has this rank.
    CONSTRAINT related_person_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT related_person_email_is_an_address CHECK ((email ~ '^[^@\s]{1,64}@[^@\s]{1,190}$'::text)),  -- Give a mail address with one @.
    CONSTRAINT related_person_has_a_name CHECK ((((COALESCE(family, ''::text) || COALESCE(array_to_string(given, ' '::text), ''::text)) ~ '\S'::text) AND (length(COALESCE(family, ''::text)) <= 200) AND (length(COALESCE(array_to_string(given, ' '::text), ''::text)) <= 400))),  -- Give the person's name, of 200 letters at most.
    CONSTRAINT related_person_in_an_emergency_is_reached CHECK (((NOT (roles @> '{emergency_contact}'::text[])) OR ((rank IS NOT NULL) AND (num_nonnulls(phone, email) > 0)))),  -- Give an emergency contact a rank, and a number or mail address.
    CONSTRAINT related_person_period_is_some CHECK ((NOT isempty(valid_during))),  -- A period ends after it began.
    CONSTRAINT related_person_phone_is_e164 CHECK ((phone ~ '^\+[1-9][0-9]{6,14}$'::text)),  -- Give a number as +12175550100.
    CONSTRAINT related_person_rank_is_positive CHECK (((rank >= 1) AND (rank <= 100))),  -- Ranks begin at 1.
    CONSTRAINT related_person_relationship_is_known CHECK ((relationship = ANY (ARRAY['mother'::text, 'father'::text, 'parent'::text, 'guardian'::text, 'spouse'::text, 'partner'::text, 'child'::text, 'sibling'::text, 'grandparent'::text, 'relative'::text, 'friend'::text, 'neighbour'::text, 'caregiver'::text, 'attorney'::text, 'other'::text]))),  -- Choose one of the known relationships.
    CONSTRAINT related_person_roles_are_known CHECK (((array_position(roles, NULL::text) IS NULL) AND (roles <@ ARRAY['emergency_contact'::text, 'next_of_kin'::text, 'guardian'::text, 'power_of_attorney'::text, 'caregiver'::text])))  -- Choose emergency_contact, next_of_kin, guardian, power_of_attorney or caregiver.
);
CREATE TRIGGER related_person_is_not_of_a_joined_record AFTER INSERT ON care.related_person REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE TRIGGER related_person_is_stamped BEFORE INSERT OR UPDATE ON care.related_person FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER related_person_is_touched BEFORE UPDATE ON care.related_person FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER related_person_keeps_former_versions AFTER UPDATE ON care.related_person FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_former_version();  -- Trigger after each update: keeps the former row in care.record_version, and refuses to move a row to another patient.
CREATE TRIGGER related_person_stays_under_hold BEFORE DELETE ON care.related_person FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.related_person FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.related_person FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY desk ON care.related_person FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_at_desk() AS patients_at_desk)::uuid[])));
CREATE POLICY granted ON care.related_person FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.related_person FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.related_person FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.related_person TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.related_person TO healthtrack_care;

-- From which birthday on a person decides alone, by jurisdiction; 18 where there is no row.
CREATE TABLE care.age_of_majority (
    majority_years smallint DEFAULT 18 NOT NULL,  -- From which birthday on nobody is a guardian of a minor.
    confidential_years smallint DEFAULT 12 NOT NULL,  -- From which birthday on care of a confidential kind is closed to guardians of minors.
    jurisdiction text NOT NULL,  -- Country or state by ISO 3166: US, US-AL.
    CONSTRAINT age_of_majority_pkey PRIMARY KEY (jurisdiction),  -- This jurisdiction has its ages already.
    CONSTRAINT age_of_majority_comes_after_confidence CHECK (((confidential_years >= 0) AND (confidential_years <= majority_years))),  -- Confidential care closes to guardians by the age of majority.
    CONSTRAINT age_of_majority_is_believable CHECK (((majority_years >= 14) AND (majority_years <= 25))),  -- An age of majority lies between 14 and 25 years.
    CONSTRAINT age_of_majority_jurisdiction_is_iso_3166 CHECK ((jurisdiction ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'::text))  -- Give the jurisdiction as US or US-AL.
);
ALTER TABLE care.age_of_majority FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.age_of_majority FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.age_of_majority FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.age_of_majority TO healthtrack_migrator;
GRANT SELECT ON care.age_of_majority TO healthtrack_care;

-- Two records of one person, joined; each keeps its rows, and the joined one takes no new ones.
CREATE TABLE care.patient_link (
    patient_link_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- The record that was joined to the survivor.
    survivor_id uuid NOT NULL,  -- The record that goes on.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When they were joined.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    ended_at timestamp with time zone,  -- When they were separated again; null while they are joined.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    reason text NOT NULL,  -- Why they are one person's.
    joined_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that joined them.
    ended_by text,  -- Account or program that separated them; null while they are joined.
    end_reason text,  -- Why they are not one person's; null while they are joined.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT patient_link_pkey PRIMARY KEY (patient_link_id),  -- This link is known already.
    CONSTRAINT patient_link_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT patient_link_survivor_fkey FOREIGN KEY (survivor_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT patient_link_end_says_why CHECK (((num_nonnulls(ended_at, ended_by, end_reason) = ANY (ARRAY[0, 3])) AND ((end_reason IS NULL) OR (end_reason ~ '\S.{4,}'::text)) AND (length(end_reason) <= 1000))),  -- Say in a few words why these are not one person's records.
    CONSTRAINT patient_link_is_of_two_records CHECK ((patient_id <> survivor_id)),  -- Join two records: these are the same.
    CONSTRAINT patient_link_says_why CHECK (((reason ~ '\S.{4,}'::text) AND (length(reason) <= 1000)))  -- Say in a few words why these are one person's records.
);
CREATE UNIQUE INDEX patient_link_joins_once ON care.patient_link USING btree (patient_id) WHERE (ended_at IS NULL);
CREATE INDEX patient_link_patient_idx ON care.patient_link USING btree (patient_id);
CREATE INDEX patient_link_survivor_idx ON care.patient_link USING btree (survivor_id);
CREATE TRIGGER patient_link_is_lawful BEFORE INSERT OR UPDATE ON care.patient_link FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.check_patient_link();  -- Trigger before records are joined or separated: no chains, and no change but the end; a joined record waits for no visit.
CREATE TRIGGER patient_link_is_touched BEFORE UPDATE ON care.patient_link FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER patient_link_stays_under_hold BEFORE DELETE ON care.patient_link FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.patient_link FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.patient_link FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.patient_link TO healthtrack_migrator;

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
CREATE POLICY administrator ON care.provider FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.provider FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.provider FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.provider TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.provider TO healthtrack_care;

-- Degrees, certificates, licences and exemptions of providers; a licence holds in its state or country, on its days.
CREATE TABLE care.qualification (
    qualification_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    provider_id uuid NOT NULL,  -- Who holds it.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    awarded_year smallint NOT NULL,  -- Year in which it was first given.
    licensed_during daterange,  -- Days on which a licence or exemption is valid; null for other kinds, no upper bound where it does not end.
    title text NOT NULL,  -- What it is: Doctor of Medicine.
    issuer text NOT NULL,  -- University, board or state that gave it.
    license_number text,  -- Number of a licence; null for what is no licence.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    kind text DEFAULT 'degree'::text NOT NULL,  -- degree, certificate, license, or exemption: of what may be done there without a licence.
    country text,  -- Country where a licence or exemption holds, by ISO 3166-1; null for other kinds.
    state text,  -- State where it holds, by the code of ISO 3166-2 after the country; null for the whole country.
    verified_at timestamp with time zone,  -- When somebody verified it with its issuer; null where nobody has.
    verified_by uuid,  -- Administrator who verified it; null where nobody has.
    CONSTRAINT qualification_pkey PRIMARY KEY (qualification_id),  -- This qualification is known already.
    CONSTRAINT qualification_is_not_repeated UNIQUE (provider_id, title, issuer, awarded_year),  -- The provider has this qualification already.
    CONSTRAINT qualification_license_is_unique_with_its_issuer UNIQUE (issuer, license_number),  -- Somebody else holds the licence with this number.
    CONSTRAINT qualification_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Add the provider first.
    CONSTRAINT qualification_verifier_fkey FOREIGN KEY (verified_by) REFERENCES access.account(account_id),  -- An account verifies.
    CONSTRAINT qualification_country_is_iso_3166 CHECK ((country ~ '^[A-Z]{2}$'::text)),  -- Give the country by two capital letters.
    CONSTRAINT qualification_is_verified_by_somebody CHECK (((verified_at IS NULL) = (verified_by IS NULL))),  -- What is verified was verified by somebody at some time.
    CONSTRAINT qualification_kind_is_known CHECK ((kind = ANY (ARRAY['degree'::text, 'certificate'::text, 'license'::text, 'exemption'::text]))),  -- Choose degree, certificate, license or exemption.
    CONSTRAINT qualification_license_begins CHECK (((NOT isempty(licensed_during)) AND (NOT lower_inf(licensed_during)))),  -- A licence has a first day, and ends after it.
    CONSTRAINT qualification_license_has_a_jurisdiction CHECK ((((country IS NOT NULL) = (kind = ANY (ARRAY['license'::text, 'exemption'::text]))) AND ((state IS NULL) OR (country IS NOT NULL)))) NOT VALID,  -- Say in which country or state a licence or exemption holds, and of nothing else.
    CONSTRAINT qualification_license_has_number_and_period CHECK ((((license_number IS NOT NULL) = (kind = 'license'::text)) AND ((licensed_during IS NOT NULL) = (kind = ANY (ARRAY['license'::text, 'exemption'::text]))))),  -- A licence needs both its number and its period, an exemption its period, and nothing else has either.
    CONSTRAINT qualification_state_is_iso_3166 CHECK ((state ~ '^[A-Z0-9]{1,3}$'::text)),  -- Give the state by its code, such as IL.
    CONSTRAINT qualification_title_is_some CHECK (((title ~ '\S'::text) AND (issuer ~ '\S'::text))),  -- Give the qualification a title and an issuer.
    CONSTRAINT qualification_year_is_believable CHECK (((awarded_year >= 1940) AND (awarded_year <= 2100)))  -- Give a year between 1940 and 2100.
);
CREATE INDEX qualification_provider_idx ON care.qualification USING btree (provider_id);
CREATE INDEX qualification_verifier_idx ON care.qualification USING btree (verified_by);
CREATE TRIGGER qualification_is_stamped BEFORE INSERT OR UPDATE ON care.qualification FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER qualification_is_touched BEFORE UPDATE ON care.qualification FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.qualification FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.qualification FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.qualification FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.qualification FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.qualification TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.qualification TO healthtrack_care;

-- Fields of care.
CREATE TABLE care.specialty (
    specialty text NOT NULL,  -- Stable word.
    nucc_code text NOT NULL,  -- Code in the Health Care Provider Taxonomy.
    title text NOT NULL,  -- A few words for a person.
    opens text[] DEFAULT '{}'::text[] NOT NULL,  -- Categories of sensitive rows that care by a provider of this specialty opens when it begins.
    CONSTRAINT specialty_pkey PRIMARY KEY (specialty),  -- This specialty is known already.
    CONSTRAINT specialty_nucc_code_is_unique UNIQUE (nucc_code),  -- Another specialty has this code.
    CONSTRAINT specialty_is_snake_case CHECK ((specialty ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Name a specialty by small letters, digits and underscores.
    CONSTRAINT specialty_nucc_code_has_its_shape CHECK ((nucc_code ~ '^[0-9A-Z]{9}X$'::text)),  -- A code of the provider taxonomy has ten letters or digits and ends with X.
    CONSTRAINT specialty_opens_known_categories CHECK ((opens <@ ARRAY['behavioural_health'::text, 'reproductive'::text, 'substance_use'::text, 'hiv'::text])),  -- A specialty opens categories among behavioural_health, reproductive, substance_use and hiv.
    CONSTRAINT specialty_title_is_some CHECK ((title ~ '\S'::text))  -- Give the specialty a title.
);
ALTER TABLE care.specialty FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.specialty FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.specialty FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.specialty FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.specialty TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.specialty TO healthtrack_care;

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
CREATE POLICY administrator ON care.provider_specialty FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.provider_specialty FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.provider_specialty FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.provider_specialty TO healthtrack_care;
GRANT DELETE, INSERT, SELECT, UPDATE ON care.provider_specialty TO healthtrack_migrator;

-- Who works at which facility, as what and when: providers of the network, and others by name.
CREATE TABLE care.affiliation (
    affiliation_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    provider_id uuid,  -- Provider of the network; null for anybody else.
    facility_id uuid NOT NULL,  -- The facility.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    valid_during daterange NOT NULL,  -- Days, where the facility is; no upper bound while it goes on.
    role text NOT NULL,  -- As what.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    staff_name text,  -- Name of who is no provider; null for a provider.
    department_id uuid,  -- In which department; null where for the whole facility.
    CONSTRAINT affiliation_pkey PRIMARY KEY (affiliation_id),  -- This affiliation is known already.
    CONSTRAINT affiliation_does_not_overlap EXCLUDE USING gist (provider_id WITH =, facility_id WITH =, role WITH =, COALESCE(department_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, valid_during WITH &&),  -- The provider works there as that at that time already.
    CONSTRAINT affiliation_of_a_name_does_not_overlap EXCLUDE USING gist (facility_id WITH =, staff_name WITH =, role WITH =, COALESCE(department_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, valid_during WITH &&),  -- That person works there as that at that time already.
    CONSTRAINT affiliation_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Add the facility first.
    CONSTRAINT affiliation_is_in_a_department_of_its_facility FOREIGN KEY (facility_id, department_id) REFERENCES care.department(facility_id, department_id),  -- Choose a department of the facility of work.
    CONSTRAINT affiliation_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Add the provider first.
    CONSTRAINT affiliation_role_fkey FOREIGN KEY (role) REFERENCES care.staff_role(role),  -- Choose one of the known roles.
    CONSTRAINT affiliation_begins CHECK (((NOT isempty(valid_during)) AND (NOT lower_inf(valid_during)))),  -- An affiliation has a first day, and ends after it.
    CONSTRAINT affiliation_is_of_one_person CHECK (((num_nonnulls(provider_id, staff_name) = 1) AND (staff_name ~ '\S'::text)))  -- Name a provider or somebody else, one of the two.
);
CREATE INDEX affiliation_department_idx ON care.affiliation USING btree (facility_id, department_id);
CREATE INDEX affiliation_role_idx ON care.affiliation USING btree (role);
CREATE TRIGGER affiliation_is_stamped BEFORE INSERT OR UPDATE ON care.affiliation FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER affiliation_is_touched BEFORE UPDATE ON care.affiliation FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.affiliation FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.affiliation FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.affiliation FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.affiliation FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY manager ON care.affiliation FOR ALL TO healthtrack_care USING (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])))) WITH CHECK (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[]))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.affiliation TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.affiliation TO healthtrack_care;

-- As what somebody may work at a facility.
CREATE TABLE care.staff_role (
    role text NOT NULL,  -- Stable word.
    title text NOT NULL,  -- A few words for a person.
    CONSTRAINT staff_role_pkey PRIMARY KEY (role),  -- This role is known already.
    CONSTRAINT staff_role_is_snake_case CHECK ((role ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Name the role by small letters, digits and underscores.
    CONSTRAINT staff_role_title_is_some CHECK ((title ~ '\S'::text))  -- Give the role a title.
);
ALTER TABLE care.staff_role FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.staff_role FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.staff_role FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.staff_role FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.staff_role TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.staff_role TO healthtrack_care;

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
CREATE POLICY administrator ON care.availability FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.availability FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.availability FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY manager ON care.availability FOR ALL TO healthtrack_care USING (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])))) WITH CHECK (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[]))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.availability TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.availability TO healthtrack_care;

-- Time at which a provider is away, or there beyond the weekly hours. Why is not asked: everybody reads this.
CREATE TABLE care.availability_exception (
    availability_exception_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    provider_id uuid NOT NULL,  -- Who.
    facility_id uuid,  -- Where the provider works longer, or is away from; null where the provider is away from everywhere.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    during tstzrange NOT NULL,  -- Half-open period; an extra one is of one day at most.
    kind text NOT NULL,  -- off or extra; off wins where both are.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT availability_exception_pkey PRIMARY KEY (availability_exception_id),  -- This exception is known already.
    CONSTRAINT availability_exception_does_not_overlap EXCLUDE USING gist (provider_id WITH =, kind WITH =, during WITH &&) WHERE (((kind = 'extra'::text) OR (facility_id IS NULL))),  -- The provider has such an exception at that time already.
    CONSTRAINT availability_exception_off_at_a_place_does_not_overlap EXCLUDE USING gist (provider_id WITH =, facility_id WITH =, during WITH &&) WHERE ((kind = 'off'::text)),  -- The provider is away from there at that time already.
    CONSTRAINT availability_exception_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Add the facility first.
    CONSTRAINT availability_exception_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Add the provider first.
    CONSTRAINT availability_exception_extra_has_a_place CHECK (((kind <> 'extra'::text) OR (facility_id IS NOT NULL))),  -- Extra hours need a facility.
    CONSTRAINT availability_exception_extra_is_a_day_at_most CHECK (((kind = 'off'::text) OR (upper(during) <= (lower(during) + '24:00:00'::interval)))),  -- Give extra hours day by day.
    CONSTRAINT availability_exception_is_half_open CHECK (((NOT isempty(during)) AND lower_inc(during) AND (NOT upper_inc(during)) AND (NOT lower_inf(during)) AND (NOT upper_inf(during)))),  -- An exception has a beginning and an end after it.
    CONSTRAINT availability_exception_kind_is_known CHECK ((kind = ANY (ARRAY['off'::text, 'extra'::text])))  -- Choose off or extra.
);
CREATE INDEX availability_exception_facility_idx ON care.availability_exception USING btree (facility_id);
CREATE TRIGGER availability_exception_is_stamped BEFORE INSERT OR UPDATE ON care.availability_exception FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER availability_exception_is_touched BEFORE UPDATE ON care.availability_exception FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.availability_exception FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.availability_exception FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.availability_exception FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.availability_exception FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY manager ON care.availability_exception FOR ALL TO healthtrack_care USING (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])))) WITH CHECK (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[]))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.availability_exception TO healthtrack_care;
GRANT DELETE, INSERT, SELECT, UPDATE ON care.availability_exception TO healthtrack_migrator;

-- Mean of the published ratings of each provider, with their number; no row where there is none.
--   provider_id: The provider.
--   reviews: How many published ratings.
--   stars: Their mean, to the hundredth.
CREATE VIEW care.provider_rating WITH (security_invoker=true) AS
 SELECT provider_id,
    (sum(provider_reviews))::bigint AS reviews,
    round((sum(provider_stars) / sum(provider_reviews)), 2) AS stars
   FROM care.review_tally
  GROUP BY provider_id
 HAVING (sum(provider_reviews) > (0)::numeric);
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
    ELSIF NOT person ? 'born_on' THEN
        PERFORM care.refuse('patient_birth_is_told', 'Give the date of birth as far as it is known, or null where it is not.');
    END IF;
    INSERT INTO care.patient (born_on, born_in, sex, time_zone)
    SELECT birth.born_on, birth.born_in, person ->> 'sex', person ->> 'time_zone'
    FROM care.read_birth(person ->> 'born_on') AS birth
    RETURNING patient_id INTO registered;
    INSERT INTO care.patient_name (patient_id, use, family, given, prefix, suffix, script, language, preferred)
    SELECT registered, n.use, n.family, coalesce(n.given, '{}'), n.prefix, n.suffix,
           coalesce(n.script, care.script_of(concat_ws(' ', n.family, array_to_string(n.given, ' ')))), n.language,
           coalesce(n.preferred, false)
    FROM jsonb_to_recordset(person -> 'names') AS n (use text, family text, given text[], prefix text, suffix text, script text, language text, preferred boolean)
    -- What is said to be preferred comes before what might take its place.
    ORDER BY n.preferred DESC NULLS LAST;
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

-- The ages of a jurisdiction: its own, else its country's, else 18 and 12 years.
CREATE OR REPLACE FUNCTION care.ages_in(jurisdiction text)
 RETURNS care.age_of_majority
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(
        (SELECT m FROM care.age_of_majority m WHERE m.jurisdiction = ages_in.jurisdiction),
        (SELECT m FROM care.age_of_majority m WHERE m.jurisdiction = left(ages_in.jurisdiction, 2)),
        ROW(18, 12, ages_in.jurisdiction)::care.age_of_majority)
$function$;
REVOKE EXECUTE ON FUNCTION care.ages_in(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.ages_in(text) TO healthtrack_care, healthtrack_migrator;

-- When a provider can be seen at a facility within a period, taken or not.
CREATE OR REPLACE FUNCTION care.available(asked_provider uuid, asked_facility uuid, span tstzrange)
 RETURNS tstzmultirange
 LANGUAGE sql
 STABLE
AS $function$
    SELECT (SELECT coalesce(range_agg(h.during), '{}') FROM care.visiting_hours(asked_provider, asked_facility, span) h)
           * tstzmultirange(span)
           - (SELECT coalesce(range_agg(e.during), '{}') FROM care.availability_exception e
              WHERE e.provider_id = asked_provider AND e.kind = 'off' AND e.during && span
                AND (e.facility_id IS NULL OR e.facility_id = asked_facility))
$function$;

-- The days on which somebody may have been born; null where nothing is known.
CREATE OR REPLACE FUNCTION care.birth_days(person care.patient)
 RETURNS daterange
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (person).born_during;
REVOKE EXECUTE ON FUNCTION care.birth_days(care.patient) FROM PUBLIC;

-- Who may have been born on one of these days.
CREATE OR REPLACE FUNCTION care.born_within(days daterange)
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$SELECT p.patient_id FROM care.patient p WHERE p.born_on >= lower(days) AND p.born_on < upper(days) UNION ALL SELECT p.patient_id FROM care.patient p
                                    WHERE p.born_on IS NULL AND p.born_during && days$function$;
REVOKE EXECUTE ON FUNCTION care.born_within(daterange) FROM PUBLIC;

-- Trigger before a patient is stored: refuses a birth or death to come.
CREATE OR REPLACE FUNCTION care.check_dates_of_person()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    -- A column that is generated is not there yet.
    first_on constant date := lower(care.birth_span(NEW.born_on, NEW.born_in));
BEGIN
    IF first_on > current_date + 1 OR NEW.deceased_at > now() + INTERVAL '1 day' THEN
        PERFORM care.refuse('patient_is_of_this_day', 'A date of birth or death does not lie ahead.');
    ELSIF (NEW.deceased_at AT TIME ZONE NEW.time_zone::text)::date < first_on THEN
        PERFORM care.refuse('patient_dies_after_birth', 'A date of death cannot lie before the date of birth.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_dates_of_person() FROM PUBLIC;

-- Trigger before records are joined or separated: no chains, and no change but the end; a joined record waits for no visit.
CREATE OR REPLACE FUNCTION care.check_patient_link()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.ended_at IS NOT NULL OR (NEW.patient_id, NEW.survivor_id, NEW.reason, NEW.joined_by, NEW.created_at)
            IS DISTINCT FROM (OLD.patient_id, OLD.survivor_id, OLD.reason, OLD.joined_by, OLD.created_at) THEN
            PERFORM care.refuse('patient_link_is_ended_and_not_altered', 'Separate these records, and join others.');
        END IF;
        RETURN NEW;
    END IF;
    -- In one order for all, and as for a deletion: waits for whoever is adding rows of either.
    PERFORM FROM care.patient p WHERE p.patient_id IN (NEW.patient_id, NEW.survivor_id) ORDER BY p.patient_id FOR UPDATE;
    IF EXISTS (SELECT FROM care.patient_link l WHERE l.ended_at IS NULL
               AND (l.patient_id = NEW.survivor_id OR l.survivor_id = NEW.patient_id)) THEN
        PERFORM care.refuse('patient_links_make_no_chain',
            'One of these records was joined before: join to the record that goes on, or separate those first.');
    END IF;
    -- An offer of the wait-list is a new fact, made in the statement of somebody else, which it must not refuse.
    UPDATE care.waitlist_entry w SET status = 'left' WHERE w.patient_id = NEW.patient_id AND w.status = 'waiting';
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_patient_link() FROM PUBLIC;

-- Trigger before a name is added: its script is told by its letters, and it is the preferred one where it is the first.
CREATE OR REPLACE FUNCTION care.fill_name()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    NEW.script := coalesce(NEW.script, care.script_of(concat_ws(' ', NEW.family, array_to_string(NEW.given, ' '))));
    -- Without one that is preferred, lists would not show the person.
    NEW.preferred := coalesce(NEW.preferred, false) OR NOT EXISTS (
        SELECT FROM care.patient_name AS other
        WHERE other.patient_id = NEW.patient_id AND other.use = NEW.use AND other.preferred
          AND other.valid_during && NEW.valid_during AND other.script <> NEW.script);
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.fill_name() FROM PUBLIC;

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

-- Times at which a provider is licensed where a visit takes place: days of licences and exemptions of its state or country.
CREATE OR REPLACE FUNCTION care.licensed(asked_provider uuid, asked_facility uuid, asked_mode text, asked_patient uuid, span tstzrange)
 RETURNS tstzmultirange
 LANGUAGE sql
 STABLE
AS $function$
    SELECT coalesce(range_agg(tstzrange(care.local_instant(day.at, place.zone),
                                        care.local_instant(day.at + INTERVAL '1 day', place.zone))), '{}')
    FROM generate_series((lower(span) AT TIME ZONE 'UTC')::date - INTERVAL '1 day',
                         (upper(span) AT TIME ZONE 'UTC')::date + INTERVAL '1 day', INTERVAL '1 day') AS day (at)
    CROSS JOIN LATERAL care.place_of_visit(asked_facility, asked_mode, asked_patient, day.at::date) AS place
    WHERE EXISTS (
        SELECT FROM care.qualification AS held
        WHERE held.provider_id = asked_provider AND held.kind IN ('license', 'exemption')
          AND held.licensed_during @> day.at::date
          AND held.country = place.country AND (held.state IS NULL OR held.state = place.state)
    )
$function$;
REVOKE EXECUTE ON FUNCTION care.licensed(uuid,uuid,text,uuid,tstzrange) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.licensed(uuid,uuid,text,uuid,tstzrange) TO healthtrack_care;

-- Trigger after what counts of a person has changed, or the person is gone: logs what stood there.
CREATE OR REPLACE FUNCTION care.log_person()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'DELETE' OR (care.birth_days(OLD), OLD.deceased_at IS NULL, OLD.sex)
        IS DISTINCT FROM (care.birth_days(NEW), NEW.deceased_at IS NULL, NEW.sex)
    THEN
        INSERT INTO care.person_change (patient_id, born_during, lived, sex)
        VALUES (OLD.patient_id, care.birth_days(OLD), OLD.deceased_at IS NULL, OLD.sex);
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.log_person() FROM PUBLIC;

-- A record on one page as JSON, with its caller's rights; null where the caller may not see the patient.
CREATE OR REPLACE FUNCTION care.record_summary(patient uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT jsonb_build_object(
        'patient_id', p.patient_id, 'version', p.version, 'born_on', care.birth_text(p.born_on, p.born_in), 'sex', p.sex,
        'deceased', p.deceased_at IS NOT NULL, 'flags', access.flags_of(p.patient_id),
        'name', (SELECT jsonb_build_object('family', n.family, 'given', n.given) FROM care.patient_name n
                 WHERE n.patient_id = p.patient_id AND n.use = 'official' AND n.valid_during @> current_date AND n.preferred),
        'names', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT n.use, n.family, n.given, n.prefix, n.suffix, n.script, n.language, n.preferred FROM care.patient_name n
            WHERE n.patient_id = p.patient_id AND n.valid_during @> current_date
            ORDER BY n.use <> 'official', n.use, n.preferred DESC, n.script) AS line),
        'allergies', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT a.allergy_id, a.substance, a.category, a.criticality FROM care.allergy a
            WHERE a.patient_id = p.patient_id AND a.clinical_status = 'active'
              AND a.verification_status NOT IN ('refuted', 'entered_in_error')
            ORDER BY a.criticality = 'high' DESC, a.substance LIMIT 100) AS line),
        'conditions', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT c.condition_id, c.code_system, c.code, c.title, c.clinical_status, c.onset_on, c.version, c.sensitivity
            FROM care.condition c
            WHERE c.patient_id = p.patient_id AND c.clinical_status IN ('active', 'recurrence', 'relapse')
              AND c.verification_status NOT IN ('refuted', 'entered_in_error')
            ORDER BY c.onset_on DESC NULLS LAST, c.code LIMIT 100) AS line),
        'prescriptions', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT r.prescription_id, m.name, r.instructions, upper(r.valid_during) AS ends_on, r.version, r.sensitivity
            FROM care.prescription r JOIN care.medication m USING (medication_id)
            WHERE r.patient_id = p.patient_id AND r.status = 'active' AND r.valid_during @> current_date
            ORDER BY r.authored_at DESC LIMIT 100) AS line),
        'results', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT newest.* FROM (
                SELECT DISTINCT ON (l.loinc) l.lab_result_id, l.loinc, l.title,
                       coalesce(l.value_number::text, l.value_code, l.value_text, l.absent_reason) AS value,
                       l.unit, l.flag, l.status, l.observed_at, l.sensitivity
                FROM care.current_lab_result l WHERE l.patient_id = p.patient_id
                ORDER BY l.loinc, l.observed_at DESC, l.lab_result_id) AS newest
            ORDER BY newest.observed_at DESC LIMIT 50) AS line),
        'encounters', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT e.encounter_id, e.class, lower(e.during) AS began_at, upper(e.during) AS ended_at, e.reason
            FROM care.encounter e WHERE e.patient_id = p.patient_id ORDER BY lower(e.during) DESC LIMIT 20) AS line)
    ) FROM care.patient p WHERE p.patient_id = patient
$function$;

-- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
CREATE OR REPLACE FUNCTION care.refuse_facts_of_joined()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    -- Waits for who joins, separates or erases, also where no foreign key has locked the person.
    PERFORM FROM care.patient p WHERE p.patient_id IN (SELECT a.patient_id FROM added a) ORDER BY p.patient_id FOR KEY SHARE;
    IF EXISTS (SELECT FROM care.patient_link l JOIN added USING (patient_id) WHERE l.ended_at IS NULL) THEN
        PERFORM care.refuse('record_takes_facts_until_joined',
            'This record was joined with another of the same person: write there.');
    ELSIF EXISTS (SELECT FROM access.erasure_proof e JOIN added a ON e.records @> ARRAY[a.patient_id])
          AND NOT access.erasing() THEN
        PERFORM care.refuse('record_is_of_an_erased_person', 'This person was erased: register them anew.');
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.refuse_facts_of_joined() FROM PUBLIC;

-- Trigger before a number is written: masks it, keeps its digest, and seals it where it is national.
CREATE OR REPLACE FUNCTION care.seal_identifier()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION care.seal_identifier() FROM PUBLIC;

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

-- Categories that care by this provider opens when it begins, by specialty; all in an emergency.
CREATE OR REPLACE FUNCTION access.categories_opened(provider uuid, basis text)
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF basis = 'emergency' THEN
        RETURN ARRAY['behavioural_health', 'reproductive', 'substance_use', 'hiv'];
    END IF;
    RETURN (SELECT coalesce(array_agg(DISTINCT opened), '{}')
            FROM care.provider_specialty p JOIN care.specialty s USING (specialty), unnest(s.opens) AS opened
            WHERE p.provider_id = provider);
END $function$;
REVOKE EXECUTE ON FUNCTION access.categories_opened(uuid,text) FROM PUBLIC;

-- Name, birth as far as it is known, and town of a patient whom the acting desk meets.
CREATE OR REPLACE FUNCTION access.desk_person(patient uuid)
 RETURNS TABLE(family text, given text[], born_on text, town text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT n.family, n.given, coalesce(p.born_on::text, p.born_in), a.city
    FROM care.patient p
    LEFT JOIN LATERAL (SELECT o.family, o.given FROM care.patient_name o
                       WHERE o.patient_id = p.patient_id AND o.valid_during @> current_date
                       ORDER BY o.use = 'official' DESC, o.preferred DESC, o.use LIMIT 1) AS n ON true
    LEFT JOIN LATERAL (SELECT o.city FROM care.address o
                       WHERE o.patient_id = p.patient_id AND o.valid_during @> current_date
                       ORDER BY o.use = 'home' DESC, o.use LIMIT 1) AS a ON true
    WHERE p.patient_id = desk_person.patient AND access.reason_to_look(desk_person.patient, 'desk_person') = 'at_desk'
$function$;
REVOKE EXECUTE ON FUNCTION access.desk_person(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.desk_person(uuid) TO healthtrack_care;

-- Deletes or empties rows of a table whose retention has ended, 500 at most: how many, whether none is left, and what kept one.
CREATE OR REPLACE FUNCTION access.expire_of(relation text, aged_by text, kept_for interval, at_end text, unless text, OUT done bigint, OUT is_over boolean, OUT stopped text)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    most    constant integer := 500;
    -- A retention is counted in the network's calendar, so in one zone for all.
    before  constant timestamptz := date_trunc('day', now() - kept_for, 'UTC');
    held    constant uuid[] := ARRAY(SELECT DISTINCT r FROM care.patient p, unnest(access.records_of(p.patient_id)) AS r WHERE p.legal_hold);
    found   tid[];
    persons uuid[];
    one     tid;
BEGIN
    EXECUTE format('SELECT array_agg(o.ctid), array_agg(DISTINCT o.patient_id) FROM (
            SELECT p.ctid, p.patient_id FROM %s p
            WHERE p.%I < $1 AND p.patient_id <> ALL ($2) AND (%s) IS NOT TRUE AND (%s)%s ORDER BY p.ctid LIMIT %s) AS o',
        relation, aged_by, coalesce(unless, 'false'),
        CASE at_end WHEN 'delete' THEN 'true' ELSE coalesce((access.emptied(relation)).differs, 'false') END,
        CASE at_end WHEN 'delete' THEN access.in_use(relation) ELSE '' END, most)
    INTO found, persons USING before, held;
    done := 0;
    is_over := coalesce(cardinality(found), 0) < most;
    IF found IS NULL THEN
        RETURN;
    END IF;
    -- A hold that is being set waits for this, and one that was set since is seen now.
    PERFORM FROM care.patient p WHERE p.patient_id = ANY (persons) ORDER BY p.patient_id FOR KEY SHARE;
    IF access.is_held(persons) THEN
        is_over := false;
        RETURN;
    END IF;
    BEGIN
        done := access.take_expired(relation, found, persons, at_end);
    EXCEPTION WHEN foreign_key_violation OR SQLSTATE 'HT001' THEN
        -- Something needs one of these rows: it is kept as long as that is, and the others go.
        FOREACH one IN ARRAY found LOOP
            BEGIN
                done := done + access.take_expired(relation, ARRAY[one], persons, at_end);
            EXCEPTION WHEN foreign_key_violation OR SQLSTATE 'HT001' THEN
                stopped := SQLSTATE;
            END;
        END LOOP;
        is_over := is_over OR done = 0;
    END;
END $function$;
REVOKE EXECUTE ON FUNCTION access.expire_of(text,text,interval,text,text) FROM PUBLIC;

-- What an erasure of a person would do, by class: its records, whether a hold forbids it, and the request that was granted; changes nothing.
CREATE OR REPLACE FUNCTION access.find_erasure(patient uuid, OUT records uuid[], OUT held boolean, OUT request uuid, OUT counts jsonb)
 RETURNS record
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM care.patient p WHERE p.patient_id = patient) THEN
        PERFORM access.refuse('erasure_is_of_a_patient', 'There is no such patient: give the key of care.patient.');
    END IF;
    records := access.records_of(patient);
    held := access.is_held(records);
    request := (SELECT r.erasure_request_id FROM access.erasure_request r
                WHERE r.patient_id = ANY (find_erasure.records) AND r.status = 'granted' ORDER BY r.decided_at LIMIT 1);
    counts := access.erase_rows(records, true);
END $function$;
REVOKE EXECUTE ON FUNCTION access.find_erasure(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.find_erasure(uuid) TO healthtrack_migrator;

-- People who may be the one described, the likest first, as many as access.cap allows; for who records it.
CREATE OR REPLACE FUNCTION access.find_same_person(person jsonb)
 RETURNS TABLE(patient_id uuid, score numeric, name_part numeric, birth_part numeric, contact_part numeric)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    born  date;
    days  date[];
    reach constant text[] := ARRAY(SELECT DISTINCT c.value
                                   FROM jsonb_to_recordset(coalesce(person -> 'contacts', '[]')) AS c (value text)
                                   WHERE c.value IS NOT NULL);
BEGIN
    -- A date in part, or none, is compared with nothing; a registration says what is wrong with it.
    IF person ->> 'born_on' ~ '^\d{4}-\d{2}-\d{2}$' THEN
        BEGIN
            born := (person ->> 'born_on')::date;
        EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
            born := NULL;
        END;
    END IF;
    days := care.births_like(born);
    RETURN QUERY
    WITH wanted AS MATERIALIZED (
        SELECT n.family, n.given[1] AS given, care.sound_of(coalesce(n.family, n.given[1])) AS sound,
               care.sound_of(n.given[1]) AS given_sound
        FROM jsonb_to_recordset(coalesce(person -> 'names', '[]')) AS n (family text, given text[])
    ), reached AS MATERIALIZED (
        SELECT DISTINCT c.patient_id FROM care.contact_point c WHERE c.value = ANY (reach)
    ), candidate AS MATERIALIZED (
        SELECT p.patient_id, p.born_on FROM care.patient p WHERE p.born_on = ANY (days)
        UNION SELECT p.patient_id, p.born_on FROM reached r JOIN care.patient p USING (patient_id)
    ), named AS (
        -- Words are compared letter by letter where the date is the same, or the contact, or the name sounds alike.
        SELECT c.patient_id, c.born_on, max(care.likeness_of_names(w.family, w.given, n.family, n.given[1])) AS alike
        FROM candidate c JOIN care.patient_name n USING (patient_id) CROSS JOIN wanted w
        WHERE c.born_on = born OR c.patient_id IN (SELECT r.patient_id FROM reached r)
           OR care.sound_of(coalesce(n.family, n.given[1])) IN (w.sound, w.given_sound)
        GROUP BY c.patient_id, c.born_on
    ), part AS MATERIALIZED (
        SELECT named.patient_id, named.alike, care.likeness_of_births(born, named.born_on) AS birth,
               CASE WHEN named.patient_id IN (SELECT r.patient_id FROM reached r) THEN 1
                    -- A search for one row each: EXISTS may be made a list of all who have a contact.
                    WHEN cardinality(reach) > 0 AND (SELECT true FROM care.contact_point c
                                                     WHERE c.patient_id = named.patient_id LIMIT 1) THEN 0 END::numeric AS contact
        FROM named
    ), scored AS (
        SELECT part.*, round((0.5 * alike + 0.35 * coalesce(birth, 0) + 0.15 * coalesce(contact, 0))
                             / (0.5 + CASE WHEN birth IS NULL THEN 0 ELSE 0.35 END
                                    + CASE WHEN contact IS NULL THEN 0 ELSE 0.15 END), 2) AS total
        FROM part
    )
    SELECT scored.patient_id, total, alike, birth, contact FROM scored
    WHERE total >= 0.7 AND (birth >= 0.7 OR contact = 1) AND (alike >= 0.6 OR alike >= 0.4 AND birth = 1 AND contact = 1)
    ORDER BY total DESC, scored.patient_id LIMIT access.cap_of('matches_a_registration');
END $function$;
REVOKE EXECUTE ON FUNCTION access.find_same_person(jsonb) FROM PUBLIC;

-- Trigger after a birth date or time zone is changed: rights of guardians end by the birthday that is known now.
CREATE OR REPLACE FUNCTION access.follow_birth()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM access.open_proxy(p) FROM access.proxy p
    WHERE p.patient_id = NEW.patient_id AND p.ended_at IS NULL AND access.is_of_minors(p.kind);
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION access.follow_birth() FROM PUBLIC;

-- True where one of these records is under legal hold.
CREATE OR REPLACE FUNCTION access.is_held(patients uuid[])
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT EXISTS (SELECT FROM care.patient p WHERE p.patient_id = ANY (patients) AND p.legal_hold)
$function$;
REVOKE EXECUTE ON FUNCTION access.is_held(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.is_held(uuid[]) TO healthtrack_migrator;

-- Joins a record to the one that goes on, audited for both; gives the link.
CREATE OR REPLACE FUNCTION access.join_records(me access.caller, patient uuid, survivor uuid, reason text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    made uuid;
BEGIN
    IF NOT access.sees_whole(patient) OR NOT access.sees_whole(survivor) THEN
        PERFORM access.refuse('records_are_joined_by_who_sees_both',
            'A provider in care of both or a desk that sees both joins two records.');
    END IF;
    INSERT INTO care.patient_link (patient_id, survivor_id, reason, joined_by, updated_by)
    VALUES (patient, survivor, join_records.reason, me.account_id, me.account_id) RETURNING patient_link_id INTO made;
    PERFORM access.note(me, 'update', whose, 'care.patient_link/' || made) FROM unnest(ARRAY[patient, survivor]) AS whose;
    RETURN made;
END $function$;
REVOKE EXECUTE ON FUNCTION access.join_records(access.caller,uuid,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.join_records(access.caller,uuid,uuid,text) TO healthtrack_care;

-- Which records were joined with one, and whether the other goes on; for a function that has looked.
CREATE OR REPLACE FUNCTION access.links_of(patient uuid)
 RETURNS TABLE(patient_link uuid, other uuid, goes_on boolean, joined_at timestamp with time zone, reason text, ended_at timestamp with time zone, end_reason text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    -- The key of another record is for whoever sees that one, too.
    SELECT l.patient_link_id, CASE WHEN access.sees_whole(l.survivor_id) OR l.survivor_id = ANY (access.own_patients()) THEN l.survivor_id END,
           true, l.created_at, l.reason, l.ended_at, l.end_reason
    FROM care.patient_link l WHERE l.patient_id = patient
    UNION ALL
    SELECT l.patient_link_id, CASE WHEN access.sees_whole(l.patient_id) OR l.patient_id = ANY (access.own_patients()) THEN l.patient_id END,
           false, l.created_at, l.reason, l.ended_at, l.end_reason
    FROM care.patient_link l WHERE l.survivor_id = patient
    ORDER BY 4 DESC, 1 LIMIT 100
$function$;
REVOKE EXECUTE ON FUNCTION access.links_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.links_of(uuid) TO healthtrack_care;

-- Notes each category that care of a specialty opens from now on, and each that it opens no more.
CREATE OR REPLACE FUNCTION access.note_opens(me access.caller, specialty text, opens text[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.note_opens(access.caller,text,text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.note_opens(access.caller,text,text[]) TO healthtrack_care;

-- Numbers of a patient in full; for a function that has looked.
CREATE OR REPLACE FUNCTION access.numbers_of(patient uuid)
 RETURNS TABLE(identifier uuid, system text, issuer text, number text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT i.identifier_id, i.system, i.issuer, coalesce(i.value, care.open_number(s.sealed))
    FROM care.identifier i LEFT JOIN care.identifier_seal s USING (identifier_id)
    WHERE i.patient_id = numbers_of.patient ORDER BY i.system, i.issuer, i.identifier_id LIMIT 200
$function$;
REVOKE EXECUTE ON FUNCTION access.numbers_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.numbers_of(uuid) TO healthtrack_care;

-- Who an account is, where its days begin, and when its session last proved it.
CREATE OR REPLACE FUNCTION access.own_profile(me access.caller)
 RETURNS TABLE(login text, part text, name text, time_zone text, patient_id uuid, confirmed_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT a.login, a.part,
           coalesce((SELECT concat_ws(' ', array_to_string(n.given, ' '), n.family) FROM care.patient_name n
                     WHERE n.patient_id = a.patient_id AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date),
                    (SELECT concat_ws(' ', p.given_name, p.family_name) FROM care.provider p WHERE p.provider_id = a.provider_id),
                    (SELECT f.name FROM care.facility f WHERE f.facility_id = a.facility_id), a.login),
           coalesce((SELECT p.time_zone FROM care.patient p WHERE p.patient_id = a.patient_id),
                    (SELECT f.time_zone FROM care.facility f WHERE f.facility_id = a.facility_id),
                    (SELECT f.time_zone FROM care.affiliation v JOIN care.facility f USING (facility_id)
                     WHERE v.provider_id = a.provider_id AND v.valid_during @> current_date
                     ORDER BY lower(v.valid_during), v.facility_id LIMIT 1), 'UTC'),
           a.patient_id, (SELECT s.confirmed_at FROM access.session s WHERE s.session_id = me.session_id)
    FROM access.account a WHERE a.account_id = me.account_id AND a.disabled_at IS NULL
$function$;
REVOKE EXECUTE ON FUNCTION access.own_profile(access.caller) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.own_profile(access.caller) TO healthtrack_care;

-- Keys of the facilities that the acting account works for, or at which the acting provider works today.
CREATE OR REPLACE FUNCTION access.own_workplaces()
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RETURN (SELECT coalesce(array_agg(DISTINCT w.facility_id), '{}')
            FROM (SELECT unnest(access.own_facilities()) AS facility_id
                  UNION ALL
                  SELECT v.facility_id FROM care.affiliation v
                  WHERE v.provider_id = access.acting_provider() AND v.valid_during @> current_date) AS w);
END $function$;
REVOKE EXECUTE ON FUNCTION access.own_workplaces() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.own_workplaces() TO healthtrack_care;

-- Keys of a page of the people in the acting provider's care, by name, 200 at most.
CREATE OR REPLACE FUNCTION access.panel_page(name_begins text, after_family text, after_given text[], after_patient uuid, rows_max integer)
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    begins constant text := care.folded_name(name_begins);
    own    uuid[] := access.patients_in_care();
BEGIN
    IF begins IS NOT NULL THEN
        own := (SELECT coalesce(array_agg(DISTINCT s.patient_id), '{}') FROM unnest(own) AS cared (patient_id)
                JOIN care.patient_name s USING (patient_id)
                WHERE s.use = 'official' AND s.valid_during @> current_date
                  AND starts_with(care.folded_name(coalesce(s.family, array_to_string(s.given, ' '))), begins));
    END IF;
    RETURN (SELECT coalesce(array_agg(d.patient_id), '{}') FROM (
        SELECT n.patient_id FROM unnest(own) AS cared (patient_id)
        JOIN care.patient_name n USING (patient_id)
        WHERE n.use = 'official' AND n.preferred AND n.valid_during @> current_date
          AND (after_patient IS NULL
               OR (lower(coalesce(n.family, n.given[1])), n.given, n.patient_id)
                  > (lower(coalesce(after_family, after_given[1])), after_given, after_patient))
        ORDER BY lower(coalesce(n.family, n.given[1])), n.given, n.patient_id LIMIT least(rows_max, 200)) AS d);
END $function$;
REVOKE EXECUTE ON FUNCTION access.panel_page(text,text,text[],uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.panel_page(text,text,text[],uuid,integer) TO healthtrack_care;

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
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.propose.' || me.account_id, 0));
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

-- The keys of all records of one person: the given one and those joined with it.
CREATE OR REPLACE FUNCTION access.records_of(patient uuid)
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    -- Links make no chains: all records of a person are those that were joined to one survivor, and it.
    WITH survivor AS (
        SELECT coalesce((SELECT l.survivor_id FROM care.patient_link l
                         WHERE l.patient_id = records_of.patient AND l.ended_at IS NULL), records_of.patient) AS patient_id)
    SELECT array_agg(DISTINCT r.patient_id ORDER BY r.patient_id)
    FROM (SELECT s.patient_id FROM survivor s
          UNION SELECT l.patient_id FROM survivor s JOIN care.patient_link l ON l.survivor_id = s.patient_id AND l.ended_at IS NULL) AS r
$function$;
REVOKE EXECUTE ON FUNCTION access.records_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.records_of(uuid) TO healthtrack_migrator;

-- Separates two records again, audited for both; each takes facts as before.
CREATE OR REPLACE FUNCTION access.separate_records(me access.caller, patient_link uuid, reason text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    link care.patient_link;
BEGIN
    UPDATE care.patient_link l SET ended_at = now(), ended_by = me.account_id, end_reason = separate_records.reason
    WHERE l.patient_link_id = patient_link AND l.ended_at IS NULL
      AND (me.part = 'privacy_officer' OR access.sees_whole(l.patient_id) OR access.sees_whole(l.survivor_id))
    RETURNING l.* INTO link;
    IF link.patient_link_id IS NULL THEN
        PERFORM access.refuse('patient_link_stands', 'There is no such link that stands and that you may end.');
    END IF;
    PERFORM access.note(me, 'update', whose, 'care.patient_link/' || patient_link)
    FROM unnest(ARRAY[link.patient_id, link.survivor_id]) AS whose;
END $function$;
REVOKE EXECUTE ON FUNCTION access.separate_records(access.caller,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.separate_records(access.caller,uuid,text) TO healthtrack_care;

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

-- Days of a patient's zone that touch [from, to) as each device told them while the patient wore it; none where the actor may not see samples.
CREATE OR REPLACE FUNCTION access.worn_days(patient uuid, metrics text[], "from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS TABLE(device_id text, metric text, day_at timestamp with time zone, stop_at timestamp with time zone, statistic text, value double precision, lowest double precision, highest double precision, count bigint, unit text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    zone     text;
    from_on  date;
    to_on    date;
    whole_on date;
    stop_on  date;
    worn     record;
BEGIN
    SELECT p.time_zone INTO zone FROM care.patient p
    WHERE p.patient_id = patient AND access.reason_to_see(patient, 'samples') IS NOT NULL;
    IF zone IS NULL OR cardinality(metrics) = 0 THEN
        RETURN;
    END IF;
    from_on := ("from" AT TIME ZONE zone)::date;
    to_on := (("to" - INTERVAL '1 microsecond') AT TIME ZONE zone)::date + 1;
    FOR worn IN
        SELECT w.worn_during, d.device_id FROM care.wear w JOIN signal.device d USING (device_key)
        WHERE w.patient_id = patient
          AND w.worn_during && tstzrange(from_on::timestamp AT TIME ZONE zone, to_on::timestamp AT TIME ZONE zone)
    LOOP
        SELECT min(day.at)::date, max(day.at)::date + 1 INTO whole_on, stop_on
        FROM generate_series(from_on::timestamp, to_on::timestamp - INTERVAL '1 day', INTERVAL '1 day') AS day (at)
        -- The first moment of a date may be some hours from what its midnight is taken for.
        WHERE worn.worn_during @> tstzrange(day.at AT TIME ZONE zone - INTERVAL '3 hours',
                                            (day.at + INTERVAL '1 day') AT TIME ZONE zone + INTERVAL '3 hours');
        whole_on := coalesce(whole_on, to_on);
        stop_on := coalesce(stop_on, to_on);
        RETURN QUERY
        WITH measured AS (
            SELECT told.metric, (told.bucket_at AT TIME ZONE zone)::date AS day, told.count, told.sum, told.least AS lowest, told.greatest AS highest
            FROM signal.rollup(ARRAY[worn.device_id], metrics, 'day', whole_on::timestamp AT TIME ZONE zone,
                               stop_on::timestamp AT TIME ZONE zone, zone) AS told
            WHERE whole_on < stop_on AND told.statistic IS NULL AND told.count > 0
              AND (told.bucket_at AT TIME ZONE zone)::date >= whole_on AND (told.bucket_at AT TIME ZONE zone)::date < stop_on
            UNION ALL
            SELECT s.metric, (s.start_at AT TIME ZONE zone)::date, pg_catalog.count(*), sum(s.value), min(s.value), max(s.value)
            FROM unnest(metrics) AS wanted (name)
            CROSS JOIN (VALUES (from_on, whole_on), (stop_on, to_on)) AS edge (first_on, before_on)
            CROSS JOIN LATERAL signal.samples(worn.device_id, wanted.name,
                greatest(edge.first_on::timestamp AT TIME ZONE zone, lower(worn.worn_during)),
                least(edge.before_on::timestamp AT TIME ZONE zone, upper(worn.worn_during))) AS s
            WHERE s.statistic IS NULL AND s.value IS NOT NULL
            GROUP BY 1, 2
        )
        SELECT worn.device_id, m.name, one.day::timestamp AT TIME ZONE zone, (one.day + 1)::timestamp AT TIME ZONE zone,
               CASE WHEN added.up THEN 'sum' ELSE 'mean' END, CASE WHEN added.up THEN one.sum ELSE one.sum / one.count END,
               one.lowest, one.highest, one.count, m.unit
        FROM measured AS one JOIN signal.metric m ON m.name = one.metric
        CROSS JOIN LATERAL (SELECT m.per_minute OR m.unit = 'min' AS up) AS added;
    END LOOP;
END $function$;
REVOKE EXECUTE ON FUNCTION access.worn_days(uuid,text[],timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.worn_days(uuid,text[],timestamp with time zone,timestamp with time zone) TO healthtrack_care;

-- Names a provider, or somebody else, who works at a facility; the key.
CREATE OR REPLACE FUNCTION api.add_affiliation(token text, facility uuid, provider uuid, staff_name text, role text, first_on date, stop_on date)
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
    PERFORM access.check_keeper(me, facility);
    INSERT INTO care.affiliation AS a (facility_id, provider_id, staff_name, role, valid_during)
    VALUES (facility, provider, add_affiliation.staff_name, add_affiliation.role, daterange(first_on, stop_on))
    RETURNING a.affiliation_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.affiliation/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_affiliation(text,uuid,uuid,text,text,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_affiliation(text,uuid,uuid,text,text,date,date) TO healthtrack_portal;

-- Adds hours of a weekday in which a provider sees patients at a facility; the key.
CREATE OR REPLACE FUNCTION api.add_availability(token text, facility uuid, provider uuid, weekday integer, starts_minute integer, ends_minute integer, reserved_hours integer, first_on date, stop_on date)
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
    PERFORM access.check_keeper(me, facility);
    INSERT INTO care.availability AS a (facility_id, provider_id, weekday, starts_minute, ends_minute, reserved_hours, valid_during)
    VALUES (facility, provider, add_availability.weekday, add_availability.starts_minute, add_availability.ends_minute,
            add_availability.reserved_hours, daterange(first_on, stop_on))
    RETURNING a.availability_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.availability/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_availability(text,uuid,uuid,integer,integer,integer,integer,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_availability(text,uuid,uuid,integer,integer,integer,integer,date,date) TO healthtrack_portal;

-- Says when a provider is away from a facility (off) or works longer (extra); from no facility in particular, an administrator; the key.
CREATE OR REPLACE FUNCTION api.add_exception(token text, facility uuid, provider uuid, kind text, since timestamp with time zone, until timestamp with time zone)
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
    PERFORM access.check_keeper(me, facility);
    INSERT INTO care.availability_exception AS e (facility_id, provider_id, kind, during)
    VALUES (facility, provider, add_exception.kind, tstzrange(since, until)) RETURNING e.availability_exception_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.availability_exception/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_exception(text,uuid,uuid,text,timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_exception(text,uuid,uuid,text,timestamp with time zone,timestamp with time zone) TO healthtrack_portal;

-- Adds a number by which somebody else knows a patient, with who gave it; gives its key.
CREATE OR REPLACE FUNCTION api.add_identifier(token text, patient uuid, system text, issuer text, value text, facility uuid)
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
    -- A number is looked up before the policies are asked: who may not write here learns of none.
    IF (patient = ANY (access.patients_in_care())) IS NOT TRUE THEN
        PERFORM access.refuse('row_is_within_rights', 'This is taken already, or not yours to see or change: ask the front desk.');
    END IF;
    INSERT INTO care.identifier AS i (patient_id, facility_id, system, issuer, value, valid_during)
    VALUES (patient, facility, add_identifier.system, add_identifier.issuer, add_identifier.value, daterange(current_date, NULL))
    RETURNING i.identifier_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.identifier/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_identifier(text,uuid,text,text,text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_identifier(text,uuid,text,text,text,uuid) TO healthtrack_portal;

-- Adds a degree, a certificate, a licence or an exemption of a provider; the key.
CREATE OR REPLACE FUNCTION api.add_qualification(token text, provider uuid, kind text, title text, issuer text, awarded_year integer, country text, state text, license_number text, first_on date, stop_on date)
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
    PERFORM access.check_administrator(me);
    INSERT INTO care.qualification AS q (provider_id, kind, title, issuer, awarded_year, country, state, license_number, licensed_during)
    VALUES (provider, add_qualification.kind, add_qualification.title, add_qualification.issuer, add_qualification.awarded_year,
            add_qualification.country, add_qualification.state, add_qualification.license_number,
            CASE WHEN first_on IS NOT NULL THEN daterange(first_on, stop_on) END)
    RETURNING q.qualification_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.qualification/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_qualification(text,uuid,text,text,text,integer,text,text,text,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_qualification(text,uuid,text,text,text,integer,text,text,text,date,date) TO healthtrack_portal;

-- Names somebody who stands near a patient, from today on; gives the key.
CREATE OR REPLACE FUNCTION api.add_related_person(token text, patient uuid, relationship text, roles text[], family text, given text[], phone text, email text, rank integer)
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
    INSERT INTO care.related_person AS r (patient_id, relationship, roles, family, given, phone, email, rank, valid_during)
    VALUES (patient, add_related_person.relationship, add_related_person.roles, add_related_person.family,
            add_related_person.given, add_related_person.phone, add_related_person.email, add_related_person.rank,
            daterange(current_date, NULL))
    RETURNING r.related_person_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.related_person/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_related_person(text,uuid,text,text[],text,text[],text,text,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_related_person(text,uuid,text,text[],text,text[],text,text,integer) TO healthtrack_portal;

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

-- Gives a patient another name of one use and script from today on, and leaves those in other scripts; gives its key. The script is told by the letters where it is not given; preferred makes it the one that lists show.
CREATE OR REPLACE FUNCTION api.change_name(token text, patient uuid, use text, family text, given text[], script text DEFAULT NULL::text, language text DEFAULT NULL::text, preferred boolean DEFAULT NULL::boolean)
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
        forenames constant text[] := coalesce(change_name.given, '{}');
        letters   constant text := coalesce(change_name.script,
            care.script_of(concat_ws(' ', change_name.family, array_to_string(forenames, ' '))));
        shown     constant boolean := coalesce(change_name.preferred, false);
    BEGIN
        UPDATE care.patient_name AS n SET preferred = false
        WHERE shown AND n.patient_id = patient AND n.use = change_name.use AND n.script <> letters AND n.preferred
          AND n.valid_during && daterange(current_date, NULL);
        UPDATE care.patient_name AS n SET family = change_name.family, given = forenames, preferred = n.preferred OR shown,
            language = coalesce(change_name.language, n.language)
        WHERE n.patient_id = patient AND n.use = change_name.use AND n.script = letters AND lower(n.valid_during) = current_date
        RETURNING n.patient_name_id INTO answer;
        IF answer IS NULL THEN
            UPDATE care.patient_name AS n SET valid_during = daterange(lower(n.valid_during), current_date)
            WHERE n.patient_id = patient AND n.use = change_name.use AND n.script = letters AND n.valid_during @> current_date;
            INSERT INTO care.patient_name AS n (patient_id, use, family, given, script, language, preferred, valid_during)
            VALUES (patient, change_name.use, change_name.family, forenames, letters, change_name.language,
                    shown, daterange(current_date, NULL))
            RETURNING n.patient_name_id INTO answer;
        END IF;
        PERFORM access.note(me, 'update', patient, 'care.patient_name/' || answer);
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
REVOKE EXECUTE ON FUNCTION api.change_name(text,uuid,text,text,text[],text,text,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_name(text,uuid,text,text,text[],text,text,boolean) TO healthtrack_portal;

-- Changes a patient's own row where it still has the version that the editor read: the version that stands, and whether it is the editor's; no row where there is no such patient for whoever acts. A birth is 1980-05-17, 1980-05, 1980, or null where it is not known.
CREATE OR REPLACE FUNCTION api.change_patient(token text, patient uuid, known_version integer, born_on text, sex text, time_zone text, deceased_at timestamp with time zone)
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
    DECLARE
        birth record := care.read_birth(born_on);
    BEGIN
        IF me.part = 'patient' AND NOT EXISTS (
            SELECT FROM care.patient p
            WHERE p.patient_id = patient AND p.born_on IS NOT DISTINCT FROM birth.born_on
              AND p.born_in IS NOT DISTINCT FROM birth.born_in
              AND p.sex = change_patient.sex AND p.deceased_at IS NOT DISTINCT FROM change_patient.deceased_at) THEN
            PERFORM access.refuse('identity_is_changed_by_staff', 'Ask the front desk to correct who you are.');
        END IF;
        UPDATE care.patient AS p SET born_on = birth.born_on, born_in = birth.born_in, sex = change_patient.sex,
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
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.change_patient(text,uuid,integer,text,text,text,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_patient(text,uuid,integer,text,text,text,timestamp with time zone) TO healthtrack_portal;

-- Changes who stands near a patient, and ends it with today where it has ended, if it still has the version that the editor read: the version that stands, and whether it is the editor's; no row where there is no such person for whoever acts.
CREATE OR REPLACE FUNCTION api.change_related_person(token text, related_person uuid, known_version integer, relationship text, roles text[], family text, given text[], phone text, email text, rank integer, has_ended boolean)
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
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.change_related_person(text,uuid,integer,text,text[],text,text[],text,text,integer,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_related_person(text,uuid,integer,text,text[],text,text[],text,text,integer,boolean) TO healthtrack_portal;

-- Takes back an exception that has not begun yet.
CREATE OR REPLACE FUNCTION api.drop_exception(token text, availability_exception uuid)
 RETURNS void
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
    DELETE FROM care.availability_exception e WHERE e.availability_exception_id = availability_exception AND lower(e.during) > now();
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.availability_exception/' || availability_exception);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.drop_exception(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.drop_exception(text,uuid) TO healthtrack_portal;

-- Says on which day somebody does not work at a facility any more.
CREATE OR REPLACE FUNCTION api.end_affiliation(token text, affiliation uuid, known_version integer, stop_on date)
 RETURNS void
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
    UPDATE care.affiliation a SET valid_during = daterange(lower(a.valid_during), end_affiliation.stop_on)
    WHERE a.affiliation_id = affiliation AND a.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.affiliation/' || affiliation);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.end_affiliation(text,uuid,integer,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.end_affiliation(text,uuid,integer,date) TO healthtrack_portal;

-- Says on which day hours of a provider do not stand any more.
CREATE OR REPLACE FUNCTION api.end_availability(token text, availability uuid, known_version integer, stop_on date)
 RETURNS void
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
    UPDATE care.availability a SET valid_during = daterange(lower(a.valid_during), end_availability.stop_on)
    WHERE a.availability_id = availability AND a.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.availability/' || availability);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.end_availability(text,uuid,integer,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.end_availability(text,uuid,integer,date) TO healthtrack_portal;

-- Ends a number of a patient with today.
CREATE OR REPLACE FUNCTION api.end_identifier(token text, identifier uuid)
 RETURNS void
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
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.end_identifier(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.end_identifier(text,uuid) TO healthtrack_portal;

-- Says until which day a licence or an exemption holds; it is to be verified anew.
CREATE OR REPLACE FUNCTION api.end_license(token text, qualification uuid, known_version integer, stop_on date)
 RETURNS void
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
    PERFORM access.check_administrator(me);
    UPDATE care.qualification q SET licensed_during = daterange(lower(q.licensed_during), end_license.stop_on),
        verified_at = NULL, verified_by = NULL
    WHERE q.qualification_id = qualification AND q.version = known_version AND q.licensed_during IS NOT NULL;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.qualification/' || qualification);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.end_license(text,uuid,integer,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.end_license(text,uuid,integer,date) TO healthtrack_portal;

-- Providers and the facilities at which they work today, a row each, by specialty and place, the best rated first, 500 at most.
CREATE OR REPLACE FUNCTION api.find_practices(token text, of_specialties text[], in_city text, in_state text, rows_max integer)
 RETURNS TABLE(provider_id uuid, name text, reviews bigint, stars double precision, specialties text[], facility_id uuid, facility_name text, street text, city text, state text)
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
    RETURN QUERY SELECT p.provider_id, concat_ws(' ', p.given_name, p.family_name), rating.reviews, rating.stars,
           ARRAY(SELECT x.specialty FROM care.provider_specialty x WHERE x.provider_id = p.provider_id
                 ORDER BY x.main DESC, x.specialty),
           f.facility_id, f.name, f.street, c.name, s.code
    FROM (SELECT DISTINCT a.provider_id, a.facility_id FROM care.affiliation a JOIN care.facility w USING (facility_id)
          WHERE a.valid_during @> (now() AT TIME ZONE w.time_zone)::date) AS works
    JOIN care.provider p ON p.provider_id = works.provider_id
    JOIN care.facility f ON f.facility_id = works.facility_id
    JOIN care.city c ON c.city_id = f.city_id JOIN care.state s ON s.state_id = c.state_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(t.provider_reviews), 0)::bigint AS reviews,
               (sum(t.provider_stars) / nullif(sum(t.provider_reviews), 0))::float8 AS stars
        FROM care.review_tally t WHERE t.provider_id = p.provider_id
    ) rating
    WHERE (p.retired_on IS NULL OR p.retired_on > current_date) AND (f.closed_on IS NULL OR f.closed_on > current_date)
      AND (in_city IS NULL OR lower(c.name) = lower(in_city)) AND (in_state IS NULL OR s.code = in_state)
      AND (of_specialties IS NULL OR EXISTS (
          SELECT FROM care.provider_specialty x WHERE x.provider_id = p.provider_id AND x.specialty = ANY (of_specialties)))
    ORDER BY rating.stars DESC NULLS LAST, p.family_name, p.given_name, p.provider_id, f.name, f.facility_id
    LIMIT least(rows_max, 500);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.find_practices(text,text[],text,text,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.find_practices(text,text[],text,text,integer) TO healthtrack_portal;

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
        SELECT coalesce(sum(t.provider_reviews), 0)::bigint AS reviews,
               (sum(t.provider_stars) / nullif(sum(t.provider_reviews), 0))::float8 AS stars
        FROM care.review_tally t WHERE t.provider_id = p.provider_id
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

-- Providers whose family name, given name or both begin so, with specialties and where they see patients, 200 at most.
CREATE OR REPLACE FUNCTION api.find_providers_by_name(token text, name_begins text, rows_max integer)
 RETURNS TABLE(provider_id uuid, name text, specialties text[], facilities text[])
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
    RETURN QUERY
    SELECT p.provider_id, concat_ws(' ', p.given_name, p.family_name),
           ARRAY(SELECT s.specialty FROM care.provider_specialty s WHERE s.provider_id = p.provider_id
                 ORDER BY s.main DESC, s.specialty),
           ARRAY(SELECT DISTINCT f.name FROM care.affiliation a JOIN care.facility f USING (facility_id)
                 WHERE a.provider_id = p.provider_id AND a.valid_during @> (now() AT TIME ZONE f.time_zone)::date ORDER BY 1)
    FROM care.provider p
    WHERE (p.retired_on IS NULL OR p.retired_on > current_date)
      AND (starts_with(lower(p.family_name), lower(name_begins)) OR starts_with(lower(p.given_name), lower(name_begins))
           OR starts_with(lower(concat_ws(' ', p.given_name, p.family_name)), lower(name_begins)))
    ORDER BY p.family_name, p.given_name, p.provider_id LIMIT least(rows_max, 200);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.find_providers_by_name(text,text,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.find_providers_by_name(text,text,integer) TO healthtrack_portal;

-- Adds a provider, or changes what is known of one; the key.
CREATE OR REPLACE FUNCTION api.keep_provider(token text, provider uuid, known_version integer, family text, given text, npi text, phone text, email text, languages text[])
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
    PERFORM access.check_administrator(me);
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
    PERFORM access.note(me, 'update', NULL, 'care.provider/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_provider(text,uuid,integer,text,text,text,text,text,text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_provider(text,uuid,integer,text,text,text,text,text,text[]) TO healthtrack_portal;

-- Adds a field of care, or says anew what care that begins in it opens.
CREATE OR REPLACE FUNCTION api.keep_specialty(token text, specialty text, nucc_code text, title text, opens text[])
 RETURNS void
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
    PERFORM access.check_administrator(me);
    PERFORM access.note_opens(me, keep_specialty.specialty, keep_specialty.opens);
    INSERT INTO care.specialty (specialty, nucc_code, title, opens)
    VALUES (keep_specialty.specialty, keep_specialty.nucc_code, keep_specialty.title, keep_specialty.opens)
    ON CONFLICT ON CONSTRAINT specialty_pkey DO UPDATE
    SET nucc_code = EXCLUDED.nucc_code, title = EXCLUDED.title, opens = EXCLUDED.opens;
    PERFORM access.note(me, 'update', NULL, access.kept_under('care.specialty', keep_specialty.specialty));
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_specialty(text,text,text,text,text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_specialty(text,text,text,text,text[]) TO healthtrack_portal;

-- What providers are called, by their keys, 500 at most.
CREATE OR REPLACE FUNCTION api.list_provider_names(token text, providers uuid[])
 RETURNS TABLE(provider_id uuid, name text)
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
    RETURN QUERY SELECT p.provider_id, concat_ws(' ', p.given_name, p.family_name)
    FROM care.provider p WHERE p.provider_id = ANY (providers) ORDER BY p.provider_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_provider_names(text,uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_provider_names(text,uuid[]) TO healthtrack_portal;

-- Qualifications of a provider with their versions, and whether each was verified; 200 at most.
CREATE OR REPLACE FUNCTION api.list_qualifications(token text, provider uuid)
 RETURNS TABLE(qualification_id uuid, version integer, kind text, title text, issuer text, country text, state text, first_on date, stop_on date, verified boolean)
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
    RETURN QUERY SELECT q.qualification_id, q.version, q.kind, q.title, q.issuer, q.country, q.state,
        lower(q.licensed_during), upper(q.licensed_during), q.verified_at IS NOT NULL
    FROM care.qualification q WHERE q.provider_id = provider ORDER BY q.kind, q.title, q.qualification_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_qualifications(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_qualifications(text,uuid) TO healthtrack_portal;

-- Specialties that somebody practises.
CREATE OR REPLACE FUNCTION api.list_specialties(token text)
 RETURNS TABLE(specialty text)
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
    RETURN QUERY
    SELECT DISTINCT x.specialty FROM care.provider_specialty x JOIN care.provider p USING (provider_id)
    WHERE p.retired_on IS NULL OR p.retired_on > current_date ORDER BY 1 LIMIT 1000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_specialties(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_specialties(text) TO healthtrack_portal;

-- Who works at a facility today, as what and in which department, 500 at most.
CREATE OR REPLACE FUNCTION api.list_staff(token text, facility uuid)
 RETURNS TABLE(affiliation_id uuid, provider_id uuid, name text, role text, title text, department_id uuid, department text)
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
    RETURN QUERY SELECT a.affiliation_id, a.provider_id,
           coalesce(a.staff_name, concat_ws(' ', p.given_name, p.family_name)), a.role, r.title, a.department_id, d.name
    FROM care.affiliation a JOIN care.facility f ON f.facility_id = a.facility_id JOIN care.staff_role r ON r.role = a.role
    LEFT JOIN care.provider p ON p.provider_id = a.provider_id
    LEFT JOIN care.department d ON d.department_id = a.department_id
    WHERE a.facility_id = facility AND a.valid_during @> (now() AT TIME ZONE f.time_zone)::date
      AND (p.retired_on IS NULL OR p.retired_on > current_date)
    ORDER BY r.title, 3, a.affiliation_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_staff(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_staff(text,uuid) TO healthtrack_portal;

-- Says in which department of the facility somebody works, or that it is in none.
CREATE OR REPLACE FUNCTION api.place_affiliation(token text, affiliation uuid, known_version integer, department uuid)
 RETURNS void
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
    UPDATE care.affiliation a SET department_id = department WHERE a.affiliation_id = affiliation AND a.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.affiliation/' || affiliation, 'department');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.place_affiliation(text,uuid,integer,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.place_affiliation(text,uuid,integer,uuid) TO healthtrack_portal;

-- Patients in the acting provider's care by how a name begins, by birth (1980-05-17, 1980-05 or 1980) and by a number, of what is given, by name, 200 at most.
CREATE OR REPLACE FUNCTION api.read_found(token text, look uuid, patient uuid, name_begins text, born text, number text)
 RETURNS TABLE(patient_id uuid, family text, given text[], born_on text, sex text)
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
    DECLARE
        own   constant uuid[]    := access.patients_in_care();
        lived constant daterange := CASE WHEN born IS NOT NULL THEN (SELECT care.birth_span(b.born_on, b.born_in)
                                                                     FROM care.read_birth(born) AS b) END;
        begins constant text     := care.folded_name(name_begins);
    BEGIN
        RETURN QUERY
        SELECT p.patient_id, n.family, n.given, care.birth_text(p.born_on, p.born_in), p.sex
        FROM care.patient p JOIN care.patient_name n USING (patient_id)
        WHERE patient IS NULL AND p.patient_id = ANY (own)
          AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
          AND (born IS NULL OR p.born_during && lived)
          AND (number IS NULL OR p.patient_id IN (SELECT i.patient_id FROM care.identifier i
                                                  WHERE i.value = number AND i.valid_during @> current_date))
          AND (begins IS NULL OR EXISTS (
                SELECT FROM care.patient_name s
                WHERE s.patient_id = p.patient_id AND s.use = 'official' AND s.valid_during @> current_date
                  AND starts_with(care.folded_name(coalesce(s.family, array_to_string(s.given, ' '))), begins)))
        ORDER BY lower(coalesce(n.family, n.given[1])), n.given, n.patient_id LIMIT 200;
    END;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_found(text,uuid,uuid,text,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_found(text,uuid,uuid,text,text,text) TO healthtrack_portal;

-- Numbers of a patient with all but their last characters hidden, and who gave them, 200 at most.
CREATE OR REPLACE FUNCTION api.read_identifiers(token text, look uuid, patient uuid)
 RETURNS TABLE(identifier uuid, system text, issuer text, facility uuid, masked text, from_on date, until_on date)
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
    PERFORM access.check_look(me, look, patient, 'identifiers');
    RETURN QUERY SELECT i.identifier_id, i.system, i.issuer, i.facility_id, i.masked, lower(i.valid_during), upper(i.valid_during)
    FROM care.identifier i WHERE i.patient_id = patient ORDER BY i.system, i.issuer, i.identifier_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_identifiers(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_identifiers(text,uuid,uuid) TO healthtrack_portal;

-- Whom the acting provider cares for, by name, those after the last line of the page before, 200 at most.
CREATE OR REPLACE FUNCTION api.read_panel(token text, look uuid, patient uuid, name_begins text, after_family text, after_given text[], after_patient uuid, rows_max integer)
 RETURNS TABLE(patient_id uuid, family text, given text[], born_on text, sex text)
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
    SELECT p.patient_id, n.family, n.given, care.birth_text(p.born_on, p.born_in), p.sex
    FROM care.patient p JOIN care.patient_name n USING (patient_id)
    WHERE patient IS NULL
      AND p.patient_id = ANY ((SELECT access.panel_page(name_begins, after_family, after_given, after_patient, rows_max))::uuid[])
      AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
    ORDER BY lower(coalesce(n.family, n.given[1])), n.given, n.patient_id LIMIT least(rows_max, 200);
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

-- What the directory says of a provider, and in which version.
CREATE OR REPLACE FUNCTION api.read_provider(token text, provider uuid)
 RETURNS TABLE(provider_id uuid, version integer, family text, given text, npi text, phone text, email text, languages text[], retired_on date)
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
    RETURN QUERY SELECT p.provider_id, p.version, p.family_name, p.given_name, p.npi, p.phone::text, p.email::text,
        p.languages, p.retired_on
    FROM care.provider p WHERE p.provider_id = provider;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_provider(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_provider(text,uuid) TO healthtrack_portal;

-- A patient's time zone, beside each quarter of an hour within [from, to) of a metric that went to the archive; one row without a quarter where there is none.
CREATE OR REPLACE FUNCTION api.read_quarters(token text, look uuid, patient uuid, metric text, "from" timestamp with time zone, "to" timestamp with time zone)
 RETURNS TABLE(time_zone text, device text, quarter_at timestamp with time zone, count integer, below integer, above integer, total double precision, lowest double precision, highest double precision, first double precision, last double precision)
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
    PERFORM access.check_look(me, look, patient, 'samples/' || metric);
    RETURN QUERY
    SELECT p.time_zone::text, q.device, q.quarter_at, q.count, q.below, q.above, q.total, q.lowest, q.highest, q.first, q.last
    FROM care.patient p LEFT JOIN access.worn_quarters(patient, metric, "from", "to") AS q ON true
    WHERE p.patient_id = patient ORDER BY q.quarter_at, q.device LIMIT 50000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_quarters(text,uuid,uuid,text,timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_quarters(text,uuid,uuid,text,timestamp with time zone,timestamp with time zone) TO healthtrack_portal;

-- Who stands near a patient, whom to call first in an emergency at the top, 200 at most.
CREATE OR REPLACE FUNCTION api.read_related_persons(token text, look uuid, patient uuid)
 RETURNS TABLE(related_person uuid, version integer, relationship text, roles text[], family text, given text[], phone text, email text, rank integer, from_on date, until_on date)
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
    PERFORM access.check_look(me, look, patient, 'related_persons');
    RETURN QUERY SELECT r.related_person_id, r.version, r.relationship, r.roles, r.family, r.given, r.phone, r.email, r.rank::integer, lower(r.valid_during), upper(r.valid_during)
    FROM care.related_person r WHERE r.patient_id = patient ORDER BY r.rank, r.created_at DESC, r.related_person_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_related_persons(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_related_persons(text,uuid,uuid) TO healthtrack_portal;

-- How it stands with a patient's entries of the wait-list, the latest first, 200 at most.
CREATE OR REPLACE FUNCTION api.read_waitlist(token text, look uuid, patient uuid)
 RETURNS TABLE(entry uuid, status text, appointment uuid, facility_name text, provider_name text, since timestamp with time zone, until_at timestamp with time zone, minutes smallint, mode text)
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
    PERFORM access.check_look(me, look, patient, 'waitlist');
    RETURN QUERY SELECT w.waitlist_entry_id, w.status, w.appointment_id, f.name,
        (SELECT concat_ws(' ', p.given_name, p.family_name) FROM care.provider p WHERE p.provider_id = w.provider_id),
        lower(w.wanted_during), upper(w.wanted_during), w.minutes, w.mode
    FROM care.waitlist_entry w JOIN care.facility f USING (facility_id)
    WHERE w.patient_id = patient ORDER BY w.joined_at DESC, w.waitlist_entry_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_waitlist(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_waitlist(text,uuid,uuid) TO healthtrack_portal;

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

-- Says from which day on a provider gives no care; of about how many later visits the desks are told, null below 11.
CREATE OR REPLACE FUNCTION api.retire_provider(token text, provider uuid, known_version integer, retired_on date)
 RETURNS integer
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
    answer  integer;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_administrator(me);
    UPDATE care.provider p SET retired_on = retire_provider.retired_on WHERE p.provider_id = provider AND p.version = known_version;
    PERFORM access.check_change(FOUND);
    answer := care.safe_count(care.tell_of_visits(NULL, provider, retired_on))::integer;
    PERFORM access.note(me, 'update', NULL, 'care.provider/' || provider, 'retired');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.retire_provider(text,uuid,integer,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.retire_provider(text,uuid,integer,date) TO healthtrack_portal;

-- Says that a provider practises a field of care, mainly or beside others, or does not any more.
CREATE OR REPLACE FUNCTION api.set_specialty(token text, provider uuid, specialty text, practised boolean, main boolean)
 RETURNS void
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
    PERFORM access.check_administrator(me);
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
                        access.word_of('specialty_' || CASE WHEN main AND practised THEN 'main_' ELSE '' END || set_specialty.specialty));
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.set_specialty(text,uuid,text,boolean,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.set_specialty(text,uuid,text,boolean,boolean) TO healthtrack_portal;

-- Says that a qualification was verified with its issuer.
CREATE OR REPLACE FUNCTION api.verify_qualification(token text, qualification uuid, known_version integer)
 RETURNS void
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
    PERFORM access.check_administrator(me);
    UPDATE care.qualification q SET verified_at = now(), verified_by = me.account_id
    WHERE q.qualification_id = qualification AND q.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'review', NULL, 'care.qualification/' || qualification);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.verify_qualification(text,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.verify_qualification(text,uuid,integer) TO healthtrack_portal;

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
