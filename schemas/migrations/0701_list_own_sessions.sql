-- Whoever is signed in sees who that is, where else they are signed in, and ends any of those sessions.
--
-- New functions, locks nothing. Undo: drop them.
CREATE FUNCTION access.own_profile(me access.caller)
    RETURNS TABLE (login text, part text, name text, time_zone text, patient_id uuid, confirmed_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.login, a.part,
           coalesce((SELECT concat_ws(' ', array_to_string(n.given, ' '), n.family) FROM care.patient_name n
                     WHERE n.patient_id = a.patient_id AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date),
                    (SELECT concat_ws(' ', p.given_name, p.family_name) FROM care.provider p WHERE p.provider_id = a.provider_id),
                    (SELECT f.name FROM care.facility f WHERE f.facility_id = a.facility_id), a.login),
           coalesce((SELECT p.time_zone FROM care.patient p WHERE p.patient_id = a.patient_id),
                    (SELECT f.time_zone FROM care.facility f WHERE f.facility_id = a.facility_id),
                    (SELECT f.time_zone FROM care.affiliation v JOIN care.facility f USING (facility_id)
                     WHERE v.provider_id = a.provider_id AND v.valid_during @> current_date
                     ORDER BY lower(v.valid_during), v.facility_id LIMIT 1), 'UTC'),
           a.patient_id, (SELECT s.confirmed_at FROM access.session s WHERE s.session_id = me.session_id)
    FROM access.account a WHERE a.account_id = me.account_id AND a.disabled_at IS NULL
$$;
REVOKE EXECUTE ON FUNCTION access.own_profile(access.caller) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.own_profile(access.caller) TO healthtrack_care;
COMMENT ON FUNCTION access.own_profile(access.caller) IS 'Who an account is, where its days begin, and when its session last proved it.';

CREATE FUNCTION access.own_sessions(me access.caller)
    RETURNS TABLE (session uuid, began_at timestamptz, seen_at timestamptz, ends_at timestamptz, is_this boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.session_id, s.created_at, s.seen_at, least(s.expires_at, s.seen_at + s.idle_for), s.session_id = me.session_id
    FROM access.session s
    WHERE s.account_id = me.account_id AND s.revoked_at IS NULL AND clock_timestamp() < least(s.expires_at, s.seen_at + s.idle_for)
    ORDER BY s.created_at DESC, s.session_id LIMIT 100
$$;
REVOKE EXECUTE ON FUNCTION access.own_sessions(access.caller) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.own_sessions(access.caller) TO healthtrack_care;
COMMENT ON FUNCTION access.own_sessions(access.caller) IS 'Sessions of an account that stand, the newest first, 100 at most.';

CREATE FUNCTION access.end_own_session(me access.caller, session uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE access.session s SET revoked_at = now()
    WHERE s.session_id = session AND s.account_id = me.account_id AND s.revoked_at IS NULL;
    IF NOT FOUND THEN
        PERFORM access.refuse('session_to_end_stands', 'There is no such session of yours: it may have ended already.');
    END IF;
    PERFORM access.note(me, 'log_out', NULL, 'access.session');
END $$;
REVOKE EXECUTE ON FUNCTION access.end_own_session(access.caller, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.end_own_session(access.caller, uuid) TO healthtrack_care;
COMMENT ON FUNCTION access.end_own_session(access.caller, uuid) IS 'Ends a session of an account before its time; audited.';

CALL access.publish('read_profile', '',
    'TABLE (login text, part text, name text, time_zone text, patient_id uuid, confirmed_at timestamptz)',
    'RETURN QUERY SELECT * FROM access.own_profile(me);',
    'Login, part, name and time zone of the account that acts, the patient whose account it is, and when the session last proved it.');
CALL access.publish('list_sessions', '',
    'TABLE (session uuid, began_at timestamptz, seen_at timestamptz, ends_at timestamptz, is_this boolean)',
    'RETURN QUERY SELECT * FROM access.own_sessions(me);', 'The acting account''s sessions that stand, the newest first.');
CALL access.publish('end_session', 'session uuid', 'void', 'PERFORM access.end_own_session(me, session);',
    'Ends a session of the acting account before its time; audited.');
