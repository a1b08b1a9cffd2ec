-- The directory and outcomes through `api`.
--
-- The directory is the network's and nobody's record. Rates are of the patients whom the account may see, few enough to
-- tell of one, so they are read under a look at all of them. Locks nothing. Undo: drop them.
CALL access.publish('find_facilities', 'in_city text, in_state text, of_category text, offering text, rows_max integer',
    'TABLE (facility_id uuid, name text, category text, street text, postal_code text, city_name text, state_code text, phone text, booking_url text, reviews bigint, stars double precision, services text[], open_now boolean)',
    $body$RETURN QUERY SELECT f.facility_id, f.name, f.category, f.street, f.postal_code, c.name, s.code,
           f.phone::text, f.booking_url::text, rating.reviews, rating.stars,
           ARRAY(SELECT o.service FROM care.facility_service o WHERE o.facility_id = f.facility_id ORDER BY 1),
           NOT isempty(care.opening(f.facility_id, tstzrange(now(), now() + INTERVAL '1 minute')))
    FROM care.city c JOIN care.state s USING (state_id) JOIN care.facility f USING (city_id)
    CROSS JOIN LATERAL (
        SELECT count(*) AS reviews, avg(r.stars)::float8 AS stars FROM care.review r
        WHERE r.facility_id = f.facility_id AND r.state = 'published'
    ) rating
    WHERE (in_city IS NULL OR lower(c.name) = lower(in_city))
      AND (in_state IS NULL OR s.code = in_state)
      AND (of_category IS NULL OR f.category = of_category)
      AND (f.closed_on IS NULL OR f.closed_on > current_date)
      AND (offering IS NULL OR EXISTS (
          SELECT FROM care.facility_service o WHERE o.facility_id = f.facility_id AND o.service = offering))
    ORDER BY rating.stars DESC NULLS LAST, f.name, f.facility_id LIMIT least(rows_max, 200);$body$,
    'Facilities that are open for business, by city, state, category and service, the best rated first, 200 at most.');
CALL access.publish('find_providers', 'of_specialty text, facility uuid, rows_max integer',
    'TABLE (provider_id uuid, name text, languages text[], reviews bigint, stars double precision, specialties text[], facilities uuid[])',
    $body$RETURN QUERY SELECT p.provider_id, concat_ws(' ', p.given_name, p.family_name), p.languages, rating.reviews, rating.stars,
           ARRAY(SELECT s.specialty FROM care.provider_specialty s WHERE s.provider_id = p.provider_id
                 ORDER BY s.main DESC, s.specialty),
           place.facilities
    FROM care.provider p
    CROSS JOIN LATERAL (
        SELECT array_agg(DISTINCT a.facility_id) AS facilities
        FROM care.affiliation a JOIN care.facility f USING (facility_id)
        WHERE a.provider_id = p.provider_id AND a.valid_during @> (now() AT TIME ZONE f.time_zone)::date
    ) place
    CROSS JOIN LATERAL (
        SELECT count(*) AS reviews, avg(r.stars)::float8 AS stars FROM care.review r
        WHERE r.provider_id = p.provider_id AND r.state = 'published'
    ) rating
    WHERE place.facilities IS NOT NULL AND (facility IS NULL OR facility = ANY (place.facilities))
      AND (p.retired_on IS NULL OR p.retired_on > current_date)
      AND (of_specialty IS NULL OR EXISTS (
          SELECT FROM care.provider_specialty s WHERE s.provider_id = p.provider_id AND s.specialty = of_specialty))
    ORDER BY rating.stars DESC NULLS LAST, p.family_name, p.given_name, p.provider_id LIMIT least(rows_max, 200);$body$,
    'Providers who work somewhere today, by specialty and facility, the best rated first, 200 at most.');

CALL access.publish('read_adherence', 'from_on date, before_on date',
    'TABLE (patient_id uuid, ingredient text, fills bigint, treatment_days integer, covered_days integer, pdc double precision, adherent boolean)',
    $body$RETURN QUERY SELECT a.patient_id, a.ingredient, a.fills, a.treatment_days, a.covered_days, a.pdc::float8, a.adherent
    FROM care.adherence_pdc(daterange(from_on, before_on), patient) a ORDER BY a.patient_id, a.ingredient;$body$,
    'How many days of treatment were covered by fills, of one patient or of all whom the account may see.',
    look => $$'adherence'$$);
CALL access.publish('read_adherence_rates', 'from_on date, before_on date',
    'TABLE (ingredient text, n bigint, hits bigint, rate double precision, rate_low double precision, rate_high double precision)',
    $body$RETURN QUERY SELECT a.ingredient, a.n, a.adherent, a.rate::float8, a.rate_low::float8, a.rate_high::float8
    FROM care.adherence_summary(daterange(from_on, before_on)) a WHERE patient IS NULL ORDER BY a.ingredient;$body$,
    'Rates of adherence of all patients whom the account may see.', look => $$'adherence'$$);
CALL access.publish('read_lab_trends', '',
    'TABLE (loinc text, unit text, n bigint, first_value double precision, last_value double precision, last_flag text, slope_per_year double precision)',
    $body$RETURN QUERY SELECT t.loinc, t.unit::text, t.n, t.first_value::float8, t.last_value::float8, t.last_flag, t.slope_per_year
    FROM care.lab_trend t WHERE t.patient_id = patient ORDER BY t.loinc, t.unit;$body$,
    'How each laboratory value of a patient goes.', look => $$'results'$$);
CALL access.publish('read_readmission_rates', '',
    'TABLE (facility_id uuid, year integer, n bigint, hits bigint, rate double precision, rate_low double precision, rate_high double precision)',
    $body$RETURN QUERY SELECT r.facility_id, r.year, r.n, r.readmitted, r.rate::float8, r.rate_low::float8, r.rate_high::float8
    FROM care.readmission_rate r WHERE patient IS NULL ORDER BY r.year DESC, r.facility_id;$body$,
    'Rates of readmission of all patients whom the account may see.', look => $$'outcomes'$$);
CALL access.publish('read_programme_outcomes', '',
    'TABLE (programme_id uuid, title text, n bigint, hits bigint, rate double precision, rate_low double precision, rate_high double precision, withdrawn bigint, attended_share double precision)',
    $body$RETURN QUERY SELECT o.programme_id, o.title, o.n, o.completed, o.rate::float8, o.rate_low::float8, o.rate_high::float8, o.withdrawn, o.attended_share::float8
    FROM care.programme_outcome o WHERE patient IS NULL ORDER BY o.title, o.programme_id;$body$,
    'What programmes came to, of all participants whom the account may see.', look => $$'outcomes'$$);
