-- What is kept, with the versions that a change asks for.
--
-- The directory is everybody's, but its functions give no version, so that nobody could change a row as it was read.
-- Locks nothing. Undo: drop the functions.
CALL access.publish('read_facility', 'facility uuid',
    'TABLE (facility_id uuid, version integer, category text, name text, street text, postal_code text, time_zone text,
            phone text, email text, website text, booking_url text, opened_on date, closed_on date)',
    $body$RETURN QUERY SELECT f.facility_id, f.version, f.category, f.name, f.street, f.postal_code, f.time_zone::text,
        f.phone::text, f.email::text, f.website::text, f.booking_url::text, f.opened_on, f.closed_on
    FROM care.facility f WHERE f.facility_id = facility;$body$,
    'What the directory says of a facility, and in which version.');
CALL access.publish('read_provider', 'provider uuid',
    'TABLE (provider_id uuid, version integer, family text, given text, npi text, phone text, email text, languages text[],
            retired_on date)',
    $body$RETURN QUERY SELECT p.provider_id, p.version, p.family_name, p.given_name, p.npi, p.phone::text, p.email::text,
        p.languages, p.retired_on
    FROM care.provider p WHERE p.provider_id = provider;$body$,
    'What the directory says of a provider, and in which version.');
CALL access.publish('list_qualifications', 'provider uuid',
    'TABLE (qualification_id uuid, version integer, kind text, title text, issuer text, country text, state text,
            first_on date, stop_on date, verified boolean)',
    $body$RETURN QUERY SELECT q.qualification_id, q.version, q.kind, q.title, q.issuer, q.country, q.state,
        lower(q.licensed_during), upper(q.licensed_during), q.verified_at IS NOT NULL
    FROM care.qualification q WHERE q.provider_id = provider ORDER BY q.kind, q.title, q.qualification_id LIMIT 200;$body$,
    'Qualifications of a provider with their versions, and whether each was verified; 200 at most.');
CALL access.publish('list_kept', 'facility uuid',
    'TABLE (relation text, row_id uuid, version integer, title text)',
    $body$PERFORM access.check_keeper(me, facility);
    RETURN QUERY SELECT k.relation, k.row_id, k.version, k.title FROM (
        SELECT 'facility_service' AS relation, s.facility_service_id AS row_id, s.version AS version, coalesce(s.name, s.service) AS title
        FROM care.facility_service s
        WHERE s.facility_id = facility AND (s.withdrawn_on IS NULL OR s.withdrawn_on > current_date)
        UNION ALL
        SELECT 'affiliation', a.affiliation_id, a.version, concat_ws(' ', coalesce(a.staff_name, p.given_name || ' ' || p.family_name), a.role)
        FROM care.affiliation a LEFT JOIN care.provider p USING (provider_id)
        WHERE a.facility_id = facility AND (upper(a.valid_during) IS NULL OR upper(a.valid_during) > current_date)
        UNION ALL
        SELECT 'availability', v.availability_id, v.version,
               format('%s %s, weekday %s, minutes %s to %s', p.given_name, p.family_name, v.weekday, v.starts_minute, v.ends_minute)
        FROM care.availability v JOIN care.provider p USING (provider_id)
        WHERE v.facility_id = facility AND (upper(v.valid_during) IS NULL OR upper(v.valid_during) > current_date)
        UNION ALL
        SELECT 'availability_exception', e.availability_exception_id, e.version,
               format('%s %s, %s from %s', p.given_name, p.family_name, e.kind, lower(e.during))
        FROM care.availability_exception e JOIN care.provider p USING (provider_id)
        WHERE e.facility_id = facility AND upper(e.during) > now()
        UNION ALL
        SELECT 'programme', g.programme_id, g.version, g.title FROM care.programme g
        WHERE g.facility_id = facility AND upper(g.runs_during) > current_date
        UNION ALL
        SELECT 'programme_session', n.programme_session_id, n.version, n.title
        FROM care.programme_session n JOIN care.programme g USING (programme_id)
        WHERE g.facility_id = facility AND n.cancelled_at IS NULL AND upper(n.during) > now()
    ) AS k ORDER BY k.relation, k.title, k.row_id LIMIT 2000;$body$,
    'What stands at a facility and is kept there, with its versions, for who keeps it; 2000 at most.');
