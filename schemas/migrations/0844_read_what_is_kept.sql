-- Who keeps a facility or the network reads what is kept as it is changed: with kind, telephone and days, beside its version.
--
-- The list of what is kept tells a title and a version, so that a program could end a row and not correct it without asking elsewhere
-- for what stood. New functions, locks nothing. Undo: drop them.
CALL access.publish('list_premises', 'facility uuid',
    'TABLE (relation text, row_id uuid, version integer, part_of uuid, kind text, name text, phone text, first_on date, stop_on date,
            since timestamptz, until timestamptz)', $body$
    PERFORM access.check_keeper(me, facility);
    RETURN QUERY
    SELECT * FROM (
        SELECT 'department' AS relation, d.department_id AS row_id, d.version, NULL::uuid AS part_of, d.kind, d.name, d.phone::text AS phone,
               NULL::date AS first_on, d.closed_on AS stop_on, NULL::timestamptz AS since, NULL::timestamptz AS until
        FROM care.department d
        WHERE d.facility_id = list_premises.facility AND (d.closed_on IS NULL OR d.closed_on > current_date)
        UNION ALL
        SELECT 'room', r.room_id, 0, r.department_id, NULL, r.name, NULL, NULL, NULL, NULL, NULL FROM care.room r
        WHERE r.facility_id = list_premises.facility
        UNION ALL
        SELECT 'equipment', e.equipment_id, e.version, NULL, e.kind, e.name, NULL, lower(e.in_service_during), upper(e.in_service_during),
               NULL, NULL
        FROM care.equipment e
        WHERE e.facility_id = list_premises.facility
          AND (upper(e.in_service_during) IS NULL OR upper(e.in_service_during) > current_date)
        UNION ALL
        SELECT 'equipment_outage', o.equipment_outage_id, o.version, o.equipment_id, NULL, o.reason, NULL, NULL, NULL, lower(o.during),
               upper(o.during)
        FROM care.equipment_outage o JOIN care.equipment e USING (equipment_id)
        WHERE e.facility_id = list_premises.facility AND (upper(o.during) IS NULL OR upper(o.during) > now())
    ) AS kept
    ORDER BY kept.relation, kept.since, kept.name, kept.row_id LIMIT 5000;$body$,
    'Departments, rooms, equipment and its outages that stand at a facility, as its manager changes them, with their versions (0 where there is none); 5,000 at most.');

CALL access.publish('list_terms', 'list text', 'TABLE (word text, title text)', $body$RETURN QUERY
    SELECT t.word, t.title FROM (
        SELECT 'facility_category' AS of, c.category AS word, c.title FROM care.facility_category c
        UNION ALL SELECT 'service', s.service, s.title FROM care.service s
        UNION ALL SELECT 'staff_role', r.role, r.title FROM care.staff_role r
        UNION ALL SELECT 'department_kind', d.kind, d.title FROM care.department_kind d
        UNION ALL SELECT 'resource_kind', k.kind, k.title FROM care.resource_kind k) AS t
    WHERE t.of = list_terms.list ORDER BY t.title, t.word LIMIT 1000;$body$,
    'The words of a list that administrators keep (facility_category, service, staff_role, department_kind, resource_kind), by title; 1,000 at most.');

CALL access.publish('list_insurers', '',
    'TABLE (insurer_id uuid, version integer, name text, phone text, website text, plans bigint)', $body$RETURN QUERY
    SELECT i.insurer_id, i.version, i.name, i.phone::text, i.website::text,
           (SELECT count(*) FROM care.insurance_plan p
            WHERE p.insurer_id = i.insurer_id AND (p.retired_on IS NULL OR p.retired_on > current_date))
    FROM care.insurer i ORDER BY i.name, i.insurer_id LIMIT 2000;$body$,
    'Insurers with their versions, and how many plans of each are sold, by name; 2,000 at most.');

CALL access.publish('read_organisation', 'organisation uuid',
    'TABLE (version integer, part_of uuid, kind text, name text, street text, postal_code text, country text, state text, city text,
            phone text, email text, website text, first_on date, stop_on date)', $body$RETURN QUERY
    SELECT o.version, o.part_of, o.kind, o.name, o.street, o.postal_code, s.country::text, s.code::text, c.name, o.phone::text, o.email::text,
           o.website::text, lower(o.active_during), upper(o.active_during)
    FROM care.organisation o LEFT JOIN care.city c ON c.city_id = o.city_id LEFT JOIN care.state s ON s.state_id = c.state_id
    WHERE o.organisation_id = organisation;$body$,
    'One organisation as it is changed, with its version.');
