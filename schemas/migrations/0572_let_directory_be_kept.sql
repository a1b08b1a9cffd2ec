-- The directory is kept by accounts: an administrator of the network everywhere, a manager at the own facility.
--
-- Only the owner could write into the directory. `access.let_keep` gives a table of it, beside everybody's right to read,
-- the policies by which an administrator adds and changes any row, and a manager rows of the own facility alone. Where a
-- row has no end of its own (hours of a weekday, a special day, an exception, a specialty), it may be removed. A provider
-- may be away from one facility and work at another: time off has a facility now, or none, which is everywhere.
-- Locks each of these tables for a moment. Undo: drop the policies, revoke the rights; put rule and functions back.
CREATE PROCEDURE access.let_keep(guarded regclass, of_facility boolean, removable boolean DEFAULT false)
    LANGUAGE plpgsql AS $$
DECLARE
    policy  constant text := 'CREATE POLICY %I ON %s FOR %s TO healthtrack_care USING (%s) WITH CHECK (%4$s)';
    managed constant text :=
        '(SELECT access.part()) = ''facility_manager'' AND facility_id = ANY ((SELECT access.own_facilities())::uuid[])';
BEGIN
    EXECUTE format('GRANT INSERT, UPDATE ON %s TO healthtrack_care', guarded);
    IF removable THEN
        EXECUTE format('GRANT DELETE ON %s TO healthtrack_care', guarded);
    END IF;
    EXECUTE format(policy, 'administrator', guarded, 'ALL', '(SELECT access.part()) = ''network_admin''');
    IF of_facility THEN
        EXECUTE format(policy, 'manager', guarded, 'ALL', managed);
    END IF;
END $$;
COMMENT ON PROCEDURE access.let_keep(regclass, boolean, boolean) IS
    'Lets administrators keep a table of the directory, and managers what is of their facility there; removable or not.';
REVOKE ALL ON PROCEDURE access.let_keep(regclass, boolean, boolean) FROM PUBLIC;

CALL access.let_keep('care.room', true);
CALL access.let_keep('care.opening_hours', true, true);
CALL access.let_keep('care.special_day', true, true);
CALL access.let_keep('care.facility_service', true);
CALL access.let_keep('care.affiliation', true);
CALL access.let_keep('care.availability', true);
CALL access.let_keep('care.availability_exception', true, true);
CALL access.let_keep('care.programme', true);
CALL access.let_keep('care.state', false);
CALL access.let_keep('care.city', false);
CALL access.let_keep('care.facility', false);
CALL access.let_keep('care.facility_category', false);
CALL access.let_keep('care.service', false);
CALL access.let_keep('care.staff_role', false);
CALL access.let_keep('care.provider', false);
CALL access.let_keep('care.qualification', false);
CALL access.let_keep('care.provider_specialty', false, true);
CALL access.let_keep('care.specialty', false);
CALL access.let_keep('care.membership_plan', false);
CALL access.let_keep('care.charge_code', false);
CALL access.let_keep('care.medication', false);
CALL access.let_keep('care.loinc_unit', false);
CALL access.let_keep('care.sensitive_code', false);
CALL access.let_keep('care.programme_session', false);

-- A manager changes the own facility and adds none; a session is of its programme, and at no other facility's place.
CREATE POLICY manager ON care.facility FOR UPDATE TO healthtrack_care
    USING ((SELECT access.part()) = 'facility_manager' AND facility_id = ANY ((SELECT access.own_facilities())::uuid[]))
    WITH CHECK ((SELECT access.part()) = 'facility_manager' AND facility_id = ANY ((SELECT access.own_facilities())::uuid[]));

CREATE FUNCTION care.programmes_managed() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(programme_id), '{}') FROM care.programme
    WHERE facility_id = ANY (access.own_facilities()) AND access.part() = 'facility_manager'
$$;
COMMENT ON FUNCTION care.programmes_managed() IS 'Programmes of the facility that the actor manages.';
REVOKE ALL ON FUNCTION care.programmes_managed() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.programmes_managed() TO healthtrack_care;
CREATE POLICY manager ON care.programme_session FOR ALL TO healthtrack_care
    USING (programme_id = ANY ((SELECT care.programmes_managed())::uuid[]))
    WITH CHECK (programme_id = ANY ((SELECT care.programmes_managed())::uuid[])
                AND (facility_id IS NULL OR facility_id = ANY ((SELECT access.own_facilities())::uuid[])));

ALTER TABLE care.availability_exception
    DROP CONSTRAINT availability_exception_extra_has_a_place,
    ADD CONSTRAINT availability_exception_extra_has_a_place CHECK (kind <> 'extra' OR facility_id IS NOT NULL),
    DROP CONSTRAINT availability_exception_does_not_overlap,
    ADD CONSTRAINT availability_exception_does_not_overlap EXCLUDE USING gist (
        provider_id WITH =, kind WITH =, during WITH &&) WHERE (kind = 'extra' OR facility_id IS NULL),
    ADD CONSTRAINT availability_exception_off_at_a_place_does_not_overlap EXCLUDE USING gist (
        provider_id WITH =, facility_id WITH =, during WITH &&) WHERE (kind = 'off');
COMMENT ON CONSTRAINT availability_exception_extra_has_a_place ON care.availability_exception IS
    'Extra hours need a facility.';
COMMENT ON CONSTRAINT availability_exception_does_not_overlap ON care.availability_exception IS
    'The provider has such an exception at that time already.';
COMMENT ON CONSTRAINT availability_exception_off_at_a_place_does_not_overlap ON care.availability_exception IS
    'The provider is away from there at that time already.';
COMMENT ON COLUMN care.availability_exception.facility_id IS
    'Where the provider works longer, or is away from; null where the provider is away from everywhere.';

CREATE OR REPLACE FUNCTION care.available(asked_provider uuid, asked_facility uuid, span tstzrange) RETURNS tstzmultirange
    LANGUAGE sql STABLE AS $$
    SELECT (SELECT coalesce(range_agg(h.during), '{}') FROM care.visiting_hours(asked_provider, asked_facility, span) h)
           * tstzmultirange(span)
           - (SELECT coalesce(range_agg(e.during), '{}') FROM care.availability_exception e
              WHERE e.provider_id = asked_provider AND e.kind = 'off' AND e.during && span
                AND (e.facility_id IS NULL OR e.facility_id = asked_facility))
$$;

CREATE FUNCTION access.check_keeper(me access.caller, facility uuid) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (me.part = 'network_admin'
        OR me.part = 'facility_manager' AND facility = ANY (access.own_facilities())) IS NOT TRUE THEN
        PERFORM access.refuse('facility_is_kept_by_its_manager', 'Ask the manager of the facility, or an administrator of the network.');
    END IF;
END $$;
COMMENT ON FUNCTION access.check_keeper(access.caller, uuid) IS
    'Refuses who neither manages this facility nor administers the network.';

CREATE FUNCTION access.check_administrator(me access.caller) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (me.part = 'network_admin') IS NOT TRUE THEN
        PERFORM access.refuse('network_is_kept_by_an_administrator', 'Ask an administrator of the network.');
    END IF;
END $$;
COMMENT ON FUNCTION access.check_administrator(access.caller) IS 'Refuses who does not administer the network.';

CREATE FUNCTION access.check_change(is_done boolean) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF is_done IS NOT TRUE THEN
        PERFORM access.refuse('row_is_changed_as_it_was_read',
            'This has changed since it was read, or is not yours to change: read it again.');
    END IF;
END $$;
COMMENT ON FUNCTION access.check_change(boolean) IS
    'Refuses where no row was changed: it has another version, or is not there for who acts.';
REVOKE ALL ON FUNCTION access.check_keeper(access.caller, uuid), access.check_administrator(access.caller),
    access.check_change(boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.check_keeper(access.caller, uuid), access.check_administrator(access.caller),
    access.check_change(boolean) TO healthtrack_care;
