-- Facilities, providers and qualifications with the versions that a change asks for.
--
-- The directory is everybody's, but its functions give no version, so that nobody could change a row as it was read. What
-- stands at a facility is listed with its versions by 677.
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
