-- Organisations, departments and categories in the directory, and what patients say of a place or a provider.
--
-- Whoever has an account reads the directory; who changes it is decided elsewhere. Reviews are told without author, visit
-- and day: only the month, since the day of a visit tells those who were there who wrote. A moderator, who alone sees what is
-- not published yet, reads by the same function what there is to decide on. Locks nothing. Undo: drop the functions and
-- make list_staff as 493 has it.
CALL access.publish('list_organisations', 'within uuid',
    'TABLE (organisation_id uuid, part_of uuid, depth smallint, name text, kind text, phone text, email text, website text, street text, postal_code text, city_name text, state_code text, active boolean, facilities bigint)',
    $body$RETURN QUERY WITH RECURSIVE known AS (
        SELECT o.organisation_id, ARRAY[o.name, o.organisation_id::text] AS path FROM care.organisation o
        WHERE o.organisation_id = within OR within IS NULL AND o.part_of IS NULL
        UNION ALL
        SELECT o.organisation_id, known.path || o.name || o.organisation_id::text
        FROM known JOIN care.organisation o ON o.part_of = known.organisation_id WHERE cardinality(known.path) < 20
    )
    SELECT o.organisation_id, o.part_of, o.depth, o.name, o.kind, o.phone::text, o.email::text, o.website::text, o.street,
           o.postal_code, c.name, s.code, o.active_during @> current_date,
           (SELECT count(*) FROM care.facility f WHERE f.organisation_id = o.organisation_id
               AND (f.closed_on IS NULL OR f.closed_on > current_date))
    FROM known JOIN care.organisation o ON o.organisation_id = known.organisation_id
    LEFT JOIN care.city c ON c.city_id = o.city_id LEFT JOIN care.state s ON s.state_id = c.state_id
    ORDER BY known.path LIMIT 1000;$body$,
    'Organisations, each before its parts, with the number of their own open facilities; all, or one with its parts; 1000 at most.');
CALL access.publish('list_organisation_numbers', 'organisation uuid',
    'TABLE (kind text, issuer text, value text, valid_from date, valid_to date)',
    $body$RETURN QUERY SELECT i.kind, i.issuer, i.value, lower(i.valid_during), upper(i.valid_during)
    FROM care.organisation_identifier i WHERE i.organisation_id = organisation AND i.valid_during @> current_date
    ORDER BY i.kind, i.issuer, i.value LIMIT 500;$body$,
    'Numbers by which others know an organisation today, 500 at most.');
CREATE FUNCTION care.is_department_open(asked_department uuid, local_time timestamp) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    RETURN EXISTS (
        SELECT FROM care.department_hours h
        WHERE h.department_id = asked_department AND h.weekday = extract(isodow FROM local_time)
          AND h.opens_minute <= extract(hour FROM local_time) * 60 + extract(minute FROM local_time)
          AND h.closes_minute > extract(hour FROM local_time) * 60 + extract(minute FROM local_time)
    );
COMMENT ON FUNCTION care.is_department_open(uuid, timestamp) IS 'True where a department is open, by hours of its own, at a moment of its wall clock.';
REVOKE EXECUTE ON FUNCTION care.is_department_open(uuid, timestamp) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.is_department_open(uuid, timestamp) TO healthtrack_care;

CALL access.publish('list_departments', 'facility uuid',
    'TABLE (department_id uuid, kind text, title text, name text, phone text, has_own_hours boolean, open_now boolean)',
    $body$RETURN QUERY SELECT d.department_id, d.kind, k.title, d.name, coalesce(d.phone, f.phone)::text, own.hours,
           CASE WHEN own.hours
                THEN care.is_department_open(d.department_id, now() AT TIME ZONE f.time_zone)
                     AND daterange(f.opened_on, f.closed_on) @> (now() AT TIME ZONE f.time_zone)::date
                ELSE NOT isempty(care.opening(f.facility_id, tstzrange(now(), now() + INTERVAL '1 minute'))) END
    FROM care.department d JOIN care.department_kind k ON k.kind = d.kind
    JOIN care.facility f ON f.facility_id = d.facility_id
    CROSS JOIN LATERAL (
        SELECT EXISTS (SELECT FROM care.department_hours h WHERE h.department_id = d.department_id) AS hours) AS own
    WHERE d.facility_id = facility AND (d.closed_on IS NULL OR d.closed_on > (now() AT TIME ZONE f.time_zone)::date)
    ORDER BY d.name, d.department_id LIMIT 500;$body$,
    'Departments of a facility that are open for business, by name, 500 at most.');
CALL access.publish('list_department_hours', 'department uuid',
    'TABLE (weekday smallint, opens_minute smallint, closes_minute smallint)',
    $body$RETURN QUERY SELECT h.weekday, h.opens_minute, h.closes_minute FROM care.department_hours h
    WHERE h.department_id = department ORDER BY h.weekday, h.opens_minute LIMIT 200;$body$,
    'Hours of a department that has its own, by weekday; none where it has those of its facility.');
CALL access.publish('list_facility_categories', '', 'TABLE (category text, title text, facilities bigint)',
    $body$RETURN QUERY SELECT c.category, c.title, (
        SELECT count(*) FROM care.facility_has_category k JOIN care.facility f ON f.facility_id = k.facility_id
        WHERE k.category = c.category AND (f.closed_on IS NULL OR f.closed_on > current_date))
    FROM care.facility_category c ORDER BY c.title, c.category LIMIT 500;$body$,
    'Categories of facilities, each with the number of open ones; a facility counts in each of its categories.');
CALL access.publish('list_reviews', 'of_provider uuid, of_facility uuid, in_state text, rows_max integer',
    'TABLE (review_id uuid, version integer, provider_id uuid, facility_id uuid, provider_stars smallint, facility_stars smallint, body text, state text, moderation text, written_in date)',
    $body$RETURN QUERY SELECT r.review_id, r.version, r.provider_id, r.facility_id, r.provider_stars, r.facility_stars, r.body, r.state,
           r.moderation, date_trunc('month', r.created_at)::date
    FROM care.review r
    WHERE (of_provider IS NULL OR r.provider_id = of_provider) AND (of_facility IS NULL OR r.facility_id = of_facility)
      AND r.state = coalesce(in_state, 'published')
    ORDER BY date_trunc('month', r.created_at) DESC, r.review_id LIMIT least(rows_max, 200);$body$,
    'Reviews of a provider, of a facility or of all, without their authors and with their month alone, the newest first, 200 at most; what is not published yet only for its author and moderators.');

DROP FUNCTION api.list_staff(text, uuid);
CALL access.publish('list_staff', 'facility uuid',
    'TABLE (affiliation_id uuid, provider_id uuid, name text, role text, title text, department_id uuid, department text)',
    $body$RETURN QUERY SELECT a.affiliation_id, a.provider_id,
           coalesce(a.staff_name, concat_ws(' ', p.given_name, p.family_name)), a.role, r.title, a.department_id, d.name
    FROM care.affiliation a JOIN care.facility f ON f.facility_id = a.facility_id JOIN care.staff_role r ON r.role = a.role
    LEFT JOIN care.provider p ON p.provider_id = a.provider_id
    LEFT JOIN care.department d ON d.department_id = a.department_id
    WHERE a.facility_id = facility AND a.valid_during @> (now() AT TIME ZONE f.time_zone)::date
      AND (p.retired_on IS NULL OR p.retired_on > current_date)
    ORDER BY r.title, 3, a.affiliation_id LIMIT 500;$body$,
    'Who works at a facility today, as what and in which department, 500 at most.');
