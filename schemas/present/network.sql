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
CREATE POLICY administrator ON care.state FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.state FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.state FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.state TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.state TO healthtrack_care;

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
CREATE POLICY administrator ON care.city FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.city FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.city FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.city TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.city TO healthtrack_care;

-- Body of law or part of the network that answers for facilities.
CREATE TABLE care.organisation (
    organisation_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    part_of uuid,  -- Organisation that it is a part of; null for one that stands by itself.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    city_id integer,  -- City of its address; null where no address is known.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    depth smallint DEFAULT 0 NOT NULL,  -- How many organisations stand above it; worked out from what it is a part of.
    part_of_depth smallint GENERATED ALWAYS AS (
CASE
    WHEN (part_of IS NOT NULL) THEN (depth - 1)
    ELSE NULL::integer
END) STORED,  -- How many stand above what it is a part of: half of the key that keeps circles out.
    active_during daterange DEFAULT '(,)'::daterange NOT NULL,  -- Days on which it exists; without a bound where it has none or nobody knows.
    name text NOT NULL,  -- Name, unique among the parts of one organisation.
    kind text NOT NULL,  -- network, legal_entity, division, practice, partner or other.
    street text,  -- Street and number of its address; null where no address is known.
    postal_code text,  -- Postal code of its address; null where no address is known.
    phone care.phone,  -- Telephone; null where there is none.
    email care.email,  -- Electronic mail; null where there is none.
    website care.web_address,  -- Its page; null where there is none.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT organisation_pkey PRIMARY KEY (organisation_id),  -- This organisation is known already.
    CONSTRAINT organisation_id_with_depth_is_unique UNIQUE (organisation_id, depth),  -- This organisation is known already.
    CONSTRAINT organisation_name_is_unique_in_its_whole UNIQUE NULLS NOT DISTINCT (part_of, name),  -- There is an organisation of that name at that place already.
    CONSTRAINT organisation_city_fkey FOREIGN KEY (city_id) REFERENCES care.city(city_id),  -- Add the city first.
    CONSTRAINT organisation_part_of_fkey FOREIGN KEY (part_of, part_of_depth) REFERENCES care.organisation(organisation_id, depth) DEFERRABLE INITIALLY DEFERRED,  -- Choose one of the known organisations as the whole.
    CONSTRAINT organisation_address_is_whole CHECK (((num_nonnulls(street, postal_code, city_id) = ANY (ARRAY[0, 3])) AND (street ~ '\S'::text) AND (postal_code ~ '\S'::text))),  -- Give street, postal code and city, or none of them.
    CONSTRAINT organisation_depth_is_limited CHECK ((((depth >= 0) AND (depth <= 7)) AND ((depth = 0) = (part_of IS NULL)))),  -- At most seven organisations may stand above one.
    CONSTRAINT organisation_is_active_at_some_time CHECK ((NOT isempty(active_during))),  -- An organisation ends after it begins.
    CONSTRAINT organisation_kind_is_known CHECK ((kind = ANY (ARRAY['network'::text, 'legal_entity'::text, 'division'::text, 'practice'::text, 'partner'::text, 'other'::text]))),  -- Choose network, legal_entity, division, practice, partner or other.
    CONSTRAINT organisation_name_is_some CHECK (((name ~ '\S'::text) AND (length(name) <= 200)))  -- Give the organisation a name of 200 letters at most.
);
CREATE INDEX organisation_city_idx ON care.organisation USING btree (city_id);
CREATE INDEX organisation_part_of_idx ON care.organisation USING btree (part_of, part_of_depth);
CREATE TRIGGER organisation_ends_without_open_facilities AFTER UPDATE ON care.organisation FOR EACH ROW WHEN ((COALESCE(upper(new.active_during), 'infinity'::date) < COALESCE(upper(old.active_during), 'infinity'::date))) EXECUTE FUNCTION care.keep_organisation_of_facilities();  -- Trigger after an organisation ends, or ends earlier: refuses it while facilities that are open later belong to it.
CREATE TRIGGER organisation_is_placed BEFORE INSERT OR UPDATE OF part_of, depth ON care.organisation FOR EACH ROW EXECUTE FUNCTION care.place_in_tree('organisation_id');  -- Trigger before a row of a tree is placed: works out its depth, and refuses a whole that is a part of it.
CREATE TRIGGER organisation_is_stamped BEFORE INSERT OR UPDATE ON care.organisation FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER organisation_is_touched BEFORE UPDATE ON care.organisation FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER organisation_moves_its_parts AFTER UPDATE OF part_of, depth ON care.organisation FOR EACH ROW WHEN ((old.depth <> new.depth)) EXECUTE FUNCTION care.move_parts('organisation_id');  -- Trigger after a row of a tree has another depth: works out the depth of its parts anew.
CREATE TRIGGER organisation_waits_for_its_tree BEFORE INSERT OR UPDATE OF part_of, depth ON care.organisation FOR EACH STATEMENT EXECUTE FUNCTION care.wait_for_tree();  -- Trigger before rows of a tree are written: waits for whoever changes what is a part of what.
ALTER TABLE care.organisation FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.organisation FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.organisation FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.organisation FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.organisation TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.organisation TO healthtrack_care;

-- Numbers by which others know an organisation.
CREATE TABLE care.organisation_identifier (
    organisation_identifier_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    organisation_id uuid NOT NULL,  -- Whose.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    valid_during daterange DEFAULT '(,)'::daterange NOT NULL,  -- Days on which it is valid; without a bound where it has none or nobody knows.
    kind text NOT NULL,  -- npi, ein (tax number of the United States), tax_id (of elsewhere), lei, ccn (Medicare), clia (laboratory) or other.
    issuer text NOT NULL,  -- Who gave it: US-CMS, US-IRS, GLEIF, a country or state by ISO 3166.
    value text NOT NULL,  -- The number, as its issuer writes it.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT organisation_identifier_pkey PRIMARY KEY (organisation_identifier_id),  -- This number is known already.
    CONSTRAINT organisation_identifier_is_of_one_organisation UNIQUE (kind, issuer, value),  -- An organisation has this number of that issuer already.
    CONSTRAINT organisation_identifier_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES care.organisation(organisation_id),  -- Add the organisation first.
    CONSTRAINT organisation_identifier_is_valid_at_some_time CHECK ((NOT isempty(valid_during))),  -- A number ends after it begins.
    CONSTRAINT organisation_identifier_issuer_is_a_name CHECK ((issuer ~ '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$'::text)),  -- Name who gave the number, by letters and digits: US-CMS, US-IRS.
    CONSTRAINT organisation_identifier_kind_is_known CHECK ((kind = ANY (ARRAY['npi'::text, 'ein'::text, 'tax_id'::text, 'lei'::text, 'ccn'::text, 'clia'::text, 'other'::text]))),  -- Choose npi, ein, tax_id, lei, ccn, clia or other.
    CONSTRAINT organisation_identifier_value_fits_its_kind CHECK (care.organisation_number_fits(kind, value))  -- The number has not the shape or the check digits of its kind: read it again.
);
CREATE INDEX organisation_identifier_organisation_idx ON care.organisation_identifier USING btree (organisation_id);
CREATE TRIGGER organisation_identifier_is_stamped BEFORE INSERT OR UPDATE ON care.organisation_identifier FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER organisation_identifier_is_touched BEFORE UPDATE ON care.organisation_identifier FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.organisation_identifier FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.organisation_identifier FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.organisation_identifier FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.organisation_identifier FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.organisation_identifier TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.organisation_identifier TO healthtrack_care;

-- Kinds of facilities.
CREATE TABLE care.facility_category (
    category text NOT NULL,  -- Stable word.
    title text NOT NULL,  -- A few words for a person.
    CONSTRAINT facility_category_pkey PRIMARY KEY (category),  -- This category is known already.
    CONSTRAINT facility_category_is_snake_case CHECK ((category ~ '^[a-z][a-z0-9_]{1,40}$'::text))  -- Name a category by small letters, digits and underscores.
);
ALTER TABLE care.facility_category FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.facility_category FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.facility_category FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.facility_category FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.facility_category TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.facility_category TO healthtrack_care;

-- Hospital, clinic, emergency centre, pharmacy, wellness centre …
CREATE TABLE care.facility (
    facility_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    city_id integer NOT NULL,  -- City that it lies in.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    opened_on date,  -- First day; null where nobody knows.
    closed_on date,  -- First day on which it is no more; null while it stands.
    category text NOT NULL,  -- Its main category.
    name text NOT NULL,  -- Name, unique in its city.
    street text NOT NULL,  -- Street and number.
    postal_code text NOT NULL,  -- Postal code.
    time_zone care.time_zone NOT NULL,  -- Its opening hours and schedules are in this zone.
    phone care.phone NOT NULL,  -- Telephone.
    email care.email,  -- Electronic mail; null where there is none.
    website care.web_address,  -- Its page; null where there is none.
    booking_url care.web_address,  -- Where appointments are made; null where only by telephone.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    organisation_id uuid DEFAULT '00000000-0000-4000-8000-000000000001'::uuid NOT NULL,  -- Organisation that answers for it.
    part_of uuid,  -- Facility that it is a part of; null for one that stands by itself.
    depth smallint DEFAULT 0 NOT NULL,  -- How many facilities stand above it; worked out from what it is a part of.
    part_of_depth smallint GENERATED ALWAYS AS (
CASE
    WHEN (part_of IS NOT NULL) THEN (depth - 1)
    ELSE NULL::integer
END) STORED,  -- How many stand above what it is a part of: half of the key that keeps circles out.
    CONSTRAINT facility_pkey PRIMARY KEY (facility_id),  -- This facility is known already.
    CONSTRAINT facility_id_with_category_is_unique UNIQUE (facility_id, category),  -- This facility is known already.
    CONSTRAINT facility_id_with_depth_is_unique UNIQUE (facility_id, depth),  -- This facility is known already.
    CONSTRAINT facility_name_is_unique_in_its_city UNIQUE (city_id, name),  -- This city has a facility of that name already.
    CONSTRAINT facility_category_fkey FOREIGN KEY (category) REFERENCES care.facility_category(category),  -- Choose one of the known categories.
    CONSTRAINT facility_city_fkey FOREIGN KEY (city_id) REFERENCES care.city(city_id),  -- Add the city first.
    CONSTRAINT facility_is_of_its_main_category FOREIGN KEY (facility_id, category) REFERENCES care.facility_has_category(facility_id, category) DEFERRABLE INITIALLY DEFERRED,  -- Choose another main category first.
    CONSTRAINT facility_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES care.organisation(organisation_id),  -- Choose one of the known organisations.
    CONSTRAINT facility_part_of_fkey FOREIGN KEY (part_of, part_of_depth) REFERENCES care.facility(facility_id, depth) DEFERRABLE INITIALLY DEFERRED,  -- Choose one of the network's facilities as the whole.
    CONSTRAINT facility_closes_after_it_opens CHECK ((closed_on > opened_on)),  -- A facility closes after it has opened.
    CONSTRAINT facility_depth_is_limited CHECK ((((depth >= 0) AND (depth <= 4)) AND ((depth = 0) = (part_of IS NULL)))),  -- At most four facilities may stand above one.
    CONSTRAINT facility_name_is_some CHECK ((name ~ '\S'::text))  -- Give the facility a name.
);
CREATE INDEX facility_category_idx ON care.facility USING btree (category, city_id);
CREATE INDEX facility_organisation_idx ON care.facility USING btree (organisation_id);
CREATE INDEX facility_part_of_idx ON care.facility USING btree (part_of, part_of_depth);
CREATE TRIGGER facility_has_its_main_category AFTER INSERT OR UPDATE OF category ON care.facility FOR EACH ROW EXECUTE FUNCTION care.add_main_category();  -- Trigger after a facility has a main category: it is among its categories.
CREATE TRIGGER facility_is_added_to_a_standing_organisation AFTER INSERT ON care.facility FOR EACH ROW EXECUTE FUNCTION care.check_organisation_of_facility();  -- Trigger after a facility is placed, or stays open for longer: refuses an organisation that ends before.
CREATE TRIGGER facility_is_placed BEFORE INSERT OR UPDATE OF part_of, depth ON care.facility FOR EACH ROW EXECUTE FUNCTION care.place_in_tree('facility_id');  -- Trigger before a row of a tree is placed: works out its depth, and refuses a whole that is a part of it.
CREATE TRIGGER facility_is_placed_by_an_administrator AFTER UPDATE ON care.facility FOR EACH ROW WHEN ((((((((old.organisation_id IS DISTINCT FROM new.organisation_id) OR (old.part_of IS DISTINCT FROM new.part_of)) OR (old.category IS DISTINCT FROM new.category)) OR (old.city_id IS DISTINCT FROM new.city_id)) OR ((old.time_zone)::text IS DISTINCT FROM (new.time_zone)::text)) OR (old.opened_on IS DISTINCT FROM new.opened_on)) OR (old.closed_on IS DISTINCT FROM new.closed_on))) EXECUTE FUNCTION care.refuse_placing();  -- Trigger after a facility is placed, opened, closed or given another main category: refuses its manager.
CREATE TRIGGER facility_is_stamped BEFORE INSERT OR UPDATE ON care.facility FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER facility_is_touched BEFORE UPDATE ON care.facility FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER facility_moves_its_parts AFTER UPDATE OF part_of, depth ON care.facility FOR EACH ROW WHEN ((old.depth <> new.depth)) EXECUTE FUNCTION care.move_parts('facility_id');  -- Trigger after a row of a tree has another depth: works out the depth of its parts anew.
CREATE TRIGGER facility_stays_in_a_standing_organisation AFTER UPDATE ON care.facility FOR EACH ROW WHEN (((old.organisation_id <> new.organisation_id) OR (COALESCE(new.closed_on, 'infinity'::date) > COALESCE(old.closed_on, 'infinity'::date)))) EXECUTE FUNCTION care.check_organisation_of_facility();  -- Trigger after a facility is placed, or stays open for longer: refuses an organisation that ends before.
CREATE TRIGGER facility_time_zone_is_noted AFTER UPDATE OF time_zone ON care.facility FOR EACH ROW WHEN (((old.time_zone)::text <> (new.time_zone)::text)) EXECUTE FUNCTION care.note_time_zone();  -- Trigger after a centre's time zone has changed: its days begin and end elsewhere, and are to be counted.
CREATE TRIGGER facility_waits_for_its_tree BEFORE INSERT OR UPDATE OF part_of, depth ON care.facility FOR EACH STATEMENT EXECUTE FUNCTION care.wait_for_tree();  -- Trigger before rows of a tree are written: waits for whoever changes what is a part of what.
ALTER TABLE care.facility FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.facility FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.facility FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.facility FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY manager ON care.facility FOR UPDATE TO healthtrack_care USING (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])))) WITH CHECK (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[]))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.facility TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.facility TO healthtrack_care;

-- Of which categories a facility is; its main one stands in care.facility as well.
CREATE TABLE care.facility_has_category (
    facility_id uuid NOT NULL,  -- The facility.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    category text NOT NULL,  -- One of its categories.
    CONSTRAINT facility_has_category_pkey PRIMARY KEY (facility_id, category),  -- The facility is of this category already.
    CONSTRAINT facility_has_category_category_fkey FOREIGN KEY (category) REFERENCES care.facility_category(category),  -- Choose one of the known categories.
    CONSTRAINT facility_has_category_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id) ON DELETE CASCADE  -- Add the facility first.
);
CREATE INDEX facility_has_category_category_idx ON care.facility_has_category USING btree (category, facility_id);
CREATE TRIGGER facility_has_category_is_noted AFTER INSERT OR UPDATE ON care.facility_has_category FOR EACH ROW WHEN ((new.category = 'wellness_center'::text)) EXECUTE FUNCTION care.note_new_centre();  -- Trigger after a facility has become a wellness centre: the days of its programmes are to be counted.
CREATE TRIGGER facility_has_category_is_stamped BEFORE INSERT OR UPDATE ON care.facility_has_category FOR EACH ROW EXECUTE FUNCTION care.stamp_creation();  -- Trigger before each write of a row without versions: what an account adds bears the present time.
ALTER TABLE care.facility_has_category FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.facility_has_category FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.facility_has_category FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.facility_has_category FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY manager ON care.facility_has_category FOR ALL TO healthtrack_care USING (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])))) WITH CHECK (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[]))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.facility_has_category TO healthtrack_care;
GRANT DELETE, INSERT, SELECT, UPDATE ON care.facility_has_category TO healthtrack_migrator;

-- What kind of department a facility may have.
CREATE TABLE care.department_kind (
    kind text NOT NULL,  -- Stable word.
    title text NOT NULL,  -- A few words for a person.
    hl7_code text,  -- Code of HL7 v3 ServiceDeliveryLocationRoleType; null where it has none that fits.
    CONSTRAINT department_kind_pkey PRIMARY KEY (kind),  -- This kind of department is known already.
    CONSTRAINT department_kind_hl7_code_has_its_shape CHECK ((hl7_code ~ '^[A-Z]{2,10}$'::text)),  -- Give HL7's code as two to ten capital letters.
    CONSTRAINT department_kind_is_snake_case CHECK ((kind ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Name the kind by small letters, digits and underscores.
    CONSTRAINT department_kind_title_is_some CHECK ((title ~ '\S'::text))  -- Give the kind of department a title.
);
ALTER TABLE care.department_kind FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.department_kind FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.department_kind FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.department_kind FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.department_kind TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.department_kind TO healthtrack_care;

-- Department of a facility.
CREATE TABLE care.department (
    department_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    facility_id uuid NOT NULL,  -- Facility that it is of.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    closed_on date,  -- First day on which it is no more; null while it stands.
    kind text NOT NULL,  -- What kind it is.
    name text NOT NULL,  -- Name, unique in its facility.
    phone care.phone,  -- Telephone; null where it has that of the facility.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT department_pkey PRIMARY KEY (department_id),  -- This department is known already.
    CONSTRAINT department_id_with_facility_is_unique UNIQUE (facility_id, department_id),  -- This department is known already.
    CONSTRAINT department_name_is_unique_in_its_facility UNIQUE (facility_id, name),  -- This facility has a department of that name already.
    CONSTRAINT department_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Add the facility first.
    CONSTRAINT department_kind_fkey FOREIGN KEY (kind) REFERENCES care.department_kind(kind),  -- Choose one of the known kinds of departments.
    CONSTRAINT department_name_is_some CHECK (((name ~ '\S'::text) AND (length(name) <= 200)))  -- Give the department a name of 200 letters at most.
);
CREATE INDEX department_kind_idx ON care.department USING btree (kind);
CREATE TRIGGER department_is_stamped BEFORE INSERT OR UPDATE ON care.department FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER department_is_touched BEFORE UPDATE ON care.department FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.department FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.department FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.department FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.department FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY manager ON care.department FOR ALL TO healthtrack_care USING (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])))) WITH CHECK (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[]))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.department TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.department TO healthtrack_care;

-- Hours of one weekday at which a department is open, where they are other than its facility's; a day may have several.
CREATE TABLE care.department_hours (
    department_hours_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    department_id uuid NOT NULL,  -- The department.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    weekday smallint NOT NULL,  -- Day of the week by ISO 8601: 1 is Monday, 7 is Sunday.
    opens_minute smallint NOT NULL,  -- Minutes after midnight on the facility's wall clock.
    closes_minute smallint NOT NULL,  -- Minutes after midnight, not included; 1440 is the end of the day.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT department_hours_pkey PRIMARY KEY (department_hours_id),  -- These hours are known already.
    CONSTRAINT department_hours_do_not_overlap EXCLUDE USING gist (department_id WITH =, weekday WITH =, int4range((opens_minute)::integer, (closes_minute)::integer) WITH &&),  -- The department has hours at that time already.
    CONSTRAINT department_hours_department_fkey FOREIGN KEY (department_id) REFERENCES care.department(department_id),  -- Add the department first.
    CONSTRAINT department_hours_are_within_the_day CHECK (((opens_minute >= 0) AND (closes_minute <= 1440))),  -- Give hours between 0:00 and 24:00: hours past midnight belong to the next day.
    CONSTRAINT department_hours_close_after_they_open CHECK ((closes_minute > opens_minute)),  -- A department closes after it opens.
    CONSTRAINT department_hours_weekday_is_iso_8601 CHECK (((weekday >= 1) AND (weekday <= 7)))  -- Give the weekday as 1 (Monday) to 7 (Sunday).
);
CREATE TRIGGER department_hours_is_stamped BEFORE INSERT OR UPDATE ON care.department_hours FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER department_hours_is_touched BEFORE UPDATE ON care.department_hours FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE care.department_hours FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.department_hours FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.department_hours FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.department_hours FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY manager ON care.department_hours FOR ALL TO healthtrack_care USING ((department_id = ANY (( SELECT care.departments_managed() AS departments_managed)::uuid[]))) WITH CHECK ((department_id = ANY (( SELECT care.departments_managed() AS departments_managed)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.department_hours TO healthtrack_care;
GRANT DELETE, INSERT, SELECT, UPDATE ON care.department_hours TO healthtrack_migrator;

-- Room of a facility that one appointment at a time can use.
CREATE TABLE care.room (
    room_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    facility_id uuid NOT NULL,  -- Facility that it is in.
    name text NOT NULL,  -- What stands on its door.
    department_id uuid,  -- Department that it belongs to; null where it belongs to the whole facility.
    CONSTRAINT room_pkey PRIMARY KEY (room_id),  -- This room is known already.
    CONSTRAINT room_id_with_facility_is_unique UNIQUE (facility_id, room_id),  -- This room is known already.
    CONSTRAINT room_name_is_unique_in_its_facility UNIQUE (facility_id, name),  -- This facility has a room of that name already.
    CONSTRAINT room_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Add the facility first.
    CONSTRAINT room_is_in_a_department_of_its_facility FOREIGN KEY (facility_id, department_id) REFERENCES care.department(facility_id, department_id)  -- Choose a department of the facility that the room is in.
);
CREATE INDEX room_department_idx ON care.room USING btree (facility_id, department_id);
ALTER TABLE care.room FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.room FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.room FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.room FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY manager ON care.room FOR ALL TO healthtrack_care USING (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])))) WITH CHECK (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[]))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.room TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.room TO healthtrack_care;

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
CREATE POLICY administrator ON care.opening_hours FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.opening_hours FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.opening_hours FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY manager ON care.opening_hours FOR ALL TO healthtrack_care USING (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])))) WITH CHECK (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[]))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.opening_hours TO healthtrack_care;
GRANT DELETE, INSERT, SELECT, UPDATE ON care.opening_hours TO healthtrack_migrator;

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
CREATE POLICY administrator ON care.special_day FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.special_day FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.special_day FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY manager ON care.special_day FOR ALL TO healthtrack_care USING (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])))) WITH CHECK (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[]))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.special_day TO healthtrack_care;
GRANT DELETE, INSERT, SELECT, UPDATE ON care.special_day TO healthtrack_migrator;

-- Special services that facilities may offer.
CREATE TABLE care.service (
    service text NOT NULL,  -- Stable word.
    title text NOT NULL,  -- A few words for a person.
    CONSTRAINT service_pkey PRIMARY KEY (service),  -- This service is known already.
    CONSTRAINT service_is_snake_case CHECK ((service ~ '^[a-z][a-z0-9_]{1,40}$'::text)),  -- Name a service by small letters, digits and underscores.
    CONSTRAINT service_title_is_some CHECK ((title ~ '\S'::text))  -- Give the service a title.
);
ALTER TABLE care.service FORCE ROW LEVEL SECURITY;
CREATE POLICY administrator ON care.service FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.service FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.service FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.service TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.service TO healthtrack_care;

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
CREATE POLICY administrator ON care.facility_service FOR ALL TO healthtrack_care USING ((( SELECT access.part() AS part) = 'network_admin'::text)) WITH CHECK ((( SELECT access.part() AS part) = 'network_admin'::text));
CREATE POLICY everybody_reads ON care.facility_service FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.facility_service FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY manager ON care.facility_service FOR ALL TO healthtrack_care USING (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[])))) WITH CHECK (((( SELECT access.part() AS part) = 'facility_manager'::text) AND (facility_id = ANY (( SELECT access.own_facilities() AS own_facilities)::uuid[]))));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.facility_service TO healthtrack_migrator;
GRANT INSERT, SELECT, UPDATE ON care.facility_service TO healthtrack_care;

-- Which services of the list a facility offers today, each once.
--   facility_id: The facility.
--   service: The service.
CREATE VIEW care.offered_service WITH (security_invoker=true) AS
 SELECT DISTINCT facility_id,
    service
   FROM care.facility_service
  WHERE ((service IS NOT NULL) AND ((withdrawn_on IS NULL) OR (withdrawn_on > CURRENT_DATE)));
GRANT SELECT ON care.offered_service TO healthtrack_care;

-- Mean of the published ratings of each facility, with their number; no row where there is none.
--   facility_id: The facility.
--   reviews: How many published ratings.
--   stars: Their mean, to the hundredth.
CREATE VIEW care.facility_rating WITH (security_invoker=true) AS
 SELECT facility_id,
    (sum(facility_reviews))::bigint AS reviews,
    round((sum(facility_stars) / sum(facility_reviews)), 2) AS stars
   FROM care.review_tally
  GROUP BY facility_id
 HAVING (sum(facility_reviews) > (0)::numeric);
GRANT SELECT ON care.facility_rating TO healthtrack_care;

-- What adds up to the number of published ratings, and of their stars, of a provider at a facility and of that facility by those visits: one row, and one for each change since it was last merged.
CREATE TABLE care.review_tally (
    facility_id uuid NOT NULL,  -- Where.
    provider_id uuid NOT NULL,  -- Who gave care.
    review_tally_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,  -- Key.
    provider_reviews bigint NOT NULL,  -- Published ratings of the provider to be added; below zero where some were taken away.
    provider_stars bigint NOT NULL,  -- Their stars together.
    facility_reviews bigint NOT NULL,  -- Published ratings of the facility to be added; below zero where some were taken away.
    facility_stars bigint NOT NULL,  -- Their stars together.
    CONSTRAINT review_tally_pkey PRIMARY KEY (review_tally_id),  -- This change is counted already.
    CONSTRAINT review_tally_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id) ON DELETE CASCADE,  -- Choose one of the network's facilities.
    CONSTRAINT review_tally_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id) ON DELETE CASCADE,  -- Choose one of the network's providers.
    CONSTRAINT review_tally_adds_something CHECK (((provider_reviews <> 0) OR (provider_stars <> 0) OR (facility_reviews <> 0) OR (facility_stars <> 0)))  -- A change adds a rating or changes stars.
);
CREATE INDEX review_tally_facility_idx ON care.review_tally USING btree (facility_id, provider_id) INCLUDE (facility_reviews, facility_stars);
CREATE INDEX review_tally_provider_idx ON care.review_tally USING btree (provider_id) INCLUDE (provider_reviews, provider_stars);
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
CREATE TRIGGER preferred_facility_is_not_of_a_joined_record AFTER INSERT ON care.preferred_facility REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
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
    CONSTRAINT centre_visit_centre_fkey FOREIGN KEY (facility_id, category) REFERENCES care.facility_has_category(facility_id, category),  -- Choose a facility that is a wellness centre.
    CONSTRAINT centre_visit_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT centre_visit_service_fkey FOREIGN KEY (facility_id, facility_service_id) REFERENCES care.facility_service(facility_id, facility_service_id),  -- Choose a service of that centre.
    CONSTRAINT centre_visit_period_is_half_open CHECK (((NOT isempty(present_during)) AND lower_inc(present_during) AND (NOT upper_inc(present_during)) AND (upper_inf(present_during) OR (upper(present_during) <= (lower(present_during) + '24:00:00'::interval)))))  -- A visit has a beginning, and ends after it within a day.
);
CREATE INDEX centre_visit_centre_idx ON care.centre_visit USING btree (facility_id, lower(present_during));
CREATE INDEX centre_visit_patient_idx ON care.centre_visit USING btree (patient_id);
CREATE INDEX centre_visit_service_idx ON care.centre_visit USING btree (facility_service_id);
CREATE TRIGGER centre_visit_is_not_of_a_joined_record AFTER INSERT ON care.centre_visit REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined();  -- Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.
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
    CONSTRAINT centre_engagement_day_centre_fkey FOREIGN KEY (facility_id, category) REFERENCES care.facility_has_category(facility_id, category),  -- Choose a facility that is a wellness centre.
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

-- Trigger after a facility has a main category: it is among its categories.
CREATE OR REPLACE FUNCTION care.add_main_category()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    INSERT INTO care.facility_has_category (facility_id, category) VALUES (NEW.facility_id, NEW.category)
    ON CONFLICT (facility_id, category) DO NOTHING;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.add_main_category() FROM PUBLIC;

-- Trigger after a facility is placed, or stays open for longer: refuses an organisation that ends before.
CREATE OR REPLACE FUNCTION care.check_organisation_of_facility()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    active daterange;
BEGIN
    SELECT o.active_during INTO active FROM care.organisation o WHERE o.organisation_id = NEW.organisation_id FOR SHARE;
    IF coalesce(NEW.closed_on, 'infinity') > upper(active) THEN
        PERFORM care.refuse('facility_is_of_a_standing_organisation',
            'This organisation ends while the facility is open: choose another, or close the facility by that day.');
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_organisation_of_facility() FROM PUBLIC;

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

-- Departments of the facility that the actor manages.
CREATE OR REPLACE FUNCTION care.departments_managed()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(array_agg(department_id), '{}') FROM care.department
    WHERE facility_id = ANY (access.own_facilities()) AND access.part() = 'facility_manager'
$function$;
REVOKE EXECUTE ON FUNCTION care.departments_managed() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.departments_managed() TO healthtrack_care;

-- Rooms or equipment of a kind at a facility that are in service and not held within a period. A hold that has run out takes nothing.
CREATE OR REPLACE FUNCTION care.free_resources(asked_facility uuid, asked_kind text, span tstzrange)
 RETURNS TABLE(resource_id uuid, name text)
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 10
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT r.room_id, r.name FROM care.room r
    WHERE asked_kind = 'room' AND r.facility_id = asked_facility
      AND NOT EXISTS (SELECT FROM care.appointment_resource u JOIN care.appointment a USING (patient_id, appointment_id)
                      WHERE u.room_id = r.room_id AND u.released_at IS NULL AND u.held_during && span
                        AND NOT (a.status = 'held' AND a.expires_at <= now()))
    UNION ALL
    SELECT e.equipment_id, e.name FROM care.equipment e JOIN care.facility f USING (facility_id)
    WHERE e.kind = asked_kind AND e.facility_id = asked_facility
      AND e.in_service_during @> (lower(span) AT TIME ZONE f.time_zone)::date
      AND e.in_service_during @> ((upper(span) - INTERVAL '1 microsecond') AT TIME ZONE f.time_zone)::date
      AND NOT EXISTS (SELECT FROM care.equipment_outage o WHERE o.equipment_id = e.equipment_id AND o.during && span)
      AND NOT EXISTS (SELECT FROM care.appointment_resource u JOIN care.appointment a USING (patient_id, appointment_id)
                      WHERE u.equipment_id = e.equipment_id AND u.released_at IS NULL AND u.held_during && span
                        AND NOT (a.status = 'held' AND a.expires_at <= now()))
$function$;
REVOKE EXECUTE ON FUNCTION care.free_resources(uuid,text,tstzrange) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.free_resources(uuid,text,tstzrange) TO healthtrack_care, healthtrack_migrator;

-- True where a department is open, by hours of its own, at a moment of its wall clock.
CREATE OR REPLACE FUNCTION care.is_department_open(asked_department uuid, local_time timestamp without time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
RETURN (EXISTS (SELECT FROM care.department_hours h WHERE ((h.department_id = is_department_open.asked_department) AND ((h.weekday)::numeric = EXTRACT(isodow FROM is_department_open.local_time)) AND ((h.opens_minute)::numeric <= ((EXTRACT(hour FROM is_department_open.local_time) * (60)::numeric) + EXTRACT(minute FROM is_department_open.local_time))) AND ((h.closes_minute)::numeric > ((EXTRACT(hour FROM is_department_open.local_time) * (60)::numeric) + EXTRACT(minute FROM is_department_open.local_time))))));
REVOKE EXECUTE ON FUNCTION care.is_department_open(uuid,timestamp without time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.is_department_open(uuid,timestamp without time zone) TO healthtrack_care;

-- Trigger after an organisation ends, or ends earlier: refuses it while facilities that are open later belong to it.
CREATE OR REPLACE FUNCTION care.keep_organisation_of_facilities()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF EXISTS (SELECT FROM care.facility f WHERE f.organisation_id = NEW.organisation_id
               AND coalesce(f.closed_on, 'infinity') > upper(NEW.active_during)) THEN
        PERFORM care.refuse('organisation_ends_without_open_facilities',
            'Open facilities belong to this organisation: place them in another, or close them by that day, first.');
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.keep_organisation_of_facilities() FROM PUBLIC;

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
        RETURNING t.facility_id, t.provider_id, t.provider_reviews, t.provider_stars, t.facility_reviews,
                  t.facility_stars
    ), kept AS (
        INSERT INTO care.review_tally (facility_id, provider_id, provider_reviews, provider_stars, facility_reviews,
                                       facility_stars)
        SELECT facility_id, provider_id, sum(provider_reviews), sum(provider_stars), sum(facility_reviews),
               sum(facility_stars)
        FROM gone GROUP BY 1, 2
        HAVING sum(provider_reviews) <> 0 OR sum(provider_stars) <> 0 OR sum(facility_reviews) <> 0
            OR sum(facility_stars) <> 0
    )
    SELECT count(*) INTO merged FROM gone;
    RETURN merged;
END $function$;
REVOKE EXECUTE ON FUNCTION care.merge_reviews() FROM PUBLIC;

-- Trigger after a row of a tree has another depth: works out the depth of its parts anew.
CREATE OR REPLACE FUNCTION care.move_parts()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    EXECUTE format('UPDATE %s SET depth = depth WHERE part_of = $1', TG_RELID::regclass)
    USING (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.move_parts() FROM PUBLIC;

-- Notes that something at a facility has changed on the day of a moment; what is no wellness centre is left out when days are counted.
CREATE OR REPLACE FUNCTION care.note_engagement(facility_id uuid, moment timestamp with time zone)
 RETURNS void
 LANGUAGE sql
AS $function$
    INSERT INTO care.centre_engagement_change (facility_id, changed_on)
    SELECT place.facility_id, (moment AT TIME ZONE place.time_zone)::date FROM care.facility AS place
    WHERE place.facility_id = $1 AND moment IS NOT NULL
$function$;
REVOKE EXECUTE ON FUNCTION care.note_engagement(uuid,timestamp with time zone) FROM PUBLIC;

-- Trigger after a facility has become a wellness centre: the days of its programmes are to be counted.
CREATE OR REPLACE FUNCTION care.note_new_centre()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    -- Nobody counts until this is committed, so what commits meanwhile is noted for who counts next.
    PERFORM pg_advisory_xact_lock(hashtextextended('care.refresh_engagement', 0));
    PERFORM care.note_engagement(NEW.facility_id, taken.admitted_at)
    FROM care.programme AS run JOIN care.enrolment AS taken USING (programme_id) WHERE run.facility_id = NEW.facility_id;
    PERFORM care.note_engagement(NEW.facility_id, seen.attended_at)
    FROM care.programme_session AS held JOIN care.attendance AS seen USING (programme_session_id)
    WHERE held.facility_id = NEW.facility_id;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.note_new_centre() FROM PUBLIC;

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

-- Trigger before a row of a tree is placed: works out its depth, and refuses a whole that is a part of it.
CREATE OR REPLACE FUNCTION care.place_in_tree()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    own   constant uuid := to_jsonb(NEW) ->> TG_ARGV[0];
    found record;
BEGIN
    IF NEW.part_of IS NULL THEN
        NEW.depth := 0;
        RETURN NEW;
    END IF;
    EXECUTE format('
        WITH RECURSIVE above AS (
            SELECT %1$I AS id, part_of, depth, 1 AS step FROM %2$s WHERE %1$I = $1
            UNION ALL
            SELECT up.%1$I, up.part_of, up.depth, above.step + 1 FROM above JOIN %2$s up ON up.%1$I = above.part_of
            WHERE above.step < 100
        ) SELECT coalesce(bool_or(id = $2), $1 = $2) AS circle, max(depth) FILTER (WHERE step = 1) AS depth FROM above',
        TG_ARGV[0], TG_RELID::regclass) INTO found USING NEW.part_of, own;
    IF found.circle THEN
        PERFORM care.refuse(TG_TABLE_NAME || '_is_no_part_of_itself', 'Choose a whole that is no part of it.');
    END IF;
    -- Of an unknown whole the reference says so; a depth that is too large is refused by the check.
    NEW.depth := coalesce(found.depth, 0) + 1;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.place_in_tree() FROM PUBLIC;

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
    INSERT INTO care.review_tally (facility_id, provider_id, provider_reviews, provider_stars, facility_reviews,
                                   facility_stars)
    SELECT facility_id, provider_id, count(provider_stars), coalesce(sum(provider_stars), 0), count(facility_stars),
           coalesce(sum(facility_stars), 0)
    FROM care.review WHERE state = 'published' GROUP BY 1, 2;
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
        JOIN care.facility_has_category AS known USING (facility_id) WHERE known.category = 'wellness_center'
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

-- Trigger after a facility is placed, opened, closed or given another main category: refuses its manager.
CREATE OR REPLACE FUNCTION care.refuse_placing()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.part() = 'facility_manager' THEN
        PERFORM care.refuse('facility_is_placed_by_an_administrator',
            'Ask an administrator of the network to say what the facility belongs to, what it mainly is, and when it opens or closes.');
    END IF;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.refuse_placing() FROM PUBLIC;

-- Trigger before each write of a row without versions: what an account adds bears the present time.
CREATE OR REPLACE FUNCTION care.stamp_creation()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.actor() IS NOT NULL THEN
        NEW.created_at := CASE TG_OP WHEN 'UPDATE' THEN OLD.created_at ELSE now() END;
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.stamp_creation() FROM PUBLIC;

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

-- Trigger before rows of a tree are written: waits for whoever changes what is a part of what.
CREATE OR REPLACE FUNCTION care.wait_for_tree()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(TG_RELID::regclass::text || ' as a tree', 0));
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION care.wait_for_tree() FROM PUBLIC;

-- For the program that signs people in: keeps a request to be registered, once for its key; 0, or the seconds to wait where an address or a facility has had too many.
CREATE OR REPLACE FUNCTION access.ask_for_registration(request uuid, facility uuid, person jsonb, address text)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    wait_s integer := access.take_guess(access.bucket_of('register', NULL, address), 5, INTERVAL '1 hour');
BEGIN
    IF wait_s = 0 THEN
        IF NOT EXISTS (SELECT FROM care.facility f WHERE f.facility_id = ask_for_registration.facility
                       AND (f.closed_on IS NULL OR f.closed_on > current_date)) THEN
            PERFORM access.refuse('registration_is_at_an_open_facility', 'Choose one of these facilities.');
        END IF;
        -- Who has a network of IPv6 has 65,536 of what counts as an address.
        IF address LIKE '%::/64' THEN
            wait_s := access.take_guess(access.bucket_of('register_net', NULL,
                array_to_string((string_to_array(address, ':'))[1:3], ':')), 20, INTERVAL '15 minutes');
        END IF;
        IF wait_s = 0 THEN
            wait_s := access.take_guess(access.bucket_of('register_at', facility::text, NULL), 200, INTERVAL '7 minutes');
        END IF;
        IF wait_s = 0 THEN
            wait_s := access.take_guess(access.bucket_of('register_all', NULL, NULL), 5000, INTERVAL '10 seconds');
        END IF;
    END IF;
    IF wait_s = 0 THEN
        INSERT INTO access.registration_request (registration_request_id, facility_id, person)
        VALUES (request, facility, ask_for_registration.person) ON CONFLICT DO NOTHING;
        IF FOUND THEN
            PERFORM access.audit_program('create', NULL, 'access.registration_request/' || request);
        END IF;
    END IF;
    RETURN wait_s;
END $function$;
REVOKE EXECUTE ON FUNCTION access.ask_for_registration(uuid,uuid,jsonb,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.ask_for_registration(uuid,uuid,jsonb,text) TO healthtrack_sign_in;

-- How many visits the days of a facility have, for who manages it.
CREATE OR REPLACE FUNCTION access.count_days(me access.caller, facility uuid, first_on date, stop_on date)
 RETURNS TABLE(day date, booked bigint, completed bigint, cancelled bigint, missed bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    zone constant text := (SELECT f.time_zone FROM care.facility f WHERE f.facility_id = facility);
BEGIN
    IF (me.part = 'facility_manager' AND facility = ANY (access.own_facilities())) IS NOT TRUE THEN
        PERFORM access.refuse('days_are_counted_for_the_manager', 'Ask the manager of the facility.');
    ELSIF stop_on > first_on + 400 THEN
        PERFORM access.refuse('days_are_counted_within_bounds', 'Ask for 400 days at most.');
    END IF;
    RETURN QUERY
        SELECT (lower(v.during) AT TIME ZONE zone)::date AS counted, count(*) FILTER (WHERE v.status IN ('booked', 'arrived')),
               count(*) FILTER (WHERE v.status = 'completed'), count(*) FILTER (WHERE v.status = 'cancelled'),
               count(*) FILTER (WHERE v.status = 'no_show')
        FROM care.appointment v
        WHERE v.facility_id = facility AND v.status <> 'held'
          AND lower(v.during) >= first_on::timestamp AT TIME ZONE zone AND lower(v.during) < stop_on::timestamp AT TIME ZONE zone
        GROUP BY 1 ORDER BY 1;
END $function$;
REVOKE EXECUTE ON FUNCTION access.count_days(access.caller,uuid,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.count_days(access.caller,uuid,date,date) TO healthtrack_care;

-- For the program that signs people in: facilities of a city that somebody can ask to be registered at, or the cities that have one, where none is named.
CREATE OR REPLACE FUNCTION access.list_registering(in_state text, in_city text)
 RETURNS TABLE(facility uuid, name text, city text, state text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT DISTINCT ON (s.code, c.name, kept.facility, kept.name) kept.facility, kept.name, c.name, s.code
    FROM care.facility f JOIN care.city c USING (city_id) JOIN care.state s USING (state_id)
    CROSS JOIN LATERAL (SELECT CASE WHEN in_city IS NOT NULL THEN f.facility_id END AS facility,
                               CASE WHEN in_city IS NOT NULL THEN f.name END AS name) AS kept
    WHERE (f.closed_on IS NULL OR f.closed_on > current_date)
      AND (in_city IS NULL OR c.name = in_city AND s.code = in_state)
    ORDER BY s.code, c.name, kept.name, kept.facility LIMIT 5000
$function$;
REVOKE EXECUTE ON FUNCTION access.list_registering(text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.list_registering(text,text) TO healthtrack_sign_in;

-- People who came to a facility in a month that is over, to a wellness centre or a session, and how many attended a session.
CREATE OR REPLACE FUNCTION access.quality_engagement()
 RETURNS TABLE(facility_id uuid, month date, members bigint, attended_rate numeric)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT came.facility_id, came.month, care.safe_count(count(DISTINCT came.patient_id)),
           care.safe_rate(count(DISTINCT came.patient_id) FILTER (WHERE came.attended), count(DISTINCT came.patient_id))
    FROM (SELECT v.facility_id, date_trunc('month', lower(v.present_during), 'UTC')::date AS month, v.patient_id, false AS attended
          FROM care.centre_visit v
          UNION ALL
          SELECT s.facility_id, date_trunc('month', a.attended_at, 'UTC')::date, a.patient_id, true
          FROM care.attendance a JOIN care.programme_session s USING (programme_session_id)
          WHERE s.facility_id IS NOT NULL) AS came
    WHERE (SELECT access.is_analyst()) AND came.month < date_trunc('month', now(), 'UTC')::date
    GROUP BY came.facility_id, came.month HAVING count(DISTINCT came.patient_id) >= 11
$function$;
REVOKE EXECUTE ON FUNCTION access.quality_engagement() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.quality_engagement() TO healthtrack_care;

-- Adds a facility to a known state, and its city where it is new; the key.
CREATE OR REPLACE FUNCTION api.add_facility(token text, country text, state text, city text, category text, name text, street text, postal_code text, time_zone text, phone text, email text, website text, booking_url text, opened_on date)
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
    INSERT INTO care.city (state_id, name) SELECT s.state_id, city FROM care.state s
    WHERE s.country = add_facility.country AND s.code = state ON CONFLICT DO NOTHING;
    INSERT INTO care.facility AS f (city_id, category, name, street, postal_code, time_zone, phone, email, website, booking_url, opened_on)
    VALUES ((SELECT c.city_id FROM care.city c JOIN care.state s USING (state_id)
             WHERE s.country = add_facility.country AND s.code = state AND c.name = city),
            add_facility.category, add_facility.name, add_facility.street, add_facility.postal_code, add_facility.time_zone,
            add_facility.phone, add_facility.email, add_facility.website, add_facility.booking_url, add_facility.opened_on)
    RETURNING f.facility_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.facility/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_facility(text,text,text,text,text,text,text,text,text,text,text,text,text,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_facility(text,text,text,text,text,text,text,text,text,text,text,text,text,date) TO healthtrack_portal;

-- Adds a number by which others know an organisation; the key.
CREATE OR REPLACE FUNCTION api.add_organisation_number(token text, organisation uuid, kind text, issuer text, value text, first_on date, stop_on date)
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
    INSERT INTO care.organisation_identifier AS i (organisation_id, kind, issuer, value, valid_during)
    VALUES (organisation, add_organisation_number.kind, add_organisation_number.issuer, add_organisation_number.value,
            daterange(first_on, stop_on))
    RETURNING i.organisation_identifier_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.organisation_identifier/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_organisation_number(text,uuid,text,text,text,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_organisation_number(text,uuid,text,text,text,date,date) TO healthtrack_portal;

-- Adds a state or province in which the network has facilities.
CREATE OR REPLACE FUNCTION api.add_state(token text, country text, code text, name text)
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
    INSERT INTO care.state (country, code, name) VALUES (add_state.country, add_state.code, add_state.name);
    PERFORM access.note(me, 'create', NULL, 'care.state');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.add_state(text,text,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.add_state(text,text,text,text) TO healthtrack_portal;

-- Says anew what a facility is called and how it is reached.
CREATE OR REPLACE FUNCTION api.change_facility(token text, facility uuid, known_version integer, name text, street text, postal_code text, phone text, email text, website text, booking_url text)
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
    PERFORM access.check_keeper(me, facility);
    UPDATE care.facility f SET name = change_facility.name, street = change_facility.street,
        postal_code = change_facility.postal_code, phone = change_facility.phone, email = change_facility.email,
        website = change_facility.website, booking_url = change_facility.booking_url
    WHERE f.facility_id = facility AND f.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.facility/' || facility);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.change_facility(text,uuid,integer,text,text,text,text,text,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.change_facility(text,uuid,integer,text,text,text,text,text,text,text) TO healthtrack_portal;

-- Lets the hours of the weekday stand on a date again.
CREATE OR REPLACE FUNCTION api.clear_special_day(token text, facility uuid, falls_on date)
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
    PERFORM access.check_keeper(me, facility);
    DELETE FROM care.special_day d WHERE d.facility_id = facility AND d.falls_on = clear_special_day.falls_on;
    PERFORM access.note(me, 'update', NULL, 'care.facility/' || facility, 'special_day');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.clear_special_day(text,uuid,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.clear_special_day(text,uuid,date) TO healthtrack_portal;

-- Says on which day a facility is no more, or that it stays; of about how many later visits its desk is told, null below 11.
CREATE OR REPLACE FUNCTION api.close_facility(token text, facility uuid, known_version integer, closed_on date)
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
    PERFORM FROM care.facility f WHERE f.facility_id = facility FOR UPDATE;
    UPDATE care.facility f SET closed_on = close_facility.closed_on WHERE f.facility_id = facility AND f.version = known_version;
    PERFORM access.check_change(FOUND);
    answer := care.safe_count(care.tell_of_visits(facility, NULL, closed_on))::integer;
    PERFORM access.note(me, 'update', NULL, 'care.facility/' || facility, 'closed');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.close_facility(text,uuid,integer,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.close_facility(text,uuid,integer,date) TO healthtrack_portal;

-- Says on which day a number of an organisation is not valid any more.
CREATE OR REPLACE FUNCTION api.end_organisation_number(token text, organisation_identifier uuid, known_version integer, stop_on date)
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
    UPDATE care.organisation_identifier i SET valid_during = daterange(lower(i.valid_during), end_organisation_number.stop_on)
    WHERE i.organisation_identifier_id = organisation_identifier AND i.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.organisation_identifier/' || organisation_identifier);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.end_organisation_number(text,uuid,integer,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.end_organisation_number(text,uuid,integer,date) TO healthtrack_portal;

-- Facilities that are open for business, by city, state, any of their categories, service, and organisation with its parts; the best rated first, 200 at most.
CREATE OR REPLACE FUNCTION api.find_facilities(token text, in_city text, in_state text, of_category text, offering text, of_organisation uuid, rows_max integer)
 RETURNS TABLE(facility_id uuid, part_of uuid, organisation_id uuid, organisation text, name text, category text, categories text[], street text, postal_code text, city_name text, state_code text, phone text, booking_url text, reviews bigint, stars double precision, services text[], open_now boolean)
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
    RETURN QUERY SELECT f.facility_id, f.part_of, f.organisation_id, o.name, f.name, f.category,
           ARRAY(SELECT k.category FROM care.facility_has_category k WHERE k.facility_id = f.facility_id
                 ORDER BY k.category <> f.category, k.category),
           f.street, f.postal_code, c.name, s.code, f.phone::text, f.booking_url::text, rating.reviews, rating.stars,
           ARRAY(SELECT o.service FROM care.offered_service o WHERE o.facility_id = f.facility_id ORDER BY 1),
           NOT isempty(care.opening(f.facility_id, tstzrange(now(), now() + INTERVAL '1 minute')))
    FROM care.city c JOIN care.state s USING (state_id) JOIN care.facility f USING (city_id)
    JOIN care.organisation o ON o.organisation_id = f.organisation_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(t.facility_reviews), 0)::bigint AS reviews,
               (sum(t.facility_stars) / nullif(sum(t.facility_reviews), 0))::float8 AS stars
        FROM care.review_tally t WHERE t.facility_id = f.facility_id
    ) rating
    WHERE (in_city IS NULL OR lower(c.name) = lower(in_city))
      AND (in_state IS NULL OR s.code = in_state)
      AND (of_category IS NULL OR EXISTS (
          SELECT FROM care.facility_has_category k WHERE k.facility_id = f.facility_id AND k.category = of_category))
      AND (of_organisation IS NULL OR f.organisation_id IN (
          WITH RECURSIVE within AS (
              SELECT w.organisation_id FROM care.organisation w WHERE w.organisation_id = of_organisation
              UNION
              SELECT w.organisation_id FROM within JOIN care.organisation w ON w.part_of = within.organisation_id
          ) SELECT within.organisation_id FROM within))
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
REVOKE EXECUTE ON FUNCTION api.find_facilities(text,text,text,text,text,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.find_facilities(text,text,text,text,text,uuid,integer) TO healthtrack_portal;

-- Facilities that stand and whose name begins so, with their towns, by name, 200 at most.
CREATE OR REPLACE FUNCTION api.find_facilities_by_name(token text, name_begins text, rows_max integer)
 RETURNS TABLE(facility_id uuid, name text, city text, state text, category text)
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
    SELECT f.facility_id, f.name, c.name, s.code::text, f.category
    FROM care.facility f JOIN care.city c USING (city_id) JOIN care.state s USING (state_id)
    WHERE (f.closed_on IS NULL OR f.closed_on > current_date) AND starts_with(lower(f.name), lower(name_begins))
    ORDER BY f.name, c.name, f.facility_id LIMIT least(rows_max, 200);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.find_facilities_by_name(text,text,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.find_facilities_by_name(text,text,integer) TO healthtrack_portal;

-- Adds a department to a facility, changes it, or says from which day on it is no more; the key.
CREATE OR REPLACE FUNCTION api.keep_department(token text, facility uuid, department uuid, known_version integer, kind text, name text, phone text, closed_on date)
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
    IF department IS NULL THEN
        INSERT INTO care.department AS d (facility_id, kind, name, phone, closed_on)
        VALUES (facility, keep_department.kind, keep_department.name, keep_department.phone, keep_department.closed_on)
        RETURNING d.department_id INTO answer;
    ELSE
        UPDATE care.department d SET kind = keep_department.kind, name = keep_department.name, phone = keep_department.phone,
            closed_on = keep_department.closed_on
        WHERE d.department_id = department AND d.facility_id = facility AND d.version = known_version
        RETURNING d.department_id INTO answer;
        PERFORM access.check_change(FOUND);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.department/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_department(text,uuid,uuid,integer,text,text,text,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_department(text,uuid,uuid,integer,text,text,text,date) TO healthtrack_portal;

-- Adds an organisation, changes it or says until before which day it is active, and its city where it is new; the key.
CREATE OR REPLACE FUNCTION api.keep_organisation(token text, organisation uuid, known_version integer, part_of uuid, kind text, name text, street text, postal_code text, country text, state text, city text, phone text, email text, website text, first_on date, stop_on date)
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
    INSERT INTO care.city (state_id, name) SELECT s.state_id, keep_organisation.city FROM care.state s
    WHERE s.country = keep_organisation.country AND s.code = keep_organisation.state AND keep_organisation.city IS NOT NULL
    ON CONFLICT DO NOTHING;
    -- A place that is not known is none, so that the rule of whole addresses refuses it.
    IF organisation IS NULL THEN
        INSERT INTO care.organisation AS o (part_of, kind, name, street, postal_code, city_id, phone, email, website, active_during)
        VALUES (keep_organisation.part_of, keep_organisation.kind, keep_organisation.name, keep_organisation.street,
                keep_organisation.postal_code,
                (SELECT c.city_id FROM care.city c JOIN care.state s USING (state_id)
                 WHERE s.country = keep_organisation.country AND s.code = keep_organisation.state AND c.name = keep_organisation.city),
                keep_organisation.phone, keep_organisation.email, keep_organisation.website, daterange(first_on, stop_on))
        RETURNING o.organisation_id INTO answer;
    ELSE
        UPDATE care.organisation o SET part_of = keep_organisation.part_of, kind = keep_organisation.kind,
            name = keep_organisation.name, street = keep_organisation.street, postal_code = keep_organisation.postal_code,
            city_id = (SELECT c.city_id FROM care.city c JOIN care.state s USING (state_id)
                       WHERE s.country = keep_organisation.country AND s.code = keep_organisation.state
                         AND c.name = keep_organisation.city),
            phone = keep_organisation.phone, email = keep_organisation.email, website = keep_organisation.website,
            active_during = daterange(first_on, stop_on)
        WHERE o.organisation_id = organisation AND o.version = known_version RETURNING o.organisation_id INTO answer;
        PERFORM access.check_change(FOUND);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.organisation/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_organisation(text,uuid,integer,uuid,text,text,text,text,text,text,text,text,text,text,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_organisation(text,uuid,integer,uuid,text,text,text,text,text,text,text,text,text,text,date,date) TO healthtrack_portal;

-- Adds a room to a facility, or names it anew; the key.
CREATE OR REPLACE FUNCTION api.keep_room(token text, facility uuid, room uuid, name text)
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
    IF room IS NULL THEN
        INSERT INTO care.room AS r (facility_id, name) VALUES (facility, keep_room.name) RETURNING r.room_id INTO answer;
    ELSE
        UPDATE care.room r SET name = keep_room.name WHERE r.room_id = room AND r.facility_id = facility
        RETURNING r.room_id INTO answer;
        PERFORM access.check_change(FOUND);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.room/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_room(text,uuid,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_room(text,uuid,uuid,text) TO healthtrack_portal;

-- Adds a word to the categories of facilities, services, roles of staff, kinds of departments or of resources, or titles it anew.
CREATE OR REPLACE FUNCTION api.keep_term(token text, list text, word text, title text)
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
    CASE list
        WHEN 'facility_category' THEN
            INSERT INTO care.facility_category (category, title) VALUES (word, keep_term.title)
            ON CONFLICT ON CONSTRAINT facility_category_pkey DO UPDATE SET title = EXCLUDED.title;
        WHEN 'service' THEN
            INSERT INTO care.service (service, title) VALUES (word, keep_term.title)
            ON CONFLICT ON CONSTRAINT service_pkey DO UPDATE SET title = EXCLUDED.title;
        WHEN 'staff_role' THEN
            INSERT INTO care.staff_role (role, title) VALUES (word, keep_term.title)
            ON CONFLICT ON CONSTRAINT staff_role_pkey DO UPDATE SET title = EXCLUDED.title;
        WHEN 'department_kind' THEN
            INSERT INTO care.department_kind (kind, title) VALUES (word, keep_term.title)
            ON CONFLICT ON CONSTRAINT department_kind_pkey DO UPDATE SET title = EXCLUDED.title;
        WHEN 'resource_kind' THEN
            INSERT INTO care.resource_kind (kind, title) VALUES (word, keep_term.title)
            ON CONFLICT ON CONSTRAINT resource_kind_pkey DO UPDATE SET title = EXCLUDED.title;
        ELSE
            PERFORM access.refuse('term_is_of_a_known_list',
                'Choose facility_category, service, staff_role, department_kind or resource_kind.');
    END CASE;
    PERFORM access.note(me, 'update', NULL, access.kept_under('care.' || list, word));
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_term(text,text,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_term(text,text,text,text) TO healthtrack_portal;

-- Hours of a department that has its own, by weekday; none where it has those of its facility.
CREATE OR REPLACE FUNCTION api.list_department_hours(token text, department uuid)
 RETURNS TABLE(weekday smallint, opens_minute smallint, closes_minute smallint)
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
    RETURN QUERY SELECT h.weekday, h.opens_minute, h.closes_minute FROM care.department_hours h
    WHERE h.department_id = department ORDER BY h.weekday, h.opens_minute LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_department_hours(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_department_hours(text,uuid) TO healthtrack_portal;

-- Departments of a facility that are open for business, by name, 500 at most.
CREATE OR REPLACE FUNCTION api.list_departments(token text, facility uuid)
 RETURNS TABLE(department_id uuid, kind text, title text, name text, phone text, has_own_hours boolean, open_now boolean)
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
    RETURN QUERY SELECT d.department_id, d.kind, k.title, d.name, coalesce(d.phone, f.phone)::text, own.hours,
           CASE WHEN own.hours
                THEN care.is_department_open(d.department_id, now() AT TIME ZONE f.time_zone)
                     AND daterange(f.opened_on, f.closed_on) @> (now() AT TIME ZONE f.time_zone)::date
                ELSE NOT isempty(care.opening(f.facility_id, tstzrange(now(), now() + INTERVAL '1 minute'))) END
    FROM care.department d JOIN care.department_kind k ON k.kind = d.kind
    JOIN care.facility f ON f.facility_id = d.facility_id
    CROSS JOIN LATERAL (
        SELECT EXISTS (SELECT FROM care.department_hours h WHERE h.department_id = d.department_id) AS hours) AS own
    WHERE d.facility_id = facility AND (d.closed_on IS NULL OR d.closed_on > (now() AT TIME ZONE f.time_zone)::date)
    ORDER BY d.name, d.department_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_departments(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_departments(text,uuid) TO healthtrack_portal;

-- Categories of facilities, each with the number of open ones; a facility counts in each of its categories.
CREATE OR REPLACE FUNCTION api.list_facility_categories(token text)
 RETURNS TABLE(category text, title text, facilities bigint)
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
    RETURN QUERY SELECT c.category, c.title, (
        SELECT count(*) FROM care.facility_has_category k JOIN care.facility f ON f.facility_id = k.facility_id
        WHERE k.category = c.category AND (f.closed_on IS NULL OR f.closed_on > current_date))
    FROM care.facility_category c ORDER BY c.title, c.category LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_facility_categories(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_facility_categories(text) TO healthtrack_portal;

-- What facilities are called, closed ones too, 500 at most.
CREATE OR REPLACE FUNCTION api.list_facility_names(token text, facilities uuid[])
 RETURNS TABLE(facility_id uuid, name text)
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
    SELECT f.facility_id, f.name FROM care.facility f WHERE f.facility_id = ANY (facilities) ORDER BY f.facility_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_facility_names(text,uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_facility_names(text,uuid[]) TO healthtrack_portal;

-- What stands at a facility, or in the catalogues of the network, and is kept there, with its versions; 5000 at most.
CREATE OR REPLACE FUNCTION api.list_kept(token text, facility uuid)
 RETURNS TABLE(relation text, row_id uuid, version integer, title text)
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
    PERFORM access.check_keeper(me, facility);
    RETURN QUERY SELECT k.relation, k.row_id, k.version, k.title FROM (
        SELECT 'facility_service' AS relation, s.facility_service_id AS row_id, s.version AS version, coalesce(s.name, s.service) AS title
        FROM care.facility_service s
        WHERE s.facility_id = facility AND (s.withdrawn_on IS NULL OR s.withdrawn_on > current_date)
        UNION ALL
        SELECT 'affiliation', a.affiliation_id, a.version, concat_ws(' ', coalesce(a.staff_name, p.given_name || ' ' || p.family_name), a.role)
        FROM care.affiliation a LEFT JOIN care.provider p USING (provider_id)
        WHERE a.facility_id = facility AND (upper(a.valid_during) IS NULL OR upper(a.valid_during) > current_date)
        UNION ALL
        SELECT 'availability', v.availability_id, v.version,
               format('%s %s, weekday %s, minutes %s to %s', p.given_name, p.family_name, v.weekday, v.starts_minute, v.ends_minute)
        FROM care.availability v JOIN care.provider p USING (provider_id)
        WHERE v.facility_id = facility AND (upper(v.valid_during) IS NULL OR upper(v.valid_during) > current_date)
        UNION ALL
        SELECT 'availability_exception', e.availability_exception_id, e.version,
               format('%s %s, %s from %s', p.given_name, p.family_name, e.kind, lower(e.during))
        FROM care.availability_exception e JOIN care.provider p USING (provider_id)
        WHERE e.facility_id = facility AND upper(e.during) > now()
        UNION ALL
        SELECT 'programme', g.programme_id, g.version, g.title FROM care.programme g
        WHERE g.facility_id = facility AND upper(g.runs_during) > current_date
        UNION ALL
        SELECT 'programme_session', n.programme_session_id, n.version, n.title
        FROM care.programme_session n JOIN care.programme g USING (programme_id)
        WHERE g.facility_id = facility AND n.cancelled_at IS NULL AND upper(n.during) > now()
        UNION ALL
        SELECT 'department', d.department_id, d.version, d.name FROM care.department d
        WHERE d.facility_id = facility AND (d.closed_on IS NULL OR d.closed_on > current_date)
        UNION ALL
        SELECT 'equipment', e.equipment_id, e.version, e.name FROM care.equipment e
        WHERE e.facility_id = facility AND (upper(e.in_service_during) IS NULL OR upper(e.in_service_during) > current_date)
        UNION ALL
        SELECT 'equipment_outage', o.equipment_outage_id, o.version, format('%s: %s from %s', e.name, o.reason, lower(o.during))
        FROM care.equipment_outage o JOIN care.equipment e USING (equipment_id)
        WHERE e.facility_id = facility AND (upper(o.during) IS NULL OR upper(o.during) > now())
        UNION ALL
        SELECT 'organisation', o.organisation_id, o.version, o.name FROM care.organisation o WHERE facility IS NULL
        UNION ALL
        SELECT 'organisation_identifier', i.organisation_identifier_id, i.version, format('%s: %s %s', o.name, i.kind, i.value)
        FROM care.organisation_identifier i JOIN care.organisation o USING (organisation_id)
        WHERE facility IS NULL AND (upper(i.valid_during) IS NULL OR upper(i.valid_during) > current_date)
        UNION ALL
        SELECT 'membership_price', p.membership_price_id, p.version, format('%s: %s %s a %s', p.plan, p.amount, p.currency, p.per)
        FROM care.membership_price p
        WHERE facility IS NULL AND (upper(p.valid_during) IS NULL OR upper(p.valid_during) > current_date)
        UNION ALL
        SELECT 'insurer', i.insurer_id, i.version, i.name FROM care.insurer i WHERE facility IS NULL
        UNION ALL
        SELECT 'insurance_plan', p.insurance_plan_id, 0, i.name || ' ' || p.name
        FROM care.insurance_plan p JOIN care.insurer i USING (insurer_id) WHERE facility IS NULL
        UNION ALL
        SELECT 'plan_benefit', b.plan_benefit_id, 0,
               format('%s, %s: %s', p.name, CASE b.network WHEN 'in' THEN 'in network' ELSE 'out of network' END,
                      coalesce(b.category, b.charge_code))
        FROM care.plan_benefit b JOIN care.insurance_plan p USING (insurance_plan_id)
        WHERE facility IS NULL AND (upper(b.valid_during) IS NULL OR upper(b.valid_during) > current_date)
    ) AS k ORDER BY k.relation, k.title, k.row_id LIMIT 5000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_kept(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_kept(text,uuid) TO healthtrack_portal;

-- The hours of each weekday of a facility, in minutes after midnight of its zone.
CREATE OR REPLACE FUNCTION api.list_opening_hours(token text, facility uuid)
 RETURNS TABLE(weekday smallint, opens_minute smallint, closes_minute smallint)
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
    SELECT h.weekday, h.opens_minute, h.closes_minute FROM care.opening_hours h
    WHERE h.facility_id = facility ORDER BY h.weekday, h.opens_minute LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_opening_hours(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_opening_hours(text,uuid) TO healthtrack_portal;

-- Numbers by which others know an organisation today, 500 at most.
CREATE OR REPLACE FUNCTION api.list_organisation_numbers(token text, organisation uuid)
 RETURNS TABLE(kind text, issuer text, value text, valid_from date, valid_to date)
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
    RETURN QUERY SELECT i.kind, i.issuer, i.value, lower(i.valid_during), upper(i.valid_during)
    FROM care.organisation_identifier i WHERE i.organisation_id = organisation AND i.valid_during @> current_date
    ORDER BY i.kind, i.issuer, i.value LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_organisation_numbers(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_organisation_numbers(text,uuid) TO healthtrack_portal;

-- Organisations, each before its parts, with the number of their own open facilities; all, or one with its parts; 1000 at most.
CREATE OR REPLACE FUNCTION api.list_organisations(token text, within uuid)
 RETURNS TABLE(organisation_id uuid, part_of uuid, depth smallint, name text, kind text, phone text, email text, website text, street text, postal_code text, city_name text, state_code text, active boolean, facilities bigint)
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
    RETURN QUERY WITH RECURSIVE known AS (
        SELECT o.organisation_id, ARRAY[o.name, o.organisation_id::text] AS path FROM care.organisation o
        WHERE o.organisation_id = within OR within IS NULL AND o.part_of IS NULL
        UNION ALL
        SELECT o.organisation_id, known.path || o.name || o.organisation_id::text
        FROM known JOIN care.organisation o ON o.part_of = known.organisation_id WHERE cardinality(known.path) < 20
    )
    SELECT o.organisation_id, o.part_of, o.depth, o.name, o.kind, o.phone::text, o.email::text, o.website::text, o.street,
           o.postal_code, c.name, s.code, o.active_during @> current_date,
           (SELECT count(*) FROM care.facility f WHERE f.organisation_id = o.organisation_id
               AND (f.closed_on IS NULL OR f.closed_on > current_date))
    FROM known JOIN care.organisation o ON o.organisation_id = known.organisation_id
    LEFT JOIN care.city c ON c.city_id = o.city_id LEFT JOIN care.state s ON s.state_id = c.state_id
    ORDER BY known.path LIMIT 1000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_organisations(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_organisations(text,uuid) TO healthtrack_portal;

-- Cities in which a facility stands.
CREATE OR REPLACE FUNCTION api.list_places(token text)
 RETURNS TABLE(state text, city text)
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
    SELECT s.code, c.name FROM care.city c JOIN care.state s USING (state_id)
    WHERE EXISTS (SELECT FROM care.facility f
                  WHERE f.city_id = c.city_id AND (f.closed_on IS NULL OR f.closed_on > current_date))
    ORDER BY s.code, c.name LIMIT 5000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_places(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_places(text) TO healthtrack_portal;

-- Departments, rooms, equipment and its outages that stand at a facility, as its manager changes them, with their versions (0 where there is none); 5,000 at most.
CREATE OR REPLACE FUNCTION api.list_premises(token text, facility uuid)
 RETURNS TABLE(relation text, row_id uuid, version integer, part_of uuid, kind text, name text, phone text, first_on date, stop_on date, since timestamp with time zone, until timestamp with time zone)
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
    PERFORM access.check_keeper(me, facility);
    RETURN QUERY
    SELECT * FROM (
        SELECT 'department' AS relation, d.department_id AS row_id, d.version, NULL::uuid AS part_of, d.kind, d.name, d.phone::text AS phone,
               NULL::date AS first_on, d.closed_on AS stop_on, NULL::timestamptz AS since, NULL::timestamptz AS until
        FROM care.department d
        WHERE d.facility_id = list_premises.facility AND (d.closed_on IS NULL OR d.closed_on > current_date)
        UNION ALL
        SELECT 'room', r.room_id, 0, r.department_id, NULL, r.name, NULL, NULL, NULL, NULL, NULL FROM care.room r
        WHERE r.facility_id = list_premises.facility
        UNION ALL
        SELECT 'equipment', e.equipment_id, e.version, NULL, e.kind, e.name, NULL, lower(e.in_service_during), upper(e.in_service_during),
               NULL, NULL
        FROM care.equipment e
        WHERE e.facility_id = list_premises.facility
          AND (upper(e.in_service_during) IS NULL OR upper(e.in_service_during) > current_date)
        UNION ALL
        SELECT 'equipment_outage', o.equipment_outage_id, o.version, o.equipment_id, NULL, o.reason, NULL, NULL, NULL, lower(o.during),
               upper(o.during)
        FROM care.equipment_outage o JOIN care.equipment e USING (equipment_id)
        WHERE e.facility_id = list_premises.facility AND (upper(o.during) IS NULL OR upper(o.during) > now())
    ) AS kept
    ORDER BY kept.relation, kept.since, kept.name, kept.row_id LIMIT 5000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_premises(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_premises(text,uuid) TO healthtrack_portal;

-- Rooms and equipment of the acting front desk's facility, and when each is held or out of service within eight days at most; never for whom.
CREATE OR REPLACE FUNCTION api.list_resources(token text, facility uuid, since timestamp with time zone, until timestamp with time zone)
 RETURNS TABLE(resource uuid, kind text, name text, state text, starts_at timestamp with time zone, ends_at timestamp with time zone)
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
    IF (until > since AND until <= since + INTERVAL '8 days') IS NOT TRUE THEN
        PERFORM access.refuse('resources_are_asked_within_bounds', 'Ask for eight days at most.');
    ELSIF me.part = 'front_desk' AND facility = ANY (access.own_facilities()) THEN
        RETURN QUERY
        WITH thing AS (
            SELECT r.room_id AS resource, 'room' AS kind, r.name FROM care.room r WHERE r.facility_id = facility
            UNION ALL
            SELECT e.equipment_id, e.kind, e.name FROM care.equipment e WHERE e.facility_id = facility
        )
        SELECT t.resource, t.kind, t.name, spell.state, lower(spell.during), upper(spell.during)
        FROM thing t LEFT JOIN LATERAL (
            SELECT 'held' AS state, u.held_during AS during FROM care.appointment_resource u
            WHERE u.facility_id = facility AND t.resource IN (u.room_id, u.equipment_id) AND u.released_at IS NULL
              AND u.held_during && tstzrange(since, until)
            UNION ALL
            SELECT 'out_of_service', o.during FROM care.equipment_outage o
            WHERE o.equipment_id = t.resource AND o.during && tstzrange(since, until)
        ) AS spell ON true
        ORDER BY t.kind, t.name, t.resource, lower(spell.during) LIMIT 5000;
    END IF;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_resources(text,uuid,timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_resources(text,uuid,timestamp with time zone,timestamp with time zone) TO healthtrack_portal;

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

-- The words of a list that administrators keep (facility_category, service, staff_role, department_kind, resource_kind), by title; 1,000 at most.
CREATE OR REPLACE FUNCTION api.list_terms(token text, list text)
 RETURNS TABLE(word text, title text)
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
    SELECT t.word, t.title FROM (
        SELECT 'facility_category' AS of, c.category AS word, c.title FROM care.facility_category c
        UNION ALL SELECT 'service', s.service, s.title FROM care.service s
        UNION ALL SELECT 'staff_role', r.role, r.title FROM care.staff_role r
        UNION ALL SELECT 'department_kind', d.kind, d.title FROM care.department_kind d
        UNION ALL SELECT 'resource_kind', k.kind, k.title FROM care.resource_kind k) AS t
    WHERE t.of = list_terms.list ORDER BY t.title, t.word LIMIT 1000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_terms(text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_terms(text,text) TO healthtrack_portal;

-- Facilities that the acting account works for, or at which the acting provider works today.
CREATE OR REPLACE FUNCTION api.list_workplaces(token text)
 RETURNS TABLE(facility uuid, name text, time_zone text)
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
    SELECT f.facility_id, f.name, f.time_zone::text FROM care.facility f
    WHERE f.facility_id = ANY ((SELECT access.own_workplaces())::uuid[]) ORDER BY f.name, f.facility_id;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_workplaces(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_workplaces(text) TO healthtrack_portal;

-- Offers a service at a facility, or describes it anew; the key.
CREATE OR REPLACE FUNCTION api.offer_service(token text, facility uuid, service text, name text, detail text, duration_minutes integer, capacity integer)
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
    UPDATE care.facility_service o SET detail = offer_service.detail, duration_minutes = offer_service.duration_minutes,
        capacity = offer_service.capacity, withdrawn_on = NULL
    WHERE o.facility_id = facility AND o.service IS NOT DISTINCT FROM offer_service.service
      AND o.name IS NOT DISTINCT FROM offer_service.name
    RETURNING o.facility_service_id INTO answer;
    IF answer IS NULL THEN
        INSERT INTO care.facility_service AS o (facility_id, service, name, detail, duration_minutes, capacity)
        VALUES (facility, offer_service.service, offer_service.name, offer_service.detail, offer_service.duration_minutes,
                offer_service.capacity)
        RETURNING o.facility_service_id INTO answer;
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.facility_service/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.offer_service(text,uuid,text,text,text,integer,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.offer_service(text,uuid,text,text,text,integer,integer) TO healthtrack_portal;

-- Says to which organisation a facility belongs, of which other one it is a part, and what it mainly is.
CREATE OR REPLACE FUNCTION api.place_facility(token text, facility uuid, known_version integer, organisation uuid, part_of uuid, category text)
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
    UPDATE care.facility f SET organisation_id = organisation, part_of = place_facility.part_of, category = place_facility.category
    WHERE f.facility_id = facility AND f.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.facility/' || facility, 'placed');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.place_facility(text,uuid,integer,uuid,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.place_facility(text,uuid,integer,uuid,uuid,text) TO healthtrack_portal;

-- Says in which department of its facility a room is, or that it is in none.
CREATE OR REPLACE FUNCTION api.place_room(token text, facility uuid, room uuid, department uuid)
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
    PERFORM access.check_keeper(me, facility);
    UPDATE care.room r SET department_id = department WHERE r.room_id = room AND r.facility_id = facility;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.room/' || room, 'department');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.place_room(text,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.place_room(text,uuid,uuid,uuid) TO healthtrack_portal;

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

-- What a patient would pay of charges at a facility on a day under one coverage or two, charge by charge, from today on; where elsewhere_counts is false, limits of a benefit count what was used at the own facility alone.
CREATE OR REPLACE FUNCTION api.read_estimate(token text, look uuid, patient uuid, facility uuid, served_on date, coverages uuid[], codes text[], quantities integer[])
 RETURNS TABLE(line integer, charge_code text, currency text, billed_cents bigint, covered boolean, deductible_cents bigint, copay_cents bigint, coinsurance_cents bigint, first_pays_cents bigint, second_pays_cents bigint, patient_pays_cents bigint, elsewhere_counts boolean)
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
    PERFORM access.check_look(me, look, patient, 'estimate');
    IF served_on < (SELECT (now() AT TIME ZONE f.time_zone)::date FROM care.facility f WHERE f.facility_id = facility) THEN
        PERFORM access.refuse('estimate_is_of_care_to_come', 'Ask for an estimate of care from today on.');
    END IF;
    RETURN QUERY
    SELECT e.line, e.charge_code, e.currency, (e.billed * 100)::bigint, e.covered, (e.deductible * 100)::bigint, (e.copay * 100)::bigint,
           (e.coinsurance * 100)::bigint, (e.first_pays * 100)::bigint, (e.second_pays * 100)::bigint, (e.patient_pays * 100)::bigint,
           me.part <> 'biller'
    FROM care.estimate(patient, facility, served_on, coverages, codes, quantities) AS e;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_estimate(text,uuid,uuid,uuid,date,uuid[],text[],integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_estimate(text,uuid,uuid,uuid,date,uuid[],text[],integer[]) TO healthtrack_portal;

-- What the directory says of a facility, and in which version.
CREATE OR REPLACE FUNCTION api.read_facility(token text, facility uuid)
 RETURNS TABLE(facility_id uuid, version integer, category text, name text, street text, postal_code text, time_zone text, phone text, email text, website text, booking_url text, opened_on date, closed_on date)
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
    RETURN QUERY SELECT f.facility_id, f.version, f.category, f.name, f.street, f.postal_code, f.time_zone::text,
        f.phone::text, f.email::text, f.website::text, f.booking_url::text, f.opened_on, f.closed_on
    FROM care.facility f WHERE f.facility_id = facility;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_facility(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_facility(text,uuid) TO healthtrack_portal;

-- One organisation as it is changed, with its version.
CREATE OR REPLACE FUNCTION api.read_organisation(token text, organisation uuid)
 RETURNS TABLE(version integer, part_of uuid, kind text, name text, street text, postal_code text, country text, state text, city text, phone text, email text, website text, first_on date, stop_on date)
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
    SELECT o.version, o.part_of, o.kind, o.name, o.street, o.postal_code, s.country::text, s.code::text, c.name, o.phone::text, o.email::text,
           o.website::text, lower(o.active_during), upper(o.active_during)
    FROM care.organisation o LEFT JOIN care.city c ON c.city_id = o.city_id LEFT JOIN care.state s ON s.state_id = c.state_id
    WHERE o.organisation_id = organisation;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_organisation(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_organisation(text,uuid) TO healthtrack_portal;

-- Sets the hours of a department on one weekday, in minutes after midnight; with none at all those of its facility stand.
CREATE OR REPLACE FUNCTION api.set_department_hours(token text, department uuid, weekday integer, opens_minutes integer[], closes_minutes integer[])
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
    PERFORM access.check_keeper(me, (SELECT d.facility_id FROM care.department d WHERE d.department_id = department));
    DELETE FROM care.department_hours h WHERE h.department_id = department AND h.weekday = set_department_hours.weekday;
    INSERT INTO care.department_hours (department_id, weekday, opens_minute, closes_minute)
    SELECT department, set_department_hours.weekday, opens, closes FROM unnest(opens_minutes, closes_minutes) AS hours (opens, closes);
    PERFORM access.note(me, 'update', NULL, 'care.department/' || department, 'hours');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.set_department_hours(text,uuid,integer,integer[],integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.set_department_hours(text,uuid,integer,integer[],integer[]) TO healthtrack_portal;

-- Says that a facility is of a category beside its main one, or is not any more.
CREATE OR REPLACE FUNCTION api.set_facility_category(token text, facility uuid, category text, offered boolean)
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
    PERFORM access.check_keeper(me, facility);
    IF offered THEN
        INSERT INTO care.facility_has_category (facility_id, category) VALUES (facility, set_facility_category.category)
        ON CONFLICT ON CONSTRAINT facility_has_category_pkey DO NOTHING;
    ELSE
        DELETE FROM care.facility_has_category c WHERE c.facility_id = facility AND c.category = set_facility_category.category;
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.facility/' || facility, 'category');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.set_facility_category(text,uuid,text,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.set_facility_category(text,uuid,text,boolean) TO healthtrack_portal;

-- Sets the hours of one weekday, in minutes after midnight; none for a day on which it is closed.
CREATE OR REPLACE FUNCTION api.set_opening_hours(token text, facility uuid, weekday integer, opens_minutes integer[], closes_minutes integer[])
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
    PERFORM access.check_keeper(me, facility);
    DELETE FROM care.opening_hours h WHERE h.facility_id = facility AND h.weekday = set_opening_hours.weekday;
    INSERT INTO care.opening_hours (facility_id, weekday, opens_minute, closes_minute)
    SELECT facility, set_opening_hours.weekday, opens, closes FROM unnest(opens_minutes, closes_minutes) AS hours (opens, closes);
    PERFORM access.note(me, 'update', NULL, 'care.facility/' || facility, 'opening_hours');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.set_opening_hours(text,uuid,integer,integer[],integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.set_opening_hours(text,uuid,integer,integer[],integer[]) TO healthtrack_portal;

-- Sets the hours of one date, which stand instead of the weekday's; none for a day on which it is closed.
CREATE OR REPLACE FUNCTION api.set_special_day(token text, facility uuid, falls_on date, title text, opens_minutes integer[], closes_minutes integer[])
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
    PERFORM access.check_keeper(me, facility);
    DELETE FROM care.special_day d WHERE d.facility_id = facility AND d.falls_on = set_special_day.falls_on;
    IF coalesce(cardinality(opens_minutes), 0) = 0 AND coalesce(cardinality(closes_minutes), 0) = 0 THEN
        INSERT INTO care.special_day (facility_id, falls_on, title) VALUES (facility, set_special_day.falls_on, set_special_day.title);
    ELSE
        INSERT INTO care.special_day (facility_id, falls_on, title, opens_minute, closes_minute)
        SELECT facility, set_special_day.falls_on, set_special_day.title, opens, closes
        FROM unnest(opens_minutes, closes_minutes) AS hours (opens, closes);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.facility/' || facility, 'special_day');
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.set_special_day(text,uuid,date,text,integer[],integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.set_special_day(text,uuid,date,text,integer[],integer[]) TO healthtrack_portal;

-- Says from which day on a service is not offered any more.
CREATE OR REPLACE FUNCTION api.withdraw_service(token text, facility_service uuid, known_version integer, withdrawn_on date)
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
    UPDATE care.facility_service o SET withdrawn_on = withdraw_service.withdrawn_on
    WHERE o.facility_service_id = facility_service AND o.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.facility_service/' || facility_service);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.withdraw_service(text,uuid,integer,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.withdraw_service(text,uuid,integer,date) TO healthtrack_portal;
