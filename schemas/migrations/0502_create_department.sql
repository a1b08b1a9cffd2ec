-- Departments of a facility, their hours, and which rooms and staff are theirs.
--
-- A hospital is not one desk: its laboratory opens at six, its emergency department never closes, and each has a telephone.
-- A department is of one facility and of a kind of a list that grows by rows, with HL7's code for such a place where there
-- is one. Rooms and affiliations may be in a department of their own facility, which their keys keep; who works in two
-- departments as the same has an affiliation for each. A department without hours of its own has those of its facility.
-- Locks care.room and care.affiliation for an instant, and builds two indexes of care.affiliation anew. Undo: drop tables
-- and columns, and put the two rules of care.affiliation back.
CREATE TABLE care.department_kind (
    kind     text NOT NULL,
    title    text NOT NULL,
    hl7_code text,

    CONSTRAINT department_kind_pkey PRIMARY KEY (kind),
    CONSTRAINT department_kind_is_snake_case CHECK (kind ~ '^[a-z][a-z0-9_]{1,40}$'),
    CONSTRAINT department_kind_title_is_some CHECK (title ~ '\S'),
    CONSTRAINT department_kind_hl7_code_has_its_shape CHECK (hl7_code ~ '^[A-Z]{2,10}$')
);
COMMENT ON TABLE  care.department_kind          IS 'What kind of department a facility may have.';
COMMENT ON COLUMN care.department_kind.kind     IS 'Stable word.';
COMMENT ON COLUMN care.department_kind.title    IS 'A few words for a person.';
COMMENT ON COLUMN care.department_kind.hl7_code IS 'Code of HL7 v3 ServiceDeliveryLocationRoleType; null where it has none that fits.';
COMMENT ON CONSTRAINT department_kind_pkey ON care.department_kind IS 'This kind of department is known already.';
COMMENT ON CONSTRAINT department_kind_is_snake_case ON care.department_kind IS 'Name the kind by small letters, digits and underscores.';
COMMENT ON CONSTRAINT department_kind_title_is_some ON care.department_kind IS 'Give the kind of department a title.';
COMMENT ON CONSTRAINT department_kind_hl7_code_has_its_shape ON care.department_kind IS 'Give HL7''s code as two to ten capital letters.';
CALL access.guard('care.department_kind', 'directory');
INSERT INTO care.department_kind (kind, title, hl7_code) VALUES
    ('emergency', 'Emergency department', 'ER'), ('intensive_care', 'Intensive care', 'ICU'),
    ('cardiology', 'Cardiology', 'CARD'), ('surgery', 'Surgery', 'SU'), ('orthopaedics', 'Orthopaedics', 'ORTHO'),
    ('obstetrics', 'Obstetrics', 'OB'), ('paediatrics', 'Paediatrics', 'PEDU'), ('neurology', 'Neurology', 'NEUR'),
    ('oncology', 'Oncology', 'ONCL'), ('psychiatry', 'Psychiatry', 'PHU'), ('rehabilitation', 'Rehabilitation', 'RHU'),
    ('primary_care', 'Primary care', 'PC'), ('radiology', 'Radiology', 'HRAD'), ('laboratory', 'Laboratory', 'HLAB'),
    ('pharmacy', 'Pharmacy', 'PHARM'), ('internal_medicine', 'Internal medicine', NULL), ('wellness', 'Wellness', NULL),
    ('administration', 'Administration', NULL), ('other', 'Other', NULL);

CREATE TABLE care.department (
    department_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    facility_id   uuid        NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    version       integer     NOT NULL DEFAULT 1,
    closed_on     date,
    kind          text        NOT NULL,
    name          text        NOT NULL,
    phone         care.phone,
    updated_by    text        NOT NULL DEFAULT session_user,

    CONSTRAINT department_pkey PRIMARY KEY (department_id),
    CONSTRAINT department_id_with_facility_is_unique UNIQUE (facility_id, department_id),
    CONSTRAINT department_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT department_kind_fkey FOREIGN KEY (kind) REFERENCES care.department_kind (kind),
    CONSTRAINT department_name_is_unique_in_its_facility UNIQUE (facility_id, name),
    CONSTRAINT department_name_is_some CHECK (name ~ '\S' AND length(name) <= 200)
);
CREATE INDEX department_kind_idx ON care.department (kind);
CREATE TRIGGER department_is_stamped BEFORE INSERT OR UPDATE ON care.department FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER department_is_touched BEFORE UPDATE ON care.department FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.department               IS 'Department of a facility.';
COMMENT ON COLUMN care.department.department_id IS 'Key.';
COMMENT ON COLUMN care.department.facility_id   IS 'Facility that it is of.';
COMMENT ON COLUMN care.department.created_at    IS 'When the row was made.';
COMMENT ON COLUMN care.department.updated_at    IS 'When it was last changed.';
COMMENT ON COLUMN care.department.version       IS 'Raised by each change.';
COMMENT ON COLUMN care.department.closed_on     IS 'First day on which it is no more; null while it stands.';
COMMENT ON COLUMN care.department.kind          IS 'What kind it is.';
COMMENT ON COLUMN care.department.name          IS 'Name, unique in its facility.';
COMMENT ON COLUMN care.department.phone         IS 'Telephone; null where it has that of the facility.';
COMMENT ON COLUMN care.department.updated_by    IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT department_pkey ON care.department IS 'This department is known already.';
COMMENT ON CONSTRAINT department_id_with_facility_is_unique ON care.department IS 'This department is known already.';
COMMENT ON CONSTRAINT department_facility_fkey ON care.department IS 'Add the facility first.';
COMMENT ON CONSTRAINT department_kind_fkey ON care.department IS 'Choose one of the known kinds of departments.';
COMMENT ON CONSTRAINT department_name_is_unique_in_its_facility ON care.department IS 'This facility has a department of that name already.';
COMMENT ON CONSTRAINT department_name_is_some ON care.department IS 'Give the department a name of 200 letters at most.';
CALL access.guard('care.department', 'directory');

CREATE TABLE care.department_hours (
    department_hours_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    department_id       uuid        NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    version             integer     NOT NULL DEFAULT 1,
    weekday             smallint    NOT NULL,
    opens_minute        smallint    NOT NULL,
    closes_minute       smallint    NOT NULL,
    updated_by          text        NOT NULL DEFAULT session_user,

    CONSTRAINT department_hours_pkey PRIMARY KEY (department_hours_id),
    CONSTRAINT department_hours_department_fkey FOREIGN KEY (department_id) REFERENCES care.department (department_id),
    CONSTRAINT department_hours_weekday_is_iso_8601 CHECK (weekday BETWEEN 1 AND 7),
    CONSTRAINT department_hours_are_within_the_day CHECK (opens_minute >= 0 AND closes_minute <= 1440),
    CONSTRAINT department_hours_close_after_they_open CHECK (closes_minute > opens_minute),
    CONSTRAINT department_hours_do_not_overlap EXCLUDE USING gist (
        department_id WITH =, weekday WITH =, int4range(opens_minute::integer, closes_minute::integer) WITH &&
    )
);
CREATE TRIGGER department_hours_is_stamped BEFORE INSERT OR UPDATE ON care.department_hours
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER department_hours_is_touched BEFORE UPDATE ON care.department_hours
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.department_hours IS
    'Hours of one weekday at which a department is open, where they are other than its facility''s; a day may have several.';
COMMENT ON COLUMN care.department_hours.department_hours_id IS 'Key.';
COMMENT ON COLUMN care.department_hours.department_id       IS 'The department.';
COMMENT ON COLUMN care.department_hours.created_at          IS 'When the row was made.';
COMMENT ON COLUMN care.department_hours.updated_at          IS 'When it was last changed.';
COMMENT ON COLUMN care.department_hours.version             IS 'Raised by each change.';
COMMENT ON COLUMN care.department_hours.weekday             IS 'Day of the week by ISO 8601: 1 is Monday, 7 is Sunday.';
COMMENT ON COLUMN care.department_hours.opens_minute        IS 'Minutes after midnight on the facility''s wall clock.';
COMMENT ON COLUMN care.department_hours.closes_minute       IS 'Minutes after midnight, not included; 1440 is the end of the day.';
COMMENT ON COLUMN care.department_hours.updated_by          IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT department_hours_pkey ON care.department_hours IS 'These hours are known already.';
COMMENT ON CONSTRAINT department_hours_department_fkey ON care.department_hours IS 'Add the department first.';
COMMENT ON CONSTRAINT department_hours_weekday_is_iso_8601 ON care.department_hours IS 'Give the weekday as 1 (Monday) to 7 (Sunday).';
COMMENT ON CONSTRAINT department_hours_are_within_the_day ON care.department_hours IS
    'Give hours between 0:00 and 24:00: hours past midnight belong to the next day.';
COMMENT ON CONSTRAINT department_hours_close_after_they_open ON care.department_hours IS 'A department closes after it opens.';
COMMENT ON CONSTRAINT department_hours_do_not_overlap ON care.department_hours IS 'The department has hours at that time already.';
CALL access.guard('care.department_hours', 'directory');

ALTER TABLE care.room
    ADD COLUMN department_id uuid,
    ADD CONSTRAINT room_is_in_a_department_of_its_facility FOREIGN KEY (facility_id, department_id)
        REFERENCES care.department (facility_id, department_id);
CREATE INDEX room_department_idx ON care.room (facility_id, department_id);
COMMENT ON COLUMN care.room.department_id IS 'Department that it belongs to; null where it belongs to the whole facility.';
COMMENT ON CONSTRAINT room_is_in_a_department_of_its_facility ON care.room IS 'Choose a department of the facility that the room is in.';

ALTER TABLE care.affiliation
    ADD COLUMN department_id uuid,
    ADD CONSTRAINT affiliation_is_in_a_department_of_its_facility FOREIGN KEY (facility_id, department_id)
        REFERENCES care.department (facility_id, department_id),
    DROP CONSTRAINT affiliation_does_not_overlap,
    DROP CONSTRAINT affiliation_of_a_name_does_not_overlap;
ALTER TABLE care.affiliation
    ADD CONSTRAINT affiliation_does_not_overlap EXCLUDE USING gist (
        provider_id WITH =, facility_id WITH =, role WITH =,
        coalesce(department_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, valid_during WITH &&
    ),
    ADD CONSTRAINT affiliation_of_a_name_does_not_overlap EXCLUDE USING gist (
        facility_id WITH =, staff_name WITH =, role WITH =,
        coalesce(department_id, '00000000-0000-0000-0000-000000000000'::uuid) WITH =, valid_during WITH &&
    );
CREATE INDEX affiliation_department_idx ON care.affiliation (facility_id, department_id);
DROP INDEX care.affiliation_facility_idx;
COMMENT ON COLUMN care.affiliation.department_id IS 'In which department; null where for the whole facility.';
COMMENT ON CONSTRAINT affiliation_is_in_a_department_of_its_facility ON care.affiliation IS 'Choose a department of the facility of work.';
COMMENT ON CONSTRAINT affiliation_does_not_overlap ON care.affiliation IS 'The provider works there as that at that time already.';
COMMENT ON CONSTRAINT affiliation_of_a_name_does_not_overlap ON care.affiliation IS 'That person works there as that at that time already.';
