-- A visit is moved and cancelled under the locks of the provider and room that it has by then, and not of those before.
--
-- Who moved a visit read its provider and room, waited for their locks, and where somebody else had moved it meanwhile, took
-- those of the newer ones after them, out of the order of all others: now and then two waited for each other (40P01). Now
-- what was read is read again under the locks. Where it has changed, the locks are let go, since they were taken under a
-- savepoint, and all is begun anew. Cancelling is to do the same (524, 525).
-- Makes a function and replaces one, locks nothing. Undo: make that of 37 lock what it reads.
CREATE FUNCTION care.lock_visits(asked uuid[], VARIADIC others uuid[]) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    seen uuid[];
BEGIN
    LOOP
        seen := ARRAY(SELECT r.resource FROM care.appointment a
                      CROSS JOIN unnest(ARRAY[a.provider_id, a.patient_id, a.room_id]) AS r (resource)
                      WHERE a.appointment_id = ANY (asked) AND r.resource IS NOT NULL) || others;
        BEGIN
            PERFORM care.lock_schedule(VARIADIC seen);
            IF NOT EXISTS (SELECT FROM care.appointment a
                           CROSS JOIN unnest(ARRAY[a.provider_id, a.patient_id, a.room_id]) AS r (resource)
                           WHERE a.appointment_id = ANY (asked) AND r.resource IS NOT NULL AND (r.resource = ANY (seen)) IS NOT TRUE) THEN
                RETURN;
            END IF;
            RAISE EXCEPTION USING ERRCODE = 'HT002', MESSAGE = 'The visit was moved meanwhile.';
        EXCEPTION WHEN SQLSTATE 'HT002' THEN
            NULL;
        END;
    END LOOP;
END $$;
COMMENT ON FUNCTION care.lock_visits(uuid[], uuid[]) IS 'Does as care.lock_schedule for what these visits take by the time that it is locked, and for others.';
REVOKE EXECUTE ON FUNCTION care.lock_visits(uuid[], uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.lock_visits(uuid[], uuid[]) TO healthtrack_care, healthtrack_migrator;

CREATE OR REPLACE FUNCTION care.reschedule_appointment(
    asked uuid, asked_during tstzrange, asked_provider uuid DEFAULT NULL, asked_facility uuid DEFAULT NULL,
    asked_room uuid DEFAULT NULL
) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM care.lock_visits(ARRAY[asked], asked_provider, asked_room);
    UPDATE care.appointment a SET
        during = asked_during,
        provider_id = coalesce(asked_provider, a.provider_id),
        room_id = coalesce(
            asked_room, CASE WHEN coalesce(asked_facility, a.facility_id) = a.facility_id THEN a.room_id END
        ),
        facility_id = coalesce(asked_facility, a.facility_id)
    WHERE a.appointment_id = asked;
    IF NOT FOUND THEN
        PERFORM care.refuse('appointment_is_known', 'There is no such appointment.');
    END IF;
END $$;
