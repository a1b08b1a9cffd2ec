-- Where the network is: state, city, facility, and its rooms.
--
-- One city name may stand in two states, so a city is unique within its state only. New tables, lock nothing.
-- Undo: drop them.
CREATE TABLE care.state (
    state_id integer NOT NULL GENERATED ALWAYS AS IDENTITY,
    country  text    NOT NULL,
    code     text    NOT NULL,
    name     text    NOT NULL,

    CONSTRAINT state_pkey PRIMARY KEY (state_id),
    CONSTRAINT state_name_is_unique_in_its_country UNIQUE (country, name),
    CONSTRAINT state_code_is_unique_in_its_country UNIQUE (country, code),
    CONSTRAINT state_country_is_iso_3166 CHECK (country ~ '^[A-Z]{2}$'),
    CONSTRAINT state_code_is_iso_3166 CHECK (code ~ '^[A-Z0-9]{1,3}$'),
    CONSTRAINT state_name_is_some CHECK (name ~ '\S')
);
COMMENT ON TABLE  care.state          IS 'State or province.';
COMMENT ON COLUMN care.state.state_id IS 'Key.';
COMMENT ON COLUMN care.state.country  IS 'Country by ISO 3166-1: US.';
COMMENT ON COLUMN care.state.code     IS 'Subdivision by ISO 3166-2, without the country: CA.';
COMMENT ON COLUMN care.state.name     IS 'Name.';
COMMENT ON CONSTRAINT state_pkey ON care.state IS 'This state is known already.';
COMMENT ON CONSTRAINT state_name_is_unique_in_its_country ON care.state IS 'This country has a state of that name already.';
COMMENT ON CONSTRAINT state_code_is_unique_in_its_country ON care.state IS 'This country has a state with that code already.';
COMMENT ON CONSTRAINT state_country_is_iso_3166 ON care.state IS 'Give the country as two capital letters.';
COMMENT ON CONSTRAINT state_code_is_iso_3166 ON care.state IS 'Give the state''s code as one to three capital letters or digits.';
COMMENT ON CONSTRAINT state_name_is_some ON care.state IS 'Give the state a name.';

CREATE TABLE care.city (
    city_id  integer NOT NULL GENERATED ALWAYS AS IDENTITY,
    state_id integer NOT NULL,
    name     text    NOT NULL,

    CONSTRAINT city_pkey PRIMARY KEY (city_id),
    CONSTRAINT city_state_fkey FOREIGN KEY (state_id) REFERENCES care.state (state_id),
    CONSTRAINT city_name_is_unique_in_its_state UNIQUE (state_id, name),
    CONSTRAINT city_name_is_some CHECK (name ~ '\S')
);
COMMENT ON TABLE  care.city          IS 'City; the same name may stand in two states, and never twice in one.';
COMMENT ON COLUMN care.city.city_id  IS 'Key.';
COMMENT ON COLUMN care.city.state_id IS 'State that it lies in.';
COMMENT ON COLUMN care.city.name     IS 'Name.';
COMMENT ON CONSTRAINT city_pkey ON care.city IS 'This city is known already.';
COMMENT ON CONSTRAINT city_state_fkey ON care.city IS 'Add the state first.';
COMMENT ON CONSTRAINT city_name_is_unique_in_its_state ON care.city IS 'This state has a city of that name already.';
COMMENT ON CONSTRAINT city_name_is_some ON care.city IS 'Give the city a name.';

CREATE TABLE care.facility_category (
    category text NOT NULL,
    title    text NOT NULL,

    CONSTRAINT facility_category_pkey PRIMARY KEY (category),
    CONSTRAINT facility_category_is_snake_case CHECK (category ~ '^[a-z][a-z0-9_]{1,40}$')
);
COMMENT ON TABLE  care.facility_category          IS 'Kinds of facilities.';
COMMENT ON COLUMN care.facility_category.category IS 'Stable word.';
COMMENT ON COLUMN care.facility_category.title    IS 'A few words for a person.';
COMMENT ON CONSTRAINT facility_category_pkey ON care.facility_category IS 'This category is known already.';
COMMENT ON CONSTRAINT facility_category_is_snake_case ON care.facility_category IS 'Name a category by small letters, digits and underscores.';
INSERT INTO care.facility_category (category, title) VALUES
    ('hospital', 'Hospital'), ('clinic', 'Clinic'), ('diagnostic_center', 'Diagnostic centre'),
    ('pharmacy', 'Pharmacy'), ('wellness_center', 'Wellness centre'), ('urgent_care', 'Urgent care'),
    ('rehabilitation_center', 'Rehabilitation centre');
