-- Means of measured values, each with an error of the size of its own sampling error.
--
-- A mean of 12 people this month and of 11 of them last month gave the twelfth's own mean to a tenth, by subtraction;
-- rounding does not keep that off, since it is much finer than what one person moves. Now each published mean m of n
-- people with standard deviation s is m + z·s/√n, and each deviation s·(1 + z'/√(2n)): no less true than another sample
-- of as many people would have been. z and z' are normal, cut at 3, and come from a digest of the cell, of who is in it
-- and of a key that nobody reads, so the same question has the same answer and the answers of two sets of people have
-- errors of their own. Of the month under way nothing is counted, so a cell changes by what comes late or is erased alone:
-- else each day would give another equation for the same error.
--
-- The bound: subtracting two cells of about n people tells a person's own mean with a standard error of s·√(2n), so
-- 4.7 s for 11 people: more than not asking at all (s). Who knows the means of all others gets s·√n. Answers for k
-- different sets of people may be averaged: s·√(2n/k). Counts step as before.
--
-- Replaces care.insight_samples with its columns as they were. New table, locks nothing. Undo: replace the view by the
-- one of migration 77, drop table and function.
CREATE TABLE access.blur_key (
    made_at  timestamptz NOT NULL DEFAULT now(),
    only_one boolean     NOT NULL DEFAULT true,
    secret   bytea       NOT NULL DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),

    CONSTRAINT blur_key_pkey PRIMARY KEY (only_one),
    CONSTRAINT blur_key_only_one_is_true CHECK (only_one),
    CONSTRAINT blur_key_is_whole CHECK (octet_length(secret) = 32)
);
COMMENT ON TABLE  access.blur_key          IS 'The key of the errors that published means carry: who has it takes them off.';
COMMENT ON COLUMN access.blur_key.made_at  IS 'When it was made.';
COMMENT ON COLUMN access.blur_key.only_one IS 'Always true: a database has one.';
COMMENT ON COLUMN access.blur_key.secret   IS '32 random bytes.';
COMMENT ON CONSTRAINT blur_key_pkey ON access.blur_key IS 'There is a key already.';
COMMENT ON CONSTRAINT blur_key_only_one_is_true ON access.blur_key IS 'A database has one key.';
COMMENT ON CONSTRAINT blur_key_is_whole ON access.blur_key IS 'The key has 32 bytes.';
CALL access.guard('access.blur_key', 'internal');
INSERT INTO access.blur_key DEFAULT VALUES;

CREATE FUNCTION care.blur(cell text, people uuid[]) RETURNS double precision
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Two numbers of 48 bits, each within 0 and 1, made normal by Box and Muller.
    SELECT greatest(-3, least(3, sqrt(-2 * ln(part.a)) * cos(2 * pi() * part.b)))
    FROM (SELECT ((('x' || left(digest.hex, 12))::bit(48)::bigint + 1) / 281474976710657.0)::float8 AS a,
                 ((('x' || substr(digest.hex, 13, 12))::bit(48)::bigint + 1) / 281474976710657.0)::float8 AS b
          FROM (SELECT encode(sha256(k.secret || convert_to(cell || array_to_string(people, ','), 'UTF8')), 'hex') AS hex
                FROM access.blur_key k) AS digest) AS part
$$;
COMMENT ON FUNCTION care.blur(text, uuid[]) IS 'A normal number, cut at 3, that is always the same for a cell and the people in it. For functions that have asked who acts.';
REVOKE EXECUTE ON FUNCTION care.blur(text, uuid[]) FROM PUBLIC;

-- A function, since whoever reads a view needs the right to each function in it, and nobody may ask for an error alone.
CREATE FUNCTION care.blurred_means() RETURNS TABLE (
    metric text, month date, age_band text, sex text, patients bigint, mean numeric, deviation numeric, unit text
)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT cell.metric, cell.month, cell.age_band, cell.sex, care.safe_count(cell.n),
           round((cell.mean + care.blur('mean ' || cell.name, cell.people) * cell.deviation / sqrt(cell.n))::numeric, 1),
           round((cell.deviation * (1 + care.blur('deviation ' || cell.name, cell.people) / sqrt(2 * cell.n)))::numeric, 1),
           cell.unit
    FROM (
        SELECT person.metric, person.unit, person.month, person.age_band, person.sex, count(*) AS n,
               avg(person.mean) AS mean,
               -- People who are all alike would else have no error at all.
               greatest(stddev_samp(person.mean), abs(avg(person.mean)) / 50) AS deviation,
               array_agg(person.patient_id ORDER BY person.patient_id) AS people,
               concat_ws(' ', person.metric, person.month, person.age_band, person.sex, '') AS name
        FROM (
            SELECT m.name AS metric, m.unit, date_trunc('month', b.start_at AT TIME ZONE 'UTC')::date AS month,
                   care.age_band(p.born_on, b.start_at::date) AS age_band, p.sex, p.patient_id, avg(value) AS mean
            FROM signal.block b
            JOIN signal.series s USING (series_id)
            JOIN signal.metric m USING (metric_id)
            JOIN care.wear w ON w.device_key = s.device_key AND w.worn_during @> b.start_at AND w.worn_during @> b.stop_at
            JOIN care.patient p ON p.patient_id = w.patient_id
            CROSS JOIN LATERAL unnest(b.values) AS value
            WHERE (SELECT access.is_analyst()) AND m.codes IS NULL AND s.statistic IS NULL
              AND b.start_at < date_trunc('month', now(), 'UTC')
            GROUP BY m.name, m.unit, 3, 4, p.sex, p.patient_id
        ) AS person
        GROUP BY person.metric, person.unit, person.month, person.age_band, person.sex HAVING count(*) >= 11
    ) AS cell
$$;
COMMENT ON FUNCTION care.blurred_means() IS 'What care.insight_samples shows, to an analyst.';
REVOKE EXECUTE ON FUNCTION care.blurred_means() FROM PUBLIC;
DO $$
DECLARE
    reader text;
BEGIN
    -- For whoever may read the view.
    FOR reader IN SELECT DISTINCT granted.grantee::regrole::text FROM pg_class c, aclexplode(c.relacl) AS granted
                  WHERE c.oid = 'care.insight_samples'::regclass AND granted.privilege_type = 'SELECT' LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION care.blurred_means() TO %s', reader);
    END LOOP;
END $$;

CREATE OR REPLACE VIEW care.insight_samples WITH (security_barrier) AS
SELECT metric, month, age_band, sex, patients, mean, deviation, unit FROM care.blurred_means();
COMMENT ON VIEW   care.insight_samples           IS 'Means of the hot samples by metric, month, age and sex, of months that are over: each person counts once, by the own mean. Each mean and deviation carries an error of the size of its sampling error.';
COMMENT ON COLUMN care.insight_samples.mean      IS 'Mean of the people''s means, with its error.';
COMMENT ON COLUMN care.insight_samples.deviation IS 'Standard deviation of the people''s means, with its error; a fiftieth of the mean at least.';
