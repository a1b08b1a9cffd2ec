-- Providers are found by name, so that a patient can share with one whom they do not know by specialty or place.
--
-- New function over the directory, which every account reads; locks nothing. Undo: drop it.
CALL access.publish('find_providers_by_name', 'name_begins text, rows_max integer',
    'TABLE (provider_id uuid, name text, specialties text[], facilities text[])', $body$RETURN QUERY
    SELECT p.provider_id, concat_ws(' ', p.given_name, p.family_name),
           ARRAY(SELECT s.specialty FROM care.provider_specialty s WHERE s.provider_id = p.provider_id
                 ORDER BY s.main DESC, s.specialty),
           ARRAY(SELECT DISTINCT f.name FROM care.affiliation a JOIN care.facility f USING (facility_id)
                 WHERE a.provider_id = p.provider_id AND a.valid_during @> (now() AT TIME ZONE f.time_zone)::date ORDER BY 1)
    FROM care.provider p
    WHERE (p.retired_on IS NULL OR p.retired_on > current_date)
      AND (starts_with(lower(p.family_name), lower(name_begins)) OR starts_with(lower(p.given_name), lower(name_begins))
           OR starts_with(lower(concat_ws(' ', p.given_name, p.family_name)), lower(name_begins)))
    ORDER BY p.family_name, p.given_name, p.provider_id LIMIT least(rows_max, 200);$body$,
    'Providers whose family name, given name or both begin so, with specialties and where they see patients, 200 at most.');
