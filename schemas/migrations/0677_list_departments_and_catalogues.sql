-- What is kept, with its versions: of a facility what stands there, of no facility the catalogues of the network.
--
-- Who changes or ends a row needs its key and its version. Without a facility an administrator is told organisations with
-- their numbers, prices of membership, insurers and their plans; what has no version is told with 0.
-- Locks nothing. Undo: drop the function.
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
        UNION ALL
        SELECT 'department', d.department_id, d.version, d.name FROM care.department d
        WHERE d.facility_id = facility AND (d.closed_on IS NULL OR d.closed_on > current_date)
        UNION ALL
        SELECT 'equipment', e.equipment_id, e.version, e.name FROM care.equipment e
        WHERE e.facility_id = facility AND (upper(e.in_service_during) IS NULL OR upper(e.in_service_during) > current_date)
        UNION ALL
        SELECT 'equipment_outage', o.equipment_outage_id, o.version, format('%s: %s from %s', e.name, o.reason, lower(o.during))
        FROM care.equipment_outage o JOIN care.equipment e USING (equipment_id)
        WHERE e.facility_id = facility AND (upper(o.during) IS NULL OR upper(o.during) > now())
        UNION ALL
        SELECT 'organisation', o.organisation_id, o.version, o.name FROM care.organisation o WHERE facility IS NULL
        UNION ALL
        SELECT 'organisation_identifier', i.organisation_identifier_id, i.version, format('%s: %s %s', o.name, i.kind, i.value)
        FROM care.organisation_identifier i JOIN care.organisation o USING (organisation_id)
        WHERE facility IS NULL AND (upper(i.valid_during) IS NULL OR upper(i.valid_during) > current_date)
        UNION ALL
        SELECT 'membership_price', p.membership_price_id, p.version, format('%s: %s %s a %s', p.plan, p.amount, p.currency, p.per)
        FROM care.membership_price p
        WHERE facility IS NULL AND (upper(p.valid_during) IS NULL OR upper(p.valid_during) > current_date)
        UNION ALL
        SELECT 'insurer', i.insurer_id, i.version, i.name FROM care.insurer i WHERE facility IS NULL
        UNION ALL
        SELECT 'insurance_plan', p.insurance_plan_id, 0, i.name || ' ' || p.name
        FROM care.insurance_plan p JOIN care.insurer i USING (insurer_id) WHERE facility IS NULL
        UNION ALL
        SELECT 'plan_benefit', b.plan_benefit_id, 0,
               format('%s, %s: %s', p.name, CASE b.network WHEN 'in' THEN 'in network' ELSE 'out of network' END,
                      coalesce(b.category, b.charge_code))
        FROM care.plan_benefit b JOIN care.insurance_plan p USING (insurance_plan_id)
        WHERE facility IS NULL AND (upper(b.valid_during) IS NULL OR upper(b.valid_during) > current_date)
    ) AS k ORDER BY k.relation, k.title, k.row_id LIMIT 5000;$body$,
    'What stands at a facility, or in the catalogues of the network, and is kept there, with its versions; 5000 at most.');
