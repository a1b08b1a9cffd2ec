-- Whoever comes asks to be registered at a facility; its desk decides, and nobody is told who is known here.
--
-- Who asks is nobody yet, so the program that signs people in takes the request, paid for as guesses are: five from an address and one more
-- each hour, 200 for a facility and one more each seven minutes. Nothing is looked up, so answer and time are the same whoever asks.
-- A request names no patient. It is kept until the desk decides, who reads it by a look and registers or finds the person as ever, or for 30 days;
-- then the row goes, and what stays is the event. Its key comes from the form, so a form that is sent twice is one request.
-- New table; replaces access.forget_looks. Undo: put that back as of 194, drop functions and table, and the kind.
CREATE TABLE access.registration_request (
    registration_request_id uuid        NOT NULL,
    facility_id             uuid        NOT NULL,
    asked_at                timestamptz NOT NULL DEFAULT now(),
    expires_at              timestamptz NOT NULL DEFAULT now() + INTERVAL '30 days',
    person                  jsonb       NOT NULL,

    CONSTRAINT registration_request_pkey PRIMARY KEY (registration_request_id),
    CONSTRAINT registration_request_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT registration_request_ends CHECK (expires_at > asked_at AND expires_at <= asked_at + INTERVAL '31 days'),
    CONSTRAINT registration_request_is_small CHECK (jsonb_typeof(person) = 'object' AND octet_length(person::text) <= 8192)
);
CREATE INDEX registration_request_facility_idx ON access.registration_request (facility_id, asked_at);
CREATE INDEX registration_request_expires_idx ON access.registration_request (expires_at);
COMMENT ON TABLE  access.registration_request                         IS 'Who asks to be registered at a facility, until its desk decides, for 30 days.';
COMMENT ON COLUMN access.registration_request.registration_request_id IS 'Key, from the form.';
COMMENT ON COLUMN access.registration_request.facility_id             IS 'Where.';
COMMENT ON COLUMN access.registration_request.asked_at                IS 'When it was asked for.';
COMMENT ON COLUMN access.registration_request.expires_at              IS 'From when on nobody sees it.';
COMMENT ON COLUMN access.registration_request.person                  IS 'What the person wrote: names, birth, sex, how to be reached.';
COMMENT ON CONSTRAINT registration_request_pkey ON access.registration_request IS 'This request is known already.';
COMMENT ON CONSTRAINT registration_request_facility_fkey ON access.registration_request IS 'Choose a facility that exists.';
COMMENT ON CONSTRAINT registration_request_ends ON access.registration_request IS 'A request ends within 31 days.';
COMMENT ON CONSTRAINT registration_request_is_small ON access.registration_request IS 'Write less: a request holds 8,000 characters at most.';
CALL access.guard('access.registration_request', 'internal');

CREATE FUNCTION access.ask_for_registration(request uuid, facility uuid, person jsonb, address text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
REVOKE EXECUTE ON FUNCTION access.ask_for_registration(uuid, uuid, jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.ask_for_registration(uuid, uuid, jsonb, text) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.ask_for_registration(uuid, uuid, jsonb, text) IS
    'For the program that signs people in: keeps a request to be registered, once for its key; 0, or the seconds to wait where an address or a facility has had too many.';

CREATE FUNCTION access.list_registering(in_state text, in_city text) RETURNS TABLE (facility uuid, name text, city text, state text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT ON (s.code, c.name, kept.facility, kept.name) kept.facility, kept.name, c.name, s.code
    FROM care.facility f JOIN care.city c USING (city_id) JOIN care.state s USING (state_id)
    CROSS JOIN LATERAL (SELECT CASE WHEN in_city IS NOT NULL THEN f.facility_id END AS facility,
                               CASE WHEN in_city IS NOT NULL THEN f.name END AS name) AS kept
    WHERE (f.closed_on IS NULL OR f.closed_on > current_date)
      AND (in_city IS NULL OR c.name = in_city AND s.code = in_state)
    ORDER BY s.code, c.name, kept.name, kept.facility LIMIT 5000
$$;
REVOKE EXECUTE ON FUNCTION access.list_registering(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.list_registering(text, text) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.list_registering(text, text) IS
    'For the program that signs people in: facilities of a city that somebody can ask to be registered at, or the cities that have one, where none is named.';

INSERT INTO access.look_kind (kind, scope, in_care, of_all, sensitive, parts)
VALUES ('registrations', 'none', false, true, false, '{front_desk}');

CREATE FUNCTION access.registrations_at_desk() RETURNS SETOF access.registration_request
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.* FROM access.registration_request r
    WHERE access.part() = 'front_desk' AND r.facility_id = ANY (access.own_facilities()) AND r.expires_at > now()
    ORDER BY r.asked_at, r.registration_request_id LIMIT 500
$$;
REVOKE EXECUTE ON FUNCTION access.registrations_at_desk() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.registrations_at_desk() TO healthtrack_care;
COMMENT ON FUNCTION access.registrations_at_desk() IS 'Requests to be registered at the facilities of the acting desk, the oldest first, 500 at most.';

CALL access.publish('read_registrations', '', 'TABLE (request uuid, facility uuid, asked_at timestamptz, expires_at timestamptz, person jsonb)',
    $body$IF patient IS NULL THEN
        RETURN QUERY SELECT r.registration_request_id, r.facility_id, r.asked_at, r.expires_at, r.person
        FROM access.registrations_at_desk() AS r;
    END IF;$body$,
    'Requests to be registered at the facilities of the acting desk, the oldest first, 500 at most.', look => $$'registrations'$$);

CREATE FUNCTION access.end_registration(me access.caller, request uuid, registered boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Of two desks the second waits here, and finds nothing.
    PERFORM FROM access.registration_request r
    WHERE r.registration_request_id = request AND access.part() = 'front_desk'
      AND r.facility_id = ANY (access.own_facilities()) AND r.expires_at > now() FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM access.refuse('registration_is_undecided', 'Somebody has decided this request already, or it is older than 30 days.');
    END IF;
    PERFORM access.note(me, 'update', NULL, 'access.registration_request/' || request,
                        CASE WHEN registered THEN 'registered' ELSE 'declined' END);
    DELETE FROM access.registration_request r WHERE r.registration_request_id = request;
END $$;
REVOKE EXECUTE ON FUNCTION access.end_registration(access.caller, uuid, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.end_registration(access.caller, uuid, boolean) TO healthtrack_care;
COMMENT ON FUNCTION access.end_registration(access.caller, uuid, boolean) IS
    'Ends a request to be registered at a facility of the acting desk, once: its person was registered, or is not.';
CALL access.publish('end_registration', 'request uuid, registered boolean', 'void',
    $body$PERFORM access.end_registration(me, request, registered);$body$,
    'Ends a request to be registered at a facility of the acting desk, once: its person was registered, or is not.');

CREATE OR REPLACE FUNCTION access.forget_looks() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ended bigint;
BEGIN
    DELETE FROM access.session s
    WHERE s.expires_at < now() - INTERVAL '1 day' OR s.revoked_at < now() - INTERVAL '1 day';
    DELETE FROM access.proposal p WHERE p.proposed_at < now() - INTERVAL '5 minutes';
    DELETE FROM access.registration_request r WHERE r.expires_at <= now();
    DELETE FROM access.look l WHERE l.looked_at < now() - INTERVAL '5 minutes';
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $$;
COMMENT ON FUNCTION access.forget_looks() IS
    'Removes looks, proposals and requests to be registered that are over, and sessions that ended a day ago; gives how many looks.';
