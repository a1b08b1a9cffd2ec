-- Who looks for a time finds who sees patients where, by specialty and place, and both to choose from.
--
-- Providers were found 200 at most, the best rated of the whole network, and a page that then left out other places showed nobody where
-- there was somebody. A row here is a provider at a facility, so the place is a part of the question. New functions over the
-- directory, which every account reads; locks nothing. Undo: drop them.
CALL access.publish('find_practices', 'of_specialties text[], in_city text, in_state text, rows_max integer',
    'TABLE (provider_id uuid, name text, reviews bigint, stars double precision, specialties text[], facility_id uuid, facility_name text, street text, city text, state text)',
    $body$RETURN QUERY SELECT p.provider_id, concat_ws(' ', p.given_name, p.family_name), rating.reviews, rating.stars,
           ARRAY(SELECT x.specialty FROM care.provider_specialty x WHERE x.provider_id = p.provider_id
                 ORDER BY x.main DESC, x.specialty),
           f.facility_id, f.name, f.street, c.name, s.code
    FROM (SELECT DISTINCT a.provider_id, a.facility_id FROM care.affiliation a JOIN care.facility w USING (facility_id)
          WHERE a.valid_during @> (now() AT TIME ZONE w.time_zone)::date) AS works
    JOIN care.provider p ON p.provider_id = works.provider_id
    JOIN care.facility f ON f.facility_id = works.facility_id
    JOIN care.city c ON c.city_id = f.city_id JOIN care.state s ON s.state_id = c.state_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(t.provider_reviews), 0)::bigint AS reviews,
               (sum(t.provider_stars) / nullif(sum(t.provider_reviews), 0))::float8 AS stars
        FROM care.review_tally t WHERE t.provider_id = p.provider_id
    ) rating
    WHERE (p.retired_on IS NULL OR p.retired_on > current_date) AND (f.closed_on IS NULL OR f.closed_on > current_date)
      AND (in_city IS NULL OR lower(c.name) = lower(in_city)) AND (in_state IS NULL OR s.code = in_state)
      AND (of_specialties IS NULL OR EXISTS (
          SELECT FROM care.provider_specialty x WHERE x.provider_id = p.provider_id AND x.specialty = ANY (of_specialties)))
    ORDER BY rating.stars DESC NULLS LAST, p.family_name, p.given_name, p.provider_id, f.name, f.facility_id
    LIMIT least(rows_max, 500);$body$,
    'Providers and the facilities at which they work today, a row each, by specialty and place, the best rated first, 500 at most.');
CALL access.publish('list_places', '', 'TABLE (state text, city text)', $body$RETURN QUERY
    SELECT s.code, c.name FROM care.city c JOIN care.state s USING (state_id)
    WHERE EXISTS (SELECT FROM care.facility f
                  WHERE f.city_id = c.city_id AND (f.closed_on IS NULL OR f.closed_on > current_date))
    ORDER BY s.code, c.name LIMIT 5000;$body$,
    'Cities in which a facility stands.');
CALL access.publish('list_specialties', '', 'TABLE (specialty text)', $body$RETURN QUERY
    SELECT DISTINCT x.specialty FROM care.provider_specialty x JOIN care.provider p USING (provider_id)
    WHERE p.retired_on IS NULL OR p.retired_on > current_date ORDER BY 1 LIMIT 1000;$body$,
    'Specialties that somebody practises.');
