-- Who manages a facility sees when each session of its programmes is before one is cancelled; titles are often alike.
--
-- New function, locks nothing. Undo: drop it.
CALL access.publish('list_programme_sessions', 'facility uuid',
    'TABLE (programme_session_id uuid, programme text, starts_at timestamptz, ends_at timestamptz)', $body$
    PERFORM access.check_keeper(me, facility);
    RETURN QUERY SELECT n.programme_session_id, g.title, lower(n.during), upper(n.during)
    FROM care.programme_session n JOIN care.programme g USING (programme_id)
    WHERE g.facility_id = facility AND n.cancelled_at IS NULL AND upper(n.during) > now()
    ORDER BY lower(n.during), n.programme_session_id LIMIT 5000;$body$,
    'Sessions of the programmes of a facility that are not over, for its manager, the next first, 5000 at most.');
