-- What a facility offers and who works there, for everybody who has an account.
--
-- A search gave the words of services and no more: a course's length and room, and who gives it, could be read by nobody.
-- Locks nothing. Undo: drop the two functions.
CALL access.publish('list_services', 'facility uuid',
    'TABLE (facility_service_id uuid, service text, name text, detail text, duration_minutes integer, capacity integer)',
    $body$RETURN QUERY SELECT o.facility_service_id, o.service, coalesce(o.name, kind.title), o.detail, o.duration_minutes, o.capacity
    FROM care.facility_service o LEFT JOIN care.service kind ON kind.service = o.service
    WHERE o.facility_id = facility AND (o.withdrawn_on IS NULL OR o.withdrawn_on > current_date)
    ORDER BY coalesce(o.name, kind.title), o.facility_service_id LIMIT 500;$body$,
    'What a facility offers today, by name, 500 at most.');
CALL access.publish('list_staff', 'facility uuid',
    'TABLE (affiliation_id uuid, provider_id uuid, name text, role text, title text)',
    $body$RETURN QUERY SELECT a.affiliation_id, a.provider_id,
           coalesce(a.staff_name, concat_ws(' ', p.given_name, p.family_name)), a.role, r.title
    FROM care.affiliation a JOIN care.facility f ON f.facility_id = a.facility_id JOIN care.staff_role r ON r.role = a.role
    LEFT JOIN care.provider p ON p.provider_id = a.provider_id
    WHERE a.facility_id = facility AND a.valid_during @> (now() AT TIME ZONE f.time_zone)::date
      AND (p.retired_on IS NULL OR p.retired_on > current_date)
    ORDER BY r.title, 3, a.affiliation_id LIMIT 500;$body$,
    'Who works at a facility today, as what, 500 at most.');
