-- A review rates the provider and the facility, each by itself, or one of the two.
--
-- Who waited for two hours and was then well cared for had one number for both. There are two now, kept and counted apart:
-- a provider's rating is of the stars given to providers, a facility's of those given to facilities. What stands was said of
-- a visit as a whole and counted for both, so each of its two ratings is that number, and no mean changes.
-- The state of a review stays, and so do its version and time. Programs that write `stars` are to write what they mean.
-- Rewrites care.review, locked meanwhile (a second for a million rows), and counts the tally anew. Undo: drop
-- facility_stars, name provider_stars `stars`, and give functions and views the bodies of 36, 138 and 330.
DROP TRIGGER review_is_moderated_again ON care.review;
DROP INDEX care.review_provider_idx, care.review_facility_idx;
ALTER TABLE care.review RENAME COLUMN stars TO provider_stars;
ALTER TABLE care.review
    ALTER COLUMN provider_stars DROP NOT NULL,
    ADD COLUMN facility_stars smallint GENERATED ALWAYS AS (provider_stars) STORED,
    DROP CONSTRAINT review_has_one_to_five_stars;
ALTER TABLE care.review
    ALTER COLUMN facility_stars DROP EXPRESSION,
    ADD CONSTRAINT review_has_one_to_five_stars
        CHECK (provider_stars BETWEEN 1 AND 5 AND facility_stars BETWEEN 1 AND 5),
    ADD CONSTRAINT review_rates_something CHECK (num_nonnulls(provider_stars, facility_stars) > 0);
COMMENT ON COLUMN care.review.provider_stars IS 'Of the provider, one (poor) to five (excellent); null where only the facility is rated.';
COMMENT ON COLUMN care.review.facility_stars IS 'Of the facility, one (poor) to five (excellent); null where only the provider is rated.';
COMMENT ON CONSTRAINT review_has_one_to_five_stars ON care.review IS 'Give one to five stars.';
COMMENT ON CONSTRAINT review_rates_something ON care.review IS 'Rate the provider, the facility or both.';
CREATE INDEX review_provider_idx ON care.review (provider_id, created_at);
CREATE INDEX review_facility_idx ON care.review (facility_id, created_at);
CREATE INDEX review_pending_idx ON care.review (created_at) WHERE state = 'pending';
GRANT SELECT (facility_stars), INSERT (facility_stars), UPDATE (facility_stars) ON care.review TO healthtrack_care;
CREATE TRIGGER review_is_moderated_again BEFORE UPDATE OF provider_stars, facility_stars, body ON care.review
    FOR EACH ROW WHEN ((OLD.provider_stars, OLD.facility_stars, OLD.body)
        IS DISTINCT FROM (NEW.provider_stars, NEW.facility_stars, NEW.body))
    EXECUTE FUNCTION care.ask_for_moderation();

DROP FUNCTION care.review_visit(uuid, integer, text);
CREATE FUNCTION care.review_visit(
    asked_appointment uuid, of_provider integer, of_facility integer, said text DEFAULT NULL
) RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    made constant uuid := gen_random_uuid();
BEGIN
    INSERT INTO care.review (review_id, patient_id, appointment_id, provider_id, facility_id, provider_stars,
                             facility_stars, body)
    SELECT made, a.patient_id, a.appointment_id, a.provider_id, a.facility_id, of_provider, of_facility, said
    FROM care.appointment a WHERE a.appointment_id = asked_appointment;
    IF NOT FOUND THEN
        PERFORM care.refuse('appointment_is_known', 'There is no such appointment.');
    END IF;
    RETURN made;
END $$;
COMMENT ON FUNCTION care.review_visit(uuid, integer, integer, text) IS
    'Reviews a completed visit of one''s own by stars for the provider, the facility or both; gives the review''s key.';
REVOKE EXECUTE ON FUNCTION care.review_visit(uuid, integer, integer, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.review_visit(uuid, integer, integer, text) TO healthtrack_care;

DROP VIEW care.provider_rating, care.facility_rating;
ALTER TABLE care.review_tally DROP CONSTRAINT review_tally_adds_something;
DROP INDEX care.review_tally_facility_idx, care.review_tally_provider_idx;
ALTER TABLE care.review_tally RENAME COLUMN reviews TO provider_reviews;
ALTER TABLE care.review_tally RENAME COLUMN stars TO provider_stars;
-- Each of the sums of old is of reviews that rate both.
ALTER TABLE care.review_tally
    ADD COLUMN facility_reviews bigint GENERATED ALWAYS AS (provider_reviews) STORED,
    ADD COLUMN facility_stars   bigint GENERATED ALWAYS AS (provider_stars) STORED;
ALTER TABLE care.review_tally
    ALTER COLUMN facility_reviews DROP EXPRESSION,
    ALTER COLUMN facility_stars DROP EXPRESSION,
    ALTER COLUMN facility_reviews SET NOT NULL,
    ALTER COLUMN facility_stars SET NOT NULL,
    ADD CONSTRAINT review_tally_adds_something
        CHECK (provider_reviews <> 0 OR provider_stars <> 0 OR facility_reviews <> 0 OR facility_stars <> 0);
CREATE INDEX review_tally_facility_idx ON care.review_tally (facility_id, provider_id)
    INCLUDE (facility_reviews, facility_stars);
CREATE INDEX review_tally_provider_idx ON care.review_tally (provider_id) INCLUDE (provider_reviews, provider_stars);
COMMENT ON TABLE  care.review_tally IS
    'What adds up to the number of published ratings, and of their stars, of a provider at a facility and of that facility by those visits: one row, and one for each change since it was last merged.';
COMMENT ON COLUMN care.review_tally.provider_reviews IS 'Published ratings of the provider to be added; below zero where some were taken away.';
COMMENT ON COLUMN care.review_tally.provider_stars   IS 'Their stars together.';
COMMENT ON COLUMN care.review_tally.facility_reviews IS 'Published ratings of the facility to be added; below zero where some were taken away.';
COMMENT ON COLUMN care.review_tally.facility_stars   IS 'Their stars together.';
COMMENT ON CONSTRAINT review_tally_adds_something ON care.review_tally IS 'A change adds a rating or changes stars.';

CREATE OR REPLACE FUNCTION care.tally_reviews() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO care.review_tally (facility_id, provider_id, provider_reviews, provider_stars, facility_reviews,
                                       facility_stars)
        SELECT facility_id, provider_id, count(provider_stars), coalesce(sum(provider_stars), 0), count(facility_stars),
               coalesce(sum(facility_stars), 0)
        FROM added WHERE state = 'published' GROUP BY 1, 2;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO care.review_tally (facility_id, provider_id, provider_reviews, provider_stars, facility_reviews,
                                       facility_stars)
        SELECT facility_id, provider_id, -count(provider_stars), -coalesce(sum(provider_stars), 0),
               -count(facility_stars), -coalesce(sum(facility_stars), 0)
        FROM removed WHERE state = 'published' GROUP BY 1, 2;
    ELSE
        INSERT INTO care.review_tally (facility_id, provider_id, provider_reviews, provider_stars, facility_reviews,
                                       facility_stars)
        SELECT * FROM (
            SELECT facility_id, provider_id, coalesce(sum(n) FILTER (WHERE provider_stars IS NOT NULL), 0) AS given,
                   coalesce(sum(n * provider_stars), 0) AS shone,
                   coalesce(sum(n) FILTER (WHERE facility_stars IS NOT NULL), 0) AS place_given,
                   coalesce(sum(n * facility_stars), 0) AS place_shone
            FROM (SELECT facility_id, provider_id, provider_stars, facility_stars, 1 AS n FROM added
                  WHERE state = 'published'
                  UNION ALL
                  SELECT facility_id, provider_id, provider_stars, facility_stars, -1 FROM removed
                  WHERE state = 'published') AS moved
            GROUP BY 1, 2
        ) AS change WHERE given <> 0 OR shone <> 0 OR place_given <> 0 OR place_shone <> 0;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION care.merge_reviews() RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    merged bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('care.review_tally', 0));
    WITH several AS (
        SELECT facility_id, provider_id FROM care.review_tally
        GROUP BY 1, 2 HAVING count(*) > 1
    ), gone AS (
        DELETE FROM care.review_tally t USING several s
        WHERE t.facility_id = s.facility_id AND t.provider_id = s.provider_id
        RETURNING t.facility_id, t.provider_id, t.provider_reviews, t.provider_stars, t.facility_reviews,
                  t.facility_stars
    ), kept AS (
        INSERT INTO care.review_tally (facility_id, provider_id, provider_reviews, provider_stars, facility_reviews,
                                       facility_stars)
        SELECT facility_id, provider_id, sum(provider_reviews), sum(provider_stars), sum(facility_reviews),
               sum(facility_stars)
        FROM gone GROUP BY 1, 2
        HAVING sum(provider_reviews) <> 0 OR sum(provider_stars) <> 0 OR sum(facility_reviews) <> 0
            OR sum(facility_stars) <> 0
    )
    SELECT count(*) INTO merged FROM gone;
    RETURN merged;
END $$;

CREATE OR REPLACE FUNCTION care.recount_reviews() RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('care.review_tally', 0));
    -- One statement: a review that is committed meanwhile is in both of what it counts and removes, or in neither.
    WITH gone AS (DELETE FROM care.review_tally)
    INSERT INTO care.review_tally (facility_id, provider_id, provider_reviews, provider_stars, facility_reviews,
                                   facility_stars)
    SELECT facility_id, provider_id, count(provider_stars), coalesce(sum(provider_stars), 0), count(facility_stars),
           coalesce(sum(facility_stars), 0)
    FROM care.review WHERE state = 'published' GROUP BY 1, 2;
END $$;

CREATE VIEW care.provider_rating WITH (security_invoker = true) AS
    SELECT provider_id, sum(provider_reviews)::bigint AS reviews,
           round(sum(provider_stars) / sum(provider_reviews), 2) AS stars
    FROM care.review_tally GROUP BY provider_id HAVING sum(provider_reviews) > 0;
COMMENT ON VIEW   care.provider_rating             IS 'Mean of the published ratings of each provider, with their number; no row where there is none.';
COMMENT ON COLUMN care.provider_rating.provider_id IS 'The provider.';
COMMENT ON COLUMN care.provider_rating.reviews     IS 'How many published ratings.';
COMMENT ON COLUMN care.provider_rating.stars       IS 'Their mean, to the hundredth.';
CREATE VIEW care.facility_rating WITH (security_invoker = true) AS
    SELECT facility_id, sum(facility_reviews)::bigint AS reviews,
           round(sum(facility_stars) / sum(facility_reviews), 2) AS stars
    FROM care.review_tally GROUP BY facility_id HAVING sum(facility_reviews) > 0;
COMMENT ON VIEW   care.facility_rating             IS 'Mean of the published ratings of each facility, with their number; no row where there is none.';
COMMENT ON COLUMN care.facility_rating.facility_id IS 'The facility.';
COMMENT ON COLUMN care.facility_rating.reviews     IS 'How many published ratings.';
COMMENT ON COLUMN care.facility_rating.stars       IS 'Their mean, to the hundredth.';
GRANT SELECT ON care.provider_rating, care.facility_rating TO healthtrack_care;

DROP FUNCTION api.review_visit(text, uuid, integer, text);
CALL access.publish('review_visit', 'appointment uuid, provider_stars integer, facility_stars integer, body text', 'uuid',
    $body$answer := care.review_visit(appointment, provider_stars, facility_stars, body);
    PERFORM access.note(me, 'create', (SELECT v.patient_id FROM care.appointment v WHERE v.appointment_id = appointment),
                        'care.review/' || answer);$body$,
    'Reviews one''s own completed visit: the provider, the facility or both; gives the review''s key.');

DROP FUNCTION api.find_facilities(text, text, text, text, text, integer);
DROP FUNCTION api.find_providers(text, text, uuid, integer);
CALL access.publish('find_facilities',
    'in_city text, in_state text, of_category text, offering text, of_organisation uuid, rows_max integer',
    'TABLE (facility_id uuid, part_of uuid, organisation_id uuid, organisation text, name text, category text, categories text[], street text, postal_code text, city_name text, state_code text, phone text, booking_url text, reviews bigint, stars double precision, services text[], open_now boolean)',
    $body$RETURN QUERY SELECT f.facility_id, f.part_of, f.organisation_id, o.name, f.name, f.category,
           ARRAY(SELECT k.category FROM care.facility_has_category k WHERE k.facility_id = f.facility_id
                 ORDER BY k.category <> f.category, k.category),
           f.street, f.postal_code, c.name, s.code, f.phone::text, f.booking_url::text, rating.reviews, rating.stars,
           ARRAY(SELECT o.service FROM care.offered_service o WHERE o.facility_id = f.facility_id ORDER BY 1),
           NOT isempty(care.opening(f.facility_id, tstzrange(now(), now() + INTERVAL '1 minute')))
    FROM care.city c JOIN care.state s USING (state_id) JOIN care.facility f USING (city_id)
    JOIN care.organisation o ON o.organisation_id = f.organisation_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(t.facility_reviews), 0)::bigint AS reviews,
               (sum(t.facility_stars) / nullif(sum(t.facility_reviews), 0))::float8 AS stars
        FROM care.review_tally t WHERE t.facility_id = f.facility_id
    ) rating
    WHERE (in_city IS NULL OR lower(c.name) = lower(in_city))
      AND (in_state IS NULL OR s.code = in_state)
      AND (of_category IS NULL OR EXISTS (
          SELECT FROM care.facility_has_category k WHERE k.facility_id = f.facility_id AND k.category = of_category))
      AND (of_organisation IS NULL OR f.organisation_id IN (
          WITH RECURSIVE within AS (
              SELECT w.organisation_id FROM care.organisation w WHERE w.organisation_id = of_organisation
              UNION
              SELECT w.organisation_id FROM within JOIN care.organisation w ON w.part_of = within.organisation_id
          ) SELECT within.organisation_id FROM within))
      AND (f.closed_on IS NULL OR f.closed_on > current_date)
      AND (offering IS NULL OR EXISTS (
          SELECT FROM care.offered_service o WHERE o.facility_id = f.facility_id AND o.service = offering))
    ORDER BY rating.stars DESC NULLS LAST, f.name, f.facility_id LIMIT least(rows_max, 200);$body$,
    'Facilities that are open for business, by city, state, any of their categories, service, and organisation with its parts; the best rated first, 200 at most.');
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
        SELECT coalesce(sum(t.provider_reviews), 0)::bigint AS reviews,
               (sum(t.provider_stars) / nullif(sum(t.provider_reviews), 0))::float8 AS stars
        FROM care.review_tally t WHERE t.provider_id = p.provider_id
    ) rating
    WHERE place.facilities IS NOT NULL AND (facility IS NULL OR facility = ANY (place.facilities))
      AND (p.retired_on IS NULL OR p.retired_on > current_date)
      AND (of_specialty IS NULL OR EXISTS (
          SELECT FROM care.provider_specialty s WHERE s.provider_id = p.provider_id AND s.specialty = of_specialty))
    ORDER BY rating.stars DESC NULLS LAST, p.family_name, p.given_name, p.provider_id LIMIT least(rows_max, 200);$body$,
    'Providers who work somewhere today, by specialty and facility, the best rated first, 200 at most.');
