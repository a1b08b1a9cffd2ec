-- Ratings are sums that are kept, and no longer counted from every review.
--
-- `care.review_tally` is summed for each facility and provider. Whoever writes a review adds a row with the difference
-- it makes, and takes no lock that another writer needs; maintenance merges the rows of a pair into one. So the sum is
-- always what counting gives, whether they are merged or not, and the merging is all that is left for later. It has no
-- author and no visit. The triggers are by statement, so that a million rows make one difference for each pair. What is
-- written with triggers off (a restore, a copy) is counted by care.recount_reviews.
-- New table, triggers and functions; the views are replaced with their columns as they were. The triggers lock
-- care.review against writes for an instant, and the reviews that there are are counted once. Undo: make views and
-- functions as 36 and 141 have them, drop the rest.
CREATE TABLE care.review_tally (
    facility_id     uuid   NOT NULL,
    provider_id     uuid   NOT NULL,
    review_tally_id bigint GENERATED ALWAYS AS IDENTITY,
    reviews         bigint NOT NULL,
    stars           bigint NOT NULL,

    CONSTRAINT review_tally_pkey PRIMARY KEY (review_tally_id),
    CONSTRAINT review_tally_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id)
        ON DELETE CASCADE,
    CONSTRAINT review_tally_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id)
        ON DELETE CASCADE,
    CONSTRAINT review_tally_adds_something CHECK (reviews <> 0 OR stars <> 0)
);
CREATE INDEX review_tally_facility_idx ON care.review_tally (facility_id, provider_id) INCLUDE (reviews, stars);
CREATE INDEX review_tally_provider_idx ON care.review_tally (provider_id) INCLUDE (reviews, stars);
COMMENT ON TABLE  care.review_tally                 IS 'What adds up to the number of published reviews, and of their stars, of a provider at a facility: one row, and one for each change since it was last merged.';
COMMENT ON COLUMN care.review_tally.facility_id     IS 'Where.';
COMMENT ON COLUMN care.review_tally.provider_id     IS 'Who gave care.';
COMMENT ON COLUMN care.review_tally.review_tally_id IS 'Key.';
COMMENT ON COLUMN care.review_tally.reviews         IS 'Published reviews to be added; below zero where some were taken away.';
COMMENT ON COLUMN care.review_tally.stars           IS 'Their stars together.';
COMMENT ON CONSTRAINT review_tally_pkey ON care.review_tally IS 'This change is counted already.';
COMMENT ON CONSTRAINT review_tally_facility_fkey ON care.review_tally IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT review_tally_provider_fkey ON care.review_tally IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT review_tally_adds_something ON care.review_tally IS 'A change adds a review or changes stars.';
CALL access.guard('care.review_tally', 'directory');

CREATE FUNCTION care.tally_reviews() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO care.review_tally (facility_id, provider_id, reviews, stars)
        SELECT facility_id, provider_id, count(*), sum(stars) FROM added WHERE state = 'published' GROUP BY 1, 2;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO care.review_tally (facility_id, provider_id, reviews, stars)
        SELECT facility_id, provider_id, -count(*), -sum(stars) FROM removed WHERE state = 'published' GROUP BY 1, 2;
    ELSE
        INSERT INTO care.review_tally (facility_id, provider_id, reviews, stars)
        SELECT facility_id, provider_id, sum(n), sum(n * stars)
        FROM (SELECT facility_id, provider_id, stars, 1 AS n FROM added WHERE state = 'published'
              UNION ALL
              SELECT facility_id, provider_id, stars, -1 FROM removed WHERE state = 'published') AS moved
        GROUP BY 1, 2 HAVING sum(n) <> 0 OR sum(n * stars) <> 0;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.tally_reviews() IS 'Trigger after reviews are written: adds the difference to the tally.';
CREATE TRIGGER review_is_tallied AFTER INSERT ON care.review
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.tally_reviews();
CREATE TRIGGER review_change_is_tallied AFTER UPDATE ON care.review
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.tally_reviews();
CREATE TRIGGER review_removal_is_tallied AFTER DELETE ON care.review
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION care.tally_reviews();

CREATE FUNCTION care.merge_reviews() RETURNS bigint
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
        RETURNING t.facility_id, t.provider_id, t.reviews, t.stars
    ), kept AS (
        INSERT INTO care.review_tally (facility_id, provider_id, reviews, stars)
        SELECT facility_id, provider_id, sum(reviews), sum(stars) FROM gone
        GROUP BY 1, 2 HAVING sum(reviews) <> 0 OR sum(stars) <> 0
    )
    SELECT count(*) INTO merged FROM gone;
    RETURN merged;
END $$;
COMMENT ON FUNCTION care.merge_reviews() IS 'Merges the rows of each provider at each facility in the tally of reviews into one; how many there were. Run at READ COMMITTED.';
REVOKE EXECUTE ON FUNCTION care.merge_reviews() FROM PUBLIC;

CREATE FUNCTION care.recount_reviews() RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('care.review_tally', 0));
    -- One statement: a review that is committed meanwhile is in both of what it counts and removes, or in neither.
    WITH gone AS (DELETE FROM care.review_tally)
    INSERT INTO care.review_tally (facility_id, provider_id, reviews, stars)
    SELECT facility_id, provider_id, count(*), sum(stars) FROM care.review WHERE state = 'published' GROUP BY 1, 2;
END $$;
COMMENT ON FUNCTION care.recount_reviews() IS 'Counts the tally of reviews anew from the reviews themselves, after they were written with triggers off. Run at READ COMMITTED.';
REVOKE EXECUTE ON FUNCTION care.recount_reviews() FROM PUBLIC;
SELECT care.recount_reviews();

CREATE OR REPLACE VIEW care.provider_rating WITH (security_invoker = true) AS
    SELECT provider_id, sum(reviews)::bigint AS reviews, round(sum(stars) / sum(reviews), 2) AS stars
    FROM care.review_tally GROUP BY provider_id HAVING sum(reviews) > 0;
CREATE OR REPLACE VIEW care.facility_rating WITH (security_invoker = true) AS
    SELECT facility_id, sum(reviews)::bigint AS reviews, round(sum(stars) / sum(reviews), 2) AS stars
    FROM care.review_tally GROUP BY facility_id HAVING sum(reviews) > 0;

DROP FUNCTION api.find_facilities(text, text, text, text, text, integer);
DROP FUNCTION api.find_providers(text, text, uuid, integer);
CALL access.publish('find_facilities', 'in_city text, in_state text, of_category text, offering text, rows_max integer',
    'TABLE (facility_id uuid, name text, category text, street text, postal_code text, city_name text, state_code text, phone text, booking_url text, reviews bigint, stars double precision, services text[], open_now boolean)',
    $body$RETURN QUERY SELECT f.facility_id, f.name, f.category, f.street, f.postal_code, c.name, s.code,
           f.phone::text, f.booking_url::text, rating.reviews, rating.stars,
           ARRAY(SELECT o.service FROM care.facility_service o WHERE o.facility_id = f.facility_id ORDER BY 1),
           NOT isempty(care.opening(f.facility_id, tstzrange(now(), now() + INTERVAL '1 minute')))
    FROM care.city c JOIN care.state s USING (state_id) JOIN care.facility f USING (city_id)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(t.reviews), 0)::bigint AS reviews,
               (sum(t.stars) / nullif(sum(t.reviews), 0))::float8 AS stars
        FROM care.review_tally t WHERE t.facility_id = f.facility_id
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
        SELECT coalesce(sum(t.reviews), 0)::bigint AS reviews,
               (sum(t.stars) / nullif(sum(t.reviews), 0))::float8 AS stars
        FROM care.review_tally t WHERE t.provider_id = p.provider_id
    ) rating
    WHERE place.facilities IS NOT NULL AND (facility IS NULL OR facility = ANY (place.facilities))
      AND (p.retired_on IS NULL OR p.retired_on > current_date)
      AND (of_specialty IS NULL OR EXISTS (
          SELECT FROM care.provider_specialty s WHERE s.provider_id = p.provider_id AND s.specialty = of_specialty))
    ORDER BY rating.stars DESC NULLS LAST, p.family_name, p.given_name, p.provider_id LIMIT least(rows_max, 200);$body$,
    'Providers who work somewhere today, by specialty and facility, the best rated first, 200 at most.');
