-- One table for what a facility offers: care.centre_service becomes part of care.facility_service.
--
-- A wellness centre's services had a name, a length and a room for so many; a facility's had a word of the list by which
-- it is found. Both are of any facility: a hospital's birth class has a length, and a centre's yoga is found by its word.
-- So a service is of a kind of the list, or has a name of its own, or both; a length and a capacity where they are known;
-- and it is withdrawn rather than removed, because visits refer to it. What a centre offered keeps its key. Visits and
-- engagement stay with wellness centres. Locks care.facility_service, care.centre_service and care.centre_visit until
-- COMMIT; writes as many rows as there are services. Undo: make care.centre_service anew from the rows with a name.
ALTER TABLE care.facility_service
    ADD COLUMN facility_service_id uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN withdrawn_on        date,
    ADD COLUMN duration_minutes    integer,
    ADD COLUMN capacity            integer,
    ADD COLUMN name                text,
    DROP CONSTRAINT facility_service_pkey,
    ALTER COLUMN service DROP NOT NULL,
    ADD CONSTRAINT facility_service_pkey PRIMARY KEY (facility_service_id),
    ADD CONSTRAINT facility_service_id_with_facility_is_unique UNIQUE (facility_id, facility_service_id),
    ADD CONSTRAINT facility_service_is_offered_once UNIQUE NULLS NOT DISTINCT (facility_id, service, name),
    ADD CONSTRAINT facility_service_name_is_unique_in_its_facility UNIQUE (facility_id, name),
    ADD CONSTRAINT facility_service_is_known_or_named CHECK (num_nonnulls(service, name) >= 1),
    ADD CONSTRAINT facility_service_name_is_some CHECK (name ~ '\S' AND length(name) <= 200),
    ADD CONSTRAINT facility_service_duration_is_believable CHECK (duration_minutes BETWEEN 5 AND 1440),
    ADD CONSTRAINT facility_service_capacity_is_believable CHECK (capacity BETWEEN 1 AND 1000);
COMMENT ON TABLE  care.facility_service IS 'What a facility offers: services of the list, by which it is found, and services with a name of their own.';
COMMENT ON COLUMN care.facility_service.facility_service_id IS 'Key.';
COMMENT ON COLUMN care.facility_service.withdrawn_on        IS 'First day on which it is offered no more; null while it is.';
COMMENT ON COLUMN care.facility_service.duration_minutes    IS 'How long it takes; null where that is not said.';
COMMENT ON COLUMN care.facility_service.capacity            IS 'How many can take it at once; null where that is not said.';
COMMENT ON COLUMN care.facility_service.name                IS 'Name, unique in its facility; null where the title of the service says it.';
COMMENT ON COLUMN care.facility_service.service             IS 'What kind it is; null where the list has none that fits.';
COMMENT ON CONSTRAINT facility_service_pkey ON care.facility_service IS 'This service is known already.';
COMMENT ON CONSTRAINT facility_service_id_with_facility_is_unique ON care.facility_service IS 'This service is known already.';
COMMENT ON CONSTRAINT facility_service_is_offered_once ON care.facility_service IS 'The facility offers this service already.';
COMMENT ON CONSTRAINT facility_service_name_is_unique_in_its_facility ON care.facility_service IS 'This facility offers a service of that name already.';
COMMENT ON CONSTRAINT facility_service_is_known_or_named ON care.facility_service IS 'Choose one of the known services, or give the service a name.';
COMMENT ON CONSTRAINT facility_service_name_is_some ON care.facility_service IS 'Give the service a name of 200 letters at most.';
COMMENT ON CONSTRAINT facility_service_duration_is_believable ON care.facility_service IS 'Give the duration as 5 to 1440 minutes.';
COMMENT ON CONSTRAINT facility_service_capacity_is_believable ON care.facility_service IS 'Give room for 1 to 1000 people.';

INSERT INTO care.facility_service (facility_service_id, facility_id, created_at, updated_at, withdrawn_on,
                                   duration_minutes, capacity, version, name, detail, updated_by)
SELECT centre_service_id, facility_id, created_at, updated_at, withdrawn_on, duration_minutes, capacity, version, name,
       description, updated_by
FROM care.centre_service;

ALTER TABLE care.centre_visit DROP CONSTRAINT centre_visit_service_fkey;
ALTER TABLE care.centre_visit RENAME COLUMN centre_service_id TO facility_service_id;
ALTER TABLE care.centre_visit ADD CONSTRAINT centre_visit_service_fkey FOREIGN KEY (facility_id, facility_service_id)
    REFERENCES care.facility_service (facility_id, facility_service_id);
COMMENT ON CONSTRAINT centre_visit_service_fkey ON care.centre_visit IS 'Choose a service of that centre.';
DROP TABLE care.centre_service;

CREATE VIEW care.offered_service WITH (security_invoker = true) AS
SELECT DISTINCT facility_id, service FROM care.facility_service
WHERE service IS NOT NULL AND (withdrawn_on IS NULL OR withdrawn_on > current_date);
COMMENT ON VIEW   care.offered_service             IS 'Which services of the list a facility offers today, each once.';
COMMENT ON COLUMN care.offered_service.facility_id IS 'The facility.';
COMMENT ON COLUMN care.offered_service.service     IS 'The service.';
GRANT SELECT ON care.offered_service TO healthtrack_care;

-- A search for facilities is by what they offer today, whatever else has changed in it.
DO $$
DECLARE
    known constant text := pg_get_functiondef('api.find_facilities'::regproc);
BEGIN
    EXECUTE regexp_replace(known, '\mcare\.facility_service\M', 'care.offered_service', 'g');
    IF known !~ '\mcare\.facility_service\M' THEN
        RAISE EXCEPTION 'api.find_facilities no longer reads care.facility_service: let it read care.offered_service';
    END IF;
END $$;
