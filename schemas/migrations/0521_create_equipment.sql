-- Rooms and equipment as what a visit needs: which there are, which a kind of visit wants, and which are taken when.
--
-- An appointment holds each of its resources for the period that it blocks, and no resource is held twice at once: an
-- exclusion constraint keeps that, whoever races. A row stays when its time is given back, so that it is known what was
-- held; it counts until `released_at`. The room that an appointment names is held like any other resource.
-- New tables; care.appointment is locked for an instant for a key. Rooms of visits to come are held from now on. Undo: drop
-- the tables and the key.
CREATE TABLE care.resource_kind (
    kind  text NOT NULL,
    title text NOT NULL,

    CONSTRAINT resource_kind_pkey PRIMARY KEY (kind),
    CONSTRAINT resource_kind_is_snake_case CHECK (kind ~ '^[a-z][a-z0-9_]{1,40}$'),
    CONSTRAINT resource_kind_title_is_some CHECK (title ~ '\S')
);
COMMENT ON TABLE  care.resource_kind IS 'What a visit may need: a room, or equipment of a kind.';
COMMENT ON COLUMN care.resource_kind.kind  IS 'Stable word; room is any room of a facility.';
COMMENT ON COLUMN care.resource_kind.title IS 'A few words for a person.';
COMMENT ON CONSTRAINT resource_kind_pkey ON care.resource_kind IS 'This kind of resource is known already.';
COMMENT ON CONSTRAINT resource_kind_is_snake_case ON care.resource_kind IS 'Name a kind of resource by small letters, digits and underscores.';
COMMENT ON CONSTRAINT resource_kind_title_is_some ON care.resource_kind IS 'Give the kind of resource a title.';
CALL access.guard('care.resource_kind', 'directory');
INSERT INTO care.resource_kind (kind, title) VALUES
    ('room', 'Room'), ('ecg', 'Electrocardiograph'), ('ultrasound', 'Ultrasound scanner'), ('x_ray', 'X-ray machine'),
    ('spirometer', 'Spirometer'), ('treadmill', 'Treadmill'), ('infusion_chair', 'Infusion chair'),
    ('slit_lamp', 'Slit lamp'), ('treatment_table', 'Treatment table');

CREATE TABLE care.equipment (
    equipment_id      uuid        NOT NULL DEFAULT gen_random_uuid(),
    facility_id       uuid        NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    version           integer     NOT NULL DEFAULT 1,
    in_service_during daterange   NOT NULL,
    kind              text        NOT NULL,
    name              text        NOT NULL,
    updated_by        text        NOT NULL DEFAULT session_user,

    CONSTRAINT equipment_pkey PRIMARY KEY (equipment_id),
    CONSTRAINT equipment_id_with_facility_is_unique UNIQUE (facility_id, equipment_id),
    CONSTRAINT equipment_name_is_unique_in_its_facility UNIQUE (facility_id, name),
    CONSTRAINT equipment_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT equipment_kind_fkey FOREIGN KEY (kind) REFERENCES care.resource_kind (kind),
    CONSTRAINT equipment_is_no_room CHECK (kind <> 'room'),
    CONSTRAINT equipment_name_is_some CHECK (name ~ '\S'),
    CONSTRAINT equipment_is_in_service_for_some_time CHECK (NOT isempty(in_service_during) AND NOT lower_inf(in_service_during))
);
CREATE INDEX equipment_kind_idx ON care.equipment (kind, facility_id);
COMMENT ON TABLE  care.equipment IS 'A piece of equipment of a facility that one appointment at a time can use.';
COMMENT ON COLUMN care.equipment.equipment_id      IS 'Key.';
COMMENT ON COLUMN care.equipment.facility_id       IS 'Facility that it stands in.';
COMMENT ON COLUMN care.equipment.created_at        IS 'When the row was made.';
COMMENT ON COLUMN care.equipment.updated_at        IS 'When it was last changed.';
COMMENT ON COLUMN care.equipment.version           IS 'Raised by each change.';
COMMENT ON COLUMN care.equipment.in_service_during IS 'Days, where the facility is, on which it can be used; no upper bound while it goes on.';
COMMENT ON COLUMN care.equipment.kind              IS 'What kind.';
COMMENT ON COLUMN care.equipment.name              IS 'What stands on it.';
COMMENT ON COLUMN care.equipment.updated_by        IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT equipment_pkey ON care.equipment IS 'This piece of equipment is known already.';
COMMENT ON CONSTRAINT equipment_id_with_facility_is_unique ON care.equipment IS 'This piece of equipment is known already.';
COMMENT ON CONSTRAINT equipment_name_is_unique_in_its_facility ON care.equipment IS 'This facility has equipment of that name already.';
COMMENT ON CONSTRAINT equipment_facility_fkey ON care.equipment IS 'Add the facility first.';
COMMENT ON CONSTRAINT equipment_kind_fkey ON care.equipment IS 'Choose one of the known kinds of resource.';
COMMENT ON CONSTRAINT equipment_is_no_room ON care.equipment IS 'Add a room to the rooms of its facility instead.';
COMMENT ON CONSTRAINT equipment_name_is_some ON care.equipment IS 'Give the piece of equipment a name.';
COMMENT ON CONSTRAINT equipment_is_in_service_for_some_time ON care.equipment IS 'Say from which day on the equipment can be used, and until which day after it.';
CREATE TRIGGER equipment_is_stamped BEFORE INSERT OR UPDATE ON care.equipment FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER equipment_is_touched BEFORE UPDATE ON care.equipment FOR EACH ROW EXECUTE FUNCTION care.touch();
CALL access.guard('care.equipment', 'directory');

CREATE TABLE care.equipment_outage (
    equipment_outage_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    equipment_id        uuid        NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    version             integer     NOT NULL DEFAULT 1,
    during              tstzrange   NOT NULL,
    reason              text        NOT NULL,
    updated_by          text        NOT NULL DEFAULT session_user,

    CONSTRAINT equipment_outage_pkey PRIMARY KEY (equipment_outage_id),
    CONSTRAINT equipment_outage_is_one_at_a_time EXCLUDE USING gist (equipment_id WITH =, during WITH &&),
    CONSTRAINT equipment_outage_equipment_fkey FOREIGN KEY (equipment_id) REFERENCES care.equipment (equipment_id),
    CONSTRAINT equipment_outage_period_is_half_open
        CHECK (NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)),
    CONSTRAINT equipment_outage_reason_is_some CHECK (reason ~ '\S')
);
COMMENT ON TABLE  care.equipment_outage IS 'When a piece of equipment is out of service: it is broken, maintained or lent.';
COMMENT ON COLUMN care.equipment_outage.equipment_outage_id IS 'Key.';
COMMENT ON COLUMN care.equipment_outage.equipment_id        IS 'Which piece of equipment.';
COMMENT ON COLUMN care.equipment_outage.created_at          IS 'When the row was made.';
COMMENT ON COLUMN care.equipment_outage.updated_at          IS 'When it was last changed.';
COMMENT ON COLUMN care.equipment_outage.version             IS 'Raised by each change.';
COMMENT ON COLUMN care.equipment_outage.during              IS 'Half-open period; no upper bound while nobody knows.';
COMMENT ON COLUMN care.equipment_outage.reason              IS 'Why.';
COMMENT ON COLUMN care.equipment_outage.updated_by          IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT equipment_outage_pkey ON care.equipment_outage IS 'This outage is known already.';
COMMENT ON CONSTRAINT equipment_outage_is_one_at_a_time ON care.equipment_outage IS 'The equipment is out of service at that time already.';
COMMENT ON CONSTRAINT equipment_outage_equipment_fkey ON care.equipment_outage IS 'Choose a known piece of equipment.';
COMMENT ON CONSTRAINT equipment_outage_period_is_half_open ON care.equipment_outage IS 'An outage has a beginning, and ends after it.';
COMMENT ON CONSTRAINT equipment_outage_reason_is_some ON care.equipment_outage IS 'Say why the equipment is out of service.';
CREATE TRIGGER equipment_outage_is_stamped BEFORE INSERT OR UPDATE ON care.equipment_outage
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER equipment_outage_is_touched BEFORE UPDATE ON care.equipment_outage FOR EACH ROW EXECUTE FUNCTION care.touch();
CALL access.guard('care.equipment_outage', 'directory');

CREATE TABLE care.appointment_type_resource (
    count            smallint NOT NULL DEFAULT 1,
    appointment_type text     NOT NULL,
    kind             text     NOT NULL,

    CONSTRAINT appointment_type_resource_pkey PRIMARY KEY (appointment_type, kind),
    CONSTRAINT appointment_type_resource_type_fkey
        FOREIGN KEY (appointment_type) REFERENCES care.appointment_type (appointment_type),
    CONSTRAINT appointment_type_resource_kind_fkey FOREIGN KEY (kind) REFERENCES care.resource_kind (kind),
    CONSTRAINT appointment_type_resource_count_is_small CHECK (count BETWEEN 1 AND 10)
);
CREATE INDEX appointment_type_resource_kind_idx ON care.appointment_type_resource (kind);
COMMENT ON TABLE  care.appointment_type_resource IS 'What a visit of a kind needs where it takes place in person; by video it needs nothing of a facility.';
COMMENT ON COLUMN care.appointment_type_resource.count            IS 'How many of it.';
COMMENT ON COLUMN care.appointment_type_resource.appointment_type IS 'The kind of visit.';
COMMENT ON COLUMN care.appointment_type_resource.kind             IS 'The kind of resource.';
COMMENT ON CONSTRAINT appointment_type_resource_pkey ON care.appointment_type_resource IS 'Such visits need this already: change how many.';
COMMENT ON CONSTRAINT appointment_type_resource_type_fkey ON care.appointment_type_resource IS 'Choose one of the known kinds of visit.';
COMMENT ON CONSTRAINT appointment_type_resource_kind_fkey ON care.appointment_type_resource IS 'Choose one of the known kinds of resource.';
COMMENT ON CONSTRAINT appointment_type_resource_count_is_small ON care.appointment_type_resource IS 'Let a visit need one to ten of a kind.';
CALL access.guard('care.appointment_type_resource', 'directory');

ALTER TABLE care.appointment ADD CONSTRAINT appointment_id_with_facility_is_unique UNIQUE (appointment_id, facility_id);
COMMENT ON CONSTRAINT appointment_id_with_facility_is_unique ON care.appointment IS 'This appointment is known already.';

CREATE TABLE care.appointment_resource (
    appointment_resource_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id              uuid        NOT NULL,
    appointment_id          uuid        NOT NULL,
    facility_id             uuid        NOT NULL,
    room_id                 uuid,
    equipment_id            uuid,
    held_at_facility_id     uuid        GENERATED ALWAYS AS (CASE WHEN released_at IS NULL THEN facility_id END) STORED,
    released_at             timestamptz,
    created_at              timestamptz NOT NULL DEFAULT now(),
    updated_at              timestamptz NOT NULL DEFAULT now(),
    version                 integer     NOT NULL DEFAULT 1,
    held_during             tstzrange   NOT NULL,
    updated_by              text        NOT NULL DEFAULT session_user,

    CONSTRAINT appointment_resource_pkey PRIMARY KEY (appointment_resource_id),
    CONSTRAINT appointment_resource_room_is_free
        EXCLUDE USING gist (room_id WITH =, held_during WITH &&) WHERE (released_at IS NULL),
    CONSTRAINT appointment_resource_equipment_is_free
        EXCLUDE USING gist (equipment_id WITH =, held_during WITH &&) WHERE (released_at IS NULL),
    CONSTRAINT appointment_resource_appointment_fkey
        FOREIGN KEY (patient_id, appointment_id) REFERENCES care.appointment (patient_id, appointment_id),
    -- Asked at the end of a transaction: an appointment that goes to another facility gives back what it had here.
    CONSTRAINT appointment_resource_is_at_the_facility_of_its_appointment
        FOREIGN KEY (appointment_id, held_at_facility_id) REFERENCES care.appointment (appointment_id, facility_id)
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT appointment_resource_room_fkey FOREIGN KEY (facility_id, room_id) REFERENCES care.room (facility_id, room_id),
    CONSTRAINT appointment_resource_equipment_fkey
        FOREIGN KEY (facility_id, equipment_id) REFERENCES care.equipment (facility_id, equipment_id),
    CONSTRAINT appointment_resource_is_a_room_or_equipment CHECK (num_nonnulls(room_id, equipment_id) = 1),
    CONSTRAINT appointment_resource_period_is_half_open
        CHECK (NOT isempty(held_during) AND lower_inc(held_during) AND NOT upper_inc(held_during))
);
CREATE INDEX appointment_resource_appointment_idx ON care.appointment_resource (patient_id, appointment_id);
CREATE INDEX appointment_resource_held_idx ON care.appointment_resource (appointment_id, held_at_facility_id);
CREATE INDEX appointment_resource_room_idx ON care.appointment_resource (facility_id, room_id);
CREATE INDEX appointment_resource_equipment_idx ON care.appointment_resource (facility_id, equipment_id);
COMMENT ON TABLE  care.appointment_resource IS 'A room or piece of equipment that an appointment holds, or held until it was given back.';
COMMENT ON COLUMN care.appointment_resource.appointment_resource_id IS 'Key.';
COMMENT ON COLUMN care.appointment_resource.patient_id          IS 'Whose appointment.';
COMMENT ON COLUMN care.appointment_resource.appointment_id      IS 'The appointment.';
COMMENT ON COLUMN care.appointment_resource.facility_id         IS 'The facility of the appointment, and of the resource.';
COMMENT ON COLUMN care.appointment_resource.room_id             IS 'The room; null for equipment.';
COMMENT ON COLUMN care.appointment_resource.equipment_id        IS 'The piece of equipment; null for a room.';
COMMENT ON COLUMN care.appointment_resource.held_at_facility_id IS 'The facility while it is held: half of the key of an appointment there.';
COMMENT ON COLUMN care.appointment_resource.released_at         IS 'When it was given back; null while it is held.';
COMMENT ON COLUMN care.appointment_resource.created_at          IS 'When the row was made.';
COMMENT ON COLUMN care.appointment_resource.updated_at          IS 'When it was last changed.';
COMMENT ON COLUMN care.appointment_resource.version             IS 'Raised by each change.';
COMMENT ON COLUMN care.appointment_resource.held_during         IS 'For which half-open period: all that the appointment blocks.';
COMMENT ON COLUMN care.appointment_resource.updated_by          IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT appointment_resource_pkey ON care.appointment_resource IS 'This is held already.';
COMMENT ON CONSTRAINT appointment_resource_room_is_free ON care.appointment_resource IS 'The room is taken or made ready at that time: choose another time or room.';
COMMENT ON CONSTRAINT appointment_resource_equipment_is_free ON care.appointment_resource IS 'The equipment is taken at that time: choose another time.';
COMMENT ON CONSTRAINT appointment_resource_appointment_fkey ON care.appointment_resource IS 'A resource is held for an appointment of the same patient.';
COMMENT ON CONSTRAINT appointment_resource_is_at_the_facility_of_its_appointment ON care.appointment_resource IS 'An appointment uses what stands in its own facility.';
COMMENT ON CONSTRAINT appointment_resource_room_fkey ON care.appointment_resource IS 'Choose a room of that facility.';
COMMENT ON CONSTRAINT appointment_resource_equipment_fkey ON care.appointment_resource IS 'Choose equipment of that facility.';
COMMENT ON CONSTRAINT appointment_resource_is_a_room_or_equipment ON care.appointment_resource IS 'Hold either a room or a piece of equipment.';
COMMENT ON CONSTRAINT appointment_resource_period_is_half_open ON care.appointment_resource IS 'A resource is held from a moment until one after it.';
CREATE TRIGGER appointment_resource_is_stamped BEFORE INSERT OR UPDATE ON care.appointment_resource
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER appointment_resource_is_touched BEFORE UPDATE ON care.appointment_resource
    FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER appointment_resource_stays_under_hold BEFORE DELETE ON care.appointment_resource
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
-- Triggers write it; people read what is held for a visit that they may see.
CALL access.guard('care.appointment_resource', 'internal');
GRANT SELECT ON care.appointment_resource TO healthtrack_care;
CREATE POLICY own ON care.appointment_resource FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY granted ON care.appointment_resource FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_granted('schedule'))::uuid[]));
CREATE POLICY proxy ON care.appointment_resource FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_acted_for('schedule'))::uuid[]));
CREATE POLICY care ON care.appointment_resource FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_in_care())::uuid[]));
CREATE POLICY desk ON care.appointment_resource FOR SELECT TO healthtrack_care
    USING (facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND (SELECT access.part()) = 'front_desk');

-- Before joined records are closed to it: of theirs, too, rooms are held.
INSERT INTO care.appointment_resource (patient_id, appointment_id, facility_id, room_id, held_during)
SELECT patient_id, appointment_id, facility_id, room_id, blocked_during FROM care.appointment
WHERE room_id IS NOT NULL AND status IN ('held', 'booked', 'arrived');
CALL care.close_joined_records();
