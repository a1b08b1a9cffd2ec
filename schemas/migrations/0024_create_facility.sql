-- A facility: what the network runs in a city, and the rooms in it.
--
-- Hours, services, ratings and staff hang on it in tables and views of their own. New tables; the foreign keys lock
-- city and category for an instant. Undo: drop them.
CREATE TABLE care.facility (
    facility_id uuid             NOT NULL DEFAULT gen_random_uuid(),
    created_at  timestamptz      NOT NULL DEFAULT now(),
    updated_at  timestamptz      NOT NULL DEFAULT now(),
    city_id     integer          NOT NULL,
    version     integer          NOT NULL DEFAULT 1,
    opened_on   date,
    closed_on   date,
    category    text             NOT NULL,
    name        text             NOT NULL,
    street      text             NOT NULL,
    postal_code text             NOT NULL,
    time_zone   care.time_zone   NOT NULL,
    phone       care.phone       NOT NULL,
    email       care.email,
    website     care.web_address,
    booking_url care.web_address,
    updated_by  text             NOT NULL DEFAULT session_user,

    CONSTRAINT facility_pkey PRIMARY KEY (facility_id),
    CONSTRAINT facility_city_fkey FOREIGN KEY (city_id) REFERENCES care.city (city_id),
    CONSTRAINT facility_category_fkey FOREIGN KEY (category) REFERENCES care.facility_category (category),
    CONSTRAINT facility_name_is_unique_in_its_city UNIQUE (city_id, name),
    CONSTRAINT facility_id_with_category_is_unique UNIQUE (facility_id, category),
    CONSTRAINT facility_name_is_some CHECK (name ~ '\S'),
    CONSTRAINT facility_closes_after_it_opens CHECK (closed_on > opened_on)
);
CREATE INDEX facility_category_idx ON care.facility (category, city_id);
CREATE TRIGGER facility_is_touched BEFORE UPDATE ON care.facility FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.facility             IS 'Hospital, clinic, diagnostic centre, pharmacy, wellness centre …';
COMMENT ON COLUMN care.facility.facility_id IS 'Key.';
COMMENT ON COLUMN care.facility.created_at  IS 'When the row was made.';
COMMENT ON COLUMN care.facility.updated_at  IS 'When it was last changed.';
COMMENT ON COLUMN care.facility.city_id     IS 'City that it lies in.';
COMMENT ON COLUMN care.facility.version     IS 'Raised by each change.';
COMMENT ON COLUMN care.facility.opened_on   IS 'First day; null where nobody knows.';
COMMENT ON COLUMN care.facility.closed_on   IS 'First day on which it is no more; null while it stands.';
COMMENT ON COLUMN care.facility.category    IS 'What kind of facility.';
COMMENT ON COLUMN care.facility.name        IS 'Name, unique in its city.';
COMMENT ON COLUMN care.facility.street      IS 'Street and number.';
COMMENT ON COLUMN care.facility.postal_code IS 'Postal code.';
COMMENT ON COLUMN care.facility.time_zone   IS 'Its opening hours and schedules are in this zone.';
COMMENT ON COLUMN care.facility.phone       IS 'Telephone.';
COMMENT ON COLUMN care.facility.email       IS 'Electronic mail; null where there is none.';
COMMENT ON COLUMN care.facility.website     IS 'Its page; null where there is none.';
COMMENT ON COLUMN care.facility.booking_url IS 'Where appointments are made; null where only by telephone.';
COMMENT ON COLUMN care.facility.updated_by  IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT facility_pkey ON care.facility IS 'This facility is known already.';
COMMENT ON CONSTRAINT facility_city_fkey ON care.facility IS 'Add the city first.';
COMMENT ON CONSTRAINT facility_category_fkey ON care.facility IS 'Choose one of the known categories.';
COMMENT ON CONSTRAINT facility_name_is_unique_in_its_city ON care.facility IS 'This city has a facility of that name already.';
COMMENT ON CONSTRAINT facility_id_with_category_is_unique ON care.facility IS 'This facility is known already.';
COMMENT ON CONSTRAINT facility_name_is_some ON care.facility IS 'Give the facility a name.';
COMMENT ON CONSTRAINT facility_closes_after_it_opens ON care.facility IS 'A facility closes after it has opened.';

CREATE TABLE care.room (
    room_id     uuid NOT NULL DEFAULT gen_random_uuid(),
    facility_id uuid NOT NULL,
    name        text NOT NULL,

    CONSTRAINT room_pkey PRIMARY KEY (room_id),
    CONSTRAINT room_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT room_id_with_facility_is_unique UNIQUE (facility_id, room_id),
    CONSTRAINT room_name_is_unique_in_its_facility UNIQUE (facility_id, name)
);
COMMENT ON TABLE  care.room             IS 'Room of a facility that one appointment at a time can use.';
COMMENT ON COLUMN care.room.room_id     IS 'Key.';
COMMENT ON COLUMN care.room.facility_id IS 'Facility that it is in.';
COMMENT ON COLUMN care.room.name        IS 'What stands on its door.';
COMMENT ON CONSTRAINT room_pkey ON care.room IS 'This room is known already.';
COMMENT ON CONSTRAINT room_facility_fkey ON care.room IS 'Add the facility first.';
COMMENT ON CONSTRAINT room_id_with_facility_is_unique ON care.room IS 'This room is known already.';
COMMENT ON CONSTRAINT room_name_is_unique_in_its_facility ON care.room IS 'This facility has a room of that name already.';
