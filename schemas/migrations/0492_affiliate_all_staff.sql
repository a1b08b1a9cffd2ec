-- One table for who works at a facility: care.staff_assignment becomes part of care.affiliation.
--
-- Who worked at a wellness centre was kept apart from who works at a facility, so that a therapist of a centre could not be
-- booked there, and a hospital's receptionist could not be named at all. Now an affiliation is of a provider of the
-- network or of somebody else by name, in a role of a list that grows by rows (`care.staff_role`), at any facility.
-- Somebody may have two roles at one place at one time, as a director who also attends: a role is what does not overlap
-- itself. Assignments keep their keys; of one that repeats an affiliation, the days remain that are not told already.
-- Locks care.affiliation and care.staff_assignment until COMMIT. Undo: make care.staff_assignment anew from the
-- affiliations at wellness centres.
CREATE TABLE care.staff_role (
    role  text NOT NULL,
    title text NOT NULL,

    CONSTRAINT staff_role_pkey PRIMARY KEY (role),
    CONSTRAINT staff_role_is_snake_case CHECK (role ~ '^[a-z][a-z0-9_]{1,40}$'),
    CONSTRAINT staff_role_title_is_some CHECK (title ~ '\S')
);
COMMENT ON TABLE  care.staff_role       IS 'As what somebody may work at a facility.';
COMMENT ON COLUMN care.staff_role.role  IS 'Stable word.';
COMMENT ON COLUMN care.staff_role.title IS 'A few words for a person.';
COMMENT ON CONSTRAINT staff_role_pkey ON care.staff_role IS 'This role is known already.';
COMMENT ON CONSTRAINT staff_role_is_snake_case ON care.staff_role IS 'Name the role by small letters, digits and underscores.';
COMMENT ON CONSTRAINT staff_role_title_is_some ON care.staff_role IS 'Give the role a title.';
CALL access.guard('care.staff_role', 'directory');

INSERT INTO care.staff_role (role, title) VALUES
    ('attending', 'Attending physician'), ('consultant', 'Consultant'), ('resident', 'Resident'), ('nurse', 'Nurse'),
    ('therapist', 'Therapist'), ('pharmacist', 'Pharmacist'), ('director', 'Director'),
    ('trainer', 'Trainer'), ('dietitian', 'Dietitian'), ('massage_therapist', 'Massage therapist'),
    ('yoga_teacher', 'Yoga teacher'), ('health_coach', 'Health coach'), ('technician', 'Technician'),
    ('receptionist', 'Receptionist'), ('manager', 'Manager');
INSERT INTO care.staff_role (role, title)
SELECT DISTINCT role, initcap(left(role, 1)) || replace(substr(role, 2), '_', ' ') FROM care.staff_assignment
ON CONFLICT (role) DO NOTHING;

ALTER TABLE care.affiliation
    ALTER COLUMN provider_id DROP NOT NULL,
    ADD COLUMN staff_name text,
    DROP CONSTRAINT affiliation_role_is_known,
    DROP CONSTRAINT affiliation_does_not_overlap,
    ADD CONSTRAINT affiliation_role_fkey FOREIGN KEY (role) REFERENCES care.staff_role (role),
    ADD CONSTRAINT affiliation_is_of_one_person CHECK (num_nonnulls(provider_id, staff_name) = 1 AND staff_name ~ '\S'),
    ADD CONSTRAINT affiliation_does_not_overlap EXCLUDE USING gist (
        provider_id WITH =, facility_id WITH =, role WITH =, valid_during WITH &&
    ),
    ADD CONSTRAINT affiliation_of_a_name_does_not_overlap EXCLUDE USING gist (
        facility_id WITH =, staff_name WITH =, role WITH =, valid_during WITH &&
    );
CREATE INDEX affiliation_role_idx ON care.affiliation (role);
COMMENT ON TABLE  care.affiliation             IS 'Who works at which facility, as what and when: providers of the network, and others by name.';
COMMENT ON COLUMN care.affiliation.provider_id IS 'Provider of the network; null for anybody else.';
COMMENT ON COLUMN care.affiliation.staff_name  IS 'Name of who is no provider; null for a provider.';
COMMENT ON COLUMN care.affiliation.role        IS 'As what.';
COMMENT ON CONSTRAINT affiliation_role_fkey ON care.affiliation IS 'Choose one of the known roles.';
COMMENT ON CONSTRAINT affiliation_is_of_one_person ON care.affiliation IS 'Name a provider or somebody else, one of the two.';
COMMENT ON CONSTRAINT affiliation_does_not_overlap ON care.affiliation IS 'The provider works there as that at that time already.';
COMMENT ON CONSTRAINT affiliation_of_a_name_does_not_overlap ON care.affiliation IS 'That person works there as that at that time already.';

INSERT INTO care.affiliation (affiliation_id, facility_id, provider_id, created_at, updated_at, version, valid_during,
                              role, staff_name, updated_by)
SELECT CASE left_over.number WHEN 1 THEN s.staff_assignment_id ELSE gen_random_uuid() END, s.facility_id, s.provider_id,
       s.created_at, s.updated_at, s.version, left_over.days, s.role, s.staff_name, s.updated_by
FROM care.staff_assignment s CROSS JOIN LATERAL unnest(
    datemultirange(s.assigned_during) - coalesce((
        SELECT range_agg(a.valid_during) FROM care.affiliation a
        WHERE a.provider_id = s.provider_id AND a.facility_id = s.facility_id AND a.role = s.role), '{}')
) WITH ORDINALITY AS left_over (days, number);
DROP TABLE care.staff_assignment;
