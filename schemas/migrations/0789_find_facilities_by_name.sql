-- Facilities are found by name, and named by their keys, so that who keeps a large network chooses among all of them: a search
-- answers with the best rated 200.
--
-- New functions over the directory, which every account reads; locks nothing. Undo: drop them.
CALL access.publish('find_facilities_by_name', 'name_begins text, rows_max integer',
    'TABLE (facility_id uuid, name text, city text, state text, category text)', $body$RETURN QUERY
    SELECT f.facility_id, f.name, c.name, s.code::text, f.category
    FROM care.facility f JOIN care.city c USING (city_id) JOIN care.state s USING (state_id)
    WHERE (f.closed_on IS NULL OR f.closed_on > current_date) AND starts_with(lower(f.name), lower(name_begins))
    ORDER BY f.name, c.name, f.facility_id LIMIT least(rows_max, 200);$body$,
    'Facilities that stand and whose name begins so, with their towns, by name, 200 at most.');

CALL access.publish('list_facility_names', 'facilities uuid[]', 'TABLE (facility_id uuid, name text)', $body$RETURN QUERY
    SELECT f.facility_id, f.name FROM care.facility f WHERE f.facility_id = ANY (facilities) ORDER BY f.facility_id LIMIT 500;$body$,
    'What facilities are called, closed ones too, 500 at most.');
