-- States, cities, facilities, what they offer and how they are rated.
--
-- Written by `healthtrack schema docs` from the database's catalog; to be read, not run. Do not edit.

-- State or province.
CREATE TABLE care.state (
    state_id integer GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Key.
    country text NOT NULL,  -- Country by ISO 3166-1: US.
    code text NOT NULL,  -- Subdivision by ISO 3166-2, without the country: CA.
    name text NOT NULL,  -- Name.
    CONSTRAINT state_pkey PRIMARY KEY (state_id),  -- This state is known already.
    CONSTRAINT state_code_is_unique_in_its_country UNIQUE (country, code),  -- This country has a state with that code already.
    CONSTRAINT state_name_is_unique_in_its_country UNIQUE (country, name),  -- This country has a state of that name already.
    CONSTRAINT state_code_is_iso_3166 CHECK ((code ~ '^[A-Z0-9]{1,3}$'::text)),  -- Give the state's code as one to three capital letters or digits.
    CONSTRAINT state_country_is_iso_3166 CHECK ((country ~ '^[A-Z]{2}$'::text)),  -- Give the country as two capital letters.
    CONSTRAINT state_name_is_some CHECK ((name ~ '\S'::text))  -- Give the state a name.
);
ALTER TABLE care.state FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.state FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.state FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.state TO healthtrack_migrator;
GRANT SELECT ON care.state TO healthtrack_care;

-- City; the same name may stand in two states, and never twice in one.
CREATE TABLE care.city (
    city_id integer GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Key.
    state_id integer NOT NULL,  -- State that it lies in.
    name text NOT NULL,  -- Name.
    CONSTRAINT city_pkey PRIMARY KEY (city_id),  -- This city is known already.
    CONSTRAINT city_name_is_unique_in_its_state UNIQUE (state_id, name),  -- This state has a city of that name already.
    CONSTRAINT city_state_fkey FOREIGN KEY (state_id) REFERENCES care.state(state_id),  -- Add the state first.
    CONSTRAINT city_name_is_some CHECK ((name ~ '\S'::text))  -- Give the city a name.
);
ALTER TABLE care.city FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.city FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.city FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.city TO healthtrack_migrator;
GRANT SELECT ON care.city TO healthtrack_care;

-- Kinds of facilities.
CREATE TABLE care.facility_category (
    category text NOT NULL,  -- Stable word.
    title text NOT NULL,  -- A few words for a person.
    CONSTRAINT facility_category_pkey PRIMARY KEY (category),  -- This category is known already.
    CONSTRAINT facility_category_is_snake_case CHECK ((category ~ '^[a-z][a-z0-9_]{1,40}$'::text))  -- Name a category by small letters, digits and underscores.
);
ALTER TABLE care.facility_category FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.facility_category FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.facility_category FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.facility_category TO healthtrack_migrator;
GRANT SELECT ON care.facility_category TO healthtrack_care;

-- Hospital, clinic, diagnostic centre, pharmacy, wellness centre …
CREATE TABLE care.facility (
    facility_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    city_id integer NOT NULL,  -- City that it lies in.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    opened_on date,  -- First day; null where nobody knows.
    closed_on date,  -- First day on which it is no more; null while it stands.
    category text NOT NULL,  -- What kind of facility.
    name text NOT NULL,  -- Name, unique in its city.
    street text NOT NULL,  -- Street and number.
    postal_code text NOT NULL,  -- Postal code.
    time_zone care.time_zone NOT NULL,  -- Its opening hours and schedules are in this zone.
    phone care.phone NOT NULL,  -- Telephone.
    email care.email,  -- Electronic mail; null where there is none.
    website care.web_address,  -- Its page; null where there is none.
    booking_url care.web_address,  -- Where appointments are made; null where only by telephone.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT facility_pkey PRIMARY KEY (facility_id),  -- This facility is known already.
    CONSTRAINT facility_id_with_category_is_unique UNIQUE (facility_id, category),  -- This facility is known already.
    CONSTRAINT facility_name_is_unique_in_its_city UNIQUE (city_id, name),  -- This city has a facility of that name already.
    CONSTRAINT facility_category_fkey FOREIGN KEY (category) REFERENCES care.facility_category(category),  -- Choose one of the known categories.
    CONSTRAINT facility_city_fkey FOREIGN KEY (city_id) REFERENCES care.city(city_id),  -- Add the city first.
    CONSTRAINT facility_closes_after_it_opens CHECK ((closed_on > opened_on)),  -- A facility closes after it has opened.
    CONSTRAINT facility_name_is_some CHECK ((name ~ '\S'::text))  -- Give the facility a name.
);
CREATE INDEX facility_category_idx ON care.facility USING btree (category, city_id);
CREATE TRIGGER facility_is_stamped BEFORE INSERT OR UPDATE ON care.facility FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER facility_is_touched BEFORE UPDATE ON care.facility FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER facility_time_zone_is_noted AFTER UPDATE OF time_zone ON care.facility FOR EACH ROW WHEN ((((old.time_zone)::text <> (new.time_zone)::text) AND (new.category = 'wellness_center'::text))) EXECUTE FUNCTION care.note_time_zone();  -- Trigger after a centre's time zone has changed: its days begin and end elsewhere, and are to be counted.
ALTER TABLE care.facility FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.facility FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.facility FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.facility TO healthtrack_migrator;
GRANT SELECT ON care.facility TO healthtrack_care;

-- Room of a facility that one appointment at a time can use.
CREATE TABLE care.room (
    room_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    facility_id uuid NOT NULL,  -- Facility that it is in.
    name text NOT NULL,  -- What stands on its door.
    CONSTRAINT room_pkey PRIMARY KEY (room_id),  -- This room is known already.
    CONSTRAINT room_id_with_facility_is_unique UNIQUE (facility_id, room_id),  -- This room is known already.
    CONSTRAINT room_name_is_unique_in_its_facility UNIQUE (facility_id, name),  -- This facility has a room of that name already.
    CONSTRAINT room_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id)  -- Add the facility first.
);
ALTER TABLE care.room FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.room FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.room FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.room TO healthtrack_migrator;
GRANT SELECT ON care.room TO healthtrack_care;

-- Hours of one weekday at which a facility is open; a day may have several.
CREATE TABLE care.opening_hours (
    opening_hours_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    facility_id uuid NOT NULL,  -- The facility.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    weekday smallint NOT NULL,  -- Day of the week by ISO 8601: 1 is Monday, 7 is Sunday.
    opens_minute smallint NOT NULL,  -- Minutes after midnight on the facility's wall clock.
    closes_minute smallint NOT NULL,  -- Minutes after midnight, not included; 1440 is the end of the day.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT opening_hours_pkey PRIMARY KEY (opening_hours_id),  -- These hours are known already.
    CONSTRAINT opening_hours_do_not_overlap EXCLUDE USING gist (facility_id WITH =, weekday WITH =, int4range((opens_minute)::integer, (closes_minute)::integer) WITH &&),  -- The facility has hours at that time already.
    CONSTRAINT opening_hours_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Add the facility first.
    CONSTRAINT opening_hours_are_within_the_day CHECK (((opens_minute >= 0) AND (closes_minute <= 1440))),  -- Give hours between 0:00 and 24:00: hours past midnight belong to the next day.
    CONSTRAINT opening_hours_close_after_they_open CHECK ((closes_minute > opens_minute)),  -- A facility closes after it opens.
    CONSTRAINT opening_hours_weekday_is_iso_8601 CHECK (((weekday >= 1) AND (weekday <= 7)))  -- Give the weekday as 1 (Monday) to 7 (Sunday).
);
CREATE TRIGGER opening_hours_is_stamped BEFORE INSERT OR UPDATE ON care.opening_hours FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER opening_hours_is_touched BEFORE UPDATE ON care.opening_hours FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.opening_hours FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.opening_hours FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.opening_hours FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.opening_hours TO healthtrack_migrator;
GRANT SELECT ON care.opening_hours TO healthtrack_care;

-- Hours of one date that stand instead of the week's: a holiday, or a longer day.
CREATE TABLE care.special_day (
    special_day_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    facility_id uuid NOT NULL,  -- The facility.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    falls_on date NOT NULL,  -- The date, where the facility is.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    opens_minute smallint,  -- Minutes after midnight on the facility's wall clock; null where it is closed all day.
    closes_minute smallint,  -- Minutes after midnight, not included; null where it is closed all day.
    title text NOT NULL,  -- Why: New Year's Day.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT special_day_pkey PRIMARY KEY (special_day_id),  -- This day is known already.
    CONSTRAINT special_day_does_not_overlap EXCLUDE USING gist (facility_id WITH =, falls_on WITH =, int4range(COALESCE((opens_minute)::integer, 0), COALESCE((closes_minute)::integer, 1440)) WITH &&),  -- The facility has other hours, or is closed, on that day.
    CONSTRAINT special_day_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Add the facility first.
    CONSTRAINT special_day_closes_after_it_opens CHECK ((closes_minute > opens_minute)),  -- A facility closes after it opens.
    CONSTRAINT special_day_has_both_hours_or_none CHECK (((opens_minute IS NULL) = (closes_minute IS NULL))),  -- Give both hours, or none for a closed day.
    CONSTRAINT special_day_hours_are_within_the_day CHECK (((opens_minute >= 0) AND (closes_minute <= 1440))),  -- Give hours between 0:00 and 24:00.
    CONSTRAINT special_day_title_is_some CHECK ((title ~ '\S'::text))  -- Say why this day is unlike others.
);
CREATE TRIGGER special_day_is_stamped BEFORE INSERT OR UPDATE ON care.special_day FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER special_day_is_touched BEFORE UPDATE ON care.special_day FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.special_day FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.special_day FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.special_day FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.special_day TO healthtrack_migrator;
GRANT SELECT ON care.special_day TO healthtrack_care;

-- Special services that facilities may offer.
CREATE TABLE care.service (
    service text NOT NULL,  -- Stable word.
    title text NOT NULL,  -- A few words for a person.
    CONSTRAINT service_pkey PRIMARY KEY (service),  -- This service is known already.
    CONSTRAINT service_is_snake_case CHECK ((service ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Name a service by small letters, digits and underscores.
    CONSTRAINT service_title_is_some CHECK ((title ~ '\S'::text))  -- Give the service a title.
);
ALTER TABLE care.service FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.service FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.service FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.service TO healthtrack_migrator;
GRANT SELECT ON care.service TO healthtrack_care;

-- What a facility offers: services of the list, by which it is found, and services with a name of their own.
CREATE TABLE care.facility_service (
    facility_id uuid NOT NULL,  -- The facility.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    service text,  -- What kind it is; null where the list has none that fits.
    detail text,  -- A sentence about it; null where nothing is to be said.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    facility_service_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    withdrawn_on date,  -- First day on which it is offered no more; null while it is.
    duration_minutes integer,  -- How long it takes; null where that is not said.
    capacity integer,  -- How many can take it at once; null where that is not said.
    name text,  -- Name, unique in its facility; null where the title of the service says it.
    CONSTRAINT facility_service_pkey PRIMARY KEY (facility_service_id),  -- This service is known already.
    CONSTRAINT facility_service_id_with_facility_is_unique UNIQUE (facility_id, facility_service_id),  -- This service is known already.
    CONSTRAINT facility_service_is_offered_once UNIQUE NULLS NOT DISTINCT (facility_id, service, name),  -- The facility offers this service already.
    CONSTRAINT facility_service_name_is_unique_in_its_facility UNIQUE (facility_id, name),  -- This facility offers a service of that name already.
    CONSTRAINT facility_service_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Add the facility first.
    CONSTRAINT facility_service_service_fkey FOREIGN KEY (service) REFERENCES care.service(service),  -- Choose one of the known services.
    CONSTRAINT facility_service_capacity_is_believable CHECK (((capacity >= 1) AND (capacity <= 1000))),  -- Give room for 1 to 1000 people.
    CONSTRAINT facility_service_duration_is_believable CHECK (((duration_minutes >= 5) AND (duration_minutes <= 1440))),  -- Give the duration as 5 to 1440 minutes.
    CONSTRAINT facility_service_is_known_or_named CHECK ((num_nonnulls(service, name) >= 1)),  -- Choose one of the known services, or give the service a name.
    CONSTRAINT facility_service_name_is_some CHECK (((name ~ '\S'::text) AND (length(name) <= 200)))  -- Give the service a name of 200 letters at most.
);
CREATE INDEX facility_service_service_idx ON care.facility_service USING btree (service, facility_id);
CREATE TRIGGER facility_service_is_stamped BEFORE INSERT OR UPDATE ON care.facility_service FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER facility_service_is_touched BEFORE UPDATE ON care.facility_service FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.facility_service FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.facility_service FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.facility_service FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.facility_service TO healthtrack_migrator;
GRANT SELECT ON care.facility_service TO healthtrack_care;

-- Which services of the list a facility offers today, each once.
--   facility_id: The facility.
--   service: The service.
CREATE VIEW care.offered_service WITH (security_invoker=true) AS
 SELECT DISTINCT facility_id,
    service
   FROM care.facility_service
  WHERE ((service IS NOT NULL) AND ((withdrawn_on IS NULL) OR (withdrawn_on > CURRENT_DATE)));
GRANT SELECT ON care.offered_service TO healthtrack_care;

-- Mean of the published reviews of each facility, with their number; no row where there is none.
--   facility_id: The facility.
--   reviews: How many published reviews.
--   stars: Their mean, to the hundredth.
CREATE VIEW care.facility_rating WITH (security_invoker=true) AS
 SELECT facility_id,
    (sum(reviews))::bigint AS reviews,
    round((sum(stars) / sum(reviews)), 2) AS stars
   FROM care.review_tally
  GROUP BY facility_id
 HAVING (sum(reviews) > (0)::numeric);
GRANT SELECT ON care.facility_rating TO healthtrack_care;

-- What adds up to the number of published reviews, and of their stars, of a provider at a facility: one row, and one for each change since it was last merged.
CREATE TABLE care.review_tally (
    facility_id uuid NOT NULL,  -- Where.
    provider_id uuid NOT NULL,  -- Who gave care.
    review_tally_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Key.
    reviews bigint NOT NULL,  -- Published reviews to be added; below zero where some were taken away.
    stars bigint NOT NULL,  -- Their stars together.
    CONSTRAINT review_tally_pkey PRIMARY KEY (review_tally_id),  -- This change is counted already.
    CONSTRAINT review_tally_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id) ON DELETE CASCADE,  -- Choose one of the network's facilities.
    CONSTRAINT review_tally_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id) ON DELETE CASCADE,  -- Choose one of the network's providers.
    CONSTRAINT review_tally_adds_something CHECK (((reviews <> 0) OR (stars <> 0)))  -- A change adds a review or changes stars.
);
CREATE INDEX review_tally_facility_idx ON care.review_tally USING btree (facility_id, provider_id) INCLUDE (reviews, stars);
CREATE INDEX review_tally_provider_idx ON care.review_tally USING btree (provider_id) INCLUDE (reviews, stars);
ALTER TABLE care.review_tally FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.review_tally FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.review_tally FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.review_tally TO healthtrack_migrator;
GRANT SELECT ON care.review_tally TO healthtrack_care;

-- Facilities that a patient prefers, the best first.
CREATE TABLE care.preferred_facility (
    patient_id uuid NOT NULL,  -- Who prefers.
    facility_id uuid NOT NULL,  -- Which facility.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    rank smallint,  -- Place in the patient's list, 1 first; null where it is preferred no more.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT preferred_facility_pkey PRIMARY KEY (patient_id, facility_id),  -- This facility is in the list already.
    CONSTRAINT preferred_facility_rank_is_unique UNIQUE (patient_id, rank) DEFERRABLE INITIALLY DEFERRED,  -- Another facility has that place in the list.
    CONSTRAINT preferred_facility_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose one of the network's facilities.
    CONSTRAINT preferred_facility_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT preferred_facility_rank_is_small CHECK (((rank >= 1) AND (rank <= 20)))  -- Give a place from 1 to 20.
);
CREATE INDEX preferred_facility_facility_idx ON care.preferred_facility USING btree (facility_id);
CREATE TRIGGER preferred_facility_is_not_of_a_joined_record AFTER INSERT ON care.preferred_facility REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another.
CREATE TRIGGER preferred_facility_is_stamped BEFORE INSERT OR UPDATE ON care.preferred_facility FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER preferred_facility_is_touched BEFORE UPDATE ON care.preferred_facility FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER preferred_facility_stays_under_hold BEFORE DELETE ON care.preferred_facility FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.preferred_facility FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.preferred_facility FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY granted ON care.preferred_facility FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_granted('chart'::text) AS patients_granted)::uuid[])));
CREATE POLICY maintenance ON care.preferred_facility FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.preferred_facility FOR ALL TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]))) WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.preferred_facility TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.preferred_facility TO healthtrack_care;

-- That a patient was at a wellness centre.
CREATE TABLE care.centre_visit (
    centre_visit_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Who.
    facility_id uuid NOT NULL,  -- At which centre.
    facility_service_id uuid,  -- For which service; null for none in particular.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    present_during tstzrange NOT NULL,  -- Half-open period; no upper bound while the patient is there.
    category text GENERATED ALWAYS AS ('wellness_center'::text) STORED,  -- Always wellness_center: part of the key to a facility of that category.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT centre_visit_pkey PRIMARY KEY (centre_visit_id),  -- This visit is known already.
    CONSTRAINT centre_visit_is_at_one_place EXCLUDE USING gist (patient_id WITH =, present_during WITH &&),  -- The patient is at a centre at that time already: end that visit first.
    CONSTRAINT centre_visit_centre_fkey FOREIGN KEY (facility_id, category) REFERENCES care.facility(facility_id, category),  -- Choose a facility that is a wellness centre.
    CONSTRAINT centre_visit_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT centre_visit_service_fkey FOREIGN KEY (facility_id, facility_service_id) REFERENCES care.facility_service(facility_id, facility_service_id),  -- Choose a service of that centre.
    CONSTRAINT centre_visit_period_is_half_open CHECK (((NOT isempty(present_during)) AND lower_inc(present_during) AND (NOT upper_inc(present_during)) AND (upper_inf(present_during) OR (upper(present_during) <= (lower(present_during) + '24:00:00'::interval)))))  -- A visit has a beginning, and ends after it within a day.
);
CREATE INDEX centre_visit_centre_idx ON care.centre_visit USING btree (facility_id, lower(present_during));
CREATE INDEX centre_visit_patient_idx ON care.centre_visit USING btree (patient_id);
CREATE INDEX centre_visit_service_idx ON care.centre_visit USING btree (facility_service_id);
CREATE TRIGGER centre_visit_is_not_of_a_joined_record AFTER INSERT ON care.centre_visit REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another.
CREATE TRIGGER centre_visit_is_noted AFTER INSERT OR DELETE OR UPDATE ON care.centre_visit FOR EACH ROW EXECUTE FUNCTION care.note_visit();  -- Trigger after a visit is written: its day is to be counted.
CREATE TRIGGER centre_visit_is_stamped BEFORE INSERT OR UPDATE ON care.centre_visit FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER centre_visit_is_touched BEFORE UPDATE ON care.centre_visit FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER centre_visit_stays_under_hold BEFORE DELETE ON care.centre_visit FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.centre_visit FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON care.centre_visit FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY desk ON care.centre_visit FOR ALL TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'front_desk'::text))) WITH CHECK (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) AND (( SELECT access.part() AS part) = 'front_desk'::text)));
CREATE POLICY maintenance ON care.centre_visit FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.centre_visit FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.centre_visit TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.centre_visit TO healthtrack_care;

-- What happened at a wellness centre on one day; days without anything have no row.
CREATE TABLE care.centre_engagement_day (
    facility_id uuid NOT NULL,  -- Which centre.
    counted_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was counted.
    counted_on date NOT NULL,  -- The centre's own day.
    visits integer NOT NULL,  -- Visits that began.
    members integer NOT NULL,  -- Different people who came to visit or attended a session.
    attendances integer NOT NULL,  -- Attendances at sessions of programmes that were held there.
    enrolments integer NOT NULL,  -- People who were admitted to the centre's programmes.
    category text GENERATED ALWAYS AS ('wellness_center'::text) STORED,  -- Always wellness_center: part of the key to a facility of that category.
    CONSTRAINT centre_engagement_day_pkey PRIMARY KEY (facility_id, counted_on),  -- This day is counted already.
    CONSTRAINT centre_engagement_day_centre_fkey FOREIGN KEY (facility_id, category) REFERENCES care.facility(facility_id, category),  -- Choose a facility that is a wellness centre.
    CONSTRAINT centre_engagement_day_has_something CHECK (((visits >= 0) AND (members >= 0) AND (attendances >= 0) AND (enrolments >= 0) AND (((visits + attendances) + enrolments) > 0) AND (members <= (visits + attendances))))  -- A day has something, and no more people than visits and attendances.
);
ALTER TABLE care.centre_engagement_day FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON care.centre_engagement_day FOR SELECT TO healthtrack_care USING (((facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])) OR (( SELECT access.part() AS part) = 'operator'::text)));
CREATE POLICY maintenance ON care.centre_engagement_day FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.centre_engagement_day TO healthtrack_migrator;
GRANT SELECT ON care.centre_engagement_day TO healthtrack_care;

-- Days of which something has changed since they were counted.
CREATE TABLE care.centre_engagement_change (
    facility_id uuid NOT NULL,  -- Where.
    centre_engagement_change_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Key.
    changed_on date NOT NULL,  -- The facility's own day.
    CONSTRAINT centre_engagement_change_pkey PRIMARY KEY (centre_engagement_change_id),  -- This change is known already.
    CONSTRAINT centre_engagement_change_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id)  -- Choose one of the network's facilities.
);
CREATE INDEX centre_engagement_change_day_idx ON care.centre_engagement_change USING btree (changed_on);
CREATE INDEX centre_engagement_change_facility_idx ON care.centre_engagement_change USING btree (facility_id);
ALTER TABLE care.centre_engagement_change FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.centre_engagement_change FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.centre_engagement_change TO healthtrack_migrator;

-- Counts what happened at a facility on one of its days, from the rows themselves.
CREATE OR REPLACE FUNCTION care.count_engagement(facility_id uuid, day date)
 RETURNS TABLE(visits integer, members integer, attendances integer, enrolments integer)
 LANGUAGE sql
 STABLE
AS $function$
    WITH span AS (
        SELECT $2::timestamp AT TIME ZONE place.time_zone AS first_at,
               ($2 + 1)::timestamp AT TIME ZONE place.time_zone AS stop_at
        FROM care.facility AS place WHERE place.facility_id = $1
    ), came AS (
        SELECT visit.patient_id FROM span JOIN care.centre_visit AS visit
            ON visit.facility_id = $1 AND lower(visit.present_during) >= first_at
           AND lower(visit.present_during) < stop_at
    ), seen AS (
        SELECT noted.patient_id FROM span CROSS JOIN care.programme_session AS held
        JOIN care.attendance AS noted USING (programme_session_id)
        WHERE held.facility_id = $1 AND noted.attended_at >= first_at AND noted.attended_at < stop_at
    )
    SELECT (SELECT count(*) FROM came)::integer,
           (SELECT count(*) FROM (SELECT patient_id FROM came UNION SELECT patient_id FROM seen) AS someone)::integer,
           (SELECT count(*) FROM seen)::integer,
           (SELECT count(*) FROM span CROSS JOIN care.programme AS run JOIN care.enrolment AS taken USING (programme_id)
            WHERE run.facility_id = $1 AND taken.admitted_at >= first_at AND taken.admitted_at < stop_at)::integer
$function$;

-- Merges the rows of each provider at each facility in the tally of reviews into one; how many there were. Run at READ COMMITTED.
CREATE OR REPLACE FUNCTION care.merge_reviews()
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
DECLARE
    merged bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('care.review_tally', 0));
    WITH several AS (
        SELECT facility_id, provider_id FROM care.review_tally
        GROUP BY 1, 2 HAVING count(*) > 1
    ), gone AS (
        DELETE FROM care.review_tally t USING several s
        WHERE t.facility_id = s.facility_id AND t.provider_id = s.provider_id
        RETURNING t.facility_id, t.provider_id, t.reviews, t.stars
    ), kept AS (
        INSERT INTO care.review_tally (facility_id, provider_id, reviews, stars)
        SELECT facility_id, provider_id, sum(reviews), sum(stars) FROM gone
        GROUP BY 1, 2 HAVING sum(reviews) <> 0 OR sum(stars) <> 0
    )
    SELECT count(*) INTO merged FROM gone;
    RETURN merged;
END $function$;
REVOKE EXECUTE ON FUNCTION care.merge_reviews() FROM PUBLIC;

-- Notes that something at a centre has changed on the day of a moment; nothing for other facilities.
CREATE OR REPLACE FUNCTION care.note_engagement(facility_id uuid, moment timestamp with time zone)
 RETURNS void
 LANGUAGE sql
AS $function$
    INSERT INTO care.centre_engagement_change (facility_id, changed_on)
    SELECT place.facility_id, (moment AT TIME ZONE place.time_zone)::date FROM care.facility AS place
    WHERE place.facility_id = $1 AND place.category = 'wellness_center' AND moment IS NOT NULL
$function$;
REVOKE EXECUTE ON FUNCTION care.note_engagement(uuid,timestamp with time zone) FROM PUBLIC;

-- Trigger after a centre's time zone has changed: its days begin and end elsewhere, and are to be counted.
CREATE OR REPLACE FUNCTION care.note_time_zone()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    -- The farthest zones lie 26 hours apart, so what was on one day is on one of five now.
    INSERT INTO care.centre_engagement_change (facility_id, changed_on)
    SELECT DISTINCT NEW.facility_id, known.day + shift
    FROM (
        SELECT counted_on AS day FROM care.centre_engagement_day WHERE facility_id = NEW.facility_id
        UNION ALL
        SELECT changed_on FROM care.centre_engagement_change WHERE facility_id = NEW.facility_id
    ) AS known CROSS JOIN generate_series(-2, 2) AS shift;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.note_time_zone() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.note_time_zone() TO healthtrack_care, healthtrack_migrator;

-- Trigger after a visit is written: its day is to be counted.
CREATE OR REPLACE FUNCTION care.note_visit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM care.note_engagement(OLD.facility_id, lower(OLD.present_during));
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM care.note_engagement(NEW.facility_id, lower(NEW.present_during));
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.note_visit() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.note_visit() TO healthtrack_care, healthtrack_migrator;

-- When a facility is open within a period.
CREATE OR REPLACE FUNCTION care.opening(asked_facility uuid, span tstzrange)
 RETURNS tstzmultirange
 LANGUAGE sql
 STABLE
AS $function$
    WITH day AS (
        SELECT f.facility_id, f.time_zone, day.falls_on
        FROM care.facility f, care.local_dates(span, f.time_zone) AS day (falls_on)
        WHERE f.facility_id = asked_facility
          AND daterange(f.opened_on, f.closed_on) @> day.falls_on
    ), period AS (
        SELECT d.*, s.opens_minute, s.closes_minute FROM day d JOIN care.special_day s USING (facility_id, falls_on)
        UNION ALL
        SELECT d.*, h.opens_minute, h.closes_minute
        FROM day d JOIN care.opening_hours h USING (facility_id)
        WHERE h.weekday = extract(isodow FROM d.falls_on)
          AND NOT EXISTS (SELECT FROM care.special_day s
                          WHERE s.facility_id = d.facility_id AND s.falls_on = d.falls_on)
    )
    SELECT coalesce(range_agg(care.local_period(falls_on, opens_minute, closes_minute, time_zone)), '{}')
           * tstzmultirange(span)
    FROM period WHERE opens_minute IS NOT NULL
$function$;

-- Country and state in which a visit takes place, and the zone of its days: of the facility, or by video of the patient's address of that day.
CREATE OR REPLACE FUNCTION care.place_of_visit(asked_facility uuid, asked_mode text, asked_patient uuid, on_day date)
 RETURNS TABLE(country text, state text, zone text)
 LANGUAGE sql
 STABLE ROWS 1
AS $function$
    SELECT coalesce(lives.country, part.country),
           CASE WHEN lives.country IS NULL THEN part.code ELSE coalesce(named.code, upper(btrim(lives.state))) END,
           coalesce(person.time_zone, place.time_zone)::text
    FROM care.facility AS place JOIN care.city AS town USING (city_id) JOIN care.state AS part USING (state_id)
    LEFT JOIN care.patient AS person ON person.patient_id = asked_patient AND asked_mode = 'telehealth'
    LEFT JOIN LATERAL (
        SELECT home.country, home.state FROM care.address AS home
        WHERE home.patient_id = person.patient_id AND home.use IN ('temporary', 'home') AND home.valid_during @> on_day
        ORDER BY home.use = 'home' LIMIT 1
    ) AS lives ON true
    LEFT JOIN care.state AS named ON named.country = lives.country AND lower(named.name) = lower(btrim(lives.state))
    WHERE place.facility_id = asked_facility
$function$;
REVOKE EXECUTE ON FUNCTION care.place_of_visit(uuid,text,uuid,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.place_of_visit(uuid,text,uuid,date) TO healthtrack_care;

-- Counts the tally of reviews anew from the reviews themselves, after they were written with triggers off. Run at READ COMMITTED.
CREATE OR REPLACE FUNCTION care.recount_reviews()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('care.review_tally', 0));
    -- One statement: a review that is committed meanwhile is in both of what it counts and removes, or in neither.
    WITH gone AS (DELETE FROM care.review_tally)
    INSERT INTO care.review_tally (facility_id, provider_id, reviews, stars)
    SELECT facility_id, provider_id, count(*), sum(stars) FROM care.review WHERE state = 'published' GROUP BY 1, 2;
END $function$;
REVOKE EXECUTE ON FUNCTION care.recount_reviews() FROM PUBLIC;

-- Counts the days in [from, to) again of which something has changed; how many they were. Run at READ COMMITTED.
CREATE OR REPLACE FUNCTION care.refresh_engagement("from" date, "to" date)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
DECLARE
    stale   record;
    counted bigint := 0;
BEGIN
    -- One refresh at a time: a slower one would lay its older count over a newer.
    PERFORM pg_advisory_xact_lock(hashtextextended('care.refresh_engagement', 0));
    FOR stale IN
        WITH gone AS (
            DELETE FROM care.centre_engagement_change WHERE changed_on >= $1 AND changed_on < $2
            RETURNING facility_id, changed_on
        )
        SELECT DISTINCT gone.facility_id, gone.changed_on FROM gone
        JOIN care.facility USING (facility_id) WHERE facility.category = 'wellness_center'
    LOOP
        counted := counted + 1;
        DELETE FROM care.centre_engagement_day AS known
        WHERE known.facility_id = stale.facility_id AND known.counted_on = stale.changed_on;
        INSERT INTO care.centre_engagement_day (facility_id, counted_on, visits, members, attendances, enrolments)
        SELECT stale.facility_id, stale.changed_on, found.visits, found.members, found.attendances, found.enrolments
        FROM care.count_engagement(stale.facility_id, stale.changed_on) AS found
        WHERE found.visits + found.attendances + found.enrolments > 0;
    END LOOP;
    RETURN counted;
END $function$;
REVOKE EXECUTE ON FUNCTION care.refresh_engagement(date,date) FROM PUBLIC;

-- Blocks of time at which an affiliated provider sees patients at a facility, on the dates of a period: weekly and extra ones, before anything is taken off.
CREATE OR REPLACE FUNCTION care.visiting_hours(asked_provider uuid, asked_facility uuid, span tstzrange)
 RETURNS TABLE(during tstzrange, reserved_hours smallint)
 LANGUAGE sql
 STABLE
AS $function$
    WITH day AS (
        SELECT f.facility_id, f.time_zone, day.falls_on
        FROM care.facility f, care.local_dates(span, f.time_zone) AS day (falls_on)
        WHERE f.facility_id = asked_facility
          AND EXISTS (SELECT FROM care.affiliation a
                      WHERE a.provider_id = asked_provider AND a.facility_id = f.facility_id
                        AND a.valid_during @> day.falls_on)
          AND EXISTS (SELECT FROM care.provider p
                      WHERE p.provider_id = asked_provider AND daterange(NULL, p.retired_on) @> day.falls_on)
    )
    SELECT care.local_period(d.falls_on, a.starts_minute, a.ends_minute, d.time_zone), a.reserved_hours
    FROM day d JOIN care.availability a USING (facility_id)
    WHERE a.provider_id = asked_provider AND a.weekday = extract(isodow FROM d.falls_on)
      AND a.valid_during @> d.falls_on
    UNION ALL
    SELECT e.during, NULL
    FROM care.availability_exception e JOIN day d USING (facility_id)
    WHERE e.provider_id = asked_provider AND e.kind = 'extra' AND e.during && span
      AND d.falls_on = (lower(e.during) AT TIME ZONE d.time_zone)::date
$function$;

-- Facilities that are open for business, by city, state, category and service, the best rated first, 200 at most.
CREATE OR REPLACE FUNCTION api.find_facilities(token text, in_city text, in_state text, of_category text, offering text, rows_max integer)
 RETURNS TABLE(facility_id uuid, name text, category text, street text, postal_code text, city_name text, state_code text, phone text, booking_url text, reviews bigint, stars double precision, services text[], open_now boolean)
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
    RETURN QUERY SELECT f.facility_id, f.name, f.category, f.street, f.postal_code, c.name, s.code,
           f.phone::text, f.booking_url::text, rating.reviews, rating.stars,
           ARRAY(SELECT o.service FROM care.offered_service o WHERE o.facility_id = f.facility_id ORDER BY 1),
           NOT isempty(care.opening(f.facility_id, tstzrange(now(), now() + INTERVAL '1 minute')))
    FROM care.city c JOIN care.state s USING (state_id) JOIN care.facility f USING (city_id)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(t.reviews), 0)::bigint AS reviews,
               (sum(t.stars) / nullif(sum(t.reviews), 0))::float8 AS stars
        FROM care.review_tally t WHERE t.facility_id = f.facility_id
    ) rating
    WHERE (in_city IS NULL OR lower(c.name) = lower(in_city))
      AND (in_state IS NULL OR s.code = in_state)
      AND (of_category IS NULL OR f.category = of_category)
      AND (f.closed_on IS NULL OR f.closed_on > current_date)
      AND (offering IS NULL OR EXISTS (
          SELECT FROM care.offered_service o WHERE o.facility_id = f.facility_id AND o.service = offering))
    ORDER BY rating.stars DESC NULLS LAST, f.name, f.facility_id LIMIT least(rows_max, 200);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.find_facilities(text,text,text,text,text,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.find_facilities(text,text,text,text,text,integer) TO healthtrack_portal;

-- What a facility offers today, by name, 500 at most.
CREATE OR REPLACE FUNCTION api.list_services(token text, facility uuid)
 RETURNS TABLE(facility_service_id uuid, service text, name text, detail text, duration_minutes integer, capacity integer)
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
    RETURN QUERY SELECT o.facility_service_id, o.service, coalesce(o.name, kind.title), o.detail, o.duration_minutes, o.capacity
    FROM care.facility_service o LEFT JOIN care.service kind ON kind.service = o.service
    WHERE o.facility_id = facility AND (o.withdrawn_on IS NULL OR o.withdrawn_on > current_date)
    ORDER BY coalesce(o.name, kind.title), o.facility_service_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_services(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_services(text,uuid) TO healthtrack_portal;

-- How much a centre was used on each day of [from, to), 1000 at most; counts, and nobody's name.
CREATE OR REPLACE FUNCTION api.read_engagement(token text, centre uuid, "from" date, "to" date)
 RETURNS TABLE(counted_on date, visits integer, members integer, attendances integer, enrolments integer)
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
    RETURN QUERY SELECT d.counted_on, d.visits, d.members, d.attendances, d.enrolments FROM care.centre_engagement_day d
    WHERE d.facility_id = centre AND d.counted_on >= "from" AND d.counted_on < "to" ORDER BY d.counted_on LIMIT 1000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_engagement(text,uuid,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_engagement(text,uuid,date,date) TO healthtrack_portal;
